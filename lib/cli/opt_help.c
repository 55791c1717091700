/* Option rows as --help and as man(7) source. */
#include <string.h>

#include "base/utf8.h"
#include "cli/opt.h"

/* Lines end here; the help column starts two columns behind the widest option, up to the cap. */
enum { LINE_WIDTH = 80, HELP_COLUMN_MAX = 30 };

/* "-b, --base=DIR", with four blanks where the letter is missing. */
static void add_left(const struct opt_row *row, struct buf *out)
{
	if (row->letter != '\0')
		buf_printf(out, "-%c, ", row->letter);
	else
		buf_add_text(out, "    ");
	buf_printf(out, "--%s", row->name);
	if (row->arg)
		buf_printf(out, "=%s", row->arg);
}

/* The sentence, and what the type lets one say beyond it. */
static void add_sentence(const struct opt_row *row, struct buf *out)
{
	buf_add_text(out, row->help);
	if (row->type == OPT_TYPE_LIST)
		buf_add_text(out, " (may be repeated)");
	if (row->type != OPT_TYPE_CHOICE)
		return;
	for (size_t i = 0; row->choices[i]; i++)
		buf_printf(out, "%s%s", i > 0 ? ", " : " (", row->choices[i]);
	buf_add_char(out, ')');
}

static size_t left_width(const struct opt_row *row)
{
	size_t arg = row->arg ? 1 + utf8_count(str_of(row->arg)) : 0;
	return 2 + 4 + 2 + strlen(row->name) + arg;
}

static size_t help_column(const struct opt_group *groups)
{
	size_t widest = 0;
	for (; groups->rows; groups++) {
		for (size_t i = 0; i < groups->count; i++) {
			size_t width = left_width(&groups->rows[i]);
			if (width > widest && width + 2 <= HELP_COLUMN_MAX)
				widest = width;
		}
	}
	return widest + 2;
}

static void add_blanks(struct buf *out, size_t n)
{
	while (n-- > 0)
		buf_add_char(out, ' ');
}

/* Words from column `indent` on; the cursor stands at `column`. Ends with a newline. */
static void add_wrapped(struct str text, size_t column, size_t indent, struct buf *out)
{
	struct str word;
	while (text.len > 0) {
		str_cut(text, ' ', &word, &text);
		size_t width = utf8_count(word);
		bool first = column <= indent;
		if (!first && column + 1 + width > LINE_WIDTH) {
			buf_add_char(out, '\n');
			column = 0;
			first = true;
		}
		if (first) {
			add_blanks(out, indent - column);
			column = indent;
		} else {
			buf_add_char(out, ' ');
			column++;
		}
		buf_add_str(out, word);
		column += width;
	}
	buf_add_char(out, '\n');
}

static void add_row(const struct opt_row *row, size_t indent, struct buf *out)
{
	BUF_AUTO sentence = buf_make(4096);
	add_sentence(row, &sentence);
	add_blanks(out, 2);
	add_left(row, out);
	size_t column = left_width(row);
	if (column + 2 > indent) {
		buf_add_char(out, '\n');
		column = 0;
	}
	add_wrapped(buf_str(&sentence), column, indent, out);
}

void opt_help(const struct opt_group *groups, struct buf *out)
{
	size_t indent = help_column(groups);
	for (bool first = true; groups->rows; groups++, first = false) {
		if (!first)
			buf_add_char(out, '\n');
		buf_printf(out, "%s:\n", groups->title ? groups->title : "Options");
		for (size_t i = 0; i < groups->count; i++)
			add_row(&groups->rows[i], indent, out);
	}
}
