/* SHA-256, HMAC-SHA-256 and MD5 against published values; the CPU's instructions against portable code. */
#include "crypto/digest.h"

#include "base/codec.h"
#include "crypto/cpu.h"
#include "crypto/digest_native.h"
#include "tests/unit/tap.h"

enum { LEN = 1000 };

static const char A_MILLION[] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

/* FIPS 180-4 examples and NIST's short messages. */
static void sha256_published(void)
{
	static const struct {
		const char *text, *hex;
	} cases[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
		{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
		  "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
		  "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
	};
	char hex[DIGEST_SHA256_HEX];
	for (size_t i = 0; i < COUNTOF(cases); i++)
		TAP_TEXT(digest_sha256_hex(cases[i].text, strlen(cases[i].text), hex), cases[i].hex,
		         "SHA-256 of %zu bytes is FIPS 180's", strlen(cases[i].text));

	struct digest_sha256 d;
	unsigned char hash[DIGEST_SHA256_LEN];
	digest_sha256_init(&d);
	for (int i = 0; i < 10000; i++) {
		char piece[100];
		memset(piece, 'a', sizeof(piece));
		digest_sha256_add(&d, piece, sizeof(piece));
	}
	digest_sha256_out(&d, hash);
	TAP_TEXT(codec_hex(hash, sizeof(hash), hex), A_MILLION,
	         "SHA-256 of a million a is FIPS 180's");
}

static void sha256_pieces(void)
{
	unsigned char data[LEN], whole[DIGEST_SHA256_LEN], split[DIGEST_SHA256_LEN];
	unsigned char first[DIGEST_SHA256_LEN], first_again[DIGEST_SHA256_LEN];
	bool same = true, goes_on = true;
	for (size_t i = 0; i < LEN; i++)
		data[i] = (unsigned char)(i * 7 + i / 256);
	digest_sha256_of(data, LEN, whole);
	for (size_t cut = 0; cut <= LEN; cut++) {
		struct digest_sha256 d;
		digest_sha256_init(&d);
		digest_sha256_add(&d, data, cut);
		digest_sha256_out(&d, first);
		digest_sha256_of(data, cut, first_again);
		goes_on = goes_on && memcmp(first, first_again, sizeof(first)) == 0;
		digest_sha256_add(&d, data + cut, LEN - cut);
		digest_sha256_out(&d, split);
		same = same && memcmp(split, whole, sizeof(split)) == 0;
	}
	TAP_OK(same, "two pieces hash like the whole, wherever it is split");
	TAP_OK(goes_on, "the hash so far can be read and the hashing goes on");
}

static void sha256_native(void)
{
	unsigned char blocks[64 * 9];
	uint32_t a[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, b[8];
	if (!cpu_has_sha256()) {
		tap_skip("the CPU's instructions hash like the portable code", "this CPU has none");
		return;
	}
	for (size_t i = 0; i < sizeof(blocks); i++)
		blocks[i] = (unsigned char)(i * 31 + i / 64);
	memcpy(b, a, sizeof(a));
	digest_native_blocks(a, blocks, 9);
	digest_sha256_portable(b, blocks, 9);
	TAP_OK(memcmp(a, b, sizeof(a)) == 0, "the CPU's instructions hash like the portable code");
}

/* RFC 4231. */
static void hmac_published(void)
{
	char key20[20], key131[131], data50[50];
	memset(key20, 0x0b, sizeof(key20));
	memset(key131, 0xaa, sizeof(key131));
	memset(data50, 0xdd, sizeof(data50));
	const struct {
		struct str key, data;
		const char *hex;
	} cases[] = {
		{ str_from(key20, 20), S("Hi There"),
		  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
		{ S("Jefe"), S("what do ya want for nothing?"),
		  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
		{ str_from(key131, 20), str_from(data50, 50),
		  "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
		{ str_from(key131, 131),
		  S("Test Using Larger Than Block-Size Key - Hash Key First"),
		  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
	};
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		unsigned char mac[DIGEST_SHA256_LEN];
		char hex[DIGEST_SHA256_HEX];
		digest_hmac_sha256(cases[i].key, cases[i].data, mac);
		TAP_TEXT(codec_hex(mac, sizeof(mac), hex), cases[i].hex,
		         "HMAC with a key of %zu bytes is RFC 4231's", cases[i].key.len);
	}
}

static void sha1_published(void)
{
	static const unsigned char abc[DIGEST_SHA1_LEN] = { 0xa9, 0x99, 0x3e, 0x36, 0x47,
		                                            0x06, 0x81, 0x6a, 0xba, 0x3e,
		                                            0x25, 0x71, 0x78, 0x50, 0xc2,
		                                            0x6c, 0x9c, 0xd0, 0xd8, 0x9d };
	unsigned char hash[DIGEST_SHA1_LEN];
	struct digest_sha1 d;
	digest_sha1_init(&d);
	digest_sha1_add(&d, "a", 1);
	digest_sha1_add(&d, "bc", 2);
	digest_sha1_out(&d, hash);
	TAP_OK(memcmp(hash, abc, sizeof(hash)) == 0, "SHA-1 of \"abc\" is RFC 3174's");
}

static void md5_published(void)
{
	unsigned char hash[DIGEST_MD5_LEN];
	char hex[2 * DIGEST_MD5_LEN + 1];
	digest_md5_of("", 0, hash);
	TAP_TEXT(codec_hex(hash, sizeof(hash), hex), "d41d8cd98f00b204e9800998ecf8427e",
	         "MD5 of nothing is RFC 1321's");
	digest_md5_of("message digest", 14, hash);
	TAP_TEXT(codec_hex(hash, sizeof(hash), hex), "f96b697d7cb7938d525a2f31aaf161d0",
	         "MD5 of a message is RFC 1321's");
}

int main(void)
{
	sha256_published();
	sha256_pieces();
	sha256_native();
	hmac_published();
	md5_published();
	sha1_published();
	return tap_done();
}
