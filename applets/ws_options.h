/* What every applet that works on a base shares: where the base is, which store, which profile. */
#ifndef WS_APPLETS_WS_OPTIONS_H
#define WS_APPLETS_WS_OPTIONS_H

#include "applets/applet.h"
#include "ws/base_dir.h"

struct ws_options {
	const char *base;
	const char *profile;
};

enum { WS_OPTIONS_COUNT = 2 };
extern const struct opt_row ws_options_rows[WS_OPTIONS_COUNT];

/* A group over the struct ws_options at `offset` of the applet's options. */
#define WS_OPTIONS_GROUP(offset)                                   \
	{                                                          \
		"Where", ws_options_rows, WS_OPTIONS_COUNT, offset \
	}

/* The profile's name: --profile, else WS_PROFILE, else "task". */
const char *ws_options_profile(const struct ws_options *o);
/* The base's path when it was said: --base, else WORKSPACE_DIR; else NULL (the profile's). */
const char *ws_options_base(const struct ws_options *o);
/* Append the base's path: the one that was said, else the profile's. */
int ws_options_base_path(const struct ws_options *o, const struct ini *config, struct buf *out,
                         struct err *e) MUST_CHECK;
/* Open the base that exists. */
int ws_options_open_base(const struct ws_options *o, const struct ini *config, struct base_dir *out,
                         struct err *e) MUST_CHECK;
/* A warning of the library on standard error; a `notice` for its options. ctx is not used. */
void ws_options_notice(void *ctx, const struct err *e);

#endif
