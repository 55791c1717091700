/* The environment of the supervised command. */
#include <string.h>

#include "base/mem.h"
#include "ws/part.h"
#include "ws/setup.h"

/* POSIX names it without a header. */
extern char **environ;

struct list {
	char **items;
	size_t count;
};

static struct str name_of(const char *variable)
{
	struct str name;
	str_cut(str_of(variable), '=', &name, NULL);
	return name;
}

/* Credentials and our own settings are not the command's business. */
static bool is_private(struct str name)
{
	return str_starts(name, S("AWS_")) || str_starts(name, S("WS_"));
}

/* Takes ownership of `variable`; one of the same name is replaced. */
static void set(struct list *l, char *variable)
{
	for (size_t i = 0; i < l->count; i++) {
		if (!str_eq(name_of(l->items[i]), name_of(variable)))
			continue;
		mem_free(l->items[i]);
		l->items[i] = variable;
		return;
	}
	l->items = mem_grow(l->items, l->count + 2, sizeof(char *));
	l->items[l->count++] = variable;
	l->items[l->count] = NULL;
}

static void free_list(struct list *l)
{
	for (size_t i = 0; i < l->count; i++)
		mem_free(l->items[i]);
	mem_free(l->items);
}

static bool is_passed(struct str name, const char *const *pass, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (str_is(name, pass[i]))
			return true;
	}
	return false;
}

int setup_environment(const struct setup *s, const char *const *pass, size_t pass_count,
                      char ***env, struct err *e)
{
	AUTO(free_list) struct list l = { .items = NULL };
	struct profile_words words = part_words(&s->record);
	words.root = s->root;
	for (char **p = environ; *p; p++) {
		struct str name = name_of(*p);
		if (!is_private(name) || is_passed(name, pass, pass_count))
			set(&l, mem_text(*p));
	}
	for (size_t i = 0; i < s->profile.env_count; i++) {
		BUF_AUTO text = buf_make(8192);
		if (profile_expand(s->profile.env[i], &words, &text, e) != 0)
			return -1;
		set(&l, buf_take(&text));
	}
	set(&l, mem_printf("WORKSPACE_ID=%s", s->record.id));
	set(&l, mem_printf("WORKSPACE_PATH=%s", s->root));
	*env = l.items;
	l = (struct list){ .items = NULL };
	return 0;
}
