/* Reading the registry. For lib/ws/flat*.c. */
#ifndef WS_WS_FLAT_REGISTRY_H
#define WS_WS_FLAT_REGISTRY_H

#include "base/err.h"
#include "data/js.h"
#include "os/dir.h"

enum { FLAT_REGISTRY_FILES_MAX = 100 * 1000 };

/* The registry in the directory `fd`; js_free. NOT_FOUND when there is none; DATA when it makes no sense. */
int flat_registry_read(int fd, struct js **out, struct err *e) MUST_CHECK;
/* The name of the file that an entry is of, byte for byte; false when it is none that a file there can have. */
bool flat_registry_name(const struct js *entry, char name[DIR_NAME_MAX + 1]);

#endif
