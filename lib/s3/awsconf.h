/*
 * The AWS files and which profile of them is meant: ~/.aws/credentials and ~/.aws/config, or those that
 * AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE name.
 */
#ifndef WS_S3_AWSCONF_H
#define WS_S3_AWSCONF_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "data/ini.h"

struct awsconf {
	const char *profile;    /* its name; the caller's or the environment's */
	bool profile_from_user; /* an option, which wins over keys in the environment */
	struct ini credentials;
	struct ini config;
	char *credentials_path; /* owned; NULL: there is no home directory to look in */
	char *config_path;
	struct buf looked; /* "…, …": the places that were looked at, for messages */
};

/* Read the files. `profile`: the option's, or NULL: AWS_PROFILE, else "default". A missing file is fine,
 * a profile that was named and is in neither file is not. Errors: CONFIG. */
int awsconf_load(const char *profile, struct awsconf *out, struct err *e) MUST_CHECK;
/* Wipes. */
void awsconf_free(struct awsconf *c);
#define AWSCONF_AUTO AUTO(awsconf_free) struct awsconf

/* A setting of the profile: in the credentials file, in the config file. False when absent or empty. */
bool awsconf_credential(const struct awsconf *c, const char *name, struct str *value);
bool awsconf_setting(const struct awsconf *c, const char *name, struct str *value);

#endif
