/* Asking a server what it can do. An answer is yes only when it was seen. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "os/sys.h"
#include "s3/s3_multipart.h"
#include "s3/s3_object.h"
#include "s3/s3_request.h"

static const char content[] = "probe";

struct probe {
	struct s3 *s3;
	struct str bucket;
	char key[64];
	struct s3_finding *out;
	size_t count;
};

static struct s3_finding *add(struct probe *p, const char *what)
{
	struct s3_finding *f = &p->out[p->count++];
	*f = (struct s3_finding){ .what = what };
	return f;
}

static void say(struct s3_finding *f, enum s3_answer answer, const char *how)
{
	f->answer = answer;
	(void)!str_copy(str_head(str_of(how), sizeof(f->how) - 1), f->how, sizeof(f->how));
}

/* A refusal that says "not here" is an answer, a failure on the way is none. */
static void say_refused(struct s3_finding *f, const struct err *e)
{
	bool no = e->status == 400 || e->status == 404 || e->status == 405 || e->status == 501;
	say(f, no ? S3_ANSWER_NO : S3_ANSWER_UNKNOWN, e->msg);
}

/* PUT the object with one more header: 0, or -1 and why not. */
static int put_with(struct probe *p, struct str name, struct str value, struct err *e)
{
	S3_REPLY_AUTO reply = { .s3 = NULL };
	struct http_body body = { .len = sizeof(content) - 1, .bytes = content };
	struct s3_request r = s3_request_make("PUT", p->bucket, str_of(p->key));
	r.body = &body;
	if (name.len > 0)
		s3_request_header(&r, name, value);
	return s3_request_run(p->s3, &r, &reply, e);
}

static void ask_list(struct s3 *s3, struct str bucket, struct s3_finding *f)
{
	struct err why = ERR_INIT;
	S3_REPLY_AUTO reply = { .s3 = NULL };
	struct s3_request r = s3_request_make("GET", bucket, S(""));
	s3_request_query(&r, "list-type", S("2"));
	s3_request_query(&r, "max-keys", S("1"));
	r.root = "ListBucketResult";
	if (s3_request_run(s3, &r, &reply, &why))
		say_refused(f, &why);
	else if (str_has(buf_str(&reply.body), S("<KeyCount>")))
		say(f, S3_ANSWER_YES, "the answer has a KeyCount");
	else
		say(f, S3_ANSWER_NO, "answered like version 1, without a KeyCount");
}

void s3_probe_virtual_host(struct s3 *s3, struct str bucket, struct s3_finding *out)
{
	*out = (struct s3_finding){ .what = "virtual-host" };
	ask_list(s3, bucket, out);
	if (out->answer == S3_ANSWER_NO && str_has(str_of(out->how), S("KeyCount")))
		say(out, S3_ANSWER_YES, "a listing was answered");
	else if (out->answer == S3_ANSWER_YES)
		say(out, S3_ANSWER_YES, "a listing was answered");
}

/* Something that has to be refused with 400; a server that takes it does not look. */
static void ask_refusal(struct probe *p, const char *what, struct str name, struct str value,
                        const char *taken)
{
	struct err why = ERR_INIT;
	struct s3_finding *f = add(p, what);
	if (put_with(p, name, value, &why) == 0)
		say(f, S3_ANSWER_NO, taken);
	else if (why.status == 400)
		say(f, S3_ANSWER_YES, why.msg);
	else
		say_refused(f, &why);
}

static void ask_conditions(struct probe *p)
{
	static const char *const names[S3_CONDITIONS] = {
		[S3_CONDITION_CREATE] = "put-if-none-match",
		[S3_CONDITION_REPLACE] = "put-if-match",
		[S3_CONDITION_CREATE_COMPLETE] = "complete-if-none-match",
		[S3_CONDITION_REPLACE_COMPLETE] = "complete-if-match",
	};
	for (int what = 0; what < S3_CONDITIONS; what++) {
		struct err why = ERR_INIT;
		struct s3_finding *f = add(p, names[what]);
		f->answer = s3_conditional_ask(p->s3, p->bucket, S(""), (enum s3_condition)what,
		                               f->how, &why);
	}
}

static int copy_in_parts(struct probe *p, struct s3_multipart *m, struct err *e)
{
	MEM_AUTO char *source = mem_printf("/%" STR_FMT "/%s", STR_ARG(p->bucket), p->key);
	if (s3_multipart_begin(m, p->s3, p->bucket, str_of(p->key), NULL, e))
		return -1;
	int result = s3_multipart_copy(m, 1, str_of(source), 0, sizeof(content) - 1, e);
	s3_multipart_abort(m);
	return result;
}

static void ask_multipart_copy(struct probe *p)
{
	struct err why = ERR_INIT;
	struct s3_multipart m = { .s3 = p->s3 };
	struct s3_finding *f = add(p, "multipart-copy");
	if (copy_in_parts(p, &m, &why))
		say_refused(f, &why);
	else
		say(f, S3_ANSWER_YES, "a part was copied");
	s3_multipart_free(&m);
}

static void ask_bulk_delete(struct probe *p)
{
	struct err why = ERR_INIT;
	struct str key = str_of(p->key);
	struct s3_finding *f = add(p, "delete-objects");
	if (s3_delete_many(p->s3, p->bucket, &key, 1, &why))
		say_refused(f, &why);
	else if (atomic_load(&p->s3->single_delete))
		say(f, S3_ANSWER_NO, "refused as not implemented; keys are deleted one by one");
	else
		say(f, S3_ANSWER_YES, "the probe's object was deleted");
}

static void ask_checksums(struct probe *p)
{
	static const char stored[] = "a wrong one was stored without a word";
	ask_refusal(p, "content-md5", S("Content-MD5"), S("AAAAAAAAAAAAAAAAAAAAAA=="), stored);
	ask_refusal(p, "checksum-crc32c", S("x-amz-checksum-crc32c"), S("AAAAAA=="), stored);
	ask_refusal(p, "checksum-crc64nvme", S("x-amz-checksum-crc64nvme"), S("AAAAAAAAAAA="),
	            stored);
}

int s3_probe_all(struct s3 *s3, struct str bucket, struct s3_finding out[S3_PROBE_MAX],
                 size_t *count, struct err *e)
{
	struct probe p = { .s3 = s3, .bucket = bucket, .out = out };
	struct err ignored = ERR_INIT;
	char random[10];
	sys_random_name(random);
	snprintf(p.key, sizeof(p.key), ".ws-probe-%s", random);
	if (put_with(&p, S(""), S(""), e))
		return s3_error_context(e, "probe", bucket, str_of(p.key));
	ask_list(s3, bucket, add(&p, "list-v2"));
	ask_conditions(&p);
	ask_checksums(&p);
	ask_multipart_copy(&p);
	ask_bulk_delete(&p);
	*count = p.count;
	(void)!s3_delete(s3, bucket, str_of(p.key), &ignored);
	return 0;
}
