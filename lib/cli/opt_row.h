/* Internal to opt: finding rows and writing values. */
#ifndef WS_CLI_OPT_ROW_H
#define WS_CLI_OPT_ROW_H

#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "cli/opt.h"

/* A row and the field it writes. */
struct opt_row_place {
	const struct opt_row *row; /* NULL: no such row */
	void *field;
};

struct opt_row_place opt_row_by_name(const struct opt_group *groups, void *options,
                                     struct str name);
struct opt_row_place opt_row_by_letter(const struct opt_group *groups, void *options, char letter);

/* Whether the row is written without a value. */
bool opt_row_is_bare(const struct opt_row *row);

/* The use of a bare row. */
void opt_row_mark(struct opt_row_place place);
/* Parse `value` into the field. Errors: USAGE, saying what is wrong with the value. */
int opt_row_store(struct opt_row_place place, const char *value, struct err *e) MUST_CHECK;
/* The same from a configuration file, where bare rows have values too (yes, no; how often). */
int opt_row_store_config(struct opt_row_place place, const char *value, struct err *e) MUST_CHECK;

/* The long name that is most like `name`, at most two slips away; NULL when none is. */
const char *opt_row_nearest(const struct opt_group *groups, struct str name);

/* Append `item`. */
void opt_row_append(struct opt_list *list, const char *item);

#endif
