/* Two lists side by side. */
#include "base/num.h"
#include "ws/tree_list.h"

enum { NS_PER_S = 1000000000 };

static const char *const names[] = {
	[TREE_LIST_SAME] = "unchanged",
	[TREE_LIST_ADDED] = "added",
	[TREE_LIST_MODIFIED] = "modified",
	[TREE_LIST_REMOVED] = "removed",
};

const char *tree_list_change_name(enum tree_list_change c)
{
	return names[c];
}

static void set_time(uint64_t bits, int64_t *s, uint32_t *ns)
{
	int64_t all = (int64_t)bits;
	int64_t part = all % NS_PER_S;
	*s = all / NS_PER_S - (part < 0);
	*ns = (uint32_t)(part < 0 ? part + NS_PER_S : part);
}

static int parse(struct str line, struct tree_list_entry *out)
{
	enum { MODE, SIZE, MTIME, CTIME, INODE, NUMBERS };
	uint64_t number[NUMBERS];
	struct str word, rest;
	if (!str_cut(line, ' ', &word, &rest) || word.len != 1)
		return -1;
	for (int i = 0; i < NUMBERS; i++) {
		if (!str_cut(rest, ' ', &word, &rest) ||
		    num_parse_digits(word, 10, &number[i]) != 0)
			return -1;
	}
	if (number[MODE] > UINT32_MAX || rest.len == 0)
		return -1;
	*out = (struct tree_list_entry){ .path = rest };
	out->stat.mode = (uint32_t)number[MODE];
	out->stat.size_bytes = number[SIZE];
	out->stat.ino = number[INODE];
	set_time(number[MTIME], &out->stat.mtime_s, &out->stat.mtime_ns);
	set_time(number[CTIME], &out->stat.ctime_s, &out->stat.ctime_ns);
	return 0;
}

static int advance(struct tree_list_diff *d, int side, struct err *e)
{
	struct str line;
	d->has[side] = d->rest[side].len > 0;
	if (!d->has[side])
		return 0;
	if (str_cut(d->rest[side], '\0', &line, &d->rest[side]) &&
	    parse(line, &d->entry[side]) == 0)
		return 0;
	return err_set(e, ERR_KIND_DATA, "the list of files is damaged");
}

/* As a walk orders them: a directory's content comes right behind its name. */
static int compare(struct str a, struct str b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	for (size_t i = 0; i < len; i++) {
		unsigned char x = a.p[i] == '/' ? 0 : (unsigned char)a.p[i];
		unsigned char y = b.p[i] == '/' ? 0 : (unsigned char)b.p[i];
		if (x != y)
			return x < y ? -1 : 1;
	}
	return a.len < b.len ? -1 : a.len > b.len;
}

static bool is_same(const struct file_stat *a, const struct file_stat *b)
{
	return a->mode == b->mode && a->size_bytes == b->size_bytes && a->ino == b->ino &&
	       a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns && a->ctime_s == b->ctime_s &&
	       a->ctime_ns == b->ctime_ns;
}

int tree_list_diff_start(struct tree_list_diff *d, struct str before, struct str after,
                         struct err *e)
{
	*d = (struct tree_list_diff){ .rest = { before, after } };
	return advance(d, 0, e) != 0 ? -1 : advance(d, 1, e);
}

int tree_list_diff_next(struct tree_list_diff *d, struct tree_list_entry *entry,
                        enum tree_list_change *change, struct err *e)
{
	if (!d->has[0] && !d->has[1])
		return 0;
	int order = !d->has[0] ? 1 : !d->has[1] ? -1 : 0;
	if (d->has[0] && d->has[1])
		order = compare(d->entry[0].path, d->entry[1].path);
	*entry = d->entry[order < 0 ? 0 : 1];
	if (order < 0)
		*change = TREE_LIST_REMOVED;
	else if (order > 0)
		*change = TREE_LIST_ADDED;
	else
		*change = is_same(&d->entry[0].stat, &d->entry[1].stat) ? TREE_LIST_SAME
		                                                        : TREE_LIST_MODIFIED;
	if (order <= 0 && advance(d, 0, e) != 0)
		return -1;
	return order >= 0 && advance(d, 1, e) != 0 ? -1 : 1;
}
