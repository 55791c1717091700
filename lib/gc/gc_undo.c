/* Back out of the trash. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "gc/gc_internal.h"
#include "os/dir.h"
#include "os/sys.h"
#include "ws/git_tree.h"
#include "ws/journal.h"

/* The parts stand as the store has them now: what was saved is what the workspace is built on. */
static void make_ready(struct record *r)
{
	for (size_t i = 0; i < r->part_count; i++) {
		if (r->parts[i].saved)
			r->parts[i].save_id[0] = '\0';
		r->parts[i].saved = false;
	}
	r->state = RECORD_READY;
	r->trash_name[0] = '\0';
	r->archive_url[0] = r->archive_sha256[0] = '\0';
	r->last_used_ms = sys_now_ms();
}

static struct js *from_trash(const char *name)
{
	struct js *fields = js_object();
	js_set_text(fields, "name", name);
	return fields;
}

/* A directory that never had a record has none afterwards. A crash between the rename and the record leaves one that
 * says saved: the next setup moves the directory to the trash again and restores what was saved. */
int gc_undo_rename(const struct base_dir *b, const char *id, const char *name, const char *event,
                   struct err *e)
{
	FD_AUTO trash = -1;
	RECORD_AUTO record = { .labels = NULL };
	struct err why = ERR_INIT;
	bool has_record = record_load(b, id, &record, &why) == 0;
	if (!has_record && why.kind != ERR_KIND_NOT_FOUND) {
		*e = why;
		return -1;
	}
	if (base_dir_area(b, "trash", &trash, e) != 0 ||
	    dir_rename(trash, name, b->fd, id, true, e) != 0 || dir_sync(b->fd, e) != 0 ||
	    dir_sync(trash, e) != 0)
		return err_context(e, "put %s back from the trash", id);
	if (has_record) {
		make_ready(&record);
		record_event(&record, event, from_trash(name));
		if (record_save(b, &record, e) != 0)
			return -1;
	}
	journal_add(b, event, id, from_trash(name));
	return 0;
}

/* The newest entry of the trash that was `id`, whole: 1 and its name, 0, -1. */
static int find(const struct base_dir *b, const char *id, char out[256], struct err *e)
{
	FD_AUTO trash = -1;
	MEM_AUTO char **names = NULL;
	size_t count = 0;
	int64_t newest = -1;
	if (base_dir_area(b, "trash", &trash, e) != 0 ||
	    dir_list(trash, GC_AREA_ENTRIES_MAX, &names, &count, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		char of[BASE_DIR_ID_MAX + 1];
		int64_t ms;
		if (gc_name_parse(str_of(names[i]), true, &ms, of) != 0 || strcmp(of, id) != 0 ||
		    ms < newest)
			continue;
		newest = ms;
		snprintf(out, 256, "%s", names[i]);
	}
	return newest >= 0;
}

static int check_free(const struct base_dir *b, const char *id, struct err *e)
{
	int exists = dir_exists(b->fd, id, e);
	if (exists <= 0)
		return exists;
	return err_set(e, ERR_KIND_CONFLICT, "undo %s: %s/%s is there (again)", id, b->path, id);
}

/* Its repository forgot a worktree that went to the trash. */
static int attach(const struct base_dir *b, const char *id, struct err *e)
{
	RECORD_AUTO record = { .labels = NULL };
	struct err why = ERR_INIT;
	if (record_load(b, id, &record, &why) != 0 || !record.git_dir[0])
		return 0;
	if (git_tree_attach(b, &record, e) == 0)
		return record_save(b, &record, e);
	return err_context(e, "%s is back, but its repository does not know it", id);
}

int gc_undo(const struct base_dir *b, const char *id, struct err *e)
{
	LOCK_AUTO gc_lock = LOCK_NONE;
	LOCK_AUTO lock = LOCK_NONE;
	FD_AUTO dir = -1;
	char name[256];
	if (base_dir_check_id(id, e) != 0 || lock_take(b->ws_fd, "gc.lock", 0, &gc_lock, e) != 0)
		return err_context(e, "undo %s", id);
	int found = find(b, id, name, e);
	if (found == 0)
		return err_set(e, ERR_KIND_NOT_FOUND,
		               "undo %s: nothing of it is in the trash; what was saved comes "
		               "back with `ws-setup --restore %s`",
		               id, id);
	struct err why = ERR_INIT;
	if (found < 0 || check_free(b, id, e) != 0)
		return -1;
	if (record_dir(b, id, false, &dir, &why) == 0)
		found = lock_take(dir, "lock", 0, &lock, &why);
	if (err_is(&why) && why.kind != ERR_KIND_NOT_FOUND) {
		*e = why;
		return err_context(e, "undo %s", id);
	}
	return gc_undo_rename(b, id, name, "undo", e) != 0 ? -1 : attach(b, id, e);
}
