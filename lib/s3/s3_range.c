/* Ranged GETs that resume, and that never join bytes of two states of an object. */
#include "s3/s3_range.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "s3/s3_request.h"

enum { CHUNK_MAX = 131072 };

struct get {
	const struct s3_range *range;
	struct retry retry;
	uint64_t done; /* bytes given out */
	uint64_t len;  /* bytes wanted: the range's, less when the object ends before */
	bool known;    /* the object's state is known */
};

static int changed(struct err *e)
{
	return err_set(e, ERR_KIND_CONFLICT, "the object changed while reading");
}

bool s3_range_changed(const struct err *e)
{
	return e->kind == ERR_KIND_CONFLICT && e->status == 0;
}

static int send(struct get *g, struct s3_reply *reply, struct err *e)
{
	char range[64], quoted[S3_ETAG_QUOTED_MAX];
	const struct s3_range *want = g->range;
	struct s3_request r = s3_request_make("GET", want->bucket, want->key);
	r.stream = true;
	r.retry = &g->retry;
	snprintf(range, sizeof(range), "bytes=%llu-%llu",
	         (unsigned long long)(want->from + g->done),
	         (unsigned long long)(want->from + g->len - 1));
	if (g->known)
		s3_request_header(&r, S("Range"), str_of(range));
	else if (want->s3->verify)
		s3_request_header(&r, S("x-amz-checksum-mode"), S("ENABLED"));
	if (g->known && want->object->etag[0] != '\0')
		s3_request_header(&r, S("If-Match"), s3_etag_quote(want->object->etag, quoted));
	if (s3_request_run(want->s3, &r, reply, e) == 0)
		return 0;
	if (e->status == 412 || (e->status == 416 && g->known)) {
		err_clear(e);
		return changed(e);
	}
	return -1;
}

/* The first answer tells what is read. */
static void learn(struct get *g, const struct s3_reply *reply)
{
	struct s3_object *o = g->range->object;
	*o = reply->object;
	o->size_bytes = reply->has_range ? reply->range_total : reply->object.size_bytes;
	if (g->range->from + g->len > o->size_bytes)
		g->len = o->size_bytes - g->range->from;
	g->known = true;
	*g->range->claim = reply->claim;
}

static bool is_range(const struct get *g, const struct s3_reply *reply)
{
	uint64_t first = g->range->from + g->done;
	return reply->has_range && reply->range_first == first &&
	       reply->range_last - first < g->len - g->done &&
	       (!reply->has_size || reply->object.size_bytes <= reply->range_last - first + 1);
}

/* Whether the answer is the range that was asked for, of the object that was asked for. */
static int check(struct get *g, const struct s3_reply *reply, struct err *e)
{
	const struct s3_object *o = g->range->object;
	bool partial = reply->status == 206;
	if (partial && !is_range(g, reply))
		return err_set(e, ERR_KIND_DATA, "the answer is not the range that was asked for");
	if (!partial && !reply->has_size)
		return err_set(e, ERR_KIND_DATA, "the server does not say how long the object is");
	if (!g->known && g->range->learn) {
		learn(g, reply);
		return 0;
	}
	uint64_t size = partial ? reply->range_total : reply->object.size_bytes;
	if (size != o->size_bytes || strcmp(reply->object.etag, o->etag) != 0)
		return changed(e);
	return 0;
}

static int give(struct get *g, const char *p, size_t len, struct err *e)
{
	const struct s3_range *want = g->range;
	if (want->take(want->ctx, want->from + g->done, p, len, e))
		return -1;
	g->done += len;
	return 0;
}

/* Read a body; `skip` bytes of it come before what is wanted (a server without ranges sends everything). */
static int drain(struct get *g, struct s3_reply *reply, uint64_t skip, struct err *e)
{
	uint64_t left = skip + g->len - g->done;
	size_t cap = left < CHUNK_MAX ? (size_t)left : CHUNK_MAX;
	MEM_AUTO char *chunk = mem_new(1, cap > 0 ? cap : 1);
	while (g->done < g->len) {
		size_t got = 0;
		uint64_t wanted = skip + g->len - g->done;
		if (s3_reply_read(reply, chunk, wanted < cap ? (size_t)wanted : cap, &got, e))
			return -1;
		if (got == 0) {
			err_set(e, ERR_KIND_TRY_AGAIN, "the answer is shorter than it says");
			e->retryable = true;
			return -1;
		}
		size_t before = skip < got ? (size_t)skip : got;
		skip -= before;
		if (got > before && give(g, chunk + before, got - before, e))
			return -1;
	}
	return s3_reply_end(reply, e);
}

/* One request and as much of its body as comes. */
static int get_some(struct get *g, struct err *e)
{
	S3_REPLY_AUTO reply = { .s3 = NULL };
	if (send(g, &reply, e))
		return -1;
	if (check(g, &reply, e)) {
		s3_conn_drop(reply.conn);
		reply.conn = NULL;
		return -1;
	}
	uint64_t skip = reply.status == 206 ? 0 : g->range->from + g->done;
	return drain(g, &reply, skip, e);
}

int s3_range_get(const struct s3_range *r, struct err *e)
{
	struct get g = {
		.range = r, .len = r->len, .retry = s3_request_retry(r->s3), .known = !r->learn
	};
	for (;;) {
		struct err failure = ERR_INIT;
		uint64_t before = g.done;
		int result = get_some(&g, &failure);
		if (result == 0 && g.done == g.len)
			return 0;
		if (result == 0)
			continue;
		if (g.done > before)
			g.retry.attempt = 0;
		if (failure.status == 0 && retry_again(&g.retry, &failure, false, -1))
			continue;
		*e = failure;
		return -1;
	}
}
