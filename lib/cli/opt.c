/* Command lines and configuration values, by rows. */
#include "cli/opt.h"

#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "cli/opt_row.h"

enum { SHOWN_MAX = 64 };

/* The command line on its way through. */
struct scan {
	const struct opt_group *groups;
	void *options;
	char **argv;
	int argc;
	int at; /* the next argument */
	struct err *e;
};

static int store(struct scan *scan, struct opt_row_place place, const char *value)
{
	if (opt_row_store(place, value, scan->e) < 0)
		return err_context(scan->e, "--%s", place.row->name);
	return 0;
}

/* The value that an option takes from the next argument, or NULL with an error. */
static const char *next_value(struct scan *scan, const struct opt_row *row)
{
	if (scan->at < scan->argc)
		return scan->argv[scan->at++];
	err_set(scan->e, ERR_KIND_USAGE, "--%s needs a value (%s)", row->name,
	        row->arg ? row->arg : "VALUE");
	return NULL;
}

static int unknown_name(struct scan *scan, struct str name)
{
	char shown[SHOWN_MAX];
	codec_quoted(name, shown, sizeof(shown));
	const char *nearest = opt_row_nearest(scan->groups, name);
	if (nearest)
		return err_set(scan->e, ERR_KIND_USAGE, "unknown option --%s (did you mean --%s?)",
		               shown, nearest);
	return err_set(scan->e, ERR_KIND_USAGE, "unknown option --%s", shown);
}

/* `text` is what stands behind "--". */
static int long_option(struct scan *scan, const char *text)
{
	struct str name, value;
	bool has_value = str_cut(str_of(text), '=', &name, &value);
	struct opt_row_place place = opt_row_by_name(scan->groups, scan->options, name);
	if (!place.row)
		return unknown_name(scan, name);
	if (opt_row_is_bare(place.row)) {
		if (has_value)
			return err_set(scan->e, ERR_KIND_USAGE, "--%s takes no value",
			               place.row->name);
		opt_row_mark(place);
		return 0;
	}
	const char *given = has_value ? value.p : next_value(scan, place.row);
	return given ? store(scan, place, given) : -1;
}

/* `letters` is what stands behind "-": flags, of which the last may be an option with its value. */
static int short_options(struct scan *scan, const char *letters)
{
	for (; *letters != '\0'; letters++) {
		struct opt_row_place place =
			opt_row_by_letter(scan->groups, scan->options, *letters);
		if (!place.row) {
			char shown[SHOWN_MAX];
			return err_set(scan->e, ERR_KIND_USAGE, "unknown option -%s",
			               codec_quoted(str_from(letters, 1), shown, sizeof(shown)));
		}
		if (opt_row_is_bare(place.row)) {
			opt_row_mark(place);
			continue;
		}
		const char *given = letters[1] != '\0' ? letters + 1 : next_value(scan, place.row);
		return given ? store(scan, place, given) : -1;
	}
	return 0;
}

static void take_rest(struct scan *scan, struct opt_list *operands)
{
	while (scan->at < scan->argc)
		opt_row_append(operands, scan->argv[scan->at++]);
}

/* Returns the index in `operands` of the first one behind "--", or -1 with an error. */
static int parse_all(struct scan *scan, bool stop_at_operand, struct opt_list *operands,
                     size_t *after_dashes)
{
	*after_dashes = SIZE_MAX;
	while (scan->at < scan->argc) {
		const char *arg = scan->argv[scan->at++];
		int result = 0;
		if (strcmp(arg, "--") == 0) {
			*after_dashes = operands->count;
			take_rest(scan, operands);
		} else if (strncmp(arg, "--", 2) == 0) {
			result = long_option(scan, arg + 2);
		} else if (arg[0] == '-' && arg[1] != '\0') {
			result = short_options(scan, arg + 1);
		} else {
			opt_row_append(operands, arg);
			if (stop_at_operand)
				take_rest(scan, operands);
		}
		if (result < 0)
			return -1;
	}
	return 0;
}

int opt_parse(const struct opt_group *groups, void *options, int argc, char **argv,
              bool stop_at_operand, struct opt_list *operands, size_t *after_dashes, struct err *e)
{
	struct scan scan = { groups, options, argv, argc, 1, e };
	struct opt_list found = { NULL, 0 };
	size_t dashes;
	*operands = found;
	if (parse_all(&scan, stop_at_operand, &found, &dashes) < 0) {
		mem_free(found.items);
		return -1;
	}
	*operands = found;
	if (after_dashes)
		*after_dashes = dashes < found.count ? dashes : found.count;
	return 0;
}

int opt_set(const struct opt_group *groups, void *options, const char *name, const char *value,
            bool *known, struct err *e)
{
	struct opt_row_place place = opt_row_by_name(groups, options, str_of(name));
	*known = place.row != NULL;
	if (!place.row)
		return 0;
	struct err local = ERR_INIT;
	if (opt_row_store_config(place, value, &local) == 0)
		return 0;
	return err_set(e, ERR_KIND_CONFIG, "%s: %s", name, local.msg);
}

static void free_list(struct opt_list *list)
{
	mem_free(list->items);
	*list = (struct opt_list){ NULL, 0 };
}

void opt_free(const struct opt_group *groups, void *options)
{
	for (; groups->rows; groups++) {
		for (size_t i = 0; i < groups->count; i++) {
			if (groups->rows[i].type != OPT_TYPE_LIST)
				continue;
			free_list((void *)((char *)options + groups->offset +
			                   groups->rows[i].offset));
		}
	}
}
