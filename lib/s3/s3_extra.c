/* Headers and parameters that come from the client's configuration. */
#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "crypto/digest.h"
#include "os/dir.h"
#include "os/file.h"
#include "s3/s3_request.h"

enum { KEY_LEN = 32 };

static bool has(const struct sigv4_pair *pairs, size_t count, size_t max, const char *name)
{
	for (size_t i = 0; i < count && i < max; i++)
		if (str_is(pairs[i].name, name))
			return true;
	return false;
}

static bool has_query(const struct s3_request *r, const char *name)
{
	return has(r->query, r->query_count, S3_REQUEST_QUERY_MAX, name);
}

static bool is_method(const struct s3_request *r, const char *method)
{
	return strcmp(r->method, method) == 0;
}

/* Requests that carry an object's content, begin or complete it (Ceph 20 wants that), or ask for its metadata. */
static bool wants_key(const struct s3_request *r)
{
	bool upload = is_method(r, "PUT") || is_method(r, "POST");
	bool read = (is_method(r, "GET") || is_method(r, "HEAD")) && !has_query(r, "uploadId");
	return r->key.len > 0 && (upload || read);
}

static void add_key(const struct s3 *s3, struct s3_request *r)
{
	struct str key = str_of(s3->sse_c_key), md5 = str_of(s3->sse_c_md5);
	bool copy = has(r->headers, r->header_count, S3_REQUEST_HEADERS_MAX, "x-amz-copy-source");
	s3_request_header(r, S("x-amz-server-side-encryption-customer-algorithm"), S("AES256"));
	s3_request_header(r, S("x-amz-server-side-encryption-customer-key"), key);
	s3_request_header(r, S("x-amz-server-side-encryption-customer-key-MD5"), md5);
	if (!copy)
		return;
	s3_request_header(r, S("x-amz-copy-source-server-side-encryption-customer-algorithm"),
	                  S("AES256"));
	s3_request_header(r, S("x-amz-copy-source-server-side-encryption-customer-key"), key);
	s3_request_header(r, S("x-amz-copy-source-server-side-encryption-customer-key-MD5"), md5);
}

void s3_extra_add(const struct s3 *s3, struct s3_request *r)
{
	bool one = is_method(r, "GET") || is_method(r, "HEAD") || is_method(r, "DELETE");
	if (s3->version_id && one && r->key.len > 0 && !has_query(r, "uploadId"))
		s3_request_query(r, "versionId", str_of(s3->version_id));
	if (s3->request_payer)
		s3_request_header(r, S("x-amz-request-payer"), S("requester"));
	if (s3->sse_c_key[0] != '\0' && wants_key(r))
		add_key(s3, r);
}

static int keep(const void *p, size_t len, char *out, size_t cap)
{
	BUF_AUTO text = buf_make(64);
	codec_base64(p, len, &text);
	int result = str_copy(buf_str(&text), out, cap);
	mem_wipe(text.p, text.len);
	return result;
}

int s3_extra_load_key(struct s3 *s3, const char *path, struct err *e)
{
	unsigned char key[KEY_LEN + 1], md5[DIGEST_MD5_LEN];
	size_t got = 0;
	FD_AUTO fd = -1;
	if (dir_open_user_file(path, true, &fd, e) ||
	    file_read(fd, key, sizeof(key), &got, e, path))
		return -1;
	if (got != KEY_LEN)
		return err_set(e, ERR_KIND_CONFIG, "%s: a key for SSE-C is %d bytes", path,
		               KEY_LEN);
	digest_md5_of(key, KEY_LEN, md5);
	int result = keep(key, KEY_LEN, s3->sse_c_key, sizeof(s3->sse_c_key)) |
	             keep(md5, sizeof(md5), s3->sse_c_md5, sizeof(s3->sse_c_md5));
	mem_wipe(key, sizeof(key));
	return result ? err_set(e, ERR_KIND_BUG, "%s: no room for the key", path) : 0;
}
