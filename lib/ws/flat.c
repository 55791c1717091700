/* Names in a flat workspace. */
#include "ws/flat.h"

#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "ws/flat_registry.h"

enum { SHOWN = 300, CANDIDATES_SHOWN = 8 };

int flat_check_name(const char *name, struct err *e)
{
	char shown[SHOWN];
	codec_quoted(str_of(name), shown, sizeof(shown));
	if (strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || !name[0])
		return err_set(e, ERR_KIND_USAGE,
		               "\"%s\" is a path; this workspace is flat: files have names only",
		               shown);
	if (strcmp(name, FLAT_REGISTRY) == 0)
		return err_set(e, ERR_KIND_USAGE, "\"%s\" is the registry of this workspace",
		               shown);
	return 0;
}

/* ---- finding ---- */

static int copy_name(const char *from, char name[DIR_NAME_MAX + 1])
{
	return str_copy(str_of(from), name, DIR_NAME_MAX + 1);
}

/* 1 when the registry knows the id and the file is there, 0, -1. */
static int find_id(const struct flat *f, const char *ref, char name[DIR_NAME_MAX + 1],
                   struct err *e)
{
	JS_AUTO registry = NULL;
	struct err ignored = ERR_INIT;
	if (flat_registry_read(f->fd, &registry, &ignored) != 0)
		return 0;
	const struct js *entry = js_get(js_get(registry, "files"), ref);
	return flat_registry_name(entry, name) ? dir_exists(f->fd, name, e) : 0;
}

/* One name that begins with `ref`. */
static int find_beginning(const struct flat *f, const char *ref, char name[DIR_NAME_MAX + 1],
                          struct err *e)
{
	MEM_AUTO char **names = NULL;
	BUF_AUTO candidates = buf_make(600);
	size_t count, found = 0;
	if (dir_list(f->fd, FLAT_REGISTRY_FILES_MAX, &names, &count, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (!str_starts(str_of(names[i]), str_of(ref)) ||
		    strcmp(names[i], FLAT_REGISTRY) == 0)
			continue;
		if (found++ == 0 && copy_name(names[i], name) != 0)
			return err_set(e, ERR_KIND_DATA, "a name that is too long");
		if (found <= CANDIDATES_SHOWN) {
			buf_add_text(&candidates, found > 1 ? ", " : "");
			codec_quote(str_of(names[i]), &candidates);
		}
	}
	if (found == 1)
		return 0;
	char shown[SHOWN];
	codec_quoted(str_of(ref), shown, sizeof(shown));
	if (found == 0)
		return err_set(e, ERR_KIND_NOT_FOUND, "there is no file \"%s\"", shown);
	return err_set(e, ERR_KIND_CONFLICT, "\"%s\" could be any of %zu files: %s%s", shown, found,
	               candidates.p, found > CANDIDATES_SHOWN ? ", …" : "");
}

int flat_find(const struct flat *f, const char *ref, char name[DIR_NAME_MAX + 1], struct err *e)
{
	if (flat_check_name(ref, e) != 0)
		return -1;
	int there = strlen(ref) <= DIR_NAME_MAX ? dir_exists(f->fd, ref, e) : 0;
	if (there > 0)
		return copy_name(ref, name);
	int known = there < 0 ? -1 : find_id(f, ref, name, e);
	return known != 0 ? (known < 0 ? -1 : 0) : find_beginning(f, ref, name, e);
}
