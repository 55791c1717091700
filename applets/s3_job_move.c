/* Taking away what was moved, once its copy is known to be there. */
#include "applets/s3_job.h"
#include "os/dir.h"
#include "os/file.h"

static bool is_same(const struct file_stat *a, const struct file_stat *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size_bytes == b->size_bytes &&
	       a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns;
}

int s3_job_move_file(const struct s3_job *j, const struct file_stat *sent, struct err *e)
{
	struct s3_object object;
	struct file_stat now;
	char name[DIR_NAME_MAX + 1];
	FD_AUTO parent = -1;
	int opened = j->root_fd >= 0 ? dir_open_parent(j->root_fd, j->path.p, &parent, name, e)
	                             : dir_open_user_parent(j->path.p, &parent, name, e);
	if (opened || s3_head(j->queue->s3, j->bucket, buf_str(&j->key), &object, e) ||
	    dir_stat(parent, name, &now, e))
		return -1;
	if (object.size_bytes != sent->size_bytes)
		return err_set(e, ERR_KIND_DATA,
		               "the object has another size than the file, which stays");
	if (!is_same(sent, &now))
		return err_set(e, ERR_KIND_CONFLICT,
		               "the file changed after it was read, and stays");
	return dir_unlink(parent, name, e);
}

int s3_job_move_object(const struct s3_job *j, struct str bucket, struct str key, const char *etag,
                       struct err *e)
{
	struct s3_object now;
	if (s3_head(j->queue->s3, bucket, key, &now, e))
		return -1;
	if (!str_is(str_of(now.etag), etag))
		return err_set(e, ERR_KIND_CONFLICT,
		               "the source changed after it was read, and stays");
	return s3_delete(j->queue->s3, bucket, key, e);
}
