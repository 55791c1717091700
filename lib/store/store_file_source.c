/* Reading one file, pinned by its descriptor. */
#include <string.h>

#include "base/mem.h"
#include "store/store_file.h"

struct file_source {
	struct source base;
	int fd;
	struct file_stat st; /* as it was when opened */
	char *shown;
};

static struct file_source *self(struct source *s)
{
	return (struct file_source *)(void *)s;
}

/* The store replaces files by rename, which the descriptor does not see; but a path of the user's may be written
 * to in place. */
static int check_unchanged(const struct file_source *s, struct err *e)
{
	struct file_stat now;
	if (file_stat(s->fd, &now, e, s->shown) != 0)
		return -1;
	if (now.size_bytes == s->st.size_bytes && now.mtime_s == s->st.mtime_s &&
	    now.mtime_ns == s->st.mtime_ns)
		return 0;
	return err_set(e, ERR_KIND_CONFLICT, "%s changed while it was read", s->shown);
}

static int file_source_read_at(struct source *base, uint64_t offset, void *p, size_t len,
                               size_t *got, struct err *e)
{
	const struct file_source *s = self(base);
	uint64_t left = offset < s->st.size_bytes ? s->st.size_bytes - offset : 0;
	size_t wanted = left < len ? (size_t)left : len;
	if (file_pread(s->fd, p, wanted, offset, got, e, s->shown) != 0 ||
	    check_unchanged(s, e) != 0)
		return -1;
	if (*got == wanted)
		return 0;
	return err_set(e, ERR_KIND_IO, "%s: shorter than its size says", s->shown);
}

static void file_source_close(struct source *base)
{
	struct file_source *s = self(base);
	file_close_auto(&s->fd);
	mem_free(s->shown);
	mem_free(s);
}

int store_file_source(int *fd, const char *shown, struct source **out, struct err *e)
{
	struct file_stat st;
	if (file_stat(*fd, &st, e, shown) != 0)
		return -1;
	struct store_object object;
	store_file_object(&st, &object);
	struct file_source *s = mem_new(1, sizeof(*s));
	s->base.read_at = file_source_read_at;
	s->base.close = file_source_close;
	s->base.id = object.id;
	s->base.size_known = true;
	s->st = st;
	s->fd = file_take(fd);
	s->shown = mem_text(shown);
	*out = &s->base;
	return 0;
}
