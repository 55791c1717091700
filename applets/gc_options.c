/* Rows, and from words to a policy. */
#include "applets/gc_options.h"

#include <string.h>

#include "applets/s3_options.h"
#include "os/dir.h"

enum { TRASH_TTL_DEFAULT_MS = 24 * 3600 * 1000, POLICY_FILE_MAX = INI_FILE_MAX };

static const struct opt_row policy_rows[] = {
	OPT_DURATION("older", 'o', "D", struct gc_words, older_ms,
	             "take what has been idle for D or longer (7d)"),
	OPT_DURATION(
		"compress-after", 0, "D", struct gc_words, compress_ms,
		"replace what has been idle for D or longer by an archive in the base's own store"),
	OPT_COUNT("keep-last", 0, "N", struct gc_words, keep_last,
	          "keep each owner's N last used; alone: take all others"),
	OPT_DURATION("keep-within", 0, "D", struct gc_words, keep_within_ms,
	             "keep what was used within D; alone: take all others"),
	OPT_SIZE("max-total", 0, "SIZE", struct gc_words, max_total,
	         "take the longest idle until all together hold no more than SIZE"),
	OPT_COUNT("max-count", 0, "N", struct gc_words, max_count,
	          "take the longest idle until there are no more than N"),
	OPT_TEXT(
		"min-free", 0, "LOW[:HIGH]", struct gc_words, min_free,
		"when less than LOW (20G, 10%) is free, free until HIGH is: trash first, then the longest idle, at once"),
	OPT_TEXT("min-free-inodes", 0, "LOW[:HIGH]", struct gc_words, min_free_inodes,
	         "the same for inodes"),
	OPT_LIST(
		"quota", 0, "OWNER=SIZE[:HARD]", struct gc_words, quotas,
		"an owner (* for each) may hold SIZE; over HARD the longest idle are taken until it does. Counted by the kernel where project quotas are on, else measured"),
	OPT_TEXT("max-delete", 0, "N|PCT", struct gc_words, max_delete,
	         "take at most N, or PCT of the workspaces, in this run: the longest idle"),
	OPT_DURATION(
		"min-age", 0, "D", struct gc_words, min_age_ms,
		"take nothing that was used within D (default 10m, or --older when that is less)"),
	OPT_TEXT(
		"policy", 0, "FILE", struct gc_words, policy,
		"rules by profile, owner and label; what the command line says is for those that no rule matches"),
};

static const struct opt_row rows[] = {
	OPT_TEXT(
		"archive-to", 0, "URL", struct gc_words, archive_to,
		"what is taken goes into an archive there (s3://…, file:///…), read back and checked, instead of to its store; ws-setup --restore ID brings it back"),
	OPT_DURATION("trash-ttl", 0, "D", struct gc_words, trash_ttl_ms,
	             "delete what has been in the trash for D or longer (default 24h)"),
	OPT_FLAG(
		"orphans", 0, struct gc_words, orphans,
		"also directories without a record (to the trash), records of lost directories and their worktrees in git, after an hour"),
	OPT_FLAG(
		"force-dirty", 0, struct gc_words, force_dirty,
		"also workspaces with changes, detached or unpushed commits in git (saved like others)"),
	OPT_COUNT(
		"remote", 0, "N", struct gc_words, remote,
		"also in the stores: keep N generations of shared state, abort uploads nobody ended"),
	OPT_DURATION("remote-age", 0, "D", struct gc_words, remote_age_ms,
	             "of --remote: uploads that were begun D ago (default 24h)"),
	OPT_DURATION("forget-records", 0, "D", struct gc_words, records_ms,
	             "forget records of what was saved and removed D ago"),
	OPT_FLAG("dry-run", 'n', struct gc_words, dry_run, "print the plan and change nothing"),
	OPT_DURATION("watch", 0, "D", struct gc_words, watch_ms,
	             "stay, with a pass every D, and one when less is free than --min-free wants"),
	OPT_FLAG("explain", 0, struct gc_words, explain,
	         "say of each workspace which rule kept or took it"),
	OPT_TEXT("report", 0, "BY", struct gc_words, report,
	         "instead: usage by owner, profile, age, state or label:NAME"),
	OPT_TEXT("metrics", 0, "FILE", struct gc_words, metrics,
	         "write a Prometheus text file when done"),
	OPT_TEXT(
		"notify", 0, "CMD", struct gc_words, notify,
		"run CMD (sh -c) with WS_GC_ALERT set when a target was missed or something failed"),
	OPT_TEXT("undo", 0, "ID", struct gc_words, undo,
	         "instead: put workspace ID back from the trash"),
	OPT_TEXT("pin", 0, "ID", struct gc_words, pin, "instead: let no gc take workspace ID"),
	OPT_TEXT("unpin", 0, "ID", struct gc_words, unpin, "instead: take the pin off"),
	OPT_TEXT("reason", 0, "TEXT", struct gc_words, reason, "of --pin"),
	OPT_DURATION("for", 0, "D", struct gc_words, pin_ms,
	             "of --pin: how long it holds (else for ever)"),
};

const struct opt_group gc_options_groups[] = {
	OPT_GROUP("What is taken", policy_rows, 0),
	OPT_GROUP(NULL, rows, 0),
	WS_OPTIONS_GROUP(offsetof(struct gc_words, where)),
	S3_OPTIONS_GROUP(offsetof(struct gc_words, s3)),
	OPT_GROUPS_END,
};

void gc_options_defaults(void *options)
{
	struct gc_words *o = options;
	o->older_ms = o->compress_ms = o->keep_within_ms = o->min_age_ms = -1;
	o->keep_last = o->max_total = o->max_count = o->remote = UINT64_MAX;
	o->remote_age_ms = TRASH_TTL_DEFAULT_MS;
	o->trash_ttl_ms = o->records_ms = o->watch_ms = -1;
}

static int read_policy(const char *path, struct gc_rules *rules, struct err *e)
{
	FD_AUTO fd = -1;
	BUF_AUTO text = buf_make(POLICY_FILE_MAX);
	if (dir_open_user_file(path, false, &fd, e) || file_read_rest(fd, &text, e, path))
		return err_context(e, "--policy");
	return gc_rules_read(rules, buf_str(&text), path, e);
}

static int add_marks(const struct gc_words *o, struct gc_rules *rules, struct err *e)
{
	if (o->min_free && gc_rules_mark(str_of(o->min_free), false, &rules->free_bytes, e))
		return err_context(e, "--min-free");
	if (o->min_free_inodes &&
	    gc_rules_mark(str_of(o->min_free_inodes), true, &rules->free_inodes, e))
		return err_context(e, "--min-free-inodes");
	if (o->max_delete && gc_rules_max_delete(rules, str_of(o->max_delete), e))
		return err_context(e, "--max-delete");
	for (size_t i = 0; i < o->quotas.count; i++) {
		if (gc_rules_quota(rules, str_of(o->quotas.items[i]), e))
			return err_context(e, "--quota %s", o->quotas.items[i]);
	}
	return 0;
}

/* The command line is the last rule. */
static int add_rule(const struct gc_words *o, struct gc_rules *rules, struct err *e)
{
	const struct gc_rule rule = {
		.name = "",
		.limits = {
			.set_older = o->older_ms >= 0,
			.older_ms = o->older_ms,
			.set_compress = o->compress_ms >= 0,
			.compress_ms = o->compress_ms,
			.set_keep_last = o->keep_last != UINT64_MAX,
			.keep_last = o->keep_last,
			.set_keep_within = o->keep_within_ms >= 0,
			.keep_within_ms = o->keep_within_ms,
			.set_max_total = o->max_total != UINT64_MAX,
			.max_total_bytes = o->max_total,
			.set_max_count = o->max_count != UINT64_MAX,
			.max_count = o->max_count,
			.set_min_age = o->min_age_ms >= 0,
			.min_age_ms = o->min_age_ms,
		},
	};
	return gc_rules_add(rules, &rule, e);
}

static int64_t trash_ttl(const struct gc_words *o, const struct gc_rules *rules)
{
	if (o->trash_ttl_ms >= 0)
		return o->trash_ttl_ms;
	return rules->set_trash_ttl ? rules->trash_ttl_ms : TRASH_TTL_DEFAULT_MS;
}

/* Whether sizes of what is in use matter, too. */
static bool needs_all_sizes(const struct gc_words *o, const struct gc_rules *rules)
{
	bool total = rules->quota_count > 0 || o->report || o->metrics;
	for (size_t i = 0; i < rules->rule_count; i++)
		total |= rules->rules[i].limits.set_max_total;
	return total;
}

int gc_options_make(const struct applet_call *call, struct gc_rules *rules, struct gc_options *out,
                    struct err *e)
{
	const struct gc_words *o = call->options;
	if ((o->policy && read_policy(o->policy, rules, e)) || add_marks(o, rules, e) ||
	    add_rule(o, rules, e))
		return -1;
	const char *label =
		o->report && strncmp(o->report, "label:", 6) == 0 ? o->report + 6 : NULL;
	*out = (struct gc_options){
		.policy = gc_rules_policy(rules),
		.trash_ttl_ms = trash_ttl(o, rules),
		.orphans = o->orphans,
		.archive_to = o->archive_to ? o->archive_to : rules->archive_to,
		.force_dirty = o->force_dirty,
		.remote = o->remote != UINT64_MAX,
		.remote_keep = o->remote,
		.remote_age_ms = o->remote_age_ms,
		.set_records = o->records_ms >= 0,
		.records_ms = o->records_ms,
		.sizes_too = needs_all_sizes(o, rules),
		.shared_too = call->common->json || o->report || o->explain,
		.label = label,
		.dry_run = o->dry_run,
		.config = call->config,
		.s3 = &o->s3,
		.notice = ws_options_notice,
		.meter = applet_meter_mode(call),
	};
	return 0;
}
