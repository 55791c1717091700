/* /sys/dev/block/MAJOR:MINOR: "partition", "loop", "dm/uuid" and "slaves". */
#include "os/block.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "os/dir.h"

enum { DEPTH_MAX = 8, SLAVES_MAX = 256, UUID_MAX = 512 };

const char *block_crypt_name(enum block_crypt c)
{
	static const char *const names[] = {
		[BLOCK_CRYPT_UNKNOWN] = "unknown",
		[BLOCK_CRYPT_NO] = "no",
		[BLOCK_CRYPT_YES] = "yes",
	};
	return names[c];
}

/* What lies in sysfs are links to devices, which is why they are followed here. */
static int open_below(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool has(int dir, const char *name)
{
	return faccessat(dir, name, F_OK, 0) == 0;
}

/* Of the kinds that cryptsetup makes, three do not encrypt. */
static bool is_dm_crypt(int dir)
{
	static const char *const others[] = { "CRYPT-VERITY", "CRYPT-INTEGRITY", "CRYPT-SUBDEV" };
	struct err ignored = ERR_INIT;
	BUF_AUTO uuid = buf_make(UUID_MAX);
	FD_AUTO fd = openat(dir, "dm/uuid", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || file_read_rest(fd, &uuid, &ignored, "dm/uuid") != 0)
		return false;
	for (size_t i = 0; i < COUNTOF(others); i++) {
		if (str_starts(buf_str(&uuid), str_of(others[i])))
			return false;
	}
	return str_starts(buf_str(&uuid), S("CRYPT-"));
}

static enum block_crypt look(int dir, int depth);

/* One plain disk of several is enough for plain text to lie on. */
static enum block_crypt look_at_slaves(int dir, int depth)
{
	struct err ignored = ERR_INIT;
	MEM_AUTO char **names = NULL;
	size_t count = 0;
	FD_AUTO slaves = open_below(dir, "slaves");
	if (slaves < 0 || dir_list(slaves, SLAVES_MAX, &names, &count, &ignored) != 0)
		return BLOCK_CRYPT_UNKNOWN;
	enum block_crypt all = count == 0 ? BLOCK_CRYPT_NO : BLOCK_CRYPT_YES;
	for (size_t i = 0; i < count && all != BLOCK_CRYPT_NO; i++) {
		FD_AUTO slave = open_below(slaves, names[i]);
		enum block_crypt one = slave < 0 ? BLOCK_CRYPT_UNKNOWN : look(slave, depth + 1);
		if (one != BLOCK_CRYPT_YES)
			all = one;
	}
	return all;
}

static enum block_crypt look(int dir, int depth)
{
	/* The file behind a loop device lies on a file system of its own. */
	if (depth > DEPTH_MAX || has(dir, "loop"))
		return BLOCK_CRYPT_UNKNOWN;
	if (is_dm_crypt(dir))
		return BLOCK_CRYPT_YES;
	if (!has(dir, "partition"))
		return look_at_slaves(dir, depth);
	FD_AUTO disk = open_below(dir, "..");
	return disk < 0 ? BLOCK_CRYPT_UNKNOWN : look(disk, depth + 1);
}

enum block_crypt block_crypt_look(const char *sysfs, uint32_t major, uint32_t minor)
{
	MEM_AUTO char *path = mem_printf("%s/%u:%u", sysfs, major, minor);
	FD_AUTO dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? BLOCK_CRYPT_UNKNOWN : look(dir, 0);
}
