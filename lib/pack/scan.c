/* From members to entries. The tar headers are what counts; an index that says anything else is refused. */
#include "pack/scan.h"

#include <inttypes.h>
#include <string.h>

#include "pack/names.h"

void scan_init(struct scan *s, struct flow *flow, struct index_cursor *cursor,
               const struct limits *limits)
{
	*s = (struct scan){ .flow = flow, .cursor = cursor, .limits = *limits };
	tar_scratch_init(&s->scratch);
	again_init(&s->again);
	s->again.once = cursor && index_cursor_ascends(cursor);
}

void scan_free(struct scan *s)
{
	if (s->group)
		flow_drop(s->group);
	flow_close(s->flow);
	index_cursor_free(s->cursor);
	tar_scratch_free(&s->scratch);
	again_free(&s->again);
}

static int lies(struct str path, const char *what, struct err *e)
{
	return err_set(e, ERR_KIND_DATA, "the archive's index does not agree with '%s': %s",
	               names_show(path).text, what);
}

/* The member that was just inflated against what the index says of it. */
static int check_member(struct scan *s, struct err *e)
{
	struct index_member m;
	const struct flow_group *g = s->group;
	if (!s->cursor)
		return 0;
	int rc = index_cursor_member(s->cursor, &m, e);
	if (rc < 0)
		return -1;
	if (rc == 0 || m.number != g->number || m.offset != g->offset ||
	    m.raw_offset != g->raw_offset || m.packed_len != g->head.packed_len ||
	    m.raw_len != g->head.raw_len || m.crc != g->crc)
		return err_set(
			e, ERR_KIND_DATA,
			"the archive's index does not agree with the member at byte %" PRIu64,
			g->offset);
	return 0;
}

/* Go on to the next member: 1, 0 behind the last, -1. */
static int next_group(struct scan *s, struct err *e)
{
	struct flow_group *g;
	int rc = flow_next(s->flow, &g, e);
	if (rc <= 0)
		return rc;
	if (s->group)
		flow_drop(s->group);
	s->group = g;
	s->pos = 0;
	s->members++;
	again_member(&s->again);
	s->raw_bytes += g->head.raw_len;
	s->packed_bytes += g->head.packed_len;
	return check_member(s, e) ? -1 : 1;
}

/* Have bytes left in the group at hand: 1, 0 at the end of the archive, -1. */
static int need_bytes(struct scan *s, struct err *e)
{
	while (!s->group || s->pos == s->group->head.raw_len) {
		int rc = next_group(s, e);
		if (rc <= 0)
			return rc;
	}
	return 1;
}

static int cut_off(struct err *e)
{
	return err_set(e, ERR_KIND_DATA, "the archive ends before its end mark");
}

int scan_seek(struct scan *s, uint64_t inside, struct err *e)
{
	int rc = need_bytes(s, e);
	if (rc < 0)
		return -1;
	if (rc == 0 || inside >= s->group->head.raw_len)
		return cut_off(e);
	s->pos = (size_t)inside;
	s->again.partial = true;
	return 0;
}

static int skip(struct scan *s, uint64_t bytes, struct err *e)
{
	while (bytes > 0) {
		int rc = need_bytes(s, e);
		if (rc <= 0)
			return rc < 0 ? -1 : cut_off(e);
		size_t here = s->group->head.raw_len - s->pos;
		size_t n = bytes < here ? (size_t)bytes : here;
		s->pos += n;
		bytes -= n;
	}
	return 0;
}

static int check_item(struct scan *s, struct err *e)
{
	struct index_item item;
	const struct entry *a = &s->head.entry, *b = &item.head.entry;
	uint64_t here = s->group->raw_offset + s->pos;
	int rc = index_cursor_entry(s->cursor, &item, e);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return lies(a->path, "it is not listed", e);
	if (!str_eq(a->path, b->path))
		return lies(a->path, "another name", e);
	if (item.raw_offset != here || item.head.head_bytes != s->head.head_bytes)
		return lies(a->path, "another place", e);
	if (a->again != b->again)
		return lies(a->path, "whether it comes again", e);
	if (a->type != b->type || a->mode != b->mode || a->uid != b->uid || a->gid != b->gid)
		return lies(a->path, "another type, mode or owner", e);
	if (a->mtime_s != b->mtime_s || a->mtime_ns != b->mtime_ns)
		return lies(a->path, "another time", e);
	if (a->size_bytes != b->size_bytes || s->head.stored_bytes != item.head.stored_bytes ||
	    item.sparse != (a->extents != NULL))
		return lies(a->path, "another size", e);
	if (!str_eq(a->link, b->link))
		return lies(a->path, "another link target", e);
	if (item.sha256) {
		memcpy(s->sha256, item.sha256, sizeof(s->sha256));
		s->want_sha256 = s->sha256;
	}
	return 0;
}

/* The zero blocks are the last bytes, and the index has nothing more. */
static int finish(struct scan *s, struct err *e)
{
	struct flow_group *more;
	struct index_member m;
	struct index_item item;
	s->ended = true;
	if (s->pos + TAR_END != s->group->head.raw_len)
		return err_set(e, ERR_KIND_DATA,
		               "there is something behind the archive's end mark");
	int rc = flow_next(s->flow, &more, e);
	if (rc > 0) {
		flow_drop(more);
		return err_set(e, ERR_KIND_DATA, "there is a member behind the archive's end mark");
	}
	if (rc == 0 && s->cursor) {
		rc = index_cursor_entry(s->cursor, &item, e);
		if (rc == 0)
			rc = index_cursor_member(s->cursor, &m, e);
		if (rc > 0)
			return err_set(e, ERR_KIND_DATA,
			               "the archive's index lists more than there is");
	}
	return rc;
}

static int next_header(struct scan *s, struct err *e)
{
	const unsigned char *p;
	size_t len;
	while (s->hashing && s->left > 0)
		if (scan_data(s, &p, &len, e) < 0)
			return -1;
	if (s->ended)
		return 0;
	if (skip(s, s->left, e) || skip(s, s->pad, e))
		return -1;
	s->left = s->pad = 0;
	s->hashing = false;
	s->want_sha256 = NULL;
	int rc = need_bytes(s, e);
	if (rc <= 0)
		return rc < 0 ? -1 : cut_off(e);
	rc = tar_parse(s->group->raw + s->pos, s->group->head.raw_len - s->pos, &s->limits,
	               &s->scratch, &s->head, e);
	if (rc == 0)
		return finish(s, e);
	if (rc < 0 || (s->cursor && check_item(s, e)) || again_entry(&s->again, &s->head.entry, e))
		return -1;
	s->pos += (size_t)s->head.head_bytes;
	s->left = s->head.stored_bytes;
	s->pad = tar_padded(s->left) - s->left;
	return 1;
}

int scan_entry(struct scan *s, struct err *e)
{
	int rc;
	do
		rc = next_header(s, e);
	while (rc > 0 && s->head.entry.again);
	return rc;
}

void scan_check_content(struct scan *s)
{
	if (!s->want_sha256)
		return;
	s->hashing = true;
	digest_sha256_init(&s->digest);
}

static int check_content(struct scan *s, struct err *e)
{
	unsigned char got[DIGEST_SHA256_LEN];
	digest_sha256_out(&s->digest, got);
	s->hashing = false;
	if (memcmp(got, s->want_sha256, sizeof(got)) == 0)
		return 0;
	return err_set(e, ERR_KIND_DATA, "the content is not what its SHA-256 in the index says");
}

int scan_data(struct scan *s, const unsigned char **p, size_t *len, struct err *e)
{
	if (s->left == 0 && s->hashing && check_content(s, e))
		return -1;
	if (s->left == 0)
		return 0;
	int rc = need_bytes(s, e);
	if (rc <= 0)
		return rc < 0 ? -1 : cut_off(e);
	size_t here = s->group->head.raw_len - s->pos;
	*len = s->left < here ? (size_t)s->left : here;
	*p = s->group->raw + s->pos;
	s->pos += *len;
	s->left -= *len;
	if (s->hashing)
		digest_sha256_add(&s->digest, *p, *len);
	return 1;
}
