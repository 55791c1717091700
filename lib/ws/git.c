/* Running git. */
#include "ws/git.h"

#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "os/file.h"
#include "os/run.h"
#include "os/sys.h"

enum { FIXED_ARGS = 16, SHOWN_MAX = 400 };

/* Nothing of the repository's configuration that runs a program of its own choice while we look, and no work in the
 * background after the end. */
static const char *const fixed[] = {
	"git",
	"-c",
	"core.hooksPath=/dev/null",
	"-c",
	"core.fsmonitor=false",
	"-c",
	"gc.auto=0",
	"-c",
	"maintenance.auto=false",
	"-c",
	"core.fsync=all",
	"-c",
	"advice.detachedHead=false",
};
_Static_assert(COUNTOF(fixed) < FIXED_ARGS, "room for what is always said");

/* ---- what it says ---- */

/* Its first line with a fault, without "error: " or "fatal: ", which often only sums up ("adding files failed"). */
static struct str fault_of(struct str text)
{
	struct str line, first = S("");
	while (str_cut(text, '\n', &line, &text) || line.len > 0) {
		line = str_trim(line);
		if (str_starts(line, S("fatal: ")) || str_starts(line, S("error: ")))
			return str_skip(line, 7);
		if (first.len == 0)
			first = line;
	}
	return first;
}

static int fail(const char *verb, const struct run_result *r, struct err *e)
{
	char shown[SHOWN_MAX];
	struct str fault = fault_of(buf_str(&r->errors));
	if (r->timed_out) {
		err_set(e, ERR_KIND_TRY_AGAIN, "git %s: it was not done in time", verb);
		e->retryable = true;
		return -1;
	}
	if (fault.len == 0)
		return err_set(e, ERR_KIND_FAILED, "git %s ended with status %d", verb, r->status);
	return err_set(e, ERR_KIND_FAILED, "git %s: %s", verb,
	               codec_quoted(fault, shown, sizeof(shown)));
}

/* ---- run ---- */

static int set_user(const struct git *g, struct run_options *o, struct err *e)
{
	struct file_stat st;
	if (!g->as_owner || sys_uid() != 0)
		return 0;
	if (file_stat(g->cwd_fd, &st, e, "the repository") != 0)
		return -1;
	o->set_user = st.uid != 0;
	o->uid = st.uid;
	o->gid = st.gid;
	return 0;
}

static int run(const struct git *g, const char *const *args, struct run_result *out, struct err *e)
{
	char *argv[FIXED_ARGS + GIT_ARGS_MAX + 1];
	size_t count = 0;
	struct err why = ERR_INIT;
	MEM_TEXTS_AUTO env = git_environment(g);
	for (size_t i = 0; i < COUNTOF(fixed); i++)
		argv[count++] = (char *)(uintptr_t)fixed[i];
	for (size_t i = 0; args[i] && i < GIT_ARGS_MAX; i++)
		argv[count++] = (char *)(uintptr_t)args[i];
	argv[count] = NULL;
	struct run_options o = {
		.argv = argv,
		.env = env,
		.cwd_fd = g->cwd_fd,
		.input = g->input,
		.timeout_ms = g->timeout_ms,
		.output_max = GIT_OUTPUT_MAX,
	};
	if (set_user(g, &o, e) != 0)
		return -1;
	if (run_program(&o, out, &why) == 0)
		return 0;
	if (why.kind == ERR_KIND_NOT_FOUND)
		return err_set(e, ERR_KIND_UNAVAILABLE,
		               "git is needed and is not installed: it is in no directory of PATH");
	*e = why;
	return -1;
}

int git_ask(const struct git *g, const char *const *args, struct buf *out, struct err *e)
{
	RUN_AUTO r = { .status = 0 };
	if (run(g, args, &r, e) != 0)
		return -1;
	if (r.timed_out || r.status > 1)
		return fail(args[0], &r, e);
	if (out)
		buf_add_str(out, buf_str(&r.output));
	return r.status;
}

int git_run(const struct git *g, const char *const *args, struct buf *out, struct err *e)
{
	RUN_AUTO r = { .status = 0 };
	if (run(g, args, &r, e) != 0)
		return -1;
	if (r.timed_out || r.status != 0)
		return fail(args[0], &r, e);
	if (out)
		buf_add_str(out, buf_str(&r.output));
	return 0;
}

static int copy_line(const char *verb, const struct buf *text, char *line, size_t cap,
                     struct err *e)
{
	struct str first;
	str_cut(buf_str(text), '\n', &first, NULL);
	if (str_copy(first, line, cap) == 0)
		return 0;
	return err_set(e, ERR_KIND_DATA, "git %s: its answer is too long", verb);
}

int git_line(const struct git *g, const char *const *args, char *line, size_t cap, struct err *e)
{
	BUF_AUTO text = buf_make(GIT_OUTPUT_MAX);
	return git_run(g, args, &text, e) != 0 ? -1 : copy_line(args[0], &text, line, cap, e);
}

int git_find(const struct git *g, const char *const *args, char *line, size_t cap, struct err *e)
{
	BUF_AUTO text = buf_make(GIT_OUTPUT_MAX);
	int status = git_ask(g, args, &text, e);
	if (status != 0)
		return status < 0 ? -1 : 0;
	return copy_line(args[0], &text, line, cap, e) != 0 ? -1 : 1;
}
