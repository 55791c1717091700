/* Generations: their names, and who wins. */
#include "store/generation.h"

#include "base/mem.h"
#include "os/sys.h"
#include "store/claim.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tap.h"

enum { RACERS = 16 };

static const char key[] = "workspaces/w/claude-home.tar.gz";

static void test_names(void)
{
	static const struct {
		const char *key, *side, *generation;
	} rows[] = {
		{ key, "workspaces/w/claude-home.conflict-s1-42.tar.gz",
		  "workspaces/w/claude-home.gen/0000000000042-s1-abcdefghi.tar.gz" },
		{ "a.b/c.jsonl", "a.b/c.conflict-s1-42.jsonl",
		  "a.b/c.gen/0000000000042-s1-abcdefghi.jsonl" },
		{ "a.b/c", "a.b/c.conflict-s1-42", "a.b/c.gen/0000000000042-s1-abcdefghi" },
		{ ".hidden", ".hidden.conflict-s1-42", ".hidden.gen/0000000000042-s1-abcdefghi" },
		{ "k", "k.conflict-s1-42", "k.gen/0000000000042-s1-abcdefghi" },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		MEM_AUTO char *side = generation_side_key(rows[i].key, "s1", 42);
		MEM_AUTO char *made = generation_key(rows[i].key, "s1", "abcdefghi", 42);
		TAP_TEXT(side, rows[i].side, "the side of %s keeps its ending", rows[i].key);
		TAP_TEXT(made, rows[i].generation, "and so does its generation");
	}
}

static void test_parse(void)
{
	static const char *const others[] = {
		"workspaces/w/claude-home.tar.gz",
		"workspaces/w/claude-home.gen/claims/0123456789abcdef/1763671234567-abcdefghi",
		"workspaces/w/claude-home.gen/1763671234567-abcdefghi.tar.gz",
		"workspaces/w/claude-home.gen/176367123456-s-abcdefghi.tar.gz",
		"workspaces/w/claude-home.gen/1763671234567-s-abcdefghi.jsonl",
		"workspaces/w/claude-home.gen/1763671234567-s-abc.tar.gz",
		"workspaces/w/claude-home.gen/.tar.gz",
		"workspaces/w/claude-home.conflict-s-1763671234567.tar.gz",
		"workspaces/v/claude-home.gen/1763671234567-s-abcdefghi.tar.gz",
	};
	struct generation g;
	MEM_AUTO char *made = generation_key(key, "a-b", "abcdefghi", 1763671234567);
	TAP_OK(generation_parse(made, key, &g) && g.saved_ms == 1763671234567 &&
	               str_is(g.who, "a-b") && str_is(g.save_id, "abcdefghi"),
	       "a generation tells when, who and which save");
	for (size_t i = 0; i < COUNTOF(others); i++)
		TAP_OK(!generation_parse(others[i], key, &g), "%s is none", others[i]);
}

/* ---- becoming the current state ---- */

static struct store *open_store(const struct scratch *at)
{
	char url[128];
	struct store *s;
	struct err e = ERR_INIT;
	snprintf(url, sizeof(url), "file://%s", at->path);
	if (store_open(url, NULL, &s, &e) != 0)
		abort();
	return s;
}

static int put(struct store *s, const char *at, const char *save_id)
{
	struct err e = ERR_INIT;
	SINK_AUTO sink = NULL;
	const struct store_put how = { .save_id = save_id };
	return store_sink(s, at, &how, &sink, &e) != 0 ||
	       sink->write(sink, save_id, strlen(save_id), &e) != 0 ||
	       sink->finish(sink, NULL, &e) != 0;
}

/* Save as session `save_id`, built on the state `if_etag`: 0, or the kind of the error. */
static int save(struct store *s, const char *save_id, const char *if_etag)
{
	struct err e = ERR_INIT;
	struct blob_id id;
	const struct store_put how = { .save_id = save_id, .if_etag = if_etag };
	MEM_AUTO char *generation = generation_key(key, "s", save_id, sys_now_ms());
	if (put(s, generation, save_id) != 0)
		return ERR_KIND_BUG;
	return generation_commit(s, generation, key, &how, &id, &e) == 0 ? 0 : (int)e.kind;
}

static size_t count(struct store *s, const char *prefix)
{
	struct err e = ERR_INIT;
	struct store_list *list;
	struct store_list_entry entry;
	size_t found = 0;
	if (store_list_open(s, prefix, &list, &e) != 0)
		return SIZE_MAX;
	while (store_list_next(list, &entry, &e) > 0)
		found++;
	store_list_close(list);
	return found;
}

static void test_one_after_the_other(void)
{
	SCRATCH_AUTO at;
	struct store_object now;
	struct err e = ERR_INIT;
	scratch_open(&at);
	STORE_AUTO s = open_store(&at);
	TAP_INT(save(s, "aaaaaaaaa", ""), 0, "the first state becomes the current one");
	TAP_INT(store_stat(s, key, &now, &e), 0, "it is there");
	TAP_TEXT(now.save_id, "aaaaaaaaa", "and says which generation it is");
	TAP_INT(save(s, "bbbbbbbbb", ""), ERR_KIND_CONFLICT,
	        "what was built on nothing does not replace it");
	TAP_INT(save(s, "ccccccccc", now.id.etag), 0, "what was built on it does");
	TAP_INT(count(s, "workspaces/w/claude-home.gen/0"), 0, "names have no leading zeros");
	TAP_INT(count(s, "workspaces/w/claude-home.gen/claims/"), 0, "no claim is left");
	TAP_INT(count(s, "workspaces/w/claude-home.gen/"), 3, "every state has an object");
}

static void test_claims_of_others(void)
{
	static const char early[] = "workspaces/w/claude-home.gen/claims/e3b0c44298fc1c14/0-x";
	SCRATCH_AUTO at;
	scratch_open(&at);
	STORE_AUTO s = open_store(&at);
	put(s, early, "x");
	TAP_INT(save(s, "aaaaaaaaa", ""), ERR_KIND_CONFLICT,
	        "whoever claimed the same state earlier goes first");
	TAP_INT(count(s, "workspaces/w/claude-home.gen/claims/"), 1,
	        "who gives way takes its claim along");
	const struct timespec old[2] = { { .tv_sec = sys_now_ms() / 1000 - 3700 },
		                         { .tv_sec = sys_now_ms() / 1000 - 3700 } };
	utimensat(at.fd, early, old, 0);
	TAP_INT(save(s, "bbbbbbbbb", ""), 0, "the claim of one that died counts for an hour");
	TAP_INT(count(s, "workspaces/w/claude-home.gen/claims/"), 0, "and is cleared away then");
}

/* Claim the first state in a child that is killed: while it waits for a later claim to go, or when it is its turn. */
static void die_with_claim(struct store *s, const struct scratch *at, bool waits)
{
	static const char all[] = "workspaces/w/claude-home.gen/claims/",
			  late[] = "workspaces/w/claude-home.gen/claims/e3b0c44298fc1c14/9-x";
	if (waits)
		put(s, late, "x");
	pid_t pid = fork();
	if (pid == 0) {
		struct err e = ERR_INIT;
		const struct store_put how = { .save_id = "deaddeadd", .if_etag = "" };
		struct claim c = { .store = s, .key = key, .put = &how, .believed_ms = 3600000 };
		_exit(claim_take(&c, &e) == 0 ? 0 : 1);
	}
	while (waits && count(s, all) < 2)
		sys_sleep_ms(1);
	if (waits)
		kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (waits)
		unlinkat(at->fd, late, 0);
	TAP_INT(count(s, all), 1, "one that was killed leaves its claim");
}

/* Give every claim this age. */
static void age_claims(struct store *s, const struct scratch *at, int64_t age_s)
{
	struct err e = ERR_INIT;
	struct store_list *list;
	struct store_list_entry entry;
	const struct timespec then[2] = { { .tv_sec = sys_now_ms() / 1000 - age_s },
		                          { .tv_sec = sys_now_ms() / 1000 - age_s } };
	if (store_list_open(s, "workspaces/w/claude-home.gen/claims/", &list, &e) != 0)
		abort();
	while (store_list_next(list, &entry, &e) > 0)
		utimensat(at->fd, entry.key, then, 0);
	store_list_close(list);
}

static void test_claims_of_the_dead(void)
{
	SCRATCH_AUTO at;
	scratch_open(&at);
	STORE_AUTO s = open_store(&at);
	die_with_claim(s, &at, true);
	TAP_INT(save(s, "aaaaaaaaa", ""), 0, "that of one that was waiting is over at once");
	SCRATCH_AUTO other;
	scratch_open(&other);
	STORE_AUTO t = open_store(&other);
	die_with_claim(t, &other, false);
	TAP_INT(save(t, "aaaaaaaaa", ""), ERR_KIND_CONFLICT,
	        "what was sent by one that was not may still be on its way");
	age_claims(t, &other, 62);
	TAP_INT(save(t, "bbbbbbbbb", ""), 0, "for a minute");
	TAP_INT(count(t, "workspaces/w/claude-home.gen/claims/"), 0,
	        "and its claim is cleared away");
}

static void test_history(void)
{
	SCRATCH_AUTO at;
	char of[64];
	struct err e = ERR_INIT;
	size_t deleted;
	scratch_open(&at);
	STORE_AUTO s = open_store(&at);
	for (int i = 0; i < 7; i++) {
		snprintf(of, sizeof(of),
		         "workspaces/w/claude-home.gen/100000000000%d-s-savenr%03d.tar.gz", i, i);
		put(s, of, "x");
		const struct timespec old[2] = { { .tv_sec = 1000000 + i * 100 },
			                         { .tv_sec = 1000000 + i * 100 } };
		utimensat(at.fd, of, old, 0);
	}
	TAP_INT(generation_prune(s, key, 2, &deleted, &e), 0, "old generations can be deleted");
	TAP_INT(deleted, 0, "but none that may still be on its way to be the current one");
	TAP_INT(save(s, "aaaaaaaaa", ""), 0, "a save");
	TAP_INT(count(s, "workspaces/w/claude-home.gen/"), GENERATION_KEEP, "leaves the newest %d",
	        (int)GENERATION_KEEP);
	TAP_INT(count(s, of), 1, "of which the oldest go first");
	TAP_INT(generation_prune(s, key, 2, &deleted, &e), 0, "whoever wants fewer");
	TAP_INT(deleted, 2, "has the others deleted");
}

/* Processes that save at the same moment: how many won, and how many gave way. */
static void race(const struct scratch *at, int *won, int *gave_way)
{
	int start[2];
	char byte;
	if (pipe(start) != 0)
		abort();
	for (int i = 0; i < RACERS; i++) {
		if (fork() != 0)
			continue;
		char id[16];
		struct store *s = open_store(at);
		snprintf(id, sizeof(id), "racer%04d", i);
		close(start[1]);
		_exit(read(start[0], &byte, 1) == 0 ? save(s, id, "") : 1);
	}
	close(start[0]);
	close(start[1]);
	for (int i = 0; i < RACERS; i++) {
		int status;
		wait(&status);
		*won += WIFEXITED(status) && WEXITSTATUS(status) == 0;
		*gave_way += WIFEXITED(status) && WEXITSTATUS(status) == ERR_KIND_CONFLICT;
	}
}

static void test_race(void)
{
	SCRATCH_AUTO at;
	int won = 0, gave_way = 0;
	scratch_open(&at);
	race(&at, &won, &gave_way);
	STORE_AUTO s = open_store(&at);
	TAP_INT(won, 1, "of %d that save at the same moment one wins", RACERS);
	TAP_INT(gave_way, RACERS - 1, "and the others know that they did not");
	TAP_INT(count(s, "workspaces/w/claude-home.gen/"), RACERS, "every state is kept");
	TAP_INT(count(s, "workspaces/w/claude-home.tar.gz"), 1, "one of them is current");
}

int main(void)
{
	test_names();
	test_parse();
	test_one_after_the_other();
	test_claims_of_others();
	test_claims_of_the_dead();
	test_history();
	test_race();
	return tap_done();
}
