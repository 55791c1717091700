/*
 * Policies as text: the values of options, and the file of --policy:
 *
 *   [rule NAME]     tried in order; the first that matches is a workspace's rule
 *     profile, owner                  globs
 *     label = NAME=GLOB
 *     keep = yes                      never taken
 *     class = sensitive               neither saved nor kept in the trash
 *     older, compress-after, keep-last, keep-within, max-total, max-count, min-age
 *   [gc]            for all: min-free, min-free-inodes, max-delete, trash-ttl, archive-to; as often as needed: quota
 */
#ifndef WS_GC_GC_RULES_H
#define WS_GC_GC_RULES_H

#include "data/ini.h"
#include "gc/gc_policy.h"

struct gc_rules {
	struct ini ini;
	struct gc_rule rules[GC_RULES_MAX];
	size_t rule_count;
	struct gc_quota quotas[GC_QUOTAS_MAX];
	size_t quota_count;
	struct gc_mark free_bytes, free_inodes;
	bool set_max_delete, max_delete_is_percent, set_trash_ttl;
	uint64_t max_delete;
	int64_t trash_ttl_ms;
	const char *archive_to; /* NULL: nowhere */
	char **words;           /* owned texts */
	size_t word_count;
};

/* Add what a policy file says. Errors: CONFIG with file and line. */
int gc_rules_read(struct gc_rules *r, struct str text, const char *file, struct err *e) MUST_CHECK;
void gc_rules_free(struct gc_rules *r);

/* The values of options; USAGE. "10%", "20G", "10%:20%" (low and high); inodes are counts. */
int gc_rules_mark(struct str text, bool inodes, struct gc_mark *out, struct err *e) MUST_CHECK;
/* "20", "10%". */
int gc_rules_max_delete(struct gc_rules *r, struct str text, struct err *e) MUST_CHECK;
/* "alice=10G", "alice=10G:12G" (soft and hard). */
int gc_rules_quota(struct gc_rules *r, struct str text, struct err *e) MUST_CHECK;
/* A rule behind those that are there; CONFIG when there are too many. */
int gc_rules_add(struct gc_rules *r, const struct gc_rule *rule, struct err *e) MUST_CHECK;
/* What the rules say, as a policy; a view. */
struct gc_policy gc_rules_policy(const struct gc_rules *r);

#endif
