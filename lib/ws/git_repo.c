/* Opening a repository. */
#include "ws/git_repo.h"

#include <string.h>

#include "base/mem.h"
#include "os/dir.h"
#include "os/log.h"
#include "os/sys.h"

enum {
	PATH_TEXT_MAX = 4096,
	DEAD_LOCK_MS = 1000,          /* git takes the lock of a ref for a moment only */
	OLD_LOCK_MS = 60 * 60 * 1000, /* no git works that long on all of them */
	LOOK_MS = 50,
	TICK_MS = 20, /* a file's time is that of the kernel's last tick, before the clock's */
};

/* The work tree around `cwd`; NULL in a bare repository. */
static int find_top(const struct git *g, char **top, struct err *e)
{
	char line[PATH_TEXT_MAX];
	if (git_line(g, GIT_ARGS("rev-parse", "--is-inside-work-tree"), line, sizeof(line), e) != 0)
		return -1;
	if (strcmp(line, "true") != 0)
		return 0;
	if (git_line(g, GIT_ARGS("rev-parse", "--show-toplevel"), line, sizeof(line), e) != 0)
		return -1;
	*top = mem_text(line);
	return 0;
}

static int open_repo(const char *path, struct git_repo *r, struct err *e)
{
	FD_AUTO cwd = -1;
	char line[PATH_TEXT_MAX];
	if (dir_open_root(path, &cwd, e) != 0)
		return -1;
	const struct git g = { .cwd_fd = cwd, .timeout_ms = GIT_METADATA_MS };
	if (git_line(&g, GIT_ARGS("rev-parse", "--path-format=absolute", "--git-common-dir"), line,
	             sizeof(line), e) != 0) {
		if (e->kind == ERR_KIND_FAILED)
			e->kind = ERR_KIND_NOT_FOUND;
		return -1;
	}
	r->common = mem_text(line);
	return find_top(&g, &r->top, e) != 0 ? -1 : dir_open_root(r->common, &r->fd, e);
}

int git_repo_open(const char *path, struct git_repo *out, struct err *e)
{
	*out = GIT_REPO_NONE;
	if (open_repo(path, out, e) == 0)
		return 0;
	git_repo_close(out);
	return err_context(e, "repository %s", path);
}

void git_repo_close(struct git_repo *r)
{
	mem_free(r->common);
	mem_free(r->top);
	file_close_auto(&r->fd);
	*r = GIT_REPO_NONE;
}

int git_repo_lock(const struct git_repo *r, struct lock *out, struct err *e)
{
	if (lock_take(r->fd, "ws-flock", GIT_LOCK_MS, out, e) == 0)
		return 0;
	return err_context(e, "repository %s", r->common);
}

/* Whether the file is there, and the same as when it was seen first. */
static bool stays(int dirfd, const char *path, const struct file_stat *first)
{
	struct file_stat now;
	struct err ignored = ERR_INIT;
	return dir_stat(dirfd, path, &now, &ignored) == 0 && now.ino == first->ino &&
	       now.ctime_s == first->ctime_s && now.ctime_ns == first->ctime_ns;
}

void git_repo_drop_lock(const struct git_repo *r, const char *ref, int64_t since_ms)
{
	struct file_stat first;
	struct err why = ERR_INIT;
	FD_AUTO parent = -1;
	char name[DIR_NAME_MAX + 1];
	MEM_AUTO char *path = mem_printf("%s.lock", ref);
	if (dir_stat(r->fd, path, &first, &why) != 0)
		return;
	int64_t made_ms = first.mtime_s * 1000 + first.mtime_ns / 1000000;
	if (made_ms + TICK_MS < since_ms && sys_now_ms() - made_ms < OLD_LOCK_MS)
		return;
	for (int64_t until = sys_monotonic_ms() + DEAD_LOCK_MS; sys_monotonic_ms() < until;) {
		sys_sleep_ms(LOOK_MS);
		if (!stays(r->fd, path, &first))
			return;
	}
	if (dir_open_parent(r->fd, path, &parent, name, &why) != 0 ||
	    dir_unlink(parent, name, &why) != 0)
		log_warn("%s", why.msg);
	else
		log_warn("%s/%s: removed, a git that was killed had left it", r->common, path);
}

int git_repo_delete_ref(const char *path, const struct git *g, const char *ref, const char *oid,
                        struct err *e)
{
	GIT_REPO_AUTO repo = GIT_REPO_NONE;
	char found[GIT_OID_MAX];
	for (int tries = 0; tries < 2; tries++) {
		int64_t began_ms = sys_now_ms();
		err_clear(e);
		if (git_run(g, GIT_ARGS("update-ref", "-d", ref, oid), NULL, e) == 0)
			return 0;
		struct err why = ERR_INIT;
		if (repo.fd < 0 && git_repo_open(path, &repo, &why) != 0)
			return -1;
		git_repo_drop_lock(&repo, ref, began_ms);
		git_repo_drop_lock(&repo, "packed-refs", began_ms);
		if (git_find(g, GIT_ARGS("rev-parse", "--verify", "--quiet", ref), found,
		             sizeof(found), &why) == 0) {
			err_clear(e);
			return 0;
		}
	}
	return -1;
}

struct git git_repo_git(const struct git_repo *r, int64_t timeout_ms)
{
	return (struct git){
		.cwd_fd = r->fd,
		.git_dir = r->common,
		.no_tree = true,
		.timeout_ms = timeout_ms,
	};
}

int git_repo_commit(const struct git_repo *r, const char *name, char oid[GIT_OID_MAX],
                    struct err *e)
{
	const struct git g = git_repo_git(r, GIT_METADATA_MS);
	MEM_AUTO char *commit = mem_printf("%s^{commit}", name);
	return git_find(&g,
	                GIT_ARGS("rev-parse", "--verify", "--quiet", "--end-of-options", commit),
	                oid, GIT_OID_MAX, e);
}

int git_repo_check_branch(const struct git_repo *r, const char *branch, struct err *e)
{
	const struct git g = git_repo_git(r, GIT_METADATA_MS);
	char line[GIT_NAME_MAX];
	struct err why = ERR_INIT;
	/* git reads "@{-1}" as the branch before: what it answers has to be what was said. */
	if (branch[0] != '-' && strlen(branch) < sizeof(line) &&
	    git_line(&g, GIT_ARGS("check-ref-format", "--branch", branch), line, sizeof(line),
	             &why) == 0 &&
	    strcmp(line, branch) == 0)
		return 0;
	if (err_is(&why) && why.kind != ERR_KIND_FAILED) {
		*e = why;
		return -1;
	}
	err_set(e, ERR_KIND_USAGE, "--branch \"%s\" is not a valid name for a branch", branch);
	return err_code(e, "invalid_branch");
}
