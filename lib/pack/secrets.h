/* What by its name is most likely a secret: keys, password files, tokens. It looks at no content, so it can be wrong both ways. */
#ifndef WS_PACK_SECRETS_H
#define WS_PACK_SECRETS_H

#include "base/defs.h"
#include "base/str.h"

/* Whether a file of this path (relative, no leading "./") is. */
bool secrets_match(struct str path);

#endif
