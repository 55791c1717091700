/* What the process gives up. */
#ifndef WS_OS_SANDBOX_H
#define WS_OS_SANDBOX_H

#include "base/defs.h"
#include "base/err.h"

/* At the start of every applet: no new privileges is NOT set here (children may be setuid), but
 * no core files (RLIMIT_CORE 0), not dumpable, umask 077 kept by the caller. Never fails. */
void sandbox_harden(void);

/* What a parser of bytes from outside may still do. */
struct sandbox_rules {
	int writable;          /* the directory beneath which it may write; -1: nowhere */
	bool offline;          /* no TCP (Landlock 4) and no program to be executed */
	uint64_t memory_bytes; /* of address space for the whole process; 0: as before */
};

/* Put this thread and those that it starts under `rules`, for ever (Landlock, no_new_privs, RLIMIT_AS). Files that are
 * open stay usable. 1 in force, 0 the kernel has no Landlock (the limit on memory is in force all the same). */
int sandbox_confine(const struct sandbox_rules *rules, struct err *e) MUST_CHECK;

#endif
