/* A profile as text. */
#ifndef WS_WS_PROFILE_EXPLAIN_H
#define WS_WS_PROFILE_EXPLAIN_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "data/ini.h"

/* Append the sections of the profile as INI, as a configuration file would have them. NOT_FOUND, CONFIG as profile_load. */
int profile_explain(const char *name, const struct ini *config, struct buf *out,
                    struct err *e) MUST_CHECK;

#endif
