/* --help and man pages, from the descriptors and rows that parse. */
#ifndef WS_APPLETS_HELP_H
#define WS_APPLETS_HELP_H

#include "applets/applet.h"

enum { HELP_GROUPS_MAX = 12 };

/* The applet's own groups, over its options at `offset`, and the one that every applet has, over a
 * struct applet_common at offset 0. Ended by OPT_GROUPS_END. */
void help_groups(const struct applet *a, size_t offset, struct opt_group out[HELP_GROUPS_MAX]);
/* Print the help of an applet or sub-command; `name` is its full name ("ws-s3 ls"). */
void help_applet(const struct applet *a, const char *name);
/* Print the list of applets: `ws --help`. */
void help_all(void);
/* Print the man page of an applet as man(7) source. */
void help_man(const struct applet *a);

#endif
