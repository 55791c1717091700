/* A failure of these calls is a bug in ws: a mutex that was never made, or one taken twice. */
#include "os/mutex.h"

#include <assert.h>

#include "base/defs.h"

void mutex_init(struct mutex *m)
{
	UNUSED int rc = pthread_mutex_init(&m->m, NULL);
	assert(rc == 0);
}

void mutex_free(struct mutex *m)
{
	UNUSED int rc = pthread_mutex_destroy(&m->m);
	assert(rc == 0);
}

void mutex_lock(struct mutex *m)
{
	UNUSED int rc = pthread_mutex_lock(&m->m);
	assert(rc == 0);
}

void mutex_unlock(struct mutex *m)
{
	UNUSED int rc = pthread_mutex_unlock(&m->m);
	assert(rc == 0);
}
