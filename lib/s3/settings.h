/*
 * Region and endpoints: what the user said, and where. In this order, as the AWS SDKs have it: the option, the
 * variable of the service, the general variable, the profile's `services` section, the profile itself, a default.
 */
#ifndef WS_S3_SETTINGS_H
#define WS_S3_SETTINGS_H

#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "s3/awsconf.h"

/* A value, a view of what the caller, the environment or the AWS files own. */
struct settings_value {
	struct str text;
	const char *origin; /* "--region", "AWS_REGION", "the config file"; a default: "default" */
};

/* `option` may be NULL. Errors: CONFIG for a name that no region can have. */
int settings_region(const char *option, const struct awsconf *conf, struct settings_value *out,
                    struct err *e) MUST_CHECK;
/* The endpoint of "s3" or "sts"; an empty text means AWS itself. `option` may be NULL. */
void settings_endpoint(const char *service, const char *option, const struct awsconf *conf,
                       struct settings_value *out);

#endif
