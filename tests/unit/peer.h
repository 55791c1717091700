/*
 * For tests of the client side: a server on loopback, in a thread, that plays a script. Each connection gets the
 * next script. A script is a list of words:
 *
 *	request         read up to and with an empty line
 *	body N          read N bytes
 *	send TEXT       (the rest of the step, as it is)
 *	close           orderly; reset: with RST
 *	until-closed    read until the client closes
 */
#ifndef WS_TESTS_PEER_H
#define WS_TESTS_PEER_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/defs.h"

enum { PEER_STEPS_MAX = 24, PEER_SCRIPTS_MAX = 8, PEER_SEEN_MAX = 1 << 20 };

struct peer_script {
	const char *steps[PEER_STEPS_MAX]; /* ends with NULL; then the connection is closed */
};

struct peer {
	struct peer_script scripts[PEER_SCRIPTS_MAX];
	size_t count;
	int listener;
	uint16_t port;
	pthread_t thread;
	char *seen; /* all that clients sent */
	size_t seen_len;
};

/* Read one byte at a time: a test is no place for speed. */
static int peer_byte(struct peer *p, int fd)
{
	char c;
	if (recv(fd, &c, 1, 0) != 1)
		return -1;
	if (p->seen_len + 1 < PEER_SEEN_MAX)
		p->seen[p->seen_len++] = c;
	return (unsigned char)c;
}

static void peer_request(struct peer *p, int fd)
{
	char last[4] = { 0 };
	int c;
	while (memcmp(last, "\r\n\r\n", 4) != 0 && (c = peer_byte(p, fd)) >= 0) {
		memmove(last, last + 1, 3);
		last[3] = (char)c;
	}
}

static void peer_send(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

static void peer_step(struct peer *p, int fd, const char *step)
{
	if (strcmp(step, "request") == 0) {
		peer_request(p, fd);
	} else if (strncmp(step, "body ", 5) == 0) {
		for (long n = strtol(step + 5, NULL, 10); n > 0 && peer_byte(p, fd) >= 0; n--)
			;
	} else if (strncmp(step, "send ", 5) == 0) {
		peer_send(fd, step + 5, strlen(step + 5));
	} else if (strcmp(step, "reset") == 0) {
		struct linger now = { 1, 0 };
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	} else if (strcmp(step, "until-closed") == 0) {
		while (peer_byte(p, fd) >= 0)
			;
	}
}

static void *peer_main(void *arg)
{
	struct peer *p = arg;
	for (size_t i = 0; i < p->count; i++) {
		int fd = accept(p->listener, NULL, NULL);
		if (fd < 0)
			break;
		for (const char **step = p->scripts[i].steps; *step; step++)
			peer_step(p, fd, *step);
		close(fd);
	}
	return NULL;
}

/* Listen, and play `count` scripts. */
static void peer_start(struct peer *p, const struct peer_script *scripts, size_t count)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	memset(p, 0, sizeof(*p));
	memcpy(p->scripts, scripts, count * sizeof(*scripts));
	p->count = count;
	p->seen = calloc(1, PEER_SEEN_MAX);
	p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (!p->seen || bind(p->listener, (struct sockaddr *)&address, len) != 0 ||
	    listen(p->listener, 8) != 0 ||
	    getsockname(p->listener, (struct sockaddr *)&address, &len) != 0 ||
	    pthread_create(&p->thread, NULL, peer_main, p) != 0) {
		perror("peer");
		exit(99);
	}
	p->port = ntohs(address.sin_port);
}

/* Wait for the scripts to end; those that nobody connected for are dropped. */
static void peer_stop(struct peer *p)
{
	shutdown(p->listener, SHUT_RDWR);
	pthread_join(p->thread, NULL);
	close(p->listener);
	free(p->seen);
}

#endif
