/* Unpacking beside and moving in: nobody sees half an archive, and nothing that was there is touched. */
#ifndef WS_APPLETS_PACK_STAGE_H
#define WS_APPLETS_PACK_STAGE_H

#include "base/defs.h"
#include "base/err.h"
#include "os/dir.h"

struct pack_stage {
	int parent;                  /* the directory that the staging directory is in */
	int dir;                     /* the staging directory, private */
	char temp[DIR_NAME_MAX + 1]; /* its name */
	char name[DIR_NAME_MAX + 1]; /* what it is to be called; "": its content goes into parent */
};

/* Make a staging directory for the target `path`: beside it when it does not exist, else within it. */
int pack_stage_open(const char *path, struct pack_stage *s, struct err *e) MUST_CHECK;
/* Only look where it would be: nothing is made. */
int pack_stage_look(const char *path, struct pack_stage *s, struct err *e) MUST_CHECK;
/* Move what was unpacked to its place. A name that is taken is a CONFLICT, found before anything is moved. */
int pack_stage_publish(struct pack_stage *s, struct err *e) MUST_CHECK;
/* The same into a directory that is there: what the archive names is replaced, the rest stays (pack_merge). `owners`:
 * those of the archive count for directories that are there. */
int pack_stage_merge(struct pack_stage *s, bool owners, struct err *e) MUST_CHECK;
/* Remove what was not published. */
void pack_stage_close(struct pack_stage *s);
#define PACK_STAGE_AUTO AUTO(pack_stage_close) struct pack_stage

#endif
