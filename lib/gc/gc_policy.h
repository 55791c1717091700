/*
 * What is taken of what could be taken: pure arithmetic over the items of a plan.
 *
 * Rules are tried in order, and the first that matches a workspace is its rule; its limits hold within the group of
 * workspaces that have the same rule. Within a group:
 *   keep, keep_last (per owner), keep_within, min_age   shield a workspace from every policy;
 *   older                                               takes what has been idle for so long;
 *   max_count, max_total                                take the longest idle until they hold;
 *   compress                            compresses what is left and has been idle for so long;
 *   keep_last, keep_within as the only limits           take everything that they do not keep.
 * Then, over all groups: quotas (the owner's longest idle), free space and inodes (trash first, oldest first; then
 * what is taken anyway, at once instead of by way of the trash; then the longest idle), and max_delete, which lets the
 * longest idle go.
 */
#ifndef WS_GC_GC_POLICY_H
#define WS_GC_GC_POLICY_H

#include "base/defs.h"
#include "base/err.h"

enum { GC_RULES_MAX = 256, GC_QUOTAS_MAX = 1024, GC_MIN_AGE_DEFAULT_MS = 10 * 60 * 1000 };

struct gc_limits {
	bool set_older, set_compress, set_keep_last, set_keep_within, set_max_total, set_max_count,
		set_min_age;
	int64_t older_ms, compress_ms, keep_within_ms;
	uint64_t keep_last, max_total_bytes, max_count;
	int64_t min_age_ms; /* not set: ten minutes, or `older` when that is shorter */
};

/* Globs; NULL: any. Views of the caller's memory. */
struct gc_rule {
	const char *name; /* "": of the command line */
	const char *profile, *owner;
	const char *label_name, *label_value;
	bool keep;
	bool sensitive; /* neither saved nor kept in the trash */
	struct gc_limits limits;
};

/* More than `hard` is taken down to `soft`; more than `soft` is told. */
struct gc_quota {
	const char *owner; /* "*": each owner that has no quota of its own */
	uint64_t soft_bytes, hard_bytes;
};

/* When less than `low` is free, free until `high` is. */
struct gc_mark {
	bool set, is_percent;
	uint64_t low, high;
};

struct gc_policy {
	const struct gc_rule *rules;
	size_t rule_count;
	const struct gc_quota *quotas;
	size_t quota_count;
	struct gc_mark free_bytes, free_inodes;
	bool max_delete_is_percent; /* of the workspaces that are there, rounded down */
	bool set_max_delete;
	uint64_t max_delete;
};

/* Of the file system that the base is on. */
struct gc_space {
	uint64_t total_bytes, free_bytes, total_inodes, free_inodes;
};

/* How a policy with a target came out. Amounts are bytes, inodes or workspaces. */
struct gc_target {
	char name[96]; /* "max-total", "quota alice", "rule build: max-count" */
	uint64_t limit, before, wanted, freed;
	bool missed; /* freed < wanted */
	bool by_scan,
		by_kernel; /* a quota: who counted what its owner holds; both: some of it each */
	bool warning;      /* over the soft limit of a quota, and nothing is to be done */
	bool is_bytes;
};
struct gc_targets {
	struct gc_target *list;
	size_t count, cap;
};

struct gc_item;
/* What counts against the quota of its owner. */
uint64_t gc_policy_quota_bytes(const struct gc_item *item);
/* Decide about items whose action is keep and whose reason is idle (nothing forbids to take them), and about fresh
 * trash. `space` NULL: unknown; then marks have no effect, and gc_policy_targets says that they were missed. */
void gc_policy_apply(struct gc_item *items, size_t count, const struct gc_policy *p,
                     const struct gc_space *space);
/* How far the targets are reached if each item comes to what its action says. Only those that had something to do. */
void gc_policy_targets(const struct gc_item *items, size_t count, const struct gc_policy *p,
                       const struct gc_space *space, struct gc_targets *out);
void gc_policy_targets_free(struct gc_targets *t);
#define GC_TARGETS_AUTO AUTO(gc_policy_targets_free) struct gc_targets

/* The first rule that matches; the rule count when none does. label(ctx, name) gives a label's value or NULL. */
struct gc_match {
	const char *profile, *owner;
	const char *(*label)(const void *ctx, const char *name);
	const void *ctx;
};
size_t gc_policy_rule(const struct gc_policy *p, const struct gc_match *m);

/* The limits that an item is under; all unset when it has no rule. */
const struct gc_rule *gc_policy_rule_of(const struct gc_policy *p, const struct gc_item *item);
/* An owner's quota; NULL. */
const struct gc_quota *gc_policy_quota_of(const struct gc_policy *p, const char *owner);
/* How many of so many workspaces one run may take at most. */
uint64_t gc_policy_max_delete(const struct gc_policy *p, uint64_t workspaces);
/* The age below which nothing is taken. */
int64_t gc_policy_min_age_ms(const struct gc_limits *l);

#endif
