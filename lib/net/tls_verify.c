/* Our checks around BearSSL's X.509 engine. */
#include "net/tls_verify.h"

#include <assert.h>

#include "net/trust_anchors.h"

enum { SECONDS_PER_DAY = 86400, DAYS_TO_1970 = 719528, RSA_BYTES_MIN = 2048 / 8 };

static struct tls_verify *self(const br_x509_class **ctx)
{
	return (struct tls_verify *)(void *)ctx;
}

static const br_x509_class **engine(struct tls_verify *v)
{
	return &v->engine.vtable;
}

/* BearSSL's server name is what SNI says, empty for an address; ours decides. An address is checked by us
 * alone, in end_chain: the engine knows none. */
static void start_chain(const br_x509_class **ctx, const char *server_name)
{
	struct tls_verify *v = self(ctx);
	(void)server_name;
	assert(v->host.name[0] != '\0');
	v->certs = v->between = 0;
	v->too_much = v->counts = v->agreed = false;
	err_clear(&v->why);
	buf_clear(&v->leaf);
	buf_clear(&v->issuer);
	v->engine.vtable->start_chain(engine(v), v->host.ip_len > 0 ? NULL : v->host.name);
}

static void start_cert(const br_x509_class **ctx, uint32_t length)
{
	struct tls_verify *v = self(ctx);
	v->certs++;
	/* Once an anchor has signed, the engine passes over the rest. */
	v->counts = v->engine.err == 0;
	buf_clear(&v->above);
	if (v->certs > TLS_VERIFY_CERTS_MAX || length > X509_CERT_MAX)
		v->too_much = true;
	if (!v->too_much)
		v->engine.vtable->start_cert(engine(v), length);
}

static void append(const br_x509_class **ctx, const unsigned char *p, size_t len)
{
	struct tls_verify *v = self(ctx);
	if (v->too_much)
		return;
	if (v->counts)
		buf_add(v->certs == 1 ? &v->leaf : &v->above, p, len);
	v->engine.vtable->append(engine(v), p, len);
}

/* A certificate that is its own issuer, and trusted, is what people make for a server of their own; openssl
 * marks it as a CA. Only the holder of the anchor's key can make one. */
static bool is_own_issuer(const struct x509_cert *cert)
{
	return str_eq(cert->issuer, cert->subject);
}

static int refuse(struct tls_verify *v, const char *text)
{
	return err_set(&v->why, ERR_KIND_UNAVAILABLE, "%s", text);
}

/* A CA between the server's certificate and the anchor. */
static void check_above(struct tls_verify *v, const struct x509_cert *cert)
{
	struct x509_cert leaf;
	struct err ignored = ERR_INIT;
	if (!is_own_issuer(cert))
		v->between++;
	if (cert->limited_use && !cert->for_servers)
		(void)refuse(v,
		             "a CA above the server's certificate is not for servers (extended key "
		             "usage)");
	else if (cert->constraints.len > 0 && x509_parse(buf_str(&v->leaf), &leaf, &ignored) == 0)
		(void)!x509_constraints_check(cert->constraints, leaf.names, &v->why);
}

static void check_cert(struct tls_verify *v)
{
	struct x509_cert cert;
	struct str der = buf_str(v->certs == 1 ? &v->leaf : &v->above);
	struct err malformed = ERR_INIT;
	if (x509_parse(der, &cert, &malformed) < 0) {
		err_set(&v->why, ERR_KIND_UNAVAILABLE, "the server sent a %s", malformed.msg);
		return;
	}
	buf_clear(&v->issuer);
	buf_add_str(&v->issuer, cert.issuer);
	/* They may demand a policy that all certificates share (RFC 5280 section 6.1), which nobody here works out. The
	 * engine refuses the critical ones; others break a MUST. */
	if (cert.for_policies)
		(void)refuse(v, "the server's certificate or a CA above it is limited to certain "
		                "policies, which ws cannot judge (policy constraints)");
	if (v->certs > 1)
		check_above(v, &cert);
}

static void end_cert(const br_x509_class **ctx)
{
	struct tls_verify *v = self(ctx);
	if (v->too_much)
		return;
	v->engine.vtable->end_cert(engine(v));
	if (v->counts)
		check_cert(v);
}

/* All anchors of the name that signed are asked: which of their keys it was the engine does not say. */
static void check_anchors(struct tls_verify *v, const struct x509_cert *leaf)
{
	size_t count;
	const br_x509_trust_anchor *anchors = trust_anchors(v->trust, &count);
	for (size_t i = 0; i < count; i++) {
		const struct trust_limits *limits = trust_limits(v->trust, i);
		if (!str_eq(buf_str(&v->issuer), str_from(anchors[i].dn.data, anchors[i].dn.len)))
			continue;
		if (limits->path_len >= 0 && v->between > (unsigned)limits->path_len)
			(void)refuse(v,
			             "there are more CAs between the server's certificate and the "
			             "trusted one than that allows (path length)");
		if (limits->constraints.len > 0)
			(void)!x509_constraints_check(limits->constraints, leaf->names, &v->why);
	}
}

static unsigned check_leaf(struct tls_verify *v)
{
	struct err ignored = ERR_INIT;
	struct x509_cert cert;
	if (x509_parse(buf_str(&v->leaf), &cert, &ignored) < 0)
		return BR_ERR_X509_INVALID_VALUE;
	if (cert.limited_use && !cert.for_servers)
		return BR_ERR_X509_FORBIDDEN_KEY_USAGE;
	if (!is_own_issuer(&cert) && (cert.is_ca || cert.signs_certs || cert.constraints.len > 0))
		return BR_ERR_X509_NOT_CA;
	if (!x509_host_matches(&v->host, cert.names))
		return BR_ERR_X509_BAD_SERVER_NAME;
	check_anchors(v, &cert);
	return err_is(&v->why) ? BR_ERR_X509_INVALID_VALUE : 0;
}

static unsigned end_chain(const br_x509_class **ctx)
{
	struct tls_verify *v = self(ctx);
	unsigned code;
	if (v->too_much)
		return BR_ERR_X509_LIMIT_EXCEEDED;
	code = v->engine.vtable->end_chain(engine(v));
	v->agreed = code == 0;
	return code != 0 ? code : check_leaf(v);
}

static const br_x509_pkey *get_pkey(const br_x509_class *const *ctx, unsigned *usages)
{
	const struct tls_verify *v = (const struct tls_verify *)(const void *)ctx;
	return v->engine.vtable->get_pkey((const br_x509_class *const *)&v->engine.vtable, usages);
}

static const br_x509_class verify_class = {
	.context_size = sizeof(struct tls_verify),
	.start_chain = start_chain,
	.start_cert = start_cert,
	.append = append,
	.end_cert = end_cert,
	.end_chain = end_chain,
	.get_pkey = get_pkey,
};

int tls_verify_init(struct tls_verify *v, const char *host, const struct trust *trust,
                    int64_t now_s, struct err *e)
{
	size_t count;
	const br_x509_trust_anchor *anchors = trust_anchors(trust, &count);
	int64_t days = now_s / SECONDS_PER_DAY;
	if (x509_host_init(&v->host, host, e) < 0)
		return -1;
	v->vtable = &verify_class;
	v->trust = trust;
	v->now_s = now_s;
	v->leaf = buf_make(X509_CERT_MAX);
	v->above = buf_make(X509_CERT_MAX);
	v->issuer = buf_make(X509_CERT_MAX);
	br_x509_minimal_init(&v->engine, &br_sha256_vtable, anchors, count);
	br_x509_minimal_set_rsa(&v->engine, br_rsa_pkcs1_vrfy_get_default());
	br_x509_minimal_set_ecdsa(&v->engine, br_ec_get_default(),
	                          br_ecdsa_vrfy_asn1_get_default());
	br_x509_minimal_set_hash(&v->engine, br_sha256_ID, &br_sha256_vtable);
	br_x509_minimal_set_hash(&v->engine, br_sha384_ID, &br_sha384_vtable);
	br_x509_minimal_set_hash(&v->engine, br_sha512_ID, &br_sha512_vtable);
	br_x509_minimal_set_minrsa(&v->engine, RSA_BYTES_MIN);
	br_x509_minimal_set_time(&v->engine, (uint32_t)(days + DAYS_TO_1970),
	                         (uint32_t)(now_s - days * SECONDS_PER_DAY));
	return 0;
}

void tls_verify_free(struct tls_verify *v)
{
	buf_free(&v->leaf);
	buf_free(&v->above);
	buf_free(&v->issuer);
}
