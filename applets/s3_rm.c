/* ws-s3 rm: one object, those that match, or everything below; in lists of 1,000, a few at a time. */
#include "applets/s3_rm.h"

#include "applets/s3_options.h"
#include "applets/s3_path.h"
#include "applets/s3_show.h"
#include "base/mem.h"
#include "os/pool.h"

enum { BATCH_KEYS = 1000, BATCHES = 4, KEYS_BYTES = 2 << 20 };

struct options {
	struct s3_config s3;
	bool recursive, dry_run, raw;
};

static const struct opt_row rows[] = {
	OPT_FLAG("recursive", 'r', struct options, recursive, "everything below"),
	OPT_FLAG("dry-run", 'n', struct options, dry_run, "say what would be deleted"),
	OPT_FLAG("raw", 0, struct options, raw, "* ? [ are ordinary characters of keys"),
};

static const struct opt_group groups[] = {
	OPT_GROUP(NULL, rows, 0),
	S3_OPTIONS_GROUP(offsetof(struct options, s3)),
	OPT_GROUPS_END,
};

/* Keys on their way to one DeleteObjects. */
struct batch {
	struct pool_job job;
	struct removal *removal;
	struct buf text; /* the keys, one after the other */
	size_t ends[BATCH_KEYS], count;
	struct s3_refusal *refused;
	size_t refused_count;
	bool busy;
};

struct removal {
	const struct applet_call *call;
	struct s3 *s3;
	struct str bucket;
	struct pool *pool;
	struct batch batches[BATCHES], *now;
	uint64_t total, failed;
	struct progress progress;
};

static struct str key_at(const struct batch *b, size_t i)
{
	size_t from = i > 0 ? b->ends[i - 1] : 0;
	return str_from(b->text.p + from, b->ends[i] - from);
}

static void show(const struct removal *r, struct str key, bool dry_run)
{
	MEM_AUTO char *name =
		mem_printf("s3://%" STR_FMT "/%" STR_FMT, STR_ARG(r->bucket), STR_ARG(key));
	struct s3_show_action a = { .verb = "delete", .from = name, .size_bytes = UINT64_MAX };
	a.dry_run = dry_run;
	s3_show_action(r->call, &a);
}

static int run_batch(struct pool_job *job, struct err *e)
{
	struct batch *b = (struct batch *)job;
	MEM_AUTO struct str *keys = mem_new(b->count, sizeof(*keys));
	for (size_t i = 0; i < b->count; i++)
		keys[i] = key_at(b, i);
	return s3_delete_listed(b->removal->s3, b->removal->bucket, keys, b->count, &b->refused,
	                        &b->refused_count, e);
}

static bool is_refused(const struct batch *b, struct str key)
{
	for (size_t i = 0; i < b->refused_count; i++)
		if (str_eq(b->refused[i].key, key))
			return true;
	return false;
}

/* Say how a batch ended and make it empty. */
static void end_batch(struct removal *r, struct batch *b)
{
	struct err why = ERR_INIT;
	if (!b->busy)
		return;
	b->busy = false;
	if (pool_wait(r->pool, &b->job, &why)) {
		r->failed += b->count - 1;
		applet_item_failed(r->call, &why, &r->failed);
	} else {
		for (size_t i = 0; i < b->refused_count; i++)
			applet_item_failed(r->call, &b->refused[i].err, &r->failed);
		for (size_t i = 0; i < b->count; i++)
			if (!is_refused(b, key_at(b, i)))
				show(r, key_at(b, i), false);
		progress_add(&r->progress, 0, b->count - b->refused_count);
	}
	mem_free(b->refused);
	b->refused = NULL;
	b->count = b->refused_count = 0;
	buf_clear(&b->text);
}

static void send_batch(struct removal *r)
{
	struct batch *b = r->now;
	if (b->count == 0)
		return;
	b->busy = true;
	b->job = (struct pool_job){ .run = run_batch };
	pool_submit(r->pool, &b->job);
	/* In a ring: the next one is the one sent longest ago. */
	size_t next = (size_t)(b - r->batches + 1) % BATCHES;
	r->now = &r->batches[next];
	end_batch(r, r->now);
}

static void add_key(struct removal *r, struct str key)
{
	struct batch *b = r->now;
	buf_add_str(&b->text, key);
	b->ends[b->count++] = b->text.len;
	if (b->count == BATCH_KEYS)
		send_batch(r);
}

static int remove_matches(struct removal *r, const struct s3_path *path, bool dry_run,
                          struct err *e)
{
	S3_PATH_MATCH_AUTO match = { .list = NULL };
	struct s3_list_entry entry;
	uint64_t before = r->total;
	int got;
	if (s3_path_match_open(r->s3, path, &match, e))
		return -1;
	while ((got = s3_path_match_next(&match, &entry, e)) > 0) {
		r->total++;
		if (dry_run)
			show(r, entry.key, true);
		else
			add_key(r, entry.key);
	}
	send_batch(r);
	for (size_t i = 0; i < BATCHES; i++)
		end_batch(r, &r->batches[i]);
	if (got == 0 && r->total == before)
		return err_set(e, ERR_KIND_NOT_FOUND, "nothing matches %s", path->text);
	return got;
}

static int remove_one(struct removal *r, const struct s3_path *path, bool dry_run, struct err *e)
{
	r->total++;
	if (!dry_run && s3_delete(r->s3, path->bucket, path->key, e))
		return -1;
	show(r, path->key, dry_run);
	return 0;
}

static int remove_operand(struct removal *r, const char *text, struct err *e)
{
	const struct options *o = r->call->options;
	struct s3_path path;
	if (s3_path_parse_s3(text, o->raw, !o->recursive, &path, e))
		return -1;
	r->bucket = path.bucket;
	return o->recursive || path.is_glob ? remove_matches(r, &path, o->dry_run, e)
	                                    : remove_one(r, &path, o->dry_run, e);
}

static int remove_all(struct removal *r, struct err *e)
{
	const struct applet_call *call = r->call;
	for (size_t i = 0; i < call->arg_count; i++) {
		struct err why = ERR_INIT;
		if (remove_operand(r, call->args[i], &why) == 0)
			continue;
		if (call->arg_count == 1 && r->failed == 0) {
			*e = why;
			return -1;
		}
		applet_item_failed(call, &why, &r->failed);
	}
	return applet_result(r->failed, r->total > r->failed ? r->total : r->failed, "objects", e);
}

static int check_operands(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	struct s3_path path;
	for (size_t i = 0; i < call->arg_count; i++)
		if (s3_path_parse_s3(call->args[i], o->raw, !o->recursive, &path, e))
			return -1;
	return 0;
}

static int run(const struct applet_call *call, struct err *e)
{
	const struct options *o = call->options;
	S3_AUTO s3 = NULL;
	POOL_AUTO pool = NULL;
	if (check_operands(call, e) || s3_open(&o->s3, &s3, e) ||
	    pool_open(BATCHES, 0, BATCHES, &pool, e))
		return -1;
	struct removal *r = mem_new(1, sizeof(*r));
	*r = (struct removal){ .call = call, .s3 = s3, .pool = pool };
	r->now = &r->batches[0];
	for (size_t i = 0; i < BATCHES; i++) {
		r->batches[i].removal = r;
		r->batches[i].text = buf_make(KEYS_BYTES);
	}
	struct meter *meter = applet_progress(call, &r->progress, "delete");
	int result = remove_all(r, e);
	applet_progress_end(meter);
	for (size_t i = 0; i < BATCHES; i++)
		buf_free(&r->batches[i].text);
	mem_free(r);
	return result;
}

const struct applet s3_rm_applet = {
	.name = "rm",
	.summary = "delete objects",
	.synopsis = "[OPTIONS] s3://BUCKET/KEY…",
	.details =
		"A key with * ? [ in it deletes what matches. That a key is not there is no error.",
	.groups = groups,
	.options_size = sizeof(struct options),
	.args_min = 1,
	.args_max = SIZE_MAX,
	.run = run,
};
