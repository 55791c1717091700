/* libarchive reads headers and finds data; decompressing is ours (unpack), so is everything that touches a disk. */
#include "pack/foreign.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "pack/feed.h"
#include "pack/names.h"
#include "pack/unpack.h"

struct foreign {
	struct source *source;
	struct limits limits;
	struct archive *a;
	const char *format;
	/* For zip only. In a UTF-8 locale libarchive composes the names of pax headers (NFC), which would change them; in
	 * the C locale it fails to convert them, and gives them as they are. A zip's it would give with question marks. */
	locale_t utf8;
	bool is_zip;
	struct feed feed;      /* of a zip */
	struct unpack *unpack; /* of a tar */
	struct err inner;      /* what went wrong below libarchive */
	uint64_t total;        /* bytes of the tar so far */
	uint64_t data_end;     /* behind the last one that is not zero */
	uint64_t content_end;  /* behind the last piece of the present file */
	size_t given;          /* bytes of the feed that libarchive has */
	struct entry entry;
	struct entry_xattr *xattrs;
	size_t xattrs_cap;
	bool ended;
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

static la_ssize_t read_tar(struct archive *a, void *ctx, const void **out)
{
	struct foreign *f = ctx;
	const unsigned char *p = NULL;
	size_t len;
	if (unpack_next(f->unpack, &p, &len, &f->inner) < 0) {
		archive_set_error(a, EIO, "%s", f->inner.msg);
		return ARCHIVE_FATAL;
	}
	if (len > 0)
		note_zeros(f, p, len);
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
	if (f->is_zip) {
		f->format = "zip";
		return !f->source->sequential && f->source->size_known
		               ? 0
		               : err_set(e, ERR_KIND_DATA,
		                         "a zip archive cannot be read from a pipe");
	}
	f->format = "tar";
	if (looks(start, "\x1f\x8b", 2)) {
		f->format = "tar.gz";
		*kind = UNPACK_GZIP;
	} else if (looks(start, "\x28\xb5\x2f\xfd", 4)) {
		f->format = "tar.zst";
		*kind = UNPACK_ZSTD;
	}
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
	mem_free(f->xattrs);
	mem_free(f);
}

const char *foreign_format(const struct foreign *f)
{
	return f->format;
}

/* ---- entries ---- */

static enum entry_type type_of(struct archive_entry *from)
{
	if (archive_entry_hardlink(from))
		return ENTRY_TYPE_HARDLINK;
	switch (archive_entry_filetype(from)) {
	case AE_IFREG:
		return ENTRY_TYPE_FILE;
	case AE_IFDIR:
		return ENTRY_TYPE_DIR;
	case AE_IFLNK:
		return ENTRY_TYPE_SYMLINK;
	case AE_IFIFO:
		return ENTRY_TYPE_FIFO;
	case AE_IFCHR:
		return ENTRY_TYPE_CHAR;
	case AE_IFBLK:
		return ENTRY_TYPE_BLOCK;
	default:
		return ENTRY_TYPE_OTHER;
	}
}

static int take_xattrs(struct foreign *f, struct archive_entry *from, struct err *e)
{
	size_t count = (size_t)archive_entry_xattr_reset(from), bytes = 0;
	if (count > f->xattrs_cap) {
		f->xattrs = mem_grow(f->xattrs, count, sizeof(f->xattrs[0]));
		f->xattrs_cap = count;
	}
	f->entry.xattrs = f->xattrs;
	f->entry.xattr_count = 0;
	for (size_t i = 0; i < count; i++) {
		const char *name;
		const void *value;
		size_t size;
		if (archive_entry_xattr_next(from, &name, &value, &size) != ARCHIVE_OK)
			break;
		f->xattrs[i] = (struct entry_xattr){ str_of(name), str_from(value, size) };
		f->entry.xattr_count++;
		bytes += size + strlen(name);
	}
	if (bytes > f->limits.max_xattr_bytes)
		return err_set(e, ERR_KIND_DATA, "'%s': the attributes are larger than the limit",
		               names_show(f->entry.path).text);
	return 0;
}

/* Numbers that a header may give in ways no file has. */
static int take_numbers(struct foreign *f, struct archive_entry *from, struct err *e)
{
	struct entry *to = &f->entry;
	la_int64_t size = archive_entry_size(from);
	la_int64_t uid = archive_entry_uid(from), gid = archive_entry_gid(from);
	long ns = archive_entry_mtime_nsec(from);
	bool is_file = to->type == ENTRY_TYPE_FILE;
	if (is_file && (size < 0 || !archive_entry_size_is_set(from)))
		return err_set(e, ERR_KIND_DATA, "'%s': the size is negative or unknown",
		               names_show(to->path).text);
	if (uid < 0 || gid < 0 || ns < 0 || ns >= 1000000000)
		return err_set(e, ERR_KIND_DATA, "'%s': an owner or a time that cannot be",
		               names_show(to->path).text);
	/* Type 'D', the only directory that has content: a list of what was there. Unpacked as it is, files that were gone
	 * come back, and those of earlier archives are missing. */
	if (!f->is_zip && archive_entry_filetype(from) == AE_IFDIR && size > 0)
		return err_set(e, ERR_KIND_DATA,
		               "'%s': this is one of GNU tar's incremental archives, which only "
		               "GNU tar (-g) can put together",
		               names_show(to->path).text);
	to->size_bytes = is_file ? (uint64_t)size : 0;
	to->uid = (uint64_t)uid;
	to->gid = (uint64_t)gid;
	to->mtime_s = archive_entry_mtime(from);
	to->mtime_ns = (uint32_t)ns;
	to->mode = archive_entry_perm(from) & 07777;
	return 0;
}

static int take_entry(struct foreign *f, struct archive_entry *from, struct err *e)
{
	struct entry *to = &f->entry;
	const char *path = archive_entry_pathname(from);
	*to = (struct entry){ .type = type_of(from), .path = str_of(path) };
	if (!path)
		return err_set(e, ERR_KIND_DATA, "an entry has no name that can be read");
	if (to->type == ENTRY_TYPE_HARDLINK)
		to->link = str_of(archive_entry_hardlink(from));
	if (to->type == ENTRY_TYPE_SYMLINK)
		to->link = str_of(archive_entry_symlink(from));
	if (to->type == ENTRY_TYPE_SYMLINK && to->link.len == 0)
		return err_set(e, ERR_KIND_DATA, "'%s': a symlink without a target",
		               names_show(to->path).text);
	to->uname = str_of(archive_entry_uname(from));
	to->gname = str_of(archive_entry_gname(from));
	return take_numbers(f, from, e) ? -1 : take_xattrs(f, from, e);
}

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

int foreign_next(struct foreign *f, const struct entry **out, struct err *e)
{
	struct archive_entry *from;
	if (f->ended)
		return 0;
	f->content_end = 0;
	locale_t before = f->utf8 ? uselocale(f->utf8) : (locale_t)0;
	int rc = archive_read_next_header(f->a, &from);
	int result = 1;
	if (rc == ARCHIVE_EOF)
		result = finish(f, e);
	else if (rc != ARCHIVE_OK && !(rc == ARCHIVE_WARN && is_harmless(f)))
		result = fail(f, "read a header", e);
	else if (take_entry(f, from, e))
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
	*p = bytes;
	*offset = (uint64_t)at;
	return 1;
}
