/* Multipart uploads that were begun and not ended: ListMultipartUploads, and aborting one. */
#include "base/codec.h"
#include "base/datetime.h"
#include "base/mem.h"
#include "s3/s3_multipart.h"
#include "s3/s3_request.h"
#include "s3/xml.h"

enum { TEXT_MAX = 1 << 16 };

static const char root[] = "ListMultipartUploadsResult";

struct s3_uploads {
	struct s3 *s3;
	char *bucket, *prefix;
	struct s3_reply reply; /* the present page */
	struct xml xml;
	struct buf text, key, id;
	struct buf key_marker, id_marker; /* where the next page starts */
	int64_t begun_ms;
	bool truncated, encoded, started, ended;
};

int s3_uploads_open(struct s3 *s3, struct str bucket, struct str prefix, struct s3_uploads **out,
                    struct err *e)
{
	if (bucket.len == 0)
		return err_set(e, ERR_KIND_USAGE, "a listing needs a bucket: s3://BUCKET");
	struct s3_uploads *u = mem_new(1, sizeof(*u));
	u->s3 = s3;
	u->bucket = mem_str(bucket);
	u->prefix = prefix.len > 0 ? mem_str(prefix) : mem_text("");
	u->reply = (struct s3_reply){ .s3 = s3, .body = buf_make(0) };
	u->text = buf_make(TEXT_MAX);
	u->key = buf_make(TEXT_MAX);
	u->id = buf_make(TEXT_MAX);
	u->key_marker = buf_make(TEXT_MAX);
	u->id_marker = buf_make(TEXT_MAX);
	*out = u;
	return 0;
}

void s3_uploads_close(struct s3_uploads *u)
{
	if (!u)
		return;
	s3_reply_free(&u->reply);
	buf_free(&u->text);
	buf_free(&u->key);
	buf_free(&u->id);
	buf_free(&u->key_marker);
	buf_free(&u->id_marker);
	mem_free(u->bucket);
	mem_free(u->prefix);
	mem_free(u);
}

void s3_uploads_close_auto(struct s3_uploads **u)
{
	s3_uploads_close(*u);
	*u = NULL;
}

static int set_key(const struct s3_uploads *u, struct buf *out, struct err *e)
{
	struct str value = buf_str(&u->text);
	buf_clear(out);
	if (!u->encoded)
		buf_add_str(out, value);
	else if (codec_unpercent(value, true, out))
		return err_set(e, ERR_KIND_DATA, "the listing has a key that is not url-encoded");
	return buf_check(out, e, "a key in the listing");
}

static void set(struct buf *out, struct str value)
{
	buf_clear(out);
	buf_add_str(out, value);
}

/* What a page says about itself; all of it is checked to be well-formed. */
static int read_page(struct s3_uploads *u, struct buf *next_key, struct buf *next_id, struct err *e)
{
	int more;
	u->truncated = u->encoded = false;
	xml_open(&u->xml, str_trim(buf_str(&u->reply.body)));
	while ((more = xml_next_close(&u->xml, &u->text, e)) > 0) {
		struct str name = u->xml.name, value = buf_str(&u->text);
		if (!xml_inside(&u->xml, root, NULL))
			continue;
		if (str_is(name, "IsTruncated"))
			u->truncated = str_is(value, "true");
		if (str_is(name, "EncodingType"))
			u->encoded = str_is(value, "url");
		if (str_is(name, "NextKeyMarker"))
			set(next_key, value);
		if (str_is(name, "NextUploadIdMarker"))
			set(next_id, value);
	}
	xml_open(&u->xml, str_trim(buf_str(&u->reply.body)));
	return more;
}

/* A server that names the same place again would never end. */
static int advance(struct s3_uploads *u, const struct buf *key, const struct buf *id, struct err *e)
{
	if (!u->truncated)
		return 0;
	set(&u->text, buf_str(key));
	struct str old_id = buf_str(&u->id_marker);
	bool same_id = str_eq(buf_str(id), old_id);
	BUF_AUTO next = buf_make(TEXT_MAX);
	if (set_key(u, &next, e))
		return -1;
	if (next.len == 0)
		return err_set(e, ERR_KIND_DATA,
		               "the listing is cut short without saying where to go on");
	if (same_id && str_eq(buf_str(&next), buf_str(&u->key_marker)))
		return err_set(e, ERR_KIND_DATA, "the listing repeats itself");
	set(&u->key_marker, buf_str(&next));
	set(&u->id_marker, buf_str(id));
	return 0;
}

static int fetch(struct s3_uploads *u, struct err *e)
{
	struct s3_request r = s3_request_make("GET", str_of(u->bucket), S(""));
	BUF_AUTO next_key = buf_make(TEXT_MAX);
	BUF_AUTO next_id = buf_make(TEXT_MAX);
	s3_request_query(&r, "uploads", S(""));
	/* Not asked to encode keys: Ceph 16 would, without saying so. */
	s3_request_query(&r, "prefix", str_of(u->prefix));
	if (u->key_marker.len > 0)
		s3_request_query(&r, "key-marker", buf_str(&u->key_marker));
	if (u->id_marker.len > 0)
		s3_request_query(&r, "upload-id-marker", buf_str(&u->id_marker));
	r.root = root;
	s3_reply_free(&u->reply);
	u->started = true;
	if (s3_request_run(u->s3, &r, &u->reply, e) || read_page(u, &next_key, &next_id, e))
		return -1;
	return advance(u, &next_key, &next_id, e);
}

static int take_field(struct s3_uploads *u, struct err *e)
{
	struct str name = u->xml.name, value = buf_str(&u->text);
	if (str_is(name, "Key"))
		return set_key(u, &u->key, e);
	if (str_is(name, "UploadId"))
		set(&u->id, value);
	if (str_is(name, "Initiated") && datetime_parse_iso(value, &u->begun_ms))
		return err_set(e, ERR_KIND_DATA, "the listing has a date that is none");
	return 0;
}

/* 1 an upload, 0 the end of the present page. */
static int next_of_page(struct s3_uploads *u, struct err *e)
{
	int more;
	buf_clear(&u->key);
	buf_clear(&u->id);
	u->begun_ms = 0;
	while ((more = xml_next_close(&u->xml, &u->text, e)) > 0) {
		if (xml_inside(&u->xml, root, "Upload") && take_field(u, e))
			return -1;
		if (!xml_inside(&u->xml, root, NULL) || !str_is(u->xml.name, "Upload"))
			continue;
		if (u->key.len == 0 || u->id.len == 0)
			return err_set(e, ERR_KIND_DATA,
			               "the listing has an upload without key or id");
		return 1;
	}
	return more;
}

static int next(struct s3_uploads *u, struct err *e)
{
	for (;;) {
		int got = u->started ? next_of_page(u, e) : 0;
		if (got != 0)
			return got;
		if (u->started && !u->truncated)
			u->ended = true;
		if (u->ended)
			return 0;
		if (fetch(u, e))
			return -1;
	}
}

int s3_uploads_next(struct s3_uploads *u, struct s3_upload *out, struct err *e)
{
	int got = u->ended ? 0 : next(u, e);
	*out = (struct s3_upload){ buf_str(&u->key), buf_str(&u->id), u->begun_ms };
	return got < 0 ? s3_error_context(e, "list uploads of", str_of(u->bucket),
	                                  str_of(u->prefix))
	               : got;
}

int s3_uploads_abort(struct s3 *s3, struct str bucket, struct str key, struct str id, struct err *e)
{
	struct s3_multipart m = { .s3 = s3, .bucket = bucket, .key = key };
	if (str_copy(id, m.upload_id, sizeof(m.upload_id)))
		return err_set(e, ERR_KIND_DATA, "the upload's id is too long");
	if (s3_multipart_abort_said(&m, e))
		return s3_error_context(e, "abort upload of", bucket, key);
	return 0;
}
