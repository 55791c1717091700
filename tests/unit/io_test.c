/* io: sinks and sources in memory. */
#include "base/buf.h"
#include "base/io.h"
#include "tests/unit/tap.h"

static void test_source(void)
{
	static const struct {
		uint64_t offset;
		size_t len;
		const char *text;
	} rows[] = {
		{ 0, 3, "abc" }, { 0, 6, "abcdef" },    { 2, 9, "cdef" }, { 6, 4, "" },
		{ 7, 4, "" },    { UINT64_MAX, 4, "" }, { 3, 0, "" },
	};
	SOURCE_AUTO source = source_from_memory("abcdef", 6);
	TAP_OK(source->size_known && source->id.size_bytes == 6 && !source->sequential,
	       "a source over memory knows its size and reads anywhere");
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		struct err e = ERR_INIT;
		char out[16] = "";
		size_t got = 99;
		int result = source->read_at(source, rows[i].offset, out, rows[i].len, &got, &e);
		TAP_OK(result == 0 && str_is(str_from(out, got), rows[i].text),
		       "%zu bytes at %" PRIu64 " are \"%s\"", rows[i].len, rows[i].offset,
		       rows[i].text);
	}
	SOURCE_AUTO nothing = source_from_memory(NULL, 0);
	struct err e = ERR_INIT;
	char byte;
	size_t got = 99;
	TAP_OK(nothing->read_at(nothing, 0, &byte, 1, &got, &e) == 0 && got == 0,
	       "a source over nothing is at its end");
}

static void test_sink(void)
{
	struct err e = ERR_INIT;
	BUF_AUTO b = buf_make(16);
	buf_add_text(&b, "old ");
	{
		SINK_AUTO sink = sink_to_buf(&b);
		struct blob_id id;
		int result = sink->write(sink, "ab", 2, &e) | sink->write(sink, NULL, 0, &e) |
		             sink->write(sink, "c", 1, &e) | sink->finish(sink, &id, &e);
		TAP_OK(result == 0 && id.size_bytes == 3 && id.etag[0] == '\0',
		       "a finished sink knows what it took");
	}
	TAP_TEXT(b.p, "old abc", "what was finished stays");
	{
		SINK_AUTO sink = sink_to_buf(&b);
		TAP_OK(sink->write(sink, "xyz", 3, &e) == 0, "a second sink takes bytes");
	}
	TAP_TEXT(b.p, "old abc", "what was not finished is gone after close");
	{
		SINK_AUTO sink = sink_to_buf(&b);
		(void)!sink->write(sink, "xyz", 3, &e);
		sink->abort(sink);
		sink->abort(sink);
		TAP_TEXT(b.p, "old abc", "and after abort, which may come twice");
	}
	SINK_AUTO sink = sink_to_buf(&b);
	TAP_OK(sink->write(sink, "12345678901234567890", 20, &e) == -1 && e.kind == ERR_KIND_DATA,
	       "what does not fit is an error");
	struct err again = ERR_INIT;
	TAP_OK(sink->finish(sink, NULL, &again) == -1, "and cannot be finished");
}

static void test_close(void)
{
	struct sink *sink = NULL;
	struct source *source = NULL;
	sink_close(&sink);
	source_close(&source);
	source = source_from_memory("x", 1);
	source_close(&source);
	TAP_OK(!sink && !source, "closing forgets, and NULL is fine");
}

int main(void)
{
	test_source();
	test_sink();
	test_close();
	return tap_done();
}
