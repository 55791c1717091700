/* Trying conditions on an object of our own. */
#include "s3/s3_conditional.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "os/sys.h"
#include "s3/s3_client.h"
#include "s3/s3_multipart.h"
#include "s3/s3_object.h"

static const char content[] = "probe";
static const struct http_body body = { .len = sizeof(content) - 1, .bytes = content };

/* One question, on its way. */
struct question {
	struct s3 *s3;
	struct str bucket, key;
	bool complete;
	char *how;
};

static enum s3_answer say(const struct question *q, enum s3_answer answer, const char *how)
{
	(void)!str_copy(str_head(str_of(how), S3_PROBE_HOW_MAX - 1), q->how, S3_PROBE_HOW_MAX);
	return answer;
}

/* A refusal of the condition itself is an answer, a failure on the way is none. */
static enum s3_answer refused(const struct question *q, const struct err *e)
{
	bool no = e->status == 400 || e->status == 405 || e->status == 412 || e->status == 501;
	return say(q, no ? S3_ANSWER_NO : S3_ANSWER_UNKNOWN, e->msg);
}

static int write_parts(const struct question *q, const struct s3_put *put, struct err *e)
{
	struct s3_multipart m;
	int result = -1;
	if (s3_multipart_begin(&m, q->s3, q->bucket, q->key, put, e) == 0 &&
	    s3_multipart_put(&m, 1, &body, e) == 0)
		result = s3_multipart_complete(&m, NULL, e);
	if (result)
		s3_multipart_abort(&m);
	s3_multipart_free(&m);
	return result;
}

static int write(const struct question *q, const struct s3_put *put, struct err *e)
{
	return q->complete ? write_parts(q, put, e)
	                   : s3_object_put(q->s3, q->bucket, q->key, &body, put, NULL, e);
}

static enum s3_answer ask_create(const struct question *q, struct err *e)
{
	const struct s3_put put = { .if_none_match = true };
	if (write(q, &put, e))
		return refused(q, e);
	if (write(q, &put, e) == 0)
		return say(q, S3_ANSWER_NO, "an object was overwritten though it was there");
	return e->status == 412 ? say(q, S3_ANSWER_YES, e->msg) : refused(q, e);
}

static enum s3_answer ask_replace(const struct question *q, struct err *e)
{
	struct s3_object now;
	struct s3_put put = { .if_match = "00000000000000000000000000000000" };
	if (s3_object_put(q->s3, q->bucket, q->key, &body, NULL, NULL, e) ||
	    s3_head(q->s3, q->bucket, q->key, &now, e))
		return say(q, S3_ANSWER_UNKNOWN, e->msg);
	if (write(q, &put, e) == 0)
		return say(q, S3_ANSWER_NO,
		           "an object was overwritten though the ETag was another");
	if (e->status != 412)
		return refused(q, e);
	say(q, S3_ANSWER_YES, e->msg);
	err_clear(e);
	put.if_match = now.etag;
	return write(q, &put, e) == 0 ? S3_ANSWER_YES : refused(q, e);
}

static enum s3_answer ask(const struct question *q, enum s3_condition what, struct err *e)
{
	struct err ignored = ERR_INIT;
	bool create = what == S3_CONDITION_CREATE || what == S3_CONDITION_CREATE_COMPLETE;
	enum s3_answer answer = create ? ask_create(q, e) : ask_replace(q, e);
	(void)!s3_delete(q->s3, q->bucket, q->key, &ignored);
	if (answer != S3_ANSWER_UNKNOWN)
		err_clear(e);
	return answer;
}

/* What is known of a bucket; the oldest makes room. `asking` is held. */
static struct s3_client_conditions *remembered(struct s3 *s3, struct str bucket)
{
	for (size_t i = 0; i < COUNTOF(s3->conditions); i++)
		if (str_is(bucket, s3->conditions[i].bucket))
			return &s3->conditions[i];
	struct s3_client_conditions *c = &s3->conditions[s3->conditions_next];
	s3->conditions_next = (s3->conditions_next + 1) % COUNTOF(s3->conditions);
	*c = (struct s3_client_conditions){ .bucket = "" };
	(void)!str_copy(bucket, c->bucket, sizeof(c->bucket));
	return c;
}

enum s3_answer s3_conditional_ask(struct s3 *s3, struct str bucket, struct str prefix,
                                  enum s3_condition what, char how[S3_PROBE_HOW_MAX], struct err *e)
{
	char random[10];
	sys_random_name(random);
	MEM_AUTO char *key = mem_printf("%" STR_FMT ".ws-probe-%s", STR_ARG(prefix), random);
	const struct question q = {
		.s3 = s3,
		.bucket = bucket,
		.key = str_of(key),
		.complete = what >= S3_CONDITION_CREATE_COMPLETE,
		.how = how,
	};
	mutex_lock(&s3->asking);
	struct s3_client_conditions *known = remembered(s3, bucket);
	if (known->answers[what] == S3_ANSWER_UNKNOWN)
		known->answers[what] = ask(&q, what, e);
	else
		say(&q, known->answers[what], "asked before");
	enum s3_answer answer = known->answers[what];
	mutex_unlock(&s3->asking);
	return answer;
}

int s3_conditional_require(struct s3 *s3, struct str bucket, struct str key, enum s3_condition what,
                           struct err *e)
{
	static const char *const names[S3_CONDITIONS] = {
		[S3_CONDITION_CREATE] = "If-None-Match",
		[S3_CONDITION_REPLACE] = "If-Match",
		[S3_CONDITION_CREATE_COMPLETE] = "If-None-Match for objects of several parts",
		[S3_CONDITION_REPLACE_COMPLETE] = "If-Match for objects of several parts",
	};
	char how[S3_PROBE_HOW_MAX];
	struct str directory, last;
	bool below = str_cut_last(key, '/', &directory, &last);
	struct str prefix = str_head(key, below ? directory.len + 1 : 0);
	switch (s3_conditional_ask(s3, bucket, prefix, what, how, e)) {
	case S3_ANSWER_YES:
		return 0;
	case S3_ANSWER_NO:
		return err_set(e, ERR_KIND_UNAVAILABLE, "the server does not honour %s (%s)",
		               names[what], how);
	case S3_ANSWER_UNKNOWN:
		break;
	}
	return err_context(e, "whether the server honours %s", names[what]);
}
