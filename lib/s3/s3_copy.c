/* Copies that the server makes: whole, or by parts above 5 GiB. */
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "s3/s3_multipart.h"
#include "s3/s3_pool.h"
#include "s3/s3_request.h"

static const uint64_t whole_most = (uint64_t)5 << 30;
static const uint64_t part_least = 64 << 20;

struct copy {
	struct s3_multipart parts;
	struct s3 *s3;
	struct str from_bucket, from_key, bucket, key;
	const struct s3_put *put;
	struct str source; /* "/bucket/key", encoded */
	struct s3_object object;
	uint64_t part_size;
};

static int copy_whole(struct copy *c, struct err *e)
{
	S3_REPLY_AUTO reply = { .s3 = NULL };
	char etag[S3_ETAG_QUOTED_MAX];
	struct s3_request r = s3_request_make("PUT", c->bucket, c->key);
	s3_request_header(&r, S("x-amz-copy-source"), c->source);
	if (c->put) {
		s3_request_header(&r, S("x-amz-metadata-directive"), S("REPLACE"));
		if (s3_request_put_headers(&r, c->put, etag, e))
			return -1;
	}
	r.root = "CopyObjectResult";
	r.slow = true;
	return s3_request_run(c->s3, &r, &reply, e);
}

static int copy_part(void *ctx, uint64_t n, struct err *e)
{
	struct copy *c = ctx;
	uint64_t from = n * c->part_size;
	uint64_t left = c->object.size_bytes - from;
	return s3_multipart_copy(&c->parts, n + 1, c->source, from,
	                         left < c->part_size ? left : c->part_size, e);
}

/* The parts are of one state of the source. Asked like this because Swift compares x-amz-copy-source-if-match
 * with another tag than the one it shows for objects of several parts. */
static int check_source(const struct copy *c, struct err *e)
{
	struct s3_object now;
	if (s3_head(c->s3, c->from_bucket, c->from_key, &now, e))
		return -1;
	if (now.size_bytes != c->object.size_bytes || strcmp(now.etag, c->object.etag) != 0)
		return err_set(e, ERR_KIND_CONFLICT, "the source changed while it was copied");
	return 0;
}

/* What a copy by parts would lose of the object is given again. */
static int copy_parts(struct copy *c, struct err *e)
{
	struct s3_put as_it_was = {
		.content_type = c->object.content_type[0] ? c->object.content_type : NULL,
		.save_id = c->object.save_id[0] ? c->object.save_id : NULL,
	};
	uint64_t count =
		c->object.size_bytes / c->part_size + (c->object.size_bytes % c->part_size > 0);
	const struct s3_put *put = c->put ? c->put : &as_it_was;
	int result = -1;
	if (s3_multipart_begin(&c->parts, c->s3, c->bucket, c->key, put, e) == 0 &&
	    s3_pool_each(c->s3, 0, count, copy_part, c, e) == 0 && check_source(c, e) == 0)
		result = s3_multipart_complete(&c->parts, NULL, e);
	if (result)
		s3_multipart_abort(&c->parts);
	s3_multipart_free(&c->parts);
	return result;
}

static void add_source(struct str bucket, struct str key, struct buf *out)
{
	buf_add_char(out, '/');
	codec_percent(bucket, false, out);
	buf_add_char(out, '/');
	codec_percent(key, true, out);
}

/* The copy is there and has the size of its source. */
static int check_copy(struct copy *c, struct blob_id *id, struct err *e)
{
	struct s3_object now;
	if (s3_head(c->s3, c->bucket, c->key, &now, e))
		return -1;
	if (now.size_bytes != c->object.size_bytes)
		return err_set(e, ERR_KIND_DATA, "the copy has %llu bytes instead of %llu",
		               (unsigned long long)now.size_bytes,
		               (unsigned long long)c->object.size_bytes);
	if (id) {
		id->size_bytes = now.size_bytes;
		memcpy(id->etag, now.etag, sizeof(id->etag));
	}
	return 0;
}

int s3_copy(struct s3 *s3, struct str from_bucket, struct str from_key, struct str bucket,
            struct str key, const struct s3_put *put, struct blob_id *id, struct err *e)
{
	BUF_AUTO source = buf_make(8192);
	struct copy c = { .s3 = s3, .bucket = bucket, .key = key, .put = put };
	c.from_bucket = from_bucket;
	c.from_key = from_key;
	if (key.len == 0)
		return err_set(e, ERR_KIND_USAGE, "an object needs a key: s3://%" STR_FMT "/KEY",
		               STR_ARG(bucket));
	add_source(from_bucket, from_key, &source);
	c.source = buf_str(&source);
	if (buf_check(&source, e, "the source of a copy") ||
	    s3_head(s3, from_bucket, from_key, &c.object, e))
		return -1;
	/* --part-size asks for parts of that size where they help. */
	uint64_t most = s3->part_size > 0 ? s3->part_size : whole_most;
	c.part_size = s3_multipart_part_size(s3, c.object.size_bytes);
	if (s3->part_size == 0 && c.part_size < part_least)
		c.part_size = part_least;
	int result = c.object.size_bytes > most ? copy_parts(&c, e) : copy_whole(&c, e);
	if (result || check_copy(&c, id, e))
		return s3_error_context(e, "copy to", bucket, key);
	return 0;
}
