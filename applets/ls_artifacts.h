/* ws-ls --include-artifacts. */
#ifndef WS_APPLETS_LS_ARTIFACTS_H
#define WS_APPLETS_LS_ARTIFACTS_H

#include "cli/table.h"
#include "data/js.h"
#include "gc/gc_look.h"

/* For people: a table behind that of the workspaces. */
struct ls_artifacts {
	struct table table;
};
void ls_artifacts_init(struct ls_artifacts *a);
void ls_artifacts_free(struct ls_artifacts *a);
void ls_artifacts_rows(struct ls_artifacts *a, const struct base_dir *b, const struct gc_look *l);
void ls_artifacts_print(const struct ls_artifacts *a);
/* For programs: set "artifacts", an array, or null when it can't be told. What could not be read has an "error". */
void ls_artifacts_json(struct js *line, const struct base_dir *b, const struct gc_look *l);

#endif
