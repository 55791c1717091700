/* A line of commands, cut into words as a shell would. */
#ifndef WS_APPLETS_S3_WORDS_H
#define WS_APPLETS_S3_WORDS_H

#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"

enum { S3_WORDS_MAX = 256 };

struct s3_words {
	char *text; /* owned: the words, each NUL-terminated */
	char *words[S3_WORDS_MAX + 1];
	int count;
};

/* Blanks separate; '…' takes all as it is; "…" and bare words know the backslash; # at the start of a word
 * begins a comment. No variables, no patterns. Errors: USAGE. */
int s3_words_cut(struct str line, struct s3_words *out, struct err *e) MUST_CHECK;
void s3_words_free(struct s3_words *w);

#endif
