/* An artifact for people and for programs. */
#ifndef WS_APPLETS_ARTIFACT_SHOW_H
#define WS_APPLETS_ARTIFACT_SHOW_H

#include "cli/table.h"
#include "data/js.h"
#include "ws/artifacts.h"

/* Columns of a table. */
#define ARTIFACT_SHOW_TITLES "CHANGE", "MODE", ">SIZE", "MODIFIED", "SHA256", "PATH"
void artifact_show_row(struct table *t, const struct artifact *item);
/* An object; js_free. */
struct js *artifact_show_json(const struct artifact *item);

#endif
