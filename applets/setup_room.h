/* ws-setup --make-room. */
#ifndef WS_APPLETS_SETUP_ROOM_H
#define WS_APPLETS_SETUP_ROOM_H

#include "applets/ws_options.h"
#include "s3/s3.h"

struct setup_room {
	const char *mark; /* LOW[:HIGH]; NULL: no room is made */
	int64_t time_ms;
};

/* Errors: USAGE alone. That room can't be made is a warning: the setup may do with what there is. */
int setup_room_make(const struct applet_call *call, const struct ws_options *where,
                    const struct s3_config *s3, const struct setup_room *room,
                    struct err *e) MUST_CHECK;

#endif
