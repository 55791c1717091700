/* Connections of the client that are kept: used again, and left when they have rested. */
#include <stdlib.h>

#include "os/sys.h"
#include "peer.h"
#include "s3/s3_client.h"
#include "tap.h"

#define HEAD                                                                               \
	"send HTTP/1.1 200 OK\r\nContent-Length: 0\r\nETag: \"e\"\r\nLast-Modified: Fri, " \
	"01 Jan 2021 00:00:00 GMT\r\n\r\n"

static int ask(struct s3 *s3, struct err *e)
{
	struct s3_object object;
	return s3_head(s3, S("b"), S("k"), &object, e);
}

int main(void)
{
	/* What comes back says which connection it came over. */
	static const struct peer_script scripts[] = {
		{ { "request", HEAD, "request", HEAD, "until-closed", NULL } },
		{ { "request", HEAD, "until-closed", NULL } },
	};
	struct peer p;
	struct err e = ERR_INIT;
	struct s3 *s3;
	char url[64];
	peer_start(&p, scripts, COUNTOF(scripts));
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", p.port);
	const struct s3_config config = { .endpoint_url = url, .no_sign_request = true };
	TAP_OK(s3_open(&config, &s3, &e) == 0, "a client opens");
	TAP_OK(s3_jobs(s3) >= 32 && s3_jobs(s3) <= 64, "%u requests at once, as fits the machine",
	       s3_jobs(s3));
	TAP_OK(ask(s3, &e) == 0 && s3->idle_count == 1, "a connection is kept");
	TAP_OK(ask(s3, &e) == 0 && atomic_load(&s3->connects) == 1, "and used again");
	s3->idle->idle_since_ms -= S3_CLIENT_IDLE_MS + 1;
	TAP_OK(ask(s3, &e) == 0 && atomic_load(&s3->connects) == 2,
	       "but not when it rested for four seconds");
	TAP_INT(s3->idle_count, 1, "and then it is not kept any more");
	s3_close(s3);
	peer_stop(&p);
	return tap_done();
}
