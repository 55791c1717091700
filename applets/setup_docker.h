/* ws-setup --print docker: how docker is to be called with the workspace. It is never called. */
#ifndef WS_APPLETS_SETUP_DOCKER_H
#define WS_APPLETS_SETUP_DOCKER_H

#include "applets/applet.h"
#include "ws/setup.h"
#include "ws/volume.h"

enum setup_docker_volumes {
	SETUP_DOCKER_WORKSPACE, /* the workspace's own directories */
	SETUP_DOCKER_NAMED,     /* volumes that docker keeps */
	SETUP_DOCKER_HOST,      /* the user's own directories, made when missing */
};

struct setup_docker {
	const struct setup *setup;
	const struct volume_list *volumes; /* of the profile and of --mount */
	int from;                          /* enum setup_docker_volumes */
	const char *cpus, *memory;         /* NULL: no limit */
	const char *user;                  /* "UID[:GID]", or NULL */
	const char *const *words;          /* image, command, arguments */
	size_t word_count;
	bool dry_run; /* make nothing */
	bool nul;     /* each word ends with a NUL; else one line for a shell */
};

/* Check what does not need a workspace. Errors: USAGE. */
int setup_docker_check(const struct setup_docker *d, struct err *e) MUST_CHECK;
int setup_docker_print(const struct setup_docker *d, struct err *e) MUST_CHECK;

#endif
