/* HEAD, PUT and DELETE of one object. */
#include "s3/s3_object.h"

#include <string.h>

#include "os/sys.h"
#include "s3/s3_checksum.h"
#include "s3/s3_request.h"

/* Ask for the first byte, of the object with this tag when it is not "". What follows of the body, maybe all of it, is not wanted. */
static int ask_byte(struct s3 *s3, struct str bucket, struct str key, bool settling,
                    const char *etag, struct s3_reply *reply, struct err *e)
{
	char quoted[S3_ETAG_QUOTED_MAX];
	struct s3_request r = s3_request_make("GET", bucket, key);
	r.stream = true;
	r.cleanup = settling;
	s3_request_header(&r, S("Range"), S("bytes=0-0"));
	if (etag[0] != '\0')
		s3_request_header(&r, S("If-Match"), s3_etag_quote(etag, quoted));
	int rc = s3_request_run(s3, &r, reply, e);
	s3_conn_drop(reply->conn);
	reply->conn = NULL;
	return rc;
}

/* Of an answer to HEAD that says no length (proxies leave it out): ask what one byte is of. */
static int ask_size(struct s3 *s3, struct str bucket, struct str key, bool settling,
                    struct s3_object *o, struct err *e)
{
	S3_REPLY_AUTO reply = { .s3 = NULL };
	int rc = ask_byte(s3, bucket, key, settling, o->etag, &reply, e);
	if (rc && e->status == 416) {
		err_clear(e);
		o->size_bytes = 0;
		return 0;
	}
	if (rc == 0 && !reply.has_range && (reply.status == 206 || !reply.has_size))
		return err_set(e, ERR_KIND_DATA, "the server does not say how long the object is");
	o->size_bytes = reply.has_range ? reply.range_total : reply.object.size_bytes;
	return rc;
}

int s3_object_head(struct s3 *s3, struct str bucket, struct str key, bool settling,
                   struct s3_object *out, struct s3_claim *claim, struct err *e)
{
	S3_REPLY_AUTO reply = { .s3 = NULL };
	struct s3_request r = s3_request_make("HEAD", bucket, key);
	r.cleanup = settling;
	if (claim && s3->verify)
		s3_request_header(&r, S("x-amz-checksum-mode"), S("ENABLED"));
	if (s3_request_run(s3, &r, &reply, e))
		return -1;
	*out = reply.object;
	if (!reply.has_size && ask_size(s3, bucket, key, settling, out, e))
		return -1;
	if (claim)
		*claim = reply.claim;
	/* The header is left out for the usual class. */
	if (out->storage_class[0] == '\0')
		memcpy(out->storage_class, "STANDARD", sizeof("STANDARD"));
	return 0;
}

static int head_once(struct s3 *s3, struct str bucket, struct str key, struct s3_object *out,
                     struct err *e)
{
	return s3_object_head(s3, bucket, key, false, out, NULL, e);
}

/* A refused HEAD has no body to say why. Ask for one byte: 1 when that is answered, -1 with the reason. */
static int ask_why(struct s3 *s3, struct str bucket, struct str key, struct err *e)
{
	S3_REPLY_AUTO reply = { .s3 = NULL };
	if (ask_byte(s3, bucket, key, false, "", &reply, e) && e->status != 416)
		return -1;
	return 1;
}

static int head(struct s3 *s3, struct str bucket, struct str key, struct s3_object *out,
                struct err *e)
{
	struct err why = ERR_INIT;
	if (head_once(s3, bucket, key, out, e) == 0)
		return 0;
	if (e->status < 400 || e->status >= 500 || e->code[0] != '\0')
		return -1;
	if (ask_why(s3, bucket, key, &why) > 0) {
		err_clear(e);
		return head_once(s3, bucket, key, out, e);
	}
	if (why.status > 0)
		*e = why;
	return -1;
}

int s3_head(struct s3 *s3, struct str bucket, struct str key, struct s3_object *out, struct err *e)
{
	if (key.len == 0)
		return err_set(e, ERR_KIND_USAGE, "an object needs a key: s3://%" STR_FMT "/KEY",
		               STR_ARG(bucket));
	return head(s3, bucket, key, out, e) ? s3_error_context(e, "head", bucket, key) : 0;
}

struct put {
	struct s3 *s3;
	struct str bucket, key;
	const struct http_body *body;
	struct s3_put how;
	struct blob_id *id;
	bool bare_tag; /* If-Match without quotes */
	bool repeated;
};

static void bare_if_match(struct s3_request *r, const struct s3_put *how)
{
	for (size_t i = 0; i < r->header_count && i < S3_REQUEST_HEADERS_MAX; i++)
		if (str_is(r->headers[i].name, "If-Match"))
			r->headers[i].value = str_of(how->if_match);
}

static void keep_id(const struct put *p, const struct s3_object *o)
{
	if (!p->id)
		return;
	p->id->size_bytes = o->size_bytes;
	memcpy(p->id->etag, o->etag, sizeof(p->id->etag));
}

/* Success without an ETag may be that of something else on the way: what is there now? */
static int settle(const struct put *p, struct s3_object *now, struct err *e)
{
	if (head(p->s3, p->bucket, p->key, now, e)) {
		if (e->kind == ERR_KIND_NOT_FOUND)
			e->kind = ERR_KIND_TRY_AGAIN;
		return err_context(e, "the answer has no ETag");
	}
	if (now->size_bytes != p->body->len)
		return err_set(e, ERR_KIND_DATA,
		               "the answer has no ETag, and the object another size");
	return 0;
}

static int put_step(struct put *p, int step, struct err *e)
{
	S3_REPLY_AUTO reply = { .s3 = NULL };
	char etag[S3_ETAG_QUOTED_MAX], checksum[S3_SUM_TEXT_MAX];
	struct s3_request r = s3_request_make("PUT", p->bucket, p->key);
	r.body = p->body;
	if (s3_request_put_headers(&r, &p->how, etag, e) ||
	    s3_checksum_add(p->s3, step, &r, checksum, e))
		return -1;
	if (p->bare_tag)
		bare_if_match(&r, &p->how);
	int result = s3_request_run(p->s3, &r, &reply, e);
	p->repeated |= reply.repeated;
	if (result)
		return -1;
	reply.object.size_bytes = p->body->len;
	if (reply.object.etag[0] == '\0' && settle(p, &reply.object, e))
		return -1;
	keep_id(p, &reply.object);
	return 0;
}

/* Down the ladder of checksums; where it ends well the next upload begins. */
static int put_once(struct put *p, struct err *e)
{
	for (int step = atomic_load(&p->s3->checksum);; step++) {
		struct err why = ERR_INIT;
		if (put_step(p, step, &why) == 0) {
			atomic_store(&p->s3->checksum, step);
			return 0;
		}
		if (s3_checksum_refused(step, &why))
			continue;
		*e = why;
		return -1;
	}
}

/* 412 after an answer that never came may be our own success; its save id tells. */
static bool is_ours(const struct put *p, const struct s3_object *now)
{
	return p->repeated && p->how.save_id && strcmp(p->how.save_id, now->save_id) == 0 &&
	       now->size_bytes == p->body->len;
}

static int look_into_conflict(struct put *p, struct err *e)
{
	struct s3_object now;
	struct err ignored = ERR_INIT;
	if (head(p->s3, p->bucket, p->key, &now, &ignored))
		return -1;
	if (is_ours(p, &now)) {
		err_clear(e);
		keep_id(p, &now);
		return 0;
	}
	/* Ceph up to 18 compares If-Match of a PUT with the quotes still on it. */
	if (!p->how.if_match || strcmp(p->how.if_match, now.etag) != 0)
		return -1;
	err_clear(e);
	p->bare_tag = true;
	return put_once(p, e);
}

static bool is_conditional(const struct s3_put *how)
{
	return how->if_match || how->if_none_match;
}

int s3_object_may_put(struct s3 *s3, struct str bucket, struct str key, const struct s3_put *put,
                      bool parts, struct err *e)
{
	if (!put || !is_conditional(put))
		return 0;
	enum s3_condition create = parts ? S3_CONDITION_CREATE_COMPLETE : S3_CONDITION_CREATE;
	enum s3_condition replace = parts ? S3_CONDITION_REPLACE_COMPLETE : S3_CONDITION_REPLACE;
	if ((put->if_none_match && s3_conditional_require(s3, bucket, key, create, e)) ||
	    (put->if_match && s3_conditional_require(s3, bucket, key, replace, e)))
		return s3_error_context(e, "put", bucket, key);
	return 0;
}

int s3_object_put(struct s3 *s3, struct str bucket, struct str key, const struct http_body *body,
                  const struct s3_put *put, struct blob_id *id, struct err *e)
{
	char own_id[10];
	struct put p = { .s3 = s3, .bucket = bucket, .key = key, .body = body, .id = id };
	if (put)
		p.how = *put;
	/* So that a conflict with ourselves can be told from one with others. */
	if (is_conditional(&p.how) && !p.how.save_id) {
		sys_random_name(own_id);
		p.how.save_id = own_id;
	}
	if (key.len == 0)
		return err_set(e, ERR_KIND_USAGE, "an object needs a key: s3://%" STR_FMT "/KEY",
		               STR_ARG(bucket));
	if (put_once(&p, e) == 0 || (e->status == 412 && look_into_conflict(&p, e) == 0))
		return 0;
	/* AWS says so when If-Match names an object that is not there. */
	if (p.how.if_match && e->status == 404 && str_is(S("NoSuchKey"), e->code))
		e->kind = ERR_KIND_CONFLICT;
	return s3_error_context(e, "put", bucket, key);
}

int s3_put_bytes(struct s3 *s3, struct str bucket, struct str key, const void *p, size_t len,
                 const struct s3_put *put, struct blob_id *id, struct err *e)
{
	struct http_body body = { .len = len, .bytes = len > 0 ? p : "" };
	if (s3_object_may_put(s3, bucket, key, put, false, e))
		return -1;
	return s3_object_put(s3, bucket, key, &body, put, id, e);
}

int s3_delete(struct s3 *s3, struct str bucket, struct str key, struct err *e)
{
	S3_REPLY_AUTO reply = { .s3 = NULL };
	struct s3_request r = s3_request_make("DELETE", bucket, key);
	if (key.len == 0)
		return err_set(e, ERR_KIND_USAGE, "an object needs a key: s3://%" STR_FMT "/KEY",
		               STR_ARG(bucket));
	if (s3_request_run(s3, &r, &reply, e) == 0)
		return 0;
	if (e->status == 404 && !str_is(S("NoSuchBucket"), e->code)) {
		err_clear(e);
		return 0;
	}
	return s3_error_context(e, "delete", bucket, key);
}
