/* Look at one workspace and say what is to be done with it. */
#include <stdio.h>
#include <string.h>

#include "gc/gc_internal.h"

static void fill(struct gc_item *item, const struct gc_look *l, int64_t now_ms)
{
	item->ephemeral = l->record.ephemeral;
	item->entries = l->tree.entries;
	item->allocated_bytes = l->tree.allocated_bytes;
	item->idle_ms = l->newest_ms > 0 ? now_ms - l->newest_ms : -1;
	memcpy(item->profile, l->record.profile, sizeof(item->profile));
	memcpy(item->owner, l->record.owner, sizeof(item->owner));
	snprintf(item->detail, sizeof(item->detail), "%.*s", (int)sizeof(item->detail) - 1,
	         l->trouble[0] ? l->trouble : l->holder);
}

void gc_scan(const struct gc *g, const char *id, bool held, int64_t lock_ms, struct gc_item *item)
{
	const struct gc_look_how how = {
		.mounts = g->mounts_known ? &g->mounts : NULL,
		.now_ms = g->now_ms,
		.held = held,
		.lock_ms = lock_ms,
	};
	GC_LOOK_AUTO look;
	gc_look_at(g->base, id, &how, &look);
	const struct gc_condition condition = {
		.locked = look.locked,
		.has_record = look.has_record,
		.record_ok = look.record_ok,
		.has_directory = look.has_directory,
		.mounted = look.mounted,
		.readable = look.is_directory && look.tree_known,
		.state = look.record.state,
		.newest_ms = look.newest_ms,
		.now_ms = g->now_ms,
	};
	memset(item, 0, sizeof(*item));
	snprintf(item->id, sizeof(item->id), "%s", id);
	snprintf(item->name, sizeof(item->name), "%s", id);
	fill(item, &look, g->now_ms);
	item->action = gc_decide(&condition, &g->options, &item->reason);
}
