/* The S3 store: a bucket and a prefix. For lib/store itself. */
#ifndef WS_STORE_STORE_S3_H
#define WS_STORE_STORE_S3_H

#include "store/store_backend.h"

/* `config` (NULL: all defaults) is copied, its texts stay the caller's. No request is made, no client opened. */
int store_s3_open(struct str bucket, struct str prefix, const struct s3_config *config,
                  struct store **out, struct err *e) MUST_CHECK;

#endif
