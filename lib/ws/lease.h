/*
 * Who works in a workspace, told to other hosts: an object in the store, DIR/NAME.lease beside the first part that is the
 * workspace's own. The lock of the base is for one host; two hosts, or two bases, see each other by this.
 *
 * It ends `lasts_ms` after it was put, by the clock of the store, and not before: a holder that lives renews it, one that
 * died is waited for. A holder is a host and a base; who comes again from the same base has the base's lock, so that the
 * lease is its own. Where the store can't put conditionally claims decide (store/claim.h), so that of many that come in
 * the same moment one gets it there, too; the claim of one that was killed keeps others from it for a minute, and not
 * whoever comes again from its base.
 *
 * JSON: host, base, base_made_ms, id, pid, start_ticks, boot_id, since_ms, lasts_ms.
 */
#ifndef WS_WS_LEASE_H
#define WS_WS_LEASE_H

#include "base/defs.h"
#include "base/err.h"
#include "s3/s3.h"
#include "ws/base_dir.h"
#include "ws/profile.h"
#include "ws/record.h"

struct lease {
	const struct base_dir *base;
	const struct record *record; /* lease_ms says how long it lasts */
	const struct profile *profile;
	const struct s3_config *s3;
};

/* Whether the workspace is one that another host could come upon: it is saved, and to a store outside its base. */
bool lease_is_needed(const struct lease *l);
/* Take or renew it, waiting at most wait_ms for another holder to let go (negative: without end). With a lease_ms of 0 others
 * are heeded, and nothing is taken. TRY_AGAIN, naming the holder, when it does not let go; one that ended is taken over with a
 * warning. A store that can't be read or written to is a warning at most: *taken tells. */
int lease_take(const struct lease *l, int64_t wait_ms, bool *taken, struct err *e) MUST_CHECK;
/* Take it away, if it is ours. What goes wrong is told: it ends by itself. */
void lease_release(const struct lease *l);
/* Renew it until somebody else has it. For a child process that is killed when the session is over; ctx: struct lease. */
int lease_keep(void *ctx, struct err *e);

#endif
