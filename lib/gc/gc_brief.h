/* Of a record what a collector has to know, read without building the whole of it: a base may hold a hundred thousand. */
#ifndef WS_GC_GC_BRIEF_H
#define WS_GC_GC_BRIEF_H

#include "os/proc.h"
#include "ws/record.h"

struct gc_brief {
	char profile[64], owner[256];
	enum record_state state;
	bool ephemeral;
	bool in_git;     /* it has a repository elsewhere */
	bool in_archive; /* it is archived, and here */
	int64_t created_ms, ready_ms, last_used_ms, saved_ms;
	struct proc_id holder; /* pid 0: none is known */
	struct js *labels;     /* NULL: none */
};

/* What record_load would say, in brief. */
int gc_brief_load(const struct base_dir *b, const char *id, struct gc_brief *out,
                  struct err *e) MUST_CHECK;
/* From a record that was read. */
void gc_brief_from(const struct record *r, struct gc_brief *out);
void gc_brief_free(struct gc_brief *b);

/* From the text of a record.json: false when it is not plain enough, and record_load has to judge. For tests. */
bool gc_brief_skim(struct str text, const char *id, struct gc_brief *out);

#endif
