/* Internal to net: PEM (RFC 7468). */
#ifndef WS_NET_PEM_H
#define WS_NET_PEM_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/str.h"

/* Take the text up to and with the next block of this label ("CERTIFICATE") off *text, and decode it into `der`: 1 done, 0 there is
 * none, -1 its content is not base64 or too large for `der`. Text around blocks and blocks of other labels are passed over. */
int pem_next(struct str *text, const char *label, struct buf *der) MUST_CHECK;

#endif
