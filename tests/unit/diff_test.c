/* What diff finds between two trees, and between a tree and its archive in memory. */
#include "pack/diff.h"

#include <stdlib.h>

#include "os/dir.h"
#include "pack.h"
#include "tap.h"

/* "removed a, renamed b, …" */
static int describe(void *ctx, const struct diff_change *c, struct err *e)
{
	static const char *const kinds[] = { "added", "removed", "modified", "renamed" };
	struct buf *out = ctx;
	(void)e;
	buf_printf(out, "%s%s ", out->len ? ", " : "", kinds[c->kind]);
	if (c->kind == DIFF_RENAMED)
		buf_printf(out, "%" STR_FMT " to ", STR_ARG(c->before->path));
	buf_add_str(out, c->after ? c->after->path : c->before->path);
	if (c->what)
		buf_printf(out, " %u", c->what);
	return 0;
}

/* In memory, then with so little of it that each thing is a run of its own. */
static bool trees_differ(int a, int b, const char *expected, struct sorter_file *file)
{
	const struct inventory_options how = { .file = file };
	INVENTORY_AUTO one = NULL;
	INVENTORY_AUTO two = NULL;
	BUF_AUTO text = buf_make(10000);
	struct err e = ERR_INIT;
	if (inventory_of_tree(a, &how, &one, &e) || inventory_of_tree(b, &how, &two, &e) ||
	    diff_compare(one, two, file, describe, &text, &e))
		return false;
	if (!str_is(buf_str(&text), expected))
		printf("# got: %s\n", text.p);
	return str_is(buf_str(&text), expected);
}

/* What each side has: "name=content" of a file, "name/" of a directory, "name>target" of a link; spaces between. */
struct row {
	const char *before, *after, *expected, *sentence;
};

static const struct row rows[] = {
	{ "a=1 d/ d/b=2", "a=1 d/ d/b=2", "", "equal trees have no difference" },
	{ "", "a=1 d/", "added a, added d", "what is new is added" },
	{ "a=1 d/", "", "removed a, removed d", "what is gone is removed" },
	{ "a=1", "a=2", "modified a 2", "the same size is not the same content" },
	{ "a=1", "a=12", "modified a 2", "another size is another content" },
	{ "a=1", "b=1", "renamed a to b", "the same content under another name is renamed" },
	{ "a=", "b=", "removed a, added b", "empty files are never renamed" },
	{ "a=1", "b=1 c=1", "renamed a to b, added c", "one file becomes one" },
	{ "x=1 y=1", "d/ d/y=1", "added d, renamed y to d/y, removed x",
	  "of several with one content the one with the same name was moved" },
	{ "x=1 y=1", "u=1 v=1", "renamed x to u, renamed y to v", "all that can be paired are" },
	{ "a=1", "a/", "modified a 1", "a directory in place of a file is another type" },
	{ "a/ a/b=1", "a=1", "modified a 1, removed a/b",
	  "what became another type was not renamed" },
	{ "l>x", "l>y", "modified l 8", "a link may lead elsewhere" },
	{ "a.b=1 a/ a/c=2", "a.b=1 a/ a/c=2 a/d=3", "added a/d",
	  "both sides are in the order of the walk" },
};

static bool make(int dirfd, const char *what)
{
	MEM_AUTO char *copy = mem_text(what);
	char *rest = copy, *one;
	bool ok = true;
	while (ok && (one = strsep(&rest, " ")) && *one) {
		char *mark = strpbrk(one, "=>");
		if (!mark) {
			one[strlen(one) - 1] = '\0';
			ok = scratch_dir(dirfd, one);
			continue;
		}
		bool link = *mark == '>';
		*mark = '\0';
		ok = link ? scratch_link(dirfd, one, mark + 1) : scratch_file(dirfd, one, mark + 1);
	}
	return ok;
}

static void table(void)
{
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		struct scratch a, b, c;
		struct sorter_file none = { .fd = -1 };
		SORTER_FILE_AUTO tiny = { .fd = -1, .run_bytes = 1 };
		struct err e = ERR_INIT;
		scratch_open(&a);
		scratch_open(&b);
		scratch_open(&c);
		TAP_OK(make(a.fd, rows[i].before) && make(b.fd, rows[i].after) &&
		               dir_create_nameless(c.fd, &tiny.fd, &e) == 0 &&
		               trees_differ(a.fd, b.fd, rows[i].expected, &none) &&
		               trees_differ(a.fd, b.fd, rows[i].expected, &tiny) && tiny.end > 0,
		       "%s", rows[i].sentence);
		scratch_close(&a);
		scratch_close(&b);
		scratch_close(&c);
	}
}

static bool same_as_archive(int dirfd, struct str archive, bool read_all, bool pipe)
{
	struct sorter_file file = { .fd = -1 };
	const struct inventory_options how = { .read_all = read_all,
		                               .reader = { .jobs = 2 },
		                               .file = &file };
	struct pack_source source = pack_source(archive, pipe);
	INVENTORY_AUTO one = NULL;
	INVENTORY_AUTO two = NULL;
	BUF_AUTO text = buf_make(10000);
	struct err e = ERR_INIT;
	return inventory_of_archive(&source.base, &how, &one, &e) == 0 &&
	       inventory_of_tree(dirfd, &how, &two, &e) == 0 &&
	       diff_compare(one, two, &file, describe, &text, &e) == 0 && text.len == 0 &&
	       inventory_count(one) == inventory_count(two) && inventory_count(one) > 700;
}

static void archive(void)
{
	struct scratch a;
	struct writer_result result;
	struct err e = ERR_INIT;
	BUF_AUTO out = buf_make(64 << 20);
	scratch_open(&a);
	TAP_OK(pack_tree(a.fd) && pack_write(a.fd, &(struct writer_options){ .jobs = 2 }, &out,
	                                     &result, &e) == 0,
	       "a tree with links, holes and a large file is archived");
	TAP_OK(same_as_archive(a.fd, buf_str(&out), false, false),
	       "by its index the archive is the same as the tree");
	TAP_OK(same_as_archive(a.fd, buf_str(&out), true, false),
	       "read as a whole it is the same as the tree");
	TAP_OK(same_as_archive(a.fd, buf_str(&out), false, true),
	       "read from a pipe it is the same as the tree");
	scratch_close(&a);
}

int main(void)
{
	table();
	archive();
	return tap_done();
}
