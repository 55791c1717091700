/* Random numbers that are the same in every run. */
#ifndef WS_TESTS_DICE_H
#define WS_TESTS_DICE_H

#include <stdint.h>

static uint64_t random_state = 88172645463325252U;

static uint64_t dice(uint64_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 11) % n;
}

#endif
