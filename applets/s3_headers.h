/* Options that become headers of what is uploaded. */
#ifndef WS_APPLETS_S3_HEADERS_H
#define WS_APPLETS_S3_HEADERS_H

#include "base/err.h"
#include "base/str.h"
#include "cli/opt.h"
#include "s3/s3.h"

struct s3_headers {
	const char *content_type, *cache_control, *content_encoding, *content_disposition;
	const char *content_language, *storage_class, *sse, *sse_kms_key, *acl;
	struct opt_list metadata, tags;
};

enum { S3_HEADERS_ROWS = 11, S3_HEADERS_MAX = 24 };
extern const struct opt_row s3_headers_rows[S3_HEADERS_ROWS];

/* A group over the struct s3_headers at `offset` of the applet's options. */
#define S3_HEADERS_GROUP(offset)                                             \
	{                                                                    \
		"Uploaded objects", s3_headers_rows, S3_HEADERS_ROWS, offset \
	}

/* Headers made from the options. */
struct s3_headers_list {
	struct str headers[S3_HEADERS_MAX];
	char *owned[S3_HEADERS_MAX];
	size_t count;
};

/* Fill *put, which refers to *list. Errors: USAGE for K=V without '=', and for too many. */
int s3_headers_make(const struct s3_headers *h, struct s3_headers_list *list, struct s3_put *put,
                    struct err *e) MUST_CHECK;
void s3_headers_free(struct s3_headers_list *list);
/* Whether any of the options was given. */
bool s3_headers_any(const struct s3_headers_list *list, const struct s3_put *put);

/* The content type that goes with the extension of a name; NULL when it is none that is known. */
const char *s3_headers_type_of(struct str name);

#endif
