/* Headers from options. */
#include "applets/s3_headers.h"

#include "base/buf.h"
#include "base/codec.h"
#include "base/mem.h"

const struct opt_row s3_headers_rows[S3_HEADERS_ROWS] = {
	OPT_TEXT("content-type", 0, "TYPE", struct s3_headers, content_type,
	         "content type (default: by the name's extension)"),
	OPT_TEXT("cache-control", 0, "TEXT", struct s3_headers, cache_control,
	         "Cache-Control, as \"max-age=3600\""),
	OPT_TEXT("content-encoding", 0, "TEXT", struct s3_headers, content_encoding,
	         "Content-Encoding, as gzip"),
	OPT_TEXT("content-disposition", 0, "TEXT", struct s3_headers, content_disposition,
	         "Content-Disposition, as attachment"),
	OPT_TEXT("content-language", 0, "TEXT", struct s3_headers, content_language,
	         "Content-Language, as en"),
	OPT_LIST("metadata", 0, "KEY=VALUE", struct s3_headers, metadata, "metadata of your own"),
	OPT_LIST("tag", 0, "KEY=VALUE", struct s3_headers, tags, "a tag"),
	OPT_TEXT("storage-class", 0, "CLASS", struct s3_headers, storage_class,
	         "storage class, as STANDARD_IA"),
	OPT_TEXT("sse", 0, "HOW", struct s3_headers, sse,
	         "encryption by the server: AES256 or aws:kms"),
	OPT_TEXT("sse-kms-key-id", 0, "ID", struct s3_headers, sse_kms_key,
	         "key of KMS to encrypt with"),
	OPT_TEXT("acl", 0, "NAME", struct s3_headers, acl, "canned ACL, as private or public-read"),
};

/* Takes `line`. */
static int add(struct s3_headers_list *list, char *line, struct err *e)
{
	if (list->count == S3_HEADERS_MAX) {
		mem_free(line);
		return err_set(e, ERR_KIND_USAGE, "more than %d headers", S3_HEADERS_MAX);
	}
	list->owned[list->count] = line;
	list->headers[list->count++] = str_of(line);
	return 0;
}

static int add_text(struct s3_headers_list *list, const char *name, const char *value,
                    struct err *e)
{
	return value ? add(list, mem_printf("%s: %s", name, value), e) : 0;
}

static int add_metadata(struct s3_headers_list *list, const struct opt_list *pairs, struct err *e)
{
	for (size_t i = 0; i < pairs->count; i++) {
		struct str key, value;
		if (!str_cut(str_of(pairs->items[i]), '=', &key, &value) || key.len == 0)
			return err_set(e, ERR_KIND_USAGE, "--metadata '%s' is not KEY=VALUE",
			               pairs->items[i]);
		if (add(list,
		        mem_printf("x-amz-meta-%" STR_FMT ": %" STR_FMT, STR_ARG(key),
		                   STR_ARG(value)),
		        e))
			return -1;
	}
	return 0;
}

/* All tags are one header, written like a query. */
static int add_tags(struct s3_headers_list *list, const struct opt_list *pairs, struct err *e)
{
	BUF_AUTO text = buf_make(8192);
	for (size_t i = 0; i < pairs->count; i++) {
		struct str key, value;
		if (!str_cut(str_of(pairs->items[i]), '=', &key, &value) || key.len == 0)
			return err_set(e, ERR_KIND_USAGE, "--tag '%s' is not KEY=VALUE",
			               pairs->items[i]);
		buf_add_text(&text, i > 0 ? "&" : "");
		codec_percent(key, false, &text);
		buf_add_char(&text, '=');
		codec_percent(value, false, &text);
	}
	if (buf_check(&text, e, "the list of tags"))
		return -1;
	return text.len > 0 ? add_text(list, "x-amz-tagging", text.p, e) : 0;
}

int s3_headers_make(const struct s3_headers *h, struct s3_headers_list *list, struct s3_put *put,
                    struct err *e)
{
	*list = (struct s3_headers_list){ .count = 0 };
	const char *sse = h->sse ? h->sse : h->sse_kms_key ? "aws:kms" : NULL;
	int result =
		add_text(list, "Cache-Control", h->cache_control, e) ||
		add_text(list, "Content-Encoding", h->content_encoding, e) ||
		add_text(list, "Content-Disposition", h->content_disposition, e) ||
		add_text(list, "Content-Language", h->content_language, e) ||
		add_text(list, "x-amz-storage-class", h->storage_class, e) ||
		add_text(list, "x-amz-server-side-encryption", sse, e) ||
		add_text(list, "x-amz-server-side-encryption-aws-kms-key-id", h->sse_kms_key, e) ||
		add_text(list, "x-amz-acl", h->acl, e) || add_metadata(list, &h->metadata, e) ||
		add_tags(list, &h->tags, e);
	put->content_type = h->content_type;
	put->headers = list->headers;
	put->header_count = list->count;
	if (result == 0)
		return 0;
	s3_headers_free(list);
	return -1;
}

void s3_headers_free(struct s3_headers_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		mem_free(list->owned[i]);
	list->count = 0;
}

bool s3_headers_any(const struct s3_headers_list *list, const struct s3_put *put)
{
	return list->count > 0 || put->content_type;
}
