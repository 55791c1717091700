/* Open an archive to look into it. */
#ifndef WS_APPLETS_PACK_OPEN_H
#define WS_APPLETS_PACK_OPEN_H

#include "applets/pack_limits.h"
#include "base/err.h"
#include "base/io.h"
#include "pack/reader.h"
#include "s3/s3.h"

/* The archive `name` (a file, s3:// or -), confined before its first byte is parsed: nothing may be written. Both are
 * the caller's to close, the reader first. Errors name the archive. */
int pack_open(const char *name, const struct s3_config *s3, const struct pack_limits *limits,
              struct source **source, struct reader **reader, struct err *e) MUST_CHECK;

#endif
