/* Marks behind the content. */
#include "s3/s3_partial.h"

#include <string.h>

#include "base/mem.h"
#include "os/extent.h"
#include "os/file.h"

static const char name[] = "the unfinished file";

/* As it lies in the file, at the object's size; the marks follow. */
struct head {
	char magic[16];
	char etag[BLOB_ETAG_MAX];
	uint64_t size, range_bytes;
};

static uint64_t marks_at(const struct s3_partial *p)
{
	return p->size + sizeof(struct head);
}

/* Whether the file is of this object, with the marks read: 1, 0, -1. */
static int load(struct s3_partial *p, const struct head *wanted, struct err *e)
{
	struct file_stat stat;
	struct head found;
	size_t got = 0;
	if (file_stat(p->fd, &stat, e, name))
		return -1;
	if (stat.size_bytes != marks_at(p) + p->count)
		return 0;
	if (file_pread(p->fd, &found, sizeof(found), p->size, &got, e, name))
		return -1;
	if (got != sizeof(found) || memcmp(&found, wanted, sizeof(found)) != 0)
		return 0;
	if (file_pread(p->fd, p->marks, (size_t)p->count, marks_at(p), &got, e, name))
		return -1;
	return got == p->count;
}

int s3_partial_open(struct s3_partial *p, int fd, const struct s3_object *object,
                    uint64_t range_bytes, struct err *e)
{
	uint64_t size = object->size_bytes;
	struct head head;
	memset(&head, 0, sizeof(head)); /* all of it is compared */
	memcpy(head.magic, "ws unfinished 1", sizeof(head.magic));
	memcpy(head.etag, object->etag, strlen(object->etag));
	head.size = size;
	head.range_bytes = range_bytes;
	*p = (struct s3_partial){ .fd = fd, .size = size };
	p->count = size / range_bytes + (size % range_bytes > 0);
	p->marks = mem_new((size_t)p->count, 1);
	int found = load(p, &head, e);
	if (found != 0)
		return found < 0 ? -1 : 0;
	memset(p->marks, 0, (size_t)p->count);
	return extent_set_size(fd, 0, e, name) ||
	                       extent_set_size(fd, marks_at(p) + p->count, e, name) ||
	                       file_pwrite(fd, &head, sizeof(head), size, e, name)
	               ? -1
	               : 0;
}

bool s3_partial_has(const struct s3_partial *p, uint64_t n)
{
	return p->marks[n] == 'x';
}

int s3_partial_mark(struct s3_partial *p, uint64_t n, struct err *e)
{
	return file_sync(p->fd, e, name) ? -1
	                                 : file_pwrite(p->fd, "x", 1, marks_at(p) + n, e, name);
}

int s3_partial_end(struct s3_partial *p, struct err *e)
{
	return extent_set_size(p->fd, p->size, e, name);
}

void s3_partial_free(struct s3_partial *p)
{
	mem_free(p->marks);
	p->marks = NULL;
}
