/*
 * What counts against a quota: what the kernel counts, for workspaces and trash of a project (os/project.h), else what was
 * measured. What the kernel says of a project is shared out among those that carry its number in proportion to what was
 * measured of them: one of its own has all of it, those of an owner's project add up to it, and what lies in the trash is no
 * more its owner's than it is when it is measured.
 */
#ifndef WS_GC_GC_PROJECT_H
#define WS_GC_GC_PROJECT_H

#include "gc/gc_internal.h"

/* The project of `name` in `dirfd`, when there are quotas: else 0. */
uint32_t gc_project_of(const struct gc *g, int dirfd, const char *name);
/* Ask for each project once; `notice` is told when the kernel does not answer. */
void gc_project_count(const struct gc *g, struct gc_plan *plan);

#endif
