/* What an archive may ask for, from the command line. */
#include "applets/pack_limits.h"

const struct opt_row pack_limits_rows[PACK_LIMITS_COUNT] = {
	OPT_LIST("limit", 0, "NAME=N", struct pack_limits, settings,
	         "what an archive may ask for at most: " LIMITS_NAMES
	         " (ratio: unpacked / packed, beyond ratio-from bytes)"),
};

int pack_limits_get(const struct pack_limits *p, struct limits *out, struct err *e)
{
	*out = limits_default();
	for (size_t i = 0; i < p->settings.count; i++)
		if (limits_set(out, str_of(p->settings.items[i]), e))
			return err_context(e, "--limit");
	return 0;
}
