/* A source that hashes what is read through it. */
#include "base/codec.h"
#include "ws/part.h"

/* Readers that take an archive from front to back look at its index first, and at some places twice. */
static void add(struct part_hash *h, uint64_t offset, const char *p, size_t len)
{
	uint64_t end;
	if (offset > h->next || __builtin_add_overflow(offset, len, &end) || end <= h->next)
		return;
	size_t known = (size_t)(h->next - offset);
	digest_sha256_add(&h->digest, p + known, len - known);
	h->next = end;
}

static int hash_read_at(struct source *base, uint64_t offset, void *p, size_t len, size_t *got,
                        struct err *e)
{
	struct part_hash *h = (struct part_hash *)(void *)base;
	if (h->inner->read_at(h->inner, offset, p, len, got, e) != 0)
		return -1;
	mutex_lock(&h->mutex);
	add(h, offset, p, *got);
	mutex_unlock(&h->mutex);
	return 0;
}

static void hash_close(struct source *base)
{
	(void)base; /* part of a struct part_hash, and the inner source is its owner's */
}

void part_hash_init(struct part_hash *h, struct source *inner)
{
	*h = (struct part_hash){ .base = *inner, .inner = inner };
	h->base.read_at = hash_read_at;
	h->base.close = hash_close;
	mutex_init(&h->mutex);
	digest_sha256_init(&h->digest);
}

void part_hash_text(const struct part_hash *h, char out[DIGEST_SHA256_HEX])
{
	unsigned char digest[DIGEST_SHA256_LEN];
	out[0] = '\0';
	if (h->base.size_known && h->next != h->base.id.size_bytes)
		return;
	digest_sha256_out(&h->digest, digest);
	codec_hex(digest, sizeof(digest), out);
}

void part_hash_free(struct part_hash *h)
{
	mutex_free(&h->mutex);
}
