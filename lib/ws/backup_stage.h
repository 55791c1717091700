/*
 * Putting a restored part in the place of what is there, so that a kill leaves the old or the new.
 *
 *   <parent>/.ws-restore.<name>/   beside the target: one rename exchanges both. Or, when the target is a mount point (or shall
 *   <target>/.ws-restore/          stay the directory that it is), within it: its content is exchanged entry by entry
 *       lock                       held by the run
 *       new/                       what is being unpacked
 *       item                       what is complete and verified
 *       state                      which step of the exchange has begun; the next run goes on there
 *
 * What was replaced goes to .ws-quarantine/<unix ms>.<name>.<random> beside .ws-restore.
 */
#ifndef WS_WS_BACKUP_STAGE_H
#define WS_WS_BACKUP_STAGE_H

#include "base/defs.h"
#include "base/err.h"
#include "os/dir.h"
#include "os/lock.h"

struct backup_stage {
	char *path;                  /* of the target */
	char name[DIR_NAME_MAX + 1]; /* its last component */
	char own[DIR_NAME_MAX + 1];  /* of the stage, in `where` */
	bool inside;
	int where;  /* the target's parent, or the target */
	int fd;     /* the stage */
	int new_fd; /* new/ in it */
	struct lock lock;
	char kept[DIR_NAME_MAX + 1]; /* name in the quarantine; "": nothing was replaced */
};

struct backup_stage_target {
	bool exists, is_dir, is_mount;
};

/* Whether a directory is the root of a mount. */
bool backup_stage_is_mount(const char *path);
/* Look at a target. Errors: CONFLICT for one that has something mounted below it, and for a mount that is no directory. */
int backup_stage_look(const char *path, struct backup_stage_target *out, struct err *e) MUST_CHECK;

/* Make the stage, after finishing or undoing what a run that was killed left there; `new_fd` is empty then. TRY_AGAIN when
 * another run is at work. */
int backup_stage_open(const char *path, bool inside, struct backup_stage *out,
                      struct err *e) MUST_CHECK;
/* What was unpacked is complete: `new_fd` is the item, or, when `is_file`, the one file in it is. On disk when it returns.
 * Errors: DATA. */
int backup_stage_ready(struct backup_stage *s, bool is_file, struct err *e) MUST_CHECK;
/* Remove the stage, unless an exchange is half done: the next run needs it. */
void backup_stage_close(struct backup_stage *s);

#endif
