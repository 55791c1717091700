/* libarchive reads headers and finds data; decompressing is ours (unpack), so is everything that touches a disk. */
#include <errno.h>
#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "pack/foreign_parts.h"
#include "pack/guard.h"
#include "pack/names.h"

enum {
	HEADER_BLOCKS = 64 * 1024,
	EXTENT_TEXT_MAX = 48, /* two numbers of 20 digits, and what is between them */
};

/* What libarchive says quotes names of the archive. */
static int fail(struct foreign *f, const char *doing, struct err *e)
{
	char text[NAMES_SHOWN];
	if (err_is(&f->inner)) {
		*e = f->inner;
		return -1;
	}
	const char *why = archive_error_string(f->a);
	codec_quoted(str_of(why ? why : "unknown error"), text, sizeof(text));
	return err_set(e, ERR_KIND_DATA, "%s: %s", doing, text);
}

/* ---- callbacks of libarchive ---- */

static void note_zeros(struct foreign *f, const unsigned char *p, size_t len)
{
	size_t n = len;
	while (n > 0 && p[n - 1] == 0)
		n--;
	if (n > 0)
		f->data_end = f->total + n;
	f->total += len;
}

/* The bytes that a header with so many extents may have, with its extensions and the texts that they need. */
static uint64_t header_max(const struct foreign *f, uint64_t extents)
{
	const struct limits *l = &f->limits;
	return l->max_pax_bytes + 2 * l->max_name_bytes + HEADER_BLOCKS + extents * EXTENT_TEXT_MAX;
}

static int header_too_large(struct err *e)
{
	return err_set(e, ERR_KIND_DATA,
	               "a header is larger than the limits 'pax' and 'sparse' allow");
}

/* What the piece at hand has of the header, up to `end`. */
static struct str header_part(const struct foreign *f, uint64_t end)
{
	uint64_t start = f->total - f->piece_len;
	uint64_t from = f->header_from > start ? f->header_from - start : 0;
	if (end < start) /* of a map, whose last line goes on here */
		return (struct str){ "", 0 };
	return str_skip(str_from(f->piece, (size_t)(end - start)), (size_t)from);
}

/* The piece at hand is about to go. */
static void keep_header(struct foreign *f)
{
	if (f->in_header && f->piece_len > 0)
		buf_add_str(&f->header, header_part(f, f->total));
}

/* libarchive keeps in memory whatever a header says, and a header goes on as long as it says. */
static int check_header_goes_on(struct foreign *f)
{
	if (!f->in_header || f->total - f->header_from <= header_max(f, f->limits.max_sparse))
		return 0;
	return header_too_large(&f->inner);
}

static la_ssize_t read_tar(struct archive *a, void *ctx, const void **out)
{
	struct foreign *f = ctx;
	const unsigned char *p = NULL;
	size_t len;
	keep_header(f);
	if (check_header_goes_on(f) || unpack_next(f->unpack, &p, &len, &f->inner) < 0) {
		archive_set_error(a, EIO, "%s", f->inner.msg);
		return ARCHIVE_FATAL;
	}
	if (len > 0)
		note_zeros(f, p, len);
	f->piece = p;
	f->piece_len = len;
	*out = p;
	return (la_ssize_t)len;
}

static la_ssize_t read_zip(struct archive *a, void *ctx, const void **out)
{
	struct foreign *f = ctx;
	feed_skip(&f->feed, f->given);
	f->given = 0;
	if (feed_need(&f->feed, 1, &f->inner)) {
		archive_set_error(a, EIO, "%s", f->inner.msg);
		return ARCHIVE_FATAL;
	}
	f->given = f->feed.len;
	*out = feed_bytes(&f->feed);
	return (la_ssize_t)f->given;
}

static la_int64_t seek_zip(struct archive *a, void *ctx, la_int64_t offset, int whence)
{
	struct foreign *f = ctx;
	(void)a;
	la_int64_t size = (la_int64_t)f->source->id.size_bytes;
	la_int64_t base = whence == SEEK_SET   ? 0
	                  : whence == SEEK_END ? size
	                                       : (la_int64_t)f->feed.offset;
	la_int64_t at;
	if (__builtin_add_overflow(base, offset, &at) || at < 0 || at > size)
		return ARCHIVE_FATAL;
	struct progress *progress = f->feed.progress;
	feed_free(&f->feed);
	feed_init(&f->feed, f->source, (uint64_t)at, UINT64_MAX, progress);
	f->given = 0;
	return at;
}

/* ---- opening ---- */

static bool looks(struct str start, const char *magic, size_t len)
{
	return start.len >= len && memcmp(start.p, magic, len) == 0;
}

static int choose(struct foreign *f, struct str start, enum unpack_kind *kind, struct err *e)
{
	*kind = UNPACK_NONE;
	if (start.len == 0)
		return err_set(e, ERR_KIND_DATA, "the archive is empty");
	f->is_zip = looks(start, "PK\3\4", 4) || looks(start, "PK\5\6", 4);
	if (f->is_zip && (f->source->sequential || !f->source->size_known))
		return err_set(e, ERR_KIND_DATA, "a zip archive cannot be read from a pipe");
	if (looks(start, "\x1f\x8b", 2))
		*kind = UNPACK_GZIP;
	else if (looks(start, "\x28\xb5\x2f\xfd", 4))
		*kind = UNPACK_ZSTD;
	return 0;
}

static int open_zip(struct foreign *f, struct progress *progress)
{
	f->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	feed_init(&f->feed, f->source, 0, UINT64_MAX, progress);
	archive_read_support_format_zip(f->a);
	archive_read_set_seek_callback(f->a, seek_zip);
	archive_read_set_read_callback(f->a, read_zip);
	return archive_read_open1(f->a);
}

static int open_tar(struct foreign *f, enum unpack_kind kind, struct progress *progress)
{
	if (unpack_open(kind, f->source, &f->limits, progress, &f->unpack, &f->inner))
		return ARCHIVE_FATAL;
	archive_read_support_format_tar(f->a);
	archive_read_set_read_callback(f->a, read_tar);
	return archive_read_open1(f->a);
}

int foreign_open(struct source *source, struct str start, const struct limits *limits,
                 struct progress *progress, struct foreign **out, struct err *e)
{
	enum unpack_kind kind;
	struct foreign *f = mem_new(1, sizeof(*f));
	*out = f;
	f->source = source;
	f->limits = *limits;
	f->header = buf_make(SIZE_MAX / 2);
	f->a = archive_read_new();
	if (!f->a)
		mem_exhausted();
	archive_read_set_callback_data(f->a, f);
	if (choose(f, start, &kind, e) == 0) {
		int rc = f->is_zip ? open_zip(f, progress) : open_tar(f, kind, progress);
		if (rc == ARCHIVE_OK)
			return 0;
		fail(f, "open the archive", e);
	}
	foreign_close(f);
	*out = NULL;
	return -1;
}

void foreign_close(struct foreign *f)
{
	if (!f)
		return;
	archive_read_free(f->a);
	unpack_close(f->unpack);
	feed_free(&f->feed);
	if (f->utf8)
		freelocale(f->utf8);
	buf_free(&f->header);
	mem_free(f->xattrs);
	mem_free(f);
}

/* ---- entries ---- */

/* Read what is left, so that the last checksum is seen, and look at how the tar ends. */
static int finish_tar(struct foreign *f, struct err *e)
{
	const unsigned char *p;
	size_t len;
	int rc;
	uint64_t read = (uint64_t)archive_filter_bytes(f->a, 0);
	while ((rc = unpack_next(f->unpack, &p, &len, e)) > 0)
		note_zeros(f, p, len);
	if (rc < 0)
		return -1;
	if (f->total - f->data_end < 512)
		return err_set(e, ERR_KIND_DATA, "the tar is cut off: it has no end mark");
	if (f->data_end > read)
		return err_set(e, ERR_KIND_DATA,
		               "there is something behind the end mark of the tar");
	return 0;
}

static int finish(struct foreign *f, struct err *e)
{
	f->ended = true;
	return f->is_zip ? 0 : finish_tar(f, e);
}

/* That a name was not converted is as it should be; every other warning means that something was ignored. */
static bool is_harmless(struct foreign *f)
{
	const char *why = archive_error_string(f->a);
	return why && strstr(why, "can't be converted");
}

/* By now it is known how long the header is. */
static int check_header(struct foreign *f, struct archive_entry *from, struct err *e)
{
	uint64_t extents = (uint64_t)archive_entry_sparse_count(from);
	uint64_t end = (uint64_t)archive_filter_bytes(f->a, 0);
	struct str all = header_part(f, end);
	if (extents > f->limits.max_sparse || end - f->header_from > header_max(f, extents))
		return header_too_large(e);
	if (f->header.len > 0) {
		buf_add_str(&f->header, all);
		all = buf_str(&f->header);
	}
	return buf_check(&f->header, e, "a header") ? -1 : foreign_check(all, &f->limits, e);
}

static int read_header(struct foreign *f, struct archive_entry **from)
{
	/* What was left of the content is not the header's. */
	int rc = f->any ? archive_read_data_skip(f->a) : ARCHIVE_OK;
	if (rc != ARCHIVE_OK && rc != ARCHIVE_EOF)
		return rc;
	f->any = f->in_header = true;
	f->header_from = (uint64_t)archive_filter_bytes(f->a, 0);
	buf_clear(&f->header);
	rc = archive_read_next_header(f->a, from);
	f->in_header = false;
	return rc;
}

int foreign_next(struct foreign *f, const struct entry **out, struct err *e)
{
	struct archive_entry *from;
	if (f->ended)
		return 0;
	f->content_end = 0;
	locale_t before = f->utf8 ? uselocale(f->utf8) : (locale_t)0;
	int rc = read_header(f, &from);
	int result = 1;
	if (rc == ARCHIVE_EOF)
		result = finish(f, e);
	else if (rc != ARCHIVE_OK && !(rc == ARCHIVE_WARN && is_harmless(f)))
		result = fail(f, "read a header", e);
	else if ((!f->is_zip && check_header(f, from, e)) || foreign_take(f, from, e))
		result = -1;
	if (f->utf8)
		uselocale(before);
	*out = &f->entry;
	return result;
}

int foreign_data(struct foreign *f, const unsigned char **p, size_t *len, uint64_t *offset,
                 struct err *e)
{
	const void *bytes;
	la_int64_t at;
	do {
		int rc = archive_read_data_block(f->a, &bytes, len, &at);
		if (rc == ARCHIVE_EOF)
			return 0;
		if (rc != ARCHIVE_OK)
			return fail(f, "read content", e);
	} while (*len == 0);
	if (at < 0 || (uint64_t)at > f->entry.size_bytes ||
	    *len > f->entry.size_bytes - (uint64_t)at)
		return err_set(e, ERR_KIND_DATA, "content beyond the size of the file");
	if ((uint64_t)at < f->content_end)
		return err_set(e, ERR_KIND_DATA, "content that goes back in the file");
	f->content_end = (uint64_t)at + *len;
	f->content += *len;
	/* Files of a zip may share their bytes. */
	if (f->is_zip && guard_ratio(&f->limits, f->source->id.size_bytes, f->content, e))
		return -1;
	*p = bytes;
	*offset = (uint64_t)at;
	return 1;
}
