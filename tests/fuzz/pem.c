/* A file of CA certificates: blocks decode into their cap, and anchors are made of those that may be. */
#include "net/pem.h"

#include "net/trust.h"
#include "net/x509.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str pem = str_from(data, size), rest = pem;
	struct err e = ERR_INIT;
	struct trust *trust = NULL;
	BUF_AUTO der = buf_make(X509_CERT_MAX);
	for (size_t before = size + 1; pem_next(&rest, "CERTIFICATE", &der) != 0; before = rest.len)
		assert(rest.len < before && fuzz_inside(rest, pem));
	if (trust_parse(pem, "bundle", &trust, &e) == 0)
		assert(trust_count(trust) > 0);
	else
		assert(e.kind == ERR_KIND_CONFIG);
	trust_free(trust);
	return 0;
}
