/* Migration of session directories. */
#include "ws/migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "os/dir.h"
#include "os/node.h"
#include "os/walk.h"
#include "ws/flat.h"
#include "ws/journal.h"

enum { NAMES_MAX = 1000 * 1000, PREFIX_LEN = 7 /* "denker_" */ };

/* One session at work. */
struct session {
	struct migrate *m;
	struct js *taken; /* names that this run gives: name_key to hash */
	const char *name;
	int fd;
	bool whole; /* every file has arrived so far */
};

static void report(struct session *s, const char *path, const char *action, const char *field,
                   const char *text)
{
	struct js *line = js_object();
	js_set_text(line, "session", s->name);
	if (path)
		js_set_path(line, "path", str_of(path));
	js_set_text(line, "action", action);
	if (field)
		js_set_path(line, field, str_of(text));
	js_set(s->m->report, NULL, line);
}

static void refuse(struct session *s, const char *path, const char *why)
{
	report(s, path, "refuse", "reason", why);
	s->whole = false;
	s->m->refused++;
}

/* ---- which name ---- */

/* The hash of the file `path` beneath `fd`: 1, 0 when there is no file, -1. */
static int hash_of(int fd, const char *path, struct inside_copied *out, struct err *e)
{
	FD_AUTO file = -1;
	struct err why = ERR_INIT;
	if (dir_open_file(fd, path, &file, &why) != 0) {
		*e = why;
		return why.kind == ERR_KIND_NOT_FOUND ? (err_clear(e), 0) : -1;
	}
	return inside_copy(file, -1, UINT64_MAX, NULL, out, e, path) != 0 ? -1 : 1;
}

enum state { FREE, SAME, TAKEN };

enum { NAME_KEY_MAX = 2 * DIR_NAME_MAX + 1 };

/* A name need not be text, and a key of JSON has to be. */
static const char *name_key(const char *name, char key[NAME_KEY_MAX])
{
	return codec_hex(name, strlen(name), key);
}

/* Whether `name` is there already, or will be. */
static int state_of(struct session *s, const char *name, const char *sha256, enum state *out,
                    struct err *e)
{
	struct inside_copied there;
	struct err ignored = ERR_INIT;
	int found = 0;
	*out = TAKEN;
	if (strlen(name) > DIR_NAME_MAX || flat_check_name(name, &ignored) != 0)
		return 0;
	char key[NAME_KEY_MAX];
	const struct js *given = js_get(s->taken, name_key(name, key));
	if (given) {
		*out = str_is(js_value_str(given), sha256) ? SAME : TAKEN;
		return 0;
	}
	if (s->m->to->fd >= 0)
		found = hash_of(s->m->to->fd, name, &there, e);
	if (found > 0)
		*out = strcmp(there.sha256, sha256) == 0 ? SAME : TAKEN;
	else if (found == 0)
		*out = FREE;
	if (found < 0)
		err_clear(e); /* something that is no file: the name is taken */
	return 0;
}

/* The file's own name, else one that tells where it is from. mem_free; NULL when both are taken. */
static char *choose(struct session *s, const char *path, const char *sha256, enum state *state,
                    struct err *e)
{
	const char *slash = strrchr(path, '/');
	char *name = mem_text(slash ? slash + 1 : path);
	for (int attempt = 0; attempt < 2; attempt++) {
		if (state_of(s, name, sha256, state, e) == 0 && *state != TAKEN)
			return name;
		mem_free(name);
		name = mem_printf("%s__%s", s->name, path);
		for (char *p = name; *p; p++)
			*p = *p == '/' ? '_' : *p;
	}
	mem_free(name);
	return NULL;
}

/* ---- one file ---- */

static int copy(struct session *s, const char *path, const char *name, const char *sha256,
                struct err *e)
{
	FD_AUTO from = -1;
	struct file_stat st;
	struct inside_copied there;
	const struct inside *to = s->m->to;
	if (dir_open_file(s->fd, path, &from, e) != 0 || file_stat(from, &st, e, path) != 0)
		return -1;
	const struct inside_put how = { .mode = st.mode & 0777, .max_bytes = UINT64_MAX };
	struct inside_copied done;
	if (inside_put(to, from, name, &how, &done, e) != 0 ||
	    node_set_mtime_at(to->fd, name, st.mtime_s, st.mtime_ns, e) != 0)
		return -1;
	int found = hash_of(to->fd, name, &there, e);
	if (found > 0 && strcmp(there.sha256, sha256) == 0)
		return 0;
	return found < 0 ? -1 : err_set(e, ERR_KIND_TRY_AGAIN, "it changed while it was copied");
}

static void take(struct session *s, const char *path)
{
	struct inside_copied here;
	struct err why = ERR_INIT;
	enum state state;
	if (hash_of(s->fd, path, &here, &why) <= 0) {
		refuse(s, path, why.msg[0] ? why.msg : "it vanished");
		return;
	}
	MEM_AUTO char *name = choose(s, path, here.sha256, &state, &why);
	if (!name) {
		refuse(s, path, "its names are taken by other files");
		return;
	}
	if (state == FREE && !s->m->dry_run && copy(s, path, name, here.sha256, &why) != 0) {
		refuse(s, path, why.msg);
		return;
	}
	char key[NAME_KEY_MAX];
	js_set_text(s->taken, name_key(name, key), here.sha256);
	s->m->copied += state == FREE;
	report(s, path, state == FREE ? "copy" : "same", "name", name);
}

/* ---- one session ---- */

static int take_files(struct session *s, struct err *e)
{
	const struct walk_options how = { .directories_after = false };
	struct walk_entry entry;
	WALK_AUTO walk = NULL;
	int got;
	if (walk_open(s->fd, &how, &walk, e) != 0)
		return -1;
	while ((got = walk_next(walk, &entry, e)) != 0) {
		if (got < 0 && walk_failed(walk))
			return -1;
		if (got < 0) {
			refuse(s, NULL, e->msg);
			err_clear(e);
		} else if (file_is_regular(&entry.stat)) {
			take(s, entry.path);
		} else if (!file_is_dir(&entry.stat)) {
			refuse(s, entry.path, "it is no regular file");
		}
	}
	return 0;
}

/* Out of the way of the next run, and nothing more: what is old is its owner's to delete. */
static int retire(struct session *s, struct err *e)
{
	MEM_AUTO char *as = mem_printf("%s.migrated", s->name);
	if (!s->whole) {
		s->m->kept++;
		report(s, NULL, "keep", NULL, NULL);
		return 0;
	}
	report(s, NULL, "retire", "name", as);
	if (s->m->dry_run)
		return 0;
	if (dir_sync(s->m->to->fd, e) != 0 ||
	    dir_rename(s->m->from, s->name, s->m->from, as, true, e) != 0)
		return err_context(e, "retire %s", s->name);
	struct js *fields = js_object();
	js_set_text(fields, "session", s->name);
	journal_add(s->m->to->base, "migrate", s->m->to->record.id, fields);
	return dir_sync(s->m->from, e);
}

static int run_session(struct migrate *m, const char *name, struct js *taken, struct err *e)
{
	FD_AUTO fd = -1;
	struct session s = { .m = m, .taken = taken, .name = name, .whole = true };
	struct file_stat st;
	m->sessions++;
	if (dir_stat(m->from, name, &st, e) != 0)
		return -1;
	if (!file_is_dir(&st)) {
		refuse(&s, NULL, "it is no directory");
		m->kept++;
		return 0;
	}
	if (dir_open(m->from, name, &fd, e) != 0)
		return -1;
	s.fd = fd;
	return take_files(&s, e) != 0 || retire(&s, e) != 0 ? err_context(e, "%s", name) : 0;
}

/* ---- all of them ---- */

/* Any number of digits. */
static bool is_session(const char *name)
{
	return strncmp(name, "denker_", PREFIX_LEN) == 0 && name[PREFIX_LEN] &&
	       strspn(name + PREFIX_LEN, "0123456789") == strlen(name + PREFIX_LEN);
}

static int compare_names(const void *a, const void *b)
{
	const char *const *left = a;
	const char *const *right = b;
	const char *x = *left + PREFIX_LEN, *y = *right + PREFIX_LEN;
	x += strspn(x, "0");
	y += strspn(y, "0");
	if (strlen(x) != strlen(y))
		return strlen(x) < strlen(y) ? -1 : 1;
	int order = strcmp(x, y);
	return order ? order : strcmp(*left, *right);
}

int migrate_run(struct migrate *m, struct err *e)
{
	MEM_AUTO char **names = NULL;
	JS_AUTO taken = js_object();
	size_t count, kept = 0;
	m->report = js_array();
	if (dir_list(m->from, NAMES_MAX, &names, &count, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (is_session(names[i]))
			names[kept++] = names[i];
	}
	qsort(names, kept, sizeof(names[0]), compare_names);
	for (size_t i = 0; i < kept; i++) {
		if (run_session(m, names[i], taken, e) != 0)
			return -1;
	}
	return 0;
}
