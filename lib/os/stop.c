/* An eventfd that is written once and never read. */
#include "os/stop.h"

#include <poll.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

#include "base/mem.h"
#include "os/file.h"
#include "os/sys.h"

struct stop {
	_Atomic bool asked; /* spares those who do not wait a system call */
	int fd;
};

int stop_open(struct stop **out, struct err *e)
{
	int fd = eventfd(0, EFD_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "make an eventfd");
	*out = mem_new(1, sizeof(**out));
	(*out)->fd = fd;
	return 0;
}

void stop_close(struct stop *s)
{
	if (!s)
		return;
	file_close_auto(&s->fd);
	mem_free(s);
}

void stop_ask(struct stop *s)
{
	atomic_store(&s->asked, true);
	(void)eventfd_write(s->fd, 1);
}

bool stop_asked(const struct stop *s)
{
	return s && atomic_load(&s->asked);
}

int stop_fd(const struct stop *s)
{
	return s ? s->fd : -1;
}

void stop_sleep(const struct stop *s, int64_t ms)
{
	int64_t until_ms = sys_monotonic_ms() + ms;
	int left_ms = sys_poll_timeout(until_ms);
	while (left_ms > 0 && !stop_asked(s)) {
		struct pollfd asked = { .fd = stop_fd(s), .events = POLLIN };
		(void)poll(&asked, 1, left_ms);
		left_ms = sys_poll_timeout(until_ms);
	}
}

int stop_fail(struct err *e)
{
	return err_set(e, ERR_KIND_TRY_AGAIN, "interrupted");
}
