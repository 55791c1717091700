/* A small table of sessions, the oldest goes first. */
#include "net/tls_sessions.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/url.h"
#include "net/tls_sessions_table.h"
#include "os/mutex.h"
#include "os/sys.h"

struct entry {
	char server[URL_HOST_MAX + 16]; /* "": free */
	int64_t since_ms;               /* of the full handshake, which looked at certificates */
	br_ssl_session_parameters session;
};

struct tls_sessions {
	struct mutex lock; /* of all that follows */
	struct entry entries[TLS_SESSIONS_MAX];
	size_t next;
	uint64_t resumed;
};

struct tls_sessions *tls_sessions_new(void)
{
	struct tls_sessions *s = mem_new(1, sizeof(*s));
	mutex_init(&s->lock);
	return s;
}

void tls_sessions_free(struct tls_sessions *s)
{
	if (s == NULL)
		return;
	mutex_free(&s->lock);
	mem_wipe(s, sizeof(*s));
	mem_free(s);
}

uint64_t tls_sessions_resumed(struct tls_sessions *s)
{
	mutex_lock(&s->lock);
	uint64_t n = s->resumed;
	mutex_unlock(&s->lock);
	return n;
}

/* With the lock held. */
static struct entry *lookup(struct tls_sessions *s, const char *server)
{
	for (size_t i = 0; i < TLS_SESSIONS_MAX; i++)
		if (str_is(str_of(server), s->entries[i].server))
			return &s->entries[i];
	return NULL;
}

bool tls_sessions_find(struct tls_sessions *s, const char *server, br_ssl_session_parameters *out)
{
	if (s == NULL)
		return false;
	mutex_lock(&s->lock);
	const struct entry *entry = lookup(s, server);
	bool found = entry != NULL && sys_monotonic_ms() - entry->since_ms < TLS_SESSIONS_AGE_MS;
	if (found)
		*out = entry->session;
	mutex_unlock(&s->lock);
	return found;
}

static void keep_full(struct tls_sessions *s, const char *server,
                      const br_ssl_session_parameters *session)
{
	struct entry *entry = lookup(s, server);
	if (entry == NULL)
		entry = &s->entries[s->next++ % TLS_SESSIONS_MAX];
	entry->since_ms = sys_monotonic_ms();
	entry->session = *session;
	if (str_copy(str_of(server), entry->server, sizeof(entry->server)) < 0)
		entry->server[0] = '\0';
}

void tls_sessions_keep(struct tls_sessions *s, const char *server,
                       const br_ssl_session_parameters *session, bool resumed)
{
	if (s == NULL)
		return;
	mutex_lock(&s->lock);
	if (resumed)
		s->resumed++;
	else if (session->session_id_len > 0)
		keep_full(s, server, session);
	mutex_unlock(&s->lock);
}

void tls_sessions_drop(struct tls_sessions *s, const char *server)
{
	if (s == NULL)
		return;
	mutex_lock(&s->lock);
	struct entry *entry = lookup(s, server);
	if (entry != NULL)
		mem_wipe(entry, sizeof(*entry));
	mutex_unlock(&s->lock);
}
