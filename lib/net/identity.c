/* Client certificates. */
#include "net/identity.h"

#include "base/buf.h"
#include "base/mem.h"
#include "net/identity_use.h"
#include "net/pem.h"
#include "net/x509.h"
#include "os/dir.h"
#include "os/file.h"

enum { FILE_MAX = 1 << 20, CHAIN_MAX = 8, KEY_MAX = 16384 };

struct identity {
	struct buf certs[CHAIN_MAX];
	br_x509_certificate chain[CHAIN_MAX];
	size_t count;
	struct buf key_der; /* secret */
	struct identity_key key;
};

void identity_free(struct identity *id)
{
	if (id == NULL)
		return;
	for (size_t i = 0; i < id->count; i++)
		buf_free(&id->certs[i]);
	mem_wipe(id->key_der.p, id->key_der.len);
	buf_free(&id->key_der);
	mem_free(id);
}

static int read_file(const char *path, struct buf *out, struct err *e)
{
	FD_AUTO fd = -1;
	*out = buf_make(FILE_MAX);
	return dir_open_user_file(path, false, &fd, e) < 0 ? -1 : file_read_rest(fd, out, e, path);
}

static int take_chain(struct identity *id, struct str pem, struct err *e)
{
	int r = 1;
	while (r == 1 && id->count < CHAIN_MAX) {
		struct buf *der = &id->certs[id->count];
		*der = buf_make(X509_CERT_MAX);
		r = pem_next(&pem, "CERTIFICATE", der);
		if (r != 1) {
			buf_free(der);
			break;
		}
		id->chain[id->count++] = (br_x509_certificate){ (unsigned char *)der->p, der->len };
	}
	if (r < 0)
		return err_set(e, ERR_KIND_CONFIG, "malformed certificate");
	return id->count > 0 ? 0 : err_set(e, ERR_KIND_CONFIG, "no PEM certificate in it");
}

static int take_key(struct identity *id, struct str pem, struct err *e)
{
	static const char *const labels[] = { "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY" };
	id->key_der = buf_make(KEY_MAX);
	for (size_t i = 0; i < COUNTOF(labels); i++) {
		struct str rest = pem;
		int r = pem_next(&rest, labels[i], &id->key_der);
		if (r == 0)
			continue;
		if (r < 0 || identity_key_parse(labels[i], buf_str(&id->key_der), &id->key) < 0)
			return err_set(e, ERR_KIND_CONFIG,
			               "the private key is malformed or of a kind that is not "
			               "supported (RSA of 2048 to 4096 bits, P-256, P-384, P-521)");
		return 0;
	}
	return err_set(e, ERR_KIND_CONFIG,
	               str_has(pem, S("ENCRYPTED")) ? "the private key in it is encrypted"
	                                            : "no PEM private key in it");
}

static int check_pair(const struct identity *id, struct err *e)
{
	struct x509_cert cert;
	br_x509_pkey certified;
	struct err malformed = ERR_INIT;
	if (x509_parse(buf_str(&id->certs[0]), &cert, &malformed) < 0)
		return err_set(e, ERR_KIND_CONFIG, "%s", malformed.msg);
	if (x509_key(&cert, &certified) < 0 || !identity_key_fits(&id->key, &certified))
		return err_set(e, ERR_KIND_CONFIG,
		               "the private key is not the one that belongs to the certificate");
	return 0;
}

static int load(struct identity *id, const char *cert, const char *key, struct err *e)
{
	BUF_AUTO cert_text = buf_make(0);
	BUF_AUTO key_text = buf_make(0);
	if (read_file(cert, &cert_text, e) < 0 || take_chain(id, buf_str(&cert_text), e) < 0)
		return err_context(e, "client certificate %s", cert);
	int r = read_file(key, &key_text, e);
	if (r == 0)
		r = take_key(id, buf_str(&key_text), e);
	if (r == 0)
		r = check_pair(id, e);
	mem_wipe(key_text.p, key_text.len);
	mem_wipe(cert_text.p, cert_text.len);
	return r == 0 ? 0 : err_context(e, "client key %s", key);
}

int identity_load(const char *cert, const char *key, struct identity **out, struct err *e)
{
	struct identity *id = mem_new(1, sizeof(*id));
	if (load(id, cert, key != NULL ? key : cert, e) < 0) {
		e->kind = ERR_KIND_CONFIG;
		identity_free(id);
		return -1;
	}
	*out = id;
	return 0;
}

void identity_use(const struct identity *id, br_ssl_client_context *client)
{
	if (id->key.type == BR_KEYTYPE_RSA)
		br_ssl_client_set_single_rsa(client, id->chain, id->count, &id->key.rsa,
		                             br_rsa_pkcs1_sign_get_default());
	else
		br_ssl_client_set_single_ec(client, id->chain, id->count, &id->key.ec,
		                            BR_KEYTYPE_SIGN, BR_KEYTYPE_EC, br_ec_get_default(),
		                            br_ecdsa_sign_asn1_get_default());
}
