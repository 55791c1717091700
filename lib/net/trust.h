/*
 * Trust anchors: PEM files read into BearSSL's form. Expired anchors, anchors that are no CA or not for servers, those with a
 * critical extension that is not known, and RSA keys below 2048 bits are dropped on load.
 */
#ifndef WS_NET_TRUST_H
#define WS_NET_TRUST_H

#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"

struct trust; /* immutable after load; may be shared by threads */

/* Load from `file` when given, else the first of: AWS_CA_BUNDLE, SSL_CERT_FILE, SSL_CERT_DIR, the usual
 * places of Linux systems, the bundle compiled in. A place that was named is never replaced by another.
 * Errors: CONFIG, naming the place. */
int trust_load(const char *file, struct trust **out, struct err *e) MUST_CHECK;
/* The same from PEM text; `name` names it in messages. */
int trust_parse(struct str pem, const char *name, struct trust **out, struct err *e) MUST_CHECK;
/* The bundle compiled in: what Mozilla trusts for servers, as Debian has it. */
int trust_builtin(struct trust **out, struct err *e) MUST_CHECK;
void trust_free(struct trust *t);
/* Anchors kept, and where they came from (with the places tried before, when it is the bundle compiled in). */
size_t trust_count(const struct trust *t);
const char *trust_origin(const struct trust *t);

#endif
