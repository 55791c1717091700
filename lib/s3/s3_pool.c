/* The client's threads: they are there while anybody needs them. */
#include "s3/s3_pool.h"

int s3_pool_open(struct s3 *s3, size_t queue_max, struct pool **out, struct err *e)
{
	int result = 0;
	mutex_lock(&s3->lock);
	if (!s3->crew)
		result = pool_open(s3->jobs, 0, 1, &s3->crew, e);
	if (result == 0) {
		*out = pool_beside(s3->crew, queue_max);
		s3->crew_users++;
	}
	mutex_unlock(&s3->lock);
	return result;
}

void s3_pool_close(struct s3 *s3, struct pool *pool)
{
	struct pool *unused = NULL;
	if (!pool)
		return;
	pool_close(pool);
	mutex_lock(&s3->lock);
	if (--s3->crew_users == 0) {
		unused = s3->crew;
		s3->crew = NULL;
	}
	mutex_unlock(&s3->lock);
	pool_close(unused);
}

int s3_pool_each(struct s3 *s3, uint64_t first, uint64_t end,
                 int (*step)(void *ctx, uint64_t n, struct err *e), void *ctx, struct err *e)
{
	struct pool *pool;
	if (end <= first + 1)
		return first < end ? step(ctx, first, e) : 0;
	if (s3_pool_open(s3, 1, &pool, e))
		return -1;
	int result = pool_each(pool, s3->jobs - 1, first, end, step, ctx, e);
	s3_pool_close(s3, pool);
	return result;
}
