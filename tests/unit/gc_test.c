/* gc: the decision, the plan over a real base, and its execution. The save is the test's own: what matters here is when it
 * is asked for, and how. */
#include "gc/gc.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/mem.h"
#include "gc/gc_internal.h"
#include "os/sys.h"
#include "tests/unit/gc_place.h"
#include "ws/teardown.h"

/* ---- in the place of lib/ws/teardown.c ---- */

static struct {
	int calls;
	bool fails, lock_was_held;
	bool loses, loses_trash; /* the directory is gone before the rename; or after it */
	const char *writes;      /* a file that is made in the workspace right after the rename */
	char id[BASE_DIR_ID_MAX + 1];
	struct teardown_options options;
} saved;

static bool is_held(const struct base_dir *b, const char *id)
{
	FD_AUTO dir = -1;
	char holder[LOCK_HOLDER_MAX];
	struct err e = ERR_INIT;
	return record_dir(b, id, false, &dir, &e) == 0 && lock_probe(dir, "lock", holder, &e) == 1;
}

int teardown_run(const struct base_dir *b, const char *id, const struct teardown_options *o,
                 struct lock *held, struct teardown_result *out, struct err *e)
{
	char as[256];
	saved.calls++;
	saved.options = *o;
	saved.lock_was_held = held && held->fd >= 0 && is_held(b, id);
	snprintf(saved.id, sizeof(saved.id), "%s", id);
	if (saved.fails)
		return err_set(e, ERR_KIND_UNAVAILABLE, "the store is down");
	if (saved.loses && remove_tree(b->fd, id, NULL, e) != 0)
		return -1;
	if (saved.loses && o->discard) {
		out->removed = true;
		return 0;
	}
	out->removed = base_dir_set_aside(b, b->fd, id, "trash", id, as, e) == 0;
	snprintf(out->trash_name, sizeof(out->trash_name), "%s", out->removed ? as : "");
	if (saved.loses_trash && base_dir_delete(b, "trash", as, NULL, e) != 0)
		return -1;
	if (saved.writes) {
		char path[600];
		snprintf(path, sizeof(path), "trash/%s/%s", as, saved.writes);
		scratch_file(b->ws_fd, path, "late");
	}
	return out->removed ? 0 : -1;
}

void teardown_result_free(struct teardown_result *r)
{
	mem_free(r->side_key);
}

static void place_start(struct place *p)
{
	memset(&saved, 0, sizeof(saved));
	place_open(p);
}

/* ---- the decision ---- */

static const struct gc_condition idle_one = {
	.has_record = true,
	.record_ok = true,
	.has_directory = true,
	.readable = true,
	.state = RECORD_READY,
	.newest_ms = 1000LL * DAY,
	.now_ms = 1008LL * DAY,
};

static void decides(struct gc_condition c, enum gc_reason reason, const char *sentence)
{
	enum gc_reason why = gc_obstacle(&c);
	TAP_OK(why == reason, "%s (%s)", sentence, gc_reason_name(why));
}

static void test_decision(void)
{
	struct gc_condition c = idle_one;
	decides(c, GC_REASON_IDLE, "nothing forbids to take what is idle and whole");
	c = idle_one;
	c.has_record = false;
	decides(c, GC_REASON_NO_RECORD, "without a record it is not ours");
	c = idle_one;
	c.record_ok = false;
	decides(c, GC_REASON_BAD_RECORD, "a bad record keeps it");
	c = idle_one;
	c.locked = true;
	decides(c, GC_REASON_LOCKED, "a lock keeps it");
	c = idle_one;
	c.mounted = true;
	decides(c, GC_REASON_MOUNT, "a mount keeps it");
	c = idle_one;
	c.readable = false;
	decides(c, GC_REASON_UNREADABLE, "an unreadable tree keeps it");
	c = idle_one;
	c.has_directory = false;
	decides(c, GC_REASON_GONE, "without a directory there is nothing");
	c = idle_one;
	c.state = RECORD_SPOOLED;
	decides(c, GC_REASON_SPOOLED, "what is spooled is kept");
	c = idle_one;
	c.state = RECORD_CREATING;
	decides(c, GC_REASON_NOT_READY, "an unfinished one is kept");
	c = idle_one;
	c.state = RECORD_SAVING;
	decides(c, GC_REASON_IDLE, "an interrupted teardown is finished");
	c = idle_one;
	c.newest_ms = 1008LL * DAY + 5 * 60 * 1000 + 1;
	decides(c, GC_REASON_CLOCK, "use that lies in the future keeps it");
	c = idle_one;
	c.newest_ms = 1008LL * DAY + 5 * 60 * 1000;
	decides(c, GC_REASON_IDLE, "a clock that is a little off is forgiven");
	c = idle_one;
	c.clock_jumped = true;
	decides(c, GC_REASON_CLOCK, "a clock that jumped keeps it");
	c = idle_one;
	c.pinned = true;
	decides(c, GC_REASON_PINNED, "a pin keeps it");
	c = idle_one;
	c.busy = true;
	decides(c, GC_REASON_BUSY, "a process that uses it keeps it");
	c = idle_one;
	c.holds_base = true;
	decides(c, GC_REASON_BASE, "a base in it keeps it");
}

/* Each obstacle alone keeps what is idle; together the first one in the order is told. */
static void test_every_combination(void)
{
	int wrong = 0;
	for (unsigned bits = 1; bits < 1024; bits++) {
		struct gc_condition c = idle_one;
		c.has_record = !(bits & 1);
		c.record_ok = !(bits & 2);
		c.locked = bits & 4;
		c.mounted = bits & 8;
		c.readable = !(bits & 16);
		c.has_directory = !(bits & 32);
		c.pinned = bits & 64;
		c.busy = bits & 128;
		c.holds_base = bits & 256;
		c.clock_jumped = bits & 512;
		wrong += gc_obstacle(&c) == GC_REASON_IDLE;
	}
	TAP_INT(wrong, 0, "no combination of obstacles lets a workspace be taken");
}

static void test_names(void)
{
	static const struct {
		const char *name;
		bool with_time, ok;
		int64_t ms;
		const char *id;
	} rows[] = {
		{ "1700000000000.task-1.abcdefgh0", true, true, 1700000000000, "task-1" },
		{ "5.a.b.c.012345678", true, true, 5, "a.b.c" },
		{ "a.012345678", false, true, 0, "a" },
		{ "a.b.zzzzzzzzz", false, true, 0, "a.b" },
		{ "x.a.012345678", true, false, 0, "" },
		{ "-5.a.012345678", true, false, 0, "" },
		{ "99999999999999999999.a.012345678", true, false, 0, "" },
		{ "5.a.01234567", true, false, 0, "" },
		{ "5.a.0123456789", true, false, 0, "" },
		{ "5.a.01234567A", true, false, 0, "" },
		{ "5..012345678", true, false, 0, "" },
		{ "5.012345678", true, false, 0, "" },
		{ "5.-a.012345678", true, false, 0, "" },
		{ "5.spool.012345678", true, false, 0, "" },
		{ "lost+found", true, false, 0, "" },
		{ "lost+found", false, false, 0, "" },
		{ "", false, false, 0, "" },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		int64_t ms = 0;
		char id[BASE_DIR_ID_MAX + 1] = "";
		int result = gc_name_parse(str_of(rows[i].name), rows[i].with_time, &ms, id);
		TAP_OK((result == 0) == rows[i].ok && ms == rows[i].ms &&
		               strcmp(id, rows[i].id) == 0,
		       "\"%s\" is %s name of %s", rows[i].name, rows[i].ok ? "a" : "no",
		       rows[i].with_time ? "the trash" : "the staging area");
	}
}

/* ---- the plan ---- */

static void make_one_of_each(struct place *p)
{
	make_idle(p, "idle");
	make_idle(p, "young");
	make_record(p, "young", RECORD_READY, DAY);
	make_idle(p, "saving");
	make_record(p, "saving", RECORD_SAVING, 10 * (int64_t)DAY);
	make_idle(p, "spooled");
	make_record(p, "spooled", RECORD_SPOOLED, 10 * (int64_t)DAY);
	make_idle(p, "unfinished");
	make_record(p, "unfinished", RECORD_CREATING, 10 * (int64_t)DAY);
	make_idle(p, "tomorrow");
	make_record(p, "tomorrow", RECORD_READY, -DAY);
	make_record(p, "gone", RECORD_SAVED, 10 * (int64_t)DAY);
	scratch_dir(p->base.fd, "foreign");
	scratch_file(p->base.fd, "notes.txt", "mine");
	make_idle(p, "broken");
	scratch_file(p->base.ws_fd, "broken/record.json", "{\"version\":1");
	make_record(p, "link", RECORD_READY, 10 * (int64_t)DAY);
	scratch_link(p->base.fd, "link", "foreign");
	make_record(p, "file", RECORD_READY, 10 * (int64_t)DAY);
	scratch_file(p->base.fd, "file", "no directory");
}

static void make_areas(struct place *p, char names[4][64])
{
	snprintf(names[0], 64, "%lld.old.000000001", (long long)(p->now_ms - DAY));
	snprintf(names[1], 64, "%lld.fresh.000000002", (long long)(p->now_ms - DAY + 1));
	snprintf(names[2], 64, "%lld.half.000000003.gone", (long long)p->now_ms);
	snprintf(names[3], 64, "%lld.later.000000004", (long long)(p->now_ms + DAY));
	for (int i = 0; i < 4; i++)
		make_area(p, "trash", names[i]);
	make_area(p, "trash", "foreign-thing");
	make_area(p, "staging", "left.000000005");
	make_area(p, "staging", "busy.000000006");
	make_area(p, "staging", "strange");
}

static void test_plan(void)
{
	PLACE_AUTO p;
	place_start(&p);
	char trash[4][64];
	make_one_of_each(&p);
	make_areas(&p, trash);
	make_idle(&p, "held");
	LOCK_AUTO held = take_lock(&p, "held");
	LOCK_AUTO busy = take_lock(&p, "busy");
	const struct {
		const char *name, *says;
	} rows[] = {
		{ "idle", "trash idle" },
		{ "saving", "trash idle" },
		{ "young", "keep young" },
		{ "held", "keep locked" },
		{ "spooled", "keep spooled" },
		{ "unfinished", "keep not-ready" },
		{ "tomorrow", "keep clock" },
		{ "gone", "keep gone" },
		{ "foreign", "keep no-record" },
		{ "notes.txt", "keep no-record" },
		{ "broken", "keep bad-record" },
		{ "link", "keep unreadable" },
		{ "file", "keep unreadable" },
		{ trash[0], "purge trash-old" },
		{ trash[1], "keep trash-fresh" },
		{ trash[2], "purge half-deleted" },
		{ trash[3], "keep clock" },
		{ "foreign-thing", "keep no-record" },
		{ "left.000000005", "clean staging" },
		{ "busy.000000006", "keep locked" },
		{ "strange", "keep no-record" },
	};
	char says[64];
	for (size_t i = 0; i < COUNTOF(rows); i++)
		TAP_TEXT(planned(&p, rows[i].name, says), rows[i].says, "the plan for %s is: %s",
		         rows[i].name, rows[i].says);
	TAP_TEXT(planned(&p, ".ws", says), "not in the plan ", ".ws itself is not in the plan");
	const struct gc_options o = seven_days(&p);
	COLLECTION_AUTO c;
	/* "busy" has a lock, hence a directory in .ws, but neither record nor directory. */
	TAP_OK(collection_open(&c, &p, &o) && c.plan.count == COUNTOF(rows) + 1,
	       "each thing is in the plan once");
	TAP_OK(item_named(&c, trash[2]) < item_named(&c, "left.000000005") &&
	               item_named(&c, "left.000000005") < item_named(&c, "broken"),
	       "what was begun and left comes before anything new: trash, leftovers, workspaces");
	const struct gc_item *item = item_named(&c, "held");
	TAP_OK(item && strncmp(item->detail, "pid ", 4) == 0, "of a lock the holder is told");
	item = item_named(&c, "link");
	TAP_TEXT(item ? item->detail : NULL, "is a symbolic link", "what a link is, is told");
	item = item_named(&c, "idle");
	TAP_OK(item && strcmp(item->profile, "task") == 0 && strcmp(item->owner, "somebody") == 0 &&
	               item->entries == 1 && item->allocated_bytes > 0,
	       "profile, owner and size come along");
}

static void test_fresh_leftovers(void)
{
	PLACE_AUTO p;
	char says[64];
	place_start(&p);
	make_area(&p, "staging", "left.000000005");
	int64_t made_ms = p.now_ms - 10 * (int64_t)DAY;
	sys_fake_clock(made_ms + HOUR - 5000);
	TAP_TEXT(planned(&p, "left.000000005", says), "keep not-ready",
	         "what a setup left is left for an hour");
	sys_fake_clock(made_ms + HOUR + 5000);
	TAP_TEXT(planned(&p, "left.000000005", says), "clean staging", "and no longer");
}

static void test_plan_changes_nothing(void)
{
	PLACE_AUTO p;
	place_start(&p);
	make_idle(&p, "idle");
	unlinkat(p.base.ws_fd, "trash", AT_REMOVEDIR);
	unlinkat(p.base.ws_fd, "staging", AT_REMOVEDIR);
	const struct gc_options o = seven_days(&p);
	COLLECTION_AUTO c;
	TAP_OK(collection_open(&c, &p, &o), "a base without areas can be planned for");
	TAP_OK(!scratch_has(p.base.ws_fd, "trash") && !scratch_has(p.base.ws_fd, "staging") &&
	               !scratch_has(p.base.ws_fd, "audit.jsonl") &&
	               scratch_has(p.base.fd, "idle/file"),
	       "and is as it was afterwards");
}

/* ---- evidence of use ---- */

static void test_record_times(void)
{
	static const struct {
		const char *name;
		size_t offset;
	} rows[] = {
		{ "created_ms", offsetof(struct record, created_ms) },
		{ "ready_ms", offsetof(struct record, ready_ms) },
		{ "last_used_ms", offsetof(struct record, last_used_ms) },
		{ "saved_ms", offsetof(struct record, saved_ms) },
	};
	PLACE_AUTO p;
	char says[64];
	place_start(&p);
	scratch_dir(p.base.fd, "one");
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		struct record r;
		int64_t recent = p.now_ms - DAY;
		record_init(&r, "one");
		r.state = RECORD_READY;
		memcpy((char *)&r + rows[i].offset, &recent, sizeof(recent));
		save_record(&p, &r);
		TAP_TEXT(planned(&p, "one", says), "keep young", "a recent %s is use",
		         rows[i].name);
	}
}

static void test_tree_times(void)
{
	PLACE_AUTO p;
	char says[64];
	place_start(&p);
	make_idle(&p, "one");
	scratch_dir(p.base.fd, "one/a");
	scratch_dir(p.base.fd, "one/a/b");
	scratch_file(p.base.fd, "one/a/b/deep", "");
	TAP_TEXT(planned(&p, "one", says), "trash idle", "a tree that nobody touched is idle");
	set_mtime(p.base.fd, "one/a/b/deep", p.now_ms + DAY);
	TAP_TEXT(planned(&p, "one", says), "trash idle", "an mtime from the future is no evidence");
	static const char *const paths[] = { "one/a/b/deep", "one/a/b", "one" };
	for (size_t i = 0; i < COUNTOF(paths); i++) {
		set_mtime(p.base.fd, paths[i], p.now_ms - DAY);
		TAP_TEXT(planned(&p, "one", says), "keep young", "a recent mtime of %s is use",
		         paths[i]);
		set_mtime(p.base.fd, paths[i], 1000);
	}
	set_mtime(p.base.fd, "one/a", 1000);
	set_mtime(p.base.fd, "one/file", 1000);
	struct record r;
	record_init(&r, "one");
	r.state = RECORD_READY;
	r.created_ms = 1000;
	save_record(&p, &r);
	TAP_TEXT(planned(&p, "one", says), "trash idle", "now all of it is old");
	sys_fake_clock(p.now_ms - 4 * (int64_t)DAY);
	TAP_TEXT(
		planned(&p, "one", says), "keep young",
		"but old mtimes do not hide a ctime of this week, as files have that were just unpacked");
}

static void test_lock_time(void)
{
	PLACE_AUTO p;
	char says[64];
	place_start(&p);
	make_idle(&p, "one");
	struct lock lock = take_lock(&p, "one");
	lock_release(&lock);
	TAP_TEXT(planned(&p, "one", says), "trash idle", "an old lock file is no use");
	set_mtime(p.base.ws_fd, "one/lock", p.now_ms - DAY);
	TAP_TEXT(planned(&p, "one", says), "keep young", "a lock that was held lately is use");
}

static void test_sizes(void)
{
	PLACE_AUTO p;
	place_start(&p);
	make_idle(&p, "one");
	make_idle(&p, "two");
	char block[8192];
	memset(block, 'x', sizeof(block) - 1);
	block[sizeof(block) - 1] = '\0';
	scratch_file(p.base.fd, "one/file", block);
	scratch_file(p.base.fd, "two/file", block);
	for (int i = 0; i < 3; i++) {
		char name[32];
		snprintf(name, sizeof(name), "two/link%d", i);
		TAP_OK(linkat(p.base.fd, "two/file", p.base.fd, name, 0) == 0, "link %d is made",
		       i);
	}
	const struct gc_options o = seven_days(&p);
	COLLECTION_AUTO c;
	TAP_OK(collection_open(&c, &p, &o), "a plan is made");
	const struct gc_item *one = item_named(&c, "one"), *two = item_named(&c, "two");
	TAP_OK(one && two && one->allocated_bytes >= sizeof(block) &&
	               one->allocated_bytes == two->allocated_bytes,
	       "a file with four names counts once");
	TAP_OK(two && two->entries == 4, "its names count as entries each");
}

static void test_limit(void)
{
	PLACE_AUTO p;
	place_start(&p);
	/* Their trees are ten days old; what differs is the record, and idle is the newer of the two. */
	static const struct {
		const char *id;
		int64_t days;
	} rows[] = { { "eight", 8 }, { "ten", 10 }, { "nine", 9 } };
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		make_idle(&p, rows[i].id);
		make_record(&p, rows[i].id, RECORD_READY, rows[i].days * DAY);
	}
	struct gc_options o = seven_days(&p);
	o.policy.set_max_delete = true;
	o.policy.max_delete = 2;
	COLLECTION_AUTO c;
	TAP_OK(collection_open(&c, &p, &o), "a plan is made");
	const struct gc_item *item = item_named(&c, "eight");
	TAP_OK(item && item->action == GC_KEEP && item->reason == GC_REASON_LIMIT,
	       "--max-delete keeps what was used last");
	TAP_OK(item_named(&c, "nine")->action == GC_TRASH &&
	               item_named(&c, "ten")->action == GC_TRASH,
	       "and takes the longest idle");
}

/* ---- execution ---- */

/* Do what the plan of `c` says for `name`. */
static int execute(struct collection *c, const char *name, struct gc_done *done, struct err *e)
{
	struct gc_item *item = item_named(c, name);
	memset(done, 0, sizeof(*done));
	return item ? gc_execute(c->gc, item, done, e) : -2;
}

static void test_take(void)
{
	PLACE_AUTO p;
	place_start(&p);
	make_idle(&p, "one");
	struct record r;
	record_init(&r, "passing");
	r.state = RECORD_READY;
	r.ephemeral = true;
	save_record(&p, &r);
	scratch_dir(p.base.fd, "passing");
	const struct gc_options o = seven_days(&p);
	COLLECTION_AUTO c;
	struct gc_done done;
	struct err e = ERR_INIT;
	TAP_OK(collection_open(&c, &p, &o) && execute(&c, "one", &done, &e) == 0, "one is taken");
	TAP_OK(saved.calls == 1 && strcmp(saved.id, "one") == 0 && done.trashed == 1,
	       "by a teardown of it");
	TAP_OK(saved.options.keep_trash && saved.options.no_spool && !saved.options.discard,
	       "that saves it first and leaves it in the trash");
	TAP_OK(saved.lock_was_held, "with its lock held");
	TAP_OK(!is_held(&p.base, "one"), "which is free afterwards");
	TAP_OK(execute(&c, "passing", &done, &e) == 0 && saved.options.discard,
	       "an ephemeral one is not saved");
}

/* What happens to "one" between plan and execution. */
static void change_lock(struct place *p, struct lock *lock)
{
	*lock = take_lock(p, "one");
	set_mtime(p->base.ws_fd, "one/lock", 5000); /* so that nothing but the lock itself tells */
}

static void change_record(struct place *p, struct lock *lock)
{
	(void)lock;
	make_record(p, "one", RECORD_READY, 0);
}

static void change_file(struct place *p, struct lock *lock)
{
	(void)lock;
	set_mtime(p->base.fd, "one/file", p->now_ms);
}

static void change_state(struct place *p, struct lock *lock)
{
	(void)lock;
	make_record(p, "one", RECORD_SPOOLED, 10 * (int64_t)DAY);
}

static void change_directory(struct place *p, struct lock *lock)
{
	(void)lock;
	renameat(p->base.fd, "one", p->base.fd, "elsewhere");
}

static void change_to_link(struct place *p, struct lock *lock)
{
	change_directory(p, lock);
	scratch_link(p->base.fd, "one", "elsewhere");
}

static void change_forgotten(struct place *p, struct lock *lock)
{
	struct err e = ERR_INIT;
	(void)lock;
	(void)!record_remove(&p->base, "one", &e);
}

static void test_come_alive(void)
{
	static const struct {
		const char *what;
		void (*change)(struct place *p, struct lock *lock);
	} rows[] = {
		{ "its lock was taken", change_lock },
		{ "its record says that it was used", change_record },
		{ "a file in it was written", change_file },
		{ "it was spooled", change_state },
		{ "its directory was moved away", change_directory },
		{ "its directory was replaced by a link", change_to_link },
		{ "it was forgotten", change_forgotten },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		PLACE_AUTO p;
		place_start(&p);
		make_idle(&p, "one");
		const struct gc_options o = seven_days(&p);
		COLLECTION_AUTO c;
		LOCK_AUTO lock = LOCK_NONE;
		struct gc_done done;
		struct err e = ERR_INIT;
		TAP_OK(collection_open(&c, &p, &o) && item_named(&c, "one")->action == GC_TRASH,
		       "one is to be taken");
		rows[i].change(&p, &lock);
		TAP_OK(execute(&c, "one", &done, &e) == 0 && done.left_alone == 1 &&
		               done.trashed == 0 && saved.calls == 0,
		       "it is left alone when meanwhile %s", rows[i].what);
		TAP_OK(strstr(p.notice, "one: left alone") != NULL, "which is told: %s", p.notice);
	}
}

/* The collector's own visit must not count as use, or a store that is down would keep everything for ever. */
static void test_failed_save(void)
{
	PLACE_AUTO p;
	place_start(&p);
	make_idle(&p, "one");
	struct lock lock = take_lock(&p, "one");
	lock_release(&lock);
	set_mtime(p.base.ws_fd, "one/lock", 5000);
	saved.fails = true;
	const struct gc_options o = seven_days(&p);
	COLLECTION_AUTO c;
	struct gc_done done;
	struct err e = ERR_INIT;
	TAP_OK(collection_open(&c, &p, &o) && execute(&c, "one", &done, &e) == -1 &&
	               e.kind == ERR_KIND_UNAVAILABLE,
	       "a save that fails is an error");
	TAP_TEXT(e.msg, "one: the store is down", "that says whose");
	TAP_OK(done.trashed == 0 && scratch_has(p.base.fd, "one/file"), "the workspace stays");
	TAP_INT(gc_look_lock_ms(&p.base, "one"), 5000, "and its lock's time, too");
}

/* Somebody removes it while it is taken, however far it has come. */
static void test_vanishing(void)
{
	static const struct {
		bool ephemeral, sensitive, loses_trash;
		const char *when;
	} rows[] = {
		{ false, false, false, "saved" },
		{ true, false, false, "discarded" },
		{ false, true, false, "removed at once" },
		{ false, false, true, "in the trash" },
		{ false, true, true, "in the trash, to be deleted at once" },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		PLACE_AUTO p;
		struct record r;
		place_start(&p);
		make_idle(&p, "one");
		record_init(&r, "one");
		r.state = RECORD_READY;
		r.ephemeral = rows[i].ephemeral;
		if (rows[i].sensitive)
			js_set_text(r.labels, "class", "sensitive");
		save_record(&p, &r);
		saved.loses = !rows[i].loses_trash;
		saved.loses_trash = rows[i].loses_trash;
		const struct gc_options o = seven_days(&p);
		COLLECTION_AUTO c;
		struct gc_done done;
		struct err e = ERR_INIT;
		TAP_OK(collection_open(&c, &p, &o) && execute(&c, "one", &done, &e) == 0,
		       "a workspace that vanishes while it is %s is no failure: %s", rows[i].when,
		       e.msg);
		TAP_OK(done.left_alone == 1 && done.trashed == 0 && done.purged == 0 &&
		               saved.calls == 1,
		       "nor is it counted as taken");
		TAP_TEXT(p.notice,
		         "one: left alone, it has changed since the plan: its directory is gone",
		         "it is told to be gone");
	}
}

/* ---- what no lock tells ---- */

static void test_late_change(void)
{
	PLACE_AUTO p;
	place_start(&p);
	make_idle(&p, "one");
	saved.writes = "late";
	const struct gc_options o = seven_days(&p);
	COLLECTION_AUTO c;
	struct gc_done done;
	struct err e = ERR_INIT;
	RECORD_AUTO record = { .labels = NULL };
	TAP_OK(collection_open(&c, &p, &o) && execute(&c, "one", &done, &e) == 0 &&
	               done.trashed == 0 && done.left_alone == 1,
	       "a file that was written after the save makes it come back: %s", p.notice);
	TAP_OK(scratch_has(p.base.fd, "one/late") && scratch_has(p.base.fd, "one/file"),
	       "whole, and with the file");
	TAP_OK(record_load(&p.base, "one", &record, &e) == 0 && record.state == RECORD_READY &&
	               record.last_used_ms == p.now_ms,
	       "its record says that it is in use");
	TAP_OK(item_named(&c, "one")->action == GC_KEEP, "it counts as kept");
}

/* Copy a program that waits into `dir`. */
static bool put_program(int dirfd, const char *path)
{
	char bytes[4096];
	ssize_t got;
	FD_AUTO from = open("/bin/sleep", O_RDONLY | O_CLOEXEC);
	FD_AUTO to = openat(dirfd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	while ((got = read(from, bytes, sizeof(bytes))) > 0) {
		if (write(to, bytes, (size_t)got) != got)
			return false;
	}
	return got == 0;
}

/* In the child: become one that uses `dir`. */
static bool use(int dirfd, const char *dir, char how)
{
	int fd = openat(dirfd, dir, O_RDONLY | O_DIRECTORY);
	int file = openat(fd, "file", O_RDONLY);
	bool ok = fd >= 0 && file >= 0;
	if (how == 'c')
		ok = ok && fchdir(fd) == 0;
	if (how == 'r')
		ok = ok && fchdir(fd) == 0 && chroot(".") == 0 && fchdir(dirfd) == 0;
	if (how == 'm')
		ok = ok && mmap(NULL, 1, PROT_READ, MAP_PRIVATE, file, 0) != MAP_FAILED;
	close(fd);
	if (how != 'o')
		close(file);
	return ok;
}

/* A process whose working directory or root is `dir`, that has `dir`/file open or mapped, or whose program lies there. */
static pid_t start_user(int dirfd, const char *dir, char how)
{
	int ready[2];
	char byte;
	MEM_AUTO char *program = mem_printf("%s/program", dir);
	MEM_AUTO char *path = mem_printf("/proc/self/fd/%d/%s", dirfd, program);
	if (pipe2(ready, O_CLOEXEC) != 0 || (how == 'x' && !put_program(dirfd, program)))
		return -1;
	pid_t pid = fork();
	if (pid == 0) {
		if (how == 'x')
			execl(path, "program", "600", NULL);
		bool ok = how != 'x' && use(dirfd, dir, how) && write(ready[1], "x", 1) == 1;
		while (ok)
			pause();
		_exit(1);
	}
	close(ready[1]);
	pid_t result = read(ready[0], &byte, 1) == (how == 'x' ? 0 : 1) ? pid : -1;
	close(ready[0]);
	return result;
}

static void end_user(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_processes(void)
{
	static const struct {
		char how;
		const char *says;
	} rows[] = { { 'c', "cwd of pid " },
		     { 'o', "open file of pid " },
		     { 'm', "mapped file of pid " },
		     { 'x', "program of pid " },
		     { 'r', "root of pid " } };
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		PLACE_AUTO p;
		char says[64];
		place_start(&p);
		make_idle(&p, "one");
		make_idle(&p, "one-b");
		pid_t pid = start_user(p.base.fd, "one", rows[i].how);
		if (rows[i].how == 'r' && geteuid() != 0) {
			tap_skip("a process keeps its root", "needs root");
			continue;
		}
		TAP_TEXT(planned(&p, "one", says), "keep busy", "a process keeps it: %s",
		         rows[i].says);
		TAP_TEXT(planned(&p, "one-b", says), "trash idle", "and not its neighbour");
		const struct gc_options o = seven_days(&p);
		COLLECTION_AUTO c;
		TAP_OK(collection_open(&c, &p, &o), "a plan is made");
		const struct gc_item *item = item_named(&c, "one");
		TAP_OK(item && strncmp(item->detail, rows[i].says, strlen(rows[i].says)) == 0,
		       "which one is told: %s", item ? item->detail : "");
		end_user(pid);
	}
}

/* With its lock's file gone, as after an `rm` by hand, the record alone knows. */
static void test_supervisor(void)
{
	PLACE_AUTO p;
	char says[64];
	struct proc_id self;
	struct err e = ERR_INIT;
	place_start(&p);
	make_idle(&p, "one");
	proc_self(&self);
	for (int later = 0; later < 2; later++) {
		struct record r;
		TAP_OK(record_load(&p.base, "one", &r, &e) == 0, "there is a record");
		r.holder_pid = self.pid;
		r.holder_start_ticks = (int64_t)self.start_ticks + later;
		memcpy(r.holder_boot_id, self.boot_id, sizeof(self.boot_id));
		save_record(&p, &r);
		TAP_TEXT(planned(&p, "one", says), later ? "trash idle" : "keep busy",
		         later ? "a supervisor with another start is gone"
		               : "a supervisor that lives keeps it");
	}
}

static void test_late_process(void)
{
	PLACE_AUTO p;
	place_start(&p);
	make_idle(&p, "one");
	const struct gc_options o = seven_days(&p);
	COLLECTION_AUTO c;
	struct gc_done done;
	struct err e = ERR_INIT;
	TAP_OK(collection_open(&c, &p, &o), "a plan is made");
	pid_t pid = start_user(p.base.fd, "one", 'c');
	TAP_OK(execute(&c, "one", &done, &e) == 0 && done.left_alone == 1 && done.trashed == 0 &&
	               saved.calls == 1 && scratch_has(p.base.fd, "one/file"),
	       "a process that came between plan and rename makes it come back: %s", p.notice);
	end_user(pid);
}

static void test_pins(void)
{
	PLACE_AUTO p;
	char says[64];
	struct err e = ERR_INIT;
	struct pin pin = { .reason = "release", .until_ms = 0 };
	place_start(&p);
	make_idle(&p, "one");
	TAP_OK(pin_set(&p.base, "one", &pin, &e) == 0, "a pin is set");
	TAP_TEXT(planned(&p, "one", says), "keep pinned", "a pin keeps it");
	pin.until_ms = p.now_ms + 1;
	TAP_OK(pin_set(&p.base, "one", &pin, &e) == 0, "it gets an end");
	TAP_TEXT(planned(&p, "one", says), "keep pinned", "that has not come");
	pin.until_ms = p.now_ms;
	TAP_OK(pin_set(&p.base, "one", &pin, &e) == 0, "or has come");
	TAP_TEXT(planned(&p, "one", says), "trash idle", "and then it is taken");
	scratch_file(p.base.ws_fd, "one/pin.json", "{");
	TAP_TEXT(planned(&p, "one", says), "keep pinned", "a pin that can't be read holds");
	TAP_OK(pin_remove(&p.base, "one", &e) == 0, "it is taken off");
	TAP_TEXT(planned(&p, "one", says), "trash idle", "and holds no more");
	TAP_OK(pin_set(&p.base, "two", &pin, &e) != 0 && e.kind == ERR_KIND_NOT_FOUND,
	       "what does not exist can't be pinned");
}

static void test_base_inside(void)
{
	PLACE_AUTO p;
	char says[64];
	place_start(&p);
	make_idle(&p, "one");
	scratch_dir(p.base.fd, "one/deep");
	scratch_dir(p.base.fd, "one/deep/.ws");
	TAP_TEXT(planned(&p, "one", says), "trash idle", "a directory .ws is nothing special");
	scratch_file(p.base.fd, "one/deep/.ws/base.json", "{}");
	TAP_TEXT(planned(&p, "one", says), "keep holds-base", "the marker of a base in it is");
}

static void test_clock(void)
{
	static const struct {
		int64_t moved_ms;
		bool jumped;
		const char *sentence;
	} rows[] = {
		{ 0, false, "a clock that runs as it should lets it be taken" },
		{ 4 * 60 * 1000, false, "as does one that was corrected a little" },
		{ 6 * 60 * 1000, true, "one that jumped forward keeps it" },
		{ -6 * 60 * 1000, true, "one that jumped back keeps it" },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		PLACE_AUTO p;
		char says[64];
		const struct gc_backoff none = { .passes = 0 };
		place_start(&p);
		make_idle(&p, "one");
		make_area(&p, "trash", "5.old.000000001");
		gc_clock_note(&p.base, &none);
		sys_fake_clock(p.now_ms + rows[i].moved_ms);
		TAP_TEXT(planned(&p, "one", says), rows[i].jumped ? "keep clock" : "trash idle",
		         "%s", rows[i].sentence);
		TAP_TEXT(planned(&p, "5.old.000000001", says),
		         rows[i].jumped ? "keep clock" : "purge trash-old", "so with the trash");
		gc_clock_note(&p.base, &none);
		TAP_TEXT(planned(&p, "one", says), "trash idle", "the run after it goes on");
	}
}

static void test_undo(void)
{
	PLACE_AUTO p;
	place_start(&p);
	make_idle(&p, "one");
	const struct gc_options o = seven_days(&p);
	struct gc_done done;
	struct err e = ERR_INIT;
	RECORD_AUTO record = { .labels = NULL };
	{
		COLLECTION_AUTO c;
		TAP_OK(collection_open(&c, &p, &o) && execute(&c, "one", &done, &e) == 0 &&
		               done.trashed == 1,
		       "one is taken");
		TAP_OK(gc_undo(&p.base, "one", &e) != 0 && e.kind == ERR_KIND_TRY_AGAIN,
		       "while a collector works nothing is undone");
	}
	err_clear(&e);
	TAP_OK(gc_undo(&p.base, "one", &e) == 0 && scratch_has(p.base.fd, "one/file"),
	       "undo puts it back: %s", e.msg);
	TAP_OK(record_load(&p.base, "one", &record, &e) == 0 && record.state == RECORD_READY,
	       "ready");
	TAP_OK(gc_undo(&p.base, "one", &e) != 0 && e.kind == ERR_KIND_NOT_FOUND,
	       "there is no second one: %s", e.msg);
	err_clear(&e);
	make_area(&p, "trash", "5.one.000000001");
	TAP_OK(gc_undo(&p.base, "one", &e) != 0 && e.kind == ERR_KIND_CONFLICT,
	       "what is in its place stays: %s", e.msg);
}

static void test_orphans(void)
{
	PLACE_AUTO p;
	place_start(&p);
	scratch_dir(p.base.fd, "lost-dir");
	scratch_file(p.base.fd, "lost-dir/file", "content");
	make_record(&p, "lost-record", RECORD_READY, 10 * (int64_t)DAY);
	make_record(&p, "saved", RECORD_SAVED, 10 * (int64_t)DAY);
	char says[64];
	TAP_TEXT(planned(&p, "lost-dir", says), "keep no-record",
	         "without being asked none is taken");
	TAP_TEXT(planned(&p, "lost-record", says), "keep gone", "nor a record");
	struct gc_options o = seven_days(&p);
	o.orphans = true;
	COLLECTION_AUTO c;
	struct gc_done done;
	struct err e = ERR_INIT;
	TAP_OK(collection_open(&c, &p, &o), "a plan is made");
	TAP_OK(execute(&c, "lost-dir", &done, &e) == 0 && done.trashed == 1 && saved.calls == 0 &&
	               !scratch_has(p.base.fd, "lost-dir") &&
	               !scratch_has(p.base.ws_fd, "lost-dir"),
	       "a directory without a record goes to the trash: %s %s", e.msg, p.notice);
	TAP_OK(execute(&c, "lost-record", &done, &e) == 0 && done.forgotten == 1 &&
	               !scratch_has(p.base.ws_fd, "lost-record"),
	       "a record without a directory goes");
	TAP_OK(item_named(&c, "saved")->action == GC_KEEP, "unless it was saved");
}

static void test_fresh_orphans(void)
{
	PLACE_AUTO p;
	place_start(&p);
	scratch_dir(p.base.fd, "lost-dir");
	make_record(&p, "lost-record", RECORD_READY, HOUR - 5000);
	sys_fake_clock(p.now_ms - 10 * (int64_t)DAY + HOUR - 5000);
	struct gc_options o = seven_days(&p);
	o.orphans = true;
	COLLECTION_AUTO c;
	TAP_OK(collection_open(&c, &p, &o), "a plan is made");
	TAP_OK(item_named(&c, "lost-dir")->action == GC_KEEP &&
	               item_named(&c, "lost-dir")->reason == GC_REASON_YOUNG,
	       "a directory that is younger than an hour may be somebody's mkdir");
	TAP_OK(item_named(&c, "lost-record")->action == GC_KEEP, "and a record a setup's");
}

static void make_trashed(struct place *p, const char *id, enum record_state state,
                         const char *trash_name)
{
	struct record r;
	record_init(&r, id);
	r.state = state;
	snprintf(r.trash_name, sizeof(r.trash_name), "%s", trash_name);
	save_record(p, &r);
}

static void test_purge(void)
{
	PLACE_AUTO p;
	char trash[4][64];
	place_start(&p);
	make_areas(&p, trash);
	make_record(&p, "half", RECORD_SAVED, 10 * (int64_t)DAY);
	FD_AUTO area = -1;
	struct err e = ERR_INIT;
	struct gc_done done;
	const struct gc_options o = seven_days(&p);
	COLLECTION_AUTO c;
	TAP_OK(base_dir_area(&p.base, "trash", &area, &e) == 0 && collection_open(&c, &p, &o),
	       "a plan is made");
	TAP_OK(execute(&c, trash[0], &done, &e) == 0 && done.purged == 1 && done.freed_bytes > 0 &&
	               !scratch_has(area, trash[0]),
	       "old trash is deleted");
	TAP_OK(execute(&c, trash[2], &done, &e) == 0 && done.purged == 1 &&
	               !scratch_has(area, trash[2]),
	       "a deletion that was interrupted is finished");
	TAP_OK(scratch_has(p.base.ws_fd, "half/record.json"), "the record of what was saved stays");
	TAP_OK(execute(&c, trash[1], &done, &e) == 0 && done.purged == 0 &&
	               scratch_has(area, trash[1]) && scratch_has(area, "foreign-thing"),
	       "what is to be kept is kept");
	TAP_OK(execute(&c, "left.000000005", &done, &e) == 0 && done.cleaned == 1,
	       "what a setup left is removed");
	TAP_OK(scratch_has(p.base.ws_fd, "audit.jsonl"), "the journal knows");
}

static void test_purge_and_record(void)
{
	static const struct {
		enum record_state state;
		const char *trash_name;
		bool stays;
		const char *sentence;
	} rows[] = {
		{ RECORD_TRASHED, "5.one.000000001", false,
		  "with what was discarded goes its record" },
		{ RECORD_TRASHED, "7.one.000000002", true,
		  "but not when a later one was discarded, too" },
		{ RECORD_TRASHED, "", true, "nor when the record promises nothing" },
		{ RECORD_READY, "5.one.000000001", true, "nor when the workspace is there again" },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		PLACE_AUTO p;
		place_start(&p);
		make_area(&p, "trash", "5.one.000000001");
		make_trashed(&p, "one", rows[i].state, rows[i].trash_name);
		const struct gc_options o = seven_days(&p);
		COLLECTION_AUTO c;
		struct gc_done done;
		struct err e = ERR_INIT;
		TAP_OK(collection_open(&c, &p, &o) &&
		               execute(&c, "5.one.000000001", &done, &e) == 0 && done.purged == 1,
		       "trash of one is deleted");
		TAP_OK(scratch_has(p.base.ws_fd, "one") == rows[i].stays, "%s", rows[i].sentence);
	}
}

static void test_clean_of_what_came_alive(void)
{
	PLACE_AUTO p;
	char trash[4][64];
	place_start(&p);
	make_areas(&p, trash);
	FD_AUTO area = -1;
	struct err e = ERR_INIT;
	struct gc_done done;
	const struct gc_options o = seven_days(&p);
	COLLECTION_AUTO c;
	TAP_OK(base_dir_area(&p.base, "staging", &area, &e) == 0 && collection_open(&c, &p, &o),
	       "a plan is made");
	LOCK_AUTO lock = take_lock(&p, "left");
	TAP_OK(execute(&c, "left.000000005", &done, &e) == 0 && done.left_alone == 1 &&
	               scratch_has(area, "left.000000005"),
	       "what a setup that has just begun may use is not cleaned");
}

static void test_one_at_a_time(void)
{
	PLACE_AUTO p;
	place_start(&p);
	const struct gc_options o = seven_days(&p);
	COLLECTION_AUTO c;
	AUTO(gc_close_auto) struct gc *second = NULL;
	struct err e = ERR_INIT;
	TAP_OK(collection_open(&c, &p, &o), "a collector is at work");
	TAP_OK(gc_open(&p.base, &o, &second, &e) == -1 && e.kind == ERR_KIND_TRY_AGAIN &&
	               strstr(e.msg, "another collector"),
	       "a second one is told so: %s", e.msg);
}

int main(void)
{
	test_decision();
	test_every_combination();
	test_names();
	test_plan();
	test_fresh_leftovers();
	test_plan_changes_nothing();
	test_record_times();
	test_tree_times();
	test_lock_time();
	test_sizes();
	test_limit();
	test_take();
	test_come_alive();
	test_failed_save();
	test_vanishing();
	test_purge();
	test_purge_and_record();
	test_clean_of_what_came_alive();
	test_one_at_a_time();
	test_late_change();
	test_processes();
	test_supervisor();
	test_late_process();
	test_pins();
	test_base_inside();
	test_clock();
	test_undo();
	test_orphans();
	test_fresh_orphans();
	return tap_done();
}
