/* Hardlinks that were asked for while what they lead to was not. They lead to places beside the tree, which get their
 * content when the archive has been gone through: then it is known which files are needed, and one more way through it
 * is enough, whatever their number. Of somebody else's archive, where a path may come again, it takes one to find
 * out which entry each hardlink meant, and one for the content. */
#include <string.h>

#include "base/mem.h"
#include "pack/extract_parts.h"
#include "pack/names.h"

enum {
	TARGETS_MAX = 512 * 1024,
	NAMES_BYTES = 64 * 1024, /* of targets that may be gone to one by one */
	FAR = 4 << 20, /* to go to one costs about as much as to read so much on the way */
	CHAIN_MAX = 8, /* hardlinks to hardlinks */
};

static struct extract_target *newest(const struct extract_late *late, struct str path)
{
	const uint64_t *number = late->count > 0 ? pathset_find(&late->paths, path) : NULL;
	return number ? &late->list[*number] : NULL;
}

static struct extract_target *add(struct extract_late *late, struct str path)
{
	uint64_t *number;
	if (late->cap == 0)
		pathset_init(&late->paths);
	if (late->count == late->cap) {
		late->cap = late->cap ? 2 * late->cap : 64;
		late->list = mem_grow(late->list, late->cap, sizeof(late->list[0]));
	}
	struct extract_target *t = &late->list[late->count];
	*t = (struct extract_target){ .place = (uint32_t)late->count };
	if ((number = pathset_find(&late->paths, path))) {
		t->before = (uint32_t)*number + 1;
		*number = late->count;
	} else {
		pathset_put(&late->paths, path, late->count);
	}
	late->count++;
	return t;
}

/* Something leads to it, which is entry `at`. */
static void need(struct extract_late *late, struct extract_target *t, uint64_t at)
{
	t->at = at;
	late->open++;
	if (at > late->last)
		late->last = at;
}

/* The number of the present entry. Of our own archives, in which no path comes again, it does not matter. */
static uint64_t present(const struct extraction *x)
{
	return x->reader->ours ? UINT64_MAX : x->reader->guard.entries;
}

static int too_many(const struct entry *entry, struct err *e)
{
	return err_set(
		e, ERR_KIND_DATA,
		"'%s': there are more than %d files of which only hardlinks were asked for; ask "
		"for the files, too",
		names_show(entry->path).text, TARGETS_MAX);
}

int extract_late_add(struct extraction *x, const struct entry *entry, struct err *e)
{
	struct extract_late *late = &x->late;
	if (x->reader->source->sequential)
		return err_set(
			e, ERR_KIND_DATA,
			"'%s' is a hardlink to '%s', which was not asked for and is past in this "
			"pipe; ask for it, too, or read from a file",
			names_show(entry->path).text, names_show(entry->link).text);
	if (names_clean(entry->link, 0, &x->reader->limits, &x->target, e) < 0)
		return -1;
	struct extract_target *t = newest(late, buf_str(&x->target));
	if ((!t || t->at == 0) && late->count >= TARGETS_MAX)
		return too_many(entry, e);
	if (!t) {
		t = add(late, buf_str(&x->target));
		if (late->names.len < NAMES_BYTES)
			buf_add(&late->names, x->target.p, x->target.len + 1);
	}
	if (t->at == 0)
		need(late, t, present(x));
	disk_aside(x->disk, t->place, &x->target);
	return 0;
}

void extract_late_pass(struct extraction *x)
{
	const struct extract_target *t = newest(&x->late, buf_str(&x->whole));
	if (t && t->at > 0 && !x->reader->ours)
		add(&x->late, buf_str(&x->whole));
}

static int put_content(struct extraction *x, struct extract_target *t, const struct entry *entry,
                       struct err *e)
{
	t->at = 0;
	x->late.open--;
	disk_aside(x->disk, t->place, &x->path);
	if (entry->type == ENTRY_TYPE_FILE)
		return extract_file(x, entry, e);
	if (entry->type != ENTRY_TYPE_HARDLINK)
		return err_set(e, ERR_KIND_DATA,
		               "a hardlink leads to '%s', which is a %s and was not asked for",
		               names_show(entry->path).text, entry_type_name(entry->type));
	uint32_t place = t->place;
	if (names_clean(entry->link, 0, &x->reader->limits, &x->target, e) < 0)
		return -1;
	struct extract_target *next = add(&x->late, buf_str(&x->target));
	next->place = place;
	need(&x->late, next, present(x));
	return 0;
}

/* The entry at hand, which is one that hardlinks lead to. */
static int meet(struct extraction *x, struct extract_target *t, const struct entry *entry,
                bool choose, struct err *e)
{
	uint64_t now = present(x);
	for (;; t = &x->late.list[t->before - 1]) {
		uint32_t before = t->before;
		if (choose && now < t->at)
			t->from = now;
		else if (!choose && t->at > 0 && (x->reader->ours || t->from == now))
			return put_content(x, t, entry, e);
		if (before == 0)
			return 0;
	}
}

/* Once through the archive: to find which entries are meant, or to put their content. */
static int go_through(struct extraction *x, bool choose, struct err *e)
{
	const struct entry *entry;
	int rc = 1;
	uint64_t last = x->late.last;
	/* The reader starts anew, and what workers still read is its. */
	if (disk_drain(x->disk, e))
		return -1;
	reader_stop(x->reader);
	while (x->late.open > 0 && rc > 0 && (rc = reader_next(x->reader, &entry, e)) > 0) {
		struct err odd = ERR_INIT;
		if (!x->reader->ours && x->reader->guard.entries >= last)
			break;
		if (names_clean(entry->path, 0, &x->reader->limits, &x->whole, &odd) < 0)
			continue;
		struct extract_target *t = newest(&x->late, buf_str(&x->whole));
		if (t && meet(x, t, entry, choose, e))
			return -1;
	}
	return rc < 0 ? -1 : 0;
}

/* By the index to each. */
static int go_to_each(struct extraction *x, struct err *e)
{
	const struct entry *entry;
	struct buf *names = &x->late.names;
	for (size_t at = 0; at < names->len; at += strlen(names->p + at) + 1) {
		struct str name = str_of(names->p + at);
		struct extract_target *t = newest(&x->late, name);
		if (disk_drain(x->disk, e) || reader_find(x->reader, name, &entry, e) < 0 ||
		    put_content(x, t, entry, e))
			return -1;
	}
	return 0;
}

static bool is_quicker_each(const struct extraction *x)
{
	const struct reader *r = x->reader;
	return r->index && x->late.names.len < NAMES_BYTES &&
	       x->late.count <= index_totals(r->index)->raw_bytes / FAR + 1;
}

int extract_late_finish(struct extraction *x, struct err *e)
{
	if (x->late.open > 0 && is_quicker_each(x))
		return go_to_each(x, e);
	for (int links = 0; links < CHAIN_MAX && x->late.open > 0; links++)
		if ((!x->reader->ours && go_through(x, true, e)) || go_through(x, false, e))
			return -1;
	return 0;
}

void extract_late_free(struct extraction *x)
{
	if (x->late.cap > 0)
		pathset_free(&x->late.paths);
	mem_free(x->late.list);
	buf_free(&x->late.names);
}
