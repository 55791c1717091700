/* Placeholders in the texts of a profile. */
#include <string.h>

#include "base/mem.h"
#include "os/sys.h"
#include "ws/profile.h"

static int missing(struct str name, const char *option, struct err *e)
{
	return err_set(e, ERR_KIND_USAGE, "{%" STR_FMT "} is needed: give %s", STR_ARG(name),
	               option);
}

/* A word as it is. */
static int add_word(struct str name, const char *word, const char *option, struct buf *out,
                    struct err *e)
{
	if (!word || !word[0])
		return missing(name, option, e);
	buf_add_text(out, word);
	return 0;
}

static int add_session_bare(struct str name, const char *session, struct buf *out, struct err *e)
{
	struct str bare = str_of(session);
	if (bare.len == 0)
		return missing(name, "--session", e);
	buf_add_str(out, str_starts(bare, S("cse_")) ? str_skip(bare, 4) : bare);
	return 0;
}

/* The name that Claude Code gives the directory of a project, from the path of its working directory. */
static int add_project_hash(struct str name, const char *root, struct buf *out, struct err *e)
{
	if (!root || !root[0])
		return missing(name, "a base", e);
	MEM_AUTO char *path = mem_printf("%s/project", root);
	for (char *p = path; *p; p++) {
		if (*p == '/' || *p == '_')
			*p = '-';
	}
	buf_add_text(out, path);
	return 0;
}

static int add_tmp(struct buf *out)
{
	const char *tmp = sys_env("TMPDIR");
	buf_add_text(out, tmp ? tmp : "/tmp");
	return 0;
}

static int add_placeholder(struct str name, const struct profile_words *w, struct buf *out,
                           struct err *e)
{
	if (str_is(name, "id"))
		return add_word(name, w->id, "--id", out, e);
	if (str_is(name, "workspace"))
		return add_word(name, w->workspace, "--workspace", out, e);
	if (str_is(name, "session"))
		return add_word(name, w->session, "--session", out, e);
	if (str_is(name, "session_bare"))
		return add_session_bare(name, w->session, out, e);
	if (str_is(name, "root"))
		return add_word(name, w->root, "a base", out, e);
	if (str_is(name, "project_hash"))
		return add_project_hash(name, w->root, out, e);
	if (str_is(name, "tmp"))
		return add_tmp(out);
	return err_set(e, ERR_KIND_CONFIG, "{%" STR_FMT "} is no placeholder", STR_ARG(name));
}

int profile_expand(const char *text, const struct profile_words *w, struct buf *out, struct err *e)
{
	struct str rest = str_of(text);
	struct str head, name;
	while (str_cut(rest, '{', &head, &rest)) {
		buf_add_str(out, head);
		if (!str_cut(rest, '}', &name, &rest))
			return err_set(e, ERR_KIND_CONFIG, "\"%s\": a '{' without '}'", text);
		if (add_placeholder(name, w, out, e) != 0)
			return err_context(e, "\"%s\"", text);
	}
	buf_add_str(out, head);
	return buf_check(out, e, text);
}
