/* Option rows: finding them and writing values to their fields. */
#include "cli/opt_row.h"

#include <string.h>

#include "base/buf.h"
#include "base/codec.h"
#include "base/mem.h"
#include "base/num.h"

enum { SHOWN_MAX = 64 };

static void *field_of(const struct opt_group *group, const struct opt_row *row, void *options)
{
	return (char *)options + group->offset + row->offset;
}

struct opt_row_place opt_row_by_name(const struct opt_group *groups, void *options, struct str name)
{
	for (; groups->rows; groups++) {
		for (size_t i = 0; i < groups->count; i++) {
			const struct opt_row *row = &groups->rows[i];
			if (str_is(name, row->name))
				return (struct opt_row_place){ row,
					                       field_of(groups, row, options) };
		}
	}
	return (struct opt_row_place){ NULL, NULL };
}

struct opt_row_place opt_row_by_letter(const struct opt_group *groups, void *options, char letter)
{
	for (; groups->rows && letter != '\0'; groups++) {
		for (size_t i = 0; i < groups->count; i++) {
			const struct opt_row *row = &groups->rows[i];
			if (row->letter == letter)
				return (struct opt_row_place){ row,
					                       field_of(groups, row, options) };
		}
	}
	return (struct opt_row_place){ NULL, NULL };
}

bool opt_row_is_bare(const struct opt_row *row)
{
	return row->type == OPT_TYPE_FLAG || row->type == OPT_TYPE_UP;
}

void opt_row_mark(struct opt_row_place place)
{
	if (place.row->type == OPT_TYPE_FLAG)
		*(bool *)place.field = true;
	else if (*(int *)place.field < INT32_MAX)
		*(int *)place.field += 1;
}

void opt_row_append(struct opt_list *list, const char *item)
{
	/* Room doubles at each power of two, which the count itself tells. */
	if ((list->count & (list->count - 1)) == 0) {
		size_t room = list->count > 0 ? list->count * 2 : 1;
		list->items = mem_grow(list->items, room, sizeof(list->items[0]));
	}
	list->items[list->count++] = item;
}

static int refuse(struct err *e, const char *value, const char *expected)
{
	char shown[SHOWN_MAX];
	return err_set(e, ERR_KIND_USAGE, "\"%s\" is not %s",
	               codec_quoted(str_of(value), shown, sizeof(shown)), expected);
}

static int store_choice(struct opt_row_place place, const char *value, struct err *e)
{
	const char *const *choices = place.row->choices;
	BUF_AUTO expected = buf_make(ERR_MSG_MAX);
	for (int i = 0; choices[i]; i++) {
		if (strcmp(choices[i], value) == 0) {
			*(int *)place.field = i;
			return 0;
		}
		buf_printf(&expected, "%s%s", i > 0 ? ", " : "one of ", choices[i]);
	}
	return refuse(e, value, expected.p);
}

int opt_row_store(struct opt_row_place place, const char *value, struct err *e)
{
	struct str s = str_of(value);
	switch (place.row->type) {
	case OPT_TYPE_TEXT:
		*(const char **)place.field = value;
		return 0;
	case OPT_TYPE_LIST:
		opt_row_append(place.field, value);
		return 0;
	case OPT_TYPE_COUNT:
		return num_parse_u64(s, place.field, e);
	case OPT_TYPE_SIZE:
		return num_parse_size(s, place.field, e);
	case OPT_TYPE_DURATION:
		return num_parse_duration(s, place.field, e);
	case OPT_TYPE_MODE:
		return num_parse_mode(s, place.field, e);
	case OPT_TYPE_CHOICE:
		return store_choice(place, value, e);
	case OPT_TYPE_FLAG:
	case OPT_TYPE_UP:
		break;
	}
	return err_set(e, ERR_KIND_BUG, "--%s has no value to store", place.row->name);
}

static int store_truth(bool *field, const char *value, struct err *e)
{
	static const char *const words[][2] = {
		{ "no", "yes" }, { "false", "true" }, { "off", "on" }, { "0", "1" }
	};
	for (size_t i = 0; i < COUNTOF(words); i++) {
		for (int truth = 0; truth < 2; truth++) {
			if (!str_eq_nocase(str_of(value), str_of(words[i][truth])))
				continue;
			*field = truth == 1;
			return 0;
		}
	}
	return refuse(e, value, "yes or no");
}

static int store_up(int *field, const char *value, struct err *e)
{
	uint64_t count;
	if (num_parse_digits(str_of(value), 10, &count) < 0 || count > 9)
		return refuse(e, value, "a number from 0 to 9");
	*field = (int)count;
	return 0;
}

int opt_row_store_config(struct opt_row_place place, const char *value, struct err *e)
{
	if (place.row->type == OPT_TYPE_FLAG)
		return store_truth(place.field, value, e);
	if (place.row->type == OPT_TYPE_UP)
		return store_up(place.field, value, e);
	return opt_row_store(place, value, e);
}

enum { NAME_MAX_COMPARED = 40, SLIPS_MAX = 2 };

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned two = a < b ? a : b;
	return two < c ? two : c;
}

/* Levenshtein's distance, two rows of the table at a time. Both are at most NAME_MAX_COMPARED
 * long. */
static unsigned distance(struct str a, struct str b)
{
	unsigned above[NAME_MAX_COMPARED + 1], row[NAME_MAX_COMPARED + 1];
	for (size_t j = 0; j <= b.len; j++)
		above[j] = (unsigned)j;
	for (size_t i = 0; i < a.len; i++) {
		row[0] = (unsigned)i + 1;
		for (size_t j = 0; j < b.len; j++) {
			unsigned changed = above[j] + (a.p[i] != b.p[j]);
			row[j + 1] = least(above[j + 1] + 1, row[j] + 1, changed);
		}
		memcpy(above, row, sizeof(above[0]) * (b.len + 1));
	}
	return above[b.len];
}

const char *opt_row_nearest(const struct opt_group *groups, struct str name)
{
	const char *nearest = NULL;
	/* Two slips in a name of three letters make any other name. */
	unsigned allowed = name.len < 4 ? 1 : SLIPS_MAX;
	if (name.len < 2 || name.len > NAME_MAX_COMPARED)
		return NULL;
	for (; groups->rows; groups++) {
		for (size_t i = 0; i < groups->count && allowed > 0; i++) {
			struct str other = str_of(groups->rows[i].name);
			unsigned slips =
				other.len <= NAME_MAX_COMPARED ? distance(name, other) : UINT32_MAX;
			if (slips > allowed)
				continue;
			nearest = groups->rows[i].name;
			allowed = slips - 1;
		}
	}
	return nearest;
}
