/* The registry of a flat workspace. */
#include "ws/flat_registry.h"

#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/datetime.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "os/attr.h"
#include "os/lock.h"
#include "os/log.h"
#include "os/sys.h"
#include "ws/flat.h"
#include "ws/inside.h"
#include "ws/record.h"

enum { REGISTRY_BYTES_MAX = 64 << 20, LOCK_WAIT_MS = 30 * 1000 };

int flat_registry_read(int fd, struct js **out, struct err *e)
{
	BUF_AUTO text = buf_make(REGISTRY_BYTES_MAX);
	JS_AUTO registry = NULL;
	if (dir_read_file(fd, FLAT_REGISTRY, &text, e) != 0 ||
	    js_parse(buf_str(&text), FLAT_REGISTRY, &registry, e) != 0)
		return -1;
	if (!js_is_object(registry))
		return err_set(e, ERR_KIND_DATA, "%s: not a registry", FLAT_REGISTRY);
	*out = registry;
	registry = NULL;
	return 0;
}

bool flat_registry_name(const struct js *entry, char name[DIR_NAME_MAX + 1])
{
	BUF_AUTO path = buf_make(DIR_NAME_MAX);
	struct err ignored = ERR_INIT;
	return js_get_path(entry, "path", &path) == 0 &&
	       str_copy(buf_str(&path), name, DIR_NAME_MAX + 1) == 0 &&
	       flat_check_name(name, &ignored) == 0;
}

/* ---- an update ---- */

struct update {
	const struct flat *f;
	const char *name, *agent; /* the file that is somebody's now; may be NULL */
	char now[DATETIME_TEXT_MAX];
	struct js *registry, *files;
};

/* Somebody's own file by that name is not thrown away. */
static int set_aside(const struct flat *f, struct err *e)
{
	char as[64];
	snprintf(as, sizeof(as), FLAT_REGISTRY ".damaged-%lld", (long long)sys_now_ms());
	return dir_rename(f->fd, FLAT_REGISTRY, f->fd, as, true, e);
}

static int load(struct update *u, struct err *e)
{
	struct err why = ERR_INIT;
	if (flat_registry_read(u->f->fd, &u->registry, &why) != 0) {
		if (why.kind != ERR_KIND_NOT_FOUND && why.kind != ERR_KIND_DATA) {
			*e = why;
			return -1;
		}
		if (why.kind == ERR_KIND_DATA && set_aside(u->f, e) != 0)
			return -1;
		u->registry = js_object();
		js_set_text(u->registry, "session_id", u->f->id);
		js_set_text(u->registry, "created", u->now);
	}
	if (!js_is_object(js_get(u->registry, "files")))
		js_set(u->registry, "files", js_object());
	u->files = js_get(u->registry, "files");
	return 0;
}

/* The id of the file in the registry, mem_free; NULL. */
static char *id_of(const struct update *u, const char *name)
{
	char hex[2 * DIR_NAME_MAX + 1];
	bool is_text = utf8_valid(str_of(name));
	if (!is_text)
		name = codec_hex(name, strlen(name), hex);
	for (size_t i = 0; i < js_count(u->files); i++) {
		const struct js *entry = js_field_at(u->files, i);
		struct str as_hex = js_get_str(entry, "path_hex");
		bool is_it = is_text ? as_hex.len == 0 && str_is(js_get_str(entry, "path"), name)
		                     : str_is(as_hex, name);
		if (is_it)
			return mem_str(js_key_at(u->files, i));
	}
	return NULL;
}

/*
 * As the system made them: the name, and with the time behind it when another file has that id. A key of JSON is
 * text: other bytes are '_'. mem_free.
 */
static char *new_id(const struct update *u, const char *name)
{
	MEM_AUTO char *text = mem_text(name);
	size_t len;
	for (char *p = text; *p; p += len) {
		len = utf8_next(str_of(p), NULL);
		if (len == 0 || *p == '\\') {
			*p = '_';
			len = 1;
		}
	}
	char *id = mem_text(text);
	for (int64_t s = sys_now_ms() / 1000; js_get(u->files, id); s++) {
		mem_free(id);
		id = mem_printf("%s_%lld", text, (long long)s);
	}
	return id;
}

static void put_file(struct update *u, const char *name, const struct file_stat *st)
{
	MEM_AUTO char *id = id_of(u, name);
	MEM_AUTO char *path = mem_printf("%s/%s/%s", u->f->base->path, u->f->id, name);
	bool is_new = !id, is_named = u->name && strcmp(name, u->name) == 0;
	if (is_new) {
		id = new_id(u, name);
		js_set(u->files, id, js_object());
	}
	struct js *o = js_get(u->files, id);
	js_set_str(o, "file_id", str_of(id));
	js_set_path(o, "path", str_of(name));
	js_set_path(o, "absolute_path", str_of(path));
	if (is_new || is_named)
		js_set_text(o, "agent", is_named && u->agent ? u->agent : "unknown");
	if (is_new)
		js_set_text(o, "created", u->now);
	js_set_int(o, "size", (int64_t)st->size_bytes);
	if (!js_is_object(js_get(o, "metadata")))
		js_set(o, "metadata", js_object());
}

/* Every file that is there. */
static int put_files(struct update *u, struct err *e)
{
	MEM_AUTO char **names = NULL;
	size_t count;
	if (dir_list(u->f->fd, FLAT_REGISTRY_FILES_MAX, &names, &count, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct file_stat st;
		struct err ignored = ERR_INIT;
		bool is_ours = strcmp(names[i], FLAT_REGISTRY) == 0 ||
		               str_starts(str_of(names[i]), S(DIR_TEMP_PREFIX));
		if (is_ours || dir_stat(u->f->fd, names[i], &st, &ignored) != 0)
			continue;
		if (file_is_regular(&st))
			put_file(u, names[i], &st);
		else
			log_warn("%s: \"%s\" is no file: it is saved with the others, and no "
			         "registry tells of it",
			         u->f->id, names[i]);
	}
	return 0;
}

/* And none that is not. */
static int drop_files(struct update *u, struct err *e)
{
	size_t i = 0;
	while (i < js_count(u->files)) {
		MEM_AUTO char *id = mem_str(js_key_at(u->files, i));
		struct js *entry = js_field_at(u->files, i);
		char name[DIR_NAME_MAX + 1];
		int there = 0;
		if (flat_registry_name(entry, name))
			there = dir_exists(u->f->fd, name, e);
		if (there < 0)
			return -1;
		if (there)
			i++;
		else
			js_remove(u->files, id);
	}
	return 0;
}

/* Which agent has which files, from the files. */
static void list_agents(struct update *u)
{
	struct js *agents = js_object();
	for (size_t i = 0; i < js_count(u->files); i++) {
		MEM_AUTO char *agent = mem_str(js_get_str(js_field_at(u->files, i), "agent"));
		if (!js_get(agents, agent))
			js_set(agents, agent, js_array());
		js_set_str(js_get(agents, agent), NULL, js_key_at(u->files, i));
	}
	js_set(u->registry, "agents", agents);
}

static int write_registry(const struct update *u, struct err *e)
{
	BUF_AUTO text = buf_make(REGISTRY_BYTES_MAX);
	struct file_stat st;
	js_format_pretty(u->registry, &text);
	buf_add_char(&text, '\n');
	if (buf_check(&text, e, FLAT_REGISTRY) != 0 ||
	    dir_replace_file(u->f->fd, FLAT_REGISTRY, text.p, text.len, 0644, e) != 0)
		return -1;
	if (sys_uid() != 0)
		return 0;
	return file_stat(u->f->fd, &st, e, "the workspace") != 0
	               ? -1
	               : attr_set_owner_at(u->f->fd, FLAT_REGISTRY, st.uid, st.gid, e);
}

static void free_update(struct update *u)
{
	js_free(u->registry);
}

int flat_update(const struct flat *f, const char *name, const char *agent, struct err *e)
{
	FD_AUTO record_fd = -1;
	LOCK_AUTO lock = LOCK_NONE;
	AUTO(free_update) struct update u = { .f = f, .name = name, .agent = agent };
	datetime_iso_ms(sys_now_ms(), u.now);
	if (record_dir(f->base, f->id, false, &record_fd, e) != 0 ||
	    lock_take(record_fd, "registry.lock", LOCK_WAIT_MS, &lock, e) != 0 || load(&u, e) != 0)
		return err_context(e, "%s", FLAT_REGISTRY);
	inside_put_sweep_dir(f->fd);
	if (drop_files(&u, e) != 0 || put_files(&u, e) != 0)
		return err_context(e, "%s", FLAT_REGISTRY);
	list_agents(&u);
	return write_registry(&u, e);
}
