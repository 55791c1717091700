/* Two lanes. The one whose text ends takes the next, so that both are busy up to the last. */
#include "crypto/digest_many.h"

#include "crypto/cpu.h"
#include "crypto/digest.h"
#include "crypto/digest_native.h"

enum { BLOCK = 64 };

struct queue {
	const struct digest_many_item *next, *end;
};

struct lane {
	const struct digest_many_item *item;
	const unsigned char *at;
	size_t blocks; /* whole ones left */
	struct digest_sha256 digest;
};

static void finish(struct lane *l)
{
	digest_sha256_add(&l->digest, l->at, l->item->len % BLOCK);
	digest_sha256_out(&l->digest, l->item->sha256);
}

/* Take texts until one has whole blocks; those that have none are done at once. */
static bool take(struct lane *l, struct queue *q)
{
	while (q->next < q->end) {
		l->item = q->next++;
		l->at = l->item->p;
		l->blocks = l->item->len / BLOCK;
		digest_sha256_init(&l->digest);
		if (l->blocks > 0)
			return true;
		finish(l);
	}
	return false;
}

static bool advance(struct lane *l, size_t blocks, struct queue *q)
{
	l->at += blocks * BLOCK;
	l->digest.total += blocks * BLOCK;
	l->blocks -= blocks;
	if (l->blocks > 0)
		return true;
	finish(l);
	return take(l, q);
}

static void in_lanes(struct queue *q)
{
	struct lane a, b;
	bool more_a = take(&a, q), more_b = take(&b, q);
	while (more_a && more_b) {
		size_t n = a.blocks < b.blocks ? a.blocks : b.blocks;
		digest_native_two(a.digest.state, a.at, b.digest.state, b.at, n);
		more_a = advance(&a, n, q);
		more_b = advance(&b, n, q);
	}
	struct lane *rest = more_a ? &a : &b;
	if (!more_a && !more_b)
		return;
	digest_native_blocks(rest->digest.state, rest->at, rest->blocks);
	advance(rest, rest->blocks, q);
}

void digest_many(const struct digest_many_item *items, size_t count)
{
	struct queue q = { .next = items, .end = items + count };
	if (cpu_has_sha256()) {
		in_lanes(&q);
		return;
	}
	for (; q.next < q.end; q.next++)
		digest_sha256_of(q.next->p, q.next->len, q.next->sha256);
}
