/* The table of sessions with many threads at it. */
#include "net/tls_sessions_table.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/tap.h"

enum { THREADS = 4, TURNS = 2000, SERVERS = TLS_SESSIONS_MAX + 4 };

struct worker {
	pthread_t thread;
	struct tls_sessions *sessions;
	bool wrong;
};

/* Every byte of a session says which server's it is. */
static br_ssl_session_parameters session_of(int server)
{
	br_ssl_session_parameters session;
	memset(&session, server + 1, sizeof(session));
	return session;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	for (int i = 0; i < TURNS; i++) {
		char name[32];
		int server = i * 7 % SERVERS;
		br_ssl_session_parameters want = session_of(server), got;
		snprintf(name, sizeof(name), "host-%d:443", server);
		if (tls_sessions_find(w->sessions, name, &got))
			w->wrong |= memcmp(&got, &want, sizeof(got)) != 0;
		else
			tls_sessions_keep(w->sessions, name, &want, false);
		tls_sessions_keep(w->sessions, name, &want, true);
		if (i % 50 == 0)
			tls_sessions_drop(w->sessions, name);
	}
	return NULL;
}

int main(void)
{
	struct worker workers[THREADS];
	struct tls_sessions *sessions = tls_sessions_new();
	br_ssl_session_parameters session = session_of(1), got;
	bool wrong = false;
	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .sessions = sessions };
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			return 1;
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		wrong |= workers[i].wrong;
	}
	TAP_OK(!wrong, "what is found is what was kept for that server");
	TAP_INT(tls_sessions_resumed(sessions), THREADS * TURNS,
	        "every short handshake is counted");
	tls_sessions_keep(sessions, "a:443", &session, false);
	TAP_OK(tls_sessions_find(sessions, "a:443", &got), "the last one is there");
	TAP_OK(!tls_sessions_find(sessions, "a:444", &got), "another port is another server");
	tls_sessions_drop(sessions, "a:443");
	TAP_OK(!tls_sessions_find(sessions, "a:443", &got), "until it is dropped");
	session.session_id_len = 0;
	tls_sessions_keep(sessions, "b:443", &session, false);
	TAP_OK(!tls_sessions_find(sessions, "b:443", &got),
	       "one without a name cannot be taken up");
	tls_sessions_free(sessions);
	return tap_done();
}
