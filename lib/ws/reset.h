/*
 * Giving up data on purpose, in tiers, each of which has in it what is in the one before:
 *
 *   cache     the workspace's volumes of priority low: what can be made again
 *   volumes   all volumes of the workspace; their directories stay, empty
 *   host      the host paths of the profile's bind mounts, too
 *
 * Only what carries our mark is taken: a workspace's directory is the one of its record; a host directory is one that
 * ws-setup made for this workspace, noted with its inode in <base>/.ws/<id>/hosts. One that was there before, or that
 * somebody put in its place, belongs to its user. What is taken is renamed first: to the trash of the base, or to
 * .ws-quarantine beside a host directory.
 */
#ifndef WS_WS_RESET_H
#define WS_WS_RESET_H

#include "base/defs.h"
#include "base/err.h"
#include "ws/base_dir.h"
#include "ws/record.h"
#include "ws/volume.h"

enum reset_tier { RESET_CACHE, RESET_VOLUMES, RESET_HOST };

struct reset_item {
	const struct volume *volume;
	char *path; /* absolute */
	bool is_host;
	bool taken;
	const char *reason;      /* a code; static text */
	uint64_t entries, bytes; /* a file with several names counts once in the plan */
	uint64_t shared_bytes;   /* of these, what other files hold, too */
	bool shared_known;
	uint64_t inode; /* of what was looked at */
	char *as;       /* where it went; NULL: it was deleted, or is still there */
};

struct reset_plan {
	struct reset_item items[2 * VOLUME_MAX];
	size_t count;
};

/* What there is to do. Changes nothing. `volumes` has to stay. */
int reset_look(const struct base_dir *b, const struct record *r, const struct volume_list *volumes,
               enum reset_tier tier, struct reset_plan *out, struct err *e) MUST_CHECK;
/* Do it; the workspace's lock has to be held. What changed since the look is a CONFLICT, and stays. `purge`: delete at once
 * what was renamed. */
int reset_run(const struct base_dir *b, const struct record *r, struct reset_plan *plan, bool purge,
              struct err *e) MUST_CHECK;
void reset_free(struct reset_plan *plan);
#define RESET_PLAN_AUTO AUTO(reset_free) struct reset_plan

/* ---- reset_host.c ---- */

/* Note that the directory `path` was made for the workspace. */
int reset_host_note(const struct base_dir *b, const char *id, const char *path,
                    struct err *e) MUST_CHECK;
/* The inode noted for `path`; 0 when there is none. */
int reset_host_find(const struct base_dir *b, const char *id, const char *path, uint64_t *inode,
                    struct err *e) MUST_CHECK;

#endif
