/* Making a workspace in a staging directory, and putting it in its place. */
#ifndef WS_WS_SETUP_RESTORE_H
#define WS_WS_SETUP_RESTORE_H

#include "ws/setup_open.h"

/* The whole of it; of a directory that is to be adopted, all but the directory. On error nothing of it is left but, when it was there before, the record as it was. */
int setup_restore(struct setup_work *w, struct err *e) MUST_CHECK;
/* For a dry run: which parts the store has. */
int setup_restore_preview(struct setup_work *w, struct err *e) MUST_CHECK;

/* ---- setup_restore_parts.c ---- */

/* Restore each part that the store has into the directory `staging`, and note its token in the record, which is not
 * saved; -1: only say which it has. *whole_is_restored: what the profile calls "." came from the store. */
int setup_restore_parts(struct setup_work *w, int staging, bool *whole_is_restored,
                        struct err *e) MUST_CHECK;

#endif
