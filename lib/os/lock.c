/* flock(2) with a look back at the name. */
#include "os/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/str.h"
#include "os/dir_path.h"
#include "os/file.h"
#include "os/file_meta.h"
#include "os/proc.h"
#include "os/sys.h"

/* A probe holds a shared lock for a moment, and a replaced file has to be opened again: neither is
 * "held", so that even without waiting a few tries are made. */
enum { LOCK_TRIES_MIN = 4, LOCK_FIRST_STEP_MS = 1, LOCK_STEP_MAX_MS = 50 };

enum { LOCK_OPEN = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC };

/* The file as a descriptor, refused unless it is a regular one. */
static int open_lock_file(int dirfd, const char *name, int flags, uint32_t mode, int *fd,
                          struct err *e)
{
	struct file_stat st;
	FD_AUTO opened = openat(dirfd, name, flags | LOCK_OPEN, mode);
	*fd = -1;
	if (opened < 0)
		return dir_path_fail(e, "open lock", name);
	if (file_stat(opened, &st, e, name) != 0)
		return -1;
	if (!file_is_regular(&st))
		return err_set(e, ERR_KIND_DATA, "lock %s: not a regular file", name);
	*fd = file_take(&opened);
	return 0;
}

/* 1 locked, 0 someone else holds it, -1 this file system can't lock. */
static int try_flock(int fd, int kind, const char *name, struct err *e)
{
	int rc;
	do
		rc = flock(fd, kind | LOCK_NB);
	while (rc != 0 && errno == EINTR);
	if (rc == 0)
		return 1;
	return errno == EWOULDBLOCK ? 0 : err_sys(e, "lock %s", name);
}

/* Whether `name` is still the file that was locked: 1, 0, -1. */
static int is_current(int dirfd, const char *name, int fd, struct err *e)
{
	struct file_stat ours;
	struct file_stat there;
	if (file_stat(fd, &ours, e, name) != 0)
		return -1;
	if (file_meta_at(dirfd, name, &there) == 0)
		return file_meta_same(&ours, &there);
	return errno == ENOENT ? 0 : err_sys(e, "stat lock %s", name);
}

/* One try: 1 and *fd, 0 not now, -1. */
static int take_once(int dirfd, const char *name, uint32_t mode, int *fd, struct err *e)
{
	FD_AUTO opened = -1;
	*fd = -1;
	if (open_lock_file(dirfd, name, O_RDWR | O_CREAT, mode, &opened, e) != 0)
		return -1;
	int rc = try_flock(opened, LOCK_EX, name, e);
	if (rc > 0)
		rc = is_current(dirfd, name, opened, e);
	if (rc > 0)
		*fd = file_take(&opened);
	return rc;
}

/* Only for messages: a full disk must not keep anyone from locking. */
static void write_holder(int fd)
{
	struct proc_id self;
	char host[128];
	char quoted[160];
	char text[LOCK_HOLDER_MAX];
	struct err ignored = ERR_INIT;
	proc_self(&self);
	codec_quoted(str_of(sys_hostname(host, sizeof(host))), quoted, sizeof(quoted));
	int len = snprintf(text, sizeof(text), "pid %d start %llu boot %s host %s\n", (int)self.pid,
	                   (unsigned long long)self.start_ticks, self.boot_id, quoted);
	int rc = ftruncate(fd, 0);
	if (rc == 0 && len > 0)
		rc = file_pwrite(fd, text, strlen(text), 0, &ignored, "lock");
	(void)rc;
}

static void read_holder(int fd, char holder[LOCK_HOLDER_MAX])
{
	char text[LOCK_HOLDER_MAX];
	size_t got = 0;
	struct err ignored = ERR_INIT;
	if (file_pread(fd, text, sizeof(text), 0, &got, &ignored, "lock") != 0 || got == 0)
		snprintf(holder, LOCK_HOLDER_MAX, "an unknown process");
	else
		codec_quoted(str_trim(str_from(text, got)), holder, LOCK_HOLDER_MAX);
}

static int fail_held(int dirfd, const char *name, struct err *e)
{
	char holder[LOCK_HOLDER_MAX] = "an unknown process";
	FD_AUTO fd = openat(dirfd, name, O_RDONLY | LOCK_OPEN);
	if (fd >= 0)
		read_holder(fd, holder);
	err_set(e, ERR_KIND_TRY_AGAIN, "lock %s: held by %s", name, holder);
	e->sys_errno = EWOULDBLOCK;
	e->retryable = true;
	return -1;
}

int lock_take(int dirfd, const char *name, int64_t wait_ms, struct lock *out, struct err *e)
{
	*out = LOCK_NONE;
	if (dir_path_check_name(name, e) != 0)
		return -1;
	int64_t started_ms = sys_monotonic_ms();
	int64_t step_ms = LOCK_FIRST_STEP_MS;
	for (int tries = 1;; tries++) {
		int rc = take_once(dirfd, name, 0600, &out->fd, e);
		if (rc < 0)
			return -1;
		if (rc > 0)
			break;
		int64_t left_ms = wait_ms - (sys_monotonic_ms() - started_ms);
		if (wait_ms >= 0 && left_ms <= 0 && tries >= LOCK_TRIES_MIN)
			return fail_held(dirfd, name, e);
		sys_sleep_ms(wait_ms > 0 && left_ms > 0 && left_ms < step_ms ? left_ms : step_ms);
		if (tries >= LOCK_TRIES_MIN)
			step_ms = step_ms * 2 < LOCK_STEP_MAX_MS ? step_ms * 2 : LOCK_STEP_MAX_MS;
	}
	write_holder(out->fd);
	return 0;
}

int lock_probe(int dirfd, const char *name, char holder[LOCK_HOLDER_MAX], struct err *e)
{
	FD_AUTO fd = -1;
	struct err why = ERR_INIT;
	holder[0] = '\0';
	if (dir_path_check_name(name, e) != 0)
		return -1;
	if (open_lock_file(dirfd, name, O_RDONLY, 0, &fd, &why) != 0) {
		if (why.kind == ERR_KIND_NOT_FOUND)
			return 0;
		if (!err_is(e))
			*e = why;
		return -1;
	}
	int rc = try_flock(fd, LOCK_SH, name, e);
	if (rc < 0)
		return -1;
	if (rc == 0)
		read_holder(fd, holder);
	return rc == 0;
}

int lock_open(int dirfd, const char *name, uint32_t mode, int *fd, struct err *e)
{
	for (int i = 0; i < LOCK_TRIES_MIN; i++) {
		int taken = take_once(dirfd, name, mode, fd, e);
		if (taken != 0)
			return taken < 0 ? -1 : 0;
	}
	return err_set(e, ERR_KIND_TRY_AGAIN, "%s: another process is at it", name);
}

void lock_release(struct lock *l)
{
	if (l->fd < 0)
		return;
	/* A stale holder would be named to whoever probes while the next one writes its own. */
	int ignored = ftruncate(l->fd, 0);
	(void)ignored;
	/* Not left to close: a forked child may still have the descriptor. */
	flock(l->fd, LOCK_UN);
	close(l->fd);
	l->fd = -1;
}

void lock_adopt(const struct lock *l)
{
	write_holder(l->fd);
}

void lock_leave(struct lock *l)
{
	file_close_auto(&l->fd);
	l->fd = -1;
}
