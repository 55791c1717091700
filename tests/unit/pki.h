/* For tests: certificates made by tests/unit/pki.sh, and the programs that tests need beside. */
#ifndef WS_TESTS_PKI_H
#define WS_TESTS_PKI_H

#include <spawn.h>

#include "base/buf.h"
#include "os/dir.h"
#include "tests/unit/scratch.h"

extern char **environ;

/* Run a program and wait; its exit status, 127 when there is none. */
UNUSED static int pki_run(char *const *argv)
{
	pid_t pid;
	int status;
	if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) != 0 ||
	    waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 127;
	return WEXITSTATUS(status);
}

/* Make all certificates in `s`; false where openssl or the script is missing. */
UNUSED static bool pki_make(const struct scratch *s)
{
	char program[] = "tests/unit/pki.sh", path[sizeof(s->path)];
	char *const argv[] = { program, path, NULL };
	memcpy(path, s->path, sizeof(path));
	return pki_run(argv) == 0;
}

/* The content of a small file. */
UNUSED static struct buf pki_read(const struct scratch *s, const char *name)
{
	struct err e = ERR_INIT;
	struct buf text = buf_make(1 << 20);
	if (dir_read_file(s->fd, name, &text, &e) != 0)
		printf("# %s\n", e.msg);
	return text;
}

#endif
