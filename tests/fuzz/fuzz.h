/*
 * What every fuzz target has: one function that takes any bytes. tests/fuzz/NAME.c is the target NAME; replay.c runs each file of
 * tests/fuzz/corpus/NAME in `make test`, `make fuzz T=NAME SECONDS=60` looks for new ones with libFuzzer. What must hold is said
 * with assert.
 */
#ifndef WS_TESTS_FUZZ_H
#define WS_TESTS_FUZZ_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Called again and again in one process, so it leaves nothing behind. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Take the next byte off *in; 0 at the end. */
UNUSED static unsigned fuzz_byte(struct str *in)
{
	unsigned byte = in->len > 0 ? (unsigned char)in->p[0] : 0;
	*in = str_skip(*in, 1);
	return byte;
}

/* Take a piece off *in: up to the next NUL, or all of it. */
UNUSED static struct str fuzz_piece(struct str *in)
{
	struct str piece;
	str_cut(*in, '\0', &piece, in);
	return piece;
}

/* Whether `view` lies inside `whole`; the empty view lies everywhere. */
UNUSED static bool fuzz_inside(struct str view, struct str whole)
{
	return view.len == 0 || (view.p >= whole.p && view.p + view.len <= whole.p + whole.len);
}

#endif
