/* A ring of lists of keys. */
#include "applets/s3_batch.h"

#include "applets/s3_show.h"
#include "base/buf.h"
#include "base/mem.h"
#include "os/pool.h"

enum { BATCH_KEYS = 1000, BATCHES = 4, KEYS_BYTES = 2 << 20 };

/* Keys on their way to one DeleteObjects. */
struct batch {
	struct pool_job job;
	struct s3_batch *all;
	struct buf text; /* the keys, one after the other */
	size_t ends[BATCH_KEYS], count;
	struct s3_refusal *refused;
	size_t refused_count;
	bool busy;
};

struct s3_batch {
	const struct applet_call *call;
	struct s3 *s3;
	struct s3_batch_counts *counts;
	struct str bucket;
	struct pool *pool;
	struct batch batches[BATCHES], *now;
};

static struct str key_at(const struct batch *b, size_t i)
{
	size_t from = i > 0 ? b->ends[i - 1] : 0;
	return str_from(b->text.p + from, b->ends[i] - from);
}

void s3_batch_show(const struct applet_call *call, struct str bucket, struct str key, bool dry_run)
{
	MEM_AUTO char *name =
		mem_printf("s3://%" STR_FMT "/%" STR_FMT, STR_ARG(bucket), STR_ARG(key));
	struct applet_action a = { .verb = "delete", .from = name, .size_bytes = UINT64_MAX };
	a.dry_run = dry_run;
	applet_show_action(call, &a);
}

static int run_batch(struct pool_job *job, struct err *e)
{
	struct batch *b = (struct batch *)job;
	MEM_AUTO struct str *keys = mem_new(b->count, sizeof(*keys));
	for (size_t i = 0; i < b->count; i++)
		keys[i] = key_at(b, i);
	return s3_delete_listed(b->all->s3, b->all->bucket, keys, b->count, &b->refused,
	                        &b->refused_count, e);
}

static bool is_refused(const struct batch *b, struct str key)
{
	for (size_t i = 0; i < b->refused_count; i++)
		if (str_eq(b->refused[i].key, key))
			return true;
	return false;
}

/* Say how a batch ended and make it empty. */
static void end_batch(struct s3_batch *r, struct batch *b)
{
	struct err why = ERR_INIT;
	struct s3_batch_counts *c = r->counts;
	if (!b->busy)
		return;
	b->busy = false;
	if (pool_wait(r->pool, &b->job, &why)) {
		c->failed += b->count - 1;
		applet_item_failed(r->call, &why, &c->failed);
	} else {
		for (size_t i = 0; i < b->refused_count; i++)
			applet_item_failed(r->call, &b->refused[i].err, &c->failed);
		for (size_t i = 0; i < b->count; i++)
			if (!is_refused(b, key_at(b, i)))
				s3_batch_show(r->call, r->bucket, key_at(b, i), false);
		progress_add(&c->progress, 0, b->count - b->refused_count);
	}
	mem_free(b->refused);
	b->refused = NULL;
	b->count = b->refused_count = 0;
	buf_clear(&b->text);
}

static void send_batch(struct s3_batch *r)
{
	struct batch *b = r->now;
	if (b->count == 0)
		return;
	b->busy = true;
	b->job = (struct pool_job){ .run = run_batch };
	pool_submit(r->pool, &b->job);
	/* In a ring: the next one is the one sent longest ago. */
	size_t next = (size_t)(b - r->batches + 1) % BATCHES;
	r->now = &r->batches[next];
	end_batch(r, r->now);
}

void s3_batch_add(struct s3_batch *r, struct str bucket, struct str key, bool dry_run)
{
	r->counts->total++;
	r->bucket = bucket;
	if (dry_run) {
		s3_batch_show(r->call, bucket, key, true);
		return;
	}
	struct batch *b = r->now;
	buf_add_str(&b->text, key);
	b->ends[b->count++] = b->text.len;
	if (b->count == BATCH_KEYS)
		send_batch(r);
}

void s3_batch_wait(struct s3_batch *r)
{
	send_batch(r);
	for (size_t i = 0; i < BATCHES; i++)
		end_batch(r, &r->batches[i]);
}

int s3_batch_open(const struct applet_call *call, struct s3 *s3, struct s3_batch_counts *counts,
                  struct s3_batch **out, struct err *e)
{
	struct pool *pool;
	if (s3_pool_open(s3, BATCHES, &pool, e))
		return -1;
	struct s3_batch *r = mem_new(1, sizeof(*r));
	*r = (struct s3_batch){ .call = call, .s3 = s3, .counts = counts, .pool = pool };
	r->now = &r->batches[0];
	for (size_t i = 0; i < BATCHES; i++) {
		r->batches[i].all = r;
		r->batches[i].text = buf_make(KEYS_BYTES);
	}
	*out = r;
	return 0;
}

void s3_batch_close(struct s3_batch *r)
{
	if (!r)
		return;
	s3_batch_wait(r);
	s3_pool_close(r->s3, r->pool);
	for (size_t i = 0; i < BATCHES; i++)
		buf_free(&r->batches[i].text);
	mem_free(r);
}

void s3_batch_close_auto(struct s3_batch **r)
{
	s3_batch_close(*r);
	*r = NULL;
}
