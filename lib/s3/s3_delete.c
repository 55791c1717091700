/* DeleteObjects: up to 1,000 keys in one request. */
#include "base/codec.h"
#include "base/mem.h"
#include "crypto/digest.h"
#include "s3/s3_request.h"
#include "s3/xml.h"

enum { KEYS_MAX = 1000, DOCUMENT_MAX = 8 << 20, LEAF_MAX = 65536 };

/* One call. */
struct deletion {
	struct s3 *s3;
	struct str bucket;
	const struct str *keys;
	size_t count;
	struct s3_refusal *refused;
	size_t refused_count;
};

static void add_refusal(struct deletion *d, struct str key, const struct err *why)
{
	if (d->refused_count == d->count)
		return;
	if ((d->refused_count & (d->refused_count - 1)) == 0)
		d->refused = mem_grow(d->refused, d->refused_count > 0 ? d->refused_count * 2 : 1,
		                      sizeof(*d->refused));
	d->refused[d->refused_count++] = (struct s3_refusal){ .key = key, .err = *why };
}

/* What is wrong with the key alone is a refusal; else the call fails. */
static int delete_one(struct deletion *d, struct str key, struct err *e)
{
	struct err why = ERR_INIT;
	if (s3_delete(d->s3, d->bucket, key, &why) == 0)
		return 0;
	if (why.status == 0 || why.retryable) {
		*e = why;
		return -1;
	}
	add_refusal(d, key, &why);
	return 0;
}

static int delete_all(struct deletion *d, struct err *e)
{
	for (size_t i = 0; i < d->count; i++)
		if (delete_one(d, d->keys[i], e))
			return -1;
	return 0;
}

/* Append one <Object>; a key that XML cannot hold leaves nothing behind and gives false. */
static bool add_object(struct str key, struct buf *out)
{
	size_t before = out->len;
	buf_add_text(out, "<Object><Key>");
	if (xml_escape(key, out)) {
		buf_truncate(out, before);
		return false;
	}
	buf_add_text(out, "</Key></Object>");
	return true;
}

static void keep(struct str value, char *out, size_t cap)
{
	if (str_copy(str_head(value, cap - 1), out, cap))
		out[0] = '\0';
}

/* An <Error> of the answer is complete. That a key was not there is none. */
static void take_error(struct deletion *d, struct str key, const struct s3_error *error,
                       const struct credentials *keys)
{
	struct err why = ERR_INIT;
	if (str_is(S("NoSuchKey"), error->code))
		return;
	int status = str_is(S("AccessDenied"), error->code) ? 403 : 500;
	s3_error_set(status, error, keys, &why);
	s3_error_context(&why, "delete", d->bucket, key);
	for (size_t i = 0; i < d->count; i++)
		if (str_eq(d->keys[i], key)) {
			add_refusal(d, d->keys[i], &why);
			return;
		}
}

static void take_answer(struct deletion *d, const struct s3_reply *reply)
{
	struct err ignored = ERR_INIT;
	struct s3_error error = { .code = "" };
	struct xml x;
	BUF_AUTO text = buf_make(LEAF_MAX);
	BUF_AUTO key = buf_make(LEAF_MAX);
	xml_open(&x, str_trim(buf_str(&reply->body)));
	while (xml_next_close(&x, &text, &ignored) > 0) {
		if (xml_inside(&x, "DeleteResult", "Error")) {
			if (str_is(x.name, "Code"))
				keep(buf_str(&text), error.code, sizeof(error.code));
			if (str_is(x.name, "Message"))
				keep(buf_str(&text), error.message, sizeof(error.message));
			if (str_is(x.name, "Key")) {
				buf_clear(&key);
				buf_add_str(&key, buf_str(&text));
			}
		}
		if (xml_inside(&x, "DeleteResult", NULL) && str_is(x.name, "Error")) {
			take_error(d, buf_str(&key), &error, keyring_value(reply->keys));
			error = (struct s3_error){ .code = "" };
		}
	}
}

static int send_list(struct deletion *d, struct buf *document, struct err *e)
{
	unsigned char md5[DIGEST_MD5_LEN];
	BUF_AUTO md5_text = buf_make(64);
	S3_REPLY_AUTO reply = { .s3 = NULL };
	buf_add_text(document, "</Delete>");
	if (buf_check(document, e, "the list of keys"))
		return -1;
	struct http_body body = { .len = document->len, .bytes = document->p };
	struct s3_request r = s3_request_make("POST", d->bucket, S(""));
	digest_md5_of(document->p, document->len, md5);
	codec_base64(md5, sizeof(md5), &md5_text);
	s3_request_query(&r, "delete", S(""));
	s3_request_header(&r, S("Content-MD5"), buf_str(&md5_text));
	s3_request_header(&r, S("Content-Type"), S("application/xml"));
	r.body = &body;
	r.root = "DeleteResult";
	r.slow = true;
	if (s3_request_run(d->s3, &r, &reply, e))
		return -1;
	take_answer(d, &reply);
	return 0;
}

static bool is_missing(const struct err *e)
{
	return e->status == 501 || e->status == 405 || str_is(S("NotImplemented"), e->code);
}

static int run(struct deletion *d, struct err *e)
{
	BUF_AUTO document = buf_make(DOCUMENT_MAX);
	size_t listed = 0;
	if (d->count > KEYS_MAX)
		return err_set(e, ERR_KIND_BUG, "more than %d keys to delete at once", KEYS_MAX);
	if (atomic_load(&d->s3->single_delete))
		return delete_all(d, e);
	buf_add_text(&document, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
	                        "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
	                        "<Quiet>true</Quiet>");
	for (size_t i = 0; i < d->count; i++) {
		if (add_object(d->keys[i], &document))
			listed++;
		else if (delete_one(d, d->keys[i], e))
			return -1;
	}
	if (listed == 0 || send_list(d, &document, e) == 0)
		return 0;
	if (!is_missing(e))
		return s3_error_context(e, "delete from", d->bucket, S(""));
	err_clear(e);
	atomic_store(&d->s3->single_delete, true);
	return delete_all(d, e);
}

int s3_delete_listed(struct s3 *s3, struct str bucket, const struct str *keys, size_t count,
                     struct s3_refusal **refused, size_t *refused_count, struct err *e)
{
	struct deletion d = { .s3 = s3, .bucket = bucket, .keys = keys, .count = count };
	int result = run(&d, e);
	*refused = d.refused;
	*refused_count = d.refused_count;
	return result;
}

int s3_delete_many(struct s3 *s3, struct str bucket, const struct str *keys, size_t count,
                   struct err *e)
{
	size_t refused_count = 0;
	struct s3_refusal *refused = NULL;
	int result = s3_delete_listed(s3, bucket, keys, count, &refused, &refused_count, e);
	if (result == 0 && refused_count > 0) {
		*e = refused[0].err;
		result = -1;
	}
	mem_free(refused);
	return result;
}
