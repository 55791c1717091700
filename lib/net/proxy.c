/* The environment's proxies. */
#include "net/proxy.h"

#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "net/ip.h"
#include "os/sys.h"

static const char *first_set(const char *const names[2], const char **name)
{
	for (int i = 0; i < 2; i++) {
		*name = names[i];
		if (names[i] != NULL && sys_env(names[i]) != NULL)
			return sys_env(names[i]);
	}
	return NULL;
}

void proxy_read_env(struct proxy_env *env)
{
	const char *ignored;
	bool cgi = sys_env("REQUEST_METHOD") != NULL;
	env->https =
		first_set((const char *const[]){ "https_proxy", "HTTPS_PROXY" }, &env->https_name);
	env->http = first_set((const char *const[]){ "http_proxy", cgi ? NULL : "HTTP_PROXY" },
	                      &env->http_name);
	env->except = first_set((const char *const[]){ "no_proxy", "NO_PROXY" }, &ignored);
}

/* 169.254.0.0/16, fe80::/10 and fd00:ec2::/32: who asks there asks for credentials of this very machine or container. */
static bool is_local(const struct url *target)
{
	unsigned char ip[IP_V6];
	size_t len = ip_parse(str_of(target->host), ip);
	if (url_is_loopback(target))
		return true;
	if (len == IP_V4)
		return ip[0] == 169 && ip[1] == 254;
	return len == IP_V6 && ((ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80) ||
	                        memcmp(ip, "\xfd\x00\x0e\xc2", 4) == 0);
}

/* "user:password", each percent-encoded, to what the proxy wants to see. */
static int set_user(struct str user, struct proxy *out, struct err *e)
{
	BUF_AUTO plain = buf_make(PROXY_USER_MAX);
	BUF_AUTO field = buf_make(sizeof(out->authorization) - 1);
	buf_add_text(&field, "Basic ");
	int r = codec_unpercent(user, false, &plain);
	if (r == 0 && str_index(user, ':') < 0)
		buf_add_char(&plain, ':');
	codec_base64(plain.p, plain.len, &field);
	if (r == 0 && !plain.too_large && !field.too_large)
		r = str_copy(buf_str(&field), out->authorization, sizeof(out->authorization));
	else
		r = -1;
	mem_wipe(plain.p, plain.len);
	mem_wipe(field.p, field.len);
	return r == 0 ? 0
	              : err_set(e, ERR_KIND_CONFIG,
	                        "its user name and password are too long or not percent-encoded");
}

/* [http://][user[:password]@]host[:port][/] */
static int parse(struct str text, struct proxy *out, struct err *e)
{
	struct str user;
	char address[URL_MAX];
	if (str_starts(text, S("http://")))
		text = str_skip(text, 7);
	else if (str_has(text, S("://")))
		return err_set(e, ERR_KIND_CONFIG, "only proxies with http:// are supported");
	str_cut(text, '/', &text, NULL);
	bool has_user = str_index(text, '@') >= 0;
	str_cut_last(text, '@', &user, &text);
	memcpy(address, "http://", 7);
	if (str_copy(text, address + 7, sizeof(address) - 7) < 0)
		return err_set(e, ERR_KIND_CONFIG, "wrong address: it is too long");
	if (url_parse(str_of(address), &out->url, e) < 0) {
		e->kind = ERR_KIND_CONFIG;
		return -1;
	}
	out->url.path = S("");
	return has_user ? set_user(user, out, e) : 0;
}

int proxy_find(const struct proxy_env *env, const struct url *target, struct proxy *out,
               struct err *e)
{
	const char *text = target->https ? env->https : env->http;
	*out = (struct proxy){ .used = false };
	if (text == NULL || is_local(target) ||
	    (env->except != NULL && proxy_is_excepted(env->except, target)))
		return 0;
	if (parse(str_trim(str_of(text)), out, e) < 0)
		return err_context(e, "%s", target->https ? env->https_name : env->http_name);
	out->used = true;
	return 0;
}

void proxy_wipe(struct proxy *p)
{
	mem_wipe(p->authorization, sizeof(p->authorization));
}
