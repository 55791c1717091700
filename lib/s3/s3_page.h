/* One page of a listing as XML: what it says about itself, and its entries one by one (internal to lib/s3). */
#ifndef WS_S3_S3_PAGE_H
#define WS_S3_S3_PAGE_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "s3/s3.h"
#include "s3/xml.h"

struct s3_page {
	bool versions;   /* it is to be a ListVersionsResult; the caller's word */
	struct str body; /* not owned */
	struct xml xml;
	bool truncated; /* more pages follow */
	bool encoded;   /* keys are url-encoded */
	bool is_v2;     /* it has a KeyCount */
	struct buf
		next; /* NextContinuationToken or, decoded, NextMarker of version 1, NextKeyMarker */
	struct buf next_version;                               /* NextVersionIdMarker */
	struct buf text, key, etag, storage_class, version_id; /* of the present entry */
	struct s3_list_entry entry;
};

void s3_page_init(struct s3_page *p);
void s3_page_free(struct s3_page *p);
/* Read what `body` (which outlives the use) says about itself; all of it is checked to be well-formed. */
int s3_page_open(struct s3_page *p, struct str body, struct err *e) MUST_CHECK;
/* 1 and p->entry (views valid until the next call), 0 at the end. */
int s3_page_next(struct s3_page *p, struct err *e) MUST_CHECK;

#endif
