/* Small files in batches. A batch is filled by the calling thread, written by one worker, and looked at again by the
 * calling thread; descriptors and groups are held and let go by the calling thread only. */
#include <string.h>

#include "base/mem.h"
#include "crypto/digest.h"
#include "os/dir.h"
#include "os/file.h"
#include "pack/disk_parts.h"
#include "pack/names.h"

enum { OPS_MAX = 2048, COPY_MAX = 1 << 20 };

struct op {
	struct disk_dir *dir;
	size_t name_at;
	const void *content; /* NULL: at copy_at of the batch's copies */
	size_t copy_at, len;
	struct disk_attrs attrs;
	bool hashed;
	unsigned char sha256[DIGEST_SHA256_LEN];
};

struct disk_batch {
	struct pool_job job;
	const struct disk *disk;
	struct op *ops;
	size_t count, cap;
	struct buf names, copies;
	struct flow_group *group;
	uint64_t bytes;
};

static int write_file(const struct disk *d, const struct op *op, const char *name,
                      const void *content, struct err *e)
{
	FD_AUTO fd = -1;
	if (op->hashed) {
		unsigned char got[DIGEST_SHA256_LEN];
		digest_sha256_of(content, op->len, got);
		if (memcmp(got, op->sha256, sizeof(got)) != 0)
			return err_set(e, ERR_KIND_DATA,
			               "the content is not what its SHA-256 in the index says");
	}
	if (dir_create_file(op->dir->fd, name, op->attrs.mode, &fd, e) &&
	    (disk_make_way(d, op->dir->fd, name, e) ||
	     dir_create_file(op->dir->fd, name, op->attrs.mode, &fd, e)))
		return -1;
	if ((op->len > 0 && file_write(fd, content, op->len, e, name)) ||
	    disk_attrs_set(d, fd, &op->attrs, op->attrs.mode & d->granted, name, e))
		return -1;
	return file_close(file_take(&fd), e);
}

static int run(struct pool_job *job, struct err *e)
{
	struct disk_batch *b = (struct disk_batch *)job;
	for (size_t i = 0; i < b->count; i++) {
		const struct op *op = &b->ops[i];
		const char *name = b->names.p + op->name_at;
		const void *content = op->content ? op->content : b->copies.p + op->copy_at;
		if (write_file(b->disk, op, name, content, e))
			return err_context(
				e, "unpack '%s%s%s'", names_show(str_of(op->dir->path)).text,
				op->dir->path[0] ? "/" : "", names_show(str_of(name)).text);
	}
	return 0;
}

void disk_batch_init(struct disk *d)
{
	d->batches = mem_new(d->options.batches, sizeof(d->batches[0]));
	for (size_t i = 0; i < d->options.batches; i++) {
		d->batches[i].job.run = run;
		d->batches[i].disk = d;
		d->batches[i].names = buf_make(SIZE_MAX / 2);
		d->batches[i].copies = buf_make(SIZE_MAX / 2);
	}
}

static void let_go(struct disk_batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		b->ops[i].dir->holds--;
	if (b->group)
		flow_drop(b->group);
	b->group = NULL;
	b->count = 0;
	b->bytes = 0;
	buf_clear(&b->names);
	buf_clear(&b->copies);
}

static int wait_oldest(struct disk *d, struct err *e)
{
	struct disk_batch *b = &d->batches[d->oldest];
	d->oldest = (d->oldest + 1) % d->options.batches;
	d->waiting--;
	int rc = pool_wait(d->options.pool, &b->job, e);
	if (rc == 0)
		progress_add(d->options.progress, b->bytes, b->count);
	let_go(b);
	return rc;
}

/* Hand the batch at hand to the workers; there is an empty one at hand afterwards. */
static int submit(struct disk *d, struct err *e)
{
	struct disk_batch *b = &d->batches[d->now];
	if (b->count == 0)
		return 0;
	pool_submit(d->options.pool, &b->job);
	d->waiting++;
	d->now = (d->now + 1) % d->options.batches;
	return d->waiting == d->options.batches ? wait_oldest(d, e) : 0;
}

int disk_batch_drain(struct disk *d, struct err *e)
{
	int rc = submit(d, e);
	while (d->waiting > 0)
		if (wait_oldest(d, e))
			rc = -1;
	return rc;
}

void disk_batch_free(struct disk *d)
{
	struct err ignored = ERR_INIT;
	let_go(&d->batches[d->now]);
	while (d->waiting > 0)
		if (wait_oldest(d, &ignored))
			continue;
	for (size_t i = 0; i < d->options.batches; i++) {
		mem_free(d->batches[i].ops);
		buf_free(&d->batches[i].names);
		buf_free(&d->batches[i].copies);
	}
	mem_free(d->batches);
}

static struct op *new_op(struct disk_batch *b)
{
	if (b->count == b->cap) {
		b->cap = b->cap ? 2 * b->cap : 64;
		b->ops = mem_grow(b->ops, b->cap, sizeof(b->ops[0]));
	}
	struct op *op = &b->ops[b->count++];
	memset(op, 0, sizeof(*op));
	return op;
}

int disk_batch_add(struct disk *d, struct disk_dir *dir, struct str name, const struct entry *entry,
                   struct flow_group *group, const void *content, const unsigned char *sha256,
                   struct err *e)
{
	struct disk_batch *b = &d->batches[d->now];
	size_t len = (size_t)entry->size_bytes;
	bool other_group = group && b->group && b->group != group;
	/* Submitting may wait for others, which lets descriptors be closed. */
	dir->holds++;
	int rc = other_group || b->count == OPS_MAX || b->copies.len + len > COPY_MAX ? submit(d, e)
	                                                                              : 0;
	if (rc) {
		dir->holds--;
		return -1;
	}
	b = &d->batches[d->now];
	struct op *op = new_op(b);
	op->dir = dir;
	op->len = len;
	op->attrs = disk_attrs_of(entry);
	op->name_at = b->names.len;
	buf_add_str(&b->names, name);
	buf_add_char(&b->names, '\0');
	b->bytes += len;
	if (sha256) {
		op->hashed = true;
		memcpy(op->sha256, sha256, sizeof(op->sha256));
	}
	if (group && !b->group) {
		flow_hold(group);
		b->group = group;
	}
	if (group) {
		op->content = content;
	} else {
		op->copy_at = b->copies.len;
		buf_add(&b->copies, content, len);
	}
	return 0;
}
