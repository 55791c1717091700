/* Record to JSON and back. For record.c. */
#ifndef WS_WS_RECORD_FIELDS_H
#define WS_WS_RECORD_FIELDS_H

#include "ws/record.h"

/* "ready". */
const char *record_fields_state_name(enum record_state s);
/* Set every field of `r` in the object `o`; what else `o` holds stays. */
void record_fields_put(const struct record *r, struct js *o);
/* Fill `r` from the object `o`. Errors: DATA. */
int record_fields_get(struct record *r, const struct js *o, struct err *e) MUST_CHECK;

#endif
