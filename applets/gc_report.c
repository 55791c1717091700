/* Groups of workspaces, the largest first. */
#include "applets/gc_report.h"

#include <stdlib.h>
#include <string.h>

#include "applets/gc_show.h"
#include "base/mem.h"
#include "base/num.h"
#include "cli/table.h"
#include "os/log.h"

enum { OUTPUT_MAX = 64 << 20, BAR_COLUMNS = 30, BAR_AT = 6 };
#define DAY_MS ((int64_t)24 * 3600 * 1000)

struct group {
	const char *name;
	uint64_t count, bytes, entries, shared_bytes;
	bool shared_known;
	int64_t longest_idle_ms;
};

struct groups {
	struct group *list;
	size_t count, cap;
	uint64_t largest;
};

int gc_report_check(const char *by, struct err *e)
{
	static const char *const known[] = { "owner", "profile", "age", "state" };
	if (!by || (strncmp(by, "label:", 6) == 0 && by[6]))
		return 0;
	for (size_t i = 0; i < COUNTOF(known); i++) {
		if (strcmp(by, known[i]) == 0)
			return 0;
	}
	return err_set(e, ERR_KIND_USAGE,
	               "--report %s: owner, profile, age, state or label:NAME is expected", by);
}

static const char *age_group(int64_t idle_ms)
{
	static const struct {
		int64_t below_ms;
		const char *name;
	} rows[] = {
		{ DAY_MS / 24, "under 1 h" },    { DAY_MS, "1 h to 1 d" },
		{ 7 * DAY_MS, "1 d to 7 d" },    { 30 * DAY_MS, "7 d to 30 d" },
		{ 90 * DAY_MS, "30 d to 90 d" },
	};
	if (idle_ms < 0)
		return "unknown";
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		if (idle_ms < rows[i].below_ms)
			return rows[i].name;
	}
	return "over 90 d";
}

static const char *group_of(const struct gc_item *item, const char *by)
{
	if (strcmp(by, "age") == 0)
		return age_group(item->idle_ms);
	if (strcmp(by, "state") == 0)
		return item->in_trash ? "in the trash" : gc_reason_name(item->reason);
	if (strcmp(by, "owner") == 0)
		return item->owner;
	return strcmp(by, "profile") == 0 ? item->profile : item->label;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct group *)a)->name, ((const struct group *)b)->name);
}

static int compare_bytes(const void *a, const void *b)
{
	const struct group *x = a;
	const struct group *y = b;
	return x->bytes != y->bytes ? (x->bytes < y->bytes) - (x->bytes > y->bytes)
	                            : strcmp(x->name, y->name);
}

static void merge(struct groups *g)
{
	size_t kept = 0;
	if (g->count > 1)
		qsort(g->list, g->count, sizeof(*g->list), compare_names);
	for (size_t i = 1; i < g->count; i++) {
		struct group *to = &g->list[kept];
		const struct group *from = &g->list[i];
		if (strcmp(to->name, from->name) != 0) {
			g->list[++kept] = *from;
			continue;
		}
		to->count += from->count;
		to->bytes += from->bytes;
		to->shared_bytes += from->shared_bytes;
		to->shared_known &= from->shared_known;
		to->entries += from->entries;
		if (from->longest_idle_ms > to->longest_idle_ms)
			to->longest_idle_ms = from->longest_idle_ms;
	}
	g->count = g->count ? kept + 1 : 0;
	if (g->count > 1)
		qsort(g->list, g->count, sizeof(*g->list), compare_bytes);
	g->largest = g->count ? g->list[0].bytes : 0;
}

static struct groups make(const struct gc_plan *plan, const char *by)
{
	struct groups g = { .list = mem_new(plan->count + 1, sizeof(*g.list)) };
	for (size_t i = 0; i < plan->count; i++) {
		const struct gc_item *item = &plan->items[i];
		if (!item->exists && !item->in_trash)
			continue;
		g.list[g.count++] = (struct group){
			.name = item->in_trash ? "(in the trash)" : group_of(item, by),
			.count = 1,
			.bytes = item->allocated_bytes,
			.shared_bytes = item->shared_bytes,
			.shared_known = item->shared_known,
			.entries = item->entries,
			.longest_idle_ms = item->idle_ms,
		};
	}
	merge(&g);
	return g;
}

static void print_json(const char *by, const struct group *g)
{
	struct js *line = js_object();
	js_set_text(line, "by", by);
	js_set_text(line, "group", g->name);
	js_set_int(line, "workspaces", (int64_t)g->count);
	js_set_int(line, "allocated_bytes", (int64_t)g->bytes);
	gc_show_set_shared(line, g->shared_known, g->shared_bytes);
	js_set_int(line, "entries", (int64_t)g->entries);
	js_set_int(line, "longest_idle_ms", g->longest_idle_ms);
	applet_json_line(line);
}

static void add_number(struct table *t, uint64_t value)
{
	MEM_AUTO char *text = mem_printf("%llu", (unsigned long long)value);
	table_cell_text(t, text);
}

static void add_bar(struct table *t, uint64_t value, uint64_t largest)
{
	char bar[BAR_COLUMNS + 1];
	uint64_t len = largest ? value / (largest / BAR_COLUMNS + 1) : 0;
	len = len > BAR_COLUMNS ? BAR_COLUMNS : len;
	memset(bar, '#', (size_t)len);
	bar[len] = '\0';
	table_cell_text(t, bar);
}

static void add_row(struct table *t, const struct group *g, uint64_t largest)
{
	char size[NUM_TEXT_MAX], shared[NUM_TEXT_MAX] = "-", idle[NUM_TEXT_MAX] = "-";
	if (g->shared_known)
		num_format_size(g->shared_bytes, shared);
	if (g->longest_idle_ms >= 0)
		num_format_duration(g->longest_idle_ms, idle);
	table_cell_text(t, g->name[0] ? g->name : "(none)");
	add_number(t, g->count);
	table_cell_text(t, num_format_size(g->bytes, size));
	table_cell_text(t, shared);
	add_number(t, g->entries);
	table_cell_text(t, idle);
	if (t->columns > BAR_AT)
		add_bar(t, g->bytes, largest);
}

static void print_table(const struct groups *g)
{
	static const char *const titles[] = { "GROUP",    ">WORKSPACES",   ">SIZE",      ">SHARED",
		                              ">ENTRIES", ">LONGEST IDLE", [BAR_AT] = "" };
	struct table t;
	BUF_AUTO text = buf_make(OUTPUT_MAX);
	table_init(&t, log_stdout_is_terminal() ? BAR_AT + 1 : BAR_AT, titles);
	for (size_t i = 0; i < g->count; i++)
		add_row(&t, &g->list[i], g->largest);
	table_format(&t, &text);
	applet_print(&text);
	table_free(&t);
}

void gc_report_print(const struct applet_call *call, const char *by, const struct gc_plan *plan)
{
	struct groups g = make(plan, by);
	for (size_t i = 0; call->common->json && i < g.count; i++)
		print_json(by, &g.list[i]);
	if (!call->common->json)
		print_table(&g);
	mem_free(g.list);
}
