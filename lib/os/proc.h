/* Processes: identity that survives pid reuse, and children. */
#ifndef WS_OS_PROC_H
#define WS_OS_PROC_H

#include "base/defs.h"
#include "base/err.h"
#include "os/cgroup.h"

struct proc_id {
	int32_t pid;
	uint64_t start_ticks; /* field 22 of /proc/PID/stat; 0 when unknown */
	char boot_id[40];     /* "" when unknown */
	uint64_t pid_ns;      /* in which the pid counts; 0 when unknown */
};

/* This process. */
void proc_self(struct proc_id *out);
/* 1 alive, 0 gone (or another boot, or the pid is someone else's now), -1 can't tell (no /proc). */
int proc_alive(const struct proc_id *id);

enum { PROC_PLACE_MAX = 320 };
/* Where a pid and a start time mean something: host, boot, and the namespaces of pids and of time, as text. Equal texts: the same
 * place. False when that can't be told, or when /proc is of another one. */
bool proc_place(char out[PROC_PLACE_MAX]);

struct proc_spawn {
	char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH of `env` */
	char *const *env;  /* NULL-terminated; NULL: this process's */
	int cwd_fd;        /* directory to start in, or -1 */
	int stdin_fd, stdout_fd, stderr_fd; /* to become 0, 1, 2; -1: inherited */
	bool new_group; /* own process group, in the foreground of the terminal when there is one */
	bool die_with_parent; /* SIGKILL when the thread that starts it ends */
	bool die_gently;      /* a SIGTERM instead: it can take its lock files along */
	bool keep_ignored;    /* what we were started to ignore, but TERM, PIPE, XFSZ and CHLD */
	uint32_t uid, gid;    /* when set_user */
	bool set_user;
	const struct cgroup *cgroup; /* to be in from the start, where that can be; NULL: ours */
};

struct proc {
	int32_t pid;
	int pidfd; /* -1 where the kernel has none */
};

/* Start a program. Signals blocked or ignored by us are given back to the child as default (keep_ignored apart). A
 * program that can't be executed is an error here (NOT_FOUND, DENIED), not a status later. All
 * descriptors above 2 are closed in the child. */
int proc_start(const struct proc_spawn *how, struct proc *out, struct err *e) MUST_CHECK;

/* Put our own process group into the foreground of the terminal at stdin again, when a child with
 * new_group has ended. Nothing happens without a terminal. */
void proc_take_terminal(void);

/* Run `work(ctx, e)` in a forked child. Where there are threads, `work` may use no lock of ours: who held it is
 * not in the child (libc looks after its own). The child's `struct err`
 * comes back to the parent through a pipe when it ends. */
struct proc_task {
	struct proc proc;
	int err_fd;
};
int proc_fork_task(int (*work)(void *ctx, struct err *e), void *ctx, struct proc_task *out,
                   struct err *e) MUST_CHECK;
/* Wait at most until `deadline_ms` (monotonic; negative: no limit). 1 ended (result in *result:
 * 0 or -1 with *e filled), 0 deadline passed, -1 error. `wake_fd` (or -1): also returns 0 when
 * it becomes readable. */
int proc_wait_task(struct proc_task *t, int64_t deadline_ms, int wake_fd, int *result,
                   struct err *e) MUST_CHECK;
/* SIGTERM. */
void proc_ask_task(const struct proc_task *t);
/* For such a child: what the terminal sends goes to its parent alone, who may ask it. */
void proc_own_group(void);
/* SIGKILL and reap. */
void proc_kill_task(struct proc_task *t);

/* A child that waits until we have ended, whatever ended us, and then does `work(ctx)`: in a session of its own, without our
 * input and outputs. All other descriptors of ours are its own, too: locks stay held until it has done. proc_kill_task calls
 * it off. */
int proc_fork_heir(void (*work)(void *ctx), void *ctx, struct proc_task *out,
                   struct err *e) MUST_CHECK;

/* Go on in a forked child that outlives us: a session of its own, /dev/null as input and outputs. 0 in the child, 1 here, -1.
 * There may be no threads. */
int proc_detach(struct err *e) MUST_CHECK;

#endif
