/* What one job does. */
#include <stdio.h>

#include "applets/s3_headers.h"
#include "applets/s3_job.h"
#include "base/codec.h"
#include "base/mem.h"
#include "crypto/digest.h"
#include "os/dir.h"
#include "os/file.h"
#include "os/lock.h"
#include "os/node.h"
#include "os/sys.h"

enum { TEMPORARY_MAX = 32 };

bool s3_job_run_is_safe(struct str path)
{
	struct str component;
	bool more = path.len > 0 && str_index(path, '\0') < 0;
	if (!more)
		return false;
	while (more) {
		more = str_cut(path, '/', &component, &path);
		if (component.len == 0 || component.len > DIR_NAME_MAX || str_is(component, ".") ||
		    str_is(component, ".."))
			return false;
	}
	return true;
}

static int upload(struct s3_job *j, struct err *e)
{
	struct s3_job_queue *q = j->queue;
	struct file_stat stat;
	struct s3_put put = q->put ? *q->put : (struct s3_put){ .content_type = NULL };
	FD_AUTO fd = -1;
	int opened = j->root_fd >= 0 ? dir_open_file(j->root_fd, j->path.p, &fd, e)
	                             : dir_open_user_file(j->path.p, false, &fd, e);
	if (opened || file_stat(fd, &stat, e, j->path.p))
		return -1;
	j->size_bytes = stat.size_bytes;
	put.resume = q->resume;
	if (!put.content_type)
		put.content_type = s3_headers_type_of(buf_str(&j->key));
	if (s3_put_file(q->s3, j->bucket, buf_str(&j->key), fd, stat.size_bytes, &put, &q->progress,
	                NULL, e))
		return -1;
	return q->move ? s3_job_move_file(j, &stat, e) : 0;
}

/* The directory that the file goes into, and its name there. */
static int open_parent(const struct s3_job *j, int *parent, char name[DIR_NAME_MAX + 1],
                       struct err *e)
{
	struct str directory, last;
	if (j->root_fd < 0)
		return dir_open_user_parent(j->path.p, parent, name, e);
	str_cut_last(buf_str(&j->path), '/', &directory, &last);
	if (str_copy(last, name, DIR_NAME_MAX + 1))
		return err_set(e, ERR_KIND_USAGE, "the name is too long for a file");
	MEM_AUTO char *path = directory.len > 0 ? mem_str(directory) : mem_text("");
	return dir_make(j->root_fd, path, 0777, parent, e);
}

static int set_mtime(int fd, int64_t ms, const char *name, struct err *e)
{
	return node_set_mtime(fd, ms / 1000, (uint32_t)(ms % 1000) * 1000000, e, name);
}

/* What went wrong here says which of many files it was. */
static int here(const struct s3_job *j, struct err *e)
{
	char shown[300];
	return err_context(e, "download to %s",
	                   codec_quoted(buf_str(&j->to), shown, sizeof(shown)));
}

/* Beside the target first: a download that fails leaves what was there. */
static int fetch(struct s3_job *j, int parent, const char *temporary, const char *name, int *file,
                 struct err *e)
{
	struct s3_job_queue *q = j->queue;
	struct s3_object object;
	int fd = *file;
	if (s3_get_file(q->s3, j->bucket, buf_str(&j->key), fd, q->resume, &q->progress, &object,
	                e))
		return -1;
	j->size_bytes = object.size_bytes;
	if (j->mtime_ms > 0 && set_mtime(fd, j->mtime_ms, name, e))
		return -1;
	/* Many files are synced together, at the end; but a source is not removed before its copy is on disk. */
	bool now = q->single || q->move;
	if (now && file_sync(fd, e, name))
		return here(j, e);
	/* A lock on it goes with the descriptor: after the rename. */
	if ((!q->resume && file_close(file_take(file), e)) ||
	    dir_rename(parent, temporary, parent, name, false, e) || (now && dir_sync(parent, e)))
		return here(j, e);
	return q->move ? s3_job_move_object(j, j->bucket, buf_str(&j->key), object.etag, e) : 0;
}

/* With --resume always the same one for the same download, so that the next run finds it. */
static void temporary_name(const struct s3_job *j, const char *name, char out[TEMPORARY_MAX])
{
	char text[DIGEST_SHA256_HEX];
	BUF_AUTO what = buf_make(1 << 17);
	if (!j->queue->resume) {
		sys_random_name(text);
	} else {
		buf_add_str(&what, j->bucket);
		buf_add_char(&what, '/');
		buf_add_str(&what, buf_str(&j->key));
		buf_add(&what, "", 1);
		buf_add_text(&what, name);
		digest_sha256_hex(what.p, what.len, text);
	}
	snprintf(out, TEMPORARY_MAX, ".ws-%.9s.part", text);
}

static bool is_to_go_on(const struct s3_job *j, int fd)
{
	struct file_stat stat;
	struct err ignored = ERR_INIT;
	return j->queue->resume && file_stat(fd, &stat, &ignored, "the file") == 0 &&
	       stat.size_bytes > 0;
}

/* The rename would put a plain file in the place of a device, or of a link that the user named and others rely on. */
static int check_replaceable(const struct s3_job *j, int parent, const char *name, struct err *e)
{
	struct file_stat st;
	struct err none = ERR_INIT;
	if (dir_stat(parent, name, &st, &none) || file_is_regular(&st) || file_is_dir(&st) ||
	    (j->root_fd >= 0 && file_is_symlink(&st)))
		return 0;
	return err_set(e, ERR_KIND_CONFLICT,
	               "it is there and not a plain file (remove it, or write to -)");
}

int s3_job_run_check(struct s3_job *j, struct err *e)
{
	char name[DIR_NAME_MAX + 1];
	struct err none = ERR_INIT;
	FD_AUTO parent = -1;
	if (j->kind != S3_JOB_DOWNLOAD || open_parent(j, &parent, name, &none) ||
	    check_replaceable(j, parent, name, e) == 0)
		return 0;
	return here(j, e);
}

static int download(struct s3_job *j, struct err *e)
{
	char name[DIR_NAME_MAX + 1], temporary[TEMPORARY_MAX];
	struct err ignored = ERR_INIT;
	FD_AUTO parent = -1;
	FD_AUTO fd = -1;
	if (open_parent(j, &parent, name, e) || check_replaceable(j, parent, name, e))
		return here(j, e);
	temporary_name(j, name, temporary);
	if (j->queue->resume ? lock_open(parent, temporary, 0666, &fd, e)
	                     : dir_create_file(parent, temporary, 0666, &fd, e))
		return here(j, e);
	if (fetch(j, parent, temporary, name, &fd, e) == 0)
		return 0;
	if (!is_to_go_on(j, fd))
		(void)!dir_unlink(parent, temporary, &ignored);
	return -1;
}

static int copy(struct s3_job *j, struct err *e)
{
	struct s3_job_queue *q = j->queue;
	struct s3_object source = { .size_bytes = 0 };
	struct blob_id made = { .size_bytes = 0 };
	if (q->move && s3_head(q->s3, j->from_bucket, buf_str(&j->from_key), &source, e))
		return -1;
	if (s3_copy(q->s3, j->from_bucket, buf_str(&j->from_key), j->bucket, buf_str(&j->key),
	            q->put, &made, e))
		return -1;
	progress_add(&q->progress, j->size_bytes, 0);
	j->size_bytes = made.size_bytes;
	return q->move ? s3_job_move_object(j, j->from_bucket, buf_str(&j->from_key), source.etag,
	                                    e)
	               : 0;
}

int s3_job_run(struct s3_job *j, struct err *e)
{
	switch (j->kind) {
	case S3_JOB_UPLOAD:
		return upload(j, e);
	case S3_JOB_DOWNLOAD:
		return download(j, e);
	case S3_JOB_COPY:
		return copy(j, e);
	}
	return err_set(e, ERR_KIND_BUG, "a job of no kind");
}
