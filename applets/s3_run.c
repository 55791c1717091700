/* ws-s3 run: each line is a command; some run at the same time, and all share one client. */
#include "applets/s3_run.h"

#include <stdio.h>
#include <string.h>

#include "applets/help.h"
#include "applets/s3_options.h"
#include "applets/s3_stop.h"
#include "applets/s3_words.h"
#include "applets/table.h"
#include "base/mem.h"
#include "os/dir.h"
#include "os/file.h"
#include "os/meter.h"
#include "os/pool.h"

enum { LINE_MAX_BYTES = 1 << 20, STEP = 65536, STACK_BYTES = 1 << 20, PARALLEL = 8 };

struct options {
	struct s3_config s3;
	uint64_t parallel;
	bool dry_run;
};

static const struct opt_row rows[] = {
	OPT_COUNT("parallel", 'p', "N", struct options, parallel,
	          "commands at the same time (default 8); 1 keeps the order"),
	OPT_FLAG("dry-run", 'n', struct options, dry_run,
	         "say what would be done: every command gets --dry-run"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	S3_OPTIONS_GROUP(offsetof(struct options, s3)),
	OPT_GROUPS_END,
};

struct line {
	struct pool_job job;
	struct runner *runner;
	struct buf text;
	uint64_t number;
	bool busy;
};

struct runner {
	const struct applet_call *call;
	struct s3 *s3;
	struct stopper *stopper;
	struct pool *pool;
	struct line *lines;
	size_t line_count;
	uint64_t number, total, failed;
};

/* As main does it: the common options lie in front of the applet's own. */
struct block {
	struct applet_common common;
	_Alignas(16) unsigned char own[];
};

/* A line that says nothing about the connection uses the one of `run`. */
static void share_client(const struct runner *r, const struct opt_group *all, struct block *block)
{
	static const struct s3_config nothing = { .endpoint_url = NULL };
	const struct options *o = r->call->options;
	for (const struct opt_group *g = all; g->rows; g++) {
		if (g->rows != s3_options_rows)
			continue;
		struct s3_config *config = (struct s3_config *)(void *)((char *)block + g->offset);
		if (memcmp(config, &nothing, sizeof(nothing)) != 0)
			continue;
		*config = o->s3;
		config->client = r->s3;
	}
}

static int run_applet(const struct runner *r, const struct applet *a, const struct opt_group *all,
                      struct block *block, const struct opt_list *operands, struct err *e)
{
	MEM_AUTO char *name = mem_printf("ws-s3 %s", a->name);
	if (operands->count < a->args_min || operands->count > a->args_max)
		return err_set(e, ERR_KIND_USAGE, "%s operands; usage: %s %s",
		               operands->count < a->args_min ? "too few" : "too many", name,
		               a->synopsis);
	for (size_t i = 0; i < operands->count; i++)
		if (strcmp(operands->items[i], "-") == 0)
			return err_set(e, ERR_KIND_USAGE,
			               "standard input and output are not for commands of run");
	share_client(r, all, block);
	const struct applet_call call = {
		.name = name,
		.common = &block->common,
		.config = r->call->config,
		.options = block->own,
		.args = operands->items,
		.arg_count = operands->count,
		.after_dashes = operands->count,
	};
	int status = applet_run(a, &call, &block->common, e);
	return status <= 0 ? status : err_set(e, ERR_KIND_FAILED, "status %d", status);
}

static int run_words(const struct runner *r, struct s3_words *w, struct err *e)
{
	struct opt_group all[HELP_GROUPS_MAX];
	struct opt_list operands = { .items = NULL };
	const struct options *o = r->call->options;
	bool can_dry_run;
	const struct applet *a = table_find_sub(table_find("ws-s3"), w->words[0]);
	if (!a || a == &s3_run_applet)
		return err_set(e, ERR_KIND_USAGE, "there is no command '%s' for run", w->words[0]);
	struct block *block = mem_new(1, sizeof(*block) + a->options_size);
	block->common = *r->call->common;
	block->common.progress = METER_NEVER;
	if (a->defaults)
		a->defaults(block->own);
	help_groups(a, offsetof(struct block, own), all);
	/* What has no such option changes nothing. */
	int result =
		opt_set(all, block, "dry-run", o->dry_run ? "yes" : "no", &can_dry_run, e) ||
		opt_parse(all, block, w->count, w->words, a->stop_at_operand, &operands, NULL, e);
	if (result == 0)
		result = run_applet(r, a, all, block, &operands, e);
	opt_free(all, block);
	mem_free(operands.items);
	mem_free(block);
	return result;
}

static int run_line(struct pool_job *job, struct err *e)
{
	struct line *line = (struct line *)job;
	struct s3_words words = { .count = 0 };
	int result = s3_words_cut(buf_str(&line->text), &words, e);
	if (result == 0 && words.count > 0)
		result = run_words(line->runner, &words, e);
	s3_words_free(&words);
	return result;
}

static struct line *wait_one(struct runner *r)
{
	struct pool_job *ended = pool_wait_any(r->pool);
	struct line *line = (struct line *)ended;
	if (!line)
		return NULL;
	line->busy = false;
	if (ended->result) {
		err_context(&ended->err, "line %llu", (unsigned long long)line->number);
		applet_item_failed(r->call, &ended->err, &r->failed);
	}
	return line;
}

static void start_line(struct runner *r, struct str text)
{
	struct line *idle = NULL;
	r->number++;
	text = str_trim(text);
	if (text.len == 0 || text.p[0] == '#')
		return;
	for (size_t i = 0; i < r->line_count && !idle; i++)
		if (!r->lines[i].busy)
			idle = &r->lines[i];
	while (!idle)
		idle = wait_one(r);
	r->total++;
	buf_clear(&idle->text);
	buf_add_str(&idle->text, text);
	idle->number = r->number;
	idle->busy = true;
	idle->job = (struct pool_job){ .run = run_line };
	pool_submit(r->pool, &idle->job);
}

/* Lines start as they are read: FILE may be a pipe. */
static int each_line(struct runner *r, int fd, const char *name, struct err *e)
{
	BUF_AUTO text = buf_make(LINE_MAX_BYTES);
	size_t got = 1;
	while (got > 0) {
		struct str line, rest;
		int ready = stopper_wait(r->stopper, fd, e);
		if (ready <= 0)
			return ready < 0 ? -1 : stop_fail(e);
		char *room = buf_room(&text, STEP);
		if (!room)
			return err_set(e, ERR_KIND_DATA, "%s: a line is too long", name);
		if (file_read_some(fd, room, STEP, &got, e, name))
			return -1;
		buf_grew(&text, got);
		rest = buf_str(&text);
		while (str_index(rest, '\n') >= 0) {
			str_cut(rest, '\n', &line, &rest);
			start_line(r, line);
		}
		if (got == 0)
			start_line(r, rest);
		buf_consume(&text, text.len - rest.len);
	}
	return 0;
}

static int run_all(struct runner *r, const char *name, struct err *e)
{
	FD_AUTO fd = -1;
	bool is_stdin = strcmp(name, "-") == 0;
	if (!is_stdin && dir_open_user_file(name, true, &fd, e))
		return -1;
	int result = each_line(r, is_stdin ? 0 : fd, name, e);
	while (wait_one(r))
		continue;
	if (result)
		return -1;
	return applet_result(r->failed, r->total, "commands", e);
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	S3_AUTO s3 = NULL;
	POOL_AUTO pool = NULL;
	struct runner r = { .call = call };
	unsigned parallel = o->parallel == 0   ? PARALLEL
	                    : o->parallel < 64 ? (unsigned)o->parallel
	                                       : 64;
	if (s3_open(&o->s3, &s3, e) || s3_stop_begin(&o->s3, s3, &r.stopper, e))
		return -1;
	if (pool_open(parallel, STACK_BYTES, parallel, &pool, e))
		return s3_stop_end(r.stopper, -1, e);
	r.s3 = s3;
	r.pool = pool;
	r.line_count = parallel;
	r.lines = mem_new(parallel, sizeof(*r.lines));
	for (size_t i = 0; i < parallel; i++) {
		r.lines[i].runner = &r;
		r.lines[i].text = buf_make(LINE_MAX_BYTES);
	}
	int result = run_all(&r, call->args[0], e);
	for (size_t i = 0; i < parallel; i++)
		buf_free(&r.lines[i].text);
	mem_free(r.lines);
	return s3_stop_end(r.stopper, result, e);
}

const struct applet s3_run_applet = {
	.name = "run",
	.summary = "run many commands in one process",
	.synopsis = "[OPTIONS] FILE",
	.details =
		"Each line of FILE (- for standard input) is a command of ws-s3 with its options, quoted\n"
		"as for a shell; # begins a comment. Several run at the same time, in no order. Lines\n"
		"without options for the connection share the one of run.",
	.groups = groups,
	.options_size = sizeof(struct options),
	.args_min = 1,
	.args_max = 1,
	.run = run,
};
