/* Names of generations, and how one of them becomes the current state. */
#include "store/generation.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "store/claim.h"

enum {
	MS_DIGITS = 13,
	SAVE_ID_LEN = 9, /* as sys_random_name makes them */
};

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

/* ---- becoming the current state ---- */

int generation_commit(struct store *s, const char *generation, const char *key,
                      const struct store_put *put, struct blob_id *id, struct err *e)
{
	AUTO(claim_drop)
	struct claim c = {
		.store = s,
		.key = key,
		.put = put,
		.believed_ms = GENERATION_CLAIM_MS,
	};
	int result = claim_take(&c, e) != 0 ? -1 : store_copy(s, generation, key, put, id, e);
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
