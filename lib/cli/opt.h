/*
 * Option rows. One table parses the command line, reads the configuration file and writes --help
 * and the man page. A row names a field of the applet's own options struct; groups of rows are
 * shared between applets by giving each a place in that struct.
 *
 * GNU long options: --x=v, --x v, -xv, -x v, -abc. Options may stand after operands; "--" ends
 * them. No abbreviations. A repeated single option: the last wins.
 */
#ifndef WS_CLI_OPT_H
#define WS_CLI_OPT_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"

enum opt_type {
	OPT_TYPE_FLAG,     /* bool */
	OPT_TYPE_TEXT,     /* const char *; points into argv or the configuration's text */
	OPT_TYPE_LIST,     /* struct opt_list; may be repeated */
	OPT_TYPE_COUNT,    /* uint64_t */
	OPT_TYPE_SIZE,     /* uint64_t, bytes */
	OPT_TYPE_DURATION, /* int64_t, milliseconds */
	OPT_TYPE_MODE,     /* uint32_t */
	OPT_TYPE_UP,       /* int; each use adds 1 (-v -v) */
	OPT_TYPE_CHOICE,   /* int: index into `choices` */
};

struct opt_list {
	const char **items;
	size_t count;
};

struct opt_row {
	const char *name; /* long name without "--" */
	char letter;      /* 0: none */
	const char *arg;  /* "DIR"; NULL for flags */
	enum opt_type type;
	size_t offset;              /* of the field in the group's struct */
	const char *const *choices; /* NULL-terminated, for CHOICE */
	const char *help;           /* one sentence, no full stop */
};

/* Typed initialisers: a field of the wrong type does not compile. */
#define OPT_FIELD(type, st, field) \
	(offsetof(st, field) + 0 * sizeof((type *)0 == &((st *)0)->field))
#define OPT_FLAG(n, l, st, f, h)                                           \
	{                                                                  \
		n, l, NULL, OPT_TYPE_FLAG, OPT_FIELD(bool, st, f), NULL, h \
	}
#define OPT_TEXT(n, l, a, st, f, h)                                             \
	{                                                                       \
		n, l, a, OPT_TYPE_TEXT, OPT_FIELD(const char *, st, f), NULL, h \
	}
#define OPT_LIST(n, l, a, st, f, h)                                                \
	{                                                                          \
		n, l, a, OPT_TYPE_LIST, OPT_FIELD(struct opt_list, st, f), NULL, h \
	}
#define OPT_COUNT(n, l, a, st, f, h)                                         \
	{                                                                    \
		n, l, a, OPT_TYPE_COUNT, OPT_FIELD(uint64_t, st, f), NULL, h \
	}
#define OPT_SIZE(n, l, a, st, f, h)                                         \
	{                                                                   \
		n, l, a, OPT_TYPE_SIZE, OPT_FIELD(uint64_t, st, f), NULL, h \
	}
#define OPT_DURATION(n, l, a, st, f, h)                                        \
	{                                                                      \
		n, l, a, OPT_TYPE_DURATION, OPT_FIELD(int64_t, st, f), NULL, h \
	}
#define OPT_MODE(n, l, a, st, f, h)                                         \
	{                                                                   \
		n, l, a, OPT_TYPE_MODE, OPT_FIELD(uint32_t, st, f), NULL, h \
	}
#define OPT_UP(n, l, st, f, h)                                          \
	{                                                               \
		n, l, NULL, OPT_TYPE_UP, OPT_FIELD(int, st, f), NULL, h \
	}
#define OPT_CHOICE(n, l, a, st, f, c, h)                              \
	{                                                             \
		n, l, a, OPT_TYPE_CHOICE, OPT_FIELD(int, st, f), c, h \
	}

/* A group: rows over a struct that lies at `offset` in the applet's options. The list of groups
 * of an applet ends with a group whose rows are NULL. */
struct opt_group {
	const char *title; /* heading in --help; NULL: "Options" */
	const struct opt_row *rows;
	size_t count;
	size_t offset;
};
#define OPT_GROUP(title, rows, offset)             \
	{                                          \
		title, rows, COUNTOF(rows), offset \
	}
#define OPT_GROUPS_END           \
	{                        \
		NULL, NULL, 0, 0 \
	}

/* Parse argv[1..]. Operands (what is not an option, and all behind "--") go to *operands, in
 * order. `stop_at_operand`: everything from the first operand on is an operand. `after_dashes`
 * (may be NULL) gets the index in operands of the first one behind "--", or the count when there
 * was no "--". Lists and operands are allocated; free with opt_free and mem_free on
 * operands->items. Errors: USAGE, naming the option, and the nearest name when it looks like a
 * slip. */
int opt_parse(const struct opt_group *groups, void *options, int argc, char **argv,
              bool stop_at_operand, struct opt_list *operands, size_t *after_dashes,
              struct err *e) MUST_CHECK;
/* Set one option from a configuration file: flags take yes/no, true/false, on/off, 1/0; UP takes
 * a number. A name that no row has: 0 with *known false. Errors: CONFIG. */
int opt_set(const struct opt_group *groups, void *options, const char *name, const char *value,
            bool *known, struct err *e) MUST_CHECK;
/* Free the lists in `options`. */
void opt_free(const struct opt_group *groups, void *options);

/* Append the options part of --help, aligned, wrapped at 80 columns. */
void opt_help(const struct opt_group *groups, struct buf *out);
/* The same as man(7) source. */
void opt_man(const struct opt_group *groups, struct buf *out);

#endif
