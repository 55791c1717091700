/* What the process gives up. */
#ifndef WS_OS_SANDBOX_H
#define WS_OS_SANDBOX_H

#include "base/defs.h"
#include "base/err.h"

/* At the start of every applet: no new privileges is NOT set here (children may be setuid), but
 * no core files (RLIMIT_CORE 0), not dumpable, umask 077 kept by the caller. Never fails. */
void sandbox_harden(void);

/* Restrict this thread and its children to writing beneath `dirfd` (Landlock, no_new_privs). 1
 * in force, 0 the kernel has no Landlock. */
int sandbox_confine_writes(int dirfd, struct err *e) MUST_CHECK;

#endif
