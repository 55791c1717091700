/* scheme://host[:port][/path] for endpoints and stores; everything else is refused with a
 * reason. */
#ifndef WS_BASE_URL_H
#define WS_BASE_URL_H

#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"

enum { URL_MAX = 2048, URL_HOST_MAX = 254 };

struct url {
	bool https;
	bool host_is_ipv6;       /* written in brackets in the Host field */
	uint16_t port;           /* 80 or 443 when not given */
	bool port_is_default;    /* the scheme's own */
	char host[URL_HOST_MAX]; /* lower case, without brackets */
	struct str path; /* from the first '/', a view of the text that was parsed; may be empty */
};

/* http:// and https:// only. Userinfo, query, fragment, control bytes, '%' in the host and zone
 * ids are refused. Errors: USAGE, naming what is wrong (never the userinfo). */
int url_parse(struct str text, struct url *out, struct err *e) MUST_CHECK;

/* s3://bucket[/key]; bucket and key are views of `text`. The key is raw, not percent-decoded; it
 * may be empty. Errors: USAGE. */
int url_parse_s3(struct str text, struct str *bucket, struct str *key, struct err *e) MUST_CHECK;

/* file:///dir: the absolute path, a view of `text`, not percent-decoded. Errors: USAGE. */
int url_parse_file(struct str text, struct str *path, struct err *e) MUST_CHECK;

/* Whether the host is localhost, *.localhost, 127.0.0.0/8 or ::1. */
bool url_is_loopback(const struct url *u);

/* The Host field: host, in brackets when IPv6, and ":port" unless default. Returns out. */
char *url_host_field(const struct url *u, char *out, size_t cap);

#endif
