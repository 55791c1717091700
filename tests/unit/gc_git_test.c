/* gc and git where the clock has to be set: orphans with work in them, and worktrees that nobody has. */
#include "os/run.h"
#include "tests/unit/gc_place.h"

static bool sh(struct place *p, const char *script)
{
	MEM_AUTO char *text = mem_printf(
		"cd base; export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b "
		"GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b\n%s",
		script);
	char program[] = "sh", option[] = "-ec";
	char *argv[] = { program, option, text, NULL };
	struct err e = ERR_INIT;
	RUN_AUTO r = { .status = -1 };
	const struct run_options o = { .argv = argv, .cwd_fd = p->dir.fd, .output_max = 1 << 20 };
	bool ok = run_program(&o, &r, &e) == 0 && r.status == 0;
	if (!ok)
		tap_note("%s %s", e.msg, r.errors.p);
	return ok;
}

static const char repository[] =
	"cd ..; git init -q -b main repo; cd repo; echo 1 >file; git add .; git commit -qm one";

static struct gc_options with_orphans(struct place *p)
{
	struct gc_options o = seven_days(p);
	o.orphans = true;
	return o;
}

static void test_orphan_with_work(void)
{
	PLACE_AUTO p;
	place_open(&p);
	TAP_OK(sh(&p, "git init -q stray; echo x >stray/file"), "a stray repository is made");
	struct gc_options o = with_orphans(&p);
	COLLECTION_AUTO c;
	TAP_OK(collection_open(&c, &p, &o), "a plan is made");
	const struct gc_item *item = item_named(&c, "stray");
	TAP_OK(item && item->action == GC_KEEP && item->reason == GC_REASON_GIT_DIRTY,
	       "work in a directory without a record keeps it: %s", item ? item->detail : "");
	collection_close(&c);
	o.force_dirty = true;
	TAP_OK(collection_open(&c, &p, &o), "a plan with force-dirty is made");
	item = item_named(&c, "stray");
	TAP_OK(item && item->action == GC_TRASH, "unless that is not asked for");
}

/* What only the directory has, each kind alone; what is pushed is no reason. */
static void test_kinds_of_work(void)
{
	static const struct {
		const char *script;
		enum gc_action action;
		enum gc_reason reason;
	} rows[] = {
		{ "true", GC_TRASH, GC_REASON_ORPHAN },
		{ "echo 2 >file", GC_KEEP, GC_REASON_GIT_DIRTY },
		{ "echo 2 >new", GC_KEEP, GC_REASON_GIT_DIRTY },
		{ "git commit -qm two --allow-empty", GC_KEEP, GC_REASON_GIT_UNPUSHED },
		{ "git checkout -q --detach; git commit -qm two --allow-empty", GC_KEEP,
		  GC_REASON_GIT_DETACHED },
		{ "echo 2 >file; git stash -q", GC_KEEP, GC_REASON_GIT_UNPUSHED },
		{ "echo nonsense >.git/HEAD", GC_KEEP, GC_REASON_GIT_UNKNOWN },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		PLACE_AUTO p;
		place_open(&p);
		MEM_AUTO char *work = mem_printf("cd stray; %s", rows[i].script);
		TAP_OK(sh(&p, repository) && sh(&p, "git clone -q ../repo stray") && sh(&p, work),
		       "in a clone somebody does: %s", rows[i].script);
		const struct gc_options o = with_orphans(&p);
		COLLECTION_AUTO c;
		const struct gc_item *item =
			collection_open(&c, &p, &o) ? item_named(&c, "stray") : NULL;
		TAP_OK(item && item->action == rows[i].action && item->reason == rows[i].reason,
		       "and the plan says %s: %s", gc_reason_name(rows[i].reason),
		       item ? item->detail : "");
	}
}

/* Between the plan and its turn. */
static void test_late_work(void)
{
	PLACE_AUTO p;
	place_open(&p);
	TAP_OK(sh(&p, "mkdir stray; git init -q stray"), "an empty repository is made");
	const struct gc_options o = with_orphans(&p);
	struct gc_done done = { .trashed = 0 };
	struct err e = ERR_INIT;
	COLLECTION_AUTO c;
	TAP_OK(collection_open(&c, &p, &o), "a plan is made");
	struct gc_item *item = item_named(&c, "stray");
	TAP_OK(item && item->action == GC_TRASH, "in which it goes");
	TAP_OK(sh(&p, "touch -d @1 stray/new"), "somebody works in it");
	if (item)
		item->newest_ms = p.now_ms; /* so that nothing but git tells */
	TAP_OK(item && gc_execute(c.gc, item, &done, &e) == 0 && done.left_alone == 1 &&
	               scratch_has(p.base.fd, "stray/new"),
	       "and it is left alone: %s", p.notice);
}

/* A record that names the repository, and a worktree of another workspace that is gone with its record. */
static void make_worktrees(struct place *p)
{
	struct record r;
	TAP_OK(sh(p, repository) &&
	               sh(p, "mkdir one; git -C ../repo worktree add -q $PWD/lost -b lost;"
	                     "git -C ../repo worktree add -q --lock $PWD/there -b there"),
	       "worktrees are made");
	record_init(&r, "one");
	r.state = RECORD_READY;
	snprintf(r.git_repo, sizeof(r.git_repo), "%s/repo", p->dir.path);
	snprintf(r.git_dir, sizeof(r.git_dir), "%s/repo/.git/worktrees/one", p->dir.path);
	save_record(p, &r);
}

static void test_entry(void)
{
	PLACE_AUTO p;
	place_open(&p);
	make_worktrees(&p);
	TAP_OK(sh(&p, "cd lost; git checkout -q --detach; git commit -q --allow-empty -m alone;"
	              "git rev-parse HEAD >../../head; rm -rf ../lost"),
	       "one is lost with a commit that no branch has");
	const struct gc_options o = with_orphans(&p);
	struct gc_done done = { .trashed = 0 };
	struct err e = ERR_INIT;
	COLLECTION_AUTO c;
	TAP_OK(collection_open(&c, &p, &o), "a plan is made");
	struct gc_item *item = item_named(&c, "lost");
	TAP_OK(item && item->action == GC_FORGET && item->reason == GC_REASON_GIT_ENTRY,
	       "its entry in the repository is an orphan");
	const struct gc_item *there = item_named(&c, "there");
	TAP_OK(there && there->reason != GC_REASON_GIT_ENTRY, "that of one that is there is none");
	TAP_OK(item && gc_execute(c.gc, item, &done, &e) == 0 && done.forgotten == 1,
	       "it is forgotten: %s", e.msg);
	TAP_OK(sh(&p, "cd ../repo; test ! -e .git/worktrees/lost; test -e .git/worktrees/there;"
	              "git merge-base --is-ancestor $(cat ../head) refs/ws/preserved/lost"),
	       "and its commit is kept");
}

static void test_young_entry(void)
{
	PLACE_AUTO p;
	place_open(&p);
	make_worktrees(&p);
	TAP_OK(sh(&p, "rm -rf lost"), "one is lost");
	sys_fake_clock(p.now_ms - 10 * (int64_t)DAY + HOUR - 5000);
	const struct gc_options o = with_orphans(&p);
	COLLECTION_AUTO c;
	TAP_OK(collection_open(&c, &p, &o), "a plan is made");
	const struct gc_item *item = item_named(&c, "lost");
	TAP_OK(item && item->action == GC_KEEP && item->reason == GC_REASON_YOUNG,
	       "for an hour it may be a setup's");
}

static void test_entry_that_is_needed(void)
{
	PLACE_AUTO p;
	place_open(&p);
	make_worktrees(&p);
	make_area(&p, "spool", "lost");
	TAP_OK(sh(&p, "rm -rf lost"), "one is in the spool");
	struct gc_options o = with_orphans(&p);
	COLLECTION_AUTO c;
	TAP_OK(collection_open(&c, &p, &o), "a plan is made");
	size_t found = 0;
	for (size_t i = 0; i < c.plan.count; i++)
		found += c.plan.items[i].reason == GC_REASON_GIT_ENTRY;
	TAP_INT((int)found, 0, "its entry is needed when it is sent");
}

int main(void)
{
	test_orphan_with_work();
	test_kinds_of_work();
	test_late_work();
	test_entry();
	test_young_entry();
	test_entry_that_is_needed();
	return tap_done();
}
