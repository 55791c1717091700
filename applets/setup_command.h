/* ws-setup … -- COMMAND: supervise, then save and remove. */
#ifndef WS_APPLETS_SETUP_COMMAND_H
#define WS_APPLETS_SETUP_COMMAND_H

#include "applets/applet.h"
#include "base/err.h"
#include "ws/setup.h"

struct setup_command_options {
	struct opt_list
		pass_env;    /* variables that the command gets although they are AWS_* or WS_* */
	int64_t grace_ms;    /* from TERM to KILL */
	int64_t deadline_ms; /* from TERM to the spool */
	int64_t limit_ms;    /* how long the command may run; 0: no limit */
	int64_t save_every_ms; /* save what it did so often while it runs; 0: when that is asked for */
};

enum { SETUP_COMMAND_COUNT = 5 };
extern const struct opt_row setup_command_rows[SETUP_COMMAND_COUNT];

/* A group over the struct setup_command_options at `offset` of the applet's options. */
#define SETUP_COMMAND_GROUP(offset)                                               \
	{                                                                         \
		"With a command", setup_command_rows, SETUP_COMMAND_COUNT, offset \
	}

void setup_command_defaults(struct setup_command_options *o);

struct setup_command {
	const char *const *argv; /* argc words */
	size_t argc;
	const struct setup_command_options *options;
	const struct s3_config *s3;
	const struct applet_call *call;
};

/* The exit status for main: the command's or the save's; -1 and *e when the command did not start. */
int setup_command_run(struct setup *s, const struct setup_command *c, struct err *e) MUST_CHECK;

#endif
