/* INI files, parsed inside one copy of the text. */
#include "data/ini.h"

#include <string.h>

#include "base/mem.h"

struct parser {
	struct ini *out;
	const char *file;
	struct err *e;
	unsigned line; /* number of the line at hand */
	struct str section;
	bool open;     /* an indented line would continue the last entry */
	size_t indent; /* blanks before the last entry's name */
};

static int refuse(struct parser *p, const char *why)
{
	return err_set(p->e, ERR_KIND_CONFIG, "%s: line %u: %s", p->file, p->line, why);
}

/* Where a view starts in the copy, to write there. */
static char *place(struct parser *p, struct str s)
{
	return p->out->text + (s.p - p->out->text);
}

/* Every view ends before a line's end or the copy's own NUL, so that there is a byte to write. */
static void terminate(struct parser *p, struct str s)
{
	place(p, s)[s.len] = '\0';
}

/* Room for one more of `count` things; it doubles at each power of two. */
static void *room_for_one(void *items, size_t count, size_t size)
{
	if ((count & (count - 1)) != 0)
		return items;
	return mem_grow(items, count > 0 ? count * 2 : 1, size);
}

static void add_entry(struct parser *p, struct str name, struct str value)
{
	struct ini *ini = p->out;
	ini->entries = room_for_one(ini->entries, ini->count, sizeof(ini->entries[0]));
	ini->entries[ini->count++] = (struct ini_entry){ p->section, name, value, p->line };
	terminate(p, name);
	terminate(p, value);
}

static void add_section(struct parser *p, struct str name)
{
	struct ini *ini = p->out;
	ini->sections = room_for_one(ini->sections, ini->section_count, sizeof(ini->sections[0]));
	ini->sections[ini->section_count++] = name;
	terminate(p, name);
	p->section = name;
	p->open = false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_comment(struct str s)
{
	return s.len > 0 && (s.p[0] == '#' || s.p[0] == ';');
}

/* Join a continuation line to the last value. The value moves at most to where the line was read
 * from: the newline between them makes room for the '\n'. */
static void continue_value(struct parser *p, struct str content)
{
	struct str *value = &p->out->entries[p->out->count - 1].value;
	if (value->len == 0) {
		*value = content;
	} else {
		char *end = place(p, *value) + value->len;
		*end = '\n';
		memmove(end + 1, content.p, content.len);
		value->len += 1 + content.len;
	}
	terminate(p, *value);
}

/* Write the section's name over itself, blanks and quotes done away with. Returns the length of the
 * header up to its ']', or 0 when that is missing. `s` starts behind the '['. */
static size_t compact_name(struct parser *p, struct str s, struct str *name)
{
	char *to = place(p, s);
	bool quoted = false;
	*name = (struct str){ s.p, 0 };
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];
		if (c == ']' && !quoted) {
			name->len -= name->len > 0 && to[name->len - 1] == ' ' ? 1 : 0;
			return i + 1;
		}
		if (c == '"') {
			quoted = !quoted;
			continue;
		}
		bool blank = is_blank(c) && !quoted;
		if (blank && (name->len == 0 || to[name->len - 1] == ' '))
			continue;
		to[name->len++] = blank ? ' ' : c;
	}
	return 0;
}

static int parse_header(struct parser *p, struct str content)
{
	struct str name;
	struct str inside = str_skip(content, 1);
	size_t used = compact_name(p, inside, &name);
	if (used == 0)
		return refuse(p, "\"[\" without \"]\"");
	struct str rest = str_trim(str_skip(inside, used));
	if (rest.len > 0 && !is_comment(rest))
		return refuse(p, "something follows the \"]\"");
	if (name.len == 0)
		return refuse(p, "the section has no name");
	add_section(p, name);
	return 0;
}

static int parse_property(struct parser *p, struct str content, size_t indent)
{
	struct str name, value;
	if (!str_cut(content, '=', &name, &value))
		return refuse(p, "neither a [section], a comment, nor name = value");
	name = str_trim(name);
	if (name.len == 0)
		return refuse(p, "there is no name before the \"=\"");
	if (str_index(name, ' ') >= 0 || str_index(name, '\t') >= 0)
		return refuse(p, "there is a blank in the name before the \"=\"");
	add_entry(p, name, str_trim(value));
	p->open = true;
	p->indent = indent;
	return 0;
}

static bool has_control_bytes(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if ((c < 0x20 && c != '\t') || c == 0x7F)
			return true;
	}
	return false;
}

static int parse_line(struct parser *p, struct str line)
{
	if (line.len > INI_LINE_MAX)
		return refuse(p, "the line is too long");
	struct str content = str_trim(line);
	if (content.len == 0)
		return 0;
	if (has_control_bytes(content))
		return refuse(p, "there is a control byte in it");
	if (is_comment(content))
		return 0;
	size_t indent = (size_t)(content.p - line.p);
	if (p->open && indent > p->indent) {
		continue_value(p, content);
		return 0;
	}
	if (content.p[0] == '[')
		return parse_header(p, content);
	return parse_property(p, content, indent);
}

static int parse_lines(struct parser *p, struct str text)
{
	struct str line;
	bool more = text.len > 0;
	while (more) {
		more = str_cut(text, '\n', &line, &text);
		p->line++;
		if (parse_line(p, line) < 0)
			return -1;
	}
	return 0;
}

int ini_parse(struct str text, const char *file, struct ini *out, struct err *e)
{
	*out = (struct ini){ .text = NULL };
	if (text.len > INI_FILE_MAX)
		return err_set(e, ERR_KIND_CONFIG, "%s: larger than %d bytes", file,
		               (int)INI_FILE_MAX);
	if (str_starts(text, S("\xEF\xBB\xBF")))
		text = str_skip(text, 3);
	out->text = mem_str(text);
	out->text_len = text.len;
	struct parser p = { .out = out, .file = file, .e = e, .section = S("") };
	if (parse_lines(&p, str_from(out->text, text.len)) == 0)
		return 0;
	ini_free(out);
	return -1;
}

void ini_free(struct ini *ini)
{
	/* AWS files hold secrets. */
	if (ini->text)
		mem_wipe(ini->text, ini->text_len);
	mem_free(ini->text);
	mem_free(ini->entries);
	mem_free(ini->sections);
	*ini = (struct ini){ .text = NULL };
}

bool ini_get(const struct ini *ini, struct str section, const char *name, struct str *value)
{
	for (size_t i = ini->count; i > 0; i--) {
		const struct ini_entry *entry = &ini->entries[i - 1];
		if (!str_eq(entry->section, section) || !str_eq_nocase(entry->name, str_of(name)))
			continue;
		if (value)
			*value = entry->value;
		return true;
	}
	return false;
}

bool ini_has_section(const struct ini *ini, struct str section)
{
	for (size_t i = 0; i < ini->section_count; i++) {
		if (str_eq(ini->sections[i], section))
			return true;
	}
	for (size_t i = 0; i < ini->count; i++) {
		if (str_eq(ini->entries[i].section, section))
			return true;
	}
	return false;
}
