/* The thread that draws. */
#include "os/meter.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "os/file.h"
#include "os/log.h"
#include "os/sys.h"

enum { TERMINAL_STEP_MS = 200, FILE_STEP_MS = 1000, FILE_WIDTH = 120, TEXT_BYTES = 512 };

struct meter {
	struct progress *progress;
	bool terminal;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
};

static void draw(const struct meter *m)
{
	char text[TEXT_BYTES];
	unsigned width = m->terminal ? log_stderr_width() : FILE_WIDTH;
	progress_format(m->progress, sys_monotonic_ms(), width, text, sizeof(text) - 1);
	if (m->terminal) {
		log_status_line(text);
		return;
	}
	size_t len = strlen(text);
	text[len++] = '\n';
	struct err ignored = ERR_INIT;
	int rc = file_write(STDERR_FILENO, text, len, &ignored, "progress");
	(void)rc;
}

/* Wait for the next step; the lock is held. */
static void wait_step(struct meter *m, int64_t until_ms)
{
	struct timespec until = { .tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000 };
	int rc = 0;
	while (!m->stop && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&m->wake, &m->lock, &until);
}

static void *run_meter(void *arg)
{
	struct meter *m = arg;
	int64_t step_ms = m->terminal ? TERMINAL_STEP_MS : FILE_STEP_MS;
	int64_t next_ms = sys_monotonic_ms();
	pthread_mutex_lock(&m->lock);
	while (!m->stop) {
		next_ms += step_ms;
		wait_step(m, next_ms);
		if (!m->stop)
			draw(m);
	}
	pthread_mutex_unlock(&m->lock);
	return NULL;
}

/* The thread, without signals: those are for the main one. */
static int start_thread(struct meter *m)
{
	sigset_t all, kept;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &kept);
	int rc = pthread_create(&m->thread, NULL, run_meter, m);
	pthread_sigmask(SIG_SETMASK, &kept, NULL);
	return rc;
}

static void free_meter(struct meter *m)
{
	pthread_cond_destroy(&m->wake);
	pthread_mutex_destroy(&m->lock);
	mem_free(m);
}

struct meter *meter_start(struct progress *p, enum meter_mode mode)
{
	bool terminal = log_stderr_is_terminal();
	if (!p)
		return NULL;
	p->started_ms = sys_monotonic_ms();
	if (mode == METER_NEVER || (mode == METER_AUTO && !terminal))
		return NULL;
	struct meter *m = mem_new(1, sizeof(*m));
	m->progress = p;
	m->terminal = terminal;
	pthread_mutex_init(&m->lock, NULL);
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&m->wake, &attr);
	pthread_condattr_destroy(&attr);
	if (start_thread(m) == 0)
		return m;
	/* No thread to be had: the work matters, the drawing does not. */
	free_meter(m);
	return NULL;
}

void meter_stop(struct meter *m)
{
	if (!m)
		return;
	pthread_mutex_lock(&m->lock);
	m->stop = true;
	pthread_cond_signal(&m->wake);
	pthread_mutex_unlock(&m->lock);
	pthread_join(m->thread, NULL);
	if (m->terminal)
		log_status_line("");
	else
		draw(m);
	free_meter(m);
}
