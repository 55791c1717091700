/* ws-setup --profile flat --migrate DIR. */
#ifndef WS_APPLETS_SETUP_MIGRATE_H
#define WS_APPLETS_SETUP_MIGRATE_H

#include "applets/applet.h"
#include "ws/setup.h"

/* Take up the old sessions in the directory `from`, or say what would be done; a line for each file and session. Errors: FAILED
 * when something was not taken. */
int setup_migrate(const struct applet_call *call, const struct setup *s, const char *from,
                  bool dry_run, struct err *e) MUST_CHECK;

#endif
