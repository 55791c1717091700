/* From text to policies. */
#include "gc/gc_rules.h"

#include <string.h>

#include "base/mem.h"
#include "base/num.h"

static const char *keep_word(struct gc_rules *r, struct str text)
{
	r->words = mem_grow(r->words, r->word_count + 1, sizeof(*r->words));
	return r->words[r->word_count++] = mem_str(text);
}

/* ---- values ---- */

static int parse_percent(struct str text, uint64_t *out, struct err *e)
{
	if (num_parse_u64(str_head(text, text.len - 1), out, e) != 0)
		return -1;
	if (*out <= 100)
		return 0;
	return err_set(e, ERR_KIND_USAGE, "more than 100%%");
}

static int parse_amount(struct str text, bool inodes, bool *is_percent, uint64_t *out,
                        struct err *e)
{
	*is_percent = str_ends(text, S("%"));
	if (*is_percent)
		return parse_percent(text, out, e);
	return inodes ? num_parse_u64(text, out, e) : num_parse_size(text, out, e);
}

int gc_rules_mark(struct str text, bool inodes, struct gc_mark *out, struct err *e)
{
	struct str low, high;
	bool high_is_percent;
	bool two = str_cut(text, ':', &low, &high);
	if (parse_amount(low, inodes, &out->is_percent, &out->low, e) != 0 ||
	    parse_amount(two ? high : low, inodes, &high_is_percent, &out->high, e) != 0)
		return -1;
	if (high_is_percent != out->is_percent || out->high < out->low)
		return err_set(e, ERR_KIND_USAGE,
		               "LOW:HIGH is expected, both as percentages or both as amounts");
	out->set = true;
	return 0;
}

int gc_rules_max_delete(struct gc_rules *r, struct str text, struct err *e)
{
	r->set_max_delete = true;
	return parse_amount(text, true, &r->max_delete_is_percent, &r->max_delete, e);
}

int gc_rules_quota(struct gc_rules *r, struct str text, struct err *e)
{
	struct str owner, sizes, soft, hard;
	struct gc_quota quota;
	if (!str_cut_last(text, '=', &owner, &sizes) || owner.len == 0)
		return err_set(e, ERR_KIND_USAGE, "OWNER=SIZE or OWNER=SOFT:HARD is expected");
	if (r->quota_count == GC_QUOTAS_MAX)
		return err_set(e, ERR_KIND_CONFIG, "more than %d quotas", GC_QUOTAS_MAX);
	bool two = str_cut(sizes, ':', &soft, &hard);
	if (num_parse_size(soft, &quota.soft_bytes, e) != 0 ||
	    num_parse_size(two ? hard : soft, &quota.hard_bytes, e) != 0)
		return -1;
	if (quota.hard_bytes < quota.soft_bytes)
		return err_set(e, ERR_KIND_USAGE, "the hard limit is below the soft one");
	quota.owner = keep_word(r, owner);
	r->quotas[r->quota_count++] = quota;
	return 0;
}

/* ---- a rule ---- */

static int parse_flag(struct str value, bool *out, struct err *e)
{
	*out = str_is(value, "yes");
	if (*out || str_is(value, "no"))
		return 0;
	return err_set(e, ERR_KIND_CONFIG, "yes or no is expected");
}

static int parse_label(struct gc_rules *r, struct gc_rule *rule, struct str value, struct err *e)
{
	struct str name, glob;
	if (!str_cut(value, '=', &name, &glob) || name.len == 0)
		return err_set(e, ERR_KIND_CONFIG, "NAME=GLOB is expected");
	rule->label_name = keep_word(r, str_trim(name));
	rule->label_value = keep_word(r, str_trim(glob));
	return 0;
}

static int parse_class(struct gc_rule *rule, struct str value, struct err *e)
{
	rule->sensitive = str_is(value, "sensitive");
	if (rule->sensitive)
		return 0;
	return err_set(e, ERR_KIND_CONFIG, "the only class is \"sensitive\"");
}

/* 1 it is a limit, 0 it is none, -1. */
static int set_limit(struct gc_limits *l, struct str name, struct str value, struct err *e)
{
	const struct {
		const char *name;
		bool *set;
		int64_t *ms;
		uint64_t *count, *bytes;
	} rows[] = {
		{ "older", &l->set_older, &l->older_ms, NULL, NULL },
		{ "compress-after", &l->set_compress, &l->compress_ms, NULL, NULL },
		{ "keep-within", &l->set_keep_within, &l->keep_within_ms, NULL, NULL },
		{ "min-age", &l->set_min_age, &l->min_age_ms, NULL, NULL },
		{ "keep-last", &l->set_keep_last, NULL, &l->keep_last, NULL },
		{ "max-count", &l->set_max_count, NULL, &l->max_count, NULL },
		{ "max-total", &l->set_max_total, NULL, NULL, &l->max_total_bytes },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		if (!str_is(name, rows[i].name))
			continue;
		*rows[i].set = true;
		int bad = rows[i].ms      ? num_parse_duration(value, rows[i].ms, e)
		          : rows[i].count ? num_parse_u64(value, rows[i].count, e)
		                          : num_parse_size(value, rows[i].bytes, e);
		return bad ? -1 : 1;
	}
	return 0;
}

static int set_in_rule(struct gc_rules *r, struct gc_rule *rule, const struct ini_entry *entry,
                       struct err *e)
{
	int done = set_limit(&rule->limits, entry->name, entry->value, e);
	if (done != 0)
		return done < 0 ? -1 : 0;
	if (str_is(entry->name, "profile"))
		rule->profile = keep_word(r, entry->value);
	else if (str_is(entry->name, "owner"))
		rule->owner = keep_word(r, entry->value);
	else if (str_is(entry->name, "label"))
		return parse_label(r, rule, entry->value, e);
	else if (str_is(entry->name, "keep"))
		return parse_flag(entry->value, &rule->keep, e);
	else if (str_is(entry->name, "class"))
		return parse_class(rule, entry->value, e);
	else
		return err_set(e, ERR_KIND_CONFIG, "a rule has no such name");
	return 0;
}

static int set_for_all(struct gc_rules *r, const struct ini_entry *entry, struct err *e)
{
	if (str_is(entry->name, "quota"))
		return gc_rules_quota(r, entry->value, e);
	if (str_is(entry->name, "min-free"))
		return gc_rules_mark(entry->value, false, &r->free_bytes, e);
	if (str_is(entry->name, "min-free-inodes"))
		return gc_rules_mark(entry->value, true, &r->free_inodes, e);
	if (str_is(entry->name, "max-delete"))
		return gc_rules_max_delete(r, entry->value, e);
	if (str_is(entry->name, "archive-to"))
		return r->archive_to = keep_word(r, entry->value), 0;
	if (!str_is(entry->name, "trash-ttl"))
		return err_set(e, ERR_KIND_CONFIG, "[gc] has no such name");
	r->set_trash_ttl = true;
	return num_parse_duration(entry->value, &r->trash_ttl_ms, e);
}

/* ---- the file ---- */

int gc_rules_add(struct gc_rules *r, const struct gc_rule *rule, struct err *e)
{
	if (r->rule_count == GC_RULES_MAX)
		return err_set(e, ERR_KIND_CONFIG, "more than %d rules", GC_RULES_MAX);
	r->rules[r->rule_count++] = *rule;
	return 0;
}

/* The rule of a section, made when it has none yet; -1 for a section that nobody reads. */
static int rule_of(struct gc_rules *r, struct str section, struct gc_rule **out, struct err *e)
{
	struct str word, name;
	*out = NULL;
	if (str_is(section, "gc"))
		return 0;
	if (!str_cut(section, ' ', &word, &name) || !str_is(word, "rule") || name.len == 0)
		return err_set(e, ERR_KIND_CONFIG,
		               "section [%" STR_FMT "]: [rule NAME] or [gc] is expected",
		               STR_ARG(section));
	for (size_t i = 0; i < r->rule_count; i++) {
		if (str_is(name, r->rules[i].name))
			*out = &r->rules[i];
	}
	if (*out)
		return 0;
	const struct gc_rule rule = { .name = keep_word(r, name) };
	if (gc_rules_add(r, &rule, e) != 0)
		return -1;
	*out = &r->rules[r->rule_count - 1];
	return 0;
}

/* Of two owners the first would be nobody's any more, and what the rule was to keep taken. */
static int check_once(const struct gc_rules *r, const struct ini_entry *entry, struct err *e)
{
	for (const struct ini_entry *p = r->ini.entries; p < entry; p++) {
		if (str_eq(p->section, entry->section) && str_eq(p->name, entry->name) &&
		    !str_is(entry->name, "quota"))
			return err_set(e, ERR_KIND_CONFIG, "line %u of [%" STR_FMT "] says it, too",
			               p->line, STR_ARG(entry->section));
	}
	return 0;
}

static int apply(struct gc_rules *r, const struct ini_entry *entry, struct err *e)
{
	struct gc_rule *rule;
	if (rule_of(r, entry->section, &rule, e) != 0)
		return -1;
	if (check_once(r, entry, e) == 0 &&
	    (rule ? set_in_rule(r, rule, entry, e) : set_for_all(r, entry, e)) == 0)
		return 0;
	return err_context(e, "%" STR_FMT, STR_ARG(entry->name));
}

/* A section without entries is a rule, too: it matches everything and has no limits. */
int gc_rules_read(struct gc_rules *r, struct str text, const char *file, struct err *e)
{
	if (ini_parse(text, file, &r->ini, e) != 0)
		return -1;
	for (size_t i = 0; i < r->ini.section_count; i++) {
		struct gc_rule *rule;
		size_t before = r->rule_count;
		if (rule_of(r, r->ini.sections[i], &rule, e) != 0)
			return err_context(e, "%s", file);
		if (rule && r->rule_count == before)
			return err_set(e, ERR_KIND_CONFIG, "%s: [%" STR_FMT "] is there twice",
			               file, STR_ARG(r->ini.sections[i]));
	}
	for (size_t i = 0; i < r->ini.count; i++) {
		if (apply(r, &r->ini.entries[i], e) == 0)
			continue;
		e->kind = ERR_KIND_CONFIG;
		return err_context(e, "%s:%u", file, r->ini.entries[i].line);
	}
	return 0;
}

void gc_rules_free(struct gc_rules *r)
{
	for (size_t i = 0; i < r->word_count; i++)
		mem_free(r->words[i]);
	mem_free(r->words);
	ini_free(&r->ini);
	r->words = NULL;
	r->word_count = 0;
}

struct gc_policy gc_rules_policy(const struct gc_rules *r)
{
	return (struct gc_policy){
		.rules = r->rules,
		.rule_count = r->rule_count,
		.quotas = r->quotas,
		.quota_count = r->quota_count,
		.free_bytes = r->free_bytes,
		.free_inodes = r->free_inodes,
		.set_max_delete = r->set_max_delete,
		.max_delete_is_percent = r->max_delete_is_percent,
		.max_delete = r->max_delete,
	};
}
