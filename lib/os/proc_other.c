/* Processes by pidfd. */
#include "os/proc_other.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/file.h"
#include "os/sys.h"

int proc_other_open(const struct proc_id *id, int *pidfd, struct err *e)
{
	FD_AUTO fd = (int)syscall(SYS_pidfd_open, id->pid, 0);
	*pidfd = -1;
	if (fd < 0 && errno == ENOSYS)
		return err_set(e, ERR_KIND_UNAVAILABLE,
		               "process %d: the kernel has no pidfd_open (Linux 5.3)",
		               (int)id->pid);
	/* Looked at after it was opened: the descriptor is of whoever has the pid now. */
	if (fd < 0 || proc_alive(id) != 1)
		return err_set(e, ERR_KIND_NOT_FOUND, "process %d is gone", (int)id->pid);
	*pidfd = file_take(&fd);
	return 0;
}

int proc_other_signal(int pidfd, int number, uint64_t word, struct err *e)
{
	siginfo_t info;
	memset(&info, 0, sizeof(info));
	info.si_signo = number;
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	info.si_uid = getuid();
	memcpy(&info.si_value, &word, sizeof(word));
	if (syscall(SYS_pidfd_send_signal, pidfd, number, word ? &info : NULL, 0) == 0)
		return 0;
	if (errno == ESRCH)
		return err_set(e, ERR_KIND_NOT_FOUND, "it has ended");
	return err_sys(e, "send signal %d", number);
}

bool proc_other_ended(int pidfd, int64_t deadline_ms)
{
	for (;;) {
		struct pollfd wait_for = { .fd = pidfd, .events = POLLIN };
		int n = poll(&wait_for, 1, sys_poll_timeout(deadline_ms));
		if (n > 0 || (n < 0 && errno != EINTR))
			return n > 0;
		if (n == 0 && sys_poll_timeout(deadline_ms) == 0)
			return false;
	}
}
