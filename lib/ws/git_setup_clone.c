/* A clone of its own. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "os/dir.h"
#include "os/log.h"
#include "os/remove.h"
#include "ws/git_base.h"
#include "ws/git_setup.h"

bool git_setup_is_url(const char *repo)
{
	struct str text = str_of(repo);
	ptrdiff_t colon = str_index(text, ':'), slash = str_index(text, '/');
	/* host:path is what ssh is asked for; a path with a colon is said as ./path. */
	return str_has(text, S("://")) || (colon > 0 && (slash < 0 || colon < slash));
}

/* Where the source itself came from, so that the clone can fetch and push; else the source. */
static int find_url(const struct git_repo *source, const struct record *r, char *url, size_t cap,
                    struct err *e)
{
	if (!source)
		return str_copy(str_of(r->git_repo), url, cap);
	const struct git g = git_repo_git(source, GIT_METADATA_MS);
	int found = git_find(&g, GIT_ARGS("config", "--get", "remote.origin.url"), url, cap, e);
	if (found < 0)
		return -1;
	/* A relative one is relative to the source. */
	bool is_relative = found && !git_setup_is_url(url) && url[0] != '/';
	if (found && !is_relative)
		return 0;
	MEM_AUTO char *path =
		is_relative ? mem_printf("%s/%s", source->top ? source->top : source->common, url)
			    : mem_text(source->common);
	return str_copy(str_of(path), url, cap) != 0
	               ? err_set(e, ERR_KIND_USAGE, "the repository's path is too long")
	               : 0;
}

/* No hard links: with --user the objects get another owner, and the source's must not. */
static int clone(const struct git_repo *source, const char *url, const char *into, int fd,
                 struct err *e)
{
	FD_AUTO made = -1;
	const struct git g = { .cwd_fd = fd, .timeout_ms = GIT_CHECKOUT_MS };
	const char *args[GIT_ARGS_MAX + 1] = { "clone", "--quiet", "--no-checkout" };
	size_t n = 3;
	if (source && strcmp(url, source->common) == 0) {
		args[n++] = "--shared";
	} else if (source) {
		args[n++] = "--no-hardlinks";
		args[n++] = "--reference";
		args[n++] = source->common;
	}
	args[n++] = "--";
	args[n++] = url;
	args[n++] = into;
	if (git_run(&g, args, NULL, e) != 0)
		return -1;
	if (!source)
		return 0;
	return dir_open(fd, into, &made, e) != 0 ? -1 : git_setup_own(source, made, e);
}

/* When the remote does not answer the source stands in for it. */
static int clone_or_stand_in(struct setup_work *w, const struct git_repo *source, const char *url,
                             const char *stage, int fd, struct err *e)
{
	struct err why = ERR_INIT;
	struct record *r = &w->out->record;
	if (clone(source, url, stage, fd, &why) == 0)
		return 0;
	if (!source || strcmp(url, source->common) == 0 || why.kind == ERR_KIND_UNAVAILABLE) {
		*e = why;
		return -1;
	}
	snprintf(r->git_stale, sizeof(r->git_stale), "origin could not be cloned: %.900s", why.msg);
	log_warn("%s: cloned from %s alone, which may be old: %s", r->id, source->common, why.msg);
	if (remove_tree(fd, stage, NULL, e) != 0 ||
	    clone(source, source->common, stage, fd, e) != 0)
		return -1;
	MEM_AUTO char *dot_git = mem_printf("%s/.git", stage);
	const struct git g = {
		.cwd_fd = fd, .git_dir = dot_git, .no_tree = true, .timeout_ms = GIT_METADATA_MS
	};
	return git_run(&g, GIT_ARGS("remote", "set-url", "origin", url), NULL, e);
}

/* A branch that only the source has comes from there. */
static int fetch_local_branch(const struct git_repo *source, const struct git_repo *made,
                              const char *branch, struct err *e)
{
	char oid[GIT_OID_MAX];
	MEM_AUTO char *ref = mem_printf("refs/heads/%s", branch);
	MEM_AUTO char *refspec = mem_printf("+%s:%s", ref, ref);
	const struct git g = git_repo_git(made, GIT_CHECKOUT_MS);
	int there = git_repo_commit(source, ref, oid, e);
	if (there <= 0)
		return there;
	return git_run(&g,
	               GIT_ARGS("fetch", "--quiet", "--no-tags", "--update-head-ok", source->common,
	                        refspec),
	               NULL, e);
}

static int checkout(struct setup_work *w, const struct git_repo *made, int fd, struct err *e)
{
	struct record *r = &w->out->record;
	struct git_base base;
	const struct git_base_how how = { .branch = r->git_branch, .ref = w->o->git.ref };
	const struct git g = { .cwd_fd = fd, .git_dir = ".git", .timeout_ms = GIT_CHECKOUT_MS };
	if (git_base_choose(made, &how, &base, e) != 0)
		return -1;
	snprintf(r->git_base, sizeof(r->git_base), "%s", base.oid);
	snprintf(r->git_from, sizeof(r->git_from), "%s", base.from);
	return git_run(&g,
	               GIT_ARGS("checkout", "--quiet", "--force", "--no-track", "-B", r->git_branch,
	                        base.oid),
	               NULL, e);
}

/* As git wants an empty directory it gets one in ours, of which only .git stays. */
int git_setup_clone(struct setup_work *w, const struct git_repo *source, int fd, const char *stage,
                    struct err *e)
{
	char url[sizeof(w->out->record.git_repo)];
	const struct record *r = &w->out->record;
	FD_AUTO inner = -1;
	GIT_REPO_AUTO made = GIT_REPO_NONE;
	MEM_AUTO char *path = mem_printf("%s/.ws/staging/%s/.git", w->out->base.path, stage);
	if (find_url(source, r, url, sizeof(url), e) != 0 ||
	    clone_or_stand_in(w, source, url, stage, fd, e) != 0 ||
	    dir_open(fd, stage, &inner, e) != 0 ||
	    dir_rename(inner, ".git", fd, ".git", true, e) != 0 ||
	    remove_tree(fd, stage, NULL, e) != 0 || git_repo_open(path, &made, e) != 0)
		return -1;
	if (source && fetch_local_branch(source, &made, r->git_branch, e) != 0)
		return -1;
	return checkout(w, &made, fd, e);
}
