/* Heavy or local files that a workspace has from its source: as links, or as copies. */
#ifndef WS_WS_LINK_H
#define WS_WS_LINK_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "ws/record.h"

/* A path that may be linked or copied: relative, without "..", not .git, of one line. USAGE otherwise. `option` names it. */
int link_check(const char *option, const char *path, struct err *e) MUST_CHECK;
/* The path without slashes at its end: that is how it is a name of a link. */
struct str link_clean(const char *path);
/* Note the paths in the record, as those that are linked from now on. USAGE when they are too long. */
int link_note(struct record *record, const char *const *paths, size_t count,
              struct err *e) MUST_CHECK;
/* The recorded paths; NULL-terminated, mem_free_texts. */
char **link_list(const struct record *record, size_t *count);
/* Make the recorded links below `fd`, to the same paths below the directory `source` (absolute). A link that is there is
 * replaced; anything else in its place is a CONFLICT; what the source does not have is told and left out. */
int link_make(const struct record *record, int fd, const char *source, struct err *e) MUST_CHECK;
/* Remove them: the links themselves; what has become something else stays. */
int link_remove(const struct record *record, int fd, struct err *e) MUST_CHECK;
/* Whether `path` is recorded and is a link. */
bool link_is_ours(const struct record *record, int fd, struct str path);

/* ---- link_copy.c ---- */

struct link_copied {
	uint64_t files, bytes,
		shared_bytes; /* so far; shared: blocks that both have, which are no `bytes` */
	uint64_t max_bytes;   /* of `bytes`: more is a DATA error */
};
/* Copy the path below `source` to the same place below `fd`, a file or a tree, with its modes and times; what by its name
 * is a secret (pack/secrets.h) is for its owner alone. What is there already stays; what the source does not have is told
 * and left out. */
int link_copy(int fd, const char *source, const char *path, struct link_copied *out,
              struct err *e) MUST_CHECK;

/* ---- link_include.c ---- */

/* The files of the work tree at `source` that git ignores and that `list` names, a file below `source` or anywhere, with
 * patterns as in .gitignore; NULL: ".worktreeinclude", if there is one. `out` gets their paths, a NUL behind each. */
int link_include(const char *source, const char *list, struct buf *out, struct err *e) MUST_CHECK;

#endif
