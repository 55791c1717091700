/* Backup and restore beside setups and teardowns. */
#include "ws/backup_lock.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "os/dir.h"
#include "ws/base_dir.h"

/* Open <base>/.ws/<id> when `path` is <base>/<id> and has a record: 1, 0, -1. */
static int open_record(const char *path, int *fd, struct err *e)
{
	FD_AUTO base = -1;
	char id[DIR_NAME_MAX + 1];
	struct err why = ERR_INIT;
	if (dir_open_user_parent(path, &base, id, &why) != 0 || base_dir_check_id(id, &why) != 0)
		return 0;
	MEM_AUTO char *record = mem_printf(".ws/%s", id);
	if (dir_open(base, record, fd, &why) != 0) {
		*e = why;
		return why.kind == ERR_KIND_NOT_FOUND ? (err_clear(e), 0) : -1;
	}
	return dir_exists(*fd, "record.json", e);
}

int backup_lock_take(const char *path, struct lock *out, struct err *e)
{
	FD_AUTO record = -1;
	char *resolved = realpath(path, NULL);
	if (!resolved)
		return 0;
	int found = open_record(resolved, &record, e);
	free(resolved);
	if (found > 0)
		found = lock_take(record, "lock", 0, out, e);
	return found < 0 ? err_context(e, "workspace %s", path) : 0;
}
