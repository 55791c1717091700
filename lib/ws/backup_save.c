/* Each part to the store, then the manifest. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "os/dir.h"
#include "os/sys.h"
#include "store/store.h"
#include "ws/backup_parts.h"
#include "ws/backup_stage.h"
#include "ws/part.h"

enum { RANDOM_LEN = 9, DIGITS_MIN = 13, LEFTOVERS_MAX = 100 * 1000 };

/* A run. */
struct run {
	struct store *store;
	struct backup *b;
	const struct backup_options *o;
	bool had_manifest;
	char etag[BLOB_ETAG_MAX]; /* of the manifest that was there */
	char **leftovers;         /* parts that were there; NULL-terminated when not NULL */
	size_t leftover_count;
};

/* ---- what is to be saved ---- */

/* A directory: *dir is it. A file: its directory, and its name. *dir stays -1 when there is nothing. */
static int open_part(struct backup_part *p, int *dir, char name[DIR_NAME_MAX + 1], struct err *e)
{
	struct err why = ERR_INIT;
	FD_AUTO file = -1;
	name[0] = '\0';
	p->absent = p->is_file = false;
	if (dir_open_root(p->path, dir, &why) == 0)
		return 0;
	struct err as_file = ERR_INIT;
	if (dir_open_user_file(p->path, false, &file, &as_file) == 0) {
		p->is_file = true;
		return dir_open_user_parent(p->path, dir, name, e);
	}
	p->absent = as_file.kind == ERR_KIND_NOT_FOUND;
	if (p->absent && p->may_be_absent)
		return 0;
	*e = p->absent || why.kind == ERR_KIND_DENIED ? why : as_file;
	return err_context(e, "part %s", p->name);
}

int backup_save_look(struct backup *b, const struct store *s, struct err *e)
{
	for (size_t i = 0; i < b->count; i++) {
		FD_AUTO dir = -1;
		char name[DIR_NAME_MAX + 1];
		if (open_part(&b->parts[i], &dir, name, e) != 0)
			return -1;
	}
	return b->count > 0 ? backup_apart(b, s, e)
	                    : err_set(e, ERR_KIND_USAGE, "there is nothing to back up");
}

/* ---- what is there already ---- */

/* parts/<name>.<13 or more digits>-<9 random>.tar.gz: what runs make, and nothing that somebody put there. */
static bool is_part_key(const char *key)
{
	struct str stem, id, time, random;
	struct str s = str_of(key);
	if (!str_starts(s, S(BACKUP_PREFIX)) || !str_ends(s, S(".tar.gz")))
		return false;
	s = str_head(s, s.len - 7);
	if (!str_cut_last(s, '.', &stem, &id) || !str_cut(id, '-', &time, &random))
		return false;
	for (size_t i = 0; i < time.len; i++) {
		if (time.p[i] < '0' || time.p[i] > '9')
			return false;
	}
	return time.len >= DIGITS_MIN && random.len == RANDOM_LEN;
}

static int list_parts(struct run *r, struct err *e)
{
	struct store_list *list;
	struct store_list_entry entry;
	int more;
	if (store_list_open(r->store, BACKUP_PREFIX, &list, e) != 0)
		return -1;
	while ((more = store_list_next(list, &entry, e)) > 0) {
		if (!is_part_key(entry.key) || r->leftover_count == LEFTOVERS_MAX)
			continue;
		r->leftovers =
			mem_grow(r->leftovers, r->leftover_count + 2, sizeof(r->leftovers[0]));
		r->leftovers[r->leftover_count++] = mem_text(entry.key);
		r->leftovers[r->leftover_count] = NULL;
	}
	store_list_close(list);
	return more;
}

/* The manifest first: another run that commits after this look makes our commit fail, and one that committed before is in
 * it. So what is listed now, and not in the manifest that holds at the end, is nobody's. */
static int look_around(struct run *r, struct err *e)
{
	struct err why = ERR_INIT;
	struct store_object object;
	r->had_manifest = store_stat(r->store, BACKUP_MANIFEST, &object, &why) == 0;
	if (!r->had_manifest && why.kind != ERR_KIND_NOT_FOUND) {
		*e = why;
		return -1;
	}
	if (r->had_manifest)
		memcpy(r->etag, object.id.etag, sizeof(r->etag));
	return list_parts(r, e);
}

/* ---- one part ---- */

static int send_part(struct run *r, struct backup_part *p, int dir, const char *name,
                     struct part_saved *out, struct err *e)
{
	char path[] = ".", stage[] = BACKUP_STAGE_NAME, quarantine[] = BACKUP_QUARANTINE_NAME,
	     found[] = BACKUP_FOUND_NAME;
	char *excludes[] = { stage, quarantine, backup_stage_is_mount(p->path) ? found : NULL,
		             NULL };
	const struct profile_part def = { .name = p->name };
	const struct part part = { .def = &def, .path = path, .excludes = excludes };
	const char *only[] = { name };
	const struct part_save how = {
		.store = r->store,
		.key = p->key,
		.save_id = r->b->id,
		.if_etag = "",
		.only = p->is_file ? only : NULL,
		.only_count = p->is_file ? 1 : 0,
		.keep_going = r->o->keep_going,
		.partial_is_fine = r->o->keep_going,
		.progress = r->o->progress,
		.notice = r->o->notice,
		.notice_ctx = r->o->notice_ctx,
	};
	return part_save(dir, &part, &how, out, e);
}

static int save_part(struct run *r, struct backup_part *p, struct err *e)
{
	FD_AUTO dir = -1;
	char name[DIR_NAME_MAX + 1];
	struct part_saved saved;
	if (open_part(p, &dir, name, e) != 0)
		return -1;
	if (p->absent)
		return 0;
	p->key = mem_printf(BACKUP_PREFIX "%s.%s.tar.gz", p->name, r->b->id);
	if (send_part(r, p, dir, name, &saved, e) != 0)
		return err_context(e, "part %s", p->name);
	p->size_bytes = saved.id.size_bytes;
	p->entries = saved.entries;
	p->content_bytes = saved.content_bytes;
	p->unreadable = saved.unreadable;
	p->changed = saved.changed;
	memcpy(p->sha256, saved.sha256, sizeof(p->sha256));
	r->b->partial = r->b->partial || p->unreadable > 0;
	return 0;
}

/* ---- the manifest, and what it makes superfluous ---- */

static int check_parts(const struct run *r, struct err *e)
{
	for (size_t i = 0; i < r->b->count; i++) {
		const struct backup_part *p = &r->b->parts[i];
		struct store_object object;
		if (p->absent)
			continue;
		if (store_stat(r->store, p->key, &object, e) != 0)
			return -1;
		if (object.id.size_bytes != p->size_bytes)
			return err_set(e, ERR_KIND_CONFLICT, "part %s is not what was sent",
			               p->name);
	}
	return 0;
}

static void remove_key(const struct run *r, const char *key)
{
	struct err why = ERR_INIT;
	if (store_delete(r->store, key, &why) != 0 && r->o->notice)
		r->o->notice(r->o->notice_ctx, &why);
}

/* A partial run takes nothing away: others may be at work, and the complete backup stays what it is. */
static void clean(const struct run *r)
{
	if (r->b->partial)
		return;
	remove_key(r, BACKUP_PARTIAL);
	for (size_t i = 0; i < r->leftover_count; i++)
		remove_key(r, r->leftovers[i]);
}

static int commit(struct run *r, struct err *e)
{
	const char *if_etag = r->b->partial ? NULL : r->had_manifest ? r->etag : "";
	if (check_parts(r, e) != 0 || backup_manifest_store(r->store, r->b, if_etag, e) != 0)
		return -1;
	clean(r);
	return 0;
}

static void start(struct backup *b)
{
	char random[RANDOM_LEN + 1], host[256];
	b->created_ms = sys_now_ms();
	sys_random_name(random);
	snprintf(b->id, sizeof(b->id), "%013lld-%s", (long long)b->created_ms, random);
	mem_free(b->host);
	b->host = mem_text(sys_hostname(host, sizeof(host)));
	b->partial = false;
}

static int save_all(struct run *r, struct err *e)
{
	for (size_t i = 0; i < r->b->count; i++) {
		if (save_part(r, &r->b->parts[i], e) != 0)
			return -1;
	}
	return commit(r, e);
}

/* Who lost may find its parts gone, which says little: this says why. */
static int explain(const struct run *r, struct err *e)
{
	struct store_object now;
	struct err why = ERR_INIT;
	bool there = store_stat(r->store, BACKUP_MANIFEST, &now, &why) == 0;
	if (!there || (r->had_manifest && strcmp(now.id.etag, r->etag) == 0))
		return -1;
	err_clear(e);
	return err_set(e, ERR_KIND_CONFLICT, "%s: another backup was finished there meanwhile",
	               store_url(r->store));
}

int backup_save(struct store *s, struct backup *b, const struct backup_options *o, struct err *e)
{
	struct run r = { .store = s, .b = b, .o = o };
	start(b);
	int rc = look_around(&r, e);
	if (rc == 0 && save_all(&r, e) != 0)
		rc = explain(&r, e);
	mem_free_texts(&r.leftovers);
	return rc;
}
