/* Copying files. */
#include "os/copy.h"

#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/file.h"

enum { PIECE_BYTES = 256 * 1024, RANGE_BYTES = 1 << 30 };

static int copy_by_hand(int from, int to, uint64_t *copied, struct err *e, const char *what)
{
	MEM_AUTO char *bytes = mem_new(PIECE_BYTES, 1);
	size_t got;
	do {
		if (file_read(from, bytes, PIECE_BYTES, &got, e, what) != 0 ||
		    file_write(to, bytes, got, e, what) != 0)
			return -1;
		*copied += got;
	} while (got == PIECE_BYTES);
	return 0;
}

bool copy_share(int from, int to)
{
	return ioctl(to, FICLONE, from) == 0;
}

int copy_bytes(int from, int to, uint64_t *copied, struct err *e, const char *what)
{
	struct file_stat st;
	ssize_t got;
	*copied = 0;
	if (file_stat(from, &st, e, what) != 0)
		return -1;
	while ((got = copy_file_range(from, NULL, to, NULL, RANGE_BYTES, 0)) > 0)
		*copied += (uint64_t)got;
	/* Zero at once is also what some file systems say that can't. An error in the middle comes again below. */
	if (got == 0 && *copied >= st.size_bytes)
		return 0;
	return copy_by_hand(from, to, copied, e, what);
}
