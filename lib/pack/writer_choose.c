/* What is stored, and when: excludes, ignore files, caches, priorities. */
#include <stdio.h>
#include <string.h>

#include "os/dir.h"
#include "pack/names.h"
#include "pack/secrets.h"
#include "pack/writer_parts.h"

/* https://bford.info/cachedir/ */
static const char cache_tag[] = "CACHEDIR.TAG",
		  cache_signature[] = "Signature: 8a477f597d28d172789f06886806bc55";

static bool is_cache(int fd)
{
	char start[sizeof(cache_signature)];
	size_t got = 0, len = sizeof(cache_signature) - 1;
	FD_AUTO tag = -1;
	struct err ignored = ERR_INIT;
	return dir_open_file(fd, cache_tag, &tag, &ignored) == 0 &&
	       file_pread(tag, start, len, 0, &got, &ignored, cache_tag) == 0 && got == len &&
	       memcmp(start, cache_signature, len) == 0;
}

static int store_tag(struct writer *w, const struct writer_item *dir, int fd, struct err *e)
{
	BUF_AUTO path = buf_make(w->path.max + sizeof(cache_tag));
	struct err gone = ERR_INIT;
	struct writer_item tag = { .dirfd = fd, .name = cache_tag };
	if (w->options->order && order_of(dir->path, true) != w->pass)
		return 0;
	if (dir_stat(fd, cache_tag, &tag.stat, &gone))
		return 0;
	buf_add_str(&path, dir->path);
	if (dir->path.len > 0)
		buf_add_char(&path, '/');
	buf_add_text(&path, cache_tag);
	tag.path = buf_str(&path);
	return writer_store(w, &tag, e);
}

int writer_enter(struct writer *w, const struct writer_item *dir, struct err *e)
{
	FD_AUTO fd = -1;
	struct err why = ERR_INIT;
	/* That it cannot be opened is for the walk to say. */
	if ((!w->ignores && !w->options->exclude_caches) ||
	    dir_open(dir->dirfd, dir->name, &fd, &why))
		return 1;
	if (w->options->exclude_caches && is_cache(fd))
		return store_tag(w, dir, fd, e) ? -1 : 0;
	if (w->ignores)
		ignores_enter(w->ignores, dir->path, fd);
	return 1;
}

bool writer_passes(const struct writer *w, const struct writer_item *item, bool *below)
{
	bool is_dir = file_is_dir(&item->stat);
	*below = false;
	if (exclude_match_below(w->options->exclude, item->path, is_dir) ||
	    ignores_match(w->ignores, item->path, is_dir))
		return true;
	*below = is_dir;
	if (!w->options->order || order_of(item->path, is_dir) == w->pass)
		return false;
	*below = is_dir && !order_is_whole(item->path);
	return true;
}

bool writer_leaves_secret(struct writer *w, const struct writer_item *item)
{
	struct err why = ERR_INIT;
	struct writer_result *r = w->result;
	if (w->options->secrets == WRITER_SECRETS_KEEP || !file_is_regular(&item->stat) ||
	    !secrets_match(item->path))
		return false;
	if (r->secrets++ == 0)
		snprintf(r->secret, sizeof(r->secret), "%s", names_show(item->path).text);
	if (w->options->secrets == WRITER_SECRETS_WARN)
		return false;
	err_set(&why, ERR_KIND_FAILED, "'%s' is left out: it looks like a secret",
	        names_show(item->path).text);
	writer_notice(w, &why);
	return true;
}
