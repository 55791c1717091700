/* The tokenizer: markup in document order. The characters of it are judged in xml_chars.c. */
#include "s3/xml.h"

#include "s3/xml_chars.h"

void xml_open(struct xml *x, struct str document)
{
	*x = (struct xml){ .in = document };
	if (str_starts(document, S("\xef\xbb\xbf")))
		x->pos = 3;
}

static int bad(const struct xml *x, struct err *e, const char *what)
{
	return err_set(e, ERR_KIND_DATA, "malformed XML at byte %zu: %s", x->pos, what);
}

static struct str rest(const struct xml *x)
{
	return str_skip(x->in, x->pos);
}

static bool next_is(const struct xml *x, size_t ahead, char c)
{
	return x->pos + ahead < x->in.len && x->in.p[x->pos + ahead] == c;
}

/* Whether `mark` is next; then it is taken. */
static bool take(struct xml *x, struct str mark)
{
	if (!next_is(x, 0, mark.p[0]) || (mark.len > 1 && !str_starts(rest(x), mark)))
		return false;
	x->pos += mark.len;
	return true;
}

static size_t take_space(struct xml *x)
{
	size_t from = x->pos;
	while (x->pos < x->in.len && xml_chars_is_space(x->in.p[x->pos]))
		x->pos++;
	return x->pos - from;
}

/* Take everything up to `mark` and the mark itself; *inside is what was before it. */
static int take_until(struct xml *x, struct str mark, struct str *inside, struct err *e)
{
	size_t from = x->pos;
	for (; x->pos + mark.len <= x->in.len; x->pos++)
		if (x->in.p[x->pos] == mark.p[0] && take(x, mark)) {
			*inside = str_from(x->in.p + from, x->pos - mark.len - from);
			return 0;
		}
	return bad(x, e, "it ends inside markup");
}

static int take_name(struct xml *x, struct str *name, struct err *e)
{
	size_t len = xml_chars_name_len(rest(x));
	if (len == 0)
		return bad(x, e, "a name was expected");
	*name = str_head(rest(x), len);
	x->pos += len;
	return 0;
}

static int take_quoted(struct xml *x, struct str *value, struct err *e)
{
	bool single = take(x, S("'"));
	if (!single && !take(x, S("\"")))
		return bad(x, e, "a quoted value was expected");
	return take_until(x, single ? S("'") : S("\""), value, e);
}

/* name = "value" */
static int take_attribute(struct xml *x, struct str *name, struct str *value, struct err *e)
{
	if (take_name(x, name, e))
		return -1;
	take_space(x);
	if (!take(x, S("=")))
		return bad(x, e, "'=' was expected");
	take_space(x);
	if (take_quoted(x, value, e))
		return -1;
	if (str_index(*value, '<') >= 0 || xml_chars_check(*value, XML_CHARS_REFERENCES))
		return bad(x, e, "an attribute's value is not well-formed");
	return 0;
}

static int open_element(struct xml *x, enum xml_event *event, struct err *e)
{
	struct str seen[XML_ATTRIBUTES_MAX], value;
	size_t count = 0;
	if (x->root_closed)
		return bad(x, e, "a second root element");
	if (x->depth == XML_DEPTH_MAX)
		return bad(x, e, "elements are nested too deep");
	if (take_name(x, &x->name, e))
		return -1;
	for (;;) {
		bool space = take_space(x) > 0;
		x->close_pending = take(x, S("/>"));
		if (x->close_pending || take(x, S(">")))
			break;
		if (!space)
			return bad(x, e, "white space was expected in a tag");
		if (count == XML_ATTRIBUTES_MAX)
			return bad(x, e, "an element has too many attributes");
		if (take_attribute(x, &seen[count], &value, e))
			return -1;
		for (size_t i = 0; i < count; i++)
			if (str_eq(seen[i], seen[count]))
				return bad(x, e, "an attribute is repeated");
		count++;
	}
	x->open[x->depth++] = x->name;
	*event = XML_EVENT_OPEN;
	return 0;
}

static int close_top(struct xml *x, enum xml_event *event)
{
	x->close_pending = false;
	x->name = x->open[--x->depth];
	x->root_closed = x->depth == 0;
	*event = XML_EVENT_CLOSE;
	return 0;
}

static int close_element(struct xml *x, enum xml_event *event, struct err *e)
{
	struct str name;
	if (take_name(x, &name, e))
		return -1;
	take_space(x);
	if (!take(x, S(">")))
		return bad(x, e, "'>' was expected");
	if (x->depth == 0 || !str_eq(name, x->open[x->depth - 1]))
		return bad(x, e, "an end tag does not match its start tag");
	return close_top(x, event);
}

static int skip_comment(struct xml *x, struct err *e)
{
	struct str inside;
	if (take_until(x, S("--"), &inside, e))
		return -1;
	if (!take(x, S(">")) || xml_chars_check(inside, XML_CHARS_PLAIN))
		return bad(x, e, "a comment is not well-formed");
	return 0;
}

static int skip_instruction(struct xml *x, struct err *e)
{
	struct str target, inside;
	if (take_name(x, &target, e))
		return -1;
	if (str_eq_nocase(target, S("xml")))
		return bad(x, e, "an XML declaration in the wrong place");
	if (take(x, S("?>")))
		return 0;
	if (take_space(x) == 0)
		return bad(x, e, "white space was expected in a processing instruction");
	if (take_until(x, S("?>"), &inside, e))
		return -1;
	if (xml_chars_check(inside, XML_CHARS_PLAIN))
		return bad(x, e, "a character that XML does not allow");
	return 0;
}

/* One of the pseudo-attributes of the declaration, in their fixed order; an absent one is fine. */
static int declared(struct xml *x, const char *name, struct str *value, struct err *e)
{
	size_t from = x->pos;
	*value = (struct str){ 0 };
	if (take_space(x) > 0 && take(x, str_of(name))) {
		take_space(x);
		if (!take(x, S("=")))
			return bad(x, e, "'=' was expected");
		take_space(x);
		return take_quoted(x, value, e);
	}
	x->pos = from;
	return 0;
}

static int skip_declaration(struct xml *x, struct err *e)
{
	struct str version, encoding, standalone;
	if (declared(x, "version", &version, e) || declared(x, "encoding", &encoding, e) ||
	    declared(x, "standalone", &standalone, e))
		return -1;
	take_space(x);
	bool encoding_known = !encoding.p || str_eq_nocase(encoding, S("utf-8")) ||
	                      str_eq_nocase(encoding, S("us-ascii"));
	bool standalone_known =
		!standalone.p || str_is(standalone, "yes") || str_is(standalone, "no");
	if (!take(x, S("?>")) || !str_is(version, "1.0") || !encoding_known || !standalone_known)
		return bad(x, e, "the XML declaration is not one that is understood");
	return 0;
}

static int text(struct xml *x, enum xml_event *event, struct err *e)
{
	size_t from = x->pos;
	while (x->pos < x->in.len && x->in.p[x->pos] != '<')
		x->pos++;
	x->text = str_from(x->in.p + from, x->pos - from);
	x->text_is_cdata = false;
	if (xml_chars_check(x->text, XML_CHARS_REFERENCES) || str_has(x->text, S("]]>")))
		return bad(x, e, "text is not well-formed");
	*event = XML_EVENT_TEXT;
	return 0;
}

static int cdata(struct xml *x, enum xml_event *event, struct err *e)
{
	if (x->depth == 0)
		return bad(x, e, "text outside of the root element");
	if (take_until(x, S("]]>"), &x->text, e))
		return -1;
	if (xml_chars_check(x->text, XML_CHARS_PLAIN))
		return bad(x, e, "a character that XML does not allow");
	x->text_is_cdata = true;
	*event = XML_EVENT_TEXT;
	return 0;
}

/* Markup that gives no event. 1 when there was some. */
static int skip_misc(struct xml *x, struct err *e)
{
	if (next_is(x, 0, '<') && !next_is(x, 1, '!') && !next_is(x, 1, '?'))
		return 0;
	bool at_start = x->pos == 0 || (x->pos == 3 && x->in.p[0] == '\xef');
	if (at_start && str_starts(rest(x), S("<?xml")) && x->pos + 5 < x->in.len &&
	    xml_chars_is_space(x->in.p[x->pos + 5])) {
		x->pos += 5;
		return skip_declaration(x, e) ? -1 : 1;
	}
	if (take(x, S("<!--")))
		return skip_comment(x, e) ? -1 : 1;
	if (take(x, S("<?")))
		return skip_instruction(x, e) ? -1 : 1;
	return x->depth == 0 && take_space(x) > 0;
}

static int at_end(const struct xml *x, enum xml_event *event, struct err *e)
{
	if (!x->root_closed)
		return bad(x, e, "it ends before its root element does");
	*event = XML_EVENT_DONE;
	return 0;
}

static int markup(struct xml *x, enum xml_event *event, struct err *e)
{
	if (next_is(x, 1, '/')) {
		x->pos += 2;
		return close_element(x, event, e);
	}
	if (take(x, S("<![CDATA[")))
		return cdata(x, event, e);
	if (next_is(x, 1, '!'))
		return bad(x, e, "document type declarations are refused");
	x->pos++;
	return open_element(x, event, e);
}

int xml_next(struct xml *x, enum xml_event *event, struct err *e)
{
	int skipped;
	if (x->close_pending)
		return close_top(x, event);
	do
		skipped = skip_misc(x, e);
	while (skipped > 0);
	if (skipped < 0)
		return -1;
	if (x->pos == x->in.len)
		return at_end(x, event, e);
	if (next_is(x, 0, '<'))
		return markup(x, event, e);
	if (x->depth == 0)
		return bad(x, e, "text outside of the root element");
	return text(x, event, e);
}

void xml_add_text(const struct xml *x, struct buf *out)
{
	if (x->text_is_cdata)
		buf_add_str(out, x->text);
	else
		xml_chars_decode(x->text, out);
}

int xml_next_close(struct xml *x, struct buf *text_out, struct err *e)
{
	enum xml_event event = XML_EVENT_DONE;
	buf_clear(text_out);
	for (;;) {
		if (xml_next(x, &event, e))
			return -1;
		if (event == XML_EVENT_DONE)
			return 0;
		if (event == XML_EVENT_OPEN)
			buf_clear(text_out);
		if (event == XML_EVENT_TEXT)
			xml_add_text(x, text_out);
		if (event == XML_EVENT_CLOSE)
			return buf_check(text_out, e, "an XML element") ? -1 : 1;
	}
}

bool xml_inside(const struct xml *x, const char *root, const char *child)
{
	size_t depth = child ? 2 : 1;
	return x->depth == depth && str_is(x->open[0], root) &&
	       (!child || str_is(x->open[1], child));
}

int xml_escape(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c == '&' || c == '<' || c == '>' || c == '"' || c == '\'' || c == '\r' ||
		    c == '\n' || c == '\t')
			buf_printf(out, "&#%u;", c);
		else
			buf_add_char(out, (char)c);
	}
	return xml_chars_check(s, XML_CHARS_PLAIN);
}
