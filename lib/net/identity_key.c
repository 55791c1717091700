/* Private keys: RFC 5958 (PKCS#8) around RFC 8017 A.1.2 or RFC 5915. */
#include <string.h>

#include "base/mem.h"
#include "net/der.h"
#include "net/identity_use.h"
#include "net/x509.h"

enum { TAG_CURVE = 0xa0, RSA_BYTES_MIN = 256, RSA_BYTES_MAX = 512 };

/* BearSSL's structures want pointers to bytes that it never writes. */
static unsigned char *bytes(struct str s)
{
	return (unsigned char *)(uintptr_t)s.p;
}

static int parse_rsa(struct str der, struct identity_key *out)
{
	struct str list, version, n, e, d, f[5]; /* p, q, dp, dq, iq */
	if (der_take(&der, DER_SEQUENCE, &list) < 0 || der_take(&list, DER_INTEGER, &version) < 0 ||
	    der_take_number(&list, &n) < 0 || der_take_number(&list, &e) < 0 ||
	    der_take_number(&list, &d) < 0)
		return -1;
	/* BearSSL's arithmetic has room for factors of half the modulus, no more. */
	for (size_t i = 0; i < COUNTOF(f); i++)
		if (der_take_number(&list, &f[i]) < 0 || f[i].len > (n.len + 1) / 2)
			return -1;
	if (n.len < RSA_BYTES_MIN || n.len > RSA_BYTES_MAX || (unsigned char)n.p[0] < 0x80)
		return -1;
	out->type = BR_KEYTYPE_RSA;
	out->modulus = n;
	out->rsa = (br_rsa_private_key){
		.n_bitlen = (uint32_t)n.len * 8,
		.p = bytes(f[0]),
		.plen = f[0].len,
		.q = bytes(f[1]),
		.qlen = f[1].len,
		.dp = bytes(f[2]),
		.dplen = f[2].len,
		.dq = bytes(f[3]),
		.dqlen = f[3].len,
		.iq = bytes(f[4]),
		.iqlen = f[4].len,
	};
	return 0;
}

static size_t curve_bytes(int curve)
{
	return curve == BR_EC_secp256r1 ? 32 : curve == BR_EC_secp384r1 ? 48 : 66;
}

/* `curve`: 0 when only the key itself says it. */
static int parse_ec(struct str der, int curve, struct identity_key *out)
{
	struct str list, version, x, parameters, oid;
	if (der_take(&der, DER_SEQUENCE, &list) < 0 || der_take(&list, DER_INTEGER, &version) < 0 ||
	    der_take(&list, DER_OCTET_STRING, &x) < 0)
		return -1;
	if (der_take_if(&list, TAG_CURVE, &parameters) == 1 &&
	    der_take(&parameters, DER_OID, &oid) == 0)
		curve = x509_curve(oid);
	if (curve == 0 || x.len != curve_bytes(curve))
		return -1;
	out->type = BR_KEYTYPE_EC;
	out->ec = (br_ec_private_key){ .curve = curve, .x = bytes(x), .xlen = x.len };
	return 0;
}

static int parse_pkcs8(struct str der, struct identity_key *out)
{
	struct str list, version, algorithm, oid, curve, key;
	if (der_take(&der, DER_SEQUENCE, &list) < 0 || der_take(&list, DER_INTEGER, &version) < 0 ||
	    der_take(&list, DER_SEQUENCE, &algorithm) < 0 ||
	    der_take(&list, DER_OCTET_STRING, &key) < 0 || der_take(&algorithm, DER_OID, &oid) < 0)
		return -1;
	if (x509_is_rsa(oid))
		return parse_rsa(key, out);
	if (!x509_is_ec(oid) || der_take(&algorithm, DER_OID, &curve) < 0)
		return -1;
	return parse_ec(key, x509_curve(curve), out);
}

int identity_key_parse(const char *label, struct str der, struct identity_key *out)
{
	if (label[0] == 'R')
		return parse_rsa(der, out);
	return label[0] == 'E' ? parse_ec(der, 0, out) : parse_pkcs8(der, out);
}

static bool ec_fits(const br_ec_private_key *key, const br_ec_public_key *certified)
{
	unsigned char room[BR_EC_KBUF_PUB_MAX_SIZE];
	br_ec_public_key mine;
	size_t len = br_ec_compute_pub(br_ec_get_default(), &mine, room, key);
	return len > 0 && certified->curve == key->curve &&
	       str_eq(str_from(mine.q, mine.qlen), str_from(certified->q, certified->qlen));
}

bool identity_key_fits(const struct identity_key *key, const br_x509_pkey *certified)
{
	if (key->type != certified->key_type)
		return false;
	if (key->type == BR_KEYTYPE_EC)
		return ec_fits(&key->ec, &certified->key.ec);
	return str_eq(key->modulus, str_from(certified->key.rsa.n, certified->key.rsa.nlen));
}
