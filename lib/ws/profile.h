/*
 * A profile: where workspaces lie, what they consist of, which parts are saved, in which order. Data in INI;
 * the built-in ones are text in profile_builtin.c, users add theirs in ws.conf:
 *
 *   [profile NAME]           base, id, cwd, mode, ephemeral, flat (yes, no), git (worktree, clone); as often as needed:
 *                            needs (workspace, session), dir (PATH, or PATH MODE), env (NAME=value)
 *   [part NAME PART]         kind (tree, file), path, key, restore_order, save_order, newer_than, mode;
 *                            shared, private (yes, no); and as often as needed: exclude
 *
 * Values may hold {id} {workspace} {session} {session_bare} {root} {project_hash} {tmp}: session_bare is the
 * session without its "cse_" prefix; project_hash is <root>/project with '/' and '_' turned to '-'.
 */
#ifndef WS_WS_PROFILE_H
#define WS_WS_PROFILE_H

#include "base/buf.h"
#include "base/defs.h"
#include "base/err.h"
#include "data/ini.h"

/* Where the content comes from when it is not the store alone. */
enum profile_git {
	PROFILE_GIT_NONE,
	PROFILE_GIT_WORKTREE, /* tracked files from git; the part "." is what git ignores */
	PROFILE_GIT_CLONE,    /* a first time from git */
};

enum { PROFILE_PARTS_MAX = 16, PROFILE_LIST_MAX = 32 };

/* Texts are views of the profile's own memory, placeholders not yet filled in. */
struct profile_part {
	const char *name;
	bool is_file;                /* one file instead of a tree */
	const char *path;            /* below the workspace; "." is all of it */
	const char *key;             /* in the store */
	const char *const *excludes; /* exact paths below `path`; NULL-terminated */
	int restore_order, save_order;
	const char *
		newer_than; /* restore only when at least as new as this other part's object; NULL: always */
	uint32_t file_mode; /* for is_file */
	bool shared; /* other workspaces save at the same key: where the store can't put conditionally, by generations
	              * (store/generation.h) */
	bool is_private; /* of a tree: directories 0700, files 0600 after a restore */
};

struct profile {
	const char *name;
	const char *base; /* default base */
	const char *id;   /* id from the other words; NULL: generated or --id */
	bool needs_workspace, needs_session;
	const char *cwd; /* of the supervised command, below the workspace */
	uint32_t mode;   /* of the workspace directory */
	bool ephemeral;
	bool flat; /* files by name only, with a registry (flat.h) */
	enum profile_git git;
	const char *dirs[PROFILE_LIST_MAX];
	size_t dir_count; /* made after the restore when missing */
	const char *env[PROFILE_LIST_MAX];
	size_t env_count; /* "NAME=value" for the command */
	struct profile_part parts[PROFILE_PARTS_MAX];
	size_t part_count;
	char *memory; /* owned */
};

/* Find a profile in the configuration (NULL: none) or among the built-in ones. NOT_FOUND lists the names. */
int profile_load(const char *name, const struct ini *config, struct profile *out,
                 struct err *e) MUST_CHECK;
void profile_free(struct profile *p);
#define PROFILE_AUTO AUTO(profile_free) struct profile

/* The words that placeholders stand for. */
struct profile_words {
	const char *id, *workspace, *session, *root;
};
/* Append `text` with its placeholders filled in. Errors: USAGE for a word that is missing (says which option
 * gives it), CONFIG for an unknown placeholder. */
int profile_expand(const char *text, const struct profile_words *w, struct buf *out,
                   struct err *e) MUST_CHECK;

#endif
