/* Endpoint and store addresses. Deliberately less than RFC 3986: what has no meaning here is
 * refused. */
#include "base/url.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/url_host.h"

static int refuse(struct err *e, const char *why)
{
	/* The address itself stays out of the message: it may hold a password. */
	return err_set(e, ERR_KIND_USAGE, "wrong address: %s", why);
}

/* No blank, control or non-ASCII bytes, no backslash: with these, two readers of the same text
 * disagree about where the host ends. */
static bool plain_bytes(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c <= 0x20 || c >= 0x7F || c == '\\')
			return false;
	}
	return true;
}

static bool take_prefix_nocase(struct str *text, struct str prefix)
{
	if (!str_eq_nocase(str_head(*text, prefix.len), prefix))
		return false;
	*text = str_skip(*text, prefix.len);
	return true;
}

/* How many bytes of `text` come before the first of the bytes in `stops`. */
static size_t span_until(struct str text, const char *stops)
{
	size_t n = 0;
	while (n < text.len && !strchr(stops, text.p[n]))
		n++;
	return n;
}

/* ":port" or nothing. */
static int parse_port(struct str text, struct url *out, struct err *e)
{
	out->port = out->https ? 443 : 80;
	if (text.len > 0) {
		uint64_t port;
		if (text.p[0] != ':')
			return refuse(e, "there is something between \"]\" and the port");
		if (text.len > 6 || num_parse_digits(str_skip(text, 1), 10, &port) < 0 ||
		    port < 1 || port > 65535)
			return refuse(e, "the port is not a number from 1 to 65535");
		out->port = (uint16_t)port;
	}
	out->port_is_default = out->port == (out->https ? 443 : 80);
	return 0;
}

static int parse_ipv6_authority(struct str text, struct url *out, struct err *e)
{
	struct str host, rest;
	if (!str_cut(str_skip(text, 1), ']', &host, &rest))
		return refuse(e, "\"[\" without \"]\"");
	if (!url_host_is_ipv6(host))
		return refuse(e, "what is in brackets is not an IPv6 address");
	out->host_is_ipv6 = true;
	url_host_lower(host, out->host);
	return parse_port(rest, out, e);
}

static int parse_authority(struct str text, struct url *out, struct err *e)
{
	if (str_index(text, '@') >= 0)
		return refuse(e, "a user name or password is not allowed in it");
	if (text.len == 0)
		return refuse(e, "there is no host");
	if (text.p[0] == '[')
		return parse_ipv6_authority(text, out, e);
	struct str host = str_head(text, span_until(text, ":"));
	if (host.len == 0)
		return refuse(e, "there is no host");
	if (!url_host_is_name(host))
		return refuse(e, "the host is neither a name nor an address");
	url_host_lower(host, out->host);
	return parse_port(str_skip(text, host.len), out, e);
}

static int check_path(struct str path, struct err *e)
{
	if (str_index(path, '#') >= 0)
		return refuse(e, "a fragment (\"#\") is not allowed in it");
	if (str_index(path, '?') >= 0)
		return refuse(e, "a query (\"?\") is not allowed in it");
	return 0;
}

int url_parse(struct str text, struct url *out, struct err *e)
{
	*out = (struct url){ .https = false };
	if (text.len > URL_MAX)
		return err_set(e, ERR_KIND_USAGE, "wrong address: it is longer than %d bytes",
		               (int)URL_MAX);
	if (!plain_bytes(text))
		return refuse(e, "a blank, control byte, backslash or non-ASCII byte is in it");
	struct str rest = text;
	out->https = take_prefix_nocase(&rest, S("https://"));
	if (!out->https && !take_prefix_nocase(&rest, S("http://")))
		return refuse(e, "it does not start with http:// or https://");
	size_t authority = span_until(rest, "/?#");
	out->path = str_skip(rest, authority);
	if (parse_authority(str_head(rest, authority), out, e) < 0)
		return -1;
	return check_path(out->path, e);
}

enum { BUCKET_MAX = 255, KEY_MAX = 1024, FILE_PATH_MAX = 4096 };

/* Wider than today's rule for new buckets (3 to 63 of a-z0-9.-): old buckets and Swift
 * containers have capitals and underscores. What would change the shape of a request is out. */
static bool bucket_ok(struct str bucket)
{
	for (size_t i = 0; i < bucket.len; i++) {
		char c = bucket.p[i];
		bool letter =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		bool inner = i > 0 && (c == '.' || c == '-' || c == '_');
		if (!letter && !inner)
			return false;
	}
	return bucket.len <= BUCKET_MAX;
}

int url_parse_s3(struct str text, struct str *bucket, struct str *key, struct err *e)
{
	struct str rest = text;
	if (!take_prefix_nocase(&rest, S("s3://")))
		return refuse(e, "it does not start with s3://");
	str_cut(rest, '/', bucket, key);
	if (bucket->len == 0)
		return refuse(e, "the bucket is missing (s3://bucket/key)");
	if (!bucket_ok(*bucket))
		return refuse(e,
		              "the bucket's name may only have letters, digits and . _ - inside");
	if (key->len > KEY_MAX)
		return refuse(e, "the key is longer than 1024 bytes");
	return 0;
}

int url_parse_file(struct str text, struct str *path, struct err *e)
{
	struct str rest = text;
	if (!take_prefix_nocase(&rest, S("file://")))
		return refuse(e, "it does not start with file://");
	if (rest.len == 0 || rest.p[0] != '/')
		return refuse(e, "file:// must be followed by an absolute path (file:///dir)");
	if (rest.len >= FILE_PATH_MAX || str_index(rest, '\0') >= 0)
		return refuse(e, "the path is too long or holds a zero byte");
	*path = rest;
	return 0;
}

bool url_is_loopback(const struct url *u)
{
	struct str host = str_of(u->host);
	if (u->host_is_ipv6)
		return url_host_is_ipv6_loopback(host);
	if (str_is(host, "localhost") || str_ends(host, S(".localhost")))
		return true;
	/* A name such as 127.example is none: only what is_name let through as an address has four
	 * numbers. */
	return str_starts(host, S("127.")) && url_host_is_ipv4(host);
}

char *url_host_field(const struct url *u, char *out, size_t cap)
{
	char port[8] = "";
	if (!u->port_is_default)
		snprintf(port, sizeof(port), ":%u", (unsigned)u->port);
	snprintf(out, cap, "%s%s%s%s", u->host_is_ipv6 ? "[" : "", u->host,
	         u->host_is_ipv6 ? "]" : "", port);
	return out;
}
