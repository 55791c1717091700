/* A collection for the new workspace's sake. */
#include "applets/setup_room.h"

#include "base/num.h"
#include "gc/gc_room.h"
#include "gc/gc_rules.h"
#include "os/log.h"
#include "os/sys.h"

/* A base that is not there yet holds nothing to be collected. */
static bool open_base(const struct applet_call *call, const struct ws_options *where,
                      struct base_dir *out)
{
	struct err why = ERR_INIT;
	if (ws_options_open_base(where, call->config, out, &why) == 0)
		return true;
	log_info("--make-room: %s", why.msg);
	return false;
}

int setup_room_make(const struct applet_call *call, const struct ws_options *where,
                    const struct s3_config *s3, const struct setup_room *room, struct err *e)
{
	BASE_DIR_AUTO base = { .fd = -1, .ws_fd = -1 };
	static const struct gc_rule any = { .name = "" };
	struct gc_options o = {
		.policy = { .rules = &any, .rule_count = 1 },
		.trash_ttl_ms = INT64_MAX,
		.end_ms = sys_monotonic_ms() + room->time_ms,
		.config = call->config,
		.s3 = s3,
		.notice = ws_options_notice,
		.meter = applet_meter_mode(call),
	};
	struct gc_done done;
	struct err why = ERR_INIT;
	char freed[NUM_TEXT_MAX];
	if (!room->mark)
		return 0;
	if (gc_rules_mark(str_of(room->mark), false, &o.policy.free_bytes, e) != 0)
		return err_context(e, "--make-room");
	if (!open_base(call, where, &base))
		return 0;
	int made = gc_room_make(&base, &o, &done, &why);
	if (made < 0)
		log_warn("--make-room: %s", why.msg);
	else if (made > 0)
		log_info("--make-room: %s freed", num_format_size(done.freed_bytes, freed));
	return 0;
}
