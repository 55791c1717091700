/* The file store: a directory of plain files. For lib/store itself. */
#ifndef WS_STORE_STORE_FILE_H
#define WS_STORE_STORE_FILE_H

#include "os/file.h"
#include "store/store_backend.h"

/* How names that are the store's own begin: temporary files (DIR_TEMP_PREFIX), the lock. */
#define STORE_FILE_OWN_PREFIX ".ws-"
#define STORE_FILE_LOCK       ".ws-store.lock"

/* A store in the directory `path`, which is opened on first use. */
struct store *store_file_open(struct str path);

/* Whether `name` (a component) is the store's own: no object. */
bool store_file_is_own(struct str name);
/* What a regular file is as an object, without its save id. */
void store_file_object(const struct file_stat *st, struct store_object *out);

/* ---- store_file_meta.c: the save id, in a file beside the object ---- */

/* The save id of the object `name` in `parent` that is in the state `st`; "" when there is none. */
void store_file_meta_read(int parent, const char *name, const struct file_stat *st,
                          char save_id[STORE_SAVE_ID_MAX + 1]);
/* Say that the file in the state `st`, which is about to be renamed to `name`, has this save id. What is known
 * of the present file (`old`; NULL: there is none) is kept, as the rename may never come. */
int store_file_meta_write(int parent, const char *name, const struct file_stat *st,
                          const char *save_id, const struct file_stat *old,
                          struct err *e) MUST_CHECK;
/* Forget. */
int store_file_meta_remove(int parent, const char *name, struct err *e) MUST_CHECK;

/* ---- store_file_source.c ---- */

/* A source over the open regular file *fd, which is taken over on success. `shown` names it in messages. Bytes of
 * a file that changes meanwhile are a CONFLICT. */
int store_file_source(int *fd, const char *shown, struct source **out, struct err *e) MUST_CHECK;

/* ---- store_file_sink.c ---- */

struct store_file_sink_at {
	int parent; /* directory of the object; a copy is held */
	int lock_dir; /* directory of the lock that commits take; a copy is held; -1: no lock, no save id */
	const char *name;  /* one component */
	const char *shown; /* for messages */
	uint32_t mode;
};

/* A sink that writes a temporary file and renames it in finish. */
int store_file_sink(const struct store_file_sink_at *at, const struct store_put *put,
                    struct sink **out, struct err *e) MUST_CHECK;

/* ---- store_file_list.c ---- */

/* List below the open store directory `fd`. */
int store_file_list(int fd, const char *prefix, struct store_list **out, struct err *e) MUST_CHECK;

#endif
