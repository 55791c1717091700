/* What setup does in profiles of git. All of it does nothing in the others. */
#ifndef WS_WS_GIT_SETUP_H
#define WS_WS_GIT_SETUP_H

#include "ws/git_repo.h"
#include "ws/setup_open.h"

/* Check the options against the profile and the record, and note them in the record, which is not saved. */
int git_setup_open(struct setup_work *w, struct err *e) MUST_CHECK;
/* Fill the staging directory `fd` of that name, into which the parts were restored. `whole`: all of it was. */
int git_setup_fill(struct setup_work *w, int fd, const char *stage, bool whole,
                   struct err *e) MUST_CHECK;
/* The directory is in its place: let git know; and make links that were asked for now. */
int git_setup_attach(struct setup_work *w, struct err *e) MUST_CHECK;
/* A workspace that did not come to be: take back what git_setup_fill did outside of the staging directory. Best effort. */
void git_setup_undo(struct setup_work *w);

/* ---- git_setup_clone.c ---- */

/* Clone the record's repository into the staging directory `fd` and check its branch out. `source`: the repository, when
 * it is on this host, whose objects are copied instead of fetched; NULL: it is a URL. */
int git_setup_clone(struct setup_work *w, const struct git_repo *source, int fd, const char *stage,
                    struct err *e) MUST_CHECK;
/* Whether it names a repository on another host. */
bool git_setup_is_url(const char *repo);

/* ---- git_setup_own.c ---- */

/* The clone in the directory `clone` borrows from `source`, and gets what it borrows: by sharing blocks where the file
 * system can, else git writes it. */
int git_setup_own(const struct git_repo *source, int clone, struct err *e) MUST_CHECK;

/* ---- git_setup_take.c ---- */

/* The directory `fd`, in its place, is to be adopted: CONFLICT when it is not what the options say. A worktree is locked in
 * git as those that were made here, unless somebody locked it already. */
int git_setup_take(struct setup_work *w, int fd, struct err *e) MUST_CHECK;

/* ---- git_setup_local.c ---- */

/* Whether links or copies are asked for, by options or the record. */
bool git_setup_wants_local(const struct setup_work *w);
/* Link and copy them into the tree `fd`, and have git ignore them there. USAGE when they are asked for and `repo` is not
 * open; a repository's own list of copies asks for nothing that can't be had. */
int git_setup_local(struct setup_work *w, const struct git_repo *repo, int fd,
                    struct err *e) MUST_CHECK;

/* ---- git_setup_aside.c ---- */

/* Before the branch is checked out into the tree `fd`: what was restored there and is in its way, as the branch tracks by now
 * what was ignored, goes to quarantine with a word. */
int git_setup_set_aside(const struct setup_work *w, int fd, struct err *e) MUST_CHECK;

/* ---- git_setup_exclude.c ---- */

/* Have git ignore these paths in the tree `g`, by lines in info/exclude below the open git directory. `paths`: a NUL behind
 * each, and no slash at its end ("node_modules/" would not match a link). A path that it ignores already gets no line. */
int git_setup_exclude(const struct git *g, int git_dir_fd, struct str paths,
                      struct err *e) MUST_CHECK;

#endif
