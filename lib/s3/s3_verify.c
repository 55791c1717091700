/* Sums of content as it came, by parts where the server's are. */
#include "s3/s3_verify.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "os/file.h"

enum { STEP = 1 << 17 };

bool s3_verify_is_off(const struct s3_verify *v)
{
	return v->claim.kind == S3_SUM_NONE;
}

/* The size of a part; 0: the server does not say. That of the first is that of all but the last, as most clients make
 * them. */
static uint64_t ask_part_size(const struct s3_verify *v, uint64_t number)
{
	struct err ignored = ERR_INIT;
	char quoted[S3_ETAG_QUOTED_MAX], text[24];
	S3_REPLY_AUTO reply = { .s3 = NULL };
	struct s3_request r = s3_request_make("HEAD", v->bucket, v->key);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	s3_request_query(&r, "partNumber", str_of(text));
	s3_request_header(&r, S("If-Match"), s3_etag_quote(v->object->etag, quoted));
	if (s3_request_run(v->s3, &r, &reply, &ignored) || !reply.has_size)
		return 0;
	return reply.object.size_bytes;
}

/* Whether a part is known to be of another size than the first one: then the sums were of other bytes. */
static bool parts_differ(const struct s3_verify *v)
{
	for (uint64_t number = 2; number < v->claim.parts; number++) {
		uint64_t size = ask_part_size(v, number);
		if (size > 0 && size != v->part_size)
			return true;
	}
	return false;
}

void s3_verify_begin(struct s3_verify *v, struct s3 *s3, struct str bucket, struct str key,
                     const struct s3_object *object, const struct s3_claim *claim)
{
	uint64_t size = object->size_bytes;
	*v = (struct s3_verify){
		.claim = *claim, .s3 = s3, .bucket = bucket, .key = key, .object = object
	};
	if (!s3->verify)
		v->claim.kind = S3_SUM_NONE;
	if (claim->parts > 0 && !s3_verify_is_off(v)) {
		uint64_t part = claim->parts == 1 ? size : ask_part_size(v, 1);
		if (part == 0 || size / part + (size % part > 0) != claim->parts)
			v->claim.kind = S3_SUM_NONE;
		v->part_size = part;
	}
	s3_sum_init(&v->sum, v->claim.kind);
	s3_sum_init(&v->part, v->claim.kind);
}

static void end_part(struct s3_verify *v)
{
	unsigned char bytes[S3_SUM_BYTES_MAX];
	s3_sum_add(&v->sum, bytes, s3_sum_out(&v->part, bytes));
	s3_sum_init(&v->part, v->claim.kind);
	v->part_len = 0;
}

void s3_verify_add(struct s3_verify *v, const void *p, size_t len)
{
	const char *from = p;
	if (v->part_size == 0) {
		s3_sum_add(&v->sum, p, len);
		return;
	}
	while (len > 0) {
		uint64_t room = v->part_size - v->part_len;
		size_t take = len < room ? len : (size_t)room;
		s3_sum_add(&v->part, from, take);
		v->part_len += take;
		from += take;
		len -= take;
		if (v->part_len == v->part_size)
			end_part(v);
	}
}

int s3_verify_end(struct s3_verify *v, struct err *e)
{
	char text[S3_SUM_TEXT_MAX];
	if (s3_verify_is_off(v))
		return 0;
	if (v->part_len > 0)
		end_part(v);
	if (strcmp(s3_sum_text(&v->sum, text), v->claim.value) == 0 || parts_differ(v))
		return 0;
	return err_set(e, ERR_KIND_DATA, "what came is not what the object's %s says",
	               s3_sum_header(v->claim.kind));
}

int s3_verify_file(struct s3_verify *v, int fd, uint64_t size, struct err *e)
{
	if (s3_verify_is_off(v))
		return 0;
	MEM_AUTO char *step = mem_new(1, STEP);
	for (uint64_t at = 0; at < size;) {
		size_t got = 0;
		if (file_pread(fd, step, size - at < STEP ? (size_t)(size - at) : STEP, at, &got, e,
		               "the file"))
			return -1;
		if (got == 0)
			return err_set(e, ERR_KIND_IO, "the file became shorter");
		s3_verify_add(v, step, got);
		at += got;
	}
	return s3_verify_end(v, e);
}
