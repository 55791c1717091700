/*
 * The program git, as we run it: found on PATH, no prompt, no hook, no message in another language, an environment of
 * ours, a time limit. Only output that is made for programs is read.
 */
#ifndef WS_WS_GIT_H
#define WS_WS_GIT_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"

/* Every limit on git in one place. */
enum {
	GIT_METADATA_MS = 60 * 1000,      /* what only touches refs and administrative files */
	GIT_CHECKOUT_MS = 60 * 60 * 1000, /* what reads or writes a tree, or clones */
	GIT_FETCH_MS = 30 * 1000,         /* asking the remote, unless said otherwise */
	GIT_LOCK_MS = 120 * 1000,         /* waiting for the lock of a repository */
	GIT_OUTPUT_MAX = 64 << 20,
	GIT_ARGS_MAX = 32,
	GIT_NAME_MAX = 256, /* a branch or another ref */
	GIT_OID_MAX = 65,   /* SHA-256 in hex and its end */
};

/* Where and how. */
struct git {
	int cwd_fd;          /* directory to work in */
	const char *git_dir; /* GIT_DIR, with the tree at cwd_fd; NULL: git finds it from cwd_fd */
	bool no_tree;        /* GIT_DIR is all there is: what only refs and objects are asked */
	const char *index_file; /* NULL: the usual one */
	struct str input;
	int64_t timeout_ms;
	bool as_owner; /* root runs it as the owner of cwd_fd: in a repository that somebody else can configure */
};

/* Run `git ARGS…` (NULL-terminated, at most GIT_ARGS_MAX): 0, or -1 with the first line of what git said. `out` (may be
 * NULL) gets its output. Errors: UNAVAILABLE without git; TRY_AGAIN over time; else FAILED. */
int git_run(const struct git *g, const char *const *args, struct buf *out,
            struct err *e) MUST_CHECK;
/* The same for questions: 0 or 1 as git exits; -1 for any other status and for not getting that far. */
int git_ask(const struct git *g, const char *const *args, struct buf *out,
            struct err *e) MUST_CHECK;
/* git_run, and its output is one line: cut to it and copied to `line`. DATA when it does not fit. */
int git_line(const struct git *g, const char *const *args, char *line, size_t cap,
             struct err *e) MUST_CHECK;
/* git_ask for one line, such as `rev-parse --verify --quiet`: 1 and the line, 0 when git says no, -1. */
int git_find(const struct git *g, const char *const *args, char *line, size_t cap,
             struct err *e) MUST_CHECK;

/* git's arguments as an array. */
#define GIT_ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* ---- git_environment.c ---- */

/* The environment: of ours only what a git needs to find its programs, keys and proxies. NULL-terminated;
 * mem_free_texts. */
char **git_environment(const struct git *g);

#endif
