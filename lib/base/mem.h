/*
 * Allocation of small things whose size does not come from outside. Running out of memory ends the
 * process with one message and status 74: every applet is safe to kill at any instruction.
 */
#ifndef WS_BASE_MEM_H
#define WS_BASE_MEM_H

#include "base/defs.h"
#include "base/str.h"

/* End the process as an allocation that failed does; for the doors of libraries that report it. */
_Noreturn void mem_exhausted(void);

/* Zeroed memory for `n` things of `size` bytes; free with mem_free. */
void *mem_new(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
/* Resize to `n` things of `size` bytes; new bytes are not zeroed. */
void *mem_grow(void *p, size_t n, size_t size) __attribute__((returns_nonnull));
/* A NUL-terminated copy. */
char *mem_text(const char *text) __attribute__((malloc, returns_nonnull));
char *mem_str(struct str s) __attribute__((malloc, returns_nonnull));
/* A formatted NUL-terminated string. */
char *mem_printf(const char *fmt, ...) PRINTF_LIKE(1, 2) __attribute__((malloc, returns_nonnull));
/* Free; NULL is fine. */
void mem_free(void *p);
/* Overwrite with zeros in a way the compiler keeps; for secrets. */
void mem_wipe(void *p, size_t len);

/* Free the pointed-to pointer at the end of the scope: MEM_AUTO char *path = mem_text(x); */
void mem_free_auto(void *pointer_to_pointer);
#define MEM_AUTO AUTO(mem_free_auto)

/* Free a NULL-terminated array of allocated texts, and the array; NULL is fine. */
void mem_free_texts(char ***texts);
#define MEM_TEXTS_AUTO AUTO(mem_free_texts) char **

#endif
