/* Archives in memory, for the tests of lib/pack. */
#ifndef WS_TESTS_PACK_H
#define WS_TESTS_PACK_H

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"
#include "pack/writer.h"
#include "scratch.h"
#include "tap.h"

/* A source over memory that counts its reads, and can be a pipe: offsets must follow each other, no size. */
struct pack_source {
	struct source base;
	struct str bytes;
	unsigned reads;
	uint64_t read_bytes, next;
	bool out_of_order;
};

UNUSED static int pack_read_at(struct source *s, uint64_t offset, void *p, size_t len, size_t *got,
                               struct err *e)
{
	struct pack_source *m = (struct pack_source *)s;
	(void)e;
	m->out_of_order |= offset != m->next;
	m->reads++;
	uint64_t left = offset < m->bytes.len ? m->bytes.len - offset : 0;
	*got = left < len ? (size_t)left : len;
	memcpy(p, m->bytes.p + (*got ? offset : 0), *got);
	m->read_bytes += *got;
	m->next = offset + *got;
	return 0;
}

UNUSED static void pack_close(struct source *s)
{
	(void)s;
}

UNUSED static struct pack_source pack_source(struct str bytes, bool pipe)
{
	return (struct pack_source){
		.base = { .read_at = pack_read_at,
		          .close = pack_close,
		          .id.size_bytes = pipe ? 0 : bytes.len,
		          .size_known = !pipe,
		          .sequential = pipe },
		.bytes = bytes,
	};
}

/* Archive `dirfd`, or some paths of it, into `out`. */
UNUSED static int pack_paths(int dirfd, const char *const *paths, size_t count,
                             const struct writer_options *options, struct buf *out,
                             struct writer_result *result, struct err *e)
{
	SINK_AUTO sink = sink_to_buf(out);
	if (writer_tree(dirfd, paths, count, options, sink, result, e))
		return -1;
	return sink->finish(sink, NULL, e);
}

UNUSED static int pack_write(int dirfd, const struct writer_options *options, struct buf *out,
                             struct writer_result *result, struct err *e)
{
	return pack_paths(dirfd, NULL, 0, options, out, result, e);
}

/* A file of `len` bytes that do not repeat; `seed` makes them differ from those of others. */
UNUSED static bool pack_noise(int dirfd, const char *path, size_t len, unsigned seed)
{
	FD_AUTO fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	uint64_t x = 88172645463325252ULL + seed;
	while (fd >= 0 && len > 0) {
		uint64_t block[512];
		for (size_t i = 0; i < COUNTOF(block); i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			block[i] = x;
		}
		size_t n = len < sizeof(block) ? len : sizeof(block);
		if (write(fd, block, n) != (ssize_t)n)
			return false;
		len -= n;
	}
	return fd >= 0;
}

/* A tree with all that an archive can hold, and more files than one member. */
UNUSED static bool pack_tree(int dirfd)
{
	char name[64];
	bool ok = scratch_dir(dirfd, "d") && scratch_dir(dirfd, "d/e") &&
	          scratch_dir(dirfd, "many") && scratch_file(dirfd, "a", "hello\n") &&
	          scratch_file(dirfd, "empty", "") && scratch_link(dirfd, "link", "d/e/../f") &&
	          linkat(dirfd, "a", dirfd, "d/hard", 0) == 0 &&
	          pack_noise(dirfd, "large", 9 << 20, 1) &&
	          pack_noise(dirfd, "d/e/medium", 1500000, 2);
	for (unsigned i = 0; ok && i < 700; i++) {
		snprintf(name, sizeof(name), "many/%03u", i);
		ok = pack_noise(dirfd, name, i * 37 % 5000, i);
	}
	FD_AUTO fd = openat(dirfd, "sparse", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return ok && fd >= 0 && ftruncate(fd, 6 << 20) == 0 && pwrite(fd, "x", 1, 1 << 20) == 1 &&
	       pwrite(fd, "y", 1, 5 << 20) == 1;
}

/* The tree in `dirfd`, and archives of it: ours, and as a plain tar. */
UNUSED static bool pack_both(int dirfd, struct buf *archive, struct buf *plain)
{
	struct err e = ERR_INIT;
	struct writer_result r;
	const struct writer_options ours = { .jobs = 2 }, tar = { .format = WRITER_TAR };
	*archive = *plain = buf_make(64 << 20);
	bool made = pack_tree(dirfd) && pack_write(dirfd, &ours, archive, &r, &e) == 0 &&
	            pack_write(dirfd, &tar, plain, &r, &e) == 0;
	TAP_OK(made, "there is an archive to read %s", e.msg);
	return made;
}

/* Whether two files have the same bytes. */
UNUSED static bool pack_same_file(int a, int b, const char *path)
{
	struct err e = ERR_INIT;
	FD_AUTO one = openat(a, path, O_RDONLY | O_CLOEXEC);
	FD_AUTO two = openat(b, path, O_RDONLY | O_CLOEXEC);
	BUF_AUTO x = buf_make(64 << 20), y = buf_make(64 << 20);
	return one >= 0 && two >= 0 && file_read_rest(one, &x, &e, path) == 0 &&
	       file_read_rest(two, &y, &e, path) == 0 && str_eq(buf_str(&x), buf_str(&y));
}

#endif
