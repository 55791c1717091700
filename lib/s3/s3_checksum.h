/*
 * What an upload carries so that the server can check it, a ladder: an x-amz-checksum-* header (CRC-64/NVME on
 * AWS, CRC-32C elsewhere), where that is refused Content-MD5, where that is refused nothing but the signed
 * SHA-256 (internal to lib/s3).
 */
#ifndef WS_S3_S3_CHECKSUM_H
#define WS_S3_S3_CHECKSUM_H

#include "s3/s3_request.h"
#include "s3/s3_sum.h"

enum s3_checksum { S3_CHECKSUM_CRC, S3_CHECKSUM_MD5, S3_CHECKSUM_NONE };

/* Where to start, and whether downloads are checked: what AWS_REQUEST_CHECKSUM_CALCULATION and
 * AWS_RESPONSE_CHECKSUM_VALIDATION say (when_supported, when_required). Errors: CONFIG. */
int s3_checksum_init(struct s3 *s3, struct err *e) MUST_CHECK;
/* Read the body and add the header of this step. With a checksum, and over TLS, the payload is not hashed once
 * more for the signature. */
int s3_checksum_add(const struct s3 *s3, int step, struct s3_request *r, char text[S3_SUM_TEXT_MAX],
                    struct err *e) MUST_CHECK;
/* Whether a refusal may be for the header of this step. */
bool s3_checksum_refused(int step, const struct err *e);

#endif
