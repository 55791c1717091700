/* Downloads: into a file by ranges in parallel, and to a stream in order. */
#include "base/mem.h"
#include "base/progress.h"
#include "os/file.h"
#include "s3/s3_error.h"
#include "s3/s3_pool.h"
#include "s3/s3_range.h"
#include "s3/s3_source.h"

struct download {
	struct s3_range range; /* of the first request; the others differ in from and len */
	struct s3_object object;
	struct progress *progress;
	int fd;
};

static int to_file(void *ctx, uint64_t offset, const void *p, size_t len, struct err *e)
{
	struct download *d = ctx;
	if (file_pwrite(d->fd, p, len, offset, e, "the file"))
		return -1;
	progress_add(d->progress, len, 0);
	return 0;
}

static int get_range(void *ctx, uint64_t n, struct err *e)
{
	struct download *d = ctx;
	struct s3_range range = d->range;
	uint64_t left = d->object.size_bytes - n * S3_RANGE_BYTES;
	range.learn = false;
	range.from = n * S3_RANGE_BYTES;
	range.len = left < S3_RANGE_BYTES ? left : S3_RANGE_BYTES;
	return s3_range_get(&range, e);
}

static struct s3_range first_range(struct s3 *s3, struct str bucket, struct str key)
{
	return (struct s3_range){
		.s3 = s3,
		.bucket = bucket,
		.key = key,
		.len = S3_RANGE_BYTES,
		.learn = true,
	};
}

int s3_get_file(struct s3 *s3, struct str bucket, struct str key, int fd, struct progress *progress,
                struct s3_object *object, struct err *e)
{
	struct download d = { .range = first_range(s3, bucket, key),
		              .progress = progress,
		              .fd = fd };
	d.range.object = &d.object;
	d.range.take = to_file;
	d.range.ctx = &d;
	if (key.len == 0)
		return err_set(e, ERR_KIND_USAGE, "an object needs a key: s3://%" STR_FMT "/KEY",
		               STR_ARG(bucket));
	if (s3_range_get(&d.range, e))
		return s3_error_context(e, "get", bucket, key);
	uint64_t size = d.object.size_bytes;
	uint64_t count = size / S3_RANGE_BYTES + (size % S3_RANGE_BYTES > 0);
	if (s3_pool_each(s3, 1, count, get_range, &d, e))
		return s3_error_context(e, "get", bucket, key);
	if (object)
		*object = d.object;
	return 0;
}

struct stream_out {
	struct sink *sink;
	struct progress *progress;
};

static int to_sink(void *ctx, uint64_t offset, const void *p, size_t len, struct err *e)
{
	const struct stream_out *out = ctx;
	(void)offset;
	if (out->sink->write(out->sink, p, len, e))
		return -1;
	progress_add(out->progress, len, 0);
	return 0;
}

/* What follows the first range, fetched ahead in parallel. */
static int stream_rest(struct s3 *s3, struct str bucket, struct str key,
                       const struct s3_object *object, struct stream_out *out, struct err *e)
{
	enum { STEP = 262144 };
	SOURCE_AUTO source = s3_source_of(s3, bucket, key, object);
	MEM_AUTO char *step = mem_new(1, STEP);
	for (uint64_t at = S3_RANGE_BYTES; at < object->size_bytes;) {
		size_t got = 0;
		if (source->read_at(source, at, step, STEP, &got, e) ||
		    to_sink(out, at, step, got, e))
			return -1;
		at += got;
	}
	return 0;
}

int s3_get_stream(struct s3 *s3, struct str bucket, struct str key, struct sink *out,
                  struct progress *progress, struct err *e)
{
	struct s3_object object = { .size_bytes = 0 };
	struct stream_out ctx = { .sink = out, .progress = progress };
	struct s3_range range = first_range(s3, bucket, key);
	range.object = &object;
	range.take = to_sink;
	range.ctx = &ctx;
	if (key.len == 0)
		return err_set(e, ERR_KIND_USAGE, "an object needs a key: s3://%" STR_FMT "/KEY",
		               STR_ARG(bucket));
	if (s3_range_get(&range, e) || stream_rest(s3, bucket, key, &object, &ctx, e))
		return s3_error_context(e, "get", bucket, key);
	return 0;
}
