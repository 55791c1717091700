/* The text of a profile, from where it is read. */
#include "ws/profile_explain.h"

#include "base/str.h"
#include "ws/profile.h"
#include "ws/profile_builtin.h"

/* "profile NAME", or "WORD NAME x". */
static bool belongs(struct str section, const char *name, bool *is_head)
{
	struct str word, rest, first;
	if (!str_cut(section, ' ', &word, &rest))
		return false;
	*is_head = str_is(word, "profile") && str_is(rest, name);
	return *is_head || (str_cut(rest, ' ', &first, NULL) && str_is(first, name) &&
	                    (str_is(word, "part") || str_is(word, "volume")));
}

static bool add(const struct ini *ini, const char *name, struct buf *out)
{
	struct str last = S("");
	bool found = false, is_head;
	for (size_t i = 0; i < ini->count; i++) {
		const struct ini_entry *at = &ini->entries[i];
		if (!belongs(at->section, name, &is_head))
			continue;
		found = found || is_head;
		if (!str_eq(at->section, last))
			buf_printf(out, "%s[%" STR_FMT "]\n", last.len > 0 ? "\n" : "",
			           STR_ARG(at->section));
		last = at->section;
		buf_printf(out, "%" STR_FMT " = %" STR_FMT "\n", STR_ARG(at->name),
		           STR_ARG(at->value));
	}
	return found;
}

int profile_explain(const char *name, const struct ini *config, struct buf *out, struct err *e)
{
	PROFILE_AUTO checked = { .name = NULL };
	INI_AUTO builtin = { .text = NULL };
	size_t before = out->len;
	if (profile_load(name, config, &checked, e) != 0 ||
	    ini_parse(str_of(profile_builtin_text), "built-in profiles", &builtin, e) != 0)
		return -1;
	if (!config || !add(config, name, out)) {
		buf_truncate(out, before);
		add(&builtin, name, out);
	}
	return buf_check(out, e, "the profile");
}
