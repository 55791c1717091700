/* What a status and a code mean. The table is reference material of the S3 API and of what SDKs retry. */
#include "s3/s3_error.h"

#include <string.h>

#include "base/codec.h"
#include "s3/s3.h"
#include "s3/xml.h"

enum { SHOWN_MAX = 300, KEY_SHOWN_MAX = 400 };

/* Codes whose meaning their status does not tell. */
static const struct {
	const char *code;
	enum err_kind kind;
	bool retryable;
} codes[] = {
	{ "AccessDenied", ERR_KIND_DENIED, false },
	{ "AuthorizationHeaderMalformed", ERR_KIND_CONFIG, false },
	{ "BadDigest", ERR_KIND_DATA, true },
	{ "ConditionalRequestConflict", ERR_KIND_TRY_AGAIN, true },
	{ "ExpiredToken", ERR_KIND_DENIED, false },
	{ "IllegalLocationConstraintException", ERR_KIND_CONFIG, false },
	{ "IncompleteBody", ERR_KIND_IO, true },
	{ "InternalError", ERR_KIND_TRY_AGAIN, true },
	{ "InvalidAccessKeyId", ERR_KIND_DENIED, false },
	{ "InvalidBucketName", ERR_KIND_USAGE, false },
	{ "InvalidRequest", ERR_KIND_UNAVAILABLE, false },
	{ "InvalidToken", ERR_KIND_DENIED, false },
	{ "KeyTooLongError", ERR_KIND_USAGE, false },
	{ "NoSuchBucket", ERR_KIND_NOT_FOUND, false },
	{ "NoSuchKey", ERR_KIND_NOT_FOUND, false },
	{ "NoSuchUpload", ERR_KIND_NOT_FOUND, false },
	{ "NotImplemented", ERR_KIND_UNAVAILABLE, false },
	{ "OperationAborted", ERR_KIND_TRY_AGAIN, true },
	{ "PermanentRedirect", ERR_KIND_CONFIG, false },
	{ "PreconditionFailed", ERR_KIND_CONFLICT, false },
	{ "PriorRequestNotComplete", ERR_KIND_TRY_AGAIN, true },
	{ "QuotaExceeded", ERR_KIND_UNAVAILABLE, false },
	{ "RequestTimeTooSkewed", ERR_KIND_DENIED, false },
	{ "RequestTimeout", ERR_KIND_TRY_AGAIN, true },
	{ "RequestTimeoutException", ERR_KIND_TRY_AGAIN, true },
	{ "ServiceUnavailable", ERR_KIND_TRY_AGAIN, true },
	{ "TemporaryRedirect", ERR_KIND_CONFIG, false },
	{ "TokenRefreshRequired", ERR_KIND_DENIED, false },
	{ "XAmzContentSHA256Mismatch", ERR_KIND_DATA, true },
	{ "XMinioStorageFull", ERR_KIND_UNAVAILABLE, false },
};

static const struct {
	int status;
	enum err_kind kind;
	bool retryable;
	const char *name;
} statuses[] = {
	{ 301, ERR_KIND_CONFIG, false, "the bucket is at another endpoint or region" },
	{ 302, ERR_KIND_CONFIG, false, "the server wants a redirect, which is not followed" },
	{ 307, ERR_KIND_CONFIG, false, "the server wants a redirect, which is not followed" },
	{ 308, ERR_KIND_CONFIG, false, "the server wants a redirect, which is not followed" },
	{ 400, ERR_KIND_UNAVAILABLE, false, "bad request" },
	{ 401, ERR_KIND_DENIED, false, "unauthorized" },
	{ 403, ERR_KIND_DENIED, false, "forbidden" },
	{ 404, ERR_KIND_NOT_FOUND, false, "not found" },
	{ 408, ERR_KIND_TRY_AGAIN, true, "request timeout" },
	{ 409, ERR_KIND_CONFLICT, false, "conflict" },
	{ 412, ERR_KIND_CONFLICT, false, "precondition failed" },
	{ 425, ERR_KIND_TRY_AGAIN, true, "too early" },
	{ 429, ERR_KIND_TRY_AGAIN, true, "too many requests" },
	{ 499, ERR_KIND_TRY_AGAIN, true, "client closed request" },
	{ 501, ERR_KIND_UNAVAILABLE, false, "not implemented by the server" },
	{ 503, ERR_KIND_TRY_AGAIN, true, "service unavailable" },
	{ 505, ERR_KIND_UNAVAILABLE, false, "http version not supported" },
};

/* What is said of a code when the server gives no text, and its status would say too little. */
static const struct {
	const char *code, *meaning;
} meanings[] = {
	{ "BucketNotEmpty", "there are objects in the bucket, or old versions of some" },
	{ "InvalidAccessKeyId", "the server does not know this access key" },
	{ "InvalidBucketName", "a bucket's name is 3 to 63 small letters, digits, - and ." },
	{ "SignatureDoesNotMatch", "the secret key is not that of this access key" },
};

static void keep(struct str value, char *out, size_t cap)
{
	if (str_copy(str_head(value, cap - 1), out, cap))
		out[0] = '\0';
}

static void keep_field(struct str name, struct str value, struct s3_error *out)
{
	if (str_is(name, "Code"))
		keep(value, out->code, sizeof(out->code));
	else if (str_is(name, "Message"))
		keep(value, out->message, sizeof(out->message));
	else if (str_is(name, "Region"))
		keep(value, out->region, sizeof(out->region));
	else if (str_is(name, "RequestId"))
		keep(value, out->request_id, sizeof(out->request_id));
}

/* Walk a document. Its root element's name goes to *root ("" when there is none); returns 0 when all of
 * it was well-formed. */
static int walk(struct str body, struct str *root, struct s3_error *out)
{
	struct err ignored = ERR_INIT;
	struct xml x;
	BUF_AUTO text = buf_make(S3_ERROR_BODY_MAX);
	int more;
	*root = (struct str){ 0 };
	/* Some servers keep the connection alive with white space before the document. */
	xml_open(&x, str_trim(body));
	while ((more = xml_next_close(&x, &text, &ignored)) > 0)
		if (xml_inside(&x, "Error", NULL))
			keep_field(x.name, buf_str(&text), out);
	if (x.depth > 0 || x.root_closed)
		*root = x.open[0];
	return more;
}

bool s3_error_parse(struct str body, struct s3_error *out)
{
	struct str root;
	*out = (struct s3_error){ .code = "" };
	if (walk(body, &root, out) && out->code[0] == '\0')
		return false;
	return str_is(root, "Error");
}

int s3_error_in_success(struct str body, const char *root, struct s3_error *out)
{
	struct str found;
	*out = (struct s3_error){ .code = "" };
	return walk(body, &found, out) == 0 && str_is(found, root) ? 0 : -1;
}

/* There are more of them than anybody lists: ThrottlingException, RequestThrottled, ThrottledException, … */
static bool is_throttle_code(const char *code)
{
	struct str s = str_of(code);
	return str_has(s, S("Throttl")) || str_starts(s, S("SlowDown")) ||
	       str_is(s, "RequestLimitExceeded") || str_is(s, "TooManyRequests");
}

static enum err_kind classify(int status, const char *code, bool *retryable, const char **name)
{
	enum err_kind kind = status >= 500 ? ERR_KIND_TRY_AGAIN : ERR_KIND_UNAVAILABLE;
	*retryable = status >= 500;
	*name = "the server refuses";
	if (status < 300) { /* an error, or rubbish, with a good status */
		kind = code[0] ? ERR_KIND_TRY_AGAIN : ERR_KIND_DATA;
		*retryable = true;
		*name = "the answer is empty, cut or not what was asked for";
	}
	for (size_t i = 0; i < COUNTOF(statuses); i++)
		if (statuses[i].status == status) {
			kind = statuses[i].kind;
			*retryable = statuses[i].retryable;
			*name = statuses[i].name;
		}
	for (size_t i = 0; i < COUNTOF(codes); i++)
		if (strcmp(codes[i].code, code) == 0) {
			kind = codes[i].kind;
			*retryable = codes[i].retryable;
		}
	for (size_t i = 0; i < COUNTOF(meanings); i++)
		if (strcmp(meanings[i].code, code) == 0)
			*name = meanings[i].meaning;
	if (is_throttle_code(code)) {
		kind = ERR_KIND_TRY_AGAIN;
		*retryable = true;
	}
	/* Swift gives it other codes. */
	return status == 412 ? ERR_KIND_CONFLICT : kind;
}

int s3_error_set(int status, const struct s3_error *error, const struct credentials *secrets,
                 struct err *e)
{
	bool retryable;
	const char *name;
	char code[ERR_CODE_MAX], id[ERR_REQUEST_ID_MAX], shown[SHOWN_MAX];
	enum err_kind kind = classify(status, error->code, &retryable, &name);
	codec_quoted(str_of(error->code), code, sizeof(code));
	codec_quoted(str_of(error->request_id), id, sizeof(id));
	codec_quoted(str_of(error->message), shown, sizeof(shown));
	const char *text = error->message[0] ? shown : name;
	if (credentials_leak(secrets, str_of(error->message)) ||
	    credentials_leak(secrets, str_of(error->code)) ||
	    credentials_leak(secrets, str_of(error->request_id))) {
		text = "(the server's text is withheld: it quotes what must stay secret)";
		if (credentials_leak(secrets, str_of(error->code)))
			code[0] = '\0';
		id[0] = '\0';
	}
	err_set(e, kind, "%d%s%s: %s%s%s%s", status, code[0] ? " " : "", code, text,
	        id[0] ? " (request id " : "", id, id[0] ? ")" : "");
	e->status = status;
	e->retryable = retryable;
	keep(str_of(code), e->code, sizeof(e->code));
	keep(str_of(id), e->request_id, sizeof(e->request_id));
	return -1;
}

bool s3_error_is_damage(const struct err *e)
{
	struct str code = str_of(e->code);
	return str_is(code, "BadDigest") || str_is(code, "XAmzContentSHA256Mismatch");
}

bool s3_error_is_throttle(const struct err *e)
{
	return e->status == 503 || e->status == 429 || is_throttle_code(e->code);
}

int s3_error_context(struct err *e, const char *verb, struct str bucket, struct str key)
{
	char shown_bucket[128], shown_key[KEY_SHOWN_MAX];
	codec_quoted(bucket, shown_bucket, sizeof(shown_bucket));
	codec_quoted(key, shown_key, sizeof(shown_key));
	return err_context(e, "%s s3://%s%s%s", verb, shown_bucket, key.len > 0 ? "/" : "",
	                   shown_key);
}
