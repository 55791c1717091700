/* What an index is for: a list without content, and one file without the rest. */
#include <string.h>

#include "pack/names.h"
#include "pack/reader_parts.h"

enum { LINKS_MAX = 8 }; /* from a hardlink to the file */

int reader_index_next(struct reader *r, const struct entry **entry, struct err *e)
{
	if (!r->index)
		return err_set(e, ERR_KIND_NOT_FOUND, "the archive has no index");
	if (!r->listing)
		r->listing = index_cursor_new(r->index);
	int rc = index_cursor_next(r->listing, &r->listed, e);
	*entry = &r->listed.head.entry;
	return rc;
}

const unsigned char *reader_index_sha256(const struct reader *r)
{
	return r->listed.sha256;
}

static int absent(struct str path, struct err *e)
{
	return err_set(e, ERR_KIND_NOT_FOUND, "'%s' is not in the archive", names_show(path).text);
}

/* Read the members from `m` on that the file `item` lies in, or (`onward`) all. */
static int start_at(struct reader *r, struct index_cursor *cursor, const struct index_member *m,
                    const struct index_item *item, bool onward, struct err *e)
{
	struct flow *flow;
	uint64_t end = item->raw_offset + item->head.head_bytes + item->head.stored_bytes;
	bool in_one = !onward && end <= m->raw_offset + m->raw_len;
	struct flow_options how = {
		.form = reader_form(r),
		.limits = &r->limits,
		.pool = r->pool,
		.ahead = in_one ? 0 : r->jobs,
		.kept_max = 2,
		.progress = r->progress,
		.number = m->number,
		.offset = m->offset,
		.raw_offset = m->raw_offset,
		.end = in_one ? m->offset + m->packed_len : index_data_end(r->index),
		.first_piece = in_one ? (size_t)m->packed_len : 0,
	};
	if (flow_open(r->source, &how, &flow, e)) {
		index_cursor_free(cursor);
		return -1;
	}
	scan_init(&r->scan, flow, cursor, &r->limits);
	r->started = true;
	return scan_seek(&r->scan, item->raw_offset - m->raw_offset, e);
}

/* Find `path` in the index; a hardlink leads to the file that has the content, which comes before it. */
static int look_up(struct index_cursor *cursor, struct buf *name, struct index_member *m,
                   struct index_item *item, struct err *e)
{
	int rc = index_cursor_find(cursor, buf_str(name), m, item, e);
	if (rc <= 0 || item->head.entry.type != ENTRY_TYPE_HARDLINK)
		return rc;
	BUF_AUTO target = buf_make(name->max);
	buf_add_str(&target, item->head.entry.link);
	rc = index_cursor_find(cursor, buf_str(&target), m, item, e);
	if (rc > 0 && item->head.entry.type == ENTRY_TYPE_HARDLINK)
		return err_set(e, ERR_KIND_DATA, "'%s' is a hardlink to a hardlink",
		               names_show(buf_str(name)).text);
	return rc;
}

static int find_indexed(struct reader *r, const struct entry **entry, struct err *e)
{
	struct index_member m;
	struct index_item item;
	struct index_cursor *cursor = index_cursor_new(r->index);
	int rc = look_up(cursor, &r->name, &m, &item, e);
	if (rc <= 0) {
		index_cursor_free(cursor);
		return rc < 0 ? -1 : absent(buf_str(&r->name), e);
	}
	if (reader_need_pool(r, e)) {
		index_cursor_free(cursor);
		return -1;
	}
	reader_stop(r);
	if (start_at(r, cursor, &m, &item, false, e) || reader_next(r, entry, e) <= 0)
		return -1;
	scan_check_content(&r->scan);
	return 1;
}

int reader_go(struct reader *r, struct str path, const struct entry **entry, struct err *e)
{
	struct index_member m;
	struct index_item item;
	if (!r->index)
		return 0;
	struct index_cursor *cursor = index_cursor_new(r->index);
	int rc = index_cursor_find(cursor, path, &m, &item, e);
	bool below = rc > 0 && item.head.entry.type == ENTRY_TYPE_DIR;
	if (below && !index_ascends(r->index))
		rc = 0;
	if (rc > 0 && reader_need_pool(r, e))
		rc = -1;
	if (rc <= 0) {
		index_cursor_free(cursor);
		return rc;
	}
	reader_stop(r);
	r->beyond = 0;
	return start_at(r, cursor, &m, &item, below, e) || reader_next(r, entry, e) <= 0 ? -1 : 1;
}

bool reader_may_follow(struct reader *r, struct str top)
{
	const struct scan *s = &r->scan;
	if (names_within(r->entry->path, top) || names_cmp(r->entry->path, top) < 0)
		return true;
	/* No later member has more of it. */
	if (r->beyond == 0)
		r->beyond = s->members;
	return s->members == r->beyond && s->left < s->group->head.raw_len - s->pos;
}

/* Go through the entries from here up to the one that counts as `until`, or (`first`) to one that is called `name`. *number: the last
 * of that name, which is at hand when it is the first; 0: none. A broken path of another is not our concern. */
static int pass_to(struct reader *r, bool first, uint64_t until, uint64_t *number,
                   const struct entry **entry, struct err *e)
{
	BUF_AUTO clean = buf_make((size_t)r->limits.max_name_bytes);
	int rc;
	*number = 0;
	while ((rc = reader_next(r, entry, e)) > 0 && r->guard.entries < until) {
		struct err odd = ERR_INIT;
		if (names_clean((*entry)->path, 0, &r->limits, &clean, &odd) < 0 ||
		    !str_eq(buf_str(&clean), buf_str(&r->name)))
			continue;
		*number = r->guard.entries;
		if (first)
			return 0;
	}
	return rc < 0 ? -1 : 0;
}

static int find_in_pipe(struct reader *r, const struct entry **entry, struct err *e)
{
	uint64_t number;
	if (pass_to(r, true, UINT64_MAX, &number, entry, e))
		return -1;
	if (number == 0)
		return absent(buf_str(&r->name), e);
	if ((*entry)->type != ENTRY_TYPE_HARDLINK)
		return 1;
	return err_set(e, ERR_KIND_DATA, "'%s' is a hardlink to a file that is past in this pipe",
	               names_show((*entry)->path).text);
}

/* Of several entries for one path the last one wins, as it does when all is unpacked: once through to find which it is, and
 * once more to it. A hardlink is the file as it was then. */
static int find_by_scan(struct reader *r, const struct entry **entry, struct err *e)
{
	uint64_t number = UINT64_MAX;
	for (int links = 0; links < LINKS_MAX; links++) {
		reader_stop(r);
		if (pass_to(r, false, number, &number, entry, e))
			return -1;
		if (number == 0)
			return absent(buf_str(&r->name), e);
		reader_stop(r);
		do
			if (reader_next(r, entry, e) <= 0)
				return -1;
		while (r->guard.entries < number);
		if ((*entry)->type != ENTRY_TYPE_HARDLINK)
			return 1;
		if (names_clean((*entry)->link, 0, &r->limits, &r->name, e) < 0)
			return -1;
	}
	return err_set(e, ERR_KIND_DATA, "'%s' is a hardlink to a hardlink",
	               names_show((*entry)->path).text);
}

int reader_find(struct reader *r, struct str path, const struct entry **entry, struct err *e)
{
	struct err odd = ERR_INIT;
	if (names_clean(path, 0, &r->limits, &r->name, &odd) < 0)
		return err_set(e, ERR_KIND_USAGE, "no path within an archive: '%s'",
		               names_show(path).text);
	if (r->index)
		return find_indexed(r, entry, e);
	return r->source->sequential ? find_in_pipe(r, entry, e) : find_by_scan(r, entry, e);
}
