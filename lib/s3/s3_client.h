/* The inside of struct s3, and its idle connections and learned regions (internal to lib/s3). */
#ifndef WS_S3_S3_CLIENT_H
#define WS_S3_S3_CLIENT_H

#include <stdatomic.h>

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "net/http.h"
#include "net/proxy.h"
#include "net/retry.h"
#include "net/trust.h"
#include "os/mutex.h"
#include "os/pool.h"
#include "os/stop.h"
#include "s3/endpoint.h"
#include "s3/keyring.h"
#include "s3/s3.h"
#include "s3/s3_conditional.h"

enum {
	S3_CLIENT_IDLE_MS = 4000,   /* AWS closes after 5 to 6 s */
	S3_CLIENT_SLOW_MS = 300000, /* completing a large upload may take minutes without a byte */
	S3_CLIENT_SLOW_TOTAL_MS = 3 * S3_CLIENT_SLOW_MS, /* with a blank now and then */
	S3_CLIENT_SPEED_BYTES = 1024, /* that an answer moves within the time-out */
	S3_CLIENT_CONNECT_MS = 10000,
	S3_CLIENT_REGIONS = 16,
	S3_CLIENT_BUCKETS = 8, /* whose conditions are remembered */
};

struct s3_conn {
	struct s3_conn *next;
	struct http_conn *http;
	char host_field[ENDPOINT_HOST_FIELD_MAX];
	bool slow; /* waits S3_CLIENT_SLOW_MS for an answer */
	bool used; /* has carried a request */
	int64_t idle_since_ms;
	struct buf head, path; /* reused from request to request */
};

struct s3_region {
	char bucket[S3_BUCKET_MAX + 1];
	char region[ENDPOINT_REGION_MAX + 1];
};

/* What s3_conditional.c found out. */
struct s3_client_conditions {
	char bucket[S3_BUCKET_MAX + 1];
	enum s3_answer answers[S3_CONDITIONS];
};

struct s3 {
	struct endpoint endpoint;
	struct keyring *keyring;       /* NULL: requests are not signed */
	struct trust *trust;           /* NULL over http */
	struct tls_sessions *sessions; /* with trust */
	struct identity *identity;     /* NULL: no client certificate */
	const char *connect_to;
	struct proxy_env proxies;
	const char *version_id;
	bool request_payer;
	char sse_c_key[48], sse_c_md5[28]; /* base64; "" when there is none */
	char region[ENDPOINT_REGION_MAX + 1];
	bool region_pinned; /* the user's word; not corrected */
	unsigned jobs, max_attempts;
	uint64_t part_size; /* 0: chosen per upload */
	int64_t timeout_ms;
	int64_t until_ms; /* when to give up altogether; 0: never */
	struct retry_budget budget;
	struct stop *stop;          /* once asked, only cleaning up goes on */
	_Atomic int sharers;        /* besides the first */
	_Atomic int64_t skew_ms;    /* the server's clock minus ours */
	_Atomic size_t connects;    /* spreads connections over addresses */
	bool verify;                /* downloads */
	_Atomic int checksum;       /* enum s3_checksum: the highest step that the server takes */
	_Atomic bool list_v1;       /* the server has no ListObjectsV2 */
	_Atomic bool single_delete; /* the server has no DeleteObjects */
	struct mutex asking;        /* of the next two; held while a server is tried */
	struct s3_client_conditions conditions[S3_CLIENT_BUCKETS];
	size_t conditions_next;
	struct mutex lock; /* of what follows */
	struct s3_conn *idle;
	unsigned idle_count, crew_users;
	struct pool *crew; /* NULL: nobody needs threads */
	struct s3_region regions[S3_CLIENT_REGIONS];
	size_t region_next;
};

/* A connection to `place`: an idle one (unless `fresh`) or a new one. `stop` ends the connecting. Give it back or drop it. */
int s3_conn_take(struct s3 *s3, const struct endpoint_place *place, bool slow, bool fresh,
                 const struct stop *stop, struct s3_conn **out, struct err *e) MUST_CHECK;
/* Keep for the next request when it can carry one. NULL is fine. */
void s3_conn_give(struct s3 *s3, struct s3_conn *conn);
void s3_conn_drop(struct s3_conn *conn);
/* Close the idle ones. */
void s3_conn_drop_all(struct s3 *s3);

/* The region to sign for: what was learned for the bucket, else the client's. */
void s3_region_of(struct s3 *s3, struct str bucket, char out[ENDPOINT_REGION_MAX + 1]);
/* Remember another region; false when it is the present one, is none, or the user pinned his. */
bool s3_region_learn(struct s3 *s3, struct str bucket, struct str region);

#endif
