/* The decisions of setup: every state that a crash, a user or a stranger can leave. */
#include "ws/setup_plan.h"

static bool has_all_tokens(const struct record *r)
{
	for (size_t i = 0; i < r->part_count; i++) {
		if (!record_part_may_be_saved(&r->parts[i]))
			return false;
	}
	return r->part_count > 0;
}

/* Every part is in the store, so that the directory's removal was all that was left to do. It may have been written
 * to since; it goes to the trash, from where it can be had back. */
static struct setup_plan plan_saved(const struct place *place)
{
	return (struct setup_plan){
		.action = SETUP_RESTORE,
		.dir_is_stray = place->stray,
		.dir_is_saved = place->dir,
		.spool_is_saved = place->spool,
	};
}

static struct setup_plan plan_without_dir(const struct record *r, const struct place *place)
{
	struct setup_plan plan = { .action = SETUP_RESTORE, .dir_is_stray = place->stray };
	/* Named in the record and there: discarded, or all but. */
	if (place->trash)
		plan.action = SETUP_UNTRASH;
	else
		plan.lost = r->state == RECORD_READY || r->state == RECORD_SAVING ||
		            r->state == RECORD_SPOOLED;
	return plan;
}

struct setup_plan setup_plan_make(const struct record *r, const struct place *place)
{
	if (!r)
		return (struct setup_plan){
			.action = SETUP_RESTORE,
			.dir_is_stray = place->dir || place->stray,
			.spool_is_stray = place->spool,
		};
	if (r->state == RECORD_SAVED)
		return plan_saved(place);
	/* A teardown moves to the spool first and records it afterwards: a full disk stops only the second. */
	if (place->spool)
		return (struct setup_plan){
			.action = SETUP_UNSPOOL,
			.dir_is_stray = place->dir || place->stray,
		};
	if (!place->dir)
		return plan_without_dir(r, place);
	if (r->state != RECORD_CREATING)
		return (struct setup_plan){ .action = SETUP_ADOPT };
	/* The crash came between the rename and the record, or the directory is not what setup made. */
	if (place->is_made && has_all_tokens(r))
		return (struct setup_plan){ .action = SETUP_FINISH };
	return (struct setup_plan){ .action = SETUP_RESTORE, .dir_is_stray = true };
}
