/* One directory of a walk: its descriptor, while it has one, and its names. For lib/os itself. */
#ifndef WS_OS_WALK_LEVEL_H
#define WS_OS_WALK_LEVEL_H

#include "base/defs.h"
#include "os/file.h"

struct walk_level_name {
	uint32_t at; /* offset in walk_level.text */
	uint16_t len;
	unsigned char type; /* DT_* */
};

struct walk_level {
	int fd;                /* -1: closed to save descriptors */
	struct file_stat self; /* to know the directory again */
	size_t path_len;       /* of its own path, within the walk's */
	bool more;             /* the kernel has names that were not read yet */
	/* Memory that stays for the next directory at this depth: */
	char *text;
	size_t text_len, text_cap;
	struct walk_level_name *names;
	size_t count, names_cap;
	size_t next; /* the first name not yet returned */
};

/* Begin with the directory `fd`, which is the level's from now on, also on failure: -1 and
 * errno. */
int walk_level_begin(struct walk_level *l, int fd, size_t path_len) MUST_CHECK;
/* Read all names that are left (or, unless `all`, one portion), through `cap` bytes of scratch
 * memory. They come behind the names not yet returned. -1 and errno; the names read before are
 * there. */
int walk_level_read(struct walk_level *l, bool all, char *scratch, size_t cap) MUST_CHECK;
/* Bring the names that are there into byte order; `as_keys`: directories as if they ended in '/'. Types that
 * the file system did not tell are asked for. */
void walk_level_sort(struct walk_level *l, bool as_keys);
/* Close the descriptor. */
void walk_level_close(struct walk_level *l);
/* Close, and give the memory back. */
void walk_level_free(struct walk_level *l);

#endif
