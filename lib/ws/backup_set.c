/* What is to be saved: paths that a user names, the lines of a file, the volumes of a profile. */
#include <string.h>

#include "base/mem.h"
#include "ws/backup_parts.h"
#include "ws/base_dir.h"
#include "ws/profile.h"
#include "ws/volume.h"

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

/* From the last component: "/home/u/.ssh" is "ssh". */
static char *make_name(const struct backup *b, const char *path)
{
	struct str last, rest = str_of(path);
	while (str_ends(rest, S("/")))
		rest = str_head(rest, rest.len - 1);
	str_cut_last(rest, '/', NULL, &last);
	while (last.len > 0 && (last.p[0] == '.' || last.p[0] == '_' || last.p[0] == '-'))
		last = str_skip(last, 1);
	MEM_AUTO char *stem = mem_str(last.len > 0 ? str_head(last, BACKUP_NAME_MAX - 8) : S("x"));
	for (char *p = stem; *p; p++)
		*p = is_word_byte(*p) ? *p : '-';
	if (stem[0] == '-')
		stem[0] = 'x';
	char *name = mem_text(stem);
	for (unsigned n = 2; backup_find(b, name); n++) {
		mem_free(name);
		name = mem_printf("%s-%u", stem, n);
	}
	return name;
}

static int check(const struct backup *b, const char *name, const char *path, struct err *e)
{
	if (base_dir_check_word("the name of a part", name, e) != 0)
		return -1;
	if (strlen(name) > BACKUP_NAME_MAX)
		return err_set(e, ERR_KIND_USAGE, "part %s: the name is too long", name);
	if (backup_find(b, name))
		return err_set(e, ERR_KIND_CONFLICT, "part %s: there are two of this name", name);
	if (b->count == BACKUP_PARTS_MAX)
		return err_set(e, ERR_KIND_USAGE, "there are more than %d parts", BACKUP_PARTS_MAX);
	for (size_t i = 0; i < b->count; i++) {
		const struct backup_part *p = &b->parts[i];
		if (backup_within(p->path, path) || backup_within(path, p->path))
			return err_set(e, ERR_KIND_CONFLICT,
			               "part %s: %s and %s of part %s lie within one another", name,
			               path, p->path, p->name);
	}
	return strcmp(path, "/") == 0
	               ? err_set(e, ERR_KIND_USAGE, "part %s: \"/\" itself can't be a part", name)
	               : 0;
}

int backup_set_add(struct backup *b, const char *name, const char *path,
                   enum backup_priority priority, struct err *e)
{
	struct str last, real_last;
	if (path[0] == '\0')
		return err_set(e, ERR_KIND_USAGE, "a path is empty");
	MEM_AUTO char *place = backup_absolute(path);
	MEM_AUTO char *word = name ? mem_text(name) : make_name(b, path);
	if (check(b, word, place, e) != 0)
		return -1;
	struct backup_part *p = backup_insert(b, priority);
	p->name = mem_text(word);
	p->path = mem_text(place);
	str_cut_last(str_of(path), '/', NULL, &last);
	str_cut_last(str_of(place), '/', NULL, &real_last);
	p->is_private = str_is(last, ".ssh") || str_is(real_last, ".ssh");
	return 0;
}

int backup_set_operand(struct backup *b, struct str text, enum backup_priority priority,
                       struct err *e)
{
	struct str head, tail;
	bool named = str_cut(text, '=', &head, &tail) && str_index(head, '/') < 0;
	MEM_AUTO char *name = named ? mem_str(head) : NULL;
	MEM_AUTO char *path = mem_str(named ? tail : text);
	return backup_set_add(b, name, path, priority, e);
}

static int add_line(struct backup *b, struct str line, struct err *e)
{
	struct str word, rest;
	int priority = BACKUP_MEDIUM;
	if (str_cut(line, ' ', &word, &rest) && backup_priority_parse(word) <= BACKUP_LOW) {
		priority = backup_priority_parse(word);
		line = str_trim(rest);
	}
	return backup_set_operand(b, line, (enum backup_priority)priority, e);
}

int backup_set_lines(struct backup *b, struct str text, const char *file, struct err *e)
{
	struct str line, rest = text;
	bool more = true;
	for (unsigned number = 1; more; number++) {
		more = str_cut(rest, '\n', &line, &rest);
		line = str_trim(line);
		if (line.len == 0 || line.p[0] == '#')
			continue;
		if (add_line(b, line, e) != 0)
			return err_context(e, "%s line %u", file, number);
	}
	return 0;
}

/* ---- volumes ---- */

/* Where a volume is; NULL: it is not there in this way. mem_free. */
static char *place_of(const struct volume *v, enum backup_where where, const char *dir)
{
	switch (where) {
	case BACKUP_HOST:
		return v->host[0] ? mem_text(v->host) : NULL;
	case BACKUP_CONTAINER:
		return mem_text(v->container);
	case BACKUP_DOCKER:
		return mem_printf("%s/%s/_data", dir ? dir : "/var/lib/docker/volumes", v->name);
	case BACKUP_MOUNTS:
		return mem_printf("%s/%s", dir, v->name);
	case BACKUP_WORKSPACE:
		break;
	}
	return v->path[0] ? mem_printf("%s/%s", dir, v->path) : NULL;
}

/* What a profile says of the part that lies at the same path of a workspace. */
static bool is_private(const struct profile *p, const char *path)
{
	for (size_t i = 0; i < p->part_count; i++) {
		if (strcmp(p->parts[i].path, path) == 0)
			return p->parts[i].is_private;
	}
	return false;
}

static int check_where(const char *profile, const struct volume_list *l, enum backup_where where,
                       const char *dir, const char *instance, struct err *e)
{
	if (l->count == 0)
		return err_set(e, ERR_KIND_USAGE, "profile %s has no volumes", profile);
	if (instance && where != BACKUP_DOCKER && where != BACKUP_MOUNTS)
		return err_set(
			e, ERR_KIND_USAGE,
			"--instance: only named volumes have one (--volumes docker, mounts)");
	if (!dir && (where == BACKUP_MOUNTS || where == BACKUP_WORKSPACE))
		return err_set(e, ERR_KIND_USAGE, "where are the volumes? Give -C DIR");
	return 0;
}

static int add_volume(struct backup *b, const struct volume *v, const char *name,
                      const struct profile *profile, const char *place, struct err *e)
{
	int priority = backup_priority_parse(str_of(v->priority));
	if (backup_set_add(b, name, place, (enum backup_priority)priority, e) != 0)
		return -1;
	struct backup_part *p = backup_find(b, name);
	p->is_private = p->is_private || is_private(profile, v->path);
	p->may_be_absent = true;
	return 0;
}

int backup_set_volumes(struct backup *b, const char *profile, const struct ini *config,
                       enum backup_where where, const char *dir, const char *instance,
                       struct err *e)
{
	VOLUME_LIST_AUTO plain = { .count = 0 }, named = { .count = 0 };
	PROFILE_AUTO p = { .name = NULL };
	if (profile_load(profile, config, &p, e) != 0 ||
	    volume_load(profile, config, NULL, &plain, e) != 0 ||
	    volume_load(profile, config, instance, &named, e) != 0 ||
	    check_where(profile, &plain, where, dir, instance, e) != 0)
		return -1;
	for (size_t i = 0; i < plain.count; i++) {
		MEM_AUTO char *place = place_of(&named.list[i], where, dir);
		if (place && add_volume(b, &named.list[i], plain.list[i].name, &p, place, e) != 0)
			return -1;
	}
	mem_free(b->profile);
	b->profile = mem_text(profile);
	mem_free(b->instance);
	b->instance = mem_text(instance ? instance : "");
	return 0;
}
