/* Run a program to its end, with a time limit, and keep what it says. */
#ifndef WS_OS_RUN_H
#define WS_OS_RUN_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"

enum { RUN_ERRORS_MAX = 16 * 1024 };

struct run_options {
	char *const *argv; /* argv[0] is looked up in PATH of `env` */
	char *const *env;  /* NULL: this process's */
	int cwd_fd;        /* directory to start in, or -1 */
	/* Gets both outputs, as they come, instead of their being kept; NULL: they are kept. A process that the program left
	 * in the background is not heard any more when that one has ended. */
	void (*heard)(void *ctx, struct str piece);
	void *heard_ctx;
	struct str input;   /* what it reads from standard input; empty: /dev/null */
	int64_t timeout_ms; /* then TERM, 2 s later KILL, to its process group; <= 0: no limit */
	size_t output_max;  /* of what is kept; more is a DATA error */
	bool set_user;
	uint32_t uid, gid;
};

struct run_result {
	int status; /* 0 to 255, or 128 + signal */
	bool timed_out;
	struct buf output;
	struct buf errors; /* the first RUN_ERRORS_MAX bytes of standard error */
};

/* Run it in a process group of its own; it gets a TERM when this process ends. Errors: those of starting it (NOT_FOUND,
 * DENIED). That it failed, or was killed because of the time limit, is a result. run_free in any case. */
int run_program(const struct run_options *o, struct run_result *out, struct err *e) MUST_CHECK;
void run_free(struct run_result *r);
#define RUN_AUTO AUTO(run_free) struct run_result

#endif
