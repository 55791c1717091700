/* Closing sinks and sources, and the two that live in memory. */
#include "base/io.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

void sink_close(struct sink **s)
{
	if (*s)
		(*s)->close(*s);
	*s = NULL;
}

void source_close(struct source **s)
{
	if (*s)
		(*s)->close(*s);
	*s = NULL;
}

struct memory_source {
	struct source base;
	const char *p;
};

static int memory_read_at(struct source *s, uint64_t offset, void *p, size_t len, size_t *got,
                          struct err *e)
{
	(void)e;
	const struct memory_source *memory = (const struct memory_source *)(const void *)s;
	uint64_t size = s->id.size_bytes;
	uint64_t left = offset < size ? size - offset : 0;
	*got = left < len ? (size_t)left : len;
	if (*got > 0)
		memcpy(p, memory->p + offset, *got);
	return 0;
}

static void memory_close(struct source *s)
{
	mem_free(s);
}

struct source *source_from_memory(const void *p, size_t len)
{
	struct memory_source *memory = mem_new(1, sizeof(*memory));
	memory->base.read_at = memory_read_at;
	memory->base.close = memory_close;
	memory->base.id.size_bytes = len;
	memory->base.size_known = true;
	memory->p = p;
	return &memory->base;
}

struct buf_sink {
	struct sink base;
	struct buf *to;
	size_t start; /* what the buffer held before */
	bool settled; /* finished or aborted */
};

static int buf_sink_write(struct sink *s, const void *p, size_t len, struct err *e)
{
	struct buf_sink *sink = (struct buf_sink *)s;
	buf_add(sink->to, p, len);
	return buf_check(sink->to, e, "what was written");
}

static int buf_sink_finish(struct sink *s, struct blob_id *id, struct err *e)
{
	struct buf_sink *sink = (struct buf_sink *)s;
	if (buf_check(sink->to, e, "what was written") < 0)
		return -1;
	if (id)
		*id = (struct blob_id){ .size_bytes = sink->to->len - sink->start };
	sink->settled = true;
	return 0;
}

static void buf_sink_abort(struct sink *s)
{
	struct buf_sink *sink = (struct buf_sink *)s;
	if (!sink->settled)
		buf_truncate(sink->to, sink->start);
	sink->settled = true;
}

static void buf_sink_close(struct sink *s)
{
	buf_sink_abort(s);
	mem_free(s);
}

struct sink *sink_to_buf(struct buf *b)
{
	struct buf_sink *sink = mem_new(1, sizeof(*sink));
	sink->base.write = buf_sink_write;
	sink->base.finish = buf_sink_finish;
	sink->base.abort = buf_sink_abort;
	sink->base.close = buf_sink_close;
	sink->to = b;
	sink->start = b->len;
	return &sink->base;
}
