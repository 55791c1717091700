/* Which operands and options of cp, mv, put and get go together. */
#include "applets/s3_cp.h"
#include "os/dir.h"
#include "os/file.h"

bool s3_cp_is_directory(const struct s3_path *to)
{
	struct err ignored = ERR_INIT;
	FD_AUTO fd = -1;
	if (to->is_s3)
		return to->key.len == 0 || str_ends(to->key, S("/"));
	return str_ends(str_of(to->text), S("/")) || dir_open_root(to->text, &fd, &ignored) == 0;
}

int s3_cp_check(const struct s3_cp *c, struct err *e)
{
	const struct s3_cp_options *o = c->options;
	if (s3_filter_check(&o->filter, e))
		return -1;
	for (size_t i = 0; i < c->source_count; i++) {
		struct s3_path from;
		if (s3_path_parse(c->sources[i], o->raw, &from, e))
			return -1;
		if (o->s3.version_id &&
		    (o->recursive || from.is_glob || c->source_count > 1 || c->to.is_s3))
			return err_set(e, ERR_KIND_USAGE,
			               "--version-id is for the download of one object");
		if ((o->if_match || o->if_none_match) && (from.is_s3 || !c->to.is_s3))
			return err_set(e, ERR_KIND_USAGE,
			               "--if-match and --if-none-match are for uploads");
		if ((o->if_match || o->if_none_match) && o->resume)
			return err_set(e, ERR_KIND_USAGE,
			               "an upload with a condition cannot be resumed");
		if (!from.is_s3 && !c->to.is_s3)
			return err_set(e, ERR_KIND_USAGE,
			               "neither '%s' nor '%s' is s3://BUCKET/KEY", from.text,
			               c->to.text);
		if (c->queue.move &&
		    s3_cp_move_check(&from, &c->to, o->recursive, s3_cp_is_directory(&c->to), e))
			return -1;
		if (from.is_stdio && s3_cp_is_directory(&c->to))
			return err_set(
				e, ERR_KIND_USAGE,
				"standard input has no name: the target has to be s3://BUCKET/KEY");
		if (c->to.is_stdio && (o->recursive || from.is_glob || from.key.len == 0))
			return err_set(e, ERR_KIND_USAGE, "standard output takes single objects");
		if ((from.is_stdio || o->recursive) && c->source_count > 1)
			return err_set(e, ERR_KIND_USAGE, "only one source with %s",
			               o->recursive ? "--recursive" : "-");
	}
	if (c->source_count > 1 && !c->to.is_stdio && !s3_cp_is_directory(&c->to))
		return err_set(e, ERR_KIND_USAGE, "several sources need a target that ends in '/'");
	return 0;
}
