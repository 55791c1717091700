/* Saving one part: at its key when the store has the state that it was built on, beside it otherwise. */
#include <string.h>

#include "base/mem.h"
#include "os/sys.h"
#include "store/generation.h"
#include "store/store.h"
#include "ws/journal.h"
#include "ws/teardown_job.h"

static const char *key_of(const struct teardown_step *s)
{
	/* The token is of the recorded key, whatever the configuration says by now. */
	return s->record->key[0] ? s->record->key : s->part->key;
}

/* ---- the state in the store against the one that the workspace was built on ---- */

/* Look at the object: 1 and *object, 0 absent, -1. */
static int look(const struct teardown_step *s, struct store_object *object, struct err *e)
{
	struct err why = ERR_INIT;
	if (store_stat(s->store, key_of(s), object, &why) == 0)
		return 1;
	if (why.kind == ERR_KIND_NOT_FOUND)
		return 0;
	*e = why;
	return -1;
}

/* An interrupted save of ours may have reached the store without our knowing: it carries our nonce, and becomes the
 * token. */
int teardown_part_is_ours(struct teardown_step *s, struct err *e)
{
	struct record_part *r = s->record;
	struct store_object object;
	if (s->j->o->overwrite_remote)
		return 1;
	int there = look(s, &object, e);
	if (there < 0)
		return -1;
	bool expected = there ? !r->was_absent && strcmp(object.id.etag, r->token.etag) == 0
	                      : r->was_absent;
	if (expected)
		return 1;
	if (!there || !r->save_id[0] || strcmp(object.save_id, r->save_id) != 0)
		return 0;
	r->was_absent = false;
	r->token = object.id;
	r->token_sha256[0] = '\0';
	return 1;
}

/* ---- storing ---- */

static const struct store_put anyway = { .if_etag = NULL };
static const struct store_put absent = { .if_etag = "" };

static int store_at(struct teardown_step *s, const char *key, const struct store_put *put,
                    bool partial_is_fine, struct part_saved *out, struct err *e)
{
	const struct teardown_options *o = s->j->o;
	const struct part_save how = {
		.store = s->store,
		.key = key,
		.save_id = s->record->save_id,
		.if_etag = put->if_etag,
		.atomic = put->atomic,
		.only = s->only,
		.only_count = s->only_count,
		.keep_going = o->keep_going,
		.partial_is_fine = partial_is_fine,
		.progress = o->progress,
		.notice = o->notice,
		.notice_ctx = o->notice_ctx,
	};
	return part_save(s->root, s->part, &how, out, e);
}

/* Law 3: what could not be read completely is stored beside, never over a complete state. */
static int store_partial(struct teardown_step *s, const char *key, struct part_saved *out,
                         struct err *e)
{
	MEM_AUTO char *beside = mem_printf("%s.partial", key);
	s->record->partial = true;
	return store_at(s, beside, &anyway, true, out, e);
}

static const char *who(const struct teardown_step *s)
{
	const struct record *r = &s->j->record;
	return r->session[0] ? r->session : r->id;
}

/* Where this state goes when it may not replace the one in the store. */
static int name_side_key(struct teardown_step *s, struct err *e)
{
	MEM_AUTO char *key = generation_side_key(key_of(s), who(s), sys_now_ms());
	if (str_copy(str_of(key), s->record->side_key, sizeof(s->record->side_key)) == 0)
		return 0;
	return err_set(e, ERR_KIND_CONFIG, "part %s: the key is too long", s->part->def->name);
}

static int store_aside(struct teardown_step *s, struct part_saved *out, struct err *e)
{
	if (name_side_key(s, e) != 0 ||
	    store_at(s, s->record->side_key, &absent, false, out, e) != 0)
		return -1;
	return out->unreadable > 0 ? store_partial(s, s->record->side_key, out, e) : 0;
}

/* The generation that lost gets the name by which it is found. */
static int move_aside(struct teardown_step *s, const char *generation, struct part_saved *out,
                      struct err *e)
{
	const struct store_put put = { .save_id = s->record->save_id, .if_etag = "" };
	struct err ignored = ERR_INIT;
	if (name_side_key(s, e) != 0 ||
	    store_copy(s->store, generation, s->record->side_key, &put, &out->id, e) != 0)
		return -1;
	if (store_delete(s->store, generation, &ignored) != 0)
		teardown_job_notice(s->j, &ignored);
	return 0;
}

/* State that others save, too, in a store that can't tell us apart: first where nobody else writes, then made current. */
static int store_generation(struct teardown_step *s, const char *if_etag, struct part_saved *out,
                            struct err *e)
{
	const char *save_id = s->record->save_id;
	MEM_AUTO char *generation = generation_key(key_of(s), who(s), save_id, sys_now_ms());
	const struct store_put put = { .save_id = save_id, .if_etag = if_etag };
	struct err why = ERR_INIT;
	if (store_at(s, generation, &absent, false, out, e) != 0)
		return -1;
	if (out->missing || out->unreadable > 0 ||
	    generation_commit(s->store, generation, key_of(s), &put, &out->id, &why) == 0)
		return 0;
	if (why.kind == ERR_KIND_CONFLICT) {
		teardown_job_notice(s->j, &why); /* a claim that somebody left is named */
		return move_aside(s, generation, out, e);
	}
	*e = why;
	return -1;
}

static int store_in_place(struct teardown_step *s, struct part_saved *out, struct err *e)
{
	const struct record_part *r = s->record;
	const char *if_etag = s->j->o->overwrite_remote ? NULL : r->was_absent ? "" : r->token.etag;
	bool is_shared = s->part->def->shared && if_etag;
	bool atomic = is_shared && store_is_conditional(s->store, if_etag, false);
	const struct store_put put = { .if_etag = if_etag, .atomic = atomic };
	struct err why = ERR_INIT;
	int stored = is_shared && !atomic ? store_generation(s, if_etag, out, &why)
	                                  : store_at(s, key_of(s), &put, false, out, &why);
	if (stored == 0)
		return out->unreadable > 0 ? store_partial(s, key_of(s), out, e) : 0;
	/* Someone was faster between our look and our commit. */
	if (why.kind == ERR_KIND_CONFLICT && !s->j->o->overwrite_remote)
		return store_aside(s, out, e);
	*e = why;
	return -1;
}

/* ---- what the record says of it ---- */

static void note(struct teardown_step *s, const struct part_saved *saved)
{
	struct record_part *r = s->record;
	struct record *record = &s->j->record;
	r->saved = !r->partial;
	if (saved->missing) {
		r->save_id[0] = '\0';
		r->side_key[0] = '\0';
		return;
	}
	record->archived_bytes += saved->id.size_bytes;
	record->content_bytes += saved->content_bytes;
	record->entries += saved->entries;
	if (r->partial || r->side_key[0])
		return;
	r->has_token = true;
	r->was_absent = false;
	r->token = saved->id;
	memcpy(r->token_sha256, saved->sha256, sizeof(r->token_sha256));
}

static void tell(const struct teardown_step *s, const struct part_saved *saved)
{
	const struct record_part *r = s->record;
	struct js *fields = js_object();
	js_set_text(fields, "part", r->name);
	js_set_text(fields, "key", r->side_key[0] ? r->side_key : key_of(s));
	js_set_text(fields, "etag", saved->id.etag);
	js_set_int(fields, "size", (int64_t)saved->id.size_bytes);
	journal_add(s->j->b,
	            r->partial       ? "save-partial"
	            : r->side_key[0] ? "save-conflict"
	                             : "save",
	            s->j->record.id, fields);
}

int teardown_part_save(struct teardown_step *s, struct err *e)
{
	struct part_saved saved;
	int ours = teardown_part_is_ours(s, e);
	if (ours < 0)
		return -1;
	if ((ours ? store_in_place(s, &saved, e) : store_aside(s, &saved, e)) != 0)
		return -1;
	note(s, &saved);
	if (record_save(s->j->b, &s->j->record, e) != 0)
		return -1;
	if (!saved.missing)
		tell(s, &saved);
	return 0;
}
