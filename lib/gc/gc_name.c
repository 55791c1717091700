/* Names that ws makes: of what lies in the trash and the staging area, and of temporary files. */
#include "gc/gc_name.h"

#include "base/num.h"
#include "os/dir.h"

enum { RANDOM_LEN = 9 }; /* as sys_random_name makes them */

static bool is_random(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'z')))
			return false;
	}
	return s.len == RANDOM_LEN;
}

int gc_name_parse(struct str name, bool with_time, int64_t *ms, char id[BASE_DIR_ID_MAX + 1])
{
	struct str time_text, id_text, random;
	uint64_t value = 0;
	struct err ignored = ERR_INIT;
	if (with_time && (!str_cut(name, '.', &time_text, &name) ||
	                  num_parse_digits(time_text, 10, &value) || value > INT64_MAX))
		return -1;
	if (!str_cut_last(name, '.', &id_text, &random) || !is_random(random) ||
	    str_copy(id_text, id, BASE_DIR_ID_MAX + 1) || base_dir_check_id(id, &ignored)) {
		id[0] = '\0';
		return -1;
	}
	*ms = (int64_t)value;
	return 0;
}

bool gc_name_is_temp(const char *path)
{
	struct str head, name = str_of(path), rest;
	if (str_cut_last(name, '/', &head, &rest))
		name = rest;
	return str_starts(name, S(DIR_TEMP_PREFIX)) &&
	       is_random(str_skip(name, S(DIR_TEMP_PREFIX).len));
}
