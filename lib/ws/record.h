/*
 * What ws knows of a workspace: <base>/.ws/<id>/record.json, replaced by stage, fsync, rename. Fields this
 * version does not know are kept.
 */
#ifndef WS_WS_RECORD_H
#define WS_WS_RECORD_H

#include "base/defs.h"
#include "base/err.h"
#include "base/io.h"
#include "data/js.h"
#include "os/cgroup.h"
#include "ws/base_dir.h"

enum { RECORD_PARTS_MAX = 32, RECORD_FILE_MAX = 1 << 20, RECORD_EVENTS_MAX = 50 };

/* creating → ready → (active while supervised) → saving → saved → removed; or spooled. */
enum record_state {
	RECORD_CREATING, /* setup has not finished */
	RECORD_READY,    /* the directory is there for its user */
	RECORD_SAVING,   /* teardown has begun */
	RECORD_SAVED,    /* every part is in the store; the directory may go or is gone */
	RECORD_SPOOLED,  /* the directory waits in .ws/spool/<id> to be sent */
	RECORD_TRASHED,  /* taken by gc or discarded; the directory waits in .ws/trash */
	RECORD_ARCHIVED, /* all of it is in the archive that the record names; the directory may go or is gone */
};
const char *record_state_name(enum record_state s);

/* The restore token of one part, and what was saved since. Law 1: without a token nothing is overwritten. */
struct record_part {
	char name[64];
	char key[1100];
	bool has_token; /* read completely, or found absent */
	bool was_absent;
	struct blob_id token; /* the state of the store that the workspace is built on */
	char token_sha256[65];
	char save_id[64]; /* nonce of the save under way or done; stored with the object */
	bool saved;       /* the save of this teardown is complete; token is then what was saved */
	bool partial;     /* the last save was PARTIAL (stored at <key>.partial) */
	char side_key[1200]; /* where the last save went instead because of a conflict, or "" */
};

struct record {
	char id[BASE_DIR_ID_MAX + 1];
	char profile[64];
	char workspace[BASE_DIR_ID_MAX + 1]; /* --workspace, or "" */
	char session[BASE_DIR_ID_MAX + 1];   /* --session, or "" */
	char owner[256];
	char user
		[24]; /* "UID:GID" who its files were given to, or belonged to when it was adopted; "": whoever makes it */
	int64_t mode; /* that its directory was asked to have; 0: the profile's */
	char store[2048]; /* URL; "": the one embedded in the base */
	char root[4096];  /* absolute path that the workspace was made at */
	char encrypted
		[8]; /* whether its disk was when it was made: "yes", "no", "unknown" (encrypted.h) */
	int64_t root_ino; /* inode of the directory that setup made; 0: unknown */
	enum record_state state;
	bool ephemeral;
	char idempotency_key[256];
	char task_status
		[16]; /* of the command: "pending", "running", "paused", "completed", "failed",
	                       * "timeout", "cancelled" */
	int64_t created_ms, ready_ms, last_used_ms, saved_ms;
	/* The last process that supervised a command here: the lock says whether it lives, as long as nobody removes that file.
	 * A pid of 0: there was none. */
	int64_t holder_pid, holder_start_ticks, holder_pid_ns;
	char holder_boot_id[40];
	char holder_cgroup
		[CGROUP_PATH_MAX]; /* the control group of its command; "": none, or unknown */
	int64_t live_save_ms; /* when the last save of a command that went on was begun, by sys_boot_ms */
	int64_t lease_ms; /* how long the lease in the store was taken for; 0: there is none (lease.h) */
	char trash_name[256]; /* TRASHED, or about to be: the name below .ws/trash */
	uint64_t archived_bytes, content_bytes, entries; /* of the last save */
	char archive_url[4096];  /* where setup finds all of it; "" when the store has its parts */
	char archive_sha256[65]; /* of the archive's bytes */
	/* Of a worktree or clone; "" where there is nothing to say. */
	char git_repo[4096];  /* path or URL of the source */
	char git_dir[4096];   /* the worktree's administrative directory */
	char git_branch[256]; /* what was asked for */
	char git_made[80];    /* the commit that its branch was made at; "": it was there before */
	char git_head[256];   /* where HEAD was when it was saved: refs/heads/NAME, or a commit */
	char git_base[80];    /* the commit that it began at */
	char git_from[256];   /* what that was: "origin/main" */
	char git_stale[1024]; /* why that may not be the newest */
	char git_preserved
		[80];         /* the commit of refs/ws/preserved/<id> that is in the tree already */
	char git_links[4096]; /* paths that are links into the source, one per line */
	bool git_drops_ignored; /* ignored files are not saved */
	bool hooks_pending;     /* the workspace is there, and its hooks have not all run */
	struct record_part parts[RECORD_PARTS_MAX];
	size_t part_count;
	struct js *labels;   /* object of strings; never NULL after init or load */
	struct js *document; /* as read or saved last, to keep unknown fields; NULL for a new one */
};

void record_init(struct record *r, const char *id);
void record_free(struct record *r);
#define RECORD_AUTO AUTO(record_free) struct record

/* NOT_FOUND when there is none; DATA when it does not make sense. */
int record_load(const struct base_dir *b, const char *id, struct record *out,
                struct err *e) MUST_CHECK;
int record_save(const struct base_dir *b, struct record *r, struct err *e) MUST_CHECK;
/* What another process of ours made of it; when that can't be read *r stays. */
int record_reload(const struct base_dir *b, struct record *r, struct err *e) MUST_CHECK;
/* Its part of that name, made when absent (NULL when full or when the name is too long). */
struct record_part *record_part(struct record *r, const char *name);
/* Append {"time":now,"event":event,…fields} to its "history", which keeps the newest RECORD_EVENTS_MAX. Takes ownership of
 * `fields` (an object, or NULL). record_save writes it. */
void record_event(struct record *r, const char *event, struct js *fields);
/* The same where the last event is of this kind already: it takes its place, and counts ("times"); `fields` is an object. */
void record_event_again(struct record *r, const char *event, struct js *fields);
/* The newest event that is one of these two: its object, borrowed; NULL: there is none. */
const struct js *record_last_event(const struct record *r, const char *event, const char *other);
/* The event that a discard begins with. While it is the last one, a directory that is not there was not lost. */
#define RECORD_DISCARDING "discarding"
bool record_is_discarding(const struct record *r);
/* Forget the record and its directory; the lock in it may be held. Absent is fine. */
int record_remove(const struct base_dir *b, const char *id, struct err *e) MUST_CHECK;
/* Law 1: whether the part was read completely, or found absent, so that it may be saved. */
bool record_part_may_be_saved(const struct record_part *p);
/* The record's directory <base>/.ws/<id>, made when `create`. */
int record_dir(const struct base_dir *b, const char *id, bool create, int *fd,
               struct err *e) MUST_CHECK;
/* Remove what saves that were killed left in the record's directory `fd`; its lock has to be held. Best effort. */
void record_clean(int fd);
/* All ids that have a record directory, sorted; NULL-terminated; one mem_free. */
int record_ids(const struct base_dir *b, char ***ids, size_t *count, struct err *e) MUST_CHECK;
/* The URL of its store; mem_free. */
char *record_store_url(const struct record *r, const struct base_dir *b);
/* As JSON for `ws-ls --json` and `--print json`; js_free. */
struct js *record_json(const struct record *r, const struct base_dir *b);

#endif
