/* Setup: what it makes, what it finds, what it leaves when it fails. */
#include "ws/setup.h"

#include "tests/unit/workspace.h"
#include "ws/part.h"
#include "ws/setup_plan.h"

static void test_new(void)
{
	WORLD_AUTO w = make_world();
	SETUP_AUTO s;
	struct err e = ERR_INIT;
	const char *labels[] = { "team=blue", "x=" };
	struct setup_options o = setup_of(&w, "w1");
	o.labels = labels;
	o.label_count = 2;
	o.owner = "me";
	TAP_INT(setup_run(&o, &s, &e), 0, "a workspace is made: %s", e.msg);
	MEM_AUTO char *path = path_of(&w, "base/w1");
	struct stat st;
	TAP_OK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0700,
	       "its directory is for its owner alone");
	TAP_OK(s.action == SETUP_RESTORE && !s.adopted && s.parts_absent == 1 &&
	               s.parts_restored == 0,
	       "the store had nothing for it");
	TAP_OK(s.record.state == RECORD_READY && s.record.ready_ms > 0,
	       "its record says that it is ready");
	TAP_OK(s.record.parts[0].has_token && s.record.parts[0].was_absent,
	       "and that nothing was there (law 1)");
	TAP_INT(s.record.root_ino, (int64_t)st.st_ino, "and which directory it is");
	TAP_OK(str_is(js_get_str(s.record.labels, "team"), "blue") &&
	               strcmp(s.record.owner, "me") == 0,
	       "and its labels and owner");
	TAP_INT(count_in(&w, "base/.ws/staging"), 0, "nothing is left of the making");
	TAP_INT(set_up(&w, "w1"), ERR_KIND_TRY_AGAIN,
	        "while it is held nobody else can set it up: %s", w.last.msg);
	setup_close(&s);
	TAP_INT(set_up(&w, "w1"), 0, "afterwards it can be taken up again");
	TAP_OK(!is_there(&w, "store"), "nothing was written to the store");
}

static void test_bad_options(void)
{
	WORLD_AUTO w = make_world();
	const char *labels[] = { "nonsense" };
	struct setup_options o = setup_of(&w, "../x");
	TAP_INT(set_up_with(&w, &o), ERR_KIND_USAGE, "an id that climbs out is refused");
	o = setup_of(&w, "w1");
	o.labels = labels;
	o.label_count = 1;
	TAP_INT(set_up_with(&w, &o), ERR_KIND_USAGE, "a label without a value is refused");
	TAP_OK(!is_there(&w, "base/w1") && !is_there(&w, "base/.ws/w1"),
	       "and nothing is left behind");
	o = setup_of(&w, "w1");
	o.profile = "nope";
	TAP_INT(set_up_with(&w, &o), ERR_KIND_NOT_FOUND, "an unknown profile is not found");
	o.profile = "session";
	TAP_INT(set_up_with(&w, &o), ERR_KIND_USAGE, "profile session needs its words");
	o.workspace = "w/1";
	o.session = "s1";
	TAP_INT(set_up_with(&w, &o), ERR_KIND_USAGE, "a word that would be a path is refused");
	o = setup_of(&w, "w1");
	o.store = "ftp://x";
	TAP_INT(set_up_with(&w, &o), ERR_KIND_USAGE, "a store of an unknown kind is refused");
	TAP_OK(!is_there(&w, "base/w1") && !is_there(&w, "base/.ws/w1"),
	       "and nothing is left behind again");
}

static void test_round_trip(void)
{
	WORLD_AUTO w = make_world();
	set_up(&w, "w1");
	put_file(&w, "base/w1/a.txt", "alpha");
	put_file(&w, "base/w1/deep/er/b.txt", "beta");
	put_dir(&w, "base/w1/empty");
	MEM_AUTO char *link_path = path_of(&w, "base/w1/link");
	MEM_AUTO char *script = path_of(&w, "base/w1/a.txt");
	if (symlink("deep/er/b.txt", link_path) != 0 || chmod(script, 0750) != 0)
		abort();
	TAP_INT(tear_down(&w, "w1"), 0, "a workspace is saved and removed: %s", w.last.msg);
	TAP_OK(!is_there(&w, "base/w1"), "it is gone");
	SETUP_AUTO s;
	struct err e = ERR_INIT;
	const struct setup_options o = setup_of(&w, "w1");
	TAP_INT(setup_run(&o, &s, &e), 0, "it is made again: %s", e.msg);
	TAP_OK(s.parts_restored == 1 && s.restored_entries >= 6 && s.restored_bytes == 9,
	       "from the store");
	TAP_OK(has(&w, "base/w1/a.txt", "alpha") && has(&w, "base/w1/link", "beta") &&
	               is_there(&w, "base/w1/empty"),
	       "with all that was in it");
	struct stat st;
	TAP_OK(stat(script, &st) == 0 && (st.st_mode & 07777) == 0750, "modes, too");
	TAP_OK(s.record.parts[0].has_token && !s.record.parts[0].was_absent &&
	               s.record.parts[0].token.etag[0],
	       "the record has the state that it was made from");
}

static void test_adopt(void)
{
	WORLD_AUTO w = make_world();
	set_up(&w, "w1");
	put_file(&w, "base/w1/a", "work");
	SETUP_AUTO s;
	struct err e = ERR_INIT;
	const struct setup_options o = setup_of(&w, "w1");
	TAP_OK(setup_run(&o, &s, &e) == 0 && s.adopted && s.action == SETUP_ADOPT,
	       "a workspace that is there is adopted");
	TAP_OK(has(&w, "base/w1/a", "work"), "as it is");
	setup_close(&s);
	struct setup_options other = setup_of(&w, "w1");
	other.store = "file:///somewhere/else";
	TAP_INT(set_up_with(&w, &other), ERR_KIND_CONFLICT, "it stays with its store: %s",
	        w.last.msg);
	other = setup_of(&w, "w1");
	other.profile = "session";
	other.workspace = "a";
	other.session = "b";
	TAP_INT(set_up_with(&w, &other), ERR_KIND_CONFLICT, "and with its profile: %s", w.last.msg);
	other = setup_of(&w, "w1");
	other.store = NULL;
	TAP_INT(set_up_with(&w, &other), 0, "no store said is the record's");
}

/* ---- failures leave nothing and lead to no upload ---- */

static void test_corrupt(void)
{
	WORLD_AUTO w = make_world();
	put_file(&w, "store/tasks/w1.tar.gz",
	         "this is no archive at all, but long enough to be looked at");
	TAP_INT(set_up(&w, "w1"), ERR_KIND_DATA, "a corrupt archive fails the setup: %s",
	        w.last.msg);
	TAP_OK(strstr(w.last.msg, "tasks/w1.tar.gz") != NULL, "the message names it");
	TAP_OK(!is_there(&w, "base/w1") && !is_there(&w, "base/.ws/w1"),
	       "neither directory nor record is left");
	TAP_INT(count_in(&w, "base/.ws/staging"), 0, "nor anything half unpacked");
	TAP_INT(tear_down(&w, "w1"), ERR_KIND_NOT_FOUND, "teardown has nothing to save");
	TAP_OK(has(&w, "store/tasks/w1.tar.gz",
	           "this is no archive at all, but long enough to be looked at"),
	       "the object is untouched");

	set_up(&w, "w2");
	put_file(&w, "base/w2/a", "good");
	tear_down(&w, "w2");
	MEM_AUTO char *object = path_of(&w, "store/tasks/w2.tar.gz");
	if (truncate(object, 40) != 0)
		abort();
	TAP_INT(set_up(&w, "w2"), ERR_KIND_DATA, "a cut archive fails it, too: %s", w.last.msg);
	TAP_TEXT(state_of(&w, "w2"), "saved", "the record is what it was before");
	TAP_OK(!is_there(&w, "base/w2"), "there is no directory");
	TAP_INT(tear_down(&w, "w2"), 0, "teardown finds it saved");
	struct stat st;
	TAP_OK(stat(object, &st) == 0 && st.st_size == 40, "and touches nothing");
}

static void test_store_fails(void)
{
	WORLD_AUTO w = make_world();
	put_file(&w, "store", "a file, where the store's directory should be");
	enum err_kind kind = set_up(&w, "w1");
	TAP_OK(kind != ERR_KIND_NONE, "a store that can't be asked is not an empty one: %s",
	       w.last.msg);
	TAP_OK(!is_there(&w, "base/w1") && !is_there(&w, "base/.ws/w1"), "nothing is left");
}

static void test_bad_record(void)
{
	WORLD_AUTO w = make_world();
	set_up(&w, "w1");
	put_file(&w, "base/w1/a", "work");
	put_file(&w, "base/.ws/w1/record.json", "{ broken");
	TAP_INT(set_up(&w, "w1"), ERR_KIND_DATA, "a record that can't be read fails the setup: %s",
	        w.last.msg);
	TAP_OK(has(&w, "base/.ws/w1/record.json", "{ broken") && has(&w, "base/w1/a", "work"),
	       "record and workspace stay for somebody to look at");
	TAP_INT(tear_down(&w, "w1"), ERR_KIND_DATA, "teardown does not touch them either");
	TAP_OK(has(&w, "base/w1/a", "work") && !is_there(&w, "store"),
	       "nothing is saved or removed");
}

/* ---- what crashes, users and strangers leave ---- */

struct case_row {
	const char *what;
	enum record_state state;
	bool dir, made, stray, spool, trash, tokens;
	enum setup_action action;
	bool dir_is_stray, dir_is_saved, spool_is_saved, lost;
};

static void test_plan(void)
{
	static const struct case_row rows[] = {
		{ .what = "ready, there",
		  .state = RECORD_READY,
		  .dir = true,
		  .tokens = true,
		  .action = SETUP_ADOPT },
		{ .what = "ready, gone",
		  .state = RECORD_READY,
		  .tokens = true,
		  .action = SETUP_RESTORE,
		  .lost = true },
		{ .what = "ready, something else in its place",
		  .state = RECORD_READY,
		  .stray = true,
		  .tokens = true,
		  .action = SETUP_RESTORE,
		  .dir_is_stray = true,
		  .lost = true },
		{ .what = "ready, in the spool",
		  .state = RECORD_READY,
		  .spool = true,
		  .tokens = true,
		  .action = SETUP_UNSPOOL },
		{ .what = "creating, nothing", .state = RECORD_CREATING, .action = SETUP_RESTORE },
		{ .what = "creating, tokens, nothing",
		  .state = RECORD_CREATING,
		  .tokens = true,
		  .action = SETUP_RESTORE },
		{ .what = "creating, tokens, there",
		  .state = RECORD_CREATING,
		  .dir = true,
		  .made = true,
		  .tokens = true,
		  .action = SETUP_FINISH },
		{ .what = "creating, tokens, a stranger's there",
		  .state = RECORD_CREATING,
		  .dir = true,
		  .tokens = true,
		  .action = SETUP_RESTORE,
		  .dir_is_stray = true },
		{ .what = "creating, no tokens, there",
		  .state = RECORD_CREATING,
		  .dir = true,
		  .made = true,
		  .action = SETUP_RESTORE,
		  .dir_is_stray = true },
		{ .what = "saving, there",
		  .state = RECORD_SAVING,
		  .dir = true,
		  .tokens = true,
		  .action = SETUP_ADOPT },
		{ .what = "saving, in the spool",
		  .state = RECORD_SAVING,
		  .spool = true,
		  .tokens = true,
		  .action = SETUP_UNSPOOL },
		{ .what = "spooled",
		  .state = RECORD_SPOOLED,
		  .spool = true,
		  .tokens = true,
		  .action = SETUP_UNSPOOL },
		{ .what = "spooled, brought back already",
		  .state = RECORD_SPOOLED,
		  .dir = true,
		  .tokens = true,
		  .action = SETUP_ADOPT },
		{ .what = "spooled, and another there",
		  .state = RECORD_SPOOLED,
		  .dir = true,
		  .spool = true,
		  .tokens = true,
		  .action = SETUP_UNSPOOL,
		  .dir_is_stray = true },
		{ .what = "spooled, and lost",
		  .state = RECORD_SPOOLED,
		  .tokens = true,
		  .action = SETUP_RESTORE,
		  .lost = true },
		{ .what = "saved", .state = RECORD_SAVED, .tokens = true, .action = SETUP_RESTORE },
		{ .what = "saved, not removed",
		  .state = RECORD_SAVED,
		  .dir = true,
		  .tokens = true,
		  .action = SETUP_RESTORE,
		  .dir_is_saved = true },
		{ .what = "saved from the spool, not removed",
		  .state = RECORD_SAVED,
		  .spool = true,
		  .tokens = true,
		  .action = SETUP_RESTORE,
		  .spool_is_saved = true },
		{ .what = "trashed, still there",
		  .state = RECORD_TRASHED,
		  .trash = true,
		  .tokens = true,
		  .action = SETUP_UNTRASH },
		{ .what = "trashed, brought back already",
		  .state = RECORD_TRASHED,
		  .dir = true,
		  .tokens = true,
		  .action = SETUP_ADOPT },
		{ .what = "trashed, deleted",
		  .state = RECORD_TRASHED,
		  .tokens = true,
		  .action = SETUP_RESTORE },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		const struct case_row *row = &rows[i];
		RECORD_AUTO r;
		record_init(&r, "w");
		r.state = row->state;
		record_part(&r, "p")->has_token = row->tokens;
		r.parts[0].was_absent = true;
		const struct place place = { row->dir, row->stray, row->made, row->spool,
			                     row->trash };
		struct setup_plan plan = setup_plan_make(&r, &place);
		TAP_OK(plan.action == row->action && plan.dir_is_stray == row->dir_is_stray &&
		               !plan.spool_is_stray && plan.dir_is_saved == row->dir_is_saved &&
		               plan.spool_is_saved == row->spool_is_saved && plan.lost == row->lost,
		       "%s: %s", row->what, setup_action_name(row->action));
	}
	const struct place nothing = { .dir = false }, both = { .stray = true, .spool = true };
	TAP_INT(setup_plan_make(NULL, &nothing).action, SETUP_RESTORE, "no record: restore");
	struct setup_plan plan = setup_plan_make(NULL, &both);
	TAP_OK(plan.action == SETUP_RESTORE && plan.dir_is_stray && plan.spool_is_stray,
	       "no record, and things in the way: they are set aside");
}

static void test_stray(void)
{
	WORLD_AUTO w = make_world();
	set_up(&w, "other");
	put_file(&w, "base/w1/theirs", "precious");
	SETUP_AUTO s;
	struct err e = ERR_INIT;
	const struct setup_options o = setup_of(&w, "w1");
	TAP_INT(setup_run(&o, &s, &e), 0,
	        "a directory without a record is in the way, but not for long");
	TAP_OK(s.stray != NULL, "setup says where it is now: %s", s.stray ? s.stray : "");
	TAP_INT(count_in(&w, "base/.ws/quarantine"), 1, "in quarantine");
	TAP_INT(count_in(&w, "base/w1"), 0, "nothing of it is in the workspace (law 6)");
	MEM_AUTO char *kept = mem_printf("%s/theirs", s.stray ? s.stray : "");
	TAP_OK(access(kept, F_OK) == 0, "nothing of it is lost");

	put_file(&w, "store/tasks/w2.tar.gz", "corrupt");
	put_file(&w, "base/w2/theirs", "precious");
	TAP_INT(set_up(&w, "w2"), ERR_KIND_DATA, "when the restore fails");
	TAP_OK(has(&w, "base/w2/theirs", "precious"), "the stray stays where it was");
}

static void test_replaced(void)
{
	WORLD_AUTO w = make_world();
	set_up(&w, "w1");
	put_file(&w, "base/w1/a", "work");
	tear_down(&w, "w1");
	set_up(&w, "w1");
	rename_in(&w, "base/w1", "elsewhere");
	put_dir(&w, "base/w1");
	TAP_INT(tear_down(&w, "w1"), ERR_KIND_NOT_FOUND,
	        "an empty directory in the place is never saved: %s", w.last.msg);
	TAP_INT(set_up(&w, "w1"), 0, "setup sets it aside");
	TAP_OK(has(&w, "base/w1/a", "work"), "and restores from the store");
}

static void test_gone(void)
{
	WORLD_AUTO w = make_world();
	set_up(&w, "w1");
	put_file(&w, "base/w1/a", "saved");
	tear_down(&w, "w1");
	set_up(&w, "w1");
	delete_in(&w, "base/w1");
	TAP_INT(set_up(&w, "w1"), 0, "a workspace that was deleted by hand is made again");
	TAP_OK(has(&w, "base/w1/a", "saved"), "from what the store has");
}

static void test_finish(void)
{
	WORLD_AUTO w = make_world();
	set_up(&w, "w1");
	put_file(&w, "base/w1/a", "restored");
	set_state(&w, "w1", RECORD_CREATING);
	TAP_INT(set_up(&w, "w1"), 0, "a setup that was killed after its rename is finished");
	TAP_OK(has(&w, "base/w1/a", "restored"), "with what was there");
	TAP_TEXT(state_of(&w, "w1"), "ready", "and ready");

	RECORD_AUTO r;
	load(&w, "w1", &r);
	r.state = RECORD_CREATING;
	r.parts[0].has_token = false;
	save(&w, &r);
	put_dir(&w, "base/.ws/staging/w1.abcdefghi");
	put_file(&w, "base/.ws/staging/w1.abcdefghi/half", "unpacked");
	put_dir(&w, "base/.ws/staging/w1.b.abcdefghi");
	put_file(&w, "base/.ws/w1/.ws-tmp-abcdefghi", "half a record");
	TAP_INT(set_up(&w, "w1"), 0, "without its tokens it starts over");
	TAP_INT(count_in(&w, "base/.ws/quarantine"), 1, "what was there is in quarantine");
	TAP_OK(!is_there(&w, "base/.ws/staging/w1.abcdefghi"), "what it had unpacked is removed");
	TAP_OK(!is_there(&w, "base/.ws/w1/.ws-tmp-abcdefghi"),
	       "and what it had written of its record");
	TAP_OK(is_there(&w, "base/.ws/staging/w1.b.abcdefghi"), "but not another workspace's");
}

static void test_saved_leftover(void)
{
	WORLD_AUTO w = make_world();
	set_up(&w, "w1");
	put_file(&w, "base/w1/a", "saved");
	tear_down_with(&w, "w1", (struct teardown_options){ .keep = true, .wake_fd = -1 });
	set_state(&w, "w1", RECORD_SAVED);
	TAP_INT(set_up(&w, "w1"), 0, "a removal that was cut off is done first");
	TAP_OK(has(&w, "base/w1/a", "saved"), "then the workspace is restored");
	TAP_INT(count_in(&w, "base/.ws/trash"), 1, "the old directory is in the trash");
}

/* ---- idempotency ---- */

static void test_key(void)
{
	WORLD_AUTO w = make_world();
	SETUP_AUTO first;
	SETUP_AUTO second;
	SETUP_AUTO third;
	struct err e = ERR_INIT;
	struct setup_options o = setup_of(&w, NULL);
	o.idempotency_key = "request 1";
	TAP_INT(setup_run(&o, &first, &e), 0, "a workspace is made under a key");
	char id[BASE_DIR_ID_MAX + 1];
	snprintf(id, sizeof(id), "%s", first.record.id);
	setup_close(&first);
	TAP_OK(setup_run(&o, &second, &e) == 0 && strcmp(second.record.id, id) == 0 &&
	               second.adopted,
	       "the same key gives the same workspace");
	o.idempotency_key = "request 2";
	TAP_OK(setup_run(&o, &third, &e) == 0 && strcmp(third.record.id, id) != 0,
	       "another key gives another");
	o.idempotency_key = "";
	TAP_INT(set_up_with(&w, &o), ERR_KIND_USAGE, "an empty key is refused");
}

static void test_key_race(void)
{
	enum { CHILDREN = 6 };
	WORLD_AUTO w = make_world();
	struct setup_options o = setup_of(&w, NULL);
	o.idempotency_key = "one";
	o.wait_ms = 20000;
	pid_t children[CHILDREN];
	for (int i = 0; i < CHILDREN; i++) {
		children[i] = fork();
		if (children[i] == 0)
			_exit(set_up_with(&w, &o) == ERR_KIND_NONE ? 0 : 1);
	}
	int good = 0;
	for (int i = 0; i < CHILDREN; i++) {
		int status;
		waitpid(children[i], &status, 0);
		good += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	}
	TAP_INT(good, CHILDREN, "six setups at once with one key all succeed");
	TAP_INT(count_in(&w, "base"), 2, "and there is one workspace (and .ws)");
}

/* ---- options ---- */

static void test_dry_run(void)
{
	WORLD_AUTO w = make_world();
	struct setup_options o = setup_of(&w, "w1");
	o.dry_run = true;
	TAP_INT(set_up_with(&w, &o), 0, "a dry run works without a base");
	TAP_OK(!is_there(&w, "base"), "and makes none");
	set_up(&w, "w1");
	put_file(&w, "base/w1/a", "x");
	tear_down(&w, "w1");
	SETUP_AUTO s;
	struct err e = ERR_INIT;
	TAP_INT(setup_run(&o, &s, &e), 0, "a dry run of a restore");
	TAP_OK(s.action == SETUP_RESTORE && s.parts_restored == 1 && s.restored_bytes > 0,
	       "says what it would restore");
	TAP_OK(!is_there(&w, "base/w1"), "and restores nothing");
	TAP_TEXT(state_of(&w, "w1"), "saved", "nor changes the record");
}

static void test_from(void)
{
	WORLD_AUTO w = make_world();
	set_up(&w, "w1");
	put_file(&w, "base/w1/a", "template");
	tear_down(&w, "w1");
	MEM_AUTO char *archive = path_of(&w, "store/tasks/w1.tar.gz");
	struct setup_options o = setup_of(&w, "w2");
	o.from = archive;
	TAP_INT(set_up_with(&w, &o), 0, "a workspace starts from an archive: %s", w.last.msg);
	TAP_OK(has(&w, "base/w2/a", "template"), "it has what was in it");
	put_file(&w, "base/w2/a", "own work");
	tear_down(&w, "w2");
	TAP_INT(set_up_with(&w, &o), 0, "it is made again with the same option");
	TAP_OK(has(&w, "base/w2/a", "own work"), "what the store has goes before the archive");
	o = setup_of(&w, "w3");
	o.from = "/no/such/archive";
	TAP_INT(set_up_with(&w, &o), ERR_KIND_NOT_FOUND,
	        "an archive that is absent is an error: %s", w.last.msg);
	TAP_OK(!is_there(&w, "base/w3") && !is_there(&w, "base/.ws/w3"), "and nothing is left");
}

static void test_owner_and_mode(void)
{
	WORLD_AUTO w = make_world();
	struct setup_options o = setup_of(&w, "w1");
	o.set_mode = true;
	o.mode = 02775;
	umask(077);
	set_up_with(&w, &o);
	umask(022);
	MEM_AUTO char *path = path_of(&w, "base/w1");
	struct stat st;
	TAP_OK(stat(path, &st) == 0 && (st.st_mode & 07777) == 02775,
	       "a mode that is said is set, whatever the umask");
	if (geteuid() != 0) {
		tap_skip("--user owns all of it, links themselves", "needs root");
		return;
	}
	put_file(&w, "base/w1/d/a", "x");
	put_file(&w, "outside", "x");
	MEM_AUTO char *link_path = path_of(&w, "base/w1/link");
	MEM_AUTO char *outside = path_of(&w, "outside");
	if (symlink(outside, link_path) != 0)
		abort();
	tear_down(&w, "w1");
	o = setup_of(&w, "w1");
	o.set_user = true;
	o.uid = o.gid = 12345;
	set_up_with(&w, &o);
	MEM_AUTO char *file = path_of(&w, "base/w1/d/a");
	struct stat link_st, out_st, file_st;
	if (lstat(link_path, &link_st) != 0 || stat(outside, &out_st) != 0 ||
	    stat(file, &file_st) != 0 || stat(path, &st) != 0)
		abort();
	TAP_OK(st.st_uid == 12345 && file_st.st_uid == 12345 && link_st.st_uid == 12345,
	       "--user owns all of it");
	TAP_INT(out_st.st_uid, 0, "a link's target does not change hands");
}

/* ---- profile session ---- */

#define HASH_OF_S1 "base/sess_s1/claude-config/projects"

/* The directory of the session's project, as profile_expand names it. */
static char *project(const struct world *w, const char *rest)
{
	const struct profile_words words = { .root = NULL };
	(void)words;
	MEM_AUTO char *root = mem_printf("%s/sess_s1", w->base);
	BUF_AUTO hash = buf_make(1000);
	struct err e = ERR_INIT;
	if (profile_expand("{project_hash}", &(struct profile_words){ .root = root }, &hash, &e) !=
	    0)
		abort();
	return mem_printf("%s/%s%s", HASH_OF_S1, hash.p, rest);
}

static struct setup_options session_of(const struct world *w)
{
	struct setup_options o = setup_of(w, NULL);
	o.profile = "session";
	o.workspace = "w1";
	o.session = "s1";
	return o;
}

static void test_session(void)
{
	WORLD_AUTO w = make_world();
	const struct setup_options o = session_of(&w);
	MEM_AUTO char *transcript = project(&w, "/s1.jsonl");
	MEM_AUTO char *extra = project(&w, "/extra");
	TAP_INT(set_up_with(&w, &o), 0, "a session is made: %s", w.last.msg);
	TAP_OK(is_there(&w, "base/sess_s1/project") &&
	               is_there(&w, "base/sess_s1/claude-config/projects/ws_w1/memory"),
	       "with the directories that the Go package made");
	put_file(&w, "base/sess_s1/claude-config/settings", "shared");
	put_file(&w, transcript, "line 1\n");
	put_file(&w, extra, "auxiliary");
	TAP_INT(tear_down(&w, "sess_s1"), 0, "it is saved: %s", w.last.msg);
	TAP_OK(is_there(&w, "store/workspaces/w1/claude-home.tar.gz") &&
	               is_there(&w, "store/workspaces/w1/sessions/s1.tar.gz") &&
	               has(&w, "store/workspaces/w1/sessions/s1.jsonl", "line 1\n"),
	       "under the keys that the Go package used");
	TAP_INT(w.result.parts_saved, 3, "in three parts");
	TAP_INT(set_up_with(&w, &o), 0, "it is made again: %s", w.last.msg);
	TAP_OK(has(&w, "base/sess_s1/claude-config/settings", "shared") &&
	               has(&w, transcript, "line 1\n") && has(&w, extra, "auxiliary"),
	       "with all parts");
	tear_down(&w, "sess_s1");

	put_file(&w, "store/workspaces/w1/sessions/s1.jsonl",
	         "line 1\nline 2, by the Go package\n");
	TAP_INT(set_up_with(&w, &o), 0, "a newer transcript came to the store");
	TAP_OK(has(&w, transcript, "line 1\nline 2, by the Go package\n"), "it is taken");
	TAP_INT(tear_down(&w, "sess_s1"), 0, "and saved again");
	put_file(&w, "store/workspaces/w1/sessions/s1.jsonl", "old");
	set_age(&w, "store/workspaces/w1/sessions/s1.jsonl", 1000);
	TAP_INT(set_up_with(&w, &o), 0, "an older transcript is in the store");
	TAP_OK(has(&w, transcript, "line 1\nline 2, by the Go package\n"), "it is not taken");
	TAP_INT(tear_down(&w, "sess_s1"), 0, "but known, so that it can be replaced: %s",
	        w.last.msg);
	TAP_OK(has(&w, "store/workspaces/w1/sessions/s1.jsonl",
	           "line 1\nline 2, by the Go package\n"),
	       "and is");
}

/* A stale copy of the session in the shared archive is replaced as a whole, not merged. */
static void test_session_exact(void)
{
	WORLD_AUTO w = make_world();
	struct setup_options o = session_of(&w);
	MEM_AUTO char *fresh = project(&w, "/fresh");
	MEM_AUTO char *stale = project(&w, "/stale");
	set_up_with(&w, &o);
	put_file(&w, fresh, "1");
	tear_down(&w, "sess_s1");
	/* Another layout of the same base, whose shared part has the session's directory in it. */
	static const char config[] = "[profile all]\nid = all\n[part all p]\npath = claude-config\n"
				     "key = workspaces/w1/claude-home.tar.gz\n";
	INI_AUTO ini = { .text = NULL };
	struct err e = ERR_INIT;
	if (ini_parse(str_of(config), "test", &ini, &e) != 0)
		abort();
	struct setup_options all = setup_of(&w, NULL);
	all.profile = "all";
	all.config = &ini;
	if (set_up_with(&w, &all) != 0)
		abort();
	MEM_AUTO char *in_all = mem_printf("base/all%s", stale + strlen("base/sess_s1"));
	put_file(&w, in_all, "2");
	TAP_INT(tear_down_with(&w, "all",
	                       (struct teardown_options){ .config = &ini, .wake_fd = -1 }),
	        0, "a shared archive holds a stale copy of the session: %s", w.last.msg);
	TAP_INT(set_up_with(&w, &o), 0, "the session is made");
	TAP_OK(is_there(&w, fresh) && !is_there(&w, stale),
	       "the stale copy is gone, the session's own is there");
}

static bool in_env(char *const *env, const char *prefix)
{
	for (; *env; env++) {
		if (strncmp(*env, prefix, strlen(prefix)) == 0)
			return true;
	}
	return false;
}

static void test_environment(void)
{
	WORLD_AUTO w = make_world();
	SETUP_AUTO s;
	struct err e = ERR_INIT;
	const struct setup_options o = session_of(&w);
	MEM_TEXTS_AUTO env = NULL;
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	setenv("WS_STORE", "x", 1);
	setenv("KEPT", "yes", 1);
	setenv("CLAUDE_CONFIG_DIR", "/mine", 1);
	if (setup_run(&o, &s, &e) != 0 || setup_environment(&s, NULL, 0, &env, &e) != 0)
		abort();
	MEM_AUTO char *dir = mem_printf("CLAUDE_CONFIG_DIR=%s/sess_s1/claude-config", w.base);
	MEM_AUTO char *path = mem_printf("WORKSPACE_PATH=%s/sess_s1", w.base);
	TAP_OK(in_env(env, "KEPT=yes"), "the command gets the caller's environment");
	TAP_OK(!in_env(env, "AWS_") && !in_env(env, "WS_"), "without credentials and our settings");
	TAP_OK(in_env(env, dir) && !in_env(env, "CLAUDE_CONFIG_DIR=/mine"),
	       "with the profile's variables in front");
	TAP_OK(in_env(env, path) && in_env(env, "WORKSPACE_ID=sess_s1"), "and where it is");
	unsetenv("WS_STORE");
	unsetenv("AWS_SECRET_ACCESS_KEY");
	unsetenv("CLAUDE_CONFIG_DIR");
}

int main(void)
{
	test_new();
	test_bad_options();
	test_round_trip();
	test_adopt();
	test_corrupt();
	test_store_fails();
	test_bad_record();
	test_plan();
	test_stray();
	test_replaced();
	test_gone();
	test_finish();
	test_saved_leftover();
	test_key();
	test_key_race();
	test_dry_run();
	test_from();
	test_owner_and_mode();
	test_session();
	test_session_exact();
	test_environment();
	return tap_done();
}
