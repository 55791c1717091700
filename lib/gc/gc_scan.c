/* Look at one workspace and say whether it may be taken. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "gc/gc_internal.h"
#include "gc/gc_project.h"
#include "os/extent.h"

static const char *label_of(const void *ctx, const char *name)
{
	const struct js *value = js_get(ctx, name);
	return js_is_string(value) ? js_value_str(value).p : NULL;
}

static void copy(char *to, size_t cap, const char *from)
{
	struct str cut = str_head(str_of(from), cap - 1);
	memcpy(to, cut.p, cut.len);
	to[cut.len] = '\0';
}

static bool is_sensitive(const struct gc *g, const struct gc_item *item, const struct js *labels)
{
	const char *class = label_of(labels, "class");
	const struct gc_policy *p = &g->options.policy;
	return (class && strcmp(class, "sensitive") == 0) || gc_policy_rule_of(p, item)->sensitive;
}

static void fill_from_record(const struct gc *g, const struct gc_brief *r, struct gc_item *item)
{
	const struct gc_match match = {
		.profile = r->profile,
		.owner = r->owner,
		.label = label_of,
		.ctx = r->labels,
	};
	const char *label = g->options.label ? label_of(r->labels, g->options.label) : NULL;
	item->ephemeral = r->ephemeral;
	copy(item->profile, sizeof(item->profile), r->profile);
	copy(item->owner, sizeof(item->owner), r->owner);
	copy(item->label, sizeof(item->label), label ? label : "");
	item->rule = (unsigned)gc_policy_rule(&g->options.policy, &match);
	item->sensitive = is_sensitive(g, item, r->labels);
}

static void fill_from_look(const struct gc *g, const struct gc_look *l, struct gc_item *item)
{
	item->entries = l->tree.entries;
	item->allocated_bytes = l->tree.allocated_bytes;
	item->newest_ms = l->newest_ms;
	item->idle_ms = l->newest_ms > 0 ? g->now_ms - l->newest_ms : -1;
	item->exists = l->record_ok && l->is_directory;
	item->project = item->exists ? gc_project_of(g, g->base->fd, item->name) : 0;
	item->has_git = l->brief.in_git || l->tree.has_git;
	item->is_worktree = l->brief.in_git;
	item->has_temp = l->has_temp;
	item->is_compressed = l->brief.in_archive && !l->has_directory;
	bool by_holder = l->locked && l->holder[0];
	copy(item->detail, sizeof(item->detail), by_holder ? l->holder : l->trouble);
}

static struct gc_condition condition_of(const struct gc *g, const struct gc_look *l)
{
	return (struct gc_condition){
		.locked = l->locked,
		.has_record = l->has_record,
		.record_ok = l->record_ok,
		.has_directory = l->has_directory,
		.mounted = l->mounted,
		.readable = l->is_directory && l->tree_known,
		.pinned = l->pinned,
		.busy = l->busy,
		.holds_base = l->tree.has_base,
		.clock_jumped = g->clock_jumped,
		.state = l->brief.state,
		.newest_ms = l->newest_ms,
		.now_ms = g->now_ms,
	};
}

static void start(const char *id, struct gc_item *item)
{
	memset(item, 0, sizeof(*item));
	copy(item->id, sizeof(item->id), id);
	copy(item->name, sizeof(item->name), id);
	item->action = GC_KEEP;
}

static struct gc_look_how how_of(const struct gc *g)
{
	return (struct gc_look_how){
		.mounts = g->mounts_known ? &g->mounts : NULL,
		.users = g->users_known ? &g->users : NULL,
		.now_ms = g->now_ms,
		.busy_too = g->options.sizes_too,
		.temp_too = true,
	};
}

static void ask_shared(const struct gc *g, struct gc_item *item)
{
	struct err ignored = ERR_INIT;
	item->shared_known =
		extent_tree_shared(g->base->fd, item->name, &item->shared_bytes, &ignored) == 0;
}

void gc_scan(const struct gc *g, const char *id, bool held, int64_t lock_ms, struct gc_item *item,
             struct gc_tree *tree)
{
	struct gc_look_how how = how_of(g);
	how.held = held;
	how.lock_ms = lock_ms;
	GC_LOOK_AUTO look;
	gc_look_at(g->base, id, &how, &look);
	start(id, item);
	fill_from_record(g, &look.brief, item);
	fill_from_look(g, &look, item);
	if (tree)
		*tree = look.tree;
	else if (g->options.shared_too && look.tree_known)
		ask_shared(g, item);
	const struct gc_condition condition = condition_of(g, &look);
	item->reason = gc_obstacle(&condition);
	if (item->reason == GC_REASON_CLOCK && g->clock_jumped)
		copy(item->detail, sizeof(item->detail), g->clock);
}

void gc_scan_orphan(const struct gc *g, const char *name, bool held, struct gc_item *item)
{
	struct err ignored = ERR_INIT;
	start(name, item);
	item->idle_ms = -1;
	item->rule = (unsigned)g->options.policy.rule_count;
	item->reason = GC_REASON_NO_RECORD;
	if (!g->options.orphans || base_dir_check_id(name, &ignored) != 0) {
		item->id[0] = '\0';
		return;
	}
	struct gc_look_how how = how_of(g);
	how.held = held;
	GC_LOOK_AUTO look;
	gc_look_at(g->base, name, &how, &look);
	fill_from_look(g, &look, item);
	struct gc_condition condition = condition_of(g, &look);
	condition.has_record = condition.record_ok = true;
	condition.state = RECORD_READY;
	enum gc_reason why = look.has_record ? GC_REASON_BAD_RECORD : gc_obstacle(&condition);
	if (why != GC_REASON_IDLE)
		item->reason = why;
	else if (item->idle_ms >= GC_STAGING_AGE_MS)
		item->reason = GC_REASON_ORPHAN;
	else
		item->reason = GC_REASON_YOUNG;
}
