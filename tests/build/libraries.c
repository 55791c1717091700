/* Each library does its work, linked the way the release is: run by libraries_test.sh. */
#include <archive.h>
#include <archive_entry.h>
#include <bearssl.h>
#include <jansson.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "applets/licenses.h"
#include "tests/unit/tap.h"

static unsigned char tar[1 << 16], packed[1 << 16], back[1 << 16];

static size_t write_tar(void)
{
	size_t used = 0;
	struct archive *a = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	archive_entry_set_pathname(entry, "hello.txt");
	archive_entry_set_size(entry, 5);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0640);
	bool good = archive_write_set_format_pax(a) == ARCHIVE_OK &&
	            archive_write_add_filter_none(a) == ARCHIVE_OK &&
	            archive_write_open_memory(a, tar, sizeof(tar), &used) == ARCHIVE_OK &&
	            archive_write_header(a, entry) == ARCHIVE_OK &&
	            archive_write_data(a, "hello", 5) == 5 && archive_write_close(a) == ARCHIVE_OK;
	archive_entry_free(entry);
	archive_write_free(a);
	TAP_OK(good, "libarchive writes a pax tar");
	return used;
}

static void read_tar(size_t len, const char *filter)
{
	struct archive *a = archive_read_new();
	struct archive_entry *entry = NULL;
	char text[6] = "";
	archive_read_support_format_tar(a);
	archive_read_support_format_zip(a);
	archive_read_support_filter_gzip(a);
	archive_read_support_filter_zstd(a);
	bool good = archive_read_open_memory(a, packed, len) == ARCHIVE_OK &&
	            archive_read_next_header(a, &entry) == ARCHIVE_OK &&
	            strcmp(archive_entry_pathname(entry), "hello.txt") == 0 &&
	            archive_read_data(a, text, 5) == 5 && strcmp(text, "hello") == 0 &&
	            strcmp(archive_filter_name(a, 0), filter) == 0 &&
	            archive_read_next_header(a, &entry) == ARCHIVE_EOF;
	archive_read_free(a);
	TAP_OK(good, "libarchive reads a tar through %s", filter);
}

static void test_packers(void)
{
	size_t tar_len = write_tar();

	struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
	size_t len = libdeflate_gzip_compress(c, tar, tar_len, packed, sizeof(packed));
	libdeflate_free_compressor(c);
	z_stream z = { .next_in = packed, .avail_in = (uInt)len };
	z.next_out = back;
	z.avail_out = sizeof(back);
	bool good = inflateInit2(&z, 15 + 16) == Z_OK && inflate(&z, Z_FINISH) == Z_STREAM_END;
	TAP_OK(good && z.total_out == tar_len && memcmp(tar, back, tar_len) == 0,
	       "zlib inflates what libdeflate deflated");
	inflateEnd(&z);
	read_tar(len, "gzip");

	len = ZSTD_compress(packed, sizeof(packed), tar, tar_len, 3);
	TAP_OK(ZSTD_decompress(back, sizeof(back), packed, len) == tar_len,
	       "zstd packs and unpacks");
	read_tar(len, "zstd");
}

static void test_json(void)
{
	json_t *value = json_loads("{\"a\": [1, \"x\"]}", 0, NULL);
	char *text = json_dumps(value, JSON_COMPACT);
	TAP_OK(text && strcmp(text, "{\"a\":[1,\"x\"]}") == 0, "jansson reads and writes");
	free(text);
	json_decref(value);
}

static void test_tls(void)
{
	static br_ssl_client_context client;
	static br_x509_minimal_context x509;
	static unsigned char records[BR_SSL_BUFSIZE_BIDI];
	static const unsigned char seed[32] = "not random, and good for a test";

	br_ssl_client_init_full(&client, &x509, NULL, 0);
	br_ssl_engine_set_buffer(&client.eng, records, sizeof(records), 1);
	TAP_OK(br_prng_seeder_system(NULL) == NULL, "BearSSL has no entropy source of its own");
	TAP_OK(!br_ssl_client_reset(&client, "example.org", 0) &&
	               br_ssl_engine_last_error(&client.eng) == BR_ERR_NO_RANDOM,
	       "so a client does not start without entropy");
	br_ssl_client_init_full(&client, &x509, NULL, 0);
	br_ssl_engine_set_buffer(&client.eng, records, sizeof(records), 1);
	br_ssl_engine_inject_entropy(&client.eng, seed, sizeof(seed));
	TAP_OK(br_ssl_client_reset(&client, "example.org", 0), "and starts with ours");
	bool has_aes = __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
	TAP_OK(!has_aes || (br_aes_x86ni_ctr_get_vtable() && br_ghash_pclmul_get()),
	       "AES and GHASH use the processor's instructions where it has them");
	TAP_OK(br_chacha20_sse2_get() != NULL, "ChaCha20 uses SSE2");
}

int main(void)
{
	test_packers();
	test_json();
	test_tls();
	TAP_OK(strstr(licenses_text, "bearssl 0.6") && strstr(licenses_text, "Thomas Pornin"),
	       "the licences name the libraries and their authors");
	return tap_done();
}
