/*
 * The S3 client. A struct s3 is made once from a configuration and used by many threads: it keeps idle
 * connections, the signing credentials, the learned regions, the learned clock skew and the retry budget.
 */
#ifndef WS_S3_S3_H
#define WS_S3_S3_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/io.h"
#include "base/progress.h"
#include "base/str.h"

enum {
	S3_KEY_MAX = 1024,
	S3_BUCKET_MAX = 255,
	S3_UPLOAD_ID_MAX = 1024,
	S3_ERROR_BODY_MAX = 1 << 20,
	S3_XML_MAX = 8 << 20,
	S3_PARTS_FEW = 1000, /* stay below where the size allows: Swift, Scaleway */
	S3_PARTS_MAX = 10000,
};

enum s3_style { S3_STYLE_AUTO, S3_STYLE_PATH, S3_STYLE_VIRTUAL };

struct s3;

/* What the user said; NULL and 0 mean "not said". Texts are the caller's and outlive the client. */
struct s3_config {
	const char *endpoint_url;
	const char *region;
	const char *profile;
	const char *ca_bundle;
	const char *client_cert; /* PEM file; NULL: none */
	const char *client_key;  /* PEM file; NULL: the key is in client_cert */
	const char *connect_to;  /* host[:port] to connect to instead of the endpoint's */
	int style;               /* enum s3_style */
	bool no_sign_request;
	bool allow_http;       /* credentials over plain http to a host that is not loopback */
	uint64_t jobs;         /* parallel requests; default: 8 per core, at least 32, at most 64 */
	uint64_t part_size;    /* bytes; default: chosen per upload, at least 8 MiB */
	uint64_t max_attempts; /* AWS_MAX_ATTEMPTS, else 5 */
	int64_t timeout_ms;    /* (almost) no byte moved; default 30 s */
	int64_t max_time_ms;   /* for everything, from s3_open on; default: no limit */
	const char *version_id; /* of the object that is read or deleted */
	const char
		*sse_c_key; /* file with the 32 bytes that the server is to encrypt with (SSE-C) */
	bool request_payer; /* the requester pays */
	struct s3 *client;  /* an open client to share instead of making one; the rest is ignored */
};

/* Resolve the configuration (options, environment, AWS files), load trust anchors when https. The server is not
 * asked yet; who gives the keys may be (chain.h). Errors: CONFIG, DENIED (no credentials; says where it looked). */
int s3_open(const struct s3_config *config, struct s3 **out, struct err *e) MUST_CHECK;
/* The last one who shares it closes it. */
void s3_close(struct s3 *s3);
void s3_close_auto(struct s3 **s3);
#define S3_AUTO AUTO(s3_close_auto) struct s3 *
/* A queue of jobs on the threads that all transfers of this client share, as many as it may have requests in flight.
 * A job may use the client for transfers: their parts run on the same threads, in turn with jobs that wait; but it must
 * not wait for other jobs. Ends with s3_pool_close alone (NULL is fine). */
struct pool;
int s3_pool_open(struct s3 *s3, size_t queue_max, struct pool **out, struct err *e) MUST_CHECK;
void s3_pool_close(struct s3 *s3, struct pool *pool);
/* Once this is asked (stop_ask) no request begins any more, and those under way end at once, whatever they wait for; what
 * failed because of it is taken back as after other failures, so uploads are aborted. */
struct stop;
struct stop *s3_stop(const struct s3 *s3);
bool s3_stopped(const struct s3 *s3);
/* Parallel requests this client is meant to have in flight. */
unsigned s3_jobs(const struct s3 *s3);

struct s3_object {
	uint64_t size_bytes;
	int64_t modified_ms;
	char etag[BLOB_ETAG_MAX];
	char content_type[128];
	char storage_class[32];
	char version_id[128];
	char save_id[64]; /* x-amz-meta-ws-save, or "" */
};

/* HEAD; a 403 or 400 without a body is asked again with GET of no bytes to learn the code. NOT_FOUND when
 * the object (or bucket: code NoSuchBucket) is absent. */
int s3_head(struct s3 *s3, struct str bucket, struct str key, struct s3_object *out,
            struct err *e) MUST_CHECK;

struct s3_put {
	const char *content_type;  /* NULL: application/octet-stream */
	const char *save_id;       /* stored as x-amz-meta-ws-save; NULL: none */
	const char *if_match;      /* ETag; NULL: none */
	bool if_none_match;        /* only when absent */
	bool resume;               /* s3_put_file: go on with the parts that an earlier call left */
	const struct str *headers; /* "Name: value" further headers, signed; header_count of them */
	size_t header_count;
};

/* One PUT of `len` bytes that stay valid during the call. id may be NULL. */
int s3_put_bytes(struct s3 *s3, struct str bucket, struct str key, const void *p, size_t len,
                 const struct s3_put *put, struct blob_id *id, struct err *e) MUST_CHECK;
/* Upload an open file (`size` bytes of it): one PUT, or parts in parallel, read with pread. A file that
 * changes size meanwhile is an error. Multipart uploads are aborted on failure; with put->resume they stay, for the next call
 * with the same file and target. */
int s3_put_file(struct s3 *s3, struct str bucket, struct str key, int fd, uint64_t size,
                const struct s3_put *put, struct progress *progress, struct blob_id *id,
                struct err *e) MUST_CHECK;
/* A sink for a stream of unknown length: buffers one part per job (memory = jobs × part size, small streams
 * become one PUT), uploads parts in parallel, completes in finish and checks size with HEAD. */
int s3_sink(struct s3 *s3, struct str bucket, struct str key, const struct s3_put *put,
            struct progress *progress, struct sink **out, struct err *e) MUST_CHECK;

/* A source pinned to the object's present state: a GET of its last S3_SOURCE_TAIL bytes, which are kept (where the
 * server does not understand that, HEAD), then ranged GETs with If-Match. Reads that go on where the last one ended
 * are fetched ahead in parallel. NOT_FOUND when absent. */
enum { S3_SOURCE_TAIL = 65536 };
int s3_source(struct s3 *s3, struct str bucket, struct str key, struct source **out,
              struct s3_object *object, struct err *e) MUST_CHECK;
/* Download into `fd` (an empty file): ranges in parallel with If-Match, pwrite; short bodies go on where they ended; an
 * object that changes meanwhile is read from its start. The content is checked against the checksum that the object
 * carries (DATA). With `resume` the file may be what an earlier call left that was cut off at any instruction: what it
 * has of the same object is kept. After a failure it is empty when there is nothing to go on with. object may be NULL. */
int s3_get_file(struct s3 *s3, struct str bucket, struct str key, int fd, bool resume,
                struct progress *progress, struct s3_object *object, struct err *e) MUST_CHECK;
/* Download to a sink in order (stdout). */
int s3_get_stream(struct s3 *s3, struct str bucket, struct str key, struct sink *out,
                  struct progress *progress, struct err *e) MUST_CHECK;

/* Whether an open file (`size` bytes) holds what an object with this ETag does, as far as an ETag tells: the MD5
 * of the whole, or of parts of one of the sizes in use. *same is false when it tells nothing. */
int s3_same_file(struct s3 *s3, int fd, uint64_t size, struct str etag, bool *same,
                 struct err *e) MUST_CHECK;

/* Server-side copy, within this client's endpoint; multipart copy above 5 GiB. */
int s3_copy(struct s3 *s3, struct str from_bucket, struct str from_key, struct str bucket,
            struct str key, const struct s3_put *put, struct blob_id *id, struct err *e) MUST_CHECK;

/* DELETE of one key; absent is fine. */
int s3_delete(struct s3 *s3, struct str bucket, struct str key, struct err *e) MUST_CHECK;
/* DeleteObjects, at most 1,000 keys. Absent keys are fine. Servers without bulk delete get single requests.
 * Keys that the server would not delete are in *refused (free with mem_free), each with its error; the call
 * fails only when the request as a whole did. */
struct s3_refusal {
	struct str key; /* one of those given */
	struct err err;
};
int s3_delete_listed(struct s3 *s3, struct str bucket, const struct str *keys, size_t count,
                     struct s3_refusal **refused, size_t *refused_count, struct err *e) MUST_CHECK;
/* The same for callers to whom one refusal is failure: *e is the first. */
int s3_delete_many(struct s3 *s3, struct str bucket, const struct str *keys, size_t count,
                   struct err *e) MUST_CHECK;

/* A listing, page by page (ListObjectsV2, v1 where v2 is missing), constant memory. */
struct s3_list;
struct s3_list_entry {
	struct str key; /* or the common prefix */
	bool is_prefix;
	uint64_t size_bytes;
	int64_t modified_ms;
	struct str etag;
	struct str storage_class;
	struct str version_id; /* of a listing of versions; "null" where there was no versioning */
	bool is_latest, is_marker; /* of that; a marker stands for the key's having been deleted */
};
/* delimiter: "" or "/". */
int s3_list_open(struct s3 *s3, struct str bucket, struct str prefix, struct str delimiter,
                 struct s3_list **out, struct err *e) MUST_CHECK;
/* The same of all versions (ListObjectVersions): each key's in a run, the latest first. UNAVAILABLE from the first
 * s3_list_next on where the server has none. */
int s3_list_versions(struct s3 *s3, struct str bucket, struct str prefix, struct str delimiter,
                     struct s3_list **out, struct err *e) MUST_CHECK;
/* 1 and *entry (views valid until the next call), 0 at the end, -1. A page that repeats its token is an error. */
int s3_list_next(struct s3_list *l, struct s3_list_entry *entry, struct err *e) MUST_CHECK;
void s3_list_close(struct s3_list *l);
void s3_list_close_auto(struct s3_list **l);
#define S3_LIST_AUTO AUTO(s3_list_close_auto) struct s3_list *

/* Multipart uploads that were begun and not ended, page by page, in constant memory. */
struct s3_uploads;
struct s3_upload {
	struct str key, id; /* valid until the next call */
	int64_t begun_ms;
};
int s3_uploads_open(struct s3 *s3, struct str bucket, struct str prefix, struct s3_uploads **out,
                    struct err *e) MUST_CHECK;
/* 1 and *out, 0 at the end. */
int s3_uploads_next(struct s3_uploads *u, struct s3_upload *out, struct err *e) MUST_CHECK;
void s3_uploads_close(struct s3_uploads *u);
void s3_uploads_close_auto(struct s3_uploads **u);
#define S3_UPLOADS_AUTO AUTO(s3_uploads_close_auto) struct s3_uploads *
/* Abort one, until the server shows no part of it. One that is gone is fine. */
int s3_uploads_abort(struct s3 *s3, struct str bucket, struct str key, struct str id,
                     struct err *e) MUST_CHECK;

struct s3_bucket {
	char name[S3_BUCKET_MAX + 1];
	int64_t created_ms;
};
int s3_list_buckets(struct s3 *s3, struct s3_bucket **out, size_t *count, struct err *e) MUST_CHECK;

/* A presigned URL for GET (of the client's version_id) or PUT, valid for `seconds` (1 to 604,800), appended to `out`. */
int s3_presign(struct s3 *s3, const char *method, struct str bucket, struct str key,
               uint64_t seconds, struct buf *out, struct err *e) MUST_CHECK;

/* What a server can do, found out by trying; and what was seen, in its own words. */
enum s3_answer { S3_ANSWER_UNKNOWN, S3_ANSWER_NO, S3_ANSWER_YES };
enum { S3_PROBE_MAX = 12, S3_PROBE_HOW_MAX = 240 };
struct s3_finding {
	const char *what; /* "list-v2" */
	enum s3_answer answer;
	char how[S3_PROBE_HOW_MAX];
};
/* Try everything in a bucket, with an object of a random name that is removed again. Fails only when not even
 * a plain object can be written. */
int s3_probe_all(struct s3 *s3, struct str bucket, struct s3_finding out[S3_PROBE_MAX],
                 size_t *count, struct err *e) MUST_CHECK;
/* The same question to a client that puts the bucket into the host name. */
void s3_probe_virtual_host(struct s3 *s3, struct str bucket, struct s3_finding *out);

/* Create and remove a bucket. */
int s3_make_bucket(struct s3 *s3, struct str bucket, struct err *e) MUST_CHECK;
int s3_remove_bucket(struct s3 *s3, struct str bucket, struct err *e) MUST_CHECK;

#endif
