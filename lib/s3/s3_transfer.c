/* Uploading an open file: one PUT, or parts in parallel. */
#include "base/progress.h"
#include "os/file.h"
#include "s3/s3_error.h"
#include "s3/s3_multipart.h"
#include "s3/s3_object.h"
#include "s3/s3_parts.h"
#include "s3/s3_pool.h"
#include "s3/s3_resume.h"

struct upload {
	struct s3_multipart parts;
	struct progress *progress;
	int fd;
	uint64_t size, part_size;
	struct file_stat before;
};

/* A piece of a file as a body. */
struct piece {
	const struct upload *upload;
	uint64_t from;
};

static int check_unchanged(const struct upload *u, struct err *e)
{
	struct file_stat now;
	if (file_stat(u->fd, &now, e, "the file"))
		return -1;
	if (now.mtime_s != u->before.mtime_s || now.mtime_ns != u->before.mtime_ns ||
	    now.size_bytes != u->before.size_bytes)
		return err_set(e, ERR_KIND_CONFLICT, "the file changed while it was read");
	return 0;
}

/* The hash that was sent in front is of the file as it was: whoever reads it again, for another try, makes sure. */
static int read_piece(void *ctx, uint64_t offset, void *p, size_t max, size_t *got, struct err *e)
{
	const struct piece *piece = ctx;
	if ((offset == 0 && check_unchanged(piece->upload, e)) ||
	    file_pread(piece->upload->fd, p, max, piece->from + offset, got, e, "the file"))
		return -1;
	return *got > 0
	               ? 0
	               : err_set(e, ERR_KIND_CONFLICT, "the file became shorter while it was read");
}

static int put_part(void *ctx, uint64_t index, struct err *e)
{
	struct upload *u = ctx;
	struct piece piece = { .upload = u, .from = index * u->part_size };
	uint64_t left = u->size - piece.from;
	struct http_body body = {
		.len = left < u->part_size ? left : u->part_size,
		.read = read_piece,
		.ctx = &piece,
	};
	if (!s3_multipart_has(&u->parts, index + 1) &&
	    s3_multipart_put(&u->parts, index + 1, &body, e))
		return -1;
	progress_add(u->progress, body.len, 0);
	return 0;
}

static uint64_t part_count(const struct upload *u)
{
	return u->size / u->part_size + (u->size % u->part_size > 0);
}

static int put_parts(struct s3 *s3, struct str bucket, struct str key, struct upload *u,
                     const struct s3_put *put, struct blob_id *id, struct err *e)
{
	int result = -1;
	if (s3_multipart_begin(&u->parts, s3, bucket, key, put, e) == 0 &&
	    s3_pool_each(s3, 0, part_count(u), put_part, u, e) == 0 && check_unchanged(u, e) == 0)
		result = s3_multipart_complete(&u->parts, id, e);
	if (result)
		s3_multipart_abort(&u->parts);
	s3_multipart_free(&u->parts);
	return result ? s3_error_context(e, "put", bucket, key) : 0;
}

/* Go on with what `r` knows of, 1, or 0: there is nothing (any more). What was of another file is removed. */
static int adopt(struct upload *u, struct s3_resume *r, struct s3 *s3, struct str bucket,
                 struct str key, const struct s3_put *put, struct err *e)
{
	struct err why = ERR_INIT;
	if (r->upload_id[0] == '\0')
		return 0;
	s3_multipart_adopt(&u->parts, s3, bucket, key, put, r->upload_id);
	if (!r->changed && s3_parts_take(&u->parts, u->size, r->part_size, &why) == 0) {
		u->part_size = r->part_size;
		return 1;
	}
	if (r->changed)
		s3_multipart_abort(&u->parts);
	s3_multipart_free(&u->parts);
	if (r->changed || why.status == 404)
		return 0;
	*e = why;
	return -1;
}

static int begin_or_adopt(struct upload *u, struct s3_resume *r, struct s3 *s3, struct str bucket,
                          struct str key, const struct s3_put *put, struct err *e)
{
	int adopted = adopt(u, r, s3, bucket, key, put, e);
	if (adopted != 0)
		return adopted < 0 ? -1 : 0;
	if (s3_multipart_begin(&u->parts, s3, bucket, key, put, e) == 0 &&
	    s3_resume_keep(r, u->parts.upload_id, u->part_size, e) == 0)
		return 0;
	s3_multipart_abort(&u->parts);
	s3_multipart_free(&u->parts);
	return -1;
}

/* The parts stay when it fails, unless they are of a file that is another one by now. */
static int put_resumed(struct s3 *s3, struct str bucket, struct str key, struct upload *u,
                       const struct s3_put *put, struct blob_id *id, struct err *e)
{
	struct err ignored = ERR_INIT;
	S3_RESUME_AUTO resume = { .dir = -1, .fd = -1 };
	if (s3_resume_open(&resume, s3, bucket, key, &u->before, e) ||
	    begin_or_adopt(u, &resume, s3, bucket, key, put, e))
		return s3_error_context(e, "put", bucket, key);
	int result = s3_pool_each(s3, 0, part_count(u), put_part, u, e) || check_unchanged(u, e) ||
	             s3_multipart_complete(&u->parts, id, e);
	bool changed = check_unchanged(u, &ignored) != 0;
	if (result && changed)
		s3_multipart_abort(&u->parts);
	if (!result || changed)
		s3_resume_forget(&resume);
	s3_multipart_free(&u->parts);
	return result ? s3_error_context(e, "put", bucket, key) : 0;
}

static int put_whole(struct s3 *s3, struct str bucket, struct str key, struct upload *u,
                     const struct s3_put *put, struct blob_id *id, struct err *e)
{
	struct piece piece = { .upload = u };
	struct http_body body = { .len = u->size, .read = read_piece, .ctx = &piece };
	if (u->size == 0)
		body = (struct http_body){ .bytes = "" };
	if (s3_object_put(s3, bucket, key, &body, put, id, e))
		return -1;
	progress_add(u->progress, u->size, 0);
	return check_unchanged(u, e) ? s3_error_context(e, "put", bucket, key) : 0;
}

int s3_put_file(struct s3 *s3, struct str bucket, struct str key, int fd, uint64_t size,
                const struct s3_put *put, struct progress *progress, struct blob_id *id,
                struct err *e)
{
	struct upload u = { .fd = fd, .size = size, .progress = progress };
	u.part_size = s3_multipart_part_size(s3, size);
	if (s3_multipart_check_size(size, e))
		return s3_error_context(e, "put", bucket, key);
	if (file_stat(fd, &u.before, e, "the file") ||
	    s3_object_may_put(s3, bucket, key, put, size > u.part_size, e))
		return -1;
	if (size <= u.part_size)
		return put_whole(s3, bucket, key, &u, put, id, e);
	return put && put->resume ? put_resumed(s3, bucket, key, &u, put, id, e)
	                          : put_parts(s3, bucket, key, &u, put, id, e);
}
