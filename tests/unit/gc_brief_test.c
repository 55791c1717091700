/* gc_brief: a record in brief says what the whole record says. */
#include "gc/gc_brief.h"

#include "base/mem.h"
#include "tests/unit/mutate.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tap.h"
#include "ws/record_fields.h"

static const char document[] =
	"{\n  \"version\": 1,\n  \"id\": \"w0\",\n  \"profile\": \"task\",\n  \"owner\": \"eve\",\n"
	"  \"root\": \"/b/w0\",\n  \"git_dir\": \"\",\n  \"state\": \"ready\",\n  \"ephemeral\": true,\n"
	"  \"created_ms\": 5,\n  \"ready_ms\": 6,\n  \"last_used_ms\": 7,\n  \"saved_ms\": 0,\n"
	"  \"holder_pid\": 8, \"holder_start_ticks\": 9, \"holder_boot_id\": \"b-1\",\n"
	"  \"labels\": { \"class\": \"build\" },\n"
	"  \"parts\": [ { \"name\": \"workspace\", \"key\": \"k\", \"saved\": false } ]\n}\n";

/* What record_load makes of the text. */
static bool load_whole(struct str text, struct record *r)
{
	struct err e = ERR_INIT;
	record_init(r, "");
	return js_parse(text, "record", &r->document, &e) == 0 &&
	       record_fields_get(r, r->document, &e) == 0 && strcmp(r->id, "w0") == 0;
}

static bool same(const struct gc_brief *b, const struct record *r)
{
	return b->state == r->state && b->ephemeral == r->ephemeral &&
	       strcmp(b->profile, r->profile) == 0 && strcmp(b->owner, r->owner) == 0 &&
	       b->created_ms == r->created_ms && b->ready_ms == r->ready_ms &&
	       b->last_used_ms == r->last_used_ms && b->saved_ms == r->saved_ms &&
	       b->holder.pid == (int32_t)r->holder_pid &&
	       b->holder.start_ticks == (uint64_t)r->holder_start_ticks &&
	       strcmp(b->holder.boot_id, r->holder_boot_id) == 0 &&
	       b->in_git == (r->git_dir[0] != '\0') &&
	       (b->labels ? str_eq(js_get_str(b->labels, "class"), js_get_str(r->labels, "class"))
	                  : js_count(r->labels) == 0);
}

static void test_mutations(void)
{
	struct mutate m = { 7 };
	size_t wrong = 0, plain = 0;
	struct record *r = mem_new(1, sizeof(*r));
	for (int i = 0; i < 20000; i++) {
		struct gc_brief brief;
		struct str text = i > 0 ? mutate_text(&m, str_of(document), "{}[]:,\"\\ 019-.ready")
		                        : str_from(mem_text(document), strlen(document));
		bool ok = gc_brief_skim(text, "w0", &brief);
		plain += ok;
		bool whole = ok && load_whole(text, r);
		wrong += ok && !(whole && same(&brief, r));
		if (ok)
			record_free(r);
		gc_brief_free(&brief);
		mem_free((void *)(uintptr_t)text.p);
	}
	mem_free(r);
	TAP_INT((int)wrong, 0,
	        "of 20,000 damaged records none is skimmed that the whole differs from");
	TAP_OK(plain > 500, "and some are skimmed (%zu)", plain);
}

/* Every text at its limit and one beyond. */
static void test_limits(void)
{
	static const char *const names[] = { "owner",   "root",    "git_head",
		                             "session", "profile", "holder_boot_id" };
	struct record *r = mem_new(1, sizeof(*r));
	size_t wrong = 0;
	for (size_t i = 0; i < COUNTOF(names); i++) {
		for (size_t len = 30; len < 300; len++) {
			struct gc_brief brief;
			MEM_AUTO char *text = mem_printf(
				"{\"version\":1,\"id\":\"w0\",\"state\":\"saved\",\"%s\":\"%0*d\"}",
				names[i], (int)len, 0);
			bool ok = gc_brief_skim(str_of(text), "w0", &brief);
			wrong += ok != load_whole(str_of(text), r);
			record_free(r);
			gc_brief_free(&brief);
		}
	}
	mem_free(r);
	TAP_INT((int)wrong, 0, "texts are too long for it when they are for a record");
}

static void test_files(void)
{
	struct err e = ERR_INIT;
	struct scratch dir;
	struct base_dir base;
	struct record r;
	struct gc_brief brief;
	scratch_open(&dir);
	MEM_AUTO char *path = mem_printf("%s/base", dir.path);
	TAP_OK(base_dir_open(path, true, &base, &e) == 0, "a base is made");
	record_init(&r, "one");
	snprintf(r.owner, sizeof(r.owner),
	         "h\xC3\xA4"
	         "ns \"quoted\"");
	js_set_text(r.labels, "k", "v\n");
	TAP_OK(record_save(&base, &r, &e) == 0, "a record with odd texts is saved");
	TAP_OK(gc_brief_load(&base, "one", &brief, &e) == 0 && strcmp(brief.owner, r.owner) == 0 &&
	               str_is(js_get_str(brief.labels, "k"), "v\n"),
	       "and is read through the whole record");
	gc_brief_free(&brief);
	record_free(&r);
	TAP_OK(gc_brief_load(&base, "two", &brief, &e) == -1 && e.kind == ERR_KIND_NOT_FOUND,
	       "what is not there is not found");
	base_dir_close(&base);
	scratch_close(&dir);
}

int main(void)
{
	test_mutations();
	test_limits();
	test_files();
	return tap_done();
}
