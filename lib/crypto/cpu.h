/*
 * What this CPU can do beyond the base of its architecture, and how a function is compiled for it. The
 * compiler's runtime asks the CPU once, before main: CPUID costs microseconds in a virtual machine.
 */
#ifndef WS_CRYPTO_CPU_H
#define WS_CRYPTO_CPU_H

#include "base/defs.h"

#define CPU_TARGET(features) __attribute__((target(features)))

/* The SSE4.2 CRC-32C instruction. */
static inline bool cpu_has_crc32c(void)
{
	return __builtin_cpu_supports("sse4.2");
}

/* Multiplication without carries, of which CRCs of any polynomial are made. */
static inline bool cpu_has_clmul(void)
{
	return __builtin_cpu_supports("pclmul");
}

/* The SHA-256 instructions, with the shuffles that they need. */
static inline bool cpu_has_sha256(void)
{
#if defined(__clang__)
	return false; /* its runtime does not tell; we ship what gcc makes */
#else
	return __builtin_cpu_supports("sha") && __builtin_cpu_supports("sse4.1");
#endif
}

#endif
