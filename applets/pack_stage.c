/* A private directory for what is being unpacked. */
#include "applets/pack_stage.h"

#include <stdio.h>

#include "applets/pack_merge.h"
#include "os/attr.h"
#include "os/node.h"
#include "os/remove.h"
#include "os/sys.h"
#include "os/walk.h"

enum { PRIVATE = 0700 };

static int open_target(const char *path, struct pack_stage *s, struct err *e)
{
	struct err why = ERR_INIT;
	if (dir_open_root(path, &s->parent, &why) == 0)
		return 0;
	if (why.kind == ERR_KIND_NOT_FOUND)
		return dir_open_user_parent(path, &s->parent, s->name, e);
	*e = why;
	return -1;
}

int pack_stage_look(const char *path, struct pack_stage *s, struct err *e)
{
	*s = (struct pack_stage){ .parent = -1, .dir = -1 };
	return open_target(path, s, e);
}

int pack_stage_open(const char *path, struct pack_stage *s, struct err *e)
{
	char random[10];
	*s = (struct pack_stage){ .parent = -1, .dir = -1 };
	sys_random_name(random);
	snprintf(s->temp, sizeof(s->temp), "%s%s", DIR_TEMP_PREFIX, random);
	if (open_target(path, s, e) == 0 && node_make_dir(s->parent, s->temp, PRIVATE, e) == 0 &&
	    dir_open(s->parent, s->temp, &s->dir, e) == 0)
		return 0;
	pack_stage_close(s);
	return err_context(e, "unpack into %s", path);
}

static int refuse_there(const struct pack_stage *s, const char *name, struct err *e)
{
	int there = dir_exists(s->parent, name, e);
	return there <= 0 ? there
	                  : err_set(e, ERR_KIND_CONFLICT,
	                            "%s is there already; --into-existing replaces files", name);
}

static int move(const struct pack_stage *s, const char *name, struct err *e)
{
	return pack_merge_move(s->dir, s->parent, name, true, e);
}

/* How many names there are, each given to `take`. They may be many, so no list of them is made. */
static int each(const struct pack_stage *s,
                int (*take)(const struct pack_stage *s, const char *name, struct err *e),
                uint64_t *count, struct err *e)
{
	WALK_AUTO walk = NULL;
	const struct walk_options how = { .no_stat = true, .unsorted = true };
	struct walk_entry at;
	int rc;
	*count = 0;
	if (walk_open(s->dir, &how, &walk, e))
		return -1;
	while ((rc = walk_next(walk, &at, e)) > 0) {
		if (take(s, at.name, e))
			return -1;
		walk_skip(walk);
		++*count;
	}
	return rc;
}

/* A directory that is read while names go from it may not show all. */
static int move_all(const struct pack_stage *s, struct err *e)
{
	uint64_t count;
	if (each(s, refuse_there, &count, e))
		return -1;
	while (count > 0)
		if (each(s, move, &count, e))
			return -1;
	return 0;
}

int pack_stage_publish(struct pack_stage *s, struct err *e)
{
	if (s->name[0]) {
		if (dir_rename(s->parent, s->temp, s->parent, s->name, true, e))
			return -1;
		s->temp[0] = '\0';
		return 0;
	}
	/* The archive's root has set a mode that may not allow this. */
	return attr_set_mode(s->dir, PRIVATE, e, s->temp) ? -1 : move_all(s, e);
}

int pack_stage_merge(struct pack_stage *s, bool owners, struct err *e)
{
	const struct pack_merge how = { .from = s->dir, .to = s->parent, .owners = owners };
	if (s->name[0])
		return pack_stage_publish(s, e);
	return attr_set_mode(s->dir, PRIVATE, e, s->temp) ? -1 : pack_merge(&how, e);
}

void pack_stage_close(struct pack_stage *s)
{
	struct err ignored = ERR_INIT;
	if (s->dir >= 0 && s->temp[0] && remove_tree(s->parent, s->temp, NULL, &ignored))
		s->temp[0] = '\0'; /* it stays: a directory under a temporary name */
	file_close_auto(&s->dir);
	file_close_auto(&s->parent);
}
