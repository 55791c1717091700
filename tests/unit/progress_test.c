/* progress: one line about long work. */
#include "base/progress.h"
#include "base/utf8.h"
#include "tests/unit/tap.h"

static const struct {
	const char *what;
	const char *label;
	uint64_t done_bytes, total_bytes, done_items, total_items;
	int64_t elapsed_ms;
	unsigned width;
	const char *line;
} rows[] = {
	{ "bytes of a known sum", "save s1", 12897485, 41943040, 7, 20, 1600, 80,
	  "save s1  12.3 MiB of 40.0 MiB  30%  7.7 MiB/s  4 s left" },
	{ "bytes of an unknown sum", "save s1", 12897485, 0, 7, 0, 2000, 80,
	  "save s1  12.3 MiB  6.1 MiB/s" },
	{ "items only", "gc", 0, 0, 50, 200, 10000, 80, "gc  50 of 200  25%  30 s left" },
	{ "items of an unknown number", "gc", 0, 0, 50, 0, 10000, 80, "gc  50" },
	{ "items with bytes beside", "rm", 2048, 0, 50, 200, 2000, 80,
	  "rm  50 of 200  25%  1.0 KiB/s  6 s left" },
	{ "the first second", "get", 1024, 2048, 0, 0, 999, 80, "get  1.0 KiB of 2.0 KiB  50%" },
	{ "nothing done yet", "get", 0, 2048, 0, 0, 5000, 80, "get  0 B of 2.0 KiB  0%" },
	{ "all done", "get", 2048, 2048, 0, 0, 2000, 80,
	  "get  2.0 KiB of 2.0 KiB  100%  1.0 KiB/s" },
	{ "more done than announced", "get", 4096, 2048, 0, 0, 2000, 80,
	  "get  4.0 KiB of 2.0 KiB  100%  2.0 KiB/s" },
	{ "nearly done", "get", 999999, 1000000, 0, 0, 500, 80,
	  "get  976.6 KiB of 976.6 KiB  99%" },
	{ "a long way to go", "get", 1, 1u << 30, 0, 0, 1000, 80,
	  "get  1 B of 1.0 GiB  0%  1 B/s  12427 d 13 h left" },
	{ "a clock that went back", "get", 1024, 2048, 0, 0, -5000, 80,
	  "get  1.0 KiB of 2.0 KiB  50%" },
	{ "a narrow terminal", "save s1", 12897485, 41943040, 0, 0, 1600, 35,
	  "save s1  12.3 MiB of 40.0 MiB  30%" },
	{ "a very narrow terminal", "save s1", 12897485, 41943040, 0, 0, 1600, 20, "save s1" },
	{ "no room for the label", "save \xC3\xA4\xC3\xB6", 12897485, 41943040, 0, 0, 1600, 6,
	  "save \xC3\xA4" },
	{ "no terminal at all", "save", 1, 2, 0, 0, 1600, 0, "" },
	{ "no label", NULL, 1, 0, 0, 0, 0, 80, "1 B" },
};

static void fill(struct progress *p, size_t row)
{
	*p = (struct progress){ .label = rows[row].label, .started_ms = 1000000 };
	progress_expect(p, rows[row].total_bytes, rows[row].total_items);
	progress_add(p, rows[row].done_bytes, rows[row].done_items);
}

int main(void)
{
	bool safe = true;
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		struct progress p;
		char out[200];
		fill(&p, i);
		int64_t now_ms = p.started_ms + rows[i].elapsed_ms;
		progress_format(&p, now_ms, rows[i].width, out, sizeof(out));
		TAP_TEXT(out, rows[i].line, "%s: \"%s\"", rows[i].what, rows[i].line);
		for (size_t cap = 1; cap < 80; cap++) {
			memset(out, 'x', sizeof(out));
			progress_format(&p, now_ms, rows[i].width, out, cap);
			safe = safe && strlen(out) < cap && utf8_valid(str_of(out)) &&
			       out[cap] == 'x';
		}
	}
	TAP_OK(safe, "no buffer is too small");
	progress_add(NULL, 1, 1);
	progress_expect(NULL, 1, 1);
	struct progress p = { .label = "x" };
	progress_add(&p, UINT64_MAX, UINT64_MAX);
	progress_expect(&p, UINT64_MAX, 0);
	char out[200];
	TAP_TEXT(progress_format(&p, INT64_MAX, 80, out, sizeof(out)),
	         "x  16.0 EiB of 16.0 EiB  100%  2.0 KiB/s", "the largest numbers are fine");
	return tap_done();
}
