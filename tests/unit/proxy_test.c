/* Proxies: which one, for whom, and what is said to it. */
#include "net/proxy.h"

#include "base/mem.h"
#include "net/http.h"
#include "os/file.h"
#include "os/socket.h"
#include "os/sys.h"
#include "tests/unit/peer.h"
#include "tests/unit/tap.h"

enum { PATIENCE_MS = 10000 };

static const char *const variables[] = { "HTTPS_PROXY",   "https_proxy", "HTTP_PROXY",
	                                 "http_proxy",    "NO_PROXY",    "no_proxy",
	                                 "REQUEST_METHOD" };

static void clear_environment(void)
{
	for (size_t i = 0; i < COUNTOF(variables); i++)
		unsetenv(variables[i]);
}

static struct url url_of(const char *text)
{
	struct err e = ERR_INIT;
	struct url url;
	if (url_parse(str_of(text), &url, &e) != 0)
		tap_note("%s: %s", text, e.msg);
	return url;
}

static void exceptions(void)
{
	static const struct {
		const char *list, *target;
		bool want;
	} cases[] = {
		{ "", "https://a.example", false },
		{ "*", "https://a.example", true },
		{ "b.example,*", "https://a.example", true },
		{ "a.example", "https://a.example", true },
		{ "A.Example", "https://a.example", true },
		{ "a.example", "https://b.a.example", true },
		{ ".a.example", "https://b.a.example", true },
		{ "*.a.example", "https://b.a.example", true },
		{ "a.example", "https://ba.example", false },
		{ ".a.example", "https://ba.example", false },
		{ "a.example", "https://a.example.org", false },
		{ "example", "https://a.example", true },
		{ "x, a.example ,y", "https://a.example", true },
		{ "x a.example", "https://a.example", true },
		{ ",,", "https://a.example", false },
		{ ".", "https://a.example", false },
		{ "*.", "https://a.example", false },
		{ "a.example:443", "https://a.example", true },
		{ "a.example:8443", "https://a.example", false },
		{ "a.example:8443", "https://a.example:8443", true },
		{ "a.example:x", "https://a.example", false },
		{ "10.1.2.3", "https://10.1.2.3", true },
		{ "10.1.2.3:9000", "http://10.1.2.3:9000", true },
		{ "10.1.2.3:9000", "http://10.1.2.3:9001", false },
		{ "2.3", "https://10.1.2.3", false },
		{ "10.1.2.4", "https://10.1.2.3", false },
		{ "10.0.0.0/8", "https://10.255.2.3", true },
		{ "10.0.0.0/8", "https://11.0.0.0", false },
		{ "10.1.2.128/25", "https://10.1.2.200", true },
		{ "10.1.2.128/25", "https://10.1.2.100", false },
		{ "10.1.2.3/32", "https://10.1.2.3", true },
		{ "0.0.0.0/0", "https://10.1.2.3", true },
		{ "0.0.0.0/0", "https://[2001:db8::1]", false },
		{ "10.0.0.0/33", "https://10.0.0.0", false },
		{ "10.0.0.0/x", "https://10.0.0.0", false },
		{ "a.example/8", "https://a.example", false },
		{ "10.0.0.0/8", "https://a.example", false },
		{ "2001:db8::/32", "https://[2001:db8:1::1]", true },
		{ "2001:db8::/32", "https://[2001:db9::1]", false },
		{ "2001:db8::1", "https://[2001:db8:0::1]", true },
		{ "[2001:db8::1]", "https://[2001:db8::1]", true },
		{ "[2001:db8::1]:9000", "https://[2001:db8::1]:9000", true },
		{ "[2001:db8::1]:9000", "https://[2001:db8::1]", false },
		{ "10.1.2.3", "https://[::ffff:10.1.2.3]", true },
		{ "::ffff:10.1.2.3", "https://10.1.2.3", true },
	};
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct url target = url_of(cases[i].target);
		TAP_OK(proxy_is_excepted(cases[i].list, &target) == cases[i].want,
		       "NO_PROXY \"%s\" %s %s", cases[i].list,
		       cases[i].want ? "takes out" : "does not take out", cases[i].target);
	}
}

/* What the environment as it is says for `target`: "host:port", "" for none, or the error. */
static const char *found(const char *target)
{
	static char text[ERR_MSG_MAX];
	struct proxy_env env;
	struct proxy p;
	struct err e = ERR_INIT;
	struct url url = url_of(target);
	proxy_read_env(&env);
	if (proxy_find(&env, &url, &p, &e) != 0)
		return snprintf(text, sizeof(text), "%s", e.msg) < 0 ? NULL : text;
	snprintf(text, sizeof(text), "%s:%u", p.url.host, p.url.port);
	return p.used ? text : "";
}

static void environment(void)
{
	static const struct {
		const char *variable, *value, *target, *want;
	} cases[] = {
		{ NULL, NULL, "https://a.example", "" },
		{ "HTTPS_PROXY", "http://p.example:3128", "https://a.example", "p.example:3128" },
		{ "HTTPS_PROXY", "http://p.example:3128", "http://a.example", "" },
		{ "HTTP_PROXY", "http://q.example:3128/", "http://a.example", "q.example:3128" },
		{ "HTTP_PROXY", "q.example:3128", "http://a.example", "q.example:3128" },
		{ "HTTP_PROXY", "http://[2001:db8::1]:8", "http://a.example", "2001:db8::1:8" },
		{ "HTTP_PROXY", "q.example", "https://a.example", "p.example:3128" },
		{ "https_proxy", "http://r.example", "https://a.example", "r.example:80" },
		{ NULL, NULL, "https://localhost:1", "" },
		{ NULL, NULL, "https://x.localhost", "" },
		{ NULL, NULL, "https://127.0.0.1", "" },
		{ NULL, NULL, "https://[::1]:9000", "" },
		{ NULL, NULL, "http://169.254.169.254", "" },
		{ NULL, NULL, "http://169.254.170.23", "" },
		{ NULL, NULL, "https://[fe80::1]", "" },
		{ NULL, NULL, "http://[fd00:ec2::23]", "" },
		{ NULL, NULL, "https://169.255.0.1", "r.example:80" },
		{ "REQUEST_METHOD", "GET", "http://a.example", "" },
		{ NULL, NULL, "https://a.example", "r.example:80" },
		{ "http_proxy", "http://s.example:1", "http://a.example", "s.example:1" },
		{ "NO_PROXY", "a.example", "https://a.example", "" },
		{ NULL, NULL, "https://b.example", "r.example:80" },
		{ "no_proxy", "b.example", "https://a.example", "r.example:80" },
		{ "https_proxy", "socks5://u:secret@h:1", "https://b.example", "" },
		{ NULL, NULL, "https://a.example",
		  "https_proxy: only proxies with http:// are supported" },
		{ "https_proxy", "https://u:secret@h:1", "https://a.example",
		  "https_proxy: only proxies with http:// are supported" },
		{ "https_proxy", "http://u:secret@h:0", "https://a.example",
		  "https_proxy: wrong address: the port is not a number from 1 to 65535" },
		{ "https_proxy", "http://u:sec/ret@h", "https://a.example",
		  "https_proxy: wrong address: the port is not a number from 1 to 65535" },
		{ "https_proxy", "http://u:sec%zz@h", "https://a.example",
		  "https_proxy: its user name and password are too long or not percent-encoded" },
	};
	clear_environment();
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		if (cases[i].variable != NULL)
			setenv(cases[i].variable, cases[i].value, 1);
		TAP_TEXT(found(cases[i].target), cases[i].want, "step %zu, the proxy for %s", i,
		         cases[i].target);
	}
	clear_environment();
}

static void users(void)
{
	static const struct {
		const char *address, *want;
	} cases[] = {
		{ "http://p.example", "" },
		{ "http://user:pass@p.example", "Basic dXNlcjpwYXNz" },
		{ "http://user@p.example", "Basic dXNlcjo=" },
		{ "user:pass@p.example:1", "Basic dXNlcjpwYXNz" },
		{ "http://us%40er:p%3A%2Fs@p.example", "Basic dXNAZXI6cDovcw==" },
		{ "http://user:p@ss@p.example", "Basic dXNlcjpwQHNz" },
	};
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct proxy_env env = { .https = cases[i].address, .https_name = "X" };
		struct url target = url_of("https://a.example");
		struct err e = ERR_INIT;
		struct proxy p;
		TAP_OK(proxy_find(&env, &target, &p, &e) == 0 &&
		               strcmp(p.url.host, "p.example") == 0,
		       "a proxy's address is read %s", e.msg);
		TAP_TEXT(p.authorization, cases[i].want, "with who we are to it");
		proxy_wipe(&p);
		TAP_TEXT(p.authorization, "", "and that is forgotten when asked");
	}
}

/* ---- tunnels ---- */

static int open_tunnel(struct peer *p, const char *user, struct err *e)
{
	struct socket_addresses addresses;
	struct url target = url_of("https://a.example");
	struct proxy proxy = { .used = true };
	struct socket s = { .fd = -1 };
	int64_t deadline = sys_monotonic_ms() + PATIENCE_MS;
	snprintf(proxy.authorization, sizeof(proxy.authorization), "%s", user);
	if (socket_resolve("127.0.0.1", p->port, -1, NULL, &addresses, e) < 0 ||
	    socket_connect(&addresses, 0, deadline, &s, e) < 0)
		return -1;
	int result = proxy_connect(&s, &proxy, &target, deadline, e);
	file_close_auto(&s.fd);
	return result;
}

static void tunnels(void)
{
	static const struct {
		const char *answer, *user;
		enum err_kind want;
		bool retryable;
		const char *text;
	} cases[] = {
		{ "send HTTP/1.1 200 Connection established\r\n\r\n", "", ERR_KIND_NONE, false,
		  "" },
		{ "send HTTP/1.0 200 OK\r\nServer: x\r\n\r\n", "", ERR_KIND_NONE, false, "" },
		{ "send HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 x\r\n\r\n", "", ERR_KIND_NONE,
		  false, "" },
		{ "send HTTP/1.1 407 Auth\r\nContent-Length: 3\r\n\r\nno!", "", ERR_KIND_DENIED,
		  false, "wants a user name" },
		{ "send HTTP/1.1 407 Auth\r\n\r\n", "Basic dXNlcjpwYXNz", ERR_KIND_DENIED, false,
		  "does not accept" },
		{ "send HTTP/1.1 403 Forbidden\r\n\r\n", "", ERR_KIND_UNAVAILABLE, false,
		  "its answer is 403" },
		{ "send HTTP/1.1 301 Moved\r\nLocation: http://x/\r\n\r\n", "",
		  ERR_KIND_UNAVAILABLE, false, "its answer is 301" },
		{ "send HTTP/1.1 502 Bad Gateway\r\n\r\n", "", ERR_KIND_TRY_AGAIN, true,
		  "its answer is 502" },
		{ "send HTTP/1.1 504 Late\r\n\r\n", "", ERR_KIND_TRY_AGAIN, true,
		  "its answer is 504" },
		{ "send \x15\x03\x01 garbage\r\n\r\n", "", ERR_KIND_DATA, false, "not HTTP/1.1" },
		{ "send HTTP/1.1 200 OK\r\n\r\nhello", "", ERR_KIND_DATA, false,
		  "something behind its answer" },
		{ "send HTTP/1.1 200 O", "", ERR_KIND_TRY_AGAIN, true, "without an answer" },
		{ "close", "", ERR_KIND_TRY_AGAIN, true, "without an answer" },
		{ "reset", "", ERR_KIND_TRY_AGAIN, true, "reset" },
	};
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct err e = ERR_INIT;
		struct peer p;
		peer_start(&p, &(struct peer_script){ { "request", cases[i].answer, NULL } }, 1);
		int r = open_tunnel(&p, cases[i].user, &e);
		TAP_OK((r == 0) == (cases[i].want == ERR_KIND_NONE) && e.kind == cases[i].want &&
		               e.retryable == cases[i].retryable &&
		               strcasestr(e.msg, cases[i].text) != NULL,
		       "a proxy says \"%.32s\": %s", cases[i].answer, e.msg);
		TAP_OK(strstr(e.msg, "dXNlcjpwYXNz") == NULL, "nothing secret is said");
		TAP_OK(strncmp(p.seen, "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n",
		               53) == 0,
		       "the request names the target and its port");
		TAP_OK((strstr(p.seen, "\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n\r\n") !=
		        NULL) == (cases[i].user[0] != '\0'),
		       "and the user if there is one");
		peer_stop(&p);
	}
}

/* ---- forwarding ---- */

static const char answers[] = "send HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

static int get(struct http_conn *c, struct err *e)
{
	static const char head[] = "GET /k?a=b HTTP/1.1\r\nHost: a.example\r\nX: y\r\n\r\n";
	struct http_request request = { .head = str_of(head) };
	struct http_head answer;
	bool stale;
	return http_exchange(c, &request, &answer, &stale, e);
}

static struct http_conn *open_forwarded(const struct peer *p, struct err *e)
{
	char address[64];
	struct url target = url_of("http://a.example:8080");
	struct proxy_env env = { .http = address, .http_name = "HTTP_PROXY" };
	struct stream_target to = { .url = &target, .proxies = &env };
	struct http_timeouts timeouts = { .connect_ms = PATIENCE_MS, .idle_ms = PATIENCE_MS };
	struct http_conn *c = NULL;
	snprintf(address, sizeof(address), "http://user:pass@127.0.0.1:%u", p->port);
	if (http_conn_open(&to, &timeouts, &c, e) != 0)
		tap_note("%s", e->msg);
	return c;
}

static void forwarding(void)
{
	static const char want[] = "GET http://a.example:8080/k?a=b HTTP/1.1\r\n"
				   "Proxy-Authorization: Basic dXNlcjpwYXNz\r\n"
				   "Host: a.example\r\nX: y\r\n\r\n";
	struct err e = ERR_INIT;
	struct peer p;
	peer_start(&p,
	           &(struct peer_script){ { "request", answers, "request",
	                                    "send HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n",
	                                    "until-closed", NULL } },
	           1);
	struct http_conn *c = open_forwarded(&p, &e);
	TAP_OK(c != NULL && get(c, &e) == 0 && http_conn_reusable(c),
	       "a proxy forwards plain http %s", e.msg);
	TAP_OK(strcmp(p.seen, want) == 0, "and is told the whole URL and who we are");
	TAP_OK(get(c, &e) == -1 && e.kind == ERR_KIND_DENIED && !http_conn_reusable(c) &&
	               strstr(e.msg, "does not accept") != NULL &&
	               strstr(e.msg, "proxy http://127.0.0.1:") != NULL,
	       "when it does not know us, that is said: %s", e.msg);
	http_conn_close(c);
	peer_stop(&p);
}

static void places(void)
{
	static const struct {
		const char *text;
		bool want;
	} cases[] = {
		{ "localhost", true },    { "127.0.0.1:9000", true },     { "[::1]:9000", true },
		{ "10.0.0.1", false },    { "127.0.0.1.example", false }, { "[::2]", false },
		{ "localhost:x", false },
	};
	for (size_t i = 0; i < COUNTOF(cases); i++)
		TAP_OK(stream_stays_here(cases[i].text) == cases[i].want, "connecting to %s %s",
		       cases[i].text, cases[i].want ? "stays here" : "leaves this machine");
}

int main(void)
{
	exceptions();
	environment();
	users();
	tunnels();
	forwarding();
	places();
	return tap_done();
}
