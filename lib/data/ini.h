/*
 * INI as git, systemd and the AWS files have it: [section], name = value, '#' and ';' at the start
 * of a line (blanks before are fine) or behind a section's ']'. CRLF, a BOM and a missing last
 * newline are fine.
 *
 * AWS rules: "[profile x]" is the section "profile x"; a nested block (lines that are indented
 * deeper than the name they stand under) is that name's value, lines joined by '\n'. A '#' or ';'
 * inside a value belongs to it: cutting there would silently shorten a command or a password.
 *
 * In a section's name a run of blanks is one space, and double quotes are taken off: [remote "a b"]
 * is `remote a b`. A broken line is an error with file and line number, never with its content.
 */
#ifndef WS_DATA_INI_H
#define WS_DATA_INI_H

#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"

enum { INI_FILE_MAX = 1 << 20, INI_LINE_MAX = 16384 };

/* The views have a NUL behind them, so `value.p` is a C string that lives as long as the ini. */
struct ini_entry {
	struct str section; /* "" before the first header */
	struct str name;    /* lower case is not forced; compare with ini_get */
	struct str value;   /* trimmed */
	unsigned line;
};

struct ini {
	char *text; /* owned copy that the views point into */
	size_t text_len;
	struct ini_entry *entries;
	size_t count;
	struct str *sections; /* as opened, in order; one that was opened twice is here twice */
	size_t section_count;
};

/* `file` names the text in messages. Errors: CONFIG; *out is empty then. */
int ini_parse(struct str text, const char *file, struct ini *out, struct err *e) MUST_CHECK;
void ini_free(struct ini *ini);
#define INI_AUTO AUTO(ini_free) struct ini

/* The last value of section/name (names without case, sections with); false when there is none. */
bool ini_get(const struct ini *ini, struct str section, const char *name, struct str *value);
/* Whether a section has any entry or was opened at all. */
bool ini_has_section(const struct ini *ini, struct str section);

#endif
