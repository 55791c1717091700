/* Where the directory of a workspace is now. */
#ifndef WS_WS_PLACE_H
#define WS_WS_PLACE_H

#include "base/defs.h"
#include "base/err.h"
#include "ws/base_dir.h"
#include "ws/record.h"

struct place {
	bool dir; /* <base>/<id> is a directory that may be the workspace */
	bool stray; /* <base>/<id> is there, but is not: no directory, or an empty one that somebody put there */
	bool is_made; /* dir, and it is the very directory that setup made */
	bool spool;   /* .ws/spool/<id> */
	bool trash;   /* .ws/trash/<trash_name of the record> */
};

/* Look. `record` NULL: there is none. */
int place_look(const struct base_dir *b, const char *id, const struct record *record,
               struct place *out, struct err *e) MUST_CHECK;

#endif
