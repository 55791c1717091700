/*
 * A source over an object. A read is one ranged GET of just these bytes, until reads have followed each
 * other; then a window of 4 blocks is fetched ahead in parallel, whose blocks double from 256 KiB to 8 MiB,
 * so that little is fetched for nothing. Memory: nothing, or the window: 32 MiB at the most.
 */
#include "s3/s3_source.h"

#include <string.h>

#include "base/mem.h"
#include "os/mutex.h"
#include "os/pool.h"
#include "s3/s3_error.h"
#include "s3/s3_range.h"

enum { BLOCKS = 4, BLOCK_LEAST = 262144, BLOCK_MOST = S3_RANGE_BYTES, RUN_BEFORE_WINDOW = 3 };

struct block {
	struct pool_job job;
	struct s3_source *source;
	uint64_t from;
	size_t len, cap;
	unsigned char *p;
	bool busy;
};

struct s3_source {
	struct source base;
	struct s3 *s3;
	char *bucket, *key;
	struct s3_object object;
	unsigned char *tail; /* its last bytes, when they came with its state */
	size_t tail_len;
	struct mutex lock; /* of what follows */
	uint64_t next;     /* where the last read ended */
	unsigned run;      /* reads that followed each other */
	struct pool *pool; /* of the window; NULL: there was none yet */
	struct block blocks[BLOCKS];
	unsigned first, held; /* the ring: oldest block, and how many are in use */
	uint64_t window_end;  /* where the next block starts */
	size_t block_size;    /* and its size */
};

/* Memory that a range is copied into. */
struct into {
	unsigned char *p;
	uint64_t from;
};

static int to_memory(void *ctx, uint64_t offset, const void *p, size_t len, struct err *e)
{
	const struct into *into = ctx;
	(void)e;
	memcpy(into->p + (offset - into->from), p, len);
	return 0;
}

static int fetch(struct s3_source *s, uint64_t from, unsigned char *p, size_t len, struct err *e)
{
	struct into into = { .p = p, .from = from };
	struct s3_range range = {
		.s3 = s->s3,
		.bucket = str_of(s->bucket),
		.key = str_of(s->key),
		.from = from,
		.len = len,
		.object = &s->object,
		.take = to_memory,
		.ctx = &into,
	};
	return s3_range_get(&range, e);
}

static int run_block(struct pool_job *job, struct err *e)
{
	struct block *b = (struct block *)job;
	return fetch(b->source, b->from, b->p, b->len, e);
}

/* Start fetching what follows the window, as far as there is room and object. */
static void fill_window(struct s3_source *s)
{
	while (s->held < BLOCKS && s->window_end < s->object.size_bytes) {
		struct block *b = &s->blocks[(s->first + s->held) % BLOCKS];
		uint64_t left = s->object.size_bytes - s->window_end;
		b->from = s->window_end;
		b->len = left < s->block_size ? (size_t)left : s->block_size;
		if (b->len > b->cap) {
			mem_free(b->p);
			b->p = mem_new(1, b->len);
			b->cap = b->len;
		}
		b->busy = true;
		b->job = (struct pool_job){ .run = run_block };
		pool_submit(s->pool, &b->job);
		s->held++;
		s->window_end += b->len;
		if (s->block_size < BLOCK_MOST)
			s->block_size *= 2;
	}
}

static int wait_block(struct s3_source *s, struct block *b, struct err *e)
{
	if (!b->busy)
		return 0;
	b->busy = false;
	return pool_wait(s->pool, &b->job, e);
}

static void drop_window(struct s3_source *s)
{
	for (unsigned i = 0; i < s->held; i++) {
		struct err ignored = ERR_INIT;
		(void)!wait_block(s, &s->blocks[(s->first + i) % BLOCKS], &ignored);
	}
	s->held = 0;
}

static int start_window(struct s3_source *s, uint64_t offset, struct err *e)
{
	if (!s->pool && s3_pool_open(s->s3, BLOCKS, &s->pool, e))
		return -1;
	drop_window(s);
	s->window_end = offset;
	s->block_size = BLOCK_LEAST;
	fill_window(s);
	return 0;
}

static bool in_window(const struct s3_source *s, uint64_t offset)
{
	return s->held > 0 && offset >= s->blocks[s->first].from && offset < s->window_end;
}

/* Blocks that end before `offset` make room for new ones. */
static int forget_before(struct s3_source *s, uint64_t offset, struct err *e)
{
	while (s->held > 0 && s->blocks[s->first].from + s->blocks[s->first].len <= offset) {
		if (wait_block(s, &s->blocks[s->first], e))
			return -1;
		s->first = (s->first + 1) % BLOCKS;
		s->held--;
	}
	fill_window(s);
	return 0;
}

static int read_window(struct s3_source *s, uint64_t offset, unsigned char *p, size_t len,
                       struct err *e)
{
	while (len > 0) {
		if (forget_before(s, offset, e))
			return -1;
		struct block *b = &s->blocks[s->first];
		if (wait_block(s, b, e))
			return -1;
		size_t at = (size_t)(offset - b->from);
		size_t take = b->len - at < len ? b->len - at : len;
		memcpy(p, b->p + at, take);
		offset += take;
		p += take;
		len -= take;
	}
	return 0;
}

/* 1 read, 0 it is not for the window, -1. */
static int try_window(struct s3_source *s, uint64_t offset, void *p, size_t len, struct err *e)
{
	s->run = offset == s->next ? s->run + 1 : 0;
	s->next = offset + len;
	if (!in_window(s, offset)) {
		if (s->run < RUN_BEFORE_WINDOW)
			return 0;
		if (start_window(s, offset, e))
			return -1;
	}
	if (read_window(s, offset, p, len, e) == 0)
		return 1;
	drop_window(s);
	return -1;
}

static int read_at(struct source *base, uint64_t offset, void *p, size_t len, size_t *got,
                   struct err *e)
{
	struct s3_source *s = (struct s3_source *)base;
	uint64_t size = s->object.size_bytes;
	uint64_t left = offset < size ? size - offset : 0;
	if (left < len)
		len = (size_t)left;
	*got = 0;
	if (len == 0)
		return 0;
	if (s->tail_len > 0 && offset >= size - s->tail_len) {
		memcpy(p, s->tail + (offset - (size - s->tail_len)), len);
		*got = len;
		return 0;
	}
	mutex_lock(&s->lock);
	int done = try_window(s, offset, p, len, e);
	mutex_unlock(&s->lock);
	if (done < 0 || (done == 0 && fetch(s, offset, p, len, e)))
		return s3_error_context(e, "read", str_of(s->bucket), str_of(s->key));
	*got = len;
	return 0;
}

static void source_end(struct source *base)
{
	struct s3_source *s = (struct s3_source *)base;
	if (s->pool)
		pool_cancel(s->pool);
	drop_window(s);
	s3_pool_close(s->s3, s->pool);
	for (unsigned i = 0; i < BLOCKS; i++)
		mem_free(s->blocks[i].p);
	mutex_free(&s->lock);
	mem_free(s->tail);
	mem_free(s->bucket);
	mem_free(s->key);
	mem_free(s);
}

struct source *s3_source_of(struct s3 *s3, struct str bucket, struct str key,
                            const struct s3_object *object)
{
	struct s3_source *s = mem_new(1, sizeof(*s));
	s->base = (struct source){ .read_at = read_at, .close = source_end, .size_known = true };
	s->base.id.size_bytes = object->size_bytes;
	memcpy(s->base.id.etag, object->etag, sizeof(object->etag));
	s->s3 = s3;
	s->bucket = mem_str(bucket);
	s->key = mem_str(key);
	s->object = *object;
	s->next = UINT64_MAX;
	mutex_init(&s->lock);
	for (unsigned i = 0; i < BLOCKS; i++)
		s->blocks[i].source = s;
	return &s->base;
}

int s3_source(struct s3 *s3, struct str bucket, struct str key, struct source **out,
              struct s3_object *object, struct err *e)
{
	struct s3_tail tail;
	int found = s3_tail(s3, bucket, key, S3_SOURCE_TAIL, &tail, e);
	if (found < 0)
		return s3_error_context(e, "get", bucket, key);
	if (found == 0 && s3_head(s3, bucket, key, &tail.object, e))
		return -1;
	*out = s3_source_of(s3, bucket, key, &tail.object);
	struct s3_source *s = (struct s3_source *)*out;
	s->tail = tail.bytes;
	s->tail_len = tail.len;
	if (object)
		*object = tail.object;
	return 0;
}
