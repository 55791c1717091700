/* The first steps of setup. */
#include "ws/setup_open.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "os/dir.h"
#include "os/log.h"
#include "os/sys.h"
#include "ws/git_setup.h"

enum {
	PATH_TEXT_MAX = 4096,
	KEYS_WAIT_MS = 10 * 1000,
	LOCK_TRIES = 5,
};

static int check_words(const struct setup_options *o, const struct profile *p, struct err *e)
{
	if ((o->workspace && base_dir_check_word("--workspace", o->workspace, e) != 0) ||
	    (o->session && base_dir_check_word("--session", o->session, e) != 0) ||
	    (o->id && base_dir_check_id(o->id, e) != 0))
		return -1;
	if (o->restore)
		return 0; /* the record has them */
	if (p->needs_workspace && !o->workspace)
		return err_set(e, ERR_KIND_USAGE, "profile %s needs --workspace", p->name);
	if (p->needs_session && !o->session)
		return err_set(e, ERR_KIND_USAGE, "profile %s needs --session", p->name);
	return 0;
}

static int base_path(const struct setup_work *w, struct buf *path, struct err *e)
{
	const struct profile_words none = { .id = NULL };
	if (w->o->base)
		buf_add_text(path, w->o->base);
	else if (profile_expand(w->out->profile.base, &none, path, e) != 0)
		return -1;
	return buf_check(path, e, "the base's path");
}

/* In a container that is one user's it does no harm, and that is how volumes come there: so it is no error. */
static void warn_shared(const struct base_dir *b)
{
	struct file_stat st;
	struct err ignored = ERR_INIT;
	if (file_stat(b->fd, &st, &ignored, b->path) == 0 && (st.mode & 01002) == 0002)
		log_warn("base %s: everybody may write to it (mode %o), and so exchange what is in "
		         "it; `chmod o-w` it",
		         b->path, st.mode & 07777);
}

/* In a dry run a base that is not there yet is fine. */
static int open_base(struct setup_work *w, struct err *e)
{
	BUF_AUTO path = buf_make(PATH_TEXT_MAX);
	struct err why = ERR_INIT;
	if (base_path(w, &path, e) != 0)
		return -1;
	w->has_base = base_dir_open(path.p, !w->o->dry_run, &w->out->base, &why) == 0;
	if (w->has_base) {
		warn_shared(&w->out->base);
		return 0;
	}
	bool is_absent = why.kind == ERR_KIND_NOT_FOUND || why.kind == ERR_KIND_CONFIG;
	if (!w->o->dry_run || !is_absent) {
		*e = why;
		return -1;
	}
	w->out->base.path = buf_take(&path);
	return 0;
}

/* ---- which id ---- */

/* The workspace that was made with the same idempotency key: 1 and its id, 0, -1. A record that can't be read is
 * passed over: it must not keep every other workspace from being made. */
static int find_key(const struct base_dir *b, const char *key, char id[BASE_DIR_ID_MAX + 1],
                    struct err *e)
{
	char **ids;
	size_t count;
	int found = 0;
	if (record_ids(b, &ids, &count, e) != 0)
		return -1;
	struct record *r = mem_new(1, sizeof(*r));
	for (size_t i = 0; i < count && !found; i++) {
		struct err ignored = ERR_INIT;
		if (record_load(b, ids[i], r, &ignored) != 0)
			continue;
		found = strcmp(r->idempotency_key, key) == 0;
		if (found)
			snprintf(id, BASE_DIR_ID_MAX + 1, "%s", r->id);
		record_free(r);
	}
	mem_free(r);
	mem_free(ids);
	return found;
}

static int lock_keys(struct setup_work *w, struct err *e)
{
	if (w->o->dry_run)
		return 0;
	int64_t wait_ms =
		w->o->wait_ms < 0 || w->o->wait_ms > KEYS_WAIT_MS ? w->o->wait_ms : KEYS_WAIT_MS;
	return lock_take(w->out->base.ws_fd, "keys.lock", wait_ms, &w->keys, e);
}

/* From the key: 1, 0 not from it, -1. */
static int id_from_key(struct setup_work *w, char id[BASE_DIR_ID_MAX + 1], struct err *e)
{
	const char *key = w->o->idempotency_key;
	if (!key || w->o->id || !w->has_base)
		return 0;
	if (key[0] == '\0' || strlen(key) >= sizeof(w->out->record.idempotency_key))
		return err_set(e, ERR_KIND_USAGE, "--idempotency-key: 1 to 255 bytes are expected");
	if (lock_keys(w, e) != 0)
		return -1;
	int found = find_key(&w->out->base, key, id, e);
	if (found == 1)
		lock_release(&w->keys);
	return found;
}

static int id_from_profile(struct setup_work *w, char id[BASE_DIR_ID_MAX + 1], struct err *e)
{
	const struct profile_words words = { .workspace = w->o->workspace,
		                             .session = w->o->session };
	BUF_AUTO text = buf_make(PATH_TEXT_MAX);
	if (profile_expand(w->out->profile.id, &words, &text, e) != 0 ||
	    base_dir_check_id(text.p, e) != 0)
		return -1;
	snprintf(id, BASE_DIR_ID_MAX + 1, "%s", text.p);
	return 0;
}

static int choose_id(struct setup_work *w, char id[BASE_DIR_ID_MAX + 1], struct err *e)
{
	int from_key = id_from_key(w, id, e);
	if (from_key != 0)
		return from_key < 0 ? -1 : 0;
	if (w->o->id)
		snprintf(id, BASE_DIR_ID_MAX + 1, "%s", w->o->id);
	else if (w->out->profile.id)
		return id_from_profile(w, id, e);
	else
		base_dir_new_id(id);
	return 0;
}

/* ---- lock and record ---- */

/* A setup that failed takes its record's directory away with the lock in it; who waited for that lock makes both
 * again. */
static int take_lock(struct setup_work *w, const char *id, struct err *e)
{
	struct setup *s = w->out;
	for (int tries = 1;; tries++) {
		FD_AUTO fd = -1;
		struct err why = ERR_INIT;
		if (record_dir(&s->base, id, true, &fd, &why) == 0 &&
		    lock_take(fd, "lock", w->o->wait_ms, &s->lock, &why) == 0) {
			record_clean(fd);
			return 0;
		}
		if (why.kind == ERR_KIND_NOT_FOUND && tries < LOCK_TRIES)
			continue;
		*e = why;
		return err_context(e, "workspace %s", id);
	}
}

static void copy_text(char *to, size_t cap, const char *from)
{
	snprintf(to, cap, "%s", from ? from : "");
}

/* A record for a workspace that has none. */
static void fill_record(struct setup_work *w, const char *id)
{
	const struct setup_options *o = w->o;
	struct record *r = &w->out->record;
	record_init(r, id);
	copy_text(r->profile, sizeof(r->profile), w->out->profile.name);
	copy_text(r->workspace, sizeof(r->workspace), o->workspace);
	copy_text(r->session, sizeof(r->session), o->session);
	copy_text(r->idempotency_key, sizeof(r->idempotency_key), o->idempotency_key);
	r->created_ms = sys_now_ms();
}

static int differs(const char *id, const char *what, const char *recorded, const char *said,
                   struct err *e)
{
	if (!said || strcmp(recorded, said) == 0)
		return 0;
	return err_set(e, ERR_KIND_CONFLICT, "workspace %s was made with %s \"%s\", not \"%s\"", id,
	               what, recorded, said);
}

/* An id stands for one workspace: options that say otherwise are a mistake. */
static int check_same(const struct setup_work *w, struct err *e)
{
	const struct record *r = &w->out->record;
	if (differs(r->id, "profile", r->profile, w->out->profile.name, e) != 0 ||
	    differs(r->id, "--workspace", r->workspace, w->o->workspace, e) != 0)
		return -1;
	return differs(r->id, "--session", r->session, w->o->session, e);
}

static int load_record(struct setup_work *w, const char *id, struct err *e)
{
	struct err why = ERR_INIT;
	w->known = w->has_base && record_load(&w->out->base, id, &w->out->record, &why) == 0;
	if (w->known)
		return check_same(w, e);
	if (err_is(&why) && why.kind != ERR_KIND_NOT_FOUND) {
		*e = why;
		return -1;
	}
	fill_record(w, id);
	w->is_new = true;
	return 0;
}

/* The store that was said, else the one of the record, else the one in the base. What is there already belongs to
 * the store that it came from. */
static int choose_store(struct setup_work *w, struct err *e)
{
	struct record *r = &w->out->record;
	MEM_AUTO char *recorded = record_store_url(r, &w->out->base);
	w->store_url = mem_text(w->o->store ? w->o->store : recorded);
	if (!w->o->store || strcmp(w->o->store, recorded) == 0)
		return 0;
	if (w->known && w->plan.action != SETUP_RESTORE)
		return differs(r->id, "--store", recorded, w->o->store, e);
	if (strlen(w->o->store) >= sizeof(r->store))
		return err_set(e, ERR_KIND_USAGE, "--store: the URL is too long");
	copy_text(r->store, sizeof(r->store), w->o->store);
	return 0;
}

static int set_root(struct setup *s, struct err *e)
{
	s->root = base_dir_workspace_path(&s->base, s->record.id);
	if (strlen(s->root) < sizeof(s->record.root))
		return 0;
	return err_set(e, ERR_KIND_USAGE, "%s: the path is too long", s->root);
}

/* What was saved on another host, or before the base was lost, is in a store all the same. */
static int without_record(const struct setup_work *w, const char *base, const struct err *why,
                          struct err *e)
{
	if (why->kind == ERR_KIND_NOT_FOUND)
		return err_set(
			e, ERR_KIND_NOT_FOUND,
			"workspace %s: no such workspace in %s; what a store has of it comes back "
			"with the options that it was made with, and without --restore",
			w->o->id, base);
	*e = *why;
	return -1;
}

/* The profile that was said; of what is restored, the one that it was made with. */
static int choose_profile(struct setup_work *w, struct err *e)
{
	struct setup *s = w->out;
	BASE_DIR_AUTO base = { .fd = -1, .ws_fd = -1 };
	RECORD_AUTO record = { .labels = NULL };
	const char *said = w->o->profile ? w->o->profile : "task";
	if (profile_load(said, w->o->config, &s->profile, e) != 0)
		return -1;
	if (!w->o->restore)
		return 0;
	BUF_AUTO path = buf_make(PATH_TEXT_MAX);
	struct err why = ERR_INIT;
	if (base_path(w, &path, e) != 0)
		return -1;
	if (base_dir_open(path.p, false, &base, &why) != 0 ||
	    record_load(&base, w->o->id, &record, &why) != 0)
		return without_record(w, path.p, &why, e);
	profile_free(&s->profile);
	return profile_load(record.profile, w->o->config, &s->profile, e);
}

/* A workspace that is one already needs no adoption. */
static int plan_adoption(struct setup_work *w, struct err *e)
{
	const struct setup *s = w->out;
	FD_AUTO base = -1;
	struct file_stat st;
	struct err why = ERR_INIT;
	bool is_one = w->known && s->record.state != RECORD_CREATING;
	if (!w->o->adopt || is_one || w->plan.action == SETUP_FINISH)
		return 0;
	if (w->o->from)
		return err_set(e, ERR_KIND_USAGE, "--adopt takes what is there: no --from");
	if (dir_open_root(s->base.path, &base, &why) != 0 ||
	    dir_stat(base, s->record.id, &st, &why) != 0)
		return err_set(e, ERR_KIND_NOT_FOUND, "--adopt: %s is not there", s->root);
	if (!file_is_dir(&st))
		return err_set(e, ERR_KIND_CONFLICT, "--adopt: %s is no directory", s->root);
	w->plan = (struct setup_plan){ .action = SETUP_TAKE, .spool_is_stray = w->place.spool };
	return 0;
}

int setup_open(struct setup_work *w, struct err *e)
{
	char id[BASE_DIR_ID_MAX + 1];
	struct setup *s = w->out;
	if (choose_profile(w, e) != 0 || check_words(w->o, &s->profile, e) != 0 ||
	    open_base(w, e) != 0 || choose_id(w, id, e) != 0)
		return -1;
	if ((!w->o->dry_run && take_lock(w, id, e) != 0) || load_record(w, id, e) != 0 ||
	    git_setup_open(w, e) != 0 || set_root(s, e) != 0)
		return -1;
	const struct record *known = w->known ? &s->record : NULL;
	if (w->has_base && place_look(&s->base, id, known, &w->place, e) != 0)
		return -1;
	w->plan = setup_plan_make(known, &w->place);
	if (plan_adoption(w, e) != 0)
		return -1;
	s->action = w->plan.action;
	return choose_store(w, e);
}
