/* Children whose output is wanted. */
#include "os/proc_capture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/file.h"
#include "os/sys.h"

enum { PIECE = 4096, LOOK_MS = 10 };

static int late(const char *name, struct err *e)
{
	return err_set(e, ERR_KIND_TRY_AGAIN, "%s does not end in time", name);
}

/* Everything until the writers have closed their end. */
static int read_output(int fd, int64_t deadline_ms, const struct stop *stop, struct buf *out,
                       const char *name, struct err *e)
{
	for (;;) {
		struct pollfd ready[] = { { .fd = fd, .events = POLLIN },
			                  { .fd = stop_fd(stop), .events = POLLIN } };
		int n = poll(ready, COUNTOF(ready), sys_poll_timeout(deadline_ms));
		if (stop_asked(stop))
			return stop_fail(e);
		if (n == 0)
			return late(name, e);
		char *room = n > 0 ? buf_room(out, PIECE) : NULL;
		if (n > 0 && !room)
			return err_set(e, ERR_KIND_DATA, "%s writes too much", name);
		ssize_t got = n > 0 ? read(fd, room, PIECE) : -1;
		if (got == 0)
			return 0;
		if (got > 0)
			buf_grew(out, (size_t)got);
		else if (errno != EINTR)
			return err_sys(e, "read from %s", name);
	}
}

static int status_of(int word)
{
	return WIFSIGNALED(word) ? 128 + WTERMSIG(word) : WEXITSTATUS(word);
}

/* It has closed its output, and so as good as ended. */
static int wait_end(int32_t pid, int64_t deadline_ms, const struct stop *stop, int *status,
                    const char *name, struct err *e)
{
	for (;;) {
		int word = 0;
		pid_t ended = waitpid(pid, &word, WNOHANG);
		if (ended == pid) {
			*status = status_of(word);
			return 0;
		}
		/* The reaper of a PID 1 may have been first; then the output has to speak for itself. */
		if (ended < 0 && errno != EINTR) {
			*status = 0;
			return 0;
		}
		if (sys_poll_timeout(deadline_ms) == 0)
			return late(name, e);
		if (stop_asked(stop))
			return stop_fail(e);
		stop_sleep(stop, LOOK_MS);
	}
}

static int follow(int fd, int32_t pid, int64_t deadline_ms, const struct stop *stop,
                  struct buf *out, int *status, const char *name, struct err *e)
{
	if (read_output(fd, deadline_ms, stop, out, name, e) == 0 &&
	    wait_end(pid, deadline_ms, stop, status, name, e) == 0)
		return 0;
	kill(-pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	return -1;
}

int proc_capture_run(const struct proc_spawn *how, int64_t deadline_ms, const struct stop *stop,
                     struct buf *out, int *status, struct err *e)
{
	struct proc_spawn changed = *how;
	struct proc child;
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_sys(e, "make a pipe");
	FD_AUTO from_child = ends[0];
	FD_AUTO to_parent = ends[1];
	FD_AUTO null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return err_sys(e, "open /dev/null");
	changed.stdout_fd = to_parent;
	changed.stdin_fd = how->stdin_fd < 0 ? null : how->stdin_fd;
	changed.stderr_fd = how->stderr_fd < 0 ? null : how->stderr_fd;
	changed.new_group = true;
	if (proc_start(&changed, &child, e))
		return -1;
	FD_AUTO pidfd = child.pidfd;
	(void)pidfd;
	file_close_auto(&to_parent);
	return follow(from_child, child.pid, deadline_ms, stop, out, status, how->argv[0], e);
}
