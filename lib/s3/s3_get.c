/* Downloads: into a file by ranges in parallel, and to a stream in order. Both are checked. */
#include "base/mem.h"
#include "base/progress.h"
#include "os/extent.h"
#include "os/file.h"
#include "s3/s3_error.h"
#include "s3/s3_object.h"
#include "s3/s3_partial.h"
#include "s3/s3_pool.h"
#include "s3/s3_range.h"
#include "s3/s3_source.h"
#include "s3/s3_verify.h"

enum { STARTS_MAX = 3 };

struct download {
	struct s3 *s3;
	struct s3_range range; /* of the first request; the others differ in from and len */
	struct s3_object object;
	struct s3_claim claim;
	struct s3_verify verify;
	struct progress *progress;
	int fd;
	struct s3_partial *partial; /* NULL: it is not to go on another time */
	bool in_order;              /* it comes in one piece, and is checked as it comes */
};

static bool is_small(const struct download *d)
{
	return d->object.size_bytes <= S3_RANGE_BYTES && d->claim.parts == 0;
}

static int to_file(void *ctx, uint64_t offset, const void *p, size_t len, struct err *e)
{
	struct download *d = ctx;
	if (offset == 0 && is_small(d)) {
		d->in_order = true;
		s3_verify_begin(&d->verify, d->s3, d->range.bucket, d->range.key, &d->object,
		                &d->claim);
	}
	if (d->in_order)
		s3_verify_add(&d->verify, p, len);
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
	if (d->partial && s3_partial_has(d->partial, n)) {
		progress_add(d->progress, range.len, 0);
		return 0;
	}
	if (s3_range_get(&range, e))
		return -1;
	return d->partial ? s3_partial_mark(d->partial, n, e) : 0;
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

static uint64_t range_count(uint64_t size)
{
	return size / S3_RANGE_BYTES + (size % S3_RANGE_BYTES > 0);
}

static int get_once(struct download *d, struct err *e)
{
	uint64_t size;
	d->in_order = false;
	if (s3_range_get(&d->range, e))
		return -1;
	if (d->in_order)
		return s3_verify_end(&d->verify, e);
	size = d->object.size_bytes;
	if (s3_pool_each(d->s3, 1, range_count(size), get_range, d, e))
		return -1;
	s3_verify_begin(&d->verify, d->s3, d->range.bucket, d->range.key, &d->object, &d->claim);
	return s3_verify_file(&d->verify, d->fd, size, e);
}

/* What is missing; `partial` knows. */
static int get_rest(struct download *d, struct err *e)
{
	S3_PARTIAL_AUTO partial = { .marks = NULL };
	uint64_t size = d->object.size_bytes;
	if (s3_partial_open(&partial, d->fd, &d->object, S3_RANGE_BYTES, e))
		return -1;
	d->partial = &partial;
	int result = s3_pool_each(d->s3, 0, range_count(size), get_range, d, e);
	d->partial = NULL;
	if (result)
		return -1;
	s3_verify_begin(&d->verify, d->s3, d->range.bucket, d->range.key, &d->object, &d->claim);
	if (s3_verify_file(&d->verify, d->fd, size, e) == 0)
		return s3_partial_end(&partial, e);
	/* What is wrong would be as wrong the next time. */
	struct err ignored = ERR_INIT;
	(void)!extent_set_size(d->fd, 0, &ignored, "the file");
	return -1;
}

/* As get_once, going on with what the file has. Where the object cannot be told from another, or is small, that is
 * nothing. */
static int get_resumed(struct download *d, struct err *e)
{
	struct err ignored = ERR_INIT;
	int known = s3_object_head(d->s3, d->range.bucket, d->range.key, false, &d->object,
	                           &d->claim, &ignored);
	if (known == 0 && d->object.size_bytes > S3_RANGE_BYTES && d->object.etag[0] != '\0')
		return get_rest(d, e);
	if (extent_set_size(d->fd, 0, e, "the file"))
		return -1;
	d->object = (struct s3_object){ .size_bytes = 0 };
	if (get_once(d, e) == 0)
		return 0;
	(void)!extent_set_size(d->fd, 0, &ignored, "the file");
	return -1;
}

/* An object that became another one while it was read is read from its start. */
static int get_some_state(struct download *d, bool resume, struct err *e)
{
	for (int start = 1;; start++) {
		struct err failure = ERR_INIT;
		if ((resume ? get_resumed(d, &failure) : get_once(d, &failure)) == 0)
			return 0;
		if (start == STARTS_MAX || !s3_range_changed(&failure)) {
			*e = failure;
			return -1;
		}
		if (extent_set_size(d->fd, 0, e, "the file"))
			return -1;
	}
}

int s3_get_file(struct s3 *s3, struct str bucket, struct str key, int fd, bool resume,
                struct progress *progress, struct s3_object *object, struct err *e)
{
	struct download d = { .s3 = s3, .progress = progress, .fd = fd };
	d.range = first_range(s3, bucket, key);
	d.range.object = &d.object;
	d.range.claim = &d.claim;
	d.range.take = to_file;
	d.range.ctx = &d;
	if (key.len == 0)
		return err_set(e, ERR_KIND_USAGE, "an object needs a key: s3://%" STR_FMT "/KEY",
		               STR_ARG(bucket));
	if (get_some_state(&d, resume, e))
		return s3_error_context(e, "get", bucket, key);
	if (object)
		*object = d.object;
	return 0;
}

struct stream_out {
	struct s3 *s3;
	struct str bucket, key;
	struct s3_object object;
	struct s3_claim claim;
	struct s3_verify verify;
	struct sink *sink;
	struct progress *progress;
};

static int to_sink(void *ctx, uint64_t offset, const void *p, size_t len, struct err *e)
{
	struct stream_out *out = ctx;
	if (offset == 0)
		s3_verify_begin(&out->verify, out->s3, out->bucket, out->key, &out->object,
		                &out->claim);
	s3_verify_add(&out->verify, p, len);
	if (out->sink->write(out->sink, p, len, e))
		return -1;
	progress_add(out->progress, len, 0);
	return 0;
}

/* What follows the first range, fetched ahead in parallel. */
static int stream_rest(struct stream_out *out, struct err *e)
{
	enum { STEP = 262144 };
	uint64_t size = out->object.size_bytes;
	if (size <= S3_RANGE_BYTES)
		return 0;
	SOURCE_AUTO source = s3_source_of(out->s3, out->bucket, out->key, &out->object);
	MEM_AUTO char *step = mem_new(1, STEP);
	for (uint64_t at = S3_RANGE_BYTES; at < size;) {
		size_t got = 0;
		if (source->read_at(source, at, step, STEP, &got, e) ||
		    to_sink(out, at, step, got, e))
			return -1;
		at += got;
	}
	return 0;
}

int s3_get_stream(struct s3 *s3, struct str bucket, struct str key, struct sink *sink,
                  struct progress *progress, struct err *e)
{
	struct stream_out out = {
		.s3 = s3, .bucket = bucket, .key = key, .sink = sink, .progress = progress
	};
	struct s3_range range = first_range(s3, bucket, key);
	range.object = &out.object;
	range.claim = &out.claim;
	range.take = to_sink;
	range.ctx = &out;
	if (key.len == 0)
		return err_set(e, ERR_KIND_USAGE, "an object needs a key: s3://%" STR_FMT "/KEY",
		               STR_ARG(bucket));
	if (s3_range_get(&range, e) || stream_rest(&out, e) || s3_verify_end(&out.verify, e))
		return s3_error_context(e, "get", bucket, key);
	return 0;
}
