/* Whole passes of the collector over random bases, against a slow and obvious model of where each workspace ends: archives
 * (--archive-to, --compress-after), the trash and its time, generations in the store (--remote), marks that can't be reached
 * and the back-off after them, a clock that goes on or jumps. What is taken when several policies meet is gc_policy_test's. */
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>

#include "data/js.h"
#include "gc/gc.h"
#include "tests/unit/dice.h"
#include "tests/unit/workspace.h"
#include "ws/pin.h"

enum {
	ROUNDS = 50,
	PASSES = 8,
	ITEMS = 4,
	GENERATIONS = 6,
	MINUTE = 60 * 1000,
	HOUR = 60 * MINUTE
};
#define DAY ((int64_t)24 * HOUR)

/* ---- the model ---- */

enum where { HERE, LOCAL, FAR, SAVED, DISCARDED, NOWHERE };

struct model_item {
	char id[16];
	bool ephemeral, sensitive, pinned;
	int64_t used_ms;
	enum where where;
	int64_t trashed_ms; /* 0: nothing of it is in the trash */
};

struct model {
	struct model_item items[ITEMS];
	int64_t written_ms[GENERATIONS];
	bool generation[GENERATIONS];
	int64_t vain_passes, vain_ms;
	uint64_t vain_low; /* the mark that was in vain */
};

/* What one pass is told. */
struct pass {
	bool set_older, set_compress, archives, set_mark, remote, clock_jumped;
	int64_t older_ms, compress_ms, min_age_ms, ttl_ms, now_ms;
	uint64_t low, keep;
};

static struct pass make_pass(int64_t now_ms)
{
	return (struct pass){
		.set_older = dice(3) > 0,
		.older_ms = (int64_t)dice(10) * DAY,
		.set_compress = dice(2) == 0,
		.compress_ms = (int64_t)dice(6) * DAY,
		.min_age_ms = (int64_t)(dice(3) ? dice(3) : 40) * DAY,
		.archives = dice(2) == 0,
		.ttl_ms = (int64_t)dice(4) * DAY,
		.set_mark = dice(3) > 0,
		.low = dice(4) == 0 ? 0 : UINT64_MAX - (dice(5) == 0),
		.remote = dice(2) == 0,
		.keep = dice(5),
		.clock_jumped = dice(8) == 0,
		.now_ms = now_ms,
	};
}

static bool waits(const struct model *m, const struct pass *p)
{
	int64_t wait_ms = 5 * MINUTE;
	for (int64_t i = 1; i < m->vain_passes; i++)
		wait_ms = wait_ms * 2 > 6 * HOUR ? 6 * HOUR : wait_ms * 2;
	return m->vain_passes > 0 && p->set_mark && p->low == m->vain_low &&
	       p->now_ms < m->vain_ms + wait_ms;
}

static void model_take(struct model_item *item, const struct pass *p, bool at_once)
{
	item->where = item->sensitive   ? NOWHERE
	              : item->ephemeral ? DISCARDED
	              : p->archives     ? FAR
	                                : SAVED;
	item->trashed_ms = item->sensitive || at_once ? 0 : p->now_ms;
}

/* Whether something happened to it. */
static bool model_item_pass(struct model_item *item, const struct pass *p, bool short_now)
{
	int64_t idle_ms = p->now_ms - item->used_ms;
	bool may = item->where == HERE && !item->pinned && idle_ms >= p->min_age_ms;
	bool purge = item->trashed_ms && (short_now || p->now_ms - item->trashed_ms >= p->ttl_ms);
	if (purge) {
		item->trashed_ms = 0;
		item->where = item->where == DISCARDED ? NOWHERE : item->where;
	}
	if (may && (short_now || (p->set_older && idle_ms >= p->older_ms)))
		model_take(item, p, short_now);
	else if (may && p->set_compress && idle_ms >= p->compress_ms && !item->ephemeral &&
	         !item->sensitive) {
		item->where = LOCAL;
		item->trashed_ms = p->now_ms;
	} else if (item->where == LOCAL && p->archives && p->set_older && idle_ms >= p->older_ms)
		item->where = FAR;
	else
		return purge;
	return true;
}

/* The newest stay, and what was written within the hour before the newest. */
static void model_generations(struct model *m, const struct pass *p)
{
	bool goes[GENERATIONS] = { false };
	for (int i = 0; i < GENERATIONS; i++) {
		uint64_t later = 0;
		bool old = false;
		for (int k = 0; k < GENERATIONS; k++) {
			later += k > i && m->generation[k];
			old |= m->generation[k] && m->written_ms[k] - m->written_ms[i] > HOUR;
		}
		goes[i] = m->generation[i] && later >= p->keep && old;
	}
	for (int i = 0; i < GENERATIONS; i++)
		m->generation[i] &= !goes[i];
}

static void model_pass(struct model *m, const struct pass *p)
{
	bool waiting = waits(m, p), is_short = p->set_mark && p->low > 0, freed = false;
	for (int i = 0; i < ITEMS && !p->clock_jumped; i++)
		freed |= model_item_pass(&m->items[i], p, is_short && !waiting);
	if (p->remote)
		model_generations(m, p);
	if (!p->set_mark || waiting)
		return;
	m->vain_passes = is_short && !freed ? (m->vain_low == p->low ? m->vain_passes : 0) + 1 : 0;
	m->vain_low = p->low;
	m->vain_ms = p->now_ms;
}

/* ---- the same for real ---- */

static void make_workspace(struct world *w, struct model_item *item, int number, int64_t now_ms)
{
	static const char *const sensitive[] = { "class=sensitive" };
	struct err e = ERR_INIT;
	const struct pin pin = { .reason = "it is" };
	*item = (struct model_item){ .where = HERE, .used_ms = now_ms - (int64_t)dice(12) * DAY };
	snprintf(item->id, sizeof(item->id), "w%d", number);
	item->ephemeral = dice(4) == 0;
	item->sensitive = dice(4) == 0;
	item->pinned = dice(5) == 0;
	MEM_AUTO char *path = mem_printf("base/%s/file", item->id);
	struct setup_options o = setup_of(w, item->id);
	o.ephemeral = item->ephemeral;
	o.labels = sensitive;
	o.label_count = item->sensitive;
	sys_fake_clock(item->used_ms);
	if (set_up_with(w, &o) != ERR_KIND_NONE)
		tap_note("%s", w->last.msg);
	put_file(w, path, item->id);
	BASE_DIR_AUTO b;
	if (base_dir_open(w->base, false, &b, &e) != 0 ||
	    (item->pinned && pin_set(&b, item->id, &pin, &e) != 0))
		tap_note("%s", e.msg);
}

/* Of a session that is over. */
static void make_generations(const struct world *w, struct model *m, int64_t now_ms)
{
	struct record r;
	record_init(&r, "sess_s");
	r.state = RECORD_SAVED;
	snprintf(r.profile, sizeof(r.profile), "session");
	snprintf(r.store, sizeof(r.store), "%s", w->store_url);
	struct record_part *part = record_part(&r, "shared");
	snprintf(part->key, sizeof(part->key), "workspaces/w/home.tar.gz");
	save(w, &r);
	record_free(&r);
	for (int i = 0; i < GENERATIONS; i++) {
		m->generation[i] = true;
		m->written_ms[i] = now_ms - (int64_t)dice(40) * 7 * MINUTE;
		m->written_ms[i] -= m->written_ms[i] % 1000;
		MEM_AUTO char *path =
			mem_printf("store/workspaces/w/home.gen/%013d-s-%09d.tar.gz", i + 1, i);
		put_file(w, path, "state");
		set_age(w, path, m->written_ms[i] / 1000);
	}
}

/* Since the last pass the clock went on with the time, or it jumped. */
static void set_clock(const struct world *w, const struct pass *p)
{
	MEM_AUTO char *text = content_of(w, "base/.ws/gc.json");
	JS_AUTO note = NULL;
	BUF_AUTO out = buf_make(4096);
	struct err e = ERR_INIT;
	sys_fake_clock(p->now_ms);
	if (strcmp(text, "(absent)") == 0 || js_parse(str_of(text), "note", &note, &e) != 0)
		return;
	js_set_int(note, "clock_ms", p->now_ms - (p->clock_jumped ? HOUR : 0));
	js_set_int(note, "boot_ms", sys_boot_ms());
	js_format(note, &out);
	MEM_AUTO char *again = buf_take(&out);
	put_file(w, "base/.ws/gc.json", again);
}

static void run_pass(const struct world *w, const struct pass *p)
{
	MEM_AUTO char *far = mem_printf("file://%s/far", w->top);
	const struct gc_rule rule = {
		.name = "",
		.limits = {
			.set_older = p->set_older,
			.older_ms = p->older_ms,
			.set_compress = p->set_compress,
			.compress_ms = p->compress_ms,
			.set_min_age = true,
			.min_age_ms = p->min_age_ms,
		},
	};
	const struct gc_options o = {
		.policy = { .rules = &rule,
		            .rule_count = 1,
		            .free_bytes = { .set = p->set_mark, .low = p->low, .high = p->low } },
		.trash_ttl_ms = p->ttl_ms,
		.archive_to = p->archives ? far : NULL,
		.remote = p->remote,
		.remote_keep = p->keep,
		.remote_age_ms = DAY,
	};
	struct err e = ERR_INIT;
	struct gc_done done = { .trashed = 0 };
	BASE_DIR_AUTO b;
	AUTO(gc_close_auto) struct gc *g = NULL;
	AUTO(gc_plan_free) struct gc_plan plan = { .items = NULL };
	if (base_dir_open(w->base, false, &b, &e) != 0 || gc_open(&b, &o, &g, &e) != 0 ||
	    gc_make_plan(g, &plan, &e) != 0)
		tap_note("%s", e.msg);
	for (size_t i = 0; i < plan.count; i++) {
		if (gc_execute(g, &plan.items[i], &done, &e) != 0)
			tap_note("%s", e.msg);
	}
	gc_note_run(g, &done, &plan);
}

/* ---- comparing ---- */

/* How many names in a directory hold `text`. */
static size_t count_of(const struct world *w, const char *directory, const char *text)
{
	MEM_AUTO char *path = path_of(w, directory);
	MEM_AUTO char **names = NULL;
	FD_AUTO fd = -1;
	struct err e = ERR_INIT;
	size_t count = 0, found = 0;
	if (dir_open_root(path, &fd, &e) != 0 || dir_list(fd, 1000, &names, &count, &e) != 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		found += strstr(names[i], text) != NULL;
	return found;
}

static bool is_as_modelled(const struct world *w, const struct model_item *item)
{
	static const char *const states[] = {
		[HERE] = "ready",  [LOCAL] = "archived",    [FAR] = "archived",
		[SAVED] = "saved", [DISCARDED] = "trashed", [NOWHERE] = "(none)",
	};
	MEM_AUTO char *directory = mem_printf("base/%s/file", item->id);
	MEM_AUTO char *in_trash = mem_printf(".%s.", item->id);
	MEM_AUTO char *archive = mem_printf("%s-", item->id);
	MEM_AUTO char *saved = mem_printf("store/tasks/%s.tar.gz", item->id);
	return strcmp(state_of(w, item->id), states[item->where]) == 0 &&
	       is_there(w, directory) == (item->where == HERE) &&
	       count_of(w, "base/.ws/trash", in_trash) == (item->trashed_ms != 0) &&
	       count_of(w, "base/.ws/store/archive", archive) == (item->where == LOCAL) &&
	       count_of(w, "far", archive) == (item->where == FAR) &&
	       is_there(w, saved) == (item->where == SAVED);
}

static size_t compare(const struct world *w, const struct model *m, int round, int pass)
{
	size_t wrong = 0;
	for (int i = 0; i < ITEMS; i++) {
		const struct model_item *item = &m->items[i];
		if (is_as_modelled(w, item))
			continue;
		wrong++;
		tap_note("round %d, pass %d, %s: the model says %d, in the trash %d; it is %s",
		         round, pass, item->id, (int)item->where, item->trashed_ms != 0,
		         state_of(w, item->id));
	}
	for (int i = 0; i < GENERATIONS; i++) {
		MEM_AUTO char *name = mem_printf("%013d-", i + 1);
		wrong += count_of(w, "store/workspaces/w/home.gen", name) != m->generation[i];
	}
	return wrong;
}

/* What has to happen now and then, or nothing is shown. */
struct seen {
	size_t by_where[NOWHERE + 1], waited, jumped, pruned;
};

static void look(const struct model *m, struct seen *seen)
{
	for (int i = 0; i < ITEMS; i++)
		seen->by_where[m->items[i].where]++;
	for (int i = 0; i < GENERATIONS; i++)
		seen->pruned += !m->generation[i];
}

static size_t run_round(int round, struct seen *seen)
{
	struct model m = { .vain_passes = 0 };
	WORLD_AUTO w = make_world();
	size_t wrong = 0;
	sys_fake_clock(-1);
	int64_t now_ms = sys_now_ms() + 20 * DAY; /* so that ctimes say nothing */
	for (int i = 0; i < ITEMS; i++)
		make_workspace(&w, &m.items[i], i, now_ms);
	make_generations(&w, &m, now_ms);
	for (int i = 0; i < PASSES && wrong == 0; i++) {
		now_ms += dice(3) ? (int64_t)dice(8) * MINUTE : (int64_t)dice(3) * DAY + 1;
		struct pass p = make_pass(now_ms);
		p.clock_jumped &= i > 0; /* there is a note to compare with */
		set_clock(&w, &p);
		seen->waited += waits(&m, &p);
		seen->jumped += p.clock_jumped;
		run_pass(&w, &p);
		model_pass(&m, &p);
		wrong += compare(&w, &m, round, i);
		look(&m, seen);
	}
	return wrong;
}

/* Hundreds of saves that are synced: in memory, where that is allowed. */
static void use_memory(void)
{
	if (unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("tmpfs", "/tmp", "tmpfs", 0, NULL) != 0)
		tap_note("on the disk");
}

int main(void)
{
	use_memory();
	struct seen seen = { .waited = 0 };
	size_t wrong = 0;
	for (int round = 0; round < ROUNDS && wrong == 0; round++)
		wrong += run_round(round, &seen);
	sys_fake_clock(-1);
	TAP_INT((int)wrong, 0, "passes and the model of them agree, in %d random bases", ROUNDS);
	for (enum where i = HERE; i <= NOWHERE; i++)
		TAP_OK(seen.by_where[i] > 10, "where workspaces get to %d (%zu times)", (int)i,
		       seen.by_where[i]);
	TAP_OK(seen.waited > 2 && seen.jumped > 5 && seen.pruned > 5,
	       "passes wait (%zu), clocks jump (%zu), generations go (%zu)", seen.waited,
	       seen.jumped, seen.pruned);
	return tap_done();
}
