/* Teardown: look, save, verify, remove. */
#include "ws/teardown.h"

#include <string.h>

#include "base/mem.h"
#include "os/dir.h"
#include "os/sys.h"
#include "ws/holder.h"
#include "ws/journal.h"
#include "ws/lease.h"
#include "ws/reserve.h"
#include "ws/teardown_job.h"

void teardown_job_notice(const struct teardown_job *j, const struct err *e)
{
	if (j->o->notice)
		j->o->notice(j->o->notice_ctx, e);
}

struct record_part *teardown_job_part(struct teardown_job *j, const struct part *p)
{
	return record_part(&j->record, p->def->name);
}

/* ---- what there is ---- */

static int check_parts(struct teardown_job *j, struct err *e)
{
	for (size_t i = 0; i < j->parts.count; i++) {
		if (!teardown_job_part(j, &j->parts.list[i]))
			return err_set(e, ERR_KIND_CONFIG, "%s: its record has no room for part %s",
			               j->record.id, j->parts.list[i].def->name);
	}
	return 0;
}

static int open_job(struct teardown_job *j, const char *id, struct err *e)
{
	if (record_load(j->b, id, &j->record, e) != 0)
		return -1;
	if (!j->record.root[0]) {
		MEM_AUTO char *root = base_dir_workspace_path(j->b, id);
		if (str_copy(str_of(root), j->record.root, sizeof(j->record.root)) != 0)
			return err_set(e, ERR_KIND_USAGE, "%s: the path is too long", root);
	}
	const struct profile_words words = part_words(&j->record);
	if (profile_load(j->record.profile, j->o->config, &j->profile, e) != 0 ||
	    part_expand(&j->profile, &words, &j->parts, e) != 0 || check_parts(j, e) != 0)
		return err_context(e, "workspace %s", id);
	return place_look(j->b, id, &j->record, &j->place, e);
}

static void free_job(struct teardown_job *j)
{
	part_free(&j->parts);
	profile_free(&j->profile);
	record_free(&j->record);
	file_close_auto(&j->parent);
}

/* Whether <base>/<id> is what setup put there: what lies there after a setup that was killed may be a stranger's. */
static bool has_dir(const struct teardown_job *j)
{
	return j->place.dir && (j->record.state != RECORD_CREATING || j->place.is_made);
}

/* Open the directory that holds the workspace's. In the spool it lies when it is not in the base, or when the
 * record says that the one in the base is not the one to be sent. */
static int find_dir(struct teardown_job *j, struct err *e)
{
	j->in_spool = j->place.spool && (!j->place.dir || j->record.state == RECORD_SPOOLED);
	if (j->in_spool)
		return base_dir_area(j->b, "spool", &j->parent, e);
	return dir_open(j->b->fd, ".", &j->parent, e);
}

/* There is no directory: that is fine when it was saved or discarded, and a loss otherwise. Nothing is ever saved in
 * its place: an empty tree would replace what the store has. */
static int no_dir(struct teardown_job *j, struct err *e)
{
	if (j->record.state == RECORD_SAVED || j->record.state == RECORD_TRASHED ||
	    j->record.state == RECORD_ARCHIVED) {
		if (!j->o->dry_run)
			teardown_git_forget(j);
		j->out->removed = true;
		return 0;
	}
	if (j->place.trash)
		return err_set(e, ERR_KIND_NOT_FOUND,
		               "workspace %s: its directory is in the trash, as a discard was "
		               "interrupted; ws-setup brings it back",
		               j->record.id);
	if (!j->place.stray && !j->place.dir && !j->o->dry_run) {
		int lost = teardown_git_lost(j, e);
		if (lost != 0)
			return lost < 0 ? -1 : 0;
	}
	if (j->place.stray || j->place.dir)
		return err_set(
			e, ERR_KIND_NOT_FOUND,
			"workspace %s: what lies in its place is something else; nothing is saved",
			j->record.id);
	return err_set(e, ERR_KIND_NOT_FOUND,
	               "workspace %s: its directory is gone; nothing is saved", j->record.id);
}

/* Law 1. */
static int check_tokens(struct teardown_job *j, struct err *e)
{
	for (size_t i = 0; i < j->parts.count && !j->o->overwrite_remote; i++) {
		const struct record_part *p = teardown_job_part(j, &j->parts.list[i]);
		if (!record_part_may_be_saved(p))
			return err_set(
				e, ERR_KIND_USAGE,
				"workspace %s: part %s was not restored completely, so it may not "
				"replace what the store has; --overwrite-remote does it all the same",
				j->record.id, p->name);
	}
	return 0;
}

/* ---- what came of the save ---- */

static const struct record_part *first_conflict(struct teardown_job *j)
{
	for (size_t i = 0; i < j->parts.count; i++) {
		const struct record_part *p = teardown_job_part(j, &j->parts.list[i]);
		if (p->side_key[0])
			return p;
	}
	return NULL;
}

static void count(struct teardown_job *j)
{
	const struct record *r = &j->record;
	j->out->content_bytes = r->content_bytes;
	j->out->archived_bytes = r->archived_bytes;
	j->out->entries = r->entries;
	for (size_t i = 0; i < j->parts.count; i++) {
		const struct record_part *p = teardown_job_part(j, &j->parts.list[i]);
		j->out->parts_saved += p->saved && p->save_id[0];
	}
	const struct record_part *conflict = first_conflict(j);
	j->out->conflict = conflict != NULL;
	mem_free(j->out->side_key);
	j->out->side_key = conflict ? mem_text(conflict->side_key) : NULL;
}

static int fail_partial(struct teardown_job *j, struct err *e)
{
	for (size_t i = 0; i < j->parts.count; i++) {
		const struct record_part *p = teardown_job_part(j, &j->parts.list[i]);
		if (!p->partial)
			continue;
		return err_set(
			e, ERR_KIND_FAILED,
			"save %s: part %s could not be read completely; stored as %s.partial",
			j->record.id, p->name, p->side_key[0] ? p->side_key : p->key);
	}
	return err_set(e, ERR_KIND_BUG, "save %s: a part was not saved", j->record.id);
}

void teardown_job_note_save(struct teardown_job *j)
{
	struct js *fields = js_object();
	js_set_int(fields, "bytes", (int64_t)j->record.archived_bytes);
	js_set_int(fields, "entries", (int64_t)j->record.entries);
	if (j->out->side_key)
		js_set_text(fields, "beside", j->out->side_key);
	if (j->o->live)
		record_event_again(&j->record, "saved", fields);
	else
		record_event(&j->record, "saved", fields);
}

/* What is written while it is saved may not be in the save. */
static int keep(struct teardown_job *j, int64_t began_ms, struct err *e)
{
	struct record *r = &j->record;
	r->saved_ms = began_ms;
	teardown_job_note_save(j);
	for (size_t i = 0; i < r->part_count; i++) {
		if (r->parts[i].saved)
			r->parts[i].save_id[0] = '\0';
		r->parts[i].saved = false;
	}
	r->state = RECORD_READY;
	return record_save(j->b, r, e);
}

static int tell_conflict(const struct teardown_job *j, struct err *e)
{
	MEM_AUTO char *store = record_store_url(&j->record, j->b);
	return err_set(
		e, ERR_KIND_CONFLICT,
		"workspace %s: the store has a state that it was not built on; this one is %s/%s; "
		"the next setup starts from the store's, take what it lacks from there (ws-archive extract)",
		j->record.id, store, j->out->side_key);
}

/* The record decides (law 2): only what it says is in the store is removed. */
static int save_and_remove(struct teardown_job *j, struct err *e)
{
	int64_t began_ms = sys_now_ms();
	int result = teardown_save_in_time(j, e);
	count(j);
	if (result == 0 && !teardown_save_is_complete(j))
		result = fail_partial(j, e);
	if (result != 0)
		return e->kind == ERR_KIND_USAGE ? -1 : teardown_remove_to_spool(j, e);
	bool stays = j->o->keep && !j->in_spool;
	if ((stays ? keep(j, began_ms, e) : teardown_remove_saved(j, e)) != 0)
		return -1;
	return j->out->conflict ? tell_conflict(j, e) : 0;
}

static int decide(struct teardown_job *j, struct err *e)
{
	bool discard = j->o->discard || (j->record.ephemeral && !j->o->keep);
	if (find_dir(j, e) != 0)
		return -1;
	/* A discard that was killed when the directory was gone is finished, whoever comes next. */
	bool is_gone = !j->place.dir && !j->place.stray && !j->place.trash && !j->in_spool;
	discard = discard || (is_gone && record_is_discarding(&j->record));
	if (!has_dir(j) && !j->in_spool && !discard)
		return no_dir(j, e);
	if ((!discard && check_tokens(j, e) != 0) || (!j->o->keep && teardown_git_check(j, e) != 0))
		return -1;
	if (j->o->dry_run) {
		j->out->removed = !j->o->keep;
		return discard ? 0 : teardown_save_preview(j, e);
	}
	/* On a full disk the records of the save and of the removal need the room that was set aside for that. */
	reserve_release(j->b);
	int result = discard ? teardown_remove_discarded(j, e) : save_and_remove(j, e);
	reserve_make(j->b);
	return result;
}

/* ---- entry ---- */

static int run_locked(const struct base_dir *b, const char *id, const struct teardown_options *o,
                      struct teardown_result *out, struct err *e)
{
	AUTO(free_job) struct teardown_job j = { .b = b, .o = o, .out = out, .parent = -1 };
	if (open_job(&j, id, e) != 0)
		return -1;
	if (!o->dry_run)
		holder_end_left(&j.record, false);
	int result = decide(&j, e);
	const struct lease lease = {
		.base = b, .record = &j.record, .profile = &j.profile, .s3 = o->s3
	};
	if (out->removed && !out->spooled && !o->dry_run && j.record.lease_ms > 0 &&
	    lease_is_needed(&lease))
		lease_release(&lease);
	return result;
}

int teardown_lock(const struct base_dir *b, const char *id, int64_t wait_ms, struct lock *out,
                  struct err *e)
{
	FD_AUTO fd = -1;
	struct err why = ERR_INIT;
	*out = LOCK_NONE;
	if (base_dir_check_id(id, e) != 0)
		return -1;
	if (record_dir(b, id, false, &fd, &why) != 0) {
		if (why.kind == ERR_KIND_NOT_FOUND)
			return err_set(e, ERR_KIND_NOT_FOUND,
			               "workspace %s: no such workspace in %s", id, b->path);
		*e = why;
		return -1;
	}
	if (lock_take(fd, "lock", wait_ms, out, e) != 0)
		return err_context(e, "workspace %s", id);
	return 0;
}

int teardown_run(const struct base_dir *b, const char *id, const struct teardown_options *o,
                 struct lock *held, struct teardown_result *out, struct err *e)
{
	LOCK_AUTO lock = LOCK_NONE;
	*out = (struct teardown_result){ .side_key = NULL };
	if (!held && teardown_lock(b, id, o->wait_ms, &lock, e) != 0)
		return -1;
	return run_locked(b, id, o, out, e);
}

void teardown_result_free(struct teardown_result *r)
{
	mem_free(r->side_key);
	r->side_key = NULL;
}
