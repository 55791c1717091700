/* Programs that are run to their end. */
#include "os/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/file.h"
#include "os/proc.h"
#include "os/signals.h"
#include "os/sys.h"

enum {
	TERM_MS = 2000, /* from TERM to KILL */
	LOOK_MS = 20,   /* how often an end is looked for where the kernel has no pidfd */
	PIECE_BYTES = 16 * 1024,
	PIECES_MAX =
		16, /* at once: who writes without end is not listened to without end. A pipe holds less */
};

struct job {
	const struct run_options *o;
	struct proc child;
	int out_fd, err_fd; /* our ends of the pipes, or -1 */
	int64_t next_ms;    /* when the next signal is due; -1: never */
	int number;         /* which one */
	struct run_result *result;
};

/* ---- its descriptors ---- */

/* The bytes as a file, so that nobody has to feed a pipe. */
static int open_input(struct str input, int *fd, struct err *e)
{
	*fd = input.len > 0 ? memfd_create("input", MFD_CLOEXEC)
	                    : open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return err_sys(e, "open the input of a program");
	if (input.len == 0)
		return 0;
	if (file_write(*fd, input.p, input.len, e, "input of a program") != 0)
		return -1;
	return lseek(*fd, 0, SEEK_SET) == 0 ? 0 : err_sys(e, "rewind the input of a program");
}

/* `theirs` waits in write; ours does not in read. */
static int open_pipe(int *ours, int *theirs, struct err *e)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_sys(e, "make a pipe");
	*ours = ends[0];
	*theirs = ends[1];
	if (fcntl(*ours, F_SETFL, O_NONBLOCK) != 0)
		return err_sys(e, "make a pipe");
	return 0;
}

/* Take what is there. What goes over the cap of the output sets too_large, and is read all the same: nobody shall wait
 * in write. */
static void drain(struct job *j)
{
	char piece[PIECE_BYTES];
	ssize_t got = 1;
	if (j->out_fd < 0)
		return;
	for (int i = 0; i < PIECES_MAX && (got = read(j->out_fd, piece, sizeof(piece))) > 0; i++) {
		if (j->o->heard)
			j->o->heard(j->o->heard_ctx, str_from(piece, (size_t)got));
		else
			buf_add(&j->result->output, piece, (size_t)got);
	}
	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		file_close_auto(&j->out_fd);
}

/* The head is what names the fault. */
static void drain_errors(struct job *j)
{
	char piece[PIECE_BYTES];
	struct buf *out = &j->result->errors;
	ssize_t got = 1;
	if (j->err_fd < 0)
		return;
	for (int i = 0; i < PIECES_MAX && (got = read(j->err_fd, piece, sizeof(piece))) > 0; i++)
		buf_add_str(out, str_head(str_from(piece, (size_t)got), out->max - out->len));
	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		file_close_auto(&j->err_fd);
}

/* ---- its end ---- */

/* Whether it ended. A program that somebody else reaped has ended, too; how is not known. */
static bool has_ended(struct job *j)
{
	int status;
	pid_t got = waitpid(j->child.pid, &status, WNOHANG);
	if (got == 0 || (got < 0 && errno == EINTR))
		return false;
	if (got < 0)
		j->result->status = 128;
	else
		j->result->status =
			WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return true;
}

static void send_due(struct job *j)
{
	struct err ignored = ERR_INIT;
	if (j->next_ms < 0 || sys_monotonic_ms() < j->next_ms)
		return;
	j->result->timed_out = true;
	int result = signals_send_group(j->child.pid, j->number, &ignored);
	(void)result;
	j->next_ms = j->number == SIGTERM ? sys_monotonic_ms() + TERM_MS : -1;
	j->number = SIGKILL;
}

static int wait_some(const struct job *j, struct err *e)
{
	struct pollfd fds[3] = {
		{ .fd = j->out_fd, .events = POLLIN },
		{ .fd = j->err_fd, .events = POLLIN },
		{ .fd = j->child.pidfd, .events = POLLIN },
	};
	int wait = sys_poll_timeout(j->next_ms);
	if (j->child.pidfd < 0 && (wait < 0 || wait > LOOK_MS))
		wait = LOOK_MS;
	if (poll(fds, 3, wait) < 0 && errno != EINTR)
		return err_sys(e, "wait for a program");
	return 0;
}

/* The end of the program is what counts: a process that it left in the background may hold the pipes for ever. */
static int attend(struct job *j, struct err *e)
{
	bool ended = false;
	while (!ended) {
		if (wait_some(j, e) != 0)
			return -1;
		ended = has_ended(j);
		drain(j);
		drain_errors(j);
		if (!ended)
			send_due(j);
	}
	/* What outlives its time limit does not go on in the background. */
	return j->result->timed_out ? signals_send_group(j->child.pid, SIGKILL, e) : 0;
}

static void close_job(struct job *j)
{
	file_close_auto(&j->out_fd);
	file_close_auto(&j->err_fd);
	file_close_auto(&j->child.pidfd);
}

int run_program(const struct run_options *o, struct run_result *out, struct err *e)
{
	FD_AUTO in = -1, their_out = -1, their_err = -1;
	AUTO(close_job)
	struct job j = {
		.o = o,
		.child = { .pidfd = -1 },
		.out_fd = -1,
		.err_fd = -1,
		.next_ms = o->timeout_ms > 0 ? sys_monotonic_ms() + o->timeout_ms : -1,
		.number = SIGTERM,
		.result = out,
	};
	*out = (struct run_result){
		.output = buf_make(o->output_max),
		.errors = buf_make(RUN_ERRORS_MAX),
	};
	if (open_input(o->input, &in, e) != 0)
		return -1;
	if (open_pipe(&j.out_fd, &their_out, e) != 0 ||
	    (!o->heard && open_pipe(&j.err_fd, &their_err, e) != 0))
		return -1;
	const struct proc_spawn how = {
		.argv = o->argv,
		.env = o->env,
		.cwd_fd = o->cwd_fd,
		.stdin_fd = in,
		.stdout_fd = their_out,
		.stderr_fd = o->heard ? their_out : their_err,
		.new_group = true,
		.die_with_parent = true,
		.die_gently = true,
		.uid = o->uid,
		.gid = o->gid,
		.set_user = o->set_user,
	};
	if (proc_start(&how, &j.child, e) != 0)
		return -1;
	file_close_auto(&their_out);
	file_close_auto(&their_err);
	if (attend(&j, e) != 0)
		return -1;
	return buf_check(&out->output, e, o->argv[0]);
}

void run_free(struct run_result *r)
{
	buf_free(&r->output);
	buf_free(&r->errors);
}
