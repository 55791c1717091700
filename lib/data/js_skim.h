/*
 * A few fields of a JSON object without building the document: for files that this program wrote and reads by the
 * hundred thousand. Only plain text is understood (no escapes, ASCII, whole numbers, no key twice); whatever is not
 * plain, or not JSON at all, is for js_parse to judge.
 */
#ifndef WS_DATA_JS_SKIM_H
#define WS_DATA_JS_SKIM_H

#include "base/defs.h"
#include "base/str.h"

enum js_skim_kind { JS_SKIM_ABSENT, JS_SKIM_TEXT, JS_SKIM_INT, JS_SKIM_BOOL, JS_SKIM_OTHER };

struct js_skim_field {
	const char *name;
	/* What was found: */
	enum js_skim_kind kind;
	struct str text; /* the string's bytes, else the value as it is written; a view */
	int64_t number;  /* of a number; 1 and 0 for true and false */
};

/* Fill in `fields` from `text`. False when it is not plain; then they say nothing. */
bool js_skim(struct str text, struct js_skim_field *fields, size_t count);
/* The next element of an array's text as js_skim gave it, cut off *rest; false at its end. */
bool js_skim_next(struct str *rest, struct str *element);

#endif
