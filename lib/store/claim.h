/*
 * Whose turn it is to replace an object, in a store that can't put conditionally. Beside the key DIR/NAME.tar.gz:
 *
 *   DIR/NAME.gen/claims/<state>/<unix ms>-<place>.<pid>.<start>-<save id>
 *       someone is about to replace <state> (16 hex digits of its ETag's hash). <place> is such a hash of its host, boot and
 *       namespaces (os/proc.h). It is empty while it waits, and not any more before what it replaces is touched
 *
 * Each puts its claim first and then looks at the claims of the others. Whoever sees one with a smaller name has lost; the
 * smallest waits until the others are gone; and only after a look that saw no other claim is the current state looked at
 * and replaced. So two never replace the same state, in a store whose listings show what was put (all the tested ones do).
 *
 * A claim whose owner was killed stands until the same save id comes again. In its own place it is over at once when it was
 * waiting; when it was not, what it sent last may still be on its way, and it stands for a minute. Elsewhere it stands for
 * believed_ms. All by the store's clock; until then the others lose, and are told which claim it is and how to remove it. An
 * owner that is slower than that would be overtaken: claim_is_young is for whoever can still turn back.
 */
#ifndef WS_STORE_CLAIM_H
#define WS_STORE_CLAIM_H

#include "base/defs.h"
#include "base/err.h"
#include "store/store.h"

struct claim {
	struct store *store;
	const char *key;
	const struct store_put
		*put; /* save_id: whose it is; if_etag: the state that is to be replaced */
	int64_t believed_ms;
	bool will_retry; /* then whoever lost stays until the winner is done, so as not to keep it from that by new claims */
	char *all, *prefix,
		*name; /* of all claims on the key, of those on the same state; our own */
	char place[17];
	int64_t began_ms; /* monotonic */
	int64_t put_ms;   /* by the store's clock */
};

/* Fill store to will_retry; wait until it is our turn. CONFLICT when the state is another one by now or someone
 * else was first. claim_drop in any case. */
int claim_take(struct claim *c, struct err *e) MUST_CHECK;
/* Whether less than half of the time that others believe it is over. */
bool claim_is_young(const struct claim *c);
/* Best effort: what stays is believed until it is old. Frees. */
void claim_drop(struct claim *c);

#endif
