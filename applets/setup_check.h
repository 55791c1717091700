/* ws-setup --check, --require-persistent: whether what is written will outlive the container. */
#ifndef WS_APPLETS_SETUP_CHECK_H
#define WS_APPLETS_SETUP_CHECK_H

#include "applets/applet.h"
#include "ws/volume.h"

struct setup_check {
	const struct applet_call *call;
	const struct opt_list *required;   /* --require-persistent */
	const struct volume_list *volumes; /* the profile's */
	const char *base;                  /* looked at when there is nothing else */
};

/* Say of each path what is true of it. Errors: CONFIG when one is not persistent or can't be written to, FAILED when one
 * can't be told. */
int setup_check_show(const struct setup_check *c, struct err *e) MUST_CHECK;
/* Before a workspace is made: the same errors for the required paths, nothing shown. */
int setup_check_required(const struct opt_list *required, struct err *e) MUST_CHECK;

#endif
