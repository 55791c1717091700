/*
 * State that several sessions share, in a store that can't put conditionally: each save is an object of its own that
 * is never changed afterwards, and of those that were built on the same state one becomes the current one. Names, for
 * the key DIR/NAME.tar.gz:
 *
 *   DIR/NAME.tar.gz                              the current state, for readers who know nothing of this as well. Its save
 *                                                id says which generation it is a copy of: it is the pointer
 *   DIR/NAME.gen/<unix ms>-<who>-<save id>.tar.gz    a generation: it is or was the current state, or was about to be
 *   DIR/NAME.conflict-<who>-<unix ms>.tar.gz     a state that was built on another one than the store had: somebody's work,
 *                                                of which this is the only copy
 *
 * <unix ms> has 13 digits, so that generations are listed from the oldest to the newest and before the claims. After a
 * commit the newest GENERATION_KEEP stay. Who collects more of them keeps what the pointer names, and what is younger than
 * GENERATION_CLAIM_MS; a conflict is never a generation.
 *
 * Who wins is decided by claims (store/claim.h). One whose session died counts for at most GENERATION_CLAIM_MS, and in the
 * place where it died for a minute or not at all; until then the others lose, which means: are kept beside.
 */
#ifndef WS_STORE_GENERATION_H
#define WS_STORE_GENERATION_H

#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "store/store.h"

enum { GENERATION_CLAIM_MS = 60 * 60 * 1000, GENERATION_KEEP = 4 };

/* The names above; mem_free. */
char *generation_key(const char *key, const char *who, const char *save_id, int64_t now_ms);
char *generation_side_key(const char *key, const char *who, int64_t now_ms);
/* "DIR/NAME.lease": which host works with it (ws/lease.h). */
char *generation_lease_key(const char *key);
/* What all generations of a key (and the claims) begin with: "DIR/NAME.gen/". */
char *generation_prefix(const char *key);

/* What a key below a prefix is. */
struct generation {
	int64_t saved_ms; /* by the clock of the one who saved it */
	struct str who, save_id;
};
/* Whether `key` is a generation of `of`, and which. Views of `key`. */
bool generation_parse(const char *key, const char *of, struct generation *out);

/* Make the generation (an object of this store, stored with put->save_id) the current state at `key`, if that is still
 * what put->if_etag says. CONFLICT when it is not, or when someone else was first; the generation stays. *id: the object
 * at `key` afterwards. */
int generation_commit(struct store *s, const char *generation, const char *key,
                      const struct store_put *put, struct blob_id *id, struct err *e) MUST_CHECK;
/* Delete all but the newest `keep` generations of a key, of those that are older than GENERATION_CLAIM_MS by the store's
 * clock (as the newest object there tells it). *deleted may be NULL. */
int generation_prune(struct store *s, const char *key, size_t keep, size_t *deleted,
                     struct err *e) MUST_CHECK;
/* How many generation_prune would delete. */
int generation_surplus(struct store *s, const char *key, size_t keep, size_t *count,
                       struct err *e) MUST_CHECK;

#endif
