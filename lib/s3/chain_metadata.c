/* Keys from an agent beside us: of a container (ECS, EKS Pod Identity), or of the machine (IMDSv2). */
#include <stdio.h>

#include "base/mem.h"
#include "net/retry.h"
#include "os/sys.h"
#include "s3/chain_parts.h"

enum {
	CONTAINER_TRIES = 3,
	CONTAINER_TIMEOUT_MS = 2000,
	MACHINE_TIMEOUT_MS = 1000,
	ROLE_NAME_MAX = 128
};

static const char role_path[] = "/latest/meta-data/iam/security-credentials/";

bool chain_metadata_host_ok(const struct url *url)
{
	static const char *const agents[] = { "169.254.170.2", "169.254.170.23" };
	if (url->https || url_is_loopback(url))
		return true;
	for (size_t i = 0; i < COUNTOF(agents); i++)
		if (str_is(str_of(url->host), agents[i]))
			return true;
	return url->host_is_ipv6 && str_is(str_of(url->host), "fd00:ec2::23");
}

/* ---- container ---- */

/* "Authorization: …", with the token as it is now. */
static int add_authorization(struct buf *fields, struct err *e)
{
	const char *path = sys_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *given = sys_env("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	CHAIN_SECRET_AUTO text = buf_make(CHAIN_FILE_MAX);
	if (!path && !given)
		return 0;
	if (path && chain_read_file(path, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &text, e))
		return -1;
	struct str token = path ? str_trim(buf_str(&text)) : str_of(given);
	if (!chain_http_field_ok(token))
		return err_set(
			e, ERR_KIND_CONFIG,
			"the container's authorization token is empty or has bytes in it that "
			"a header cannot have");
	buf_add_text(fields, "Authorization: ");
	buf_add_str(fields, token);
	buf_add_text(fields, "\r\n");
	return buf_check(fields, e, "the container's authorization token");
}

static int ask_container_once(struct chain *c, const struct url *url, struct credentials *out,
                              struct err *e)
{
	int status = 0;
	CHAIN_SECRET_AUTO fields = buf_make(CHAIN_FILE_MAX + 64);
	CHAIN_SECRET_AUTO body = buf_make(CHAIN_BODY_MAX);
	if (add_authorization(&fields, e))
		return -1;
	struct chain_ask ask = {
		.method = "GET",
		.url = url,
		.target = url->path.len > 0 ? url->path : S("/"),
		.fields = buf_str(&fields),
		.timeout_ms = CONTAINER_TIMEOUT_MS,
	};
	if (chain_http_ask(c, &ask, &status, &body, e))
		return -1;
	if (status != 200) {
		chain_http_refused(status, e);
		return err_context(e, "%s", url->host);
	}
	MEM_AUTO char *origin = mem_printf("the container's agent at %s", url->host);
	return chain_json_take(buf_str(&body), "Token", false, origin, out, e);
}

static int ask_container(struct chain *c, const struct url *url, struct credentials *out,
                         struct err *e)
{
	struct retry retry = { .max_attempts = CONTAINER_TRIES,
		               .deadline_ms = c->config->until_ms,
		               .stop = c->config->stop };
	for (;;) {
		struct err failure = ERR_INIT;
		int found = ask_container_once(c, url, out, &failure);
		if (found > 0)
			return found;
		if (!retry_again(&retry, &failure, false, -1)) {
			*e = failure;
			return -1;
		}
	}
}

int chain_metadata_container(struct chain *c, struct credentials *out, struct err *e)
{
	const char *path = sys_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = sys_env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	struct url url;
	if (!path && !full)
		return chain_not(c, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not "
		                    "set");
	MEM_AUTO char *text =
		path ? mem_printf("http://169.254.170.2%s%s", path[0] == '/' ? "" : "/", path)
		     : mem_text(full);
	if (url_parse(str_of(text), &url, e)) {
		e->kind = ERR_KIND_CONFIG;
		return err_context(e, "%s",
		                   path ? "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
		                        : "AWS_CONTAINER_CREDENTIALS_FULL_URI");
	}
	if (!chain_metadata_host_ok(&url))
		return err_set(e, ERR_KIND_CONFIG,
		               "AWS_CONTAINER_CREDENTIALS_FULL_URI: %s is no host to ask for keys "
		               "over plain http (loopback, 169.254.170.2, 169.254.170.23 and "
		               "[fd00:ec2::23] are)",
		               url.host);
	return ask_container(c, &url, out, e);
}

/* ---- machine ---- */

/* One question to the metadata service; only status 200 is an answer. */
static int ask_machine(struct chain *c, const struct url *url, const char *method, const char *path,
                       const char *fields, struct buf *body, struct err *e)
{
	int status = 0;
	MEM_AUTO char *target = mem_printf("%" STR_FMT "%s", STR_ARG(url->path), path);
	struct chain_ask ask = {
		.method = method,
		.url = url,
		.target = str_of(target),
		.fields = str_of(fields),
		.timeout_ms = MACHINE_TIMEOUT_MS,
	};
	if (chain_http_ask(c, &ask, &status, body, e))
		return -1;
	if (status == 200)
		return 0;
	chain_http_refused(status, e);
	return err_context(e, "%s", method);
}

static bool is_role_name(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		             (c >= '0' && c <= '9') || str_index(S("+=,.@_-"), c) >= 0;
		if (!plain)
			return false;
	}
	return name.len > 0 && name.len < ROLE_NAME_MAX;
}

/* "X-aws-ec2-metadata-token: …": only IMDSv2 is spoken. */
static int take_session(struct chain *c, const struct url *url, struct buf *body,
                        struct buf *fields, struct err *e)
{
	if (ask_machine(c, url, "PUT", "/latest/api/token",
	                "X-aws-ec2-metadata-token-ttl-seconds: 21600\r\n", body, e))
		return -1;
	struct str token = str_trim(buf_str(body));
	if (!chain_http_field_ok(token))
		return err_set(e, ERR_KIND_DATA, "the token of the metadata service is none");
	buf_add_text(fields, "X-aws-ec2-metadata-token: ");
	buf_add_str(fields, token);
	buf_add_text(fields, "\r\n");
	return buf_check(fields, e, "the token of the metadata service");
}

static int take_role(struct chain *c, const struct url *url, struct credentials *out, struct err *e)
{
	char role[ROLE_NAME_MAX], path[sizeof(role_path) + ROLE_NAME_MAX];
	struct str name;
	CHAIN_SECRET_AUTO body = buf_make(CHAIN_BODY_MAX);
	CHAIN_SECRET_AUTO fields = buf_make(CHAIN_BODY_MAX);
	if (take_session(c, url, &body, &fields, e) ||
	    ask_machine(c, url, "GET", role_path, fields.p, &body, e))
		return -1;
	str_cut(str_trim(buf_str(&body)), '\n', &name, NULL);
	name = str_trim(name);
	if (!is_role_name(name) || str_copy(name, role, sizeof(role)))
		return err_set(e, ERR_KIND_DATA, "the metadata service names no role");
	snprintf(path, sizeof(path), "%s%s", role_path, role);
	if (ask_machine(c, url, "GET", path, fields.p, &body, e))
		return -1;
	MEM_AUTO char *origin = mem_printf("role %s of the machine at %s", role, url->host);
	return chain_json_take(buf_str(&body), "Token", false, origin, out, e);
}

static const char *machine_endpoint(void)
{
	const char *said = sys_env("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	struct str mode = str_of(sys_env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"));
	if (said)
		return said;
	return str_eq_nocase(mode, S("IPv6")) ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
}

/* Last in the chain, and on most machines not there: its silence is no error. */
int chain_metadata_machine(struct chain *c, struct credentials *out, struct err *e)
{
	struct err why = ERR_INIT;
	struct url url;
	const char *endpoint = machine_endpoint();
	if (str_eq_nocase(str_of(sys_env("AWS_EC2_METADATA_DISABLED")), S("true")))
		return chain_not(c, "AWS_EC2_METADATA_DISABLED is true");
	if (url_parse(str_of(endpoint), &url, e)) {
		e->kind = ERR_KIND_CONFIG;
		return err_context(e, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
	}
	while (url.path.len > 0 && url.path.p[url.path.len - 1] == '/')
		url.path.len--;
	if (take_role(c, &url, out, &why) > 0)
		return 1;
	return chain_not(c, "%s", why.msg);
}
