/* Our check of the leaf around BearSSL's X.509 engine. */
#include "net/tls_verify.h"

#include <assert.h>

#include "base/datetime.h"
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
	v->certs = 0;
	v->too_much = false;
	buf_clear(&v->leaf);
	v->engine.vtable->start_chain(engine(v), v->host.ip_len > 0 ? NULL : v->host.name);
}

static void start_cert(const br_x509_class **ctx, uint32_t length)
{
	struct tls_verify *v = self(ctx);
	v->certs++;
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
	if (v->certs == 1)
		buf_add(&v->leaf, p, len);
	v->engine.vtable->append(engine(v), p, len);
}

static void end_cert(const br_x509_class **ctx)
{
	struct tls_verify *v = self(ctx);
	if (!v->too_much)
		v->engine.vtable->end_cert(engine(v));
}

/* A certificate that is its own issuer, and trusted, is what people make for a server of their own; openssl
 * marks it as a CA. Only the holder of the anchor's key can make one. */
static bool is_own_issuer(const struct x509_cert *cert)
{
	return str_eq(cert->issuer, cert->subject);
}

static unsigned check_leaf(const struct tls_verify *v)
{
	struct err ignored = ERR_INIT;
	struct x509_cert cert;
	if (x509_parse(buf_str(&v->leaf), &cert, &ignored) < 0)
		return BR_ERR_X509_INVALID_VALUE;
	if (cert.limited_use && !cert.for_servers)
		return BR_ERR_X509_FORBIDDEN_KEY_USAGE;
	if (cert.is_ca && !is_own_issuer(&cert))
		return BR_ERR_X509_NOT_CA;
	return x509_host_matches(&v->host, cert.names) ? 0 : BR_ERR_X509_BAD_SERVER_NAME;
}

static unsigned end_chain(const br_x509_class **ctx)
{
	struct tls_verify *v = self(ctx);
	unsigned code;
	if (v->too_much)
		return BR_ERR_X509_LIMIT_EXCEEDED;
	code = v->engine.vtable->end_chain(engine(v));
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
}

/* ---- messages ---- */

static int refuse(struct err *e, const char *text)
{
	return err_set(e, ERR_KIND_UNAVAILABLE, "%s", text);
}

static int explain_dates(const struct tls_verify *v, const struct x509_cert *cert, struct err *e)
{
	char now[DATETIME_TEXT_MAX], then[DATETIME_TEXT_MAX];
	datetime_imf(v->now_s, now);
	if (v->now_s > cert->not_after_s)
		return err_set(e, ERR_KIND_UNAVAILABLE,
		               "the server's certificate expired on %s (this host's clock says %s)",
		               datetime_imf(cert->not_after_s, then), now);
	if (v->now_s < cert->not_before_s)
		return err_set(
			e, ERR_KIND_UNAVAILABLE,
			"the server's certificate is valid from %s only, and this host's clock says "
			"%s: set the clock",
			datetime_imf(cert->not_before_s, then), now);
	return err_set(
		e, ERR_KIND_UNAVAILABLE,
		"a certificate above the server's is expired or not yet valid (this host's clock "
		"says %s)",
		now);
}

static int explain_name(const struct tls_verify *v, const struct x509_cert *cert, struct err *e)
{
	BUF_AUTO names = buf_make(ERR_MSG_MAX);
	x509_host_list(cert->names, &names);
	if (names.len == 0)
		return err_set(
			e, ERR_KIND_UNAVAILABLE,
			"the server's certificate has no subject alternative name (a common name "
			"alone is not accepted)");
	return err_set(e, ERR_KIND_UNAVAILABLE, "the server's certificate is for %s, not for %s%s",
	               names.p, v->host.ip_len > 0 ? "IP " : "", v->host.name);
}

static int explain_issuer(const struct tls_verify *v, const struct x509_cert *cert, struct err *e)
{
	BUF_AUTO issuer = buf_make(ERR_MSG_MAX);
	if (is_own_issuer(cert))
		return err_set(e, ERR_KIND_UNAVAILABLE,
		               "the server's certificate is self-signed and none of the %zu CA "
		               "certificates of %s (name it with --ca-bundle)",
		               trust_count(v->trust), trust_origin(v->trust));
	x509_common_name(cert->issuer, &issuer);
	return err_set(
		e, ERR_KIND_UNAVAILABLE,
		"the server's certificate is not trusted: its issuer \"%s\" leads to none of the "
		"%zu CA certificates of %s (name the right one with --ca-bundle)",
		issuer.p, trust_count(v->trust), trust_origin(v->trust));
}

static int explain_use(const struct x509_cert *cert, struct err *e)
{
	return refuse(
		e, cert->limited_use && !cert->for_servers
			   ? "the server's certificate is not for servers (extended key usage)"
			   : "the key usage of a certificate does not allow what it is used for");
}

static int explain_other(int code, struct err *e)
{
	switch (code) {
	case BR_ERR_X509_DN_MISMATCH:
		return refuse(
			e,
			"the server sends its certificates in the wrong order, or one is missing");
	case BR_ERR_X509_NOT_CA:
		return refuse(e, "the server's certificate is a CA's, or one above it is not");
	case BR_ERR_X509_WEAK_PUBLIC_KEY:
		return refuse(e, "a certificate has an RSA key of less than 2048 bits");
	case BR_ERR_X509_BAD_SIGNATURE:
		return refuse(e, "the signature of a certificate is wrong");
	case BR_ERR_X509_CRITICAL_EXTENSION:
		return refuse(e, "a certificate has a critical extension that ws does not know");
	case BR_ERR_X509_UNSUPPORTED:
		return refuse(
			e, "a certificate is signed in a way that ws does not accept (SHA-1, MD5, "
			   "RSA-PSS, Ed25519)");
	case BR_ERR_X509_LIMIT_EXCEEDED:
		return refuse(e, "the server's certificates are too many or too large");
	default:
		return err_set(e, ERR_KIND_UNAVAILABLE,
		               "the server's certificate is malformed (BearSSL error %d)", code);
	}
}

int tls_verify_explain(const struct tls_verify *v, int code, struct err *e)
{
	struct x509_cert cert;
	struct err malformed = ERR_INIT;
	if (v->too_much)
		code = BR_ERR_X509_LIMIT_EXCEEDED;
	else if (x509_parse(buf_str(&v->leaf), &cert, &malformed) < 0)
		return err_set(e, ERR_KIND_UNAVAILABLE, "the server sent a %s", malformed.msg);
	else if (code == BR_ERR_X509_EXPIRED)
		return explain_dates(v, &cert, e);
	else if (code == BR_ERR_X509_BAD_SERVER_NAME)
		return explain_name(v, &cert, e);
	else if (code == BR_ERR_X509_NOT_TRUSTED)
		return explain_issuer(v, &cert, e);
	else if (code == BR_ERR_X509_FORBIDDEN_KEY_USAGE)
		return explain_use(&cert, e);
	return explain_other(code, e);
}
