/* Columns for humans: widths fit the content (counted in code points), the last column is not
 * padded. */
#ifndef WS_CLI_TABLE_H
#define WS_CLI_TABLE_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/str.h"

enum { TABLE_COLUMNS_MAX = 16 };

struct table {
	unsigned columns;
	bool right[TABLE_COLUMNS_MAX]; /* align right */
	struct buf cells;              /* each ends with a NUL; the titles come first */
	unsigned column;               /* where the next cell goes */
	size_t rows;                   /* complete rows, without the titles */
};

/* `titles` has `columns` names; one that starts with '>' is aligned right (the mark is not
 * shown). */
void table_init(struct table *t, unsigned columns, const char *const *titles);
/* The next cell, row by row; control bytes are quoted. */
void table_cell(struct table *t, struct str text);
void table_cell_text(struct table *t, const char *text);
void table_format(const struct table *t, struct buf *out);
void table_free(struct table *t);

#endif
