/*
 * A pull tokenizer for the XML that S3 servers send (XML 1.0, UTF-8): no DTD, no entities but the five
 * and numeric ones, no allocation, depth capped. It checks that the document is well-formed as it goes;
 * only the end event says that all of it was. Attributes are checked and dropped.
 */
#ifndef WS_S3_XML_H
#define WS_S3_XML_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"

enum { XML_DEPTH_MAX = 32, XML_ATTRIBUTES_MAX = 32 };

enum xml_event { XML_EVENT_DONE, XML_EVENT_OPEN, XML_EVENT_CLOSE, XML_EVENT_TEXT };

struct xml {
	struct str in;                  /* the document; everything given out is a view of it */
	size_t pos;                     /* bytes taken so far */
	size_t depth;                   /* elements open; after CLOSE without the one that closed */
	struct str open[XML_DEPTH_MAX]; /* their names, the root first */
	struct str name;                /* of OPEN and CLOSE */
	struct str text;                /* of TEXT, entities not decoded */
	bool text_is_cdata;
	bool close_pending; /* <a/>: the CLOSE comes next */
	bool root_closed;
};

/* Start at the beginning of `document`, which outlives `x`. A byte order mark is skipped. */
void xml_open(struct xml *x, struct str document);

/* The next event in *event. Errors: DATA, with the offset. */
int xml_next(struct xml *x, enum xml_event *event, struct err *e) MUST_CHECK;

/* Append the text of the present TEXT event with its entities decoded. */
void xml_add_text(const struct xml *x, struct buf *out);

/* Go on to the next element that closes: 1 and its name in x->name, its ancestors in x->open, and in
 * `text` what it held since its last child (all of it, for an element without children); 0 at the end. */
int xml_next_close(struct xml *x, struct buf *text, struct err *e) MUST_CHECK;

/* Whether the open elements are `root`, then `child` (NULL: root only), and nothing else. */
bool xml_inside(const struct xml *x, const char *root, const char *child);

/* Append `s` as element content: & < > " ' and CR, LF as references. -1 when a byte of it cannot be in XML. */
int xml_escape(struct str s, struct buf *out) MUST_CHECK;

#endif
