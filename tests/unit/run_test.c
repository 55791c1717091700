/* Programs that are run to their end. */
#include "os/run.h"

#include "os/sys.h"
#include "scratch.h"
#include "tap.h"

static int sh(const char *script, struct run_options *o, struct run_result *out, struct err *e)
{
	char text[512];
	char sh_name[] = "sh", option[] = "-c";
	char *argv[] = { sh_name, option, text, NULL };
	snprintf(text, sizeof(text), "%s", script);
	o->argv = argv;
	return run_program(o, out, e);
}

static struct run_options usual(void)
{
	return (struct run_options){ .cwd_fd = -1, .output_max = 1 << 20 };
}

static void test_results(void)
{
	static const struct {
		const char *script;
		int status;
		const char *output, *errors;
	} table[] = {
		{ "echo out; echo err >&2", 0, "out\n", "err\n" },
		{ "exit 7", 7, "", "" },
		{ "kill -9 $$", 137, "", "" },
		{ "cat", 0, "", "" },
		{ "sleep 60 & echo early", 0, "early\n", "" },
	};
	for (size_t i = 0; i < COUNTOF(table); i++) {
		struct err e = ERR_INIT;
		struct run_options o = usual();
		RUN_AUTO r = { .status = -1 };
		TAP_OK(sh(table[i].script, &o, &r, &e) == 0, "'%s' runs: %s", table[i].script,
		       e.msg);
		TAP_INT(r.status, table[i].status, "and its status is told");
		TAP_OK(strcmp(r.output.p, table[i].output) == 0, "what it printed is kept");
		TAP_OK(strcmp(r.errors.p, table[i].errors) == 0, "so is what it complained of");
	}
}

static void test_input(void)
{
	struct err e = ERR_INIT;
	struct run_options o = usual();
	RUN_AUTO r = { .status = -1 };
	o.input = S("one\0two");
	TAP_OK(sh("tr '\\0' ' '", &o, &r, &e) == 0 && strcmp(r.output.p, "one two") == 0,
	       "input comes as it is");
}

static void test_limits(void)
{
	struct err e = ERR_INIT;
	struct run_options o = usual();
	o.timeout_ms = 50;
	RUN_AUTO r = { .status = -1 };
	int64_t started_ms = sys_monotonic_ms();
	TAP_OK(sh("sleep 60 & sleep 60", &o, &r, &e) == 0 && r.timed_out,
	       "a program that takes too long is ended: %s", e.msg);
	TAP_OK(sys_monotonic_ms() - started_ms < 10000, "soon");
	static const char *const endless[] = { "yes", "yes >&2" };
	for (size_t i = 0; i < COUNTOF(endless); i++) {
		RUN_AUTO talks = { .status = -1 };
		sh(endless[i], &o, &talks, &e);
		TAP_OK(talks.timed_out, "so is one that talks without end: %s", endless[i]);
		err_clear(&e);
	}
	struct run_options small = usual();
	small.output_max = 10;
	RUN_AUTO much = { .status = -1 };
	TAP_OK(sh("yes | head -c 100000", &small, &much, &e) != 0 && e.kind == ERR_KIND_DATA,
	       "more output than allowed is an error: %s", e.msg);
	err_clear(&e);
	struct run_options loud = usual();
	RUN_AUTO errors = { .status = -1 };
	TAP_OK(sh("yes | head -c 100000 >&2", &loud, &errors, &e) == 0 &&
	               errors.errors.len == RUN_ERRORS_MAX,
	       "of complaints the head is kept");
}

static void hear(void *ctx, struct str piece)
{
	buf_add_str(ctx, piece);
}

static void test_heard(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	struct err e = ERR_INIT;
	BUF_AUTO text = buf_make(100);
	struct run_options o = usual();
	o.heard = hear;
	o.heard_ctx = &text;
	o.cwd_fd = s.fd;
	RUN_AUTO r = { .status = -1 };
	TAP_OK(sh("echo a; echo b >&2; touch here", &o, &r, &e) == 0, "it runs and is heard: %s",
	       e.msg);
	TAP_OK(strcmp(text.p, "a\nb\n") == 0 && r.output.len + r.errors.len == 0,
	       "both outputs, and nothing of them is kept");
	TAP_OK(scratch_has(s.fd, "here"), "it ran in the directory that was said");
}

static void test_absent(void)
{
	struct err e = ERR_INIT;
	struct run_options o = usual();
	char name[] = "no-such-program-anywhere";
	char *argv[] = { name, NULL };
	o.argv = argv;
	RUN_AUTO r = { .status = -1 };
	TAP_OK(run_program(&o, &r, &e) != 0 && e.kind == ERR_KIND_NOT_FOUND,
	       "a program that is not there is an error: %s", e.msg);
}

int main(void)
{
	test_results();
	test_input();
	test_limits();
	test_heard();
	test_absent();
	return tap_done();
}
