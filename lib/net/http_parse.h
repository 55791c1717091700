/*
 * Incremental parser of an HTTP/1.1 response (RFC 9112): status line, fields, and the framing of the body.
 * No input/output, no allocation; feed bytes as they come, at any split. Strict: bare LF, obs-fold, NUL,
 * two different lengths, length together with chunked, sizes that overflow are refused.
 */
#ifndef WS_NET_HTTP_PARSE_H
#define WS_NET_HTTP_PARSE_H

#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"

enum {
	HTTP_HEAD_MAX = 65536, /* status line and fields together */
	HTTP_FIELDS_MAX = 128,
	HTTP_CHUNK_LINE_MAX = 1024,
	HTTP_TRAILERS_MAX = 8192,
};

struct http_field {
	struct str name, value; /* views of the head text; value trimmed */
};

struct http_head {
	int status; /* 100 to 599 */
	bool keep_alive;
	bool chunked;
	bool has_length;
	uint64_t length;
	struct http_field fields[HTTP_FIELDS_MAX];
	size_t field_count;
};

/* Find the end of the head in `text`: the head's size in bytes with the empty line, 0 when more is needed,
 * -1 when it can't be a head (too long, garbage at the start). */
ptrdiff_t http_parse_find_end(struct str text);
/* Parse a complete head; views stay valid as long as `text`. Errors: DATA, with the RFC section. */
int http_parse_head(struct str text, struct http_head *out, struct err *e) MUST_CHECK;
/* The first value of a field, name without case; the empty view when absent. */
struct str http_parse_field(const struct http_head *h, const char *name);

/* Decoder of the chunked coding. Zero it to start. */
struct http_chunked {
	unsigned state;
	uint64_t left;
	size_t line_len;
	bool done;
};
/* Take bytes from `in` (*used of them); the content found is in[*from .. *from+*len). Call until *used ==
 * in.len or c->done. Errors: DATA. */
int http_parse_chunked(struct http_chunked *c, struct str in, size_t *used, size_t *from,
                       size_t *len, struct err *e) MUST_CHECK;

#endif
