/* The exchange itself, and what is left of one that was killed. */
#ifndef WS_WS_BACKUP_SWAP_H
#define WS_WS_BACKUP_SWAP_H

#include "ws/backup_stage.h"

/* The item takes the target's place; what was there goes to quarantine. */
int backup_swap_run(struct backup_stage *s, struct err *e) MUST_CHECK;
/* What is there goes to quarantine, and nothing takes its place; a directory with `inside` stays, empty. */
int backup_swap_remove(struct backup_stage *s, struct err *e) MUST_CHECK;
/* Delete what went to quarantine. */
int backup_swap_discard(struct backup_stage *s, struct err *e) MUST_CHECK;
/* With the lock held: finish an exchange that had begun. What can't be finished is undone. Afterwards there is no state. */
int backup_swap_recover(struct backup_stage *s, struct err *e) MUST_CHECK;

#endif
