/* The order of the providers, and those that only look. */
#include "s3/chain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "os/dir.h"
#include "os/file.h"
#include "os/sys.h"
#include "s3/chain_parts.h"

int chain_not(struct chain *c, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vsnprintf(c->why, CHAIN_WHY_MAX, fmt, args);
	va_end(args);
	return 0;
}

int64_t chain_deadline(const struct chain *c, int64_t ms)
{
	int64_t own_ms = sys_monotonic_ms() + ms, all_ms = c->config->until_ms;
	return all_ms > 0 && all_ms < own_ms ? all_ms : own_ms;
}

void chain_end(struct chain *c)
{
	trust_free(c->trust);
	c->trust = NULL;
}

void chain_wipe(struct buf *b)
{
	mem_wipe(b->p, b->len);
	buf_free(b);
}

int chain_read_file(const char *path, const char *what, struct buf *out, struct err *e)
{
	FD_AUTO fd = -1;
	if (dir_open_user_file(path, false, &fd, e) || file_read_rest(fd, out, e, path)) {
		/* What cannot be read is a mistake in the setting that names it. */
		e->kind = ERR_KIND_CONFIG;
		return err_context(e, "%s", what);
	}
	return 0;
}

int chain_environment(struct chain *c, struct credentials *out, struct err *e)
{
	struct credentials_text text = {
		.access = str_of(sys_env("AWS_ACCESS_KEY_ID")),
		.secret = str_of(sys_env("AWS_SECRET_ACCESS_KEY")),
		.token = str_of(sys_env("AWS_SESSION_TOKEN")),
		.expiration = str_of(sys_env("AWS_CREDENTIAL_EXPIRATION")),
	};
	int found = credentials_take(&text, "the environment", out, e);
	return found != 0 ? found : chain_not(c, "AWS_ACCESS_KEY_ID is not set");
}

static int environment(struct chain *c, struct credentials *out, struct err *e)
{
	if (c->conf->profile_from_user)
		return chain_not(c, "does not count: --aws-profile was given");
	return chain_environment(c, out, e);
}

int chain_static(struct chain *c, const char *profile, bool from_config, struct credentials *out,
                 struct err *e)
{
	struct credentials_text text = { .access = S("") };
	const char *path = from_config ? c->conf->config_path : c->conf->credentials_path;
	bool (*get)(const struct awsconf *, const char *, const char *, struct str *) =
		from_config ? awsconf_setting : awsconf_credential;
	if (!path)
		return chain_not(c, "HOME is not set");
	/* What is not there leaves its view empty. */
	if (!get(c->conf, profile, "aws_access_key_id", &text.access))
		text.access = S("");
	if (!get(c->conf, profile, "aws_secret_access_key", &text.secret))
		text.secret = S("");
	if (!get(c->conf, profile, "aws_session_token", &text.token))
		text.token = S("");
	MEM_AUTO char *origin = mem_printf("%s [%s]", path, profile);
	int found = credentials_take(&text, origin, out, e);
	return found != 0 ? found : chain_not(c, "no keys in %s", origin);
}

static int shared_file(struct chain *c, struct credentials *out, struct err *e)
{
	return chain_static(c, c->conf->profile, false, out, e);
}

static int process(struct chain *c, struct credentials *out, struct err *e)
{
	return chain_process_run(c, c->conf->profile, out, e);
}

static int config_file(struct chain *c, struct credentials *out, struct err *e)
{
	const char *profile = c->conf->profile;
	struct str ignored;
	int found = chain_static(c, profile, true, out, e);
	/* Signing in is for people and browsers; what comes of it can be had. */
	if (found == 0 && (awsconf_setting(c->conf, profile, "sso_session", &ignored) ||
	                   awsconf_setting(c->conf, profile, "sso_start_url", &ignored)))
		return chain_not(c,
		                 "the profile signs in by SSO: set credential_process = aws "
		                 "configure export-credentials --profile %.40s",
		                 profile);
	return found;
}

static const struct {
	const char *name;
	chain_provider *find;
} providers[CHAIN_STEPS] = {
	{ "environment", environment },
	{ "assume-role", chain_role_assume },
	{ "web-identity", chain_role_web },
	{ "credentials-file", shared_file },
	{ "process", process },
	{ "config-file", config_file },
	{ "container", chain_metadata_container },
	{ "machine", chain_metadata_machine },
};

static void add_reasons(const struct chain_trace *trace, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%s: %s", i > 0 ? "; " : "", trace->steps[i].provider,
		           trace->steps[i].why);
}

/* A provider that is set up failed: say which, and who was asked before. */
static int failed(const struct chain_trace *trace, struct err *e)
{
	size_t before = trace->count - 1;
	BUF_AUTO reasons = buf_make((size_t)CHAIN_STEPS * (CHAIN_WHY_MAX + 32));
	err_context(e, "credentials: %s", trace->steps[before].provider);
	if (before == 0)
		return -1;
	add_reasons(trace, before, &reasons);
	size_t len = strlen(e->msg);
	snprintf(e->msg + len, sizeof(e->msg) - len, " (asked before: %s)", reasons.p);
	return -1;
}

static int nobody(const struct chain_trace *trace, struct err *e)
{
	BUF_AUTO reasons = buf_make((size_t)CHAIN_STEPS * (CHAIN_WHY_MAX + 32));
	add_reasons(trace, trace->count, &reasons);
	return err_set(e, ERR_KIND_DENIED,
	               "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use "
	               "--no-sign-request for public data (%s)",
	               reasons.p);
}

int chain_find(const struct chain_config *config, const struct awsconf *conf,
               struct credentials *out, struct chain_trace *trace, struct err *e)
{
	CHAIN_AUTO c = { .config = config, .conf = conf };
	*out = (struct credentials){ .access_key = NULL };
	*trace = (struct chain_trace){ .count = 0 };
	for (size_t i = 0; i < CHAIN_STEPS; i++) {
		struct chain_step *step = &trace->steps[trace->count++];
		step->provider = providers[i].name;
		c.why = step->why;
		int found = providers[i].find(&c, out, e);
		trace->found = found > 0;
		if (found > 0)
			step->why[0] = '\0';
		if (found < 0) {
			chain_not(&c, "%s", e->msg);
			return failed(trace, e);
		}
		if (found > 0)
			return 0;
	}
	return nobody(trace, e);
}

int chain_caller(const struct chain_config *config, const struct awsconf *conf,
                 const struct credentials *keys, struct chain_caller *out, struct err *e)
{
	char why[CHAIN_WHY_MAX];
	CHAIN_AUTO c = { .config = config, .conf = conf, .why = why };
	return chain_sts_caller(&c, keys, out, e);
}
