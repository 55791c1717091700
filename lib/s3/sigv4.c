/* AWS Signature Version 4: canonical request, string to sign, signature, and the two places it goes. */
#include "s3/sigv4.h"

#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/datetime.h"
#include "base/mem.h"
#include "crypto/digest.h"

enum {
	PRESIGN_PARAMS = 6, /* what a presigned URL adds to the query */
	TEXT_MAX = 1 << 20, /* of one canonical request */
};

static const char algorithm[] = "AWS4-HMAC-SHA256";

/* One query parameter, encoded, as spans of a scratch buffer. */
struct param {
	struct str name, value;
};

static int param_cmp(const struct param *a, const struct param *b)
{
	int order = str_cmp(a->name, b->name);
	return order != 0 ? order : str_cmp(a->value, b->value);
}

static void params_sort(struct param *p, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct param moved = p[i];
		size_t to = i;
		for (; to > 0 && param_cmp(&moved, &p[to - 1]) < 0; to--)
			p[to] = p[to - 1];
		p[to] = moved;
	}
}

/* Encode one text into `scratch`, whose memory does not move: room for all was made before. */
static struct str encode(struct str raw, struct buf *scratch)
{
	size_t from = scratch->len;
	codec_percent(raw, false, scratch);
	return str_from(scratch->p + from, scratch->len - from);
}

static int add_query(const struct sigv4_pair *query, size_t count, struct buf *out, struct err *e)
{
	struct param params[SIGV4_PARAMS_MAX + PRESIGN_PARAMS];
	if (count > COUNTOF(params))
		return err_set(e, ERR_KIND_USAGE, "more than %d query parameters",
		               SIGV4_PARAMS_MAX);
	size_t raw_len = 0;
	for (size_t i = 0; i < count; i++)
		raw_len += query[i].name.len + query[i].value.len;
	BUF_AUTO scratch = buf_make(TEXT_MAX);
	if (!buf_room(&scratch, raw_len * 3))
		return buf_check(&scratch, e, "the query of a request");
	for (size_t i = 0; i < count; i++) {
		params[i].name = encode(query[i].name, &scratch);
		params[i].value = encode(query[i].value, &scratch);
	}
	params_sort(params, count);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_add_char(out, '&');
		buf_add_str(out, params[i].name);
		buf_add_char(out, '=');
		buf_add_str(out, params[i].value);
	}
	return 0;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int name_cmp(struct str a, struct str b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	for (size_t i = 0; i < len; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return (unsigned char)lower(a.p[i]) - (unsigned char)lower(b.p[i]);
	return a.len < b.len ? -1 : a.len > b.len;
}

/* Indices of the headers in the order of their names; equal names keep theirs. */
static int sort_headers(const struct sigv4_request *r, size_t order[SIGV4_HEADERS_MAX],
                        struct err *e)
{
	if (r->header_count > SIGV4_HEADERS_MAX)
		return err_set(e, ERR_KIND_USAGE, "more than %d headers", SIGV4_HEADERS_MAX);
	for (size_t i = 0; i < r->header_count; i++) {
		size_t to = i;
		for (; to > 0 && name_cmp(r->headers[i].name, r->headers[order[to - 1]].name) < 0;
		     to--)
			order[to] = order[to - 1];
		order[to] = i;
	}
	return 0;
}

static void add_lower(struct buf *out, struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		buf_add_char(out, lower(name.p[i]));
}

/* Trimmed, and every run of white space inside as one space. */
static void add_folded(struct buf *out, struct str value)
{
	value = str_trim(value);
	bool gap = false;
	for (size_t i = 0; i < value.len; i++) {
		char c = value.p[i];
		bool space = c == ' ' || c == '\t' || c == '\r' || c == '\n';
		if (space && !gap)
			buf_add_char(out, ' ');
		if (!space)
			buf_add_char(out, c);
		gap = space;
	}
}

static void add_headers(const struct sigv4_request *r, const size_t *order, struct buf *out)
{
	for (size_t i = 0; i < r->header_count; i++) {
		const struct sigv4_pair *h = &r->headers[order[i]];
		bool repeated = i > 0 && name_cmp(h->name, r->headers[order[i - 1]].name) == 0;
		if (repeated) {
			buf_add_char(out, ',');
		} else {
			if (i > 0)
				buf_add_char(out, '\n');
			add_lower(out, h->name);
			buf_add_char(out, ':');
		}
		add_folded(out, h->value);
	}
	if (r->header_count > 0)
		buf_add_char(out, '\n');
}

static void add_signed_names(const struct sigv4_request *r, const size_t *order, struct buf *out)
{
	for (size_t i = 0; i < r->header_count; i++) {
		struct str name = r->headers[order[i]].name;
		if (i > 0 && name_cmp(name, r->headers[order[i - 1]].name) == 0)
			continue;
		if (i > 0)
			buf_add_char(out, ';');
		add_lower(out, name);
	}
}

void sigv4_encode_path(struct str raw, struct buf *out)
{
	if (raw.len == 0)
		buf_add_char(out, '/');
	codec_percent(raw, true, out);
}

int sigv4_encode_query(const struct sigv4_pair *query, size_t count, struct buf *out, struct err *e)
{
	return add_query(query, count, out, e);
}

int sigv4_canonical(const struct sigv4_request *r, struct buf *out, struct err *e)
{
	size_t order[SIGV4_HEADERS_MAX];
	if (sort_headers(r, order, e))
		return -1;
	buf_add_text(out, r->method);
	buf_add_char(out, '\n');
	sigv4_encode_path(r->path, out);
	buf_add_char(out, '\n');
	if (add_query(r->query, r->query_count, out, e))
		return -1;
	buf_add_char(out, '\n');
	add_headers(r, order, out);
	buf_add_char(out, '\n');
	add_signed_names(r, order, out);
	buf_add_char(out, '\n');
	buf_add_str(out, r->payload_hash);
	return buf_check(out, e, "the canonical request");
}

static void add_scope(const struct sigv4_scope *s, struct buf *out)
{
	char date[DATETIME_TEXT_MAX];
	datetime_basic(s->time_s, date);
	buf_printf(out, "%.8s/%" STR_FMT "/%" STR_FMT "/aws4_request", date, STR_ARG(s->region),
	           STR_ARG(s->service));
}

int sigv4_string_to_sign(const struct sigv4_scope *s, struct str canonical, struct buf *out,
                         struct err *e)
{
	char date[DATETIME_TEXT_MAX];
	char hash[DIGEST_SHA256_HEX];
	buf_printf(out, "%s\n%s\n", algorithm, datetime_basic(s->time_s, date));
	add_scope(s, out);
	buf_printf(out, "\n%s", digest_sha256_hex(canonical.p, canonical.len, hash));
	return buf_check(out, e, "the string to sign");
}

/* key = HMAC(key, data) */
static void hmac_step(unsigned char key[DIGEST_SHA256_LEN], struct str data)
{
	unsigned char next[DIGEST_SHA256_LEN];
	digest_hmac_sha256(str_from(key, DIGEST_SHA256_LEN), data, next);
	memcpy(key, next, sizeof(next));
	mem_wipe(next, sizeof(next));
}

void sigv4_signature(const struct sigv4_scope *s, struct str string_to_sign, char out[65])
{
	char date[DATETIME_TEXT_MAX];
	unsigned char key[DIGEST_SHA256_LEN];
	size_t secret_len = s->secret_key.len + 4;
	char *secret = mem_new(1, secret_len);
	memcpy(secret, "AWS4", 4);
	if (s->secret_key.len > 0)
		memcpy(secret + 4, s->secret_key.p, s->secret_key.len);
	datetime_basic(s->time_s, date);
	digest_hmac_sha256(str_from(secret, secret_len), str_from(date, 8), key);
	mem_wipe(secret, secret_len);
	mem_free(secret);
	hmac_step(key, s->region);
	hmac_step(key, s->service);
	hmac_step(key, S("aws4_request"));
	hmac_step(key, string_to_sign);
	codec_hex(key, sizeof(key), out);
	mem_wipe(key, sizeof(key));
}

/* The signature of a request whose query and headers are complete. */
static int sign(const struct sigv4_request *r, const struct sigv4_scope *s, char signature[65],
                struct err *e)
{
	BUF_AUTO canonical = buf_make(TEXT_MAX);
	BUF_AUTO text = buf_make(TEXT_MAX);
	if (sigv4_canonical(r, &canonical, e) ||
	    sigv4_string_to_sign(s, buf_str(&canonical), &text, e))
		return -1;
	sigv4_signature(s, buf_str(&text), signature);
	return 0;
}

int sigv4_authorization(const struct sigv4_request *r, const struct sigv4_scope *s, struct buf *out,
                        struct err *e)
{
	size_t order[SIGV4_HEADERS_MAX];
	char signature[65];
	if (sort_headers(r, order, e) || sign(r, s, signature, e))
		return -1;
	buf_printf(out, "%s Credential=%" STR_FMT "/", algorithm, STR_ARG(s->access_key));
	add_scope(s, out);
	buf_add_text(out, ", SignedHeaders=");
	add_signed_names(r, order, out);
	buf_printf(out, ", Signature=%s", signature);
	return buf_check(out, e, "the Authorization header");
}

int sigv4_presign(const struct sigv4_request *r, const struct sigv4_scope *s, uint64_t expires_s,
                  struct buf *out, struct err *e)
{
	struct sigv4_pair query[SIGV4_PARAMS_MAX + PRESIGN_PARAMS];
	size_t order[SIGV4_HEADERS_MAX], count = 0;
	char date[DATETIME_TEXT_MAX], expires[24], signature[65];
	BUF_AUTO names = buf_make(TEXT_MAX);
	BUF_AUTO credential = buf_make(TEXT_MAX);
	if (r->query_count > SIGV4_PARAMS_MAX)
		return err_set(e, ERR_KIND_USAGE, "more than %d query parameters",
		               SIGV4_PARAMS_MAX);
	if (sort_headers(r, order, e))
		return -1;
	add_signed_names(r, order, &names);
	buf_add_str(&credential, s->access_key);
	buf_add_char(&credential, '/');
	add_scope(s, &credential);
	datetime_basic(s->time_s, date);
	snprintf(expires, sizeof(expires), "%llu", (unsigned long long)expires_s);
	for (; count < r->query_count; count++)
		query[count] = r->query[count];
	query[count++] = (struct sigv4_pair){ S("X-Amz-Algorithm"), str_of(algorithm) };
	query[count++] = (struct sigv4_pair){ S("X-Amz-Credential"), buf_str(&credential) };
	query[count++] = (struct sigv4_pair){ S("X-Amz-Date"), str_of(date) };
	query[count++] = (struct sigv4_pair){ S("X-Amz-Expires"), str_of(expires) };
	query[count++] = (struct sigv4_pair){ S("X-Amz-SignedHeaders"), buf_str(&names) };
	if (s->session_token.len > 0)
		query[count++] = (struct sigv4_pair){ S("X-Amz-Security-Token"), s->session_token };
	struct sigv4_request full = *r;
	full.query = query;
	full.query_count = count;
	if (sign(&full, s, signature, e) || add_query(query, count, out, e))
		return -1;
	buf_printf(out, "&X-Amz-Signature=%s", signature);
	return buf_check(out, e, "the presigned URL");
}
