/* Volumes from profiles. */
#include "ws/volume.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "os/sys.h"
#include "ws/profile_builtin.h"

/* The NAME of a section "volume PROFILE NAME". */
static bool volume_of(struct str section, const char *profile, struct str *name)
{
	struct str word, rest;
	return str_cut(section, ' ', &word, &rest) && str_is(word, "volume") &&
	       str_cut(rest, ' ', &word, name) && str_is(word, profile) && name->len > 0;
}

static bool has_profile(const struct ini *ini, const char *profile)
{
	struct str word, rest;
	for (size_t i = 0; i < ini->count; i++) {
		if (str_cut(ini->entries[i].section, ' ', &word, &rest) &&
		    str_is(word, "profile") && str_is(rest, profile))
			return true;
	}
	return false;
}

static struct volume *find(struct volume_list *l, struct str name)
{
	for (size_t i = 0; i < l->count; i++) {
		if (str_is(name, l->list[i].name))
			return &l->list[i];
	}
	if (l->count == VOLUME_MAX)
		return NULL;
	struct volume *v = &l->list[l->count++];
	*v = (struct volume){
		.name = mem_str(name),
		.container = mem_text(""),
		.path = mem_text(""),
		.host = mem_text(""),
		.contents = mem_text(""),
		.priority = mem_text("medium"),
	};
	return v;
}

static void set(char **field, struct str value)
{
	mem_free(*field);
	*field = mem_str(value);
}

/* "~/x" is in the user's home. */
static void set_path(char **field, struct str value)
{
	const char *home = sys_env("HOME");
	set(field, value);
	if (!home || !str_starts(value, S("~/")))
		return;
	mem_free(*field);
	*field = mem_printf("%s%" STR_FMT, home, STR_ARG(str_skip(value, 1)));
}

static int set_line(struct volume *v, const struct ini_entry *at, struct err *e)
{
	static const char *const priorities[] = { "critical", "high", "medium", "low" };
	bool known = false;
	if (str_is(at->name, "container"))
		set(&v->container, at->value);
	else if (str_is(at->name, "path"))
		set(&v->path, at->value);
	else if (str_is(at->name, "host"))
		set_path(&v->host, at->value);
	else if (str_is(at->name, "contents"))
		set(&v->contents, at->value);
	else if (str_is(at->name, "priority"))
		set(&v->priority, at->value);
	else
		return err_set(e, ERR_KIND_CONFIG,
		               "[%" STR_FMT "] line %u: %" STR_FMT ": no such name for a volume",
		               STR_ARG(at->section), at->line, STR_ARG(at->name));
	for (size_t i = 0; i < COUNTOF(priorities); i++)
		known = known || strcmp(v->priority, priorities[i]) == 0;
	if (known)
		return 0;
	return err_set(e, ERR_KIND_CONFIG,
	               "[%" STR_FMT "] line %u: critical, high, medium or low is expected",
	               STR_ARG(at->section), at->line);
}

static int load(const struct ini *ini, const char *profile, struct volume_list *out, struct err *e)
{
	struct str name;
	for (size_t i = 0; i < ini->count; i++) {
		const struct ini_entry *at = &ini->entries[i];
		if (!volume_of(at->section, profile, &name))
			continue;
		struct volume *v = find(out, name);
		if (!v)
			return err_set(e, ERR_KIND_CONFIG, "profile %s: too many volumes", profile);
		if (set_line(v, at, e) != 0)
			return -1;
	}
	for (size_t i = 0; i < out->count; i++) {
		if (out->list[i].container[0] != '/')
			return err_set(e, ERR_KIND_CONFIG,
			               "profile %s: volume %s has no absolute container path",
			               profile, out->list[i].name);
	}
	return 0;
}

/* Into `out`, lower-cased. */
static int check_instance(const char *instance, char out[VOLUME_INSTANCE_MAX + 1], struct err *e)
{
	size_t len = strlen(instance);
	bool good = len > 0 && len <= VOLUME_INSTANCE_MAX && instance[0] != '-';
	for (size_t i = 0; good && i < len; i++) {
		char c = instance[i];
		out[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
		out[i + 1] = '\0';
		good = (out[i] >= 'a' && out[i] <= 'z') || (c >= '0' && c <= '9') || c == '-';
	}
	return good ? 0
	            : err_set(e, ERR_KIND_USAGE,
	                      "instance: 1 to %d letters, digits and '-' are expected, "
	                      "beginning with a letter or digit",
	                      VOLUME_INSTANCE_MAX);
}

static int add_suffix(struct volume_list *l, const char *instance, struct err *e)
{
	char suffix[VOLUME_INSTANCE_MAX + 1];
	if (!instance)
		return 0;
	if (check_instance(instance, suffix, e) != 0)
		return -1;
	for (size_t i = 0; i < l->count; i++) {
		char *name = mem_printf("%s-%s", l->list[i].name, suffix);
		mem_free(l->list[i].name);
		l->list[i].name = name;
	}
	return 0;
}

int volume_load(const char *profile, const struct ini *config, const char *instance,
                struct volume_list *out, struct err *e)
{
	*out = (struct volume_list){ .count = 0 };
	INI_AUTO builtin = { .text = NULL };
	if (ini_parse(str_of(profile_builtin_text), "built-in profiles", &builtin, e) != 0)
		return -1;
	const struct ini *from = config && has_profile(config, profile) ? config : &builtin;
	if (load(from, profile, out, e) == 0 && add_suffix(out, instance, e) == 0)
		return 0;
	volume_free(out);
	return -1;
}

void volume_free(struct volume_list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		mem_free(l->list[i].name);
		mem_free(l->list[i].container);
		mem_free(l->list[i].path);
		mem_free(l->list[i].host);
		mem_free(l->list[i].contents);
		mem_free(l->list[i].priority);
	}
	l->count = 0;
}
