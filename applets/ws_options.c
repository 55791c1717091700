/* Base, profile and warnings, shared by the applets that work on a base. */
#include "applets/ws_options.h"

#include "base/mem.h"
#include "os/log.h"
#include "os/sys.h"
#include "ws/profile.h"

const struct opt_row ws_options_rows[WS_OPTIONS_COUNT] = {
	OPT_TEXT("base", 'b', "DIR", struct ws_options, base,
	         "the directory that holds workspaces (else WORKSPACE_DIR, else the profile's)"),
	OPT_TEXT("profile", 'p', "NAME", struct ws_options, profile,
	         "the profile (else WS_PROFILE, else task)"),
};

const char *ws_options_profile(const struct ws_options *o)
{
	if (o->profile)
		return o->profile;
	const char *env = sys_env("WS_PROFILE");
	return env ? env : "task";
}

const char *ws_options_base(const struct ws_options *o)
{
	return o->base ? o->base : sys_env("WORKSPACE_DIR");
}

int ws_options_base_path(const struct ws_options *o, const struct ini *config, struct buf *out,
                         struct err *e)
{
	const char *said = ws_options_base(o);
	PROFILE_AUTO profile = { .name = NULL };
	if (said) {
		buf_add_text(out, said);
		return buf_check(out, e, "the base's path");
	}
	if (profile_load(ws_options_profile(o), config, &profile, e))
		return -1;
	const struct profile_words words = { .id = NULL };
	return profile_expand(profile.base, &words, out, e);
}

int ws_options_open_base(const struct ws_options *o, const struct ini *config, struct base_dir *out,
                         struct err *e)
{
	BUF_AUTO path = buf_make(4096);
	if (ws_options_base_path(o, config, &path, e) || buf_check(&path, e, "the base's path"))
		return -1;
	return base_dir_open(path.p, false, out, e);
}

void ws_options_notice(void *ctx, const struct err *e)
{
	(void)ctx;
	log_warn("%s", e->msg);
}
