/* What comes again is the end of a walk through a directory, and a member is a part of that walk, in another order: what is done
 * with in one member does not come again in the next. */
#include "pack/again.h"

#include "base/mem.h"
#include "pack/names.h"

#define NONE UINT64_MAX

struct again_dir {
	uint64_t uid, gid;
	int64_t mtime_s;
	uint32_t mtime_ns, mode;
};

void again_init(struct again *a)
{
	*a = (struct again){ .highest = buf_make(SIZE_MAX / 2) };
	pathset_init(&a->paths);
}

void again_free(struct again *a)
{
	pathset_free(&a->paths);
	mem_free(a->dirs);
	buf_free(&a->highest);
}

/* `at`: of the path in a->paths, or NULL. */
static void remember(struct again *a, struct str path, const struct again_dir *dir, uint64_t *at)
{
	if (a->count == a->cap) {
		a->cap = a->cap ? 2 * a->cap : 64;
		a->dirs = mem_grow(a->dirs, a->cap, sizeof(a->dirs[0]));
	}
	if (at)
		*at = a->count;
	else
		pathset_put(&a->paths, path, a->count);
	a->dirs[a->count++] = *dir;
}

void again_member(struct again *a)
{
	struct again old = *a;
	pathset_init(&a->paths);
	a->dirs = NULL;
	a->count = a->cap = 0;
	for (struct str path = buf_str(&a->highest);; path = names_parent(path)) {
		const uint64_t *at = pathset_find(&old.paths, path);
		if (at && *at != NONE)
			remember(a, path, &old.dirs[*at], NULL);
		if (path.len == 0)
			break;
	}
	pathset_free(&old.paths);
	mem_free(old.dirs);
}

static int check(const struct again *a, const struct entry *entry, const struct again_dir *dir,
                 struct err *e)
{
	const uint64_t *at = pathset_find(&a->paths, entry->path);
	if (!at && a->partial)
		return 0;
	const struct again_dir *was = at && *at != NONE ? &a->dirs[*at] : NULL;
	if (was && was->uid == dir->uid && was->gid == dir->gid && was->mtime_s == dir->mtime_s &&
	    was->mtime_ns == dir->mtime_ns && was->mode == dir->mode && entry->xattr_count == 0)
		return 0;
	return err_set(e, ERR_KIND_DATA, "'%s' comes again, and %s", names_show(entry->path).text,
	               was ? "is not what it was" : "did not come before");
}

int again_entry(struct again *a, const struct entry *entry, struct err *e)
{
	struct again_dir dir = { entry->uid, entry->gid, entry->mtime_s, entry->mtime_ns,
		                 entry->mode };
	if (entry->again)
		return check(a, entry, &dir, e);
	uint64_t *at = pathset_find(&a->paths, entry->path);
	if (at && a->once)
		return err_set(e, ERR_KIND_DATA, "'%s' comes twice", names_show(entry->path).text);
	if (entry->type == ENTRY_TYPE_DIR)
		remember(a, entry->path, &dir, at);
	else if (!at)
		pathset_put(&a->paths, entry->path, NONE);
	if (names_cmp(buf_str(&a->highest), entry->path) < 0) {
		buf_clear(&a->highest);
		buf_add_str(&a->highest, entry->path);
	}
	return 0;
}
