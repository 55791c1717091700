/* Uploading an open file: one PUT, or parts in parallel. */
#include "base/progress.h"
#include "os/file.h"
#include "s3/s3_error.h"
#include "s3/s3_fan.h"
#include "s3/s3_multipart.h"
#include "s3/s3_object.h"

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
	if (s3_multipart_put(&u->parts, index + 1, &body, e))
		return -1;
	progress_add(u->progress, body.len, 0);
	return 0;
}

static int put_parts(struct s3 *s3, struct str bucket, struct str key, struct upload *u,
                     const struct s3_put *put, struct blob_id *id, struct err *e)
{
	uint64_t count = u->size / u->part_size + (u->size % u->part_size > 0);
	int result = -1;
	if (s3_multipart_begin(&u->parts, s3, bucket, key, put, e) == 0 &&
	    s3_fan_run(s3, 0, count, put_part, u, e) == 0 && check_unchanged(u, e) == 0)
		result = s3_multipart_complete(&u->parts, id, e);
	if (result)
		s3_multipart_abort(&u->parts);
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
	if (file_stat(fd, &u.before, e, "the file") ||
	    s3_object_may_put(s3, bucket, key, put, size > u.part_size, e))
		return -1;
	return size <= u.part_size ? put_whole(s3, bucket, key, &u, put, id, e)
	                           : put_parts(s3, bucket, key, &u, put, id, e);
}
