/* Where requests go: which host and which path a bucket and key have at an endpoint. No input/output. */
#ifndef WS_S3_ENDPOINT_H
#define WS_S3_ENDPOINT_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "base/url.h"
#include "s3/s3.h"

enum { ENDPOINT_REGION_MAX = 63, ENDPOINT_HOST_FIELD_MAX = URL_HOST_MAX + 16 };

struct endpoint {
	char *text; /* owned: what `url` is a view of; NULL: AWS, the host is made from the region */
	struct url url;
	int style; /* enum s3_style */
};

/* The host that a request goes to. */
struct endpoint_place {
	struct url url; /* without a path */
	char host_field[ENDPOINT_HOST_FIELD_MAX];
	bool bucket_in_host;
};

/* `text` is "http[s]://host[:port][/path]", or NULL for AWS. Errors: CONFIG. */
int endpoint_init(struct endpoint *ep, const char *text, int style, struct err *e) MUST_CHECK;
void endpoint_free(struct endpoint *ep);

/* The place of `bucket` (empty: the service itself). The bucket goes in front of the host when the style
 * says so; AUTO does it on AWS for names that can be a host label. Errors: USAGE for a name no bucket has. */
int endpoint_place(const struct endpoint *ep, struct str bucket, const char *region,
                   struct endpoint_place *out, struct err *e) MUST_CHECK;
/* Append the raw path of bucket and key at that place. */
void endpoint_path(const struct endpoint *ep, const struct endpoint_place *place, struct str bucket,
                   struct str key, struct buf *out);

/* Whether it is AWS itself; whether the name of its host ends in `domain`. */
bool endpoint_is_aws(const struct endpoint *ep);
bool endpoint_host_ends(const struct endpoint *ep, const char *domain);
/* Whether a region name may become part of a host name and of a signature. */
bool endpoint_region_ok(struct str region);

#endif
