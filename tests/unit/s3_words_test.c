/* Lines of `ws-s3 run`, and --include and --exclude. */
#include "applets/s3_words.h"

#include "applets/s3_filter.h"
#include "base/buf.h"
#include "tests/unit/tap.h"

static const struct {
	const char *line;
	const char *want; /* "word|word", or NULL: refused */
} lines[] = {
	{ "cp a b", "cp|a|b" },
	{ "  cp\t a  b \r", "cp|a|b" },
	{ "", "" },
	{ "# nothing", "" },
	{ "cp a # b", "cp|a" },
	{ "cp a#b", "cp|a#b" },
	{ "'a b' \"c d\"", "a b|c d" },
	{ "a'b c'd\"e f\"", "ab cde f" },
	{ "'' \"\"", "|" },
	{ "a\\ b \\'", "a b|'" },
	{ "\"a\\\"b\" 'a\\b'", "a\"b|a\\b" },
	{ "\\#x", "#x" },
	{ "'a", NULL },
	{ "\"a", NULL },
	{ "a\\", NULL },
};

static void test_lines(void)
{
	for (size_t i = 0; i < COUNTOF(lines); i++) {
		struct err e = ERR_INIT;
		struct s3_words words;
		BUF_AUTO joined = buf_make(1000);
		int result = s3_words_cut(str_of(lines[i].line), &words, &e);
		for (int n = 0; n < words.count; n++)
			buf_printf(&joined, "%s%s", n > 0 ? "|" : "", words.words[n]);
		TAP_OK(lines[i].want ? result == 0 && str_is(buf_str(&joined), lines[i].want)
		                     : result == -1 && e.kind == ERR_KIND_USAGE,
		       "%s: [%s]", lines[i].want ? "cut" : "refused", lines[i].line);
		s3_words_free(&words);
	}
}

static void test_many(void)
{
	struct err e = ERR_INIT;
	struct s3_words words;
	BUF_AUTO line = buf_make(10000);
	for (int i = 0; i < S3_WORDS_MAX; i++)
		buf_add_text(&line, "x ");
	TAP_OK(s3_words_cut(buf_str(&line), &words, &e) == 0 && words.count == S3_WORDS_MAX &&
	               words.words[S3_WORDS_MAX] == NULL,
	       "a line may have %d words", S3_WORDS_MAX);
	s3_words_free(&words);
	buf_add_text(&line, "x");
	TAP_OK(s3_words_cut(buf_str(&line), &words, &e) == -1, "and not one more");
	s3_words_free(&words);
	err_clear(&e);
	TAP_OK(s3_words_cut(S("a\0b"), &words, &e) == -1, "a NUL byte is refused");
	s3_words_free(&words);
}

static void test_filter(void)
{
	const char *text[] = { "*.txt", "d/*" }, *secret[] = { "*secret*" }, *all[] = { "*" };
	struct err e = ERR_INIT;
	struct s3_filter none = { .include = { NULL, 0 } };
	struct s3_filter both = { .include = { text, 2 }, .exclude = { secret, 1 } };
	struct s3_filter nothing = { .exclude = { all, 1 } };
	TAP_OK(s3_filter_takes(NULL, S("x")) && s3_filter_takes(&none, S("x")),
	       "without patterns everything is taken");
	TAP_OK(s3_filter_takes(&both, S("a.txt")) && s3_filter_takes(&both, S("d/e/f")) &&
	               !s3_filter_takes(&both, S("a.log")),
	       "with --include only what matches one");
	TAP_OK(!s3_filter_takes(&both, S("d/secret.txt")), "--exclude wins");
	TAP_OK(s3_filter_check(&both, &e) == 0 && s3_filter_check(&nothing, &e) == -1 &&
	               e.kind == ERR_KIND_USAGE,
	       "--exclude '*' is refused");
}

int main(void)
{
	test_lines();
	test_many();
	test_filter();
	return tap_done();
}
