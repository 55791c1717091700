/* The first steps of setup: which base, which workspace, its lock and its record. */
#ifndef WS_WS_SETUP_OPEN_H
#define WS_WS_SETUP_OPEN_H

#include "ws/setup.h"
#include "ws/setup_plan.h"

/* A setup at work. */
struct setup_work {
	const struct setup_options *o;
	struct setup *out;
	struct lock keys; /* held from the look for an idempotency key until it is recorded */
	bool known;       /* there was a record */
	bool is_new;      /* there was none: what is made of it goes when the setup fails */
	bool has_base;    /* false only in a dry run */
	bool placed;      /* a new directory is in its place */
	bool leased;      /* the lease was taken */
	struct place place;
	struct setup_plan plan;
	char *store_url;
	int64_t git_began_ms; /* when the first git was run on the repository; 0: none was */
	char git_made[80];    /* the commit that a branch was made at; "": none was made */
};

/* Fill out->base, id, lock, record, profile, root; find out what there is and what to do. */
int setup_open(struct setup_work *w, struct err *e) MUST_CHECK;

#endif
