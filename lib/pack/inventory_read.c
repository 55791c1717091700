/* Contents: of one file, or of many of an archive that has to be read from its start. */
#include <stdlib.h>

#include "base/mem.h"
#include "os/dir.h"
#include "pack/inventory_parts.h"
#include "pack/names.h"
#include "pack/reader_parts.h"

static int by_path(const void *a, const void *b)
{
	const struct inventory_wanted *x = a, *y = b;
	return names_cmp(x->path, y->path);
}

static struct inventory_wanted *find(const struct inventory *v, struct str path)
{
	const struct inventory_wanted key = { .path = path };
	if (v->wanted_count == 0)
		return NULL;
	return bsearch(&key, v->wanted, v->wanted_count, sizeof(v->wanted[0]), by_path);
}

/* The reader's present file into v->kept. */
static int keep(struct inventory *v, struct inventory_wanted *wanted, struct err *e)
{
	size_t got;
	wanted->at = v->kept.len;
	do {
		if (reader_read(v->reader, v->step, INVENTORY_STEP, &got, e))
			return -1;
		buf_add(&v->kept, v->step, got);
	} while (got > 0);
	wanted->len = v->kept.len - wanted->at;
	wanted->kept = true;
	return 0;
}

static int keep_wanted(struct inventory *v, struct err *e)
{
	const struct entry *entry;
	int rc;
	while ((rc = reader_next(v->reader, &entry, e)) > 0) {
		if (entry->type != ENTRY_TYPE_FILE)
			continue;
		if (names_clean(entry->path, 0, &v->reader->limits, &v->path, e) < 0)
			return -1;
		struct inventory_wanted *wanted = find(v, buf_str(&v->path));
		if (wanted && keep(v, wanted, e))
			return -1;
	}
	return rc;
}

int inventory_fetch(struct inventory *v, const struct inventory_item *const *items, size_t count,
                    struct err *e)
{
	v->wanted_count = 0;
	if (count == 0 || !v->reader || reader_is_indexed(v->reader))
		return 0;
	v->wanted = mem_grow(v->wanted, count, sizeof(v->wanted[0]));
	for (size_t i = 0; i < count; i++)
		v->wanted[i] = (struct inventory_wanted){ .path = items[i]->path };
	v->wanted_count = count;
	qsort(v->wanted, count, sizeof(v->wanted[0]), by_path);
	buf_clear(&v->kept);
	reader_stop(v->reader);
	return keep_wanted(v, e);
}

static int read_archived(struct inventory *v, const struct inventory_item *item, struct buf *out,
                         struct err *e)
{
	const struct entry *entry;
	size_t got = 1;
	if (reader_find(v->reader, item->path, &entry, e) < 0)
		return -1;
	while (got > 0) {
		if (reader_read(v->reader, v->step, INVENTORY_STEP, &got, e))
			return -1;
		buf_add(out, v->step, got);
	}
	return 0;
}

int inventory_read(struct inventory *v, const struct inventory_item *item, struct buf *out,
                   struct err *e)
{
	MEM_AUTO char *path = mem_str(item->path);
	const struct inventory_wanted *had = find(v, item->path);
	int rc = 0;
	if (item->type == ENTRY_TYPE_SYMLINK)
		buf_add_str(out, item->link);
	else if (had && had->kept)
		buf_add(out, v->kept.p + had->at, had->len);
	else if (v->reader)
		rc = read_archived(v, item, out, e);
	else if (v->dirfd >= 0)
		rc = dir_read_file(v->dirfd, path, out, e);
	else
		rc = err_set(e, ERR_KIND_NOT_FOUND, "a snapshot has no contents");
	return rc ? -1 : buf_check(out, e, path);
}
