/* The parts of a new workspace, from the store. Law 1 begins here: a token is noted for what was read completely or
 * is known to be absent, and for nothing else. */
#include <string.h>

#include "base/mem.h"
#include "store/store.h"
#include "ws/part.h"
#include "ws/setup_restore.h"

/* One part at work. */
struct step {
	struct setup_work *w;
	const struct part *part;
	struct record_part *record;
	struct store_object object; /* when `found` */
	bool found;                 /* the store has it */
};

static void note_token(struct step *s)
{
	s->record->has_token = true;
	s->record->was_absent = !s->found;
	s->record->token = s->found ? s->object.id : (struct blob_id){ .size_bytes = 0 };
}

/* Copy the key and forget what an earlier life of the workspace knew of the part. */
static int start(struct step *s, struct err *e)
{
	struct record *r = &s->w->out->record;
	s->record = record_part(r, s->part->def->name);
	if (!s->record)
		return err_set(e, ERR_KIND_CONFIG, "part %s: too many parts", s->part->def->name);
	char name[sizeof(s->record->name)];
	memcpy(name, s->record->name, sizeof(name));
	*s->record = (struct record_part){ .has_token = false };
	memcpy(s->record->name, name, sizeof(name));
	if (str_copy(str_of(s->part->key), s->record->key, sizeof(s->record->key)) != 0)
		return err_set(e, ERR_KIND_CONFIG, "part %s: the key is too long",
		               s->part->def->name);
	return 0;
}

/* A missing bucket is a mistake, and a 404 that does not say what is missing is a proxy's, or a wrong endpoint's. */
static bool is_absence(const struct err *why)
{
	bool says_what = why->status == 0 ||
	                 (why->code[0] != '\0' && strcmp(why->code, "NoSuchBucket") != 0);
	return why->kind == ERR_KIND_NOT_FOUND && says_what;
}

/* Whether a listing shows the key: 1, 0, -1 it is refused as well. */
static int is_listed(struct store *store, const char *key)
{
	struct store_list *list;
	struct store_list_entry entry;
	struct err ignored = ERR_INIT;
	if (store_list_open(store, key, &list, &ignored) != 0)
		return -1;
	int got = store_list_next(list, &entry, &ignored);
	bool found = got > 0 && strcmp(entry.key, key) == 0;
	store_list_close(list);
	return got < 0 ? -1 : found;
}

/* S3 answers 403 for a missing key to those who may not list: nobody may take that for an empty workspace. */
static int explain_denied(struct store *store, const char *key, struct err *e)
{
	if (e->kind != ERR_KIND_DENIED || strcmp(e->code, "AccessDenied") != 0)
		return -1;
	switch (is_listed(store, key)) {
	case 1:
		return err_context(e, "it is there, but s3:GetObject is missing for it");
	case 0:
		return err_context(
			e,
			"the bucket may be listed and does not show it, but it can't be asked for");
	default:
		return err_context(
			e, "s3:ListBucket is missing for the bucket (a key that does not exist is "
			   "403 without it), or s3:GetObject for this key");
	}
}

static int find(struct step *s, struct store *store, struct err *e)
{
	struct err why = ERR_INIT;
	s->found = store_stat(store, s->part->key, &s->object, &why) == 0;
	if (s->found || is_absence(&why))
		return 0;
	*e = why; /* what could not be asked is not absent */
	return explain_denied(store, s->part->key, e);
}

/* Whether another part, restored before, is newer than this one's object: then this one is an older copy of
 * something that the other one holds, too. */
static bool is_outdated(const struct step *s, const struct step *all, size_t count)
{
	const char *other = s->part->def->newer_than;
	for (size_t i = 0; other && i < count; i++) {
		if (strcmp(all[i].part->def->name, other) == 0)
			return all[i].found && s->object.modified_ms < all[i].object.modified_ms;
	}
	return false;
}

static int fetch(struct step *s, struct store *store, int staging, struct err *e)
{
	SOURCE_AUTO source = NULL;
	struct part_restored restored;
	if (store_source(store, s->part->key, &source, &s->object, e) != 0)
		return -1;
	if (part_restore(staging, s->part, source, s->w->o->progress, &restored, e) != 0) {
		char url[4096];
		return err_context(e, "restore %s",
		                   store_key_url(store, s->part->key, url, sizeof(url)));
	}
	memcpy(s->record->token_sha256, restored.sha256, sizeof(restored.sha256));
	s->w->out->restored_bytes += restored.content_bytes;
	s->w->out->restored_entries += restored.entries;
	s->w->out->parts_restored++;
	return 0;
}

/* `staging` -1: a dry run, nothing is read. */
static int restore_one(struct step *s, const struct step *all, size_t count, struct store *store,
                       int staging, struct err *e)
{
	if (start(s, e) != 0 || find(s, store, e) != 0)
		return -1;
	if (!s->found) {
		s->w->out->parts_absent++;
	} else if (is_outdated(s, all, count)) {
		note_token(s);
		return 0;
	} else if (staging < 0) {
		s->w->out->parts_restored++;
		s->w->out->restored_bytes += s->object.id.size_bytes;
		return 0;
	} else if (fetch(s, store, staging, e) != 0) {
		return -1;
	}
	if (staging >= 0)
		note_token(s);
	return 0;
}

/* --from: into the first tree of a workspace of which the store has nothing. */
static int restore_from(struct setup_work *w, const struct part *const *order, size_t count,
                        int staging, struct err *e)
{
	SOURCE_AUTO source = NULL;
	struct part_restored restored;
	const struct part *tree = NULL;
	for (size_t i = 0; i < count && !tree; i++)
		tree = order[i]->def->is_file ? NULL : order[i];
	if (!tree)
		return err_set(e, ERR_KIND_USAGE, "--from: the profile has no tree");
	if (store_blob_source(w->o->from, w->o->s3, &source, e) != 0 ||
	    part_restore(staging, tree, source, w->o->progress, &restored, e) != 0)
		return err_context(e, "--from %s", w->o->from);
	w->out->restored_bytes += restored.content_bytes;
	w->out->restored_entries += restored.entries;
	return 0;
}

static int restore_all(struct setup_work *w, const struct part_list *parts, struct store *store,
                       int staging, bool *whole_is_restored, struct err *e)
{
	const struct part *order[PROFILE_PARTS_MAX];
	struct step steps[PROFILE_PARTS_MAX];
	part_sort(parts, PART_RESTORE_ORDER, order);
	for (size_t i = 0; i < parts->count; i++) {
		steps[i] = (struct step){ .w = w, .part = order[i] };
		if (restore_one(&steps[i], steps, i, store, staging, e) != 0)
			return -1;
		if (steps[i].found && strcmp(order[i]->path, ".") == 0)
			*whole_is_restored = true;
	}
	if (!w->o->from || w->out->parts_absent < parts->count || staging < 0)
		return 0;
	return restore_from(w, order, parts->count, staging, e);
}

/* ---- from an archive of the whole ---- */

/* The workspace is what it was when it was archived, and so is the state of the store that each part was built on. */
static void revive_tokens(struct record *r)
{
	for (size_t i = 0; i < r->part_count; i++)
		r->parts[i].has_token = r->parts[i].was_absent || r->parts[i].token.etag[0];
}

static int unpack_archive(struct setup_work *w, int staging, struct source *source, struct err *e)
{
	char path[] = ".";
	const struct record *r = &w->out->record;
	const struct profile_part def = { .name = "archive", .path = "." };
	const struct part whole = { .def = &def, .path = path };
	struct part_restored restored;
	if (part_restore(staging, &whole, source, w->o->progress, &restored, e) != 0)
		return -1;
	if (restored.sha256[0] && strcmp(restored.sha256, r->archive_sha256) != 0)
		return err_set(e, ERR_KIND_DATA, "it is not the archive that was made of %s",
		               r->id);
	w->out->restored_bytes += restored.content_bytes;
	w->out->restored_entries += restored.entries;
	return 0;
}

static int restore_archive(struct setup_work *w, int staging, struct err *e)
{
	SOURCE_AUTO source = NULL;
	struct record *r = &w->out->record;
	w->out->parts_restored = r->part_count;
	if (store_blob_source(r->archive_url, w->o->s3, &source, e) != 0 ||
	    (staging >= 0 && unpack_archive(w, staging, source, e) != 0))
		return err_context(e, "restore %s", r->archive_url);
	if (staging >= 0)
		revive_tokens(r);
	return 0;
}

int setup_restore_parts(struct setup_work *w, int staging, bool *whole_is_restored, struct err *e)
{
	PART_LIST_AUTO parts = { .count = 0 };
	STORE_AUTO store = NULL;
	const struct profile_words words = part_words(&w->out->record);
	*whole_is_restored = w->out->record.archive_url[0] != '\0';
	if (*whole_is_restored)
		return restore_archive(w, staging, e);
	if (part_expand(&w->out->profile, &words, &parts, e) != 0 ||
	    store_open(w->store_url, w->o->s3, &store, e) != 0)
		return -1;
	return restore_all(w, &parts, store, staging, whole_is_restored, e);
}
