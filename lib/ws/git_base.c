/* Choosing the first commit. */
#include "ws/git_base.h"

#include <stdio.h>
#include <string.h>

#include "base/datetime.h"
#include "base/mem.h"
#include "os/dir.h"

struct choice {
	const struct git_repo *r;
	const struct git_base_how *how;
	struct git_base_remote remote;
	struct git_base *out;
};

static void say(struct choice *c, const char *from)
{
	snprintf(c->out->from, sizeof(c->out->from), "%s", from);
}

/* Take what the remote has: 1, 0 when it has none, -1. */
static int take_remote(struct choice *c, const char *name, bool is_tag, const char *oid,
                       struct err *e)
{
	MEM_AUTO char *refname = mem_printf("refs/%s/%s", is_tag ? "tags" : "heads", name);
	MEM_AUTO char *shown = mem_printf(is_tag ? "%s" : "origin/%s", name);
	struct err why = ERR_INIT;
	if (!oid[0])
		return 0;
	if (git_base_remote_get(c->r, refname, oid, c->how->timeout_ms, &why) == 0) {
		snprintf(c->out->oid, sizeof(c->out->oid), "%s", oid);
		say(c, shown);
		return 1;
	}
	if (why.kind != ERR_KIND_FAILED && why.kind != ERR_KIND_TRY_AGAIN) {
		*e = why;
		return -1;
	}
	/* It answered, and then it did not: what is here has to do. */
	snprintf(c->out->stale, sizeof(c->out->stale), "%s", why.msg);
	return 0;
}

static int take_local(struct choice *c, const char *name, const char *shown, struct err *e)
{
	int found = git_repo_commit(c->r, name, c->out->oid, e);
	if (found == 1)
		say(c, shown);
	return found;
}

static int take_tracking(struct choice *c, const char *name, struct err *e)
{
	MEM_AUTO char *refname = mem_printf("refs/remotes/origin/%s", name);
	MEM_AUTO char *shown = mem_printf("origin/%s", name);
	return take_local(c, refname, shown, e);
}

/* The ref that was asked for: 1, 0, -1. */
static int take_ref(struct choice *c, struct err *e)
{
	const char *ref = c->how->ref;
	const char *name = strncmp(ref, "origin/", 7) == 0 ? ref + 7 : ref;
	int found = take_remote(c, name, false, c->remote.ref, e);
	if (found == 0 && c->remote.tag[0])
		found = take_local(c, ref, ref, e);
	if (found == 0)
		found = take_remote(c, ref, true, c->remote.tag, e);
	if (found == 0 && !c->remote.answered)
		found = take_tracking(c, name, e);
	return found != 0 ? found : take_local(c, ref, ref, e);
}

static int take_default(struct choice *c, struct err *e)
{
	int found = 0;
	if (c->remote.default_branch[0])
		found = take_remote(c, c->remote.default_branch, false, c->remote.head, e);
	if (found == 0)
		found = take_tracking(c, "HEAD", e);
	return found != 0 ? found : take_local(c, "HEAD", "HEAD", e);
}

/* A branch that is left over from another life, at an old commit, is not what was asked for. */
static int check_holds_ref(struct choice *c, struct err *e)
{
	const struct git g = git_repo_git(c->r, GIT_METADATA_MS);
	struct git_base wanted = { .exists = false };
	struct choice other = { c->r, c->how, c->remote, &wanted };
	if (!c->how->ref || c->how->is_ours)
		return 0;
	int found = take_ref(&other, e);
	if (found <= 0)
		return found;
	int status = git_ask(&g, GIT_ARGS("merge-base", "--is-ancestor", wanted.oid, c->out->oid),
	                     NULL, e);
	if (status <= 0)
		return status;
	err_set(e, ERR_KIND_CONFLICT,
	        "branch %s is there already, at %.12s, and does not hold %s (%.12s); without "
	        "--ref it is taken as it is",
	        c->how->branch, c->out->oid, wanted.from, wanted.oid);
	return err_code(e, "stale_branch");
}

static int fail(const struct choice *c, struct err *e)
{
	const char *ref = c->how->ref ? c->how->ref : "HEAD";
	if (c->out->stale[0])
		err_set(e, ERR_KIND_NOT_FOUND, "%s: there is no %s in it, and %s", c->r->common,
		        ref, c->out->stale);
	else
		err_set(e, ERR_KIND_NOT_FOUND,
		        c->how->ref ? "%s: there is no %s in it, nor at origin"
		                    : "%s: there is no commit to begin with (%s)",
		        c->r->common, ref);
	return err_code(e, "not_fetched");
}

static int choose(struct choice *c, struct err *e)
{
	MEM_AUTO char *branch = mem_printf("refs/heads/%s", c->how->branch);
	int found = take_local(c, branch, c->how->branch, e);
	if (found != 0) {
		c->out->exists = found > 0;
		return found < 0 ? -1 : check_holds_ref(c, e);
	}
	found = take_remote(c, c->how->branch, false, c->remote.branch, e);
	if (found == 0 && !c->remote.answered)
		found = take_tracking(c, c->how->branch, e);
	if (found != 0)
		return found < 0 ? -1 : check_holds_ref(c, e);
	found = c->how->ref ? take_ref(c, e) : take_default(c, e);
	return found == 0 ? fail(c, e) : found < 0 ? -1 : 0;
}

/* git notes each fetch of its user's in one file. */
static void tell_since(const struct git_repo *r, const char *trouble, struct git_base *out)
{
	char time[DATETIME_TEXT_MAX];
	struct file_stat st;
	struct err ignored = ERR_INIT;
	bool is_known = dir_stat(r->fd, "FETCH_HEAD", &st, &ignored) == 0;
	snprintf(out->stale, sizeof(out->stale), "%.900s; last fetched: %s", trouble,
	         is_known ? datetime_iso_ms(st.mtime_s * 1000, time) : "unknown");
}

int git_base_choose(const struct git_repo *r, const struct git_base_how *how, struct git_base *out,
                    struct err *e)
{
	struct choice c = { .r = r, .how = how, .out = out };
	char ignored[GIT_OID_MAX];
	*out = (struct git_base){ .exists = false };
	MEM_AUTO char *branch = mem_printf("refs/heads/%s", how->branch);
	int here = git_repo_commit(r, branch, ignored, e);
	/* A branch that is here is taken as it is: nothing has to be known of the remote. */
	bool ask = here == 0 || (how->ref && !how->is_ours);
	if (here < 0 || (ask && git_base_remote_ask(r, how, &c.remote, e) != 0))
		return -1;
	if (c.remote.trouble[0])
		tell_since(r, c.remote.trouble, out);
	return choose(&c, e);
}
