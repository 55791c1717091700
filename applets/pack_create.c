/* ws-archive create: a tree to a file, a store or standard output. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "applets/pack_verbs.h"
#include "applets/s3_options.h"
#include "applets/s3_stop.h"
#include "base/mem.h"
#include "base/num.h"
#include "os/dir.h"
#include "os/log.h"
#include "os/sys.h"
#include "pack/writer.h"
#include "store/store.h"

enum { EXCLUDE_FILE_MAX = 16 << 20, LEVEL_MAX = 12, FORMAT_BY_NAME = -1 };

struct options {
	struct s3_config s3;
	const char *directory, *output;
	struct opt_list exclude, exclude_from;
	uint64_t level, jobs;
	int format, secrets;
	bool vcs_ignores, exclude_caches, order;
	bool one_file_system, devices, reproducible, keep_going, dry_run;
};

static const char *const formats[] = {
	[WRITER_TAR_GZ] = "tar.gz",
	[WRITER_TAR_ZST] = "tar.zst",
	[WRITER_TAR] = "tar",
	NULL,
};

static const char *const secrets[] = {
	[WRITER_SECRETS_KEEP] = "keep",
	[WRITER_SECRETS_WARN] = "warn",
	[WRITER_SECRETS_EXCLUDE] = "exclude",
	NULL,
};

static const struct opt_row rows[] = {
	OPT_TEXT("directory", 'C', "DIR", struct options, directory,
	         "the tree to archive (default: here)"),
	OPT_TEXT("output", 'o', "ARCHIVE", struct options, output,
	         "a file, s3://BUCKET/KEY or - (default: standard output)"),
	OPT_CHOICE("format", 0, "FORMAT", struct options, format, formats,
	           "tar.gz, tar.zst or tar (default: by the name, else tar.gz)"),
	OPT_COUNT("level", 'l', "N", struct options, level,
	          "1 (fast) to 12 (small), default 5, with --order 6, of tar.zst 3"),
	OPT_LIST("exclude", 'x', "PATTERN", struct options, exclude,
	         "leave out what matches, as in .gitignore"),
	OPT_LIST("exclude-from", 'X', "FILE", struct options, exclude_from, "patterns, one a line"),
	OPT_FLAG("exclude-vcs-ignores", 0, struct options, vcs_ignores,
	         "leave out what .gitignore files and .git/info/exclude in the tree say"),
	OPT_FLAG("exclude-caches", 0, struct options, exclude_caches,
	         "leave out what is in directories with a CACHEDIR.TAG, but for the tag"),
	OPT_CHOICE(
		"secrets", 0, "WHAT", struct options, secrets, secrets,
		"what becomes of files whose names are those of keys and passwords: they are stored and "
		"counted (warn, default), left out and named, or kept"),
	OPT_FLAG("order", 0, struct options, order,
	         "by restore priority: .git, lock files, sources, then node_modules and caches"),
	OPT_FLAG("one-file-system", 0, struct options, one_file_system, "do not go into mounts"),
	OPT_FLAG("devices", 0, struct options, devices,
	         "store FIFOs and devices, too, which extract leaves out and other tars make"),
	OPT_FLAG(
		"reproducible", 0, struct options, reproducible,
		"owner 0, no holes, times in whole seconds, none after SOURCE_DATE_EPOCH: same tree, "
		"same bytes"),
	OPT_FLAG("keep-going", 'k', struct options, keep_going,
	         "leave out what cannot be read; the archive is then partial, and the status 1"),
	OPT_FLAG("dry-run", 'n', struct options, dry_run,
	         "say what would be stored; no file is read and nothing is written"),
	OPT_COUNT("threads", 'T', "N", struct options, jobs,
	          "that compress (default: --jobs, else one per core; no more than 8 are of use)"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	S3_OPTIONS_GROUP(offsetof(struct options, s3)),
	OPT_GROUPS_END,
};

static void defaults(void *options)
{
	struct options *o = options;
	o->output = "-";
	o->format = FORMAT_BY_NAME;
	o->secrets = WRITER_SECRETS_WARN;
}

static bool is_stdout(const struct options *o)
{
	return strcmp(o->output, "-") == 0;
}

static int read_excludes(const struct options *o, struct exclude *x, struct err *e)
{
	for (size_t i = 0; i < o->exclude_from.count; i++) {
		const char *name = o->exclude_from.items[i];
		FD_AUTO fd = -1;
		BUF_AUTO text = buf_make(EXCLUDE_FILE_MAX);
		if (dir_open_user_file(name, false, &fd, e) || file_read_rest(fd, &text, e, name))
			return -1;
		if (exclude_add_lines(x, buf_str(&text), e))
			return err_context(e, "%s", name);
	}
	for (size_t i = 0; i < o->exclude.count; i++)
		if (exclude_add(x, str_of(o->exclude.items[i]), e))
			return -1;
	return 0;
}

static int clamp(const struct options *o, int64_t *mtime_max_s, struct err *e)
{
	uint64_t epoch = 0;
	const char *text = sys_env("SOURCE_DATE_EPOCH");
	if (o->reproducible && text && num_parse_u64(str_of(text), &epoch, e))
		return err_context(e, "SOURCE_DATE_EPOCH");
	*mtime_max_s = (int64_t)epoch;
	return 0;
}

/* Where the output file lies, so that the walk passes it by. */
static const struct writer_output *output_place(const struct options *o,
                                                struct writer_output *place,
                                                char name[DIR_NAME_MAX + 1])
{
	FD_AUTO parent = -1;
	struct file_stat st;
	struct err none = ERR_INIT;
	struct str path = str_of(o->output);
	if (is_stdout(o) || str_starts(path, S("s3://")))
		return NULL;
	if (str_starts(path, S("file://")))
		path = str_skip(path, 7);
	if (dir_open_user_parent(path.p, &parent, name, &none) ||
	    file_stat(parent, &st, &none, name))
		return NULL;
	*place = (struct writer_output){ st.dev, st.ino, name };
	return place;
}

static void notice(void *ctx, const struct err *e)
{
	(void)ctx;
	log_warn("%s", e->msg);
}

static void would(void *ctx, struct str path, uint64_t size_bytes)
{
	char *name = mem_str(path.len > 0 ? path : S("."));
	applet_show_action(ctx, &(struct applet_action){ "store", name, NULL, size_bytes, true });
	mem_free(name);
}

static void show(const struct applet_call *call, const struct writer_result *r, int64_t ms)
{
	const struct options *o = call->options;
	char content[NUM_TEXT_MAX], archive[NUM_TEXT_MAX], time[NUM_TEXT_MAX];
	if (call->common->json && !o->dry_run) {
		struct js *line = js_object();
		js_set_path(line, "archive", str_of(o->output));
		js_set_int(line, "entries", (int64_t)r->entries);
		js_set_int(line, "files", (int64_t)r->files);
		js_set_int(line, "content_bytes", (int64_t)r->content_bytes);
		js_set_int(line, "archive_bytes", (int64_t)r->archive_bytes);
		js_set_int(line, "skipped", (int64_t)r->skipped);
		js_set_int(line, "changed", (int64_t)r->changed);
		js_set_int(line, "secrets", (int64_t)r->secrets);
		js_set_int(line, "unreadable", (int64_t)r->unreadable);
		js_set_text(line, "sha256", r->sha256);
		js_set_int(line, "duration_ms", ms);
		applet_json_line(line);
		return;
	}
	if (call->common->quiet)
		return;
	if (o->dry_run) {
		fprintf(stderr, "%s: %" PRIu64 " entries, %s (dry run)\n", call->name, r->entries,
		        num_format_size(r->content_bytes, content));
		return;
	}
	double ratio = r->archive_bytes ? (double)r->content_bytes / (double)r->archive_bytes : 0;
	fprintf(stderr, "%s: %" PRIu64 " entries, %s in %s (%.2f to 1), %s\n", call->name,
	        r->entries, num_format_size(r->content_bytes, content),
	        num_format_size(r->archive_bytes, archive), ratio, num_format_duration(ms, time));
}

static int result_of(const struct writer_result *r, struct err *e)
{
	if (r->unreadable > 0)
		return err_set(e, ERR_KIND_FAILED,
		               "the archive is partial: %" PRIu64 " things could not be read",
		               r->unreadable);
	if (r->changed > 0)
		return err_set(e, ERR_KIND_FAILED, "%" PRIu64 " files changed while they were read",
		               r->changed);
	return 0;
}

/* Whether there is something that a partial archive must not replace. */
static bool is_there(const struct options *o)
{
	SOURCE_AUTO before = NULL;
	struct err absent = ERR_INIT;
	return !is_stdout(o) && store_blob_source(o->output, &o->s3, &before, &absent) == 0;
}

/* One absolute path stands for the tree itself: `create -o X /opt/stacks/task-1` is `create -o X -C /opt/stacks/task-1`. */
static bool names_the_tree(const struct applet_call *call)
{
	const struct options *o = call->options;
	return !o->directory && call->arg_count == 1 && call->args[0][0] == '/';
}

static int write_archive(const struct applet_call *call, const struct writer_options *how,
                         int dirfd, struct writer_result *r, struct err *e)
{
	const struct options *o = call->options;
	size_t path_count = names_the_tree(call) ? 0 : call->arg_count;
	SINK_AUTO sink = NULL;
	struct blob_id id;
	if (o->dry_run)
		return writer_tree(dirfd, path_count ? call->args : NULL, path_count, how, NULL, r,
		                   e);
	bool guarded = o->keep_going && is_there(o);
	if (store_blob_sink(o->output, &o->s3, NULL, &sink, e))
		return -1;
	if (writer_tree(dirfd, path_count ? call->args : NULL, path_count, how, sink, r, e))
		return -1;
	if (guarded && r->unreadable > 0)
		return err_set(
			e, ERR_KIND_CONFLICT,
			"%" PRIu64
			" things could not be read, and a partial archive does not replace %s",
			r->unreadable, o->output);
	return sink->finish(sink, &id, e);
}

static int create(const struct applet_call *call, struct writer_options *how, struct err *e)
{
	const struct options *o = call->options;
	FD_AUTO dir = -1;
	struct progress progress = { .label = NULL };
	struct writer_result r;
	struct writer_output place;
	char name[DIR_NAME_MAX + 1];
	int64_t start = sys_monotonic_ms();
	const char *root = names_the_tree(call) ? call->args[0] : o->directory ? o->directory : ".";
	if (dir_open_root(root, &dir, e))
		return -1;
	how->output = output_place(o, &place, name);
	how->progress = &progress;
	struct meter *meter = applet_progress(call, &progress, "archive");
	int rc = write_archive(call, how, dir, &r, e);
	applet_progress_end(meter);
	if (rc)
		return -1;
	if (o->secrets == WRITER_SECRETS_WARN && r.secrets > 0)
		log_warn("%" PRIu64
		         " files look like secrets, '%s' first; --secrets exclude leaves them out",
		         r.secrets, r.secret);
	show(call, &r, sys_monotonic_ms() - start);
	return result_of(&r, e);
}

/* Asked to stop, it leaves no half of an upload on the server. */
static int create_there(const struct applet_call *call, struct writer_options *how, struct err *e)
{
	struct options o = *(const struct options *)call->options;
	struct applet_call with_client = *call;
	S3_AUTO s3 = NULL;
	struct stopper *stopper;
	if (o.dry_run || !str_starts(str_of(o.output), S("s3://")))
		return create(call, how, e);
	if (s3_open(&o.s3, &s3, e) || s3_stop_begin(&o.s3, s3, &stopper, e))
		return -1;
	o.s3.client = s3;
	with_client.options = &o;
	return s3_stop_end(stopper, create(&with_client, how, e), e);
}

static int format_of(struct str name)
{
	if (str_ends(name, S(".tar")))
		return WRITER_TAR;
	if (str_ends(name, S(".tar.zst")) || str_ends(name, S(".tzst")))
		return WRITER_TAR_ZST;
	return WRITER_TAR_GZ;
}

/* A name that promises another format would lead astray whoever reads it next. */
static int check_name(const struct options *o, struct err *e)
{
	static const char *const others[] = { ".zip", ".7z",  ".rar",  ".xz",  ".txz",
		                              ".bz2", ".tbz", ".tbz2", ".lz4", ".lzma" };
	for (size_t i = 0; i < COUNTOF(others) && o->format == FORMAT_BY_NAME; i++)
		if (str_ends(str_of(o->output), str_of(others[i])))
			return err_set(e, ERR_KIND_USAGE,
			               "%s: there is no format '%s' here, but tar.gz, tar.zst and "
			               "tar: another name, or --format",
			               o->output, others[i] + 1);
	return 0;
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	EXCLUDE_AUTO exclude = exclude_new();
	struct writer_options how = {
		.format = o->format != FORMAT_BY_NAME ? o->format : format_of(str_of(o->output)),
		.level = (int)o->level,
		.jobs = (unsigned)(o->jobs ? o->jobs : o->s3.jobs),
		.exclude = exclude,
		.vcs_ignores = o->vcs_ignores,
		.exclude_caches = o->exclude_caches,
		.secrets = o->secrets,
		.order = o->order,
		.unhashed = !call->common->json,
		.one_file_system = o->one_file_system,
		.devices = o->devices,
		.reproducible = o->reproducible,
		.keep_going = o->keep_going,
		.notice = notice,
		.would = o->dry_run ? would : NULL,
		.would_ctx = (void *)(uintptr_t)call,
	};
	if (is_stdout(o) && !o->dry_run && log_stdout_is_terminal())
		return err_set(e, ERR_KIND_USAGE,
		               "standard output is a terminal; name the archive with -o");
	if (o->level > LEVEL_MAX)
		return err_set(e, ERR_KIND_USAGE, "--level is 1 to %d", LEVEL_MAX);
	if (check_name(o, e) || clamp(o, &how.mtime_max_s, e) || read_excludes(o, exclude, e))
		return -1;
	return create_there(call, &how, e);
}

static bool prints_archive(const struct applet_call *call)
{
	const struct options *o = call->options;
	return is_stdout(o) && !o->dry_run;
}

const struct applet pack_create_applet = {
	.name = "create",
	.summary = "archive a tree",
	.synopsis = "[-C DIR] [-o ARCHIVE] [OPTIONS] [PATH…]",
	.details =
		"Archives DIR, or the PATHs in it; one absolute PATH stands for DIR. Modes, owners, times,\n"
		"links, holes and user attributes are kept; sockets are left out, as are FIFOs and devices\n"
		"without --devices. The archive appears under its name when it is complete, not before. A file\n"
		"that changes while it is read is stored and named, and the status is 1. In a tar.gz small files\n"
		"of one name lie together, and a directory that this tears apart comes a second time, for tars\n"
		"that set its time when they leave it. With --order none does: GNU tar needs\n"
		"--delay-directory-restore, as with -k. To encrypt it: -o - | age -r KEY >FILE, and\n"
		"age -d FILE | ws-archive extract -.",
	.groups = groups,
	.options_size = sizeof(struct options),
	.defaults = defaults,
	.args_max = SIZE_MAX,
	.run = run,
	.prints_content = prints_archive,
};
