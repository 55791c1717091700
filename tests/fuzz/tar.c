/* Headers of our own kind of tar: what is read lies within what was given, and is written again as something that reads the same. */
#include "pack/tar.h"
#include "tests/fuzz/fuzz.h"

enum { TEXT_MAX = 1 << 22 };

static bool same(const struct tar_head *a, const struct tar_head *b)
{
	const struct entry *x = &a->entry, *y = &b->entry;
	return x->type == y->type && x->mode == y->mode && x->uid == y->uid && x->gid == y->gid &&
	       x->mtime_s == y->mtime_s && x->mtime_ns == y->mtime_ns &&
	       x->size_bytes == y->size_bytes && x->extent_count == y->extent_count &&
	       x->xattr_count == y->xattr_count && str_eq(x->path, y->path) &&
	       str_eq(x->link, y->link);
}

static void write_again(const struct tar_head *head, const struct limits *limits)
{
	struct tar_scratch one, two;
	struct tar_head written, again;
	struct err e = ERR_INIT;
	BUF_AUTO out = buf_make(TEXT_MAX);
	tar_scratch_init(&one);
	tar_scratch_init(&two);
	int rc = tar_format(&head->entry, &one, &out, &written, &e);
	assert(rc == 0);
	rc = tar_parse((const unsigned char *)out.p, out.len, limits, &two, &again, &e);
	assert(rc == 1 && same(head, &again) && again.head_bytes + again.map_bytes == out.len);
	tar_scratch_free(&one);
	tar_scratch_free(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct limits limits = limits_default();
	struct tar_scratch scratch;
	struct tar_head head;
	struct err e = ERR_INIT;
	size_t at = 0;
	tar_scratch_init(&scratch);
	while (at < size && tar_parse(data + at, size - at, &limits, &scratch, &head, &e) > 0) {
		assert(head.head_bytes > 0 && head.head_bytes <= size - at &&
		       head.head_bytes % TAR_BLOCK == 0);
		assert(head.map_bytes <= head.stored_bytes);
		/* A writer never has so many types, and gives no device. */
		if (head.entry.type <= ENTRY_TYPE_HARDLINK)
			write_again(&head, &limits);
		if (head.stored_bytes > size - at - head.head_bytes)
			break;
		at += head.head_bytes + (size_t)tar_padded(head.stored_bytes);
	}
	tar_scratch_free(&scratch);
	return 0;
}
