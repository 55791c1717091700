/* A lock between threads. */
#ifndef WS_OS_MUTEX_H
#define WS_OS_MUTEX_H

#include <pthread.h>

struct mutex {
	pthread_mutex_t m;
};

void mutex_init(struct mutex *m);
void mutex_free(struct mutex *m);
void mutex_lock(struct mutex *m);
void mutex_unlock(struct mutex *m);

#endif
