/* Running a request: tries, what is learned from failures, and when to stop. */
#include "s3/s3_request.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "crypto/digest.h"
#include "os/log.h"
#include "os/sys.h"
#include "s3/s3_reply.h"

enum {
	HASH_CHUNK = 65536,
	SKEW_NOTICED_MS = 14 * 60 * 1000,  /* servers allow 15 minutes */
	SKEW_MAX_MS = 24 * 60 * 60 * 1000, /* a clock that is a day off is mended by its owner */
};

static const char unsigned_payload[] = "UNSIGNED-PAYLOAD";
static const char empty_sha256[] =
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/* One request in progress. */
struct run {
	struct s3 *s3;
	const struct s3_request *request;
	struct s3_reply *reply;
	struct s3_error error;
	char payload_hash[DIGEST_SHA256_HEX];
	bool fresh; /* idle connections have proved stale: use new ones */
	bool stale; /* this failure was one: costs no try */
	bool region_learned, skew_learned, keys_renewed;
	bool damaged; /* the body has come another one already */
};

struct retry s3_request_retry(struct s3 *s3)
{
	return (struct retry){ .max_attempts = s3->max_attempts,
		               .budget = &s3->budget,
		               .deadline_ms = s3->until_ms,
		               .stop = s3->stop };
}

static int hash_reader(const struct http_body *body, struct digest_sha256 *d, struct err *e)
{
	MEM_AUTO char *chunk = mem_new(1, HASH_CHUNK);
	for (uint64_t at = 0; at < body->len;) {
		size_t got = 0;
		uint64_t left = body->len - at;
		if (body->read(body->ctx, at, chunk, left < HASH_CHUNK ? (size_t)left : HASH_CHUNK,
		               &got, e))
			return -1;
		digest_sha256_add(d, chunk, got);
		at += got;
	}
	return 0;
}

/* Parts are hashed on https, too: of all checks of a body it is the one that every server makes. */
static int hash_payload(const struct http_body *body, char out[DIGEST_SHA256_HEX], struct err *e)
{
	struct digest_sha256 d;
	unsigned char hash[DIGEST_SHA256_LEN];
	if (!body)
		return str_copy(str_of(empty_sha256), out, DIGEST_SHA256_HEX);
	if (body->bytes) {
		digest_sha256_hex(body->bytes, (size_t)body->len, out);
		return 0;
	}
	digest_sha256_init(&d);
	if (hash_reader(body, &d, e))
		return -1;
	digest_sha256_out(&d, hash);
	codec_hex(hash, sizeof(hash), out);
	return 0;
}

/* Who may end this request. */
static const struct stop *stop_of(const struct run *run)
{
	return run->request->cleanup ? NULL : run->s3->stop;
}

/* The same while it is on the wire. */
static const struct stop *stop_on_wire(const struct run *run)
{
	return run->request->awaited ? NULL : stop_of(run);
}

/* The request's body, as long as nobody wants it to stop. */
static int read_on(void *ctx, uint64_t offset, void *p, size_t max, size_t *got, struct err *e)
{
	const struct run *run = ctx;
	const struct http_body *body = run->request->body;
	if (stop_asked(stop_on_wire(run)))
		return stop_fail(e);
	if (body->read)
		return body->read(body->ctx, offset, p, max, got, e);
	*got = body->len - offset < max ? (size_t)(body->len - offset) : max;
	memcpy(p, (const char *)body->bytes + offset, *got);
	return 0;
}

static int exchange(struct run *run, struct s3_conn *conn, struct http_head *head, struct err *e)
{
	const struct s3_request *r = run->request;
	struct http_body body = { .len = r->body ? r->body->len : 0, .read = read_on, .ctx = run };
	struct http_request request = {
		.head = buf_str(&conn->head),
		.body = r->body ? &body : NULL,
		.expect_continue = r->body && str_has(buf_str(&conn->head), S("\r\nExpect: ")),
		.head_only = str_is(S("HEAD"), r->method),
		.stop = stop_on_wire(run),
	};
	bool stale = false;
	if (http_exchange(conn->http, &request, head, &stale, e) == 0)
		return 0;
	err_context(e, "%s", conn->host_field);
	run->stale = stale && conn->used;
	run->reply->repeated = true;
	return -1;
}

/* Those of the last try may have ended. */
static int take_keys(struct run *run, struct err *e)
{
	keyring_give(run->s3->keyring, run->reply->keys);
	return keyring_take(run->s3->keyring, stop_of(run), &run->reply->keys, e);
}

static int send_request(struct run *run, struct err *e)
{
	const struct s3_request *r = run->request;
	struct endpoint_place place;
	struct http_head head;
	char region[ENDPOINT_REGION_MAX + 1];
	s3_region_of(run->s3, r->bucket, region);
	if (take_keys(run, e))
		return -1;
	if (stop_asked(stop_of(run)))
		return stop_fail(e);
	if (endpoint_place(&run->s3->endpoint, r->bucket, region, &place, e) ||
	    s3_conn_take(run->s3, &place, r->slow, run->fresh, stop_of(run), &run->reply->conn, e))
		return -1;
	struct s3_conn *conn = run->reply->conn;
	struct s3_wire wire = {
		.request = r,
		.place = &place,
		.region = region,
		.time_s = (sys_now_ms() + atomic_load(&run->s3->skew_ms)) / 1000,
		.payload_hash = run->payload_hash,
		.keys = keyring_value(run->reply->keys),
	};
	if (s3_wire_head(run->s3, &wire, &conn->path, &conn->head, e) ||
	    exchange(run, conn, &head, e))
		return -1;
	s3_reply_take_head(run->reply, &head);
	return 0;
}

/* Read a whole body, `max` bytes at the most. */
static int read_body(struct s3_reply *reply, size_t max, struct err *e)
{
	reply->body.max = max;
	return http_read_all(reply->conn->http, &reply->body, e);
}

static int accept_answer(struct run *run, struct err *e)
{
	const char *root = run->request->root;
	if (run->request->stream)
		return 0;
	if (read_body(run->reply, S3_XML_MAX, e)) {
		run->reply->repeated = true;
		return -1;
	}
	if (!root || s3_error_in_success(buf_str(&run->reply->body), root, &run->error) == 0)
		return 0;
	run->reply->repeated = true;
	return s3_error_set(run->reply->status, &run->error, keyring_value(run->reply->keys), e);
}

static int refuse_answer(struct run *run, struct err *e)
{
	struct err ignored = ERR_INIT;
	struct s3_reply *reply = run->reply;
	if (read_body(reply, S3_ERROR_BODY_MAX, &ignored) == 0)
		s3_error_parse(buf_str(&reply->body), &run->error);
	if (run->error.request_id[0] == '\0' &&
	    str_copy(str_of(reply->request_id), run->error.request_id,
	             sizeof(run->error.request_id)))
		run->error.request_id[0] = '\0';
	reply->repeated |= reply->status >= 500;
	s3_error_set(reply->status, &run->error, keyring_value(reply->keys), e);
	int64_t off_s = (reply->date_ms - sys_now_ms()) / 1000;
	if (reply->date_ms != 0 && str_is(S("RequestTimeTooSkewed"), run->error.code))
		err_context(e, "the clock here is %lld s %s the server's", llabs(off_s),
		            off_s < 0 ? "ahead of" : "behind");
	return -1;
}

/* One try, without a word about it. */
static int attempt_quietly(struct run *run, struct err *e)
{
	struct s3_reply *reply = run->reply;
	buf_clear(&reply->body);
	run->error = (struct s3_error){ .code = "" };
	run->stale = false;
	reply->status = 0;
	if (send_request(run, e)) {
		s3_conn_drop(reply->conn);
		reply->conn = NULL;
		return -1;
	}
	bool good = reply->status >= 200 && reply->status < 300;
	int result = good ? accept_answer(run, e) : refuse_answer(run, e);
	if (result || !run->request->stream)
		s3_reply_release(reply);
	return result;
}

/* What -vv shows of a try. Its signature and keys are in the head, of which nothing is shown. */
static void trace(const struct run *run, int64_t took_ms, const char *failure)
{
	const struct s3_request *r = run->request;
	BUF_AUTO query = buf_make(S3_XML_MAX);
	struct err ignored = ERR_INIT;
	if (sigv4_encode_query(r->query, r->query_count, &query, &ignored))
		buf_clear(&query);
	/* A server may echo what it was sent. */
	struct str told = str_of(run->reply->request_id);
	bool leaks = credentials_leak(keyring_value(run->reply->keys), told);
	const char *id = leaks ? "" : run->reply->request_id;
	log_debug("%s /%" STR_FMT "/%" STR_FMT "%s%" STR_FMT ": %d in %lld ms%s%s%s%s", r->method,
	          STR_ARG(r->bucket), STR_ARG(r->key), query.len > 0 ? "?" : "",
	          STR_ARG(buf_str(&query)), run->reply->status, (long long)took_ms,
	          id[0] ? ", request " : "", id, failure ? ": " : "", failure ? failure : "");
}

/* One try. */
static int attempt(struct run *run, struct err *e)
{
	int64_t start_ms = sys_monotonic_ms();
	int result = attempt_quietly(run, e);
	if (log_level() >= LOG_LEVEL_DEBUG)
		trace(run, sys_monotonic_ms() - start_ms, result ? e->msg : NULL);
	return result;
}

static bool learn_region(struct run *run)
{
	const struct s3_reply *reply = run->reply;
	int status = reply->status;
	if (run->region_learned || (status != 301 && status != 307 && status != 400))
		return false;
	const char *region = reply->region[0] ? reply->region : run->error.region;
	run->region_learned = s3_region_learn(run->s3, run->request->bucket, str_of(region));
	return run->region_learned;
}

/* A HEAD has no body to say it in: there a clock far off is reason enough. */
static bool learn_skew(struct run *run)
{
	const struct s3_reply *reply = run->reply;
	bool told = str_is(S("RequestTimeTooSkewed"), run->error.code);
	if (run->skew_learned || reply->status == 0 || reply->date_ms == 0 ||
	    !(told || (reply->status == 403 && run->error.code[0] == '\0')))
		return false;
	int64_t skew = reply->date_ms - sys_now_ms();
	int64_t off = skew - atomic_load(&run->s3->skew_ms);
	if ((!told && llabs(off) < SKEW_NOTICED_MS) || llabs(skew) > SKEW_MAX_MS)
		return false;
	atomic_store(&run->s3->skew_ms, skew);
	run->skew_learned = true;
	return true;
}

static bool renew_keys(struct run *run)
{
	static const char *const ended[] = { "ExpiredToken", "InvalidToken",
		                             "TokenRefreshRequired" };
	bool told = false;
	for (size_t i = 0; i < COUNTOF(ended); i++)
		told |= str_is(str_of(run->error.code), ended[i]);
	if (!told || run->keys_renewed)
		return false;
	run->keys_renewed = true;
	return keyring_renew(run->s3->keyring, run->reply->keys, stop_of(run));
}

static bool again(struct run *run, struct retry *retry, const struct err *e)
{
	if (run->stale) {
		run->fresh = true;
		return true;
	}
	if (run->reply->status > 0 && (learn_region(run) || learn_skew(run) || renew_keys(run)))
		return true;
	/* On the way that may happen once; what is wrong twice is wrong here or there. */
	if (s3_error_is_damage(e) && run->damaged)
		return false;
	run->damaged |= s3_error_is_damage(e);
	int64_t wish = run->reply->status > 0 ? run->reply->retry_after_ms : -1;
	return retry_again(retry, e, s3_error_is_throttle(e), wish);
}

int s3_request_run(struct s3 *s3, const struct s3_request *r, struct s3_reply *reply, struct err *e)
{
	struct retry own = s3_request_retry(s3);
	struct retry *retry = r->retry ? r->retry : &own;
	struct s3_request full = *r;
	if (r->cleanup)
		retry->stop = NULL;
	struct run run = { .s3 = s3, .request = &full, .reply = reply };
	s3_extra_add(s3, &full);
	*reply = (struct s3_reply){ .s3 = s3, .body = buf_make(S3_XML_MAX) };
	if (r->unsigned_payload)
		memcpy(run.payload_hash, unsigned_payload, sizeof(unsigned_payload));
	else if (hash_payload(r->body, run.payload_hash, e))
		return -1;
	for (;;) {
		struct err failure = ERR_INIT;
		if (attempt(&run, &failure) == 0) {
			retry_budget_success(&s3->budget);
			return 0;
		}
		if (stop_asked(stop_of(&run)))
			return stop_fail(e);
		if (!again(&run, retry, &failure)) {
			*e = failure;
			return -1;
		}
	}
}
