/* Claims: put, looked at, dropped. */
#include "store/claim.h"

#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "base/num.h"
#include "crypto/digest.h"
#include "os/proc.h"
#include "os/sys.h"
#include "store/generation.h"
#include "store/store_backend.h"

enum {
	MS_DIGITS = 13,
	TAG_BYTES = 8,
	ON_ITS_WAY_MS = 60 * 1000, /* what a process sent before it was killed */
	WAIT_MS = 10 * 1000,       /* for the claims of others to go: each only has to list once */
	LOOK_MS = 50,
	SLOW_LOOK_MS = 250, /* of those who have lost */
};

static const char claims[] = "claims/";

static void tag_of(const char *text, char out[2 * TAG_BYTES + 1])
{
	unsigned char hash[DIGEST_SHA256_LEN];
	digest_sha256_of(text, strlen(text), hash);
	codec_hex(hash, TAG_BYTES, out);
}

static void name_claim(struct claim *c)
{
	char tag[2 * TAG_BYTES + 1], place[PROC_PLACE_MAX];
	struct proc_id self;
	MEM_AUTO char *generations = generation_prefix(c->key);
	tag_of(c->put->if_etag, tag);
	if (proc_place(place))
		tag_of(place, c->place);
	proc_self(&self);
	c->all = mem_printf("%s%s", generations, claims);
	c->prefix = mem_printf("%s%s/", c->all, tag);
	c->name = mem_printf("%s%0*lld-%s.%d.%llu-%s", c->prefix, MS_DIGITS,
	                     (long long)sys_now_ms(), c->place, (int)self.pid,
	                     (unsigned long long)self.start_ticks, c->put->save_id);
}

static int put_claim(struct claim *c, const char *text, struct err *e)
{
	SINK_AUTO sink = NULL;
	const struct store_put put = { .save_id = c->put->save_id };
	if (store_sink(c->store, c->name, &put, &sink, e) != 0 ||
	    sink->write(sink, text, strlen(text), e) != 0)
		return -1;
	return sink->finish(sink, NULL, e);
}

static int begin(struct claim *c, struct err *e)
{
	struct store_object object;
	if (put_claim(c, "", e) != 0 || store_stat(c->store, c->name, &object, e) != 0)
		return -1;
	c->put_ms = object.modified_ms;
	return 0;
}

static void drop(struct claim *c, const char *name)
{
	struct err ignored = ERR_INIT;
	(void)!store_delete(c->store, name, &ignored);
}

struct seen {
	bool own, behind;
	char *before; /* the first one that is */
	int64_t before_ms;
};

static void free_seen(struct seen *s)
{
	mem_free(s->before);
}

/* One that was killed left it, and does it again. */
static bool is_own_old(const struct claim *c, const char *name)
{
	struct str save_id;
	return str_cut_last(str_of(name), '-', NULL, &save_id) && str_is(save_id, c->put->save_id);
}

/* Whose owner was in our place and is there no more. */
static bool is_of_dead(const struct claim *c, const char *name)
{
	struct str base, rest, place, number, start;
	struct proc_id owner = { .pid = 0 };
	uint64_t pid;
	if (!str_cut_last(str_of(name), '/', NULL, &base) || !str_cut(base, '-', NULL, &rest) ||
	    !str_cut(rest, '.', &place, &rest) || place.len == 0 || !str_is(place, c->place) ||
	    !str_cut(rest, '.', &number, &rest) || !str_cut(rest, '-', &start, NULL) ||
	    num_parse_digits(number, 10, &pid) != 0 || pid > INT32_MAX ||
	    num_parse_digits(start, 10, &owner.start_ticks) != 0)
		return false;
	owner.pid = (int32_t)pid;
	return proc_alive(&owner) == 0;
}

/* Asked of the object and not of the listing, which may lag behind: that it is empty, or what it sent has arrived or is lost. */
static bool is_over(const struct claim *c, const char *name)
{
	struct store_object object;
	struct err ignored = ERR_INIT;
	return is_of_dead(c, name) && store_stat(c->store, name, &object, &ignored) == 0 &&
	       (object.id.size_bytes == 0 || c->put_ms - object.modified_ms > ON_ITS_WAY_MS);
}

/* What was left on a state that is over is in nobody's way, but has to go some day. */
static void see(struct claim *c, const struct store_list_entry *entry, struct seen *out)
{
	int order = strcmp(entry->key, c->name);
	if (order == 0)
		out->own = true;
	else if (c->put_ms - entry->modified_ms > c->believed_ms || is_own_old(c, entry->key) ||
	         is_over(c, entry->key))
		drop(c, entry->key);
	else if (!str_starts(str_of(entry->key), str_of(c->prefix)))
		return;
	else if (order > 0)
		out->behind = true;
	else if (!out->before) {
		out->before = mem_text(entry->key);
		out->before_ms = entry->modified_ms;
	}
}

static int look(struct claim *c, struct seen *out, struct err *e)
{
	struct store_list *list;
	struct store_list_entry entry;
	int got;
	if (store_list_open(c->store, c->all, &list, e) != 0)
		return -1;
	while ((got = store_list_next(list, &entry, e)) > 0)
		see(c, &entry, out);
	store_list_close(list);
	return got;
}

/* CONFLICT when the current state is not the one that was asked for any more. */
static int check_current(const struct claim *c, struct err *e)
{
	struct store_object object;
	struct err why = ERR_INIT;
	char shown[STORE_URL_MAX];
	int result = store_stat(c->store, c->key, &object, &why);
	if (result != 0 && why.kind != ERR_KIND_NOT_FOUND) {
		*e = why;
		return -1;
	}
	return store_check_condition(c->put, result == 0 ? &object : NULL,
	                             store_key_url(c->store, c->key, shown, sizeof(shown)), e);
}

static int lost(const struct claim *c, const char *to, int64_t put_ms, struct err *e)
{
	char shown[STORE_URL_MAX], ago[NUM_TEXT_MAX], left[NUM_TEXT_MAX];
	int64_t age_ms = c->put_ms > put_ms ? c->put_ms - put_ms : 0;
	int64_t believed_ms = is_of_dead(c, to) ? ON_ITS_WAY_MS : c->believed_ms;
	return err_set(e, ERR_KIND_CONFLICT,
	               "someone else is about to replace it: %s, put %s ago (one that was killed "
	               "is ignored in %s, or removed by ws-s3 rm)",
	               store_key_url(c->store, to, shown, sizeof(shown)),
	               num_format_duration(age_ms, ago),
	               num_format_duration(believed_ms - age_ms, left));
}

/* One that is older than what we would wait for has been left by somebody. */
static void wait_for_end(struct claim *c, const char *of, int64_t put_ms)
{
	int64_t until_ms = sys_monotonic_ms() + WAIT_MS - (c->put_ms - put_ms);
	struct store_object ignored;
	struct err why = ERR_INIT;
	drop(c, c->name);
	while (store_stat(c->store, of, &ignored, &why) == 0 && sys_monotonic_ms() < until_ms)
		sys_sleep_ms(SLOW_LOOK_MS);
}

/* 1 it is our turn, 0 not yet, -1. */
static int wait_turn(struct claim *c, struct err *e)
{
	AUTO(free_seen) struct seen seen = { .own = false };
	if (look(c, &seen, e) != 0)
		return -1;
	if (seen.before) {
		if (c->will_retry)
			wait_for_end(c, seen.before, seen.before_ms);
		return lost(c, seen.before, seen.before_ms, e);
	}
	/* After the look: who replaced it and took the claim away in between is seen here. */
	if (check_current(c, e) != 0)
		return -1;
	return seen.own && !seen.behind;
}

int claim_take(struct claim *c, struct err *e)
{
	int64_t until_ms = sys_monotonic_ms() + WAIT_MS;
	c->began_ms = sys_monotonic_ms();
	name_claim(c);
	if (begin(c, e) != 0)
		return err_context(e, "claim %s", c->key);
	for (;;) {
		int turn = wait_turn(c, e);
		if (turn != 0)
			return turn > 0 ? put_claim(c, c->put->save_id, e) : -1;
		if (sys_monotonic_ms() >= until_ms)
			return err_set(e, ERR_KIND_CONFLICT,
			               "others are about to replace %s and do not give way: see "
			               "the claims in %s",
			               c->key, c->prefix);
		sys_sleep_ms(LOOK_MS);
	}
}

bool claim_is_young(const struct claim *c)
{
	return sys_monotonic_ms() - c->began_ms < c->believed_ms / 2;
}

void claim_drop(struct claim *c)
{
	if (c->name)
		drop(c, c->name);
	mem_free(c->all);
	mem_free(c->prefix);
	mem_free(c->name);
	c->all = c->prefix = c->name = NULL;
}
