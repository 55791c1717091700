/* `ws` itself: --help, --version, --licenses, --install, --man. */
#ifndef WS_APPLETS_WS_H
#define WS_APPLETS_WS_H

#include "base/err.h"

#define WS_VERSION "0.1.0"

/* argv[0] is "ws". Errors: USAGE. */
int ws_run(int argc, char **argv, struct err *e) MUST_CHECK;

#endif
