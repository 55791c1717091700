/* Between the files of the chain (internal to chain*.c). */
#ifndef WS_S3_CHAIN_PARTS_H
#define WS_S3_CHAIN_PARTS_H

#include "base/buf.h"
#include "base/url.h"
#include "net/trust.h"
#include "s3/chain.h"
#include "s3/settings.h"

enum { CHAIN_BODY_MAX = 1 << 17, CHAIN_FILE_MAX = 1 << 16 };

/* A buffer that held secrets: wiped when freed. */
void chain_wipe(struct buf *b);
#define CHAIN_SECRET_AUTO AUTO(chain_wipe) struct buf

/* One walk along the chain. */
struct chain {
	const struct chain_config *config;
	const struct awsconf *conf;
	struct trust *trust; /* loaded when https first needs it; owned */
	char *why;           /* of the present step, CHAIN_WHY_MAX bytes */
};
void chain_end(struct chain *c);
#define CHAIN_AUTO AUTO(chain_end) struct chain

/* A provider: 1 and *out, 0 it is not set up (and says so in c->why), -1 it is and fails. */
typedef int chain_provider(struct chain *c, struct credentials *out, struct err *e);

/* When who may take so long has to give up (monotonic). */
int64_t chain_deadline(const struct chain *c, int64_t ms);
/* Say why there is nothing. Returns 0. */
int chain_not(struct chain *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The keys that one of the AWS files has for `profile`: as a provider. */
int chain_static(struct chain *c, const char *profile, bool from_config, struct credentials *out,
                 struct err *e) MUST_CHECK;
/* The environment's keys, whatever profile is meant. */
int chain_environment(struct chain *c, struct credentials *out, struct err *e) MUST_CHECK;
/* The whole of a small file; `what` names the setting that names it. Errors: CONFIG. */
int chain_read_file(const char *path, const char *what, struct buf *out, struct err *e) MUST_CHECK;

/* ---- chain_role.c ---- */
chain_provider chain_role_assume, chain_role_web;
/* The web identity of a profile's file settings. */
int chain_role_web_of(struct chain *c, const char *profile, struct credentials *out,
                      struct err *e) MUST_CHECK;

/* ---- chain_process.c ---- */
/* credential_process of `profile`: as a provider. */
int chain_process_run(struct chain *c, const char *profile, struct credentials *out,
                      struct err *e) MUST_CHECK;
/* Split a command line into words as a shell does: blanks, quotes, backslashes; nothing is expanded. NULL-terminated,
 * words and array in one mem_free; NULL when a quote is open or there is no word. */
char **chain_process_words(struct str line);

/* ---- chain_metadata.c ---- */
chain_provider chain_metadata_container, chain_metadata_machine;
/* Whether the container's keys may be asked for there (reference: the AWS SDKs' list). */
bool chain_metadata_host_ok(const struct url *url);

/* ---- chain_json.c ---- */
/* Keys from a JSON document of `origin` whose session token is called `token`; those of a process have a version.
 * Errors: DATA without a word of the document. */
int chain_json_take(struct str text, const char *token, bool versioned, const char *origin,
                    struct credentials *out, struct err *e) MUST_CHECK;

/* ---- chain_sts.c ---- */
struct chain_sts_role {
	struct str role_arn, session_name, external_id, duration_s; /* the last two may be empty */
};
/* AssumeRole, signed with `keys`. */
int chain_sts_assume(struct chain *c, const struct chain_sts_role *role,
                     const struct credentials *keys, const char *origin, struct credentials *out,
                     struct err *e) MUST_CHECK;
/* AssumeRoleWithWebIdentity, which is not signed. */
int chain_sts_web(struct chain *c, const struct chain_sts_role *role, struct str token,
                  const char *origin, struct credentials *out, struct err *e) MUST_CHECK;
int chain_sts_caller(struct chain *c, const struct credentials *keys, struct chain_caller *out,
                     struct err *e) MUST_CHECK;

/* ---- chain_http.c ---- */
struct chain_ask {
	const char *method;
	const struct url *url; /* scheme, host, port; its path is not used */
	struct str target;     /* of the request line */
	struct str fields;     /* further lines of the head, each with its CR LF */
	struct str body;
	int64_t timeout_ms; /* of connecting, and then of the exchange */
	bool proxied;       /* through the proxy that the environment names; never for metadata */
};
/* One exchange on a connection of its own: 0 with the status and the whole body. No redirect is followed. */
int chain_http_ask(struct chain *c, const struct chain_ask *ask, int *status, struct buf *body,
                   struct err *e) MUST_CHECK;
/* The failure that a status other than 200 is: DENIED, or TRY_AGAIN and retryable. Returns -1. */
int chain_http_refused(int status, struct err *e);
/* Whether a text may stand in a head's field. */
bool chain_http_field_ok(struct str value);

#endif
