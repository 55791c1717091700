/* Programs and the network stay allowed: a store may need both for its credentials. */
#include "ws/confined.h"

#include "os/log.h"
#include "os/sandbox.h"

struct extraction {
	struct source *source;
	int dirfd;
	const struct extract_options *options;
	struct extract_result *result;
};

struct check {
	struct source *source;
	const struct reader_options *options;
	struct reader_check *out;
};

static int run(int writable, int (*what)(void *ctx, struct err *e), void *ctx, struct err *e)
{
	const struct sandbox_rules rules = { .writable = writable,
		                             .memory_bytes = SANDBOX_PARSER_BYTES };
	bool confined = false;
	int rc = sandbox_run(&rules, what, ctx, &confined, e);
	if (confined)
		log_info("archives are read under Landlock: %s",
		         writable < 0 ? "writing nothing" : "writing only where they unpack");
	else
		log_warn("archives are read without Landlock: this kernel has none");
	return rc;
}

static int extract(void *ctx, struct err *e)
{
	const struct extraction *x = ctx;
	return extract_tree(x->source, x->dirfd, x->options, x->result, e);
}

static int verify(void *ctx, struct err *e)
{
	const struct check *c = ctx;
	return reader_verify(c->source, c->options, c->out, e);
}

int confined_extract(struct source *source, int dirfd, const struct extract_options *options,
                     struct extract_result *result, struct err *e)
{
	struct extraction x = { source, dirfd, options, result };
	return run(dirfd, extract, &x, e);
}

int confined_verify(struct source *source, const struct reader_options *options,
                    struct reader_check *out, struct err *e)
{
	struct check c = { source, options, out };
	return run(-1, verify, &c, e);
}
