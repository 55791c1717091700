/* Archives that are not ours: tar of any dialect (plain, gzip, zstd) and zip. Door to libarchive. For lib/pack itself. */
#ifndef WS_PACK_FOREIGN_H
#define WS_PACK_FOREIGN_H

#include "base/defs.h"
#include "base/err.h"
#include "base/io.h"
#include "base/progress.h"
#include "base/str.h"
#include "pack/entry.h"
#include "pack/limits.h"

enum { FOREIGN_SNIFF = 512 }; /* bytes from the start that tell what it is */

struct foreign;

/* `start`: the first bytes of the source. Errors: DATA when it is nothing that is known, or a zip from a pipe. */
int foreign_open(struct source *source, struct str start, const struct limits *limits,
                 struct progress *progress, struct foreign **out, struct err *e) MUST_CHECK;
void foreign_close(struct foreign *f);
/* As reader_next. Sizes of files are known; extents are not. At the end all checksums were right, and a tar had its end
 * mark and nothing behind it. */
int foreign_next(struct foreign *f, const struct entry **out, struct err *e) MUST_CHECK;
/* A piece of the present file's data and where it belongs: 1, 0 at the end, -1. Pieces ascend; holes are not given. */
int foreign_data(struct foreign *f, const unsigned char **p, size_t *len, uint64_t *offset,
                 struct err *e) MUST_CHECK;

#endif
