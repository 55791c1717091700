/* Name constraints: for whom a CA may sign. */
#include "base/codec.h"
#include "net/der.h"
#include "net/x509.h"

enum {
	TAG_PERMITTED = 0xa0,
	TAG_EXCLUDED = 0xa1,
	TAG_DNS = 0x82,
	TAG_DIRECTORY = 0xa4,
	TAG_IP = 0x87,
	SHOWN_MAX = 128,
};

static int cannot_judge(struct err *e)
{
	return err_set(e, ERR_KIND_UNAVAILABLE,
	               "a CA above the server's certificate is limited to certain names in a way "
	               "that ws cannot judge (name constraints)");
}

static bool is_below(struct str name, struct str domain)
{
	if (domain.len == 0 || str_eq_nocase(name, domain))
		return true;
	return name.len > domain.len && name.p[name.len - domain.len - 1] == '.' &&
	       str_eq_nocase(str_skip(name, name.len - domain.len), domain);
}

/* `any`: also when only some of the hosts that a wildcard stands for are in it. */
static bool dns_in(struct str name, struct str domain, bool any)
{
	if (!str_starts(name, S("*.")))
		return is_below(name, domain);
	name = str_skip(name, 2);
	return is_below(name, domain) || (any && is_below(domain, name));
}

/* A network is an address and its mask. */
static bool ip_in(struct str ip, struct str network)
{
	if (network.len != 2 * ip.len)
		return false;
	for (size_t i = 0; i < ip.len; i++)
		if (((ip.p[i] ^ network.p[i]) & network.p[ip.len + i]) != 0)
			return false;
	return true;
}

/* One GeneralSubtree: its base, whose kind is *tag; what BearSSL's world does not know is refused. */
static int next_subtree(struct str *list, unsigned *tag, struct str *base)
{
	struct str subtree;
	if (der_take(list, DER_SEQUENCE, &subtree) < 0 || der_next(&subtree, tag, base) < 0 ||
	    subtree.len > 0 || *tag == TAG_DIRECTORY)
		return -1;
	if (*tag == TAG_IP)
		return base->len == 8 || base->len == 32 ? 0 : -1;
	bool pattern = str_index(*base, '*') >= 0 || str_starts(*base, S("."));
	return *tag == TAG_DNS && pattern ? -1 : 0;
}

/* Whether `name` is in one of the subtrees. *same_kind: whether there is one of the name's kind at all. */
static int find(struct str list, unsigned kind, struct str name, bool any, bool *found,
                bool *same_kind)
{
	*found = *same_kind = false;
	while (list.len > 0) {
		unsigned tag;
		struct str base;
		if (next_subtree(&list, &tag, &base) < 0)
			return -1;
		if (tag != kind)
			continue;
		*same_kind = true;
		*found |= kind == TAG_DNS ? dns_in(name, base, any) : ip_in(name, base);
	}
	return 0;
}

static int check_name(struct str permitted, struct str excluded, unsigned kind, struct str name,
                      struct err *e)
{
	char shown[SHOWN_MAX];
	bool is_excluded, is_permitted, limited, ignored;
	if (find(excluded, kind, name, true, &is_excluded, &ignored) < 0 ||
	    find(permitted, kind, name, false, &is_permitted, &limited) < 0)
		return cannot_judge(e);
	if (!is_excluded && (is_permitted || !limited))
		return 0;
	if (kind == TAG_DNS)
		codec_quoted(name, shown, sizeof(shown));
	return err_set(e, ERR_KIND_UNAVAILABLE,
	               "a CA above the server's certificate may not sign for %s (name constraints)",
	               kind == TAG_DNS ? shown : "its IP address");
}

int x509_constraints_check(struct str constraints, struct str names, struct err *e)
{
	struct str permitted = S(""), excluded = S(""), name;
	if (der_take_if(&constraints, TAG_PERMITTED, &permitted) < 0 ||
	    der_take_if(&constraints, TAG_EXCLUDED, &excluded) < 0 || constraints.len > 0)
		return cannot_judge(e);
	while (names.len > 0) {
		unsigned kind;
		if (der_next(&names, &kind, &name) < 0)
			return cannot_judge(e);
		if ((kind == TAG_DNS || kind == TAG_IP) &&
		    check_name(permitted, excluded, kind, name, e) < 0)
			return -1;
	}
	return 0;
}
