/* The far end of what is collected. */
#include "gc/gc_remote.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "s3/s3.h"
#include "store/generation.h"
#include "ws/journal.h"
#include "ws/profile.h"

/* ---- which stores, and which keys in them ---- */

struct places {
	struct place_of {
		char *url, *key; /* of uploads: what their keys begin with */
		bool uploads;
	} * list;
	size_t count;
};

static void places_free(struct places *p)
{
	for (size_t i = 0; i < p->count; i++) {
		mem_free(p->list[i].url);
		mem_free(p->list[i].key);
	}
	mem_free(p->list);
}

static void add_place(struct places *p, const char *url, struct str key, bool uploads)
{
	for (size_t i = 0; i < p->count; i++) {
		if (p->list[i].uploads == uploads && strcmp(p->list[i].url, url) == 0 &&
		    str_is(key, p->list[i].key))
			return;
	}
	p->list = mem_grow(p->list, p->count + 1, sizeof(*p->list));
	p->list[p->count++] =
		(struct place_of){ .url = mem_text(url), .key = mem_str(key), .uploads = uploads };
}

/* A store without a prefix has its bucket from somebody: only what lies where parts lie ("tasks/") is ours. */
static struct str first_name(const char *key)
{
	const char *slash = strchr(key, '/');
	return slash ? str_head(str_of(key), (size_t)(slash - key) + 1) : str_of(key);
}

static void add_record(const struct gc *g, const struct record *r, struct places *out)
{
	PROFILE_AUTO profile = { .name = NULL };
	struct err ignored = ERR_INIT;
	MEM_AUTO char *url = record_store_url(r, g->base);
	for (size_t k = 0; k < r->part_count; k++) {
		if (r->parts[k].key[0])
			add_place(out, url, first_name(r->parts[k].key), true);
	}
	if (profile_load(r->profile, g->options.config, &profile, &ignored) != 0)
		return;
	for (size_t i = 0; i < profile.part_count; i++) {
		for (size_t k = 0; profile.parts[i].shared && k < r->part_count; k++) {
			if (strcmp(r->parts[k].name, profile.parts[i].name) == 0 &&
			    r->parts[k].key[0])
				add_place(out, url, str_of(r->parts[k].key), false);
		}
	}
}

static int find_places(const struct gc *g, struct places *out, struct err *e)
{
	MEM_AUTO char **ids = NULL;
	MEM_AUTO struct record *r = mem_new(1, sizeof(*r));
	size_t count = 0;
	if (record_ids(g->base, &ids, &count, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct err ignored = ERR_INIT;
		if (record_load(g->base, ids[i], r, &ignored) != 0)
			continue;
		add_record(g, r, out);
		record_free(r);
	}
	return 0;
}

/* ---- uploads ---- */

/* s3://BUCKET[/PREFIX]: the bucket, and what keys `under` begin with in it; mem_free. False for another store. */
static bool split_url(const char *url, const char *under, struct str *bucket, char **prefix)
{
	struct str rest = str_of(url), path;
	if (!str_starts(rest, S("s3://")))
		return false;
	bool has_path = str_cut(str_skip(rest, 5), '/', bucket, &path);
	*prefix = has_path && path.len > 0 ? mem_printf("%" STR_FMT "/%s", STR_ARG(path), under)
	                                   : mem_text(under);
	return true;
}

/* Uploads of the store that are old enough; with `abort` they are ended. */
static int go_through_uploads(const struct gc *g, const char *url, const char *under, bool abort,
                              size_t *count, struct err *e)
{
	struct str bucket;
	MEM_AUTO char *prefix = NULL;
	struct s3 *s3 = NULL;
	S3_UPLOADS_AUTO uploads = NULL;
	struct s3_upload u;
	*count = 0;
	if (!split_url(url, under, &bucket, &prefix))
		return 0;
	int got = s3_open(g->options.s3, &s3, e) != 0 ||
	                          s3_uploads_open(s3, bucket, str_of(prefix), &uploads, e) != 0
	                  ? -1
	                  : 1;
	while (got > 0 && (got = s3_uploads_next(uploads, &u, e)) > 0) {
		if (u.begun_ms > g->now_ms - g->options.remote_age_ms)
			continue;
		if (abort && s3_uploads_abort(s3, bucket, u.key, u.id, e) != 0)
			got = -1;
		*count += got > 0;
	}
	s3_uploads_close(uploads);
	uploads = NULL;
	s3_close(s3);
	return got < 0 ? err_context(e, "uploads of %s", url) : 0;
}

/* ---- generations ---- */

static int count_generations(const struct gc *g, const struct place_of *p, size_t *count,
                             struct err *e)
{
	STORE_AUTO store = NULL;
	if (store_open(p->url, g->options.s3, &store, e) != 0)
		return -1;
	return generation_surplus(store, p->key, g->options.remote_keep, count, e);
}

/* ---- plan and execution ---- */

static void add_item(const struct place_of *p, size_t count, struct gc_plan *plan)
{
	struct gc_item *item;
	/* What would be cut could not be found again. */
	if (strlen(p->url) >= sizeof(item->name) || strlen(p->key) >= sizeof(item->detail))
		return;
	item = gc_plan_add(plan);
	snprintf(item->name, sizeof(item->name), "%s", p->url);
	snprintf(item->detail, sizeof(item->detail), "%s", p->key);
	item->idle_ms = -1;
	item->entries = count;
	item->action = p->uploads ? GC_ABORT : GC_PRUNE;
	item->reason = p->uploads ? GC_REASON_UPLOADS : GC_REASON_GENERATIONS;
}

int gc_remote_plan(const struct gc *g, struct gc_plan *plan, struct err *e)
{
	AUTO(places_free) struct places places = { .list = NULL };
	if (find_places(g, &places, e) != 0)
		return -1;
	for (size_t i = 0; i < places.count; i++) {
		const struct place_of *p = &places.list[i];
		struct err why = ERR_INIT;
		size_t count = 0;
		int asked = p->uploads ? go_through_uploads(g, p->url, p->key, false, &count, &why)
		                       : count_generations(g, p, &count, &why);
		if (asked == 0 && count > 0)
			add_item(p, count, plan);
		if (asked != 0 && g->options.notice)
			g->options.notice(g->options.notice_ctx, &why);
	}
	return 0;
}

int gc_remote_execute(const struct gc *g, const struct gc_item *item, struct gc_done *done,
                      struct err *e)
{
	STORE_AUTO store = NULL;
	size_t count = 0;
	int result;
	if (item->action == GC_ABORT)
		result = go_through_uploads(g, item->name, item->detail, true, &count, e);
	else
		result = store_open(item->name, g->options.s3, &store, e) != 0
		                 ? -1
		                 : generation_prune(store, item->detail, g->options.remote_keep,
		                                    &count, e);
	done->pruned += count;
	struct js *fields = js_object();
	js_set_text(fields, "store", item->name);
	js_set_text(fields, "key", item->detail);
	js_set_int(fields, "count", (int64_t)count);
	journal_add(g->base, gc_action_name(item->action), "", fields);
	return result;
}
