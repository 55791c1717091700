/* Being asked to stop: told once, given time, then ended. */
#include "os/stopper.h"

#include <signal.h>
#include <unistd.h>

#include "os/signals.h"
#include "os/sys.h"
#include "scratch.h"
#include "tap.h"

/* Each in a process of its own; the result is its status. */
static int tells_once(UNUSED void *arg)
{
	struct err e = ERR_INIT;
	struct stop *stop;
	int ends[2];
	struct stopper *s;
	if (signals_prepare(&e) || stop_open(&stop, &e) || pipe(ends) ||
	    stopper_open(stop, 60000, &s, &e))
		return 1;
	if (write(ends[1], "x", 1) != 1 || stopper_wait(s, ends[0], &e) != 1)
		return 2;
	if (read(ends[0], &(char){ 0 }, 1) != 1)
		return 3;
	kill(getpid(), SIGTERM);
	if (stopper_wait(s, ends[0], &e) != 0 || !stop_asked(stop))
		return 4;
	return stopper_close(s) == SIGTERM ? 0 : 5;
}

static int ends_at_the_second(UNUSED void *arg)
{
	struct err e = ERR_INIT;
	struct stop *stop;
	struct stopper *s;
	if (signals_prepare(&e) || stop_open(&stop, &e) || stopper_open(stop, 60000, &s, &e))
		return 1;
	kill(getpid(), SIGINT);
	while (!stop_asked(stop))
		sys_sleep_ms(1);
	kill(getpid(), SIGTERM);
	for (;;)
		pause();
}

static int ends_when_time_is_up(UNUSED void *arg)
{
	struct err e = ERR_INIT;
	struct stop *stop;
	struct stopper *s;
	if (signals_prepare(&e) || stop_open(&stop, &e) || stopper_open(stop, 1, &s, &e))
		return 1;
	kill(getpid(), SIGTERM);
	for (;;)
		pause();
}

static int keeps_ignoring(UNUSED void *arg)
{
	struct err e = ERR_INIT;
	struct stop *stop;
	struct stopper *s;
	scratch_ignore(SIGHUP, true);
	if (signals_prepare(&e) || stop_open(&stop, &e) || stopper_open(stop, 60000, &s, &e))
		return 1;
	kill(getpid(), SIGHUP);
	return stopper_close(s) == 0 && !stop_asked(stop) ? 0 : 2;
}

static int gives_back(UNUSED void *arg)
{
	struct err e = ERR_INIT;
	struct stop *stop;
	struct stopper *s;
	if (signals_prepare(&e) || stop_open(&stop, &e) || stopper_open(stop, 60000, &s, &e) ||
	    stopper_close(s) != 0)
		return 1;
	kill(getpid(), SIGTERM);
	return 2;
}

int main(void)
{
	TAP_INT(scratch_fork(tells_once, NULL), 0, "a signal is told, and ends waiting for input");
	TAP_INT(scratch_fork(ends_at_the_second, NULL), 130, "the second one ends the process");
	TAP_INT(scratch_fork(ends_when_time_is_up, NULL), 143, "so does the end of the grace");
	TAP_INT(scratch_fork(keeps_ignoring, NULL), 0, "nohup is honoured");
	TAP_INT(scratch_fork(gives_back, NULL), 143, "after the close a signal does what it did");
	return tap_done();
}
