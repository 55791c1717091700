/* NO_PROXY: what is reached directly. */
#include <string.h>

#include "base/num.h"
#include "net/ip.h"
#include "net/proxy.h"

enum { V4_MAPPED = 12 };

struct address {
	size_t len;
	unsigned char bytes[IP_V6];
};

/* ::ffff:10.0.0.1 is 10.0.0.1: a list that names the one means the other. */
static struct address address_of(struct str text)
{
	static const unsigned char mapped[V4_MAPPED] = { [10] = 0xff, [11] = 0xff };
	struct address a = { .len = ip_parse(text, a.bytes) };
	if (a.len == IP_V6 && memcmp(a.bytes, mapped, V4_MAPPED) == 0) {
		memmove(a.bytes, a.bytes + V4_MAPPED, IP_V4);
		a.len = IP_V4;
	}
	return a;
}

static bool same_bits(const struct address *a, const struct address *b, uint64_t bits)
{
	size_t whole = (size_t)bits / 8;
	unsigned rest = (unsigned)bits % 8;
	if (a->len != b->len || bits > 8 * a->len || memcmp(a->bytes, b->bytes, whole) != 0)
		return false;
	return rest == 0 || (a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest) == 0;
}

static bool in_network(struct str network, const struct address *host)
{
	struct str base, length;
	uint64_t bits;
	if (!str_cut(network, '/', &base, &length) || num_parse_digits(length, 10, &bits) < 0)
		return false;
	struct address a = address_of(base);
	return a.len > 0 && same_bits(&a, host, bits);
}

/* Take ":port" and the brackets of an IPv6 address off; false when the port is another than the target's. */
static bool port_fits(struct str *entry, uint16_t port)
{
	struct str head, tail = S("");
	uint64_t number;
	if (str_starts(*entry, S("["))) {
		str_cut(str_skip(*entry, 1), ']', entry, &tail);
	} else if (str_cut(*entry, ':', &head, &tail) && str_index(tail, ':') < 0) {
		*entry = head;
		tail = str_from(head.p + head.len, tail.len + 1);
	} else {
		return true; /* no port, or an IPv6 address without brackets */
	}
	return tail.len == 0 ||
	       (num_parse_digits(str_skip(tail, 1), 10, &number) == 0 && number == port);
}

static bool name_fits(struct str entry, struct str host)
{
	if (str_starts(entry, S("*.")))
		entry = str_skip(entry, 1);
	if (str_starts(entry, S(".")))
		entry = str_skip(entry, 1);
	if (entry.len == 0 || host.len < entry.len)
		return false;
	struct str end = str_skip(host, host.len - entry.len);
	return str_eq_nocase(end, entry) &&
	       (host.len == entry.len || host.p[host.len - entry.len - 1] == '.');
}

static bool entry_fits(struct str entry, const struct url *target, const struct address *host)
{
	if (str_eq(entry, S("*")))
		return true;
	if (str_index(entry, '/') >= 0)
		return in_network(entry, host);
	if (!port_fits(&entry, target->port))
		return false;
	struct address a = address_of(entry);
	if (a.len > 0)
		return same_bits(&a, host, 8 * a.len);
	return host->len == 0 && name_fits(entry, str_of(target->host));
}

bool proxy_is_excepted(const char *list, const struct url *target)
{
	struct address host = address_of(str_of(target->host));
	struct str rest = str_of(list);
	while (rest.len > 0) {
		size_t n = 0;
		while (n < rest.len && strchr(", \t", rest.p[n]) == NULL)
			n++;
		if (n > 0 && entry_fits(str_head(rest, n), target, &host))
			return true;
		rest = str_skip(rest, n + 1);
	}
	return false;
}
