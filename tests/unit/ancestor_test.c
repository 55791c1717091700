/* ancestor: below, beside, above, through links and after renames. */
#include "os/ancestor.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/dir.h"
#include "os/remove.h"
#include "tests/unit/tap.h"

static int open_at(int top, const char *path)
{
	int fd = openat(top, path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		abort();
	return fd;
}

int main(void)
{
	char name[] = "/tmp/ws-ancestor-XXXXXX";
	struct err e = ERR_INIT;
	FD_AUTO tmp = open_at(AT_FDCWD, "/tmp");
	if (!mkdtemp(name))
		abort();
	FD_AUTO top = open_at(AT_FDCWD, name);
	if (mkdirat(top, "a", 0755) || mkdirat(top, "a/b", 0755) || mkdirat(top, "ab", 0755) ||
	    symlinkat("../ab", top, "a/link"))
		abort();
	FD_AUTO a = open_at(top, "a");
	FD_AUTO b = open_at(top, "a/b");
	FD_AUTO ab = open_at(top, "ab");
	FD_AUTO link = open_at(top, "a/link");
	FD_AUTO root = open_at(AT_FDCWD, "/");
	TAP_OK(ancestor_is(a, a, &e) == 1, "a directory is within itself");
	TAP_OK(ancestor_is(b, a, &e) == 1 && ancestor_is(b, root, &e) == 1,
	       "one below is, however deep");
	TAP_OK(ancestor_is(a, b, &e) == 0, "one above is not");
	TAP_OK(ancestor_is(ab, a, &e) == 0, "one whose name only begins the same is not");
	TAP_OK(ancestor_is(link, a, &e) == 0, "one that a link leads to is where it is");
	if (renameat(top, "a/b", top, "ab/b"))
		abort();
	TAP_OK(ancestor_is(b, a, &e) == 0 && ancestor_is(b, ab, &e) == 1,
	       "one that was moved is where it is now");
	TAP_OK(remove_tree(tmp, name + 5, NULL, &e) == 0, "the test cleans up: %s", e.msg);
	return tap_done();
}
