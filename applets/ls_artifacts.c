/* ws-ls --include-artifacts: those of a workspace that is there, or of one that is over, as it was at its end. */
#include "applets/ls_artifacts.h"

#include "applets/applet.h"
#include "applets/artifact_show.h"
#include "os/log.h"

/* The list, and the workspace that it reads from. */
struct listed {
	struct inside in;
	struct artifacts list;
};

static void close_listed(struct listed *l)
{
	artifacts_close(&l->list);
	inside_close(&l->in);
}

static int open_listed(const struct base_dir *b, const struct gc_look *l, struct listed *out,
                       struct err *e)
{
	if (!l->has_directory)
		return artifacts_open_past(b, l->record.id, &out->list, e);
	return inside_open(b, l->record.id, &out->in, e) != 0
	               ? -1
	               : artifacts_open(b, l->record.id, out->in.fd, &out->list, e);
}

#define LISTED_AUTO AUTO(close_listed) struct listed
#define LISTED_NONE ((struct listed){ .in = { .fd = -1 }, .list = { .fd = -1 } })

static void warn(const struct gc_look *l, const struct err *e)
{
	if (e->kind != ERR_KIND_NOT_FOUND)
		log_warn("artifacts of %s: %s", l->record.id, e->msg);
}

void ls_artifacts_init(struct ls_artifacts *a)
{
	static const char *const titles[] = { "ID", ARTIFACT_SHOW_TITLES };
	table_init(&a->table, COUNTOF(titles), titles);
}

void ls_artifacts_free(struct ls_artifacts *a)
{
	table_free(&a->table);
}

void ls_artifacts_print(const struct ls_artifacts *a)
{
	applet_print_table(&a->table);
}

void ls_artifacts_rows(struct ls_artifacts *a, const struct base_dir *b, const struct gc_look *l)
{
	LISTED_AUTO listed = LISTED_NONE;
	struct artifact item;
	struct err e = ERR_INIT;
	int got = open_listed(b, l, &listed, &e);
	while (got >= 0 && (got = artifacts_next(&listed.list, false, &item, &e)) > 0) {
		table_cell_text(&a->table, l->record.id);
		artifact_show_row(&a->table, &item);
		if (err_is(&item.trouble))
			warn(l, &item.trouble);
	}
	if (got < 0)
		warn(l, &e);
}

void ls_artifacts_json(struct js *line, const struct base_dir *b, const struct gc_look *l)
{
	LISTED_AUTO listed = LISTED_NONE;
	struct artifact item;
	struct err e = ERR_INIT;
	struct js *array = js_array();
	int got = open_listed(b, l, &listed, &e);
	while (got >= 0 && (got = artifacts_next(&listed.list, false, &item, &e)) > 0) {
		struct js *o = artifact_show_json(&item);
		if (err_is(&item.trouble))
			js_set_text(o, "error", item.trouble.msg);
		js_set(array, NULL, o);
	}
	js_set(line, "artifacts", array);
	if (got < 0) {
		js_set_null(line, "artifacts");
		warn(l, &e);
	}
}
