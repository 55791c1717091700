/*
 * Where parts live. One interface, two kinds: `s3://bucket[/prefix]` and `file:///dir`. Keys are relative
 * to the store, '/'-separated, without "." and ".." components.
 *
 * The file store keeps an object as a plain file `dir/<key>` (0600) plus, while it has one, its save id in
 * `dir/<parent>/.<name>.ws-meta`, which is believed only of the file that it describes. Writes are temporary file, fsync,
 * rename under the lock `dir/.ws-store.lock`, fsync of the directory. Its entity tag is made of inode, size and mtime.
 * Components that begin with ".ws-" or look like a meta file are its own, and refused in keys.
 */
#ifndef WS_STORE_STORE_H
#define WS_STORE_STORE_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/io.h"
#include "base/progress.h"
#include "base/str.h"
#include "s3/s3.h"

struct store;

/* `url` as above. The S3 client is configured by `s3` (NULL: all defaults) and made on first use. A file
 * store's directory is made when it is first written to. Errors: USAGE for another scheme. */
int store_open(const char *url, const struct s3_config *s3, struct store **out,
               struct err *e) MUST_CHECK;
void store_close(struct store *s);
void store_close_auto(struct store **s);
#define STORE_AUTO AUTO(store_close_auto) struct store *
/* The URL it was opened with, and the URL of a key in it ("s3://b/p/k"; returns out). */
const char *store_url(const struct store *s);
char *store_key_url(const struct store *s, const char *key, char *out, size_t cap);

struct store_object {
	struct blob_id id;
	int64_t modified_ms;
	char save_id[64]; /* as given to store_sink, or "" */
};

struct store_put {
	const char *save_id; /* NULL: none. At most 63 characters of [A-Za-z0-9-] */
	const char *
		content_type; /* NULL: by the key's ending (.tar.gz: application/gzip, .jsonl: application/x-ndjson) */
	/* Only if the object is still in this state: an ETag, "" for "absent", NULL for no condition. Looked at with
	 * stat right before the commit; the file store does so under a lock. A mismatch is a CONFLICT at finish. */
	const char *if_etag;
	bool atomic; /* and the server has to look, too: only where store_is_conditional, else UNAVAILABLE */
	struct progress *progress;
};

/* NOT_FOUND when absent. */
int store_stat(struct store *s, const char *key, struct store_object *out,
               struct err *e) MUST_CHECK;
/* Read one state of the object. object may be NULL. */
int store_source(struct store *s, const char *key, struct source **out, struct store_object *object,
                 struct err *e) MUST_CHECK;
/* Write: nothing is visible before the sink's finish, which also verifies (size, and what the store tells). */
int store_sink(struct store *s, const char *key, const struct store_put *put, struct sink **out,
               struct err *e) MUST_CHECK;
/* Copy an object within the store; `put` as in store_sink, verified as there. id may be NULL. */
int store_copy(struct store *s, const char *from, const char *to, const struct store_put *put,
               struct blob_id *id, struct err *e) MUST_CHECK;
/* Whether the store itself refuses a put whose if_etag (as given) does not fit, so that of many writers one wins. The file
 * store does; of an S3 server it is only believed when it was seen, asked once with an object that is removed again.
 * is_small: of objects of at most a few KiB, which are never stored in parts. */
bool store_is_conditional(struct store *s, const char *if_etag, bool is_small);
/* Absent is fine. */
int store_delete(struct store *s, const char *key, struct err *e) MUST_CHECK;

struct store_list;
struct store_list_entry {
	const char *key; /* valid until the next call */
	uint64_t size_bytes;
	int64_t modified_ms;
};
/* Keys that start with `prefix`, sorted by bytes. next: 1 and *entry, 0 at the end, -1. */
int store_list_open(struct store *s, const char *prefix, struct store_list **out,
                    struct err *e) MUST_CHECK;
int store_list_next(struct store_list *l, struct store_list_entry *entry, struct err *e) MUST_CHECK;
void store_list_close(struct store_list *l);

/* One blob by itself, for operands such as `-o s3://b/k.tar.gz`, `file:///x.tar.gz`, `x.tar.gz` and `-`. A path is
 * written as temporary file beside it (mode 0600, no save id), fsync, rename; one that is there and no plain file is a
 * CONFLICT. `-` is stdin (sequential, size unknown) or stdout. */
int store_blob_source(const char *operand, const struct s3_config *s3, struct source **out,
                      struct err *e) MUST_CHECK;
int store_blob_sink(const char *operand, const struct s3_config *s3, const struct store_put *put,
                    struct sink **out, struct err *e) MUST_CHECK;

#endif
