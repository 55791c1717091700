/* Roles: assumed with the keys of a source, or for a token that an identity provider gave. */
#include <stdio.h>

#include "base/mem.h"
#include "os/sys.h"
#include "s3/chain_parts.h"

enum { ROLES_MAX = 5, SESSION_MAX = 40 };

static struct str setting(const struct chain *c, const char *profile, const char *name)
{
	struct str value;
	return awsconf_either(c->conf, profile, name, &value) ? value : S("");
}

/* ws-1763671234 */
static struct str session_name(struct str said, char out[SESSION_MAX])
{
	if (said.len > 0)
		return said;
	snprintf(out, SESSION_MAX, "ws-%lld", (long long)(sys_now_ms() / 1000));
	return str_of(out);
}

static bool is_role(const struct chain *c, const char *profile)
{
	return setting(c, profile, "role_arn").len > 0 &&
	       setting(c, profile, "web_identity_token_file").len == 0;
}

/* The profile is a role whose own keys come from another one, or from a place. */
struct step {
	struct chain *c;
	const char *profile;
	unsigned depth;
};

static int assume(const struct step *s, struct credentials *out, struct err *e);

/* Keys of a source profile, in whatever way it has them. */
static int source_keys(const struct step *s, struct credentials *out, struct err *e)
{
	struct chain *c = s->c;
	if (!awsconf_has_profile(c->conf, s->profile))
		return err_set(e, ERR_KIND_CONFIG, "source_profile \"%s\" is in none of the files",
		               s->profile);
	int found = chain_static(c, s->profile, false, out, e);
	if (found == 0)
		found = chain_static(c, s->profile, true, out, e);
	if (found == 0 && is_role(c, s->profile))
		found = assume(s, out, e);
	if (found == 0)
		found = chain_role_web_of(c, s->profile, out, e);
	if (found == 0)
		found = chain_process_run(c, s->profile, out, e);
	if (found != 0)
		return found;
	return err_set(e, ERR_KIND_CONFIG, "source_profile \"%s\" has no credentials", s->profile);
}

static int source_place(struct chain *c, struct str place, struct credentials *out, struct err *e)
{
	int found;
	if (str_eq_nocase(place, S("Environment")))
		found = chain_environment(c, out, e);
	else if (str_eq_nocase(place, S("EcsContainer")))
		found = chain_metadata_container(c, out, e);
	else if (str_eq_nocase(place, S("Ec2InstanceMetadata")))
		found = chain_metadata_machine(c, out, e);
	else
		return err_set(e, ERR_KIND_CONFIG,
		               "credential_source must be Environment, EcsContainer or "
		               "Ec2InstanceMetadata");
	if (found != 0)
		return found;
	return err_set(e, ERR_KIND_DENIED, "credential_source %" STR_FMT " has no credentials: %s",
	               STR_ARG(place), c->why);
}

static int source_of(const struct step *s, struct credentials *out, struct err *e)
{
	struct str profile = setting(s->c, s->profile, "source_profile");
	struct str place = setting(s->c, s->profile, "credential_source");
	struct step source = { s->c, profile.p, s->depth + 1 };
	if ((profile.len > 0) == (place.len > 0))
		return err_set(e, ERR_KIND_CONFIG,
		               "role_arn needs source_profile or credential_source, one of them");
	if (setting(s->c, s->profile, "mfa_serial").len > 0)
		return err_set(e, ERR_KIND_CONFIG,
		               "mfa_serial: nobody is there to type a code; a credential_process "
		               "can ask for it");
	if (s->depth + 1 > ROLES_MAX)
		return err_set(e, ERR_KIND_CONFIG, "more than %d roles in a row, or a circle",
		               ROLES_MAX);
	return place.len > 0 ? source_place(s->c, place, out, e) : source_keys(&source, out, e);
}

static int assume(const struct step *s, struct credentials *out, struct err *e)
{
	CREDENTIALS_AUTO keys = { .access_key = NULL };
	char name[SESSION_MAX];
	struct chain_sts_role role = {
		.role_arn = setting(s->c, s->profile, "role_arn"),
		.session_name = session_name(setting(s->c, s->profile, "role_session_name"), name),
		.external_id = setting(s->c, s->profile, "external_id"),
		.duration_s = setting(s->c, s->profile, "duration_seconds"),
	};
	MEM_AUTO char *origin =
		mem_printf("role %" STR_FMT " [%s]", STR_ARG(role.role_arn), s->profile);
	if (source_of(s, &keys, e) < 0)
		return err_context(e, "profile \"%s\"", s->profile);
	if (chain_sts_assume(s->c, &role, &keys, origin, out, e) < 0)
		return err_context(e, "profile \"%s\"", s->profile);
	return 1;
}

int chain_role_assume(struct chain *c, struct credentials *out, struct err *e)
{
	struct step s = { c, c->conf->profile, 0 };
	if (is_role(c, s.profile))
		return assume(&s, out, e);
	return chain_not(c, "no role_arn in profile \"%.64s\"", s.profile);
}

/* Trade the token in `path` for keys of the role. The file is read each time: it is replaced while we run. */
static int trade(struct chain *c, const char *path, struct str arn, struct str session,
                 struct credentials *out, struct err *e)
{
	char name[SESSION_MAX];
	CHAIN_SECRET_AUTO text = buf_make(CHAIN_FILE_MAX);
	struct chain_sts_role role = { .role_arn = arn,
		                       .session_name = session_name(session, name) };
	if (arn.len == 0)
		return err_set(e, ERR_KIND_CONFIG,
		               "a web identity token needs a role: AWS_ROLE_ARN, or role_arn");
	if (chain_read_file(path, "the web identity token", &text, e))
		return -1;
	struct str token = str_trim(buf_str(&text));
	if (!chain_http_field_ok(token))
		return err_set(e, ERR_KIND_CONFIG, "%s has no web identity token in it", path);
	MEM_AUTO char *origin =
		mem_printf("role %" STR_FMT " for the token in %s", STR_ARG(arn), path);
	return chain_sts_web(c, &role, token, origin, out, e);
}

int chain_role_web_of(struct chain *c, const char *profile, struct credentials *out, struct err *e)
{
	struct str path = setting(c, profile, "web_identity_token_file");
	if (path.len == 0)
		return chain_not(c, "no web_identity_token_file in profile \"%.64s\"", profile);
	return trade(c, path.p, setting(c, profile, "role_arn"),
	             setting(c, profile, "role_session_name"), out, e);
}

int chain_role_web(struct chain *c, struct credentials *out, struct err *e)
{
	const char *path = sys_env("AWS_WEB_IDENTITY_TOKEN_FILE");
	if (c->conf->profile_from_user)
		return chain_role_web_of(c, c->conf->profile, out, e);
	if (path)
		return trade(c, path, str_of(sys_env("AWS_ROLE_ARN")),
		             str_of(sys_env("AWS_ROLE_SESSION_NAME")), out, e);
	int found = chain_role_web_of(c, c->conf->profile, out, e);
	return found != 0 ? found : chain_not(c, "AWS_WEB_IDENTITY_TOKEN_FILE is not set");
}
