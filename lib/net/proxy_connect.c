/* CONNECT (RFC 9110 section 9.3.6): a tunnel through a proxy, before TLS starts. */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/http_parse.h"
#include "net/proxy.h"
#include "os/socket.h"

enum { REQUEST_MAX = 4096, ANSWER_MAX = 16384, INTERIM_MAX = 8 };

struct answer {
	char text[ANSWER_MAX];
	size_t len; /* bytes read */
	size_t head_len;
	struct http_head head;
};

static int send_request(const struct socket *s, const struct proxy *p, const struct url *target,
                        int64_t deadline_ms, struct err *e)
{
	struct url full = *target;
	char host[URL_HOST_MAX + 16];
	BUF_AUTO text = buf_make(REQUEST_MAX);
	full.port_is_default = false; /* the port is always part of a CONNECT's target */
	url_host_field(&full, host, sizeof(host));
	buf_printf(&text, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", host, host);
	if (p->authorization[0] != '\0')
		buf_printf(&text, "Proxy-Authorization: %s\r\n", p->authorization);
	buf_add_text(&text, "\r\n");
	int r = 0;
	for (size_t done = 0, put; r == 0 && done < text.len; done += put)
		r = socket_write(s, text.p + done, text.len - done, &put, deadline_ms, false, e);
	mem_wipe(text.p, text.len);
	return r;
}

static int read_more(const struct socket *s, struct answer *a, int64_t deadline_ms, struct err *e)
{
	size_t got;
	if (socket_read(s, a->text + a->len, ANSWER_MAX - a->len, &got, deadline_ms, e) < 0)
		return -1;
	a->len += got;
	if (got > 0)
		return 0;
	err_set(e, ERR_KIND_TRY_AGAIN, "the proxy closed the connection without an answer");
	e->retryable = true;
	return -1;
}

/* The next head into a->head; those before it are dropped. */
static int read_head(const struct socket *s, struct answer *a, int64_t deadline_ms, struct err *e)
{
	ptrdiff_t end;
	memmove(a->text, a->text + a->head_len, a->len - a->head_len);
	a->len -= a->head_len;
	while ((end = http_parse_find_end(str_from(a->text, a->len))) == 0) {
		if (a->len == ANSWER_MAX)
			return err_set(e, ERR_KIND_DATA, "the proxy's answer is too long");
		if (read_more(s, a, deadline_ms, e) < 0)
			return -1;
	}
	if (end < 0)
		return err_set(e, ERR_KIND_DATA, "the proxy's answer is not HTTP/1.1");
	a->head_len = (size_t)end;
	return http_parse_head(str_from(a->text, a->head_len), &a->head, e);
}

static int judge(const struct answer *a, const struct proxy *p, struct err *e)
{
	int status = a->head.status;
	if (status == 407)
		return err_set(
			e, ERR_KIND_DENIED,
			p->authorization[0] != '\0'
				? "the proxy does not accept the user name and password (407)"
				: "the proxy wants a user name and password (407): "
				  "http://user:password@host:port");
	if (status >= 300) {
		e->retryable = status == 502 || status == 503 || status == 504 || status == 429;
		return err_set(e, e->retryable ? ERR_KIND_TRY_AGAIN : ERR_KIND_UNAVAILABLE,
		               "the proxy does not open a tunnel: its answer is %d", status);
	}
	/* A TLS server waits for us to speak first. */
	if (a->len > a->head_len)
		return err_set(e, ERR_KIND_DATA, "the proxy sent something behind its answer");
	return 0;
}

int proxy_connect(const struct socket *s, const struct proxy *p, const struct url *target,
                  int64_t deadline_ms, struct err *e)
{
	MEM_AUTO struct answer *a = mem_new(1, sizeof(*a));
	if (send_request(s, p, target, deadline_ms, e) < 0)
		return -1;
	for (int interim = 0; interim <= INTERIM_MAX; interim++) {
		if (read_head(s, a, deadline_ms, e) < 0)
			return -1;
		if (a->head.status >= 200)
			return judge(a, p, e);
	}
	return err_set(e, ERR_KIND_DATA, "the proxy sends 1xx answers without end");
}
