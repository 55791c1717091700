/* Patches. What text can't say (binary content, directories, a change of type) is said in lines that patch passes over. */
#include "applets/pack_patch.h"

#include "applets/applet.h"
#include "base/mem.h"
#include "base/num.h"
#include "pack/diff_text.h"

enum { OUTPUT_MAX = 64 << 20, FETCH_MAX = 32 << 20, REGULAR = 0100000, SYMLINK = 0120000 };

struct patch {
	struct inventory *before, *after;
	const char *below;
	struct buf a, b; /* contents */
	struct buf out;
};

/* ---- names ---- */

static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\')
			return false;
	}
	return true;
}

/* As git quotes: patch knows no other escapes, and \x is none of them. Names with spaces too, as patch does not see where
 * they end otherwise. */
static void add_name(struct patch *p, const char *side, struct str path)
{
	bool plain = is_plain(path);
	buf_add_text(&p->out, plain ? "" : "\"");
	buf_printf(&p->out, "%s%s", side, p->below);
	for (size_t i = 0; i < path.len; i++) {
		unsigned char c = (unsigned char)path.p[i];
		if (c < ' ' || c >= 0x7f)
			buf_printf(&p->out, "\\%03o", c);
		else
			buf_printf(&p->out, c == '"' || c == '\\' ? "\\%c" : "%c", c);
	}
	buf_add_text(&p->out, plain ? "" : "\"");
}

static void add_names(struct patch *p, struct str before, struct str after)
{
	buf_add_text(&p->out, "diff --git ");
	add_name(p, "a/", before);
	buf_add_char(&p->out, ' ');
	add_name(p, "b/", after);
	buf_add_char(&p->out, '\n');
}

static void add_side(struct patch *p, const char *mark, const char *side, struct str path)
{
	buf_add_text(&p->out, mark);
	if (side)
		add_name(p, side, path);
	else
		buf_add_text(&p->out, "/dev/null");
	buf_add_char(&p->out, '\n');
}

static void add_mode(struct patch *p, const char *words, const struct inventory_item *item)
{
	unsigned type = item->type == ENTRY_TYPE_SYMLINK ? SYMLINK : REGULAR;
	unsigned mode = item->type == ENTRY_TYPE_SYMLINK ? 0 : item->mode;
	buf_printf(&p->out, "%s %06o\n", words, type | mode);
}

/* ---- contents ---- */

static bool is_too_large(const struct inventory_item *item)
{
	return item && item->size_bytes > DIFF_TEXT_BYTES_MAX;
}

/* Why the contents are not shown, or NULL and they are in p->a and p->b. */
static const char *load(struct patch *p, const struct inventory_item *before,
                        const struct inventory_item *after, struct err *e)
{
	struct err why = ERR_INIT;
	buf_clear(&p->a);
	buf_clear(&p->b);
	if (is_too_large(before) || is_too_large(after))
		return "larger than 1 MiB";
	if ((before && inventory_read(p->before, before, &p->a, &why)) ||
	    (after && inventory_read(p->after, after, &p->b, &why))) {
		if (why.kind == ERR_KIND_NOT_FOUND)
			return "a snapshot has no contents";
		*e = why;
		return "unreadable";
	}
	if (diff_text_is_binary(buf_str(&p->a)) || diff_text_is_binary(buf_str(&p->b)))
		return "binary";
	return NULL;
}

/* NULL: there is nothing on that side. */
static int add_content(struct patch *p, const struct inventory_item *before,
                       const struct inventory_item *after, struct err *e)
{
	struct str a = before ? before->path : after->path, b = after ? after->path : a;
	const char *why = load(p, before, after, e);
	if (err_is(e))
		return -1;
	if (why) {
		buf_add_text(&p->out, "Binary files ");
		add_name(p, "a/", a);
		buf_add_text(&p->out, " and ");
		add_name(p, "b/", b);
		buf_printf(&p->out, " differ (%s)\n", why);
		return 0;
	}
	if (p->a.len == 0 && p->b.len == 0)
		return 0;
	add_side(p, "--- ", before ? "a/" : NULL, a);
	add_side(p, "+++ ", after ? "b/" : NULL, b);
	diff_text_hunks(buf_str(&p->a), buf_str(&p->b), &p->out);
	return 0;
}

/* ---- changes ---- */

static bool has_content(const struct inventory_item *item)
{
	return item->type == ENTRY_TYPE_FILE || item->type == ENTRY_TYPE_SYMLINK;
}

/* A line for people: directories are not in patches. */
static void add_note(struct patch *p, const char *words, const struct inventory_item *item)
{
	buf_printf(&p->out, "# %s %s ", words, entry_type_name(item->type));
	add_name(p, "", item->path);
	buf_add_char(&p->out, '\n');
}

/* A thing that is on one side alone. */
static int add_whole(struct patch *p, const struct inventory_item *item, bool is_new, struct err *e)
{
	if (!has_content(item)) {
		add_note(p, is_new ? "new" : "removed", item);
		return 0;
	}
	add_names(p, item->path, item->path);
	add_mode(p, is_new ? "new file mode" : "deleted file mode", item);
	return add_content(p, is_new ? NULL : item, is_new ? item : NULL, e);
}

static int add_modified(struct patch *p, const struct diff_change *c, struct err *e)
{
	if (c->what & DIFF_TYPE)
		return add_whole(p, c->before, false, e) ? -1 : add_whole(p, c->after, true, e);
	if (!has_content(c->after)) {
		buf_printf(&p->out, "# mode %04o to %04o of ", (unsigned)c->before->mode,
		           (unsigned)c->after->mode);
		add_note(p, "the", c->after);
		return 0;
	}
	add_names(p, c->before->path, c->after->path);
	if (c->what & DIFF_MODE) {
		add_mode(p, "old mode", c->before);
		add_mode(p, "new mode", c->after);
	}
	return c->what & (DIFF_CONTENT | DIFF_TARGET) ? add_content(p, c->before, c->after, e) : 0;
}

static void add_renamed(struct patch *p, const struct diff_change *c)
{
	add_names(p, c->before->path, c->after->path);
	if (c->what & DIFF_MODE) {
		add_mode(p, "old mode", c->before);
		add_mode(p, "new mode", c->after);
	}
	buf_add_text(&p->out, "similarity index 100%\nrename from ");
	add_name(p, "", c->before->path);
	buf_add_text(&p->out, "\nrename to ");
	add_name(p, "", c->after->path);
	buf_add_char(&p->out, '\n');
}

static int add(struct patch *p, const struct diff_change *c, struct err *e)
{
	switch (c->kind) {
	case DIFF_ADDED:
		return add_whole(p, c->after, true, e);
	case DIFF_REMOVED:
		return add_whole(p, c->before, false, e);
	case DIFF_MODIFIED:
		return add_modified(p, c, e);
	case DIFF_RENAMED:
		break;
	}
	add_renamed(p, c);
	return 0;
}

/* ---- archives without an index ---- */

struct wanted {
	const struct inventory_item **before, **after;
	size_t before_count, after_count;
	uint64_t bytes;
};

static void want(struct wanted *w, const struct inventory_item *item,
                 const struct inventory_item **list, size_t *count)
{
	if (!item || item->type != ENTRY_TYPE_FILE || is_too_large(item))
		return;
	list[(*count)++] = item;
	w->bytes += item->size_bytes;
}

static bool shows_content(const struct diff_change *c)
{
	unsigned content = DIFF_TYPE | DIFF_CONTENT;
	return c->kind != DIFF_RENAMED && (c->kind != DIFF_MODIFIED || c->what & content);
}

/* Have the contents that the changes from `first` on show, as many as may be kept. Returns the first without. */
static size_t fetch(struct patch *p, const struct diff_list *list, size_t first, struct err *e)
{
	struct wanted w = { .before = mem_new(list->count - first, sizeof(w.before[0])),
		            .after = mem_new(list->count - first, sizeof(w.after[0])) };
	size_t i = first;
	for (; i < list->count && (i == first || w.bytes < FETCH_MAX); i++) {
		const struct diff_change *c = &list->changes[i];
		if (!shows_content(c))
			continue;
		want(&w, c->before, w.before, &w.before_count);
		want(&w, c->after, w.after, &w.after_count);
	}
	int rc = inventory_fetch(p->before, w.before, w.before_count, e) ||
	         inventory_fetch(p->after, w.after, w.after_count, e);
	mem_free(w.before);
	mem_free(w.after);
	return rc ? first : i;
}

static void free_patch(struct patch *p)
{
	buf_free(&p->a);
	buf_free(&p->b);
	buf_free(&p->out);
}

int pack_patch_show(struct inventory *before, struct inventory *after, const struct diff_list *list,
                    const char *below, struct err *e)
{
	AUTO(free_patch)
	struct patch p = {
		.before = before,
		.after = after,
		.below = below,
		.a = buf_make(DIFF_TEXT_BYTES_MAX + 1),
		.b = buf_make(DIFF_TEXT_BYTES_MAX + 1),
		.out = buf_make(OUTPUT_MAX),
	};
	for (size_t i = 0, had = 0; i < list->count; i++) {
		if (i == had && (had = fetch(&p, list, i, e)) == i)
			return -1;
		buf_clear(&p.out);
		if (add(&p, &list->changes[i], e) || buf_check(&p.out, e, "the patch of a file"))
			return -1;
		applet_print(&p.out);
	}
	return 0;
}
