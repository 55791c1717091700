/* Hosts against the names of a certificate, and the DER below. */
#include "net/x509.h"

#include "net/der.h"
#include "tests/unit/tap.h"

/* One GeneralName after the other, as they are in a certificate. */
static void add_name(struct buf *names, unsigned tag, struct str value)
{
	buf_add_char(names, (char)tag);
	buf_add_char(names, (char)value.len);
	buf_add_str(names, value);
}

static void dns(void)
{
	static const struct {
		const char *host, *name;
		bool want;
	} cases[] = {
		{ "a.example", "a.example", true },
		{ "a.example", "A.Example", true },
		{ "a.example.", "a.example", true },
		{ "a.example", "b.example", false },
		{ "a.example", "a.example.", false },
		{ "x.a.example", "*.a.example", true },
		{ "y.x.a.example", "*.a.example", false },
		{ "a.example", "*.a.example", false },
		{ ".a.example", "*.a.example", false },
		{ "a.example", "*.example", false },
		{ "a.b.example", "*.*.example", false },
		{ "xa.b.example", "x*.b.example", false },
		{ "a.b.example", "a.*.example", false },
		{ "a.example", "*", false },
		{ "a.example", "", false },
		{ "10.0.0.1", "10.0.0.1", false },
		{ "10.0.0.1", "*.0.0.1", false },
		{ "::1", "::1", false },
	};
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct err e = ERR_INIT;
		struct x509_host host;
		BUF_AUTO names = buf_make(1000);
		add_name(&names, 0x82, str_of(cases[i].name));
		TAP_OK(x509_host_init(&host, cases[i].host, &e) == 0 &&
		               x509_host_matches(&host, buf_str(&names)) == cases[i].want,
		       "%s %s the name \"%s\"", cases[i].host, cases[i].want ? "has" : "has not",
		       cases[i].name);
	}
}

static void addresses(void)
{
	static const struct {
		const char *host;
		struct str bytes;
		bool want;
	} cases[] = {
#define BYTES(literal) { literal, sizeof(literal) - 1 }
		{ "10.0.0.1", BYTES("\x0a\0\0\1"), true },
		{ "10.0.0.1", BYTES("\x0a\0\0\2"), false },
		{ "10.0.0.1", BYTES("\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\1"), false },
		{ "255.254.253.252", BYTES("\xff\xfe\xfd\xfc"), true },
		{ "::", BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), true },
		{ "::1", BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"), true },
		{ "fd00:ec2::23", BYTES("\xfd\0\x0e\xc2\0\0\0\0\0\0\0\0\0\0\0\x23"), true },
		{ "fe80::", BYTES("\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), true },
		{ "1:2:3:4:5:6:7:8", BYTES("\0\1\0\2\0\3\0\4\0\5\0\6\0\7\0\x08"), true },
		{ "::ffff:10.0.0.1", BYTES("\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\1"), true },
		{ "1:2:3:4:5:6:1.2.3.4", BYTES("\0\1\0\2\0\3\0\4\0\5\0\6\1\2\3\4"), true },
		{ "::1", BYTES("\0\0\0\1"), false },
		{ "a.example", BYTES("a.example"), false },
	};
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct err e = ERR_INIT;
		struct x509_host host;
		BUF_AUTO names = buf_make(1000);
		add_name(&names, 0x82, S("other.example"));
		add_name(&names, 0x87, cases[i].bytes);
		TAP_OK(x509_host_init(&host, cases[i].host, &e) == 0 &&
		               x509_host_matches(&host, buf_str(&names)) == cases[i].want,
		       "%s %s an address of %zu bytes", cases[i].host,
		       cases[i].want ? "is" : "is not", cases[i].bytes.len);
	}
}

static void lists(void)
{
	BUF_AUTO names = buf_make(1000);
	BUF_AUTO out = buf_make(1000);
	struct err e = ERR_INIT;
	struct x509_host host;
	add_name(&names, 0x82, S("a\n\x1b[31m"));
	add_name(&names, 0x81, S("mail@example"));
	add_name(&names, 0x87, S("\x0a\0\0\1"));
	x509_host_list(buf_str(&names), &out);
	TAP_TEXT(out.p, "a\\n\\x1b[31m, IP 10.0.0.1",
	         "names are shown so that a terminal stays unharmed");
	for (int i = 0; i < 9; i++)
		add_name(&names, 0x82, S("more"));
	buf_clear(&out);
	x509_host_list(buf_str(&names), &out);
	TAP_TEXT(out.p, "a\\n\\x1b[31m, IP 10.0.0.1, more, more, more, ...", "and not all of them");
	TAP_INT(x509_host_init(&host, "", &e), -1, "an empty host is refused: %s", e.msg);
	TAP_INT(x509_host_init(&host, ".", &e), -1, "so is a dot");
}

static void der(void)
{
	static const struct {
		const char *sentence;
		struct str in;
		int want;
	} cases[] = {
		{ "a short element is taken", BYTES("\x04\x02xy"), 2 },
		{ "an empty element is taken", BYTES("\x04\0"), 0 },
		{ "an element that is cut is refused", BYTES("\x04\x03xy"), -1 },
		{ "nothing is refused", BYTES(""), -1 },
		{ "an identifier alone is refused", BYTES("\x04"), -1 },
		{ "an indefinite length is refused", BYTES("\x24\x80\x04\0\0\0"), -1 },
		{ "a length that is longer than needed is refused", BYTES("\x04\x81\x02xy"), -1 },
		{ "a length with a leading zero is refused", BYTES("\x04\x82\0\x02xy"), -1 },
		{ "a length of four bytes is refused", BYTES("\x04\x84\1\0\0\0xy"), -1 },
		{ "a length whose bytes are cut is refused", BYTES("\x04\x82\1"), -1 },
		{ "a long tag number is refused", BYTES("\x1f\x21\0"), -1 },
	};
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct str in = cases[i].in, content;
		unsigned tag;
		int r = der_next(&in, &tag, &content);
		TAP_OK(r == 0 ? (int)content.len == cases[i].want : cases[i].want == -1, "%s",
		       cases[i].sentence);
	}
}

/* ---- name constraints ---- */

/* GeneralSubtrees with one base. */
static void add_subtree(struct buf *out, unsigned list_tag, unsigned tag, struct str base)
{
	if (list_tag == 0)
		return;
	buf_add_char(out, (char)list_tag);
	buf_add_char(out, (char)(base.len + 4));
	buf_add_char(out, 0x30);
	buf_add_char(out, (char)(base.len + 2));
	add_name(out, tag, base);
}

static void constraints(void)
{
	enum {
		PERMITTED = 0xa0,
		EXCLUDED = 0xa1,
		DNS = 0x82,
		IP = 0x87,
		MAIL = 0x81,
		SUBJECT = 0xa4
	};
	static const struct {
		unsigned list, kind;
		struct str base;
		unsigned name_kind;
		struct str name;
		bool want;
	} cases[] = {
		{ PERMITTED, DNS, BYTES("a.example"), DNS, BYTES("a.example"), true },
		{ PERMITTED, DNS, BYTES("a.example"), DNS, BYTES("A.Example"), true },
		{ PERMITTED, DNS, BYTES("a.example"), DNS, BYTES("b.a.example"), true },
		{ PERMITTED, DNS, BYTES("a.example"), DNS, BYTES("ba.example"), false },
		{ PERMITTED, DNS, BYTES("a.example"), DNS, BYTES("example"), false },
		{ PERMITTED, DNS, BYTES("a.example"), DNS, BYTES("*.a.example"), true },
		{ PERMITTED, DNS, BYTES("a.example"), DNS, BYTES("*.example"), false },
		{ PERMITTED, DNS, BYTES("a.example"), IP, BYTES("\x0a\0\0\1"), true },
		{ PERMITTED, DNS, BYTES(""), DNS, BYTES("a.example"), true },
		{ PERMITTED, DNS, BYTES(".a.example"), DNS, BYTES("b.a.example"), false },
		{ PERMITTED, DNS, BYTES("*.a.example"), DNS, BYTES("b.a.example"), false },
		{ EXCLUDED, DNS, BYTES("a.example"), DNS, BYTES("b.a.example"), false },
		{ EXCLUDED, DNS, BYTES("a.example"), DNS, BYTES("b.example"), true },
		{ EXCLUDED, DNS, BYTES("a.example"), DNS, BYTES("*.example"), false },
		{ EXCLUDED, DNS, BYTES("a.example"), DNS, BYTES("*.b.example"), true },
		{ EXCLUDED, DNS, BYTES(""), DNS, BYTES("a.example"), false },
		{ EXCLUDED, DNS, BYTES(".a.example"), DNS, BYTES("x"), false },
		{ PERMITTED, IP, BYTES("\x0a\0\0\0\xff\0\0\0"), IP, BYTES("\x0a\1\2\3"), true },
		{ PERMITTED, IP, BYTES("\x0a\0\0\0\xff\0\0\0"), IP, BYTES("\x0b\1\2\3"), false },
		{ PERMITTED, IP, BYTES("\x0a\0\0\0\xff\0\0\0"), DNS, BYTES("a.example"), true },
		{ EXCLUDED, IP, BYTES("\x0a\0\0\0\xff\0\0\0"), IP, BYTES("\x0a\1\2\3"), false },
		{ EXCLUDED, IP, BYTES("\0\0\0\0\0\0\0\0"), IP,
		  BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"), true },
		{ PERMITTED, IP, BYTES("\x0a\0\0\0"), IP, BYTES("\x0a\0\0\0"), false },
		{ PERMITTED, MAIL, BYTES("x@a.example"), DNS, BYTES("a.example"), true },
		{ PERMITTED, SUBJECT, BYTES("\x30\0"), DNS, BYTES("a.example"), false },
		{ 0x30, DNS, BYTES("a.example"), DNS, BYTES("a.example"), false },
	};
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct err e = ERR_INIT;
		BUF_AUTO limits = buf_make(1000);
		BUF_AUTO names = buf_make(1000);
		add_subtree(&limits, cases[i].list, cases[i].kind, cases[i].base);
		add_name(&names, cases[i].name_kind, cases[i].name);
		int r = x509_constraints_check(buf_str(&limits), buf_str(&names), &e);
		TAP_OK((r == 0) == cases[i].want, "constraint %zu %s %s", i,
		       cases[i].want ? "lets a name be" : "refuses:", e.msg);
	}
}

int main(void)
{
	constraints();
	dns();
	addresses();
	lists();
	der();
	return tap_done();
}
