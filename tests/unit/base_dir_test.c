/* Bases: which directories can be one, what lies in them, ids, areas. And the journal, which lies there. */
#include "ws/base_dir.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "data/js.h"
#include "os/dir.h"
#include "os/sys.h"
#include "tests/unit/tap.h"
#include "ws/journal.h"

static char top[] = "/tmp/ws-base-test-XXXXXX";

static char *at(const char *path)
{
	return mem_printf("%s/%s", top, path);
}

static enum err_kind open_kind(const char *path, bool create)
{
	BASE_DIR_AUTO b;
	struct err e = ERR_INIT;
	if (base_dir_open(path, create, &b, &e) == 0)
		return ERR_KIND_NONE;
	if (b.fd != -1 || b.ws_fd != -1 || b.path)
		return ERR_KIND_BUG;
	return e.kind;
}

static void test_open(void)
{
	MEM_AUTO char *base = at("deep/er/base");
	MEM_AUTO char *marker = at("deep/er/base/.ws/base.json");
	MEM_AUTO char *inside = at("deep/er/base/.ws/store");
	MEM_AUTO char *dots = at("deep/./er/../er//base/");
	MEM_AUTO char *link_path = at("link");
	MEM_AUTO char *through = at("link/base");
	MEM_AUTO char *file = at("file");
	TAP_INT(open_kind(base, false), ERR_KIND_NOT_FOUND, "a base that is absent is not found");
	TAP_INT(open_kind(base, true), 0, "it is made when asked for");
	TAP_OK(access(marker, F_OK) == 0, "with its marker");
	TAP_INT(open_kind(base, false), 0, "then it can be opened");
	TAP_INT(open_kind(base, true), 0, "and made again");
	TAP_INT(open_kind(inside, true), ERR_KIND_USAGE,
	        "nothing in the .ws of a base can be a base");
	TAP_INT(open_kind("/", true), ERR_KIND_USAGE, "the root directory can't be a base");
	TAP_INT(open_kind("/tmp/..", true), ERR_KIND_USAGE, "in no disguise");
	TAP_INT(open_kind("", true), ERR_KIND_USAGE, "nor can an empty path");
	setenv("HOME", top, 1);
	TAP_INT(open_kind(top, true), ERR_KIND_USAGE, "nor the home directory");
	MEM_AUTO char *deep = at("deep/er");
	if (symlink(deep, link_path) != 0)
		abort();
	TAP_INT(open_kind(link_path, true), ERR_KIND_USAGE, "nor a symbolic link");
	TAP_INT(open_kind(through, false), 0, "but a link on the way is fine");
	BASE_DIR_AUTO b;
	struct err e = ERR_INIT;
	TAP_INT(base_dir_open(dots, false, &b, &e), 0, "a path with dots is fine, too");
	MEM_AUTO char *resolved = realpath(base, NULL);
	TAP_TEXT(b.path, resolved, "it is resolved to the shortest form");
	if (unlink(marker) != 0)
		abort();
	TAP_INT(open_kind(base, false), ERR_KIND_CONFIG,
	        "a directory without the marker is no base");
	TAP_INT(open_kind(base, true), 0, "unless it is made one");
	TAP_INT(close(open(file, O_CREAT | O_WRONLY, 0600)), 0, "there is a plain file");
	TAP_OK(open_kind(file, true) != ERR_KIND_NONE, "a plain file is no base");
	struct stat st;
	MEM_AUTO char *ws = at("deep/er/base/.ws");
	TAP_OK(stat(ws, &st) == 0 && (st.st_mode & 0777) == 0700, ".ws is for its owner alone");
}

static void test_link_as_ws(void)
{
	MEM_AUTO char *base = at("trap");
	MEM_AUTO char *ws = at("trap/.ws");
	if (mkdir(base, 0700) != 0 || symlink("/tmp", ws) != 0)
		abort();
	TAP_OK(open_kind(base, true) != ERR_KIND_NONE,
	       "a link in the place of .ws is not followed");
}

static void test_ids(void)
{
	static const struct {
		const char *id;
		bool good;
	} rows[] = {
		{ "a", true },           { "task-1763671234567-k3j9x2a1b", true },
		{ "A.b_c-9", true },     { "sess_cse_1", true },
		{ "0", true },           { "", false },
		{ ".", false },          { "..", false },
		{ ".ws", false },        { "-a", false },
		{ "_a", false },         { "a/b", false },
		{ "a b", false },        { "a\n", false },
		{ "\xc3\xa4", false },   { "spool", false },
		{ "trash", false },      { "staging", false },
		{ "quarantine", false }, { "store", false },
		{ "base.json", false },  { "audit.jsonl", false },
		{ "gc.lock", false },    { "keys.lock", false },
		{ "spool2", true },      { "Trash", true },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		struct err e = ERR_INIT;
		int got = base_dir_check_id(rows[i].id, &e);
		TAP_INT(e.kind, rows[i].good ? ERR_KIND_NONE : ERR_KIND_USAGE,
		        "the id \"%s\" is %s", rows[i].id, got == 0 ? "taken" : "refused");
	}
	char longest[BASE_DIR_ID_MAX + 2];
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	struct err e = ERR_INIT;
	TAP_INT(base_dir_check_id(longest, &e), -1, "an id of 129 bytes is refused");
	longest[BASE_DIR_ID_MAX] = '\0';
	err_clear(&e);
	TAP_INT(base_dir_check_id(longest, &e), 0, "one of 128 is taken");
	char made[BASE_DIR_ID_MAX + 1];
	sys_fake_clock(1763671234567);
	base_dir_new_id(made);
	sys_fake_clock(-1);
	TAP_OK(base_dir_check_id(made, &e) == 0 && strncmp(made, "task-1763671234567-", 19) == 0 &&
	               strlen(made) == 28,
	       "an id that is made up has time and chance in it: %s", made);
}

static void test_areas(void)
{
	MEM_AUTO char *base = at("areas");
	BASE_DIR_AUTO b;
	struct err e = ERR_INIT;
	FD_AUTO made = -1, trash = -1;
	char as[256];
	if (base_dir_open(base, true, &b, &e) != 0 ||
	    dir_make(b.fd, "w1/sub", 0700, &made, &e) != 0)
		abort();
	TAP_INT(base_dir_set_aside(&b, b.fd, "w1", "trash", "w1", as, &e), 0,
	        "a workspace is set aside");
	TAP_INT(dir_exists(b.fd, "w1", &e), 0, "it is gone from its place");
	TAP_OK(base_dir_area(&b, "trash", &trash, &e) == 0 && dir_exists(trash, as, &e) == 1,
	       "it lies in the trash under the name that was given");
	TAP_INT(base_dir_set_aside(&b, b.fd, "w1", "trash", "w1", as, &e), -1,
	        "what is absent can't be set aside");
	err_clear(&e);
	struct remove_stats stats = { .entries = 0 };
	char **names;
	size_t count;
	if (dir_list(trash, 10, &names, &count, &e) != 0 || count != 1)
		abort();
	TAP_INT(base_dir_delete(&b, "trash", names[0], &stats, &e), 0, "it is deleted");
	TAP_INT(stats.entries, 2, "with what was in it");
	TAP_INT(base_dir_delete(&b, "trash", names[0], &stats, &e), 0,
	        "deleting what is absent is fine");
	mem_free(names);
}

/* A deletion that was killed: the name that a record may hold must not lead to half a tree. */
static void test_half_deleted(void)
{
	MEM_AUTO char *base = at("half");
	BASE_DIR_AUTO b;
	struct err e = ERR_INIT;
	FD_AUTO trash = -1, made = -1;
	if (base_dir_open(base, true, &b, &e) != 0 || base_dir_area(&b, "trash", &trash, &e) != 0 ||
	    dir_make(trash, "1.w.aaaaaaaaa.gone/x", 0700, &made, &e) != 0)
		abort();
	TAP_INT(base_dir_delete(&b, "trash", "1.w.aaaaaaaaa.gone", NULL, &e), 0,
	        "what a killed deletion left can be deleted by its name");
	TAP_INT(dir_exists(trash, "1.w.aaaaaaaaa.gone", &e), 0, "and is gone then");
}

static void test_urls(void)
{
	MEM_AUTO char *base = at("urls");
	BASE_DIR_AUTO b;
	struct err e = ERR_INIT;
	if (base_dir_open(base, true, &b, &e) != 0)
		abort();
	MEM_AUTO char *url = base_dir_store_url(&b);
	MEM_AUTO char *path = base_dir_workspace_path(&b, "w1");
	MEM_AUTO char *want_url = mem_printf("file://%s/.ws/store", b.path);
	MEM_AUTO char *want_path = mem_printf("%s/w1", b.path);
	TAP_TEXT(url, want_url, "the embedded store lies in .ws");
	TAP_TEXT(path, want_path, "a workspace lies in the base");
}

static void test_journal(void)
{
	MEM_AUTO char *base = at("journal");
	BASE_DIR_AUTO b;
	struct err e = ERR_INIT;
	BUF_AUTO text = buf_make(10000);
	if (base_dir_open(base, true, &b, &e) != 0)
		abort();
	sys_fake_clock(1000);
	struct js *fields = js_object();
	js_set_text(fields, "key", "a\nb");
	js_set_int(fields, "size", 7);
	journal_add(&b, "save", "w1", fields);
	journal_add(&b, "trash", "w1", NULL);
	sys_fake_clock(-1);
	if (dir_read_file(b.ws_fd, "audit.jsonl", &text, &e) != 0)
		abort();
	struct str first, rest;
	TAP_OK(str_cut(buf_str(&text), '\n', &first, &rest) &&
	               str_index(rest, '\n') == (ptrdiff_t)rest.len - 1,
	       "two events are two lines");
	JS_AUTO line = NULL;
	TAP_INT(js_parse(first, "line", &line, &e), 0, "each is a JSON document");
	TAP_OK(str_is(js_get_str(line, "time"), "1970-01-01T00:00:01.000Z"), "with the time");
	TAP_OK(str_is(js_get_str(line, "event"), "save") && str_is(js_get_str(line, "id"), "w1"),
	       "the event and the workspace");
	TAP_OK(str_is(js_get_str(line, "key"), "a\nb") && js_get_int(line, "size", 0) == 7,
	       "and its fields");
	TAP_INT(js_get_int(line, "pid", 0), getpid(), "and the process");
}

int main(void)
{
	if (!mkdtemp(top))
		return 1;
	test_open();
	test_link_as_ws();
	test_ids();
	test_areas();
	test_half_deleted();
	test_urls();
	test_journal();
	struct err e = ERR_INIT;
	FD_AUTO tmp = -1;
	TAP_OK(dir_open_root("/tmp", &tmp, &e) == 0 && remove_tree(tmp, top + 5, NULL, &e) == 0,
	       "all of it is removed");
	return tap_done();
}
