/* Names that ws makes, taken apart. */
#ifndef WS_GC_GC_NAME_H
#define WS_GC_GC_NAME_H

#include "base/str.h"
#include "ws/base_dir.h"

/* Split "<ms>.<id>.<rand>" of the trash, or "<id>.<rand>" of the staging area. -1 when it is none. */
int gc_name_parse(struct str name, bool with_time, int64_t *ms,
                  char id[BASE_DIR_ID_MAX + 1]) MUST_CHECK;
/* Whether the last component of `path` is the name of a temporary file of ours. */
bool gc_name_is_temp(const char *path);

#endif
