/* The configuration files: /etc/ws/ws.conf, $XDG_CONFIG_HOME/ws/ws.conf (or ~/.config/ws/ws.conf), --config. */
#ifndef WS_APPLETS_CONFIG_H
#define WS_APPLETS_CONFIG_H

#include "base/err.h"
#include "cli/opt.h"
#include "data/ini.h"

enum { CONFIG_FILES_MAX = 3 };

struct config {
	struct ini files[CONFIG_FILES_MAX];
	char *paths[CONFIG_FILES_MAX];
	size_t file_count;
	struct ini
		all; /* the entries of all files in order, so that the last wins; views of `files` */
	char **values; /* NUL-terminated copies that options point to */
	size_t value_count;
};

/* Read what is there; only `extra` (WS_CONFIG or --config; may be NULL) has to exist. Errors: CONFIG. */
int config_load(const char *extra, struct config *out, struct err *e) MUST_CHECK;
/* Set the options that section [ws] and then section [applet] name. A name in [applet] may be that of another of its
 * sub-commands, and in [ws] of another applet; one that nobody has is an error, as is a section that nobody
 * reads. Called once per config. Errors: CONFIG, with file and line. */
int config_apply(struct config *c, const char *applet, const struct opt_group *groups,
                 void *options, struct err *e) MUST_CHECK;
void config_free(struct config *c);
#define CONFIG_AUTO AUTO(config_free) struct config

#endif
