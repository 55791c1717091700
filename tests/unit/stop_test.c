/* Asking for a stop, and who hears it. */
#include "os/stop.h"

#include <poll.h>
#include <pthread.h>

#include "os/sys.h"
#include "tap.h"

static void *ask(void *arg)
{
	stop_ask(arg);
	return NULL;
}

static bool readable(const struct stop *s)
{
	struct pollfd fds = { .fd = stop_fd(s), .events = POLLIN };
	return poll(&fds, 1, 0) > 0;
}

int main(void)
{
	struct err e = ERR_INIT;
	struct stop *s;
	pthread_t other;
	if (stop_open(&s, &e))
		return 1;
	TAP_OK(!stop_asked(s) && !readable(s), "nobody has asked");
	int64_t before = sys_monotonic_ms();
	stop_sleep(s, 5);
	TAP_OK(sys_monotonic_ms() - before >= 5, "so a sleep takes its time");
	before = sys_monotonic_ms();
	if (pthread_create(&other, NULL, ask, s) != 0)
		return 1;
	stop_sleep(s, 60000);
	pthread_join(other, NULL);
	TAP_OK(sys_monotonic_ms() - before < 30000, "it ends when another thread asks");
	TAP_OK(stop_asked(s) && readable(s) && readable(s), "and poll sees it, again and again");
	stop_ask(s);
	stop_ask(s);
	TAP_OK(stop_asked(s), "asking twice is fine");
	stop_sleep(s, -1);
	TAP_OK(stop_fail(&e) == -1 && e.kind == ERR_KIND_TRY_AGAIN && !e.retryable,
	       "who gave up does not try again: %s", e.msg);
	stop_close(s);
	stop_close(NULL);
	TAP_OK(!stop_asked(NULL) && stop_fd(NULL) == -1, "what nobody can ask is never asked");
	before = sys_monotonic_ms();
	stop_sleep(NULL, 5);
	TAP_OK(sys_monotonic_ms() - before >= 5, "and its sleeps take their time");
	return tap_done();
}
