/* A part of the tree into the store. */
#include <string.h>

#include "base/codec.h"
#include "base/mem.h"
#include "os/dir.h"
#include "pack/exclude.h"
#include "pack/writer.h"
#include "store/store.h"
#include "ws/part.h"

enum { COPY_BYTES = 256 * 1024 };

/* ---- writing to the sink ---- */

static int write_tree(int fd, const struct part *p, const struct part_save *how, struct sink *sink,
                      struct part_saved *out, struct err *e)
{
	EXCLUDE_AUTO exclude = exclude_new();
	for (char **path = p->excludes; *path; path++)
		exclude_add_literal(exclude, str_of(*path));
	const struct writer_options options = {
		.format = WRITER_TAR_GZ,
		.exclude = exclude,
		.keep_going = how->keep_going,
		.progress = how->progress,
		.notice = how->notice,
		.notice_ctx = how->notice_ctx,
	};
	struct writer_result result;
	if (writer_tree(fd, how->only, how->only_count, &options, sink, &result, e) != 0)
		return -1;
	out->unreadable = result.unreadable;
	out->entries = result.entries;
	out->content_bytes = result.content_bytes;
	memcpy(out->sha256, result.sha256, sizeof(out->sha256));
	return 0;
}

static int write_file(int fd, const struct part *p, const struct part_save *how, struct sink *sink,
                      struct part_saved *out, struct err *e)
{
	MEM_AUTO char *bytes = mem_new(COPY_BYTES, 1);
	struct digest_sha256 digest;
	unsigned char hash[DIGEST_SHA256_LEN];
	size_t got;
	digest_sha256_init(&digest);
	do {
		if (file_read(fd, bytes, COPY_BYTES, &got, e, p->path) != 0 ||
		    sink->write(sink, bytes, got, e) != 0)
			return -1;
		digest_sha256_add(&digest, bytes, got);
		out->content_bytes += got;
		progress_add(how->progress, got, 0);
	} while (got == COPY_BYTES);
	digest_sha256_out(&digest, hash);
	codec_hex(hash, sizeof(hash), out->sha256);
	out->entries = 1;
	return 0;
}

/* Law 2: what the store says it has is what was sent. */
static int verify(const struct part_save *how, const struct blob_id *sent, struct err *e)
{
	struct store_object object;
	if (store_stat(how->store, how->key, &object, e) != 0)
		return err_context(e, "verify");
	if (object.id.size_bytes == sent->size_bytes && strcmp(object.id.etag, sent->etag) == 0)
		return 0;
	return err_set(e, ERR_KIND_CONFLICT,
	               "verify %s: the store has another state than the one sent", how->key);
}

static int send(int fd, const struct part *p, const struct part_save *how, struct part_saved *out,
                struct err *e)
{
	SINK_AUTO sink = NULL;
	const struct store_put put = { .save_id = how->save_id,
		                       .if_etag = how->if_etag,
		                       .atomic = how->atomic };
	if (store_sink(how->store, how->key, &put, &sink, e) != 0)
		return -1;
	int written = p->def->is_file ? write_file(fd, p, how, sink, out, e)
	                              : write_tree(fd, p, how, sink, out, e);
	if (written != 0)
		return -1;
	/* Law 3: the sink is closed unfinished, and the store keeps what it has. */
	if (out->unreadable > 0 && !how->partial_is_fine)
		return 0;
	if (sink->finish(sink, &out->id, e) != 0)
		return -1;
	return verify(how, &out->id, e);
}

int part_save(int root, const struct part *p, const struct part_save *how, struct part_saved *out,
              struct err *e)
{
	FD_AUTO fd = -1;
	struct err why = ERR_INIT;
	*out = (struct part_saved){ .missing = false };
	int opened = p->def->is_file ? dir_open_file(root, p->path, &fd, &why)
	                             : dir_open(root, p->path, &fd, &why);
	if (opened == 0)
		return send(fd, p, how, out, e);
	if (why.kind == ERR_KIND_NOT_FOUND) {
		out->missing = true;
		return 0;
	}
	*e = why;
	return err_context(e, "part %s", p->def->name);
}
