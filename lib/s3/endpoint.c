/* Path style and virtual-host style addresses. */
#include "s3/endpoint.h"

#include <stdio.h>

#include "base/codec.h"
#include "base/mem.h"

enum { LABEL_MAX = 63, LABEL_MIN = 3 };

int endpoint_init(struct endpoint *ep, const char *text, int style, struct err *e)
{
	*ep = (struct endpoint){ .style = style };
	if (!text)
		return 0;
	ep->text = mem_text(text);
	if (url_parse(str_of(ep->text), &ep->url, e)) {
		e->kind = ERR_KIND_CONFIG;
		err_context(e, "endpoint URL");
		endpoint_free(ep);
		return -1;
	}
	if (str_index(ep->url.path, '?') >= 0) {
		endpoint_free(ep);
		return err_set(e, ERR_KIND_CONFIG,
		               "endpoint URL: a query ('?') is not allowed in it");
	}
	while (ep->url.path.len > 0 && ep->url.path.p[ep->url.path.len - 1] == '/')
		ep->url.path.len--;
	return 0;
}

void endpoint_free(struct endpoint *ep)
{
	mem_free(ep->text);
	*ep = (struct endpoint){ .text = NULL };
}

bool endpoint_is_aws(const struct endpoint *ep)
{
	return !ep->text || endpoint_host_ends(ep, ".amazonaws.com") ||
	       endpoint_host_ends(ep, ".amazonaws.com.cn");
}

bool endpoint_host_ends(const struct endpoint *ep, const char *domain)
{
	return ep->text && str_ends(str_of(ep->url.host), str_of(domain));
}

bool endpoint_region_ok(struct str region)
{
	if (region.len == 0 || region.len > ENDPOINT_REGION_MAX)
		return false;
	for (size_t i = 0; i < region.len; i++) {
		char c = region.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-' || c == '_'))
			return false;
	}
	return true;
}

/* Whether a bucket's name can stand in a host name; `dots` says whether as several labels. */
static bool is_label(struct str bucket, bool dots)
{
	if (bucket.len < LABEL_MIN || bucket.len > LABEL_MAX)
		return false;
	for (size_t i = 0; i < bucket.len; i++) {
		char c = bucket.p[i];
		bool edge = i == 0 || i == bucket.len - 1;
		bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (!letter && (edge || (c != '-' && !(c == '.' && dots))))
			return false;
	}
	return !str_has(bucket, S(".."));
}

/* What would change the path of a request, or end its line, is no bucket anywhere. */
static int check_bucket(struct str bucket, struct err *e)
{
	bool ok = bucket.len <= S3_BUCKET_MAX && !str_is(bucket, ".") && !str_is(bucket, "..");
	for (size_t i = 0; i < bucket.len && ok; i++)
		ok = (unsigned char)bucket.p[i] > 0x20 && bucket.p[i] != '/' && bucket.p[i] != 0x7f;
	if (ok)
		return 0;
	char shown[128];
	return err_set(e, ERR_KIND_USAGE, "\"%s\" is not the name of a bucket",
	               codec_quoted(bucket, shown, sizeof(shown)));
}

static int host_name(const struct endpoint *ep, const char *region, struct url *out, struct err *e)
{
	if (ep->text) {
		*out = ep->url;
		out->path = (struct str){ 0 };
		return 0;
	}
	*out = (struct url){ .https = true, .port = 443, .port_is_default = true };
	const char *end = str_starts(str_of(region), S("cn-")) ? ".cn" : "";
	int len = snprintf(out->host, sizeof(out->host), "s3.%s.amazonaws.com%s", region, end);
	return len > 0 && (size_t)len < sizeof(out->host)
	               ? 0
	               : err_set(e, ERR_KIND_CONFIG, "the region's name is too long");
}

/* Put the bucket in front of the host. */
static int prepend(struct url *url, struct str bucket, struct err *e)
{
	char host[URL_HOST_MAX];
	int len = snprintf(host, sizeof(host), "%" STR_FMT ".%s", STR_ARG(bucket), url->host);
	if (len < 0 || (size_t)len >= sizeof(host) ||
	    str_copy(str_of(host), url->host, sizeof(url->host)))
		return err_set(e, ERR_KIND_CONFIG, "the host name of the bucket is too long");
	return 0;
}

int endpoint_place(const struct endpoint *ep, struct str bucket, const char *region,
                   struct endpoint_place *out, struct err *e)
{
	if (check_bucket(bucket, e) || host_name(ep, region, &out->url, e))
		return -1;
	bool forced = ep->style == S3_STYLE_VIRTUAL;
	out->bucket_in_host =
		bucket.len > 0 && (forced || (ep->style == S3_STYLE_AUTO && endpoint_is_aws(ep) &&
	                                      is_label(bucket, false)));
	if (out->bucket_in_host && !is_label(bucket, true))
		return err_set(e, ERR_KIND_CONFIG,
		               "bucket \"%" STR_FMT
		               "\" cannot be part of a host name; use path style",
		               STR_ARG(bucket));
	if (out->bucket_in_host && prepend(&out->url, bucket, e))
		return -1;
	url_host_field(&out->url, out->host_field, sizeof(out->host_field));
	return 0;
}

void endpoint_path(const struct endpoint *ep, const struct endpoint_place *place, struct str bucket,
                   struct str key, struct buf *out)
{
	buf_add_str(out, ep->url.path);
	if (bucket.len > 0 && !place->bucket_in_host) {
		buf_add_char(out, '/');
		buf_add_str(out, bucket);
	}
	/* A bucket in path style without a key has no slash at its end: some servers take it for a key. */
	if (key.len > 0 || out->len == 0)
		buf_add_char(out, '/');
	buf_add_str(out, key);
}
