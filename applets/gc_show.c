/* The plan and its outcome, for people and as JSON lines. */
#include "applets/gc_show.h"

#include "base/codec.h"
#include "base/datetime.h"
#include "base/num.h"
#include "os/log.h"

enum { LINE_MAX_BYTES = 8192 };

/* ---- which rule ---- */

static void add_duration(struct buf *out, const char *before, int64_t ms)
{
	char text[NUM_TEXT_MAX];
	buf_printf(out, "%s%s", before, num_format_duration(ms, text));
}

static void add_size(struct buf *out, const char *before, uint64_t bytes)
{
	char text[NUM_TEXT_MAX];
	buf_printf(out, "%s%s", before, num_format_size(bytes, text));
}

static void explain_limit(const struct gc_item *item, const struct gc_rule *r, struct buf *out)
{
	const struct gc_limits *l = &r->limits;
	if (item->reason == GC_REASON_YOUNG && !l->set_older)
		buf_add_text(out, "no policy takes it");
	else if (item->reason == GC_REASON_YOUNG || item->reason == GC_REASON_IDLE)
		add_duration(out, "older ", l->older_ms);
	else if (item->reason == GC_REASON_COMPRESS)
		add_duration(out, "compress-after ", l->compress_ms);
	else if (item->reason == GC_REASON_MIN_AGE)
		add_duration(out, "min-age ", gc_policy_min_age_ms(l));
	else if (item->reason == GC_REASON_KEEP_LAST)
		buf_printf(out, "keep-last %llu", (unsigned long long)l->keep_last);
	else if (item->reason == GC_REASON_KEEP_TIME)
		add_duration(out, "keep-within ", l->keep_within_ms);
	else if (item->reason == GC_REASON_COUNT)
		buf_printf(out, "max-count %llu", (unsigned long long)l->max_count);
	else if (item->reason == GC_REASON_TOTAL)
		add_size(out, "max-total ", l->max_total_bytes);
	else
		buf_add_text(out, gc_reason_name(item->reason));
}

static void explain(const struct gc_item *item, const struct gc_policy *p, struct buf *out)
{
	const struct gc_rule *r = gc_policy_rule_of(p, item);
	if (!item->exists || item->reason == GC_REASON_ORPHAN) {
		buf_add_text(out, gc_reason_name(item->reason));
		return;
	}
	if (r->name[0])
		buf_printf(out, "rule %s: ", r->name);
	const struct gc_quota *quota = gc_policy_quota_of(p, item->owner);
	if (item->reason == GC_REASON_QUOTA && quota)
		add_size(out, "quota ", quota->soft_bytes);
	else if (item->reason == GC_REASON_LIMIT)
		buf_printf(out, "max-delete %llu%s", (unsigned long long)p->max_delete,
		           p->max_delete_is_percent ? "%" : "");
	else
		explain_limit(item, r, out);
	if (item->sensitive)
		buf_add_text(out, ", sensitive");
	if (item->at_once)
		buf_add_text(out, ", deleted at once");
	if (item->shared_bytes > 0)
		add_size(out, ", of its size shared ", item->shared_bytes);
}

/* ---- items ---- */

void gc_show_set_shared(struct js *line, bool known, uint64_t bytes)
{
	if (known)
		js_set_int(line, "shared_bytes", (int64_t)bytes);
	else
		js_set_null(line, "shared_bytes");
}

static void print_json(const struct gc_item *item, const struct buf *why)
{
	struct js *line = js_object();
	js_set_text(line, "action", gc_action_name(item->action));
	js_set_text(line, "reason", gc_reason_name(item->reason));
	js_set_text(line, "id", item->id);
	js_set_path(line, "name", str_of(item->name));
	js_set_int(line, "newest_ms", item->newest_ms);
	js_set_int(line, "allocated_bytes", (int64_t)item->allocated_bytes);
	gc_show_set_shared(line, item->shared_known, item->shared_bytes);
	js_set_int(line, "entries", (int64_t)item->entries);
	js_set_text(line, "profile", item->profile);
	js_set_text(line, "owner", item->owner);
	js_set_bool(line, "ephemeral", item->ephemeral);
	js_set_bool(line, "sensitive", item->sensitive);
	js_set_bool(line, "at_once", item->at_once);
	if (item->detail[0])
		js_set_str(line, "detail", str_of(item->detail));
	if (why->len > 0)
		js_set_str(line, "explain", buf_str(why));
	applet_json_line(line);
}

/* When it was used last, and not for how long it has been idle: of the same state two runs print the same bytes. A foreign
 * directory's name may hold anything. */
static void print_line(const struct gc_item *item, const struct buf *why)
{
	BUF_AUTO out = buf_make(LINE_MAX_BYTES);
	char size[NUM_TEXT_MAX] = "-", used[DATETIME_TEXT_MAX] = "-";
	if (item->allocated_bytes > 0)
		num_format_size(item->allocated_bytes, size);
	if (item->newest_ms > 0)
		datetime_iso_ms(item->newest_ms, used);
	buf_printf(&out, "%-8s %-15s  %24s  %10s  ", gc_action_name(item->action),
	           gc_reason_name(item->reason), used, size);
	codec_quote(str_of(item->name), &out);
	if (item->detail[0]) {
		buf_add_text(&out, "  ");
		codec_quote(str_of(item->detail), &out);
	}
	if (why->len > 0) {
		buf_add_text(&out, "  (");
		codec_quote(buf_str(why), &out);
		buf_add_text(&out, ")");
	}
	buf_add_char(&out, '\n');
	applet_print(&out);
}

/* From cron, quietly: only what goes wrong is worth a mail. */
void gc_show_plan(const struct applet_call *call, const struct gc_plan *plan,
                  const struct gc_policy *policy, bool explained)
{
	for (size_t i = 0; i < plan->count; i++) {
		BUF_AUTO why = buf_make(1024);
		if (explained)
			explain(&plan->items[i], policy, &why);
		if (call->common->json)
			print_json(&plan->items[i], &why);
		else if (!call->common->quiet)
			print_line(&plan->items[i], &why);
	}
}

void gc_show_total(const struct applet_call *call, const struct gc_done *done, uint64_t failed)
{
	char freed[NUM_TEXT_MAX];
	if (call->common->json) {
		struct js *line = js_object();
		js_set_int(line, "trashed", (int64_t)done->trashed);
		js_set_int(line, "compressed", (int64_t)done->compressed);
		js_set_int(line, "purged", (int64_t)done->purged);
		js_set_int(line, "cleaned", (int64_t)done->cleaned);
		js_set_int(line, "sent", (int64_t)done->sent);
		js_set_int(line, "forgotten", (int64_t)done->forgotten);
		js_set_int(line, "pruned", (int64_t)done->pruned);
		js_set_int(line, "left_alone", (int64_t)done->left_alone);
		js_set_int(line, "failed", (int64_t)failed);
		js_set_int(line, "freed_bytes", (int64_t)done->freed_bytes);
		js_set_int(line, "free_gained_bytes", done->free_gained_bytes);
		applet_json_line(line);
		return;
	}
	log_info(
		"%zu to the trash, %zu compressed, %zu deleted, %zu leftovers cleaned, %zu sent, %s freed",
		done->trashed, done->compressed, done->purged, done->cleaned, done->sent,
		num_format_size(done->freed_bytes, freed));
}

/* ---- targets ---- */

static void add_amount(struct buf *out, const struct gc_target *t, uint64_t amount)
{
	if (t->is_bytes)
		add_size(out, "", amount);
	else
		buf_printf(out, "%llu", (unsigned long long)amount);
}

/* Who counted what a quota is about; "": it is none. */
static const char *method(const struct gc_target *t)
{
	if (t->by_kernel)
		return t->by_scan ? "kernel and measured" : "kernel";
	return t->by_scan ? "measured" : "";
}

static void describe(const struct gc_target *t, struct buf *out)
{
	const char *how = method(t);
	buf_printf(out, "%s%s%s%s: ", t->name, how[0] ? " (" : "", how, how[0] ? ")" : "");
	if (t->warning) {
		add_amount(out, t, t->before);
		buf_add_text(out, " held, over the soft limit of ");
		add_amount(out, t, t->limit);
		return;
	}
	add_amount(out, t, t->wanted);
	buf_add_text(out, " wanted, ");
	add_amount(out, t, t->freed);
	buf_add_text(out, " freed");
}

static void print_target(const struct gc_target *t)
{
	struct js *line = js_object();
	js_set_text(line, "target", t->name);
	js_set_text(line, "unit", t->is_bytes ? "bytes" : "count");
	js_set_int(line, "limit", (int64_t)t->limit);
	js_set_int(line, "before", (int64_t)t->before);
	js_set_int(line, "wanted", (int64_t)t->wanted);
	js_set_int(line, "freed", (int64_t)t->freed);
	js_set_bool(line, "missed", t->missed);
	if (method(t)[0])
		js_set_text(line, "method", method(t));
	js_set_bool(line, "warning", t->warning);
	applet_json_line(line);
}

size_t gc_show_targets(const struct applet_call *call, const struct gc_targets *targets,
                       struct buf *first)
{
	size_t missed = 0;
	for (size_t i = 0; i < targets->count; i++) {
		const struct gc_target *t = &targets->list[i];
		BUF_AUTO text = buf_make(512);
		describe(t, &text);
		if (call->common->json)
			print_target(t);
		if (t->warning)
			log_warn("%.*s", (int)text.len, text.p);
		else if (!t->missed)
			log_info("%.*s", (int)text.len, text.p);
		else if (missed++ == 0)
			buf_add_str(first, buf_str(&text));
		else
			log_warn("%.*s", (int)text.len, text.p);
	}
	return missed;
}
