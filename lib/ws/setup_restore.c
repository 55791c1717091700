/* Stage beside, sync, rename, record (law 5). */
#include "ws/setup_restore.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "os/attr.h"
#include "os/dir.h"
#include "os/log.h"
#include "os/remove.h"
#include "os/sys.h"
#include "os/walk.h"
#include "ws/git_setup.h"
#include "ws/journal.h"
#include "ws/part.h"

enum { STAGING_NAMES_MAX = 1000 * 1000, RANDOM_LEN = 9 };

/* A workspace being made. */
struct stage {
	int area; /* .ws/staging */
	char name[DIR_NAME_MAX + 1];
	int fd;                /* the directory in it */
	struct record *before; /* the record as it was; NULL: there was none */
};

/* ---- the staging directory ---- */

/* <id>.<nine letters or digits>: of this id, and not of one that begins like it. */
static bool is_leftover(const char *name, const char *id)
{
	struct str rest = str_of(name);
	return str_starts(rest, str_of(id)) && rest.len == strlen(id) + 1 + RANDOM_LEN &&
	       rest.p[strlen(id)] == '.' && str_index(str_skip(rest, strlen(id) + 1), '.') < 0;
}

/* Remove what setups of this workspace left when they were killed. We hold its lock: there is no other. */
static int clean(int area, const char *id, struct err *e)
{
	char **names;
	size_t count;
	int result = 0;
	if (dir_list(area, STAGING_NAMES_MAX, &names, &count, e) != 0)
		return -1;
	for (size_t i = 0; i < count && result == 0; i++) {
		if (is_leftover(names[i], id))
			result = remove_tree(area, names[i], NULL, e);
	}
	mem_free(names);
	return result;
}

static int open_stage(const struct setup *s, struct stage *stage, struct err *e)
{
	char random[RANDOM_LEN + 1];
	sys_random_name(random);
	snprintf(stage->name, sizeof(stage->name), "%s.%s", s->record.id, random);
	if (base_dir_area(&s->base, "staging", &stage->area, e) != 0 ||
	    clean(stage->area, s->record.id, e) != 0)
		return -1;
	return dir_make(stage->area, stage->name, 0700, &stage->fd, e);
}

/* ---- what the profile adds ---- */

/* "PATH", or "PATH MODE" for what is not 0755, whatever the archive says of it. */
static int make_dir(int fd, const char *text, struct err *e)
{
	struct str path, word;
	struct err ignored = ERR_INIT;
	FD_AUTO made = -1;
	uint32_t mode;
	bool has_mode = str_cut_last(str_of(text), ' ', &path, &word) &&
	                num_parse_mode(word, &mode, &ignored) == 0;
	MEM_AUTO char *name = mem_str(has_mode ? path : str_of(text));
	if (dir_make(fd, name, 0755, &made, e) != 0)
		return -1;
	return has_mode ? attr_set_mode(made, mode, e, name) : 0;
}

static int make_dirs(const struct setup *s, int fd, struct err *e)
{
	const struct profile_words words = part_words(&s->record);
	for (size_t i = 0; i < s->profile.dir_count; i++) {
		BUF_AUTO path = buf_make(4096);
		if (profile_expand(s->profile.dirs[i], &words, &path, e) != 0 ||
		    make_dir(fd, path.p, e) != 0)
			return -1;
	}
	return 0;
}

static void note_owner(struct record *r, uint32_t uid, uint32_t gid)
{
	snprintf(r->user, sizeof(r->user), "%u:%u", uid, gid);
}

/* Who was said, else who had it when it was made: false when that is nobody else. */
static bool find_owner(const struct setup_work *w, uint64_t *uid, uint64_t *gid)
{
	struct str user, group;
	struct err ignored = ERR_INIT;
	if (w->o->set_user)
		note_owner(&w->out->record, w->o->uid, w->o->gid);
	return str_cut(str_of(w->out->record.user), ':', &user, &group) &&
	       num_parse_u64(user, uid, &ignored) == 0 &&
	       num_parse_u64(group, gid, &ignored) == 0 && *uid < UINT32_MAX && *gid < UINT32_MAX;
}

/* Each entry itself, never what a link points to; nobody else can reach the tree yet. */
static int set_owner(const struct setup_work *w, int fd, struct err *e)
{
	uint64_t uid, gid;
	WALK_AUTO walk = NULL;
	struct walk_entry entry;
	const struct walk_options options = { .no_stat = true, .unsorted = true };
	int more;
	if (!find_owner(w, &uid, &gid))
		return 0;
	if (walk_open(fd, &options, &walk, e) != 0)
		return -1;
	while ((more = walk_next(walk, &entry, e)) > 0) {
		if (attr_set_owner_at(entry.dirfd, entry.name, (uint32_t)uid, (uint32_t)gid, e) !=
		    0)
			return -1;
	}
	return more < 0 ? -1 : attr_set_owner(fd, (uint32_t)uid, (uint32_t)gid, e, "the workspace");
}

static int finish_tree(const struct setup_work *w, int fd, bool whole_is_restored, struct err *e)
{
	struct record *r = &w->out->record;
	if (w->o->set_mode)
		r->mode = w->o->mode;
	uint32_t mode = w->o->set_mode ? w->o->mode
	                : r->mode > 0  ? (uint32_t)r->mode & 07777
	                               : w->out->profile.mode;
	/* The archive of a worktree is of some files in it, and not of the directory. */
	bool is_worktree = w->out->profile.git == PROFILE_GIT_WORKTREE;
	bool mode_is_restored = whole_is_restored && !w->o->set_mode && !is_worktree;
	if (make_dirs(w->out, fd, e) != 0 || set_owner(w, fd, e) != 0)
		return -1;
	if (!mode_is_restored && attr_set_mode(fd, mode, e, "the workspace") != 0)
		return -1;
	return dir_sync_all(fd, e);
}

/* ---- what is in the way ---- */

static int move_aside(struct setup_work *w, int from, const char *area, const char *event,
                      struct err *e)
{
	const char *id = w->out->record.id;
	char as[256];
	if (base_dir_set_aside(&w->out->base, from, id, area, id, as, e) != 0)
		return err_context(e, "move %s out of the way", w->out->root);
	struct js *fields = js_object();
	js_set_text(fields, "name", as);
	journal_add(&w->out->base, event, id, fields);
	if (strcmp(area, "quarantine") == 0 && !w->out->stray)
		w->out->stray = mem_printf("%s/.ws/quarantine/%s", w->out->base.path, as);
	return 0;
}

/* Before the tokens are recorded: a stray that lies at <base>/<id> with tokens in the record would be taken for the
 * workspace by the next setup. */
static int clear_place(struct setup_work *w, struct err *e)
{
	const struct setup_plan *plan = &w->plan;
	FD_AUTO spool = -1;
	int base = w->out->base.fd;
	if (plan->dir_is_stray && move_aside(w, base, "quarantine", "quarantine", e) != 0)
		return -1;
	if (plan->dir_is_saved && move_aside(w, base, "trash", "trash", e) != 0)
		return -1;
	if (!plan->spool_is_stray && !plan->spool_is_saved)
		return 0;
	if (base_dir_area(&w->out->base, "spool", &spool, e) != 0)
		return -1;
	return plan->spool_is_stray ? move_aside(w, spool, "quarantine", "quarantine", e)
	                            : move_aside(w, spool, "trash", "trash", e);
}

/* ---- steps ---- */

static int remember(const struct setup_work *w, struct stage *stage, struct err *e)
{
	struct record *before = mem_new(1, sizeof(*before));
	if (record_load(&w->out->base, w->out->record.id, before, e) != 0) {
		mem_free(before);
		return -1;
	}
	stage->before = before;
	return 0;
}

/* The record says that a setup is under way, without a token: nothing can be saved until it ends. */
static int begin(struct setup_work *w, struct stage *stage, struct err *e)
{
	struct record *r = &w->out->record;
	if (w->known && remember(w, stage, e) != 0)
		return -1;
	for (size_t i = 0; i < r->part_count; i++)
		r->parts[i].has_token = false;
	/* A setup from an archive that was killed goes on with the archive. */
	if (r->state != RECORD_ARCHIVED && r->state != RECORD_CREATING)
		r->archive_url[0] = '\0';
	r->state = RECORD_CREATING;
	r->trash_name[0] = '\0';
	r->root_ino = 0;
	r->ephemeral = w->o->ephemeral || w->out->profile.ephemeral;
	snprintf(r->root, sizeof(r->root), "%s", w->out->root);
	if (w->o->idempotency_key)
		snprintf(r->idempotency_key, sizeof(r->idempotency_key), "%s",
		         w->o->idempotency_key);
	if (w->plan.lost) {
		log_warn("%s: its directory is gone; it is made again from what the store has",
		         r->id);
		journal_add(&w->out->base, "lost", r->id, NULL);
	}
	if (record_save(&w->out->base, r, e) != 0)
		return -1;
	lock_release(&w->keys);
	journal_add(&w->out->base, "create", r->id, NULL);
	return 0;
}

/* Law 1: what the store has is not what the directory was built on. */
static int check_absent(struct setup_work *w, struct err *e)
{
	struct setup *s = w->out;
	bool ignored;
	if (setup_restore_parts(w, -1, &ignored, e) != 0)
		return -1;
	if (s->parts_restored > 0)
		return err_set(
			e, ERR_KIND_CONFLICT,
			"workspace %s: %s has a state of it already, which this directory would "
			"be saved over; another --id makes it another workspace",
			s->record.id, w->store_url);
	s->parts_absent = 0;
	return 0;
}

/* What is there stays as it is, but for what was said. The tokens are those of parts that are absent. */
static int take(struct setup_work *w, struct stage *stage, struct err *e)
{
	FD_AUTO root = -1;
	bool ignored;
	struct file_stat st;
	const struct setup_options *o = w->o;
	if (check_absent(w, e) != 0 || setup_restore_parts(w, stage->fd, &ignored, e) != 0 ||
	    dir_open(w->out->base.fd, w->out->record.id, &root, e) != 0 ||
	    git_setup_take(w, root, e) != 0 || make_dirs(w->out, root, e) != 0 ||
	    (o->set_user && set_owner(w, root, e) != 0) ||
	    (o->set_mode && attr_set_mode(root, o->mode, e, "the workspace") != 0) ||
	    file_stat(root, &st, e, "the workspace") != 0)
		return -1;
	w->out->record.root_ino = (int64_t)st.ino;
	if (st.uid != sys_uid())
		note_owner(&w->out->record, st.uid, st.gid);
	return 0;
}

static int fill(struct setup_work *w, struct stage *stage, struct err *e)
{
	bool whole_is_restored;
	struct file_stat st;
	if (w->plan.action == SETUP_TAKE)
		return take(w, stage, e);
	if (setup_restore_parts(w, stage->fd, &whole_is_restored, e) != 0 ||
	    git_setup_fill(w, stage->fd, stage->name, whole_is_restored, e) != 0 ||
	    finish_tree(w, stage->fd, whole_is_restored, e) != 0 ||
	    file_stat(stage->fd, &st, e, "the staging directory") != 0)
		return -1;
	w->out->record.root_ino = (int64_t)st.ino;
	return 0;
}

/* The tokens, then the directory: a crash between the two leaves neither a workspace without tokens nor a
 * stranger's directory with them. */
static int place(struct setup_work *w, struct stage *stage, struct err *e)
{
	const struct base_dir *b = &w->out->base;
	bool is_there = w->plan.action == SETUP_TAKE;
	if (clear_place(w, e) != 0 ||
	    (is_there && remove_tree(stage->area, stage->name, NULL, e) != 0) ||
	    record_save(b, &w->out->record, e) != 0 ||
	    (!is_there &&
	     dir_rename(stage->area, stage->name, b->fd, w->out->record.id, true, e) != 0))
		return -1;
	w->placed = true;
	return dir_sync(b->fd, e) != 0 ? -1 : dir_sync(stage->area, e);
}

/* ---- when it fails ---- */

/* Best effort, and not needed for safety: without tokens nothing is ever saved, and the next setup starts over. */
static void undo(struct setup_work *w, struct stage *stage)
{
	struct err ignored = ERR_INIT;
	bool undone = true;
	if (w->placed)
		return;
	if (stage->fd >= 0 && remove_tree(stage->area, stage->name, NULL, &ignored) != 0)
		log_warn("staging directory %s: %s", stage->name, ignored.msg);
	git_setup_undo(w);
	if (stage->before)
		undone = record_save(&w->out->base, stage->before, &ignored) == 0;
	if (!undone)
		log_warn("%s: %s", w->out->record.id, ignored.msg);
}

static void free_stage(struct stage *stage)
{
	file_close_auto(&stage->fd);
	file_close_auto(&stage->area);
	if (stage->before)
		record_free(stage->before);
	mem_free(stage->before);
}

int setup_restore(struct setup_work *w, struct err *e)
{
	AUTO(free_stage) struct stage stage = { .area = -1, .fd = -1 };
	if (begin(w, &stage, e) == 0 && open_stage(w->out, &stage, e) == 0 &&
	    fill(w, &stage, e) == 0 && place(w, &stage, e) == 0)
		return 0;
	undo(w, &stage);
	return -1;
}

int setup_restore_preview(struct setup_work *w, struct err *e)
{
	bool ignored;
	return w->plan.action == SETUP_TAKE ? check_absent(w, e)
	                                    : setup_restore_parts(w, -1, &ignored, e);
}
