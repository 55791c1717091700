/* Dispatch by argv[0] or argv[1]; parse the options; turn the result into the exit status. */
#include <stdio.h>
#include <string.h>

#include "applets/applet.h"
#include "applets/config.h"
#include "applets/help.h"
#include "applets/table.h"
#include "applets/ws.h"
#include "base/mem.h"
#include "os/log.h"
#include "os/sandbox.h"
#include "os/signals.h"
#include "os/sys.h"

/* The common options lie in front of the applet's own in one block. */
struct options_block {
	struct applet_common common;
	_Alignas(16) unsigned char own[];
};

struct parsed {
	struct options_block *block;
	struct opt_list operands;
	size_t after_dashes;
	struct opt_group groups[HELP_GROUPS_MAX];
};

static void parsed_free(struct parsed *p)
{
	if (p->block)
		opt_free(p->groups, p->block);
	mem_free(p->operands.items);
	mem_free(p->block);
	memset(p, 0, sizeof(*p));
}

static void start(const struct applet *a, struct parsed *p)
{
	help_groups(a, offsetof(struct options_block, own), p->groups);
	p->block = mem_new(1, sizeof(*p->block) + a->options_size);
	if (a->defaults)
		a->defaults(p->block->own);
}

static int parse(const struct applet *a, int argc, char **argv, struct parsed *p, struct err *e)
{
	return opt_parse(p->groups, p->block, argc, argv, a->stop_at_operand, &p->operands,
	                 &p->after_dashes, e);
}

static int check_operands(const struct applet *a, const char *name, const struct parsed *p,
                          struct err *e)
{
	if (p->operands.count >= a->args_min && p->operands.count <= a->args_max)
		return 0;
	return err_set(e, ERR_KIND_USAGE, "%s operands; usage: %s %s (see %s --help)",
	               p->operands.count < a->args_min ? "too few" : "too many", name, a->synopsis,
	               name);
}

static void set_log(const struct applet_common *c)
{
	enum log_level level = LOG_LEVEL_NORMAL;
	if (c->quiet)
		level = LOG_LEVEL_QUIET;
	else if (c->verbose == 1)
		level = LOG_LEVEL_VERBOSE;
	else if (c->verbose > 1)
		level = LOG_LEVEL_DEBUG;
	log_set_level(level);
}

/* Parsed twice: the first time shows mistakes and --config, the second goes over the files' values. */
static int run_parsed(const struct applet *a, const struct applet *parent, const char *full_name,
                      int argc, char **argv, struct err *e)
{
	AUTO(parsed_free) struct parsed first = { 0 };
	start(a, &first);
	if (parse(a, argc, argv, &first, e))
		return -1;
	if (first.block->common.help) {
		help_applet(a, full_name);
		return 0;
	}
	CONFIG_AUTO config = { .file_count = 0 };
	const char *extra = first.block->common.config;
	if (config_load(extra ? extra : sys_env("WS_CONFIG"), &config, e))
		return -1;
	AUTO(parsed_free) struct parsed p = { 0 };
	start(a, &p);
	if (config_apply(&config, parent->name, p.groups, p.block, e) ||
	    parse(a, argc, argv, &p, e) || check_operands(a, full_name, &p, e))
		return -1;
	set_log(&p.block->common);
	const struct applet_call call = {
		.name = full_name,
		.common = &p.block->common,
		.config = &config.all,
		.options = p.block->own,
		.args = p.operands.items,
		.arg_count = p.operands.count,
		.after_dashes = p.after_dashes,
	};
	int result = applet_run(a, &call, &p.block->common, e);
	/* FAILED adds up: each item had a line of its own. */
	if (result < 0 && p.block->common.json && e->kind != ERR_KIND_FAILED)
		applet_error_line(e);
	return result;
}

static int run_applet(const struct applet *a, int argc, char **argv, struct err *e)
{
	log_set_name(a->name);
	if (argc > 1 && strcmp(argv[1], "--version") == 0)
		return ws_run(argc, argv, e);
	if (!a->subs)
		return run_parsed(a, a, a->name, argc, argv, e);
	if (argc < 2)
		return err_set(e, ERR_KIND_USAGE, "which command? see %s --help", a->name);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		help_applet(a, a->name);
		return 0;
	}
	const struct applet *sub = table_find_sub(a, argv[1]);
	if (!sub)
		return err_set(e, ERR_KIND_USAGE, "there is no command '%s'; see %s --help",
		               argv[1], a->name);
	MEM_AUTO char *name = mem_printf("%s %s", a->name, sub->name);
	return run_parsed(sub, a, name, argc - 1, argv + 1, e);
}

static int dispatch(int argc, char **argv, struct err *e)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : (argc > 0 ? argv[0] : "ws");
	const struct applet *a = strcmp(name, "ws") == 0 ? NULL : table_find(name);
	if (a)
		return run_applet(a, argc, argv, e);
	log_set_name("ws");
	if (argc < 2 || argv[1][0] == '-')
		return ws_run(argc, argv, e);
	a = table_find(argv[1]);
	if (!a)
		return err_set(e, ERR_KIND_USAGE, "there is no applet '%s'; see ws --help",
		               argv[1]);
	return run_applet(a, argc - 1, argv + 1, e);
}

/* musl takes stdout for a terminal until the first line was written; a failure then would have lost its reason by the
 * time of the last flush. */
static void buffer_output(void)
{
	if (!log_stdout_is_terminal())
		setvbuf(stdout, NULL, _IOFBF, BUFSIZ);
}

/* What was printed has to arrive: the last flush is looked at. */
static int flush_output(struct err *e)
{
	if (fflush(stdout) || ferror(stdout))
		return err_sys(e, "write standard output");
	return 0;
}

int main(int argc, char **argv)
{
	struct err e = ERR_INIT;
	sandbox_harden();
	js_prepare();
	buffer_output();
	int result = signals_prepare(&e) ? -1 : dispatch(argc, argv, &e);
	if (flush_output(&e) && result >= 0)
		result = -1;
	if (result >= 0)
		return result;
	log_err(&e);
	return err_exit_status(&e);
}
