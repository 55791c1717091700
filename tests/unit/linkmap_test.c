/* What is remembered of files with several names, and what is forgotten when there are too many. */
#include "pack/linkmap.h"

#include <stdlib.h>

#include "tap.h"

static char text[32];

static struct str name_of(size_t i)
{
	snprintf(text, sizeof(text), "dir/%zu", i);
	return str_of(text);
}

static bool put(struct linkmap *m, size_t i, uint64_t names)
{
	return linkmap_put(m, i % 3, i, names, name_of(i));
}

static bool knows(struct linkmap *m, size_t i)
{
	return str_eq(linkmap_find(m, i % 3, i), name_of(i));
}

static void test_finding(void)
{
	struct linkmap m;
	bool all = true;
	linkmap_init(&m);
	TAP_OK(linkmap_find(&m, 1, 1).len == 0, "an empty map knows nothing");
	for (size_t i = 0; i < 10000; i++)
		all &= !put(&m, i, 3);
	for (size_t i = 0; i < 10000; i++)
		all &= knows(&m, i);
	TAP_OK(all, "each file is found under its device and inode");
	TAP_OK(linkmap_find(&m, 5, 1).len == 0, "another device's file of the same number is not");
	linkmap_free(&m);
}

static void test_done_files_make_room(void)
{
	struct linkmap m;
	bool all = true, open = true;
	linkmap_init(&m);
	for (size_t i = 0; i < 10; i++)
		all &= !put(&m, i, 2);
	for (size_t i = 10; i < 5 * (size_t)LINKMAP_MAX; i++)
		all &= !put(&m, i, 2) && knows(&m, i);
	TAP_OK(all, "of files all of whose names were met any number may come");
	TAP_OK(m.cap <= 4 * (size_t)LINKMAP_MAX, "and the map does not grow with them");
	for (size_t i = 0; i < 10; i++)
		open &= knows(&m, i);
	TAP_OK(open, "and those that have a name to come are remembered all the time");
	linkmap_free(&m);
}

static void test_too_many(void)
{
	struct linkmap m;
	size_t forgot = 0, n = 2 * (size_t)LINKMAP_MAX + 10;
	linkmap_init(&m);
	for (size_t i = 0; i < n; i++)
		forgot += put(&m, i, 2);
	TAP_OK(forgot == 2, "more open files than fit are forgotten, and that is said (%zu times)",
	       forgot);
	TAP_OK(linkmap_find(&m, 0, 0).len == 0 && knows(&m, n - 1),
	       "the first is no longer known, the last is");
	linkmap_free(&m);
}

int main(void)
{
	test_finding();
	test_done_files_make_room();
	test_too_many();
	return tap_done();
}
