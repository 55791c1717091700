/* Operands and what they match. */
#include "applets/s3_path.h"

#include <string.h>

#include "base/mem.h"
#include "base/url.h"

static bool has_wildcard(struct str key)
{
	for (size_t i = 0; i < key.len; i++)
		if (strchr("*?[", key.p[i]))
			return true;
	return false;
}

int s3_path_parse(const char *text, bool raw, struct s3_path *out, struct err *e)
{
	*out = (struct s3_path){ .text = text };
	out->is_stdio = strcmp(text, "-") == 0;
	out->is_s3 = str_starts(str_of(text), S("s3://"));
	if (!out->is_s3)
		return text[0] != '\0' ? 0 : err_set(e, ERR_KIND_USAGE, "an empty path");
	if (url_parse_s3(str_of(text), &out->bucket, &out->key, e))
		return err_context(e, "'%s'", text);
	out->is_glob = !raw && has_wildcard(out->key);
	return 0;
}

int s3_path_parse_s3(const char *text, bool raw, bool need_key, struct s3_path *out, struct err *e)
{
	if (s3_path_parse(text, raw, out, e))
		return -1;
	if (!out->is_s3)
		return err_set(e, ERR_KIND_USAGE, "'%s' is not s3://BUCKET%s", text,
		               need_key ? "/KEY" : "");
	if (need_key && out->key.len == 0)
		return err_set(e, ERR_KIND_USAGE, "'%s' names no object: s3://BUCKET/KEY", text);
	return 0;
}

struct str s3_path_prefix(const struct s3_path *path)
{
	size_t literal = 0;
	while (literal < path->key.len && !strchr("*?[\\", path->key.p[literal]))
		literal++;
	return path->is_glob ? str_head(path->key, literal) : path->key;
}

static size_t directory_len(struct str key)
{
	struct str before;
	return str_cut_last(key, '/', &before, NULL) ? before.len + 1 : 0;
}

struct s3_path s3_path_directory(const struct s3_path *path)
{
	struct s3_path directory = *path;
	if (path->is_glob)
		directory.key = str_head(path->key, directory_len(s3_path_prefix(path)));
	directory.is_glob = false;
	return directory;
}

bool s3_path_takes(const struct s3_path *path, const struct s3_filter *filter, struct str key)
{
	return (!path->is_glob || str_glob(path->key, key)) &&
	       s3_filter_takes(filter, str_skip(key, directory_len(s3_path_prefix(path))));
}

int s3_path_match_open(struct s3 *s3, const struct s3_path *path, struct s3_path_match *out,
                       struct err *e)
{
	*out = (struct s3_path_match){ .pattern = path->is_glob ? path->key : S("") };
	struct str prefix = s3_path_prefix(path);
	bool add_slash = !path->is_glob && prefix.len > 0 && !str_ends(prefix, S("/"));
	out->prefix = mem_printf("%" STR_FMT "%s", STR_ARG(prefix), add_slash ? "/" : "");
	out->base_len = directory_len(str_of(out->prefix));
	if (s3_list_open(s3, path->bucket, str_of(out->prefix), S(""), &out->list, e) == 0)
		return 0;
	s3_path_match_close(out);
	return -1;
}

int s3_path_match_next(struct s3_path_match *m, struct s3_list_entry *entry, struct err *e)
{
	int got;
	do
		got = s3_list_next(m->list, entry, e);
	while (got > 0 &&
	       (entry->is_prefix || (m->pattern.len > 0 && !str_glob(m->pattern, entry->key)) ||
	        !s3_filter_takes(m->filter, str_skip(entry->key, m->base_len))));
	return got;
}

void s3_path_match_close(struct s3_path_match *m)
{
	s3_list_close(m->list);
	mem_free(m->prefix);
	*m = (struct s3_path_match){ .list = NULL };
}
