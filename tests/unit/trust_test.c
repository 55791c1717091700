/* Trust anchors: which certificates are kept, where they are looked for, and what is said when there are none. */
#include "net/trust.h"

#include "base/mem.h"
#include "net/der.h"
#include "net/trust_anchors.h"
#include "net/trust_builtin.h"
#include "net/x509.h"
#include "os/sys.h"
#include "tests/unit/pki.h"
#include "tests/unit/tap.h"

#define DAY_MS (86400 * INT64_C(1000))

/* How many anchors the text gives; -1 is an error, which is in *e. */
static int count(struct str pem, struct err *e)
{
	struct trust *t = NULL;
	err_clear(e);
	if (trust_parse(pem, "bundle.pem", &t, e) != 0)
		return -1;
	int n = (int)trust_count(t);
	trust_free(t);
	return n;
}

static void join(const struct scratch *dir, const char *const *names, struct buf *out)
{
	buf_clear(out);
	for (; *names; names++) {
		BUF_AUTO text = pki_read(dir, *names);
		buf_add_str(out, buf_str(&text));
	}
}

static void what_is_kept(const struct scratch *dir)
{
	static const struct {
		const char *sentence, *files[4];
		int want;
	} cases[] = {
		{ "a P-256 root is kept", { "root.pem" }, 1 },
		{ "an RSA-2048 root is kept", { "other-root.pem" }, 1 },
		{ "a P-384 CA below a root is kept", { "middle.pem" }, 1 },
		{ "three of three are kept", { "root.pem", "other-root.pem", "middle.pem" }, 3 },
		{ "an RSA-1024 root is dropped", { "root.pem", "weak-root.pem" }, 1 },
		{ "an RSA-2047 root is dropped", { "root.pem", "root-2047.pem" }, 1 },
		{ "a root with an unknown critical extension is dropped",
		  { "root-critical.pem", "root.pem" },
		  1 },
		{ "a root that is for clients only is dropped",
		  { "root-clients.pem", "root.pem" },
		  1 },
		{ "a root for certain policies is dropped",
		  { "root-policies.pem", "root-policies-too.pem", "root.pem" },
		  1 },
		{ "a root with name constraints is kept", { "root-limited.pem" }, 1 },
		{ "a certificate of version 1 is no anchor", { "ca-old.pem", "root.pem" }, 1 },
		{ "a server's certificate is no anchor", { "good.pem", "root.pem" }, 1 },
		{ "a private key in between does not matter",
		  { "root.key", "root.pem", "good.key" },
		  1 },
	};
	struct err e = ERR_INIT;
	BUF_AUTO pem = buf_make(1 << 20);
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		join(dir, cases[i].files, &pem);
		TAP_INT(count(buf_str(&pem), &e), cases[i].want, "%s %s", cases[i].sentence, e.msg);
	}
	join(dir, (const char *const[]){ "short-root.pem", "root.pem", NULL }, &pem);
	TAP_INT(count(buf_str(&pem), &e), 2, "two valid roots are kept");
	sys_fake_clock(sys_now_ms() + 3 * DAY_MS);
	TAP_INT(count(buf_str(&pem), &e), 1, "the one that has expired is dropped");
	sys_fake_clock(-1);
}

static void what_is_refused(const struct scratch *dir)
{
	struct err e = ERR_INIT;
	BUF_AUTO pem = buf_make(1 << 20);
	TAP_INT(count(S(""), &e), -1, "an empty bundle is refused");
	TAP_TEXT(e.msg, "no PEM certificate in bundle.pem", "and said so");
	join(dir, (const char *const[]){ "good.pem", "weak-root.pem", "short-root.pem", NULL },
	     &pem);
	buf_add_text(&pem, "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"
	                   "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
	sys_fake_clock(sys_now_ms() + 3 * DAY_MS);
	TAP_INT(count(buf_str(&pem), &e), -1, "a bundle without a usable root is refused");
	sys_fake_clock(-1);
	TAP_TEXT(
		e.msg,
		"no usable CA certificate in bundle.pem: 1 expired, 1 not of a CA, 0 for other uses, 1 with a weak or "
		"unknown key, 2 malformed",
		"with the reasons counted");
	TAP_INT(e.kind, ERR_KIND_CONFIG, "as a matter of configuration");
	join(dir, (const char *const[]){ "root.pem", NULL }, &pem);
	bool cut = true;
	for (size_t n = 0; n + 26 < pem.len; n += 7)
		cut = cut && count(str_head(buf_str(&pem), n), &e) == -1;
	TAP_OK(cut, "a bundle that is cut within its only certificate is refused");
}

static const char *load(const char *file, struct err *e)
{
	static char origin[256];
	struct trust *t = NULL;
	err_clear(e);
	if (trust_load(file, &t, e) != 0)
		return NULL;
	snprintf(origin, sizeof(origin), "%s", trust_origin(t));
	trust_free(t);
	return origin;
}

static void where_it_looks(const struct scratch *dir)
{
	struct err e = ERR_INIT;
	char root[128], other[128], gone[128], sub[128], both[300];
	snprintf(root, sizeof(root), "%s/root.pem", dir->path);
	snprintf(other, sizeof(other), "%s/other-root.pem", dir->path);
	snprintf(gone, sizeof(gone), "%s/gone.pem", dir->path);
	snprintf(sub, sizeof(sub), "%s/sub", dir->path);
	snprintf(both, sizeof(both), "%s:%s", sub, dir->path);
	scratch_dir(dir->fd, "sub");
	scratch_link(dir->fd, "sub/12345678.0", "../root.pem");
	scratch_file(dir->fd, "sub/README", "not a certificate");

	setenv("SSL_CERT_DIR", sub, 1);
	TAP_TEXT(load(NULL, &e), sub, "SSL_CERT_DIR is read, through links %s", e.msg);
	setenv("SSL_CERT_DIR", both, 1);
	TAP_TEXT(load(NULL, &e), both, "it may name several directories %s", e.msg);
	setenv("SSL_CERT_FILE", other, 1);
	TAP_TEXT(load(NULL, &e), other, "SSL_CERT_FILE goes before SSL_CERT_DIR");
	setenv("AWS_CA_BUNDLE", root, 1);
	TAP_TEXT(load(NULL, &e), root, "AWS_CA_BUNDLE goes before SSL_CERT_FILE");
	TAP_TEXT(load(other, &e), other, "and what is asked for before all");
	TAP_OK(load(gone, &e) == NULL && strstr(e.msg, "gone.pem") != NULL &&
	               e.kind == ERR_KIND_CONFIG,
	       "a file that is asked for and missing is not replaced by another: %s", e.msg);
	setenv("AWS_CA_BUNDLE", gone, 1);
	TAP_OK(load(NULL, &e) == NULL && strstr(e.msg, "AWS_CA_BUNDLE") != NULL,
	       "nor one that the environment names: %s", e.msg);
	unsetenv("AWS_CA_BUNDLE");
	unsetenv("SSL_CERT_FILE");
	setenv("SSL_CERT_DIR", gone, 1);
	TAP_OK(load(NULL, &e) == NULL && strstr(e.msg, "SSL_CERT_DIR") != NULL,
	       "nor a directory: %s", e.msg);
	unsetenv("SSL_CERT_DIR");
	const char *usual = load(NULL, &e);
	TAP_OK(usual != NULL, "without all these the system's are taken, or those compiled in: %s",
	       usual != NULL ? usual : e.msg);
}

/* The anchors are what BearSSL's own decoder makes of the same certificate. */
static void same_as_bearssl(struct str der)
{
	struct x509_cert cert;
	struct err e = ERR_INIT;
	br_x509_pkey ours;
	br_x509_decoder_context theirs;
	br_x509_decoder_init(&theirs, NULL, NULL);
	br_x509_decoder_push(&theirs, der.p, der.len);
	const br_x509_pkey *key = br_x509_decoder_get_pkey(&theirs);
	bool same = x509_parse(der, &cert, &e) == 0 && x509_key(&cert, &ours) == 0 && key != NULL &&
	            key->key_type == ours.key_type;
	if (same && ours.key_type == BR_KEYTYPE_EC)
		same = ours.key.ec.curve == key->key.ec.curve &&
		       str_eq(str_from(ours.key.ec.q, ours.key.ec.qlen),
		              str_from(key->key.ec.q, key->key.ec.qlen));
	else if (same)
		same = str_eq(str_from(ours.key.rsa.n, ours.key.rsa.nlen),
		              str_from(key->key.rsa.n, key->key.rsa.nlen)) &&
		       str_eq(str_from(ours.key.rsa.e, ours.key.rsa.elen),
		              str_from(key->key.rsa.e, key->key.rsa.elen));
	TAP_OK(same, "our reading of a certificate is BearSSL's %s", e.msg);
	TAP_OK(cert.not_after_s / 86400 + 719528 == theirs.notafter_days &&
	               cert.not_after_s % 86400 == theirs.notafter_seconds &&
	               cert.not_before_s / 86400 + 719528 == theirs.notbefore_days,
	       "with its dates");
}

/* The identifier of the issuer's key becomes a second one of the subject's. */
static void twice(struct str der)
{
	struct x509_cert cert;
	struct err e = ERR_INIT;
	MEM_AUTO char *copy = mem_str(der);
	for (size_t i = 0; i + 5 <= der.len; i++)
		if (memcmp(copy + i, "\x06\x03\x55\x1d\x23", 5) == 0)
			copy[i + 4] = 0x0e;
	TAP_OK(x509_parse(str_from(copy, der.len), &cert, &e) == -1 &&
	               strstr(e.msg, "an extension is there twice") != NULL,
	       "a certificate with two extensions of one kind is refused: %s", e.msg);
}

/* Any bit changed, and any length: an answer, never a crash; and what is cut is never taken. */
static void mutations(struct str der)
{
	struct x509_cert cert;
	br_x509_pkey key;
	bool cut = true;
	for (size_t n = 0; n < der.len; n++) {
		struct err e = ERR_INIT;
		MEM_AUTO char *copy = mem_str(str_head(der, n));
		cut = cut && x509_parse(str_from(copy, n), &cert, &e) == -1;
	}
	TAP_OK(cut, "a certificate that is cut is refused, at every length");
	unsigned taken = 0;
	for (size_t n = 0; n < der.len * 8; n++) {
		struct err e = ERR_INIT;
		BUF_AUTO names = buf_make(1024);
		struct x509_host host = { .name = "localhost" };
		MEM_AUTO char *copy = mem_str(der);
		copy[n / 8] ^= (char)(1 << n % 8);
		if (x509_parse(str_from(copy, der.len), &cert, &e) != 0)
			continue;
		taken++;
		if (x509_key(&cert, &key) == 0)
			x509_common_name(cert.issuer, &names);
		x509_host_list(cert.names, &names);
		(void)x509_host_matches(&host, cert.names);
	}
	TAP_OK(taken > 0, "any one bit changed gives an answer");
}

/* ---- the bundle compiled in ---- */

static bool has_root(const struct trust *t, const char *name)
{
	size_t count;
	const br_x509_trust_anchor *anchors = trust_anchors(t, &count);
	for (size_t i = 0; i < count; i++) {
		BUF_AUTO found = buf_make(256);
		x509_common_name(str_from(anchors[i].dn.data, anchors[i].dn.len), &found);
		if (strcmp(found.p, name) == 0)
			return true;
	}
	return false;
}

/* How many of its certificates are anchors on a day; -1 when none is. */
static int builtin_count(int64_t day_s)
{
	struct err e = ERR_INIT;
	struct trust *t = NULL;
	sys_fake_clock(day_s * 1000);
	int r = trust_builtin(&t, &e);
	sys_fake_clock(-1);
	int n = r == 0 ? (int)trust_count(t) : -1;
	trust_free(t);
	return n;
}

static void builtin(void)
{
	/* Who signs for AWS, Google, Cloudflare R2 (two), Backblaze and Wasabi. */
	static const char *const roots[] = {
		"Amazon Root CA 1", "Starfield Services Root Certificate Authority - G2",
		"GTS Root R1",      "GTS Root R4",
		"ISRG Root X1",     "DigiCert Global Root G2"
	};
	struct err e = ERR_INIT;
	struct trust *t = NULL;
	struct str rest = str_from(trust_builtin_certs, trust_builtin_len), der;
	int written = 0;
	while (der_take_whole(&rest, DER_SEQUENCE, &der) == 0)
		written++;
	TAP_OK(rest.len == 0 && written > 100, "%d certificates are compiled in", written);
	TAP_OK(trust_builtin(&t, &e) == 0, "they are the anchors of last resort %s", e.msg);
	for (size_t i = 0; i < COUNTOF(roots); i++)
		TAP_OK(has_root(t, roots[i]), "%s is one of them", roots[i]);
	TAP_OK(strstr(trust_origin(t), trust_builtin_version) != NULL, "they say what they are: %s",
	       trust_origin(t));
	trust_free(t);
	int then = builtin_count(1745000000), later = builtin_count(2000000000);
	TAP_INT(then, written, "all were good when the list was made");
	TAP_OK(later > 0 && later < then,
	       "those that have expired are dropped: %d are left in 2033", later);
	TAP_INT(builtin_count(4000000000), -1, "in the end none is left");
}

int main(void)
{
	SCRATCH_AUTO dir;
	scratch_open(&dir);
	unsetenv("AWS_CA_BUNDLE");
	unsetenv("SSL_CERT_FILE");
	unsetenv("SSL_CERT_DIR");
	builtin();
	if (!pki_make(&dir)) {
		tap_skip("trust anchors", "needs openssl(1) and tests/unit/pki.sh");
		return tap_done();
	}
	what_is_kept(&dir);
	what_is_refused(&dir);
	where_it_looks(&dir);
	static const char *const names[] = { "good.der", "good-rsa.der" };
	for (size_t i = 0; i < COUNTOF(names); i++) {
		BUF_AUTO der = pki_read(&dir, names[i]);
		same_as_bearssl(buf_str(&der));
		twice(buf_str(&der));
		mutations(buf_str(&der));
	}
	return tap_done();
}
