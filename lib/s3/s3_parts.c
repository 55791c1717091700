/* ListParts, page by page. */
#include "s3/s3_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "s3/s3_request.h"
#include "s3/xml.h"

enum { TEXT_MAX = 65536 };

static const char root[] = "ListPartsResult";

struct part {
	uint64_t number, size;
	char etag[BLOB_ETAG_MAX];
};

static uint64_t number_of(struct str text)
{
	uint64_t n;
	return num_parse_digits(text, 10, &n) ? 0 : n;
}

static uint64_t length_of(uint64_t number, uint64_t size, uint64_t part_size)
{
	uint64_t count = size / part_size + (size % part_size > 0);
	if (number == 0 || number > count)
		return 0;
	return number < count ? part_size : size - (count - 1) * part_size;
}

static int read_page(struct s3_multipart *m, struct str body, uint64_t size, uint64_t part_size,
                     uint64_t *next, struct err *e)
{
	struct xml x;
	struct part part = { .number = 0 };
	bool truncated = false;
	uint64_t marker = 0;
	int more;
	BUF_AUTO text = buf_make(TEXT_MAX);
	xml_open(&x, str_trim(body));
	while ((more = xml_next_close(&x, &text, e)) > 0) {
		struct str value = str_trim(buf_str(&text));
		if (xml_inside(&x, root, "Part")) {
			if (str_is(x.name, "PartNumber"))
				part.number = number_of(value);
			else if (str_is(x.name, "Size"))
				part.size = number_of(value);
			else if (str_is(x.name, "ETag"))
				s3_etag_keep(value, part.etag);
		} else if (xml_inside(&x, root, NULL) && str_is(x.name, "Part")) {
			bool whole = part.size == length_of(part.number, size, part_size);
			if (whole && part.number > 0 && part.etag[0] != '\0' &&
			    s3_multipart_keep(m, part.number, part.etag, part.size, e))
				return -1;
			part = (struct part){ .number = 0 };
		} else if (xml_inside(&x, root, NULL) && str_is(x.name, "IsTruncated")) {
			truncated = str_is(value, "true");
		} else if (xml_inside(&x, root, NULL) && str_is(x.name, "NextPartNumberMarker")) {
			marker = number_of(value);
		}
	}
	if (truncated && marker <= *next)
		return err_set(e, ERR_KIND_DATA, "the list of parts repeats itself");
	*next = truncated ? marker : 0;
	return more;
}

int s3_parts_take(struct s3_multipart *m, uint64_t size, uint64_t part_size, struct err *e)
{
	uint64_t next = 0;
	do {
		S3_REPLY_AUTO reply = { .s3 = NULL };
		char marker[24];
		struct s3_request r = s3_request_make("GET", m->bucket, m->key);
		s3_request_query(&r, "uploadId", str_of(m->upload_id));
		snprintf(marker, sizeof(marker), "%llu", (unsigned long long)next);
		if (next > 0)
			s3_request_query(&r, "part-number-marker", str_of(marker));
		r.root = root;
		if (s3_request_run(m->s3, &r, &reply, e) ||
		    read_page(m, buf_str(&reply.body), size, part_size, &next, e))
			return err_context(e, "list parts");
	} while (next > 0);
	return 0;
}
