/* The state of an object and its last bytes in one request, which is what readers of archives begin with. */
#include <stdio.h>

#include "base/mem.h"
#include "s3/s3_request.h"
#include "s3/s3_source.h"

/* Read the body, which has to be so long. */
static int read_body(struct s3_reply *reply, unsigned char *p, size_t len, struct err *e)
{
	size_t done = 0;
	while (done < len) {
		size_t got = 0;
		if (s3_reply_read(reply, p + done, len - done, &got, e))
			return -1;
		if (got == 0)
			return err_set(e, ERR_KIND_TRY_AGAIN, "the answer is shorter than it says");
		done += got;
	}
	return s3_reply_end(reply, e);
}

/* Whether the answer is the end of the object and nothing else. */
static bool is_tail(const struct s3_reply *r, size_t max)
{
	return r->status == 206 && r->has_range && r->range_last + 1 == r->range_total &&
	       r->range_last - r->range_first < max &&
	       (!r->has_size || r->object.size_bytes == r->range_last - r->range_first + 1);
}

/* A server that knows no such range says so, or sends something else. */
static bool not_understood(const struct err *e)
{
	return e->status == 400 || e->status == 405 || e->status == 416 || e->status == 501;
}

int s3_tail(struct s3 *s3, struct str bucket, struct str key, size_t max, struct s3_tail *out,
            struct err *e)
{
	S3_REPLY_AUTO reply = { .s3 = NULL };
	struct err why = ERR_INIT;
	char range[32];
	struct s3_request r = s3_request_make("GET", bucket, key);
	r.stream = true;
	snprintf(range, sizeof(range), "bytes=-%zu", max);
	s3_request_header(&r, S("Range"), str_of(range));
	*out = (struct s3_tail){ .len = 0 };
	if (s3_request_run(s3, &r, &reply, &why)) {
		if (not_understood(&why))
			return 0;
		*e = why;
		return -1;
	}
	if (is_tail(&reply, max)) {
		out->object = reply.object;
		out->object.size_bytes = reply.range_total;
		out->len = (size_t)(reply.range_last - reply.range_first + 1);
		out->bytes = mem_new(out->len, 1);
		if (read_body(&reply, out->bytes, out->len, &why) == 0)
			return 1;
		mem_free(out->bytes);
	}
	s3_conn_drop(reply.conn);
	reply.conn = NULL;
	return 0;
}
