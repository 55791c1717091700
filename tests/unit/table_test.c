/* table: columns for humans. */
#include "cli/table.h"
#include "tests/unit/tap.h"

static void fill(struct table *t, const char *const *cells, size_t count)
{
	for (size_t i = 0; i < count; i++)
		table_cell_text(t, cells[i]);
}

static void check(unsigned columns, const char *const *titles, const char *const *cells,
                  size_t count, const char *want, const char *sentence)
{
	struct table t;
	BUF_AUTO out = buf_make(4096);
	table_init(&t, columns, titles);
	fill(&t, cells, count);
	table_format(&t, &out);
	TAP_TEXT(out.p, want, "%s", sentence);
	TAP_INT(t.rows, count / columns, "%zu cells are %zu rows", count, count / columns);
	table_free(&t);
}

int main(void)
{
	static const char *const titles[] = { "ID", ">SIZE", "STATE" };
	static const char *const cells[] = { "task-1", "12.3 MiB", "ready", "t", "5 B", "in use" };
	check(3, titles, cells, 6,
	      "ID          SIZE  STATE\n"
	      "task-1  12.3 MiB  ready\n"
	      "t            5 B  in use\n",
	      "columns are as wide as their content, numbers to the right");
	check(3, titles, NULL, 0, "ID  SIZE  STATE\n", "without rows there are titles");

	static const char *const wide[] = {
		"\xC3\xA4\xC3\xB6\xC3\xBC", "1", "x", "abcd", "2", "y"
	};
	check(3, titles, wide, 6,
	      "ID    SIZE  STATE\n"
	      "\xC3\xA4\xC3\xB6\xC3\xBC      1  x\n"
	      "abcd     2  y\n",
	      "widths count characters, not bytes");

	static const char *const hostile[] = { "a\x1b[31m\n", "1", "b\\\xFF" };
	check(3, titles, hostile, 3,
	      "ID           SIZE  STATE\n"
	      "a\\x1b[31m\\n     1  b\\\\\\xff\n",
	      "control bytes are quoted");

	static const char *const empty[] = { "a", "", "", "b", "7", "" };
	check(3, titles, empty, 6,
	      "ID  SIZE  STATE\n"
	      "a\n"
	      "b      7\n",
	      "no line ends in blanks");
	check(3, titles, cells, 4,
	      "ID          SIZE  STATE\n"
	      "task-1  12.3 MiB  ready\n"
	      "t\n",
	      "a row may be incomplete");

	static const char *const one[] = { ">N" };
	static const char *const numbers[] = { "7", "1234" };
	check(1, one, numbers, 2, "   N\n   7\n1234\n", "the only column may be to the right");

	struct table t;
	BUF_AUTO small = buf_make(10);
	table_init(&t, 3, titles);
	table_format(&t, &small);
	TAP_OK(small.too_large, "a table that does not fit says so");
	table_cell(&t, str_from("a\0b", 3));
	BUF_AUTO out = buf_make(100);
	table_format(&t, &out);
	TAP_TEXT(out.p, "ID      SIZE  STATE\na\\x00b\n", "a zero byte does not end a cell");
	table_free(&t);
	return tap_done();
}
