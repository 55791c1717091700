/* The host that is wanted against the names that a certificate has. */
#include <string.h>

#include "base/codec.h"
#include "net/der.h"
#include "net/ip.h"
#include "net/x509.h"

enum { TAG_DNS = 0x82, TAG_IP = 0x87, LISTED_MAX = 5 };

int x509_host_init(struct x509_host *h, const char *host, struct err *e)
{
	struct str s = str_of(host);
	*h = (struct x509_host){ .ip_len = 0 };
	if (str_ends(s, S(".")))
		s.len--;
	/* To BearSSL an empty name means that any will do. */
	if (s.len == 0 || str_copy(s, h->name, sizeof(h->name)) < 0)
		return err_set(e, ERR_KIND_USAGE, "no host name to check a certificate against");
	h->ip_len = ip_parse(s, h->ip);
	return 0;
}

static bool dns_matches(struct str wanted, struct str pattern)
{
	struct str rest;
	if (!str_starts(pattern, S("*.")))
		return str_eq_nocase(wanted, pattern);
	pattern = str_skip(pattern, 2);
	return str_index(pattern, '.') > 0 && str_index(pattern, '*') < 0 &&
	       str_index(wanted, '.') > 0 && str_cut(wanted, '.', NULL, &rest) &&
	       str_eq_nocase(rest, pattern);
}

bool x509_host_matches(const struct x509_host *h, struct str names)
{
	struct str name;
	unsigned tag;
	while (der_next(&names, &tag, &name) == 0) {
		if (h->ip_len == 0 && tag == TAG_DNS && dns_matches(str_of(h->name), name))
			return true;
		if (h->ip_len > 0 && tag == TAG_IP && str_eq(name, str_from(h->ip, h->ip_len)))
			return true;
	}
	return false;
}

static void list_ip(struct str ip, struct buf *out)
{
	const unsigned char *b = (const unsigned char *)ip.p;
	buf_add_text(out, "IP ");
	if (ip.len == 4)
		buf_printf(out, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
	for (size_t i = 0; ip.len == 16 && i < 16; i += 2)
		buf_printf(out, "%s%x", i == 0 ? "" : ":", (unsigned)(b[i] << 8 | b[i + 1]));
}

void x509_host_list(struct str names, struct buf *out)
{
	struct str name;
	unsigned tag;
	for (size_t n = 0; der_next(&names, &tag, &name) == 0;) {
		if (tag != TAG_DNS && tag != TAG_IP)
			continue;
		if (n > 0)
			buf_add_text(out, ", ");
		if (n++ == LISTED_MAX) {
			buf_add_text(out, "...");
			return;
		}
		if (tag == TAG_DNS)
			codec_quote(str_head(name, 64), out);
		else
			list_ip(name, out);
	}
}
