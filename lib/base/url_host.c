/* Host names and addresses. */
#include "base/url_host.h"

#include <string.h>

#include "base/num.h"

bool url_host_is_ipv4(struct str s)
{
	struct str number;
	for (int i = 0; i < 4; i++) {
		uint64_t value;
		bool more = str_cut(s, '.', &number, &s);
		if (more != (i < 3) || number.len > 3 || num_parse_digits(number, 10, &value) < 0)
			return false;
		if (value > 255 || (number.len > 1 && number.p[0] == '0'))
			return false;
	}
	return true;
}

/* Read up to 8 groups that are joined by ':'; an IPv4 address, where the address ends, counts as
 * two. Returns how many, or -1. */
static int read_groups(struct str s, bool at_end, uint16_t groups[8])
{
	enum { MAX = 8 };
	int count = 0;
	bool more = s.len > 0;
	while (more) {
		struct str group;
		uint64_t value;
		more = str_cut(s, ':', &group, &s);
		if (!more && at_end && count + 2 <= MAX && url_host_is_ipv4(group)) {
			/* No caller cares for its value beyond its not being ::1. */
			groups[count] = groups[count + 1] = UINT16_MAX;
			return count + 2;
		}
		if (count == MAX || group.len > 4 || num_parse_digits(group, 16, &value) < 0)
			return -1;
		groups[count++] = (uint16_t)value;
	}
	return count;
}

/* The eight groups of an address. */
static int parse_ipv6(struct str s, uint16_t groups[8])
{
	struct str before = s;
	struct str after = { NULL, 0 };
	bool gap = false;
	for (size_t i = 0; !gap && i + 1 < s.len; i++) {
		gap = s.p[i] == ':' && s.p[i + 1] == ':';
		before = gap ? str_head(s, i) : before;
		after = gap ? str_skip(s, i + 2) : after;
	}
	uint16_t tail[8] = { 0 };
	memset(groups, 0, 8 * sizeof(groups[0]));
	int head_count = read_groups(before, !gap, groups);
	int tail_count = gap ? read_groups(after, true, tail) : 0;
	if (head_count < 0 || tail_count < 0)
		return -1;
	/* "::" stands for one group at least; without it all eight must be there. */
	int total = head_count + tail_count;
	if (gap ? total > 7 : total != 8)
		return -1;
	memcpy(groups + 8 - tail_count, tail, (size_t)tail_count * sizeof(tail[0]));
	return 0;
}

bool url_host_is_ipv6(struct str s)
{
	uint16_t groups[8];
	return s.len < URL_HOST_MAX && parse_ipv6(s, groups) == 0;
}

bool url_host_is_ipv6_loopback(struct str s)
{
	uint16_t groups[8];
	if (parse_ipv6(s, groups) < 0)
		return false;
	for (size_t i = 0; i < 7; i++) {
		if (groups[i] != 0)
			return false;
	}
	return groups[7] == 1;
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_label(struct str s)
{
	if (s.len == 0 || s.len > 63 || !is_alnum(s.p[s.len - 1]))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		bool inner = s.p[i] == '_' || (i > 0 && s.p[i] == '-');
		if (!is_alnum(s.p[i]) && !inner)
			return false;
	}
	return true;
}

/* What inet_aton would take for a number. */
static bool is_number(struct str s)
{
	uint64_t value;
	if (str_eq_nocase(str_head(s, 2), S("0x")))
		return s.len == 2 || num_parse_digits(str_skip(s, 2), 16, &value) == 0;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	}
	return true;
}

bool url_host_is_name(struct str s)
{
	struct str last;
	if (s.len >= URL_HOST_MAX)
		return false;
	str_cut_last(s, '.', NULL, &last);
	if (is_number(last))
		return url_host_is_ipv4(s);
	struct str label;
	bool more = true;
	while (more) {
		more = str_cut(s, '.', &label, &s);
		if (!is_label(label))
			return false;
	}
	return true;
}

void url_host_lower(struct str s, char out[URL_HOST_MAX])
{
	for (size_t i = 0; i < s.len; i++)
		out[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] - 'A' + 'a') : s.p[i];
	out[s.len] = '\0';
}
