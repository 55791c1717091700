/* What a setup has to do, from what is there. Pure. */
#ifndef WS_WS_SETUP_PLAN_H
#define WS_WS_SETUP_PLAN_H

#include "ws/place.h"
#include "ws/setup.h"

struct setup_plan {
	enum setup_action action;
	bool dir_is_stray;   /* <base>/<id> goes to quarantine first */
	bool spool_is_stray; /* .ws/spool/<id>, too */
	bool dir_is_saved;   /* <base>/<id> is in the store: to the trash */
	bool spool_is_saved; /* .ws/spool/<id>, too */
	bool lost;           /* the record speaks of a directory that nobody has */
};

/* `record` NULL: there is none. */
struct setup_plan setup_plan_make(const struct record *record, const struct place *place);

#endif
