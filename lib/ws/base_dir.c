/* The base and its areas. */
#include "ws/base_dir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/codec.h"
#include "base/mem.h"
#include "data/js.h"
#include "os/dir.h"
#include "os/lock.h"
#include "os/sys.h"
#include "ws/reserve.h"

static const char marker[] = "base.json";

/* ---- which directories can be a base ---- */

/* Whether `path` has a component ".ws": it would lie in what another base keeps for itself. */
static bool is_below_ws(const char *path)
{
	struct str rest = str_of(path);
	struct str component;
	bool more = true;
	while (more) {
		more = str_cut(rest, '/', &component, &rest);
		if (str_is(component, ".ws"))
			return true;
	}
	return false;
}

static int check_path(const char *path, struct err *e)
{
	if (*path == '\0')
		return err_set(e, ERR_KIND_USAGE, "base: the path is empty");
	if (is_below_ws(path))
		return err_set(e, ERR_KIND_USAGE, "base %s: lies in the .ws of another base", path);
	return 0;
}

/* A link as base could be pointed elsewhere between two commands. */
static int check_not_link(const char *path, struct err *e)
{
	FD_AUTO parent = -1;
	char name[DIR_NAME_MAX + 1];
	struct file_stat st;
	struct err ignored =
		ERR_INIT; /* no such name, or none at all ("/", "."): then it is no link either */
	if (dir_open_user_parent(path, &parent, name, &ignored) != 0 ||
	    dir_stat(parent, name, &st, &ignored) != 0 || !file_is_symlink(&st))
		return 0;
	return err_set(e, ERR_KIND_USAGE, "base %s: is a symbolic link; name the directory itself",
	               path);
}

/* Whether `fd` is the directory that `path` names; a path that can't be opened is another one. */
static bool is_directory(int fd, const char *path)
{
	FD_AUTO other = -1;
	struct file_stat a, b;
	struct err ignored = ERR_INIT;
	return path && dir_open_root(path, &other, &ignored) == 0 &&
	       file_stat(fd, &a, &ignored, path) == 0 &&
	       file_stat(other, &b, &ignored, path) == 0 && a.dev == b.dev && a.ino == b.ino;
}

static int check_place(int fd, const char *path, struct err *e)
{
	if (is_directory(fd, "/"))
		return err_set(e, ERR_KIND_USAGE, "base %s: the root directory can't be a base",
		               path);
	if (is_directory(fd, sys_env("HOME")))
		return err_set(e, ERR_KIND_USAGE, "base %s: the home directory can't be a base",
		               path);
	return 0;
}

/* Whoever owns the base can put things in the place of workspaces: for a service that runs as root and works in
 * users' directories that is fine, between users it is not. */
static int check_owner(int fd, const char *path, struct err *e)
{
	struct file_stat st;
	uint32_t me = sys_uid();
	if (file_stat(fd, &st, e, path) != 0)
		return -1;
	if (me == 0 || st.uid == me || st.uid == 0)
		return 0;
	return err_set(e, ERR_KIND_DENIED, "base %s: belongs to user %u, and we are user %u", path,
	               st.uid, me);
}

/* Records say where to write: those of somebody else are not for us to follow, least of all as root. */
static int check_ws_owner(const struct base_dir *b, struct err *e)
{
	struct file_stat st;
	if (file_stat(b->ws_fd, &st, e, ".ws") != 0)
		return -1;
	if (st.uid == sys_uid())
		return 0;
	return err_set(e, ERR_KIND_DENIED,
	               ".ws belongs to user %u, and we are user %u; run it as that user", st.uid,
	               sys_uid());
}

/* The absolute path of `fd`, which was opened as `path`. */
static int resolve(int fd, const char *path, char **out, struct err *e)
{
	char *resolved = realpath(path, NULL);
	*out = resolved ? mem_text(resolved) : NULL;
	free(resolved);
	if (!*out)
		return err_sys(e, "base %s: resolve", path);
	if (!is_directory(fd, *out))
		return err_set(e, ERR_KIND_CONFLICT, "base %s: was replaced while it was opened",
		               path);
	return check_path(*out, e);
}

/* ---- opening ---- */

static int write_marker(int ws_fd, struct err *e)
{
	JS_AUTO document = js_object();
	BUF_AUTO text = buf_make(4096);
	js_set_int(document, "version", 1);
	js_set_int(document, "created_ms", sys_now_ms());
	js_format(document, &text);
	buf_add_char(&text, '\n');
	if (buf_check(&text, e, marker) != 0)
		return -1;
	return dir_replace_file(ws_fd, marker, text.p, text.len, 0600, e);
}

/* Made before they are needed: a workspace has to be spooled even when there is no room for a directory. */
static int make_areas(const struct base_dir *b, struct err *e)
{
	static const char *const areas[] = { "staging", "spool", "trash", "quarantine" };
	for (size_t i = 0; i < COUNTOF(areas); i++) {
		FD_AUTO fd = -1;
		if (base_dir_area(b, areas[i], &fd, e) != 0)
			return -1;
	}
	return dir_sync(b->ws_fd, e);
}

/* A collector has to be able to work when nothing can be made any more. Best effort. */
static void make_ready_for_gc(const struct base_dir *b)
{
	struct err ignored = ERR_INIT;
	LOCK_AUTO lock = LOCK_NONE;
	int result = lock_take(b->ws_fd, "gc.lock", 0, &lock, &ignored);
	(void)result;
	reserve_make(b);
}

static int make_ws(struct base_dir *b, struct err *e)
{
	if (dir_make(b->fd, ".ws", 0700, &b->ws_fd, e) != 0 || check_ws_owner(b, e) != 0 ||
	    dir_sync(b->fd, e) != 0 || make_areas(b, e) != 0)
		return -1;
	int marked = dir_exists(b->ws_fd, marker, e);
	if (marked != 0)
		return marked < 0 ? -1 : 0;
	make_ready_for_gc(b);
	return write_marker(b->ws_fd, e);
}

static int open_ws(struct base_dir *b, struct err *e)
{
	struct err why = ERR_INIT;
	int marked = 0;
	if (dir_open(b->fd, ".ws", &b->ws_fd, &why) == 0)
		marked = dir_exists(b->ws_fd, marker, &why);
	if (marked > 0)
		return check_ws_owner(b, e);
	if (!err_is(&why) || why.kind == ERR_KIND_NOT_FOUND)
		return err_set(e, ERR_KIND_CONFIG,
		               "is not a base of workspaces (no .ws/%s in it; ws-setup makes one)",
		               marker);
	*e = why;
	return -1;
}

/* Who has said nothing finds out here that there is a default, and how to have another one. */
static int fail_open(const char *path, struct err *e)
{
	struct err why = *e;
	err_clear(e);
	err_set(e, why.kind, "base %s: %s; --base or WORKSPACE_DIR names another", path, why.msg);
	e->sys_errno = why.sys_errno;
	return -1;
}

static int open_all(const char *path, bool create, struct base_dir *b, struct err *e)
{
	if (check_path(path, e) != 0 || check_not_link(path, e) != 0)
		return -1;
	int opened = create ? dir_make_root(path, &b->fd, e) : dir_open_root(path, &b->fd, e);
	if (opened != 0)
		return fail_open(path, e);
	if (check_place(b->fd, path, e) != 0 || check_owner(b->fd, path, e) != 0 ||
	    resolve(b->fd, path, &b->path, e) != 0)
		return -1;
	if ((create ? make_ws(b, e) : open_ws(b, e)) != 0)
		return err_context(e, "base %s", path);
	return 0;
}

int base_dir_open(const char *path, bool create, struct base_dir *out, struct err *e)
{
	*out = (struct base_dir){ .path = NULL, .fd = -1, .ws_fd = -1 };
	if (open_all(path, create, out, e) == 0)
		return 0;
	base_dir_close(out);
	return -1;
}

void base_dir_close(struct base_dir *b)
{
	mem_free(b->path);
	b->path = NULL;
	file_close_auto(&b->fd);
	file_close_auto(&b->ws_fd);
	b->fd = -1;
	b->ws_fd = -1;
}

/* ---- names ---- */

static bool is_alnum(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static const char *fault_of_word(struct str word)
{
	if (word.len == 0)
		return "is empty";
	if (word.len > BASE_DIR_ID_MAX)
		return "is longer than 128 bytes";
	if (!is_alnum(word.p[0]))
		return "does not begin with a letter or digit";
	for (size_t i = 1; i < word.len; i++) {
		char c = word.p[i];
		if (!is_alnum(c) && c != '.' && c != '_' && c != '-')
			return "holds something other than letters, digits, '.', '_' and '-'";
	}
	return NULL;
}

int base_dir_check_word(const char *what, const char *word, struct err *e)
{
	char shown[200];
	const char *fault = fault_of_word(str_of(word));
	if (!fault)
		return 0;
	return err_set(e, ERR_KIND_USAGE, "%s \"%s\" %s", what,
	               codec_quoted(str_of(word), shown, sizeof(shown)), fault);
}

int base_dir_check_id(const char *id, struct err *e)
{
	static const char *const reserved[] = { "spool",       "trash",   "staging",
		                                "quarantine",  "store",   "base.json",
		                                "audit.jsonl", "gc.lock", "keys.lock",
		                                "gc.json",     "reserve", "audit.jsonl.1",
		                                "audit.lock" };
	if (base_dir_check_word("workspace id", id, e) != 0)
		return -1;
	for (size_t i = 0; i < COUNTOF(reserved); i++) {
		if (strcmp(id, reserved[i]) == 0)
			return err_set(e, ERR_KIND_USAGE,
			               "workspace id \"%s\" is a name that ws uses itself", id);
	}
	return 0;
}

void base_dir_new_id(char out[BASE_DIR_ID_MAX + 1])
{
	char random[10];
	sys_random_name(random);
	snprintf(out, BASE_DIR_ID_MAX + 1, "task-%lld-%s", (long long)sys_now_ms(), random);
}

char *base_dir_workspace_path(const struct base_dir *b, const char *id)
{
	return mem_printf("%s/%s", b->path, id);
}

char *base_dir_store_url(const struct base_dir *b)
{
	return mem_printf("file://%s/.ws/store", b->path);
}

/* ---- areas ---- */

int base_dir_area(const struct base_dir *b, const char *area, int *fd, struct err *e)
{
	return dir_make(b->ws_fd, area, 0700, fd, e);
}

void base_dir_aside_name(const char *id, char as[256])
{
	char random[10];
	sys_random_name(random);
	snprintf(as, 256, "%lld.%s.%s", (long long)sys_now_ms(), id, random);
}

int base_dir_move_aside(const struct base_dir *b, int from, const char *name, const char *area,
                        const char *as, struct err *e)
{
	FD_AUTO fd = -1;
	if (base_dir_area(b, area, &fd, e) != 0 || dir_rename(from, name, fd, as, true, e) != 0)
		return -1;
	/* The area first: after a power loss the directory may lie in both places, never in none. */
	return dir_sync(b->ws_fd, e) != 0 || dir_sync(fd, e) != 0 ? -1 : dir_sync(from, e);
}

int base_dir_set_aside(const struct base_dir *b, int from, const char *name, const char *area,
                       const char *id, char as[256], struct err *e)
{
	base_dir_aside_name(id, as);
	return base_dir_move_aside(b, from, name, area, as, e);
}

int base_dir_give_up(const struct base_dir *b, const char *area, const char *name, char gone[256],
                     int *fd, struct err *e)
{
	struct err why = ERR_INIT;
	bool is_gone = str_ends(str_of(name), S(".gone"));
	snprintf(gone, 256, "%s%s", name, is_gone ? "" : ".gone");
	if (base_dir_area(b, area, fd, e) != 0)
		return -1;
	if (is_gone)
		return 0;
	if (dir_rename(*fd, name, *fd, gone, true, &why) == 0)
		return dir_sync(*fd, e);
	if (why.kind == ERR_KIND_NOT_FOUND)
		return 0;
	*e = why;
	return -1;
}

int base_dir_delete(const struct base_dir *b, const char *area, const char *name,
                    struct remove_stats *stats, struct err *e)
{
	FD_AUTO fd = -1;
	char gone[256];
	if (base_dir_give_up(b, area, name, gone, &fd, e) != 0)
		return -1;
	return remove_tree(fd, gone, stats, e);
}
