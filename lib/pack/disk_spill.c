/* A file without a name beneath the root. Numbers as in an index; a record begins with its length. */
#include <string.h>

#include "os/dir.h"
#include "os/file.h"
#include "pack/disk_parts.h"
#include "pack/wire.h"

enum { WRITE_STEP = 256 * 1024, READ_STEP = 32 * 1024, LENGTH = 4, SYMLINK = 1, SAID = 2 };

static const char what[] = "the list of links and directories that come last";

void disk_spill_init(struct disk_spill *s)
{
	*s = (struct disk_spill){ .fd = -1 };
	s->bytes = s->path = buf_make(SIZE_MAX / 2);
}

void disk_spill_free(struct disk_spill *s)
{
	file_close_auto(&s->fd);
	buf_free(&s->bytes);
	buf_free(&s->path);
}

int disk_spill_flush(struct disk_spill *s, int root, struct err *e)
{
	if (s->bytes.len == 0)
		return 0;
	if ((s->fd < 0 && dir_create_nameless(root, &s->fd, e)) ||
	    file_pwrite(s->fd, s->bytes.p, s->bytes.len, s->end, e, what))
		return -1;
	s->end += s->bytes.len;
	buf_clear(&s->bytes);
	return 0;
}

static size_t common(struct str a, struct str b)
{
	size_t n = 0;
	while (n < a.len && n < b.len && a.p[n] == b.p[n])
		n++;
	return n;
}

int disk_spill_add(struct disk_spill *s, int root, const struct disk_late *late, struct err *e)
{
	struct buf *out = &s->bytes;
	size_t at = out->len, same = common(buf_str(&s->path), late->path);
	const struct disk_attrs *a = &late->attrs;
	wire_add_u32(out, 0);
	wire_add_varint(out, same);
	wire_add_varint(out, late->path.len - same);
	buf_add_str(out, str_skip(late->path, same));
	wire_add_varint(out, (late->symlink ? SYMLINK : 0U) | (late->said ? SAID : 0U));
	wire_add_varint(out, a->mode);
	wire_add_varint(out, a->uid);
	wire_add_varint(out, a->gid);
	wire_add_signed(out, a->mtime_s);
	wire_add_varint(out, a->mtime_ns);
	wire_add_varint(out, late->target.len);
	buf_add_str(out, late->target);
	buf_add_char(out, '\0');
	wire_put_u32((unsigned char *)out->p + at, (uint32_t)(out->len - at - LENGTH));
	buf_truncate(&s->path, same);
	buf_add_str(&s->path, str_skip(late->path, same));
	return out->len < WRITE_STEP ? 0 : disk_spill_flush(s, root, e);
}

uint64_t disk_spill_cut(struct disk_spill *s)
{
	buf_clear(&s->path);
	return s->end + s->bytes.len;
}

struct disk_spill_cursor disk_spill_read(const struct disk_spill *s, uint64_t from, uint64_t to)
{
	struct disk_spill_cursor c = { .spill = s, .at = from, .end = to };
	c.bytes = c.path = buf_make(SIZE_MAX / 2);
	return c;
}

void disk_spill_done(struct disk_spill_cursor *c)
{
	buf_free(&c->bytes);
	buf_free(&c->path);
}

/* Have `len` bytes of the record at hand. */
static int need(struct disk_spill_cursor *c, size_t len, struct err *e)
{
	size_t have = c->bytes.len - c->used, got;
	if (have >= len)
		return 0;
	buf_consume(&c->bytes, c->used);
	c->used = 0;
	size_t want = len - have > READ_STEP ? len - have : READ_STEP;
	if (want > c->end - c->at)
		want = (size_t)(c->end - c->at);
	char *at = buf_room(&c->bytes, want);
	if (file_pread(c->spill->fd, at, want, c->at, &got, e, what))
		return -1;
	buf_grew(&c->bytes, got);
	c->at += got;
	return have + got >= len ? 0 : err_set(e, ERR_KIND_IO, "%s: it was cut", what);
}

static void take(struct disk_spill_cursor *c, struct str record)
{
	struct wire w = wire_open(record);
	struct disk_late *late = &c->late;
	buf_truncate(&c->path, (size_t)wire_read_varint(&w));
	buf_add_str(&c->path, wire_read_bytes(&w, wire_read_varint(&w)));
	uint64_t flags = wire_read_varint(&w);
	late->path = buf_str(&c->path);
	late->symlink = flags & SYMLINK;
	late->said = flags & SAID;
	late->attrs.mode = (uint32_t)wire_read_varint(&w);
	late->attrs.uid = wire_read_varint(&w);
	late->attrs.gid = wire_read_varint(&w);
	late->attrs.mtime_s = wire_read_signed(&w);
	late->attrs.mtime_ns = (uint32_t)wire_read_varint(&w);
	late->target = wire_read_bytes(&w, wire_read_varint(&w));
}

int disk_spill_next(struct disk_spill_cursor *c, struct err *e)
{
	c->ended = c->used == c->bytes.len && c->at == c->end;
	if (c->ended)
		return 0;
	if (need(c, LENGTH, e))
		return -1;
	size_t len = wire_u32((const unsigned char *)c->bytes.p + c->used);
	if (need(c, LENGTH + len, e))
		return -1;
	take(c, str_from(c->bytes.p + c->used + LENGTH, len));
	c->used += LENGTH + len;
	c->number++;
	return 1;
}
