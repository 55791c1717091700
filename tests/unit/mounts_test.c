/* mountinfo as the kernel writes it, and as it should never be. */
#include "os/mounts.h"

#include "tap.h"

static const char sample[] =
	"22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
	"23 22 0:21 / /proc rw,nosuid - proc proc rw\n"
	"24 22 0:22 /sub/dir /data ro,relatime shared:2 master:3 - xfs /dev/sdb1 rw,attr2\n"
	"25 24 0:23 / /data/a\\040b\\134c\\012d rw - tmpfs tmpfs ro,size=64k\n"
	"26 22 0:24 / /database rw - tmpfs  rw\n"
	"27 22 0:25 /var/lib/docker/volumes/x/_data /home/u rw unbindable - ext4 /dev/sda1 rw,errors=remount-ro\n"
	"28 22 0:4 net:[4026531840] /run/ns rw - nsfs nsfs rw\n"
	"29 24 0:26 / /data rw - overlay over\\054lay rw";

static void test_fields(void)
{
	MOUNTS_AUTO m;
	struct err e = ERR_INIT;
	if (!TAP_OK(mounts_parse(sample, sizeof(sample) - 1, &m, &e) == 0, "a sample is parsed: %s",
	            e.msg))
		return;
	TAP_INT(m.count, 8, "each line is a mount");
	TAP_OK(m.list[0].id == 22 && m.list[7].id == 29, "the ids are right");
	TAP_TEXT(m.list[2].mount_point, "/data", "a mount point");
	TAP_TEXT(m.list[2].root, "/sub/dir", "the path within its file system");
	TAP_TEXT(m.list[2].fs_type, "xfs", "the type");
	TAP_TEXT(m.list[2].source, "/dev/sdb1", "the source");
	TAP_OK(m.list[2].read_only && m.list[3].read_only && !m.list[0].read_only &&
	               !m.list[5].read_only,
	       "read-only is told by the mount and by its file system");
	TAP_TEXT(m.list[3].mount_point, "/data/a b\\c\nd", "escapes are decoded");
	TAP_TEXT(m.list[4].source, "", "a source may be empty");
	TAP_TEXT(m.list[6].root, "net:[4026531840]", "a root need not be a path");
}

static void test_questions(void)
{
	static const struct {
		const char *path;
		uint64_t at;
		uint64_t below; /* 0: none */
	} cases[] = {
		{ "/", 22, 22 },         { "/data", 29, 24 },
		{ "/data/x", 29, 0 },    { "/database/x", 26, 0 },
		{ "/dat", 22, 0 },       { "/home", 22, 27 },
		{ "/home/u", 27, 27 },   { "/home/user", 22, 0 },
		{ "/proc/self", 23, 0 }, { "/data/a b\\c\nd", 25, 25 },
	};
	MOUNTS_AUTO m;
	struct err e = ERR_INIT;
	if (mounts_parse(sample, sizeof(sample) - 1, &m, &e) != 0)
		return;
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		const struct mount *at = mounts_at(&m, cases[i].path);
		const struct mount *below = mounts_below(&m, cases[i].path);
		TAP_OK(at && at->id == cases[i].at, "%s is on mount %d", cases[i].path,
		       (int)cases[i].at);
		TAP_INT(below ? below->id : 0, cases[i].below, "and mount %d is below it",
		        (int)cases[i].below);
	}
}

static void test_malformed(void)
{
	static const char *const texts[] = {
		"",
		"\n",
		"22 1 8:1 / /\n",
		"22 1 8:1 / / rw shared:1\n",
		"22 1 8:1 / / rw shared:1 ext4 /dev/sda1 rw\n",
		"22 1 8:1 / / rw -\n",
		"22 1 8:1 / / rw - ext4\n",
		"x 1 8:1 / / rw - ext4 /dev/sda1 rw\n",
		"-1 1 8:1 / / rw - ext4 /dev/sda1 rw\n",
		"22 1 8:1 / relative rw - ext4 /dev/sda1 rw\n",
		"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n\n22 1 8:1 / / rw - ext4 /dev/sda1 rw\n",
	};
	for (size_t i = 0; i < COUNTOF(texts); i++) {
		struct mounts m;
		struct err e = ERR_INIT;
		TAP_OK(mounts_parse(texts[i], strlen(texts[i]), &m, &e) != 0 &&
		               e.kind == ERR_KIND_DATA && m.count == 0,
		       "malformed text %d is an error: %s", (int)i, e.msg);
	}
	struct mounts m;
	struct err e = ERR_INIT;
	TAP_OK(mounts_parse("22 1 8:1 / / rw - ext4 x r\0w\n", 29, &m, &e) != 0, "so is a NUL");
	int good = 0;
	for (size_t len = 1; len < sizeof(sample) - 1; len++) {
		err_clear(&e);
		good += mounts_parse(sample, len, &m, &e) == 0;
		mounts_free(&m);
	}
	TAP_OK(good > 8 && good < 200, "cut anywhere it is an error or a shorter last line");
}

static void test_kernel(void)
{
	MOUNTS_AUTO m;
	struct err e = ERR_INIT;
	if (mounts_read(&m, &e) != 0) {
		TAP_OK(e.kind == ERR_KIND_NOT_FOUND || e.kind == ERR_KIND_DENIED,
		       "without /proc it is an error: %s", e.msg);
		return;
	}
	TAP_OK(m.count > 0 && mounts_at(&m, "/"), "this kernel's mounts are read");
}

int main(void)
{
	test_fields();
	test_questions();
	test_malformed();
	test_kernel();
	return tap_done();
}
