/* gc_policy against a slow and obvious model: whole sentences of the header, each a loop over everything, nothing sorted. */
#include "gc/gc_policy.h"

#include <stdlib.h>

#include "base/mem.h"
#include "gc/gc.h"
#include "tests/unit/dice.h"
#include "tests/unit/tap.h"

enum { ITEMS_MAX = 14, ROUNDS = 20000 };

/* ---- a random world ---- */

struct world {
	struct gc_item items[ITEMS_MAX];
	size_t count;
	struct gc_rule rules[3];
	struct gc_quota quotas[2];
	struct gc_policy policy;
	struct gc_space space;
};

static void make_limits(struct gc_limits *l)
{
	l->set_older = dice(3) == 0;
	l->older_ms = (int64_t)dice(12) * 100000;
	l->set_compress = dice(4) == 0;
	l->compress_ms = (int64_t)dice(12) * 100000;
	l->set_keep_last = dice(4) == 0;
	l->keep_last = dice(4);
	l->set_keep_within = dice(4) == 0;
	l->keep_within_ms = (int64_t)dice(12) * 100000;
	l->set_max_total = dice(3) == 0;
	l->max_total_bytes = dice(50);
	l->set_max_count = dice(3) == 0;
	l->max_count = dice(6);
	l->set_min_age = dice(2) == 0;
	l->min_age_ms = (int64_t)dice(6) * 100000;
}

static void make_item(struct world *w, struct gc_item *item, size_t i)
{
	static const enum gc_reason obstacles[] = { GC_REASON_LOCKED, GC_REASON_PINNED,
		                                    GC_REASON_BUSY, GC_REASON_MOUNT };
	memset(item, 0, sizeof(*item));
	snprintf(item->name, sizeof(item->name), "w%zu", i);
	snprintf(item->owner, sizeof(item->owner), "%c", (int)('a' + (int)dice(3)));
	item->rule = (unsigned)dice(w->policy.rule_count + 1);
	item->allocated_bytes = dice(20);
	item->by_kernel = dice(3) == 0;
	item->kernel_bytes = dice(20);
	item->entries = dice(5);
	item->idle_ms = (int64_t)dice(12) * 100000;
	item->exists = dice(6) > 0;
	item->in_trash = !item->exists;
	item->sensitive = dice(8) == 0;
	item->ephemeral = dice(8) == 0;
	item->is_worktree = dice(8) == 0;
	item->reason = dice(5) == 0 ? obstacles[dice(4)] : GC_REASON_IDLE;
	if (item->in_trash)
		item->reason = GC_REASON_TRASH_FRESH;
	if (item->in_trash && dice(3) == 0) {
		item->action = GC_PURGE;
		item->reason = GC_REASON_TRASH_OLD;
	}
}

static void make_mark(struct gc_mark *m)
{
	m->set = dice(3) == 0;
	m->is_percent = dice(2) == 0;
	m->low = dice(m->is_percent ? 50 : 500);
	m->high = m->low + dice(m->is_percent ? 50 : 100);
}

static void make_world(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->policy.rules = w->rules;
	w->policy.rule_count = 1 + dice(3);
	for (size_t i = 0; i < w->policy.rule_count; i++) {
		w->rules[i].name = "r";
		w->rules[i].keep = dice(6) == 0;
		make_limits(&w->rules[i].limits);
	}
	w->quotas[0] = (struct gc_quota){ "a", dice(30), 0 };
	w->quotas[1] = (struct gc_quota){ "*", dice(30), 0 };
	for (size_t i = 0; i < 2; i++)
		w->quotas[i].hard_bytes = w->quotas[i].soft_bytes + dice(10);
	w->policy.quotas = w->quotas;
	w->policy.quota_count = dice(3);
	make_mark(&w->policy.free_bytes);
	make_mark(&w->policy.free_inodes);
	w->policy.set_max_delete = dice(3) == 0;
	w->policy.max_delete_is_percent = dice(2) == 0;
	w->policy.max_delete = dice(w->policy.max_delete_is_percent ? 101 : 6);
	w->space = (struct gc_space){ 1000, dice(500), 1000, dice(500) };
	w->count = dice(ITEMS_MAX + 1);
	for (size_t i = 0; i < w->count; i++)
		make_item(w, &w->items[i], i);
}

/* ---- the model ---- */

struct verdict {
	bool taken, at_once, purged, shielded, compressed;
};

static bool longer_idle(const struct gc_item *a, const struct gc_item *b)
{
	return a->idle_ms > b->idle_ms ||
	       (a->idle_ms == b->idle_ms && strcmp(a->name, b->name) < 0);
}

static const struct gc_rule *rule_of(const struct world *w, const struct gc_item *item)
{
	static const struct gc_rule keep_all = { .keep = true };
	return item->rule < w->policy.rule_count ? &w->rules[item->rule] : &keep_all;
}

static int64_t min_age(const struct gc_limits *l)
{
	if (l->set_min_age)
		return l->min_age_ms;
	return l->set_older && l->older_ms < 600000 ? l->older_ms : 600000;
}

/* How many of the same rule and owner were used later. */
static uint64_t used_later(const struct world *w, const struct gc_item *item)
{
	uint64_t n = 0;
	for (size_t i = 0; i < w->count; i++)
		n += w->items[i].exists && w->items[i].rule == item->rule &&
		     strcmp(w->items[i].owner, item->owner) == 0 && longer_idle(item, &w->items[i]);
	return n;
}

static bool is_shielded(const struct world *w, const struct gc_item *item)
{
	const struct gc_rule *r = rule_of(w, item);
	const struct gc_limits *l = &r->limits;
	return r->keep || item->idle_ms < min_age(l) ||
	       (l->set_keep_within && item->idle_ms <= l->keep_within_ms) ||
	       (l->set_keep_last && used_later(w, item) < l->keep_last);
}

/* Whom a policy looks at. */
struct scope {
	const struct gc_rule *rule;
	bool by_rule;
	unsigned rule_index;
	const char *owner;
};

static bool in_scope(const struct gc_item *item, const struct scope *s)
{
	return item->exists && (!s->by_rule || item->rule == s->rule_index) &&
	       (!s->owner || strcmp(item->owner, s->owner) == 0);
}

/* The longest idle in scope that may be taken and is not; -1. */
static int next_of(const struct world *w, const struct verdict *v, const struct scope *s)
{
	int best = -1;
	for (size_t i = 0; i < w->count; i++) {
		const struct gc_item *item = &w->items[i];
		if (!in_scope(item, s) || item->reason != GC_REASON_IDLE || v[i].shielded ||
		    v[i].taken)
			continue;
		if (best < 0 || longer_idle(item, &w->items[best]))
			best = (int)i;
	}
	return best;
}

static void sums(const struct world *w, const struct verdict *v, const struct scope *s,
                 uint64_t *count, uint64_t *total)
{
	*count = *total = 0;
	for (size_t i = 0; i < w->count; i++) {
		if (!in_scope(&w->items[i], s) || v[i].taken)
			continue;
		++*count;
		*total += w->items[i].allocated_bytes;
	}
}

static void model_rule(const struct world *w, unsigned index, struct verdict *v)
{
	const struct gc_limits *l = &w->rules[index].limits;
	const struct scope s = { .by_rule = true, .rule_index = index };
	bool only_keep = (l->set_keep_last || l->set_keep_within) && !l->set_older &&
	                 !l->set_max_count && !l->set_max_total && !l->set_compress;
	uint64_t count, total;
	int next;
	for (size_t i = 0; i < w->count; i++) {
		const struct gc_item *item = &w->items[i];
		bool may = in_scope(item, &s) && item->reason == GC_REASON_IDLE && !v[i].shielded;
		v[i].taken |= may && (only_keep || (l->set_older && item->idle_ms >= l->older_ms));
	}
	for (;;) {
		sums(w, v, &s, &count, &total);
		bool over = (l->set_max_count && count > l->max_count) ||
		            (l->set_max_total && total > l->max_total_bytes);
		next = next_of(w, v, &s);
		if (!over || next < 0)
			return;
		v[next].taken = true;
	}
}

static uint64_t against_quota(const struct world *w, const struct verdict *v, const char *owner)
{
	const struct scope s = { .owner = owner };
	uint64_t total = 0;
	for (size_t i = 0; i < w->count; i++) {
		const struct gc_item *item = &w->items[i];
		if (in_scope(item, &s) && !v[i].taken)
			total += item->by_kernel ? item->kernel_bytes : item->allocated_bytes;
	}
	return total;
}

static void model_quota(const struct world *w, const char *owner, struct verdict *v)
{
	const struct gc_quota *q = NULL;
	const struct scope s = { .owner = owner };
	for (size_t i = 0; i < w->policy.quota_count; i++) {
		if (strcmp(w->quotas[i].owner, owner) == 0)
			q = &w->quotas[i];
	}
	if (!q && w->policy.quota_count == 2)
		q = &w->quotas[1];
	if (!q || against_quota(w, v, owner) <= q->hard_bytes)
		return;
	while (against_quota(w, v, owner) > q->soft_bytes) {
		int next = next_of(w, v, &s);
		if (next < 0)
			return;
		v[next].taken = true;
	}
}

static uint64_t free_after(const struct world *w, const struct verdict *v, bool inodes)
{
	uint64_t sum = inodes ? w->space.free_inodes : w->space.free_bytes;
	for (size_t i = 0; i < w->count; i++) {
		const struct gc_item *item = &w->items[i];
		if (item->action == GC_PURGE || v[i].purged || v[i].at_once)
			sum += inodes ? item->entries + 1 : item->allocated_bytes;
	}
	return sum;
}

/* What goes next when space is short: fresh trash, then what is taken anyway, then a workspace; -1. */
static int next_to_free(const struct world *w, const struct verdict *v)
{
	const struct scope all = { .owner = NULL };
	int best[2] = { -1, -1 };
	for (size_t i = 0; i < w->count; i++) {
		const struct gc_item *item = &w->items[i];
		bool fresh = item->reason == GC_REASON_TRASH_FRESH && !v[i].purged;
		bool on_its_way = v[i].taken && !v[i].at_once;
		if (fresh && (best[0] < 0 || longer_idle(item, &w->items[best[0]])))
			best[0] = (int)i;
		if (on_its_way && (best[1] < 0 || longer_idle(item, &w->items[best[1]])))
			best[1] = (int)i;
	}
	return best[0] >= 0 ? best[0] : best[1] >= 0 ? best[1] : next_of(w, v, &all);
}

static void model_mark(const struct world *w, bool inodes, struct verdict *v)
{
	const struct gc_mark *m = inodes ? &w->policy.free_inodes : &w->policy.free_bytes;
	uint64_t factor = m->is_percent ? 10 : 1; /* of 1000 */
	uint64_t now = inodes ? w->space.free_inodes : w->space.free_bytes;
	if (!m->set || now >= m->low * factor)
		return;
	while (free_after(w, v, inodes) < m->high * factor) {
		int next = next_to_free(w, v);
		if (next < 0)
			return;
		v[next].purged = w->items[next].in_trash;
		v[next].taken = v[next].at_once = !w->items[next].in_trash;
	}
}

static void model_compress(const struct world *w, struct verdict *v)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct gc_item *item = &w->items[i];
		const struct gc_limits *l = &rule_of(w, item)->limits;
		v[i].compressed = item->exists && item->reason == GC_REASON_IDLE &&
		                  !v[i].shielded && !v[i].taken && l->set_compress &&
		                  item->idle_ms >= l->compress_ms && !item->sensitive &&
		                  !item->ephemeral && !item->is_worktree;
	}
}

static void model_limit(const struct world *w, struct verdict *v)
{
	uint64_t there = 0;
	for (size_t i = 0; i < w->count; i++)
		there += w->items[i].exists;
	uint64_t max = w->policy.max_delete_is_percent ? there * w->policy.max_delete / 100
	                                               : w->policy.max_delete;
	bool kept[ITEMS_MAX] = { false };
	for (size_t i = 0; w->policy.set_max_delete && i < w->count; i++) {
		uint64_t before = 0;
		for (size_t k = 0; k < w->count; k++)
			before += (v[k].taken || v[k].compressed) &&
			          longer_idle(&w->items[k], &w->items[i]);
		kept[i] = (v[i].taken || v[i].compressed) && before >= max;
	}
	for (size_t i = 0; i < w->count; i++) {
		v[i].taken &= !kept[i];
		v[i].compressed &= !kept[i];
		v[i].at_once &= !kept[i];
	}
}

static void model(const struct world *w, struct verdict *v)
{
	static const char *const owners[] = { "a", "b", "c" };
	for (size_t i = 0; i < w->count; i++)
		v[i].shielded = w->items[i].exists && is_shielded(w, &w->items[i]);
	for (unsigned i = 0; i < w->policy.rule_count; i++)
		model_rule(w, i, v);
	for (size_t i = 0; i < COUNTOF(owners); i++)
		model_quota(w, owners[i], v);
	model_mark(w, false, v);
	model_mark(w, true, v);
	model_compress(w, v);
	model_limit(w, v);
}

/* ---- comparing ---- */

static void test_model(void)
{
	size_t wrong = 0, taken = 0, limited = 0, compressed = 0;
	for (int round = 0; round < ROUNDS; round++) {
		struct world w;
		struct verdict v[ITEMS_MAX] = { { false } };
		make_world(&w);
		model(&w, v);
		gc_policy_apply(w.items, w.count, &w.policy, &w.space);
		for (size_t i = 0; i < w.count; i++) {
			const struct gc_item *item = &w.items[i];
			bool purged =
				item->action == GC_PURGE && item->reason != GC_REASON_TRASH_OLD;
			bool same = (item->action == GC_TRASH) == v[i].taken &&
			            (item->action == GC_COMPRESS) == v[i].compressed &&
			            item->at_once == v[i].at_once && purged == v[i].purged;
			if (!same && wrong++ == 0)
				tap_note(
					"round %d, item %zu: %s %s, the model says taken %d, at once %d, purged %d",
					round, i, gc_action_name(item->action),
					gc_reason_name(item->reason), v[i].taken, v[i].at_once,
					v[i].purged);
			wrong += item->exists && item->action == GC_KEEP &&
			         item->reason == GC_REASON_IDLE;
			taken += item->action == GC_TRASH;
			compressed += item->action == GC_COMPRESS;
			limited += item->reason == GC_REASON_LIMIT;
		}
	}
	TAP_INT((int)wrong, 0, "policies and the model of them agree, in %d random worlds", ROUNDS);
	TAP_OK(taken > ROUNDS / 2 && limited > ROUNDS / 100 && compressed > ROUNDS / 100,
	       "where enough happens (%zu taken, %zu limited, %zu compressed)", taken, limited,
	       compressed);
}

/* Never, whatever the policy: what is locked, pinned, busy or mounted; what is shielded; more than max-delete. */
static void test_never(void)
{
	size_t wrong = 0;
	for (int round = 0; round < ROUNDS; round++) {
		struct world w, before;
		uint64_t there = 0, taken = 0;
		make_world(&w);
		before = w;
		gc_policy_apply(w.items, w.count, &w.policy, &w.space);
		for (size_t i = 0; i < w.count; i++) {
			bool free = before.items[i].reason == GC_REASON_IDLE;
			there += w.items[i].exists;
			bool goes =
				w.items[i].action == GC_TRASH || w.items[i].action == GC_COMPRESS;
			taken += goes;
			wrong += goes && (!free || !w.items[i].exists);
			wrong += goes && is_shielded(&before, &before.items[i]);
		}
		wrong += taken > gc_policy_max_delete(&w.policy, there);
	}
	TAP_INT((int)wrong, 0, "nothing is taken that is in use or shielded, or beyond max-delete");
}

/* ---- targets ---- */

static struct gc_item there(const char *name, const char *owner, int64_t idle_ms, uint64_t bytes)
{
	struct gc_item item = { .exists = true, .reason = GC_REASON_IDLE, .idle_ms = idle_ms };
	snprintf(item.name, sizeof(item.name), "%s", name);
	snprintf(item.owner, sizeof(item.owner), "%s", owner);
	item.allocated_bytes = bytes;
	item.entries = 9;
	return item;
}

static void test_targets(void)
{
	struct gc_item items[] = { there("a", "x", 9000000, 10), there("b", "x", 8000000, 20),
		                   there("c", "y", 7000000, 30) };
	struct gc_rule rule = { .name = "" };
	const struct gc_quota quota = { "x", 5, 40 };
	const struct gc_space space = { 1000, 100, 1000, 900 };
	struct gc_policy p = { .rules = &rule, .rule_count = 1, .quotas = &quota };
	p.quota_count = 1;
	rule.limits.set_max_total = true;
	rule.limits.max_total_bytes = 45;
	p.free_bytes = (struct gc_mark){ .set = true, .is_percent = true, .low = 20, .high = 30 };
	items[2].reason = GC_REASON_LOCKED;
	GC_TARGETS_AUTO t = { .list = NULL };
	gc_policy_apply(items, 3, &p, &space);
	gc_policy_targets(items, 3, &p, &space, &t);
	TAP_OK(items[0].action == GC_TRASH && items[1].action == GC_TRASH &&
	               items[2].action == GC_KEEP,
	       "what may be taken is taken");
	TAP_INT((int)t.count, 3, "three policies had something to do");
	TAP_OK(t.count == 3 && !t.list[0].missed && t.list[0].wanted == 15 && t.list[0].freed == 30,
	       "max-total is reached");
	TAP_OK(t.count == 3 && !t.list[1].warning && !t.list[1].missed,
	       "a quota between soft and hard is no miss");
	TAP_OK(t.count == 3 && t.list[2].missed && t.list[2].wanted == 200 && t.list[2].freed == 30,
	       "min-free is missed, and says wanted and freed");
}

static const char *label(const void *ctx, const char *name)
{
	return strcmp(name, "class") == 0 ? ctx : NULL;
}

static void test_rules(void)
{
	static const struct gc_rule rules[] = {
		{ .name = "one", .profile = "session" },
		{ .name = "two", .owner = "al*", .label_name = "class", .label_value = "b*" },
		{ .name = "three", .label_name = "class", .label_value = "*" },
	};
	const struct gc_policy p = { .rules = rules, .rule_count = COUNTOF(rules) };
	const struct {
		const char *profile, *owner, *class;
		size_t rule;
	} rows[] = {
		{ "session", "alice", "build", 0 }, { "task", "alice", "build", 1 },
		{ "task", "bob", "build", 2 },      { "task", "alice", "other", 2 },
		{ "task", "alice", NULL, 3 },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		const struct gc_match m = { rows[i].profile, rows[i].owner, label, rows[i].class };
		TAP_INT((int)gc_policy_rule(&p, &m), (int)rows[i].rule,
		        "%s of %s has rule %zu, the first that matches", rows[i].profile,
		        rows[i].owner, rows[i].rule);
	}
}

int main(void)
{
	test_model();
	test_never();
	test_targets();
	test_rules();
	return tap_done();
}
