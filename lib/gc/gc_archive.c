/* Archives: written, read back, recorded. */
#include "gc/gc_archive.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "gc/gc_take.h"
#include "os/dir.h"
#include "os/sys.h"
#include "store/store.h"
#include "ws/confined.h"
#include "ws/journal.h"
#include "ws/part.h"

enum { COPY_BYTES = 1 << 20 };

/* Where the archives of this base are that --compress-after made. */
#define LOCAL_PREFIX "archive/"

/* ---- one archive ---- */

struct archive {
	struct store *store;
	char key[sizeof(((struct gc_archive_made *)0)->key)];
	char url[sizeof(((struct record *)0)->archive_url)];
};

static void place_close(struct archive *a)
{
	store_close(a->store);
}
#define ARCHIVE_AUTO AUTO(place_close) struct archive

/* A name that nothing has yet: an older archive of the same workspace is not written over. */
static int place_open(const struct gc *g, const char *id, const struct gc_archive_place *place,
                      struct archive *a, struct err *e)
{
	*a = (struct archive){ .store = NULL };
	if (store_open(place->url, g->options.s3, &a->store, e) != 0)
		return -1;
	snprintf(a->key, sizeof(a->key), "%s%s-%lld.tar.gz", place->prefix, id,
	         (long long)sys_now_ms());
	if (strlen(store_url(a->store)) + strlen(a->key) + 2 > sizeof(a->url))
		return err_set(e, ERR_KIND_USAGE, "archive %s: the URL is too long", place->url);
	store_key_url(a->store, a->key, a->url, sizeof(a->url));
	return 0;
}

/* Law 2: every byte is read back, and every file's hash compared. */
static int verify(const struct archive *a, struct err *e)
{
	SOURCE_AUTO source = NULL;
	struct reader_check check;
	const struct reader_options how = { .limits = NULL };
	if (store_source(a->store, a->key, &source, NULL, e) == 0 &&
	    confined_verify(source, &how, &check, e) == 0)
		return 0;
	return err_context(e, "verify %s", a->url);
}

/* What is not what was sent is of no use to anybody. */
static void discard(const struct archive *a)
{
	struct err ignored = ERR_INIT;
	int result = store_delete(a->store, a->key, &ignored);
	(void)result;
}

static int write(const struct gc *g, const char *id, const struct archive *a,
                 struct part_saved *saved, struct err *e)
{
	FD_AUTO fd = -1;
	char path[] = ".", key[sizeof(a->key)];
	char *excludes[] = { NULL };
	const struct profile_part def = { .name = "archive", .path = "." };
	memcpy(key, a->key, sizeof(key));
	const struct part part = { .def = &def, .path = path, .key = key, .excludes = excludes };
	struct progress progress = { .label = "archive" };
	const struct part_save how = {
		.store = a->store,
		.key = a->key,
		.if_etag = "",
		.progress = &progress,
		.notice = g->options.notice,
		.notice_ctx = g->options.notice_ctx,
	};
	struct meter *meter = meter_start(&progress, g->options.meter);
	int result =
		dir_open(g->base->fd, id, &fd, e) || part_save(fd, &part, &how, saved, e) ? -1 : 0;
	meter_stop(meter);
	if (result != 0)
		return err_context(e, "archive %s", id);
	if (saved->unreadable == 0 && !saved->missing)
		return 0;
	return err_set(e, ERR_KIND_FAILED, "archive %s: it can't be read completely", id);
}

bool gc_archive_is_due(const struct gc_item *item, const struct gc_archive_place *place)
{
	return place && !item->ephemeral && !item->sensitive;
}

/* ---- what the record says ---- */

/* Law 1 holds for what comes back, too: a part that had no token has none then. */
static void note(struct record *r, const struct archive *a, const struct part_saved *saved)
{
	r->state = RECORD_ARCHIVED;
	r->archived_bytes = saved->id.size_bytes;
	r->content_bytes = saved->content_bytes;
	r->entries = saved->entries;
	r->trash_name[0] = '\0';
	memcpy(r->archive_url, a->url, sizeof(r->archive_url));
	memcpy(r->archive_sha256, saved->sha256, sizeof(r->archive_sha256));
	for (size_t i = 0; i < r->part_count; i++) {
		if (record_part_may_be_saved(&r->parts[i]))
			continue;
		r->parts[i].was_absent = false;
		r->parts[i].token.etag[0] = '\0';
	}
}

static void tell(const struct gc *g, const char *event, const char *id, const char *url)
{
	struct js *fields = js_object();
	js_set_text(fields, "archive", url);
	journal_add(g->base, event, id, fields);
}

int gc_archive_save(const struct gc *g, const char *id, const struct gc_archive_place *place,
                    struct gc_archive_made *made, struct err *e)
{
	ARCHIVE_AUTO a;
	struct part_saved saved;
	MEM_AUTO struct record *r = mem_new(1, sizeof(*r));
	if (place_open(g, id, place, &a, e) != 0 || write(g, id, &a, &saved, e) != 0)
		return -1;
	if (verify(&a, e) != 0) {
		discard(&a);
		return -1;
	}
	if (record_load(g->base, id, r, e) != 0)
		return -1;
	made->is_stub = r->git_dir[0] == '\0';
	memcpy(made->key, a.key, sizeof(made->key));
	note(r, &a, &saved);
	int result = made->is_stub ? record_save(g->base, r, e) : 0;
	record_free(r);
	if (result == 0)
		tell(g, "archive", id, a.url);
	return result;
}

void gc_archive_drop(const struct gc *g, const struct gc_archive_place *place,
                     const struct gc_archive_made *made)
{
	STORE_AUTO store = NULL;
	struct err ignored = ERR_INIT;
	int result = store_open(place->url, g->options.s3, &store, &ignored) != 0
	                     ? -1
	                     : store_delete(store, made->key, &ignored);
	(void)result;
}

/* ---- the local stage ---- */

int gc_archive_compress(struct gc *g, struct gc_item *item, struct gc_done *done, struct err *e)
{
	MEM_AUTO char *url = base_dir_store_url(g->base);
	const struct gc_archive_place here = { url, LOCAL_PREFIX };
	size_t trashed = done->trashed;
	int result = gc_take_workspace(g, item, &here, done, e);
	done->compressed += done->trashed - trashed;
	done->trashed = trashed;
	return result;
}

static int copy(struct source *from, struct sink *to, struct err *e)
{
	MEM_AUTO char *bytes = mem_new(COPY_BYTES, 1);
	uint64_t at = 0;
	size_t got;
	do {
		if (from->read_at(from, at, bytes, COPY_BYTES, &got, e) != 0 ||
		    to->write(to, bytes, got, e) != 0)
			return -1;
		at += got;
	} while (got > 0);
	return 0;
}

static int copy_archive(const struct gc *g, const struct record *r, const struct archive *a,
                        struct err *e)
{
	SOURCE_AUTO source = NULL;
	SINK_AUTO sink = NULL;
	struct blob_id id;
	const struct store_put put = { .if_etag = "" };
	if (store_blob_source(r->archive_url, g->options.s3, &source, e) != 0 ||
	    store_sink(a->store, a->key, &put, &sink, e) != 0 || copy(source, sink, e) != 0 ||
	    sink->finish(sink, &id, e) != 0)
		return err_context(e, "archive %s", r->id);
	if (verify(a, e) == 0)
		return 0;
	discard(a);
	return -1;
}

/* The key below the base's own store that the record's archive has; NULL when it is elsewhere. */
static const char *local_key(const struct gc *g, const struct record *r)
{
	MEM_AUTO char *head = mem_printf("file://%s/.ws/store/", g->base->path);
	size_t len = strlen(head);
	bool is_local = strncmp(r->archive_url, head, len) == 0 &&
	                str_starts(str_of(r->archive_url + len), S(LOCAL_PREFIX));
	return is_local ? r->archive_url + len : NULL;
}

static int send_locked(struct gc *g, struct gc_item *item, struct record *r, struct gc_done *done,
                       struct err *e)
{
	ARCHIVE_AUTO a;
	STORE_AUTO here = NULL;
	struct err ignored = ERR_INIT;
	const char *key = local_key(g, r);
	MEM_AUTO char *old = mem_text(key ? key : "");
	MEM_AUTO char *url = base_dir_store_url(g->base);
	if (r->state != RECORD_ARCHIVED || !key || dir_exists(g->base->fd, r->id, &ignored) != 0)
		return gc_take_leave(g, item, "it is there again", done);
	const struct gc_archive_place there = { g->options.archive_to, "" };
	if (place_open(g, r->id, &there, &a, e) != 0 || copy_archive(g, r, &a, e) != 0)
		return -1;
	memcpy(r->archive_url, a.url, sizeof(r->archive_url));
	if (record_save(g->base, r, e) != 0 || store_open(url, NULL, &here, e) != 0 ||
	    store_delete(here, old, e) != 0)
		return -1;
	done->sent++;
	done->freed_bytes += r->archived_bytes;
	tell(g, "archive", r->id, a.url);
	return 0;
}

int gc_archive_send(struct gc *g, struct gc_item *item, struct gc_done *done, struct err *e)
{
	LOCK_AUTO lock = LOCK_NONE;
	struct err why = ERR_INIT;
	MEM_AUTO struct record *r = mem_new(1, sizeof(*r));
	if (gc_take_lock(g, item->id, &lock, &why) != 0)
		return gc_take_leave(g, item, why.msg, done);
	if (record_load(g->base, item->id, r, e) != 0)
		return -1;
	int result = send_locked(g, item, r, done, e);
	record_free(r);
	return result;
}
