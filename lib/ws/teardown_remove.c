/* What becomes of the directory: trash, or spool. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "os/dir.h"
#include "os/sys.h"
#include "ws/artifacts.h"
#include "ws/journal.h"
#include "ws/teardown_job.h"

static void tell(const struct teardown_job *j, const char *event, const char *name)
{
	struct js *fields = js_object();
	js_set_text(fields, "name", name);
	journal_add(j->b, event, j->record.id, fields);
}

/* The workspace is out of the way whatever happens here: what can't be deleted now is deleted by gc. */
static void delete_trash(struct teardown_job *j, const char *name)
{
	struct err why = ERR_INIT;
	if (j->o->keep_trash || base_dir_delete(j->b, "trash", name, NULL, &why) == 0)
		return;
	err_context(&why, "%s: left in the trash for ws-gc", j->record.id);
	teardown_job_notice(j, &why);
}

static int to_trash(struct teardown_job *j, const char *name, struct err *e)
{
	if (base_dir_move_aside(j->b, j->parent, j->record.id, "trash", name, e) != 0)
		return err_context(e, "move %s to the trash", j->record.id);
	snprintf(j->out->trash_name, sizeof(j->out->trash_name), "%s", name);
	tell(j, "trash", name);
	return 0;
}

/* For who asks later what the session made of it; no reason to keep the directory. */
static void note_end(struct teardown_job *j)
{
	FD_AUTO root = -1;
	struct err why = ERR_INIT;
	if (dir_open(j->parent, j->record.id, &root, &why) == 0 &&
	    artifacts_note(j->b, j->record.id, root, &why) == 0)
		return;
	err_context(&why, "%s: the files at the end are not noted", j->record.id);
	teardown_job_notice(j, &why);
}

int teardown_remove_saved(struct teardown_job *j, struct err *e)
{
	char name[256];
	base_dir_aside_name(j->record.id, name);
	note_end(j);
	j->record.state = RECORD_SAVED;
	j->record.archive_url[0] = '\0';
	j->record.saved_ms = sys_now_ms();
	teardown_job_note_save(j);
	if (record_save(j->b, &j->record, e) != 0 || teardown_git_unlink(j, e) != 0 ||
	    to_trash(j, name, e) != 0)
		return err_context(e, "%s is saved, but not removed", j->record.id);
	teardown_git_forget(j);
	j->out->removed = true;
	delete_trash(j, name);
	return 0;
}

/* The name is a promise that it can be had back whole; so it is not given before a deletion. What is kept has it in the
 * record before it moves: whatever a kill interrupts, the next setup finds the work. Without a promise a disk that is too
 * full to note anything is no reason to keep what would free it. */
static int announce(struct teardown_job *j, const char *name, bool moves, struct err *e)
{
	struct err ignored = ERR_INIT;
	snprintf(j->record.trash_name, sizeof(j->record.trash_name), "%s",
	         j->o->keep_trash ? name : "");
	if (moves)
		record_event(&j->record, RECORD_DISCARDING, NULL);
	if (j->o->keep_trash)
		return record_save(j->b, &j->record, e);
	if (moves)
		(void)!record_save(j->b, &j->record, &ignored);
	return 0;
}

int teardown_remove_discarded(struct teardown_job *j, struct err *e)
{
	char name[256] = "";
	bool moves = j->place.dir || j->in_spool;
	if (moves)
		base_dir_aside_name(j->record.id, name);
	else if (j->place.trash && j->o->keep_trash) /* by a discard before, killed or not */
		snprintf(name, sizeof(name), "%s", j->record.trash_name);
	if (moves && j->o->keep_trash)
		teardown_git_note_head(j);
	if (announce(j, name, moves, e) != 0 || (moves && to_trash(j, name, e) != 0))
		return -1;
	j->out->removed = true;
	j->record.state = RECORD_TRASHED;
	record_event(&j->record, "discarded", NULL);
	if (record_save(j->b, &j->record, e) != 0)
		return -1;
	teardown_git_forget(j);
	journal_add(j->b, "discard", j->record.id, NULL);
	if (name[0])
		delete_trash(j, name);
	return 0;
}

/* ---- spool ---- */

static void note_failure(struct teardown_job *j, const char *event, const struct err *cause)
{
	struct js *fields = js_object();
	js_set_text(fields, "why", cause->msg);
	record_event(&j->record, event, fields);
}

static int rename_to_spool(const struct teardown_job *j, struct err *e)
{
	FD_AUTO spool = -1;
	if (base_dir_area(j->b, "spool", &spool, e) != 0 || dir_sync(j->b->ws_fd, e) != 0 ||
	    dir_rename(j->parent, j->record.id, spool, j->record.id, true, e) != 0)
		return -1;
	return dir_sync(spool, e) != 0 ? -1 : dir_sync(j->parent, e);
}

/* The rename alone is what keeps the work, and it needs no space. The record may have to wait for some: setup and
 * teardown find the directory in the spool whatever it says. */
static void record_spooled(struct teardown_job *j, const struct err *cause)
{
	struct err why = ERR_INIT;
	note_failure(j, "spooled", cause);
	j->record.state = RECORD_SPOOLED;
	if (record_save(j->b, &j->record, &why) != 0)
		teardown_job_notice(j, &why);
	tell(j, "spool", j->record.id);
}

static bool is_partial(struct teardown_job *j)
{
	for (size_t i = 0; i < j->parts.count; i++) {
		if (teardown_job_part(j, &j->parts.list[i])->partial)
			return true;
	}
	return false;
}

/* With --keep the user stays in the directory; and gc may not take away what it could not save: ready as before. Of a save that
 * is one of many its supervisor tells. */
static int leave(struct teardown_job *j, const struct err *cause)
{
	struct err why = ERR_INIT;
	if (!j->o->live)
		note_failure(j, "save-failed", cause);
	j->record.state = RECORD_READY;
	if (record_save(j->b, &j->record, &why) != 0)
		teardown_job_notice(j, &why);
	return -1;
}

int teardown_remove_to_spool(struct teardown_job *j, struct err *e)
{
	struct err cause = *e, why = ERR_INIT;
	const char *id = j->record.id;
	if (!j->in_spool && (j->o->keep || j->o->no_spool))
		return leave(j, &cause);
	if (!j->in_spool && rename_to_spool(j, &why) != 0)
		return err_context(e, "%s stays where it is, as it can't be spooled (%s)", id,
		                   why.msg);
	record_spooled(j, &cause);
	j->out->spooled = true;
	err_clear(e);
	if (is_partial(j) && cause.kind == ERR_KIND_FAILED)
		return err_set(e, ERR_KIND_FAILED, "%s; the directory is in the spool", cause.msg);
	if (strcmp(cause.code, "dirty") == 0) /* its user has to do something about it */
		err_set(e, ERR_KIND_TRY_AGAIN,
		        "%s is spooled, `ws-setup --restore %s` brings it back: %s", id, id,
		        cause.msg);
	else
		err_set(e, ERR_KIND_TRY_AGAIN, "%s is spooled, `ws-teardown --retry` sends it: %s",
		        id, cause.msg);
	e->sys_errno = cause.sys_errno;
	e->status = cause.status;
	e->retryable = true;
	return -1;
}
