/* ws-gc --report: who uses how much. */
#ifndef WS_APPLETS_GC_REPORT_H
#define WS_APPLETS_GC_REPORT_H

#include "applets/applet.h"
#include "gc/gc.h"

/* USAGE unless `by` is NULL, owner, profile, age, state or label:NAME. */
int gc_report_check(const char *by, struct err *e) MUST_CHECK;
/* A table, with a bar for each group when stdout is a terminal; or a JSON line for each group. */
void gc_report_print(const struct applet_call *call, const char *by, const struct gc_plan *plan);

#endif
