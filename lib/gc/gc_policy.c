/* The policies, in the order in which they decide. */
#include "gc/gc_policy.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "gc/gc.h"

/* The workspaces that are there, in an order. */
struct order {
	struct gc_item **items;
	size_t count;
	const struct gc_policy *policy;
};

static bool matches(const char *glob, const char *text)
{
	return !glob || str_glob(str_of(glob), str_of(text));
}

size_t gc_policy_rule(const struct gc_policy *p, const struct gc_match *m)
{
	for (size_t i = 0; i < p->rule_count; i++) {
		const struct gc_rule *r = &p->rules[i];
		const char *value = r->label_name ? m->label(m->ctx, r->label_name) : NULL;
		if (r->label_name && (!value || !matches(r->label_value, value)))
			continue;
		if (matches(r->profile, m->profile) && matches(r->owner, m->owner))
			return i;
	}
	return p->rule_count;
}

const struct gc_rule *gc_policy_rule_of(const struct gc_policy *p, const struct gc_item *item)
{
	static const struct gc_rule none = { .name = "", .keep = true };
	return item->rule < p->rule_count ? &p->rules[item->rule] : &none;
}

int64_t gc_policy_min_age_ms(const struct gc_limits *l)
{
	if (l->set_min_age)
		return l->min_age_ms;
	if (l->set_older && l->older_ms < GC_MIN_AGE_DEFAULT_MS)
		return l->older_ms;
	return GC_MIN_AGE_DEFAULT_MS;
}

/* ---- orders ---- */

/* The longest idle first; what nobody can tell counts as used just now. */
static int by_idle(const struct gc_item *a, const struct gc_item *b)
{
	if (a->idle_ms != b->idle_ms)
		return a->idle_ms > b->idle_ms ? -1 : 1;
	return strcmp(a->name, b->name);
}

static int compare_idle(const void *a, const void *b)
{
	return by_idle(*(struct gc_item *const *)a, *(struct gc_item *const *)b);
}

static int compare_rule(const void *a, const void *b)
{
	const struct gc_item *x = *(struct gc_item *const *)a;
	const struct gc_item *y = *(struct gc_item *const *)b;
	return x->rule != y->rule ? (x->rule > y->rule) - (x->rule < y->rule) : by_idle(x, y);
}

static int compare_owner(const void *a, const void *b)
{
	const struct gc_item *x = *(struct gc_item *const *)a;
	const struct gc_item *y = *(struct gc_item *const *)b;
	int order = strcmp(x->owner, y->owner);
	return order ? order : by_idle(x, y);
}

static int compare_rule_owner(const void *a, const void *b)
{
	const struct gc_item *x = *(struct gc_item *const *)a;
	const struct gc_item *y = *(struct gc_item *const *)b;
	return x->rule != y->rule ? (x->rule > y->rule) - (x->rule < y->rule) : compare_owner(a, b);
}

static void sort(struct order *o, int (*compare)(const void *, const void *))
{
	if (o->count > 1)
		qsort(o->items, o->count, sizeof(*o->items), compare);
}

/* The end of the run of items that begins at `from` and is one group. */
static size_t run_end(const struct order *o, size_t from, bool by_rule, bool by_owner)
{
	const struct gc_item *first = o->items[from];
	size_t end = from + 1;
	while (end < o->count && (!by_rule || o->items[end]->rule == first->rule) &&
	       (!by_owner || strcmp(o->items[end]->owner, first->owner) == 0))
		end++;
	return end;
}

/* ---- one workspace ---- */

/* Nothing forbids to take it, and nothing has decided about it. */
static bool is_free(const struct gc_item *item)
{
	return item->action == GC_KEEP && item->reason == GC_REASON_IDLE;
}

static bool may_take(const struct gc_item *item)
{
	return item->exists && is_free(item) && !item->shielded;
}

static void take(struct gc_item *item, enum gc_reason why)
{
	item->action = GC_TRASH;
	item->reason = why;
}

/* ---- groups ---- */

static void shield_last(struct order *o)
{
	sort(o, compare_rule_owner);
	for (size_t from = 0, end; from < o->count; from = end) {
		const struct gc_limits *l = &gc_policy_rule_of(o->policy, o->items[from])->limits;
		end = run_end(o, from, true, true);
		uint64_t keep = l->set_keep_last ? l->keep_last : 0;
		for (size_t i = end; i > from && keep > 0; i--, keep--)
			o->items[i - 1]->shielded = true;
	}
}

static void shield_young(struct gc_item *item, const struct gc_limits *l)
{
	item->shielded |= item->idle_ms < gc_policy_min_age_ms(l);
	item->shielded |= l->set_keep_within && item->idle_ms <= l->keep_within_ms;
}

/* Whether the keep policies are all that there is, so that they say what goes. */
static bool is_only_keep(const struct gc_limits *l)
{
	return (l->set_keep_last || l->set_keep_within) && !l->set_older && !l->set_max_total &&
	       !l->set_max_count && !l->set_compress;
}

static void apply_rule(const struct order *o, size_t from, size_t end)
{
	const struct gc_rule *rule = gc_policy_rule_of(o->policy, o->items[from]);
	const struct gc_limits *l = &rule->limits;
	uint64_t count = 0, total = 0;
	for (size_t i = from; i < end; i++) {
		struct gc_item *item = o->items[i];
		item->shielded |= rule->keep;
		shield_young(item, l);
		if (may_take(item) && l->set_older && item->idle_ms >= l->older_ms)
			take(item, GC_REASON_IDLE);
		if (may_take(item) && is_only_keep(l))
			take(item, GC_REASON_NOT_KEPT);
		if (item->action == GC_KEEP) {
			count++;
			total += item->allocated_bytes;
		}
	}
	for (size_t i = from; i < end; i++) {
		struct gc_item *item = o->items[i];
		bool over_count = l->set_max_count && count > l->max_count;
		bool over_total = l->set_max_total && total > l->max_total_bytes;
		if (!may_take(item) || (!over_count && !over_total))
			continue;
		take(item, over_count ? GC_REASON_COUNT : GC_REASON_TOTAL);
		count--;
		total -= item->allocated_bytes;
	}
}

const struct gc_quota *gc_policy_quota_of(const struct gc_policy *p, const char *owner)
{
	const struct gc_quota *any = NULL;
	for (size_t i = 0; i < p->quota_count; i++) {
		if (strcmp(p->quotas[i].owner, owner) == 0)
			return &p->quotas[i];
		if (strcmp(p->quotas[i].owner, "*") == 0)
			any = &p->quotas[i];
	}
	return any;
}

uint64_t gc_policy_quota_bytes(const struct gc_item *item)
{
	return item->by_kernel ? item->kernel_bytes : item->allocated_bytes;
}

static void apply_quota(const struct order *o, size_t from, size_t end)
{
	const struct gc_quota *quota = gc_policy_quota_of(o->policy, o->items[from]->owner);
	uint64_t total = 0;
	for (size_t i = from; i < end; i++)
		total += o->items[i]->action == GC_KEEP ? gc_policy_quota_bytes(o->items[i]) : 0;
	if (!quota || total <= quota->hard_bytes)
		return;
	for (size_t i = from; i < end && total > quota->soft_bytes; i++) {
		if (!may_take(o->items[i]))
			continue;
		take(o->items[i], GC_REASON_QUOTA);
		total -= gc_policy_quota_bytes(o->items[i]);
	}
}

/* ---- free space ---- */

static uint64_t weight(const struct gc_item *item, bool inodes)
{
	return inodes ? item->entries + 1 : item->allocated_bytes;
}

/* That it is gone from the file system when the run is over. */
static bool is_gone(const struct gc_item *item)
{
	return item->action == GC_PURGE || item->action == GC_CLEAN ||
	       (item->action == GC_TRASH && item->at_once);
}

/* What of `items` may still go, step by step: fresh trash; what is on its way to the trash; workspaces. */
static bool may_free(const struct gc_item *item, int step)
{
	if (step == 0)
		return item->in_trash && item->action == GC_KEEP &&
		       item->reason == GC_REASON_TRASH_FRESH;
	if (step == 1)
		return item->action == GC_TRASH && !item->at_once;
	return may_take(item);
}

static void free_item(struct gc_item *item, enum gc_reason why)
{
	if (item->in_trash) {
		item->action = GC_PURGE;
		item->reason = why;
		return;
	}
	if (item->action == GC_KEEP)
		take(item, why);
	item->at_once = true;
}

static uint64_t low_of(const struct gc_mark *m, uint64_t total)
{
	return m->is_percent ? total / 100 * m->low : m->low;
}

static uint64_t high_of(const struct gc_mark *m, uint64_t total)
{
	return m->is_percent ? total / 100 * m->high : m->high;
}

static void apply_mark(const struct order *o, const struct gc_mark *m, uint64_t total,
                       uint64_t free_now, bool inodes)
{
	enum gc_reason why = inodes ? GC_REASON_INODES : GC_REASON_SPACE;
	if (!m->set || total == 0 || free_now >= low_of(m, total))
		return;
	for (size_t i = 0; i < o->count; i++)
		free_now += is_gone(o->items[i]) ? weight(o->items[i], inodes) : 0;
	for (int step = 0; step < 3; step++) {
		for (size_t i = 0; i < o->count && free_now < high_of(m, total); i++) {
			struct gc_item *item = o->items[i];
			if (!may_free(item, step))
				continue;
			free_item(item, why);
			free_now += weight(item, inodes);
		}
	}
}

/* ---- all ---- */

static void limit(const struct order *o, uint64_t max)
{
	uint64_t taken = 0;
	for (size_t i = 0; i < o->count; i++) {
		struct gc_item *item = o->items[i];
		bool goes = item->action == GC_TRASH || item->action == GC_COMPRESS;
		if (!item->exists || !goes || ++taken <= max)
			continue;
		item->action = GC_KEEP;
		item->reason = GC_REASON_LIMIT;
		item->at_once = false;
	}
}

/* Why an item that could have been taken was not. */
static void say_why_kept(const struct gc_policy *p, struct gc_item *item)
{
	const struct gc_rule *rule = gc_policy_rule_of(p, item);
	const struct gc_limits *l = &rule->limits;
	bool has_limit = l->set_max_count || l->set_max_total || p->quota_count > 0 ||
	                 p->free_bytes.set || p->free_inodes.set || is_only_keep(l);
	has_limit |= l->set_compress;
	item->reason = has_limit && !l->set_older ? GC_REASON_WITHIN : GC_REASON_YOUNG;
	if (rule->keep)
		item->reason = GC_REASON_KEEP_RULE;
	else if (l->set_older && item->idle_ms < l->older_ms)
		item->reason = GC_REASON_YOUNG;
	else if (l->set_keep_within && item->idle_ms <= l->keep_within_ms)
		item->reason = GC_REASON_KEEP_TIME;
	else if (item->idle_ms < gc_policy_min_age_ms(l) && (has_limit || l->set_older))
		item->reason = GC_REASON_MIN_AGE;
	else if (item->idle_ms >= gc_policy_min_age_ms(l) && item->shielded)
		item->reason = GC_REASON_KEEP_LAST;
}

/* What nothing takes; a sensitive or ephemeral one has no archive, and a worktree's is in its repository. */
static void apply_compress(const struct order *o)
{
	for (size_t i = 0; i < o->count; i++) {
		struct gc_item *item = o->items[i];
		const struct gc_limits *l = &gc_policy_rule_of(o->policy, item)->limits;
		bool has_archive = !item->sensitive && !item->ephemeral && !item->is_worktree;
		if (!may_take(item) || !has_archive || !l->set_compress ||
		    item->idle_ms < l->compress_ms)
			continue;
		item->action = GC_COMPRESS;
		item->reason = GC_REASON_COMPRESS;
	}
}

static struct order order_of(struct gc_item *items, size_t count, const struct gc_policy *p,
                             bool with_trash)
{
	struct order o = { .items = mem_new(count + 1, sizeof(*o.items)), .policy = p };
	for (size_t i = 0; i < count; i++) {
		if (items[i].exists || (with_trash && (items[i].in_trash || is_gone(&items[i]))))
			o.items[o.count++] = &items[i];
	}
	return o;
}

static void apply_groups(struct order *o)
{
	size_t end;
	shield_last(o);
	sort(o, compare_rule);
	for (size_t from = 0; from < o->count; from = end) {
		end = run_end(o, from, true, false);
		apply_rule(o, from, end);
	}
	sort(o, compare_owner);
	for (size_t from = 0; from < o->count; from = end) {
		end = run_end(o, from, false, true);
		apply_quota(o, from, end);
	}
}

uint64_t gc_policy_max_delete(const struct gc_policy *p, uint64_t workspaces)
{
	if (!p->set_max_delete)
		return UINT64_MAX;
	return p->max_delete_is_percent ? workspaces * p->max_delete / 100 : p->max_delete;
}

void gc_policy_apply(struct gc_item *items, size_t count, const struct gc_policy *p,
                     const struct gc_space *space)
{
	struct order workspaces = order_of(items, count, p, false);
	apply_groups(&workspaces);
	struct order all = order_of(items, count, p, true);
	sort(&all, compare_idle);
	if (space) {
		apply_mark(&all, &p->free_bytes, space->total_bytes, space->free_bytes, false);
		apply_mark(&all, &p->free_inodes, space->total_inodes, space->free_inodes, true);
	}
	apply_compress(&workspaces);
	limit(&all, gc_policy_max_delete(p, workspaces.count));
	for (size_t i = 0; i < workspaces.count; i++) {
		if (is_free(workspaces.items[i]))
			say_why_kept(p, workspaces.items[i]);
	}
	mem_free(workspaces.items);
	mem_free(all.items);
}
