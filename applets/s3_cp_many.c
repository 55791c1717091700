/* Trees of files and prefixes of keys, one job for each. */
#include <string.h>

#include "applets/s3_cp.h"
#include "base/codec.h"
#include "base/utf8.h"
#include "os/dir.h"
#include "os/log.h"
#include "os/walk.h"

/* "s3://bucket/key" of where something goes. */
static void add_url(struct buf *out, struct str bucket, struct str key)
{
	buf_add_text(out, "s3://");
	buf_add_str(out, bucket);
	buf_add_char(out, '/');
	buf_add_str(out, key);
}

/* The key of `name` below the target, which is taken for a directory. */
static void add_target_key(struct s3_job *j, const struct s3_path *to, struct str name)
{
	buf_add_str(&j->key, to->key);
	if (to->key.len > 0 && !str_ends(to->key, S("/")))
		buf_add_char(&j->key, '/');
	buf_add_str(&j->key, name);
	j->bucket = to->bucket;
	add_url(&j->to, to->bucket, buf_str(&j->key));
}

static void add_local(struct buf *out, const char *directory, struct str name)
{
	buf_add_text(out, directory);
	if (!str_ends(str_of(directory), S("/")))
		buf_add_char(out, '/');
	buf_add_str(out, name);
}

static void one_file(struct s3_job_queue *q, int root, const char *directory,
                     const struct walk_entry *w, const struct s3_path *to)
{
	struct str name = str_of(w->path);
	if (!s3_filter_takes(q->filter, name))
		return;
	if (!utf8_valid(name)) {
		struct err e = ERR_INIT;
		char shown[300];
		err_set(&e, ERR_KIND_USAGE, "%s: a key must be UTF-8",
		        codec_quoted(name, shown, sizeof(shown)));
		q->total++;
		s3_job_failed(q, &e);
		return;
	}
	struct s3_job *j = s3_job_next(q);
	j->kind = S3_JOB_UPLOAD;
	j->root_fd = root;
	j->size_bytes = w->stat.size_bytes;
	buf_add_str(&j->path, name);
	add_local(&j->from, directory, name);
	add_target_key(j, to, name);
	s3_job_start(q, j);
}

struct skipped {
	uint64_t links, specials;
};

static void say_skipped(const struct skipped *s)
{
	if (s->links > 0)
		log_warn("symbolic links were not followed: %llu", (unsigned long long)s->links);
	if (s->specials > 0)
		log_warn("sockets, pipes and devices were left out: %llu",
		         (unsigned long long)s->specials);
}

int s3_cp_many_files(struct s3_job_queue *q, const char *directory, const struct s3_path *to,
                     struct err *e)
{
	const struct walk_options options = { .directories_after = false };
	struct skipped skipped = { 0, 0 };
	struct walk_entry entry;
	FD_AUTO root = -1;
	WALK_AUTO walk = NULL;
	int got = 1;
	if (dir_open_root(directory, &root, e) || walk_open(root, &options, &walk, e))
		return -1;
	while (got != 0 && !s3_stopped(q->s3)) {
		struct err why = ERR_INIT;
		got = walk_next(walk, &entry, &why);
		if (got < 0) {
			q->total++;
			s3_job_failed(q, &why);
			if (walk_failed(walk))
				break;
		} else if (got > 0 && file_is_regular(&entry.stat)) {
			one_file(q, root, directory, &entry, to);
		} else if (got > 0 && file_is_symlink(&entry.stat)) {
			skipped.links++;
		} else if (got > 0 && !file_is_dir(&entry.stat)) {
			skipped.specials++;
		}
	}
	say_skipped(&skipped);
	/* The jobs use `root`. */
	s3_job_wait(q);
	return 0;
}

static void refuse_name(struct s3_job_queue *q, struct str bucket, struct str key)
{
	struct err e = ERR_INIT;
	char shown[300];
	err_set(&e, ERR_KIND_DATA, "get s3://%" STR_FMT "/%s: the key is no path below a directory",
	        STR_ARG(bucket), codec_quoted(key, shown, sizeof(shown)));
	q->total++;
	s3_job_failed(q, &e);
}

/* A download's job; a key that would leave the directory is refused. */
static void one_download(struct s3_job_queue *q, int root, const struct s3_path *from,
                         const struct s3_list_entry *entry, struct str name, const char *directory)
{
	/* An empty object whose key ends in '/' is how some tools note a directory. */
	if (str_ends(entry->key, S("/")) && entry->size_bytes == 0)
		return;
	if (!s3_job_run_is_safe(name)) {
		refuse_name(q, from->bucket, entry->key);
		return;
	}
	struct s3_job *j = s3_job_next(q);
	j->kind = S3_JOB_DOWNLOAD;
	j->root_fd = root;
	j->bucket = from->bucket;
	j->size_bytes = entry->size_bytes;
	buf_add_str(&j->key, entry->key);
	buf_add_str(&j->path, name);
	add_url(&j->from, from->bucket, entry->key);
	add_local(&j->to, directory, name);
	s3_job_start(q, j);
}

static void one_copy(struct s3_job_queue *q, const struct s3_path *from,
                     const struct s3_list_entry *entry, struct str name, const struct s3_path *to)
{
	struct s3_job *j = s3_job_next(q);
	j->kind = S3_JOB_COPY;
	j->from_bucket = from->bucket;
	j->size_bytes = entry->size_bytes;
	buf_add_str(&j->from_key, entry->key);
	add_url(&j->from, from->bucket, entry->key);
	add_target_key(j, to, name);
	s3_job_start(q, j);
}

static int each_object(struct s3_job_queue *q, int root, struct s3_path_match *match,
                       const struct s3_path *from, const struct s3_path *to, struct err *e)
{
	struct s3_list_entry entry;
	uint64_t before = q->total;
	int got;
	match->filter = q->filter;
	while ((got = s3_path_match_next(match, &entry, e)) > 0) {
		struct str name = str_skip(entry.key, match->base_len);
		if (to->is_s3)
			one_copy(q, from, &entry, name, to);
		else
			one_download(q, root, from, &entry, name, to->text);
	}
	s3_job_wait(q);
	if (got == 0 && q->total == before)
		return err_set(e, ERR_KIND_NOT_FOUND, "nothing matches %s", from->text);
	return got;
}

int s3_cp_many_objects(struct s3_job_queue *q, const struct s3_path *from, const struct s3_path *to,
                       struct err *e)
{
	S3_PATH_MATCH_AUTO match = { .list = NULL };
	FD_AUTO root = -1;
	bool local = !to->is_s3 && !q->dry_run;
	if ((local && dir_make_root(to->text, &root, e)) ||
	    s3_path_match_open(q->s3, from, &match, e) || each_object(q, root, &match, from, to, e))
		return -1;
	/* Now what was renamed into place is on disk, too. */
	return local ? dir_sync_all(root, e) : 0;
}
