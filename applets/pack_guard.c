/* The sandbox of the verbs that read archives. */
#include "applets/pack_guard.h"

#include "base/str.h"
#include "os/log.h"
#include "os/sandbox.h"

int pack_guard(const char *const *operands, size_t count, int writable, struct err *e)
{
	struct sandbox_rules rules = {
		.writable = writable,
		.offline = true,
		.memory_bytes = SANDBOX_PARSER_BYTES,
	};
	for (size_t i = 0; i < count; i++)
		if (str_starts(str_of(operands[i]), S("s3://")))
			rules.offline = false;
	int rc = sandbox_confine(&rules, e);
	if (rc < 0)
		return err_context(e, "confine the reader of archives");
	if (rc > 0)
		log_info("archives are read under Landlock: %s%s",
		         writable < 0 ? "writing nothing" : "writing only where they unpack",
		         rules.offline ? ", without network" : "");
	else
		log_warn("archives are read without Landlock: this kernel has none");
	return 0;
}
