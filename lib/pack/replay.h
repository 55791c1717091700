/* A source that can only be read once, with its first bytes put back. For lib/pack itself. */
#ifndef WS_PACK_REPLAY_H
#define WS_PACK_REPLAY_H

#include "base/defs.h"
#include "base/io.h"

enum { REPLAY_MAX = 512 };

/* `start` was read from offset 0 of `inner`, which stays the caller's. */
struct source *replay_new(struct source *inner, const void *start, size_t len);

#endif
