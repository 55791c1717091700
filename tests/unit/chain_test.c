/* The parts of the credential chain that need no server. */
#include "s3/chain.h"

#include "base/mem.h"
#include "s3/chain_parts.h"

#include "tests/unit/tap.h"

static const struct {
	const char *line;
	const char *words; /* joined with '|'; NULL: refused */
} lines[] = {
	{ "prog", "prog" },
	{ "  /bin/prog  a\tb ", "/bin/prog|a|b" },
	{ "prog 'a b' \"c d\"", "prog|a b|c d" },
	{ "prog a' 'b\" \"c", "prog|a b c" },
	{ "prog '' \"\"", "prog||" },
	{ "prog a\\ b \\\\ \\'", "prog|a b|\\|'" },
	{ "prog '\\n' \"\\n\" \"\\\\\" \"\\\"\"", "prog|\\n|\\n|\\|\"" },
	{ "prog $HOME *; `x` > y", "prog|$HOME|*;|`x`|>|y" },
	{ "\"C:\\Program Files\\x\" y", "C:\\Program Files\\x|y" },
	{ "prog 'a", NULL },
	{ "prog \"a", NULL },
	{ "prog a\\", "prog|a\\" },
	{ "", NULL },
	{ "  ", NULL },
};

static void test_words(void)
{
	for (size_t i = 0; i < COUNTOF(lines); i++) {
		BUF_AUTO joined = buf_make(1000);
		MEM_AUTO char **words = chain_process_words(str_of(lines[i].line));
		for (size_t n = 0; words && words[n]; n++)
			buf_printf(&joined, "%s%s", n > 0 ? "|" : "", words[n]);
		TAP_TEXT(words ? joined.p : NULL, lines[i].words, "words of <%s>", lines[i].line);
	}
}

static void test_many_words(void)
{
	BUF_AUTO line = buf_make(10000);
	for (int i = 0; i < 256; i++)
		buf_add_text(&line, "x ");
	char **words = chain_process_words(buf_str(&line));
	TAP_OK(words && words[255] && !words[256], "256 words are fine");
	mem_free(words);
	buf_add_text(&line, "x");
	TAP_OK(chain_process_words(buf_str(&line)) == NULL, "more are refused");
}

static const struct {
	const char *url;
	bool ok;
} hosts[] = {
	{ "https://example.com/", true },
	{ "http://localhost:80/x", true },
	{ "http://127.0.0.1/x", true },
	{ "http://127.9.9.9/x", true },
	{ "http://[::1]:8080/x", true },
	{ "http://169.254.170.2/v2", true },
	{ "http://169.254.170.23/v1/credentials", true },
	{ "http://[fd00:ec2::23]/v1/credentials", true },
	{ "http://[FD00:EC2::23]/v1/credentials", true },
	{ "http://169.254.169.254/", false },
	{ "http://169.254.170.20/", false },
	{ "http://169.254.170.2.example.com/", false },
	{ "http://[fd00:ec2::254]/", false },
	{ "http://[fd00:ec2::2]/", false },
	{ "http://10.0.0.1/", false },
	{ "http://example.com/", false },
	{ "http://localhost.example.com/", false },
};

static void test_hosts(void)
{
	for (size_t i = 0; i < COUNTOF(hosts); i++) {
		struct err e = ERR_INIT;
		struct url url;
		int parsed = url_parse(str_of(hosts[i].url), &url, &e);
		TAP_OK(parsed == 0 && chain_metadata_host_ok(&url) == hosts[i].ok,
		       "%s is %s for a container's keys", hosts[i].url,
		       hosts[i].ok ? "a place" : "no place");
	}
}

static const struct {
	const char *says, *text;
	bool versioned;
	const char *access; /* NULL: an error of `kind` */
	enum err_kind kind;
	int64_t expires_ms;
} documents[] = {
	{ "keys", "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"Token\":\"T\"}", false, "A",
	  0, 0 },
	{ "keys with an end",
	  "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"Expiration\":\"1970-01-01T00:00:01Z\"}",
	  false, "A", 0, 1000 },
	{ "keys of a process", "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\"}",
	  true, "A", 0, 0 },
	{ "not those of a process without a version",
	  "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"geheim-S\"}", true, NULL, ERR_KIND_DATA,
	  0 },
	{ "not those of another version",
	  "{\"Version\":\"1\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"geheim-S\"}", true, NULL,
	  ERR_KIND_DATA, 0 },
	{ "not a failure that the service tells",
	  "{\"Code\":\"Failed\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"geheim-S\"}", false,
	  NULL, ERR_KIND_DENIED, 0 },
	{ "not half a pair", "{\"AccessKeyId\":\"A\",\"Other\":\"geheim\"}", false, NULL,
	  ERR_KIND_DATA, 0 },
	{ "not keys that are no text", "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":1}", false, NULL,
	  ERR_KIND_DATA, 0 },
	{ "not an end that is no date",
	  "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"Expiration\":\"geheim\"}", false,
	  NULL, ERR_KIND_CONFIG, 0 },
	{ "not a list", "[\"geheim\"]", false, NULL, ERR_KIND_DATA, 0 },
	{ "not what is no JSON", "geheim", false, NULL, ERR_KIND_DATA, 0 },
	{ "not nothing", "", false, NULL, ERR_KIND_DATA, 0 },
};

static void test_json(void)
{
	for (size_t i = 0; i < COUNTOF(documents); i++) {
		struct err e = ERR_INIT;
		CREDENTIALS_AUTO found = { .access_key = NULL };
		int result = chain_json_take(str_of(documents[i].text), "Token",
		                             documents[i].versioned, "the test", &found, &e);
		TAP_TEXT(result == 1 ? found.access_key : NULL, documents[i].access, "taken: %s",
		         documents[i].says);
		TAP_OK(e.kind == documents[i].kind &&
		               (result < 0 || found.expires_ms == documents[i].expires_ms) &&
		               strstr(e.msg, "geheim") == NULL,
		       "  and told without secrets: %s", e.msg);
	}
}

int main(void)
{
	test_words();
	test_many_words();
	test_hosts();
	test_json();
	return tap_done();
}
