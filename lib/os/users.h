/*
 * Which processes use what lies below a directory: as working directory or root, as program, as an open or a mapped
 * file, or as a mount in a mount namespace of their own (a container that has it mounted). Whoever runs this is told of
 * with its working directory alone.
 */
#ifndef WS_OS_USERS_H
#define WS_OS_USERS_H

#include "base/defs.h"
#include "base/err.h"

struct users_user {
	char *path; /* absolute, below the directory */
	int32_t pid;
	const char *how; /* "cwd", "root", "program", "open file", "mapped file", "mount" */
};

struct users {
	struct users_user *list; /* sorted by path */
	size_t count, cap;
	size_t hidden; /* processes of others that we may not look into */
};

/* Look at every process. `below` is absolute and normalised. Errors: no /proc. */
int users_read(const char *below, struct users *out, struct err *e) MUST_CHECK;
void users_free(struct users *u);
#define USERS_AUTO AUTO(users_free) struct users

/* One that uses `path` or something below it; NULL when there is none. */
const struct users_user *users_of(const struct users *u, const char *path);

#endif
