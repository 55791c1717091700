/* The credential chain: environment, shared credentials file, config file. */
#include "s3/credentials.h"

#include <string.h>

#include "base/mem.h"
#include "os/sys.h"

/* Short ones would redact every message. */
enum { SECRET_MIN = 8 };

static char *copy_secret(struct str s)
{
	return s.p ? mem_str(s) : mem_text("");
}

static void free_secret(char *secret)
{
	if (secret)
		mem_wipe(secret, strlen(secret));
	mem_free(secret);
}

static bool plausible(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return false;
	return s.len <= CREDENTIALS_TEXT_MAX;
}

/* Take a pair of keys. 1 taken, 0 there is none here. */
static int take(struct str access, struct str secret, struct str token, const char *origin,
                struct credentials *out, struct err *e)
{
	if (access.len == 0 && secret.len == 0)
		return 0;
	if (access.len == 0 || secret.len == 0)
		return err_set(e, ERR_KIND_CONFIG, "%s has %s but not %s", origin,
		               access.len > 0 ? "an access key" : "a secret key",
		               access.len > 0 ? "the secret key" : "the access key");
	if (!plausible(access) || !plausible(secret) || !plausible(token))
		return err_set(e, ERR_KIND_CONFIG,
		               "the keys of %s have blanks or control characters in them", origin);
	out->access_key = mem_str(access);
	out->secret_key = copy_secret(secret);
	out->session_token = copy_secret(token);
	out->origin = mem_text(origin);
	return 1;
}

static int from_environment(struct credentials *out, struct err *e)
{
	return take(str_of(sys_env("AWS_ACCESS_KEY_ID")), str_of(sys_env("AWS_SECRET_ACCESS_KEY")),
	            str_of(sys_env("AWS_SESSION_TOKEN")), "the environment", out, e);
}

static int from_file(const struct awsconf *conf, const char *path,
                     bool (*get)(const struct awsconf *, const char *, struct str *),
                     struct credentials *out, struct err *e)
{
	struct str access = { 0 }, secret = { 0 }, token = { 0 };
	if (!path)
		return 0;
	get(conf, "aws_access_key_id", &access);
	get(conf, "aws_secret_access_key", &secret);
	get(conf, "aws_session_token", &token);
	char *origin = mem_printf("%s [%s]", path, conf->profile);
	int result = take(access, secret, token, origin, out, e);
	mem_free(origin);
	return result;
}

int credentials_find(const struct awsconf *conf, struct credentials *out, struct err *e)
{
	*out = (struct credentials){ .access_key = NULL };
	int found = conf->profile_from_user ? 0 : from_environment(out, e);
	if (found == 0)
		found = from_file(conf, conf->credentials_path, awsconf_credential, out, e);
	if (found == 0)
		found = from_file(conf, conf->config_path, awsconf_setting, out, e);
	if (found != 0)
		return found > 0 ? 0 : -1;
	return err_set(
		e, ERR_KIND_DENIED,
		"no credentials: looked at %s%s%s, profile \"%s\"; set AWS_ACCESS_KEY_ID and "
		"AWS_SECRET_ACCESS_KEY, or use --no-sign-request for public data",
		conf->profile_from_user ? "" : "the environment",
		conf->profile_from_user || conf->looked.len == 0 ? "" : ", ", conf->looked.p,
		conf->profile);
}

void credentials_free(struct credentials *c)
{
	mem_free(c->access_key);
	free_secret(c->secret_key);
	free_secret(c->session_token);
	mem_free(c->origin);
	*c = (struct credentials){ .access_key = NULL };
}

static bool holds(struct str text, const char *secret)
{
	return secret && strlen(secret) >= SECRET_MIN && str_has(text, str_of(secret));
}

bool credentials_leak(const struct credentials *c, struct str text)
{
	return holds(text, c->secret_key) || holds(text, c->session_token) ||
	       str_has(text, S("AWS4-HMAC-SHA256")) || str_has(text, S("aws4_request"));
}
