/*
 * Backups: a set of directories and files, each saved on its own, and one manifest that says what belongs together.
 *
 *   DEST/parts/<name>.<id>.tar.gz   a part: an archive that any tar reads. A directory is its content, a file is one entry
 *   DEST/manifest.json              written last, and replaced in one step: the backup is what it names
 *   DEST/manifest.partial.json      a backup that could not read everything; it never replaces manifest.json
 *
 * DEST is a store (s3://bucket/prefix, file:///dir) and holds one backup, and for a moment two: parts of a new one have names
 * of their own, so that whenever a run is killed the manifest names parts that are all there. The next run removes what no
 * manifest names. README.md has what restore does.
 */
#ifndef WS_WS_BACKUP_H
#define WS_WS_BACKUP_H

#include "base/defs.h"
#include "base/err.h"
#include "base/progress.h"
#include "base/str.h"
#include "crypto/digest.h"
#include "data/ini.h"

struct store;

enum { BACKUP_NAME_MAX = 100, BACKUP_PARTS_MAX = 256, BACKUP_ID_MAX = 40 };

enum backup_priority { BACKUP_CRITICAL, BACKUP_HIGH, BACKUP_MEDIUM, BACKUP_LOW };

/* One directory or file. Texts are owned. */
struct backup_part {
	char *name; /* a word as in base_dir_check_word, at most BACKUP_NAME_MAX bytes */
	char *path; /* absolute */
	enum backup_priority priority;
	bool is_private;    /* directories 0700, files 0600 when it is restored */
	bool may_be_absent; /* else a path that is not there is an error */
	/* Of a part that was saved: */
	bool is_file;
	bool absent; /* there was nothing at its path; it has no object */
	char *key;   /* of the object */
	uint64_t size_bytes, entries, content_bytes;
	uint64_t unreadable; /* left out: the backup is partial */
	uint64_t changed;    /* while they were read: the state is not of one moment */
	char sha256[DIGEST_SHA256_HEX];
};

struct backup {
	char id[BACKUP_ID_MAX];
	int64_t created_ms;
	char *host, *profile, *instance; /* "" where there is nothing to say */
	bool partial;
	struct backup_part
		*parts; /* critical ones first, else in the order in which they were added */
	size_t count, cap;
};

void backup_init(struct backup *b);
void backup_free(struct backup *b);
#define BACKUP_AUTO AUTO(backup_free) struct backup

/* Returns BACKUP_LOW + 1 for what is none of critical, high, medium, low. */
int backup_priority_parse(struct str name);
const char *backup_priority_name(enum backup_priority p);
/* Drop the parts of lower priority than `p`. */
void backup_at_least(struct backup *b, enum backup_priority p);
/* The part of that name, or NULL. */
struct backup_part *backup_find(const struct backup *b, const char *name);

/* Leave out what restores left in a directory: it is not saved, and no difference. */
struct exclude;
void backup_exclude(struct exclude *x);

/* ---- backup_set.c: what is to be saved ---- */

/* Add `path` (made absolute), which may be a directory or a file. `name` NULL: made from the last component, and made to
 * differ. A last component ".ssh" is private. Errors: USAGE; CONFLICT for a name or a path that is there already. */
int backup_set_add(struct backup *b, const char *name, const char *path,
                   enum backup_priority priority, struct err *e) MUST_CHECK;
/* The same from "[NAME=]PATH"; a '=' behind a '/' belongs to the path. */
int backup_set_operand(struct backup *b, struct str text, enum backup_priority priority,
                       struct err *e) MUST_CHECK;
/* A line for each: "[PRIORITY] [NAME=]PATH"; '#' begins a comment line. The priority is medium unless said. */
int backup_set_lines(struct backup *b, struct str text, const char *file, struct err *e) MUST_CHECK;

/* Where the volumes of a profile are. */
enum backup_where {
	BACKUP_HOST, /* the host paths of its bind mounts; a volume that has none is left out */
	BACKUP_CONTAINER, /* the container paths: we are inside */
	BACKUP_DOCKER,    /* <dir>/<volume name>/_data; dir NULL: /var/lib/docker/volumes */
	BACKUP_MOUNTS,    /* <dir>/<volume name>: a helper container mounts them so */
	BACKUP_WORKSPACE, /* <dir>/<path>: a workspace of this profile */
};
/* Add the profile's volumes; their parts are named as the volumes without the instance's suffix. Errors: USAGE for a profile
 * without volumes, for an instance where volumes have no names, for a `dir` that is missing. */
int backup_set_volumes(struct backup *b, const char *profile, const struct ini *config,
                       enum backup_where where, const char *dir, const char *instance,
                       struct err *e) MUST_CHECK;
/* ---- backup_manifest.c ---- */

#define BACKUP_MANIFEST "manifest.json"
#define BACKUP_PARTIAL  "manifest.partial.json"
#define BACKUP_PREFIX   "parts/"

/* The URL of the store that an operand names: s3://…, file:///…, a directory's path, or one of these with a manifest's name
 * behind it. mem_free. */
int backup_manifest_url(const char *operand, char **url, struct err *e) MUST_CHECK;
/* Read one. NOT_FOUND; DATA for what makes no sense. etag: of the manifest, BLOB_ETAG_MAX bytes (NULL: not wanted). */
int backup_manifest_load(struct store *s, bool partial, struct backup *out, char *etag,
                         struct err *e) MUST_CHECK;
/* if_etag: as in struct store_put. */
int backup_manifest_store(struct store *s, const struct backup *b, const char *if_etag,
                          struct err *e) MUST_CHECK;

/* ---- backup_save.c ---- */

struct backup_options {
	bool keep_going; /* leave out what can't be read: the backup is then partial */
	struct progress *progress;
	void (*notice)(void *ctx, const struct err *e);
	void *notice_ctx;
};
/* See which parts are there: sets is_file and absent. Errors: NOT_FOUND for one that has to be, USAGE for one that the backup
 * would lie in. */
int backup_save_look(struct backup *b, const struct store *s, struct err *e) MUST_CHECK;
/* Save all parts, then the manifest; fills in b. CONFLICT when another run was faster. */
int backup_save(struct store *s, struct backup *b, const struct backup_options *o,
                struct err *e) MUST_CHECK;

/* ---- backup_hook.c ---- */

struct backup_hooks {
	const char *quiesce, *resume; /* for `sh -c`; NULL: none */
	int64_t timeout_ms;           /* of each; <= 0: no limit */
	int64_t grace_ms; /* that work has when it is asked to stop by a SIGTERM, which it then waits for; 0: none */
};
/* Do `work` between the two, in a child when there are any (no thread may exist). `resume` runs when `quiesce` was begun,
 * whatever became of it or of the work, and when TERM, INT or HUP comes: then *stopped is the signal's number and TRY_AGAIN
 * the error. Errors: FAILED for a hook, or that of the work. */
int backup_hook_run(const struct backup_hooks *h, int (*work)(void *ctx, struct err *e), void *ctx,
                    int *stopped, struct err *e) MUST_CHECK;

/* ---- backup_restore.c ---- */

enum backup_action {
	BACKUP_CREATE,   /* nothing is there */
	BACKUP_REPLACE,  /* one rename exchanges it */
	BACKUP_EXCHANGE, /* its content is exchanged, as the directory is a mount or shall stay */
	BACKUP_REMOVE, /* nothing was there when the backup was made: what is there now goes to quarantine */
	BACKUP_NOTHING, /* nothing was there, nothing is there */
};
/* "create". */
const char *backup_action_name(enum backup_action a);

struct backup_stage; /* of one part; backup_stage.h */
struct backup_restore {
	struct store *store;
	const struct backup *backup;
	const struct backup_part **parts; /* those that are restored */
	char **targets;                   /* the absolute path of each; owned */
	enum backup_action *actions;
	struct backup_stage **stages;
	size_t count;
	bool in_place;   /* exchange the content of directories even where a rename would do */
	bool same_owner; /* as recorded (takes root), else ours */
	bool discard;    /* what was replaced is deleted at the end */
	struct progress *progress;
	void (*notice)(void *ctx, const struct err *e);
	void *notice_ctx;
};

/* Choose parts of `b` (none: all), in its order, to be restored to where they were. NOT_FOUND for a name that it has not. */
int backup_restore_choose(struct backup_restore *r, const struct backup *b,
                          const char *const *names, size_t count, struct err *e) MUST_CHECK;
/* Another target for a part that was chosen; NOT_FOUND when it was not. */
int backup_restore_to(struct backup_restore *r, const char *name, const char *path,
                      struct err *e) MUST_CHECK;
/* Look at the targets and at the objects: what would be done. Changes nothing. */
int backup_restore_plan(struct backup_restore *r, struct err *e) MUST_CHECK;
/* Bring every part beside its target and hold it against the manifest. An error leaves everything as it was. */
int backup_restore_stage(struct backup_restore *r, struct err *e) MUST_CHECK;
/* Put what was staged in place, part by part. Killed anywhere, each part is old, or new, or (EXCHANGE) is made new by the
 * next run. */
int backup_restore_swap(struct backup_restore *r, struct err *e) MUST_CHECK;
/* The directory that the state before went to (mem_free), or NULL: it was deleted, or there was none. */
char *backup_restore_kept(const struct backup_restore *r, size_t i);
void backup_restore_close(struct backup_restore *r);
#define BACKUP_RESTORE_AUTO AUTO(backup_restore_close) struct backup_restore

/* Read one part's object to its end and hold it against the manifest, unpacking into the empty directory `fd`; with -1 it is
 * only read. */
int backup_restore_read(struct backup_restore *r, const struct backup_part *p, int fd,
                        struct err *e) MUST_CHECK;

#endif
