/*
 * Which proxy the environment names for a server, and what has to be said to it. Only http:// proxies: https goes through a tunnel
 * (CONNECT), plain http is forwarded.
 */
#ifndef WS_NET_PROXY_H
#define WS_NET_PROXY_H

#include "base/defs.h"
#include "base/err.h"
#include "base/url.h"
#include "os/socket.h"

enum { PROXY_USER_MAX = 512, PROXY_AUTHORIZATION_MAX = 16 + (PROXY_USER_MAX + 2) / 3 * 4 };

/* The variables, as they stand: views of the environment. */
struct proxy_env {
	const char *https, *http; /* addresses of proxies, maybe with a password; NULL: none */
	const char *https_name, *http_name; /* which variable said so */
	const char *except;                 /* NO_PROXY */
};

/* HTTPS_PROXY, HTTP_PROXY, NO_PROXY and their lower-case forms, which go first. HTTP_PROXY is not read where REQUEST_METHOD is
 * set: there it is what a web client said ("httpoxy"). */
void proxy_read_env(struct proxy_env *env);

struct proxy {
	bool used;
	struct url url;
	char authorization
		[PROXY_AUTHORIZATION_MAX]; /* "Basic ...", secret; "" when there is no user */
};

/* The proxy for `target`, *out.used false when there is none. Never for loopback, link-local addresses and those that hand out
 * credentials to containers. Errors: CONFIG naming the variable, never what it holds. */
int proxy_find(const struct proxy_env *env, const struct url *target, struct proxy *out,
               struct err *e) MUST_CHECK;
/* Whether NO_PROXY's text, a list with commas or blanks, holds the target: `*`, host, .domain, *.domain, address, address/bits, each
 * but `*` and networks optionally with :port. A plain host stands for its subdomains too, as in curl and Go. */
bool proxy_is_excepted(const char *list, const struct url *target);
/* Forget the password. */
void proxy_wipe(struct proxy *p);

/* Make a tunnel through the proxy at the other end of `fd`. Errors: DENIED when it wants a password (or another), UNAVAILABLE or
 * TRY_AGAIN when it can't or won't reach the target, DATA for what is no answer. */
int proxy_connect(const struct socket *s, const struct proxy *p, const struct url *target,
                  int64_t deadline_ms, struct err *e) MUST_CHECK;

#endif
