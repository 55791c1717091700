/* Internal to net: BearSSL's engine errors in words. */
#ifndef WS_NET_TLS_ERROR_H
#define WS_NET_TLS_ERROR_H

#include "base/defs.h"
#include "base/err.h"

/* Say in *e what BearSSL's `code` (not one about certificates) means. Returns -1. */
int tls_error_explain(int code, struct err *e);

#endif
