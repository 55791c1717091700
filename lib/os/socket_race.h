/* Connecting to the first of several addresses that answers. For lib/os itself. */
#ifndef WS_OS_SOCKET_RACE_H
#define WS_OS_SOCKET_RACE_H

#include "os/socket.h"

/* socket_connect. */
int socket_race_connect(const struct socket_addresses *a, size_t first, int64_t deadline_ms,
                        struct socket *s, struct err *e) MUST_CHECK;

#endif
