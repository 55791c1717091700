/* A teardown at work, and its steps. For teardown*.c. */
#ifndef WS_WS_TEARDOWN_JOB_H
#define WS_WS_TEARDOWN_JOB_H

#include "ws/part.h"
#include "ws/place.h"
#include "ws/teardown.h"

struct teardown_job {
	const struct base_dir *b;
	const struct teardown_options *o;
	struct teardown_result *out;
	struct record record;
	struct profile profile;
	struct part_list parts;
	struct place place;
	bool in_spool; /* the directory is .ws/spool/<id>, not <base>/<id> */
	int parent;    /* open directory that it lies in */
};

/* A warning on the way. */
void teardown_job_notice(const struct teardown_job *j, const struct err *e);
/* Note in the history what was saved, and where, if beside. */
void teardown_job_note_save(struct teardown_job *j);
/* The part's entry in the record. */
struct record_part *teardown_job_part(struct teardown_job *j, const struct part *p);

/* ---- teardown_part.c ---- */

/* One part at work. */
struct teardown_step {
	struct teardown_job *j;
	struct store *store;
	int root; /* the workspace's directory */
	const struct part *part;
	struct record_part *record;
	const char *const *only; /* as in struct part_save */
	size_t only_count;
};
/* 1 when the part may be stored at its key, 0 when someone else stored another state there, -1. */
int teardown_part_is_ours(struct teardown_step *s, struct err *e) MUST_CHECK;
/* Store it, and save the record that says so. */
int teardown_part_save(struct teardown_step *s, struct err *e) MUST_CHECK;

/* ---- teardown_save.c ---- */

/* Store every part, each noted in the record when the store has it; what could only be stored beside is noted, too.
 * Fails at the first part that could not be stored at all. Runs in a child process when there is a deadline. */
int teardown_save_parts(struct teardown_job *j, struct err *e) MUST_CHECK;
/* The same, with the deadline and the stop signals of the options: over time is TRY_AGAIN. The record is then what
 * the child left. */
int teardown_save_in_time(struct teardown_job *j, struct err *e) MUST_CHECK;
/* For a dry run: what would be stored, and whether it would be a conflict. */
int teardown_save_preview(struct teardown_job *j, struct err *e) MUST_CHECK;
/* Law 2: whether the record says of every part that the store has it (or that there is nothing to store). */
bool teardown_save_is_complete(struct teardown_job *j);

/* ---- teardown_git.c: worktrees; in other profiles all of it does nothing ---- */

struct git_keep_paths;
/* Keep what was not committed in the repository, save the record that says so, and list what the archive is for. False in
 * *is_listed: the archive is of everything. */
int teardown_git_keep(struct teardown_job *j, int root, struct git_keep_paths *rest,
                      bool *is_listed, struct err *e) MUST_CHECK;
/* For a dry run: what it would keep. */
int teardown_git_preview(struct teardown_job *j, int root, struct err *e) MUST_CHECK;
/* CONFLICT when somebody locked the worktree; or when it is dirty and only_clean was asked for. */
int teardown_git_check(struct teardown_job *j, struct err *e) MUST_CHECK;
/* Of what can be had back from the trash: the record says where its head is. Best effort: without it that is its branch. */
void teardown_git_note_head(struct teardown_job *j);
/* Remove the links into the source, before the directory goes to where it is deleted. */
int teardown_git_unlink(struct teardown_job *j, struct err *e) MUST_CHECK;
/* The directory is gone from its place: the repository forgets it, and its branch is free. Told when it fails: the next
 * setup or teardown does it again. */
void teardown_git_forget(struct teardown_job *j);
/* The directory of a worktree was removed by somebody else: its commits are in the repository. 1 that was it, 0 it is no
 * worktree, -1. */
int teardown_git_lost(struct teardown_job *j, struct err *e) MUST_CHECK;

/* ---- teardown_remove.c ---- */

/* Every part is in the store: record that, then rename to the trash, then delete. */
int teardown_remove_saved(struct teardown_job *j, struct err *e) MUST_CHECK;
/* Nothing is stored: rename to the trash, record, delete. */
int teardown_remove_discarded(struct teardown_job *j, struct err *e) MUST_CHECK;
/* The save did not succeed because of *e: move the directory to the spool, and say so in *e. Returns -1. */
int teardown_remove_to_spool(struct teardown_job *j, struct err *e);

#endif
