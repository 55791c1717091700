/* One question for each project. */
#include "gc/gc_project.h"

#include <stdlib.h>

#include "base/mem.h"
#include "os/dir.h"
#include "os/project.h"

uint32_t gc_project_of(const struct gc *g, int dirfd, const char *name)
{
	FD_AUTO fd = -1;
	struct err ignored = ERR_INIT;
	if (g->options.policy.quota_count == 0 || dir_open(dirfd, name, &fd, &ignored) != 0)
		return 0;
	return project_of(fd);
}

static int by_project(const void *a, const void *b)
{
	const struct gc_item *const *x = a;
	const struct gc_item *const *y = b;
	return ((*x)->project > (*y)->project) - ((*x)->project < (*y)->project);
}

/* Of nothing measured nothing can be shared out. */
static void share_out(struct gc_item **items, size_t count, uint64_t counted)
{
	uint64_t measured = 0;
	for (size_t i = 0; i < count; i++)
		measured += items[i]->allocated_bytes;
	for (size_t i = 0; i < count; i++) {
		double part = measured ? (double)items[i]->allocated_bytes / (double)measured : 0;
		items[i]->by_kernel = measured > 0;
		items[i]->kernel_bytes = (uint64_t)(part * (double)counted);
	}
}

static void tell(const struct gc *g, struct err *why)
{
	err_context(why, "the kernel does not say what projects hold, so it is measured");
	if (g->options.notice)
		g->options.notice(g->options.notice_ctx, why);
}

void gc_project_count(const struct gc *g, struct gc_plan *plan)
{
	MEM_AUTO struct gc_item **items = mem_new(plan->count + 1, sizeof(*items));
	struct err why = ERR_INIT;
	size_t n = 0;
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->items[i].project > 0)
			items[n++] = &plan->items[i];
	}
	if (n > 1)
		qsort(items, n, sizeof(*items), by_project);
	for (size_t from = 0, end; from < n && !err_is(&why); from = end) {
		uint64_t bytes = 0;
		for (end = from; end < n && items[end]->project == items[from]->project;)
			end++;
		if (project_bytes(g->base->fd, items[from]->project, &bytes, &why) == 0)
			share_out(items + from, end - from, bytes);
	}
	if (err_is(&why))
		tell(g, &why);
}
