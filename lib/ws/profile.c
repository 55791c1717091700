/* Profiles from INI. */
#include "ws/profile.h"

#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "ws/profile_builtin.h"

/* What is being filled. The texts and the lists of excludes share the profile's one allocation. */
struct loader {
	struct profile *p;
	const char *section_name; /* "task" */
	const char **slots;       /* where the next list of excludes goes */
	char *text;               /* where the next text goes */
	struct err *e;
};

static const char *keep(struct loader *l, struct str s)
{
	char *at = l->text;
	memcpy(at, s.p, s.len);
	at[s.len] = '\0';
	l->text += s.len + 1;
	return at;
}

static int refuse(struct loader *l, const struct ini_entry *at, const char *why)
{
	return err_set(l->e, ERR_KIND_CONFIG, "[%" STR_FMT "] line %u: %" STR_FMT ": %s",
	               STR_ARG(at->section), at->line, STR_ARG(at->name), why);
}

static int set_bool(struct loader *l, const struct ini_entry *at, bool *out)
{
	*out = str_eq_nocase(at->value, S("yes")) || str_eq_nocase(at->value, S("true"));
	if (*out || str_eq_nocase(at->value, S("no")) || str_eq_nocase(at->value, S("false")))
		return 0;
	return refuse(l, at, "yes or no is expected");
}

static int set_mode(struct loader *l, const struct ini_entry *at, uint32_t *out)
{
	struct err ignored = ERR_INIT;
	return num_parse_mode(at->value, out, &ignored) == 0
	               ? 0
	               : refuse(l, at, "an octal mode is expected");
}

static int set_order(struct loader *l, const struct ini_entry *at, int *out)
{
	uint64_t value;
	struct err ignored = ERR_INIT;
	if (num_parse_u64(at->value, &value, &ignored) != 0 || value > 1000)
		return refuse(l, at, "a number from 0 to 1000 is expected");
	*out = (int)value;
	return 0;
}

static int set_needs(struct loader *l, const struct ini_entry *at)
{
	if (str_is(at->value, "workspace"))
		l->p->needs_workspace = true;
	else if (str_is(at->value, "session"))
		l->p->needs_session = true;
	else
		return refuse(l, at, "workspace or session is expected");
	return 0;
}

static int set_git(struct loader *l, const struct ini_entry *at)
{
	if (str_is(at->value, "worktree"))
		l->p->git = PROFILE_GIT_WORKTREE;
	else if (str_is(at->value, "clone"))
		l->p->git = PROFILE_GIT_CLONE;
	else
		return refuse(l, at, "worktree or clone is expected");
	return 0;
}

static int add_to_list(struct loader *l, const struct ini_entry *at, const char **list,
                       size_t *count)
{
	if (*count == PROFILE_LIST_MAX)
		return refuse(l, at, "there are too many of them");
	list[(*count)++] = keep(l, at->value);
	return 0;
}

static int add_env(struct loader *l, const struct ini_entry *at)
{
	struct str name;
	if (!str_cut(at->value, '=', &name, NULL) || name.len == 0)
		return refuse(l, at, "NAME=value is expected");
	return add_to_list(l, at, l->p->env, &l->p->env_count);
}

/* One line of [profile NAME]. */
static int profile_line(struct loader *l, const struct ini_entry *at)
{
	struct profile *p = l->p;
	if (str_is(at->name, "base"))
		p->base = keep(l, at->value);
	else if (str_is(at->name, "id"))
		p->id = keep(l, at->value);
	else if (str_is(at->name, "cwd"))
		p->cwd = keep(l, at->value);
	else if (str_is(at->name, "mode"))
		return set_mode(l, at, &p->mode);
	else if (str_is(at->name, "ephemeral"))
		return set_bool(l, at, &p->ephemeral);
	else if (str_is(at->name, "flat"))
		return set_bool(l, at, &p->flat);
	else if (str_is(at->name, "needs"))
		return set_needs(l, at);
	else if (str_is(at->name, "git"))
		return set_git(l, at);
	else if (str_is(at->name, "dir"))
		return add_to_list(l, at, p->dirs, &p->dir_count);
	else if (str_is(at->name, "env"))
		return add_env(l, at);
	else
		return refuse(l, at, "no such name for a profile");
	return 0;
}

static int set_kind(struct loader *l, const struct ini_entry *at, struct profile_part *part)
{
	part->is_file = str_is(at->value, "file");
	return part->is_file || str_is(at->value, "tree")
	               ? 0
	               : refuse(l, at, "tree or file is expected");
}

/* One line of [part NAME PART], but for excludes. */
static int part_line(struct loader *l, const struct ini_entry *at, struct profile_part *part)
{
	if (str_is(at->name, "kind"))
		return set_kind(l, at, part);
	if (str_is(at->name, "path"))
		part->path = keep(l, at->value);
	else if (str_is(at->name, "key"))
		part->key = keep(l, at->value);
	else if (str_is(at->name, "newer_than"))
		part->newer_than = keep(l, at->value);
	else if (str_is(at->name, "restore_order"))
		return set_order(l, at, &part->restore_order);
	else if (str_is(at->name, "save_order"))
		return set_order(l, at, &part->save_order);
	else if (str_is(at->name, "shared"))
		return set_bool(l, at, &part->shared);
	else if (str_is(at->name, "mode"))
		return set_mode(l, at, &part->file_mode);
	else
		return refuse(l, at, "no such name for a part");
	return 0;
}

/* ---- sections ---- */

/* The PART of a section "part NAME PART". */
static bool part_of(struct str section, const char *name, struct str *part)
{
	struct str word, rest;
	return str_cut(section, ' ', &word, &rest) && str_is(word, "part") &&
	       str_cut(rest, ' ', &word, part) && str_is(word, name) && part->len > 0;
}

static bool is_profile(struct str section, const char *name)
{
	struct str word, rest;
	return str_cut(section, ' ', &word, &rest) && str_is(word, "profile") && str_is(rest, name);
}

static struct profile_part *find_part(struct profile *p, struct str name)
{
	for (size_t i = 0; i < p->part_count; i++) {
		if (str_is(name, p->parts[i].name))
			return &p->parts[i];
	}
	return NULL;
}

/* The part of that name, made in the order of the file. */
static struct profile_part *make_part(struct loader *l, const struct ini_entry *at, struct str name)
{
	struct profile *p = l->p;
	struct profile_part *part = find_part(p, name);
	if (part)
		return part;
	if (p->part_count == PROFILE_PARTS_MAX || name.len > 63) {
		refuse(l, at, "there are too many parts, or the part's name is too long");
		return NULL;
	}
	int order = (int)p->part_count + 1;
	part = &p->parts[p->part_count++];
	*part = (struct profile_part){
		.name = keep(l, name),
		.path = ".",
		.restore_order = order,
		.save_order = order,
		.file_mode = 0600,
	};
	return part;
}

static int load_lines(struct loader *l, const struct ini *ini)
{
	struct str name;
	for (size_t i = 0; i < ini->count; i++) {
		const struct ini_entry *at = &ini->entries[i];
		if (is_profile(at->section, l->section_name)) {
			if (profile_line(l, at) != 0)
				return -1;
			continue;
		}
		if (!part_of(at->section, l->section_name, &name))
			continue;
		struct profile_part *part = make_part(l, at, name);
		if (!part || (!str_is(at->name, "exclude") && part_line(l, at, part) != 0))
			return -1;
	}
	return 0;
}

/* The excludes of each part, side by side and ended by NULL. */
static void load_excludes(struct loader *l, const struct ini *ini)
{
	struct str name;
	for (size_t i = 0; i < l->p->part_count; i++) {
		struct profile_part *part = &l->p->parts[i];
		part->excludes = l->slots;
		for (size_t k = 0; k < ini->count; k++) {
			const struct ini_entry *at = &ini->entries[k];
			if (part_of(at->section, l->section_name, &name) &&
			    str_is(name, part->name) && str_is(at->name, "exclude"))
				*l->slots++ = keep(l, at->value);
		}
		l->slots++; /* the NULL: the memory is zeroed */
	}
}

/* The other part's age is known only when it comes first. */
static bool names_earlier_part(const struct profile *p, const struct profile_part *part)
{
	for (size_t i = 0; i < p->part_count; i++) {
		if (strcmp(p->parts[i].name, part->newer_than) == 0)
			return p->parts[i].restore_order < part->restore_order;
	}
	return false;
}

static int check(const struct profile *p, struct err *e)
{
	for (size_t i = 0; i < p->part_count; i++) {
		const struct profile_part *part = &p->parts[i];
		if (!part->key)
			return err_set(e, ERR_KIND_CONFIG, "profile %s: part %s has no key",
			               p->name, part->name);
		if (part->newer_than && !names_earlier_part(p, part))
			return err_set(
				e, ERR_KIND_CONFIG,
				"profile %s: part %s: newer_than has to name a part that is restored earlier",
				p->name, part->name);
	}
	return 0;
}

/* ---- loading ---- */

static bool has_profile(const struct ini *ini, const char *name)
{
	for (size_t i = 0; i < ini->count; i++) {
		if (is_profile(ini->entries[i].section, name))
			return true;
	}
	return false;
}

static int load(const struct ini *ini, const char *name, struct profile *out, struct err *e)
{
	size_t slots = PROFILE_PARTS_MAX, bytes = strlen(name) + 1;
	for (size_t i = 0; i < ini->count; i++) {
		slots++;
		bytes += ini->entries[i].value.len + ini->entries[i].section.len + 2;
	}
	*out = (struct profile){ .mode = 0700, .cwd = ".", .base = "/opt/stacks" };
	out->memory = mem_new(1, slots * sizeof(char *) + bytes);
	struct loader l = {
		.p = out,
		.section_name = name,
		.slots = (const char **)(void *)out->memory,
		.text = out->memory + slots * sizeof(char *),
		.e = e,
	};
	out->name = keep(&l, str_of(name));
	if (load_lines(&l, ini) != 0)
		return -1;
	load_excludes(&l, ini);
	return check(out, e);
}

static void add_names(const struct ini *ini, struct buf *out)
{
	struct str word, name, last = S("");
	for (size_t i = 0; i < ini->count; i++) {
		struct str section = ini->entries[i].section;
		if (!str_cut(section, ' ', &word, &name) || !str_is(word, "profile") ||
		    str_eq(section, last))
			continue;
		buf_add_text(out, out->len > 0 ? ", " : "");
		buf_add_str(out, name);
		last = section;
	}
}

static int not_found(const char *name, const struct ini *builtin, const struct ini *config,
                     struct err *e)
{
	BUF_AUTO names = buf_make(512);
	add_names(builtin, &names);
	if (config)
		add_names(config, &names);
	return err_set(e, ERR_KIND_NOT_FOUND, "no profile \"%s\"; there are: %s", name, names.p);
}

int profile_load(const char *name, const struct ini *config, struct profile *out, struct err *e)
{
	*out = (struct profile){ .memory = NULL };
	INI_AUTO builtin = { .text = NULL };
	if (ini_parse(str_of(profile_builtin_text), "built-in profiles", &builtin, e) != 0)
		return -1;
	const struct ini *from = config && has_profile(config, name) ? config : &builtin;
	if (!has_profile(from, name))
		return not_found(name, &builtin, config, e);
	if (load(from, name, out, e) == 0)
		return 0;
	profile_free(out);
	return -1;
}

void profile_free(struct profile *p)
{
	mem_free(p->memory);
	*p = (struct profile){ .memory = NULL };
}
