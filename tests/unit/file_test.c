/* Whole reads and writes, on descriptors that give and take less, and on ones that fail. */
#include "os/file.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "os/dir.h"
#include "scratch.h"
#include "seccomp.h"
#include "tap.h"

enum { PIPE_TEXT = 200000 };

static unsigned char byte_at(size_t i)
{
	return (unsigned char)(i * 7 + i / 251);
}

static void *write_all(void *arg)
{
	int fd = *(const int *)arg;
	unsigned char *bytes = malloc(PIPE_TEXT);
	struct err e = ERR_INIT;
	for (size_t i = 0; i < PIPE_TEXT; i++)
		bytes[i] = byte_at(i);
	bool ok = file_write(fd, bytes, PIPE_TEXT, &e, "pipe") == 0 && file_close(fd, &e) == 0;
	free(bytes);
	return ok ? arg : NULL;
}

static void test_pipe(int flags, const char *how)
{
	int ends[2];
	pthread_t writer;
	void *wrote;
	struct err e = ERR_INIT;
	BUF_AUTO text = buf_make(PIPE_TEXT);
	if (pipe2(ends, flags | O_CLOEXEC) != 0 ||
	    pthread_create(&writer, NULL, write_all, &ends[1]) != 0) {
		tap_ok(false, "a pipe can be made");
		return;
	}
	int rc = file_read_rest(ends[0], &text, &e, "pipe");
	pthread_join(writer, &wrote);
	close(ends[0]);
	bool same = rc == 0 && text.len == PIPE_TEXT;
	for (size_t i = 0; same && i < text.len; i++)
		same = (unsigned char)text.p[i] == byte_at(i);
	TAP_OK(wrote && same, "all bytes go through a %s pipe: %s", how, e.msg);
}

static void test_read(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	struct err e = ERR_INIT;
	FD_AUTO fd = -1;
	char text[16];
	size_t got;
	TAP_OK(dir_create_file(s.fd, "f", 0600, &fd, &e) == 0 &&
	               file_write(fd, "0123456789", 10, &e, "f") == 0,
	       "a file is written");
	TAP_OK(file_pread(fd, text, 4, 3, &got, &e, "f") == 0 && got == 4 &&
	               !memcmp(text, "3456", 4),
	       "bytes in the middle are read");
	TAP_OK(file_pread(fd, text, 16, 8, &got, &e, "f") == 0 && got == 2, "fewer at the end");
	TAP_OK(file_pread(fd, text, 16, 100, &got, &e, "f") == 0 && got == 0, "none behind it");
	TAP_OK(file_pread(fd, text, 16, UINT64_MAX - 3, &got, &e, "f") != 0 &&
	               e.kind == ERR_KIND_DATA,
	       "an impossible offset is refused");
	err_clear(&e);
	TAP_OK(file_pwrite(fd, "xy", 2, 9, &e, "f") == 0 && file_sync(fd, &e, "f") == 0,
	       "bytes are written over the end");
	struct file_stat st;
	TAP_OK(file_stat(fd, &st, &e, "f") == 0 && st.size_bytes == 11 && file_is_regular(&st) &&
	               (st.mode & 07777) == 0600 && st.uid == geteuid(),
	       "the metadata is right");
	lseek(fd, 4, SEEK_SET);
	BUF_AUTO rest = buf_make(7);
	TAP_OK(file_read_rest(fd, &rest, &e, "f") == 0 && str_is(buf_str(&rest), "45678xy"),
	       "the rest fits exactly");
	lseek(fd, 3, SEEK_SET);
	buf_clear(&rest);
	TAP_OK(file_read_rest(fd, &rest, &e, "f") != 0 && e.kind == ERR_KIND_DATA,
	       "one byte more than the cap is an error: %s", e.msg);
	int taken = file_take(&fd);
	err_clear(&e);
	TAP_OK(fd == -1 && file_close(taken, &e) == 0, "a descriptor is handed on and closed");
	TAP_OK(file_close(-1, &e) == 0, "closing no descriptor is fine");
	TAP_OK(file_close(taken, &e) != 0, "closing one twice is not");
}

static void test_failing_writes(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	struct err e = ERR_INIT;
	FD_AUTO full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	if (full < 0)
		tap_skip("a full device is an error", "no /dev/full");
	else
		TAP_OK(file_write(full, "x", 1, &e, "full") != 0 && e.kind == ERR_KIND_IO &&
		               e.sys_errno == ENOSPC,
		       "a full device is an error: %s", e.msg);
	err_clear(&e);
	/* A limit on the file's size first makes the kernel take less, then fail. */
	struct rlimit kept;
	getrlimit(RLIMIT_FSIZE, &kept);
	struct rlimit few = { 1000, kept.rlim_max };
	scratch_ignore(SIGXFSZ, true);
	setrlimit(RLIMIT_FSIZE, &few);
	char bytes[3000] = "";
	int rc = dir_replace_file(s.fd, "big", bytes, sizeof(bytes), 0600, &e);
	setrlimit(RLIMIT_FSIZE, &kept);
	TAP_OK(rc != 0 && e.kind == ERR_KIND_IO && e.sys_errno == EFBIG, "a short write fails: %s",
	       e.msg);
	char **names;
	size_t count;
	err_clear(&e);
	TAP_OK(dir_list(s.fd, 10, &names, &count, &e) == 0 && count == 0, "and leaves no file");
	free(names);
	FD_AUTO closed = open("/dev/null", O_RDONLY | O_CLOEXEC);
	TAP_OK(file_write(closed, "x", 1, &e, "read-only") != 0,
	       "a read-only descriptor takes nothing");
}

/* On a file system of 64 KiB: a file is replaced until it is full. */
static int fill_disk(void *arg)
{
	const char *path = arg;
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("none", path, "tmpfs", 0, "size=64k") != 0)
		return 100;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *big = calloc(1, 200000);
	struct err e = ERR_INIT;
	if (dir_replace_file(fd, "f", "old", 3, 0600, &e) != 0)
		return 1;
	if (dir_replace_file(fd, "f", big, 200000, 0600, &e) == 0 || e.sys_errno != ENOSPC)
		return 2;
	struct err none = ERR_INIT;
	BUF_AUTO text = buf_make(100);
	char **names;
	size_t count;
	if (dir_read_file(fd, "f", &text, &none) != 0 || !str_is(buf_str(&text), "old"))
		return 3;
	if (dir_list(fd, 10, &names, &count, &none) != 0 || count != 1)
		return 4;
	free(names);
	free(big);
	return 0;
}

static void test_full_disk(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	int rc = scratch_fork(fill_disk, s.path);
	if (rc == 100)
		tap_skip("a full disk leaves the old file", "can't mount a tmpfs here");
	else
		TAP_INT(rc, 0, "a full disk leaves the old file, and nothing beside it");
}

static int sync_fails(void *arg)
{
	int fd = *(const int *)arg;
	struct err e = ERR_INIT;
	if (!seccomp_refuse(SYS_fsync, EIO))
		return 100;
	if (dir_replace_file(fd, "f", "new", 3, 0600, &e) == 0 || e.sys_errno != EIO)
		return 1;
	BUF_AUTO text = buf_make(100);
	struct err none = ERR_INIT;
	if (dir_read_file(fd, "f", &text, &none) != 0 || !str_is(buf_str(&text), "old"))
		return 2;
	return 0;
}

static void test_failing_sync(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	struct err e = ERR_INIT;
	char **names;
	size_t count;
	TAP_OK(dir_replace_file(s.fd, "f", "old", 3, 0600, &e) == 0, "a file is there");
	int rc = scratch_fork(sync_fails, &s.fd);
	if (rc == 100) {
		tap_skip("a failing fsync leaves the old file", "no seccomp filters here");
		return;
	}
	TAP_INT(rc, 0, "a failing fsync leaves the old file");
	TAP_OK(dir_list(s.fd, 10, &names, &count, &e) == 0 && count == 1, "and nothing beside it");
	free(names);
}

static int compare_stat(void *arg)
{
	int fd = *(const int *)arg;
	struct file_stat with, without;
	struct err e = ERR_INIT;
	if (file_stat(fd, &with, &e, "d") != 0)
		return 1;
	if (!seccomp_refuse(SYS_statx, EPERM))
		return 100;
	if (file_stat(fd, &without, &e, "d") != 0)
		return 2;
	/* Where handles are not supported the mount is not known; it must not be a wrong one. */
	if (without.mount_id == 0)
		without.mount_id = with.mount_id;
	return memcmp(&with, &without, sizeof(with)) == 0 ? 0 : 3;
}

static void test_without_statx(void)
{
	SCRATCH_AUTO s;
	scratch_open(&s);
	int rc = scratch_fork(compare_stat, &s.fd);
	if (rc == 100)
		tap_skip("metadata without statx", "no seccomp filters here");
	else
		TAP_INT(rc, 0, "metadata is the same without statx");
}

int main(void)
{
	test_pipe(0, "blocking");
	test_pipe(O_NONBLOCK, "non-blocking");
	test_read();
	test_failing_writes();
	test_full_disk();
	test_failing_sync();
	test_without_statx();
	return tap_done();
}
