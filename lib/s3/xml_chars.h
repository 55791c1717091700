/* The character level of XML 1.0: Char, Name and references (internal to xml). */
#ifndef WS_S3_XML_CHARS_H
#define WS_S3_XML_CHARS_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/str.h"

enum xml_chars { XML_CHARS_PLAIN, XML_CHARS_REFERENCES };

/* S: space, tab, CR, LF. */
bool xml_chars_is_space(char c);
/* The length of the Name that `s` starts with, 0 when there is none (XML 1.0 section 2.3). */
size_t xml_chars_name_len(struct str s);
/* 0 when `s` is UTF-8 of allowed characters and, with REFERENCES, every '&' starts one of the five
 * entities or a numeric reference to an allowed character. */
int xml_chars_check(struct str s, enum xml_chars how) MUST_CHECK;
/* Append checked text with its references decoded and CR LF as LF. */
void xml_chars_decode(struct str s, struct buf *out);

#endif
