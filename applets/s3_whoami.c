/* ws-s3 whoami. The secret key and the session token are never shown. */
#include "applets/s3_whoami.h"

#include "applets/s3_options.h"
#include "base/codec.h"
#include "base/datetime.h"
#include "os/log.h"
#include "s3/whoami.h"

struct options {
	bool verify;
	struct s3_config s3;
};

static const struct opt_row rows[] = {
	OPT_FLAG("verify", 0, struct options, verify,
	         "ask STS (GetCallerIdentity) which account and user the keys belong to"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	S3_OPTIONS_GROUP(offsetof(struct options, s3)),
	OPT_GROUPS_END,
};

/* All there is to show. */
struct show {
	const struct whoami *id;
	const struct chain_caller *caller; /* NULL: not asked for */
};

static const char *provider(const struct whoami *id)
{
	return id->trace.found ? id->trace.steps[id->trace.count - 1].provider : "none";
}

static void json_tried(const struct chain_trace *trace, struct js *o)
{
	struct js *tried = js_array();
	for (size_t i = 0; i < trace->count; i++) {
		struct js *step = js_object();
		js_set_text(step, "provider", trace->steps[i].provider);
		js_set_bool(step, "found", trace->found && i == trace->count - 1);
		js_set_text(step, "why", trace->steps[i].why);
		js_set(tried, NULL, step);
	}
	js_set(o, "tried", tried);
}

static void json_keys(const struct credentials *keys, struct js *o)
{
	char iso[DATETIME_TEXT_MAX];
	if (!keys->access_key)
		return;
	js_set_text(o, "origin", keys->origin);
	js_set_text(o, "access_key", keys->access_key);
	js_set_bool(o, "temporary", keys->session_token[0] != '\0');
	if (keys->expires_ms > 0)
		js_set_text(o, "expires", datetime_iso_ms(keys->expires_ms, iso));
}

static void show_json(const struct show *s)
{
	const struct whoami *id = s->id;
	struct js *o = js_object();
	js_set_text(o, "provider", provider(id));
	json_keys(&id->keys, o);
	if (s->caller) {
		js_set_text(o, "account", s->caller->account);
		js_set_text(o, "arn", s->caller->arn);
		js_set_text(o, "user_id", s->caller->user_id);
	}
	js_set_text(o, "profile", id->conf.profile);
	js_set_str(o, "region", id->region.text);
	js_set_text(o, "region_origin", id->region.origin);
	js_set_str(o, "endpoint", id->endpoint.text);
	js_set_text(o, "endpoint_origin", id->endpoint.origin);
	json_tried(&id->trace, o);
	applet_json_line(o);
}

/* "Name:  value (origin)" */
static void line(struct buf *out, const char *name, struct str value, const char *origin)
{
	if (value.len == 0)
		return;
	buf_printf(out, "%-14s ", name);
	codec_quote(value, out);
	if (origin)
		buf_printf(out, " (%s)", origin);
	buf_add_char(out, '\n');
}

static void text_keys(const struct credentials *keys, struct buf *out)
{
	char iso[DATETIME_TEXT_MAX];
	if (!keys->access_key)
		return;
	line(out, "Origin:", str_of(keys->origin), NULL);
	line(out, "Access key:", str_of(keys->access_key),
	     keys->session_token[0] ? "temporary" : NULL);
	if (keys->expires_ms > 0)
		line(out, "Expires:", str_of(datetime_iso_ms(keys->expires_ms, iso)), NULL);
}

static void text_tried(const struct chain_trace *trace, struct buf *out)
{
	size_t count = trace->found ? trace->count - 1 : trace->count;
	if (count > 0)
		buf_add_text(out, "Asked before:\n");
	for (size_t i = 0; i < count; i++) {
		buf_printf(out, "  %-16s ", trace->steps[i].provider);
		codec_quote(str_of(trace->steps[i].why), out);
		buf_add_char(out, '\n');
	}
}

static void show_text(const struct show *s)
{
	const struct whoami *id = s->id;
	BUF_AUTO out = buf_make(1 << 16);
	line(&out, "Provider:", str_of(provider(id)), NULL);
	text_keys(&id->keys, &out);
	if (s->caller) {
		line(&out, "Account:", str_of(s->caller->account), NULL);
		line(&out, "ARN:", str_of(s->caller->arn), NULL);
		line(&out, "User id:", str_of(s->caller->user_id), NULL);
	}
	line(&out, "Profile:", str_of(id->conf.profile), NULL);
	line(&out, "Region:", id->region.text, id->region.origin);
	line(&out, "Endpoint:", id->endpoint.text, id->endpoint.origin);
	text_tried(&id->trace, &out);
	applet_print(&out);
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	WHOAMI_AUTO id = { .endpoint_owned = NULL };
	struct chain_caller caller;
	struct show show = { .id = &id };
	if (whoami_find(&o->s3, &id, e))
		return -1;
	if (id.conf.credentials_file.exposed)
		log_warn("%s can be read by all users of this machine", id.conf.credentials_path);
	struct err verdict = id.why;
	if (o->verify && id.keys.access_key && whoami_verify(&o->s3, &id, &caller, &verdict) == 0)
		show.caller = &caller;
	if (call->common->json)
		show_json(&show);
	else
		show_text(&show);
	*e = verdict;
	return err_is(e) ? -1 : 0;
}

const struct applet s3_whoami_applet = {
	.name = "whoami",
	.summary = "show whose keys are used, and how they were found",
	.synopsis = "[OPTIONS]",
	.details =
		"Walks the chain of credential providers as every other command does, and says who had keys, who\n"
		"was asked before and why each had none; and where region and endpoint come from. The secret key\n"
		"and the session token are never shown. The S3 server is not asked; with --verify STS is.",
	.groups = groups,
	.options_size = sizeof(struct options),
	.run = run,
};
