/* --help and man pages. */
#include "applets/help.h"

#include "applets/table.h"
#include "base/buf.h"

enum { HELP_MAX = 1 << 20 };

static const char *const progress_choices[] = { "auto", "always", "never", NULL };

static const struct opt_row common_rows[] = {
	OPT_FLAG("json", 0, struct applet_common, json,
	         "one JSON object per line on standard output"),
	OPT_CHOICE("progress", 0, "WHEN", struct applet_common, progress, progress_choices,
	           "show progress; auto: on a terminal"),
	OPT_TEXT("config", 0, "FILE", struct applet_common, config,
	         "a configuration file to read last"),
	OPT_FLAG("quiet", 'q', struct applet_common, quiet, "only errors on standard error"),
	OPT_UP("verbose", 'v', struct applet_common, verbose, "say more; twice: say everything"),
	OPT_FLAG("help", 'h', struct applet_common, help, "this text"),
};

void help_groups(const struct applet *a, size_t offset, struct opt_group out[HELP_GROUPS_MAX])
{
	size_t n = 0;
	for (const struct opt_group *g = a->groups; g && g->rows && n + 2 < HELP_GROUPS_MAX; g++) {
		out[n] = *g;
		out[n++].offset += offset;
	}
	out[n++] = (struct opt_group)OPT_GROUP("Common options", common_rows, 0);
	out[n] = (struct opt_group)OPT_GROUPS_END;
}

static void add_subs(const struct applet *a, struct buf *out)
{
	buf_add_text(out, "\nCommands:\n");
	for (const struct applet *const *sub = a->subs; *sub; sub++)
		buf_printf(out, "  %-10s %s\n", (*sub)->name, (*sub)->summary);
	buf_printf(out, "\n%s COMMAND --help tells more of each.\n", a->name);
}

void help_applet(const struct applet *a, const char *name)
{
	BUF_AUTO out = buf_make(HELP_MAX);
	buf_printf(&out, "%s - %s\n\nUsage: %s %s\n", name, a->summary, name, a->synopsis);
	if (a->details)
		buf_printf(&out, "\n%s\n", a->details);
	if (a->subs) {
		add_subs(a, &out);
	} else {
		struct opt_group groups[HELP_GROUPS_MAX];
		help_groups(a, 0, groups);
		buf_add_char(&out, '\n');
		opt_help(groups, &out);
	}
	applet_print(&out);
}

void help_all(void)
{
	BUF_AUTO out = buf_make(HELP_MAX);
	buf_add_text(
		&out,
		"ws - workspaces for AI-agent sessions: made, kept in an object store, archived, collected\n\n"
		"Usage: ws APPLET [OPTIONS…], or through a link named after the applet\n\nApplets:\n");
	for (const struct applet *const *a = table_applets; *a; a++)
		buf_printf(&out, "  %-12s %s\n", (*a)->name, (*a)->summary);
	buf_add_text(&out, "\n  ws APPLET --help   options of an applet\n"
	                   "  ws --install DIR   make a link in DIR for each applet\n"
	                   "  ws --man APPLET    its man page, as man(7) source\n"
	                   "  ws --licenses      our licence and those of the libraries linked in\n"
	                   "  ws --version\n");
	applet_print(&out);
}

static void add_man_options(const struct applet *a, struct buf *out)
{
	struct opt_group groups[HELP_GROUPS_MAX];
	help_groups(a, 0, groups);
	opt_man(groups, out);
}

void help_man(const struct applet *a)
{
	BUF_AUTO out = buf_make(HELP_MAX);
	buf_printf(&out, ".TH %s 1\n.SH NAME\n%s \\- %s\n.SH SYNOPSIS\n.B %s\n%s\n", a->name,
	           a->name, a->summary, a->name, a->synopsis);
	if (a->details)
		buf_printf(&out, ".SH DESCRIPTION\n%s\n", a->details);
	if (!a->subs)
		add_man_options(a, &out);
	for (const struct applet *const *sub = a->subs; sub && *sub; sub++) {
		buf_printf(&out, ".SH COMMAND %s\n.B %s %s\n%s\n.PP\n%s\n", (*sub)->name, a->name,
		           (*sub)->name, (*sub)->synopsis, (*sub)->summary);
		if ((*sub)->details)
			buf_printf(&out, ".PP\n%s\n", (*sub)->details);
		add_man_options(*sub, &out);
	}
	applet_print(&out);
}
