/* Whole archives: all that list, verify and extract read. The first byte says what the others are: an archive as it is, one in a
 * pipe, a tar that is put into members of ours, or a tar that is read as somebody else's. */
#include "base/io.h"
#include "base/mem.h"
#include "pack/member.h"
#include "pack/names.h"
#include "pack/reader.h"
#include "tests/fuzz/fuzz.h"

enum { STEP = 4096, ENTRIES_MAX = 2000, BYTES_MAX = 4 << 20, MEMBER_SMALL = 4096 };
enum { PIPE = 1, MEMBERS = 2, FOREIGN = 4 };

static void pass_content(struct reader *r, const struct entry *entry, struct err *e)
{
	char step[STEP];
	uint64_t total = 0;
	size_t got;
	if (entry->size_bytes > BYTES_MAX)
		return;
	do {
		got = 0;
		if (reader_read(r, step, sizeof(step), &got, e))
			return;
		total += got;
	} while (got > 0);
	assert(total == (entry->type == ENTRY_TYPE_FILE ? entry->size_bytes : 0));
}

static void read_all(struct source *source, const struct reader_options *how)
{
	READER_AUTO r = NULL;
	const struct entry *entry;
	struct err e = ERR_INIT;
	BUF_AUTO clean = buf_make(1 << 20);
	if (reader_open(source, how, &r, &e)) {
		assert(err_is(&e));
		return;
	}
	for (size_t i = 0; i < ENTRIES_MAX && reader_next(r, &entry, &e) > 0; i++) {
		struct err odd = ERR_INIT;
		/* What comes through names_clean climbs nowhere. */
		if (names_clean(entry->path, 0, how->limits, &clean, &odd) >= 0)
			assert(clean.len == 0 ||
			       (clean.p[0] != '/' && clean.p[clean.len - 1] != '/'));
		if (entry->type == ENTRY_TYPE_FILE)
			pass_content(r, entry, &e);
		if (err_is(&e))
			break;
	}
}

static void list_and_find(struct source *source, const struct reader_options *how)
{
	READER_AUTO r = NULL;
	const struct entry *entry;
	struct err e = ERR_INIT;
	if (reader_open(source, how, &r, &e) || !reader_is_indexed(r))
		return;
	while (reader_index_next(r, &entry, &e) > 0)
		continue;
	err_clear(&e);
	if (reader_find(r, S("a"), &entry, &e) > 0)
		pass_content(r, entry, &e);
}

static void pack(struct str tar, struct buf *out)
{
	struct member_packer *packer = member_packer_new(MEMBER_GZIP, 1);
	while (tar.len > 0) {
		uint32_t crc;
		struct str part = str_head(tar, MEMBER_SMALL);
		unsigned char *room = (unsigned char *)buf_room(out, member_bound(part.len));
		assert(room);
		buf_grew(out, member_pack(packer, part.p, part.len, room, &crc));
		tar = str_skip(tar, part.len);
	}
	member_packer_free(packer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = str_from(data, size);
	struct limits limits = limits_default();
	unsigned mode = fuzz_byte(&in);
	BUF_AUTO packed = buf_make(64 << 20);
	limits.ratio_from = limits.max_bytes = BYTES_MAX;
	limits.max_index_bytes = BYTES_MAX;
	limits.max_sparse = ENTRIES_MAX;
	if (mode & MEMBERS) {
		pack(in, &packed);
		in = buf_str(&packed);
	}
	SOURCE_AUTO source = source_from_memory(in.p, in.len);
	source->sequential = mode & PIPE;
	source->size_known = !source->sequential;
	const struct reader_options how = {
		.limits = &limits,
		.jobs = 1,
		.foreign = mode & FOREIGN,
	};
	read_all(source, &how);
	if (!source->sequential)
		list_and_find(source, &how);
	return 0;
}
