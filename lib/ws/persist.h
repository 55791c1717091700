/*
 * Whether what is written to a path outlives the container: told from mountinfo, by the deepest mount at or above the path.
 * A device that is merely there proves nothing: an anonymous volume lies on the same disk as a named one and goes with its
 * container, and so does the container's own root.
 */
#ifndef WS_WS_PERSIST_H
#define WS_WS_PERSIST_H

#include "base/defs.h"
#include "base/err.h"
#include "os/mounts.h"

enum persist_answer {
	PERSIST_PERSISTENT,
	PERSIST_EPHEMERAL, /* memory, or a container's own layer */
	PERSIST_ANONYMOUS, /* a volume without a name: goes with the container */
	PERSIST_UNKNOWN    /* can't be told; never taken for yes */
};
/* "persistent". */
const char *persist_answer_name(enum persist_answer a);

struct persist {
	enum persist_answer answer;
	const char *reason; /* a sentence without a full stop; static text */
	bool exists, writable;
	char mount_point[512], fs_type[64], source[512]; /* "" when not known; cut */
};

/* What the mount says. `in_container`: this is known to be one. Fills answer, reason and the mount's texts. Pure. */
void persist_judge(const struct mount *m, bool in_container, struct persist *out);
/* Look at an absolute path, which need not exist yet; a file is made in it for a moment, to see whether it can be written to.
 * Never fails: what could not be told is unknown. */
void persist_look(const char *path, struct persist *out);

#endif
