/* How far each policy with a target gets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "gc/gc.h"

static struct gc_target *add(struct gc_targets *t, bool is_bytes)
{
	if (t->count == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 8;
		t->list = mem_grow(t->list, t->cap, sizeof(*t->list));
	}
	struct gc_target *one = &t->list[t->count++];
	memset(one, 0, sizeof(*one));
	one->is_bytes = is_bytes;
	return one;
}

/* What there was, and what is left of it. */
struct amount {
	uint64_t before, after;
	bool by_scan, by_kernel; /* of bytes against a quota */
};

static void add_amount(struct amount *a, const struct gc_item *item, uint64_t weight)
{
	a->before += weight;
	a->after += item->action == GC_TRASH ? 0 : weight;
}

/* Down to `goal`, because it was more than `limit`. */
static void set_down(struct gc_target *t, const struct amount *a, uint64_t limit, uint64_t goal)
{
	t->limit = limit;
	t->before = a->before;
	t->freed = a->before - a->after;
	t->wanted = a->before > limit ? a->before - goal : 0;
	t->missed = t->freed < t->wanted;
}

static void look_at_rule(const struct gc_item *items, size_t count, const struct gc_policy *p,
                         size_t rule, bool is_bytes, struct gc_targets *out)
{
	const struct gc_rule *r = &p->rules[rule];
	struct amount a = { .before = 0 };
	uint64_t limit = is_bytes ? r->limits.max_total_bytes : r->limits.max_count;
	if (!(is_bytes ? r->limits.set_max_total : r->limits.set_max_count))
		return;
	for (size_t i = 0; i < count; i++) {
		if (items[i].exists && items[i].rule == rule)
			add_amount(&a, &items[i], is_bytes ? items[i].allocated_bytes : 1);
	}
	if (a.before <= limit)
		return;
	struct gc_target *t = add(out, is_bytes);
	snprintf(t->name, sizeof(t->name), "%s%.60s%smax-%s", r->name[0] ? "rule " : "", r->name,
	         r->name[0] ? ": " : "", is_bytes ? "total" : "count");
	set_down(t, &a, limit, limit);
}

/* ---- quotas ---- */

static int by_owner(const void *a, const void *b)
{
	const struct gc_item *const *x = a;
	const struct gc_item *const *y = b;
	return strcmp((*x)->owner, (*y)->owner);
}

static void look_at_owner(const char *owner, const struct amount *a, const struct gc_policy *p,
                          struct gc_targets *out)
{
	const struct gc_quota *quota = gc_policy_quota_of(p, owner);
	if (!quota || a->before <= quota->soft_bytes)
		return;
	struct gc_target *t = add(out, true);
	snprintf(t->name, sizeof(t->name), "quota %.80s", owner[0] ? owner : "(no owner)");
	t->by_scan = a->by_scan;
	t->by_kernel = a->by_kernel;
	if (a->before > quota->hard_bytes) {
		set_down(t, a, quota->hard_bytes, quota->soft_bytes);
		return;
	}
	t->limit = quota->soft_bytes;
	t->before = a->before;
	t->freed = a->before - a->after;
	t->warning = a->after > quota->soft_bytes;
}

static void look_at_quotas(const struct gc_item *items, size_t count, const struct gc_policy *p,
                           struct gc_targets *out)
{
	const struct gc_item **list = mem_new(count + 1, sizeof(*list));
	size_t n = 0;
	for (size_t i = 0; i < count; i++) {
		if (items[i].exists)
			list[n++] = &items[i];
	}
	if (n > 1)
		qsort(list, n, sizeof(*list), by_owner);
	struct amount a = { .before = 0 };
	for (size_t i = 0; i < n; i++) {
		add_amount(&a, list[i], gc_policy_quota_bytes(list[i]));
		a.by_kernel |= list[i]->by_kernel;
		a.by_scan |= !list[i]->by_kernel;
		if (i + 1 < n && strcmp(list[i]->owner, list[i + 1]->owner) == 0)
			continue;
		look_at_owner(list[i]->owner, &a, p, out);
		a = (struct amount){ .before = 0 };
	}
	mem_free(list);
}

/* ---- marks ---- */

/* What is gone from the file system when the run is over: not what waits in the trash. */
static uint64_t gone(const struct gc_item *items, size_t count, bool is_bytes)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < count; i++) {
		bool is_gone = items[i].action == GC_PURGE || items[i].action == GC_CLEAN ||
		               (items[i].action == GC_TRASH && items[i].at_once);
		uint64_t weight = is_bytes ? items[i].allocated_bytes : items[i].entries + 1;
		sum += is_gone ? weight : 0;
	}
	return sum;
}

static void look_at_mark(const struct gc_mark *m, uint64_t total, uint64_t free_now, uint64_t freed,
                         const char *name, struct gc_targets *out)
{
	uint64_t low = m->is_percent ? total / 100 * m->low : m->low;
	uint64_t high = m->is_percent ? total / 100 * m->high : m->high;
	if (!m->set || free_now >= low)
		return;
	struct gc_target *t = add(out, strcmp(name, "min-free") == 0);
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->limit = high;
	t->before = free_now;
	t->wanted = high - free_now;
	t->freed = freed;
	t->missed = freed < t->wanted;
}

static void look_at_space(const struct gc_item *items, size_t count, const struct gc_policy *p,
                          const struct gc_space *space, struct gc_targets *out)
{
	const struct gc_space unknown = { .total_bytes = 0 };
	const struct gc_space *s = space ? space : &unknown;
	look_at_mark(&p->free_bytes, s->total_bytes, s->free_bytes, gone(items, count, true),
	             "min-free", out);
	/* A file system without a number of inodes (btrfs) has no lack of them. */
	if (!space || s->total_inodes > 0)
		look_at_mark(&p->free_inodes, s->total_inodes, s->free_inodes,
		             gone(items, count, false), "min-free-inodes", out);
}

void gc_policy_targets(const struct gc_item *items, size_t count, const struct gc_policy *p,
                       const struct gc_space *space, struct gc_targets *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < p->rule_count; i++) {
		look_at_rule(items, count, p, i, true, out);
		look_at_rule(items, count, p, i, false, out);
	}
	if (p->quota_count > 0)
		look_at_quotas(items, count, p, out);
	look_at_space(items, count, p, space, out);
}

void gc_policy_targets_free(struct gc_targets *t)
{
	mem_free(t->list);
	memset(t, 0, sizeof(*t));
}
