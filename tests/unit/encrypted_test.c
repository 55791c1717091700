/* encrypted: what sysfs, the type of the mount and the directory say about the disk below. */
#include "ws/encrypted.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/dir.h"
#include "os/remove.h"
#include "tests/unit/tap.h"

static char top[] = "/tmp/ws-encrypted-test-XXXXXX";

/* A fake sysfs: directories end with "/", "a -> b" is a link, "a=text" a file. */
static const char *const sysfs[] = {
	"devices/sda/slaves/",
	"devices/sda/sda1/partition=1",
	"devices/sda/sda2/partition=2",
	"devices/nvme0/slaves/",
	/* LUKS on a partition, LVM on it, and a file system on that. */
	"devices/dm-0/dm/uuid=CRYPT-LUKS2-0123456789abcdef-luks",
	"devices/dm-0/slaves/sda2 -> ../../sda/sda2",
	"devices/dm-1/dm/uuid=LVM-abcdef",
	"devices/dm-1/slaves/dm-0 -> ../../dm-0",
	/* LVM over one encrypted disk and one that is not. */
	"devices/dm-2/dm/uuid=LVM-fedcba",
	"devices/dm-2/slaves/dm-0 -> ../../dm-0",
	"devices/dm-2/slaves/nvme0 -> ../../nvme0",
	"devices/dm-3/dm/uuid=CRYPT-VERITY-0123-root",
	"devices/dm-3/slaves/sda1 -> ../../sda/sda1",
	"devices/dm-4/dm/uuid=CRYPT-INTEGRITY-x",
	"devices/dm-4/slaves/dm-0 -> ../../dm-0",
	/* A partition of an array of an encrypted disk. */
	"devices/md0/slaves/dm-1 -> ../../dm-1",
	"devices/md0/md0p1/partition=1",
	"devices/loop0/loop/backing_file=/srv/image",
	"devices/loop0/slaves/",
	"devices/dm-5/slaves/gone -> ../../gone",
	"devices/old/size=1",
	"devices/dm-6/slaves/dm-6 -> ../../dm-6",
	"block/8:1 -> ../devices/sda/sda1",
	"block/8:0 -> ../devices/sda",
	"block/252:0 -> ../devices/dm-0",
	"block/252:1 -> ../devices/dm-1",
	"block/252:2 -> ../devices/dm-2",
	"block/252:3 -> ../devices/dm-3",
	"block/252:4 -> ../devices/dm-4",
	"block/252:5 -> ../devices/dm-5",
	"block/252:6 -> ../devices/dm-6",
	"block/259:1 -> ../devices/md0/md0p1",
	"block/7:0 -> ../devices/loop0",
	"block/1:1 -> ../devices/old",
};

static void fill(int root)
{
	for (size_t i = 0; i < COUNTOF(sysfs); i++) {
		struct str path, rest, text;
		bool is_link = str_cut(str_of(sysfs[i]), '>', &path, &text);
		bool is_file = !is_link && str_cut(str_of(sysfs[i]), '=', &path, &text);
		MEM_AUTO char *name = mem_str(is_link   ? str_from(path.p, path.len - 2)
		                              : is_file ? path
		                                        : str_of(sysfs[i]));
		struct err e = ERR_INIT;
		FD_AUTO parent = -1;
		FD_AUTO made = -1;
		str_cut_last(str_of(name), '/', &path, &rest);
		MEM_AUTO char *directory = mem_str(path);
		if (dir_make(root, directory, 0755, &parent, &e) != 0)
			abort();
		if (is_link && symlinkat(text.p + 1, parent, rest.p) != 0)
			abort();
		if (is_file && (dir_create_file(parent, rest.p, 0644, &made, &e) != 0 ||
		                file_write(made, text.p, text.len, &e, name) != 0))
			abort();
	}
}

static const struct {
	const char *line; /* of mountinfo */
	bool by_file_system;
	enum block_crypt answer;
	const char *what;
} cases[] = {
	{ "1 0 252:0 / /w rw - ext4 /dev/dm-0 rw", false, BLOCK_CRYPT_YES, "LUKS on a partition" },
	{ "1 0 252:1 / /w rw - xfs /dev/dm-1 rw", false, BLOCK_CRYPT_YES,
	  "a volume group on LUKS" },
	{ "1 0 259:1 / /w rw - ext4 /dev/md0p1 rw", false, BLOCK_CRYPT_YES,
	  "a partition of an array on that" },
	{ "1 0 8:1 / /w rw - ext4 /dev/sda1 rw", false, BLOCK_CRYPT_NO, "a plain partition" },
	{ "1 0 8:0 / /w rw - ext4 /dev/sda rw", false, BLOCK_CRYPT_NO, "a plain disk" },
	{ "1 0 252:2 / /w rw - ext4 /dev/dm-2 rw", false, BLOCK_CRYPT_NO,
	  "a volume group of which one disk is plain" },
	{ "1 0 252:3 / /w rw - ext4 /dev/dm-3 ro", false, BLOCK_CRYPT_NO,
	  "dm-verity, which only checks" },
	{ "1 0 252:4 / /w rw - ext4 /dev/dm-4 rw", false, BLOCK_CRYPT_YES, "dm-integrity on LUKS" },
	{ "1 0 7:0 / /w rw - ext4 /dev/loop0 rw", false, BLOCK_CRYPT_UNKNOWN, "a loop device" },
	{ "1 0 252:5 / /w rw - ext4 /dev/dm-5 rw", false, BLOCK_CRYPT_UNKNOWN,
	  "a disk below that is not to be seen" },
	{ "1 0 252:6 / /w rw - ext4 /dev/dm-6 rw", false, BLOCK_CRYPT_UNKNOWN,
	  "devices that lie on each other without end" },
	{ "1 0 1:1 / /w rw - ext4 /dev/x rw", false, BLOCK_CRYPT_UNKNOWN,
	  "a device without a list of disks" },
	{ "1 0 8:99 / /w rw - ext4 /dev/x rw", false, BLOCK_CRYPT_UNKNOWN,
	  "a device that sysfs does not have" },
	{ "1 0 8:1 / /w rw - ext4 /dev/sda1 rw", true, BLOCK_CRYPT_YES,
	  "a directory with fscrypt on a plain disk" },
	{ "1 0 0:40 / /w rw - ecryptfs /home/.e rw", false, BLOCK_CRYPT_YES, "eCryptfs" },
	{ "1 0 0:41 / /w rw - fuse.gocryptfs /x rw", false, BLOCK_CRYPT_YES, "gocryptfs" },
	{ "1 0 0:42 / /w rw - tmpfs tmpfs rw", false, BLOCK_CRYPT_NO, "memory" },
	{ "1 0 0:43 / /w rw - btrfs /dev/dm-0 rw", false, BLOCK_CRYPT_UNKNOWN,
	  "a file system of several disks" },
	{ "1 0 0:44 / /w rw - nfs4 host:/x rw", false, BLOCK_CRYPT_UNKNOWN, "a network's disk" },
	{ "1 0 0:45 / / rw - overlay overlay rw", false, BLOCK_CRYPT_UNKNOWN,
	  "a container's layer" },
};

static void test_judge(const char *block)
{
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		MOUNTS_AUTO m = { .list = NULL };
		struct err e = ERR_INIT;
		const struct file_stat dir = { .encrypted = cases[i].by_file_system };
		if (mounts_parse(cases[i].line, strlen(cases[i].line), &m, &e) != 0) {
			TAP_OK(false, "%s is parsed: %s", cases[i].what, e.msg);
			continue;
		}
		TAP_TEXT(block_crypt_name(encrypted_judge(block, &m.list[0], &dir)),
		         block_crypt_name(cases[i].answer), "%s", cases[i].what);
	}
}

int main(void)
{
	struct err e = ERR_INIT;
	FD_AUTO root = -1;
	FD_AUTO tmp = -1;
	if (!mkdtemp(top) || dir_open_root(top, &root, &e) != 0)
		abort();
	fill(root);
	MEM_AUTO char *block = mem_printf("%s/block", top);
	test_judge(block);
	TAP_INT(encrypted_look("/no/such/directory"), BLOCK_CRYPT_UNKNOWN,
	        "of what is not there nobody can say");
	TAP_INT(encrypted_look("/proc"), BLOCK_CRYPT_UNKNOWN, "nor of what is on no device");
	TAP_OK(dir_open_root("/tmp", &tmp, &e) == 0 && remove_tree(tmp, top + 5, NULL, &e) == 0,
	       "nothing is left");
	return tap_done();
}
