/* The workspace that an operand of ws-file names. */
#include "applets/file_verbs.h"

int file_target_open(const struct applet_call *call, const struct ws_options *where,
                     struct file_target *out, struct err *e)
{
	*out = (struct file_target){ .base = { .fd = -1, .ws_fd = -1 }, .in = { .fd = -1 } };
	if (ws_options_open_base(where, call->config, &out->base, e) == 0 &&
	    inside_open(&out->base, call->args[0], &out->in, e) == 0)
		return 0;
	base_dir_close(&out->base);
	return -1;
}

void file_target_close(struct file_target *t)
{
	inside_close(&t->in);
	base_dir_close(&t->base);
}
