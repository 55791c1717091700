/* Things that were asked for by their names are gone to by the index: what lies between is not read. */
#include "pack/extract_parts.h"
#include "pack/names.h"

enum { NAMES_MAX = 16 }; /* of more it is quicker to read all, one after the other */

/* The path that a pattern without wildcards says, or the empty view. */
static struct str literal(const char *pattern)
{
	struct str s = str_of(pattern);
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] == '*' || s.p[i] == '?' || s.p[i] == '[' || s.p[i] == '\\')
			return S("");
	while (str_starts(s, S("./")))
		s = str_skip(s, 2);
	while (str_ends(s, S("/")))
		s.len--;
	return s;
}

/* Names, none of them below another: what is below two would come twice. */
static bool are_names(const struct extract_options *o)
{
	for (size_t i = 0; i < o->pattern_count; i++) {
		struct str name = literal(o->patterns[i]);
		if (name.len == 0)
			return false;
		for (size_t j = 0; j < o->pattern_count; j++)
			if (i != j && names_within(name, literal(o->patterns[j])))
				return false;
	}
	return true;
}

/* The entry that is at hand, and when it is a directory those below it, which follow, though not all at once. */
static int extract_below(struct extraction *x, struct str top, const struct entry *entry,
                         struct err *e)
{
	bool is_dir = entry->type == ENTRY_TYPE_DIR;
	int rc = 1;
	while (rc > 0 && reader_may_follow(x->reader, top)) {
		if (names_within(entry->path, top) && extract_entry(x, entry, e))
			return -1;
		if (!is_dir)
			return 0;
		rc = reader_next(x->reader, &entry, e);
	}
	return rc < 0 ? -1 : 0;
}

/* A name that the index has not may be that of a directory of which only the content was archived. */
static int start_over(struct extraction *x)
{
	reader_stop(x->reader);
	*x->result = (struct extract_result){ .entries = 0 };
	return 0;
}

int extract_some(struct extraction *x, struct err *e)
{
	const struct extract_options *o = x->options;
	const struct entry *entry;
	if (o->pattern_count == 0 || o->pattern_count > NAMES_MAX || !are_names(o))
		return 0;
	for (size_t i = 0; i < o->pattern_count; i++) {
		struct str name = literal(o->patterns[i]);
		/* The reader starts anew, and what workers still read is its. */
		int rc = disk_drain(x->disk, e) ? -1 : reader_go(x->reader, name, &entry, e);
		if (rc < 0)
			return -1;
		if (rc == 0)
			return start_over(x);
		if (extract_below(x, name, entry, e))
			return -1;
	}
	return 1;
}
