/* Options of ws-setup for worktrees and clones, and for hooks. */
#include "applets/git_options.h"

#include "ws/git.h"

enum { HOOK_TIMEOUT_DEFAULT_MS = 10 * 60 * 1000, COPY_MAX_DEFAULT_BYTES = 1 << 30 };
enum { IGNORED_ARCHIVE, IGNORED_DROP };
enum { HOOKS_WARN, HOOKS_FAIL };
static const char *const hook_policies[] = { "warn", "fail", NULL };
static const char *const ignored_choices[] = { "archive", "drop", NULL };

const struct opt_row git_options_rows[GIT_OPTIONS_COUNT] = {
	OPT_TEXT("git", 0, "REPO", struct git_options, repo,
	         "the repository; alone it means --profile worktree (clone: also a URL)"),
	OPT_TEXT("branch", 0, "B", struct git_options, branch,
	         "the branch; made when it is neither here nor at origin"),
	OPT_TEXT("ref", 0, "R", struct git_options, ref,
	         "where a new branch begins (else origin's default branch, else HEAD)"),
	OPT_DURATION("fetch-timeout", 0, "D", struct git_options, fetch_timeout_ms,
	             "for asking origin; 0s: it is not asked (default 30s)"),
	OPT_LIST("link", 0, "PATH", struct git_options, links,
	         "link this path to the repository's tree, for all to share"),
	OPT_LIST("copy", 0, "PATH", struct git_options, copies,
	         "copy this path from the repository's tree, sharing blocks where that can be"),
	OPT_TEXT(
		"copy-list", 0, "FILE", struct git_options, copy_list,
		"and those of its ignored files that this list names, with patterns as in .gitignore (else its .worktreeinclude, if it has one; empty: none)"),
	OPT_SIZE("copy-max", 0, "SIZE", struct git_options, copy_max_bytes,
	         "copy no more than that, without shared blocks (default 1GiB)"),
	OPT_CHOICE("ignored", 0, "WHAT", struct git_options, ignored, ignored_choices,
	           "what becomes of files that git ignores: archive (default) or drop"),
	OPT_LIST(
		"hook", 0, "CMD", struct git_options, hooks,
		"run by sh in a new workspace, of any profile; its output goes to .ws/ID/hooks.log"),
	OPT_DURATION("hook-timeout", 0, "D", struct git_options, hook_timeout_ms,
	             "end a hook that takes longer (default 10m; 0s: never)"),
	OPT_CHOICE("hook-policy", 0, "WHAT", struct git_options, hook_policy, hook_policies,
	           "when a hook fails: warn (default) or fail; the workspace stays in any case"),
};

void git_options_defaults(struct git_options *o)
{
	o->fetch_timeout_ms = GIT_FETCH_MS;
	o->copy_max_bytes = COPY_MAX_DEFAULT_BYTES;
	o->ignored = IGNORED_ARCHIVE;
	o->hook_timeout_ms = HOOK_TIMEOUT_DEFAULT_MS;
	o->hook_policy = HOOKS_WARN;
}

void git_options_fill(const struct git_options *o, struct setup_options *out)
{
	out->has_hooks = o->hooks.count > 0;
	out->git = (struct setup_git){
		.repo = o->repo,
		.branch = o->branch,
		.ref = o->ref,
		.links = o->links.items,
		.link_count = o->links.count,
		.copies = o->copies.items,
		.copy_count = o->copies.count,
		.copy_list = o->copy_list,
		.copy_max_bytes = o->copy_max_bytes,
		.fetch_timeout_ms = o->fetch_timeout_ms,
		.drop_ignored = o->ignored == IGNORED_DROP,
	};
}

int git_options_hooks(const struct git_options *o, const struct setup_options *how, struct setup *s,
                      struct err *e)
{
	const struct hook_options hooks = {
		.commands = o->hooks.items,
		.count = o->hooks.count,
		.timeout_ms = o->hook_timeout_ms,
		.must_succeed = o->hook_policy == HOOKS_FAIL,
		.set_user = how->set_user,
		.uid = how->uid,
		.gid = how->gid,
	};
	return how->dry_run ? 0 : hook_run(s, &hooks, e);
}
