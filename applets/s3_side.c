/* Directories and prefixes as the same thing. */
#include "applets/s3_side.h"

#include "base/codec.h"
#include "os/dir.h"

enum { NAME_MAX_BYTES = 65536 };

static int open_local(struct s3_side *s, bool absent_ok, struct err *e)
{
	const struct walk_options options = { .key_order = true };
	struct err why = ERR_INIT;
	if (dir_open_root(s->path->text, &s->root, &why) == 0)
		return walk_open(s->root, &options, &s->walk, e);
	if (absent_ok && why.kind == ERR_KIND_NOT_FOUND) {
		s->ended = true;
		return 0;
	}
	*e = why;
	return -1;
}

int s3_side_open(struct s3_side *s, struct s3 *s3, bool absent_ok, struct err *e)
{
	s->root = -1;
	s->name = buf_make(NAME_MAX_BYTES);
	s->last = buf_make(NAME_MAX_BYTES);
	if (!s->path->is_s3)
		return open_local(s, absent_ok, e);
	if (s3_path_match_open(s3, s->path, &s->match, e))
		return -1;
	s->match.filter = s->filter;
	return 0;
}

/* ".ws-?????????.part": what a download that was cut off left. */
static bool is_leftover(const char *name)
{
	return str_glob(S(".ws-?????????.part"), str_of(name));
}

static bool take_file(struct s3_side *s, const struct walk_entry *w)
{
	if (file_is_dir(&w->stat))
		return false;
	if (!file_is_regular(&w->stat)) {
		if (file_is_symlink(&w->stat))
			s->links++;
		else
			s->specials++;
		return false;
	}
	if (is_leftover(w->name) || !s3_filter_takes(s->filter, str_of(w->path)))
		return false;
	buf_add_text(&s->name, w->path);
	s->size_bytes = w->stat.size_bytes;
	s->modified_ms = w->stat.mtime_s * 1000 + w->stat.mtime_ns / 1000000;
	s->placed_ms = w->stat.ctime_s * 1000 + w->stat.ctime_ns / 1000000;
	return true;
}

static int next_local(struct s3_side *s, struct err *e)
{
	struct walk_entry w;
	for (;;) {
		struct err why = ERR_INIT;
		int got = walk_next(s->walk, &w, &why);
		if (got == 0 || (got > 0 && take_file(s, &w)))
			return got;
		if (got > 0)
			continue;
		if (walk_failed(s->walk) || !s->trouble) {
			*e = why;
			return -1;
		}
		s->trouble(s->ctx, &why);
	}
}

static int next_object(struct s3_side *s, struct err *e)
{
	struct s3_list_entry entry;
	int got;
	do
		got = s3_path_match_next(&s->match, &entry, e);
	while (got > 0 && s->other_is_local && str_ends(entry.key, S("/")) &&
	       entry.size_bytes == 0);
	if (got <= 0)
		return got;
	buf_add_str(&s->name, str_skip(entry.key, s->match.base_len));
	s->size_bytes = entry.size_bytes;
	s->modified_ms = s->placed_ms = entry.modified_ms;
	if (str_copy(entry.etag, s->etag, sizeof(s->etag)))
		s->etag[0] = '\0';
	return 1;
}

/* Everything depends on the order: names that come in another one would be taken for missing. */
static int check_order(struct s3_side *s, struct err *e)
{
	char shown[300];
	bool rises = s->count == 0 || str_cmp(buf_str(&s->last), buf_str(&s->name)) < 0;
	if (!rises)
		return err_set(e, ERR_KIND_DATA, "%s: the listing is out of order at %s",
		               s->path->text,
		               codec_quoted(buf_str(&s->name), shown, sizeof(shown)));
	buf_clear(&s->last);
	buf_add_str(&s->last, buf_str(&s->name));
	return buf_check(&s->name, e, "a name");
}

int s3_side_next(struct s3_side *s, struct err *e)
{
	if (s->ended)
		return 0;
	buf_clear(&s->name);
	s->etag[0] = '\0';
	int got = s->path->is_s3 ? next_object(s, e) : next_local(s, e);
	if (got < 0 || (got > 0 && check_order(s, e))) {
		s->failed = true;
		return -1;
	}
	s->ended = got == 0;
	s->count += got > 0;
	return got;
}

void s3_side_close(struct s3_side *s)
{
	walk_close(s->walk);
	if (s->path && s->path->is_s3)
		s3_path_match_close(&s->match);
	file_close_auto(&s->root);
	buf_free(&s->name);
	buf_free(&s->last);
}
