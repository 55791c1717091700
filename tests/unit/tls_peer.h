/* For tests: tests/unit/tls_server.py in a process of its own, with certificates of pki.h. */
#ifndef WS_TESTS_TLS_PEER_H
#define WS_TESTS_TLS_PEER_H

#include "net/trust.h"
#include "tests/unit/pki.h"

enum { TLS_PEER_MAX = 128 };

struct tls_peer {
	pid_t pid;
	int stdin_fd;
	uint16_t ports[TLS_PEER_MAX];
};

/* In the child: become the server. */
static void tls_peer_become(const struct scratch *dir, const char *const *servers, size_t count)
{
	char python[] = "/usr/bin/python3", script[4096];
	char *argv[TLS_PEER_MAX + 3] = { python, script };
	for (size_t i = 0; i < count && i < TLS_PEER_MAX; i++)
		argv[i + 2] = (char *)(uintptr_t)servers[i];
	if (realpath("tests/unit/tls_server.py", script) != NULL && fchdir(dir->fd) == 0)
		execv(python, argv);
	_exit(127);
}

/* Start it with `count` arguments NAME:VERSION, each on a port of its own. False where there is no python. */
static bool tls_peer_start(struct tls_peer *t, const struct scratch *dir,
                           const char *const *servers, size_t count)
{
	int in[2], out[2];
	bool all = true;
	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
		return false;
	fflush(stdout);
	t->pid = fork();
	if (t->pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		tls_peer_become(dir, servers, count);
	}
	close(in[0]);
	close(out[1]);
	t->stdin_fd = in[1];
	FILE *ports = fdopen(out[0], "r");
	for (size_t i = 0; i < count; i++) {
		char line[16] = "";
		all = fgets(line, sizeof(line), ports) != NULL && all;
		t->ports[i] = (uint16_t)strtoul(line, NULL, 10);
	}
	fclose(ports);
	return all;
}

/* It ends when its standard input does. */
static void tls_peer_stop(struct tls_peer *t)
{
	close(t->stdin_fd);
	waitpid(t->pid, NULL, 0);
}

/* The anchors in one of pki.h's files. */
static struct trust *tls_peer_trust(const struct scratch *dir, const char *roots)
{
	struct err e = ERR_INIT;
	struct trust *trust = NULL;
	BUF_AUTO pem = pki_read(dir, roots);
	if (trust_parse(buf_str(&pem), roots, &trust, &e) != 0)
		printf("# %s\n", e.msg);
	return trust;
}

#endif
