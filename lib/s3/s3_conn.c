/* Idle connections: last in, first out, so that the fewest stay warm. */
#include "base/mem.h"
#include "os/sys.h"
#include "s3/s3_client.h"

enum { HEAD_MAX = 1 << 18, PATH_MAX_BYTES = 1 << 14 };

void s3_conn_drop(struct s3_conn *conn)
{
	if (!conn)
		return;
	if (conn->http)
		http_conn_close(conn->http);
	mem_wipe(conn->head.p, conn->head.len); /* a session token may be in it */
	buf_free(&conn->head);
	buf_free(&conn->path);
	mem_free(conn);
}

/* Unlink an idle connection that fits; one that has become useless is returned in *dead. */
static struct s3_conn *pick(struct s3 *s3, const struct endpoint_place *place, bool slow)
{
	struct str host = str_of(place->host_field);
	for (struct s3_conn **link = &s3->idle; *link; link = &(*link)->next) {
		struct s3_conn *conn = *link;
		if (conn->slow != slow || !str_is(host, conn->host_field))
			continue;
		*link = conn->next;
		s3->idle_count--;
		return conn;
	}
	return NULL;
}

static struct s3_conn *take_idle(struct s3 *s3, const struct endpoint_place *place, bool slow)
{
	for (;;) {
		mutex_lock(&s3->lock);
		struct s3_conn *conn = pick(s3, place, slow);
		mutex_unlock(&s3->lock);
		if (!conn)
			return NULL;
		bool rested = sys_monotonic_ms() - conn->idle_since_ms > S3_CLIENT_IDLE_MS;
		if (!rested && http_conn_reusable(conn->http))
			return conn;
		s3_conn_drop(conn);
	}
}

int s3_conn_take(struct s3 *s3, const struct endpoint_place *place, bool slow, bool fresh,
                 const struct stop *stop, struct s3_conn **out, struct err *e)
{
	*out = fresh ? NULL : take_idle(s3, place, slow);
	if (*out)
		return 0;
	struct s3_conn *conn = mem_new(1, sizeof(*conn));
	conn->slow = slow;
	conn->head = buf_make(HEAD_MAX);
	conn->path = buf_make(PATH_MAX_BYTES);
	struct http_timeouts timeouts = {
		.connect_ms = S3_CLIENT_CONNECT_MS,
		.idle_ms = slow && s3->timeout_ms < S3_CLIENT_SLOW_MS ? S3_CLIENT_SLOW_MS
		                                                      : s3->timeout_ms,
		.idle_bytes = slow ? 1 : S3_CLIENT_SPEED_BYTES,
		.total_ms = slow ? S3_CLIENT_SLOW_TOTAL_MS : 0,
		.until_ms = s3->until_ms,
	};
	struct stream_target target = {
		.url = &place->url,
		.trust = s3->trust,
		.identity = s3->identity,
		.sessions = s3->sessions,
		.connect_to = s3->connect_to,
		.first_address = atomic_fetch_add(&s3->connects, 1),
		.proxies = &s3->proxies,
		.stop = stop,
	};
	if (str_copy(str_of(place->host_field), conn->host_field, sizeof(conn->host_field)) ||
	    http_conn_open(&target, &timeouts, &conn->http, e)) {
		s3_conn_drop(conn);
		return err_is(e) ? -1 : err_set(e, ERR_KIND_BUG, "the host's name is too long");
	}
	*out = conn;
	return 0;
}

void s3_conn_give(struct s3 *s3, struct s3_conn *conn)
{
	if (!conn)
		return;
	conn->used = true;
	conn->idle_since_ms = sys_monotonic_ms();
	if (!http_conn_reusable(conn->http)) {
		s3_conn_drop(conn);
		return;
	}
	mutex_lock(&s3->lock);
	bool kept = s3->idle_count < s3->jobs;
	if (kept) {
		conn->next = s3->idle;
		s3->idle = conn;
		s3->idle_count++;
	}
	mutex_unlock(&s3->lock);
	if (!kept)
		s3_conn_drop(conn);
}

void s3_conn_drop_all(struct s3 *s3)
{
	while (s3->idle) {
		struct s3_conn *conn = s3->idle;
		s3->idle = conn->next;
		s3_conn_drop(conn);
	}
	s3->idle_count = 0;
}
