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

/* What a file's owner and mode let others do. */
struct awsconf_file {
	bool exposed; /* all users may read it */
	bool foreign; /* all users may write it, or it is neither ours nor root's */
};

struct awsconf {
	const char *profile;    /* its name; the caller's or the environment's */
	bool profile_from_user; /* an option, which wins over keys in the environment */
	struct ini credentials;
	struct ini config;
	char *credentials_path; /* owned; NULL: there is no home directory to look in */
	char *config_path;
	struct awsconf_file credentials_file, config_file;
	struct buf looked; /* "…, …": the places that were looked at, for messages */
};

/* Read the files. `profile`: the option's, or NULL: AWS_PROFILE, else "default". A missing file is fine,
 * a profile that was named and is in neither file is not. Errors: CONFIG. */
int awsconf_load(const char *profile, struct awsconf *out, struct err *e) MUST_CHECK;
/* Wipes. */
void awsconf_free(struct awsconf *c);
#define AWSCONF_AUTO AUTO(awsconf_free) struct awsconf

/* A setting of a profile: in the credentials file, in the config file. False when absent or empty. `profile` is
 * a name, which must fit; c->profile is the one that is meant. */
bool awsconf_credential(const struct awsconf *c, const char *profile, const char *name,
                        struct str *value);
bool awsconf_setting(const struct awsconf *c, const char *profile, const char *name,
                     struct str *value);
/* The same in either file, the credentials file first. */
bool awsconf_either(const struct awsconf *c, const char *profile, const char *name,
                    struct str *value);
/* Whether a profile is in one of the files. */
bool awsconf_has_profile(const struct awsconf *c, const char *profile);
/* `name` below `service` in the section that the profile's `services` names. */
bool awsconf_service(const struct awsconf *c, const char *service, const char *name,
                     struct str *value);

#endif
