/* A whole file into a buffer, for tests that read published vectors. */
#ifndef WS_TESTS_SLURP_H
#define WS_TESTS_SLURP_H

#include <stdio.h>

#include "base/buf.h"

/* Append the file; -1 when it cannot be read or does not fit. */
UNUSED static int slurp(const char *path, struct buf *out)
{
	char part[4096];
	FILE *f = fopen(path, "rb");
	if (!f)
		return -1;
	for (size_t n = 1; n > 0;) {
		n = fread(part, 1, sizeof(part), f);
		buf_add(out, part, n);
	}
	bool failed = ferror(f) != 0;
	fclose(f);
	return failed || out->too_large ? -1 : 0;
}

#endif
