/* Bringing back what was kept. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "ws/git_keep.h"

/* On the commit that it was made on it is exactly what was there: the files first, then what was staged of them. */
static int restore_exactly(const struct git *g, const char *kept, const char *staged, struct err *e)
{
	if (git_run(g, GIT_ARGS("read-tree", "--reset", "-u", kept), NULL, e) != 0 ||
	    git_run(g, GIT_ARGS("read-tree", staged), NULL, e) != 0)
		return -1;
	/* Its status says only that files differ, which is why we are here. */
	return git_ask(g, GIT_ARGS("update-index", "-q", "--refresh"), NULL, e) < 0 ? -1 : 0;
}

/* Merge it into a head that has moved: 1 done, 0 it does not go together and nothing of it is in the tree, -1. */
static int merge(const struct git *g, const char *kept, struct err *e)
{
	struct err why = ERR_INIT;
	if (git_run(g, GIT_ARGS("cherry-pick", "--no-commit", "--mainline", "1", kept), NULL,
	            &why) == 0)
		return git_run(g, GIT_ARGS("reset", "--quiet"), NULL, e) != 0 ? -1 : 1;
	if (why.kind != ERR_KIND_FAILED) {
		*e = why;
		return -1;
	}
	return git_run(g, GIT_ARGS("reset", "--hard", "--quiet"), NULL, e) != 0 ? -1 : 0;
}

static int move_ref(const struct git *g, const char *ref, const char *kept, const struct record *r,
                    char left[GIT_NAME_MAX], struct err *e)
{
	snprintf(left, GIT_NAME_MAX, "refs/ws/conflict/%s/%.12s", r->id, kept);
	if (git_run(g, GIT_ARGS("update-ref", left, kept), NULL, e) != 0)
		return -1;
	return git_repo_delete_ref(r->git_repo, g, ref, kept, e);
}

/* 1 it is in the tree, 0 it could not be, -1. */
static int apply(const struct git *g, const char *kept, struct err *e)
{
	char head[GIT_OID_MAX], parent[GIT_OID_MAX], staged[GIT_OID_MAX];
	MEM_AUTO char *first = mem_printf("%s^1", kept);
	MEM_AUTO char *second = mem_printf("%s^2", kept);
	if (git_line(g, GIT_ARGS("rev-parse", "HEAD"), head, sizeof(head), e) != 0 ||
	    git_line(g, GIT_ARGS("rev-parse", first), parent, sizeof(parent), e) != 0)
		return -1;
	int has_staged = git_find(g, GIT_ARGS("rev-parse", "--verify", "--quiet", second), staged,
	                          sizeof(staged), e);
	if (has_staged < 0)
		return -1;
	if (strcmp(head, parent) != 0)
		return merge(g, kept, e);
	return restore_exactly(g, kept, has_staged ? staged : head, e) != 0 ? -1 : 1;
}

int git_keep_apply(struct record *record, int fd, char left[GIT_NAME_MAX], struct err *e)
{
	const struct git g = git_tree_git(record, fd);
	char kept[GIT_OID_MAX];
	MEM_AUTO char *ref = mem_printf("refs/ws/preserved/%s", record->id);
	left[0] = '\0';
	record->git_preserved[0] = '\0';
	int there = git_find(&g, GIT_ARGS("rev-parse", "--verify", "--quiet", ref), kept,
	                     sizeof(kept), e);
	if (there <= 0)
		return there;
	int applied = apply(&g, kept, e);
	if (applied < 0)
		return err_context(e, "bring back %s", ref);
	if (!applied)
		return move_ref(&g, ref, kept, record, left, e);
	snprintf(record->git_preserved, sizeof(record->git_preserved), "%s", kept);
	return 0;
}
