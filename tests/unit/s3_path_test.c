/* Operands of ws-s3, and keys that become paths. */
#include "applets/s3_path.h"

#include "applets/s3_job.h"
#include "tests/unit/tap.h"

static const struct {
	const char *text;
	bool raw, is_s3, is_glob;
	const char *bucket, *key;
} operands[] = {
	{ "s3://b/k", false, true, false, "b", "k" },
	{ "s3://b", false, true, false, "b", "" },
	{ "s3://b/", false, true, false, "b", "" },
	{ "s3://b/a//b/%41 +?", false, true, true, "b", "a//b/%41 +?" },
	{ "s3://b/*.log", false, true, true, "b", "*.log" },
	{ "s3://b/*.log", true, true, false, "b", "*.log" },
	{ "s3://b/back\\slash", false, true, false, "b", "back\\slash" },
	{ "file", false, false, false, "", "" },
	{ "s3:/b/k", false, false, false, "", "" },
	{ "./*", false, false, false, "", "" },
};

static void test_operands(void)
{
	for (size_t i = 0; i < COUNTOF(operands); i++) {
		struct err e = ERR_INIT;
		struct s3_path p;
		TAP_OK(s3_path_parse(operands[i].text, operands[i].raw, &p, &e) == 0 &&
		               p.is_s3 == operands[i].is_s3 && p.is_glob == operands[i].is_glob &&
		               str_is(p.bucket, operands[i].bucket) &&
		               str_is(p.key, operands[i].key),
		       "understood: %s%s", operands[i].text, operands[i].raw ? " (raw)" : "");
	}
	struct err e = ERR_INIT;
	struct s3_path p;
	TAP_OK(s3_path_parse("-", false, &p, &e) == 0 && p.is_stdio,
	       "- is standard input or output");
	TAP_OK(s3_path_parse("", false, &p, &e) == -1 && e.kind == ERR_KIND_USAGE,
	       "nothing is no path");
	err_clear(&e);
	TAP_OK(s3_path_parse("s3://", false, &p, &e) == -1, "s3:// without a bucket is none");
	err_clear(&e);
	TAP_OK(s3_path_parse_s3("file", false, false, &p, &e) == -1 && e.kind == ERR_KIND_USAGE,
	       "a file is no object");
	err_clear(&e);
	TAP_OK(s3_path_parse_s3("s3://b/", false, true, &p, &e) == -1, "a bucket is no object");
}

static void test_prefixes(void)
{
	static const struct {
		const char *text, *prefix;
		bool raw;
	} rows[] = {
		{ "s3://b/a/b*c", "a/b", false },    { "s3://b/a\\*b?", "a", false },
		{ "s3://b/abc", "abc", false },      { "s3://b/a\\bc", "a\\bc", false },
		{ "s3://b/a[1]/x", "a[1]/x", true },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		struct err e = ERR_INIT;
		struct s3_path p;
		TAP_OK(s3_path_parse(rows[i].text, rows[i].raw, &p, &e) == 0 &&
		               str_is(s3_path_prefix(&p), rows[i].prefix),
		       "a listing for %s is asked for \"%s\"", rows[i].text, rows[i].prefix);
	}
}

static void test_selection(void)
{
	const char *texts[] = { "*.txt" };
	const struct s3_filter filter = { .include = { .items = texts, .count = 1 } };
	struct err e = ERR_INIT;
	struct s3_path p;
	TAP_OK(s3_path_parse("s3://b/d/[ab]*", false, &p, &e) == 0 &&
	               s3_path_takes(&p, &filter, S("d/a.txt")) &&
	               s3_path_takes(&p, NULL, S("d/a.log")),
	       "a key that matches is meant");
	TAP_OK(!s3_path_takes(&p, &filter, S("d/a.log")) && !s3_path_takes(&p, NULL, S("d/c")),
	       "one that does not, or that the filter leaves out, is not");
}

static void test_safe(void)
{
	static const struct {
		const char *name;
		bool safe;
	} names[] = {
		{ "a", true },   { "a/b/c", true },  { "...", true },     { "a..b/.c", true },
		{ "", false },   { "/a", false },    { "a//b", false },   { "a/", false },
		{ "..", false }, { "../a", false },  { "a/../b", false }, { "a/..", false },
		{ ".", false },  { "a/./b", false }, { "./a", false },    { "a b\n", true },
	};
	char long_name[300];
	for (size_t i = 0; i < COUNTOF(names); i++)
		TAP_OK(s3_job_run_is_safe(str_of(names[i].name)) == names[i].safe,
		       "\"%s\" is %s path", names[i].name, names[i].safe ? "a" : "no");
	memset(long_name, 'a', sizeof(long_name));
	TAP_OK(!s3_job_run_is_safe(str_from(long_name, 256)), "a name of 256 bytes is no path");
	TAP_OK(s3_job_run_is_safe(str_from(long_name, 255)), "one of 255 bytes is");
	TAP_OK(!s3_job_run_is_safe(str_from("a\0b", 3)), "a NUL is in no path");
}

int main(void)
{
	test_operands();
	test_prefixes();
	test_selection();
	test_safe();
	return tap_done();
}
