/* SHA-256 by the SHA extensions of x86-64: two rounds an instruction, four words of schedule at a time. */
#include "crypto/digest_native.h"

#include <immintrin.h>

#include "crypto/cpu.h"

/* The instructions want the state as the vectors ABEF and CDGH. */
struct vectors {
	__m128i abef, cdgh;
};

CPU_TARGET("sha,sse4.1,ssse3")
static inline struct vectors vectors_load(const uint32_t state[8])
{
	__m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i_u *)state), 0xb1);
	__m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i_u *)(state + 4)), 0x1b);

	return (struct vectors){ _mm_alignr_epi8(cdab, efgh, 8),
		                 _mm_blend_epi16(efgh, cdab, 0xf0) };
}

CPU_TARGET("sha,sse4.1,ssse3")
static inline void vectors_store(struct vectors v, uint32_t state[8])
{
	__m128i feba = _mm_shuffle_epi32(v.abef, 0x1b);
	__m128i dchg = _mm_shuffle_epi32(v.cdgh, 0xb1);

	_mm_storeu_si128((__m128i_u *)state, _mm_blend_epi16(feba, dchg, 0xf0));
	_mm_storeu_si128((__m128i_u *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

/* Words 4g to 4g+3 of the schedule from the sixteen before them (w[(g + i) % 4] holds group g - 4 + i). */
CPU_TARGET("sha,sse4.1,ssse3")
static inline __m128i schedule(const __m128i w[4], size_t g)
{
	__m128i sum = _mm_sha256msg1_epu32(w[g % 4], w[(g + 1) % 4]);

	sum = _mm_add_epi32(sum, _mm_alignr_epi8(w[(g + 3) % 4], w[(g + 2) % 4], 4));
	return _mm_sha256msg2_epu32(sum, w[(g + 3) % 4]);
}

CPU_TARGET("sha,sse4.1,ssse3")
static inline struct vectors block_add(struct vectors v, const unsigned char *block)
{
	const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	const struct vectors before = v;
	__m128i w[4];

#pragma GCC unroll 16
	for (size_t g = 0; g < 16; g++) {
		__m128i k = _mm_loadu_si128((const __m128i_u *)(digest_sha256_k + 4 * g));

		if (g < 4) {
			__m128i raw = _mm_loadu_si128((const __m128i_u *)(block + 16 * g));
			w[g] = _mm_shuffle_epi8(raw, big_endian);
		} else {
			w[g % 4] = schedule(w, g);
		}
		k = _mm_add_epi32(k, w[g % 4]);
		v.cdgh = _mm_sha256rnds2_epu32(v.cdgh, v.abef, k);
		v.abef = _mm_sha256rnds2_epu32(v.abef, v.cdgh, _mm_shuffle_epi32(k, 0x0e));
	}
	v.abef = _mm_add_epi32(v.abef, before.abef);
	v.cdgh = _mm_add_epi32(v.cdgh, before.cdgh);
	return v;
}

CPU_TARGET("sha,sse4.1,ssse3")
void digest_native_blocks(uint32_t state[8], const unsigned char *blocks, size_t count)
{
	struct vectors v = vectors_load(state);

	for (size_t i = 0; i < count; i++)
		v = block_add(v, blocks + 64 * i);
	vectors_store(v, state);
}

/* The CPU runs the rounds of the one while those of the other wait. */
CPU_TARGET("sha,sse4.1,ssse3")
void digest_native_two(uint32_t state_a[8], const unsigned char *a, uint32_t state_b[8],
                       const unsigned char *b, size_t count)
{
	struct vectors v = vectors_load(state_a), u = vectors_load(state_b);

	for (size_t i = 0; i < count; i++) {
		v = block_add(v, a + 64 * i);
		u = block_add(u, b + 64 * i);
	}
	vectors_store(v, state_a);
	vectors_store(u, state_b);
}
