/* Patches. What text can't say (binary content, directories, a change of type) is said in lines that patch passes over. */
#include "applets/pack_patch.h"

#include <string.h>

#include "applets/applet.h"
#include "base/mem.h"
#include "base/num.h"
#include "pack/diff_text.h"

enum {
	OUTPUT_MAX = 64 << 20,
	FETCH_MAX = 12 << 20,   /* contents that are kept at once */
	WINDOW_BYTES = 2 << 20, /* names */
	REGULAR = 0100000,
	SYMLINK = 0120000,
};

struct pack_patch {
	struct inventory *before, *after;
	const char *below;
	struct buf a, b; /* contents */
	struct buf out;
	/* Changes that wait, so that an archive without an index is read once for many of them. */
	struct waiting {
		struct diff_change change;
		struct inventory_item *before, *after; /* own copies, to which it points */
	} * waiting;
	size_t count, cap;
	uint64_t content_bytes, name_bytes;
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
static void add_name(struct pack_patch *p, const char *side, struct str path)
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

static void add_names(struct pack_patch *p, struct str before, struct str after)
{
	buf_add_text(&p->out, "diff --git ");
	add_name(p, "a/", before);
	buf_add_char(&p->out, ' ');
	add_name(p, "b/", after);
	buf_add_char(&p->out, '\n');
}

static void add_side(struct pack_patch *p, const char *mark, const char *side, struct str path)
{
	buf_add_text(&p->out, mark);
	if (side)
		add_name(p, side, path);
	else
		buf_add_text(&p->out, "/dev/null");
	buf_add_char(&p->out, '\n');
}

static void add_mode(struct pack_patch *p, const char *words, const struct inventory_item *item)
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
static const char *load(struct pack_patch *p, const struct inventory_item *before,
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
static int add_content(struct pack_patch *p, const struct inventory_item *before,
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
static void add_note(struct pack_patch *p, const char *words, const struct inventory_item *item)
{
	buf_printf(&p->out, "# %s %s ", words, entry_type_name(item->type));
	add_name(p, "", item->path);
	buf_add_char(&p->out, '\n');
}

/* A thing that is on one side alone. */
static int add_whole(struct pack_patch *p, const struct inventory_item *item, bool is_new,
                     struct err *e)
{
	if (!has_content(item)) {
		add_note(p, is_new ? "new" : "removed", item);
		return 0;
	}
	add_names(p, item->path, item->path);
	add_mode(p, is_new ? "new file mode" : "deleted file mode", item);
	return add_content(p, is_new ? NULL : item, is_new ? item : NULL, e);
}

static int add_modified(struct pack_patch *p, const struct diff_change *c, struct err *e)
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

static void add_renamed(struct pack_patch *p, const struct diff_change *c)
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

static int add(struct pack_patch *p, const struct diff_change *c, struct err *e)
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

/* ---- many of them ---- */

static bool shows_content(const struct diff_change *c)
{
	unsigned content = DIFF_TYPE | DIFF_CONTENT;
	return c->kind != DIFF_RENAMED && (c->kind != DIFF_MODIFIED || c->what & content);
}

static bool is_read(const struct inventory_item *item)
{
	return item && item->type == ENTRY_TYPE_FILE && !is_too_large(item);
}

/* A copy with its texts, one allocation. */
static struct inventory_item *copy(const struct inventory_item *item)
{
	size_t path = item->path.len, link = item->link.len;
	struct inventory_item *made = mem_new(1, sizeof(*made) + path + link);
	char *text = (char *)(made + 1);
	*made = *item;
	memcpy(text, item->path.p, path);
	memcpy(text + path, item->link.p, link);
	made->path = str_from(text, path);
	made->link = str_from(text + path, link);
	return made;
}

static void forget(struct pack_patch *p)
{
	for (size_t i = 0; i < p->count; i++) {
		mem_free(p->waiting[i].before);
		mem_free(p->waiting[i].after);
	}
	p->count = 0;
	p->content_bytes = p->name_bytes = 0;
}

/* Have the contents of one side. */
static int fetch(struct pack_patch *p, bool after, struct err *e)
{
	MEM_AUTO const struct inventory_item **items = mem_new(p->count, sizeof(items[0]));
	size_t count = 0;
	for (size_t i = 0; i < p->count; i++) {
		const struct diff_change *c = &p->waiting[i].change;
		const struct inventory_item *item = after ? c->after : c->before;
		if (shows_content(c) && is_read(item))
			items[count++] = item;
	}
	return inventory_fetch(after ? p->after : p->before, items, count, e);
}

/* Show what waits. */
static int flush(struct pack_patch *p, struct err *e)
{
	if (p->count == 0)
		return 0;
	if (fetch(p, false, e) || fetch(p, true, e))
		return -1;
	for (size_t i = 0; i < p->count; i++) {
		buf_clear(&p->out);
		if (add(p, &p->waiting[i].change, e) ||
		    buf_check(&p->out, e, "the patch of a file"))
			return -1;
		applet_print(&p->out);
	}
	forget(p);
	return 0;
}

static struct inventory_item *wait_for(struct pack_patch *p, const struct diff_change *c,
                                       const struct inventory_item *item)
{
	if (!item)
		return NULL;
	p->name_bytes += sizeof(*item) + item->path.len + item->link.len;
	if (shows_content(c) && is_read(item))
		p->content_bytes += item->size_bytes;
	return copy(item);
}

int pack_patch_add(struct pack_patch *p, const struct diff_change *change, struct err *e)
{
	if (p->count == p->cap) {
		p->cap = p->cap ? 2 * p->cap : 64;
		p->waiting = mem_grow(p->waiting, p->cap, sizeof(p->waiting[0]));
	}
	struct waiting *w = &p->waiting[p->count++];
	w->before = wait_for(p, change, change->before);
	w->after = wait_for(p, change, change->after);
	w->change = (struct diff_change){ change->kind, change->what, w->before, w->after };
	return p->content_bytes < FETCH_MAX && p->name_bytes < WINDOW_BYTES ? 0 : flush(p, e);
}

int pack_patch_end(struct pack_patch *p, struct err *e)
{
	return flush(p, e);
}

struct pack_patch *pack_patch_begin(struct inventory *before, struct inventory *after,
                                    const char *below)
{
	struct pack_patch *p = mem_new(1, sizeof(*p));
	p->before = before;
	p->after = after;
	p->below = below;
	p->a = p->b = buf_make(DIFF_TEXT_BYTES_MAX + 1);
	p->out = buf_make(OUTPUT_MAX);
	return p;
}

void pack_patch_free(struct pack_patch *p)
{
	if (!p)
		return;
	forget(p);
	mem_free(p->waiting);
	buf_free(&p->a);
	buf_free(&p->b);
	buf_free(&p->out);
	mem_free(p);
}
