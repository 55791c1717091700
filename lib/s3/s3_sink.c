/*
 * A sink for a stream of unknown length. Parts are buffered whole, as their length and hash go in front.
 * Memory: as many buffers as may be on their way (4, or the client's jobs if that is less) times the part
 * size. Parts start at 8 MiB and double every 250 parts up to 64 MiB, while the buffers get fewer, so that
 * they never hold more than 64 MiB: 1,000 parts carry 30,000 MiB, 10,000 carry 590 GiB. Where all parts must
 * be of one size (Cloudflare R2), or the user chose one, they do not grow. A stream of at most one part is
 * one PUT.
 */
#include <string.h>

#include "base/mem.h"
#include "base/progress.h"
#include "os/pool.h"
#include "s3/s3_error.h"
#include "s3/s3_multipart.h"
#include "s3/s3_object.h"

enum { SLOTS_MAX = 4, GROW_EVERY = 250, FIRST_BYTES = 65536 };

static const size_t memory_max = 64 << 20;
static const size_t part_most = 64 << 20;

struct slot {
	struct pool_job job;
	struct s3_sink *sink;
	unsigned char *p;
	size_t len, cap;
	uint64_t number;
	bool busy;
};

struct s3_sink {
	struct sink base;
	struct s3 *s3;
	char *bucket, *key, *content_type, *save_id, *if_match;
	struct str *headers;
	struct s3_put put;
	struct progress *progress;
	struct s3_multipart parts;
	struct pool *pool;
	struct slot slots[SLOTS_MAX], *now;
	unsigned slot_count;
	size_t part_size;
	uint64_t number; /* of the part that is being filled */
	bool grows, begun, ended;
};

static struct str bucket_of(const struct s3_sink *s)
{
	return str_of(s->bucket);
}

static unsigned slots_for(const struct s3_sink *s)
{
	size_t most = s->s3->jobs < SLOTS_MAX ? s->s3->jobs : SLOTS_MAX;
	size_t fit = s->grows ? memory_max / s->part_size : most;
	return (unsigned)(fit < 1 ? 1 : fit < most ? fit : most);
}

static int run_slot(struct pool_job *job, struct err *e)
{
	struct slot *slot = (struct slot *)job;
	struct http_body body = { .len = slot->len, .bytes = slot->p };
	if (s3_multipart_put(&slot->sink->parts, slot->number, &body, e))
		return -1;
	progress_add(slot->sink->progress, slot->len, 0);
	return 0;
}

static int wait_slot(struct s3_sink *s, struct slot *slot, struct err *e)
{
	if (!slot->busy)
		return 0;
	struct err failure = ERR_INIT;
	int result = pool_wait(s->pool, &slot->job, &failure);
	slot->busy = false;
	slot->len = 0;
	if (result && !err_is(e))
		*e = failure;
	return result;
}

static int wait_all(struct s3_sink *s, struct err *e)
{
	int result = 0;
	for (unsigned i = 0; i < SLOTS_MAX; i++)
		if (wait_slot(s, &s->slots[i], e))
			result = -1;
	return result;
}

static void free_slots(struct s3_sink *s)
{
	for (unsigned i = 0; i < SLOTS_MAX; i++) {
		mem_free(s->slots[i].p);
		s->slots[i].p = NULL;
		s->slots[i].cap = 0;
	}
}

/* A slot to fill: one that is idle, else the one whose part was sent off first. */
static int next_slot(struct s3_sink *s, struct err *e)
{
	struct slot *oldest = &s->slots[0];
	for (unsigned i = 0; i < s->slot_count; i++) {
		struct slot *slot = &s->slots[i];
		if (slot->busy && pool_done(s->pool, &slot->job) && wait_slot(s, slot, e))
			return -1;
		if (!slot->busy) {
			s->now = slot;
			return 0;
		}
		if (slot->number < oldest->number)
			oldest = slot;
	}
	s->now = oldest;
	return wait_slot(s, oldest, e);
}

static int begin(struct s3_sink *s, struct err *e)
{
	if (s->begun)
		return 0;
	if (s3_object_may_put(s->s3, bucket_of(s), str_of(s->key), &s->put, true, e) ||
	    pool_open(s->slot_count, 0, SLOTS_MAX, &s->pool, e))
		return -1;
	s->begun = true;
	return s3_multipart_begin(&s->parts, s->s3, bucket_of(s), str_of(s->key), &s->put, e);
}

/* Larger parts from here on. Everything is sent first, so that old and new buffers never add up. */
static int grow(struct s3_sink *s, struct err *e)
{
	if (wait_all(s, e))
		return -1;
	free_slots(s);
	s->part_size *= 2;
	s->slot_count = slots_for(s);
	return 0;
}

/* Send the present part off and make the next one present. */
static int send_part(struct s3_sink *s, struct err *e)
{
	if (begin(s, e))
		return -1;
	s->now->number = s->number++;
	s->now->busy = true;
	s->now->job = (struct pool_job){ .run = run_slot };
	pool_submit(s->pool, &s->now->job);
	bool due = s->grows && s->number % GROW_EVERY == 1 && s->part_size < part_most;
	if (due && grow(s, e))
		return -1;
	return next_slot(s, e);
}

static void make_room(struct s3_sink *s, size_t len)
{
	struct slot *slot = s->now;
	size_t need = slot->len + len < s->part_size ? slot->len + len : s->part_size;
	size_t cap = slot->cap > 0 ? slot->cap : FIRST_BYTES;
	while (cap < need)
		cap *= 2;
	if (cap > s->part_size)
		cap = s->part_size;
	if (cap > slot->cap) {
		slot->p = mem_grow(slot->p, cap, 1);
		slot->cap = cap;
	}
}

static int fail(struct s3_sink *s, struct err *e)
{
	return s3_error_context(e, "put", bucket_of(s), str_of(s->key));
}

static int sink_write(struct sink *base, const void *p, size_t len, struct err *e)
{
	struct s3_sink *s = (struct s3_sink *)base;
	const unsigned char *from = p;
	while (len > 0) {
		if (s->now->len == s->part_size && send_part(s, e))
			return fail(s, e);
		size_t room = s->part_size - s->now->len;
		size_t take = len < room ? len : room;
		make_room(s, take);
		memcpy(s->now->p + s->now->len, from, take);
		s->now->len += take;
		from += take;
		len -= take;
	}
	return 0;
}

static int put_one(struct s3_sink *s, struct blob_id *id, struct err *e)
{
	size_t len = s->now->len;
	if (s3_put_bytes(s->s3, bucket_of(s), str_of(s->key), s->now->p, len, &s->put, id, e))
		return -1;
	progress_add(s->progress, len, 0);
	return 0;
}

static int put_rest(struct s3_sink *s, struct blob_id *id, struct err *e)
{
	if ((s->now->len > 0 && send_part(s, e)) || wait_all(s, e) ||
	    s3_multipart_complete(&s->parts, id, e))
		return fail(s, e);
	return 0;
}

static int sink_finish(struct sink *base, struct blob_id *id, struct err *e)
{
	struct s3_sink *s = (struct s3_sink *)base;
	int result = s->begun ? put_rest(s, id, e) : put_one(s, id, e);
	s->ended = result == 0;
	return result;
}

static void sink_abort(struct sink *base)
{
	struct s3_sink *s = (struct s3_sink *)base;
	struct err ignored = ERR_INIT;
	if (s->ended)
		return;
	s->ended = true;
	if (!s->begun)
		return;
	pool_cancel(s->pool);
	(void)!wait_all(s, &ignored);
	s3_multipart_abort(&s->parts);
}

static void sink_end(struct sink *base)
{
	struct s3_sink *s = (struct s3_sink *)base;
	sink_abort(base);
	if (s->begun) {
		pool_close(s->pool);
		s3_multipart_free(&s->parts);
	}
	free_slots(s);
	for (size_t i = 0; i < s->put.header_count; i++)
		mem_free((char *)(uintptr_t)s->headers[i].p);
	mem_free(s->headers);
	mem_free(s->bucket);
	mem_free(s->key);
	mem_free(s->content_type);
	mem_free(s->save_id);
	mem_free(s->if_match);
	mem_free(s);
}

/* The sink outlives what the caller described the object with. */
static void copy_put(struct s3_sink *s, const struct s3_put *put)
{
	if (!put)
		return;
	s->put = *put;
	s->put.content_type = s->content_type =
		put->content_type ? mem_text(put->content_type) : NULL;
	s->put.save_id = s->save_id = put->save_id ? mem_text(put->save_id) : NULL;
	s->put.if_match = s->if_match = put->if_match ? mem_text(put->if_match) : NULL;
	s->headers = put->header_count > 0 ? mem_new(put->header_count, sizeof(*s->headers)) : NULL;
	for (size_t i = 0; i < put->header_count; i++)
		s->headers[i] = str_from(mem_str(put->headers[i]), put->headers[i].len);
	s->put.headers = s->headers;
}

int s3_sink(struct s3 *s3, struct str bucket, struct str key, const struct s3_put *put,
            struct progress *progress, struct sink **out, struct err *e)
{
	if (key.len == 0)
		return err_set(e, ERR_KIND_USAGE, "an object needs a key: s3://%" STR_FMT "/KEY",
		               STR_ARG(bucket));
	struct s3_sink *s = mem_new(1, sizeof(*s));
	s->base = (struct sink){ sink_write, sink_finish, sink_abort, sink_end };
	s->s3 = s3;
	s->bucket = mem_str(bucket);
	s->key = mem_str(key);
	s->progress = progress;
	s->number = 1;
	s->grows = s3->part_size == 0 &&
	           !endpoint_host_ends(&s3->endpoint, ".r2.cloudflarestorage.com");
	s->part_size = s3->part_size > 0 ? (size_t)s3->part_size : S3_MULTIPART_PART_LEAST;
	s->slot_count = slots_for(s);
	for (unsigned i = 0; i < SLOTS_MAX; i++)
		s->slots[i].sink = s;
	s->now = &s->slots[0];
	copy_put(s, put);
	*out = &s->base;
	return 0;
}
