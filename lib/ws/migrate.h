/*
 * Taking up the files of old sessions: every denker_<digits> directory in a directory, into a flat workspace. The oldest comes
 * first. A file keeps its name when that is free, or when the same content is there by that name; else it is called
 * <session>__<path with '_' for '/'>. A session whose files have all arrived, compared byte for byte by their hash, is renamed to
 * <session>.migrated; nothing is deleted. A second run goes on where the first one ended.
 */
#ifndef WS_WS_MIGRATE_H
#define WS_WS_MIGRATE_H

#include "base/defs.h"
#include "base/err.h"
#include "data/js.h"
#include "ws/inside.h"

struct migrate {
	const struct inside *to; /* the flat workspace; fd -1 (in a dry run): it is not there yet */
	int from;                /* directory that holds the sessions */
	bool dry_run;
	struct js *
		report; /* out: {session, path, action (copy, same, refuse, retire, keep), name or reason} in order */
	uint64_t copied, refused, sessions, kept;
};

/* `m->report` is made; js_free. What can't be copied is refused in the report, and its session is kept. */
int migrate_run(struct migrate *m, struct err *e) MUST_CHECK;

#endif
