/* What is known of an unfinished upload, as a small JSON document. */
#include "s3/s3_resume.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/digest.h"
#include "data/js.h"
#include "os/dir.h"
#include "os/extent.h"
#include "os/lock.h"
#include "os/sys.h"

enum { DOCUMENT_MAX = 8192 };

static int open_directory(int *dir, struct err *e)
{
	const char *state = sys_env("XDG_STATE_HOME"), *home = sys_env("HOME");
	bool has_state = state && state[0] == '/';
	if (!has_state && (!home || home[0] != '/'))
		return err_set(e, ERR_KIND_CONFIG,
		               "uploads that can go on need HOME or XDG_STATE_HOME");
	MEM_AUTO char *path = has_state ? mem_printf("%s/ws/uploads", state)
	                                : mem_printf("%s/.local/state/ws/uploads", home);
	return dir_make_root(path, dir, e);
}

/* One file for each target; the region and the keys are not part of what it is. */
static void set_name(struct s3_resume *r, const struct s3 *s3, struct str bucket, struct str key)
{
	char hex[DIGEST_SHA256_HEX];
	BUF_AUTO target = buf_make(1 << 14);
	buf_add_text(&target, s3->endpoint.text ? s3->endpoint.text : "aws");
	buf_add(&target, "", 1);
	buf_add_str(&target, bucket);
	buf_add_char(&target, '/');
	buf_add_str(&target, key);
	digest_sha256_hex(target.p, target.len, hex);
	snprintf(r->name, sizeof(r->name), "%.32s.json", hex);
}

/* Content that is no such document is that of a run that was cut off while it wrote: nothing. */
static int load(struct s3_resume *r, struct err *e)
{
	BUF_AUTO text = buf_make(DOCUMENT_MAX);
	struct err ignored = ERR_INIT;
	JS_AUTO document = NULL;
	if (file_read_rest(r->fd, &text, e, r->name))
		return -1;
	if (js_parse(buf_str(&text), r->name, &document, &ignored) || !js_is_object(document))
		return 0;
	int64_t part_size = js_get_int(document, "part_size", 0);
	if (part_size <= 0 ||
	    str_copy(js_get_str(document, "upload_id"), r->upload_id, sizeof(r->upload_id)))
		r->upload_id[0] = '\0';
	r->part_size = part_size > 0 ? (uint64_t)part_size : 0;
	r->changed = !str_is(js_get_str(document, "source"), r->source);
	return 0;
}

int s3_resume_open(struct s3_resume *r, const struct s3 *s3, struct str bucket, struct str key,
                   const struct file_stat *source, struct err *e)
{
	*r = (struct s3_resume){ .dir = -1, .fd = -1 };
	set_name(r, s3, bucket, key);
	snprintf(r->source, sizeof(r->source), "%llu:%llu:%llu:%lld.%09u",
	         (unsigned long long)source->dev, (unsigned long long)source->ino,
	         (unsigned long long)source->size_bytes, (long long)source->mtime_s,
	         (unsigned)source->mtime_ns);
	return open_directory(&r->dir, e) || lock_open(r->dir, r->name, 0600, &r->fd, e) ||
	                       load(r, e)
	               ? -1
	               : 0;
}

int s3_resume_keep(struct s3_resume *r, const char *upload_id, uint64_t part_size, struct err *e)
{
	BUF_AUTO text = buf_make(DOCUMENT_MAX);
	JS_AUTO document = js_object();
	js_set_text(document, "source", r->source);
	js_set_int(document, "part_size", (int64_t)part_size);
	js_set_text(document, "upload_id", upload_id);
	js_format(document, &text);
	if (buf_check(&text, e, "the state of the upload") ||
	    extent_set_size(r->fd, 0, e, r->name) ||
	    file_pwrite(r->fd, text.p, text.len, 0, e, r->name) || file_sync(r->fd, e, r->name))
		return -1;
	r->part_size = part_size;
	return dir_sync(r->dir, e);
}

void s3_resume_forget(struct s3_resume *r)
{
	struct err ignored = ERR_INIT;
	(void)!dir_unlink(r->dir, r->name, &ignored);
}

void s3_resume_close(struct s3_resume *r)
{
	file_close_auto(&r->fd);
	file_close_auto(&r->dir);
}
