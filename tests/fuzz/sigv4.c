/* Signing: method, path, query and headers from pieces of the input. What the canonical form says is what was given. */
#include "s3/sigv4.h"

#include "base/codec.h"
#include "tests/fuzz/fuzz.h"

enum { PAIRS = 4 };

static size_t pairs(struct str *in, struct sigv4_pair out[PAIRS])
{
	size_t count = fuzz_byte(in) % (PAIRS + 1);
	for (size_t i = 0; i < count; i++) {
		out[i].name = fuzz_piece(in);
		out[i].value = fuzz_piece(in);
	}
	return count;
}

static void check_path(struct str raw, size_t cap)
{
	BUF_AUTO coded = buf_make(cap);
	BUF_AUTO back = buf_make(cap);
	sigv4_encode_path(raw, &coded);
	assert(codec_unpercent(buf_str(&coded), false, &back) == 0);
	assert(raw.len == 0 || str_eq(buf_str(&back), raw));
}

/* Names and values without what frames them: nothing given can look like another parameter. */
static void check_query(const struct sigv4_pair *query, size_t count, size_t cap)
{
	struct err e = ERR_INIT;
	BUF_AUTO coded = buf_make(cap);
	assert(sigv4_encode_query(query, count, &coded, &e) == 0);
	size_t ands = 0, equals = 0;
	for (size_t i = 0; i < coded.len; i++) {
		ands += coded.p[i] == '&';
		equals += coded.p[i] == '=';
		assert(coded.p[i] > ' ' && coded.p[i] != '+' && coded.p[i] != '/');
	}
	assert(equals == count && ands == (count > 0 ? count - 1 : 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	struct str in = str_from(data, size);
	struct sigv4_pair query[PAIRS], headers[PAIRS];
	struct sigv4_scope scope = { .access_key = S("AK"),
		                     .secret_key = S("sk"),
		                     .region = S("us-east-1"),
		                     .service = S("s3"),
		                     .time_s = 1369353600 };
	struct sigv4_request r = { .method = "GET", .query = query, .headers = headers };
	size_t cap = 8 * size + 4096;
	BUF_AUTO out = buf_make(cap);
	r.payload_hash = S("UNSIGNED-PAYLOAD");
	r.query_count = pairs(&in, query);
	r.header_count = pairs(&in, headers);
	r.path = fuzz_piece(&in);
	scope.session_token = in;
	check_path(r.path, cap);
	check_query(query, r.query_count, cap);
	assert(sigv4_canonical(&r, &out, &e) == 0 && !out.too_large);
	assert(sigv4_authorization(&r, &scope, &out, &e) == 0);
	assert(sigv4_presign(&r, &scope, 60, &out, &e) == 0);
	return 0;
}
