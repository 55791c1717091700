/*
 * A view of bytes that someone else owns; valid until the owner changes. Not NUL-terminated.
 */
#ifndef WS_BASE_STR_H
#define WS_BASE_STR_H

#include "base/defs.h"

struct str {
	const char *p;
	size_t len;
};

/* A view of a string literal. */
#define S(literal) ((struct str){ "" literal, sizeof(literal) - 1 })

/* For printf: "%" STR_FMT and STR_ARG(view). */
#define STR_FMT    ".*s"
#define STR_ARG(s) (int)(s).len, (s).p

/* A view of a NUL-terminated string; NULL gives the empty view. */
struct str str_of(const char *text);
/* A view of `len` bytes at `p`. */
struct str str_from(const void *p, size_t len);

bool str_eq(struct str a, struct str b);
/* Equal when ASCII case is ignored. */
bool str_eq_nocase(struct str a, struct str b);
/* Equal to a NUL-terminated string. */
bool str_is(struct str a, const char *text);
/* Whether it is one of the `count` texts. */
bool str_is_any(struct str s, const char *const *texts, size_t count);
/* Byte order, as S3 sorts keys: <0, 0, >0. */
int str_cmp(struct str a, struct str b);

bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);

/* The view without its first `n` bytes; the empty view when it has fewer. */
struct str str_skip(struct str s, size_t n);
/* At most the first `n` bytes. */
struct str str_head(struct str s, size_t n);

/* Split at the first `sep`: what is before goes to *head, what is after to *tail. Returns
 * whether `sep` was there; when not, *head is all of `s` and *tail is empty. head and tail may
 * be NULL. */
bool str_cut(struct str s, char sep, struct str *head, struct str *tail);
/* The same at the last `sep`; when it is not there *head is empty and *tail is all of `s`. */
bool str_cut_last(struct str s, char sep, struct str *head, struct str *tail);

/* Without leading and trailing space, tab, CR, LF. */
struct str str_trim(struct str s);

/* The index of the first `c`, or -1. */
ptrdiff_t str_index(struct str s, char c);
/* Whether `needle` is in `s`. */
bool str_has(struct str s, struct str needle);

/* Copy into `out` (size `cap`, always terminated). Returns -1 when it does not fit or holds a
 * NUL. */
int str_copy(struct str s, char *out, size_t cap) MUST_CHECK;

/* Glob match of the whole of `s`: `*` any run, `?` one byte, `[a-z]`, `[!a-z]`, `\` takes the
 * next byte as it is; a '[' that is not closed stands for itself. `*` matches '/' too (as keys
 * are flat). No recursion; only the last star is tried again, so stars do not multiply. */
bool str_glob(struct str pattern, struct str s);

#endif
