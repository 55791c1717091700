/* A listing page by page: version 2, and version 1 where a server has no other. */
#include "base/mem.h"
#include "s3/s3_page.h"
#include "s3/s3_request.h"

struct s3_list {
	struct s3 *s3;
	char *bucket, *prefix, *delimiter;
	struct s3_reply reply; /* the present page */
	struct s3_page page;
	struct buf token;   /* where the next page starts */
	struct buf version; /* of versions, behind that key */
	struct buf last;    /* the last key given out: the marker when version 1 names none */
	bool v1, started, ended;
};

int s3_list_open(struct s3 *s3, struct str bucket, struct str prefix, struct str delimiter,
                 struct s3_list **out, struct err *e)
{
	if (bucket.len == 0)
		return err_set(e, ERR_KIND_USAGE, "a listing needs a bucket: s3://BUCKET");
	struct s3_list *l = mem_new(1, sizeof(*l));
	l->s3 = s3;
	l->bucket = mem_str(bucket);
	l->prefix = prefix.len > 0 ? mem_str(prefix) : mem_text("");
	l->delimiter = delimiter.len > 0 ? mem_str(delimiter) : mem_text("");
	l->reply = (struct s3_reply){ .s3 = s3, .body = buf_make(0) };
	l->token = buf_make(1 << 16);
	l->version = buf_make(1 << 16);
	l->last = buf_make(1 << 16);
	l->v1 = atomic_load(&s3->list_v1);
	s3_page_init(&l->page);
	*out = l;
	return 0;
}

int s3_list_versions(struct s3 *s3, struct str bucket, struct str prefix, struct str delimiter,
                     struct s3_list **out, struct err *e)
{
	if (s3_list_open(s3, bucket, prefix, delimiter, out, e))
		return -1;
	(*out)->page.versions = true;
	return 0;
}

void s3_list_close(struct s3_list *l)
{
	if (!l)
		return;
	s3_page_free(&l->page);
	s3_reply_free(&l->reply);
	buf_free(&l->token);
	buf_free(&l->version);
	buf_free(&l->last);
	mem_free(l->bucket);
	mem_free(l->prefix);
	mem_free(l->delimiter);
	mem_free(l);
}

void s3_list_close_auto(struct s3_list **l)
{
	s3_list_close(*l);
	*l = NULL;
}

/* A page that arrives broken is asked for again. */
static int request(struct s3_list *l, struct err *e)
{
	struct retry retry = s3_request_retry(l->s3);
	struct s3_request r = s3_request_make("GET", str_of(l->bucket), S(""));
	bool versions = l->page.versions;
	if (versions)
		s3_request_query(&r, "versions", S(""));
	else if (!l->v1)
		s3_request_query(&r, "list-type", S("2"));
	s3_request_query(&r, "encoding-type", S("url"));
	s3_request_query(&r, "prefix", str_of(l->prefix));
	if (l->delimiter[0] != '\0')
		s3_request_query(&r, "delimiter", str_of(l->delimiter));
	if (l->token.len > 0 && !versions)
		s3_request_query(&r, l->v1 ? "marker" : "continuation-token", buf_str(&l->token));
	if (l->token.len > 0 && versions)
		s3_request_query(&r, "key-marker", buf_str(&l->token));
	if (l->version.len > 0)
		s3_request_query(&r, "version-id-marker", buf_str(&l->version));
	r.retry = &retry;
	for (;;) {
		s3_reply_free(&l->reply);
		if (s3_request_run(l->s3, &r, &l->reply, e))
			return -1;
		if (s3_page_open(&l->page, buf_str(&l->reply.body), e) == 0)
			return 0;
		e->retryable = true;
		if (!retry_again(&retry, e, false, -1))
			return -1;
		err_clear(e);
	}
}

/* Whether a refusal may mean that the server knows only version 1. */
static bool wants_v1(const struct s3_list *l, const struct err *e)
{
	return !l->v1 && !l->started && !l->page.versions &&
	       (e->status == 501 || e->status == 405 ||
	        (e->status == 400 &&
	         (str_is(S("NotImplemented"), e->code) || str_is(S("InvalidArgument"), e->code))));
}

static int fetch(struct s3_list *l, struct err *e)
{
	int result = request(l, e);
	if (result && wants_v1(l, e)) {
		err_clear(e);
		l->v1 = true;
		result = request(l, e);
		if (result == 0)
			atomic_store(&l->s3->list_v1, true);
	}
	if (result && l->page.versions && (e->status == 501 || e->status == 405))
		err_context(e, "the server has no versions");
	l->started = true;
	return result;
}

/* Where the page after the present one starts. A server that names the same place again would never end. */
static int advance(struct s3_list *l, struct err *e)
{
	if (!l->page.truncated) {
		l->ended = true;
		return 0;
	}
	/* A server that does not know list-type answers with version 1. */
	if (!l->v1 && l->page.next.len == 0 && !l->page.is_v2 && !l->page.versions)
		l->v1 = true;
	struct str next = buf_str(&l->page.next);
	if (l->v1 && next.len == 0)
		next = buf_str(&l->last);
	if (next.len == 0)
		return err_set(e, ERR_KIND_DATA,
		               "the listing is cut short without saying where to go on");
	if (str_eq(next, buf_str(&l->token)) &&
	    (!l->page.versions || str_eq(buf_str(&l->page.next_version), buf_str(&l->version))))
		return err_set(e, ERR_KIND_DATA, "the listing repeats itself");
	if (l->v1 && l->token.len > 0 && str_cmp(next, buf_str(&l->token)) < 0)
		return err_set(e, ERR_KIND_DATA, "the listing goes backwards");
	buf_clear(&l->token);
	buf_add_str(&l->token, next);
	buf_clear(&l->version);
	buf_add_str(&l->version, buf_str(&l->page.next_version));
	return buf_check(&l->token, e, "the continuation token");
}

/* 1 an entry, 0 the end of the present page. */
static int next_of_page(struct s3_list *l, struct s3_list_entry *entry, struct err *e)
{
	int got = l->started ? s3_page_next(&l->page, e) : 0;
	if (got > 0) {
		*entry = l->page.entry;
		buf_clear(&l->last);
		buf_add_str(&l->last, entry->key);
	}
	return got;
}

static int next(struct s3_list *l, struct s3_list_entry *entry, struct err *e)
{
	for (;;) {
		int got = next_of_page(l, entry, e);
		if (got != 0)
			return got;
		if (l->started && advance(l, e))
			return -1;
		if (l->ended)
			return 0;
		if (fetch(l, e))
			return -1;
	}
}

int s3_list_next(struct s3_list *l, struct s3_list_entry *entry, struct err *e)
{
	int got = l->ended ? 0 : next(l, entry, e);
	return got < 0 ? s3_error_context(e, "list", str_of(l->bucket), str_of(l->prefix)) : got;
}
