/* "-": standard output as a sink, standard input into one. */
#ifndef WS_APPLETS_S3_STDIO_H
#define WS_APPLETS_S3_STDIO_H

#include "base/io.h"
#include "os/stopper.h"

/* A sink that writes to descriptor 1, after what is buffered for stdout. Needs no close. */
void s3_stdio_sink(struct sink *out);
/* Everything from descriptor 0 into `to`, unless `stopper` (may be NULL) is asked to stop; *total bytes. */
int s3_stdio_pour(const struct stopper *stopper, struct sink *to, uint64_t *total,
                  struct err *e) MUST_CHECK;

#endif
