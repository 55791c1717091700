/*
 * A control group (version 2) for one command and all that comes from it, whatever sessions, groups and users its
 * processes become: it is the one thing that can end them all in one step. There is one where our own group is a
 * directory that we may write to (delegated by systemd, or a container's own); elsewhere cgroup_open says why not.
 */
#ifndef WS_OS_CGROUP_H
#define WS_OS_CGROUP_H

#include "base/defs.h"
#include "base/err.h"

enum { CGROUP_PATH_MAX = 1024 };

struct cgroup {
	int parent_fd;
	int fd; /* -1: there is none, and the functions below do nothing. Locked (flock) as long as we live. */
	char name[32];
	char path[CGROUP_PATH_MAX]; /* for cgroup_end_left; "": longer than that */
};

/* Make a group below our own one, and remove those that killed supervisors left behind empty, or frozen. NOT_FOUND where there
 * is no version 2, or one that can't end a group (Linux before 5.14); DENIED where it is not ours to write to. */
int cgroup_open(struct cgroup *out, struct err *e) MUST_CHECK;
/* The same below a directory. For tests. */
int cgroup_open_below(const char *directory, struct cgroup *out, struct err *e) MUST_CHECK;
/* Put this process into it, and so all that it starts from now on; -1 and errno. For a child after a fork. */
int cgroup_join(const struct cgroup *c) MUST_CHECK;
/* KILL to everyone in it, and to those that they are about to fork. */
void cgroup_kill(const struct cgroup *c);
/* Whether somebody lives in it. */
bool cgroup_is_populated(const struct cgroup *c);
/* Hold everyone in it where they are, or let them go on. The kernel takes its time: cgroup_is_frozen tells when all of them
 * stand. A KILL ends them all the same. -1: it can't be done. */
int cgroup_freeze(const struct cgroup *c, bool frozen) MUST_CHECK;
bool cgroup_is_frozen(const struct cgroup *c);
/* End whoever lives in the group at `path`, and remove it, when it is one of ours whose supervisor is gone; when asked to, only
 * if it is frozen. */
void cgroup_end_left(const char *path, bool frozen_only);
/* Remove it and what the command made of groups in it, when nobody lives in it any more. */
void cgroup_close(struct cgroup *c);

#endif
