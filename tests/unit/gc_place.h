/* A base of its own for the tests of lib/gc, ten days old by a clock that stands. */
#ifndef WS_TESTS_GC_PLACE_H
#define WS_TESTS_GC_PLACE_H

#include <fcntl.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "gc/gc.h"
#include "os/dir.h"
#include "os/lock.h"
#include "os/sys.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tap.h"

enum { HOUR = 3600 * 1000, DAY = 24 * HOUR };

struct place {
	struct scratch dir;
	struct base_dir base;
	int64_t now_ms; /* what the clock says: ten days after everything was made */
	char notice[ERR_MSG_MAX];
};

UNUSED static void keep_notice(void *ctx, const struct err *e)
{
	struct place *p = ctx;
	snprintf(p->notice, sizeof(p->notice), "%s", e->msg);
}

UNUSED static void place_open(struct place *p)
{
	struct err e = ERR_INIT;
	char path[80];
	sys_fake_clock(-1);
	scratch_open(&p->dir);
	snprintf(path, sizeof(path), "%s/base", p->dir.path);
	if (base_dir_open(path, true, &p->base, &e))
		printf("Bail out! %s\n", e.msg);
	p->now_ms = sys_now_ms() + 10 * (int64_t)DAY;
	p->notice[0] = '\0';
	sys_fake_clock(p->now_ms);
}

UNUSED static void place_close(struct place *p)
{
	base_dir_close(&p->base);
	scratch_close(&p->dir);
	sys_fake_clock(-1);
}
#define PLACE_AUTO AUTO(place_close) struct place

UNUSED static void save_record(struct place *p, struct record *r)
{
	struct err e = ERR_INIT;
	if (record_save(&p->base, r, &e))
		printf("Bail out! %s\n", e.msg);
	record_free(r);
}

/* A record that was used last `idle_ms` before the present. */
UNUSED static void make_record(struct place *p, const char *id, enum record_state state,
                               int64_t idle_ms)
{
	struct record r;
	record_init(&r, id);
	r.state = state;
	r.created_ms = p->now_ms - 10 * (int64_t)DAY;
	r.last_used_ms = p->now_ms - idle_ms;
	snprintf(r.profile, sizeof(r.profile), "task");
	snprintf(r.owner, sizeof(r.owner), "somebody");
	save_record(p, &r);
}

/* The same with its directory and a file in it, idle for ten days. */
UNUSED static void make_idle(struct place *p, const char *id)
{
	char path[300];
	make_record(p, id, RECORD_READY, 10 * (int64_t)DAY);
	scratch_dir(p->base.fd, id);
	snprintf(path, sizeof(path), "%s/file", id);
	scratch_file(p->base.fd, path, "content");
}

UNUSED static void make_area(struct place *p, const char *area, const char *name)
{
	FD_AUTO fd = -1;
	struct err e = ERR_INIT;
	if (base_dir_area(&p->base, area, &fd, &e) || !scratch_dir(fd, name))
		printf("Bail out! %s/%s: %s\n", area, name, e.msg);
}

UNUSED static struct lock take_lock(struct place *p, const char *id)
{
	FD_AUTO dir = -1;
	struct lock lock = LOCK_NONE;
	struct err e = ERR_INIT;
	if (record_dir(&p->base, id, true, &dir, &e) || lock_take(dir, "lock", 0, &lock, &e))
		printf("Bail out! %s\n", e.msg);
	return lock;
}

UNUSED static void set_mtime(int dirfd, const char *path, int64_t ms)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = ms / 1000 } };
	if (utimensat(dirfd, path, times, AT_SYMLINK_NOFOLLOW) != 0)
		printf("Bail out! utimensat %s\n", path);
}

UNUSED static struct gc_options seven_days(struct place *p)
{
	static const struct gc_rule rule = {
		.name = "",
		.limits = { .set_older = true, .older_ms = 7 * (int64_t)DAY },
	};
	return (struct gc_options){
		.policy = { .rules = &rule, .rule_count = 1 },
		.trash_ttl_ms = DAY,
		.notice = keep_notice,
		.notice_ctx = p,
	};
}

/* One run of the collector over the place, with a plan made. */
struct collection {
	struct gc *gc;
	struct gc_plan plan;
};

UNUSED static bool collection_open(struct collection *c, struct place *p,
                                   const struct gc_options *o)
{
	struct err e = ERR_INIT;
	memset(c, 0, sizeof(*c));
	if (gc_open(&p->base, o, &c->gc, &e) == 0 && gc_make_plan(c->gc, &c->plan, &e) == 0)
		return true;
	tap_note("%s", e.msg);
	return false;
}

UNUSED static void collection_close(struct collection *c)
{
	gc_plan_free(&c->plan);
	gc_close(c->gc);
}
#define COLLECTION_AUTO AUTO(collection_close) struct collection

UNUSED static struct gc_item *item_named(const struct collection *c, const char *name)
{
	for (size_t i = 0; i < c->plan.count; i++) {
		if (strcmp(c->plan.items[i].name, name) == 0)
			return &c->plan.items[i];
	}
	return NULL;
}

/* "trash idle", what a fresh plan says of `name`. */
UNUSED static const char *planned(struct place *p, const char *name, char out[64])
{
	const struct gc_options o = seven_days(p);
	COLLECTION_AUTO c;
	const struct gc_item *item = collection_open(&c, p, &o) ? item_named(&c, name) : NULL;
	snprintf(out, 64, "%s %s", item ? gc_action_name(item->action) : "not in the plan",
	         item ? gc_reason_name(item->reason) : "");
	return out;
}

#endif
