/* Patterns of .gitignore: the first line is a path, the others are patterns. */
#include "pack/exclude.h"
#include "pack/wild.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	EXCLUDE_AUTO x = exclude_new();
	EXCLUDE_AUTO literal = exclude_new();
	struct str path, patterns;
	struct err e = ERR_INIT;
	if (!str_cut(str_from(data, size), '\n', &path, &patterns))
		return 0;
	if (wild_valid(patterns))
		assert(!str_is(patterns, "**") || path.len == 0 || wild_match(patterns, path));
	exclude_add_literal(literal, path);
	assert(path.len == 0 || exclude_match(literal, path, false));
	if (exclude_add_lines(x, patterns, &e))
		return 0;
	bool out = exclude_match(x, path, true);
	/* What is out as a part of a walk is out as a whole; and nothing comes back below what is out. */
	assert(out || !exclude_match_below(x, path, true));
	return 0;
}
