/*
 * Flat workspaces: files by name, no directories, and a registry of them that agents share, workspace_metadata.json in the
 * workspace: {session_id, created, files: {<file_id>: {file_id, path, absolute_path, agent, created, size, metadata}},
 * agents: {<name>: [file_id…]}}. The directory is the truth, the registry follows it; what agents wrote into it is kept.
 */
#ifndef WS_WS_FLAT_H
#define WS_WS_FLAT_H

#include "base/defs.h"
#include "base/err.h"
#include "os/dir.h"
#include "ws/base_dir.h"

#define FLAT_REGISTRY "workspace_metadata.json"

struct flat {
	const struct base_dir *base;
	const char *id;
	int fd; /* the workspace's directory */
};

/* A file's name: no path, not the registry's own. Errors: USAGE, saying so. */
int flat_check_name(const char *name, struct err *e) MUST_CHECK;
/* Bring the registry in step with the directory, under its lock, in one replacement. The file `name` (NULL: none) becomes that
 * of `agent`; others that are new are nobody's ("unknown"). A registry that makes no sense is moved aside as
 * workspace_metadata.json.damaged-<ms> and made anew. */
int flat_update(const struct flat *f, const char *name, const char *agent,
                struct err *e) MUST_CHECK;
/* The file that `ref` means: by its name, by its id in the registry, by the beginning of one name alone. CONFLICT names the
 * candidates, NOT_FOUND. */
int flat_find(const struct flat *f, const char *ref, char name[DIR_NAME_MAX + 1],
              struct err *e) MUST_CHECK;

#endif
