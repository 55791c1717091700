/* Hardlinks that were asked for while what they lead to was not: the first takes its content, the others are linked to
 * the first. */
#include <string.h>

#include "pack/extract_parts.h"
#include "pack/names.h"

int extract_late_add(struct extraction *x, const struct entry *entry, struct err *e)
{
	const struct limits *limits = &x->reader->limits;
	if (x->reader->source->sequential)
		return err_set(
			e, ERR_KIND_DATA,
			"'%s' is a hardlink to '%s', which was not asked for and is past in this pipe",
			names_show(entry->path).text, names_show(entry->link).text);
	if (names_clean(entry->link, 0, limits, &x->target, e) < 0)
		return -1;
	buf_add(&x->late, x->path.p, x->path.len + 1);
	buf_add(&x->late, x->target.p, x->target.len + 1);
	return buf_check(&x->late, e, "the list of hardlinks");
}

/* The path at which the content of `target` was put by an earlier pair, or NULL. */
static const char *earlier(const struct extraction *x, const char *until, const char *target)
{
	for (const char *path = x->late.p; path < until;) {
		const char *to = path + strlen(path) + 1;
		if (strcmp(to, target) == 0)
			return path;
		path = to + strlen(to) + 1;
	}
	return NULL;
}

static int put_content(struct extraction *x, const char *target, struct err *e)
{
	const struct entry *entry;
	/* The reader starts anew, and what workers still read is its. */
	if (disk_drain(x->disk, e) || reader_find(x->reader, str_of(target), &entry, e) < 0)
		return -1;
	if (entry->type != ENTRY_TYPE_FILE)
		return err_set(e, ERR_KIND_DATA, "'%s' is a hardlink to a %s",
		               names_show(buf_str(&x->path)).text, entry_type_name(entry->type));
	return extract_file(x, entry, e);
}

int extract_late_finish(struct extraction *x, struct err *e)
{
	const char *end = x->late.p + x->late.len;
	for (const char *path = x->late.p; path < end;) {
		const char *target = path + strlen(path) + 1;
		const char *first = earlier(x, path, target);
		const struct entry link = { .type = ENTRY_TYPE_HARDLINK };
		buf_clear(&x->path);
		buf_add_text(&x->path, path);
		if (first ? disk_hardlink(x->disk, &link, buf_str(&x->path), str_of(first), e)
		          : put_content(x, target, e))
			return -1;
		path = target + strlen(target) + 1;
	}
	return 0;
}
