/* Moving something onto itself would remove it. */
#include "applets/s3_cp.h"

static bool is_itself(const struct s3_path *from, const struct s3_path *to, bool to_directory)
{
	struct str name;
	if (!to_directory)
		return str_eq(from->key, to->key);
	str_cut_last(from->key, '/', NULL, &name);
	return from->key.len == to->key.len + name.len && str_starts(from->key, to->key);
}

/* Whether what is moved would be listed, and moved, again. */
static bool is_inside(const struct s3_path *from, const struct s3_path *to)
{
	struct str root = s3_path_prefix(from);
	if (from->is_glob || root.len == 0 || str_ends(root, S("/")))
		return str_starts(to->key, root);
	return str_eq(to->key, root) || (str_starts(to->key, root) && to->key.p[root.len] == '/');
}

int s3_cp_move_check(const struct s3_path *from, const struct s3_path *to, bool recursive,
                     bool to_directory, struct err *e)
{
	if (from->is_stdio || to->is_stdio)
		return err_set(e, ERR_KIND_USAGE, "standard input and output cannot be moved");
	if (!from->is_s3 || !to->is_s3 || !str_eq(from->bucket, to->bucket))
		return 0;
	bool many = recursive || from->is_glob;
	if (many ? is_inside(from, to) : is_itself(from, to, to_directory))
		return err_set(e, ERR_KIND_USAGE, "'%s' would be moved onto itself or into itself",
		               from->text);
	return 0;
}
