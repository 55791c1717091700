/* Parts back to their places: all of them beside first, verified, and only then in. */
#include "ws/backup.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "store/store.h"
#include "ws/backup_parts.h"
#include "ws/backup_stage.h"
#include "ws/backup_swap.h"
#include "ws/confined.h"
#include "ws/part.h"

/* ---- which parts, and where to ---- */

static void add(struct backup_restore *r, const struct backup_part *p)
{
	r->parts[r->count] = p;
	r->targets[r->count++] = backup_absolute(p->path);
}

static bool is_named(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return count == 0;
}

int backup_restore_choose(struct backup_restore *r, const struct backup *b,
                          const char *const *names, size_t count, struct err *e)
{
	for (size_t i = 0; i < count; i++) {
		if (!backup_find(b, names[i]))
			return err_set(e, ERR_KIND_NOT_FOUND, "the backup has no part %s",
			               names[i]);
	}
	r->backup = b;
	r->parts = mem_new(b->count + 1, sizeof(struct backup_part *));
	r->targets = mem_new(b->count + 1, sizeof(char *));
	r->actions = mem_new(b->count + 1, sizeof(enum backup_action));
	r->stages = mem_new(b->count + 1, sizeof(struct backup_stage *));
	for (size_t i = 0; i < b->count; i++) {
		if (is_named(b->parts[i].name, names, count))
			add(r, &b->parts[i]);
	}
	return 0;
}

int backup_restore_to(struct backup_restore *r, const char *name, const char *path, struct err *e)
{
	for (size_t i = 0; i < r->count; i++) {
		if (strcmp(r->parts[i]->name, name) != 0)
			continue;
		mem_free(r->targets[i]);
		r->targets[i] = backup_absolute(path);
		return 0;
	}
	return err_set(e, ERR_KIND_NOT_FOUND, "part %s is not one of those to be restored", name);
}

/* ---- the plan ---- */

static int check_apart(const struct backup_restore *r, size_t i, struct err *e)
{
	const char *path = r->targets[i];
	struct str url = str_of(store_url(r->store));
	if (strcmp(path, "/") == 0)
		return err_set(e, ERR_KIND_USAGE, "\"/\" itself can't be restored to");
	for (size_t k = 0; k < i; k++) {
		if (backup_within(path, r->targets[k]) || backup_within(r->targets[k], path))
			return err_set(e, ERR_KIND_CONFLICT,
			               "%s and %s of part %s lie within one another", path,
			               r->targets[k], r->parts[k]->name);
	}
	if (!str_starts(url, S("file://")))
		return 0;
	MEM_AUTO char *place = backup_absolute(str_skip(url, 7).p);
	return backup_within(place, path)
	               ? err_set(e, ERR_KIND_USAGE, "the backup at %s lies in %s", place, path)
	               : 0;
}

static int check_object(const struct backup_restore *r, const struct backup_part *p, struct err *e)
{
	struct store_object object;
	if (p->absent)
		return 0;
	if (store_stat(r->store, p->key, &object, e) != 0)
		return -1;
	return object.id.size_bytes == p->size_bytes
	               ? 0
	               : err_set(e, ERR_KIND_DATA, "%s is not what the manifest says", p->key);
}

static int plan_one(struct backup_restore *r, size_t i, struct err *e)
{
	struct backup_stage_target t;
	const struct backup_part *p = r->parts[i];
	if (check_apart(r, i, e) != 0 || check_object(r, p, e) != 0 ||
	    backup_stage_look(r->targets[i], &t, e) != 0)
		return -1;
	bool inside = t.is_mount || (r->in_place && t.exists && t.is_dir && !p->is_file);
	if (t.is_mount && p->is_file)
		return err_set(e, ERR_KIND_CONFLICT, "%s is a mount point, and the part a file",
		               r->targets[i]);
	r->actions[i] = p->absent   ? (t.exists ? BACKUP_REMOVE : BACKUP_NOTHING)
	                : !t.exists ? BACKUP_CREATE
	                : inside    ? BACKUP_EXCHANGE
	                            : BACKUP_REPLACE;
	return 0;
}

int backup_restore_plan(struct backup_restore *r, struct err *e)
{
	for (size_t i = 0; i < r->count; i++) {
		if (plan_one(r, i, e) != 0)
			return err_context(e, "part %s", r->parts[i]->name);
	}
	return 0;
}

/* ---- beside ---- */

static int hold_against(const struct backup_part *p, const char *sha256, uint64_t entries,
                        uint64_t content_bytes, struct err *e)
{
	if (strcmp(sha256, p->sha256) != 0)
		return err_set(e, ERR_KIND_DATA, "%s: its sha256 is not that of the manifest",
		               p->key);
	if (entries != p->entries || content_bytes != p->content_bytes)
		return err_set(e, ERR_KIND_DATA, "%s: %" PRIu64 " entries of %" PRIu64 " came",
		               p->key, entries, p->entries);
	return 0;
}

/* Through a hash: with fd -1 nothing is written. */
static int read_through(struct backup_restore *r, struct source *source, int fd, uint64_t *entries,
                        uint64_t *content_bytes, struct err *e)
{
	struct reader_check check = { .entries = 0 };
	struct extract_result result = { .entries = 0 };
	const struct limits limits = limits_of_ours();
	const struct reader_options reading = { .limits = &limits, .progress = r->progress };
	const struct extract_options unpacking = {
		.limits = &limits,
		.same_owner = r->same_owner,
		.progress = r->progress,
		.notice = r->notice,
		.notice_ctx = r->notice_ctx,
	};
	int rc = fd < 0 ? confined_verify(source, &reading, &check, e)
	                : confined_extract(source, fd, &unpacking, &result, e);
	*entries = fd < 0 ? check.entries : result.entries;
	*content_bytes = fd < 0 ? check.content_bytes : result.content_bytes;
	return rc;
}

int backup_restore_read(struct backup_restore *r, const struct backup_part *p, int fd,
                        struct err *e)
{
	SOURCE_AUTO source = NULL;
	PART_HASH_AUTO hash = { .inner = NULL };
	char sha256[DIGEST_SHA256_HEX];
	uint64_t entries, content_bytes;
	if (store_source(r->store, p->key, &source, NULL, e) != 0)
		return -1;
	part_hash_init(&hash, source);
	if (read_through(r, &hash.base, fd, &entries, &content_bytes, e) != 0)
		return err_context(e, "%s", p->key);
	part_hash_text(&hash, sha256);
	return hold_against(p, sha256, entries, content_bytes, e);
}

static int stage_one(struct backup_restore *r, size_t i, struct err *e)
{
	const struct backup_part *p = r->parts[i];
	struct backup_stage *s = mem_new(1, sizeof(*s));
	bool inside = r->actions[i] == BACKUP_EXCHANGE ||
	              (r->actions[i] == BACKUP_REMOVE && backup_stage_is_mount(r->targets[i]));
	if (backup_stage_open(r->targets[i], inside, s, e) != 0) {
		mem_free(s);
		return -1;
	}
	r->stages[i] = s;
	if (p->absent)
		return 0;
	if (backup_restore_read(r, p, s->new_fd, e) != 0 ||
	    (p->is_private && part_private_set(s->new_fd, e) != 0))
		return -1;
	return backup_stage_ready(s, p->is_file, e);
}

int backup_restore_stage(struct backup_restore *r, struct err *e)
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->actions[i] != BACKUP_NOTHING && stage_one(r, i, e) != 0)
			return err_context(e, "part %s; nothing was replaced", r->parts[i]->name);
	}
	return 0;
}

/* ---- in ---- */

static int swap_one(struct backup_restore *r, size_t i, struct err *e)
{
	struct backup_stage *s = r->stages[i];
	if (!s)
		return 0;
	return r->parts[i]->absent ? backup_swap_remove(s, e) : backup_swap_run(s, e);
}

static int discard(struct backup_restore *r, struct err *e)
{
	for (size_t i = 0; i < r->count && r->discard; i++) {
		if (r->stages[i] && backup_swap_discard(r->stages[i], e) != 0)
			return err_context(e, "part %s is restored; delete what it replaced",
			                   r->parts[i]->name);
	}
	return 0;
}

int backup_restore_swap(struct backup_restore *r, struct err *e)
{
	for (size_t i = 0; i < r->count; i++) {
		if (swap_one(r, i, e) != 0)
			return err_context(e, "part %s (%zu of %zu are restored)",
			                   r->parts[i]->name, i, r->count);
	}
	return discard(r, e);
}

char *backup_restore_kept(const struct backup_restore *r, size_t i)
{
	struct str above;
	const struct backup_stage *s = r->stages[i];
	if (!s || !s->kept[0])
		return NULL;
	str_cut_last(str_of(r->targets[i]), '/', &above, NULL);
	if (s->inside)
		above = str_of(r->targets[i]);
	return mem_printf("%" STR_FMT "/%s/%s", STR_ARG(above), BACKUP_QUARANTINE_NAME, s->kept);
}

void backup_restore_close(struct backup_restore *r)
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->stages[i])
			backup_stage_close(r->stages[i]);
		mem_free(r->stages[i]);
		mem_free(r->targets[i]);
	}
	mem_free(r->parts);
	mem_free(r->targets);
	mem_free(r->actions);
	mem_free(r->stages);
	*r = (struct backup_restore){ .count = 0 };
}
