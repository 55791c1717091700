/* Conditional writes (N16, N17): what a conflict means when the answer before it was lost. */
#include <stdlib.h>

#include "s3/s3.h"
#include "tests/unit/peer.h"
#include "tests/unit/tap.h"

#define PUT  "request", "body 4"
#define FULL "HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n"
#define BUSY "<Error><Code>ConditionalRequestConflict</Code></Error>"
#define RACE "HTTP/1.1 409 Conflict\r\nContent-Length: 54\r\n\r\n" BUSY
#define DONE "HTTP/1.1 200 OK\r\nETag: \"new\"\r\nContent-Length: 0\r\n\r\n"
#define IS(n)                                                          \
	"HTTP/1.1 200 OK\r\nETag: \"" n "\"\r\nx-amz-meta-ws-save: " n \
	"\r\nContent-Length: 4\r\n\r\n"

static const struct {
	const char *name;
	struct s3_put put;
	struct peer_script scripts[3];
	enum err_kind kind; /* 0: it ends well */
	const char *etag;
} cases[] = {
	{ "an object that is there is a conflict",
	  { .if_none_match = true, .save_id = "mine" },
	  { { { PUT, "send " FULL, "request", "send " IS("mine"), "until-closed" } } },
	  ERR_KIND_CONFLICT,
	  NULL },
	{ "a conflict after a lost answer is our own object when it has our save id",
	  { .if_none_match = true, .save_id = "mine" },
	  { { { PUT, "reset" } },
	    { { PUT, "send " FULL, "request", "send " IS("mine"), "until-closed" } } },
	  0,
	  "mine" },
	{ "and somebody else's when it has another",
	  { .if_none_match = true, .save_id = "mine" },
	  { { { PUT, "reset" } },
	    { { PUT, "send " FULL, "request", "send " IS("hers"), "until-closed" } } },
	  ERR_KIND_CONFLICT,
	  NULL },
	{ "without a save id nobody knows, which is a conflict",
	  { .if_none_match = true },
	  { { { PUT, "reset" } },
	    { { PUT, "send " FULL, "request", "send " IS("mine"), "until-closed" } } },
	  ERR_KIND_CONFLICT,
	  NULL },
	{ "a race of two writers is tried again",
	  { .if_match = "old" },
	  { { { PUT, "send " RACE, PUT, "send " DONE, "until-closed" } } },
	  0,
	  "new" },
	{ "the state that was asked for, refused with its quotes on, is asked for without them",
	  { .if_match = "old" },
	  { { { PUT, "send " FULL, "request", "send " IS("old"), PUT, "send " DONE,
	        "until-closed" } } },
	  0,
	  "new" },
	{ "another state is a conflict",
	  { .if_match = "old" },
	  { { { PUT, "send " FULL, "request", "send " IS("other"), "until-closed" } } },
	  ERR_KIND_CONFLICT,
	  NULL },
};

int main(void)
{
	setenv("AWS_ACCESS_KEY_ID", "AK", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-test", 1);
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct err e = ERR_INIT;
		struct blob_id id = { .etag = "" };
		struct peer p;
		char url[64];
		S3_AUTO s3 = NULL;
		peer_start(&p, cases[i].scripts, COUNTOF(cases[i].scripts));
		snprintf(url, sizeof(url), "http://127.0.0.1:%u", p.port);
		struct s3_config config = { .endpoint_url = url, .region = "us-east-1" };
		int r = s3_open(&config, &s3, &e);
		if (r == 0)
			r = s3_put_bytes(s3, S("b"), S("k"), "body", 4, &cases[i].put, &id, &e);
		TAP_OK(r == (cases[i].kind ? -1 : 0) && (r == 0 || e.kind == cases[i].kind), "%s",
		       cases[i].name);
		if (cases[i].etag)
			TAP_TEXT(id.etag, cases[i].etag, "%s: its tag", cases[i].name);
		s3_close_auto(&s3);
		peer_stop(&p);
	}
	return tap_done();
}
