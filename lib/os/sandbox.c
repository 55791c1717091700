/* Core files off, and Landlock. */
#include "os/sandbox.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/file.h"
#include "os/pool.h"

/* Version 1 refuses every rename and link between two directories, also beneath: not usable. */
enum { LANDLOCK_REFER_VERSION = 2, LANDLOCK_TRUNCATE_VERSION = 3, LANDLOCK_TCP_VERSION = 4 };

#define SANDBOX_TRUNCATE (1ULL << 14) /* LANDLOCK_ACCESS_FS_TRUNCATE, Linux 6.2 */
#define SANDBOX_TCP      3ULL         /* LANDLOCK_ACCESS_NET_BIND_TCP and _CONNECT_TCP, Linux 6.7 */

/* struct landlock_ruleset_attr, which grew; a kernel takes what it does not know when that is 0. */
struct ruleset {
	uint64_t files, net;
};

#define SANDBOX_WRITES                                                   \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |     \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |   \
	 LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER)

void sandbox_harden(void)
{
	static const struct rlimit none = { 0, 0 };
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* The kernel's Landlock version; 0 for none: not built in, not enabled, or filtered. */
static long landlock_version(void)
{
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	return version > 0 ? version : 0;
}

static struct ruleset ruleset_of(const struct sandbox_rules *rules, long version)
{
	struct ruleset handled = { .files = SANDBOX_WRITES };
	if (version >= LANDLOCK_TRUNCATE_VERSION)
		handled.files |= SANDBOX_TRUNCATE;
	if (rules->offline)
		handled.files |= LANDLOCK_ACCESS_FS_EXECUTE;
	if (rules->offline && version >= LANDLOCK_TCP_VERSION)
		handled.net = SANDBOX_TCP;
	return handled;
}

static int landlock(const struct sandbox_rules *rules, long version, struct err *e)
{
	struct ruleset handled = ruleset_of(rules, version);
	FD_AUTO ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0);
	if (ruleset < 0)
		return err_sys(e, "landlock: make rules");
	struct landlock_path_beneath_attr beneath = {
		.allowed_access = handled.files & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE,
		.parent_fd = rules->writable,
	};
	if (rules->writable >= 0 &&
	    syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) != 0)
		return err_sys(e, "landlock: add a rule");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		return err_sys(e, "landlock: restrict");
	return 1;
}

/* Bytes of it that are in use; 0 when /proc does not say. */
static uint64_t address_space(void)
{
	char text[32] = "";
	size_t got;
	struct err ignored = ERR_INIT;
	FD_AUTO fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || file_read(fd, text, sizeof(text) - 1, &got, &ignored, "statm"))
		return 0;
	return strtoull(text, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Lowered, never raised; and not to what is in use already (sanitizers reserve terabytes), which nothing would fit into. */
static int limit_memory(uint64_t bytes, struct err *e)
{
	struct rlimit now;
	if (getrlimit(RLIMIT_AS, &now) != 0)
		return err_sys(e, "limit of memory");
	if (bytes == 0 || bytes >= now.rlim_cur || address_space() > bytes)
		return 0;
	now.rlim_cur = bytes;
	return setrlimit(RLIMIT_AS, &now) == 0 ? 0 : err_sys(e, "limit of memory");
}

int sandbox_confine(const struct sandbox_rules *rules, struct err *e)
{
	long version = landlock_version();
	if (limit_memory(rules->memory_bytes, e))
		return -1;
	return version < LANDLOCK_REFER_VERSION ? 0 : landlock(rules, version, e);
}

struct confined_job {
	struct pool_job job;
	const struct sandbox_rules *rules;
	int (*run)(void *ctx, struct err *e);
	void *ctx;
	bool confined;
};

enum { STACK_BYTES = 1 << 20 };

static int run_confined(struct pool_job *job, struct err *e)
{
	struct confined_job *j = (struct confined_job *)job;
	int rc = sandbox_confine(j->rules, e);
	j->confined = rc > 0;
	return rc < 0 ? err_context(e, "confine a thread") : j->run(j->ctx, e);
}

int sandbox_run(const struct sandbox_rules *rules, int (*run)(void *ctx, struct err *e), void *ctx,
                bool *confined, struct err *e)
{
	struct confined_job j = { { .run = run_confined }, rules, run, ctx, false };
	struct rlimit before;
	struct pool *pool;
	if (getrlimit(RLIMIT_AS, &before) != 0)
		return err_sys(e, "limit of memory");
	if (pool_open(1, STACK_BYTES, 1, &pool, e))
		return -1;
	pool_submit(pool, &j.job);
	int rc = pool_wait(pool, &j.job, e);
	pool_close(pool);
	*confined = j.confined;
	/* The soft limit alone was lowered, which may always be taken back. */
	return setrlimit(RLIMIT_AS, &before) == 0 || rc ? rc : err_sys(e, "limit of memory");
}
