/* Tables for humans. */
#include "cli/table.h"

#include <assert.h>
#include <string.h>

#include "base/codec.h"
#include "base/utf8.h"

/* More than any terminal scrolls; a listing that long wants --json. */
enum { CELLS_MAX = 256 << 20, COLUMN_GAP = 2 };

void table_init(struct table *t, unsigned columns, const char *const *titles)
{
	assert(columns > 0 && columns <= TABLE_COLUMNS_MAX);
	*t = (struct table){ .columns = columns, .cells = buf_make(CELLS_MAX) };
	for (unsigned i = 0; i < columns; i++) {
		t->right[i] = titles[i][0] == '>';
		table_cell_text(t, titles[i] + (t->right[i] ? 1 : 0));
	}
	t->rows = 0;
}

void table_cell(struct table *t, struct str text)
{
	codec_quote(text, &t->cells);
	buf_add_char(&t->cells, '\0');
	t->column = (t->column + 1) % t->columns;
	if (t->column == 0)
		t->rows++;
}

void table_cell_text(struct table *t, const char *text)
{
	table_cell(t, str_of(text));
}

static struct str take_cell(struct str *cells)
{
	struct str cell;
	str_cut(*cells, '\0', &cell, cells);
	return cell;
}

static void measure(const struct table *t, size_t widths[TABLE_COLUMNS_MAX])
{
	struct str cells = buf_str(&t->cells);
	memset(widths, 0, TABLE_COLUMNS_MAX * sizeof(widths[0]));
	for (unsigned column = 0; cells.len > 0; column = (column + 1) % t->columns) {
		size_t width = utf8_count(take_cell(&cells));
		if (width > widths[column])
			widths[column] = width;
	}
}

static void add_blanks(struct buf *out, size_t n)
{
	while (n-- > 0)
		buf_add_char(out, ' ');
}

/* One row. Blanks are held back until something follows them, so that no line ends in blanks. */
static void format_row(const struct table *t, const size_t widths[TABLE_COLUMNS_MAX],
                       struct str *cells, struct buf *out)
{
	size_t blanks = 0;
	for (unsigned column = 0; column < t->columns && cells->len > 0; column++) {
		struct str cell = take_cell(cells);
		size_t padding = widths[column] - utf8_count(cell);
		blanks += t->right[column] ? padding : 0;
		if (cell.len > 0) {
			add_blanks(out, blanks);
			buf_add_str(out, cell);
			blanks = 0;
		}
		blanks += COLUMN_GAP + (t->right[column] ? 0 : padding);
	}
	buf_add_char(out, '\n');
}

void table_format(const struct table *t, struct buf *out)
{
	size_t widths[TABLE_COLUMNS_MAX];
	struct str cells = buf_str(&t->cells);
	measure(t, widths);
	while (cells.len > 0)
		format_row(t, widths, &cells, out);
	if (t->cells.too_large)
		out->too_large = true;
}

void table_free(struct table *t)
{
	buf_free(&t->cells);
	t->rows = 0;
}
