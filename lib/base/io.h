/*
 * The two joints of the house. `pack` writes archives to a sink and reads them from a source;
 * `store` hands sinks and sources out; neither knows the other. Implementations embed the struct as
 * their first member.
 */
#ifndef WS_BASE_IO_H
#define WS_BASE_IO_H

#include "base/defs.h"
#include "base/err.h"

enum { BLOB_ETAG_MAX = 192 };

/* What identifies one stored state of a blob. */
struct blob_id {
	uint64_t size_bytes;
	/* The store's entity tag, quotes removed; opaque; "" when there is none. */
	char etag[BLOB_ETAG_MAX];
};

/* Somewhere bytes go, in order. Nothing becomes visible before `finish`. */
struct sink {
	/* Take `len` bytes. After a failure only `abort` may be called. */
	int (*write)(struct sink *s, const void *p, size_t len, struct err *e);
	/* Make what was written visible and durable, verified as far as the store can; fill *id
	 * (may be NULL). After a failure call `abort`. */
	int (*finish)(struct sink *s, struct blob_id *id, struct err *e);
	/* Undo what was not finished. Safe after a failed write or finish. */
	void (*abort)(struct sink *s);
	/* Free the sink itself; aborts first when it was neither finished nor aborted. */
	void (*close)(struct sink *s);
};

/* Bytes to read from, pinned to one state of the blob: an object that changes underneath gives a
 * CONFLICT error, never bytes of two states. `read_at` may be called from several threads at once
 * unless `sequential`. */
struct source {
	/* Read up to `len` bytes at `offset` into `p`; *got < len only at the end of the blob. */
	int (*read_at)(struct source *s, uint64_t offset, void *p, size_t len, size_t *got,
	               struct err *e);
	void (*close)(struct source *s);
	struct blob_id id;
	bool size_known; /* id.size_bytes is right; false for a pipe */
	bool sequential; /* offsets must follow each other (a pipe) */
};

/* Close and forget; NULL is fine. For cleanup attributes. */
void sink_close(struct sink **s);
void source_close(struct source **s);
#define SINK_AUTO   AUTO(sink_close) struct sink *
#define SOURCE_AUTO AUTO(source_close) struct source *

/* A source over memory that the caller keeps alive; for small blobs and tests. */
struct source *source_from_memory(const void *p, size_t len);
/* A sink that appends to `b`, which the caller keeps alive; for small blobs and tests. */
struct buf;
struct sink *sink_to_buf(struct buf *b);

#endif
