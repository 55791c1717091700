/* `ws` without an applet. */
#include "applets/ws.h"

#include <stdio.h>
#include <string.h>

#include "applets/help.h"
#include "applets/licenses.h"
#include "applets/table.h"
#include "base/mem.h"
#include "os/dir.h"
#include "os/link.h"

/* A link in DIR for each applet, to this binary by the path it was found at. */
static int install(const char *where, struct err *e)
{
	FD_AUTO dir = -1;
	MEM_AUTO char *self = NULL;
	if (link_own_program(&self, e))
		return err_context(
			e, "--install (mount /proc, or make links to ws by the applets' names)");
	if (dir_make_root(where, &dir, e))
		return err_context(e, "--install");
	for (const struct applet *const *a = table_applets; *a; a++) {
		if (link_replace(dir, (*a)->name, self, e))
			return err_context(e, "--install %s", (*a)->name);
		printf("%s/%s -> %s\n", where, (*a)->name, self);
	}
	return 0;
}

static int man(const char *name, struct err *e)
{
	const struct applet *a = table_find(name);
	if (!a)
		return err_set(e, ERR_KIND_USAGE, "there is no applet '%s'; see ws --help", name);
	help_man(a);
	return 0;
}

int ws_run(int argc, char **argv, struct err *e)
{
	const char *word = argc > 1 ? argv[1] : "";
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		help_all();
		return 0;
	}
	if (strcmp(word, "--version") == 0)
		return printf("ws %s\n", WS_VERSION) < 0 ? err_sys(e, "write standard output") : 0;
	if (strcmp(word, "--licenses") == 0)
		return fputs(licenses_text, stdout) < 0 ? err_sys(e, "write standard output") : 0;
	if (strcmp(word, "--install") == 0 && argc == 3)
		return install(argv[2], e);
	if (strcmp(word, "--man") == 0 && argc == 3)
		return man(argv[2], e);
	if (!word[0])
		return err_set(e, ERR_KIND_USAGE, "which applet? see ws --help");
	return err_set(e, ERR_KIND_USAGE,
	               "there is no option '%s' (or its operand is missing); see ws --help", word);
}
