/* A workspace "one" that is collected, "evil" that takes the place of its directories, and the canary that evil leads to. */
#ifndef WS_TESTS_GC_CANARY_H
#define WS_TESTS_GC_CANARY_H

#include <sched.h>
#include <sys/mount.h>

#include "gc/gc_internal.h"
#include "tests/unit/gc_place.h"

enum { VICTIM_FILES = 8 };

struct victim {
	struct scratch dir; /* canary, evil, base */
	char base[96];
	bool may_mount;
};

/* A tmpfs in a mount namespace of its own, where that is allowed: fast, and gone with us. */
UNUSED static void victim_open(struct victim *v)
{
	v->may_mount = unshare(CLONE_NEWNS) == 0 &&
	               mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	scratch_open(&v->dir);
	if (v->may_mount && mount("tmpfs", v->dir.path, "tmpfs", 0, NULL) == 0) {
		close(v->dir.fd);
		v->dir.fd = open(v->dir.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	snprintf(v->base, sizeof(v->base), "%s/base", v->dir.path);
	scratch_dir(v->dir.fd, "canary");
	scratch_dir(v->dir.fd, "canary/a");
	scratch_dir(v->dir.fd, "canary/b");
	scratch_file(v->dir.fd, "canary/file", "canary");
	scratch_file(v->dir.fd, "canary/b/deep", "canary");
	scratch_file(v->dir.fd, "canary/0", "canary");
}

UNUSED static void victim_make(const struct victim *v, const struct base_dir *b)
{
	struct record record;
	struct err e = ERR_INIT;
	char path[96];
	record_init(&record, "one");
	record.state = RECORD_READY;
	record.ephemeral = true;
	snprintf(record.profile, sizeof(record.profile), "task");
	js_set_text(record.labels, "class", "sensitive"); /* deleted at once */
	if (record_save(b, &record, &e) != 0)
		printf("Bail out! %s\n", e.msg);
	record_free(&record);
	scratch_dir(b->fd, "one");
	scratch_dir(b->fd, "one/a");
	scratch_dir(b->fd, "one/a/b");
	for (int i = 0; i < VICTIM_FILES; i++) {
		snprintf(path, sizeof(path), "one/%s%s%d", i % 2 ? "a/" : "",
		         i % 4 == 3 ? "b/" : "", i);
		scratch_file(b->fd, path, "x");
	}
	/* It has to lead there from wherever it is put. */
	snprintf(path, sizeof(path), "%s/canary", v->dir.path);
	scratch_link(v->dir.fd, "evil", path);
}

/* How many were taken. */
UNUSED static long victim_collect(const struct base_dir *b)
{
	static const struct gc_rule rule = { .name = "", .limits = { .set_older = true } };
	const struct gc_options o = { .policy = { .rules = &rule, .rule_count = 1 }, .jobs = 1 };
	struct err e = ERR_INIT;
	struct gc_done done = { .trashed = 0 };
	AUTO(gc_close_auto) struct gc *g = NULL;
	AUTO(gc_plan_free) struct gc_plan plan = { .items = NULL };
	if (gc_open(b, &o, &g, &e) != 0 || gc_make_plan(g, &plan, &e) != 0)
		return 0;
	for (size_t i = 0; i < plan.count; i++) {
		err_clear(&e);
		int ignored = gc_execute(g, &plan.items[i], &done, &e);
		(void)ignored;
	}
	return (long)done.purged;
}

/* Whatever became of it goes: unmounted, and away. */
UNUSED static void victim_clear(const struct victim *v)
{
	struct err e = ERR_INIT;
	static const char *const names[] = { "evil", "base" };
	for (size_t i = 0; i < COUNTOF(names); i++) {
		err_clear(&e);
		if (remove_tree(v->dir.fd, names[i], NULL, &e) != 0)
			tap_note("%s", e.msg);
	}
}

UNUSED static void victim_close(struct victim *v)
{
	victim_clear(v);
	if (v->may_mount)
		umount2(v->dir.path, MNT_DETACH);
	scratch_close(&v->dir);
}

struct canary {
	struct stat dir, file, deep;
	char text[32];
};

UNUSED static void canary_look(const struct victim *v, struct canary *c)
{
	memset(c, 0, sizeof(*c));
	FD_AUTO fd = openat(v->dir.fd, "canary/file", O_RDONLY | O_CLOEXEC);
	bool ok = fstatat(v->dir.fd, "canary", &c->dir, AT_SYMLINK_NOFOLLOW) == 0 &&
	          fstatat(v->dir.fd, "canary/file", &c->file, AT_SYMLINK_NOFOLLOW) == 0 &&
	          fstatat(v->dir.fd, "canary/b/deep", &c->deep, AT_SYMLINK_NOFOLLOW) == 0 &&
	          read(fd, c->text, sizeof(c->text) - 1) > 0;
	if (!ok)
		memset(c, 0xff, sizeof(*c));
}

UNUSED static bool canary_same_stat(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_mode == b->st_mode && a->st_nlink == b->st_nlink &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

UNUSED static bool canary_same(const struct canary *a, const struct canary *b)
{
	return canary_same_stat(&a->dir, &b->dir) && canary_same_stat(&a->file, &b->file) &&
	       canary_same_stat(&a->deep, &b->deep) && strcmp(a->text, b->text) == 0;
}

#endif
