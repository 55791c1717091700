/*
 * The credential chain: who has keys for us. In this order, which is that of the AWS SDKs: the environment, a role to
 * assume, web identity, the credentials file, credential_process, the config file, the container's agent, the machine's
 * metadata service. The first that is set up decides: when it fails, that is the error, and no other is asked.
 */
#ifndef WS_S3_CHAIN_H
#define WS_S3_CHAIN_H

#include "base/defs.h"
#include "base/err.h"
#include "os/stop.h"
#include "s3/awsconf.h"
#include "s3/credentials.h"

enum { CHAIN_STEPS = 8, CHAIN_WHY_MAX = 160 };

/* What the user said; NULL and false mean "not said". The texts outlive their use. */
struct chain_config {
	const char *profile; /* named by an option: then the environment's keys do not count */
	const char *region;
	const char *ca_bundle;
	bool allow_http; /* keys and tokens over plain http to a host that is not loopback */
	const struct stop *stop; /* who ends the asking; NULL: nobody */
	int64_t until_ms; /* monotonic; when it ends in any case; 0: each provider has its own time */
};

/* Who was asked, and why it has nothing. */
struct chain_step {
	const char *provider;    /* "environment", "assume-role", … */
	char why[CHAIN_WHY_MAX]; /* "" for the one that won */
};
struct chain_trace {
	struct chain_step steps[CHAIN_STEPS];
	size_t count;
	bool found; /* the last step won */
};

/* Find keys. `trace` is filled also on failure. Errors: DENIED when nobody has any, with all reasons; what a provider
 * failed with, and who was asked before it. */
int chain_find(const struct chain_config *config, const struct awsconf *conf,
               struct credentials *out, struct chain_trace *trace, struct err *e) MUST_CHECK;

/* Who keys belong to, by STS GetCallerIdentity. */
struct chain_caller {
	char account[32];
	char arn[2048];
	char user_id[256];
};
int chain_caller(const struct chain_config *config, const struct awsconf *conf,
                 const struct credentials *keys, struct chain_caller *out,
                 struct err *e) MUST_CHECK;

#endif
