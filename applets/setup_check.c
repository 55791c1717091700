/* The persistence check, for people and programs. */
#include "applets/setup_check.h"

#include "base/mem.h"
#include "cli/table.h"
#include "ws/encrypted.h"
#include "ws/persist.h"

enum { LIST_MAX = 700, OUTPUT_MAX = 1 << 20 };

/* What was found so far. */
struct tally {
	struct buf bad, unknown; /* "/a (ephemeral), /b (anonymous)" */
	size_t bad_count, unknown_count, total;
	struct table table;
};

static void note(struct buf *list, size_t *count, const char *path, const char *why)
{
	buf_printf(list, "%s%s (%s)", ++*count > 1 ? ", " : "", path, why);
}

static void judge(struct tally *t, const char *path, const struct persist *p)
{
	t->total++;
	if (p->answer == PERSIST_UNKNOWN)
		note(&t->unknown, &t->unknown_count, path, p->reason);
	else if (p->answer != PERSIST_PERSISTENT)
		note(&t->bad, &t->bad_count, path, persist_answer_name(p->answer));
	else if (!p->writable)
		note(&t->bad, &t->bad_count, path, "not writable");
}

/* Of what is not there yet nobody can say. */
static const char *encrypted(const char *path, const struct persist *p)
{
	return block_crypt_name(p->exists ? encrypted_look(path) : BLOCK_CRYPT_UNKNOWN);
}

static void show_json(const char *path, const struct volume *v, const struct persist *p)
{
	struct js *o = js_object();
	js_set_path(o, "path", str_of(path));
	js_set_text(o, "answer", persist_answer_name(p->answer));
	js_set_text(o, "reason", p->reason);
	js_set_bool(o, "exists", p->exists);
	js_set_bool(o, "writable", p->writable);
	js_set_text(o, "encrypted", encrypted(path, p));
	js_set_str(o, "fs_type", str_of(p->fs_type));
	js_set_path(o, "mount_point", str_of(p->mount_point));
	js_set_path(o, "source", str_of(p->source));
	if (v) {
		js_set_text(o, "volume", v->name);
		js_set_text(o, "contents", v->contents);
		js_set_text(o, "priority", v->priority);
	}
	applet_json_line(o);
}

static void show(const struct setup_check *c, struct tally *t, const char *path,
                 const struct volume *v)
{
	struct persist p;
	persist_look(path, &p);
	judge(t, path, &p);
	if (c->call->common->json) {
		show_json(path, v, &p);
		return;
	}
	table_cell_text(&t->table, path);
	table_cell_text(&t->table, persist_answer_name(p.answer));
	table_cell_text(&t->table, p.writable ? "yes" : "no");
	table_cell_text(&t->table, encrypted(path, &p));
	table_cell_text(&t->table, p.fs_type);
	table_cell_text(&t->table, p.mount_point);
	table_cell_text(&t->table, v ? v->priority : "");
	table_cell_text(&t->table, p.reason);
}

static void start(struct tally *t)
{
	static const char *const titles[] = { "PATH", "ANSWER", "WRITABLE", "ENCRYPTED",
		                              "TYPE", "MOUNT",  "PRIORITY", "REASON" };
	*t = (struct tally){ .bad = buf_make(LIST_MAX), .unknown = buf_make(LIST_MAX) };
	table_init(&t->table, COUNTOF(titles), titles);
}

static void finish(struct tally *t)
{
	buf_free(&t->bad);
	buf_free(&t->unknown);
	table_free(&t->table);
}

static int answer(const struct tally *t, struct err *e)
{
	if (t->bad_count > 0)
		return err_set(e, ERR_KIND_CONFIG,
		               "WARNING: Persistence is not configured for %zu of %zu paths: %s",
		               t->bad_count, t->total, t->bad.p);
	if (t->unknown_count > 0)
		return err_set(e, ERR_KIND_FAILED,
		               "whether %zu of %zu paths are persistent can't be told: %s",
		               t->unknown_count, t->total, t->unknown.p);
	return 0;
}

int setup_check_show(const struct setup_check *c, struct err *e)
{
	AUTO(finish) struct tally t;
	BUF_AUTO text = buf_make(OUTPUT_MAX);
	start(&t);
	for (size_t i = 0; i < c->volumes->count; i++)
		show(c, &t, c->volumes->list[i].container, &c->volumes->list[i]);
	for (size_t i = 0; i < c->required->count; i++)
		show(c, &t, c->required->items[i], NULL);
	if (t.total == 0)
		show(c, &t, c->base, NULL);
	if (!c->call->common->json) {
		table_format(&t.table, &text);
		applet_print(&text);
	}
	return answer(&t, e);
}

int setup_check_required(const struct opt_list *required, struct err *e)
{
	AUTO(finish) struct tally t;
	start(&t);
	for (size_t i = 0; i < required->count; i++) {
		struct persist p;
		persist_look(required->items[i], &p);
		judge(&t, required->items[i], &p);
	}
	return answer(&t, e);
}
