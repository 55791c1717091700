/* What the remote has by now. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "ws/git_base.h"

/* "origin/main" is what people call the remote's main. */
static const char *short_ref(const char *ref)
{
	return ref && strncmp(ref, "origin/", 7) == 0 ? ref + 7 : ref;
}

static void take(struct str oid, char out[GIT_OID_MAX])
{
	if (str_copy(oid, out, GIT_OID_MAX) != 0)
		out[0] = '\0';
}

/* "ref: refs/heads/main\tHEAD", or "<oid>\t<refname>". A pattern matches the end of names, so names are compared. */
static void parse_line(struct str line, const struct git_base_how *how, struct git_base_remote *out)
{
	struct str value, name, prefix = S("ref: refs/heads/");
	MEM_AUTO char *branch = mem_printf("refs/heads/%s", how->branch);
	MEM_AUTO char *ref = mem_printf("refs/heads/%s", how->ref ? short_ref(how->ref) : "");
	MEM_AUTO char *tag = mem_printf("refs/tags/%s^{}", how->ref ? how->ref : "");
	if (!str_cut(line, '\t', &value, &name))
		return;
	if (str_starts(value, prefix)) {
		if (str_is(name, "HEAD") &&
		    str_copy(str_skip(value, prefix.len), out->default_branch,
		             sizeof(out->default_branch)) != 0)
			out->default_branch[0] = '\0';
		return;
	}
	if (str_is(name, "HEAD"))
		take(value, out->head);
	if (str_is(name, branch))
		take(value, out->branch);
	if (str_is(name, ref))
		take(value, out->ref);
	if (str_is(name, tag) ||
	    (str_eq(name, str_head(str_of(tag), strlen(tag) - 3)) && !out->tag[0]))
		take(value, out->tag);
}

static int list_refs(const struct git_repo *r, const struct git_base_how *how, struct buf *text,
                     struct err *e)
{
	const struct git g = git_repo_git(r, how->timeout_ms);
	MEM_AUTO char *branch = mem_printf("refs/heads/%s", how->branch);
	MEM_AUTO char *ref = mem_printf("refs/heads/%s", how->ref ? short_ref(how->ref) : "HEAD");
	MEM_AUTO char *tag = mem_printf("refs/tags/%s*", how->ref ? how->ref : "HEAD");
	return git_run(&g, GIT_ARGS("ls-remote", "--symref", "origin", "HEAD", branch, ref, tag),
	               text, e);
}

int git_base_remote_ask(const struct git_repo *r, const struct git_base_how *how,
                        struct git_base_remote *out, struct err *e)
{
	const struct git g = git_repo_git(r, GIT_METADATA_MS);
	char url[4096];
	struct err why = ERR_INIT;
	BUF_AUTO text = buf_make(GIT_OUTPUT_MAX);
	*out = (struct git_base_remote){ .answered = false };
	int there =
		git_find(&g, GIT_ARGS("config", "--get", "remote.origin.url"), url, sizeof(url), e);
	if (there <= 0)
		return there;
	if (how->timeout_ms <= 0) {
		snprintf(out->trouble, sizeof(out->trouble), "origin was not asked");
		return 0;
	}
	if (list_refs(r, how, &text, &why) != 0) {
		snprintf(out->trouble, sizeof(out->trouble), "origin could not be asked: %.900s",
		         why.msg);
		return why.kind == ERR_KIND_UNAVAILABLE ? (*e = why, -1) : 0;
	}
	out->answered = true;
	struct str rest = buf_str(&text), line;
	while (str_cut(rest, '\n', &line, &rest))
		parse_line(line, how, out);
	return 0;
}

/* An empty --refmap: no remote-tracking branch of the repository is written, which two at once could not do. */
int git_base_remote_get(const struct git_repo *r, const char *refname, const char *oid,
                        int64_t timeout_ms, struct err *e)
{
	const struct git g = git_repo_git(r, timeout_ms);
	char found[GIT_OID_MAX];
	int there = git_repo_commit(r, oid, found, e);
	if (there != 0)
		return there < 0 ? -1 : 0;
	if (git_run(&g,
	            GIT_ARGS("fetch", "--quiet", "--no-tags", "--no-write-fetch-head",
	                     "--no-recurse-submodules", "--refmap=", "origin", refname),
	            NULL, e) != 0)
		return err_context(e, "fetch %s", refname);
	there = git_repo_commit(r, oid, found, e);
	if (there != 0)
		return there < 0 ? -1 : 0;
	return err_set(e, ERR_KIND_TRY_AGAIN, "%s at origin moved while it was fetched", refname);
}
