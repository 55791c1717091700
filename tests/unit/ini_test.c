/* ini: sections, names and values, by the rules of git, systemd and AWS. */
#include <dirent.h>

#include "base/buf.h"
#include "data/ini.h"
#include "tests/unit/mutate.h"
#include "tests/unit/slurp.h"
#include "tests/unit/tap.h"

/* The entries as "section|name=value" lines; a '\n' in a value is shown as '/'. */
static void show(const struct ini *ini, struct buf *out)
{
	for (size_t i = 0; i < ini->count; i++) {
		const struct ini_entry *entry = &ini->entries[i];
		size_t start = out->len;
		buf_add_str(out, entry->section);
		buf_add_char(out, '|');
		buf_add_str(out, entry->name);
		buf_add_char(out, '=');
		buf_add_str(out, entry->value);
		for (size_t j = start; j < out->len; j++)
			out->p[j] = out->p[j] == '\n' ? '/' : out->p[j];
		buf_add_char(out, '\n');
	}
}

static const struct {
	const char *what, *text, *shown;
} good[] = {
	{ "an empty file", "", "" },
	{ "blank lines and comments", "\n \t\n# x\n; y\n  # z\n", "" },
	{ "a BOM", "\xEF\xBB\xBF[a]\nb=c", "a|b=c\n" },
	{ "CRLF", "[a]\r\nb = c\r\n\r\nd = e\r\n", "a|b=c\na|d=e\n" },
	{ "no last newline", "[a]\nb = c", "a|b=c\n" },
	{ "names before the first section", "a=b\n[s]\nc=d\n", "|a=b\ns|c=d\n" },
	{ "blanks around everything", "  [ s ]  \n  a \t=\t b c \t\n", "s|a=b c\n" },
	{ "an equals sign in a value", "a = b=c\n", "|a=b=c\n" },
	{ "an empty value", "[s]\na =\nb=\n", "s|a=\ns|b=\n" },
	{ "an empty value at the end", "a=", "|a=\n" },
	{ "comment signs in a value", "a = b # c ; d\ne = f;g\n", "|a=b # c ; d\n|e=f;g\n" },
	{ "a comment behind a section", "[s] # x\na=b\n[t]; y\nc=d", "s|a=b\nt|c=d\n" },
	{ "a profile", "[profile x]\na=b\n", "profile x|a=b\n" },
	{ "a profile with a tab", "[profile\tx\t]\na=b\n", "profile x|a=b\n" },
	{ "a profile in quotes", "[profile \"a  b\"]\nc=d\n", "profile a  b|c=d\n" },
	{ "git's subsections", "[remote \"origin]\"]\n\turl = x\n\tpush = y\n",
	  "remote origin]|url=x\nremote origin]|push=y\n" },
	{ "a nested block", "[profile x]\ns3 =\n  a = 1\n  b = 2\nc = d\n",
	  "profile x|s3=a = 1/b = 2\nprofile x|c=d\n" },
	{ "a nested block with blank lines and comments", "s3 =\n  a = 1\n   \n\n # x\n b = 2\n",
	  "|s3=a = 1/b = 2\n" },
	{ "a nested block with CRLF", "s3 =\r\n  a = 1\r\n  b = 2\r\n", "|s3=a = 1/b = 2\n" },
	{ "a nested block that ends the file", "s3=\n  a = 1", "|s3=a = 1\n" },
	{ "a value that goes on", "a = b\n  -c\n  -d", "|a=b/-c/-d\n" },
	{ "a list", "exclude =\n  *.o\n  [x]\n  y\n", "|exclude=*.o/[x]/y\n" },
	{ "an indented file", "  a = b\n  c = d\n", "|a=b\n|c=d\n" },
	{ "a section that comes twice", "[s]\na=1\n[t]\nb=2\n[s]\na=3\n", "s|a=1\nt|b=2\ns|a=3\n" },
	{ "bytes over 127", "[\xC3\xA4]\n\xC3\xB6 = \xFF\n", "\xC3\xA4|\xC3\xB6=\xFF\n" },
};

static void test_good(void)
{
	for (size_t i = 0; i < COUNTOF(good); i++) {
		struct err e = ERR_INIT;
		BUF_AUTO out = buf_make(4096);
		INI_AUTO ini;
		int result = ini_parse(str_of(good[i].text), "f", &ini, &e);
		show(&ini, &out);
		TAP_OK(result == 0, "%s: read (%s)", good[i].what, e.msg);
		TAP_TEXT(out.p, good[i].shown, "%s: as it is meant", good[i].what);
		bool terminated = true;
		for (size_t j = 0; j < ini.count; j++) {
			struct ini_entry entry = ini.entries[j];
			terminated = terminated && entry.value.p[entry.value.len] == '\0' &&
			             entry.name.p[entry.name.len] == '\0' &&
			             entry.section.p[entry.section.len] == '\0';
		}
		TAP_OK(terminated, "%s: with a NUL behind each view", good[i].what);
	}
}

static void test_bad(void)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{ "[s]\nsecret\n", "f: line 2: neither a [section], a comment, nor name = value" },
		{ "[secret\n", "f: line 1: \"[\" without \"]\"" },
		{ "[\"secret]\n", "f: line 1: \"[\" without \"]\"" },
		{ "[secret] x\n", "f: line 1: something follows the \"]\"" },
		{ "[]\n", "f: line 1: the section has no name" },
		{ "[ \t\"\" ]\n", "f: line 1: the section has no name" },
		{ "\n\n= secret\n", "f: line 3: there is no name before the \"=\"" },
		{ "export a = secret\n",
		  "f: line 1: there is a blank in the name before the \"=\"" },
		{ "a = b\n[s]\n  -secret\n",
		  "f: line 3: neither a [section], a comment, nor name = value" },
		{ "a = sec\x1bret\n", "f: line 1: there is a control byte in it" },
		{ "a = sec\rret\n", "f: line 1: there is a control byte in it" },
		{ "# sec\x7fret\n", "f: line 1: there is a control byte in it" },
		{ "a\n", "f: line 1: neither a [section], a comment, nor name = value" },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		struct err e = ERR_INIT;
		struct ini ini;
		int result = ini_parse(str_of(rows[i].text), "f", &ini, &e);
		TAP_OK(result == -1 && e.kind == ERR_KIND_CONFIG && !ini.text && ini.count == 0,
		       "broken file %zu is a configuration error and leaves nothing", i);
		TAP_TEXT(e.msg, rows[i].message, "that names the line but not its content");
	}
	struct err e = ERR_INIT;
	struct ini ini;
	TAP_OK(ini_parse(str_from("a=b\0c\n", 6), "f", &ini, &e) == -1, "a zero byte is refused");
	TAP_OK(ini_parse(str_from("a\0=\0b\0\n\0", 8), "f", &ini, &e) == -1, "so is UTF-16");
}

static void test_limits(void)
{
	struct err e = ERR_INIT;
	MEM_AUTO char *text = mem_new(INI_FILE_MAX + 1, 1);
	struct ini ini;
	memset(text, 'x', INI_FILE_MAX + 1);
	memcpy(text, "a=", 2);
	TAP_OK(ini_parse(str_from(text, INI_LINE_MAX), "f", &ini, &e) == 0,
	       "the longest line is read");
	ini_free(&ini);
	TAP_OK(ini_parse(str_from(text, INI_LINE_MAX + 1), "f", &ini, &e) == -1, "one more is not");
	TAP_TEXT(e.msg, "f: line 1: the line is too long", "and said so");
	for (size_t i = 0; i + 4 <= INI_FILE_MAX; i += 4)
		memcpy(text + i, i % 8 == 0 ? "[s]\n" : "a=b\n", 4);
	err_clear(&e);
	TAP_OK(ini_parse(str_from(text, INI_FILE_MAX), "f", &ini, &e) == 0 &&
	               ini.count == INI_FILE_MAX / 8 && ini.section_count == INI_FILE_MAX / 8,
	       "the largest file is read");
	ini_free(&ini);
	TAP_OK(ini_parse(str_from(text, INI_FILE_MAX + 1), "f", &ini, &e) == -1,
	       "one byte more is not");
	TAP_TEXT(e.msg, "f: larger than 1048576 bytes", "and said so");
}

static void test_get(void)
{
	struct err e = ERR_INIT;
	struct str value = S("untouched");
	INI_AUTO ini;
	int result = ini_parse(S("top=1\n[A]\nKey=x\nkey=y\n[empty]\n[a]\nkey=z\n[A]\nother=w\n"),
	                       "f", &ini, &e);
	TAP_INT(result, 0, "a file with repetitions is read");
	TAP_OK(ini_get(&ini, S("A"), "KEY", &value) && str_is(value, "y"),
	       "the last value wins, names are found without case");
	TAP_OK(ini_get(&ini, S("a"), "key", &value) && str_is(value, "z"), "sections with case");
	TAP_OK(ini_get(&ini, S(""), "top", &value) && str_is(value, "1"),
	       "the section before the first header is \"\"");
	TAP_OK(!ini_get(&ini, S("A"), "top", &value) && !ini_get(&ini, S("empty"), "key", NULL),
	       "what is not there is not found");
	TAP_OK(ini_get(&ini, S("A"), "other", NULL), "the value need not be asked for");
	TAP_OK(ini_has_section(&ini, S("empty")) && ini_has_section(&ini, S("")) &&
	               !ini_has_section(&ini, S("EMPTY")),
	       "a section that was only opened is there");
	TAP_INT(ini.entries[1].line, 3, "entries know their line");
}

/* Files that are published to hurt parsers: whatever is read must be whole. */
static void test_vectors(const char *folder)
{
	DIR *dir = opendir(folder);
	char path[512];
	unsigned count = 0;
	bool sane = true;
	if (!dir) {
		tap_skip("the published INI files do no harm", "no ../shared/vectors");
		return;
	}
	for (struct dirent *d = readdir(dir); d; d = readdir(dir)) {
		if (d->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, d->d_name);
		BUF_AUTO text = buf_make(INI_FILE_MAX);
		BUF_AUTO out = buf_make(INI_FILE_MAX);
		struct err e = ERR_INIT;
		INI_AUTO ini;
		sane = slurp(path, &text) == 0 && sane;
		int result = ini_parse(buf_str(&text), d->d_name, &ini, &e);
		show(&ini, &out);
		sane = sane && !out.too_large && (result == 0) != err_is(&e);
		count++;
	}
	closedir(dir);
	TAP_OK(sane && count > 30, "the %u published files in %s do no harm", count, folder);
}

static void test_vector(const char *name, const char *shown)
{
	char path[512];
	BUF_AUTO text = buf_make(INI_FILE_MAX);
	BUF_AUTO out = buf_make(INI_FILE_MAX);
	struct err e = ERR_INIT;
	snprintf(path, sizeof(path), "../shared/vectors/ini/parse_config_profile/%s", name);
	if (slurp(path, &text) < 0) {
		tap_skip(name, "no ../shared/vectors");
		return;
	}
	INI_AUTO ini;
	int result = ini_parse(buf_str(&text), name, &ini, &e);
	show(&ini, &out);
	TAP_TEXT(result == 0 ? out.p : NULL, shown, "the published file %s is %s", name,
	         shown ? "read as AWS does" : "refused");
}

static void test_mutations(void)
{
	struct mutate m = { 99 };
	bool sane = true;
	for (int i = 0; i < 20000; i++) {
		struct str text = mutate_text(&m, str_of(good[(size_t)i % COUNTOF(good)].text),
		                              "[]=\"#; \t\r\n");
		struct err e = ERR_INIT;
		INI_AUTO ini;
		int result = ini_parse(text, "f", &ini, &e);
		for (size_t j = 0; result == 0 && j < ini.count; j++) {
			struct ini_entry entry = ini.entries[j];
			sane = sane && entry.name.len > 0 &&
			       strlen(entry.name.p) == entry.name.len &&
			       strlen(entry.value.p) == entry.value.len &&
			       strlen(entry.section.p) == entry.section.len;
		}
		mutate_free(text);
	}
	TAP_OK(sane, "what is read of 20000 damaged files is whole");
}

int main(void)
{
	test_good();
	test_bad();
	test_limits();
	test_get();
	test_vectors("../shared/vectors/ini/parse_config_profile");
	test_vectors("../shared/vectors/ini/parse_credentials_profile");
	test_vector("multi_sub_property", "profile default|s3=name = value/name2 = value2\n");
	test_vector("multiline_continued_property", "baz|name=value/-continued/-and-continued\n");
	test_vector("tab_empty_profile", "");
	test_vector("adjacent_comment", "");
	test_vector("blank_lines", "profile foo|name=value\n");
	test_vector("trimmable_property", "profile foo|name=value\n");
	test_vector("equal_containing_property", "profile foo|name=val=ue\n");
	test_vector("missing_bracket", NULL);
	test_vector("missing_assignment", NULL);
	test_vector("missing_property_key", NULL);
	test_vector("continuation_reseton_new_profile", NULL);
	test_mutations();
	return tap_done();
}
