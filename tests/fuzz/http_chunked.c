/* The chunked coding: the same content in one piece, byte by byte, and cut as the first bytes say. */
#include <string.h>

#include "base/buf.h"
#include "net/http_parse.h"
#include "tests/fuzz/fuzz.h"

/* Decode in pieces of `piece` bytes (0: one). Bytes used, or -1; *done when the end was there. */
static ptrdiff_t decode(struct str text, size_t piece, struct buf *out, bool *done)
{
	struct http_chunked c = { 0 };
	struct err e = ERR_INIT;
	size_t at = 0;
	while (at < text.len && !c.done) {
		size_t used, from, len;
		struct str in = str_skip(text, at);
		if (piece > 0)
			in = str_head(in, piece);
		if (http_parse_chunked(&c, in, &used, &from, &len, &e) != 0)
			return -1;
		assert(used > 0 && used <= in.len && from + len <= in.len);
		buf_add(out, in.p + from, len);
		at += used;
	}
	*done = c.done;
	return (ptrdiff_t)at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_from(data, size);
	size_t pieces[] = { 1, 1 + fuzz_byte(&text) };
	BUF_AUTO whole = buf_make(size);
	bool whole_done = false;
	ptrdiff_t end = decode(text, 0, &whole, &whole_done);
	for (size_t i = 0; i < COUNTOF(pieces); i++) {
		BUF_AUTO cut = buf_make(size);
		bool done = false;
		assert(decode(text, pieces[i], &cut, &done) == end);
		assert(end < 0 || (done == whole_done && str_eq(buf_str(&whole), buf_str(&cut))));
	}
	return 0;
}
