/* Comparing a file with an ETag. */
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "base/num.h"
#include "crypto/digest.h"
#include "os/file.h"
#include "s3/s3_multipart.h"

enum { STEP = 1 << 17, MD5_HEX = 2 * DIGEST_MD5_LEN };

static const uint64_t mib = 1 << 20;

static int md5_range(int fd, uint64_t from, uint64_t len, unsigned char out[DIGEST_MD5_LEN],
                     struct err *e)
{
	MEM_AUTO char *step = mem_new(1, STEP);
	struct digest_md5 d;
	digest_md5_init(&d);
	for (uint64_t done = 0; done < len;) {
		size_t got = 0;
		size_t want = len - done < STEP ? (size_t)(len - done) : STEP;
		if (file_pread(fd, step, want, from + done, &got, e, "the file"))
			return -1;
		if (got == 0)
			return err_set(e, ERR_KIND_CONFLICT,
			               "the file became shorter while it was read");
		digest_md5_add(&d, step, got);
		done += got;
	}
	digest_md5_out(&d, out);
	return 0;
}

/* The size of parts that makes `count` of them: ours, then what other clients use. 0: none does. */
static uint64_t guess_part_size(const struct s3 *s3, uint64_t size, uint64_t count)
{
	const uint64_t guesses[] = {
		s3_multipart_part_size(s3, size), 8 * mib, 5 * mib, 15 * mib, 16 * mib, 50 * mib
	};
	for (size_t i = 0; i < COUNTOF(guesses); i++)
		if (size / guesses[i] + (size % guesses[i] > 0) == count)
			return guesses[i];
	return 0;
}

/* The MD5 of the MD5s of all parts. */
static int md5_parts(int fd, uint64_t size, uint64_t part, unsigned char out[DIGEST_MD5_LEN],
                     struct err *e)
{
	struct digest_md5 all;
	digest_md5_init(&all);
	for (uint64_t from = 0; from < size; from += part) {
		unsigned char one[DIGEST_MD5_LEN];
		if (md5_range(fd, from, size - from < part ? size - from : part, one, e))
			return -1;
		digest_md5_add(&all, one, sizeof(one));
	}
	digest_md5_out(&all, out);
	return 0;
}

int s3_same_file(struct s3 *s3, int fd, uint64_t size, struct str etag, bool *same, struct err *e)
{
	unsigned char wanted[DIGEST_MD5_LEN], md5[DIGEST_MD5_LEN];
	uint64_t count = 0;
	struct str hash, parts;
	bool in_parts = str_cut(etag, '-', &hash, &parts);
	*same = false;
	if (hash.len != MD5_HEX || codec_unhex(hash, wanted, sizeof(wanted)) ||
	    (in_parts && (num_parse_digits(parts, 10, &count) || count == 0)))
		return 0;
	uint64_t part = in_parts ? guess_part_size(s3, size, count) : 0;
	if (in_parts && part == 0)
		return 0;
	if (in_parts ? md5_parts(fd, size, part, md5, e) : md5_range(fd, 0, size, md5, e))
		return -1;
	*same = memcmp(md5, wanted, sizeof(md5)) == 0;
	return 0;
}
