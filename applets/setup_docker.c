/* The argument vector of `docker run`. */
#include "applets/setup_docker.h"

#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "base/num.h"
#include "os/dir.h"
#include "os/sys.h"
#include "ws/reset.h"

enum { OUTPUT_MAX = 1 << 20 };

struct line {
	struct buf out;
	bool nul;
};

/* What no shell takes for anything else. */
static bool is_plain(struct str word)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				   "0123456789@%+=:,./_-";
	for (size_t i = 0; i < word.len; i++) {
		if (word.p[i] == '\0' || !strchr(safe, word.p[i]))
			return false;
	}
	return word.len > 0;
}

static void add_quoted(struct buf *out, struct str word)
{
	buf_add_char(out, '\'');
	for (size_t i = 0; i < word.len; i++) {
		if (word.p[i] == '\'')
			buf_add_text(out, "'\\''");
		else
			buf_add_char(out, word.p[i]);
	}
	buf_add_char(out, '\'');
}

static void add_word(struct line *l, const char *text)
{
	struct str word = str_of(text);
	if (!l->nul && l->out.len > 0)
		buf_add_char(&l->out, ' ');
	if (l->nul || is_plain(word))
		buf_add_str(&l->out, word);
	else
		add_quoted(&l->out, word);
	if (l->nul)
		buf_add_char(&l->out, '\0');
}

static void add_option(struct line *l, const char *name, const char *value)
{
	add_word(l, name);
	add_word(l, value);
}

/* A field of --mount, which docker reads as CSV. */
static void add_field(struct buf *out, const char *name, const char *value)
{
	bool quote = strpbrk(value, ",\"\n\r") != NULL;
	buf_add_text(out, quote ? ",\"" : ",");
	buf_printf(out, "%s=", name);
	for (const char *p = value; *p; p++) {
		if (*p == '"')
			buf_add_char(out, '"');
		buf_add_char(out, *p);
	}
	buf_add_text(out, quote ? "\"" : "");
}

/* --mount fails for a source that is missing, where -v makes it, as root's. */
static void add_mount(struct line *l, const char *type, const char *source, const char *target,
                      bool read_only)
{
	BUF_AUTO text = buf_make(OUTPUT_MAX);
	buf_printf(&text, "type=%s", type);
	add_field(&text, "source", source);
	add_field(&text, "target", target);
	buf_add_text(&text, read_only ? ",readonly" : "");
	add_option(l, "--mount", text.p);
}

/* The user's own directory, private when it has to be made, which is noted: a reset takes what we made and nothing else. */
static int make_host(const struct setup *s, const char *path, struct err *e)
{
	FD_AUTO there = -1, parent = -1, made = -1;
	char name[DIR_NAME_MAX + 1];
	struct err why = ERR_INIT;
	if (dir_open_root(path, &there, &why) == 0)
		return 0;
	const char *slash = strrchr(path, '/');
	MEM_AUTO char *above = mem_str(str_from(path, slash ? (size_t)(slash - path) : 0));
	if (dir_make_root(above[0] ? above : "/", &made, e) != 0 ||
	    dir_open_user_parent(path, &parent, name, e) != 0)
		return -1;
	file_close_auto(&made);
	if (dir_make(parent, name, 0700, &made, e) != 0)
		return -1;
	return reset_host_note(&s->base, s->record.id, path, e);
}

static int add_volume(struct line *l, const struct setup_docker *d, const struct volume *v,
                      struct err *e)
{
	bool named = d->from == SETUP_DOCKER_NAMED ||
	             (d->from == SETUP_DOCKER_HOST && v->host[0] == '\0');
	if (!v->is_users && named) {
		add_mount(l, "volume", v->name, v->container, false);
		return 0;
	}
	MEM_AUTO char *own = mem_printf("%s/%s", d->setup->root, v->path);
	bool host = v->is_users || d->from == SETUP_DOCKER_HOST;
	if (host && !v->is_users && !d->dry_run && make_host(d->setup, v->host, e) != 0)
		return -1;
	add_mount(l, "bind", host ? v->host : own, v->container, v->read_only);
	return 0;
}

static int add_mounts(struct line *l, const struct setup_docker *d, struct err *e)
{
	bool has_own = false;
	for (size_t i = 0; i < d->volumes->count; i++)
		has_own = has_own || !d->volumes->list[i].is_users;
	if (!has_own)
		add_mount(l, "bind", d->setup->root, "/workspace", false);
	for (size_t i = 0; i < d->volumes->count; i++) {
		if (add_volume(l, d, &d->volumes->list[i], e) != 0)
			return -1;
	}
	if (!has_own)
		add_option(l, "-w", "/workspace");
	return 0;
}

static void add_label(struct line *l, const char *key, struct str value)
{
	MEM_AUTO char *text = mem_printf("%s=%" STR_FMT, key, STR_ARG(value));
	add_option(l, "--label", text);
}

static void add_labels(struct line *l, const struct record *r)
{
	add_label(l, "task_id", str_of(r->id));
	if (r->owner[0])
		add_label(l, "agent_id", str_of(r->owner));
	for (size_t i = 0; i < js_count(r->labels); i++) {
		MEM_AUTO char *key = mem_str(js_key_at(r->labels, i));
		add_label(l, key, js_value_str(js_field_at(r->labels, i)));
	}
}

static int add_limits(struct line *l, const struct setup_docker *d, struct err *e)
{
	if (d->cpus)
		add_option(l, "--cpus", d->cpus);
	if (!d->memory)
		return 0;
	uint64_t bytes;
	if (num_parse_size(str_of(d->memory), &bytes, e) != 0)
		return -1;
	MEM_AUTO char *text = mem_printf("%llu", (unsigned long long)bytes);
	add_option(l, "--memory", text);
	return 0;
}

static bool is_decimal(struct str s)
{
	struct str whole, part;
	uint64_t n;
	bool has_part = str_cut(s, '.', &whole, &part);
	return num_parse_digits(whole, 10, &n) == 0 &&
	       (!has_part || num_parse_digits(part, 10, &n) == 0);
}

int setup_docker_check(const struct setup_docker *d, struct err *e)
{
	uint64_t bytes;
	if (d->cpus && !is_decimal(str_of(d->cpus)))
		return err_set(e, ERR_KIND_USAGE, "--cpus %s: a number is expected", d->cpus);
	if (d->memory && num_parse_size(str_of(d->memory), &bytes, e) != 0)
		return err_context(e, "--memory");
	return 0;
}

int setup_docker_print(const struct setup_docker *d, struct err *e)
{
	struct line l = { .out = buf_make(OUTPUT_MAX), .nul = d->nul };
	const struct record *r = &d->setup->record;
	MEM_AUTO char *name = mem_printf("opencode-%s-%lld", r->id, (long long)sys_now_ms());
	add_word(&l, "docker");
	add_word(&l, "run");
	add_word(&l, "--rm");
	add_option(&l, "--name", name);
	add_labels(&l, r);
	if (d->user)
		add_option(&l, "--user", d->user);
	int result = add_mounts(&l, d, e) != 0 ? -1 : add_limits(&l, d, e);
	for (size_t i = 0; i < d->word_count; i++)
		add_word(&l, d->words[i]);
	if (!d->nul)
		buf_add_char(&l.out, '\n');
	if (result == 0 && buf_check(&l.out, e, "the arguments") == 0)
		applet_print(&l.out);
	else
		result = -1;
	buf_free(&l.out);
	return result;
}
