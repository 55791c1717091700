/* The operands of ws-s3: s3://bucket/key, with * ? [ ] in the key; a local path; "-". */
#ifndef WS_APPLETS_S3_PATH_H
#define WS_APPLETS_S3_PATH_H

#include "applets/s3_filter.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/str.h"
#include "s3/s3.h"

struct s3_path {
	const char *text;
	bool is_s3, is_stdio;
	struct str bucket, key; /* of is_s3: views of text */
	bool is_glob;           /* the key has wildcards */
};

/* `raw`: wildcards are ordinary characters. Errors: USAGE. */
int s3_path_parse(const char *text, bool raw, struct s3_path *out, struct err *e) MUST_CHECK;
/* The same, for an operand that must be an object, or a bucket (`need_key` false) in S3. */
int s3_path_parse_s3(const char *text, bool raw, bool need_key, struct s3_path *out,
                     struct err *e) MUST_CHECK;

/* The objects that an operand stands for: those below it (`recursive`), or those that match. */
struct s3_path_match {
	struct s3_list *list;
	struct str pattern;             /* empty: everything below the prefix */
	char *prefix;                   /* owned */
	size_t base_len;                /* how much of a key goes when it becomes a relative name */
	const struct s3_filter *filter; /* of relative names; set after opening; NULL: none */
};
int s3_path_match_open(struct s3 *s3, const struct s3_path *path, struct s3_path_match *out,
                       struct err *e) MUST_CHECK;
/* 1 and the next object, 0 at the end. */
int s3_path_match_next(struct s3_path_match *m, struct s3_list_entry *entry,
                       struct err *e) MUST_CHECK;
void s3_path_match_close(struct s3_path_match *m);
#define S3_PATH_MATCH_AUTO AUTO(s3_path_match_close) struct s3_path_match

/* What a listing can be asked for: the key, of a pattern as far as it is plain text. */
struct str s3_path_prefix(const struct s3_path *path);
/* The path itself, of a pattern the directory below which all lies that can match. */
struct s3_path s3_path_directory(const struct s3_path *path);
/* Whether a key that such a listing shows is meant: matches the pattern, and as a name relative to the directory that was
 * named the filter (may be NULL). */
bool s3_path_takes(const struct s3_path *path, const struct s3_filter *filter, struct str key);

#endif
