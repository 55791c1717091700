/* Writing one file: temporary file, fsync, rename, fsync of the directory. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "os/dir.h"
#include "os/lock.h"
#include "os/sys.h"
#include "store/store_file.h"

enum {
	COMMIT_WAIT_MS = 60 * 1000,
	SWEEP_NAMES_MAX =
		100 * 1000, /* a larger directory is not swept: it would cost more than it gives */
};
static const int64_t ABANDONED_MS = 24 * 3600 * 1000;

struct file_sink {
	struct sink base;
	int parent, lock_dir, fd;
	char temp[sizeof(DIR_TEMP_PREFIX) + 10];
	char name[DIR_NAME_MAX + 1];
	char *shown, *save_id, *if_etag; /* save_id, if_etag: NULL when not asked for */
	struct progress *progress;
	uint64_t written;
	bool settled; /* renamed or aborted: there is no temporary file any more */
};

static struct file_sink *self(struct sink *s)
{
	return (struct file_sink *)(void *)s;
}

static int file_sink_write(struct sink *base, const void *p, size_t len, struct err *e)
{
	struct file_sink *s = self(base);
	if (file_write(s->fd, p, len, e, s->shown) != 0)
		return -1;
	s->written += len;
	progress_add(s->progress, len, 0);
	return 0;
}

/* What is at the name now: 1 and *st, 0 nothing, -1. */
static int look(const struct file_sink *s, struct file_stat *st, struct err *e)
{
	struct err why = ERR_INIT;
	if (dir_stat(s->parent, s->name, st, &why) == 0)
		return 1;
	if (why.kind == ERR_KIND_NOT_FOUND)
		return 0;
	*e = why;
	return -1;
}

/* Under the lock: is it still the state that was asked for, then take its place. */
static int commit(struct file_sink *s, const struct file_stat *st, struct err *e)
{
	const struct store_put put = { .if_etag = s->if_etag };
	struct file_stat old;
	struct store_object object;
	int there = look(s, &old, e);
	if (there < 0)
		return -1;
	if (there)
		store_file_object(&old, &object);
	if (store_check_condition(&put, there ? &object : NULL, s->shown, e) != 0)
		return -1;
	if (s->save_id &&
	    store_file_meta_write(s->parent, s->name, st, s->save_id, there ? &old : NULL, e) != 0)
		return -1;
	if (dir_rename(s->parent, s->temp, s->parent, s->name, false, e) != 0)
		return -1;
	s->settled = true;
	struct err ignored = ERR_INIT;
	if (s->lock_dir >= 0 && !s->save_id &&
	    store_file_meta_remove(s->parent, s->name, &ignored) != 0)
		return 0; /* what it says is not believed of the new file */
	return 0;
}

static int commit_locked(struct file_sink *s, const struct file_stat *st, struct err *e)
{
	LOCK_AUTO lock = LOCK_NONE;
	if (s->lock_dir >= 0 &&
	    lock_take(s->lock_dir, STORE_FILE_LOCK, COMMIT_WAIT_MS, &lock, e) != 0)
		return -1;
	if (commit(s, st, e) != 0)
		return -1;
	return dir_sync(s->parent, e);
}

static int file_sink_finish(struct sink *base, struct blob_id *id, struct err *e)
{
	struct file_sink *s = self(base);
	struct file_stat st;
	struct store_object object;
	if (file_sync(s->fd, e, s->shown) != 0 || file_stat(s->fd, &st, e, s->shown) != 0)
		return -1;
	if (st.size_bytes != s->written)
		return err_set(e, ERR_KIND_IO, "%s: %llu bytes were written, but the file has %llu",
		               s->shown, (unsigned long long)s->written,
		               (unsigned long long)st.size_bytes);
	if (commit_locked(s, &st, e) != 0)
		return -1;
	store_file_object(&st, &object);
	if (id)
		*id = object.id;
	return 0;
}

static void file_sink_abort(struct sink *base)
{
	struct file_sink *s = self(base);
	struct err ignored = ERR_INIT;
	if (!s->settled && dir_unlink(s->parent, s->temp, &ignored) != 0)
		err_clear(&ignored); /* the next writer sweeps it up */
	s->settled = true;
}

static void file_sink_close(struct sink *base)
{
	struct file_sink *s = self(base);
	file_sink_abort(base);
	file_close_auto(&s->fd);
	file_close_auto(&s->parent);
	file_close_auto(&s->lock_dir);
	mem_free(s->shown);
	mem_free(s->save_id);
	mem_free(s->if_etag);
	mem_free(s);
}

/* Remove temporary files of writers that were killed. Best effort: their only harm is the space. */
static void sweep(int parent)
{
	char **names;
	size_t count;
	struct err ignored = ERR_INIT;
	if (dir_list(parent, SWEEP_NAMES_MAX, &names, &count, &ignored) != 0)
		return;
	for (size_t i = 0; i < count; i++) {
		struct file_stat st;
		struct err why = ERR_INIT;
		if (!str_starts(str_of(names[i]), S(DIR_TEMP_PREFIX)) ||
		    dir_stat(parent, names[i], &st, &why) != 0 || !file_is_regular(&st) ||
		    sys_now_ms() - st.mtime_s * 1000 < ABANDONED_MS)
			continue;
		if (dir_unlink(parent, names[i], &why) != 0)
			break;
	}
	mem_free(names);
}

static char *text_or_null(const char *text)
{
	return text ? mem_text(text) : NULL;
}

int store_file_sink(const struct store_file_sink_at *at, const struct store_put *put,
                    struct sink **out, struct err *e)
{
	FD_AUTO parent = -1, lock_dir = -1, fd = -1;
	char temp[sizeof(DIR_TEMP_PREFIX) + 10] = DIR_TEMP_PREFIX;
	sys_random_name(temp + strlen(temp));
	if (dir_open(at->parent, ".", &parent, e) != 0 ||
	    (at->lock_dir >= 0 && dir_open(at->lock_dir, ".", &lock_dir, e) != 0))
		return -1;
	sweep(parent);
	if (dir_create_file(parent, temp, at->mode, &fd, e) != 0)
		return -1;
	struct file_sink *s = mem_new(1, sizeof(*s));
	s->base = (struct sink){ file_sink_write, file_sink_finish, file_sink_abort,
		                 file_sink_close };
	snprintf(s->temp, sizeof(s->temp), "%s", temp);
	snprintf(s->name, sizeof(s->name), "%s", at->name);
	s->parent = file_take(&parent);
	s->lock_dir = file_take(&lock_dir);
	s->fd = file_take(&fd);
	s->shown = mem_text(at->shown);
	s->save_id = at->lock_dir >= 0 ? text_or_null(put->save_id) : NULL;
	s->if_etag = text_or_null(put->if_etag);
	s->progress = put->progress;
	*out = &s->base;
	return 0;
}
