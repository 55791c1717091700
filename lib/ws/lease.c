/* The lease object: taken, renewed, released. */
#include "ws/lease.h"

#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "base/num.h"
#include "crypto/digest.h"
#include "data/js.h"
#include "os/dir.h"
#include "os/log.h"
#include "os/proc.h"
#include "os/sys.h"
#include "store/claim.h"
#include "store/generation.h"
#include "store/store.h"
#include "ws/part.h"

enum {
	LEASE_MAX = 16 * 1024,
	TIMEOUT_MS = 5000, /* of its requests: it may not keep anyone from working for long */
	ATTEMPTS = 2,
	LOOK_MS = 250,        /* between two looks at what another one holds */
	RENEWALS = 3,         /* in the time that it lasts */
	RETRIES = 5,          /* of a put that another one was faster with */
	CLAIM_MS = 60 * 1000, /* a claim counts: several times what its requests may take */
	HOLDER_BYTES = 4,
};

/* A lease at work. */
struct work {
	const struct lease *l;
	struct store *store;
	char *key;
	struct js *ours;
	char holder[2 * HOLDER_BYTES +
	            2]; /* as a save id: the same for all that comes from this base */
	bool is_held;   /* by another one, at the last look */
};

static void free_work(struct work *w)
{
	store_close(w->store);
	mem_free(w->key);
	js_free(w->ours);
}

/* ---- which object ---- */

/* The part that is saved first of those that are nobody else's; NULL: there is none. */
static const struct profile_part *own_part(const struct profile *p)
{
	const struct profile_part *own = NULL;
	for (size_t i = 0; i < p->part_count; i++) {
		const struct profile_part *part = &p->parts[i];
		if (!part->shared && (!own || part->save_order < own->save_order))
			own = part;
	}
	return own;
}

bool lease_is_needed(const struct lease *l)
{
	return l->record->store[0] && !l->record->ephemeral && own_part(l->profile);
}

/* When the base was made, so that a new one at the same path is another holder. */
static int64_t base_made_ms(const struct base_dir *b)
{
	BUF_AUTO text = buf_make(LEASE_MAX);
	JS_AUTO document = NULL;
	struct err ignored = ERR_INIT;
	if (dir_read_file(b->ws_fd, "base.json", &text, &ignored) != 0 ||
	    js_parse(buf_str(&text), "base.json", &document, &ignored) != 0)
		return 0;
	return js_is_object(document) ? js_get_int(document, "created_ms", 0) : 0;
}

static struct js *describe(const struct lease *l)
{
	struct js *o = js_object();
	struct proc_id self;
	char host[256];
	proc_self(&self);
	js_set_text(o, "host", sys_hostname(host, sizeof(host)));
	js_set_text(o, "base", l->base->path);
	js_set_int(o, "base_made_ms", base_made_ms(l->base));
	js_set_text(o, "id", l->record->id);
	js_set_int(o, "pid", self.pid);
	js_set_int(o, "start_ticks", (int64_t)self.start_ticks);
	js_set_text(o, "boot_id", self.boot_id);
	js_set_int(o, "since_ms", sys_now_ms());
	js_set_int(o, "lasts_ms", l->record->lease_ms);
	return o;
}

/* Its lock sees to it that only one at a time comes from a base. */
static void name_holder(struct work *w)
{
	BUF_AUTO who = buf_make(LEASE_MAX);
	unsigned char hash[DIGEST_SHA256_LEN];
	buf_add_str(&who, js_get_str(w->ours, "host"));
	buf_printf(&who, "\n%s\n%lld", w->l->base->path,
	           (long long)js_get_int(w->ours, "base_made_ms", 0));
	digest_sha256_of(who.p, who.len, hash);
	w->holder[0] = 'h';
	codec_hex(hash, HOLDER_BYTES, w->holder + 1);
}

static int start(const struct lease *l, struct work *w, struct err *e)
{
	const struct profile_words words = part_words(l->record);
	BUF_AUTO key = buf_make(LEASE_MAX);
	struct s3_config s3 = l->s3 ? *l->s3 : (struct s3_config){ .client = NULL };
	s3.timeout_ms = TIMEOUT_MS;
	s3.max_attempts = ATTEMPTS;
	*w = (struct work){ .l = l };
	if (profile_expand(own_part(l->profile)->key, &words, &key, e) != 0 ||
	    store_open(l->record->store, &s3, &w->store, e) != 0)
		return -1;
	w->key = generation_lease_key(key.p);
	w->ours = describe(l);
	name_holder(w);
	return 0;
}

/* ---- what it says ---- */

static bool is_ours(const struct work *w, const struct js *found)
{
	return str_eq(js_get_str(found, "host"), js_get_str(w->ours, "host")) &&
	       str_eq(js_get_str(found, "base"), js_get_str(w->ours, "base")) &&
	       js_get_int(found, "base_made_ms", -1) == js_get_int(w->ours, "base_made_ms", 0);
}

/* 1 and what it says, 0 there is none, -1. */
static int read_lease(struct work *w, struct store_object *object, struct js **found, struct err *e)
{
	SOURCE_AUTO source = NULL;
	struct err why = ERR_INIT;
	char text[LEASE_MAX];
	size_t got;
	if (store_source(w->store, w->key, &source, object, &why) != 0) {
		if (why.kind == ERR_KIND_NOT_FOUND)
			return 0;
		*e = why;
		return -1;
	}
	if (source->read_at(source, 0, text, sizeof(text), &got, e) != 0 ||
	    js_parse(str_from(text, got), w->key, found, e) != 0)
		return err_context(e, "lease");
	if (js_is_object(*found))
		return 1;
	return err_set(e, ERR_KIND_DATA, "lease %s: it is no lease", w->key);
}

static int put_lease(struct work *w, const struct store_put *put, struct err *e)
{
	SINK_AUTO sink = NULL;
	BUF_AUTO text = buf_make(LEASE_MAX);
	js_format(w->ours, &text);
	if (buf_check(&text, e, "lease") != 0 || store_sink(w->store, w->key, put, &sink, e) != 0 ||
	    sink->write(sink, text.p, text.len, e) != 0)
		return -1;
	return sink->finish(sink, NULL, e);
}

/* Where the store itself does not see to it that only one replaces this state, a claim does. */
static int replace_lease(struct work *w, const char *if_etag, struct err *e)
{
	char save_id[10];
	const struct store_put put = {
		.save_id = save_id,
		.if_etag = if_etag,
		.atomic = store_is_conditional(w->store, if_etag, true),
		.content_type = "application/json",
	};
	const struct store_put by = { .save_id = w->holder, .if_etag = if_etag };
	AUTO(claim_drop)
	struct claim claim = {
		.store = w->store,
		.key = w->key,
		.put = &by,
		.believed_ms = CLAIM_MS,
		.will_retry = true,
	};
	sys_random_name(save_id);
	if (!put.atomic && claim_take(&claim, e) != 0)
		return -1;
	if (!put.atomic && !claim_is_young(&claim))
		return err_set(e, ERR_KIND_CONFLICT, "the store is too slow to take %s", w->key);
	return put_lease(w, &put, e);
}

/* What the store's clock says: the age of an object that is put for that. */
static int store_now_ms(struct work *w, int64_t *ms, struct err *e)
{
	SINK_AUTO sink = NULL;
	struct store_object object;
	struct err ignored = ERR_INIT;
	char random[10];
	sys_random_name(random);
	MEM_AUTO char *key = mem_printf("%s-%s", w->key, random);
	if (store_sink(w->store, key, NULL, &sink, e) != 0 || sink->finish(sink, NULL, e) != 0 ||
	    store_stat(w->store, key, &object, e) != 0)
		return -1;
	*ms = object.modified_ms;
	if (store_delete(w->store, key, &ignored) != 0)
		log_warn("%s", ignored.msg);
	return 0;
}

static int held(const struct work *w, const struct js *found, int64_t left_ms, struct err *e)
{
	char left[NUM_TEXT_MAX];
	struct str host = js_get_str(found, "host"), base = js_get_str(found, "base");
	return err_set(
		e, ERR_KIND_TRY_AGAIN,
		"workspace %s is in use on another host or from another base: %" STR_FMT
		", %" STR_FMT ", pid %lld (lease %s, which ends in %s unless it is renewed; --wait "
		"waits for that, --lease 0 does not heed it)",
		w->l->record->id, STR_ARG(host), STR_ARG(base),
		(long long)js_get_int(found, "pid", 0), w->key, num_format_duration(left_ms, left));
}

/* ---- taking it ---- */

/* 1 it may be taken, 0 another one has it (and *e says who), -1. */
static int may_take(struct work *w, const struct js *found, const struct store_object *object,
                    struct err *e)
{
	int64_t now_ms, lasts_ms = js_get_int(found, "lasts_ms", 0);
	struct str host = js_get_str(found, "host");
	char over[NUM_TEXT_MAX];
	if (is_ours(w, found))
		return 1;
	if (store_now_ms(w, &now_ms, e) != 0)
		return -1;
	int64_t left_ms = object->modified_ms + lasts_ms - now_ms;
	if (left_ms > 0) {
		held(w, found, left_ms, e);
		return 0;
	}
	log_warn("%s: the lease of %" STR_FMT " ended %s ago and is taken over", w->l->record->id,
	         STR_ARG(host), num_format_duration(-left_ms, over));
	return 1;
}

/* 1 taken, 0 not now and *e says why, -1. */
static int take_once(struct work *w, struct err *e)
{
	struct store_object object = { .modified_ms = 0 };
	struct err why = ERR_INIT;
	JS_AUTO found = NULL;
	int there = read_lease(w, &object, &found, e);
	int free = there > 0 ? may_take(w, found, &object, e) : there == 0 ? 1 : -1;
	w->is_held = free == 0;
	if (free <= 0 || w->l->record->lease_ms == 0)
		return free;
	if (replace_lease(w, there ? object.id.etag : "", &why) == 0)
		return 1;
	*e = why;
	w->is_held = why.kind == ERR_KIND_CONFLICT;
	return w->is_held ? 0 : -1;
}

/* Another one is taking it at this moment. */
static int overtaken(const struct work *w, const struct err *why, struct err *e)
{
	return err_set(e, ERR_KIND_TRY_AGAIN, "workspace %s is being taken by someone else: %s",
	               w->l->record->id, why->msg);
}

static int take(struct work *w, int64_t wait_ms, struct err *e)
{
	int64_t until_ms = sys_monotonic_ms() + wait_ms;
	for (int tries = 0;; tries++) {
		struct err why = ERR_INIT;
		int taken = take_once(w, &why);
		if (taken > 0)
			return 0;
		bool faster = taken == 0 && why.kind == ERR_KIND_CONFLICT;
		bool over = wait_ms >= 0 && sys_monotonic_ms() >= until_ms &&
		            !(faster && tries < RETRIES);
		if (over && faster)
			return overtaken(w, &why, e);
		if (over || taken < 0) {
			*e = why;
			return -1;
		}
		sys_sleep_ms(LOOK_MS);
	}
}

int lease_take(const struct lease *l, int64_t wait_ms, bool *taken, struct err *e)
{
	AUTO(free_work) struct work w;
	struct err why = ERR_INIT;
	*taken = false;
	if (start(l, &w, e) != 0)
		return -1;
	*taken = take(&w, wait_ms, &why) == 0 && l->record->lease_ms > 0;
	if (!err_is(&why))
		return 0;
	if (w.is_held) {
		*e = why;
		return -1;
	}
	/* A store that can't be read is told by the restore; one that can only be read is no reason not to work. */
	if (l->record->lease_ms > 0)
		log_warn("%s: no lease, other hosts will not see that it is in use: %s",
		         l->record->id, why.msg);
	return 0;
}

/* ---- its end ---- */

static int release(struct work *w, struct err *e)
{
	struct store_object object;
	JS_AUTO found = NULL;
	int there = read_lease(w, &object, &found, e);
	if (there <= 0)
		return there;
	return is_ours(w, found) ? store_delete(w->store, w->key, e) : 0;
}

void lease_release(const struct lease *l)
{
	AUTO(free_work) struct work w;
	struct err why = ERR_INIT;
	if (start(l, &w, &why) != 0 || release(&w, &why) != 0)
		log_warn("%s: the lease stays until it ends: %s", l->record->id, why.msg);
}

int lease_keep(void *ctx, struct err *e)
{
	const struct lease *l = ctx;
	AUTO(free_work) struct work w;
	if (start(l, &w, e) != 0)
		return -1;
	for (;;) {
		struct err why = ERR_INIT;
		sys_sleep_ms(l->record->lease_ms / RENEWALS);
		int taken = take_once(&w, &why);
		if (taken != 1)
			log_warn("%s: the lease is not renewed: %s", l->record->id, why.msg);
		if (taken == 0 && why.kind == ERR_KIND_TRY_AGAIN)
			return 0;
	}
}
