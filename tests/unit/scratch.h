/* A directory of its own for a test, removed at the end, and short ways to fill it. */
#ifndef WS_TESTS_SCRATCH_H
#define WS_TESTS_SCRATCH_H

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/defs.h"
#include "base/err.h"
#include "os/file.h"
#include "os/remove.h"

struct scratch {
	int fd;
	int parent;
	char name[32];
	char path[64];
};

/* Ends the program when there is no place for files. */
UNUSED static void scratch_open(struct scratch *s)
{
	snprintf(s->path, sizeof(s->path), "/tmp/ws-test-XXXXXX");
	if (!mkdtemp(s->path)) {
		perror("Bail out! mkdtemp");
		exit(1);
	}
	snprintf(s->name, sizeof(s->name), "%s", s->path + strlen("/tmp/"));
	s->parent = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s->fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

UNUSED static void scratch_close(struct scratch *s)
{
	struct err e = ERR_INIT;
	if (remove_tree(s->parent, s->name, NULL, &e) != 0)
		printf("# left behind: %s: %s\n", s->path, e.msg);
	close(s->fd);
	close(s->parent);
}
#define SCRATCH_AUTO AUTO(scratch_close) struct scratch

UNUSED static bool scratch_file(int dirfd, const char *path, const char *text)
{
	FD_AUTO fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

UNUSED static bool scratch_dir(int dirfd, const char *path)
{
	return mkdirat(dirfd, path, 0755) == 0;
}

UNUSED static bool scratch_link(int dirfd, const char *path, const char *target)
{
	return symlinkat(target, dirfd, path) == 0;
}

/* Whether the name is there, whatever it is. */
UNUSED static bool scratch_has(int dirfd, const char *path)
{
	struct stat st;
	return fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Ignore a signal, or (`ignore` false) give it its default again. */
UNUSED static void scratch_ignore(int number, bool ignore)
{
	struct sigaction action;
	memset(&action, 0, sizeof(action));
	action.sa_handler = ignore ? SIG_IGN : SIG_DFL;
	sigaction(number, &action, NULL);
}

/* Run `work` in a forked child: its status, or -1 when it did not end by itself. */
UNUSED static int scratch_fork(int (*work)(void *arg), void *arg)
{
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		_exit(work(arg));
	int status;
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

#endif
