/* The list of applets. */
#include "applets/table.h"

#include <string.h>

#include "base/str.h"

const struct applet *const table_applets[] = {
	&ws_archive_applet, &ws_file_applet,  &ws_gc_applet,       &ws_ls_applet,
	&ws_s3_applet,      &ws_setup_applet, &ws_teardown_applet, NULL,
};

const struct applet *table_find(const char *name)
{
	struct str wanted = str_of(name);
	if (str_starts(wanted, S("ws-")))
		wanted = str_skip(wanted, 3);
	for (const struct applet *const *a = table_applets; *a; a++)
		if (str_eq(str_skip(str_of((*a)->name), 3), wanted))
			return *a;
	return NULL;
}

const struct applet *table_find_sub(const struct applet *a, const char *name)
{
	for (const struct applet *const *sub = a->subs; sub && *sub; sub++)
		if (str_is(str_of((*sub)->name), name))
			return *sub;
	return NULL;
}

static bool has_option(const struct applet *a, const char *name)
{
	for (const struct opt_group *g = a->groups; g && g->rows; g++)
		for (size_t i = 0; i < g->count; i++)
			if (strcmp(g->rows[i].name, name) == 0)
				return true;
	return false;
}

bool table_has_option(const char *applet, const char *name)
{
	for (const struct applet *const *a = table_applets; *a; a++) {
		if (applet && strcmp((*a)->name, applet) != 0)
			continue;
		if (has_option(*a, name))
			return true;
		for (const struct applet *const *sub = (*a)->subs; sub && *sub; sub++)
			if (has_option(*sub, name))
				return true;
	}
	return false;
}
