/* The directories right below the tree's root are handed out, then one thread removes what is left. */
#include "os/remove_idle.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/dents.h"
#include "os/dir.h"
#include "os/pool.h"
#include "os/sys.h"

enum {
	BATCH = 256, /* directories handed out at a time */
	WORKERS_MAX = 4,
	DENTS_BYTES = 32 * 1024,
};

/* linux/ioprio.h of new kernels only: the class IDLE, of "this thread". */
enum { IOPRIO_WHO_PROCESS = 1, IOPRIO_IDLE = 3 << 13, NICE_LOWEST = 19 };

struct removal {
	struct pool_job job;
	int dirfd;
	char name[DIR_NAME_MAX + 1];
	struct remove_stats stats;
};

/* The one who waits gets nothing out of a failure: then it is not so idle. Of one thread alone, as Linux has it. */
static void become_idle(void)
{
	long ignored = syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
	(void)ignored;
	(void)!setpriority(PRIO_PROCESS, (id_t)gettid(), NICE_LOWEST);
}

static int run(struct pool_job *job, struct err *e)
{
	struct removal *r = (struct removal *)job;
	become_idle();
	return remove_tree(r->dirfd, r->name, &r->stats, e);
}

static int wait_for(struct pool *p, struct removal *r, struct remove_stats *stats, struct err *e)
{
	struct err why = ERR_INIT;
	int result = pool_wait(p, &r->job, &why);
	if (stats) {
		stats->entries += r->stats.entries;
		stats->allocated_bytes += r->stats.allocated_bytes;
	}
	if (result != 0 && !err_is(e))
		*e = why;
	return result;
}

static void submit(struct pool *p, struct removal *r, int dirfd, const char *name,
                   const struct remove_stats *stats)
{
	*r = (struct removal){ .job.run = run, .dirfd = dirfd };
	r->stats.end_ms = stats ? stats->end_ms : 0;
	snprintf(r->name, sizeof(r->name), "%s", name);
	pool_submit(p, &r->job);
}

/* Up to BATCH directories below `fd`. Those that the kernel passes over while others go are left to the last step. */
static size_t hand_out(struct pool *p, struct dents *d, int fd, struct removal *batch,
                       const struct remove_stats *stats, bool *more)
{
	struct dents_entry entry;
	size_t count = 0;
	while (count < BATCH && (*more = dents_next(d, &entry) > 0)) {
		if (entry.type == DT_DIR)
			submit(p, &batch[count++], fd, entry.name, stats);
	}
	return count;
}

/* What goes wrong here goes wrong again in the last step, which tells of it. */
static void remove_directories(struct pool *p, int fd, struct remove_stats *stats)
{
	char bytes[DENTS_BYTES];
	struct dents d = dents_make(fd, bytes, sizeof(bytes));
	struct err ignored = ERR_INIT;
	struct removal *batch = mem_new(BATCH, sizeof(*batch));
	for (bool more = true; more;) {
		size_t count = hand_out(p, &d, fd, batch, stats, &more);
		for (size_t i = 0; i < count; i++)
			(void)!wait_for(p, &batch[i], stats, &ignored);
	}
	mem_free(batch);
}

static int remove_all(struct pool *p, int dirfd, const char *name, struct remove_stats *stats,
                      struct err *e)
{
	FD_AUTO fd = -1;
	struct err ignored = ERR_INIT;
	struct file_stat parent, st;
	struct removal rest;
	if (dir_open(dirfd, name, &fd, &ignored) == 0 &&
	    file_stat(dirfd, &parent, &ignored, name) == 0 &&
	    file_stat(fd, &st, &ignored, name) == 0 && parent.mount_id == st.mount_id &&
	    parent.dev == st.dev)
		remove_directories(p, fd, stats);
	submit(p, &rest, dirfd, name, stats);
	return wait_for(p, &rest, stats, e);
}

int remove_idle_tree(int dirfd, const char *name, struct remove_stats *stats, struct err *e)
{
	POOL_AUTO pool = NULL;
	unsigned n = sys_cpu_count();
	n = n < WORKERS_MAX ? n : WORKERS_MAX;
	if (pool_open(n, 0, BATCH, &pool, e) != 0)
		return -1;
	return remove_all(pool, dirfd, name, stats, e);
}
