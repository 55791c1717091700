/* A certificate in DER: its parts are views of it, and what reads those holds. */
#include "net/x509.h"

#include "base/utf8.h"
#include "tests/fuzz/fuzz.h"

static const char *const hosts[] = { "a.example", "10.0.0.1", "::1" };

static void check_shown(const struct x509_cert *cert)
{
	BUF_AUTO text = buf_make(1 << 20);
	x509_common_name(cert->subject, &text);
	x509_common_name(cert->issuer, &text);
	x509_host_list(cert->names, &text);
	assert(utf8_valid(buf_str(&text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str der = str_from(data, size);
	struct err e = ERR_INIT, why = ERR_INIT;
	struct x509_cert cert;
	struct x509_host host;
	br_x509_pkey key;
	/* The bytes as names and constraints, too: nothing else gets at them with so little around. */
	(void)!x509_constraints_check(der, der, &why);
	if (x509_parse(der, &cert, &e) < 0) {
		assert(err_is(&e));
		cert = (struct x509_cert){ .names = der };
	}
	assert(fuzz_inside(cert.subject, der) && fuzz_inside(cert.issuer, der));
	assert(fuzz_inside(cert.names, der) && fuzz_inside(cert.constraints, der));
	for (size_t i = 0; i < COUNTOF(hosts); i++) {
		assert(x509_host_init(&host, hosts[i], &e) == 0);
		(void)x509_host_matches(&host, cert.names);
	}
	err_clear(&why);
	(void)!x509_constraints_check(cert.constraints, cert.names, &why);
	if (cert.key.len > 0 && x509_key(&cert, &key) == 0 && key.key_type == BR_KEYTYPE_RSA)
		assert(fuzz_inside(str_from(key.key.rsa.n, key.key.rsa.nlen), der));
	check_shown(&cert);
	return 0;
}
