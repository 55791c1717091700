/* backup: what is saved, the manifest, and parts that take their places. */
#include "ws/backup.h"

#include "base/mem.h"
#include "store/store.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tap.h"
#include "ws/backup_parts.h"
#include "ws/backup_stage.h"
#include "ws/backup_swap.h"

static void test_lines(void)
{
	static const struct {
		const char *text;
		enum err_kind kind;
		const char *name, *path; /* of the first part */
		enum backup_priority priority;
		size_t count;
	} rows[] = {
		{ "/a/b\n", ERR_KIND_NONE, "b", "/a/b", BACKUP_MEDIUM, 1 },
		{ "# x\n\n  low /a/b/  ", ERR_KIND_NONE, "b", "/a/b", BACKUP_LOW, 1 },
		{ "critical keys=/a/.ssh", ERR_KIND_NONE, "keys", "/a/.ssh", BACKUP_CRITICAL, 1 },
		{ "low /x\nhigh /y", ERR_KIND_NONE, "y", "/y", BACKUP_HIGH, 2 },
		{ "/a=b/c", ERR_KIND_NONE, "c", "/a=b/c", BACKUP_MEDIUM, 1 },
		{ "urgent /a", ERR_KIND_NONE, "a", NULL, BACKUP_MEDIUM, 1 },
		{ "/...", ERR_KIND_NONE, "x", "/...", BACKUP_MEDIUM, 1 },
		{ "/-", ERR_KIND_NONE, "x", "/-", BACKUP_MEDIUM, 1 },
		{ "/", ERR_KIND_USAGE, NULL, NULL, 0, 0 },
		{ "a b=/x", ERR_KIND_USAGE, NULL, NULL, 0, 0 },
		{ "=/x", ERR_KIND_USAGE, NULL, NULL, 0, 0 },
		{ "x=", ERR_KIND_USAGE, NULL, NULL, 0, 0 },
		{ "/a\n/a", ERR_KIND_CONFLICT, NULL, NULL, 0, 1 },
		{ "/a\n/a/b", ERR_KIND_CONFLICT, NULL, NULL, 0, 1 },
		{ "n=/a\nn=/b", ERR_KIND_CONFLICT, NULL, NULL, 0, 1 },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		BACKUP_AUTO b = { .count = 0 };
		struct err e = ERR_INIT;
		backup_init(&b);
		int rc = backup_set_lines(&b, str_of(rows[i].text), "list", &e);
		TAP_OK((rc == 0) == (rows[i].kind == ERR_KIND_NONE) && e.kind == rows[i].kind &&
		               b.count == rows[i].count,
		       "the list \"%s\": %s", rows[i].text, e.msg);
		if (rc == 0 && b.count > 0)
			TAP_OK(strcmp(b.parts[0].name, rows[i].name) == 0 &&
			               (!rows[i].path ||
			                strcmp(b.parts[0].path, rows[i].path) == 0) &&
			               b.parts[0].priority == rows[i].priority,
			       "  has the part %s at %s", b.parts[0].name, b.parts[0].path);
	}
}

static bool has_text(int dirfd, const char *path, const char *text)
{
	BUF_AUTO found = buf_make(64);
	struct err e = ERR_INIT;
	return dir_read_file(dirfd, path, &found, &e) == 0 && str_is(buf_str(&found), text);
}

/* A run from the first step to the last; whether all went well. */
static bool save_and_restore(struct store *store, const char *source, const char *target,
                             struct err *e)
{
	BACKUP_AUTO b = { .count = 0 }, loaded = { .count = 0 };
	BACKUP_RESTORE_AUTO r = { .store = store };
	const struct backup_options how = { .keep_going = false };
	const char *names[] = { "one" };
	backup_init(&b);
	return backup_set_add(&b, "one", source, BACKUP_HIGH, e) == 0 &&
	       backup_save_look(&b, store, e) == 0 && backup_save(store, &b, &how, e) == 0 &&
	       backup_manifest_load(store, false, &loaded, NULL, e) == 0 &&
	       backup_restore_choose(&r, &loaded, names, 1, e) == 0 &&
	       backup_restore_to(&r, "one", target, e) == 0 && backup_restore_plan(&r, e) == 0 &&
	       backup_restore_stage(&r, e) == 0 && backup_restore_swap(&r, e) == 0;
}

static void test_round(void)
{
	SCRATCH_AUTO s;
	STORE_AUTO store = NULL;
	struct err e = ERR_INIT;
	scratch_open(&s);
	MEM_AUTO char *url = mem_printf("file://%s/store", s.path);
	MEM_AUTO char *source = mem_printf("%s/source", s.path);
	MEM_AUTO char *target = mem_printf("%s/new/target", s.path);
	if (!scratch_dir(s.fd, "source") || !scratch_file(s.fd, "source/f", "1") ||
	    store_open(url, NULL, &store, &e) != 0)
		abort();
	TAP_OK(save_and_restore(store, source, target, &e) && has_text(s.fd, "new/target/f", "1"),
	       "a directory comes back from its backup: %s", e.msg);
	scratch_file(s.fd, "source/f", "2");
	scratch_file(s.fd, "new/target/stray", "x");
	TAP_OK(save_and_restore(store, source, target, &e) && has_text(s.fd, "new/target/f", "2") &&
	               !scratch_has(s.fd, "new/target/stray") &&
	               scratch_has(s.fd, "new/" BACKUP_QUARANTINE_NAME),
	       "and once more in the place of what is there: %s", e.msg);
}

/* What a killed run left, in the form of each of its steps, and what the next one makes of it. */
static void test_recover(void)
{
	static const struct {
		const char *state;
		bool inside;
		bool item; /* the stage has the verified item */
		const char *in_target,
			*in_quarantine; /* what has to be there afterwards; NULL: nothing */
		const char *what;
	} rows[] = {
		{ NULL, false, true, "old", NULL, "before the exchange" },
		{ "beside k 1\n", false, true, "old", "new", "after the exchange" },
		{ "beside k 1\n", false, false, "old", NULL, "when all was done" },
		{ "out k 0\n", true, true, "new", "old", "while the old went out" },
		{ "in k 0\n", true, true, "old", NULL, "while the new came in" },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		SCRATCH_AUTO s;
		struct err e = ERR_INIT;
		struct backup_stage stage;
		scratch_open(&s);
		MEM_AUTO char *target = mem_printf("%s/target", s.path);
		const char *own = rows[i].inside ? "target/.ws-restore" : ".ws-restore.target";
		MEM_AUTO char *item = mem_printf("%s/item", own);
		MEM_AUTO char *state = mem_printf("%s/state", own);
		MEM_AUTO char *added =
			mem_printf("%s/%s", item, rows[i].inside && i == 4 ? "g" : "f");
		scratch_dir(s.fd, "target");
		scratch_file(s.fd, "target/f", "old");
		mkdirat(s.fd, own, 0700);
		if (rows[i].item && (!scratch_dir(s.fd, item) || !scratch_file(s.fd, added, "new")))
			abort();
		if (rows[i].state)
			scratch_file(s.fd, state, rows[i].state);
		bool opened = backup_stage_open(target, rows[i].inside, &stage, &e) == 0;
		if (opened)
			backup_stage_close(&stage);
		MEM_AUTO char *kept = mem_printf("%s" BACKUP_QUARANTINE_NAME "/k/f",
		                                 rows[i].inside ? "target/" : "");
		TAP_OK(opened && has_text(s.fd, "target/f", rows[i].in_target) &&
		               (rows[i].in_quarantine ? has_text(s.fd, kept, rows[i].in_quarantine)
		                                      : !scratch_has(s.fd, kept)) &&
		               !scratch_has(s.fd, own),
		       "a restore that was killed %s is set right: %s", rows[i].what, e.msg);
	}
}

static void test_state(void)
{
	static const char *const states[] = { "",           "x",         "beside k",
		                              "beside k x", "in ../k 0", "beside a/k 1",
		                              "out k 0",    "in k 0",    "later k 0" };
	for (size_t i = 0; i < COUNTOF(states); i++) {
		SCRATCH_AUTO s;
		struct err e = ERR_INIT;
		struct backup_stage stage;
		scratch_open(&s);
		MEM_AUTO char *target = mem_printf("%s/target", s.path);
		scratch_dir(s.fd, "target");
		scratch_file(s.fd, "target/f", "old");
		mkdirat(s.fd, ".ws-restore.target", 0700);
		scratch_file(s.fd, ".ws-restore.target/state", states[i]);
		TAP_OK(backup_stage_open(target, false, &stage, &e) != 0 &&
		               has_text(s.fd, "target/f", "old"),
		       "the state \"%s\" is refused: %s", states[i], e.msg);
	}
}

int main(void)
{
	test_lines();
	test_round();
	test_recover();
	test_state();
	return tap_done();
}
