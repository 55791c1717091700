/*
 * TLS sessions that can be taken up again: who has shaken hands with a server once skips the costly part the next time. Owned by
 * a client and shared by its threads; only connections with the same trust and identity may share one.
 */
#ifndef WS_NET_TLS_SESSIONS_H
#define WS_NET_TLS_SESSIONS_H

#include "base/defs.h"

enum { TLS_SESSIONS_MAX = 16, TLS_SESSIONS_AGE_MS = 3600 * 1000 };

struct tls_sessions;

struct tls_sessions *tls_sessions_new(void);
/* Wipes the secrets. NULL is fine. */
void tls_sessions_free(struct tls_sessions *s);
/* How many handshakes were short since the start. */
uint64_t tls_sessions_resumed(struct tls_sessions *s);

#endif
