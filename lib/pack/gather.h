/*
 * The order of a group's entries: files of the same name brought together, for their contents, and headers, are often alike, and
 * deflate sees only 32 KiB back. A directory stays before what is in it. For press.
 */
#ifndef WS_PACK_GATHER_H
#define WS_PACK_GATHER_H

#include "base/defs.h"
#include "base/str.h"

enum gather_kind {
	GATHER_OTHER, /* stays where it is */
	GATHER_FILE,  /* may be moved forward */
	GATHER_DIR,   /* goes before the first of its files that moves */
	GATHER_AGAIN, /* the directory's repetition, left out when no tar needs it */
};

struct gather_item {
	struct str path;
	enum gather_kind kind;
};

/* Memory that is used again for each list; all zero at first. */
struct gather {
	uint32_t *order; /* the result: places in the list that was given */
	size_t count;    /* of it */
	uint32_t *next, *last, *parent, *stack, *slots;
	unsigned char *flags;
	size_t cap;
};

void gather_free(struct gather *g);

/* The items come as a walk gives them, each directory again after its content. Put each file behind the one before it that has
 * the same last component; nothing moves back, and what comes before the first file stays there. Leave out the repetition of each
 * directory whose content still follows it at once, with nothing between: a tar that sets a directory's time when it leaves it
 * sets it for good then. False when the order is as it was, and of all. Below 2^30 items. */
bool gather_order(struct gather *g, const struct gather_item *items, size_t count);

#endif
