/* Parsing ListBucketResult, versions 1 and 2, and ListVersionsResult. */
#include "s3/s3_page.h"

#include "base/codec.h"
#include "base/datetime.h"
#include "base/num.h"

enum { TEXT_MAX = 1 << 16 };

static const char *root_of(const struct s3_page *p)
{
	return p->versions ? "ListVersionsResult" : "ListBucketResult";
}

void s3_page_init(struct s3_page *p)
{
	*p = (struct s3_page){
		.next = buf_make(TEXT_MAX),
		.next_version = buf_make(TEXT_MAX),
		.text = buf_make(TEXT_MAX),
		.key = buf_make(TEXT_MAX),
		.etag = buf_make(TEXT_MAX),
		.storage_class = buf_make(TEXT_MAX),
		.version_id = buf_make(TEXT_MAX),
	};
}

void s3_page_free(struct s3_page *p)
{
	buf_free(&p->next);
	buf_free(&p->next_version);
	buf_free(&p->text);
	buf_free(&p->key);
	buf_free(&p->etag);
	buf_free(&p->storage_class);
	buf_free(&p->version_id);
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

/* A child of the root element: what the page says about itself. */
static void take_property(struct s3_page *p, struct str name, struct str value, bool *ended,
                          bool *marked)
{
	if (str_is(name, "IsTruncated")) {
		*ended = true;
		p->truncated = str_is(value, "true");
	} else if (str_is(name, "EncodingType")) {
		p->encoded = str_is(value, "url");
	} else if (str_is(name, "NextContinuationToken")) {
		set(&p->next, value);
	} else if (str_is(name, "NextMarker") || str_is(name, "NextKeyMarker")) {
		set(&p->next, value);
		*marked = true;
	} else if (str_is(name, "NextVersionIdMarker")) {
		set(&p->next_version, value);
	} else if (str_is(name, "KeyCount")) {
		p->is_v2 = true;
	}
}

int s3_page_open(struct s3_page *p, struct str body, struct err *e)
{
	bool marked = false, ended = false;
	int more;
	p->body = str_trim(body);
	p->truncated = p->encoded = p->is_v2 = false;
	buf_clear(&p->next);
	buf_clear(&p->next_version);
	xml_open(&p->xml, p->body);
	while ((more = xml_next_close(&p->xml, &p->text, e)) > 0) {
		if (xml_inside(&p->xml, root_of(p), NULL))
			take_property(p, p->xml.name, buf_str(&p->text), &ended, &marked);
	}
	if (more < 0)
		return -1;
	if (!ended || !str_is(p->xml.open[0], root_of(p)))
		return err_set(e, ERR_KIND_DATA, "the answer is not a listing%s",
		               p->versions ? " of versions" : "");
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
	buf_clear(&p->version_id);
}

/* A field of <Contents>, <Version> or <DeleteMarker>. */
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
	if (str_is(name, "VersionId"))
		set(&p->version_id, value);
	if (str_is(name, "IsLatest"))
		p->entry.is_latest = str_is(value, "true");
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
	p->entry.version_id = buf_str(&p->version_id);
	return 1;
}

/* The names that entries have. */
static bool is_entry(const struct s3_page *p, struct str name)
{
	return p->versions ? str_is(name, "Version") || str_is(name, "DeleteMarker")
	                   : str_is(name, "Contents");
}

int s3_page_next(struct s3_page *p, struct err *e)
{
	const struct xml *x = &p->xml;
	int more;
	forget_entry(p);
	while ((more = xml_next_close(&p->xml, &p->text, e)) > 0) {
		bool field = x->depth == 2 && str_is(x->open[0], root_of(p));
		if (field && is_entry(p, x->open[1]) && take_field(p, e))
			return -1;
		if (field && str_is(x->open[1], "CommonPrefixes") && str_is(x->name, "Prefix") &&
		    set_key(p, &p->key, buf_str(&p->text), e))
			return -1;
		if (!xml_inside(x, root_of(p), NULL))
			continue;
		p->entry.is_marker = str_is(x->name, "DeleteMarker");
		if (is_entry(p, x->name))
			return give(p, false, e);
		if (str_is(x->name, "CommonPrefixes"))
			return give(p, true, e);
	}
	return more;
}
