/* The save id of an object in a file store: `.NAME.ws-meta`, JSON, believed only of the file that it describes. */
#include <stdio.h>
#include <string.h>

#include "data/js.h"
#include "os/dir.h"
#include "store/store_file.h"

enum { META_MAX = 4096 };

static void meta_name(const char *name, char out[DIR_NAME_MAX + 1])
{
	snprintf(out, DIR_NAME_MAX + 1, ".%s.ws-meta", name);
}

static int64_t mtime_ns(const struct file_stat *st)
{
	return (int64_t)((uint64_t)st->mtime_s * 1000000000 + st->mtime_ns);
}

static void describe(struct js *o, const struct file_stat *st, const char *save_id)
{
	js_set_text(o, "save_id", save_id);
	js_set_int(o, "ino", (int64_t)st->ino);
	js_set_int(o, "size", (int64_t)st->size_bytes);
	js_set_int(o, "mtime_ns", mtime_ns(st));
}

static bool describes(const struct js *o, const struct file_stat *st)
{
	return js_is_object(o) && js_get_int(o, "ino", -1) == (int64_t)st->ino &&
	       js_get_int(o, "size", -1) == (int64_t)st->size_bytes &&
	       js_get_int(o, "mtime_ns", -1) == mtime_ns(st);
}

/* What can't be read or does not describe this file is no save id: it is a help, never a proof. */
void store_file_meta_read(int parent, const char *name, const struct file_stat *st,
                          char save_id[STORE_SAVE_ID_MAX + 1])
{
	char file[DIR_NAME_MAX + 1];
	struct err ignored = ERR_INIT;
	BUF_AUTO text = buf_make(META_MAX);
	JS_AUTO document = NULL;
	save_id[0] = '\0';
	meta_name(name, file);
	if (dir_read_file(parent, file, &text, &ignored) != 0 ||
	    js_parse(buf_str(&text), file, &document, &ignored) != 0)
		return;
	const struct js *state = document;
	if (!describes(state, st))
		state = js_is_object(document) ? js_get(document, "previous") : NULL;
	if (!state || !describes(state, st) ||
	    str_copy(js_get_str(state, "save_id"), save_id, STORE_SAVE_ID_MAX + 1) != 0)
		save_id[0] = '\0';
}

int store_file_meta_write(int parent, const char *name, const struct file_stat *st,
                          const char *save_id, const struct file_stat *old, struct err *e)
{
	char file[DIR_NAME_MAX + 1], old_id[STORE_SAVE_ID_MAX + 1] = "";
	BUF_AUTO text = buf_make(META_MAX);
	JS_AUTO document = js_object();
	meta_name(name, file);
	describe(document, st, save_id);
	if (old)
		store_file_meta_read(parent, name, old, old_id);
	if (old && old_id[0]) {
		struct js *previous = js_object();
		describe(previous, old, old_id);
		js_set(document, "previous", previous);
	}
	js_format(document, &text);
	if (buf_check(&text, e, file) != 0)
		return -1;
	return dir_replace_file(parent, file, text.p, text.len, 0600, e);
}

int store_file_meta_remove(int parent, const char *name, struct err *e)
{
	char file[DIR_NAME_MAX + 1];
	meta_name(name, file);
	return dir_unlink(parent, file, e);
}
