/* Certificates: a strict walk through the DER. */
#include "net/x509.h"

#include <string.h>

#include "base/codec.h"
#include "base/datetime.h"
#include "net/der.h"

enum { TAG_VERSION = 0xa0, TAG_ISSUER_ID = 0x81, TAG_SUBJECT_ID = 0x82, TAG_EXTENSIONS = 0xa3 };

#define VERSION_3       S("\x02\x01\x02") /* INTEGER 2 */
#define OID_EXTENSION   S("\x55\x1d")     /* id-ce: what all but private ones start with */
#define OID_KEY_USAGE   S("\x55\x1d\x0f")
#define OID_SAN         S("\x55\x1d\x11")
#define OID_CONSTRAINTS S("\x55\x1d\x1e")
#define OID_BASIC       S("\x55\x1d\x13")
#define OID_POLICIES    S("\x55\x1d\x24")
#define OID_EKU         S("\x55\x1d\x25")
#define OID_EKU_ANY     S("\x55\x1d\x25\x00")
#define OID_EKU_SERVER  S("\x2b\x06\x01\x05\x05\x07\x03\x01")
#define OID_COMMON_NAME S("\x55\x04\x03")
#define OID_RSA         S("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")
#define OID_EC          S("\x2a\x86\x48\xce\x3d\x02\x01")
#define OID_P256        S("\x2a\x86\x48\xce\x3d\x03\x01\x07")
#define OID_P384        S("\x2b\x81\x04\x00\x22")
#define OID_P521        S("\x2b\x81\x04\x00\x23")

static int bad(struct err *e, const char *what)
{
	return err_set(e, ERR_KIND_DATA, "malformed certificate: %s", what);
}

/* UTCTime or GeneralizedTime in the one form that RFC 5280 section 4.1.2.5 allows. */
static int take_time(struct str *in, int64_t *seconds)
{
	unsigned tag;
	struct str s;
	char text[17];
	size_t year = 4;
	if (der_next(in, &tag, &s) < 0)
		return -1;
	if (tag == DER_UTC_TIME && s.len == 13)
		year = 2;
	else if (tag != DER_GENERALIZED_TIME || s.len != 15)
		return -1;
	/* Years 50 to 99 are those of the last century. */
	memcpy(text, year == 4 ? "" : s.p[0] >= '5' ? "19" : "20", year == 4 ? 0 : 2);
	memcpy(text + 4 - year, s.p, year + 4);
	text[8] = 'T';
	memcpy(text + 9, s.p + year + 4, 7);
	return datetime_parse_basic(str_from(text, 16), seconds);
}

static int parse_basic(struct str value, struct x509_cert *out)
{
	struct str list, flag, len;
	if (der_take(&value, DER_SEQUENCE, &list) < 0 || value.len > 0)
		return -1;
	int r = der_take_if(&list, DER_BOOLEAN, &flag);
	if (r < 0 || (r == 1 && flag.len != 1))
		return -1;
	out->is_ca = r == 1 && flag.p[0] != 0;
	r = der_take_if(&list, DER_INTEGER, &len);
	if (r < 0 || list.len > 0 || (r == 1 && (len.len != 1 || len.p[0] < 0)))
		return -1;
	if (r == 1)
		out->path_len = len.p[0];
	return 0;
}

/* Named bits from the highest of the first byte on; keyCertSign is number 5. */
static int parse_key_usage(struct str value, struct x509_cert *out)
{
	struct str bits;
	if (der_take(&value, DER_BIT_STRING, &bits) < 0 || value.len > 0 || bits.len < 1)
		return -1;
	out->signs_certs = bits.len > 1 && (bits.p[1] & 1 << (7 - 5)) != 0;
	return 0;
}

static int parse_constraints(struct str value, struct x509_cert *out)
{
	return der_take(&value, DER_SEQUENCE, &out->constraints) < 0 || value.len > 0 ||
	                       out->constraints.len == 0
	               ? -1
	               : 0;
}

static int parse_eku(struct str value, struct x509_cert *out)
{
	struct str list, oid;
	if (der_take(&value, DER_SEQUENCE, &list) < 0 || value.len > 0)
		return -1;
	out->limited_use = true;
	while (list.len > 0) {
		if (der_take(&list, DER_OID, &oid) < 0)
			return -1;
		if (str_eq(oid, OID_EKU_SERVER) || str_eq(oid, OID_EKU_ANY))
			out->for_servers = true;
	}
	return 0;
}

static int parse_san(struct str value, struct x509_cert *out)
{
	if (der_take(&value, DER_SEQUENCE, &out->names) < 0 || value.len > 0)
		return -1;
	for (struct str list = out->names, name; list.len > 0;) {
		unsigned tag;
		if (der_next(&list, &tag, &name) < 0)
			return -1;
	}
	return 0;
}

/* What is read here, and what may be left unread: identifiers of keys, where lists of revoked certificates are, policies. */
static bool is_known(struct str oid)
{
	static const char last[] = "\x0e\x0f\x11\x12\x13\x1e\x1f\x20\x21\x23\x24\x25\x2e\x36";
	return oid.len == 3 && str_starts(oid, OID_EXTENSION) &&
	       memchr(last, oid.p[2], sizeof(last) - 1) != NULL;
}

static int parse_value(struct str oid, struct str value, struct x509_cert *out)
{
	if (str_eq(oid, OID_SAN))
		return parse_san(value, out);
	if (str_eq(oid, OID_BASIC))
		return parse_basic(value, out);
	if (str_eq(oid, OID_KEY_USAGE))
		return parse_key_usage(value, out);
	if (str_eq(oid, OID_CONSTRAINTS))
		return parse_constraints(value, out);
	if (str_eq(oid, OID_POLICIES))
		out->for_policies = true;
	return str_eq(oid, OID_EKU) ? parse_eku(value, out) : 0;
}

static int parse_extension(struct str *list, struct str *oid, struct x509_cert *out)
{
	struct str extension, critical = S(""), value;
	if (der_take(list, DER_SEQUENCE, &extension) < 0 || der_take(&extension, DER_OID, oid) < 0)
		return -1;
	if (der_take_if(&extension, DER_BOOLEAN, &critical) < 0 ||
	    der_take(&extension, DER_OCTET_STRING, &value) < 0 || extension.len > 0)
		return -1;
	if (critical.len > 0 && critical.p[0] != 0 && !is_known(*oid))
		out->unknown_critical = true;
	return parse_value(*oid, value, out);
}

/* Two extensions of one kind would let two readers see two certificates. */
static int parse_extensions(struct str value, struct x509_cert *out, struct err *e)
{
	struct str list, seen[X509_EXTENSIONS_MAX];
	size_t count = 0;
	if (der_take(&value, DER_SEQUENCE, &list) < 0 || value.len > 0)
		return bad(e, "its extensions");
	while (list.len > 0) {
		if (count == X509_EXTENSIONS_MAX || parse_extension(&list, &seen[count], out) < 0)
			return bad(e, "one of its extensions");
		for (size_t i = 0; i < count; i++)
			if (str_eq(seen[i], seen[count]))
				return bad(e, "an extension is there twice");
		count++;
	}
	return 0;
}

static int parse_validity(struct str *in, struct x509_cert *out)
{
	struct str validity;
	if (der_take(in, DER_SEQUENCE, &validity) < 0 ||
	    take_time(&validity, &out->not_before_s) < 0 ||
	    take_time(&validity, &out->not_after_s) < 0)
		return -1;
	return validity.len == 0 ? 0 : -1;
}

int x509_parse(struct str der, struct x509_cert *out, struct err *e)
{
	struct str cert, tbs, skipped, extensions, version = S("");
	*out = (struct x509_cert){ .path_len = -1 };
	if (der_take(&der, DER_SEQUENCE, &cert) < 0 || der.len > 0 ||
	    der_take(&cert, DER_SEQUENCE, &tbs) < 0)
		return bad(e, "its outer form");
	if (der_take_if(&tbs, TAG_VERSION, &version) < 0 ||
	    der_take(&tbs, DER_INTEGER, &skipped) < 0 ||
	    der_take(&tbs, DER_SEQUENCE, &skipped) < 0 ||
	    der_take_whole(&tbs, DER_SEQUENCE, &out->issuer) < 0)
		return bad(e, "its issuer or what is before it");
	if (parse_validity(&tbs, out) < 0)
		return bad(e, "its dates");
	if (der_take_whole(&tbs, DER_SEQUENCE, &out->subject) < 0 ||
	    der_take(&tbs, DER_SEQUENCE, &out->key) < 0)
		return bad(e, "its subject or key");
	if (der_take_if(&tbs, TAG_ISSUER_ID, &skipped) < 0 ||
	    der_take_if(&tbs, TAG_SUBJECT_ID, &skipped) < 0)
		return bad(e, "its unique identifiers");
	int r = der_take_if(&tbs, TAG_EXTENSIONS, &extensions);
	if (r < 0 || tbs.len > 0)
		return bad(e, "what follows its key");
	if (r == 1 && !str_eq(version, VERSION_3))
		return bad(e, "extensions, though it is not of version 3");
	return r == 1 ? parse_extensions(extensions, out, e) : 0;
}

/* BearSSL's structures want pointers to bytes that it never writes. */
static unsigned char *bytes(struct str s)
{
	return (unsigned char *)(uintptr_t)s.p;
}

static int rsa_key(struct str key, br_x509_pkey *out)
{
	struct str list, n, e;
	if (der_take(&key, DER_SEQUENCE, &list) < 0 || der_take_number(&list, &n) < 0 ||
	    der_take_number(&list, &e) < 0)
		return -1;
	out->key_type = BR_KEYTYPE_RSA;
	out->key.rsa = (br_rsa_public_key){ bytes(n), n.len, bytes(e), e.len };
	return 0;
}

bool x509_is_rsa(struct str oid)
{
	return str_eq(oid, OID_RSA);
}

bool x509_is_ec(struct str oid)
{
	return str_eq(oid, OID_EC);
}

int x509_curve(struct str oid)
{
	if (str_eq(oid, OID_P256))
		return BR_EC_secp256r1;
	if (str_eq(oid, OID_P384))
		return BR_EC_secp384r1;
	return str_eq(oid, OID_P521) ? BR_EC_secp521r1 : 0;
}

static int ec_key(struct str key, struct str curve, br_x509_pkey *out)
{
	int id = x509_curve(curve);
	out->key_type = BR_KEYTYPE_EC;
	out->key.ec = (br_ec_public_key){ id, bytes(key), key.len };
	return id == 0 ? -1 : 0;
}

int x509_key(const struct x509_cert *cert, br_x509_pkey *out)
{
	struct str in = cert->key, algorithm, oid, curve, key;
	if (der_take(&in, DER_SEQUENCE, &algorithm) < 0 ||
	    der_take(&in, DER_BIT_STRING, &key) < 0 || der_take(&algorithm, DER_OID, &oid) < 0)
		return -1;
	/* The first byte counts unused bits, of which a key has none. */
	if (key.len < 2 || key.p[0] != 0)
		return -1;
	key = str_skip(key, 1);
	if (x509_is_rsa(oid))
		return rsa_key(key, out);
	if (!x509_is_ec(oid) || der_take(&algorithm, DER_OID, &curve) < 0)
		return -1;
	return ec_key(key, curve, out);
}

/* The value of an AttributeTypeAndValue when it is a common name. */
static bool is_common_name(struct str attribute, struct str *value)
{
	struct str oid;
	unsigned tag;
	return der_take(&attribute, DER_OID, &oid) == 0 && str_eq(oid, OID_COMMON_NAME) &&
	       der_next(&attribute, &tag, value) == 0;
}

void x509_common_name(struct str name, struct buf *out)
{
	struct str list, set, attribute, value = S("(no common name)");
	if (der_take(&name, DER_SEQUENCE, &list) < 0)
		return;
	while (der_take(&list, DER_SET, &set) == 0)
		if (der_take(&set, DER_SEQUENCE, &attribute) == 0 &&
		    is_common_name(attribute, &value))
			break;
	codec_quote(str_head(value, 64), out);
}
