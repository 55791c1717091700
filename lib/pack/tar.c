/* What formatting and parsing share. */
#include "pack/tar.h"

#include "base/mem.h"

uint64_t tar_padded(uint64_t bytes)
{
	return (bytes + TAR_BLOCK - 1) & ~(uint64_t)(TAR_BLOCK - 1);
}

void tar_scratch_init(struct tar_scratch *s)
{
	*s = (struct tar_scratch){ .text = buf_make(SIZE_MAX / 2), .map = buf_make(SIZE_MAX / 2) };
}

void tar_scratch_free(struct tar_scratch *s)
{
	buf_free(&s->text);
	buf_free(&s->map);
	mem_free(s->extents);
	mem_free(s->xattrs);
}
