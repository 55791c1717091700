/* remove_idle: what remove_tree does, by threads that get out of everybody's way. */
#include "os/remove_idle.h"

#include <dirent.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "os/sys.h"
#include "scratch.h"
#include "tap.h"

static void make_tree(int fd, int dirs, int files)
{
	char path[64];
	scratch_dir(fd, "tree");
	for (int d = 0; d < dirs; d++) {
		snprintf(path, sizeof(path), "tree/d%d", d);
		scratch_dir(fd, path);
		for (int f = 0; f < files; f++) {
			snprintf(path, sizeof(path), "tree/d%d/f%d", d, f);
			scratch_file(fd, path, "x");
		}
	}
	scratch_file(fd, "tree/file", "x");
	scratch_link(fd, "tree/link", "/");
}

static void test_all(const struct scratch *s)
{
	struct remove_stats stats = { .entries = 0 };
	struct err e = ERR_INIT;
	make_tree(s->fd, 600, 3); /* more directories than are handed out at a time */
	scratch_dir(s->fd, "tree/d1/deep");
	scratch_file(s->fd, "tree/d1/deep/er", "x");
	TAP_OK(remove_idle_tree(s->fd, "tree", &stats, &e) == 0 && !scratch_has(s->fd, "tree"),
	       "a tree is removed: %s", e.msg);
	TAP_INT((int)stats.entries, 600 * 4 + 2 + 3, "each entry is counted once");
	TAP_OK(stats.allocated_bytes > 0, "and its blocks");
	TAP_OK(remove_idle_tree(s->fd, "tree", &stats, &e) == 0, "what is not there is fine");
	scratch_file(s->fd, "file", "x");
	TAP_OK(remove_idle_tree(s->fd, "file", NULL, &e) == 0 && !scratch_has(s->fd, "file"),
	       "a file is removed");
	TAP_OK(remove_idle_tree(s->fd, "../x", NULL, &e) == -1, "a path is no name: %s", e.msg);
}

static void test_time(const struct scratch *s)
{
	struct remove_stats stats = { .end_ms = 1 };
	struct err e = ERR_INIT;
	make_tree(s->fd, 3, 3);
	TAP_OK(remove_idle_tree(s->fd, "tree", &stats, &e) == -1 && e.kind == ERR_KIND_TRY_AGAIN &&
	               scratch_has(s->fd, "tree"),
	       "it stops when time is up: %s", e.msg);
	err_clear(&e);
	stats.end_ms = sys_monotonic_ms() + 60000;
	TAP_OK(remove_idle_tree(s->fd, "tree", &stats, &e) == 0 && !scratch_has(s->fd, "tree"),
	       "and goes on with the next call");
}

static void *remove_in_thread(void *fd)
{
	struct err e = ERR_INIT;
	return remove_idle_tree(*(int *)fd, "tree", NULL, &e) == 0 ? fd : NULL;
}

/* The lowest priority among our threads. */
static int nicest(void)
{
	int nice = 0;
	DIR *dir = opendir("/proc/self/task");
	for (const struct dirent *d; dir && (d = readdir(dir));) {
		int own = getpriority(PRIO_PROCESS, (id_t)strtoul(d->d_name, NULL, 10));
		nice = own > nice && d->d_name[0] != '.' ? own : nice;
	}
	if (dir)
		closedir(dir);
	return nice;
}

static void test_priority(const struct scratch *s)
{
	pthread_t thread;
	void *result = NULL;
	int nice = 0, before = getpriority(PRIO_PROCESS, 0);
	make_tree(s->fd, 40, 500);
	int fd = s->fd;
	TAP_OK(pthread_create(&thread, NULL, remove_in_thread, &fd) == 0, "a thread removes");
	while (scratch_has(s->fd, "tree") && nice != 19)
		nice = nicest();
	pthread_join(thread, &result);
	TAP_INT(nice, 19, "the work is done at the lowest priority");
	TAP_OK(result != NULL && getpriority(PRIO_PROCESS, 0) == before,
	       "the caller keeps its own");
}

int main(void)
{
	struct scratch s;
	scratch_open(&s);
	test_all(&s);
	test_time(&s);
	test_priority(&s);
	scratch_close(&s);
	return tap_done();
}
