/* Options of backup and restore. */
#include "applets/backup_options.h"

#include <stdio.h>

#include "os/log.h"

enum { SIGNALLED = 128 };

static const char *const where_choices[] = {
	[BACKUP_HOST] = "host",     [BACKUP_CONTAINER] = "container", [BACKUP_DOCKER] = "docker",
	[BACKUP_MOUNTS] = "mounts", [BACKUP_WORKSPACE] = "workspace", NULL,
};

const struct opt_row backup_options_set_rows[BACKUP_SET_OPTIONS_COUNT] = {
	OPT_TEXT("profile", 'p', "NAME", struct backup_set_options, profile,
	         "the volumes of this profile; a restore knows that of its backup"),
	OPT_CHOICE(
		"volumes", 0, "WHERE", struct backup_set_options, volumes, where_choices,
		"where they are: host paths (default), container paths, docker's DIR/NAME/_data, "
		"mounts DIR/NAME, or the workspace DIR"),
	OPT_TEXT("directory", 'C', "DIR", struct backup_set_options, directory, "see --volumes"),
	OPT_TEXT("instance", 0, "ID", struct backup_set_options, instance,
	         "the named volumes of this instance: each has -ID behind its name"),
};

const struct opt_row backup_options_hook_rows[BACKUP_HOOK_OPTIONS_COUNT] = {
	OPT_TEXT("quiesce", 0, "CMD", struct backup_hooks, quiesce,
	         "for sh -c, before; when it fails nothing is done"),
	OPT_TEXT("resume", 0, "CMD", struct backup_hooks, resume,
	         "for sh -c, after, whatever happened in between"),
	OPT_DURATION("hook-timeout", 0, "D", struct backup_hooks, timeout_ms,
	             "how long each may take (default 5m)"),
};

int backup_options_volumes(const struct applet_call *call, const struct backup_set_options *o,
                           const char *profile, struct backup *out, struct err *e)
{
	int where = o->volumes == BACKUP_OPTIONS_UNSAID ? BACKUP_HOST : o->volumes;
	return backup_set_volumes(out, profile, call->config, (enum backup_where)where,
	                          o->directory, o->instance, e);
}

int backup_options_lock(const struct backup_set_options *o, struct lock *out, struct err *e)
{
	if (o->volumes != BACKUP_WORKSPACE || !o->directory)
		return 0;
	return backup_lock_take(o->directory, out, e);
}

int backup_options_result(int rc, int stopped, struct err *e)
{
	if (stopped <= 0)
		return rc;
	log_err(e);
	err_clear(e);
	return SIGNALLED + stopped;
}

int backup_options_flush(struct err *e)
{
	return fflush(stdout) == 0 ? 0 : err_sys(e, "write the output");
}
