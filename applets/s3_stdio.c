/* Standard input and output. */
#include "applets/s3_stdio.h"

#include <stdio.h>

#include "base/mem.h"
#include "os/file.h"

enum { STEP = 1 << 17 };

static int out_write(struct sink *s, const void *p, size_t len, struct err *e)
{
	(void)s;
	return file_write(1, p, len, e, "standard output");
}

static int out_finish(struct sink *s, struct blob_id *id, struct err *e)
{
	(void)s;
	(void)id;
	(void)e;
	return 0;
}

static void out_end(struct sink *s)
{
	(void)s;
}

void s3_stdio_sink(struct sink *out)
{
	fflush(stdout);
	*out = (struct sink){ out_write, out_finish, out_end, out_end };
}

int s3_stdio_pour(const struct stopper *stopper, struct sink *to, uint64_t *total, struct err *e)
{
	MEM_AUTO char *step = mem_new(1, STEP);
	size_t got = 0;
	*total = 0;
	do {
		int ready = stopper_wait(stopper, 0, e);
		if (ready == 0)
			return stop_fail(e);
		if (ready < 0 || file_read_some(0, step, STEP, &got, e, "standard input") ||
		    to->write(to, step, got, e))
			return -1;
		*total += got;
	} while (got > 0);
	return 0;
}
