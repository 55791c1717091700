/*
 * Archives that come back from a store, read by a program that has more to do than that: in a thread that is under Landlock
 * (os/sandbox), with a limit on memory. A kernel without Landlock is named in the log; what is done is the same.
 */
#ifndef WS_WS_CONFINED_H
#define WS_WS_CONFINED_H

#include "pack/extract.h"
#include "pack/reader.h"

/* extract_tree; nothing is written but beneath `dirfd`. */
int confined_extract(struct source *source, int dirfd, const struct extract_options *options,
                     struct extract_result *result, struct err *e) MUST_CHECK;
/* reader_verify; nothing is written. */
int confined_verify(struct source *source, const struct reader_options *options,
                    struct reader_check *out, struct err *e) MUST_CHECK;

#endif
