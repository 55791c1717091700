/* Where inventories come from, and the hashes of their files. */
#include <string.h>

#include "base/mem.h"
#include "crypto/digest.h"
#include "os/dir.h"
#include "os/walk.h"
#include "pack/inventory_parts.h"
#include "pack/names.h"
#include "pack/reader_parts.h"

static void hashed(struct inventory_item *item, const struct digest_sha256 *digest)
{
	digest_sha256_out(digest, item->sha256);
	item->hashed = true;
}

/* The rest of the reader's present file. */
static int hash_content(struct inventory *v, struct inventory_item *item, struct err *e)
{
	struct digest_sha256 digest;
	size_t got;
	digest_sha256_init(&digest);
	do {
		if (reader_read(v->reader, v->step, INVENTORY_STEP, &got, e))
			return -1;
		digest_sha256_add(&digest, v->step, got);
	} while (got > 0);
	hashed(item, &digest);
	return 0;
}

/* The content, held against its hash in the index. Of a sparse file that is the hash of its stored form. */
static int check_content(struct inventory *v, struct inventory_item *item,
                         const struct entry *entry, struct err *e)
{
	struct reader_piece piece;
	const struct scan *scan = &v->reader->scan;
	int rc;
	scan_check_content(&v->reader->scan);
	if (entry->extents || !scan->want_sha256)
		return hash_content(v, item, e);
	while ((rc = reader_piece(v->reader, &piece, e)) > 0)
		continue;
	memcpy(item->sha256, scan->want_sha256, INVENTORY_SHA256);
	item->hashed = rc == 0;
	return rc;
}

/* The entry of the archive under its clean path; its views are those of `v`. */
static int item_of(struct inventory *v, const struct entry *entry, struct inventory_item *out,
                   struct err *e)
{
	const struct limits *limits = &v->reader->limits;
	if (names_clean(entry->path, 0, limits, &v->path, e) < 0)
		return -1;
	buf_clear(&v->link);
	if (entry->type != ENTRY_TYPE_HARDLINK)
		buf_add_str(&v->link, entry->link);
	else if (names_clean(entry->link, 0, limits, &v->link, e) < 0)
		return -1;
	*out = (struct inventory_item){
		.path = buf_str(&v->path),
		.link = buf_str(&v->link),
		.type = entry->type,
		.mode = entry->mode & 07777,
		.size_bytes = entry->type == ENTRY_TYPE_FILE ? entry->size_bytes : 0,
	};
	return buf_check(&v->link, e, "a link");
}

static int load_index(struct inventory *v, struct inventory_load *l, struct err *e)
{
	const struct entry *entry;
	struct inventory_item item;
	int rc;
	while ((rc = reader_index_next(v->reader, &entry, e)) > 0) {
		const unsigned char *sha256 = reader_index_sha256(v->reader);
		if (item_of(v, entry, &item, e))
			return -1;
		/* Of a sparse file the index has the hash of its stored form. */
		item.hashed = sha256 && !v->reader->listed.sparse;
		if (item.hashed)
			memcpy(item.sha256, sha256, INVENTORY_SHA256);
		if (inventory_load_add(l, &item, e))
			return -1;
	}
	return rc;
}

static int load_all(struct inventory *v, struct inventory_load *l, struct err *e)
{
	const struct entry *entry;
	struct inventory_item item;
	int rc;
	while ((rc = reader_next(v->reader, &entry, e)) > 0) {
		if (item_of(v, entry, &item, e))
			return -1;
		if (entry->type == ENTRY_TYPE_FILE &&
		    (v->reader->ours ? check_content(v, &item, entry, e)
		                     : hash_content(v, &item, e)))
			return -1;
		if (inventory_load_add(l, &item, e))
			return -1;
		progress_add(v->progress, 0, 1);
	}
	return rc;
}

static int load_archive(struct inventory *v, struct source *source,
                        const struct inventory_options *options, struct err *e)
{
	INVENTORY_LOAD_AUTO load = inventory_load_begin(v);
	if (reader_open(source, &options->reader, &v->reader, e))
		return -1;
	bool indexed = reader_is_indexed(v->reader) && !options->read_all;
	return (indexed ? load_index(v, &load, e) : load_all(v, &load, e)) ||
	                       inventory_load_end(v, &load, options->exclude, e)
	               ? -1
	               : 0;
}

/* What came of filling `v`. */
static int hand_out(struct inventory *v, int rc, struct inventory **out)
{
	if (rc)
		inventory_close(v);
	else
		*out = v;
	return rc;
}

int inventory_of_archive(struct source *source, const struct inventory_options *options,
                         struct inventory **out, struct err *e)
{
	struct inventory *v = inventory_new(options);
	return hand_out(v, load_archive(v, source, options, e), out);
}

static int add_live(struct inventory *v, const struct walk_entry *at, struct err *e)
{
	struct inventory_row row = { .number = v->count };
	struct inventory_item *item = &row.item;
	*item = (struct inventory_item){ .path = str_of(at->path), .mode = at->stat.mode & 07777 };
	buf_clear(&v->link);
	if (file_is_dir(&at->stat))
		item->type = ENTRY_TYPE_DIR;
	else if (file_is_symlink(&at->stat))
		item->type = ENTRY_TYPE_SYMLINK;
	else if (!file_is_regular(&at->stat))
		return 0;
	if (item->type == ENTRY_TYPE_SYMLINK && dir_read_link(at->dirfd, at->name, &v->link, e))
		return err_context(e, "'%s'", names_show(str_of(at->path)).text);
	item->link = buf_str(&v->link);
	item->size_bytes = item->type == ENTRY_TYPE_FILE ? at->stat.size_bytes : 0;
	return inventory_add(v, &row, e);
}

static int load_tree(struct inventory *v, const struct inventory_options *options, struct err *e)
{
	WALK_AUTO walk = NULL;
	struct walk_entry at = { .name = ".", .path = "", .dirfd = v->dirfd };
	const struct walk_options how = { .one_file_system = false };
	int rc;
	if (file_stat(v->dirfd, &at.stat, e, "the directory") || add_live(v, &at, e) ||
	    walk_open(v->dirfd, &how, &walk, e))
		return -1;
	while ((rc = walk_next(walk, &at, e)) > 0) {
		bool other = options->only && at.depth == 0 && strcmp(at.name, options->only) != 0;
		if (other ||
		    exclude_match_below(options->exclude, str_of(at.path), file_is_dir(&at.stat)))
			walk_skip(walk);
		else if (add_live(v, &at, e))
			return -1;
	}
	return rc ? rc : inventory_rewind(v, e);
}

int inventory_of_tree(int dirfd, const struct inventory_options *options, struct inventory **out,
                      struct err *e)
{
	struct inventory *v = inventory_new(options);
	v->dirfd = dirfd;
	return hand_out(v, load_tree(v, options, e), out);
}

static int hash_live(struct inventory *v, struct inventory_item *item, const char *path,
                     struct err *e)
{
	FD_AUTO fd = -1;
	struct digest_sha256 digest;
	size_t got;
	if (dir_open_file(v->dirfd, path, &fd, e))
		return -1;
	digest_sha256_init(&digest);
	do {
		if (file_read(fd, v->step, INVENTORY_STEP, &got, e, path))
			return -1;
		digest_sha256_add(&digest, v->step, got);
		progress_add(v->progress, got, 0);
	} while (got > 0);
	hashed(item, &digest);
	return 0;
}

int inventory_hash(struct inventory *v, struct inventory_item *item, struct err *e)
{
	const struct entry *entry;
	if (item->hashed)
		return 0;
	if (v->reader)
		return reader_find(v->reader, item->path, &entry, e) < 0 ? -1
		                                                         : hash_content(v, item, e);
	MEM_AUTO char *path = mem_str(item->path);
	return hash_live(v, item, path, e);
}
