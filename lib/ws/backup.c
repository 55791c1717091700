/* What a backup consists of. */
#include "ws/backup_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "pack/exclude.h"
#include "store/store.h"

static const char *const priorities[] = {
	[BACKUP_CRITICAL] = "critical",
	[BACKUP_HIGH] = "high",
	[BACKUP_MEDIUM] = "medium",
	[BACKUP_LOW] = "low",
};

int backup_priority_parse(struct str name)
{
	int i = 0;
	while (i <= BACKUP_LOW && !str_is(name, priorities[i]))
		i++;
	return i;
}

const char *backup_priority_name(enum backup_priority p)
{
	return priorities[p];
}

static const char *const actions[] = {
	[BACKUP_CREATE] = "create", [BACKUP_REPLACE] = "replace", [BACKUP_EXCHANGE] = "exchange",
	[BACKUP_REMOVE] = "remove", [BACKUP_NOTHING] = "nothing",
};

const char *backup_action_name(enum backup_action a)
{
	return actions[a];
}

void backup_init(struct backup *b)
{
	*b = (struct backup){
		.host = mem_text(""),
		.profile = mem_text(""),
		.instance = mem_text(""),
	};
}

static void free_part(struct backup_part *p)
{
	mem_free(p->name);
	mem_free(p->path);
	mem_free(p->key);
}

void backup_free(struct backup *b)
{
	for (size_t i = 0; i < b->count; i++)
		free_part(&b->parts[i]);
	mem_free(b->parts);
	mem_free(b->host);
	mem_free(b->profile);
	mem_free(b->instance);
	*b = (struct backup){ .count = 0 };
}

struct backup_part *backup_find(const struct backup *b, const char *name)
{
	for (size_t i = 0; i < b->count; i++) {
		if (strcmp(b->parts[i].name, name) == 0)
			return &b->parts[i];
	}
	return NULL;
}

struct backup_part *backup_insert(struct backup *b, enum backup_priority priority)
{
	if (b->count == b->cap) {
		b->cap = b->cap ? 2 * b->cap : 8;
		b->parts = mem_grow(b->parts, b->cap, sizeof(b->parts[0]));
	}
	size_t at = b->count++;
	while (at > 0 && b->parts[at - 1].priority > priority) {
		b->parts[at] = b->parts[at - 1];
		at--;
	}
	b->parts[at] = (struct backup_part){ .priority = priority };
	return &b->parts[at];
}

void backup_at_least(struct backup *b, enum backup_priority p)
{
	while (b->count > 0 && b->parts[b->count - 1].priority > p)
		free_part(&b->parts[--b->count]);
}

/* ---- places ---- */

/* The deepest directory that is there says where the rest would be. */
char *backup_absolute(const char *path)
{
	struct str all = str_of(path), head, last;
	char *real = realpath(path, NULL);
	char *out = real ? mem_text(real) : NULL;
	free(real);
	while (all.len > 1 && str_ends(all, S("/")))
		all.len--;
	bool below = str_cut_last(all, '/', &head, &last);
	if (out || str_is(all, ".") || last.len == 0)
		return out ? out : mem_text(path);
	MEM_AUTO char *parent = mem_str(head.len > 0 ? head : below ? S("/") : S("."));
	MEM_AUTO char *top = backup_absolute(parent);
	return mem_printf("%s%s%" STR_FMT, top, strcmp(top, "/") == 0 ? "" : "/", STR_ARG(last));
}

bool backup_within(const char *path, const char *top)
{
	struct str p = str_of(path), t = str_of(top);
	return str_starts(p, t) && (p.len == t.len || p.p[t.len] == '/');
}

int backup_apart(const struct backup *b, const struct store *s, struct err *e)
{
	struct str url = str_of(store_url(s));
	if (!str_starts(url, S("file://")))
		return 0;
	MEM_AUTO char *place = backup_absolute(str_skip(url, 7).p);
	for (size_t i = 0; i < b->count; i++) {
		if (backup_within(place, b->parts[i].path))
			return err_set(e, ERR_KIND_USAGE, "part %s: the backup at %s lies in it",
			               b->parts[i].name, place);
	}
	return 0;
}

void backup_exclude(struct exclude *x)
{
	exclude_add_literal(x, S(BACKUP_STAGE_NAME));
	exclude_add_literal(x, S(BACKUP_QUARANTINE_NAME));
	exclude_add_literal(x, S(BACKUP_FOUND_NAME));
}
