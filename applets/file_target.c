/* The workspace that an operand of ws-file names. */
#include "applets/file_verbs.h"
#include "ws/profile.h"

/* A profile that is no longer configured says nothing about files. */
static bool is_flat(const struct record *r, const struct ini *config)
{
	struct err ignored = ERR_INIT;
	PROFILE_AUTO profile = { .name = NULL };
	return profile_load(r->profile, config, &profile, &ignored) == 0 && profile.flat;
}

int file_target_open(const struct applet_call *call, const struct ws_options *where,
                     struct file_target *out, struct err *e)
{
	*out = (struct file_target){ .base = { .fd = -1, .ws_fd = -1 }, .in = { .fd = -1 } };
	if (ws_options_open_base(where, call->config, &out->base, e) == 0 &&
	    inside_open(&out->base, call->args[0], &out->in, e) == 0) {
		out->is_flat = is_flat(&out->in.record, call->config);
		return 0;
	}
	base_dir_close(&out->base);
	return -1;
}

void file_target_close(struct file_target *t)
{
	inside_close(&t->in);
	base_dir_close(&t->base);
}

static struct flat flat_of(const struct file_target *t)
{
	return (struct flat){ .base = &t->base, .id = t->in.record.id, .fd = t->in.fd };
}

int file_target_path(const struct file_target *t, const char *operand, char found[DIR_NAME_MAX + 1],
                     const char **path, struct err *e)
{
	const struct flat flat = flat_of(t);
	*path = t->is_flat ? found : operand;
	return t->is_flat ? flat_find(&flat, operand, found, e) : 0;
}

int file_target_changed(const struct file_target *t, const char *name, const char *agent,
                        struct err *e)
{
	const struct flat flat = flat_of(t);
	return t->is_flat ? flat_update(&flat, name, agent, e) : 0;
}
