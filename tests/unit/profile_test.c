/* Profiles: the built-in ones, those of a configuration, placeholders. */
#include "ws/profile.h"

#include <stdlib.h>

#include "base/mem.h"
#include "tests/unit/tap.h"
#include "ws/part.h"

static const struct profile_words words = {
	.id = "sess_cse_1-2",
	.workspace = "w1",
	.session = "cse_1-2",
	.root = "/tmp/cc-broker/sess_cse_1-2",
};

static void test_builtin_task(void)
{
	PROFILE_AUTO p;
	struct err e = ERR_INIT;
	TAP_INT(profile_load("task", NULL, &p, &e), 0, "there is a profile task");
	TAP_TEXT(p.name, "task", "it has its name");
	TAP_TEXT(p.base, "/opt/stacks", "its base is the one of the plugin that it stands in for");
	TAP_OK(!p.id && !p.needs_workspace && !p.needs_session && !p.ephemeral,
	       "it needs no words");
	TAP_INT(p.mode, 0700, "its workspaces are for their owner alone");
	TAP_INT(p.part_count, 1, "it has one part");
	TAP_OK(!p.parts[0].is_file && strcmp(p.parts[0].path, ".") == 0 && !p.parts[0].excludes[0],
	       "which is the whole tree");
	TAP_TEXT(p.parts[0].key, "tasks/{id}.tar.gz", "its key is made of the id");
}

/* The tree and the keys that cc-broker's Go code uses. */
static void test_builtin_session(void)
{
	static const struct {
		const char *name, *path, *key;
		bool is_file;
		int restore_at, save_at;
	} rows[] = {
		{ "shared", "claude-config", "workspaces/w1/claude-home.tar.gz", false, 0, 2 },
		{ "session", "claude-config/projects/-tmp-cc-broker-sess-cse-1-2-project",
		  "workspaces/w1/sessions/cse_1-2.tar.gz", false, 1, 0 },
		{ "transcript",
		  "claude-config/projects/-tmp-cc-broker-sess-cse-1-2-project/1-2.jsonl",
		  "workspaces/w1/sessions/cse_1-2.jsonl", true, 2, 1 },
	};
	PROFILE_AUTO p;
	PART_LIST_AUTO parts;
	struct err e = ERR_INIT;
	TAP_INT(profile_load("session", NULL, &p, &e), 0, "there is a profile session");
	TAP_OK(p.needs_workspace && p.needs_session, "it needs a workspace and a session");
	TAP_INT(part_expand(&p, &words, &parts, &e), 0, "its parts can be filled in");
	TAP_INT(parts.count, COUNTOF(rows), "there are three");
	const struct part *restore[PROFILE_PARTS_MAX], *save[PROFILE_PARTS_MAX];
	part_sort(&parts, PART_RESTORE_ORDER, restore);
	part_sort(&parts, PART_SAVE_ORDER, save);
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		const struct part *part = &parts.list[i];
		TAP_TEXT(part->def->name, rows[i].name, "part %s", rows[i].name);
		TAP_TEXT(part->path, rows[i].path, "has its path");
		TAP_TEXT(part->key, rows[i].key, "and its key");
		TAP_INT(part->def->is_file, rows[i].is_file, "and its kind");
		TAP_OK(restore[rows[i].restore_at] == part && save[rows[i].save_at] == part,
		       "and its places in the orders");
	}
	TAP_TEXT(parts.list[0].excludes[0], "projects/-tmp-cc-broker-sess-cse-1-2-project",
	         "the shared part leaves this session's subtree out");
	TAP_TEXT(parts.list[2].def->newer_than, "session",
	         "the transcript is restored when it is the newer one");
	TAP_INT(p.dir_count, 3, "three directories are made");
	TAP_INT(p.env_count, 2, "two variables are set");
}

static void test_expand(void)
{
	static const struct {
		const char *text, *want;
		enum err_kind kind;
	} rows[] = {
		{ "plain", "plain", ERR_KIND_NONE },
		{ "", "", ERR_KIND_NONE },
		{ "{id}", "sess_cse_1-2", ERR_KIND_NONE },
		{ "a/{workspace}/b", "a/w1/b", ERR_KIND_NONE },
		{ "{session}{session_bare}", "cse_1-21-2", ERR_KIND_NONE },
		{ "{root}/x", "/tmp/cc-broker/sess_cse_1-2/x", ERR_KIND_NONE },
		{ "{project_hash}", "-tmp-cc-broker-sess-cse-1-2-project", ERR_KIND_NONE },
		{ "{tmp}/x", "/some/tmp/x", ERR_KIND_NONE },
		{ "}", "}", ERR_KIND_NONE },
		{ "{nonsense}", NULL, ERR_KIND_CONFIG },
		{ "{id", NULL, ERR_KIND_CONFIG },
		{ "{}", NULL, ERR_KIND_CONFIG },
	};
	setenv("TMPDIR", "/some/tmp", 1);
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		BUF_AUTO out = buf_make(1000);
		struct err e = ERR_INIT;
		int result = profile_expand(rows[i].text, &words, &out, &e);
		TAP_INT(e.kind, rows[i].kind, "\"%s\" is %s", rows[i].text,
		        result == 0 ? "filled in" : "refused");
		if (rows[i].want)
			TAP_TEXT(out.p, rows[i].want, "and gives what it should");
	}
	unsetenv("TMPDIR");
	static const char *const needy[] = { "{id}",           "{workspace}", "{session}",
		                             "{session_bare}", "{root}",      "{project_hash}" };
	const struct profile_words none = { .id = NULL };
	for (size_t i = 0; i < COUNTOF(needy); i++) {
		BUF_AUTO out = buf_make(1000);
		struct err e = ERR_INIT;
		TAP_OK(profile_expand(needy[i], &none, &out, &e) != 0 && e.kind == ERR_KIND_USAGE,
		       "without its word %s is refused: %s", needy[i], e.msg);
	}
	BUF_AUTO out = buf_make(1000);
	struct err e = ERR_INIT;
	TAP_OK(profile_expand("{tmp}", &none, &out, &e) == 0 && strcmp(out.p, "/tmp") == 0,
	       "without TMPDIR temporary files are in /tmp");
}

static void test_config(void)
{
	static const char text[] =
		"[ws]\nbase = /x\n"
		"[profile mine]\nbase = /srv/mine\nid = m-{session}\nneeds = session\nmode = 0750\n"
		"ephemeral = yes\ncwd = src\ndir = a\ndir = b\nenv = A=1\n"
		"[part mine second]\nkey = two\npath = b\nrestore_order = 2\nsave_order = 1\n"
		"newer_than = first\n"
		"[part mine first]\nkind = tree\nkey = one\npath = a\nexclude = x\nexclude = y z\n"
		"restore_order = 1\n"
		"[part mine third]\nkind = file\nkey = three\npath = c\nmode = 0644\n"
		"[profile task]\nbase = /mine\n[part task all]\nkey = mine/{id}\n";
	INI_AUTO ini = { .text = NULL };
	PROFILE_AUTO p;
	struct err e = ERR_INIT;
	if (ini_parse(str_of(text), "test", &ini, &e) != 0)
		abort();
	TAP_INT(profile_load("mine", &ini, &p, &e), 0, "a profile of the configuration is found");
	TAP_OK(strcmp(p.base, "/srv/mine") == 0 && strcmp(p.id, "m-{session}") == 0 &&
	               strcmp(p.cwd, "src") == 0 && p.mode == 0750 && p.ephemeral &&
	               p.needs_session && !p.needs_workspace,
	       "its values are read");
	TAP_OK(p.dir_count == 2 && strcmp(p.dirs[1], "b") == 0 && p.env_count == 1 &&
	               strcmp(p.env[0], "A=1") == 0,
	       "and its lists");
	TAP_INT(p.part_count, 3, "and its parts");
	TAP_OK(strcmp(p.parts[0].name, "second") == 0 && !p.parts[0].excludes[0],
	       "in the order of the file");
	TAP_OK(strcmp(p.parts[1].excludes[0], "x") == 0 &&
	               strcmp(p.parts[1].excludes[1], "y z") == 0 && !p.parts[1].excludes[2],
	       "with their excludes");
	TAP_OK(p.parts[2].is_file && p.parts[2].file_mode == 0644 &&
	               p.parts[2].restore_order == 3 && p.parts[2].save_order == 3,
	       "and the order of the file where none is said");
	PROFILE_AUTO task;
	TAP_OK(profile_load("task", &ini, &task, &e) == 0 && strcmp(task.base, "/mine") == 0 &&
	               task.part_count == 1 && strcmp(task.parts[0].key, "mine/{id}") == 0,
	       "one that is called like a built-in one takes its place");
	PROFILE_AUTO none;
	TAP_OK(profile_load("nope", &ini, &none, &e) != 0 && e.kind == ERR_KIND_NOT_FOUND &&
	               strstr(e.msg, "session") && strstr(e.msg, "mine"),
	       "for an unknown name the known ones are listed: %s", e.msg);
}

static void test_broken(void)
{
	static const struct {
		const char *text, *what;
	} rows[] = {
		{ "[profile p]\ncolour = red\n", "an unknown name" },
		{ "[profile p]\nmode = 9\n", "a mode that is not octal" },
		{ "[profile p]\nephemeral = maybe\n", "a yes or no that is neither" },
		{ "[profile p]\nneeds = coffee\n", "an unknown need" },
		{ "[profile p]\nenv = NOVALUE\n", "a variable without a value" },
		{ "[profile p]\nbase = /x\n[part p a]\npath = x\n", "a part without a key" },
		{ "[profile p]\nbase = /x\n[part p a]\nkey = k\nkind = pipe\n",
		  "a part of an unknown kind" },
		{ "[profile p]\nbase = /x\n[part p a]\nkey = k\nsize = 3\n",
		  "an unknown name in a part" },
		{ "[profile p]\nbase = /x\n[part p a]\nkey = k\nsave_order = x\n",
		  "an order that is no number" },
		{ "[profile p]\nbase = /x\n[part p a]\nkey = k\nnewer_than = b\n",
		  "another part that there is not" },
		{ "[profile p]\nbase = /x\n[part p a]\nkey = k\nnewer_than = b\n[part p b]\nkey = l\n",
		  "another part that comes later" },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		INI_AUTO ini = { .text = NULL };
		PROFILE_AUTO p;
		struct err e = ERR_INIT;
		if (ini_parse(str_of(rows[i].text), "test", &ini, &e) != 0)
			abort();
		TAP_OK(profile_load("p", &ini, &p, &e) != 0 && e.kind == ERR_KIND_CONFIG,
		       "%s is refused: %s", rows[i].what, e.msg);
	}
}

static void test_hash(void)
{
	static const char bytes[] = "0123456789";
	static const struct {
		uint64_t offsets[4];
		size_t lens[4];
		bool whole;
		const char *what;
	} rows[] = {
		{ { 0, 4, 8, 10 }, { 4, 4, 4, 4 }, true, "from front to back" },
		{ { 0, 2, 2, 6 }, { 4, 4, 8, 4 }, true, "with overlaps" },
		{ { 0, 0, 4, 4 }, { 4, 4, 8, 8 }, true, "with a part read twice" },
		{ { 4, 0, 4, 8 }, { 4, 4, 4, 4 }, false, "from the middle" },
		{ { 0, 4, 0, 0 }, { 4, 4, 4, 4 }, false, "not to the end" },
		{ { 0, 6, 4, 0 }, { 4, 4, 2, 10 }, false, "with a gap" },
	};
	char want[DIGEST_SHA256_HEX];
	digest_sha256_hex(bytes, 10, want);
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		SOURCE_AUTO source = source_from_memory(bytes, 10);
		PART_HASH_AUTO hash;
		part_hash_init(&hash, source);
		for (int k = 0; k < 4; k++) {
			char buffer[16];
			size_t got;
			struct err e = ERR_INIT;
			if (hash.base.read_at(&hash.base, rows[i].offsets[k], buffer,
			                      rows[i].lens[k], &got, &e) != 0)
				abort();
		}
		char got_text[DIGEST_SHA256_HEX];
		part_hash_text(&hash, got_text);
		TAP_TEXT(got_text, rows[i].whole ? want : "",
		         "a source that is read %s has %s hash", rows[i].what,
		         rows[i].whole ? "its" : "no");
	}
}

int main(void)
{
	test_builtin_task();
	test_builtin_session();
	test_expand();
	test_config();
	test_broken();
	test_hash();
	return tap_done();
}
