/*
 * One S3 operation: place, sign, send, read the answer, try again (internal to lib/s3). Each try is
 * signed anew. The region and the server's clock are learned once per operation; no redirect is followed.
 */
#ifndef WS_S3_S3_REQUEST_H
#define WS_S3_S3_REQUEST_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "net/http.h"
#include "net/retry.h"
#include "s3/s3.h"
#include "s3/s3_client.h"
#include "s3/s3_error.h"
#include "s3/s3_sum.h"
#include "s3/sigv4.h"

enum { S3_REQUEST_QUERY_MAX = 12, S3_REQUEST_HEADERS_MAX = 32 };

/* Entity tags: stored without quotes, sent with them (s3_etag.c). */
void s3_etag_keep(struct str field, char out[BLOB_ETAG_MAX]);
enum { S3_ETAG_QUOTED_MAX = BLOB_ETAG_MAX + 2 };
struct str s3_etag_quote(const char *etag, char out[S3_ETAG_QUOTED_MAX]);

struct s3_request {
	const char *method;
	struct str bucket, key; /* empty bucket: the service; empty key: the bucket */
	struct sigv4_pair query[S3_REQUEST_QUERY_MAX];
	struct sigv4_pair headers[S3_REQUEST_HEADERS_MAX]; /* all are signed */
	size_t query_count, header_count;
	const struct http_body *body; /* read again for each try; NULL: none */
	const char *root;      /* what a good answer's document must be; else it is an error */
	bool unsigned_payload; /* the body's hash is not part of the signature: over TLS only */
	bool stream;           /* leave a good answer's body to s3_reply_read */
	bool cleanup;          /* goes on after s3_stop */
	bool awaited; /* once it is sent its answer is waited for, also after s3_stop: it makes what has to be cleaned up */
	bool slow;    /* the server may think for minutes */
	struct retry *retry; /* the caller's count of tries; NULL: a new one */
};

/* What an answer says of the content of an object, so that it can be checked. */
struct s3_claim {
	enum s3_sum_kind
		kind;   /* never S3_SUM_MD5: an ETag is no sum, even where it looks like one */
	uint64_t parts; /* how many the sum is made of, by their sums; 0: it is of the whole */
	char value[S3_SUM_TEXT_MAX]; /* base64 */
};

struct s3_reply {
	struct s3 *s3;
	struct s3_conn *conn;      /* while streaming */
	struct keyring_keys *keys; /* it was signed with; NULL: none */
	int status;
	struct s3_object object; /* from the head; size_bytes is the Content-Length */
	bool has_size;
	struct s3_claim claim;
	int64_t date_ms;                      /* the server's clock; 0: it did not say */
	int64_t retry_after_ms;               /* its wish; -1: none */
	char region[ENDPOINT_REGION_MAX + 1]; /* x-amz-bucket-region */
	char request_id[ERR_REQUEST_ID_MAX];
	bool has_range; /* Content-Range: bytes first-last/total */
	uint64_t range_first, range_last, range_total;
	struct buf body; /* the whole body, when not streaming */
	bool repeated;   /* an earlier try may have taken effect */
};
#define S3_REPLY_AUTO AUTO(s3_reply_free) struct s3_reply

/* Start a request. */
struct s3_request s3_request_make(const char *method, struct str bucket, struct str key);
/* Add a query parameter or a header. Texts are the caller's. More than fit, and header values with control
 * bytes in them, are refused when the request runs. */
void s3_request_query(struct s3_request *r, const char *name, struct str value);
void s3_request_header(struct s3_request *r, struct str name, struct str value);
/* The headers of an upload: content type, save id, conditions, further ones. `etag` has room for the quoted
 * If-Match. */
int s3_request_put_headers(struct s3_request *r, const struct s3_put *put,
                           char etag[S3_ETAG_QUOTED_MAX], struct err *e) MUST_CHECK;

/* Run it until it succeeds (status 2xx) or trying again does not help. `reply` is zeroed by the caller and
 * freed with s3_reply_free, also after a failure. */
int s3_request_run(struct s3 *s3, const struct s3_request *r, struct s3_reply *reply,
                   struct err *e) MUST_CHECK;
/* Count of tries for an operation of several requests. */
struct retry s3_request_retry(struct s3 *s3);

/* The next bytes of a streamed body; *got 0 at its end. A body that ends short is retryable. */
int s3_reply_read(struct s3_reply *reply, void *p, size_t len, size_t *got,
                  struct err *e) MUST_CHECK;
/* All that was wanted of a body was read: there must not be more (DATA). Of one in chunks the end is read, or the
 * connection could not be kept. */
int s3_reply_end(struct s3_reply *reply, struct err *e) MUST_CHECK;
void s3_reply_free(struct s3_reply *reply);

/* What the client adds to every request that it fits: a version, who pays, SSE-C keys (s3_extra.c). */
void s3_extra_add(const struct s3 *s3, struct s3_request *r);
/* Read the key of SSE-C from its file. Errors: CONFIG. */
int s3_extra_load_key(struct s3 *s3, const char *path, struct err *e) MUST_CHECK;

/* Text as it goes out: the complete head of a request, signed for `region` at `time_s` (s3_wire.c). */
struct s3_wire {
	const struct s3_request *request;
	const struct endpoint_place *place;
	const char *region;
	int64_t time_s;
	const char *payload_hash;       /* hex */
	const struct credentials *keys; /* NULL: it is not signed */
};
/* `path` is scratch. Errors: USAGE for what cannot be in a head. */
int s3_wire_head(const struct s3 *s3, const struct s3_wire *w, struct buf *path, struct buf *out,
                 struct err *e) MUST_CHECK;

#endif
