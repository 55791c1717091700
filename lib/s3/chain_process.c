/* credential_process: a program of the user's that prints keys. What it prints is shown to nobody. */
#include <string.h>

#include "base/mem.h"
#include "os/proc_capture.h"
#include "os/sys.h"
#include "s3/chain_parts.h"

enum { PROCESS_TIMEOUT_MS = 60000, WORDS_MAX = 256 };

/* POSIX names it without a header. */
extern char **environ;

/* Reading a command line. */
struct split {
	struct str rest;
	char quote; /* the one that is open, or 0 */
	char *out;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* One character, with what is special about it. */
static void take_char(struct split *s)
{
	char c = s->rest.p[0];
	bool escapes = c == '\\' && s->quote != '\'' && s->rest.len > 1;
	if (escapes && s->quote == '"' && s->rest.p[1] != '"' && s->rest.p[1] != '\\')
		escapes = false;
	if (escapes) {
		*s->out++ = s->rest.p[1];
		s->rest = str_skip(s->rest, 2);
		return;
	}
	s->rest = str_skip(s->rest, 1);
	if (s->quote == 0 && (c == '\'' || c == '"'))
		s->quote = c;
	else if (c == s->quote)
		s->quote = 0;
	else
		*s->out++ = c;
}

char **chain_process_words(struct str line)
{
	struct split s = { .rest = line };
	size_t count = 0;
	/* The array, and behind it the words, which are no longer than the line. */
	char **words = mem_new(1, (WORDS_MAX + 1) * sizeof(char *) + line.len + WORDS_MAX + 1);
	s.out = (char *)(words + WORDS_MAX + 1);
	for (;;) {
		while (s.rest.len > 0 && is_blank(s.rest.p[0]))
			s.rest = str_skip(s.rest, 1);
		if (s.rest.len == 0 || count == WORDS_MAX)
			break;
		words[count++] = s.out;
		while (s.rest.len > 0 && (s.quote != 0 || !is_blank(s.rest.p[0])))
			take_char(&s);
		*s.out++ = '\0';
	}
	if (count > 0 && s.quote == 0 && s.rest.len == 0)
		return words;
	mem_free(words);
	return NULL;
}

/* The program finds its own way to keys: ours, and ws's settings, are not its business. */
static bool is_private(const char *variable)
{
	static const char *const names[] = { "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=",
		                             "AWS_SESSION_TOKEN=",
		                             "AWS_CONTAINER_AUTHORIZATION_TOKEN=", "WS_" };
	for (size_t i = 0; i < COUNTOF(names); i++)
		if (str_starts(str_of(variable), str_of(names[i])))
			return true;
	return false;
}

static char **environment(void)
{
	size_t count = 0, kept = 0;
	while (environ[count])
		count++;
	char **env = mem_new(count + 1, sizeof(char *));
	for (size_t i = 0; i < count; i++)
		if (!is_private(environ[i]))
			env[kept++] = environ[i];
	return env;
}

static int run(const struct chain *c, char **words, struct buf *output, struct err *e)
{
	MEM_AUTO char **env = environment();
	struct proc_spawn how = {
		.argv = words,
		.env = env,
		.cwd_fd = -1,
		.stdin_fd = -1,
		.stdout_fd = -1,
		.stderr_fd = -1,
		.die_with_parent = true,
	};
	int status = 0;
	if (proc_capture_run(&how, chain_deadline(c, PROCESS_TIMEOUT_MS), c->config->stop, output,
	                     &status, e))
		return -1;
	if (status == 0)
		return 0;
	return err_set(e, ERR_KIND_DENIED, "%s ended with status %d (what it printed is not shown)",
	               words[0], status);
}

/* Whoever can write the line can run programs as us. */
static int check_file(const struct awsconf *conf, const char *profile, struct err *e)
{
	struct str ignored;
	bool first = awsconf_credential(conf, profile, "credential_process", &ignored);
	const struct awsconf_file *file = first ? &conf->credentials_file : &conf->config_file;
	if (!file->foreign)
		return 0;
	return err_set(e, ERR_KIND_CONFIG,
	               "%s names a program to run, and others than we and root can change it",
	               first ? conf->credentials_path : conf->config_path);
}

int chain_process_run(struct chain *c, const char *profile, struct credentials *out, struct err *e)
{
	struct str line;
	CHAIN_SECRET_AUTO output = buf_make(CHAIN_BODY_MAX);
	if (!awsconf_either(c->conf, profile, "credential_process", &line))
		return chain_not(c, "no credential_process in profile \"%.64s\"", profile);
	MEM_AUTO char **words = chain_process_words(line);
	if (!words)
		return err_set(e, ERR_KIND_CONFIG, "credential_process of profile \"%s\": %s",
		               profile, "a quote is open, or there are too many words");
	if (check_file(c->conf, profile, e) || run(c, words, &output, e))
		return err_context(e, "credential_process of profile \"%s\"", profile);
	MEM_AUTO char *origin = mem_printf("credential_process %s", words[0]);
	return chain_json_take(buf_str(&output), "SessionToken", true, origin, out, e);
}
