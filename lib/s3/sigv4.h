/*
 * AWS Signature Version 4 in S3's flavour: the path is encoded once and never normalised. Pure: the caller
 * gives method, raw path, query and the complete list of headers to sign.
 */
#ifndef WS_S3_SIGV4_H
#define WS_S3_SIGV4_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"

enum { SIGV4_PARAMS_MAX = 64, SIGV4_HEADERS_MAX = 64 };

struct sigv4_pair {
	struct str name,
		value; /* raw; queries get encoded, header names lower-cased and values folded */
};

struct sigv4_request {
	const char *method;
	struct str path;                /* raw, with its leading '/', or empty */
	const struct sigv4_pair *query; /* without the X-Amz-* of a presigned URL */
	size_t query_count;
	const struct sigv4_pair *headers; /* all that are to be signed, host among them */
	size_t header_count;
	struct str payload_hash; /* hex, or UNSIGNED-PAYLOAD */
};

struct sigv4_scope {
	struct str access_key, secret_key, session_token; /* token empty: none */
	struct str region, service;
	int64_t time_s;
};

/* Append the canonical request; and the string to sign that goes with it. Errors: too many pairs. */
int sigv4_canonical(const struct sigv4_request *r, struct buf *out, struct err *e) MUST_CHECK;
int sigv4_string_to_sign(const struct sigv4_scope *s, struct str canonical, struct buf *out,
                         struct err *e) MUST_CHECK;
/* The hex signature (65 bytes with terminator) of a string to sign. */
void sigv4_signature(const struct sigv4_scope *s, struct str string_to_sign, char out[65]);

/* Append the value of the Authorization header. */
int sigv4_authorization(const struct sigv4_request *r, const struct sigv4_scope *s, struct buf *out,
                        struct err *e) MUST_CHECK;
/* Append the query of a presigned URL: canonical, encoded, with X-Amz-Signature last. Only the headers given
 * are signed (host). */
int sigv4_presign(const struct sigv4_request *r, const struct sigv4_scope *s, uint64_t expires_s,
                  struct buf *out, struct err *e) MUST_CHECK;

/* The path as it goes on the wire and into the canonical request. */
void sigv4_encode_path(struct str raw, struct buf *out);
/* The same of the query, without the '?': sorted, encoded. */
int sigv4_encode_query(const struct sigv4_pair *query, size_t count, struct buf *out,
                       struct err *e) MUST_CHECK;

#endif
