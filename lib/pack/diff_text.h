/* The lines in which two texts differ, as unified diff: what patch(1) and git apply take. */
#ifndef WS_PACK_DIFF_TEXT_H
#define WS_PACK_DIFF_TEXT_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/str.h"

enum {
	DIFF_TEXT_BYTES_MAX = 1 << 20, /* of each text: what is larger is not shown line by line */
	DIFF_TEXT_CONTEXT = 3,
};

/* As git and diff tell: there is a NUL in its first 8,000 bytes. */
bool diff_text_is_binary(struct str text);
/* Append the hunks that turn `a` into `b`; nothing when they are equal. The shortest edit, but for texts that have next to
 * nothing in common, of which what differs is replaced as a whole. */
void diff_text_hunks(struct str a, struct str b, struct buf *out);

#endif
