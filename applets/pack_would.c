/* What would be unpacked against what is there. */
#include "applets/pack_would.h"

#include "base/mem.h"
#include "os/dir.h"
#include "pack/names.h"

static struct str first_of(struct str path)
{
	struct str first;
	return str_cut(path, '/', &first, NULL) ? first : path;
}

/* Whether something is there: 1, *st; 0; -1. A link in the way is as much in the way as for the run. */
static int look(const struct pack_would *w, struct str path, struct file_stat *st, struct err *e)
{
	struct err why = ERR_INIT;
	MEM_AUTO char *text = mem_str(path);
	if (w->stage->name[0] || path.len == 0)
		return 0;
	if (dir_stat(w->stage->parent, text, st, &why) == 0)
		return 1;
	if (why.kind == ERR_KIND_NOT_FOUND)
		return 0;
	return err_set(e, ERR_KIND_CONFLICT, "%s", why.msg);
}

int pack_would(void *ctx, struct str path, const struct entry *entry, struct err *e)
{
	const struct pack_would *w = ctx;
	struct file_stat st;
	bool is_dir = entry->type == ENTRY_TYPE_DIR;
	int there = look(w, w->into_existing ? path : first_of(path), &st, e);
	if (there < 0)
		return -1;
	if (there > 0 && !w->into_existing)
		return err_set(e, ERR_KIND_CONFLICT,
		               "%s is there already; --into-existing replaces files",
		               names_show(first_of(path)).text);
	if (there > 0 && is_dir != file_is_dir(&st))
		return err_set(e, ERR_KIND_CONFLICT, "%s is there already %s",
		               names_show(path).text,
		               is_dir ? "and no directory" : "as a directory");
	char *name = mem_str(path.len > 0 ? path : S("."));
	const struct applet_action action = {
		.verb = there > 0 && !is_dir ? "replace" : "unpack",
		.from = name,
		.size_bytes = entry->type == ENTRY_TYPE_FILE ? entry->size_bytes : UINT64_MAX,
		.dry_run = true,
	};
	applet_show_action(w->call, &action);
	mem_free(name);
	return 0;
}
