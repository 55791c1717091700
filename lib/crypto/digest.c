/* SHA-256 (FIPS 180-4), HMAC (RFC 2104), SHA-1 and MD5 (RFC 3174, RFC 1321, from BearSSL). */
#include "crypto/digest.h"

#include <bearssl_hash.h>
#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "crypto/cpu.h"
#include "crypto/digest_native.h"

enum { BLOCK = 64 };

const uint32_t digest_sha256_k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static uint32_t rotate(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static uint32_t load_be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void store_be32(unsigned char *p, uint32_t x)
{
	p[0] = (unsigned char)(x >> 24);
	p[1] = (unsigned char)(x >> 16);
	p[2] = (unsigned char)(x >> 8);
	p[3] = (unsigned char)x;
}

static void schedule(uint32_t w[64], const unsigned char *block)
{
	for (size_t t = 0; t < 16; t++)
		w[t] = load_be32(block + 4 * t);
	for (size_t t = 16; t < 64; t++) {
		uint32_t s0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ w[t - 15] >> 3;
		uint32_t s1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ w[t - 2] >> 10;

		w[t] = w[t - 16] + s0 + w[t - 7] + s1;
	}
}

/* One round. The eight variables stay where they are; `t` says which of them is "a" now. */
static inline void one_round(uint32_t v[8], const uint32_t w[64], size_t t)
{
	uint32_t a = v[-t & 7], b = v[(1 - t) & 7], c = v[(2 - t) & 7];
	uint32_t e = v[(4 - t) & 7], f = v[(5 - t) & 7], g = v[(6 - t) & 7];
	uint32_t s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
	uint32_t s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
	uint32_t t1 = v[(7 - t) & 7] + s1 + (g ^ (e & (f ^ g))) + digest_sha256_k[t] + w[t];

	v[(3 - t) & 7] += t1;
	v[(7 - t) & 7] = t1 + s0 + ((a & b) | (c & (a | b)));
}

void digest_sha256_portable(uint32_t state[8], const unsigned char *blocks, size_t count)
{
	uint32_t w[64], v[8];

	for (; count > 0; count--, blocks += BLOCK) {
		schedule(w, blocks);
		memcpy(v, state, sizeof v);
#pragma GCC unroll 64
		for (size_t t = 0; t < 64; t++)
			one_round(v, w, t);
		for (size_t i = 0; i < 8; i++)
			state[i] += v[i];
	}
}

static void blocks_add(uint32_t state[8], const unsigned char *blocks, size_t count)
{
	if (cpu_has_sha256())
		digest_native_blocks(state, blocks, count);
	else
		digest_sha256_portable(state, blocks, count);
}

void digest_sha256_init(struct digest_sha256 *d)
{
	static const uint32_t start[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		                           0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };

	memcpy(d->state, start, sizeof start);
	d->total = 0;
}

void digest_sha256_add(struct digest_sha256 *d, const void *p, size_t len)
{
	const unsigned char *in = p;
	size_t have = d->total % BLOCK;

	if (len == 0)
		return;
	d->total += len;
	if (have > 0) {
		size_t n = len < BLOCK - have ? len : BLOCK - have;

		memcpy(d->block + have, in, n);
		in += n;
		len -= n;
		if (have + n < BLOCK)
			return;
		blocks_add(d->state, d->block, 1);
	}
	if (len >= BLOCK)
		blocks_add(d->state, in, len / BLOCK);
	memcpy(d->block, in + len / BLOCK * BLOCK, len % BLOCK);
}

void digest_sha256_out(const struct digest_sha256 *d, unsigned char out[DIGEST_SHA256_LEN])
{
	unsigned char tail[2 * BLOCK] = { 0 };
	uint32_t state[8];
	size_t have = d->total % BLOCK;
	size_t size = have < BLOCK - 8 ? BLOCK : 2 * BLOCK;

	memcpy(state, d->state, sizeof state);
	memcpy(tail, d->block, have);
	tail[have] = 0x80;
	store_be32(tail + size - 8, (uint32_t)(d->total >> 29));
	store_be32(tail + size - 4, (uint32_t)(d->total << 3));
	blocks_add(state, tail, size / BLOCK);
	for (size_t i = 0; i < 8; i++)
		store_be32(out + 4 * i, state[i]);
}

void digest_sha256_of(const void *p, size_t len, unsigned char out[DIGEST_SHA256_LEN])
{
	struct digest_sha256 d;

	digest_sha256_init(&d);
	digest_sha256_add(&d, p, len);
	digest_sha256_out(&d, out);
}

char *digest_sha256_hex(const void *p, size_t len, char out[DIGEST_SHA256_HEX])
{
	unsigned char hash[DIGEST_SHA256_LEN];

	digest_sha256_of(p, len, hash);
	return codec_hex(hash, sizeof hash, out);
}

void digest_hmac_sha256(struct str key, struct str data, unsigned char out[DIGEST_SHA256_LEN])
{
	unsigned char inner[BLOCK] = { 0 }, outer[BLOCK];
	struct digest_sha256 d;

	if (key.len > BLOCK)
		digest_sha256_of(key.p, key.len, inner);
	else if (key.len > 0)
		memcpy(inner, key.p, key.len);
	for (size_t i = 0; i < BLOCK; i++) {
		outer[i] = inner[i] ^ 0x5c;
		inner[i] ^= 0x36;
	}
	digest_sha256_init(&d);
	digest_sha256_add(&d, inner, BLOCK);
	digest_sha256_add(&d, data.p, data.len);
	digest_sha256_out(&d, out);
	digest_sha256_init(&d);
	digest_sha256_add(&d, outer, BLOCK);
	digest_sha256_add(&d, out, DIGEST_SHA256_LEN);
	digest_sha256_out(&d, out);
	mem_wipe(inner, sizeof inner);
	mem_wipe(outer, sizeof outer);
	mem_wipe(&d, sizeof d);
}

_Static_assert(sizeof(br_sha1_context) <= sizeof(struct digest_sha1),
               "room for the library's context");

void digest_sha1_init(struct digest_sha1 *d)
{
	br_sha1_init((br_sha1_context *)(void *)d->space);
}

void digest_sha1_add(struct digest_sha1 *d, const void *p, size_t len)
{
	br_sha1_update((br_sha1_context *)(void *)d->space, p, len);
}

void digest_sha1_out(const struct digest_sha1 *d, unsigned char out[DIGEST_SHA1_LEN])
{
	br_sha1_out((const br_sha1_context *)(const void *)d->space, out);
}

_Static_assert(sizeof(br_md5_context) <= sizeof(struct digest_md5),
               "room for the library's context");

void digest_md5_init(struct digest_md5 *d)
{
	br_md5_init((br_md5_context *)(void *)d->space);
}

void digest_md5_add(struct digest_md5 *d, const void *p, size_t len)
{
	br_md5_update((br_md5_context *)(void *)d->space, p, len);
}

void digest_md5_out(const struct digest_md5 *d, unsigned char out[DIGEST_MD5_LEN])
{
	br_md5_out((const br_md5_context *)(const void *)d->space, out);
}

void digest_md5_of(const void *p, size_t len, unsigned char out[DIGEST_MD5_LEN])
{
	struct digest_md5 d;
	digest_md5_init(&d);
	digest_md5_add(&d, p, len);
	digest_md5_out(&d, out);
}
