/* Quoting, without a shell. */
#include "applets/s3_words.h"

#include "base/mem.h"

struct cutter {
	struct str in;
	size_t at, out;
	char quote; /* 0, '\'' or '"' */
	char *text;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Take one word; what remains open is an error. */
static int word(struct cutter *c, struct err *e)
{
	for (; c->at < c->in.len; c->at++) {
		char now = c->in.p[c->at];
		if (c->quote == '\0' && is_blank(now))
			break;
		if (now == c->quote && c->quote != '\0') {
			c->quote = '\0';
		} else if (c->quote == '\0' && (now == '\'' || now == '"')) {
			c->quote = now;
		} else if (now == '\\' && c->quote != '\'') {
			if (++c->at == c->in.len)
				return err_set(e, ERR_KIND_USAGE,
				               "a backslash at the end of a line");
			c->text[c->out++] = c->in.p[c->at];
		} else {
			c->text[c->out++] = now;
		}
	}
	if (c->quote != '\0')
		return err_set(e, ERR_KIND_USAGE, "a quote (%c) that is not closed", c->quote);
	c->text[c->out++] = '\0';
	return 0;
}

int s3_words_cut(struct str line, struct s3_words *out, struct err *e)
{
	*out = (struct s3_words){ .text = mem_new(line.len + 2, 1) };
	struct cutter c = { .in = line, .text = out->text };
	if (str_index(line, '\0') >= 0)
		return err_set(e, ERR_KIND_USAGE, "a NUL byte in a line");
	for (;;) {
		while (c.at < line.len && is_blank(line.p[c.at]))
			c.at++;
		if (c.at == line.len || line.p[c.at] == '#')
			return 0;
		if (out->count == S3_WORDS_MAX)
			return err_set(e, ERR_KIND_USAGE, "more than %d words in a line",
			               S3_WORDS_MAX);
		out->words[out->count++] = c.text + c.out;
		if (word(&c, e))
			return -1;
	}
}

void s3_words_free(struct s3_words *w)
{
	mem_free(w->text);
	*w = (struct s3_words){ .count = 0 };
}
