/* What ws-archive backup and restore share: where volumes are, hooks, how parts are shown. */
#ifndef WS_APPLETS_BACKUP_OPTIONS_H
#define WS_APPLETS_BACKUP_OPTIONS_H

#include "applets/applet.h"
#include "ws/backup.h"
#include "ws/backup_lock.h"

struct backup_set_options {
	const char *profile, *directory, *instance;
	int volumes; /* enum backup_where, or BACKUP_OPTIONS_UNSAID */
};
enum { BACKUP_OPTIONS_UNSAID = -1, BACKUP_SET_OPTIONS_COUNT = 4, BACKUP_HOOK_OPTIONS_COUNT = 3 };
extern const struct opt_row backup_options_set_rows[BACKUP_SET_OPTIONS_COUNT];
extern const struct opt_row backup_options_hook_rows[BACKUP_HOOK_OPTIONS_COUNT];

#define BACKUP_SET_OPTIONS_GROUP(offset)                                             \
	{                                                                            \
		"Volumes", backup_options_set_rows, BACKUP_SET_OPTIONS_COUNT, offset \
	}
/* Over a struct backup_hooks. */
#define BACKUP_HOOK_OPTIONS_GROUP(offset)                                            \
	{                                                                            \
		"Hooks", backup_options_hook_rows, BACKUP_HOOK_OPTIONS_COUNT, offset \
	}

/* Add the volumes of a profile. */
int backup_options_volumes(const struct applet_call *call, const struct backup_set_options *o,
                           const char *profile, struct backup *out, struct err *e) MUST_CHECK;
/* The lock of the workspace that --volumes workspace and -C name; none for any other place. */
int backup_options_lock(const struct backup_set_options *o, struct lock *out,
                        struct err *e) MUST_CHECK;
/* For backup_hook_run: its error, or the exit status of the signal that ended it. */
int backup_options_result(int rc, int stopped, struct err *e) MUST_CHECK;
/* What was printed is out, as a child's is not otherwise. */
int backup_options_flush(struct err *e) MUST_CHECK;

#endif
