/* Comparing, copying and deleting one name. */
#include "applets/s3_sync_do.h"

#include <errno.h>

#include "applets/s3_show.h"
#include "base/codec.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "os/dir.h"

enum { TIMES_APART_MS = 2000 };

int s3_sync_do_begin(struct s3_sync *s, struct err *e)
{
	bool local = !s->to_path.is_s3 && !s->options->dry_run;
	return local ? dir_make_root(s->to_path.text, &s->root, e) : 0;
}

int s3_sync_do_end(struct s3_sync *s, struct err *e)
{
	/* Now what was renamed into place is on disk, too. */
	int result = s->root >= 0 ? dir_sync_all(s->root, e) : 0;
	file_close_auto(&s->root);
	return result;
}

void s3_sync_do_trouble(void *ctx, struct err *e)
{
	struct s3_sync *s = ctx;
	s->queue.total++;
	s3_job_failed(&s->queue, e);
}

static void refuse(struct s3_sync *s, const struct s3_side *side, const char *why)
{
	struct err e = ERR_INIT;
	char shown[300];
	err_set(&e, ERR_KIND_DATA, "%s: %s: %s", side->path->text,
	        codec_quoted(buf_str(&side->name), shown, sizeof(shown)), why);
	s3_sync_do_trouble(s, &e);
}

/* Whether the ETag of one side shows that both hold the same. */
static bool same_content(struct s3_sync *s)
{
	const struct s3_side *from = &s->from, *to = &s->to;
	struct err e = ERR_INIT;
	bool same = false;
	if (from->path->is_s3 && to->path->is_s3)
		return from->etag[0] != '\0' && str_is(str_of(from->etag), to->etag);
	const struct s3_side *local = from->path->is_s3 ? to : from;
	const struct s3_side *object = from->path->is_s3 ? from : to;
	FD_AUTO fd = -1;
	if (dir_open_file(local->root, local->name.p, &fd, &e) ||
	    s3_same_file(s->queue.s3, fd, local->size_bytes, str_of(object->etag), &same, &e))
		return false;
	return same;
}

/* Whether the times tell that the target was made of what the source is now. What changed right behind a copy may not be newer than
 * that: servers count in seconds, and some round up. */
static bool is_older(const struct s3_sync *s)
{
	return s->from.modified_ms <= s->to.modified_ms &&
	       s->from.modified_ms + TIMES_APART_MS <= s->to.placed_ms;
}

static bool differs(struct s3_sync *s)
{
	const struct s3_sync_options *o = s->options;
	if (s->from.size_bytes != s->to.size_bytes)
		return true;
	if (o->size_only || (!o->checksum && is_older(s)))
		return false;
	return !same_content(s);
}

bool s3_sync_do_entry(struct s3_sync *s, bool there)
{
	struct str name = buf_str(&s->from.name);
	if (s->deleting)
		return false;
	if (!s->to_path.is_s3 && !s3_job_run_is_safe(name))
		refuse(s, &s->from, "the key is no path below a directory");
	else if (!s->from_path.is_s3 && !utf8_valid(name))
		refuse(s, &s->from, "a key must be UTF-8");
	else
		return !there || differs(s);
	return false;
}

static void add_key(struct buf *out, const struct s3_path *path, struct str name)
{
	buf_add_str(out, path->key);
	if (path->key.len > 0 && !str_ends(path->key, S("/")))
		buf_add_char(out, '/');
	buf_add_str(out, name);
}

/* "s3://bucket/prefix/name" or "directory/name". */
static void add_full(struct buf *out, const struct s3_path *path, struct str name)
{
	if (path->is_s3) {
		buf_printf(out, "s3://%" STR_FMT "/", STR_ARG(path->bucket));
		add_key(out, path, name);
		return;
	}
	buf_add_text(out, path->text);
	if (!str_ends(str_of(path->text), S("/")))
		buf_add_char(out, '/');
	buf_add_str(out, name);
}

void s3_sync_do_copy(struct s3_sync *s)
{
	struct s3_job *j = s3_job_next(&s->queue);
	struct str name = buf_str(&s->from.name);
	bool up = !s->from_path.is_s3, down = !s->to_path.is_s3;
	j->kind = up ? S3_JOB_UPLOAD : down ? S3_JOB_DOWNLOAD : S3_JOB_COPY;
	j->size_bytes = s->from.size_bytes;
	j->mtime_ms = s->from.modified_ms;
	j->root_fd = up ? s->from.root : down ? s->root : -1;
	if (up || down)
		buf_add_str(&j->path, name);
	j->bucket = down ? s->from_path.bucket : s->to_path.bucket;
	add_key(&j->key, down ? &s->from_path : &s->to_path, name);
	j->from_bucket = s->from_path.bucket;
	add_key(&j->from_key, &s->from_path, up ? S("") : name);
	add_full(&j->from, &s->from_path, name);
	add_full(&j->to, &s->to_path, name);
	s3_job_start(&s->queue, j);
}

static int unlink_file(struct s3_sync *s, struct err *e)
{
	char name[DIR_NAME_MAX + 1];
	FD_AUTO parent = -1;
	if (dir_open_parent(s->to.root, s->to.name.p, &parent, name, e))
		return -1;
	return dir_unlink(parent, name, e);
}

static void delete_file(struct s3_sync *s)
{
	struct err e = ERR_INIT;
	bool dry_run = s->options->dry_run;
	BUF_AUTO shown = buf_make(1 << 17);
	s->deletions.total++;
	if (!dry_run && unlink_file(s, &e)) {
		applet_item_failed(s->queue.call, &e, &s->deletions.failed);
		return;
	}
	add_full(&shown, &s->to_path, buf_str(&s->to.name));
	struct applet_action a = { .verb = "delete", .from = shown.p, .dry_run = dry_run };
	a.size_bytes = s->to.size_bytes;
	applet_show_action(s->queue.call, &a);
}

/* Whether the source, a directory, has a link at that name or above it, or something else that is no file: what it stands for
 * was not looked at, so it is not known to be missing. */
static bool is_unknown(const struct s3_sync *s)
{
	struct file_stat st;
	struct err e = ERR_INIT;
	if (s->from_path.is_s3)
		return false;
	if (dir_stat(s->from.root, s->to.name.p, &st, &e))
		return e.sys_errno == ELOOP;
	return !file_is_regular(&st) && !file_is_dir(&st);
}

void s3_sync_do_extra(struct s3_sync *s)
{
	BUF_AUTO key = buf_make(1 << 17);
	if (is_unknown(s)) {
		s->unknown += !s->deleting;
		return;
	}
	if (!s->deleting) {
		s->extra++;
		return;
	}
	if (!s->to_path.is_s3) {
		delete_file(s);
		return;
	}
	add_key(&key, &s->to_path, buf_str(&s->to.name));
	s3_batch_add(s->batch, s->to_path.bucket, buf_str(&key), s->options->dry_run);
}
