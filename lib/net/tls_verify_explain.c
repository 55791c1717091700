/* What is wrong with a certificate, for whoever reads it. */
#include "base/datetime.h"
#include "net/tls_verify.h"

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
	if (str_eq(cert->issuer, cert->subject))
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
	else if (v->agreed && err_is(&v->why))
		return err_set(e, v->why.kind, "%s", v->why.msg);
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
