/* What ws-setup prints. */
#include "applets/setup_print.h"

#include <stdio.h>
#include <string.h>

#include "applets/applet.h"
#include "base/mem.h"
#include "base/num.h"
#include "os/log.h"
#include "os/sys.h"

/* 'value' with each ' as '\''. */
static void add_quoted(struct buf *out, const char *value)
{
	buf_add_char(out, '\'');
	for (const char *p = value; *p; p++) {
		if (*p == '\'')
			buf_add_text(out, "'\\''");
		else
			buf_add_char(out, *p);
	}
	buf_add_text(out, "'\n");
}

/* What the command would get beyond what the caller has already. */
static int print_env(const struct setup *s, struct err *e)
{
	MEM_TEXTS_AUTO env = NULL;
	if (setup_environment(s, NULL, 0, &env, e))
		return -1;
	BUF_AUTO out = buf_make(1 << 20);
	for (char **p = env; *p; p++) {
		struct str name, value;
		if (!str_cut(str_of(*p), '=', &name, &value))
			continue;
		MEM_AUTO char *key = mem_str(name);
		const char *own = sys_env(key);
		if (own && str_is(value, own))
			continue;
		buf_printf(&out, "%s=", key);
		add_quoted(&out, *p + name.len + 1);
	}
	applet_print(&out);
	return buf_check(&out, e, "the environment");
}

int setup_print(const struct setup *s, int what, struct err *e)
{
	if (what == SETUP_PRINT_ENV)
		return print_env(s, e);
	if (what == SETUP_PRINT_JSON)
		applet_json_line(record_json(&s->record, &s->base));
	else
		printf("%s\n", s->root);
	return 0;
}

void setup_print_summary(const struct setup *s, bool dry_run)
{
	char size[NUM_TEXT_MAX];
	const char *would = dry_run ? "would have " : "";
	if (s->stray)
		log_warn("%s%s was in the way and is now %s", would, s->record.id, s->stray);
	if (s->unspooled)
		log_info("%s%s: back from the spool", would, s->record.id);
	else if (s->adopted)
		log_info("%s%s: it was there already", would, s->record.id);
	else if (s->parts_restored)
		log_info("%s%s: restored %llu entries, %s", would, s->record.id,
		         (unsigned long long)s->restored_entries,
		         num_format_size(s->restored_bytes, size));
	else
		log_info("%s%s: made, empty", would, s->record.id);
}
