/* A multipart upload: begin, parts from any thread, then complete or abort (internal to lib/s3). */
#ifndef WS_S3_S3_MULTIPART_H
#define WS_S3_S3_MULTIPART_H

#include "net/http.h"
#include "os/mutex.h"
#include "s3/s3_client.h"

enum { S3_MULTIPART_PART_LEAST = 8 << 20 };

struct s3_multipart {
	struct s3 *s3;
	struct str bucket, key; /* the caller's */
	struct s3_put put;
	char own_id[10]; /* the save id of one with conditions, unless the caller gave one */
	char upload_id[S3_UPLOAD_ID_MAX];
	struct mutex lock; /* of what follows */
	char **etags;      /* by part number - 1, as the server wrote them; NULL: not there */
	size_t etag_count;
	uint64_t size_bytes; /* of the parts that are there */
};

/* The size of all parts but the last for an object of `size` bytes: the user's, else 8 MiB, else a whole
 * number of MiB that keeps them at 1,000, but never more than 5 GiB. Never more than 10,000 of them. */
uint64_t s3_multipart_part_size(const struct s3 *s3, uint64_t size);
/* Whether so many bytes fit into 10,000 parts of 5 GiB; else UNAVAILABLE. */
int s3_multipart_check_size(uint64_t size, struct err *e) MUST_CHECK;

/* `put` may be NULL; it is needed until the end. */
int s3_multipart_begin(struct s3_multipart *m, struct s3 *s3, struct str bucket, struct str key,
                       const struct s3_put *put, struct err *e) MUST_CHECK;
/* The same of an upload that was begun earlier; "" for one that is not begun yet. */
void s3_multipart_adopt(struct s3_multipart *m, struct s3 *s3, struct str bucket, struct str key,
                        const struct s3_put *put, const char *upload_id);
/* A part is there. */
int s3_multipart_keep(struct s3_multipart *m, uint64_t number, const char *etag, uint64_t size,
                      struct err *e) MUST_CHECK;
bool s3_multipart_has(struct s3_multipart *m, uint64_t number);
/* Part number 1 to 10,000. */
int s3_multipart_put(struct s3_multipart *m, uint64_t number, const struct http_body *body,
                     struct err *e) MUST_CHECK;
/* The same, of bytes that the server has: `length` at `from` of `source` ("/bucket/key", encoded). */
int s3_multipart_copy(struct s3_multipart *m, uint64_t number, struct str source, uint64_t from,
                      uint64_t length, struct err *e) MUST_CHECK;
/* Make the object of parts 1 to the last. A lost answer is settled by HEAD; the size is checked. id may be NULL. */
int s3_multipart_complete(struct s3_multipart *m, struct blob_id *id, struct err *e) MUST_CHECK;
/* Remove what was uploaded, until the server shows no part any more; no part may be on its way. */
void s3_multipart_abort(struct s3_multipart *m);
int s3_multipart_abort_said(struct s3_multipart *m, struct err *e) MUST_CHECK;
/* Free the memory; neither completes nor aborts. */
void s3_multipart_free(struct s3_multipart *m);

#endif
