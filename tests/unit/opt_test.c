/* opt: rows that parse, read configuration, and make --help and man pages. */
#include "base/mem.h"
#include "cli/opt.h"
#include "tests/unit/tap.h"

struct common {
	bool quiet;
	int verbose;
	int progress;
};

struct options {
	const char *base;
	struct opt_list labels;
	uint64_t count;
	uint64_t size;
	int64_t older_ms;
	uint32_t mode;
	bool dry_run;
	struct common common;
};

static const char *const progress_choices[] = { "auto", "always", "never", NULL };

static const struct opt_row rows[] = {
	OPT_TEXT("base", 'b', "DIR", struct options, base, "the directory that holds workspaces"),
	OPT_LIST("label", 'l', "K=V", struct options, labels, "mark the workspace"),
	OPT_COUNT("keep-last", 0, "N", struct options, count, "keep the newest N"),
	OPT_SIZE("max-total", 's', "SIZE", struct options, size, "use at most SIZE"),
	OPT_DURATION("older", 'o', "D", struct options, older_ms, "only what is older than D"),
	OPT_MODE("mode", 'm', "MODE", struct options, mode, "file mode of the workspace"),
	OPT_FLAG("dry-run", 'n', struct options, dry_run, "change nothing, show the plan"),
};

static const struct opt_row common_rows[] = {
	OPT_FLAG("quiet", 'q', struct common, quiet, "say less"),
	OPT_UP("verbose", 'v', struct common, verbose, "say more"),
	OPT_CHOICE("progress", 0, "WHEN", struct common, progress, progress_choices,
	           "draw progress on the terminal"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	OPT_GROUP("Common options", common_rows, offsetof(struct options, common)),
	OPT_GROUPS_END,
};

/* One command line: a text whose words are the arguments. */
struct line {
	char text[256];
	char *argv[16];
	int argc;
};

static void split(struct line *l, const char *text)
{
	snprintf(l->text, sizeof(l->text), "%s", text);
	l->argc = 0;
	for (char *p = l->text; *p != '\0' && l->argc < 15;) {
		l->argv[l->argc++] = p;
		p += strcspn(p, " ");
		if (*p != '\0')
			*p++ = '\0';
	}
	l->argv[l->argc] = NULL;
}

/* Operands joined by ',', with '|' before the first one behind "--". */
static void join(const struct opt_list *operands, size_t after, char *out, size_t cap)
{
	size_t len = 0;
	out[0] = '\0';
	for (size_t i = 0; i <= operands->count; i++) {
		const char *mark = i == after ? "|" : i > 0 && i < operands->count ? "," : "";
		const char *item = i < operands->count ? operands->items[i] : "";
		len += (size_t)snprintf(out + len, cap - len, "%s%s", mark, item);
	}
}

static void test_operands(void)
{
	static const struct {
		const char *line;
		bool stop;
		const char *joined;
	} cases[] = {
		{ "ws", false, "|" },
		{ "ws a b", false, "a,b|" },
		{ "ws a -q b", false, "a,b|" },
		{ "ws a -q b", true, "a,-q,b|" },
		{ "ws -q a --nonsense", true, "a,--nonsense|" },
		{ "ws a -- -q b", false, "a|-q,b" },
		{ "ws -- -- x", false, "|--,x" },
		{ "ws a --", false, "a|" },
		{ "ws -q -- sh -c x", true, "|sh,-c,x" },
		{ "ws a -- b", true, "a,--,b|" },
		{ "ws - -q", false, "-|" },
		{ "ws -b -- x", false, "x|" },
	};
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct line l;
		struct options o = { .base = NULL };
		struct opt_list operands;
		size_t after = 99;
		char joined[128];
		struct err e = ERR_INIT;
		split(&l, cases[i].line);
		int result =
			opt_parse(groups, &o, l.argc, l.argv, cases[i].stop, &operands, &after, &e);
		join(&operands, after, joined, sizeof(joined));
		TAP_OK(result == 0, "\"%s\" is parsed", cases[i].line);
		TAP_TEXT(joined, cases[i].joined, "its operands are %s", cases[i].joined);
		mem_free(operands.items);
		opt_free(groups, &o);
	}
}

/* The fields that a line sets, as text. */
static void show(const struct options *o, char *out, size_t cap)
{
	struct opt_list labels = o->labels;
	char joined[128];
	join(&labels, SIZE_MAX, joined, sizeof(joined));
	snprintf(out, cap, "b=%s l=%s c=%u s=%u o=%d m=%o n=%d q=%d v=%d p=%s",
	         o->base ? o->base : "", joined, (unsigned)o->count, (unsigned)o->size,
	         (int)o->older_ms, (unsigned)o->mode, o->dry_run, o->common.quiet,
	         o->common.verbose, progress_choices[o->common.progress]);
}

static void test_values(void)
{
	static const struct {
		const char *line, *shown;
	} cases[] = {
		{ "ws", "b= l= c=0 s=0 o=0 m=0 n=0 q=0 v=0 p=auto" },
		{ "ws --base=/a", "b=/a l= c=0 s=0 o=0 m=0 n=0 q=0 v=0 p=auto" },
		{ "ws --base /a --base=/b", "b=/b l= c=0 s=0 o=0 m=0 n=0 q=0 v=0 p=auto" },
		{ "ws --base=", "b= l= c=0 s=0 o=0 m=0 n=0 q=0 v=0 p=auto" },
		{ "ws --base=x=y", "b=x=y l= c=0 s=0 o=0 m=0 n=0 q=0 v=0 p=auto" },
		{ "ws --base -q", "b=-q l= c=0 s=0 o=0 m=0 n=0 q=0 v=0 p=auto" },
		{ "ws -b/a", "b=/a l= c=0 s=0 o=0 m=0 n=0 q=0 v=0 p=auto" },
		{ "ws -b /a", "b=/a l= c=0 s=0 o=0 m=0 n=0 q=0 v=0 p=auto" },
		{ "ws -nqvvb/a", "b=/a l= c=0 s=0 o=0 m=0 n=1 q=1 v=2 p=auto" },
		{ "ws -nqb /a -v", "b=/a l= c=0 s=0 o=0 m=0 n=1 q=1 v=1 p=auto" },
		{ "ws -l a=1 --label=b=2 --label c -ld",
		  "b= l=a=1,b=2,c,d c=0 s=0 o=0 m=0 n=0 q=0 v=0 p=auto" },
		{ "ws --keep-last=5 -s10K -o 90s -m 0750 --progress=never",
		  "b= l= c=5 s=10240 o=90000 m=750 n=0 q=0 v=0 p=never" },
	};
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct line l;
		struct options o = { .base = NULL };
		struct opt_list operands;
		char shown[256];
		struct err e = ERR_INIT;
		split(&l, cases[i].line);
		int result = opt_parse(groups, &o, l.argc, l.argv, false, &operands, NULL, &e);
		show(&o, shown, sizeof(shown));
		TAP_INT(result, 0, "\"%s\" is parsed", cases[i].line);
		TAP_TEXT(shown, cases[i].shown, "and sets what it says");
		mem_free(operands.items);
		opt_free(groups, &o);
	}
}

static void test_errors(void)
{
	static const struct {
		const char *line, *message;
	} cases[] = {
		{ "ws --bas=x", "unknown option --bas (did you mean --base?)" },
		{ "ws --bsae x", "unknown option --bsae (did you mean --base?)" },
		{ "ws --dryrun", "unknown option --dryrun (did you mean --dry-run?)" },
		{ "ws --verbsoe", "unknown option --verbsoe (did you mean --verbose?)" },
		{ "ws --nothing-like-it", "unknown option --nothing-like-it" },
		{ "ws --no-quiet", "unknown option --no-quiet" },
		{ "ws --x", "unknown option --x" },
		{ "ws --=x", "unknown option --" },
		{ "ws --\x1b[2J", "unknown option --\\x1b[2J" },
		{ "ws -x", "unknown option -x" },
		{ "ws -qx", "unknown option -x" },
		{ "ws -\xC3", "unknown option -\\xc3" },
		{ "ws --base", "--base needs a value (DIR)" },
		{ "ws -q -b", "--base needs a value (DIR)" },
		{ "ws --quiet=yes", "--quiet takes no value" },
		{ "ws --verbose=2", "--verbose takes no value" },
		{ "ws --keep-last=x", "--keep-last: \"x\" is not a whole number (digits only)" },
		{ "ws -s 10X", "--max-total: \"10X\" is not a size (as 512, 10K, 1.5GiB, 64MB)" },
		{ "ws --older=5",
		  "--older: \"5\" is not a duration (as 500ms, 90s, 15m, 12h, 7d, 2w)" },
		{ "ws --mode=rwx", "--mode: \"rwx\" is not a file mode (octal, as 0755)" },
		{ "ws --progress=yes", "--progress: \"yes\" is not one of auto, always, never" },
		{ "ws a -l b -- --bas", NULL },
		{ "ws a -l b --bas", "unknown option --bas (did you mean --base?)" },
	};
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct line l;
		struct options o = { .base = NULL };
		struct opt_list operands;
		struct err e = ERR_INIT;
		split(&l, cases[i].line);
		int result = opt_parse(groups, &o, l.argc, l.argv, false, &operands, NULL, &e);
		if (cases[i].message) {
			TAP_OK(result == -1 && e.kind == ERR_KIND_USAGE && !operands.items,
			       "\"%s\" is refused", cases[i].line);
			TAP_TEXT(e.msg, cases[i].message, "and the message says why");
		} else {
			TAP_INT(result, 0, "\"%s\" is parsed", cases[i].line);
		}
		mem_free(operands.items);
		opt_free(groups, &o);
	}
}

static void test_config(void)
{
	static const struct {
		const char *name, *value, *message;
		bool known;
	} cases[] = {
		{ "base", "/srv", NULL, true },
		{ "label", "a=1", NULL, true },
		{ "label", "b=2", NULL, true },
		{ "older", "1s", NULL, true },
		{ "dry-run", "Yes", NULL, true },
		{ "quiet", "on", NULL, true },
		{ "quiet", "false", NULL, true },
		{ "verbose", "2", NULL, true },
		{ "progress", "always", NULL, true },
		{ "max_total", "1", NULL, false },
		{ "", "1", NULL, false },
		{ "quiet", "maybe", "quiet: \"maybe\" is not yes or no", true },
		{ "verbose", "lots", "verbose: \"lots\" is not a number from 0 to 9", true },
		{ "mode", "9", "mode: \"9\" is not a file mode (octal, as 0755)", true },
	};
	struct options o = { .base = NULL };
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct err e = ERR_INIT;
		bool known = !cases[i].known;
		int result = opt_set(groups, &o, cases[i].name, cases[i].value, &known, &e);
		TAP_OK(known == cases[i].known && result == (cases[i].message ? -1 : 0),
		       "configuration %s = %s is %s", cases[i].name, cases[i].value,
		       cases[i].message ? "refused"
		       : known          ? "taken"
		                        : "not known");
		if (cases[i].message)
			TAP_OK(e.kind == ERR_KIND_CONFIG && strcmp(e.msg, cases[i].message) == 0,
			       "as a configuration error: %s", e.msg);
	}
	char shown[256];
	show(&o, shown, sizeof(shown));
	TAP_TEXT(shown, "b=/srv l=a=1,b=2 c=0 s=0 o=1000 m=0 n=1 q=0 v=2 p=always",
	         "configuration sets the fields");
	struct line l;
	struct opt_list operands;
	struct err e = ERR_INIT;
	split(&l, "ws --base=/b --label=c");
	TAP_INT(opt_parse(groups, &o, l.argc, l.argv, false, &operands, NULL, &e), 0,
	        "a command line may follow");
	show(&o, shown, sizeof(shown));
	TAP_TEXT(shown, "b=/b l=a=1,b=2,c c=0 s=0 o=1000 m=0 n=1 q=0 v=2 p=always",
	         "it overrides values and adds to lists");
	mem_free(operands.items);
	opt_free(groups, &o);
	TAP_OK(!o.labels.items && o.labels.count == 0, "opt_free empties the lists");
}

static const struct opt_row long_rows[] = {
	OPT_TEXT(
		"require-persistent-for-all-of", 0, "PATH", struct options, base,
		"an option whose own name is so long that what it does starts on a line of its own"),
	OPT_TEXT(
		"ref", 'r', "R", struct options, base,
		"start from R; this sentence goes on for so long that it has to be wrapped, even twice "
		"because eighty columns are not that many"),
};

static const struct opt_group long_groups[] = { OPT_GROUP(NULL, long_rows, 0), OPT_GROUPS_END };

static void test_help(void)
{
	BUF_AUTO out = buf_make(8192);
	opt_help(groups, &out);
	TAP_TEXT(out.p,
	         "Options:\n"
	         "  -b, --base=DIR        the directory that holds workspaces\n"
	         "  -l, --label=K=V       mark the workspace (may be repeated)\n"
	         "      --keep-last=N     keep the newest N\n"
	         "  -s, --max-total=SIZE  use at most SIZE\n"
	         "  -o, --older=D         only what is older than D\n"
	         "  -m, --mode=MODE       file mode of the workspace\n"
	         "  -n, --dry-run         change nothing, show the plan\n"
	         "\n"
	         "Common options:\n"
	         "  -q, --quiet           say less\n"
	         "  -v, --verbose         say more\n"
	         "      --progress=WHEN   draw progress on the terminal (auto, always, never)\n",
	         "--help is aligned");
	buf_clear(&out);
	opt_help(long_groups, &out);
	TAP_TEXT(
		out.p,
		"Options:\n"
		"      --require-persistent-for-all-of=PATH\n"
		"               an option whose own name is so long that what it does starts on a\n"
		"               line of its own\n"
		"  -r, --ref=R  start from R; this sentence goes on for so long that it has to be\n"
		"               wrapped, even twice because eighty columns are not that many\n",
		"and wrapped at 80 columns");
}

static void test_man(void)
{
	static const struct opt_row man_rows[] = {
		OPT_FLAG("dry-run", 'n', struct options, dry_run, ".plan with a \\ in-between"),
		OPT_LIST("label", 0, "K=V", struct options, labels, "mark"),
	};
	static const struct opt_group man_groups[] = { OPT_GROUP(NULL, man_rows, 0),
		                                       OPT_GROUPS_END };
	BUF_AUTO out = buf_make(8192);
	opt_man(man_groups, &out);
	TAP_TEXT(out.p,
	         ".SS Options\n"
	         ".TP\n"
	         "\\fB\\-n\\fR, \\fB\\-\\-dry\\-run\\fR\n"
	         "\\&.plan with a \\e in\\-between.\n"
	         ".TP\n"
	         "\\fB\\-\\-label\\fR=\\fIK=V\\fR\n"
	         "\\&mark (may be repeated).\n",
	         "the man page is escaped for roff");
	buf_clear(&out);
	opt_man(groups, &out);
	TAP_OK(strstr(out.p, "(\\fBauto\\fR, \\fBalways\\fR, \\fBnever\\fR).\n") != NULL,
	       "and lists the choices");
}

int main(void)
{
	test_operands();
	test_values();
	test_errors();
	test_config();
	test_help();
	test_man();
	return tap_done();
}
