/* Teardown: what is saved, what is refused, what is kept when it can't be saved. */
#include "ws/teardown.h"

#include <signal.h>
#include <sys/wait.h>

#include "os/lock.h"
#include "os/signals.h"
#include "tests/unit/workspace.h"

static const struct teardown_options plain = { .wake_fd = -1 };

static void test_save_and_remove(void)
{
	WORLD_AUTO w = make_world();
	set_up(&w, "w1");
	put_file(&w, "base/w1/a", "work");
	TAP_INT(tear_down(&w, "w1"), 0, "a workspace is torn down: %s", w.last.msg);
	TAP_OK(w.result.removed && !w.result.spooled && !w.result.conflict &&
	               w.result.parts_saved == 1,
	       "it is saved and removed");
	TAP_OK(w.result.content_bytes == 4 && w.result.entries == 2 && w.result.archived_bytes > 0,
	       "and counted");
	TAP_OK(is_there(&w, "store/tasks/w1.tar.gz") && !is_there(&w, "base/w1"),
	       "the store has it, the base does not");
	TAP_INT(count_in(&w, "base/.ws/trash"), 0, "the trash is empty again");
	TAP_TEXT(state_of(&w, "w1"), "saved", "the record stays");
	RECORD_AUTO r;
	load(&w, "w1", &r);
	TAP_OK(r.parts[0].saved && r.parts[0].save_id[0] && r.parts[0].token.etag[0] &&
	               r.parts[0].token_sha256[0],
	       "and knows what was stored");
	TAP_INT(tear_down(&w, "w1"), 0, "tearing it down once more is done at once");
	TAP_OK(w.result.removed && w.result.parts_saved == 0, "nothing is stored for that");
	TAP_INT(tear_down(&w, "nobody"), ERR_KIND_NOT_FOUND,
	        "what was never set up is not found: %s", w.last.msg);
	put_file(&w, "base/stranger/a", "x");
	TAP_INT(tear_down(&w, "stranger"), ERR_KIND_NOT_FOUND,
	        "nor is a directory without a record");
	TAP_OK(is_there(&w, "base/stranger/a"), "which stays");
	TAP_INT(tear_down(&w, "../w1"), ERR_KIND_USAGE, "an id that climbs out is refused");
}

static void test_keep(void)
{
	WORLD_AUTO w = make_world();
	set_up(&w, "w1");
	put_file(&w, "base/w1/a", "1");
	const struct teardown_options keep = { .keep = true, .wake_fd = -1 };
	TAP_INT(tear_down_with(&w, "w1", keep), 0, "--keep saves");
	TAP_OK(!w.result.removed && has(&w, "base/w1/a", "1"), "and leaves the directory");
	TAP_TEXT(state_of(&w, "w1"), "ready", "it is ready as before");
	put_file(&w, "base/w1/a", "2");
	TAP_INT(tear_down_with(&w, "w1", keep), 0, "its own state is no conflict");
	put_file(&w, "base/w1/a", "3");
	TAP_INT(tear_down(&w, "w1"), 0, "nor is it at the end");
	set_up(&w, "w1");
	TAP_OK(has(&w, "base/w1/a", "3"), "the last state is the one that was saved");
	const struct teardown_options trash = { .keep_trash = true, .wake_fd = -1 };
	TAP_INT(tear_down_with(&w, "w1", trash), 0, "--keep-trash");
	TAP_INT(count_in(&w, "base/.ws/trash"), 1, "leaves the deletion to gc");
}

static void test_discard(void)
{
	WORLD_AUTO w = make_world();
	const struct teardown_options discard = { .discard = true, .wake_fd = -1 };
	const struct teardown_options undoable = { .discard = true,
		                                   .keep_trash = true,
		                                   .wake_fd = -1 };
	set_up(&w, "w1");
	put_file(&w, "base/w1/a", "unwanted");
	TAP_INT(tear_down_with(&w, "w1", undoable), 0, "a workspace is discarded");
	TAP_OK(!is_there(&w, "store") && !is_there(&w, "base/w1"), "nothing is saved");
	TAP_TEXT(state_of(&w, "w1"), "trashed", "the record says so");
	TAP_INT(set_up(&w, "w1"), 0, "setup undoes it while it is in the trash");
	TAP_OK(has(&w, "base/w1/a", "unwanted"), "whole");
	TAP_INT(count_in(&w, "base/.ws/trash"), 0, "the trash is empty then");
	TAP_INT(tear_down_with(&w, "w1", discard), 0, "it is discarded for good");
	TAP_INT(count_in(&w, "base/.ws/trash"), 0, "and deleted");
	RECORD_AUTO r;
	load(&w, "w1", &r);
	TAP_TEXT(r.trash_name, "",
	         "the record gives no name from which half of it could be brought back");
	TAP_INT(tear_down_with(&w, "w1", discard), 0, "discarding it again is fine");
	TAP_INT(set_up(&w, "w1"), 0, "setup makes it anew");
	TAP_INT(count_in(&w, "base/w1"), 0, "and empty");

	struct setup_options o = setup_of(&w, "w2");
	o.ephemeral = true;
	set_up_with(&w, &o);
	put_file(&w, "base/w2/a", "x");
	TAP_INT(tear_down(&w, "w2"), 0, "an ephemeral one goes without being asked for");
	TAP_OK(!is_there(&w, "store") && !is_there(&w, "base/w2") && w.result.removed, "unsaved");
}

/* ---- law 1 ---- */

static void test_token(void)
{
	WORLD_AUTO w = make_world();
	set_up(&w, "w1");
	put_file(&w, "base/w1/a", "work");
	put_file(&w, "store/tasks/w1.tar.gz", "what nobody has read");
	RECORD_AUTO r;
	load(&w, "w1", &r);
	r.parts[0].has_token = false;
	save(&w, &r);
	TAP_INT(tear_down(&w, "w1"), ERR_KIND_USAGE,
	        "without its restore token a part is not saved: %s", w.last.msg);
	TAP_OK(strstr(w.last.msg, "--overwrite-remote") != NULL, "the message says the way out");
	TAP_OK(has(&w, "base/w1/a", "work") &&
	               has(&w, "store/tasks/w1.tar.gz", "what nobody has read"),
	       "nothing has changed on either side");
	const struct teardown_options force = { .overwrite_remote = true, .wake_fd = -1 };
	TAP_INT(tear_down_with(&w, "w1", force), 0, "the way out works: %s", w.last.msg);
	set_up(&w, "w1");
	TAP_OK(has(&w, "base/w1/a", "work"), "the store has this state now");
}

static void test_gone(void)
{
	WORLD_AUTO w = make_world();
	set_up(&w, "w1");
	put_file(&w, "base/w1/a", "work");
	tear_down_with(&w, "w1", (struct teardown_options){ .keep = true, .wake_fd = -1 });
	MEM_AUTO char *before = content_of(&w, "store/tasks/w1.tar.gz");
	delete_in(&w, "base/w1");
	TAP_INT(tear_down(&w, "w1"), ERR_KIND_NOT_FOUND,
	        "a directory that vanished is not saved: %s", w.last.msg);
	TAP_OK(has(&w, "store/tasks/w1.tar.gz", before), "the store keeps what it has");
}

static void test_unfinished(void)
{
	WORLD_AUTO w = make_world();
	set_up(&w, "w1");
	rename_in(&w, "base/w1", "away");
	put_file(&w, "base/w1/theirs", "x");
	set_state(&w, "w1", RECORD_CREATING);
	TAP_INT(tear_down(&w, "w1"), ERR_KIND_NOT_FOUND,
	        "a stranger's directory after a setup that was killed is not saved: %s",
	        w.last.msg);
	TAP_OK(!is_there(&w, "store") && is_there(&w, "base/w1/theirs"), "and stays");
}

/* ---- conflicts ---- */

/* The one object whose name has `part` in it; mem_free. */
static char *object_with(const struct world *w, const char *dir, const char *part)
{
	MEM_AUTO char *full = path_of(w, dir);
	struct err e = ERR_INIT;
	FD_AUTO fd = -1;
	char **names;
	size_t count;
	char *found = NULL;
	if (dir_open_root(full, &fd, &e) != 0 || dir_list(fd, 100, &names, &count, &e) != 0)
		abort();
	for (size_t i = 0; i < count; i++) {
		if (names[i][0] != '.' && strstr(names[i], part) && !found)
			found = mem_text(names[i]);
	}
	mem_free(names);
	return found ? found : mem_text("");
}

static void test_conflict(void)
{
	WORLD_AUTO w = make_world();
	set_up(&w, "w1");
	put_file(&w, "base/w1/a", "ours");
	put_file(&w, "store/tasks/w1.tar.gz", "theirs");
	TAP_INT(tear_down(&w, "w1"), ERR_KIND_CONFLICT,
	        "a state that came meanwhile is a conflict: %s", w.last.msg);
	TAP_OK(has(&w, "store/tasks/w1.tar.gz", "theirs"), "theirs is untouched");
	MEM_AUTO char *name = object_with(&w, "store/tasks", "conflict");
	TAP_OK(strncmp(name, "w1.conflict-w1-", 15) == 0 && str_ends(str_of(name), S(".tar.gz")),
	       "ours lies beside: %s", name);
	TAP_OK(w.result.conflict && w.result.side_key && strstr(w.result.side_key, name),
	       "the result names it");
	TAP_OK(strstr(w.last.msg, name) != NULL, "so does the message");
	TAP_OK(w.result.removed && !is_there(&w, "base/w1"),
	       "as it is stored, the directory is gone");
	struct setup_options o = setup_of(&w, "w2");
	MEM_AUTO char *archive = mem_printf("%s/tasks/%s", w.store, name);
	o.from = archive;
	TAP_INT(set_up_with(&w, &o), 0, "it can be had back");
	TAP_OK(has(&w, "base/w2/a", "ours"), "whole");
}

static void test_conflict_deleted(void)
{
	WORLD_AUTO w = make_world();
	set_up(&w, "w1");
	tear_down(&w, "w1");
	set_up(&w, "w1");
	delete_in(&w, "store/tasks/w1.tar.gz");
	TAP_INT(tear_down(&w, "w1"), ERR_KIND_CONFLICT,
	        "an object that was deleted meanwhile is a conflict, too");
	TAP_OK(!is_there(&w, "store/tasks/w1.tar.gz"), "it is not made again");
}

/* A teardown that was killed between the store's commit and the record. */
static void test_own_interrupted_save(void)
{
	WORLD_AUTO w = make_world();
	RECORD_AUTO before;
	set_up(&w, "w1");
	put_file(&w, "base/w1/a", "1");
	load(&w, "w1", &before);
	tear_down_with(&w, "w1", (struct teardown_options){ .keep_trash = true, .wake_fd = -1 });
	RECORD_AUTO saved;
	load(&w, "w1", &saved);
	snprintf(before.parts[0].save_id, sizeof(before.parts[0].save_id), "%s",
	         saved.parts[0].save_id);
	before.state = RECORD_SAVING;
	save(&w, &before);
	MEM_AUTO char *name = object_with(&w, "base/.ws/trash", "w1");
	MEM_AUTO char *trash = mem_printf("base/.ws/trash/%s", name);
	rename_in(&w, trash, "base/w1");
	put_file(&w, "base/w1/a", "2");
	TAP_INT(tear_down(&w, "w1"), 0,
	        "what an interrupted save of ours stored is no conflict: %s", w.last.msg);
	set_up(&w, "w1");
	TAP_OK(has(&w, "base/w1/a", "2"), "the last state is saved");

	save(&w, &before);
	TAP_INT(set_up(&w, "w1"), 0, "setup takes an interrupted teardown back");
	RECORD_AUTO again;
	load(&w, "w1", &again);
	TAP_TEXT(again.parts[0].save_id, before.parts[0].save_id,
	         "and keeps the nonce of its save");
}

/* ---- spool ---- */

static void break_store(const struct world *w)
{
	rename_in(w, "store", "store-away");
	put_file(w, "store", "not a directory");
}

static void mend_store(const struct world *w)
{
	delete_in(w, "store");
	rename_in(w, "store-away", "store");
}

static enum err_kind retry(struct world *w, size_t *sent, size_t *left)
{
	BASE_DIR_AUTO b;
	w->last = ERR_INIT;
	if (base_dir_open(w->base, false, &b, &w->last) != 0)
		abort();
	return teardown_retry(&b, &plain, sent, left, &w->last) == 0 ? ERR_KIND_NONE : w->last.kind;
}

static void test_spool(void)
{
	WORLD_AUTO w = make_world();
	size_t sent, left;
	set_up(&w, "w0");
	tear_down(&w, "w0");
	set_up(&w, "w1");
	put_file(&w, "base/w1/a", "work");
	break_store(&w);
	TAP_INT(tear_down_with(&w, "w1", (struct teardown_options){ .keep = true, .wake_fd = -1 }),
	        ERR_KIND_CONFIG, "with --keep a store that fails is an error: %s", w.last.msg);
	TAP_OK(has(&w, "base/w1/a", "work"), "the directory stays with its user");
	TAP_TEXT(state_of(&w, "w1"), "ready", "ready as before");
	TAP_INT(tear_down(&w, "w1"), ERR_KIND_TRY_AGAIN, "without it the workspace is spooled: %s",
	        w.last.msg);
	TAP_OK(w.result.spooled && !w.result.removed && strstr(w.last.msg, "--retry"),
	       "as the result and message say");
	TAP_OK(has(&w, "base/.ws/spool/w1/a", "work") && !is_there(&w, "base/w1"),
	       "nothing is lost");
	TAP_TEXT(state_of(&w, "w1"), "spooled", "the record says so");
	TAP_INT(retry(&w, &sent, &left), ERR_KIND_TRY_AGAIN,
	        "a retry fails while the store does: %s", w.last.msg);
	TAP_OK(sent == 0 && left == 1 && has(&w, "base/.ws/spool/w1/a", "work"), "and keeps it");
	TAP_INT(tear_down(&w, "w1"), ERR_KIND_TRY_AGAIN, "so does another teardown");
	mend_store(&w);
	TAP_INT(retry(&w, &sent, &left), 0, "when the store is back it is sent: %s", w.last.msg);
	TAP_OK(sent == 1 && left == 0 && count_in(&w, "base/.ws/spool") == 0, "the spool is empty");
	TAP_INT(count_in(&w, "base/.ws/trash"), 0, "the trash, too");
	TAP_TEXT(state_of(&w, "w1"), "saved", "the record says so again");
	set_up(&w, "w1");
	TAP_OK(has(&w, "base/w1/a", "work"), "and the store has it");
	TAP_INT(retry(&w, &sent, &left), 0, "an empty spool is fine");
}

static void test_unspool(void)
{
	WORLD_AUTO w = make_world();
	set_up(&w, "w0");
	tear_down(&w, "w0");
	set_up(&w, "w1");
	put_file(&w, "base/w1/a", "1");
	break_store(&w);
	tear_down(&w, "w1");
	SETUP_AUTO s;
	struct err e = ERR_INIT;
	const struct setup_options o = setup_of(&w, "w1");
	TAP_OK(setup_run(&o, &s, &e) == 0 && s.unspooled,
	       "setup takes the newest state from the spool, even without the store");
	TAP_OK(has(&w, "base/w1/a", "1") && count_in(&w, "base/.ws/spool") == 0, "by one rename");
	setup_close(&s);
	put_file(&w, "base/w1/a", "2");
	mend_store(&w);
	TAP_INT(tear_down(&w, "w1"), 0, "its tokens hold: %s", w.last.msg);

	/* Spooled on a full disk: the rename was done, the record was not written. */
	set_up(&w, "w1");
	put_file(&w, "base/w1/a", "3");
	put_dir(&w, "base/.ws/spool/x");
	delete_in(&w, "base/.ws/spool/x");
	rename_in(&w, "base/w1", "base/.ws/spool/w1");
	set_state(&w, "w1", RECORD_SAVING);
	TAP_INT(tear_down(&w, "w1"), 0, "what is in the spool is sent whatever the record says: %s",
	        w.last.msg);
	set_up(&w, "w1");
	TAP_OK(has(&w, "base/w1/a", "3"), "and is saved");
	rename_in(&w, "base/w1", "base/.ws/spool/w1");
	TAP_INT(set_up(&w, "w1"), 0, "setup brings it back whatever the record says");
	TAP_OK(has(&w, "base/w1/a", "3"), "as it was");
}

/* A conflict found while sending from the spool is stored beside, too. */
static void test_spool_conflict(void)
{
	WORLD_AUTO w = make_world();
	size_t sent, left;
	set_up(&w, "w0");
	tear_down(&w, "w0");
	set_up(&w, "w1");
	put_file(&w, "base/w1/a", "ours");
	break_store(&w);
	tear_down(&w, "w1");
	mend_store(&w);
	put_file(&w, "store/tasks/w1.tar.gz", "theirs");
	TAP_INT(retry(&w, &sent, &left), ERR_KIND_CONFLICT,
	        "a spooled state that is a conflict is told, as in a teardown");
	TAP_INT(sent, 1, "and sent, that is: stored beside");
	MEM_AUTO char *name = object_with(&w, "store/tasks", "conflict");
	TAP_OK(name[0] && has(&w, "store/tasks/w1.tar.gz", "theirs"), "as %s", name);
}

/* ---- stops ---- */

static void test_wake(void)
{
	WORLD_AUTO w = make_world();
	int pipe_fds[2];
	set_up(&w, "w1");
	put_file(&w, "base/w1/a", "work");
	if (pipe(pipe_fds) != 0 || write(pipe_fds[1], "x", 1) != 1)
		abort();
	/* The store's commit is held up, so that the save can't be done before it is looked at. */
	put_dir(&w, "store");
	FD_AUTO store = open(w.store, O_RDONLY | O_DIRECTORY);
	LOCK_AUTO lock;
	struct err e = ERR_INIT;
	if (lock_take(store, ".ws-store.lock", 0, &lock, &e) != 0)
		abort();
	TAP_INT(tear_down_with(&w, "w1", (struct teardown_options){ .wake_fd = pipe_fds[0] }),
	        ERR_KIND_TRY_AGAIN, "a signal ends the save: %s", w.last.msg);
	TAP_OK(w.result.spooled && has(&w, "base/.ws/spool/w1/a", "work"),
	       "the work is in the spool");
	close(pipe_fds[0]);
	close(pipe_fds[1]);

	set_up(&w, "w1");
	TAP_INT(tear_down_with(&w, "w1",
	                       (struct teardown_options){ .deadline_ms = 50, .wake_fd = -1 }),
	        ERR_KIND_TRY_AGAIN, "so does a deadline: %s", w.last.msg);
	TAP_OK(w.result.spooled && has(&w, "base/.ws/spool/w1/a", "work"),
	       "the work is in the spool again");
	lock_release(&lock);
	set_up(&w, "w1");
	TAP_INT(tear_down_with(&w, "w1",
	                       (struct teardown_options){ .deadline_ms = 60000, .wake_fd = -1 }),
	        0, "in time it is saved: %s", w.last.msg);
	TAP_OK(w.result.removed && w.result.parts_saved == 1 && w.result.content_bytes == 4,
	       "and the result is that of the child");
}

/* Two signals: the first starts the clock, the second ends the save. */
static void test_stop_signals(void)
{
	WORLD_AUTO w = make_world();
	int fd;
	struct err e = ERR_INIT;
	set_up(&w, "w1");
	put_file(&w, "base/w1/a", "work");
	put_dir(&w, "store");
	FD_AUTO store = open(w.store, O_RDONLY | O_DIRECTORY);
	LOCK_AUTO lock;
	if (lock_take(store, ".ws-store.lock", 0, &lock, &e) != 0 ||
	    signals_open_stop(&fd, &e) != 0)
		abort();
	FD_AUTO signals = fd;
	kill(getpid(), SIGTERM);
	struct teardown_options o = { .wake_fd = signals,
		                      .deadline_on_stop = true,
		                      .deadline_ms = 50 };
	TAP_INT(tear_down_with(&w, "w1", o), ERR_KIND_TRY_AGAIN,
	        "after one signal the deadline counts: %s", w.last.msg);
	TAP_OK(w.result.spooled, "it is spooled then");
	set_up(&w, "w1");
	kill(getpid(), SIGTERM);
	kill(getpid(), SIGINT);
	o.deadline_ms = 600000;
	TAP_INT(tear_down_with(&w, "w1", o), ERR_KIND_TRY_AGAIN, "two signals end it at once");
	TAP_OK(w.result.spooled && has(&w, "base/.ws/spool/w1/a", "work"), "and it is spooled");
	lock_release(&lock);
	set_up(&w, "w1");
	TAP_INT(tear_down_with(&w, "w1", o), 0,
	        "without a signal it takes the time that it takes: %s", w.last.msg);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* ---- law 3 ---- */

static unsigned notices;

static void count_notice(void *ctx, const struct err *e)
{
	(void)ctx;
	(void)e;
	notices++;
}

static void test_partial(void)
{
	WORLD_AUTO w = make_world();
	bool is_root = geteuid() == 0;
	if (is_root && (chown(w.top, 65534, 65534) != 0 || seteuid(65534) != 0))
		abort();
	set_up(&w, "w1");
	put_file(&w, "base/w1/a", "1");
	tear_down(&w, "w1");
	set_up(&w, "w1");
	MEM_AUTO char *complete = content_of(&w, "store/tasks/w1.tar.gz");
	put_file(&w, "base/w1/a", "2");
	put_file(&w, "base/w1/secret", "not to be read");
	MEM_AUTO char *secret = path_of(&w, "base/w1/secret");
	if (chmod(secret, 0) != 0)
		abort();
	TAP_INT(tear_down(&w, "w1"), ERR_KIND_TRY_AGAIN,
	        "a file that can't be read fails the save: %s", w.last.msg);
	TAP_OK(has(&w, "store/tasks/w1.tar.gz", complete), "the complete state stays");
	set_up(&w, "w1");
	const struct teardown_options going = { .keep_going = true,
		                                .wake_fd = -1,
		                                .notice = count_notice };
	TAP_INT(tear_down_with(&w, "w1", going), ERR_KIND_FAILED,
	        "--keep-going stores the rest, and fails: %s", w.last.msg);
	TAP_OK(notices > 0, "what was left out is told");
	TAP_OK(is_there(&w, "store/tasks/w1.tar.gz.partial"), "the rest lies beside");
	TAP_OK(has(&w, "store/tasks/w1.tar.gz", complete), "the complete state stays again");
	TAP_OK(w.result.spooled && is_there(&w, "base/.ws/spool/w1/secret"),
	       "the directory is in the spool");
	set_up(&w, "w1");
	if (chmod(secret, 0600) != 0)
		abort();
	TAP_INT(tear_down_with(&w, "w1", going), 0, "when all can be read it is saved: %s",
	        w.last.msg);
	TAP_OK(!w.result.spooled && w.result.removed, "and removed");
	if (is_root && seteuid(0) != 0)
		abort();
}

/* ---- several parts ---- */

static void test_missing_part(void)
{
	WORLD_AUTO w = make_world();
	struct setup_options o = setup_of(&w, NULL);
	o.profile = "session";
	o.workspace = "w1";
	o.session = "s1";
	put_file(&w, "store/workspaces/w1/sessions/s1.jsonl", "line\n");
	set_up_with(&w, &o);
	char *root = path_of(&w, "base/sess_s1/claude-config/projects");
	struct err e = ERR_INIT;
	FD_AUTO fd = -1;
	if (dir_open_root(root, &fd, &e) != 0)
		abort();
	mem_free(root);
	char **names;
	size_t count;
	if (dir_list(fd, 10, &names, &count, &e) != 0 || count != 2)
		abort();
	MEM_AUTO char *project = mem_printf("base/sess_s1/claude-config/projects/%s",
	                                    names[0][0] == '-' ? names[0] : names[1]);
	mem_free(names);
	MEM_AUTO char *transcript = mem_printf("%s/s1.jsonl", project);
	TAP_OK(has(&w, transcript, "line\n"), "a transcript alone is restored");
	delete_in(&w, project);
	TAP_INT(tear_down(&w, "sess_s1"), 0, "parts that are gone are left out: %s", w.last.msg);
	TAP_INT(w.result.parts_saved, 1, "the other is saved");
	TAP_OK(has(&w, "store/workspaces/w1/sessions/s1.jsonl", "line\n") &&
	               !is_there(&w, "store/workspaces/w1/sessions/s1.tar.gz"),
	       "nothing is stored in place of what is gone");
}

/* Two sessions of one workspace: the shared part of the second is a conflict, its own parts are not. */
static void test_shared_conflict(void)
{
	WORLD_AUTO w = make_world();
	struct setup_options one = setup_of(&w, NULL), two;
	one.profile = "session";
	one.workspace = "w1";
	one.session = "s1";
	two = one;
	two.session = "s2";
	set_up_with(&w, &one);
	set_up_with(&w, &two);
	put_file(&w, "base/sess_s1/claude-config/x", "of s1");
	put_file(&w, "base/sess_s2/claude-config/x", "of s2");
	TAP_INT(tear_down(&w, "sess_s1"), 0, "the first session to end is saved: %s", w.last.msg);
	TAP_INT(tear_down(&w, "sess_s2"), ERR_KIND_CONFLICT,
	        "the second finds the shared part changed");
	TAP_OK(w.result.removed && strstr(w.result.side_key, "claude-home.conflict-s2-"),
	       "its own is stored beside: %s", w.result.side_key);
	set_up_with(&w, &one);
	TAP_OK(has(&w, "base/sess_s1/claude-config/x", "of s1"), "the first one's is in its place");
}

static void test_dry_run(void)
{
	WORLD_AUTO w = make_world();
	set_up(&w, "w1");
	put_file(&w, "base/w1/a", "work");
	const struct teardown_options dry = { .dry_run = true, .wake_fd = -1 };
	TAP_INT(tear_down_with(&w, "w1", dry), 0, "a dry run succeeds");
	TAP_OK(w.result.parts_saved == 1 && w.result.removed && !w.result.conflict,
	       "and says what would be done");
	TAP_OK(!is_there(&w, "store") && is_there(&w, "base/w1/a"), "but does nothing");
	TAP_TEXT(state_of(&w, "w1"), "ready", "nor records it");
	put_file(&w, "store/tasks/w1.tar.gz", "theirs");
	TAP_OK(tear_down_with(&w, "w1", dry) == 0 && w.result.conflict,
	       "it sees a conflict coming");
}

static void test_locked(void)
{
	WORLD_AUTO w = make_world();
	SETUP_AUTO s;
	struct err e = ERR_INIT;
	const struct setup_options o = setup_of(&w, "w1");
	if (setup_run(&o, &s, &e) != 0)
		abort();
	TAP_INT(tear_down(&w, "w1"), ERR_KIND_TRY_AGAIN, "a workspace in use is left alone: %s",
	        w.last.msg);
	struct teardown_result result;
	TAP_INT(teardown_run(&s.base, "w1", &plain, &s.lock, &result, &e), 0,
	        "who holds the lock may tear it down");
	TAP_OK(s.lock.fd >= 0 && result.removed, "and still holds it");
	teardown_result_free(&result);
}

/* ---- law 5: killed at any moment ---- */

static void cycle(struct world *w, const char *text)
{
	if (set_up(w, "w1") != ERR_KIND_NONE)
		_exit(1);
	/* One write: the agent's file is never half there. */
	put_file(w, "new", text);
	rename_in(w, "new", "base/w1/a");
	tear_down(w, "w1");
	_exit(0);
}

static pid_t start_cycle(struct world *w, const char *text)
{
	pid_t child = fork();
	if (child == 0)
		cycle(w, text);
	return child;
}

/* Milliseconds that a cycle takes when it is let be. */
static int64_t time_cycle(struct world *w)
{
	int64_t started_ms = sys_monotonic_ms();
	int status;
	waitpid(start_cycle(w, "start"), &status, 0);
	return sys_monotonic_ms() - started_ms + 1;
}

/* A cycle of setup, work and teardown is killed after a while that grows from round to round. Then a setup has to
 * find the old or the new state, whole. */
static void test_killed(void)
{
	enum { ROUNDS = 80 };
	WORLD_AUTO w = make_world();
	unsigned lost = 0, failed = 0, leftovers = 0, killed = 0;
	char last[16] = "start", next[16];
	int64_t cycle_ms = time_cycle(&w);
	for (int i = 0; i < ROUNDS; i++) {
		snprintf(next, sizeof(next), "%d", i);
		pid_t child = start_cycle(&w, next);
		usleep((useconds_t)(i * cycle_ms * 1000 / ROUNDS));
		kill(child, SIGKILL);
		int status;
		waitpid(child, &status, 0);
		killed += WIFSIGNALED(status);
		if (set_up(&w, "w1") != ERR_KIND_NONE) {
			failed++;
			tap_note("setup after the kill: %s", w.last.msg);
		}
		MEM_AUTO char *content = content_of(&w, "base/w1/a");
		lost += strcmp(content, last) != 0 && strcmp(content, next) != 0;
		leftovers += count_in(&w, "base/.ws/staging") + count_in(&w, "base/.ws/spool") != 0;
		snprintf(last, sizeof(last), "%s", content);
		if (tear_down(&w, "w1") != ERR_KIND_NONE) {
			failed++;
			tap_note("teardown after the kill: %s", w.last.msg);
		}
	}
	tap_note("a cycle takes %lld ms", (long long)cycle_ms);
	TAP_OK(killed > 0, "of %d cycles %u were killed on the way", ROUNDS, killed);
	TAP_INT(failed, 0, "the next run always succeeded, without a conflict with ourselves");
	TAP_INT(lost, 0, "it always found the old state or the new one");
	TAP_INT(leftovers, 0, "and left nothing half made");
}

int main(void)
{
	test_save_and_remove();
	test_keep();
	test_discard();
	test_token();
	test_gone();
	test_unfinished();
	test_conflict();
	test_conflict_deleted();
	test_own_interrupted_save();
	test_spool();
	test_unspool();
	test_spool_conflict();
	test_wake();
	test_stop_signals();
	test_partial();
	test_missing_part();
	test_shared_conflict();
	test_dry_run();
	test_locked();
	test_killed();
	return tap_done();
}
