/* A group of entries: what becomes one member. For press. */
#ifndef WS_PACK_PRESS_GROUP_H
#define WS_PACK_PRESS_GROUP_H

#include "base/buf.h"
#include "crypto/digest_many.h"
#include "os/pool.h"
#include "pack/gather.h"
#include "pack/press.h"

struct press_pending {
	struct tar_head head;
	size_t path_at, link_at; /* in the group's text */
	size_t stored_at;        /* in its raw bytes */
	bool whole;
	bool fixed; /* it is not moved */
	unsigned char sha256[DIGEST_SHA256_LEN];
};

struct press_group {
	struct pool_job job;
	struct member_packer *packer;
	unsigned char *raw, *packed;
	size_t raw_len, packed_len;
	uint32_t crc;
	struct press_pending *entries;
	struct digest_many_item *texts; /* room for as many */
	struct gather_item *items;      /* and as many */
	struct gather gather;
	const uint32_t *order; /* of the entries in the raw bytes; NULL: as they came */
	size_t count, cap;
	struct buf text;
	bool gathers;
	bool has_earlier; /* the hash of a file that began in an earlier group */
	unsigned char earlier[DIGEST_SHA256_LEN];
};

/* All zero before. */
void press_group_init(struct press_group *g, const struct press_options *options);
void press_group_free(struct press_group *g);
/* An entry whose header is `at` bytes into the group. `whole`: so are all its bytes. */
void press_group_add(struct press_group *g, const struct tar_head *head, size_t at, bool whole,
                     bool fixed);
/* Once its job is done: what is in the member, in its order. Valid until the group is emptied. */
size_t press_group_count(const struct press_group *g);
const struct press_pending *press_group_at(struct press_group *g, size_t i);
void press_group_empty(struct press_group *g);

#endif
