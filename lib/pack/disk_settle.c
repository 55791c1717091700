/* What is known goes to disk: directories in runs that are in order, which are brought together at the end. */
#include "base/mem.h"
#include "os/attr.h"
#include "os/file.h"
#include "os/remove.h"
#include "pack/disk_parts.h"

enum { TEXT_MAX = 4 << 20, PRIVATE = 0700 };

/* ---- runs ---- */

static void close_cursors(struct disk_spill_cursor *cursors, size_t count)
{
	for (size_t i = 0; i < count; i++)
		disk_spill_done(&cursors[i]);
	mem_free(cursors);
}

/* The record whose path is the last one; of several the one that was written last. */
static struct disk_spill_cursor *pick(struct disk_spill_cursor *cursors, size_t count)
{
	struct disk_spill_cursor *best = NULL;
	for (size_t i = 0; i < count; i++) {
		struct disk_spill_cursor *c = &cursors[i];
		if (!c->ended && (!best || str_cmp(c->late.path, best->late.path) >= 0))
			best = c;
	}
	return best;
}

/* Leave it, and what others say of the same directory. */
static int pass(struct disk_spill_cursor *cursors, size_t count, struct disk_spill_cursor *best,
                struct err *e)
{
	for (size_t i = 0; i < count; i++) {
		struct disk_spill_cursor *c = &cursors[i];
		if (c != best && !c->ended && str_eq(c->late.path, best->late.path) &&
		    disk_spill_next(c, e) < 0)
			return -1;
	}
	return disk_spill_next(best, e) < 0 ? -1 : 0;
}

/* Give `take` what all runs together say. */
static int merge(struct disk *d,
                 int (*take)(struct disk *d, const struct disk_late *late, struct err *e),
                 struct err *e)
{
	size_t count = d->run_count;
	struct disk_spill_cursor *best;
	if (disk_spill_flush(&d->late_dirs, d->root, e))
		return -1;
	struct disk_spill_cursor *cursors = mem_new(count + 1, sizeof(cursors[0]));
	int rc = 0;
	for (size_t i = 0; i < count && rc == 0; i++) {
		cursors[i] = disk_spill_read(&d->late_dirs, d->runs[i].from, d->runs[i].to);
		rc = disk_spill_next(&cursors[i], e) < 0 ? -1 : 0;
	}
	while (rc == 0 && (best = pick(cursors, count)))
		rc = take(d, &best->late, e) || pass(cursors, count, best, e) ? -1 : 0;
	close_cursors(cursors, count);
	return rc;
}

static int write_again(struct disk *d, const struct disk_late *late, struct err *e)
{
	return disk_spill_add(&d->late_dirs, d->root, late, e);
}

static int join_runs(struct disk *d, struct err *e)
{
	struct disk_run all = { .from = disk_spill_cut(&d->late_dirs) };
	if (merge(d, write_again, e))
		return -1;
	all.to = disk_spill_cut(&d->late_dirs);
	d->runs[0] = all;
	d->run_count = 1;
	return 0;
}

/* ---- directories ---- */

/* Give `take` what is known of each that is not on disk yet, the root last. */
static int each_known(struct disk *d,
                      int (*take)(struct disk *d, const struct disk_late *late, struct err *e),
                      struct err *e)
{
	const struct disk_dirs *t = &d->dirs;
	disk_dirs_sort(d);
	for (size_t i = 1; i <= t->count; i++) {
		struct disk_dir *dir = t->list[i % t->count];
		const struct disk_late late = { .path = str_of(dir->path),
			                        .attrs = dir->attrs,
			                        .said = dir->said };
		if ((dir->made || dir->said) && take(d, &late, e))
			return -1;
		dir->said = false;
	}
	return 0;
}

static int write_run(struct disk *d, struct err *e)
{
	if (d->run_count == DISK_RUNS && join_runs(d, e))
		return -1;
	struct disk_run run = { .from = disk_spill_cut(&d->late_dirs) };
	if (each_known(d, write_again, e))
		return -1;
	run.to = disk_spill_cut(&d->late_dirs);
	if (run.to > run.from)
		d->runs[d->run_count++] = run;
	return 0;
}

static int dress(struct disk *d, const struct disk_late *late, struct err *e)
{
	FD_AUTO fd = -1;
	bool is_root = late->path.len == 0;
	if (disk_is_aside(d, late->path))
		return remove_tree(d->root, d->aside, NULL, e);
	const char *what = is_root ? "." : late->path.p;
	if (disk_dirs_open(d, d->root, late->path.p, &fd, e))
		return -1;
	if (!late->said) /* as mkdir would have made it */
		return attr_set_mode(fd, d->granted, e, what);
	return disk_attrs_set(d, fd, &late->attrs, is_root ? UINT32_MAX : PRIVATE, what, e);
}

int disk_settle_dirs(struct disk *d, struct err *e)
{
	if (!d->settled)
		return each_known(d, dress, e);
	return write_run(d, e) || merge(d, dress, e) ? -1 : 0;
}

/* ---- all ---- */

static int settle(struct disk *d, struct err *e)
{
	if (disk_batch_drain(d, e) || disk_links_settle(d, e) || write_run(d, e))
		return err_context(e, "put aside what comes last");
	disk_dirs_forget(d);
	d->settled = true;
	return 0;
}

int disk_settle_full(struct disk *d, struct err *e)
{
	bool full = d->paths.count > d->options.kept || d->text_bytes > TEXT_MAX;
	return full ? settle(d, e) : 0;
}
