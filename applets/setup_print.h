/* What ws-setup prints of the workspace it made. */
#ifndef WS_APPLETS_SETUP_PRINT_H
#define WS_APPLETS_SETUP_PRINT_H

#include "base/err.h"
#include "ws/setup.h"

enum setup_print_what {
	SETUP_PRINT_PATH,
	SETUP_PRINT_ENV,
	SETUP_PRINT_JSON,
	SETUP_PRINT_DOCKER, /* setup_docker.h */
	SETUP_PRINT_DOCKER0,
};

/* On stdout: the path; or NAME='value' lines for a shell's eval; or the record as a JSON line. */
int setup_print(const struct setup *s, int what, struct err *e) MUST_CHECK;
/* On stderr, one line: made, restored (how much), adopted, back from the spool. */
void setup_print_summary(const struct setup *s, bool dry_run);

#endif
