/* Internal to net: the sessions as BearSSL wants them. A server is known by "host:port". NULL for `s` is fine. */
#ifndef WS_NET_TLS_SESSIONS_TABLE_H
#define WS_NET_TLS_SESSIONS_TABLE_H

#include <bearssl_ssl.h>

#include "net/tls_sessions.h"

/* Whether there is one for the server; wipe *out after use. */
bool tls_sessions_find(struct tls_sessions *s, const char *server, br_ssl_session_parameters *out);
/* After a handshake: remember it, when the server gave it a name. `resumed`: it was a short one. */
void tls_sessions_keep(struct tls_sessions *s, const char *server,
                       const br_ssl_session_parameters *session, bool resumed);
/* After a handshake that failed. */
void tls_sessions_drop(struct tls_sessions *s, const char *server);

#endif
