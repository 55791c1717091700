/* The Security Token Service: its query protocol, and XML back. */
#include <stdio.h>

#include "base/codec.h"
#include "base/datetime.h"
#include "base/mem.h"
#include "crypto/digest.h"
#include "net/retry.h"
#include "os/sys.h"
#include "s3/chain_parts.h"
#include "s3/endpoint.h"
#include "s3/sigv4.h"
#include "s3/xml.h"

enum { STS_TRIES = 3, STS_TIMEOUT_MS = 10000, STS_ALL_MS = 30000, SHOWN_MAX = 300 };

static const char form_type[] = "application/x-www-form-urlencoded; charset=utf-8";

/* A question to STS. */
struct sts {
	struct chain *c;
	const struct credentials *keys; /* NULL: not signed */
	struct str secret; /* what an answer must not be shown with: a token, or empty */
	char *endpoint;    /* owned text of `url` */
	struct url url;
	struct settings_value region;
	struct buf form, answer;
};

static void sts_free(struct sts *s)
{
	mem_free(s->endpoint);
	chain_wipe(&s->form);
	chain_wipe(&s->answer);
}
#define STS_AUTO AUTO(sts_free) struct sts

static void add_field(struct sts *s, const char *name, struct str value)
{
	if (value.len == 0)
		return;
	buf_printf(&s->form, "&%s=", name);
	codec_percent(value, false, &s->form);
}

/* Where it is, and the beginning of the question. */
static int prepare(struct sts *s, const char *action, struct err *e)
{
	struct settings_value endpoint;
	s->form = buf_make(CHAIN_BODY_MAX);
	s->answer = buf_make(CHAIN_BODY_MAX);
	buf_printf(&s->form, "Action=%s&Version=2011-06-15", action);
	if (settings_region(s->c->config->region, s->c->conf, &s->region, e))
		return -1;
	settings_endpoint("sts", NULL, s->c->conf, &endpoint);
	const char *end = str_starts(s->region.text, S("cn-")) ? ".cn" : "";
	s->endpoint = endpoint.text.len > 0 ? mem_str(endpoint.text)
	                                    : mem_printf("https://sts.%" STR_FMT ".amazonaws.com%s",
	                                                 STR_ARG(s->region.text), end);
	if (url_parse(str_of(s->endpoint), &s->url, e)) {
		e->kind = ERR_KIND_CONFIG;
		return err_context(e, "the endpoint of STS (%s)", endpoint.origin);
	}
	if (s->url.https || s->c->config->allow_http || url_is_loopback(&s->url))
		return 0;
	return err_set(e, ERR_KIND_CONFIG,
	               "keys would be asked of %s over plain http; use https, or --allow-http",
	               s->url.host);
}

static int add_signature(struct sts *s, struct buf *fields, struct err *e)
{
	char date[DATETIME_TEXT_MAX], hash[DIGEST_SHA256_HEX], host[ENDPOINT_HOST_FIELD_MAX];
	struct str token = str_of(s->keys->session_token);
	struct sigv4_scope scope = {
		.access_key = str_of(s->keys->access_key),
		.secret_key = str_of(s->keys->secret_key),
		.region = s->region.text,
		.service = S("sts"),
		.time_s = sys_now_ms() / 1000,
	};
	url_host_field(&s->url, host, sizeof(host));
	datetime_basic(scope.time_s, date);
	struct sigv4_pair headers[] = {
		{ S("content-type"), str_of(form_type) },
		{ S("host"), str_of(host) },
		{ S("x-amz-date"), str_of(date) },
		{ S("x-amz-security-token"), token },
	};
	struct sigv4_request r = {
		.method = "POST",
		.path = s->url.path,
		.headers = headers,
		.header_count = token.len > 0 ? 4 : 3,
		.payload_hash = str_of(digest_sha256_hex(s->form.p, s->form.len, hash)),
	};
	buf_printf(fields, "X-Amz-Date: %s\r\n", date);
	if (token.len > 0)
		buf_printf(fields, "X-Amz-Security-Token: %s\r\n", s->keys->session_token);
	buf_add_text(fields, "Authorization: ");
	if (sigv4_authorization(&r, &scope, fields, e))
		return -1;
	buf_add_text(fields, "\r\n");
	return 0;
}

/* What the element `name` of a `parent` holds; empty when there is none. */
static struct str text_of(struct str document, const char *parent, const char *name,
                          struct buf *out)
{
	struct err ignored = ERR_INIT;
	struct xml x;
	xml_open(&x, str_trim(document));
	while (xml_next_close(&x, out, &ignored) > 0)
		if (x.depth > 0 && str_is(x.open[x.depth - 1], parent) && str_is(x.name, name))
			return str_trim(buf_str(out));
	return S("");
}

static bool leaks(const struct sts *s, struct str text)
{
	return credentials_leak(s->keys, text) || (s->secret.len > 0 && str_has(text, s->secret));
}

/* What STS says when it does not want to. */
static int refused(struct sts *s, int status, struct err *e)
{
	char code[ERR_CODE_MAX], shown[SHOWN_MAX];
	BUF_AUTO text = buf_make(CHAIN_BODY_MAX);
	struct str said = text_of(buf_str(&s->answer), "Error", "Code", &text);
	codec_quoted(leaks(s, said) ? S("") : said, code, sizeof(code));
	said = text_of(buf_str(&s->answer), "Error", "Message", &text);
	codec_quoted(leaks(s, said) ? S("") : said, shown, sizeof(shown));
	chain_http_refused(status, e);
	bool throttled = str_has(str_of(code), S("Throttl"));
	if (throttled) {
		e->kind = ERR_KIND_TRY_AGAIN;
		e->retryable = true;
	}
	snprintf(e->code, sizeof(e->code), "%s", code);
	snprintf(e->msg, sizeof(e->msg), "%d%s%s%s%s", status, code[0] ? " " : "", code,
	         shown[0] ? ": " : "", shown);
	return -1;
}

static int ask_once(struct sts *s, struct err *e)
{
	int status = 0;
	CHAIN_SECRET_AUTO fields = buf_make(CHAIN_BODY_MAX);
	buf_printf(&fields, "Content-Type: %s\r\n", form_type);
	if (s->keys && add_signature(s, &fields, e))
		return -1;
	struct chain_ask ask = {
		.proxied = true,
		.method = "POST",
		.url = &s->url,
		.target = s->url.path.len > 0 ? s->url.path : S("/"),
		.fields = buf_str(&fields),
		.body = buf_str(&s->form),
		.timeout_ms = STS_TIMEOUT_MS,
	};
	if (buf_check(&fields, e, "the head of a request") ||
	    buf_check(&s->form, e, "the request to STS") ||
	    chain_http_ask(s->c, &ask, &status, &s->answer, e))
		return -1;
	return status == 200 ? 0 : refused(s, status, e);
}

static int ask(struct sts *s, const char *action, struct err *e)
{
	struct retry retry = { .max_attempts = STS_TRIES,
		               .deadline_ms = chain_deadline(s->c, STS_ALL_MS),
		               .stop = s->c->config->stop };
	for (;;) {
		struct err failure = ERR_INIT;
		if (ask_once(s, &failure) == 0)
			return 0;
		if (!retry_again(&retry, &failure, failure.status == 429, -1)) {
			*e = failure;
			return err_context(e, "%s at %s", action, s->url.host);
		}
	}
}

static int take_keys(struct sts *s, const char *origin, struct credentials *out, struct err *e)
{
	static const char parent[] = "Credentials";
	CHAIN_SECRET_AUTO access = buf_make(CHAIN_BODY_MAX);
	CHAIN_SECRET_AUTO secret = buf_make(CHAIN_BODY_MAX);
	CHAIN_SECRET_AUTO token = buf_make(CHAIN_BODY_MAX);
	BUF_AUTO expiration = buf_make(CHAIN_BODY_MAX);
	struct str answer = buf_str(&s->answer);
	struct credentials_text text = {
		.access = text_of(answer, parent, "AccessKeyId", &access),
		.secret = text_of(answer, parent, "SecretAccessKey", &secret),
		.token = text_of(answer, parent, "SessionToken", &token),
		.expiration = text_of(answer, parent, "Expiration", &expiration),
	};
	if (text.access.len > 0 && text.secret.len > 0)
		return credentials_take(&text, origin, out, e);
	return err_set(e, ERR_KIND_DATA, "the answer of STS at %s has no keys in it", s->url.host);
}

static void add_role(struct sts *s, const struct chain_sts_role *role)
{
	add_field(s, "RoleArn", role->role_arn);
	add_field(s, "RoleSessionName", role->session_name);
	add_field(s, "ExternalId", role->external_id);
	add_field(s, "DurationSeconds", role->duration_s);
}

int chain_sts_assume(struct chain *c, const struct chain_sts_role *role,
                     const struct credentials *keys, const char *origin, struct credentials *out,
                     struct err *e)
{
	STS_AUTO s = { .c = c, .keys = keys };
	if (prepare(&s, "AssumeRole", e))
		return -1;
	add_role(&s, role);
	return ask(&s, "AssumeRole", e) ? -1 : take_keys(&s, origin, out, e);
}

int chain_sts_web(struct chain *c, const struct chain_sts_role *role, struct str token,
                  const char *origin, struct credentials *out, struct err *e)
{
	STS_AUTO s = { .c = c, .secret = token };
	if (prepare(&s, "AssumeRoleWithWebIdentity", e))
		return -1;
	add_role(&s, role);
	add_field(&s, "WebIdentityToken", token);
	return ask(&s, "AssumeRoleWithWebIdentity", e) ? -1 : take_keys(&s, origin, out, e);
}

static void keep(const struct sts *s, const char *name, char *out, size_t cap)
{
	BUF_AUTO text = buf_make(CHAIN_BODY_MAX);
	struct str found = text_of(buf_str(&s->answer), "GetCallerIdentityResult", name, &text);
	if (str_copy(found, out, cap))
		out[0] = '\0';
}

int chain_sts_caller(struct chain *c, const struct credentials *keys, struct chain_caller *out,
                     struct err *e)
{
	STS_AUTO s = { .c = c, .keys = keys };
	*out = (struct chain_caller){ .arn = "" };
	if (prepare(&s, "GetCallerIdentity", e) || ask(&s, "GetCallerIdentity", e))
		return -1;
	keep(&s, "Account", out->account, sizeof(out->account));
	keep(&s, "Arn", out->arn, sizeof(out->arn));
	keep(&s, "UserId", out->user_id, sizeof(out->user_id));
	if (out->arn[0] || out->account[0])
		return 0;
	return err_set(e, ERR_KIND_DATA, "the answer of STS at %s does not say who we are",
	               s.url.host);
}
