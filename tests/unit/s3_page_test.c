/* Pages of listings, as servers write them. */
#include "s3/s3_page.h"

#include "tests/unit/tap.h"

#define CONTENTS(key)                                                                       \
	"<Contents><Key>" key "</Key><LastModified>2013-05-24T00:00:00.123Z</LastModified>" \
	"<ETag>&quot;e1&quot;</ETag><Size>7</Size><Owner><ID>Key</ID></Owner>"              \
	"<StorageClass>STANDARD</StorageClass></Contents>"

static void test_v2(void)
{
	struct err e = ERR_INIT;
	struct s3_page p;
	s3_page_init(&p);
	int opened = s3_page_open(
		&p,
		S("<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><Name>b</Name><Prefix>a%20</Prefix>"
	          "<KeyCount>3</KeyCount><IsTruncated>true</IsTruncated>"
	          "<NextContinuationToken>t%20+/=</NextContinuationToken>" CONTENTS("a+b%2Bc%0A")
	                  CONTENTS("z") "<CommonPrefixes><Prefix>d%2F</Prefix></CommonPrefixes>"
	                                "<EncodingType>url</EncodingType></ListBucketResult>"),
		&e);
	TAP_OK(opened == 0 && p.truncated && p.encoded && p.is_v2,
	       "a page of version 2 is understood");
	TAP_TEXT(p.next.p, "t%20+/=", "its token is not decoded");
	TAP_OK(s3_page_next(&p, &e) == 1 && str_is(p.entry.key, "a b+c\n"),
	       "keys are decoded, although that is said behind them");
	TAP_OK(p.entry.size_bytes == 7 && p.entry.modified_ms == 1369353600123 &&
	               str_is(p.entry.etag, "e1") && str_is(p.entry.storage_class, "STANDARD") &&
	               !p.entry.is_prefix,
	       "with size, time, tag and class");
	TAP_OK(s3_page_next(&p, &e) == 1 && str_is(p.entry.key, "z"), "the next one follows");
	TAP_OK(s3_page_next(&p, &e) == 1 && p.entry.is_prefix && str_is(p.entry.key, "d/") &&
	               p.entry.size_bytes == 0 && p.entry.etag.len == 0,
	       "then a common prefix, with nothing left of the entry before");
	TAP_OK(s3_page_next(&p, &e) == 0, "then the end");
	s3_page_free(&p);
}

static void test_v1(void)
{
	struct err e = ERR_INIT;
	struct s3_page p;
	s3_page_init(&p);
	TAP_OK(s3_page_open(
		       &p,
		       S("<ListBucketResult><IsTruncated>true</IsTruncated><NextMarker>a%2Fb</NextMarker>"
	                 "<EncodingType>url</EncodingType>" CONTENTS(
				 "a%2Fb") "</ListBucketResult>"),
		       &e) == 0 &&
	               !p.is_v2,
	       "a page of version 1 is understood");
	TAP_TEXT(p.next.p, "a/b", "its marker is decoded like a key");
	TAP_OK(s3_page_open(&p,
	                    S("<ListBucketResult><IsTruncated>false</IsTruncated>" CONTENTS(
				    "a%2Fb+c&amp;&#x3c;") "</ListBucketResult>"),
	                    &e) == 0,
	       "a page that is not url-encoded, too");
	TAP_OK(s3_page_next(&p, &e) == 1 && str_is(p.entry.key, "a%2Fb+c&<"),
	       "its keys are taken as they are");
	s3_page_free(&p);
}

static void test_versions(void)
{
	struct err e = ERR_INIT;
	struct s3_page p;
	s3_page_init(&p);
	p.versions = true;
	TAP_OK(s3_page_open(
		       &p,
		       S("<ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>a%20b"
	                 "</NextKeyMarker><NextVersionIdMarker>v%201</NextVersionIdMarker>"
	                 "<EncodingType>url</EncodingType><Version><Key>a%20b</Key><VersionId>v2"
	                 "</VersionId><IsLatest>false</IsLatest><Size>3</Size></Version><DeleteMarker>"
	                 "<Key>c</Key><VersionId>v3</VersionId><IsLatest>true</IsLatest></DeleteMarker>"
	                 "</ListVersionsResult>"),
		       &e) == 0,
	       "a page of versions is understood");
	TAP_TEXT(p.next.p, "a b", "the key that it goes on with is decoded");
	TAP_TEXT(p.next_version.p, "v%201", "the version's id is not");
	TAP_OK(s3_page_next(&p, &e) == 1 && str_is(p.entry.key, "a b") &&
	               str_is(p.entry.version_id, "v2") && !p.entry.is_latest &&
	               !p.entry.is_marker && p.entry.size_bytes == 3,
	       "a version has its id");
	TAP_OK(s3_page_next(&p, &e) == 1 && str_is(p.entry.version_id, "v3") && p.entry.is_latest &&
	               p.entry.is_marker && p.entry.size_bytes == 0,
	       "a marker is one, with nothing left of the version before");
	TAP_OK(s3_page_open(
		       &p,
		       S("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"),
		       &e) == -1,
	       "a page of objects is no page of versions");
	s3_page_free(&p);
}

static void test_refused(void)
{
	static const char *const pages[] = {
		"",
		"<Error/>",
		"<ListBucketResult></ListBucketResult>",
		"<ListBucketResult><IsTruncated>false</IsTruncated>",
		"<ListAllMyBucketsResult><IsTruncated>false</IsTruncated></ListAllMyBucketsResult>",
		"<ListBucketResult><IsTruncated>true</IsTruncated><Contents>\x01</Contents></ListBucketResult>",
	};
	static const char *const entries[] = {
		"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Size>1</Size></Contents>"
		"</ListBucketResult>",
		"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</Key><Size>-1</Size>"
		"</Contents></ListBucketResult>",
		"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</Key>"
		"<LastModified>yesterday</LastModified></Contents></ListBucketResult>",
		"<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>"
		"<Contents><Key>%zz</Key></Contents></ListBucketResult>",
	};
	struct s3_page p;
	s3_page_init(&p);
	for (size_t i = 0; i < COUNTOF(pages); i++) {
		struct err e = ERR_INIT;
		TAP_OK(s3_page_open(&p, str_of(pages[i]), &e) == -1 && e.kind == ERR_KIND_DATA,
		       "no page: %s", pages[i]);
	}
	for (size_t i = 0; i < COUNTOF(entries); i++) {
		struct err e = ERR_INIT;
		TAP_OK(s3_page_open(&p, str_of(entries[i]), &e) == 0 &&
		               s3_page_next(&p, &e) == -1 && e.kind == ERR_KIND_DATA,
		       "no entry: %s", entries[i]);
	}
	s3_page_free(&p);
}

int main(void)
{
	test_v2();
	test_v1();
	test_versions();
	test_refused();
	return tap_done();
}
