/* What git says of a work tree, on real repositories. */
#include "ws/git_state.h"

#include "os/run.h"
#include "scratch.h"
#include "tap.h"

/* Run a script in the scratch directory, in which git knows who commits. */
static bool sh(const struct scratch *s, const char *script)
{
	char text[2048];
	char program[] = "sh", option[] = "-ec";
	char *argv[] = { program, option, text, NULL };
	struct err e = ERR_INIT;
	RUN_AUTO r = { .status = -1 };
	snprintf(text, sizeof(text),
	         "export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b "
	         "GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b\n%s",
	         script);
	const struct run_options o = { .argv = argv, .cwd_fd = s->fd, .output_max = 1 << 20 };
	bool ok = run_program(&o, &r, &e) == 0 && r.status == 0;
	if (!ok)
		printf("# %s %s\n", e.msg, r.errors.p);
	return ok;
}

static const char repository[] =
	"git init -q -b main origin; cd origin; echo '*.o' >.gitignore; echo 1 >file; git add .;"
	"git commit -qm one; git worktree add -q ../tree -b fix; cd ..; git clone -q origin clone";

struct expected {
	uint64_t dirty, untracked, unpushed, detached;
	bool would_lose;
};

static void check(const struct scratch *s, const char *name, const char *script,
                  const struct expected *want, const char *sentence)
{
	struct err e = ERR_INIT;
	struct git_state got;
	bool made = sh(s, script);
	FD_AUTO fd = openat(s->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	TAP_OK(made && git_state_look(fd, NULL, &got, &e) == 0, "%s: it can be looked at: %s",
	       sentence, e.msg);
	TAP_INT(got.dirty, want->dirty, "dirty");
	TAP_INT(got.untracked, want->untracked, "untracked");
	TAP_INT(got.unpushed, want->unpushed, "unpushed");
	TAP_INT(got.detached, want->detached, "detached");
	TAP_OK(git_state_would_lose(&got) == want->would_lose, "%s", sentence);
}

static void test_worktree(const struct scratch *s)
{
	static const struct {
		const char *script;
		struct expected want;
		const char *sentence;
	} table[] = {
		{ "true", { 0, 0, 0, 0, false }, "a clean worktree has nothing to lose" },
		{ "echo 2 >tree/file", { 1, 0, 0, 0, true }, "a change would be lost" },
		{ "echo 3 >tree/new; mkdir tree/dir; echo 4 >tree/dir/x",
		  { 1, 2, 0, 0, true },
		  "so would files that git does not know" },
		{ "cd tree; git checkout -q HEAD file; git add .; git mv file moved; git status >/dev/null",
		  { 3, 0, 0, 0, true },
		  "and what is staged, a rename counting once" },
		{ "cd tree; git commit -qm two; echo x >x.o",
		  { 0, 0, 0, 0, false },
		  "a commit on a branch outlives the worktree" },
		{ "cd tree; git checkout -q --detach; git commit -q --allow-empty -m three",
		  { 0, 0, 0, 1, true },
		  "a commit on a detached head does not" },
		{ "cd tree; git update-ref refs/ws/preserved/x HEAD",
		  { 0, 0, 0, 0, false },
		  "unless it is preserved" },
	};
	for (size_t i = 0; i < COUNTOF(table); i++)
		check(s, "tree", table[i].script, &table[i].want, table[i].sentence);
}

static void test_clone(const struct scratch *s)
{
	static const struct expected clean = { 0, 0, 0, 0, false };
	static const struct expected one = { 0, 0, 1, 0, true };
	static const struct expected two = { 0, 0, 3, 0, true };
	check(s, "clone", "true", &clean, "a fresh clone has nothing to lose");
	check(s, "clone", "cd clone; git commit -q --allow-empty -m x", &one,
	      "a commit that was not pushed would be lost");
	check(s, "clone",
	      "cd clone; git checkout -q -b other; git commit -q --allow-empty -m y; git checkout -q main;"
	      "echo 5 >file; git stash -q",
	      &two, "on another branch, too, and what is stashed");
}

static void test_others(const struct scratch *s)
{
	struct err e = ERR_INIT;
	struct git_state got;
	TAP_OK(sh(s, "mkdir plain broken; mkdir broken/.git; git init -q empty"),
	       "other directories are made");
	FD_AUTO plain = openat(s->fd, "plain", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	TAP_OK(git_state_look(plain, NULL, &got, &e) == 0 && !got.is_git,
	       "a directory without .git is no repository");
	FD_AUTO broken = openat(s->fd, "broken", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	TAP_OK(git_state_look(broken, NULL, &got, &e) != 0,
	       "a broken repository is unknown, not clean: %s", e.msg);
	err_clear(&e);
	FD_AUTO empty = openat(s->fd, "empty", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	TAP_OK(git_state_look(empty, NULL, &got, &e) == 0 && got.is_git && !got.head[0] &&
	               strlen(got.branch) > 0,
	       "a repository without a commit has a branch and no head: %s", e.msg);
}

int main(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	if (!sh(&s, "git --version >/dev/null")) {
		tap_skip("work trees are looked at", "git is not installed");
		return tap_done();
	}
	TAP_OK(sh(&s, repository), "repositories are made");
	test_worktree(&s);
	test_clone(&s);
	test_others(&s);
	return tap_done();
}
