/* Lines of proc(5)'s mountinfo:
 * 36 35 98:0 /root /mount/point rw,noatime shared:1 master:2 - ext3 /dev/root rw,errors=continue */
#include "os/mounts.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/str.h"
#include "os/file.h"

enum { MOUNTINFO_BYTES_MAX = 64 << 20, READ_TRIES = 16 };

/* The kernel writes space, tab, newline, backslash (and '#') as \ooo. */
static char *decode(struct str s)
{
	char *out = mem_new(s.len + 1, 1);
	size_t len = 0;
	uint64_t code;
	while (s.len > 0) {
		if (s.p[0] == '\\' && s.len >= 4 &&
		    num_parse_digits(str_from(s.p + 1, 3), 8, &code) == 0 && code > 0 &&
		    code < 256) {
			out[len++] = (char)(unsigned char)code;
			s = str_skip(s, 4);
		} else {
			out[len++] = s.p[0];
			s = str_skip(s, 1);
		}
	}
	return out;
}

static bool has_option(struct str options, const char *name)
{
	struct str option;
	bool more = true;
	while (more) {
		more = str_cut(options, ',', &option, &options);
		if (str_is(option, name))
			return true;
	}
	return false;
}

static void free_mount(struct mount *m)
{
	mem_free(m->mount_point);
	mem_free(m->root);
	mem_free(m->fs_type);
	mem_free(m->source);
}

static int parse_line(struct str line, struct mount *out)
{
	enum { ID, PARENT, DEVICE, ROOT, POINT, OPTIONS, FIELDS };
	struct str field[FIELDS];
	struct str rest = line;
	struct str type, source, word;
	for (int i = 0; i < FIELDS; i++) {
		if (!str_cut(rest, ' ', &field[i], &rest))
			return -1;
	}
	/* Any number of optional fields, then "-". */
	do {
		if (!str_cut(rest, ' ', &word, &rest))
			return -1;
	} while (!str_is(word, "-"));
	if (!str_cut(rest, ' ', &type, &rest) || !str_cut(rest, ' ', &source, &rest))
		return -1;
	uint64_t id, major, minor;
	struct str major_text, minor_text;
	str_cut(field[DEVICE], ':', &major_text, &minor_text);
	if (num_parse_digits(field[ID], 10, &id) != 0 ||
	    num_parse_digits(major_text, 10, &major) != 0 || major > UINT32_MAX ||
	    num_parse_digits(minor_text, 10, &minor) != 0 || minor > UINT32_MAX ||
	    !str_starts(field[POINT], S("/")) || field[POINT].len > MOUNTS_TEXT_MAX * (size_t)4 ||
	    type.len == 0)
		return -1;
	*out = (struct mount){
		.id = id,
		.major = (uint32_t)major,
		.minor = (uint32_t)minor,
		.mount_point = decode(field[POINT]),
		.root = decode(field[ROOT]),
		.fs_type = decode(type),
		.source = decode(source),
		.read_only = has_option(field[OPTIONS], "ro") || has_option(rest, "ro"),
	};
	return 0;
}

int mounts_parse(const char *text, size_t len, struct mounts *out, struct err *e)
{
	struct str rest = str_from(text, len);
	struct str line;
	size_t cap = 0;
	*out = (struct mounts){ .list = NULL };
	if (len == 0 || memchr(text, '\0', len))
		return err_set(e, ERR_KIND_DATA, "mountinfo: not a list of mounts");
	while (rest.len > 0) {
		str_cut(rest, '\n', &line, &rest);
		if (out->count == cap) {
			cap = cap > 0 ? cap * 2 : 32;
			out->list = mem_grow(out->list, cap, sizeof(out->list[0]));
		}
		if (parse_line(line, &out->list[out->count]) != 0) {
			err_set(e, ERR_KIND_DATA, "mountinfo: unknown form of line %zu",
			        out->count + 1);
			mounts_free(out);
			return -1;
		}
		out->count++;
	}
	return 0;
}

/* Whether the mounts changed since `fd` was opened (or this was asked): a text read in pieces
 * meanwhile may lack some. */
static bool changed(int fd)
{
	struct pollfd change = { .fd = fd, .events = POLLPRI };
	return poll(&change, 1, 0) > 0 && (change.revents & (POLLPRI | POLLERR)) != 0;
}

int mounts_read(struct mounts *out, struct err *e)
{
	static const char path[] = "/proc/self/mountinfo";
	*out = (struct mounts){ .list = NULL };
	FD_AUTO fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s", path);
	BUF_AUTO text = buf_make(MOUNTINFO_BYTES_MAX);
	for (int tries = 0; tries < READ_TRIES; tries++) {
		buf_clear(&text);
		if (lseek(fd, 0, SEEK_SET) != 0)
			return err_sys(e, "read %s", path);
		if (file_read_rest(fd, &text, e, path) != 0)
			return -1;
		if (!changed(fd))
			return mounts_parse(text.p, text.len, out, e);
	}
	return err_set(e, ERR_KIND_TRY_AGAIN, "read %s: the mounts keep changing", path);
}

void mounts_free(struct mounts *m)
{
	for (size_t i = 0; i < m->count; i++)
		free_mount(&m->list[i]);
	mem_free(m->list);
	*m = (struct mounts){ .list = NULL };
}

/* Whether `path` is `top` or below it. */
static bool is_within(const char *path, const char *top)
{
	size_t len = strlen(top);
	if (len == 1) /* "/" */
		return path[0] == '/';
	return strncmp(path, top, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

const struct mount *mounts_at(const struct mounts *m, const char *path)
{
	const struct mount *best = NULL;
	size_t best_len = 0;
	for (size_t i = 0; i < m->count; i++) {
		size_t len = strlen(m->list[i].mount_point);
		if (len >= best_len && is_within(path, m->list[i].mount_point)) {
			best = &m->list[i];
			best_len = len;
		}
	}
	return best;
}

const struct mount *mounts_below(const struct mounts *m, const char *path)
{
	for (size_t i = 0; i < m->count; i++) {
		if (is_within(m->list[i].mount_point, path))
			return &m->list[i];
	}
	return NULL;
}
