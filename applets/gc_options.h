/* The options of ws-gc, and the policy that they make together with the file of --policy. */
#ifndef WS_APPLETS_GC_OPTIONS_H
#define WS_APPLETS_GC_OPTIONS_H

#include "applets/applet.h"
#include "applets/ws_options.h"
#include "gc/gc.h"
#include "gc/gc_rules.h"

struct gc_words {
	struct ws_options where;
	struct s3_config s3;
	int64_t older_ms, compress_ms, keep_within_ms, min_age_ms; /* -1: not said */
	uint64_t keep_last, max_total, max_count, remote;          /* UINT64_MAX: not said */
	const char *min_free, *min_free_inodes, *max_delete, *policy;
	struct opt_list quotas;
	int64_t trash_ttl_ms, records_ms; /* -1: not said */
	bool orphans, force_dirty, dry_run, explain;
	const char *undo, *pin, *unpin, *reason;
	int64_t remote_age_ms;
	int64_t pin_ms, watch_ms; /* watch_ms -1: once */
	const char *report, *metrics, *notify, *archive_to;
};

extern const struct opt_group gc_options_groups[];

void gc_options_defaults(void *options);
/* `rules` keeps what *out points to. */
int gc_options_make(const struct applet_call *call, struct gc_rules *rules, struct gc_options *out,
                    struct err *e) MUST_CHECK;

#endif
