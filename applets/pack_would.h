/* ws-archive extract --dry-run: what would come where, and what is in the way. */
#ifndef WS_APPLETS_PACK_WOULD_H
#define WS_APPLETS_PACK_WOULD_H

#include "applets/applet.h"
#include "applets/pack_stage.h"
#include "pack/entry.h"

struct pack_would {
	const struct applet_call *call;
	const struct pack_stage *stage; /* as pack_stage_look found it */
	bool into_existing;
};

/* For extract_options.would, with a struct pack_would. Errors: CONFLICT, as the run would end with. */
int pack_would(void *ctx, struct str path, const struct entry *entry, struct err *e) MUST_CHECK;

#endif
