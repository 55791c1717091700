/* Questions to STS and to metadata services: short, each on a connection of its own. */
#include "net/http.h"
#include "net/proxy.h"
#include "s3/chain_parts.h"
#include "s3/endpoint.h"

bool chain_http_field_ok(struct str value)
{
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.p[i] < ' ' || value.p[i] == 0x7f)
			return false;
	return value.len > 0;
}

static void add_head(const struct chain_ask *ask, struct buf *out)
{
	char host[ENDPOINT_HOST_FIELD_MAX];
	url_host_field(ask->url, host, sizeof(host));
	buf_printf(out, "%s %" STR_FMT " HTTP/1.1\r\nHost: %s\r\n", ask->method,
	           STR_ARG(ask->target), host);
	buf_add_str(out, ask->fields);
	if (ask->body.len > 0 || !str_is(S("GET"), ask->method))
		buf_printf(out, "Content-Length: %zu\r\n", ask->body.len);
	buf_add_text(out, "User-Agent: ws\r\nConnection: close\r\n\r\n");
}

static int exchange(struct http_conn *conn, const struct chain_ask *ask, const struct stop *stop,
                    int *status, struct buf *answer, struct err *e)
{
	struct http_body body = { .len = ask->body.len, .bytes = ask->body.p };
	struct http_request request = { .body = ask->body.len > 0 ? &body : NULL, .stop = stop };
	struct http_head head;
	bool stale;
	CHAIN_SECRET_AUTO text = buf_make(CHAIN_BODY_MAX);
	add_head(ask, &text);
	request.head = buf_str(&text);
	if (buf_check(&text, e, "the head of a request") ||
	    http_exchange(conn, &request, &head, &stale, e))
		return -1;
	*status = head.status;
	return http_read_all(conn, answer, e);
}

int chain_http_ask(struct chain *c, const struct chain_ask *ask, int *status, struct buf *body,
                   struct err *e)
{
	struct http_timeouts times = { .connect_ms = ask->timeout_ms,
		                       .idle_ms = ask->timeout_ms,
		                       .total_ms = ask->timeout_ms,
		                       .until_ms = c->config->until_ms };
	struct http_conn *conn;
	buf_clear(body);
	if (ask->url->https && !c->trust && trust_load(c->config->ca_bundle, &c->trust, e))
		return -1;
	struct proxy_env proxies;
	proxy_read_env(&proxies);
	struct stream_target target = {
		.url = ask->url,
		.trust = c->trust,
		.proxies = ask->proxied ? &proxies : NULL,
		.stop = c->config->stop,
	};
	if (http_conn_open(&target, &times, &conn, e))
		return -1;
	int result = exchange(conn, ask, c->config->stop, status, body, e);
	http_conn_close(conn);
	return result ? err_context(e, "%s", ask->url->host) : 0;
}

int chain_http_refused(int status, struct err *e)
{
	bool later = status >= 500 || status == 429 || status == 408;
	err_set(e, later ? ERR_KIND_TRY_AGAIN : ERR_KIND_DENIED, "answers with status %d", status);
	e->status = status;
	e->retryable = later;
	return -1;
}
