/* Setup: look, decide, do. */
#include "ws/setup.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "os/dir.h"
#include "os/log.h"
#include "os/sys.h"
#include "ws/encrypted.h"
#include "ws/flat.h"
#include "ws/git_setup.h"
#include "ws/holder.h"
#include "ws/inside.h"
#include "ws/journal.h"
#include "ws/lease.h"
#include "ws/setup_open.h"
#include "ws/setup_restore.h"
#include "ws/start.h"

static const char *const action_names[] = {
	[SETUP_RESTORE] = "restore", [SETUP_ADOPT] = "adopt",     [SETUP_FINISH] = "finish",
	[SETUP_UNSPOOL] = "unspool", [SETUP_UNTRASH] = "untrash", [SETUP_TAKE] = "take",
};

/* Of a workspace that has a record already. */
static const char *const events[] = {
	[SETUP_RESTORE] = "restored",  [SETUP_ADOPT] = "adopted",  [SETUP_FINISH] = "restored",
	[SETUP_UNSPOOL] = "unspooled", [SETUP_UNTRASH] = "undone", [SETUP_TAKE] = "created",
};

const char *setup_action_name(enum setup_action a)
{
	return action_names[a];
}

/* Move the directory from an area back to its place. */
static int bring_back(struct setup_work *w, const char *area, const char *name, struct err *e)
{
	const struct base_dir *b = &w->out->base;
	const char *id = w->out->record.id;
	FD_AUTO fd = -1;
	char as[256];
	if (base_dir_area(b, area, &fd, e) != 0)
		return -1;
	if (w->plan.dir_is_stray) {
		if (base_dir_set_aside(b, b->fd, id, "quarantine", id, as, e) != 0)
			return -1;
		w->out->stray = mem_printf("%s/.ws/quarantine/%s", b->path, as);
	}
	if (dir_rename(fd, name, b->fd, id, true, e) != 0)
		return err_context(e, "bring %s back from the %s", id, area);
	return dir_sync(b->fd, e) != 0 ? -1 : dir_sync(fd, e);
}

/* An interrupted save keeps its nonce: what of it reached the store is known as our own by it. One that was completed
 * is over. */
static void forget_saves(struct record *r)
{
	for (size_t i = 0; i < r->part_count; i++) {
		struct record_part *p = &r->parts[i];
		if (p->saved)
			p->save_id[0] = '\0';
		p->saved = false;
		p->partial = false;
		p->side_key[0] = '\0';
	}
}

static int set_labels(const struct setup_options *o, struct record *r, struct err *e)
{
	for (size_t i = 0; i < o->label_count; i++) {
		struct str name, value;
		if (!str_cut(str_of(o->labels[i]), '=', &name, &value) || name.len == 0)
			return err_set(e, ERR_KIND_USAGE, "--label \"%s\": NAME=VALUE is expected",
			               o->labels[i]);
		MEM_AUTO char *key = mem_str(name);
		js_set_str(r->labels, key, value);
	}
	if (o->owner && str_copy(str_of(o->owner), r->owner, sizeof(r->owner)) != 0)
		return err_set(e, ERR_KIND_USAGE, "--owner: the name is too long");
	return 0;
}

static struct js *how_it_came(const struct setup *s)
{
	struct js *fields = js_object();
	js_set_text(fields, "how", setup_action_name(s->action));
	js_set_int(fields, "parts_restored", (int64_t)s->parts_restored);
	js_set_int(fields, "parts_absent", (int64_t)s->parts_absent);
	if (s->stray)
		js_set_path(fields, "stray", str_of(s->stray));
	return fields;
}

static int record_ready(struct setup_work *w, struct err *e)
{
	struct setup *s = w->out;
	struct record *r = &s->record;
	r->state = RECORD_READY;
	r->last_used_ms = sys_now_ms();
	if (s->action == SETUP_RESTORE || r->ready_ms == 0)
		r->ready_ms = r->last_used_ms;
	snprintf(r->encrypted, sizeof(r->encrypted), "%s",
	         block_crypt_name(encrypted_look(s->base.path)));
	r->trash_name[0] = '\0';
	r->archive_url[0] = r->archive_sha256[0] = '\0';
	if (!r->task_status[0])
		snprintf(r->task_status, sizeof(r->task_status), "pending");
	if (s->action == SETUP_RESTORE || s->action == SETUP_FINISH)
		r->hooks_pending = w->o->has_hooks;
	if (w->o->ephemeral)
		r->ephemeral = true;
	forget_saves(r);
	record_event(r, w->is_new ? "created" : events[s->action], how_it_came(s));
	if (record_save(&s->base, r, e) != 0)
		return -1;
	journal_add(&s->base, "ready", r->id, how_it_came(s));
	return 0;
}

static int act(struct setup_work *w, struct err *e)
{
	switch (w->plan.action) {
	case SETUP_RESTORE:
	case SETUP_TAKE:
		return setup_restore(w, e);
	case SETUP_UNSPOOL:
		return bring_back(w, "spool", w->out->record.id, e);
	case SETUP_UNTRASH:
		return bring_back(w, "trash", w->out->record.trash_name, e);
	case SETUP_ADOPT:
	case SETUP_FINISH:
		break;
	}
	return 0;
}

/* What the session begins with. Without it nobody can say later what the session made, which is no reason to have none. */
static void note_start(const struct setup_work *w)
{
	struct err why = ERR_INIT;
	bool is_new = w->plan.action == SETUP_RESTORE || w->plan.action == SETUP_FINISH ||
	              w->plan.action == SETUP_TAKE;
	if (is_new && start_note(&w->out->base, w->out->record.id, &why) != 0)
		log_warn("%s: the files at the start are not noted: %s", w->out->record.id,
		         why.msg);
}

/* A flat workspace has its registry from the start, and what happened meanwhile in it. */
static int register_files(const struct setup_work *w, struct err *e)
{
	FD_AUTO root = -1;
	const char *id = w->out->record.id;
	if (!w->out->profile.flat)
		return 0;
	if (dir_open(w->out->base.fd, id, &root, e) != 0)
		return -1;
	const struct flat flat = { .base = &w->out->base, .id = id, .fd = root };
	return flat_update(&flat, NULL, NULL, e);
}

static struct lease lease_of(const struct setup_work *w)
{
	return (struct lease){
		.base = &w->out->base,
		.record = &w->out->record,
		.profile = &w->out->profile,
		.s3 = w->o->s3,
	};
}

/* Before the store is read: what another host is about to save would be missed. */
static int take_lease(struct setup_work *w, struct err *e)
{
	const struct lease lease = lease_of(w);
	bool ephemeral = w->o->ephemeral || w->out->profile.ephemeral;
	w->out->record.lease_ms = 0;
	if (w->o->lease_ms < 0 || ephemeral || !lease_is_needed(&lease))
		return 0;
	w->out->record.lease_ms = w->o->lease_ms;
	if (lease_take(&lease, w->o->wait_ms, &w->leased, e) != 0)
		return -1;
	if (!w->leased)
		w->out->record.lease_ms = 0;
	return 0;
}

/* An option makes nothing temporary that somebody left in order to find it again. */
static int check_ephemeral(const struct setup_work *w, struct err *e)
{
	const struct record *r = &w->out->record;
	bool is_there = w->plan.action == SETUP_ADOPT || w->plan.action == SETUP_UNSPOOL ||
	                w->plan.action == SETUP_UNTRASH || w->plan.action == SETUP_TAKE;
	if (!w->o->ephemeral || r->ephemeral || !is_there)
		return 0;
	return err_set(e, ERR_KIND_CONFLICT,
	               "workspace %s is there already, and what is in it is to be saved; "
	               "ws-teardown it first, or leave out --ephemeral (or class=sensitive)",
	               r->id);
}

/* Of what is there already nothing is given away: told here, it is no "permission denied" in a container later. */
static int check_owner(const struct setup_work *w, struct err *e)
{
	FD_AUTO area = -1;
	struct file_stat st;
	struct err why = ERR_INIT;
	const struct setup *s = w->out;
	bool is_spooled = w->plan.action == SETUP_UNSPOOL,
	     is_trashed = w->plan.action == SETUP_UNTRASH;
	if (!w->o->set_user || w->plan.action == SETUP_RESTORE || w->plan.action == SETUP_TAKE)
		return 0;
	if ((is_spooled || is_trashed) &&
	    base_dir_area(&s->base, is_spooled ? "spool" : "trash", &area, e) != 0)
		return -1;
	const char *name = is_trashed ? s->record.trash_name : s->record.id;
	if (dir_stat(area >= 0 ? area : s->base.fd, name, &st, &why) != 0 || st.uid == w->o->uid)
		return 0;
	return err_set(e, ERR_KIND_CONFLICT,
	               "workspace %s is there already and belongs to %u:%u, not %u:%u; `chown -R "
	               "%u:%u %s` changes that",
	               s->record.id, st.uid, st.gid, w->o->uid, w->o->gid, w->o->uid, w->o->gid,
	               s->root);
}

static int run(struct setup_work *w, struct err *e)
{
	struct setup *s = w->out;
	if (setup_open(w, e) != 0 || check_ephemeral(w, e) != 0 || check_owner(w, e) != 0 ||
	    set_labels(w->o, &s->record, e) != 0)
		return -1;
	s->adopted =
		s->action == SETUP_ADOPT || s->action == SETUP_FINISH || s->action == SETUP_TAKE;
	s->unspooled = s->action == SETUP_UNSPOOL;
	if (w->o->dry_run)
		return s->action == SETUP_RESTORE || s->action == SETUP_TAKE
		               ? setup_restore_preview(w, e)
		               : 0;
	holder_end_left(&s->record, false);
	inside_put_sweep(&s->base);
	if (take_lease(w, e) != 0 || act(w, e) != 0 || git_setup_attach(w, e) != 0 ||
	    register_files(w, e) != 0)
		return -1;
	note_start(w);
	return record_ready(w, e);
}

/* A new workspace that did not come to be leaves no record. The directory decides: when it is in its place the next
 * setup has only to finish. */
static void undo(struct setup_work *w)
{
	struct setup *s = w->out;
	struct err ignored = ERR_INIT;
	const struct lease lease = lease_of(w);
	if (w->leased && !w->placed &&
	    (w->plan.action == SETUP_RESTORE || w->plan.action == SETUP_TAKE))
		lease_release(&lease);
	if (!w->is_new || w->placed || s->lock.fd < 0)
		return;
	if (record_remove(&s->base, s->record.id, &ignored) != 0)
		log_warn("%s", ignored.msg);
}

int setup_run(const struct setup_options *o, struct setup *out, struct err *e)
{
	*out = (struct setup){
		.base = { .fd = -1, .ws_fd = -1 },
		.lock = LOCK_NONE,
	};
	struct setup_work w = { .o = o, .out = out, .keys = LOCK_NONE };
	int result = run(&w, e);
	if (result != 0) {
		undo(&w);
		setup_close(out);
	}
	lock_release(&w.keys);
	mem_free(w.store_url);
	return result;
}

void setup_close(struct setup *s)
{
	lock_release(&s->lock);
	record_free(&s->record);
	profile_free(&s->profile);
	base_dir_close(&s->base);
	mem_free(s->root);
	mem_free(s->stray);
	s->root = NULL;
	s->stray = NULL;
}
