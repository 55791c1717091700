/* Addresses from text. url_host.h says what is one; this file only converts. */
#include "net/ip.h"

#include <string.h>

#include "base/num.h"
#include "base/url_host.h"

static void ipv4_bytes(struct str s, unsigned char *out)
{
	struct str number;
	for (int i = 0; i < 4; i++) {
		uint64_t value = 0;
		str_cut(s, '.', &number, &s);
		if (num_parse_digits(number, 10, &value) == 0)
			out[i] = (unsigned char)value;
	}
}

/* Groups of an address that is known to be right, to bytes; returns how many bytes. */
static size_t group_bytes(struct str s, unsigned char out[IP_V6])
{
	size_t n = 0;
	struct str group;
	while (s.len > 0 && n < IP_V6) {
		uint64_t value = 0;
		str_cut(s, ':', &group, &s);
		if (str_index(group, '.') >= 0 && n <= IP_V6 - IP_V4) {
			ipv4_bytes(group, out + n);
			return n + IP_V4;
		}
		if (num_parse_digits(group, 16, &value) == 0) {
			out[n++] = (unsigned char)(value >> 8);
			out[n++] = (unsigned char)value;
		}
	}
	return n;
}

static void ipv6_bytes(struct str s, unsigned char out[IP_V6])
{
	unsigned char tail[IP_V6];
	size_t gap = 0;
	while (gap < s.len && !str_starts(str_skip(s, gap), S("::")))
		gap++;
	memset(out, 0, IP_V6);
	group_bytes(str_head(s, gap), out);
	size_t n = group_bytes(str_skip(s, gap + 2), tail);
	memcpy(out + IP_V6 - n, tail, n);
}

size_t ip_parse(struct str host, unsigned char out[IP_V6])
{
	if (url_host_is_ipv4(host)) {
		ipv4_bytes(host, out);
		return IP_V4;
	}
	if (!url_host_is_ipv6(host))
		return 0;
	ipv6_bytes(host, out);
	return IP_V6;
}
