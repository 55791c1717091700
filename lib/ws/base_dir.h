/*
 * The base: the directory that holds workspaces, opened once; everything below goes through descriptors.
 *
 *   <base>/<id>/                     a workspace: the agent's
 *   <base>/.ws/base.json             the marker: nothing is collected in a base without it
 *   <base>/.ws/audit.jsonl           the journal (and audit.jsonl.1, audit.lock: ws/journal.h)
 *   <base>/.ws/gc.lock
 *   <base>/.ws/gc.json               what the clock said when gc ran last
 *   <base>/.ws/reserve               space for records on a full disk (ws/reserve.h)
 *   <base>/.ws/keys.lock             held while an idempotency key is looked up and recorded
 *   <base>/.ws/<id>/record.json      what ws knows of it
 *   <base>/.ws/<id>/lock
 *   <base>/.ws/<id>/pin.json         gc keeps away, and why
 *   <base>/.ws/staging/<id>.<rand>/  a workspace being made
 *   <base>/.ws/spool/<id>/           a workspace whose state the store would not take
 *   <base>/.ws/trash/<ms>.<id>.<rand>/   waiting to be deleted; also the undo window
 *   <base>/.ws/quarantine/<ms>.<id>.<rand>/  leftovers of a crash or of strangers
 *   <base>/.ws/store/                the embedded file:// store
 */
#ifndef WS_WS_BASE_DIR_H
#define WS_WS_BASE_DIR_H

#include "base/defs.h"
#include "base/err.h"
#include "os/remove.h"

enum { BASE_DIR_ID_MAX = 128 };

struct base_dir {
	char *path; /* absolute, links resolved once at open; for messages and for what children see */
	int fd;     /* the base */
	int ws_fd; /* <base>/.ws, mode 0700 */
};

/* Open the base; with `create`, make it (0755) and its .ws with the marker. Refused (USAGE): "/", $HOME, a
 * base that is itself a symlink, one below another base's .ws. DENIED: a directory that we may not write, a .ws
 * of another user, and for ordinary users a base of another one than root. NOT_FOUND when absent and not `create`; CONFIG when it carries no marker and not `create`. */
int base_dir_open(const char *path, bool create, struct base_dir *out, struct err *e) MUST_CHECK;
void base_dir_close(struct base_dir *b);
#define BASE_DIR_AUTO AUTO(base_dir_close) struct base_dir

/* Id grammar: [A-Za-z0-9][A-Za-z0-9._-]{0,127}, and none of the names that .ws uses itself (spool, trash,
 * staging, quarantine, store, base.json, audit.jsonl, gc.lock, gc.json, keys.lock, reserve, audit.jsonl.1, audit.lock). Errors: USAGE, saying what is wrong. */
int base_dir_check_id(const char *id, struct err *e) MUST_CHECK;
/* The grammar alone, for words that become parts of paths and keys; `what` names the word ("--session"). */
int base_dir_check_word(const char *what, const char *word, struct err *e) MUST_CHECK;
/* task-<unix ms>-<9 base36>. */
void base_dir_new_id(char out[BASE_DIR_ID_MAX + 1]);
/* The absolute path of a workspace; mem_free. */
char *base_dir_workspace_path(const struct base_dir *b, const char *id);
/* The embedded store's URL; mem_free. */
char *base_dir_store_url(const struct base_dir *b);

/* Open (making it 0700 when missing) one of .ws's own directories: "spool", "trash"… */
int base_dir_area(const struct base_dir *b, const char *area, int *fd, struct err *e) MUST_CHECK;
/* A name for what was `id`, in the trash or the quarantine: <ms>.<id>.<rand>. */
void base_dir_aside_name(const char *id, char as[256]);
/* Rename `name` in directory `from` to <area>/<as>, both synced. */
int base_dir_move_aside(const struct base_dir *b, int from, const char *name, const char *area,
                        const char *as, struct err *e) MUST_CHECK;
/* The same with a new name, which goes to `as`. */
int base_dir_set_aside(const struct base_dir *b, int from, const char *name, const char *area,
                       const char *id, char as[256], struct err *e) MUST_CHECK;
/* Rename the entry `name` of an area to <name>.gone (`gone`), which is then to be deleted: nothing that is half deleted
 * lies under a name that a record may hold, from where an undo would take it for whole. Opens the area. Absent is fine. */
int base_dir_give_up(const struct base_dir *b, const char *area, const char *name, char gone[256],
                     int *fd, struct err *e) MUST_CHECK;
/* The same, and delete it. */
int base_dir_delete(const struct base_dir *b, const char *area, const char *name,
                    struct remove_stats *stats, struct err *e) MUST_CHECK;

#endif
