/* proc_other: a process is asked by a descriptor of it, and nobody else who has its pid. */
#include "os/proc_other.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/file.h"
#include "os/signals.h"
#include "os/sys.h"
#include "tap.h"

enum { WORD = 0x1234567 };

/* A child that says who it is, tells of each signal and its word, and ends with the second one. */
static pid_t start(int *from_child, struct proc_id *id)
{
	int ends[2];
	struct err e = ERR_INIT;
	if (pipe(ends) != 0)
		return -1;
	pid_t pid = fork();
	if (pid == 0) {
		FD_AUTO fd = -1;
		struct proc_id self;
		uint64_t word;
		if (signals_open(&fd, &e) != 0)
			_exit(9);
		proc_self(&self);
		(void)!write(ends[1], &self, sizeof(self));
		for (int i = 0; i < 2; i++) {
			if (signals_wait(fd, -1, &e) != 1)
				_exit(8);
			int number = signals_read(fd, &word, &e);
			(void)!write(ends[1], &number, sizeof(number));
			(void)!write(ends[1], &word, sizeof(word));
		}
		_exit(5);
	}
	close(ends[1]);
	*from_child = ends[0];
	return read(ends[0], id, sizeof(*id)) == (ssize_t)sizeof(*id) ? pid : -1;
}

static bool receives(int fd, int number, uint64_t word)
{
	int got = 0;
	uint64_t with = 0;
	return read(fd, &got, sizeof(got)) == (ssize_t)sizeof(got) &&
	       read(fd, &with, sizeof(with)) == (ssize_t)sizeof(with) && got == number &&
	       with == word;
}

static void test_somebody_else(const struct proc_id *id)
{
	struct err e = ERR_INIT;
	int fd;
	struct proc_id other = *id;
	other.start_ticks++;
	TAP_OK(proc_other_open(&other, &fd, &e) == -1 && e.kind == ERR_KIND_NOT_FOUND && fd == -1,
	       "who has the pid of one that is gone is somebody else");
	err_clear(&e);
	other = *id;
	other.boot_id[0] = other.boot_id[0] == '0' ? '1' : '0';
	TAP_OK(proc_other_open(&other, &fd, &e) == -1 && e.kind == ERR_KIND_NOT_FOUND,
	       "so is one of another boot");
}

static void test_end(const struct proc_id *id, int fd, pid_t pid)
{
	struct err e = ERR_INIT;
	int status = 0, again;
	TAP_OK(proc_other_ended(fd, -1), "its end is waited for");
	waitpid(pid, &status, 0);
	TAP_INT(WEXITSTATUS(status), 5, "it went its way");
	TAP_OK(proc_other_signal(fd, SIGUSR1, 0, &e) == -1 && e.kind == ERR_KIND_NOT_FOUND,
	       "one that has ended gets no signal");
	err_clear(&e);
	TAP_OK(proc_other_open(id, &again, &e) == -1 && e.kind == ERR_KIND_NOT_FOUND,
	       "and is not found");
}

int main(void)
{
	struct proc_id id;
	struct err e = ERR_INIT;
	FD_AUTO from_child = -1;
	FD_AUTO fd = -1;
	pid_t pid = start(&from_child, &id);
	TAP_OK(id.pid_ns > 0, "a process knows where its pid counts");
	test_somebody_else(&id);
	if (proc_other_open(&id, &fd, &e) != 0 && e.kind == ERR_KIND_UNAVAILABLE) {
		tap_skip("a process is asked by a descriptor", e.msg);
		return tap_done();
	}
	TAP_OK(fd >= 0 && !proc_other_ended(fd, sys_monotonic_ms()), "it lives");
	TAP_OK(proc_other_signal(fd, SIGUSR1, 0, &e) == 0 && receives(from_child, SIGUSR1, 0),
	       "it gets a signal");
	TAP_OK(proc_other_signal(fd, SIGTERM, WORD, &e) == 0 && receives(from_child, SIGTERM, WORD),
	       "and one with a word");
	test_end(&id, fd, pid);
	return tap_done();
}
