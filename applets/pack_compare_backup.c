/* Parts of backups, compared. */
#include "applets/pack_compare_backup.h"

#include <string.h>

#include "base/mem.h"
#include "os/dir.h"
#include "store/store.h"
#include "ws/backup.h"

/* An operand; when it is no backup only its text is set. */
struct operand {
	const char *text; /* NULL: what the other one was made of */
	struct store *store;
	struct backup backup;
};

struct operands {
	struct operand side[2];
};

static void operands_close(struct operands *o)
{
	for (size_t i = 0; i < COUNTOF(o->side); i++) {
		backup_free(&o->side[i].backup);
		store_close(o->side[i].store);
	}
}
#define OPERANDS_AUTO AUTO(operands_close) struct operands

static bool names_partial(const char *operand)
{
	return str_ends(str_of(operand), S("/" BACKUP_PARTIAL));
}

static bool is_backup(const char *operand)
{
	return operand &&
	       (str_ends(str_of(operand), S("/" BACKUP_MANIFEST)) || names_partial(operand));
}

bool pack_compare_backup_is(const char *const operands[2])
{
	return is_backup(operands[0]) || is_backup(operands[1]);
}

static int operand_open(const char *text, const struct s3_config *s3, struct operand *o,
                        struct err *e)
{
	MEM_AUTO char *url = NULL;
	o->text = text;
	if (!is_backup(text))
		return 0;
	if (backup_manifest_url(text, &url, e) || store_open(url, s3, &o->store, e))
		return -1;
	return backup_manifest_load(o->store, names_partial(text), &o->backup, NULL, e);
}

/* ---- sides of one part ---- */

/* What lies at the part's path now. */
static int open_live(const struct backup_part *p, const struct inventory_options *options,
                     struct pack_side *out, struct err *e)
{
	char name[DIR_NAME_MAX + 1];
	struct inventory_options how = *options;
	struct err why = ERR_INIT;
	if (!p->is_file && dir_open_root(p->path, &out->dir, &why) == 0)
		return inventory_of_tree(out->dir, &how, &out->held, e);
	if (p->is_file && dir_open_user_parent(p->path, &out->dir, name, &why) == 0) {
		how.only = name;
		return inventory_of_tree(out->dir, &how, &out->held, e);
	}
	if (why.kind != ERR_KIND_NOT_FOUND) {
		*e = why;
		return -1;
	}
	out->held = inventory_empty();
	return 0;
}

/* `p` is the part that both sides are of, as one of them knows it. */
static int open_side(const struct operand *o, const struct backup_part *p,
                     const struct s3_config *s3, const struct inventory_options *options,
                     struct pack_side *out, struct err *e)
{
	if (!o->text)
		return open_live(p, options, out, e);
	if (!o->store)
		return pack_side_open(o->text, s3, options, out, e);
	const struct backup_part *own = backup_find(&o->backup, p->name);
	if (!own || own->absent) {
		out->held = inventory_empty();
		return 0;
	}
	if (store_source(o->store, own->key, &out->source, NULL, e))
		return -1;
	return inventory_of_archive(out->source, options, &out->held, e);
}

static int compare_part(const struct pack_compare *how, const struct operand sides[2],
                        const struct backup_part *p, const struct inventory_options *options,
                        struct pack_compare_sums *sums, struct err *e)
{
	PACK_SIDE_AUTO before = PACK_SIDE_NONE, after = PACK_SIDE_NONE;
	bool alone = sides[1].text && (!sides[0].store || !sides[1].store);
	MEM_AUTO char *below = mem_printf("%s%s", alone ? "" : p->name, alone ? "" : "/");
	if (open_side(&sides[0], p, how->s3, options, &before, e) ||
	    open_side(&sides[1], p, how->s3, options, &after, e) ||
	    pack_compare_pair(how, &before, &after, below, sums, e))
		return err_context(e, "part %s", p->name);
	return 0;
}

/* ---- which parts ---- */

static bool is_wanted(const struct pack_compare *how, const char *name)
{
	const struct opt_list *parts = &how->options->parts;
	for (size_t i = 0; i < parts->count; i++)
		if (strcmp(parts->items[i], name) == 0)
			return true;
	return parts->count == 0;
}

static int check_parts(const struct pack_compare *how, const struct operand sides[2], struct err *e)
{
	const struct opt_list *parts = &how->options->parts;
	bool both = (sides[0].store || !sides[0].text) && (sides[1].store || !sides[1].text);
	if (!both && parts->count != 1)
		return err_set(e, ERR_KIND_USAGE,
		               "which part of the backup? --part NAME, as the other side is none");
	for (size_t i = 0; i < parts->count; i++)
		if (!backup_find(&sides[0].backup, parts->items[i]) &&
		    !backup_find(&sides[1].backup, parts->items[i]))
			return err_set(e, ERR_KIND_NOT_FOUND, "the backup has no part %s",
			               parts->items[i]);
	return 0;
}

int pack_compare_backup(const struct pack_compare *how, const char *const operands[2],
                        const struct inventory_options *options, struct exclude *exclude,
                        struct pack_compare_sums *sums, struct err *e)
{
	OPERANDS_AUTO both = { { { .text = NULL }, { .text = NULL } } };
	struct operand *sides = both.side;
	if (operand_open(operands[0], how->s3, &sides[0], e) ||
	    operand_open(operands[1], how->s3, &sides[1], e) || check_parts(how, sides, e))
		return -1;
	backup_exclude(exclude);
	for (size_t k = 0; k < COUNTOF(both.side); k++) {
		const struct backup *b = &sides[k].backup;
		for (size_t i = 0; i < b->count; i++) {
			const struct backup_part *p = &b->parts[i];
			bool again = k > 0 && backup_find(&sides[0].backup, p->name);
			if (again || !is_wanted(how, p->name))
				continue;
			if (compare_part(how, sides, p, options, sums, e))
				return -1;
		}
	}
	return 0;
}
