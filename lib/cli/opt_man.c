/* Option rows as man(7) source. */
#include "cli/opt.h"

/* Text for roff: a backslash and the hyphens that one types are escaped; a line never starts with a
 * control character, because the caller puts a request or \& in front. */
static void add_escaped(const char *text, struct buf *out)
{
	for (; *text != '\0'; text++) {
		if (*text == '\\')
			buf_add_text(out, "\\e");
		else if (*text == '-')
			buf_add_text(out, "\\-");
		else
			buf_add_char(out, *text);
	}
}

static void add_bold(const char *before, const char *text, struct buf *out)
{
	buf_add_text(out, "\\fB");
	add_escaped(before, out);
	add_escaped(text, out);
	buf_add_text(out, "\\fR");
}

static void add_choices(const struct opt_row *row, struct buf *out)
{
	for (size_t i = 0; row->choices[i]; i++) {
		buf_add_text(out, i > 0 ? ", " : " (");
		add_bold("", row->choices[i], out);
	}
	buf_add_char(out, ')');
}

static void add_row(const struct opt_row *row, struct buf *out)
{
	char letter[2] = { row->letter, '\0' };
	buf_add_text(out, ".TP\n");
	if (row->letter != '\0') {
		add_bold("-", letter, out);
		buf_add_text(out, ", ");
	}
	add_bold("--", row->name, out);
	if (row->arg) {
		buf_add_text(out, "=\\fI");
		add_escaped(row->arg, out);
		buf_add_text(out, "\\fR");
	}
	buf_add_text(out, "\n\\&");
	add_escaped(row->help, out);
	if (row->type == OPT_TYPE_LIST)
		buf_add_text(out, " (may be repeated)");
	if (row->type == OPT_TYPE_CHOICE)
		add_choices(row, out);
	buf_add_text(out, ".\n");
}

void opt_man(const struct opt_group *groups, struct buf *out)
{
	for (; groups->rows; groups++) {
		buf_add_text(out, ".SS ");
		add_escaped(groups->title ? groups->title : "Options", out);
		buf_add_char(out, '\n');
		for (size_t i = 0; i < groups->count; i++)
			add_row(&groups->rows[i], out);
	}
}
