/* URLs of endpoints and stores: what is accepted and written out again is the same URL. */
#include "base/url.h"

#include <stdio.h>

#include "net/x509.h"
#include "tests/fuzz/fuzz.h"

static void check_again(const struct url *url)
{
	struct err e = ERR_INIT;
	char host[URL_HOST_MAX + 16], text[sizeof(host) + 16];
	struct url again;
	url_host_field(url, host, sizeof(host));
	snprintf(text, sizeof(text), "http%s://%s", url->https ? "s" : "", host);
	assert(url_parse(str_of(text), &again, &e) == 0);
	assert(str_is(str_of(url->host), again.host) && url->port == again.port);
	assert(url->host_is_ipv6 == again.host_is_ipv6 && url->https == again.https);
	assert(url_is_loopback(url) == url_is_loopback(&again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT, e3 = ERR_INIT, ef = ERR_INIT, eh = ERR_INIT;
	struct str text = str_from(data, size), bucket, key;
	struct x509_host host;
	struct url url;
	if (url_parse(text, &url, &e) == 0) {
		assert(url.host[0] != '\0' && url.port > 0 && fuzz_inside(url.path, text));
		assert(x509_host_init(&host, url.host, &eh) == 0);
		check_again(&url);
	}
	if (url_parse_s3(text, &bucket, &key, &e3) == 0)
		assert(bucket.len > 0 && fuzz_inside(bucket, text) && fuzz_inside(key, text));
	if (url_parse_file(text, &key, &ef) == 0)
		assert(key.len > 0 && key.p[0] == '/' && fuzz_inside(key, text));
	return 0;
}
