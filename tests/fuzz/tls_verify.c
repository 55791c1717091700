/* A chain of certificates as a server sends it, each with its length in front: judging it ends, and says why when it refuses. */
#include "net/tls_verify.h"

#include "tests/fuzz/fuzz.h"

/* The authority of the corpus; nobody has its key any more. */
static const char anchor[] = "-----BEGIN CERTIFICATE-----\n"
			     "MIIBhjCCASugAwIBAgIUKX2cwOoAkCvbVabnG/LHfZW3hUswCgYIKoZIzj0EAwIw\n"
			     "DzENMAsGA1UEAwwEZnV6ejAgFw0yNjExMjEwNDAyMzlaGA8yMTI2MTAyODA0MDIz\n"
			     "OVowDzENMAsGA1UEAwwEZnV6ejBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDxH\n"
			     "+R7wx+z7buoeDaS+cRuuErlIa3doO+4vsWjg+SllVznYZmqFXI+MM17bO2TSdvif\n"
			     "5EeVrzT+7McTV+X0vSmjYzBhMB0GA1UdDgQWBBSj6vu24mkWm0JCAdvhDAYvSqtT\n"
			     "nDAfBgNVHSMEGDAWgBSj6vu24mkWm0JCAdvhDAYvSqtTnDAPBgNVHRMBAf8EBTAD\n"
			     "AQH/MA4GA1UdDwEB/wQEAwICBDAKBggqhkjOPQQDAgNJADBGAiEAiLSwUannqcoS\n"
			     "u79s1N+YUcrXUYldVIXenfxIAA2hvWUCIQDhhfkRmjxD6zyYE/NKMegYZG9oYnqE\n"
			     "UF8jK1hvGwv6IA==\n"
			     "-----END CERTIFICATE-----\n";

enum { NOW_S = 1800000000 };

static void send_chain(struct tls_verify *v, struct str in)
{
	const br_x509_class **engine = &v->vtable;
	v->vtable->start_chain(engine, v->host.name);
	while (in.len > 0) {
		size_t high = fuzz_byte(&in), len = high << 8;
		len |= fuzz_byte(&in);
		struct str der = str_head(in, len);
		v->vtable->start_cert(engine, (uint32_t)len);
		for (size_t at = 0; at < der.len; at += 100) {
			struct str piece = str_head(str_skip(der, at), 100);
			v->vtable->append(engine, (const unsigned char *)piece.p, piece.len);
		}
		v->vtable->end_cert(engine);
		in = str_skip(in, len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	struct trust *trust = NULL;
	struct tls_verify v = { .certs = 0 };
	assert(trust_parse(str_of(anchor), "anchor", &trust, &e) == 0);
	assert(tls_verify_init(&v, "a.example", trust, NOW_S, &e) == 0);
	send_chain(&v, str_from(data, size));
	unsigned code = v.vtable->end_chain(&v.vtable);
	if (code == 0)
		assert(v.agreed && v.certs > 0);
	else
		assert(tls_verify_explain(&v, (int)code, &e) == -1 && e.msg[0] != '\0');
	tls_verify_free(&v);
	trust_free(trust);
	return 0;
}
