/* A base and a file store in a directory of their own, for the tests of setup and teardown. */
#ifndef WS_TESTS_WORKSPACE_H
#define WS_TESTS_WORKSPACE_H

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/dir.h"
#include "os/remove.h"
#include "os/sys.h"
#include "store/store.h"
#include "tests/unit/tap.h"
#include "ws/setup.h"
#include "ws/teardown.h"

struct world {
	char top[64];
	char base[96];
	char store[96]; /* its directory */
	char store_url[128];
	struct err last; /* what set_up and tear_down failed with */
	struct teardown_result result;
};

/* ---- paths below the world's directory, as tests see them ---- */

/* The absolute path of a formatted one; mem_free. */
static char *path_of(const struct world *w, const char *path)
{
	return mem_printf("%s/%s", w->top, path);
}

UNUSED static bool is_there(const struct world *w, const char *path)
{
	MEM_AUTO char *full = path_of(w, path);
	struct stat st;
	return lstat(full, &st) == 0;
}

static void make_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) != 0 && errno != EEXIST)
			abort();
		*slash = '/';
	}
}

UNUSED static void put_file(const struct world *w, const char *path, const char *text)
{
	MEM_AUTO char *full = path_of(w, path);
	make_parents(full);
	int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) != 0)
		abort();
}

UNUSED static void put_dir(const struct world *w, const char *path)
{
	MEM_AUTO char *full = path_of(w, path);
	make_parents(full);
	if (mkdir(full, 0755) != 0)
		abort();
}

/* The content, or "(absent)"; mem_free. */
UNUSED static char *content_of(const struct world *w, const char *path)
{
	MEM_AUTO char *full = path_of(w, path);
	BUF_AUTO text = buf_make(1 << 24);
	struct err e = ERR_INIT;
	int fd = open(full, O_RDONLY);
	if (fd < 0)
		return mem_text("(absent)");
	if (file_read_rest(fd, &text, &e, full) != 0)
		abort();
	close(fd);
	return buf_take(&text);
}

UNUSED static bool has(const struct world *w, const char *path, const char *text)
{
	MEM_AUTO char *content = content_of(w, path);
	if (strcmp(content, text) == 0)
		return true;
	tap_note("%s: \"%s\", not \"%s\"", path, content, text);
	return false;
}

UNUSED static void set_age(const struct world *w, const char *path, int64_t seconds)
{
	MEM_AUTO char *full = path_of(w, path);
	struct timespec times[2] = { { .tv_sec = seconds }, { .tv_sec = seconds } };
	if (utimensat(AT_FDCWD, full, times, AT_SYMLINK_NOFOLLOW) != 0)
		abort();
}

/* Number of names in a directory; 0 when it is absent. */
UNUSED static size_t count_in(const struct world *w, const char *path)
{
	MEM_AUTO char *full = path_of(w, path);
	struct err e = ERR_INIT;
	FD_AUTO fd = -1;
	char **names;
	size_t count;
	if (dir_open_root(full, &fd, &e) != 0 || dir_list(fd, 10000, &names, &count, &e) != 0)
		return 0;
	mem_free(names);
	return count;
}

UNUSED static void rename_in(const struct world *w, const char *from, const char *to)
{
	MEM_AUTO char *a = path_of(w, from);
	MEM_AUTO char *b = path_of(w, to);
	if (rename(a, b) != 0)
		abort();
}

UNUSED static void delete_in(const struct world *w, const char *path)
{
	MEM_AUTO char *full = path_of(w, path);
	struct err e = ERR_INIT;
	FD_AUTO parent = -1;
	char name[DIR_NAME_MAX + 1];
	if (dir_open_user_parent(full, &parent, name, &e) != 0 ||
	    remove_tree(parent, name, NULL, &e) != 0)
		abort();
}

/* ---- worlds ---- */

UNUSED static struct world make_world(void)
{
	struct world w = { .top = "/tmp/ws-world-XXXXXX" };
	if (!mkdtemp(w.top))
		abort();
	snprintf(w.base, sizeof(w.base), "%s/base", w.top);
	snprintf(w.store, sizeof(w.store), "%s/store", w.top);
	snprintf(w.store_url, sizeof(w.store_url), "file://%s", w.store);
	return w;
}

UNUSED static void free_world(struct world *w)
{
	struct err e = ERR_INIT;
	FD_AUTO tmp = -1;
	teardown_result_free(&w->result);
	if (dir_open_root("/tmp", &tmp, &e) != 0 || remove_tree(tmp, w->top + 5, NULL, &e) != 0)
		tap_note("not removed: %s", e.msg);
}
#define WORLD_AUTO AUTO(free_world) struct world

/* ---- setup and teardown ---- */

UNUSED static struct setup_options setup_of(const struct world *w, const char *id)
{
	return (struct setup_options){ .id = id, .base = w->base, .store = w->store_url };
}

/* The kind of the error; the setup is closed again. */
UNUSED static enum err_kind set_up_with(struct world *w, const struct setup_options *o)
{
	SETUP_AUTO s;
	w->last = ERR_INIT;
	return setup_run(o, &s, &w->last) == 0 ? ERR_KIND_NONE : w->last.kind;
}

UNUSED static enum err_kind set_up(struct world *w, const char *id)
{
	const struct setup_options o = setup_of(w, id);
	return set_up_with(w, &o);
}

UNUSED static enum err_kind tear_down_with(struct world *w, const char *id,
                                           struct teardown_options o)
{
	BASE_DIR_AUTO b;
	teardown_result_free(&w->result);
	w->result = (struct teardown_result){ .side_key = NULL };
	w->last = ERR_INIT;
	if (base_dir_open(w->base, false, &b, &w->last) != 0)
		return w->last.kind;
	int result = teardown_run(&b, id, &o, NULL, &w->result, &w->last);
	return result == 0 ? ERR_KIND_NONE : w->last.kind;
}

UNUSED static enum err_kind tear_down(struct world *w, const char *id)
{
	return tear_down_with(w, id, (struct teardown_options){ .wake_fd = -1 });
}

/* ---- records ---- */

/* The record; the caller frees it. */
UNUSED static void load(const struct world *w, const char *id, struct record *out)
{
	BASE_DIR_AUTO b;
	struct err e = ERR_INIT;
	if (base_dir_open(w->base, false, &b, &e) != 0 || record_load(&b, id, out, &e) != 0) {
		tap_note("%s", e.msg);
		record_init(out, "nothing");
	}
}

UNUSED static void save(const struct world *w, struct record *r)
{
	BASE_DIR_AUTO b;
	struct err e = ERR_INIT;
	if (base_dir_open(w->base, false, &b, &e) != 0 || record_save(&b, r, &e) != 0)
		abort();
}

/* "ready", or "(none)". */
UNUSED static const char *state_of(const struct world *w, const char *id)
{
	MEM_AUTO char *path = mem_printf("base/.ws/%s/record.json", id);
	RECORD_AUTO r = { .labels = NULL };
	if (!is_there(w, path))
		return "(none)";
	load(w, id, &r);
	return record_state_name(r.state);
}

UNUSED static void set_state(const struct world *w, const char *id, enum record_state state)
{
	RECORD_AUTO r;
	load(w, id, &r);
	r.state = state;
	save(w, &r);
}

#endif
