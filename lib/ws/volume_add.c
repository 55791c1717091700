/* Mounts that a user asks for. */
#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "base/str.h"
#include "os/dir.h"
#include "ws/volume.h"

enum { SHOWN = 256 };

static int refuse(const char *spec, const char *why, struct err *e)
{
	char shown[SHOWN];
	return err_set(e, ERR_KIND_USAGE, "mount \"%s\": %s; /HOST:/CONTAINER[:ro|rw] is expected",
	               codec_quoted(str_of(spec), shown, sizeof(shown)), why);
}

/* What is wrong with a path, or NULL. */
static const char *fault_of(struct str path)
{
	struct str component, rest = path;
	bool more = true, any = false;
	if (path.len == 0 || path.p[0] != '/')
		return "a path is not absolute";
	for (size_t i = 0; i < path.len; i++) {
		if ((unsigned char)path.p[i] < ' ' || path.p[i] == 0x7f)
			return "a path has a control character in it";
	}
	while (more) {
		more = str_cut(rest, '/', &component, &rest);
		if (str_is(component, "..") || str_is(component, "."))
			return "a path has \".\" or \"..\" in it";
		any = any || component.len > 0;
	}
	return any ? NULL : "\"/\" itself can't be mounted";
}

static bool is_system(const char *container)
{
	static const char *const places[] = { "/etc", "/usr",  "/bin", "/sbin", "/lib", "/lib64",
		                              "/var", "/proc", "/sys", "/dev",  "/boot" };
	struct str path = str_of(container);
	for (size_t i = 0; i < COUNTOF(places); i++) {
		struct str place = str_of(places[i]);
		if (str_starts(path, place) && (path.len == place.len || path.p[place.len] == '/'))
			return true;
	}
	return false;
}

/* Without a slash at the end or two in a row, so that equal paths are equal texts; mem_free. */
static char *normal(struct str path)
{
	char *out = mem_new(path.len + 1, 1);
	size_t len = 0;
	for (size_t i = 0; i < path.len; i++) {
		if (path.p[i] != '/' || len == 0 || out[len - 1] != '/')
			out[len++] = path.p[i];
	}
	while (len > 1 && out[len - 1] == '/')
		len--;
	out[len] = '\0';
	return out;
}

static int parse_mode(const char *spec, struct str mode, bool *read_only, struct err *e)
{
	*read_only = str_eq_nocase(mode, S("ro"));
	return *read_only || str_eq_nocase(mode, S("rw")) ? 0 : refuse(spec, "unknown mode", e);
}

static int parse(const char *spec, struct volume *out, struct err *e)
{
	struct str host, rest, container, mode;
	if (!str_cut(str_of(spec), ':', &host, &rest))
		return refuse(spec, "no container path", e);
	if (str_cut(rest, ':', &container, &mode) &&
	    parse_mode(spec, mode, &out->read_only, e) != 0)
		return -1;
	const char *fault = fault_of(host);
	if (!fault)
		fault = fault_of(container);
	if (fault)
		return refuse(spec, fault, e);
	out->host = normal(host);
	out->container = normal(container);
	return 0;
}

/* Its place among what is there already: the volume that gives way, or a new one. NULL and *e: not allowed. */
static struct volume *find_place(struct volume_list *l, const char *spec, const char *container,
                                 bool allow_system, struct err *e)
{
	for (size_t i = 0; i < l->count; i++) {
		if (strcmp(l->list[i].container, container) != 0)
			continue;
		if (!l->list[i].is_users)
			return &l->list[i];
		refuse(spec, "something else is mounted there already", e);
		return NULL;
	}
	if (!allow_system && is_system(container)) {
		refuse(spec, "the container path is one of the system's", e);
		return NULL;
	}
	if (l->count == VOLUME_MAX) {
		refuse(spec, "there are too many mounts", e);
		return NULL;
	}
	return &l->list[l->count++];
}

static void free_volume(struct volume *v)
{
	mem_free(v->host);
	mem_free(v->container);
}

int volume_add(struct volume_list *l, const char *spec, bool allow_system, struct err *e)
{
	FD_AUTO fd = -1;
	AUTO(free_volume) struct volume v = { .is_users = true };
	if (parse(spec, &v, e) != 0)
		return -1;
	/* Docker would make a missing one, as root's. */
	if (dir_open_root(v.host, &fd, e) != 0)
		return err_context(e, "mount %s", spec);
	struct volume *place = find_place(l, spec, v.container, allow_system, e);
	if (!place)
		return -1;
	mem_free(place->host);
	mem_free(place->container);
	mem_free(place->name);
	mem_free(place->path);
	place->name = mem_text("");
	place->path = mem_text("");
	place->host = v.host;
	place->container = v.container;
	place->read_only = v.read_only;
	place->is_users = true;
	if (!place->contents)
		place->contents = mem_text("");
	if (!place->priority)
		place->priority = mem_text("medium");
	v.host = NULL;
	v.container = NULL;
	return 0;
}
