/* A part of a workspace with its placeholders filled in. */
#ifndef WS_WS_PART_H
#define WS_WS_PART_H

#include "base/defs.h"
#include "base/err.h"
#include "base/io.h"
#include "base/progress.h"
#include "crypto/digest.h"
#include "os/mutex.h"
#include "ws/profile.h"
#include "ws/record.h"

struct part {
	const struct profile_part *def;
	char *path, *key;
	char **excludes; /* NULL-terminated */
};

struct part_list {
	struct part list[PROFILE_PARTS_MAX];
	size_t count;
};

/* Fill in the parts of a profile; its memory has to stay. Errors: USAGE, CONFIG. */
int part_expand(const struct profile *p, const struct profile_words *w, struct part_list *out,
                struct err *e) MUST_CHECK;
void part_free(struct part_list *l);
#define PART_LIST_AUTO AUTO(part_free) struct part_list
/* The words of a recorded workspace. The root is the one it was made at: names in its tree depend on it. */
struct profile_words part_words(const struct record *r);

enum part_order { PART_RESTORE_ORDER, PART_SAVE_ORDER };
/* The parts in order; equal numbers in the order of the profile. */
void part_sort(const struct part_list *l, enum part_order order,
               const struct part *out[PROFILE_PARTS_MAX]);

/* Hashes the bytes of a source while somebody else reads them. */
struct part_hash {
	struct source base; /* to be given to the reader instead */
	struct source *inner;
	struct mutex mutex;
	struct digest_sha256 digest;
	uint64_t next; /* bytes hashed so far */
	bool gap;      /* bytes were passed over: there is no hash */
};
/* `inner` stays the caller's. part_hash_free when done. */
void part_hash_init(struct part_hash *h, struct source *inner);
/* The hash of the whole as hex, or "" when it was not read from front to back. */
void part_hash_text(const struct part_hash *h, char out[DIGEST_SHA256_HEX]);
void part_hash_free(struct part_hash *h);
#define PART_HASH_AUTO AUTO(part_hash_free) struct part_hash

/* ---- part_restore.c ---- */

struct part_restored {
	uint64_t entries, content_bytes;
	char sha256[DIGEST_SHA256_HEX]; /* of the object's bytes, or "" */
};
/* Unpack (or copy, for a file) the object into the directory `root`, at the part's path. What an earlier part put
 * there is removed first: the result is what was saved, not a mixture (law 6). */
int part_restore(int root, const struct part *p, struct source *source, struct progress *progress,
                 struct part_restored *out, struct err *e) MUST_CHECK;

/* ---- part_save.c ---- */

struct store;
struct part_save {
	struct store *store;
	const char *key;
	const char *save_id;
	const char *if_etag; /* as in struct store_put */
	bool atomic;
	const char *const
		*only; /* of a tree: these paths and what is below them; NULL: all of it */
	size_t only_count;
	bool keep_going;      /* leave out what can't be read */
	bool partial_is_fine; /* finish even when something was left out; else nothing is stored */
	struct progress *progress;
	void (*notice)(void *ctx, const struct err *e);
	void *notice_ctx;
};
struct part_saved {
	bool missing; /* there is nothing at the part's path; nothing was stored */
	uint64_t
		unreadable; /* left out. When partial is not fine and it is > 0: nothing was stored */
	uint64_t entries, content_bytes;
	struct blob_id id; /* of the object; its size is what was archived */
	char sha256[DIGEST_SHA256_HEX];
};
/* Store the part as it is below the directory `root`; returns when the store has it, verified (law 2). */
int part_save(int root, const struct part *p, const struct part_save *how, struct part_saved *out,
              struct err *e) MUST_CHECK;

#endif
