/* A workspace into an archive of its own, away from its store; what is left of it is its record, from which
 * `ws-setup --restore ID` makes it again. */
#ifndef WS_GC_GC_ARCHIVE_H
#define WS_GC_GC_ARCHIVE_H

#include "gc/gc_internal.h"

/* Where archives go: <url>/<prefix><id>-<unix ms>.tar.gz. */
struct gc_archive_place {
	const char *url, *prefix;
};

/* Whether it is archived when it is taken: not what is ephemeral or sensitive. */
bool gc_archive_is_due(const struct gc_item *item, const struct gc_archive_place *place);
/* Archive <base>/<id>, read the archive back and check all of it, and say
 * in the record where it is. Its lock is held. Of a worktree the archive is a copy more, which the record does not
 * name: it is made again from its repository and what is kept in it, so that it still has to be saved; is_stub is false
 * then. */
struct gc_archive_made {
	bool is_stub;
	char key[BASE_DIR_ID_MAX + 64];
};
int gc_archive_save(const struct gc *g, const char *id, const struct gc_archive_place *place,
                    struct gc_archive_made *made, struct err *e) MUST_CHECK;
/* It stays after all: each run would leave another copy of it there. */
void gc_archive_drop(const struct gc *g, const struct gc_archive_place *place,
                     const struct gc_archive_made *made);

/* --compress-after: the same into the base's own store, and the directory to the trash. */
int gc_archive_compress(struct gc *g, struct gc_item *item, struct gc_done *done,
                        struct err *e) MUST_CHECK;
/* From there to options.archive_to: copied, checked, the record renewed, the local one deleted. */
int gc_archive_send(struct gc *g, struct gc_item *item, struct gc_done *done,
                    struct err *e) MUST_CHECK;

#endif
