/* A stack of lists of patterns, one for each directory between the root and where the walk is. */
#include "pack/ignores.h"

#include "base/mem.h"
#include "os/dir.h"
#include "pack/exclude.h"
#include "pack/names.h"

enum { FILE_MAX = 1 << 20 };

struct level {
	char *base; /* the directory */
	size_t base_len;
	struct exclude *rules;
};

struct ignores {
	struct level *levels;
	size_t count, cap;
};

struct ignores *ignores_new(void)
{
	return mem_new(1, sizeof(struct ignores));
}

static void pop(struct ignores *g)
{
	struct level *top = &g->levels[--g->count];
	exclude_free(top->rules);
	mem_free(top->base);
}

void ignores_free(struct ignores *g)
{
	if (!g)
		return;
	while (g->count > 0)
		pop(g);
	mem_free(g->levels);
	mem_free(g);
}

static struct str base_of(const struct level *l)
{
	return str_from(l->base, l->base_len);
}

/* Lines as git reads them: a pattern that means nothing is passed over. */
static void add_lines(struct exclude *rules, struct str text)
{
	struct str line;
	if (str_starts(text, S("\xef\xbb\xbf")))
		text = str_skip(text, 3);
	while (text.len > 0) {
		struct err odd = ERR_INIT;
		str_cut(text, '\n', &line, &text);
		if (str_ends(line, S("\r")))
			line.len--;
		if (line.len > 0 && line.p[0] != '#' && exclude_add(rules, line, &odd))
			continue;
	}
}

static void add_file(struct exclude **rules, int dirfd, const char *name)
{
	FD_AUTO fd = -1;
	BUF_AUTO text = buf_make(FILE_MAX);
	struct err ignored = ERR_INIT;
	if (dir_open_file(dirfd, name, &fd, &ignored) || file_read_rest(fd, &text, &ignored, name))
		return;
	if (!*rules)
		*rules = exclude_new();
	add_lines(*rules, buf_str(&text));
}

static void add_info(struct exclude **rules, int dirfd)
{
	char name[DIR_NAME_MAX + 1];
	FD_AUTO parent = -1;
	struct err ignored = ERR_INIT;
	if (dir_open_parent(dirfd, ".git/info/exclude", &parent, name, &ignored) == 0)
		add_file(rules, parent, name);
}

void ignores_enter(struct ignores *g, struct str path, int fd)
{
	struct exclude *rules = NULL;
	while (g->count > 0 && !names_within(path, base_of(&g->levels[g->count - 1])))
		pop(g);
	/* A later rule goes before an earlier one. */
	add_info(&rules, fd);
	add_file(&rules, fd, ".gitignore");
	if (!rules)
		return;
	if (g->count == g->cap) {
		g->cap = g->cap ? 2 * g->cap : 16;
		g->levels = mem_grow(g->levels, g->cap, sizeof(g->levels[0]));
	}
	g->levels[g->count++] = (struct level){ mem_str(path), path.len, rules };
}

bool ignores_match(const struct ignores *g, struct str path, bool is_dir)
{
	for (size_t i = g ? g->count : 0; i > 0; i--) {
		const struct level *l = &g->levels[i - 1];
		if (!names_within(path, base_of(l)) || path.len == l->base_len)
			continue;
		struct str below = str_skip(path, l->base_len > 0 ? l->base_len + 1 : 0);
		int word = exclude_word(l->rules, below, is_dir);
		if (word != 0)
			return word > 0;
	}
	return false;
}
