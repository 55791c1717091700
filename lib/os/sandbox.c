/* Core files off, and Landlock. */
#include "os/sandbox.h"

#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/file.h"

/* Version 1 refuses every rename and link between two directories, also beneath: not usable. */
enum { LANDLOCK_REFER_VERSION = 2, LANDLOCK_TRUNCATE_VERSION = 3 };

#define SANDBOX_TRUNCATE (1ULL << 14) /* LANDLOCK_ACCESS_FS_TRUNCATE, Linux 6.2 */

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

int sandbox_confine_writes(int dirfd, struct err *e)
{
	long version = landlock_version();
	if (version < LANDLOCK_REFER_VERSION)
		return 0;
	uint64_t writes = SANDBOX_WRITES;
	if (version >= LANDLOCK_TRUNCATE_VERSION)
		writes |= SANDBOX_TRUNCATE;
	struct landlock_ruleset_attr attr = { .handled_access_fs = writes };
	FD_AUTO ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0)
		return err_sys(e, "landlock: make rules");
	struct landlock_path_beneath_attr beneath = { .allowed_access = writes,
		                                      .parent_fd = dirfd };
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) != 0)
		return err_sys(e, "landlock: add a rule");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		return err_sys(e, "landlock: restrict");
	return 1;
}
