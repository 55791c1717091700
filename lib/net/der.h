/* Walking DER (X.690), strict: definite lengths in their shortest form, tag numbers below 31. Views only. */
#ifndef WS_NET_DER_H
#define WS_NET_DER_H

#include "base/defs.h"
#include "base/str.h"

enum {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_OID = 0x06,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
};

/* Take the next element off *in: its identifier byte and its content. */
int der_next(struct str *in, unsigned *tag, struct str *content) MUST_CHECK;
/* The same, when it must be a `tag`. */
int der_take(struct str *in, unsigned tag, struct str *content) MUST_CHECK;
/* The same, with its identifier and length bytes in front. */
int der_take_whole(struct str *in, unsigned tag, struct str *whole) MUST_CHECK;
/* Take the next element if it is a `tag`: 1 taken, 0 another one or none, -1 malformed. */
int der_take_if(struct str *in, unsigned tag, struct str *content) MUST_CHECK;
/* The same, when it must be a positive INTEGER: its bytes without the sign byte. */
int der_take_number(struct str *in, struct str *number) MUST_CHECK;

#endif
