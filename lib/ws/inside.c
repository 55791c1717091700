/* Opening a workspace and its files. */
#include "ws/inside.h"

#include <stdio.h>

#include "base/codec.h"
#include "base/mem.h"
#include "os/dir.h"
#include "ws/place.h"

enum { STEP_BYTES = 128 * 1024, SHOWN = 256 };

int inside_open(const struct base_dir *b, const char *id, struct inside *out, struct err *e)
{
	struct err why = ERR_INIT;
	struct place place;
	*out = (struct inside){ .base = b, .fd = -1 };
	if (base_dir_check_id(id, e) != 0)
		return -1;
	if (record_load(b, id, &out->record, &why) != 0) {
		if (why.kind == ERR_KIND_NOT_FOUND)
			return err_set(e, ERR_KIND_NOT_FOUND,
			               "workspace %s: no such workspace in %s", id, b->path);
		*e = why;
		return -1;
	}
	if (place_look(b, id, &out->record, &place, e) != 0 ||
	    (place.dir && dir_open(b->fd, id, &out->fd, e) != 0)) {
		inside_close(out);
		return -1;
	}
	if (place.dir)
		return 0;
	err_set(e, ERR_KIND_NOT_FOUND, "workspace %s: its directory is not there (it is %s)", id,
	        record_state_name(out->record.state));
	inside_close(out);
	return -1;
}

void inside_close(struct inside *in)
{
	file_close_auto(&in->fd);
	record_free(&in->record);
}

/* "", or what is wrong. */
static const char *fault_of(struct str path)
{
	struct str component, rest = path;
	bool more = true, any = false;
	if (path.len > 0 && path.p[0] == '/')
		return "is absolute";
	while (more) {
		more = str_cut(rest, '/', &component, &rest);
		if (str_is(component, ".."))
			return "has \"..\" in it";
		any = any || (component.len > 0 && !str_is(component, "."));
	}
	return any ? NULL : "names nothing";
}

int inside_check_path(const char *path, struct err *e)
{
	char shown[SHOWN];
	const char *fault = fault_of(str_of(path));
	if (!fault)
		return 0;
	return err_set(e, ERR_KIND_USAGE, "path \"%s\" %s; it has to be relative to the workspace",
	               codec_quoted(str_of(path), shown, sizeof(shown)), fault);
}

static int too_large(const char *what, uint64_t max_bytes, struct err *e)
{
	return err_set(e, ERR_KIND_DATA, "%s is larger than %llu bytes; --max-size allows more",
	               what, (unsigned long long)max_bytes);
}

int inside_read(const struct inside *in, const char *path, uint64_t max_bytes, int *fd,
                struct file_stat *st, struct err *e)
{
	FD_AUTO opened = -1;
	*fd = -1;
	if (inside_check_path(path, e) != 0 || dir_open_file(in->fd, path, &opened, e) != 0 ||
	    file_stat(opened, st, e, path) != 0)
		return -1;
	if (st->size_bytes > max_bytes)
		return too_large(path, max_bytes, e);
	*fd = file_take(&opened);
	return 0;
}

int inside_copy(int from, int to, uint64_t max_bytes, struct progress *progress,
                struct inside_copied *out, struct err *e, const char *what)
{
	MEM_AUTO char *step = mem_new(STEP_BYTES, 1);
	struct digest_sha256 digest;
	unsigned char hash[DIGEST_SHA256_LEN];
	size_t got = STEP_BYTES;
	*out = (struct inside_copied){ .size_bytes = 0 };
	digest_sha256_init(&digest);
	while (got == STEP_BYTES) {
		if (file_read(from, step, STEP_BYTES, &got, e, what) != 0)
			return -1;
		out->size_bytes += got;
		if (out->size_bytes > max_bytes)
			return too_large(what, max_bytes, e);
		progress_add(progress, got, 0);
		digest_sha256_add(&digest, step, got);
		if (to >= 0 && file_write(to, step, got, e, what) != 0)
			return -1;
	}
	digest_sha256_out(&digest, hash);
	codec_hex(hash, sizeof(hash), out->sha256);
	return 0;
}
