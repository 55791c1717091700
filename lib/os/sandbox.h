/* What the process gives up. */
#ifndef WS_OS_SANDBOX_H
#define WS_OS_SANDBOX_H

#include "base/defs.h"
#include "base/err.h"

/* At the start of every applet: no new privileges is NOT set here (children may be setuid), but
 * no core files (RLIMIT_CORE 0), not dumpable, umask 077 kept by the caller. Never fails. */
void sandbox_harden(void);

/* For parsers of archives: well above what the limits of lib/pack allow, well below what takes a machine down with it. */
#define SANDBOX_PARSER_BYTES (8ULL << 30)

/* What a parser of bytes from outside may still do. */
struct sandbox_rules {
	int writable;          /* the directory beneath which it may write; -1: nowhere */
	bool offline;          /* no TCP (Landlock 4) and no program to be executed */
	uint64_t memory_bytes; /* of address space for the whole process; 0: as before */
};

/* Put this thread and those that it starts under `rules`, for ever (Landlock, no_new_privs, RLIMIT_AS). Files that are
 * open stay usable. 1 in force, 0 the kernel has no Landlock (the limit on memory is in force all the same). */
int sandbox_confine(const struct sandbox_rules *rules, struct err *e) MUST_CHECK;

/* Run `run` in a thread of its own that is put under `rules`; the process stays as it was, and so does, afterwards, its
 * limit on memory. *confined: as sandbox_confine returned. Its result, and its error. */
int sandbox_run(const struct sandbox_rules *rules, int (*run)(void *ctx, struct err *e), void *ctx,
                bool *confined, struct err *e) MUST_CHECK;

#endif
