/* flistxattr, fgetxattr, fsetxattr. */
#include "os/xattr.h"

#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

enum { XATTR_LIST_MAX = 64 * 1024, XATTR_SMALL = 512 };

static void keep_user_names(const char *list, size_t len, struct buf *out)
{
	for (size_t at = 0; at < len;) {
		size_t n = strnlen(list + at, len - at);
		if (n > 5 && memcmp(list + at, "user.", 5) == 0) {
			buf_add(out, list + at, n);
			buf_add_char(out, '\0');
		}
		at += n + 1;
	}
}

int xattr_names(int fd, struct buf *out, struct err *e, const char *what)
{
	char small[XATTR_SMALL];
	BUF_AUTO large = buf_make(XATTR_LIST_MAX);
	char *list = small;
	ssize_t len = flistxattr(fd, small, sizeof(small));
	if (len < 0 && errno == ERANGE) {
		list = buf_room(&large, XATTR_LIST_MAX);
		len = flistxattr(fd, list, XATTR_LIST_MAX);
	}
	if (len < 0 && (errno == EOPNOTSUPP || errno == ENOSYS || errno == EPERM))
		return 0;
	if (len < 0)
		return err_sys(e, "list the attributes of %s", what);
	keep_user_names(list, (size_t)len, out);
	return buf_check(out, e, "the list of attributes");
}

int xattr_value(int fd, const char *name, struct buf *out, struct err *e, const char *what)
{
	/* It may grow between asking for its size and reading it. */
	for (;;) {
		ssize_t size = fgetxattr(fd, name, NULL, 0);
		if (size < 0)
			return err_sys(e, "read attribute %s of %s", name, what);
		char *room = buf_room(out, (size_t)size + 1);
		if (!room)
			return buf_check(out, e, "an attribute");
		ssize_t got = fgetxattr(fd, name, room, (size_t)size + 1);
		if (got < 0 && errno == ERANGE)
			continue;
		if (got < 0)
			return err_sys(e, "read attribute %s of %s", name, what);
		buf_grew(out, (size_t)got);
		return 0;
	}
}

int xattr_set(int fd, const char *name, const void *value, size_t len, struct err *e,
              const char *what)
{
	if (fsetxattr(fd, name, value, len, 0) == 0)
		return 0;
	return err_sys(e, "set attribute %s of %s", name, what);
}
