/* Selection by name. */
#include "applets/s3_filter.h"

#include <string.h>

const struct opt_row s3_filter_rows[S3_FILTER_ROWS] = {
	OPT_LIST("include", 0, "PATTERN", struct s3_filter, include,
	         "only names that match; * matches '/', too"),
	OPT_LIST("exclude", 0, "PATTERN", struct s3_filter, exclude,
	         "no names that match, included or not"),
};

static bool matches(const struct opt_list *patterns, struct str name)
{
	for (size_t i = 0; i < patterns->count; i++)
		if (str_glob(str_of(patterns->items[i]), name))
			return true;
	return false;
}

/* Other clients let a later --include bring back what --exclude '*' took; here that would select nothing. */
int s3_filter_check(const struct s3_filter *f, struct err *e)
{
	for (size_t i = 0; i < f->exclude.count; i++)
		if (strcmp(f->exclude.items[i], "*") == 0)
			return err_set(e, ERR_KIND_USAGE,
			               "--exclude '*' leaves nothing; --include alone leaves out "
			               "what does not match");
	return 0;
}

bool s3_filter_takes(const struct s3_filter *f, struct str name)
{
	if (!f)
		return true;
	return (f->include.count == 0 || matches(&f->include, name)) && !matches(&f->exclude, name);
}
