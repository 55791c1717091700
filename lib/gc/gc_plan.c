/* Everything in the base, each with what is to be done and why: trash first, then leftovers, then workspaces. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "gc/gc_archive.h"
#include "gc/gc_git.h"
#include "gc/gc_internal.h"
#include "gc/gc_project.h"
#include "gc/gc_remote.h"
#include "gc/gc_temp.h"
#include "os/dir.h"
#include "os/pool.h"
#include "os/sys.h"

struct gc_item *gc_plan_add(struct gc_plan *p)
{
	if (p->count == p->cap) {
		p->cap = p->cap ? 2 * p->cap : 64;
		p->items = mem_grow(p->items, p->cap, sizeof(*p->items));
	}
	struct gc_item *item = &p->items[p->count++];
	memset(item, 0, sizeof(*item));
	return item;
}

void gc_plan_free(struct gc_plan *p)
{
	mem_free(p->items);
	gc_policy_targets_free(&p->targets);
	memset(p, 0, sizeof(*p));
}

/* A further item, to be kept as none of ours until something else is found out. */
static struct gc_item *add_stranger(struct gc_plan *plan, const char *name)
{
	struct gc_item *item = gc_plan_add(plan);
	snprintf(item->name, sizeof(item->name), "%s", name);
	item->action = GC_KEEP;
	item->reason = GC_REASON_NO_RECORD;
	item->idle_ms = -1;
	return item;
}

/* How much would come free is asked only when it matters. */
static void measure(const struct gc *g, int area, struct gc_item *item)
{
	struct gc_tree tree;
	struct err ignored = ERR_INIT;
	const struct gc_policy *p = &g->options.policy;
	if (!p->free_bytes.set && !p->free_inodes.set && !g->options.sizes_too)
		return;
	int result = gc_tree_look(area, item->name, g->now_ms, &tree, &ignored);
	(void)result; /* what of it could be read counts */
	item->allocated_bytes = tree.allocated_bytes;
	item->entries = tree.entries;
	item->project = gc_project_of(g, area, item->name);
}

static void plan_trash_entry(const struct gc *g, int area, const char *name, struct gc_plan *plan)
{
	struct gc_item *item = add_stranger(plan, name);
	struct str rest = str_of(name);
	int64_t ms = 0;
	bool half_deleted = str_ends(rest, S(".gone"));
	if (half_deleted)
		rest = str_head(rest, rest.len - S(".gone").len);
	if (gc_name_parse(rest, true, &ms, item->id))
		return;
	measure(g, area, item);
	item->idle_ms = g->now_ms - ms;
	item->newest_ms = ms;
	item->in_trash = true;
	item->reason = GC_REASON_TRASH_FRESH;
	if (half_deleted) {
		item->action = GC_PURGE;
		item->reason = GC_REASON_HALF_DELETED;
	} else if (item->idle_ms < -GC_CLOCK_SLACK_MS || g->clock_jumped) {
		item->reason = GC_REASON_CLOCK;
	} else if (item->idle_ms >= g->options.trash_ttl_ms) {
		item->action = GC_PURGE;
		item->reason = GC_REASON_TRASH_OLD;
	}
}

/* What an interrupted setup left. One that still runs holds its workspace's lock. */
static void plan_staging_entry(const struct gc *g, int area, const char *name, struct gc_plan *plan)
{
	struct err ignored = ERR_INIT;
	struct file_stat st;
	struct gc_item *item = add_stranger(plan, name);
	int64_t ms = 0;
	if (gc_name_parse(str_of(name), false, &ms, item->id) ||
	    dir_stat(area, name, &st, &ignored))
		return;
	item->newest_ms = st.ctime_s * 1000 + st.ctime_ns / 1000000;
	item->idle_ms = g->now_ms - item->newest_ms;
	item->reason = GC_REASON_NOT_READY;
	if (gc_look_locked(g->base, item->id, item->detail)) {
		item->reason = GC_REASON_LOCKED;
	} else if (item->idle_ms >= GC_STAGING_AGE_MS) {
		item->action = GC_CLEAN;
		item->reason = GC_REASON_STAGING;
	}
}

/* An area that is not there is not made: a plan changes nothing. */
static int plan_area(const struct gc *g, const char *area, struct gc_plan *plan, struct err *e)
{
	FD_AUTO fd = -1;
	MEM_AUTO char **names = NULL;
	size_t count = 0;
	int exists = dir_exists(g->base->ws_fd, area, e);
	if (exists <= 0)
		return exists;
	if (dir_open(g->base->ws_fd, area, &fd, e) ||
	    dir_list(fd, GC_AREA_ENTRIES_MAX, &names, &count, e))
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(area, "trash") == 0)
			plan_trash_entry(g, fd, names[i], plan);
		else
			plan_staging_entry(g, fd, names[i], plan);
	}
	return 0;
}

/* What waits in the spool is sent. Its record says so, or will. */
static int plan_spool(const struct gc *g, struct gc_plan *plan, struct err *e)
{
	FD_AUTO fd = -1;
	MEM_AUTO char **names = NULL;
	size_t count = 0;
	int exists = dir_exists(g->base->ws_fd, "spool", e);
	if (exists <= 0)
		return exists;
	if (dir_open(g->base->ws_fd, "spool", &fd, e) ||
	    dir_list(fd, GC_AREA_ENTRIES_MAX, &names, &count, e))
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct err ignored = ERR_INIT;
		struct gc_item *item = add_stranger(plan, names[i]);
		if (base_dir_check_id(names[i], &ignored))
			continue;
		snprintf(item->id, sizeof(item->id), "%s", names[i]);
		item->reason = GC_REASON_LOCKED;
		if (gc_look_locked(g->base, item->id, item->detail))
			continue;
		item->action = GC_SEND;
		item->reason = GC_REASON_SPOOLED;
	}
	return 0;
}

/* Directories of the base and ids with a record, each once; both lists are sorted. They are only named here. */
static int name_workspaces(const struct gc *g, struct gc_plan *plan, struct err *e)
{
	MEM_AUTO char **ids = NULL;
	MEM_AUTO char **names = NULL;
	size_t id_count = 0, name_count = 0, i = 0, k = 0;
	if (record_ids(g->base, &ids, &id_count, e) ||
	    dir_list(g->base->fd, GC_AREA_ENTRIES_MAX, &names, &name_count, e))
		return -1;
	while (i < id_count || k < name_count) {
		int order = i == id_count ? 1 : k == name_count ? -1 : strcmp(ids[i], names[k]);
		const char *name = order <= 0 ? ids[i] : names[k];
		i += order <= 0;
		k += order >= 0;
		if (strcmp(name, ".ws") == 0)
			continue;
		struct gc_item *item = add_stranger(plan, name);
		if (order <= 0)
			snprintf(item->id, sizeof(item->id), "%s", name);
	}
	return 0;
}

/* ---- looking, on all cores ---- */

struct look_job {
	struct pool_job job;
	const struct gc *gc;
	void (*look)(const struct gc *g, struct gc_item *item);
	struct gc_item *items;
	size_t count;
	size_t *next; /* shared */
};

/* A record whose workspace is gone: lost, or saved long ago. Neither is in the spool or in the trash. */
static void look_at_leftover(const struct gc *g, struct gc_item *item)
{
	const struct gc_options *o = &g->options;
	const struct gc_limits *l = &gc_policy_rule_of(&o->policy, item)->limits;
	if (item->is_compressed && o->archive_to && l->set_older && item->idle_ms >= l->older_ms) {
		item->action = GC_SEND;
		item->reason = GC_REASON_IDLE;
		return;
	}
	int kind = gc_forget_kind(g, item->id);
	if (kind == GC_FORGET_LOST && o->orphans && item->idle_ms >= GC_STAGING_AGE_MS) {
		item->action = GC_FORGET;
		item->reason = GC_REASON_ORPHAN;
	} else if (kind == GC_FORGET_SAVED && o->set_records && item->idle_ms >= o->records_ms) {
		item->action = GC_FORGET;
		item->reason = GC_REASON_OLD_RECORD;
	}
}

static bool is_over(const struct gc *g)
{
	return g->options.end_ms > 0 && sys_monotonic_ms() >= g->options.end_ms;
}

static void look_at_one(const struct gc *g, struct gc_item *item)
{
	char name[sizeof(item->name)];
	memcpy(name, item->name, sizeof(name));
	if (is_over(g)) {
		item->reason = GC_REASON_TIME;
		return;
	}
	if (item->id[0])
		gc_scan(g, name, false, 0, item, NULL);
	else if (gc_temp_look(g, item))
		return;
	if (item->reason == GC_REASON_NO_RECORD)
		gc_scan_orphan(g, name, false, item);
	if (item->reason == GC_REASON_ORPHAN)
		item->action = GC_TRASH;
	if (item->reason == GC_REASON_GONE && !g->clock_jumped)
		look_at_leftover(g, item);
}

static int look_at_some(struct pool_job *job, struct err *e)
{
	struct look_job *j = (struct look_job *)job;
	size_t i;
	(void)e;
	while ((i = __atomic_fetch_add(j->next, 1, __ATOMIC_RELAXED)) < j->count)
		j->look(j->gc, &j->items[i]);
	return 0;
}

static int look_at_all(const struct gc *g, void (*look)(const struct gc *g, struct gc_item *item),
                       struct gc_item *items, size_t count, struct err *e)
{
	enum { STACK_BYTES = 2 << 20, JOBS_MAX = 64 };
	struct look_job jobs[JOBS_MAX];
	POOL_AUTO pool = NULL;
	size_t next = 0;
	unsigned n = g->options.jobs ? g->options.jobs : sys_cpu_count();
	n = n > JOBS_MAX ? JOBS_MAX : n;
	if (pool_open(n, STACK_BYTES, n, &pool, e))
		return -1;
	for (unsigned i = 0; i < n; i++) {
		jobs[i] = (struct look_job){ .job = { .run = look_at_some }, .gc = g };
		jobs[i].look = look;
		jobs[i].items = items;
		jobs[i].count = count;
		jobs[i].next = &next;
		pool_submit(pool, &jobs[i].job);
	}
	int result = 0;
	for (unsigned i = 0; i < n; i++)
		result |= pool_wait(pool, &jobs[i].job, e);
	return result;
}

static int plan_workspaces(const struct gc *g, struct gc_plan *plan, struct err *e)
{
	size_t first = plan->count;
	if (name_workspaces(g, plan, e))
		return -1;
	return look_at_all(g, look_at_one, plan->items + first, plan->count - first, e);
}

static void look_at_space(const struct gc *g, struct gc_plan *plan)
{
	struct dir_space space;
	struct err ignored = ERR_INIT;
	plan->space_known = dir_space(g->base->fd, &space, &ignored) == 0;
	if (!plan->space_known)
		return;
	plan->space = (struct gc_space){ space.total_bytes, space.free_bytes, space.total_inodes,
		                         space.free_inodes };
}

/* ---- the decision ---- */

/* git is asked only about what would be taken: that takes a process or five for each. */
static void ask_git(const struct gc *g, struct gc_item *item)
{
	const struct gc_archive_place place = { g->options.archive_to, "" };
	const struct gc_archive_place *archive = g->options.archive_to ? &place : NULL;
	bool is_taken = item->action == GC_TRASH || item->action == GC_COMPRESS;
	bool is_archived =
		item->action == GC_COMPRESS || (item->exists && gc_archive_is_due(item, archive));
	if (!is_taken || item->git_known || !item->has_git)
		return;
	enum gc_reason why = is_over(g) ? GC_REASON_GIT_UNKNOWN : gc_git_look(g, item, is_archived);
	item->git_known = true;
	if (why == GC_REASON_IDLE)
		return;
	item->action = GC_KEEP;
	item->reason = why;
	item->at_once = false;
}

/* Back to what was known before the policies, which has now grown by what git keeps. Whether it has. */
static bool reset(struct gc_plan *plan)
{
	bool refused = false;
	for (size_t i = 0; i < plan->count; i++) {
		struct gc_item *item = &plan->items[i];
		refused |= gc_git_refuses(item->reason) && !gc_git_refuses(item->found_reason);
	}
	for (size_t i = 0; refused && i < plan->count; i++) {
		struct gc_item *item = &plan->items[i];
		if (gc_git_refuses(item->reason)) {
			item->found_action = GC_KEEP;
			item->found_reason = item->reason;
		}
		item->action = item->found_action;
		item->reason = item->found_reason;
		item->shielded = item->at_once = false;
	}
	return refused;
}

/* When git keeps one, the policies may want another in its place. */
static int decide(struct gc *g, struct gc_plan *plan, const struct gc_space *space, struct err *e)
{
	for (size_t i = 0; i < plan->count; i++) {
		plan->items[i].found_action = plan->items[i].action;
		plan->items[i].found_reason = plan->items[i].reason;
	}
	struct gc_policy policy = g->options.policy;
	if (gc_waits_until(g) > 0)
		policy.free_bytes.set = policy.free_inodes.set = false;
	do {
		gc_policy_apply(plan->items, plan->count, &policy, space);
		if (look_at_all(g, ask_git, plan->items, plan->count, e) != 0)
			return -1;
	} while (reset(plan));
	return 0;
}

int gc_make_plan(struct gc *g, struct gc_plan *plan, struct err *e)
{
	const struct gc_policy *p = &g->options.policy;
	if (plan_area(g, "trash", plan, e) || plan_area(g, "staging", plan, e) ||
	    plan_spool(g, plan, e) || (g->options.orphans && gc_git_entries_plan(g, plan, e)) ||
	    (g->options.remote && gc_remote_plan(g, plan, e)) || gc_temp_plan(g, plan, e) ||
	    plan_workspaces(g, plan, e))
		return err_context(e, "plan");
	gc_temp_plan_records(g, plan);
	gc_project_count(g, plan);
	look_at_space(g, plan);
	const struct gc_space *space = plan->space_known ? &plan->space : NULL;
	if (decide(g, plan, space, e))
		return err_context(e, "plan");
	gc_policy_targets(plan->items, plan->count, p, space, &plan->targets);
	return 0;
}
