/* PEM blocks. */
#include "net/pem.h"

#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/mem.h"

enum { MARK_MAX = 64 };

/* Split at the first `mark`; false when it is not there. */
static bool cut_at(struct str s, const char *mark_text, struct str *before, struct str *after)
{
	struct str mark = str_of(mark_text);
	for (size_t i = 0; i + mark.len <= s.len; i++) {
		const char *p = memchr(s.p + i, mark.p[0], s.len - i);
		if (p == NULL)
			return false;
		i = (size_t)(p - s.p);
		if (str_starts(str_skip(s, i), mark)) {
			*before = str_head(s, i);
			*after = str_skip(s, i + mark.len);
			return true;
		}
	}
	return false;
}

static int decode(struct str block, struct buf *der)
{
	BUF_AUTO base64 = buf_make(2 * der->max);
	while (block.len > 0) {
		struct str line;
		str_cut(block, '\n', &line, &block);
		buf_add_str(&base64, str_trim(line));
	}
	int r = base64.too_large ? -1 : codec_unbase64(buf_str(&base64), der);
	mem_wipe(base64.p, base64.len); /* it may be a key */
	return r;
}

int pem_next(struct str *text, const char *label, struct buf *der)
{
	char begin[MARK_MAX], end[MARK_MAX];
	struct str before, block;
	snprintf(begin, sizeof(begin), "-----BEGIN %s-----", label);
	snprintf(end, sizeof(end), "-----END %s-----", label);
	buf_clear(der);
	if (!cut_at(*text, begin, &before, text) || !cut_at(*text, end, &block, text))
		return 0;
	return decode(block, der) < 0 || der->too_large ? -1 : 1;
}
