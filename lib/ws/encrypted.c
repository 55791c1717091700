/* dm-crypt, fscrypt, eCryptfs. */
#include "ws/encrypted.h"

#include <stdlib.h>

#include "base/str.h"
#include "os/dir.h"

static const char devices[] = "/sys/dev/block";

/* They encrypt whatever they lie on. */
static const char *const encrypting_types[] = {
	"ecryptfs", "fuse.encfs", "fuse.gocryptfs", "fuse.cryfs", "fuse.securefs",
};
/* Nothing of them is on a disk, unless it is swapped out as it is. */
static const char *const memory_types[] = { "tmpfs", "ramfs", "devtmpfs" };

enum block_crypt encrypted_judge(const char *sysfs, const struct mount *m,
                                 const struct file_stat *dir)
{
	if (dir->encrypted ||
	    str_is_any(str_of(m->fs_type), encrypting_types, COUNTOF(encrypting_types)))
		return BLOCK_CRYPT_YES;
	if (str_is_any(str_of(m->fs_type), memory_types, COUNTOF(memory_types)))
		return BLOCK_CRYPT_NO;
	/* Networks, layers, and file systems of several disks (btrfs, ZFS) have no device that would stand for all. */
	if (m->major == 0)
		return BLOCK_CRYPT_UNKNOWN;
	return block_crypt_look(sysfs, m->major, m->minor);
}

enum block_crypt encrypted_look(const char *path)
{
	struct err ignored = ERR_INIT;
	struct file_stat st;
	MOUNTS_AUTO mounts = { .list = NULL };
	FD_AUTO dir = -1;
	char *real = realpath(path, NULL);
	enum block_crypt answer = BLOCK_CRYPT_UNKNOWN;
	if (real && dir_open_root(real, &dir, &ignored) == 0 &&
	    file_stat(dir, &st, &ignored, real) == 0 && mounts_read(&mounts, &ignored) == 0) {
		const struct mount *m = mounts_at(&mounts, real);
		answer = m ? encrypted_judge(devices, m, &st) : BLOCK_CRYPT_UNKNOWN;
	}
	free(real);
	return answer;
}
