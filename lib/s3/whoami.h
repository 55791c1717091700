/* Who we are to an S3 server, and how that was found out: for people who wonder. Makes no request to it. */
#ifndef WS_S3_WHOAMI_H
#define WS_S3_WHOAMI_H

#include "base/defs.h"
#include "base/err.h"
#include "s3/awsconf.h"
#include "s3/chain.h"
#include "s3/credentials.h"
#include "s3/s3.h"
#include "s3/settings.h"

struct whoami {
	struct awsconf conf;
	struct settings_value region;
	struct settings_value endpoint; /* the text is never empty */
	char *endpoint_owned;           /* what it is a view of, when nobody said one */
	struct chain_trace trace;       /* empty when requests are not to be signed */
	struct credentials keys;        /* access_key NULL: none */
	struct err why;                 /* why there are none */
};

/* Look. That there are no keys, or that a provider failed, is no failure of this: see `why`. Errors: CONFIG. */
int whoami_find(const struct s3_config *config, struct whoami *out, struct err *e) MUST_CHECK;
/* Ask STS whose the keys are. */
int whoami_verify(const struct s3_config *config, const struct whoami *id, struct chain_caller *out,
                  struct err *e) MUST_CHECK;
/* Wipes. */
void whoami_free(struct whoami *id);
#define WHOAMI_AUTO AUTO(whoami_free) struct whoami

#endif
