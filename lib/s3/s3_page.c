/* Parsing ListBucketResult, versions 1 and 2. */
#include "s3/s3_page.h"

#include "base/codec.h"
#include "base/datetime.h"
#include "base/num.h"

enum { TEXT_MAX = 1 << 16 };

static const char root[] = "ListBucketResult";

void s3_page_init(struct s3_page *p)
{
	*p = (struct s3_page){
		.next = buf_make(TEXT_MAX),
		.text = buf_make(TEXT_MAX),
		.key = buf_make(TEXT_MAX),
		.etag = buf_make(TEXT_MAX),
		.storage_class = buf_make(TEXT_MAX),
	};
}

void s3_page_free(struct s3_page *p)
{
	buf_free(&p->next);
	buf_free(&p->text);
	buf_free(&p->key);
	buf_free(&p->etag);
	buf_free(&p->storage_class);
}

static void set(struct buf *out, struct str value)
{
	buf_clear(out);
	buf_add_str(out, value);
}

/* A key as it is: decoded when the server says that it encoded. */
static int set_key(const struct s3_page *p, struct buf *out, struct str value, struct err *e)
{
	buf_clear(out);
	if (!p->encoded)
		buf_add_str(out, value);
	else if (codec_unpercent(value, true, out))
		return err_set(e, ERR_KIND_DATA, "the listing has a key that is not url-encoded");
	return buf_check(out, e, "a key in the listing");
}

int s3_page_open(struct s3_page *p, struct str body, struct err *e)
{
	bool marked = false, ended = false;
	int more;
	p->body = str_trim(body);
	p->truncated = p->encoded = p->is_v2 = false;
	buf_clear(&p->next);
	xml_open(&p->xml, p->body);
	while ((more = xml_next_close(&p->xml, &p->text, e)) > 0) {
		struct str name = p->xml.name, value = buf_str(&p->text);
		if (!xml_inside(&p->xml, root, NULL))
			continue;
		if (str_is(name, "IsTruncated")) {
			ended = true;
			p->truncated = str_is(value, "true");
		} else if (str_is(name, "EncodingType")) {
			p->encoded = str_is(value, "url");
		} else if (str_is(name, "NextContinuationToken")) {
			set(&p->next, value);
		} else if (str_is(name, "NextMarker")) {
			set(&p->next, value);
			marked = true;
		} else if (str_is(name, "KeyCount")) {
			p->is_v2 = true;
		}
	}
	if (more < 0)
		return -1;
	if (!ended || !str_is(p->xml.open[0], root))
		return err_set(e, ERR_KIND_DATA, "the answer is not a listing");
	if (marked) {
		set(&p->text, buf_str(&p->next));
		if (set_key(p, &p->next, buf_str(&p->text), e))
			return -1;
	}
	xml_open(&p->xml, p->body);
	return buf_check(&p->next, e, "the continuation token");
}

static void forget_entry(struct s3_page *p)
{
	p->entry = (struct s3_list_entry){ .size_bytes = 0 };
	buf_clear(&p->key);
	buf_clear(&p->etag);
	buf_clear(&p->storage_class);
}

/* A field of <Contents>. */
static int take_field(struct s3_page *p, struct err *e)
{
	struct str name = p->xml.name, value = buf_str(&p->text);
	if (str_is(name, "Key"))
		return set_key(p, &p->key, value, e);
	if (str_is(name, "Size") && num_parse_digits(value, 10, &p->entry.size_bytes))
		return err_set(e, ERR_KIND_DATA, "the listing has a size that is not a number");
	if (str_is(name, "LastModified") && datetime_parse_iso(value, &p->entry.modified_ms))
		return err_set(e, ERR_KIND_DATA, "the listing has a date that is none");
	if (str_is(name, "ETag"))
		set(&p->etag, value);
	if (str_is(name, "StorageClass"))
		set(&p->storage_class, value);
	return 0;
}

static struct str unquoted(struct str s)
{
	bool quoted = s.len >= 2 && s.p[0] == '"' && s.p[s.len - 1] == '"';
	return quoted ? str_from(s.p + 1, s.len - 2) : s;
}

static int give(struct s3_page *p, bool is_prefix, struct err *e)
{
	if (p->key.len == 0)
		return err_set(e, ERR_KIND_DATA, "the listing has an entry without a key");
	p->entry.is_prefix = is_prefix;
	p->entry.key = buf_str(&p->key);
	p->entry.etag = unquoted(buf_str(&p->etag));
	p->entry.storage_class = buf_str(&p->storage_class);
	return 1;
}

int s3_page_next(struct s3_page *p, struct err *e)
{
	int more;
	forget_entry(p);
	while ((more = xml_next_close(&p->xml, &p->text, e)) > 0) {
		if (xml_inside(&p->xml, root, "Contents") && take_field(p, e))
			return -1;
		if (xml_inside(&p->xml, root, "CommonPrefixes") && str_is(p->xml.name, "Prefix") &&
		    set_key(p, &p->key, buf_str(&p->text), e))
			return -1;
		if (!xml_inside(&p->xml, root, NULL))
			continue;
		if (str_is(p->xml.name, "Contents"))
			return give(p, false, e);
		if (str_is(p->xml.name, "CommonPrefixes"))
			return give(p, true, e);
	}
	return more;
}
