/* The four requests of a multipart upload. What a lost answer meant is settled in s3_settle.c. */
#include "s3/s3_multipart.h"

#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "os/sys.h"
#include "s3/s3_request.h"
#include "s3/s3_settle.h"
#include "s3/xml.h"

enum {
	NUMBER_MAX = 24,
	LEAF_MAX = 65536,
	DOCUMENT_MAX = 8 << 20,
	ABORTS_MAX = 5,
	ABORT_WAIT_MS = 200
};

static const uint64_t mib = 1 << 20;
static const uint64_t part_most = (uint64_t)5 << 30;

static uint64_t share(uint64_t size, uint64_t parts)
{
	uint64_t each = size / parts + (size % parts > 0);
	return (each + mib - 1) / mib * mib;
}

uint64_t s3_multipart_part_size(const struct s3 *s3, uint64_t size)
{
	uint64_t part = s3->part_size > 0 ? s3->part_size : S3_MULTIPART_PART_LEAST;
	uint64_t least = share(size, s3->part_size > 0 ? S3_PARTS_MAX : S3_PARTS_FEW);
	/* No server takes larger ones: then there are more. */
	if (least > part_most)
		least = part_most;
	return part > least ? part : least;
}

int s3_multipart_check_size(uint64_t size, struct err *e)
{
	if (size <= S3_PARTS_MAX * part_most)
		return 0;
	return err_set(e, ERR_KIND_UNAVAILABLE,
	               "%llu bytes are more than %d parts of 5 GiB, and no object has more",
	               (unsigned long long)size, S3_PARTS_MAX);
}

/* The text of a leaf inside the root element, into `out`; false when absent or too long. */
static bool leaf(struct str body, const char *root, const char *name, char *out, size_t cap)
{
	struct err ignored = ERR_INIT;
	struct xml x;
	BUF_AUTO text = buf_make(LEAF_MAX);
	xml_open(&x, str_trim(body));
	while (xml_next_close(&x, &text, &ignored) > 0)
		if (xml_inside(&x, root, NULL) && str_is(x.name, name))
			return str_copy(str_trim(buf_str(&text)), out, cap) == 0 && out[0] != '\0';
	return false;
}

/* Conditions are for the completion. */
static struct s3_put without_conditions(const struct s3_put *put)
{
	struct s3_put plain = *put;
	plain.if_match = NULL;
	plain.if_none_match = false;
	return plain;
}

void s3_multipart_adopt(struct s3_multipart *m, struct s3 *s3, struct str bucket, struct str key,
                        const struct s3_put *put, const char *upload_id)
{
	*m = (struct s3_multipart){ .s3 = s3, .bucket = bucket, .key = key };
	mutex_init(&m->lock);
	if (put)
		m->put = *put;
	if ((m->put.if_match || m->put.if_none_match) && !m->put.save_id) {
		sys_random_name(m->own_id);
		m->put.save_id = m->own_id;
	}
	if (str_copy(str_of(upload_id), m->upload_id, sizeof(m->upload_id)))
		m->upload_id[0] = '\0';
}

int s3_multipart_begin(struct s3_multipart *m, struct s3 *s3, struct str bucket, struct str key,
                       const struct s3_put *put, struct err *e)
{
	static const char root[] = "InitiateMultipartUploadResult";
	S3_REPLY_AUTO reply = { .s3 = NULL };
	char etag[S3_ETAG_QUOTED_MAX];
	struct s3_request r = s3_request_make("POST", bucket, key);
	s3_multipart_adopt(m, s3, bucket, key, put, "");
	struct s3_put plain = without_conditions(&m->put);
	s3_request_query(&r, "uploads", S(""));
	r.root = root;
	r.awaited = true;
	if (s3_request_put_headers(&r, &plain, etag, e) || s3_request_run(s3, &r, &reply, e))
		return err_context(e, "begin upload");
	if (!leaf(buf_str(&reply.body), root, "UploadId", m->upload_id, sizeof(m->upload_id)))
		return err_set(e, ERR_KIND_DATA,
		               "begin upload: the answer has no upload id that fits");
	return 0;
}

static void part_query(struct s3_request *r, const struct s3_multipart *m, uint64_t number,
                       char text[NUMBER_MAX])
{
	snprintf(text, NUMBER_MAX, "%llu", (unsigned long long)number);
	s3_request_query(r, "partNumber", str_of(text));
	s3_request_query(r, "uploadId", str_of(m->upload_id));
}

int s3_multipart_keep(struct s3_multipart *m, uint64_t number, const char *etag, uint64_t size,
                      struct err *e)
{
	if (etag[0] == '\0')
		return err_set(e, ERR_KIND_DATA, "the answer has no ETag that fits");
	mutex_lock(&m->lock);
	if (number > m->etag_count) {
		size_t count = number > m->etag_count * 2 ? (size_t)number : m->etag_count * 2;
		m->etags = mem_grow(m->etags, count, sizeof(*m->etags));
		memset(m->etags + m->etag_count, 0, (count - m->etag_count) * sizeof(*m->etags));
		m->etag_count = count;
	}
	mem_free(m->etags[number - 1]);
	m->etags[number - 1] = mem_text(etag);
	m->size_bytes += size;
	mutex_unlock(&m->lock);
	return 0;
}

int s3_multipart_put(struct s3_multipart *m, uint64_t number, const struct http_body *body,
                     struct err *e)
{
	S3_REPLY_AUTO reply = { .s3 = NULL };
	char text[NUMBER_MAX];
	struct s3_request r = s3_request_make("PUT", m->bucket, m->key);
	part_query(&r, m, number, text);
	r.body = body;
	if (number > S3_PARTS_MAX)
		err_set(e, ERR_KIND_UNAVAILABLE, "an upload has at most %d parts; use larger ones",
		        S3_PARTS_MAX);
	else if (s3_request_run(m->s3, &r, &reply, e) == 0 &&
	         s3_multipart_keep(m, number, reply.object.etag, body->len, e) == 0)
		return 0;
	return err_context(e, "upload part %s", text);
}

int s3_multipart_copy(struct s3_multipart *m, uint64_t number, struct str source, uint64_t from,
                      uint64_t length, struct err *e)
{
	static const char root[] = "CopyPartResult";
	S3_REPLY_AUTO reply = { .s3 = NULL };
	char text[NUMBER_MAX], range[64], etag[BLOB_ETAG_MAX] = "";
	char raw[S3_ETAG_QUOTED_MAX] = "";
	struct s3_request r = s3_request_make("PUT", m->bucket, m->key);
	part_query(&r, m, number, text);
	snprintf(range, sizeof(range), "bytes=%llu-%llu", (unsigned long long)from,
	         (unsigned long long)(from + length - 1));
	s3_request_header(&r, S("x-amz-copy-source"), source);
	s3_request_header(&r, S("x-amz-copy-source-range"), str_of(range));
	r.root = root;
	r.slow = true;
	if (s3_request_run(m->s3, &r, &reply, e) == 0) {
		if (leaf(buf_str(&reply.body), root, "ETag", raw, sizeof(raw)))
			s3_etag_keep(str_of(raw), etag);
		if (s3_multipart_keep(m, number, etag, length, e) == 0)
			return 0;
	}
	return err_context(e, "copy part %s", text);
}

static int add_parts(const struct s3_multipart *m, struct buf *out, struct err *e)
{
	buf_add_text(out,
	             "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	for (size_t i = 0; i < m->etag_count && m->etags[i]; i++) {
		char quoted[S3_ETAG_QUOTED_MAX];
		buf_printf(out, "<Part><PartNumber>%zu</PartNumber><ETag>", i + 1);
		if (xml_escape(s3_etag_quote(m->etags[i], quoted), out))
			return err_set(e, ERR_KIND_DATA, "the ETag of part %zu cannot be sent back",
			               i + 1);
		buf_add_text(out, "</ETag></Part>");
	}
	buf_add_text(out, "</CompleteMultipartUpload>");
	return buf_check(out, e, "the list of parts");
}

static int complete(struct s3_multipart *m, bool *repeated, struct err *e)
{
	BUF_AUTO document = buf_make(DOCUMENT_MAX);
	S3_REPLY_AUTO reply = { .s3 = NULL };
	char etag[S3_ETAG_QUOTED_MAX];
	struct s3_request r = s3_request_make("POST", m->bucket, m->key);
	if (add_parts(m, &document, e))
		return -1;
	struct http_body body = { .len = document.len, .bytes = document.p };
	s3_request_query(&r, "uploadId", str_of(m->upload_id));
	s3_request_header(&r, S("Content-Type"), S("application/xml"));
	if (m->put.if_match)
		s3_request_header(&r, S("If-Match"), s3_etag_quote(m->put.if_match, etag));
	if (m->put.if_none_match)
		s3_request_header(&r, S("If-None-Match"), S("*"));
	r.body = &body;
	r.root = "CompleteMultipartUploadResult";
	r.slow = true;
	int result = s3_request_run(m->s3, &r, &reply, e);
	*repeated = reply.repeated;
	return result;
}

int s3_multipart_complete(struct s3_multipart *m, struct blob_id *id, struct err *e)
{
	bool repeated = false;
	if ((complete(m, &repeated, e) && s3_settle_lost_answer(m, repeated, e)) ||
	    s3_settle_size(m, id, e))
		return err_context(e, "complete upload");
	return 0;
}

/* 1 when the server still shows parts, 0 when it shows none, -1 when it does not say. */
static int is_left(struct s3_multipart *m)
{
	struct err why = ERR_INIT;
	S3_REPLY_AUTO reply = { .s3 = NULL };
	struct s3_request r = s3_request_make("GET", m->bucket, m->key);
	r.cleanup = true;
	s3_request_query(&r, "uploadId", str_of(m->upload_id));
	r.root = "ListPartsResult";
	if (s3_request_run(m->s3, &r, &reply, &why) == 0)
		return str_has(buf_str(&reply.body), S("<Part>"));
	return why.status == 404 ? 0 : -1;
}

int s3_multipart_abort_said(struct s3_multipart *m, struct err *e)
{
	for (int i = 0; i < ABORTS_MAX; i++) {
		struct err why = ERR_INIT;
		S3_REPLY_AUTO reply = { .s3 = NULL };
		struct s3_request r = s3_request_make("DELETE", m->bucket, m->key);
		r.cleanup = true;
		s3_request_query(&r, "uploadId", str_of(m->upload_id));
		if (s3_request_run(m->s3, &r, &reply, &why) && why.status != 404) {
			*e = why;
			return -1;
		}
		if (is_left(m) <= 0)
			return 0;
		sys_sleep_ms(ABORT_WAIT_MS);
	}
	return err_set(e, ERR_KIND_TRY_AGAIN, "the server still shows parts of it");
}

bool s3_multipart_has(struct s3_multipart *m, uint64_t number)
{
	mutex_lock(&m->lock);
	bool there = number <= m->etag_count && m->etags[number - 1];
	mutex_unlock(&m->lock);
	return there;
}

void s3_multipart_abort(struct s3_multipart *m)
{
	struct err ignored = ERR_INIT;
	if (m->upload_id[0] != '\0')
		(void)!s3_multipart_abort_said(m, &ignored);
}

void s3_multipart_free(struct s3_multipart *m)
{
	for (size_t i = 0; i < m->etag_count; i++)
		mem_free(m->etags[i]);
	mem_free(m->etags);
	mutex_free(&m->lock);
	*m = (struct s3_multipart){ .s3 = NULL };
}
