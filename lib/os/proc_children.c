/* Children, by a walk of /proc: the kernel's own list of them is not in every kernel. */
#include "os/proc_children.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/num.h"
#include "base/str.h"
#include "os/dents.h"
#include "os/file.h"

enum { NAMES_BYTES = 16 * 1024 };

/* Fields 3 and 4 of /proc/PID/stat: the state and the parent. The name in field 2 may hold anything. */
static bool is_living_child(struct str stat, uint64_t of)
{
	struct str rest, state, parent;
	uint64_t pid;
	if (!str_cut_last(stat, ')', NULL, &rest))
		return false;
	str_cut(str_trim(rest), ' ', &state, &rest);
	str_cut(rest, ' ', &parent, NULL);
	return num_parse_digits(parent, 10, &pid) == 0 && pid == of && !str_is(state, "Z") &&
	       !str_is(state, "X");
}

/* What has ended meanwhile is none. */
static bool is_ours(int proc_fd, const char *pid)
{
	char path[40], text[512];
	size_t got;
	struct err ignored = ERR_INIT;
	snprintf(path, sizeof(path), "%s/stat", pid);
	FD_AUTO fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && file_read(fd, text, sizeof(text), &got, &ignored, path) == 0 &&
	       is_living_child(str_from(text, got), (uint64_t)getpid());
}

int proc_children_list(int32_t *pids, size_t cap, size_t *count, struct err *e)
{
	char names[NAMES_BYTES];
	struct dents_entry entry;
	uint64_t pid;
	int got;
	*count = 0;
	FD_AUTO fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open /proc");
	struct dents d = dents_make(fd, names, sizeof(names));
	while ((got = dents_next(&d, &entry)) > 0 && *count < cap) {
		if (num_parse_digits(str_of(entry.name), 10, &pid) == 0 && is_ours(fd, entry.name))
			pids[(*count)++] = (int32_t)pid;
	}
	return got < 0 ? err_sys(e, "read /proc") : 0;
}

void proc_children_signal(int32_t pid, int number)
{
	(void)kill(pid, number);
}
