/* Names of generations, and how one of them becomes the current state. */
#include "store/generation.h"

#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "base/num.h"
#include "crypto/digest.h"
#include "os/sys.h"
#include "store/store_backend.h"

enum {
	MS_DIGITS = 13,
	SAVE_ID_LEN = 9, /* as sys_random_name makes them */
	TAG_BYTES = 8,
	WAIT_MS = 10 * 1000, /* for the claims of others to go: each only has to list once */
	LOOK_MS = 50,
};

static const char claims[] = "claims/";

/* ---- names ---- */

/* The key without its ending, and the ending: ".tar.gz", or what follows the last dot of the name. */
static void split(const char *key, struct str *stem, struct str *ending)
{
	struct str all = str_of(key), name, before;
	str_cut_last(all, '/', NULL, &name);
	if (str_ends(name, S(".tar.gz")))
		*ending = str_skip(name, name.len - 7);
	else if (str_cut_last(name, '.', &before, ending) && before.len > 0)
		*ending = str_from(ending->p - 1, ending->len + 1);
	else
		*ending = S("");
	*stem = str_head(all, all.len - ending->len);
}

char *generation_prefix(const char *key)
{
	struct str stem, ending;
	split(key, &stem, &ending);
	return mem_printf("%" STR_FMT ".gen/", STR_ARG(stem));
}

char *generation_lease_key(const char *key)
{
	struct str stem, ending;
	split(key, &stem, &ending);
	return mem_printf("%" STR_FMT ".lease", STR_ARG(stem));
}

char *generation_key(const char *key, const char *who, const char *save_id, int64_t now_ms)
{
	struct str stem, ending;
	split(key, &stem, &ending);
	return mem_printf("%" STR_FMT ".gen/%0*lld-%s-%s%" STR_FMT, STR_ARG(stem), MS_DIGITS,
	                  (long long)now_ms, who, save_id, STR_ARG(ending));
}

char *generation_side_key(const char *key, const char *who, int64_t now_ms)
{
	struct str stem, ending;
	split(key, &stem, &ending);
	return mem_printf("%" STR_FMT ".conflict-%s-%lld%" STR_FMT, STR_ARG(stem), who,
	                  (long long)now_ms, STR_ARG(ending));
}

bool generation_parse(const char *key, const char *of, struct generation *out)
{
	struct str stem, ending, ms, rest, name = str_of(key);
	uint64_t number;
	MEM_AUTO char *prefix = generation_prefix(of);
	split(of, &stem, &ending);
	if (!str_starts(name, str_of(prefix)) || !str_ends(name, ending) ||
	    name.len < strlen(prefix) + ending.len)
		return false;
	name = str_skip(name, strlen(prefix));
	name = str_head(name, name.len - ending.len);
	if (!str_cut(name, '-', &ms, &rest) || ms.len != MS_DIGITS ||
	    num_parse_digits(ms, 10, &number) != 0 ||
	    !str_cut_last(rest, '-', &out->who, &out->save_id))
		return false;
	out->saved_ms = (int64_t)number;
	return out->who.len > 0 && out->save_id.len == SAVE_ID_LEN;
}

/* ---- whose turn it is ---- */

struct turn {
	struct store *store;
	const char *key;
	const struct store_put *put;
	char *prefix, *claim; /* of all claims on the same state; our own */
	int64_t claimed_ms;   /* by the store's clock */
};

static void free_turn(struct turn *t)
{
	mem_free(t->prefix);
	mem_free(t->claim);
}

static void name_claim(struct turn *t)
{
	unsigned char hash[DIGEST_SHA256_LEN];
	char tag[2 * TAG_BYTES + 1];
	MEM_AUTO char *generations = generation_prefix(t->key);
	digest_sha256_of(t->put->if_etag, strlen(t->put->if_etag), hash);
	codec_hex(hash, TAG_BYTES, tag);
	t->prefix = mem_printf("%s%s%s/", generations, claims, tag);
	t->claim = mem_printf("%s%0*lld-%s", t->prefix, MS_DIGITS, (long long)sys_now_ms(),
	                      t->put->save_id);
}

static int put_claim(struct turn *t, struct err *e)
{
	SINK_AUTO sink = NULL;
	struct store_object object;
	const struct store_put put = { .save_id = t->put->save_id };
	if (store_sink(t->store, t->claim, &put, &sink, e) != 0 ||
	    sink->write(sink, t->put->save_id, strlen(t->put->save_id), e) != 0 ||
	    sink->finish(sink, NULL, e) != 0 || store_stat(t->store, t->claim, &object, e) != 0)
		return -1;
	t->claimed_ms = object.modified_ms;
	return 0;
}

/* Best effort: what stays is a claim that the others believe until it is old. */
static void drop(struct turn *t, const char *claim)
{
	struct err ignored = ERR_INIT;
	(void)!store_delete(t->store, claim, &ignored);
}

struct claims_seen {
	bool own, before, behind;
};

/* A save that was killed left it, and is being done again. */
static bool is_own_old(const struct turn *t, const char *claim)
{
	struct str save_id;
	return str_cut_last(str_of(claim), '-', NULL, &save_id) && str_is(save_id, t->put->save_id);
}

static void see(struct turn *t, const struct store_list_entry *entry, struct claims_seen *out)
{
	int order = strcmp(entry->key, t->claim);
	if (order == 0)
		out->own = true;
	else if (t->claimed_ms - entry->modified_ms > GENERATION_CLAIM_MS ||
	         is_own_old(t, entry->key))
		drop(t, entry->key);
	else if (order < 0)
		out->before = true;
	else
		out->behind = true;
}

static int look(struct turn *t, struct claims_seen *out, struct err *e)
{
	struct store_list *list;
	struct store_list_entry entry;
	int got;
	*out = (struct claims_seen){ .own = false };
	if (store_list_open(t->store, t->prefix, &list, e) != 0)
		return -1;
	while ((got = store_list_next(list, &entry, e)) > 0)
		see(t, &entry, out);
	store_list_close(list);
	return got;
}

/* CONFLICT when the current state is not the one that was asked for any more. */
static int check_current(const struct turn *t, struct err *e)
{
	struct store_object object;
	struct err why = ERR_INIT;
	char shown[4096];
	int result = store_stat(t->store, t->key, &object, &why);
	if (result != 0 && why.kind != ERR_KIND_NOT_FOUND) {
		*e = why;
		return -1;
	}
	return store_check_condition(t->put, result == 0 ? &object : NULL,
	                             store_key_url(t->store, t->key, shown, sizeof(shown)), e);
}

static int lost(const struct turn *t, struct err *e)
{
	char shown[4096];
	return err_set(e, ERR_KIND_CONFLICT, "%s is being replaced by someone else at this moment",
	               store_key_url(t->store, t->key, shown, sizeof(shown)));
}

static int wait_turn(struct turn *t, struct err *e)
{
	struct claims_seen seen;
	int64_t until_ms = sys_monotonic_ms() + WAIT_MS;
	for (;;) {
		if (look(t, &seen, e) != 0)
			return -1;
		if (seen.before)
			return lost(t, e);
		/* After the look: who replaced it and took the claim away in between is seen here. */
		if (check_current(t, e) != 0)
			return -1;
		if (seen.own && !seen.behind)
			return 0;
		if (sys_monotonic_ms() >= until_ms)
			return lost(t, e);
		sys_sleep_ms(LOOK_MS);
	}
}

int generation_commit(struct store *s, const char *generation, const char *key,
                      const struct store_put *put, struct blob_id *id, struct err *e)
{
	AUTO(free_turn) struct turn t = { .store = s, .key = key, .put = put };
	name_claim(&t);
	if (put_claim(&t, e) != 0)
		return err_context(e, "claim %s", key);
	int result = wait_turn(&t, e) != 0 ? -1 : store_copy(s, generation, key, put, id, e);
	drop(&t, t.claim);
	struct err ignored = ERR_INIT; /* of what is over there is only more than needed */
	if (result == 0)
		(void)!generation_prune(s, key, GENERATION_KEEP, NULL, &ignored);
	return result;
}

/* ---- those that are over ---- */

struct found {
	char **keys;
	int64_t *modified_ms;
	size_t count;
	int64_t newest_ms;
};

static void free_found(struct found *f)
{
	for (size_t i = 0; i < f->count; i++)
		mem_free(f->keys[i]);
	mem_free(f->keys);
	mem_free(f->modified_ms);
}

static int find_all(struct store *s, const char *key, struct found *out, struct err *e)
{
	struct store_list *list;
	struct store_list_entry entry;
	struct generation ignored;
	MEM_AUTO char *prefix = generation_prefix(key);
	int got;
	if (store_list_open(s, prefix, &list, e) != 0)
		return -1;
	while ((got = store_list_next(list, &entry, e)) > 0) {
		if (entry.modified_ms > out->newest_ms)
			out->newest_ms = entry.modified_ms;
		if (!generation_parse(entry.key, key, &ignored))
			continue;
		out->keys = mem_grow(out->keys, out->count + 1, sizeof(*out->keys));
		out->modified_ms =
			mem_grow(out->modified_ms, out->count + 1, sizeof(*out->modified_ms));
		out->keys[out->count] = mem_text(entry.key);
		out->modified_ms[out->count++] = entry.modified_ms;
	}
	store_list_close(list);
	return got;
}

/* What is young may be about to become the current state. */
static bool is_surplus(const struct found *f, size_t i, size_t keep)
{
	return i + keep < f->count && f->newest_ms - f->modified_ms[i] > GENERATION_CLAIM_MS;
}

int generation_surplus(struct store *s, const char *key, size_t keep, size_t *count, struct err *e)
{
	AUTO(free_found) struct found f = { .keys = NULL };
	*count = 0;
	if (find_all(s, key, &f, e) != 0)
		return -1;
	for (size_t i = 0; i < f.count; i++)
		*count += is_surplus(&f, i, keep);
	return 0;
}

int generation_prune(struct store *s, const char *key, size_t keep, size_t *deleted, struct err *e)
{
	AUTO(free_found) struct found f = { .keys = NULL };
	size_t done = 0;
	int result = find_all(s, key, &f, e);
	for (size_t i = 0; result == 0 && i < f.count; i++) {
		if (!is_surplus(&f, i, keep))
			continue;
		result = store_delete(s, f.keys[i], e);
		done += result == 0;
	}
	if (deleted)
		*deleted = done;
	return result;
}
