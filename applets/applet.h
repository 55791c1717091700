/*
 * What an applet is: its words, its option rows, its run function. All const; table.c lists them.
 * main.c parses the options into a zeroed struct of `options_size` bytes (after `defaults`, then the
 * configuration files), prints --help, and turns the error into the exit status.
 */
#ifndef WS_APPLETS_APPLET_H
#define WS_APPLETS_APPLET_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/progress.h"
#include "cli/opt.h"
#include "data/ini.h"
#include "data/js.h"
#include "os/meter.h"

/* Options that every applet has. */
struct applet_common {
	bool json;
	bool quiet;
	int verbose;
	int progress;       /* enum meter_mode */
	const char *config; /* a further configuration file */
	bool help;
};

/* What run gets. */
struct applet_call {
	const char *name; /* "ws-s3", "ws-s3 ls" */
	const struct applet_common *common;
	const struct ini *config; /* all configuration files, later ones last */
	const void *options;      /* the applet's own struct */
	const char **args;        /* operands */
	size_t arg_count;
	size_t after_dashes; /* index in args of the first operand behind "--"; arg_count when there is none */
};

struct applet {
	const char *name;                /* "ws-gc"; of a sub-command: "ls" */
	const char *summary;             /* one line */
	const char *synopsis;            /* "[OPTIONS] ID…", after the name */
	const char *details;             /* paragraphs for --help; may be NULL */
	const struct opt_group *groups;  /* ended by OPT_GROUPS_END; NULL: only the common ones */
	size_t options_size;             /* 0: none */
	void (*defaults)(void *options); /* NULL: all zero */
	size_t args_min, args_max;       /* operands; SIZE_MAX: any number */
	bool stop_at_operand;            /* the rest belongs to a command */
	/* 0, or -1 and *e, or an exit status of 1 to 255 of its own (a supervised command's) */
	int (*run)(const struct applet_call *call, struct err *e);
	/* Whether what it writes on standard output is content, among which no line of JSON may come; NULL: never */
	bool (*prints_content)(const struct applet_call *call);
	const struct applet *const *subs; /* sub-commands, NULL-terminated; then run is NULL */
};

/* Run it. `common` is that of `call`, and says afterwards whether --json still holds. */
int applet_run(const struct applet *a, const struct applet_call *call, struct applet_common *common,
               struct err *e) MUST_CHECK;

/* For prints_content: always. */
bool applet_prints_content(const struct applet_call *call);

/* For applets' output. One JSON object as a line on stdout; frees `line`. */
void applet_json_line(struct js *line);
/* Text on stdout. */
void applet_print(const struct buf *text);
/* A table on stdout; nothing when it has no rows. */
struct table;
void applet_print_table(const struct table *t);
/* Say on stderr what failed and go on (exit status 1 at the end): "ws-s3: <message>"; with --json also an
 * {"error":…} line on stdout. Counts in *failed. */
void applet_item_failed(const struct applet_call *call, struct err *e, uint64_t *failed);
/* The {"error":…} line alone. */
void applet_error_line(const struct err *e);
/* {"kind":…,"message":…,…} of an error, as `--json` shows it. */
struct js *applet_error_json(const struct err *e);
/* FAILED "3 of 10 objects failed" when failed > 0. */
int applet_result(uint64_t failed, uint64_t total, const char *things, struct err *e) MUST_CHECK;

/* One thing done, or that would be: a line with --json, and for people with --verbose or --dry-run. `to` may
 * be NULL; size_bytes may be UINT64_MAX: not known. */
struct applet_action {
	const char *verb; /* "upload", "download", "copy", "delete" */
	const char *from, *to;
	uint64_t size_bytes;
	bool dry_run;
};
void applet_show_action(const struct applet_call *call, const struct applet_action *a);

/* Progress: begin drawing and end. The struct is the caller's. */
/* When progress is drawn, by the options that all applets have. */
enum meter_mode applet_meter_mode(const struct applet_call *call);
struct meter *applet_progress(const struct applet_call *call, struct progress *p,
                              const char *label);
void applet_progress_end(struct meter *m);

#endif
