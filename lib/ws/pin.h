/*
 * A pin keeps a workspace from being collected: <base>/.ws/<id>/pin.json, with a reason and perhaps an end. It is a
 * file of its own, so that one can be set while a session holds the workspace and writes its record.
 */
#ifndef WS_WS_PIN_H
#define WS_WS_PIN_H

#include "base/defs.h"
#include "base/err.h"
#include "ws/base_dir.h"

struct pin {
	char reason[256];
	int64_t set_ms;
	int64_t until_ms; /* 0: for ever */
};

/* Pin a workspace that has a record directory, replacing the pin it may have. NOT_FOUND when there is none. */
int pin_set(const struct base_dir *b, const char *id, const struct pin *p,
            struct err *e) MUST_CHECK;
/* Absent is fine. */
int pin_remove(const struct base_dir *b, const char *id, struct err *e) MUST_CHECK;
/* 1 and *out, 0 when there is none, -1 when it can't be read (which has to count as pinned). One that has ended is
 * still told; see pin_holds. */
int pin_load(const struct base_dir *b, const char *id, struct pin *out, struct err *e) MUST_CHECK;
bool pin_holds(const struct pin *p, int64_t now_ms);

#endif
