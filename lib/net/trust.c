/* Anchors from PEM, and where Linux systems keep them. */
#include "net/trust.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/der.h"
#include "net/pem.h"
#include "net/trust_anchors.h"
#include "net/trust_builtin.h"
#include "net/x509.h"
#include "os/dir.h"
#include "os/sys.h"

enum {
	FILE_MAX = 16 << 20,
	DIR_ENTRIES_MAX = 16384,
	PATH_TEXT_MAX = 4096,
	RSA_BYTES_MIN = 2048 / 8,
	RSA_BYTES_MAX = 4096 / 8, /* what BearSSL can verify */
};

/* In the order that other TLS clients look (Go's crypto/x509, root_linux.go). */
static const char *const usual_files[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/pki/tls/cacert.pem",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/ssl/cert.pem",
};

struct trust {
	br_x509_trust_anchor *anchors; /* the bytes of each are one allocation, at its name */
	struct trust_limits *limits;   /* of each anchor */
	size_t count, cap;
	char *origin;
	unsigned seen, expired, not_ca, other_use, bad_key, unreadable;
};

static struct trust *trust_new(const char *origin)
{
	struct trust *t = mem_new(1, sizeof(*t));
	t->origin = mem_text(origin);
	return t;
}

void trust_free(struct trust *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->count; i++)
		mem_free(t->anchors[i].dn.data);
	mem_free(t->anchors);
	mem_free(t->limits);
	mem_free(t->origin);
	mem_free(t);
}

size_t trust_count(const struct trust *t)
{
	return t->count;
}

const char *trust_origin(const struct trust *t)
{
	return t->origin;
}

const br_x509_trust_anchor *trust_anchors(const struct trust *t, size_t *count)
{
	*count = t->count;
	return t->anchors;
}

const struct trust_limits *trust_limits(const struct trust *t, size_t i)
{
	return &t->limits[i];
}

/* Whole bytes of a modulus: 2047 bits are too few, and odd numbers of them nobody makes in good faith. */
static bool key_ok(const br_x509_pkey *key)
{
	const br_rsa_public_key *rsa = &key->key.rsa;
	return key->key_type != BR_KEYTYPE_RSA ||
	       (rsa->nlen >= RSA_BYTES_MIN && rsa->nlen <= RSA_BYTES_MAX && rsa->n[0] >= 0x80);
}

static unsigned char *copy_bytes(unsigned char **to, const unsigned char *from, size_t len)
{
	unsigned char *start = *to;
	if (len > 0)
		memcpy(start, from, len);
	*to += len;
	return start;
}

static void keep(struct trust *t, const struct x509_cert *cert, const br_x509_pkey *key)
{
	br_x509_trust_anchor a = { .flags = BR_X509_TA_CA, .pkey = *key };
	struct str limited = cert->constraints;
	unsigned char *room = mem_new(1, cert->subject.len + cert->key.len + limited.len);
	a.dn.len = cert->subject.len;
	a.dn.data = copy_bytes(&room, (const unsigned char *)cert->subject.p, cert->subject.len);
	if (key->key_type == BR_KEYTYPE_RSA) {
		a.pkey.key.rsa.n = copy_bytes(&room, key->key.rsa.n, key->key.rsa.nlen);
		a.pkey.key.rsa.e = copy_bytes(&room, key->key.rsa.e, key->key.rsa.elen);
	} else {
		a.pkey.key.ec.q = copy_bytes(&room, key->key.ec.q, key->key.ec.qlen);
	}
	if (t->count == t->cap) {
		t->cap = t->cap == 0 ? 64 : 2 * t->cap;
		t->anchors = mem_grow(t->anchors, t->cap, sizeof(*t->anchors));
		t->limits = mem_grow(t->limits, t->cap, sizeof(*t->limits));
	}
	limited.p = (const char *)copy_bytes(&room, (const unsigned char *)limited.p, limited.len);
	t->limits[t->count] = (struct trust_limits){ limited, cert->path_len };
	t->anchors[t->count++] = a;
}

static void add_der(struct trust *t, struct str der)
{
	struct x509_cert cert;
	br_x509_pkey key;
	struct err ignored = ERR_INIT;
	if (x509_parse(der, &cert, &ignored) < 0)
		t->unreadable++;
	else if (!cert.is_ca)
		t->not_ca++;
	else if (cert.unknown_critical || cert.for_policies ||
	         (cert.limited_use && !cert.for_servers))
		t->other_use++;
	else if (cert.not_after_s < sys_now_ms() / 1000)
		t->expired++;
	else if (x509_key(&cert, &key) < 0 || !key_ok(&key))
		t->bad_key++;
	else
		keep(t, &cert, &key);
}

static void add_pem(struct trust *t, struct str pem)
{
	BUF_AUTO der = buf_make(X509_CERT_MAX);
	for (int r; (r = pem_next(&pem, "CERTIFICATE", &der)) != 0;) {
		t->seen++;
		if (r < 0)
			t->unreadable++;
		else
			add_der(t, buf_str(&der));
	}
}

/* Hand `t` out when it has an anchor, else say why it has none. */
static int finish(struct trust *t, struct trust **out, struct err *e)
{
	if (t->count > 0) {
		*out = t;
		return 0;
	}
	if (t->seen == 0)
		err_set(e, ERR_KIND_CONFIG, "no PEM certificate in %s", t->origin);
	else
		err_set(e, ERR_KIND_CONFIG,
		        "no usable CA certificate in %s: %u expired, %u not of a CA, %u for other uses, "
		        "%u with a weak or unknown key, %u malformed",
		        t->origin, t->expired, t->not_ca, t->other_use, t->bad_key, t->unreadable);
	trust_free(t);
	return -1;
}

int trust_parse(struct str pem, const char *name, struct trust **out, struct err *e)
{
	struct trust *t = trust_new(name);
	add_pem(t, pem);
	return finish(t, out, e);
}

static int read_file(const char *path, struct buf *out, struct err *e)
{
	FD_AUTO fd = -1;
	buf_clear(out);
	if (dir_open_user_file(path, false, &fd, e) < 0)
		return -1;
	return file_read_rest(fd, out, e, path);
}

/* `what` says who named the file: a file that was asked for is never replaced by another. */
static int load_file(const char *path, const char *what, struct trust **out, struct err *e)
{
	struct err why = ERR_INIT;
	BUF_AUTO text = buf_make(FILE_MAX);
	if (read_file(path, &text, &why) < 0)
		return err_set(e, ERR_KIND_CONFIG, "CA certificates of %s: %s", what, why.msg);
	return trust_parse(buf_str(&text), path, out, e);
}

/* All files of one directory, also the links that c_rehash makes. */
static int add_dir(struct trust *t, const char *dir, struct buf *text, struct err *e)
{
	FD_AUTO fd = -1;
	char **names = NULL;
	size_t count;
	if (dir_open_root(dir, &fd, e) < 0 || dir_list(fd, DIR_ENTRIES_MAX, &names, &count, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct err ignored = ERR_INIT;
		MEM_AUTO char *path = mem_printf("%s/%s", dir, names[i]);
		if (read_file(path, text, &ignored) == 0)
			add_pem(t, buf_str(text));
	}
	mem_free(names);
	return 0;
}

static int load_dirs(const char *dirs, struct trust **out, struct err *e)
{
	struct trust *t = trust_new(dirs);
	struct str rest = str_of(dirs), dir;
	struct err why = ERR_INIT;
	BUF_AUTO text = buf_make(FILE_MAX);
	while (rest.len > 0) {
		char path[PATH_TEXT_MAX];
		str_cut(rest, ':', &dir, &rest);
		if (dir.len == 0)
			continue;
		if (str_copy(dir, path, sizeof(path)) < 0 || add_dir(t, path, &text, &why) < 0) {
			trust_free(t);
			return err_set(e, ERR_KIND_CONFIG, "CA certificates of SSL_CERT_DIR: %s",
			               err_is(&why) ? why.msg : "path is too long");
		}
	}
	return finish(t, out, e);
}

/* Mozilla's, compiled in: a container from scratch has no others. */
static int load_builtin(const char *tried, struct trust **out, struct err *e)
{
	struct str rest = str_from(trust_builtin_certs, trust_builtin_len), der;
	MEM_AUTO char *origin = mem_printf("the bundle in ws (Debian's ca-certificates %s, because "
	                                   "there is none at %s)",
	                                   trust_builtin_version, tried);
	struct trust *t = trust_new(origin);
	while (der_take_whole(&rest, DER_SEQUENCE, &der) == 0) {
		t->seen++;
		add_der(t, der);
	}
	return finish(t, out, e);
}

int trust_builtin(struct trust **out, struct err *e)
{
	return load_builtin("the usual places", out, e);
}

static int load_usual(struct trust **out, struct err *e)
{
	BUF_AUTO tried = buf_make(ERR_MSG_MAX);
	BUF_AUTO text = buf_make(FILE_MAX);
	for (size_t i = 0; i < COUNTOF(usual_files); i++) {
		struct err why = ERR_INIT;
		if (read_file(usual_files[i], &text, &why) == 0)
			return trust_parse(buf_str(&text), usual_files[i], out, e);
		buf_printf(&tried, "%s%s", i == 0 ? "" : ", ", usual_files[i]);
		if (why.kind != ERR_KIND_NOT_FOUND)
			buf_printf(&tried, " (%s)", why.msg);
	}
	return load_builtin(tried.p, out, e);
}

int trust_load(const char *file, struct trust **out, struct err *e)
{
	if (file != NULL)
		return load_file(file, "--ca-bundle", out, e);
	if (sys_env("AWS_CA_BUNDLE") != NULL)
		return load_file(sys_env("AWS_CA_BUNDLE"), "AWS_CA_BUNDLE", out, e);
	if (sys_env("SSL_CERT_FILE") != NULL)
		return load_file(sys_env("SSL_CERT_FILE"), "SSL_CERT_FILE", out, e);
	if (sys_env("SSL_CERT_DIR") != NULL)
		return load_dirs(sys_env("SSL_CERT_DIR"), out, e);
	return load_usual(out, e);
}
