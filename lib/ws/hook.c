/* Hooks. */
#include "ws/hook.h"

#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "os/dir.h"
#include "os/log.h"
#include "os/run.h"
#include "ws/journal.h"

static const char log_name[] = "hooks.log";
static const char older[] = "hooks.log.1";

struct runner {
	struct setup *s;
	const struct hook_options *o;
	char **env;
	int cwd_fd, dir_fd,
		log_fd; /* dir_fd: of the record; log_fd: -1 when there is no log any more */
	uint64_t logged_bytes;
};

static void close_runner(struct runner *r)
{
	mem_free_texts(&r->env);
	file_close_auto(&r->cwd_fd);
	file_close_auto(&r->dir_fd);
	file_close_auto(&r->log_fd);
}

static int begin_log(struct runner *r, struct err *e)
{
	file_close_auto(&r->log_fd);
	r->logged_bytes = 0;
	return dir_create_file(r->dir_fd, log_name, 0600, &r->log_fd, e);
}

/* As the journal is. */
static int turn_over(struct runner *r, struct err *e)
{
	if (dir_rename(r->dir_fd, log_name, r->dir_fd, older, false, e) != 0)
		return -1;
	return begin_log(r, e);
}

/* On a full disk the work goes on without a log. */
static void note(void *ctx, struct str text)
{
	struct runner *r = ctx;
	struct err why = ERR_INIT;
	bool is_full = r->logged_bytes + text.len > HOOK_LOG_BYTES_MAX;
	if (r->log_fd < 0)
		return;
	if ((is_full && turn_over(r, &why) != 0) ||
	    file_write(r->log_fd, text.p, text.len, &why, log_name) != 0) {
		file_close_auto(&r->log_fd);
		log_warn("the rest of what the hooks say is not kept: %s", why.msg);
	}
	r->logged_bytes += text.len;
}

static int open_runner(struct runner *r, struct err *e)
{
	const char *id = r->s->record.id;
	FD_AUTO root = -1;
	if (dir_open(r->s->base.fd, id, &root, e) != 0 ||
	    dir_open(root, r->s->profile.cwd ? r->s->profile.cwd : ".", &r->cwd_fd, e) != 0 ||
	    record_dir(&r->s->base, id, true, &r->dir_fd, e) != 0 ||
	    dir_unlink(r->dir_fd, log_name, e) != 0 || dir_unlink(r->dir_fd, older, e) != 0 ||
	    begin_log(r, e) != 0)
		return -1;
	return setup_environment(r->s, NULL, 0, &r->env, e);
}

static int start(struct runner *r, const char *command, struct run_result *out, struct err *e)
{
	char program[] = "sh", option[] = "-c";
	MEM_AUTO char *text = mem_text(command);
	MEM_AUTO char *head = mem_printf("$ %s\n", command);
	char *argv[] = { program, option, text, NULL };
	const struct run_options how = {
		.argv = argv,
		.env = r->env,
		.cwd_fd = r->cwd_fd,
		.heard = note,
		.heard_ctx = r,
		.timeout_ms = r->o->timeout_ms,
		.set_user = r->o->set_user,
		.uid = r->o->uid,
		.gid = r->o->gid,
	};
	note(r, str_of(head));
	return run_program(&how, out, e);
}

static int fail(const struct runner *r, const char *command, const struct run_result *result,
                struct err *e)
{
	char shown[200], how[64];
	snprintf(how, sizeof(how), "ended with status %d", result->status);
	return err_set(e, ERR_KIND_FAILED, "--hook \"%s\" %s; what it said is in %s/.ws/%s/%s",
	               codec_quoted(str_of(command), shown, sizeof(shown)),
	               result->timed_out ? "was not done in time" : how, r->s->base.path,
	               r->s->record.id, log_name);
}

static int run_one(struct runner *r, const char *command, struct err *e)
{
	RUN_AUTO result = { .status = -1 };
	if (start(r, command, &result, e) != 0)
		return -1;
	struct js *fields = js_object();
	js_set_text(fields, "command", command);
	js_set_int(fields, "status", result.status);
	js_set_bool(fields, "timed_out", result.timed_out);
	journal_add(&r->s->base, "hook", r->s->record.id, fields);
	if (result.status == 0 && !result.timed_out)
		return 0;
	return fail(r, command, &result, e);
}

static int run_all(struct runner *r, struct err *e)
{
	for (size_t i = 0; i < r->o->count; i++) {
		struct err why = ERR_INIT;
		if (run_one(r, r->o->commands[i], &why) == 0)
			continue;
		if (r->o->must_succeed) {
			*e = why;
			return -1;
		}
		log_warn("%s", why.msg);
	}
	return 0;
}

int hook_run(struct setup *s, const struct hook_options *o, struct err *e)
{
	AUTO(close_runner)
	struct runner r = { .s = s, .o = o, .cwd_fd = -1, .dir_fd = -1, .log_fd = -1 };
	if (!s->record.hooks_pending || o->count == 0)
		return 0;
	if (open_runner(&r, e) != 0 || run_all(&r, e) != 0)
		return -1;
	s->record.hooks_pending = false;
	return record_save(&s->base, &s->record, e);
}
