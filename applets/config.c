/* Configuration files: found, read, applied to options. */
#include "applets/config.h"

#include <string.h>

#include "applets/table.h"
#include "base/buf.h"
#include "base/codec.h"
#include "base/mem.h"
#include "os/dir.h"
#include "os/file.h"
#include "os/sys.h"

enum { SHOWN_MAX = 100 };

static int read_file(const char *path, bool must_exist, struct config *c, struct err *e)
{
	FD_AUTO fd = -1;
	struct err why = ERR_INIT;
	if (dir_open_user_file(path, false, &fd, &why)) {
		if (why.kind == ERR_KIND_NOT_FOUND && !must_exist)
			return 0;
		*e = why;
		e->kind = ERR_KIND_CONFIG;
		return err_context(e, "configuration");
	}
	BUF_AUTO text = buf_make(INI_FILE_MAX);
	if (file_read_rest(fd, &text, e, path))
		return -1;
	if (ini_parse(buf_str(&text), path, &c->files[c->file_count], e))
		return -1;
	c->paths[c->file_count++] = mem_text(path);
	return 0;
}

static char *user_path(void)
{
	const char *xdg = sys_env("XDG_CONFIG_HOME");
	if (xdg)
		return mem_printf("%s/ws/ws.conf", xdg);
	const char *home = sys_env("HOME");
	return home ? mem_printf("%s/.config/ws/ws.conf", home) : NULL;
}

static void join(struct config *c)
{
	size_t count = 0;
	for (size_t i = 0; i < c->file_count; i++)
		count += c->files[i].count;
	c->all.entries = mem_new(count + 1, sizeof(struct ini_entry));
	for (size_t i = 0; i < c->file_count; i++) {
		for (size_t k = 0; k < c->files[i].count; k++)
			c->all.entries[c->all.count++] = c->files[i].entries[k];
	}
	c->values = mem_new(count + 1, sizeof(char *));
}

int config_load(const char *extra, struct config *out, struct err *e)
{
	MEM_AUTO char *user = user_path();
	if (read_file("/etc/ws/ws.conf", false, out, e) ||
	    (user && read_file(user, false, out, e)) || (extra && read_file(extra, true, out, e)))
		return -1;
	join(out);
	return 0;
}

/* Names in a file may hold anything. */
static const char *shown(struct str name, char out[SHOWN_MAX])
{
	return codec_quoted(name, out, SHOWN_MAX);
}

/* Whether anybody reads the section. */
static int check_section(struct str section, struct err *e)
{
	char text[SHOWN_MAX];
	if (str_is(section, "ws") || str_starts(section, S("profile ")) ||
	    str_starts(section, S("part ")) || str_starts(section, S("volume ")))
		return 0;
	for (const struct applet *const *a = table_applets; *a; a++)
		if (str_is(section, (*a)->name))
			return 0;
	if (section.len == 0)
		return err_set(
			e, ERR_KIND_CONFIG,
			"an option stands before the first section ([ws] is for all applets)");
	return err_set(e, ERR_KIND_CONFIG, "there is no applet for the section [%s]",
	               shown(section, text));
}

/* The environment is nearer to the one who calls than a file is: command line, environment, files. */
static bool is_in_environment(const char *option)
{
	static const struct {
		const char *option, *variable;
	} rows[] = {
		{ "base", "WORKSPACE_DIR" },
		{ "store", "WS_STORE" },
		{ "profile", "WS_PROFILE" },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		if (strcmp(option, rows[i].option) == 0)
			return sys_env(rows[i].variable) != NULL;
	}
	return false;
}

/* An option of the section `section`, "ws" or the applet's. */
static int apply_entry(struct config *c, const struct ini_entry *entry, const char *section,
                       const struct opt_group *groups, void *options, struct err *e)
{
	MEM_AUTO char *name = mem_str(entry->name);
	char *value = mem_str(entry->value);
	char text[SHOWN_MAX];
	bool known = false;
	c->values[c->value_count++] = value;
	if (is_in_environment(name))
		return 0;
	if (opt_set(groups, options, name, value, &known, e))
		return -1;
	if (known || table_has_option(strcmp(section, "ws") == 0 ? NULL : section, name))
		return 0;
	return err_set(e, ERR_KIND_CONFIG, "there is no option '%s'; see %s --help",
	               shown(entry->name, text), section);
}

static int apply_file(struct config *c, size_t file, const char *section,
                      const struct opt_group *groups, void *options, struct err *e)
{
	const struct ini *ini = &c->files[file];
	for (size_t i = 0; i < ini->count; i++) {
		const struct ini_entry *entry = &ini->entries[i];
		if (check_section(entry->section, e) ||
		    (str_is(entry->section, section) &&
		     apply_entry(c, entry, section, groups, options, e)))
			return err_context(e, "configuration %s, line %u", c->paths[file],
			                   entry->line);
	}
	return 0;
}

int config_apply(struct config *c, const char *applet, const struct opt_group *groups,
                 void *options, struct err *e)
{
	const char *const sections[] = { "ws", applet };
	for (size_t own = 0; own < COUNTOF(sections); own++)
		for (size_t i = 0; i < c->file_count; i++)
			if (apply_file(c, i, sections[own], groups, options, e))
				return -1;
	return 0;
}

void config_free(struct config *c)
{
	for (size_t i = 0; i < c->value_count; i++)
		mem_free(c->values[i]);
	mem_free(c->values);
	mem_free(c->all.entries);
	for (size_t i = 0; i < c->file_count; i++) {
		ini_free(&c->files[i]);
		mem_free(c->paths[i]);
	}
	memset(c, 0, sizeof(*c));
}
