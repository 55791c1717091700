/* Single blobs: s3://bucket/key, file:///path, a path, and `-`. */
#include <string.h>

#include "base/mem.h"
#include "base/url.h"
#include "os/dir.h"
#include "store/store_backend.h"
#include "store/store_file.h"

/* The store of an s3:// operand (its bucket), and the key in it. */
static int open_bucket(const char *operand, const struct s3_config *s3, struct store **store,
                       const char **key, struct err *e)
{
	struct str bucket, rest;
	if (url_parse_s3(str_of(operand), &bucket, &rest, e) != 0)
		return err_context(e, "%s", operand);
	if (rest.len == 0)
		return err_set(e, ERR_KIND_USAGE, "%s: a key is missing", operand);
	*key = rest.p;
	MEM_AUTO char *url = mem_printf("s3://%" STR_FMT, STR_ARG(bucket));
	return store_open(url, s3, store, e);
}

/* The path of an operand that is a file. */
static int file_path(const char *operand, const char **path, struct err *e)
{
	struct str view;
	*path = operand;
	if (!str_starts(str_of(operand), S("file://")))
		return 0;
	if (url_parse_file(str_of(operand), &view, e) != 0)
		return err_context(e, "%s", operand);
	*path = view.p;
	return 0;
}

/* ---- a source or sink that owns the store it comes from ---- */

struct owned_source {
	struct source base;
	struct source *inner;
	struct store *store;
};

static int owned_read_at(struct source *base, uint64_t offset, void *p, size_t len, size_t *got,
                         struct err *e)
{
	struct source *inner = ((struct owned_source *)(void *)base)->inner;
	return inner->read_at(inner, offset, p, len, got, e);
}

static void owned_source_close(struct source *base)
{
	struct owned_source *s = (struct owned_source *)(void *)base;
	source_close(&s->inner);
	store_close(s->store);
	mem_free(s);
}

static int bucket_source(const char *operand, const struct s3_config *s3, struct source **out,
                         struct err *e)
{
	STORE_AUTO store = NULL;
	struct source *inner;
	struct store_object object;
	const char *key;
	if (open_bucket(operand, s3, &store, &key, e) != 0)
		return -1;
	/* Past store_source: a user may name any key that S3 has, also one that is no path. */
	if (store->backend->source(store, key, &inner, &object, e) != 0)
		return err_context(e, "read %s", operand);
	struct owned_source *s = mem_new(1, sizeof(*s));
	s->base = *inner;
	s->base.read_at = owned_read_at;
	s->base.close = owned_source_close;
	s->inner = inner;
	s->store = store;
	store = NULL;
	*out = &s->base;
	return 0;
}

struct owned_sink {
	struct sink base;
	struct sink *inner;
	struct store *store;
};

static struct sink *inner_of(struct sink *base)
{
	return ((struct owned_sink *)(void *)base)->inner;
}

static int owned_write(struct sink *base, const void *p, size_t len, struct err *e)
{
	struct sink *inner = inner_of(base);
	return inner->write(inner, p, len, e);
}

static int owned_finish(struct sink *base, struct blob_id *id, struct err *e)
{
	struct sink *inner = inner_of(base);
	return inner->finish(inner, id, e);
}

static void owned_abort(struct sink *base)
{
	struct sink *inner = inner_of(base);
	inner->abort(inner);
}

static void owned_sink_close(struct sink *base)
{
	struct owned_sink *s = (struct owned_sink *)(void *)base;
	sink_close(&s->inner);
	store_close(s->store);
	mem_free(s);
}

static int bucket_sink(const char *operand, const struct s3_config *s3, const struct store_put *put,
                       struct sink **out, struct err *e)
{
	STORE_AUTO store = NULL;
	struct sink *inner;
	const char *key;
	if (open_bucket(operand, s3, &store, &key, e) != 0)
		return -1;
	if (store->backend->sink(store, key, put, &inner, e) != 0)
		return err_context(e, "write %s", operand);
	struct owned_sink *s = mem_new(1, sizeof(*s));
	s->base = (struct sink){ owned_write, owned_finish, owned_abort, owned_sink_close };
	s->inner = inner;
	s->store = store;
	store = NULL;
	*out = &s->base;
	return 0;
}

/* ---- standard input and output ---- */

struct stdin_source {
	struct source base;
	uint64_t at;
};

static int stdin_read_at(struct source *base, uint64_t offset, void *p, size_t len, size_t *got,
                         struct err *e)
{
	struct stdin_source *s = (struct stdin_source *)(void *)base;
	if (offset != s->at)
		return err_set(e, ERR_KIND_USAGE,
		               "standard input can only be read from front to back");
	if (file_read(0, p, len, got, e, "standard input") != 0)
		return -1;
	s->at += *got;
	return 0;
}

static void stdin_close(struct source *base)
{
	mem_free(base);
}

static struct source *stdin_source(void)
{
	struct stdin_source *s = mem_new(1, sizeof(*s));
	s->base.read_at = stdin_read_at;
	s->base.close = stdin_close;
	s->base.sequential = true;
	return &s->base;
}

struct stdout_sink {
	struct sink base;
	struct progress *progress;
	uint64_t written;
};

static int stdout_write(struct sink *base, const void *p, size_t len, struct err *e)
{
	struct stdout_sink *s = (struct stdout_sink *)(void *)base;
	if (file_write(1, p, len, e, "standard output") != 0)
		return -1;
	s->written += len;
	progress_add(s->progress, len, 0);
	return 0;
}

static int stdout_finish(struct sink *base, struct blob_id *id, struct err *e)
{
	const struct stdout_sink *s = (const struct stdout_sink *)(void *)base;
	(void)e;
	if (id)
		*id = (struct blob_id){ .size_bytes = s->written };
	return 0;
}

static void stdout_abort(struct sink *base)
{
	(void)base; /* what a pipe took can't be undone */
}

static void stdout_close(struct sink *base)
{
	mem_free(base);
}

static struct sink *stdout_sink(const struct store_put *put)
{
	struct stdout_sink *s = mem_new(1, sizeof(*s));
	s->base = (struct sink){ stdout_write, stdout_finish, stdout_abort, stdout_close };
	s->progress = put->progress;
	return &s->base;
}

/* ---- files ---- */

static int path_source(const char *operand, struct source **out, struct err *e)
{
	FD_AUTO fd = -1;
	const char *path;
	if (file_path(operand, &path, e) != 0 || dir_open_user_file(path, false, &fd, e) != 0)
		return -1;
	return store_file_source(&fd, path, out, e);
}

/* The rename would put a plain file in the place of a device or of a link that others rely on. */
static int check_replaceable(int parent, const char *name, const char *path, struct err *e)
{
	struct file_stat st;
	struct err why = ERR_INIT;
	if (dir_stat(parent, name, &st, &why) == 0) {
		if (file_is_regular(&st))
			return 0;
		return err_set(e, ERR_KIND_CONFLICT, "write %s: it is there and not a plain file",
		               path);
	}
	if (why.kind == ERR_KIND_NOT_FOUND)
		return 0;
	*e = why;
	return -1;
}

static int path_sink(const char *operand, const struct store_put *put, struct sink **out,
                     struct err *e)
{
	FD_AUTO parent = -1;
	char name[DIR_NAME_MAX + 1];
	const char *path;
	if (file_path(operand, &path, e) != 0 ||
	    dir_open_user_parent(path, &parent, name, e) != 0 ||
	    check_replaceable(parent, name, path, e) != 0)
		return -1;
	const struct store_file_sink_at at = {
		.parent = parent,
		.lock_dir = -1,
		.name = name,
		.shown = path,
		.mode = 0600,
	};
	return store_file_sink(&at, put, out, e);
}

int store_blob_source(const char *operand, const struct s3_config *s3, struct source **out,
                      struct err *e)
{
	*out = NULL;
	if (str_starts(str_of(operand), S("s3://")))
		return bucket_source(operand, s3, out, e);
	if (strcmp(operand, "-") != 0)
		return path_source(operand, out, e);
	*out = stdin_source();
	return 0;
}

int store_blob_sink(const char *operand, const struct s3_config *s3, const struct store_put *put,
                    struct sink **out, struct err *e)
{
	static const struct store_put plain = { .save_id = NULL };
	*out = NULL;
	if (!put)
		put = &plain;
	if (str_starts(str_of(operand), S("s3://")))
		return bucket_sink(operand, s3, put, out, e);
	if (strcmp(operand, "-") != 0)
		return path_sink(operand, put, out, e);
	*out = stdout_sink(put);
	return 0;
}
