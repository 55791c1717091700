/* From a reader to the disk: what is wanted, under which name, and how its content gets there. */
#include "pack/extract.h"

#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "os/dir.h"
#include "pack/extract_parts.h"
#include "pack/names.h"

enum { BATCHES_MORE = 1 };

static void notice(const struct extraction *x, const struct entry *entry, const char *why)
{
	struct err e = ERR_INIT;
	x->result->skipped++;
	if (!x->options->notice)
		return;
	err_set(&e, ERR_KIND_FAILED, "'%s' is left out: %s", names_show(entry->path).text, why);
	x->options->notice(x->options->notice_ctx, &e);
}

static bool one_matches(struct str pattern, struct str path)
{
	while (str_starts(pattern, S("./")))
		pattern = str_skip(pattern, 2);
	while (str_ends(pattern, S("/")))
		pattern.len--;
	if (str_glob(pattern, path))
		return true;
	for (size_t i = 1; i < path.len; i++)
		if (path.p[i] == '/' && str_glob(pattern, str_head(path, i)))
			return true;
	return false;
}

bool extract_is_wanted(const struct extraction *x, struct str path)
{
	const struct extract_options *o = x->options;
	bool wanted = o->pattern_count == 0;
	for (size_t i = 0; i < o->pattern_count; i++) {
		bool known = o->pattern_found && o->pattern_found[i];
		if ((wanted && (known || !o->pattern_found)) ||
		    !one_matches(str_of(o->patterns[i]), path))
			continue;
		wanted = true;
		if (o->pattern_found)
			o->pattern_found[i] = true;
	}
	return wanted;
}

/* The sizes that an index promises against what the file system has, before anything is written. */
static int check_space(const struct reader *r, int dirfd, struct err *e)
{
	struct dir_space space;
	char need[NUM_TEXT_MAX], have[NUM_TEXT_MAX];
	struct err unknown = ERR_INIT;
	if (!r->index || dir_space(dirfd, &space, &unknown) || space.total_bytes == 0)
		return 0;
	const struct index_totals *t = index_totals(r->index);
	if (t->raw_bytes > space.free_bytes &&
	    t->raw_bytes - space.free_bytes > t->entries * TAR_BLOCK) {
		errno = ENOSPC;
		return err_sys(e, "unpack %s into %s of free space",
		               num_format_size(t->raw_bytes, need),
		               num_format_size(space.free_bytes, have));
	}
	if (space.total_inodes > 0 && t->entries > space.free_inodes) {
		errno = ENOSPC;
		return err_sys(e, "unpack %llu entries where %llu files are free",
		               (unsigned long long)t->entries,
		               (unsigned long long)space.free_inodes);
	}
	return 0;
}

/* Content that fits in memory: where it lies already, or put together. */
static int put_small(struct extraction *x, const struct entry *entry, struct err *e)
{
	struct reader *r = x->reader;
	struct reader_piece piece = { .len = 0 };
	const unsigned char *sha256 = r->ours ? r->scan.want_sha256 : NULL;
	int rc = reader_piece(r, &piece, e);
	if (rc < 0)
		return -1;
	if (r->ours && rc > 0 && piece.len == entry->size_bytes)
		return disk_small(x->disk, entry, buf_str(&x->path), r->scan.group, piece.p, sha256,
		                  e);
	buf_clear(&x->content);
	char *at = buf_room(&x->content, (size_t)entry->size_bytes);
	memset(at, 0, (size_t)entry->size_bytes);
	for (; rc > 0; rc = reader_piece(r, &piece, e))
		memcpy(at + piece.offset, piece.p, piece.len);
	if (rc < 0)
		return -1;
	return disk_small(x->disk, entry, buf_str(&x->path), NULL, at, sha256, e);
}

static int put_pieces(struct extraction *x, const struct entry *entry, struct disk_file *f,
                      struct err *e)
{
	struct reader_piece piece;
	int rc;
	if (x->reader->ours)
		scan_check_content(&x->reader->scan);
	while ((rc = reader_piece(x->reader, &piece, e)) > 0)
		if (disk_file_write(x->disk, f, piece.p, piece.len, piece.offset, e))
			return -1;
	return rc ? -1 : disk_file_close(x->disk, f, entry, e);
}

static int put_large(struct extraction *x, const struct entry *entry, struct err *e)
{
	struct disk_file f;
	if (disk_file_open(x->disk, entry, buf_str(&x->path), &f, e))
		return -1;
	int rc = put_pieces(x, entry, &f, e);
	disk_file_abandon(&f);
	return rc ? err_context(e, "unpack '%s'", names_show(buf_str(&x->path)).text) : 0;
}

int extract_file(struct extraction *x, const struct entry *entry, struct err *e)
{
	bool small =
		!entry->extents && entry->xattr_count == 0 && entry->size_bytes <= DISK_SMALL_MAX;
	x->result->content_bytes += entry->size_bytes;
	return small ? put_small(x, entry, e) : put_large(x, entry, e);
}

/* Whether what the hardlink leads to, at x->target afterwards, was unpacked: 1, 0, -1. */
static int has_target(struct extraction *x, const struct entry *entry, struct err *e)
{
	const struct extract_options *o = x->options;
	const struct limits *limits = &x->reader->limits;
	if (names_clean(entry->link, 0, limits, &x->target, e) < 0)
		return -1;
	/* Stripped, the path of what was not asked for may be that of another. */
	if (!extract_is_wanted(x, buf_str(&x->target)))
		return 0;
	int rc = names_clean(entry->link, o->strip, limits, &x->target, e);
	return rc <= 0 || o->pattern_count == 0 ? rc : disk_has(x->disk, buf_str(&x->target), e);
}

static int put_hardlink(struct extraction *x, const struct entry *entry, struct err *e)
{
	int rc = has_target(x, entry, e);
	if (rc < 0)
		return err_context(e, "target of hardlink '%s'", names_show(entry->path).text);
	if (rc == 0 && extract_late_add(x, entry, e))
		return -1;
	return disk_hardlink(x->disk, entry, buf_str(&x->path), buf_str(&x->target), e);
}

static int tell(struct extraction *x, const struct entry *entry, struct err *e)
{
	if (entry->type == ENTRY_TYPE_FILE)
		x->result->content_bytes += entry->size_bytes;
	return x->options->would(x->options->would_ctx, buf_str(&x->path), entry, e);
}

static bool is_storable(const struct entry *entry)
{
	return entry->type == ENTRY_TYPE_FILE || entry->type == ENTRY_TYPE_DIR ||
	       entry->type == ENTRY_TYPE_SYMLINK || entry->type == ENTRY_TYPE_HARDLINK;
}

static int put(struct extraction *x, const struct entry *entry, struct err *e)
{
	if (x->options->would && is_storable(entry))
		return tell(x, entry, e);
	switch (entry->type) {
	case ENTRY_TYPE_FILE:
		return extract_file(x, entry, e);
	case ENTRY_TYPE_DIR:
		return disk_dir(x->disk, entry, buf_str(&x->path), e);
	case ENTRY_TYPE_SYMLINK:
		return disk_symlink(x->disk, entry, buf_str(&x->path), e);
	case ENTRY_TYPE_HARDLINK:
		return put_hardlink(x, entry, e);
	case ENTRY_TYPE_FIFO:
	case ENTRY_TYPE_CHAR:
	case ENTRY_TYPE_BLOCK:
	case ENTRY_TYPE_OTHER:
		break;
	}
	notice(x, entry, "it is a device, a FIFO or of an unknown type");
	return 0;
}

int extract_entry(struct extraction *x, const struct entry *entry, struct err *e)
{
	const struct limits *limits = &x->reader->limits;
	if (names_clean(entry->path, 0, limits, &x->whole, e) < 0)
		return -1;
	bool wanted = extract_is_wanted(x, buf_str(&x->whole));
	x->result->matched += wanted;
	int rc = wanted ? names_clean(entry->path, x->options->strip, limits, &x->path, e) : 0;
	if (rc < 0)
		return -1;
	if (rc == 0)
		extract_late_pass(x);
	/* Nothing is left of it; nor is the root stripped to itself. */
	if (rc == 0 || (x->whole.len == 0 && x->options->strip > 0))
		return 0;
	x->result->entries++;
	return put(x, entry, e);
}

static int take_all(struct extraction *x, struct err *e)
{
	const struct entry *entry;
	int rc = extract_some(x, e);
	if (rc < 0)
		return -1;
	while (rc == 0 && (rc = reader_next(x->reader, &entry, e)) > 0) {
		if (extract_entry(x, entry, e))
			return -1;
		rc = 0;
	}
	return rc < 0 || extract_late_finish(x, e) ? -1 : disk_finish(x->disk, e);
}

static int open_disk(struct extraction *x, int dirfd, struct err *e)
{
	struct reader *r = x->reader;
	const struct extract_options *o = x->options;
	const struct disk_options how = {
		.pool = r->pool,
		.batches = r->jobs + BATCHES_MORE,
		.same_owner = o->same_owner,
		.kept = o->kept,
		.progress = o->progress,
	};
	return disk_open(dirfd, &how, &x->disk, e);
}

static int tell_all(struct extraction *x, struct err *e)
{
	const struct entry *entry;
	bool indexed = reader_is_indexed(x->reader);
	int rc;
	while ((rc = indexed ? reader_index_next(x->reader, &entry, e)
	                     : reader_next(x->reader, &entry, e)) > 0)
		if (extract_entry(x, entry, e))
			return -1;
	return rc;
}

static int unpack(struct extraction *x, int dirfd, struct err *e)
{
	if (x->options->would)
		return tell_all(x, e);
	return reader_need_pool(x->reader, e) || open_disk(x, dirfd, e) || take_all(x, e) ? -1 : 0;
}

int extract_tree(struct source *source, int dirfd, const struct extract_options *options,
                 struct extract_result *result, struct err *e)
{
	READER_AUTO reader = NULL;
	struct reader_options how = {
		.limits = options->limits,
		.jobs = options->jobs,
		.foreign = options->foreign,
	};
	struct extraction x = { .options = options, .result = result };
	x.whole = x.path = x.target = buf_make(SIZE_MAX / 2);
	x.late.names = buf_make(SIZE_MAX / 2);
	x.content = buf_make(DISK_SMALL_MAX);
	*result = (struct extract_result){ .entries = 0 };
	if (reader_open(source, &how, &reader, e))
		return -1;
	x.reader = reader;
	reader->kept_max = reader->jobs + BATCHES_MORE;
	int rc = options->pattern_count == 0 ? check_space(reader, dirfd, e) : 0;
	if (rc == 0)
		rc = unpack(&x, dirfd, e);
	/* The workers read what the reader holds: first they end. */
	disk_close(x.disk);
	buf_free(&x.whole);
	buf_free(&x.path);
	buf_free(&x.target);
	buf_free(&x.content);
	extract_late_free(&x);
	return rc;
}
