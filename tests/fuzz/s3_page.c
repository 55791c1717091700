/* Answers of S3: a page of a listing, an error, an error within a good status. */
#include "s3/s3_page.h"

#include "s3/s3_error.h"
#include "tests/fuzz/fuzz.h"

static void check_page(struct str body, bool versions)
{
	struct err e = ERR_INIT;
	struct s3_page page;
	s3_page_init(&page);
	page.versions = versions;
	if (s3_page_open(&page, body, &e) == 0) {
		int r;
		while ((r = s3_page_next(&page, &e)) == 1)
			assert(page.entry.key.len > 0);
		assert(r == 0 || err_is(&e));
	}
	s3_page_free(&page);
}

/* What comes of it is shown to people. */
static void check_shown(const struct s3_error *error)
{
	static char secret[] = "canary-7Hx";
	struct credentials keys = { .access_key = secret, .secret_key = secret };
	struct err e = ERR_INIT;
	assert(s3_error_set(403, error, &keys, &e) == -1 && e.msg[0] != '\0');
	assert(!str_has(str_of(e.msg), str_of(secret)));
	for (const char *p = e.msg; *p != '\0'; p++)
		assert((unsigned char)*p >= ' ' && *p != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const roots[] = { "CopyObjectResult", "DeleteResult" };
	struct str body = str_from(data, size);
	struct s3_error error;
	check_page(body, false);
	check_page(body, true);
	s3_error_parse(body, &error);
	check_shown(&error);
	for (size_t i = 0; i < COUNTOF(roots); i++) {
		error = (struct s3_error){ .code = "" };
		if (s3_error_in_success(body, roots[i], &error) < 0)
			check_shown(&error);
	}
	return 0;
}
