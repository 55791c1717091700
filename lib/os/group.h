/* Whether a process group still has members. */
#ifndef WS_OS_GROUP_H
#define WS_OS_GROUP_H

#include "base/defs.h"

/* A zombie that nobody has reaped counts as a member. */
bool group_alive(int32_t pgid);

#endif
