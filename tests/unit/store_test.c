/* The file store, and single blobs as files. */
#include "store/store.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/dir.h"
#include "os/remove.h"
#include "os/sys.h"
#include "tests/unit/tap.h"

struct place {
	char dir[64];  /* a directory of its own */
	char url[128]; /* of a store in it */
};

static struct place make_place(void)
{
	struct place p = { .dir = "/tmp/ws-store-test-XXXXXX" };
	if (!mkdtemp(p.dir))
		abort();
	snprintf(p.url, sizeof(p.url), "file://%s/store", p.dir);
	return p;
}

static void remove_place(struct place *p)
{
	struct err e = ERR_INIT;
	FD_AUTO tmp = -1;
	if (dir_open_root("/tmp", &tmp, &e) != 0 || remove_tree(tmp, p->dir + 5, NULL, &e) != 0)
		tap_note("not removed: %s", e.msg);
}

static struct store *open_at(const char *url)
{
	struct store *s;
	struct err e = ERR_INIT;
	if (store_open(url, NULL, &s, &e) != 0) {
		tap_note("%s", e.msg);
		abort();
	}
	return s;
}

/* The kind of the error, NONE for success. */
static enum err_kind put(struct store *s, const char *key, const char *content, const char *save_id,
                         const char *if_etag, struct blob_id *id)
{
	struct err e = ERR_INIT;
	const struct store_put how = { .save_id = save_id, .if_etag = if_etag };
	SINK_AUTO sink = NULL;
	if (store_sink(s, key, &how, &sink, &e) == 0 &&
	    sink->write(sink, content, strlen(content), &e) == 0 && sink->finish(sink, id, &e) == 0)
		return ERR_KIND_NONE;
	return e.kind;
}

static char *get(struct store *s, const char *key)
{
	struct err e = ERR_INIT;
	SOURCE_AUTO source = NULL;
	if (store_source(s, key, &source, NULL, &e) != 0)
		return mem_text(err_kind_name(e.kind));
	char *content = mem_new(source->id.size_bytes + 1, 1);
	size_t got;
	if (source->read_at(source, 0, content, source->id.size_bytes + 1, &got, &e) != 0)
		snprintf(content, source->id.size_bytes + 1, "failed");
	return content;
}

static enum err_kind stat_of(struct store *s, const char *key, struct store_object *o)
{
	struct err e = ERR_INIT;
	return store_stat(s, key, o, &e) == 0 ? ERR_KIND_NONE : e.kind;
}

static unsigned files_in(const char *dir)
{
	struct err e = ERR_INIT;
	FD_AUTO fd = -1;
	char **names;
	size_t count = 0;
	if (dir_open_root(dir, &fd, &e) != 0 || dir_list(fd, 1000, &names, &count, &e) != 0)
		return 0;
	mem_free(names);
	return (unsigned)count;
}

static void test_round_trip(void)
{
	struct place p = make_place();
	STORE_AUTO s = open_at(p.url);
	struct store_object o;
	struct blob_id id;
	struct err e = ERR_INIT;
	TAP_INT(stat_of(s, "a/b.tar.gz", &o), ERR_KIND_NOT_FOUND,
	        "nothing is found in a store that is not there yet");
	TAP_OK(access(p.url + 7, F_OK) != 0, "reading does not make the store's directory");
	TAP_INT(put(s, "a/b.tar.gz", "hello", "nonce-1", NULL, &id), 0, "an object is written");
	TAP_INT(stat_of(s, "a/b.tar.gz", &o), 0, "it is found");
	TAP_INT(o.id.size_bytes, 5, "its size is right");
	TAP_TEXT(o.id.etag, id.etag, "its tag is the one that finish gave");
	TAP_TEXT(o.save_id, "nonce-1", "its save id is kept");
	MEM_AUTO char *content = get(s, "a/b.tar.gz");
	TAP_TEXT(content, "hello", "its bytes come back");
	TAP_INT(stat_of(s, "a", &o), ERR_KIND_NOT_FOUND, "a directory of keys is no object");
	TAP_INT(put(s, "a/b.tar.gz", "", NULL, NULL, &id), 0, "an empty object replaces it");
	TAP_INT(stat_of(s, "a/b.tar.gz", &o), 0, "the new one is found");
	TAP_OK(o.save_id[0] == '\0' && o.id.size_bytes == 0,
	       "the save id of the old one is not the new one's");
	TAP_INT(store_delete(s, "a/b.tar.gz", &e), 0, "it is deleted");
	TAP_INT(stat_of(s, "a/b.tar.gz", &o), ERR_KIND_NOT_FOUND, "and gone");
	TAP_INT(store_delete(s, "a/b.tar.gz", &e), 0, "deleting what is absent is fine");
	TAP_INT(store_delete(s, "never/was", &e), 0,
	        "so is deleting in a directory that is absent");
	char url[200];
	snprintf(url, sizeof(url), "%s/a/k", p.url);
	char shown[256];
	TAP_TEXT(store_key_url(s, "a/k", shown, sizeof(shown)), url, "a key has a URL");
	remove_place(&p);
}

static void test_keys(void)
{
	static const struct {
		const char *key;
		bool good;
	} rows[] = {
		{ "a", true },
		{ "d/b/c.tar.gz", true },
		{ "..a/b..", true },
		{ "a b/\xc3\xa4", true },
		{ "-", true },
		{ "", false },
		{ "/a", false },
		{ "a/", false },
		{ "a//b", false },
		{ ".", false },
		{ "..", false },
		{ "a/../b", false },
		{ "a/./b", false },
		{ ".ws-store.lock", false },
		{ "a/.ws-tmp-x", false },
		{ ".x.ws-meta", false },
		{ "x.ws-meta", true },
	};
	struct place p = make_place();
	STORE_AUTO s = open_at(p.url);
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		enum err_kind kind = put(s, rows[i].key, "x", NULL, NULL, NULL);
		TAP_INT(kind, rows[i].good ? ERR_KIND_NONE : ERR_KIND_USAGE, "the key \"%s\" is %s",
		        rows[i].key, rows[i].good ? "taken" : "refused");
	}
	char long_key[1100];
	memset(long_key, 'a', sizeof(long_key) - 1);
	long_key[sizeof(long_key) - 1] = '\0';
	TAP_INT(put(s, long_key, "x", NULL, NULL, NULL), ERR_KIND_USAGE,
	        "a key over 1024 bytes is refused");
	long_key[300] = '\0';
	TAP_INT(put(s, long_key, "x", NULL, NULL, NULL), ERR_KIND_USAGE,
	        "a component that is no file name is refused");
	TAP_INT(put(s, "k", "x", "no spaces", NULL, NULL), ERR_KIND_BUG,
	        "a save id outside of its grammar is refused");
	remove_place(&p);
}

static void test_urls(void)
{
	static const struct {
		const char *url;
		enum err_kind kind;
	} rows[] = {
		{ "file:///x", ERR_KIND_NONE },
		{ "file:///x/", ERR_KIND_NONE },
		{ "s3://bucket", ERR_KIND_NONE },
		{ "s3://bucket/pre/fix/", ERR_KIND_NONE },
		{ "s3://bucket/../x", ERR_KIND_USAGE },
		{ "s3://", ERR_KIND_USAGE },
		{ "file://host/x", ERR_KIND_USAGE },
		{ "http://x/", ERR_KIND_USAGE },
		{ "/path", ERR_KIND_USAGE },
		{ "", ERR_KIND_USAGE },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		STORE_AUTO s = NULL;
		struct err e = ERR_INIT;
		int result = store_open(rows[i].url, NULL, &s, &e);
		TAP_INT(e.kind, rows[i].kind, "the store \"%s\" is %s", rows[i].url,
		        result == 0 ? "opened" : "refused");
	}
}

static void test_conditions(void)
{
	struct place p = make_place();
	STORE_AUTO s = open_at(p.url);
	struct blob_id first, second;
	TAP_INT(put(s, "k", "1", NULL, "x-y-z", &first), ERR_KIND_CONFLICT,
	        "a state that is gone is a conflict");
	TAP_INT(put(s, "k", "1", NULL, "", &first), 0, "absence asked for and found");
	TAP_INT(put(s, "k", "2", NULL, "", &second), ERR_KIND_CONFLICT,
	        "absence asked for and not found is a conflict");
	MEM_AUTO char *content = get(s, "k");
	TAP_TEXT(content, "1", "a conflict changes nothing");
	TAP_INT(put(s, "k", "2", NULL, first.etag, &second), 0, "the right state is replaced");
	TAP_INT(put(s, "k", "3", NULL, first.etag, &second), ERR_KIND_CONFLICT,
	        "the state before is not the right one");
	TAP_INT(files_in(p.url + 7), 2, "no temporary file is left (the object and the lock are)");
	remove_place(&p);
}

static void test_abort(void)
{
	struct place p = make_place();
	STORE_AUTO s = open_at(p.url);
	struct err e = ERR_INIT;
	SINK_AUTO sink = NULL;
	TAP_INT(store_sink(s, "d/k", NULL, &sink, &e), 0, "a sink is opened");
	TAP_INT(sink->write(sink, "abc", 3, &e), 0, "and written to");
	char dir[128];
	snprintf(dir, sizeof(dir), "%s/store/d", p.dir);
	TAP_INT(files_in(dir), 1, "the bytes lie in a temporary file");
	struct store_object o;
	TAP_INT(stat_of(s, "d/k", &o), ERR_KIND_NOT_FOUND, "nothing is visible before finish");
	sink->abort(sink);
	TAP_INT(files_in(dir), 0, "abort removes it");
	sink_close(&sink);
	TAP_INT(store_sink(s, "d/k", NULL, &sink, &e), 0, "another sink is opened");
	sink_close(&sink);
	TAP_INT(files_in(dir), 0, "closing without finish leaves nothing");
	remove_place(&p);
}

static void age(const char *path)
{
	struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	if (utimensat(AT_FDCWD, path, old, 0) != 0)
		abort();
}

static void write_plain(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) != 0)
		abort();
}

static void test_sweep(void)
{
	struct place p = make_place();
	STORE_AUTO s = open_at(p.url);
	char old[128], young[128];
	put(s, "d/k", "x", NULL, NULL, NULL);
	snprintf(old, sizeof(old), "%s/store/d/.ws-tmp-aaaaaaaaa", p.dir);
	snprintf(young, sizeof(young), "%s/store/d/.ws-tmp-bbbbbbbbb", p.dir);
	write_plain(old, "half");
	write_plain(young, "half");
	age(old);
	TAP_INT(put(s, "d/other", "x", NULL, NULL, NULL), 0,
	        "a later write to the directory succeeds");
	TAP_OK(access(old, F_OK) != 0, "it removes what a killed writer left more than a day ago");
	TAP_OK(access(young, F_OK) == 0, "and leaves what may be somebody's at work");
	remove_place(&p);
}

static void test_meta(void)
{
	struct place p = make_place();
	STORE_AUTO s = open_at(p.url);
	struct store_object o;
	char object[128], meta[128], aside[128];
	put(s, "k", "one", "id-1", NULL, NULL);
	snprintf(object, sizeof(object), "%s/store/k", p.dir);
	snprintf(meta, sizeof(meta), "%s/store/.k.ws-meta", p.dir);
	snprintf(aside, sizeof(aside), "%s/aside", p.dir);

	/* A writer that was killed between its two renames: the meta file is the new one's, the object the old. */
	if (link(object, aside) != 0)
		abort();
	put(s, "k", "two", "id-2", NULL, NULL);
	if (rename(aside, object) != 0)
		abort();
	TAP_INT(stat_of(s, "k", &o), 0, "the object is the old one again");
	TAP_TEXT(o.save_id, "id-1", "its save id is still known");

	write_plain(object, "three, by a stranger");
	TAP_INT(stat_of(s, "k", &o), 0, "the object was replaced by hand");
	TAP_TEXT(o.save_id, "", "the save id of another state is not believed");
	write_plain(meta, "{ not JSON");
	TAP_INT(stat_of(s, "k", &o), 0, "a broken meta file does not matter");
	TAP_TEXT(o.save_id, "", "it is no save id");
	remove_place(&p);
}

static void test_links(void)
{
	struct place p = make_place();
	STORE_AUTO s = open_at(p.url);
	char path[128], target[128];
	struct store_object o;
	put(s, "d/k", "x", NULL, NULL, NULL);
	snprintf(target, sizeof(target), "%s/secret", p.dir);
	write_plain(target, "secret");
	snprintf(path, sizeof(path), "%s/store/link", p.dir);
	if (symlink(target, path) != 0)
		abort();
	TAP_INT(stat_of(s, "link", &o), ERR_KIND_DATA,
	        "a link in the store is neither an object nor absent");
	MEM_AUTO char *content = get(s, "link");
	TAP_TEXT(content, "data", "it is not followed");
	snprintf(path, sizeof(path), "%s/store/dir", p.dir);
	if (symlink(p.dir, path) != 0)
		abort();
	MEM_AUTO char *through = get(s, "dir/secret");
	TAP_TEXT(through, "data", "nor is one among the directories");
	TAP_INT(put(s, "dir/new", "x", NULL, NULL, NULL), ERR_KIND_DATA,
	        "nothing is written through it");
	remove_place(&p);
}

static void test_list(void)
{
	static const char *const keys[] = { "a", "a.txt", "a/b", "a/c/d", "a0", "b/x", "c" };
	struct place p = make_place();
	STORE_AUTO s = open_at(p.url);
	for (size_t i = COUNTOF(keys); i-- > 1;)
		put(s, keys[i], "12", "id", NULL, NULL);
	static const struct {
		const char *prefix, *want;
	} rows[] = {
		{ "", "a.txt a/b a/c/d a0 b/x c " },
		{ "a", "a.txt a/b a/c/d a0 " },
		{ "a/", "a/b a/c/d " },
		{ "a/c", "a/c/d " },
		{ "b/x", "b/x " },
		{ "nothing", "" },
		{ "a/c/d/e", "" },
	};
	for (size_t i = 0; i < COUNTOF(rows); i++) {
		BUF_AUTO got = buf_make(1000);
		struct store_list *l;
		struct store_list_entry entry;
		struct err e = ERR_INIT;
		int more = store_list_open(s, rows[i].prefix, &l, &e) == 0 ? 1 : -1;
		while (more > 0 && (more = store_list_next(l, &entry, &e)) > 0)
			buf_printf(&got, "%s%s ", entry.key, entry.size_bytes == 2 ? "" : "?");
		store_list_close(l);
		TAP_TEXT(got.p, rows[i].want,
		         "keys that start with \"%s\" come in the order of bytes", rows[i].prefix);
	}
	char none[200];
	snprintf(none, sizeof(none), "%s-none", p.url);
	STORE_AUTO empty = open_at(none);
	struct store_list *l;
	struct store_list_entry entry;
	struct err e = ERR_INIT;
	TAP_OK(store_list_open(empty, "", &l, &e) == 0 && store_list_next(l, &entry, &e) == 0,
	       "a store that is not there has no keys");
	store_list_close(l);
	remove_place(&p);
}

/* Children that all replace the same state: one may win. */
static void test_race(void)
{
	enum { CHILDREN = 8 };
	struct place p = make_place();
	STORE_AUTO s = open_at(p.url);
	struct blob_id first;
	put(s, "k", "first", NULL, NULL, &first);
	pid_t children[CHILDREN];
	for (int i = 0; i < CHILDREN; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			STORE_AUTO own = open_at(p.url);
			_exit(put(own, "k", "next", NULL, first.etag, NULL) == ERR_KIND_NONE ? 0
			                                                                     : 1);
		}
	}
	int won = 0;
	for (int i = 0; i < CHILDREN; i++) {
		int status;
		waitpid(children[i], &status, 0);
		won += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	}
	TAP_INT(won, 1, "of eight savers of one state exactly one wins");
	remove_place(&p);
}

/* A write that the system cuts off, as a full disk does. */
static void test_no_room(void)
{
	struct place p = make_place();
	STORE_AUTO s = open_at(p.url);
	struct err e = ERR_INIT;
	SINK_AUTO sink = NULL;
	static const char block[8192];
	put(s, "k", "old", NULL, NULL, NULL);
	struct rlimit limit, small;
	getrlimit(RLIMIT_FSIZE, &limit);
	small = (struct rlimit){ 4096, limit.rlim_max };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigaction(SIGXFSZ, &ignore, NULL);
	if (store_sink(s, "k", NULL, &sink, &e) != 0)
		abort();
	setrlimit(RLIMIT_FSIZE, &small);
	TAP_INT(sink->write(sink, block, sizeof(block), &e), -1, "a write beyond what fits fails");
	setrlimit(RLIMIT_FSIZE, &limit);
	TAP_INT(e.kind, ERR_KIND_IO, "as an input or output error");
	TAP_OK(strstr(e.msg, p.dir) != NULL, "which names the place: %s", e.msg);
	sink_close(&sink);
	MEM_AUTO char *content = get(s, "k");
	TAP_TEXT(content, "old", "the old object is untouched");
	TAP_INT(files_in(p.url + 7), 2, "and nothing is left");
	remove_place(&p);
}

static enum err_kind blob_put(const char *operand, const char *content)
{
	struct err e = ERR_INIT;
	SINK_AUTO sink = NULL;
	if (store_blob_sink(operand, NULL, NULL, &sink, &e) == 0 &&
	    sink->write(sink, content, strlen(content), &e) == 0 &&
	    sink->finish(sink, NULL, &e) == 0)
		return ERR_KIND_NONE;
	return e.kind;
}

static void test_blobs(void)
{
	struct place p = make_place();
	char path[128], url[160], link_path[128];
	struct err e = ERR_INIT;
	snprintf(path, sizeof(path), "%s/x.tar.gz", p.dir);
	snprintf(url, sizeof(url), "file://%s", path);
	snprintf(link_path, sizeof(link_path), "%s/link", p.dir);
	TAP_INT(blob_put(path, "one"), 0, "a path is written");
	TAP_INT(blob_put(url, "two, longer"), 0, "a file URL is, too, over it");
	TAP_INT(files_in(p.dir), 1, "nothing else is left beside it, neither lock nor meta file");
	SOURCE_AUTO source = NULL;
	TAP_INT(store_blob_source(url, NULL, &source, &e), 0, "it can be read");
	char bytes[32];
	size_t got;
	TAP_OK(source->read_at(source, 5, bytes, sizeof(bytes), &got, &e) == 0 && got == 6 &&
	               memcmp(bytes, "longer", 6) == 0,
	       "from any offset");
	write_plain(path, "overwritten in place, other size");
	TAP_INT(source->read_at(source, 0, bytes, 3, &got, &e), -1,
	        "bytes of a file that changed are not given");
	TAP_INT(e.kind, ERR_KIND_CONFLICT, "it is a conflict");
	if (symlink("x.tar.gz", link_path) != 0)
		abort();
	TAP_INT(blob_put(link_path, "x"), ERR_KIND_CONFLICT, "a link is not replaced");
	TAP_INT(blob_put("/dev/null", "x"), ERR_KIND_CONFLICT, "nor is a device");
	TAP_INT(blob_put("/no/such/dir/x", "x"), ERR_KIND_NOT_FOUND,
	        "a directory that is absent is not made");
	TAP_INT(blob_put("s3://bucket", "x"), ERR_KIND_USAGE, "an S3 operand needs a key");
	source_close(&source);
	TAP_INT(store_blob_source("/no/such/file", NULL, &source, &(struct err){ .kind = 0 }), -1,
	        "a file that is absent can't be read");
	remove_place(&p);
}

int main(void)
{
	test_round_trip();
	test_keys();
	test_urls();
	test_conditions();
	test_abort();
	test_sweep();
	test_meta();
	test_links();
	test_list();
	test_race();
	test_no_room();
	test_blobs();
	return tap_done();
}
