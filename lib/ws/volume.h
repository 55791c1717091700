/*
 * Volumes of a container: what a profile says is to be mounted where, and mounts that a user adds. In INI:
 *
 *   [volume PROFILE NAME]    container (path), path (below the workspace), host (for bind mounts of the user's own; none:
 *                            always a named volume), contents, priority (critical, high, medium, low)
 */
#ifndef WS_WS_VOLUME_H
#define WS_WS_VOLUME_H

#include "base/defs.h"
#include "base/err.h"
#include "data/ini.h"

enum { VOLUME_MAX = 64, VOLUME_INSTANCE_MAX = 32 };

struct volume {
	char *name; /* of the named volume, with the instance's suffix; "" for a user's mount */
	char *container; /* absolute path */
	char *path;      /* below the workspace, or "" */
	char *host;      /* absolute path, or "" */
	char *contents;
	char *priority;
	bool read_only;
	bool is_users; /* a mount that a user asked for */
};

struct volume_list {
	struct volume list[VOLUME_MAX];
	size_t count;
};

/* The volumes of a profile, none when it has none. `instance` NULL or an id: each name gets "-<id>"; it is lower-cased, and
 * anything but 1 to 32 of [a-z0-9-], beginning with a letter or digit, is an error, not a share in someone else's data
 * (USAGE). Errors: CONFIG. */
int volume_load(const char *profile, const struct ini *config, const char *instance,
                struct volume_list *out, struct err *e) MUST_CHECK;
void volume_free(struct volume_list *l);
#define VOLUME_LIST_AUTO AUTO(volume_free) struct volume_list

/* Add "/host:/container[:ro|rw]". A volume of the same container path gives way; two of a user's with one are an error, as
 * are relative paths, "..", control characters, a host path that is no directory, "/" on either side, and, unless
 * `allow_system`, a container path in the system's directories. Errors: USAGE, NOT_FOUND. */
int volume_add(struct volume_list *l, const char *spec, bool allow_system,
               struct err *e) MUST_CHECK;

#endif
