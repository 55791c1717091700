/* What servers' errors become. */
#include "s3/s3_error.h"

#include "tests/unit/tap.h"

static struct credentials none = { .access_key = NULL };

static const struct {
	int status;
	const char *code;
	enum err_kind kind;
	bool retryable;
} meanings[] = {
	{ 404, "NoSuchKey", ERR_KIND_NOT_FOUND, false },
	{ 404, "", ERR_KIND_NOT_FOUND, false },
	{ 403, "AccessDenied", ERR_KIND_DENIED, false },
	{ 401, "", ERR_KIND_DENIED, false },
	{ 412, "PreconditionFailed", ERR_KIND_CONFLICT, false },
	{ 409, "BucketNotEmpty", ERR_KIND_CONFLICT, false },
	{ 409, "OperationAborted", ERR_KIND_TRY_AGAIN, true },
	{ 429, "", ERR_KIND_TRY_AGAIN, true },
	{ 500, "InternalError", ERR_KIND_TRY_AGAIN, true },
	{ 502, "", ERR_KIND_TRY_AGAIN, true },
	{ 503, "SlowDown", ERR_KIND_TRY_AGAIN, true },
	{ 504, "", ERR_KIND_TRY_AGAIN, true },
	{ 501, "NotImplemented", ERR_KIND_UNAVAILABLE, false },
	{ 400, "RequestTimeout", ERR_KIND_TRY_AGAIN, true },
	{ 400, "BadDigest", ERR_KIND_DATA, true },
	{ 400, "ExpiredToken", ERR_KIND_DENIED, false },
	{ 400, "AuthorizationHeaderMalformed", ERR_KIND_CONFIG, false },
	{ 400, "InvalidArgument", ERR_KIND_UNAVAILABLE, false },
	{ 400, "InvalidBucketName", ERR_KIND_USAGE, false },
	{ 412, "InvalidRequest", ERR_KIND_CONFLICT, false },
	{ 301, "PermanentRedirect", ERR_KIND_CONFIG, false },
	{ 307, "", ERR_KIND_CONFIG, false },
	{ 200, "InternalError", ERR_KIND_TRY_AGAIN, true },
	{ 200, "AccessDenied", ERR_KIND_DENIED, false },
	{ 200, "", ERR_KIND_DATA, true },
};

static void test_meanings(void)
{
	for (size_t i = 0; i < COUNTOF(meanings); i++) {
		struct err e = ERR_INIT;
		struct s3_error error = { .code = "" };
		TAP_OK(str_copy(str_of(meanings[i].code), error.code, sizeof(error.code)) == 0,
		       "a code");
		s3_error_set(meanings[i].status, &error, &none, &e);
		TAP_OK(e.kind == meanings[i].kind && e.retryable == meanings[i].retryable &&
		               e.status == meanings[i].status,
		       "%d \"%s\" is %s%s", meanings[i].status, meanings[i].code,
		       err_kind_name(meanings[i].kind),
		       meanings[i].retryable ? ", to be tried again" : "");
	}
}

static void test_parse(void)
{
	struct s3_error error;
	TAP_OK(s3_error_parse(
		       S("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code>"
	                 "<Message>The key &lt;x&gt; is gone</Message><Region>eu-1</Region>"
	                 "<RequestId>r1</RequestId></Error>"),
		       &error),
	       "an error document is read");
	TAP_TEXT(error.code, "NoSuchKey", "its code");
	TAP_TEXT(error.message, "The key <x> is gone", "its message");
	TAP_TEXT(error.region, "eu-1", "its region");
	TAP_TEXT(error.request_id, "r1", "its request id");
	TAP_OK(s3_error_parse(S("  \n<Error><Code>SlowDown</Code></Error>"), &error),
	       "white space in front of it is fine");
	TAP_OK(!s3_error_parse(S("<html><body>502</body></html>"), &error) && error.code[0] == '\0',
	       "a page of a proxy is none");
	TAP_OK(!s3_error_parse(S(""), &error) && !s3_error_parse(S("plain"), &error),
	       "nor is plain text");
	TAP_OK(s3_error_parse(S("<Error><Code>SlowDown</Code><Mess"), &error),
	       "one that breaks off still tells its code");
	TAP_OK(!s3_error_parse(S("<!DOCTYPE x [<!ENTITY y 'z'>]><Error><Code>&y;</Code></Error>"),
	                       &error),
	       "entities are refused");
}

static void test_in_success(void)
{
	struct s3_error error;
	const char *root = "CompleteMultipartUploadResult";
	TAP_OK(s3_error_in_success(S("<CompleteMultipartUploadResult/>"), root, &error) == 0,
	       "the expected document is success");
	TAP_OK(s3_error_in_success(S("  \n\n<?xml version=\"1.0\"?><CompleteMultipartUploadResult>"
	                             "</CompleteMultipartUploadResult>"),
	                           root, &error) == 0,
	       "also behind white space that kept the connection alive");
	TAP_OK(s3_error_in_success(S("<Error><Code>InternalError</Code></Error>"), root, &error) ==
	                       -1 &&
	               strcmp(error.code, "InternalError") == 0,
	       "an error in a 200 is an error");
	TAP_OK(s3_error_in_success(S(""), root, &error) == -1, "so is nothing");
	TAP_OK(s3_error_in_success(S("<CompleteMultipartUploadResult><ETag>"), root, &error) == -1,
	       "and a document that breaks off");
	TAP_OK(s3_error_in_success(S("<CopyObjectResult/>"), root, &error) == -1,
	       "and another one");
}

static void test_texts(void)
{
	struct err e = ERR_INIT;
	struct credentials c = { .access_key = (char[]){ "AK" },
		                 .secret_key = (char[]){ "s3cr3t-key" },
		                 .session_token = (char[]){ "" } };
	struct s3_error error = { .code = "AccessDenied",
		                  .message = "no\nway\x1b[31m",
		                  .request_id = "r1" };
	s3_error_set(403, &error, &c, &e);
	s3_error_context(&e, "put", S("b"), S("k\n"));
	TAP_TEXT(e.msg, "put s3://b/k\\n: 403 AccessDenied: no\\nway\\x1b[31m (request id r1)",
	         "a server's text is one harmless line");
	TAP_TEXT(e.code, "AccessDenied", "the code is kept");
	TAP_TEXT(e.request_id, "r1", "and the request id");
	err_clear(&e);
	error = (struct s3_error){ .code = "SignatureDoesNotMatch",
		                   .message = "you signed s3cr3t-key" };
	s3_error_set(403, &error, &c, &e);
	TAP_OK(!strstr(e.msg, "s3cr3t") && strstr(e.msg, "withheld"),
	       "a quoted secret is withheld");
	err_clear(&e);
	error.message[0] = '\0';
	s3_error_set(403, &error, &c, &e);
	TAP_TEXT(e.msg, "403 SignatureDoesNotMatch: the secret key is not that of this access key",
	         "a code without a text is said in words");
}

/* Reference s3.md 4.9: which status and which code is worth another try, and after how long a wait. */
static void test_retries(void)
{
	static const int again[] = { 408, 429, 499, 500, 502, 503, 504, 520, 599 };
	static const int final[] = { 301, 302, 307, 308, 400, 401, 403, 404, 405, 409,
		                     410, 411, 412, 413, 416, 417, 422, 501, 505 };
	static const struct {
		int status;
		const char *code;
		bool retryable, throttle;
	} coded[] = {
		{ 400, "RequestTimeout", true, false },
		{ 400, "RequestTimeoutException", true, false },
		{ 400, "PriorRequestNotComplete", true, false },
		{ 503, "SlowDown", true, true },
		{ 503, "SlowDownRead", true, true },
		{ 503, "SlowDownWrite", true, true },
		{ 400, "SlowDown", true, true },
		{ 400, "Throttling", true, true },
		{ 400, "ThrottlingException", true, true },
		{ 400, "ThrottledException", true, true },
		{ 400, "RequestThrottled", true, true },
		{ 400, "RequestThrottledException", true, true },
		{ 400, "RequestLimitExceeded", true, true },
		{ 400, "TooManyRequests", true, true },
		{ 429, "TooManyRequests", true, true },
		{ 500, "InternalError", true, false },
		{ 200, "InternalError", true, false },
		{ 503, "ServiceUnavailable", true, true },
		{ 409, "OperationAborted", true, false },
		{ 409, "ConditionalRequestConflict", true, false },
		{ 400, "IncompleteBody", true, false },
		{ 400, "BadDigest", true, false }, /* once: s3_error_is_damage */
		{ 400, "XAmzContentSHA256Mismatch", true, false },
		{ 403, "RequestTimeTooSkewed", false, false }, /* once, with another clock */
		{ 400, "ExpiredToken", false, false },         /* once, with other keys */
		{ 400, "InvalidToken", false, false },
		{ 403, "AccessDenied", false, false },
		{ 404, "NoSuchKey", false, false },
		{ 412, "PreconditionFailed", false, false },
		{ 501, "NotImplemented", false, false },
		{ 400, "EntityTooLarge", false, false },
	};
	struct s3_error error = { .code = "" };
	for (size_t i = 0; i < COUNTOF(again) + COUNTOF(final); i++) {
		struct err e = ERR_INIT;
		bool wanted = i < COUNTOF(again);
		int status = wanted ? again[i] : final[i - COUNTOF(again)];
		s3_error_set(status, &error, &none, &e);
		TAP_OK(e.retryable == wanted, "a bare %d is %s", status,
		       wanted ? "tried again" : "final");
	}
	for (size_t i = 0; i < COUNTOF(coded); i++) {
		struct err e = ERR_INIT;
		TAP_OK(str_copy(str_of(coded[i].code), error.code, sizeof(error.code)) == 0,
		       "a code");
		s3_error_set(coded[i].status, &error, &none, &e);
		TAP_OK(e.retryable == coded[i].retryable &&
		               s3_error_is_throttle(&e) == coded[i].throttle,
		       "%d %s is %s%s", coded[i].status, coded[i].code,
		       coded[i].retryable ? "tried again" : "final",
		       coded[i].throttle ? ", after a longer wait" : "");
	}
}

int main(void)
{
	test_meanings();
	test_retries();
	test_parse();
	test_in_success();
	test_texts();
	return tap_done();
}
