/* url: endpoint and store addresses. */
#include "base/url.h"
#include "tests/unit/mutate.h"
#include "tests/unit/tap.h"

static void test_good(void)
{
	static const struct {
		const char *text, *host, *path, *field;
		uint16_t port;
		bool https, loopback;
	} rows[] = {
		{ "http://a", "a", "", "a", 80, false, false },
		{ "https://a/", "a", "/", "a", 443, true, false },
		{ "HTTPS://S3.Example.COM:443/x/y", "s3.example.com", "/x/y", "s3.example.com", 443,
		  true, false },
		{ "https://a:80", "a", "", "a:80", 80, true, false },
		{ "http://a:443/", "a", "/", "a:443", 443, false, false },
		{ "http://127.0.0.1:9000", "127.0.0.1", "", "127.0.0.1:9000", 9000, false, true },
		{ "http://127.255.255.255", "127.255.255.255", "", "127.255.255.255", 80, false,
		  true },
		{ "http://localhost:1/", "localhost", "/", "localhost:1", 1, false, true },
		{ "http://b.LocalHost", "b.localhost", "", "b.localhost", 80, false, true },
		{ "http://[::1]:65535/p", "::1", "/p", "[::1]:65535", 65535, false, true },
		{ "http://[0:0:0:0:0:0:0:1]", "0:0:0:0:0:0:0:1", "", "[0:0:0:0:0:0:0:1]", 80, false,
		  true },
		{ "https://[2001:DB8::a]", "2001:db8::a", "", "[2001:db8::a]", 443, true, false },
		{ "http://[::ffff:192.0.2.1]/", "::ffff:192.0.2.1", "/", "[::ffff:192.0.2.1]", 80,
		  false, false },
		{ "http://[::]", "::", "", "[::]", 80, false, false },
		{ "http://[1::]", "1::", "", "[1::]", 80, false, false },
		{ "http://[::0.0.0.1]", "::0.0.0.1", "", "[::0.0.0.1]", 80, false, false },
		{ "http://my_minio:9000", "my_minio", "", "my_minio:9000", 9000, false, false },
		{ "http://127.example", "127.example", "", "127.example", 80, false, false },
		{ "http://128.0.0.1", "128.0.0.1", "", "128.0.0.1", 80, false, false },
		{ "http://a/%2F@:x", "a", "/%2F@:x", "a", 80, false, false },
		{ "http://a--b.c-d.e1", "a--b.c-d.e1", "", "a--b.c-d.e1", 80, false, false },
		{ "http://mylocalhost", "mylocalhost", "", "mylocalhost", 80, false, false },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		struct err e = ERR_INIT;
		struct url u;
		char field[300];
		int result = url_parse(str_of(rows[i].text), &u, &e);
		bool same = result == 0 && strcmp(u.host, rows[i].host) == 0 &&
		            str_is(u.path, rows[i].path) && u.port == rows[i].port &&
		            u.https == rows[i].https;
		if (!TAP_OK(same, "%s is read", rows[i].text) || result != 0)
			continue;
		TAP_OK(url_is_loopback(&u) == rows[i].loopback, "it is %sloopback",
		       rows[i].loopback ? "" : "not ");
		TAP_TEXT(url_host_field(&u, field, sizeof(field)), rows[i].field,
		         "its Host field is right");
	}
}

static void test_bad(void)
{
	static const char *const rows[] = {
		"",
		"a",
		"http:",
		"http:/",
		"http:a",
		"http://",
		"http:///path",
		"http://:80",
		"ftp://a",
		"s3://a",
		"//a",
		" http://a",
		"http://a ",
		"http://a b",
		"http://a\r\nHost: evil",
		"http://a/\nx",
		"http://a\t",
		"http://a/\x7f",
		"http://\xC3\xA4",
		"http://a\\b",
		"http://a/\\",
		"http://user@a",
		"http://user:secret@a",
		"http://user:secret@a:80/x",
		"http://@a",
		"http://a@b@c",
		"http://a%2Fb",
		"http://a%2fevil/",
		"http://%61",
		"http://a?x=y",
		"http://a/?x",
		"http://a/#f",
		"http://a#f",
		"http://a:",
		"http://a:0",
		"http://a:65536",
		"http://a:99999999999999999999",
		"http://a:+80",
		"http://a:-1",
		"http://a:80x",
		"http://a:80:80",
		"http://a:x",
		"http://a..b",
		"http://.a",
		"http://a.",
		"http://-a",
		"http://a-",
		"http://a.-b",
		"http://a!b",
		"http://a*",
		"http://a,b",
		"http://1.2.3",
		"http://1.2.3.4.5",
		"http://256.1.1.1",
		"http://01.2.3.4",
		"http://127.1",
		"http://2130706433",
		"http://0x7f.1",
		"http://0x7f000001",
		"http://a.0x",
		"http://1.2.3.0x4",
		"http://[::1",
		"http://::1",
		"http://[::1]x",
		"http://[::1]80",
		"http://[::1]:",
		"http://[]",
		"http://[1]",
		"http://[:]",
		"http://[:::]",
		"http://[1:2:3:4:5:6:7]",
		"http://[1:2:3:4:5:6:7:8:9]",
		"http://[1:2:3:4:5:6:7:8::]",
		"http://[::1::2]",
		"http://[12345::]",
		"http://[g::]",
		"http://[1.2.3.4::]",
		"http://[1.2.3.4]",
		"http://[::1.2.3]",
		"http://[::1%eth0]",
		"http://[::1%25eth0]",
		"http://[fe80::1%251]:80/",
		"http://[v1.x]",
		"http://[[::1]]",
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		struct err e = ERR_INIT;
		struct url u;
		int result = url_parse(str_of(rows[i]), &u, &e);
		TAP_OK(result == -1 && e.kind == ERR_KIND_USAGE && !strstr(e.msg, "secret"),
		       "\"%s\" is refused: %s", rows[i], e.msg);
	}
	struct err e = ERR_INIT;
	struct url u;
	TAP_OK(url_parse(str_from("http://a\0b", 10), &u, &e) == -1, "a zero byte is refused");
	char label[64 + 8] = "http://";
	memset(label + 7, 'a', 64);
	TAP_OK(url_parse(str_from(label, 7 + 63), &u, &e) == 0, "a label of 63 is read");
	TAP_OK(url_parse(str_from(label, 7 + 64), &u, &e) == -1, "one of 64 is refused");
}

static void test_lengths(void)
{
	struct err e = ERR_INIT;
	struct url u;
	char text[URL_MAX + 2] = "http://";
	for (size_t i = 7; i < sizeof(text) - 1; i += 2)
		memcpy(text + i, "a.", 2);
	TAP_OK(url_parse(str_from(text, 7 + 253), &u, &e) == 0 && strlen(u.host) == 253,
	       "a host of 253 is read");
	TAP_OK(url_parse(str_from(text, 7 + 255), &u, &e) == -1, "a host of 255 is refused");
	memset(text + 7, '/', sizeof(text) - 7);
	text[7] = 'a';
	err_clear(&e);
	TAP_OK(url_parse(str_from(text, URL_MAX), &u, &e) == 0,
	       "an address of the maximum is read");
	TAP_OK(url_parse(str_from(text, URL_MAX + 1), &u, &e) == -1, "one more is refused");
}

static void test_s3(void)
{
	static const struct {
		const char *text, *bucket, *key; /* bucket NULL: refused */
	} rows[] = {
		{ "s3://b", "b", "" },
		{ "S3://b/", "b", "" },
		{ "s3://my-bucket.x/a/b c?d#e%20", "my-bucket.x", "a/b c?d#e%20" },
		{ "s3://Old_Bucket//a/", "Old_Bucket", "/a/" },
		{ "s3://b/\n", "b", "\n" },
		{ "s3://", NULL, NULL },
		{ "s3:///k", NULL, NULL },
		{ "s3:/b", NULL, NULL },
		{ "b/k", NULL, NULL },
		{ "s3://../k", NULL, NULL },
		{ "s3://./k", NULL, NULL },
		{ "s3://-b", NULL, NULL },
		{ "s3://u:p@b", NULL, NULL },
		{ "s3://b c", NULL, NULL },
		{ "s3://b:80/x", NULL, NULL },
		{ "s3://b%2Fx", NULL, NULL },
		{ "s3://b\r\n/x", NULL, NULL },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		struct err e = ERR_INIT;
		struct str bucket, key;
		int result = url_parse_s3(str_of(rows[i].text), &bucket, &key, &e);
		bool right = rows[i].bucket ? result == 0 && str_is(bucket, rows[i].bucket) &&
		                                      str_is(key, rows[i].key)
		                            : result == -1 && e.kind == ERR_KIND_USAGE;
		TAP_OK(right, "\"%s\" is %s", rows[i].text, rows[i].bucket ? "read" : "refused");
	}
}

static void test_file(void)
{
	static const struct {
		const char *text, *path;
	} rows[] = {
		{ "file:///", "/" },
		{ "file:///a/b%20c?d#e", "/a/b%20c?d#e" },
		{ "FILE:///a", "/a" },
		{ "file://", NULL },
		{ "file://host/a", NULL },
		{ "file:/a", NULL },
		{ "file:a", NULL },
		{ "/a", NULL },
		{ "file://localhost/a", NULL },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		struct err e = ERR_INIT;
		struct str path;
		int result = url_parse_file(str_of(rows[i].text), &path, &e);
		bool right = rows[i].path ? result == 0 && str_is(path, rows[i].path)
		                          : result == -1 && e.kind == ERR_KIND_USAGE;
		TAP_OK(right, "\"%s\" is %s", rows[i].text, rows[i].path ? "read" : "refused");
	}
}

static void test_mutations(void)
{
	static const char *const seeds[] = { "http://user@Host.example:8080/path",
		                             "https://[2001:db8::1]:443/", "http://127.0.0.1:9000",
		                             "http://[::ffff:1.2.3.4]/x" };
	struct mutate m = { 20251120 };
	bool sane = true;
	unsigned accepted = 0;
	for (int i = 0; i < 20000; i++) {
		struct str text = mutate_text(&m, str_of(seeds[i % 4]), ":/[]@.%?#0x");
		struct err e = ERR_INIT;
		struct url u;
		char field[URL_HOST_MAX + 16];
		if (url_parse(text, &u, &e) == 0) {
			accepted++;
			url_host_field(&u, field, sizeof(field));
			sane = sane && u.port > 0 && u.host[0] != '\0' &&
			       !strpbrk(u.host, "/@%?#\\ \r\n[]") && !strpbrk(field, "/@\r\n ") &&
			       (u.path.len == 0 || u.path.p[0] == '/');
		}
		mutate_free(text);
	}
	TAP_OK(sane && accepted > 100, "what is read of 20000 damaged addresses is sane");
}

int main(void)
{
	test_good();
	test_bad();
	test_lengths();
	test_s3();
	test_file();
	test_mutations();
	return tap_done();
}
