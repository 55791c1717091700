/* HEAD as the judge of multipart uploads. */
#include "s3/s3_settle.h"

#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "crypto/digest.h"

/* The tag that most servers give: the MD5 of the parts' MD5s, and their number. False when the parts' tags
 * are something else. */
static bool expected_etag(const struct s3_multipart *m, char out[BLOB_ETAG_MAX])
{
	unsigned char md5[DIGEST_MD5_LEN];
	char hex[2 * DIGEST_MD5_LEN + 1];
	BUF_AUTO all = buf_make((size_t)S3_PARTS_MAX * DIGEST_MD5_LEN);
	size_t count = 0;
	for (; count < m->etag_count && m->etags[count]; count++) {
		if (codec_unhex(str_of(m->etags[count]), md5, sizeof(md5)))
			return false;
		buf_add(&all, md5, sizeof(md5));
	}
	digest_md5_of(all.p, all.len, md5);
	snprintf(out, BLOB_ETAG_MAX, "%s-%zu", codec_hex(md5, sizeof(md5), hex), count);
	return true;
}

static bool is_ours(const struct s3_multipart *m, const struct s3_object *now, bool repeated)
{
	char expected[BLOB_ETAG_MAX];
	if (now->size_bytes != m->size_bytes)
		return false;
	if (m->put.save_id)
		return strcmp(m->put.save_id, now->save_id) == 0;
	/* Another tag may be another algorithm: then that we did ask for it has to do. */
	return (expected_etag(m, expected) && strcmp(expected, now->etag) == 0) || repeated;
}

/* An upload that is not known any more was completed by an answer we did not get, or was aborted by somebody.
 * Ceph says 500 for it. */
static bool may_be_lost(const struct err *e)
{
	return e->status == 404 || e->status == 412 || e->status >= 500 || e->retryable;
}

int s3_settle_lost_answer(struct s3_multipart *m, bool repeated, struct err *e)
{
	struct s3_object now;
	struct err ignored = ERR_INIT;
	if (!may_be_lost(e) || s3_head(m->s3, m->bucket, m->key, &now, &ignored) ||
	    !is_ours(m, &now, repeated))
		return -1;
	err_clear(e);
	return 0;
}

int s3_settle_size(struct s3_multipart *m, struct blob_id *id, struct err *e)
{
	struct s3_object now;
	if (s3_head(m->s3, m->bucket, m->key, &now, e))
		return -1;
	if (now.size_bytes != m->size_bytes)
		return err_set(e, ERR_KIND_DATA, "%llu bytes were sent, the object has %llu",
		               (unsigned long long)m->size_bytes,
		               (unsigned long long)now.size_bytes);
	if (id) {
		id->size_bytes = now.size_bytes;
		memcpy(id->etag, now.etag, sizeof(id->etag));
	}
	return 0;
}
