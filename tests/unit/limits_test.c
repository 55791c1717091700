/* What an archive may ask for: the defaults that are promised, and setting each by its name. */
#include "pack/limits.h"

#include <string.h>

#include "pack/guard.h"
#include "pack/index.h"
#include "tests/unit/tap.h"

static void test_defaults(void)
{
	struct limits l = limits_default();
	tap_ok(l.max_entries == 10000000 && l.max_members == 10000000 &&
	               l.max_bytes == 1ULL << 40 && l.max_depth == 1024 &&
	               l.max_name_bytes == 32768 && l.max_pax_bytes == 1 << 20 &&
	               l.max_xattr_bytes == 65536 && l.max_sparse == 1000000 &&
	               l.max_index_bytes == INDEX_PIECE_MAX,
	       "the defaults are those that the header names");
}

/* Every name of LIMITS_NAMES sets a number of its own, and only that. */
static void test_names(void)
{
	struct limits changed = limits_default(), before = changed;
	struct str rest = S(LIMITS_NAMES), name;
	size_t count = 0, right = 0;
	while (rest.len > 0) {
		char setting[32];
		struct err e = ERR_INIT;
		str_cut(rest, ',', &name, &rest);
		snprintf(setting, sizeof(setting), "%" STR_FMT "=12345", STR_ARG(str_trim(name)));
		size_t different = 0;
		if (limits_set(&changed, str_of(setting), &e) == 0)
			for (size_t i = 0; i < sizeof(changed); i += sizeof(uint64_t)) {
				uint64_t now, was;
				memcpy(&now, (char *)&changed + i, sizeof(now));
				memcpy(&was, (char *)&before + i, sizeof(was));
				different += now != was && now == 12345;
			}
		right += different == 1;
		before = changed;
		count++;
	}
	tap_ok(count == sizeof(changed) / sizeof(uint64_t), "every limit has a name");
	tap_ok(right == count, "each name sets one limit");
}

static void test_wrong_settings(void)
{
	static const char *const wrong[] = { "entries",  "",           "=",       "unknown=5",
		                             "entries=", "entries=-1", "bytes=1X" };
	for (size_t i = 0; i < COUNTOF(wrong); i++) {
		struct limits l = limits_default();
		struct err e = ERR_INIT;
		tap_ok(limits_set(&l, str_of(wrong[i]), &e) != 0 && e.kind == ERR_KIND_USAGE,
		       "'%s' is no setting", wrong[i]);
	}
}

static void test_ratio(void)
{
	static const struct {
		uint64_t packed, raw;
		bool good;
	} cases[] = {
		{ 0, 1 << 30, true },
		{ 1000, 1ULL << 30, true },
		{ 1000, (1ULL << 30) + 1, false },
		{ 1ULL << 30, 200ULL << 30, true },
		{ 1ULL << 30, 202ULL << 30, false },
		{ UINT64_MAX - 1, UINT64_MAX, true },
	};
	struct limits l = limits_default(), ours = limits_of_ours();
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct err e = ERR_INIT, none = ERR_INIT;
		int rc = guard_ratio(&l, cases[i].packed, cases[i].raw, &e);
		tap_ok((rc == 0) == cases[i].good && (rc == 0 || e.kind == ERR_KIND_DATA),
		       "%llu bytes that become %llu are %s", (unsigned long long)cases[i].packed,
		       (unsigned long long)cases[i].raw, cases[i].good ? "fine" : "a bomb");
		tap_ok(guard_ratio(&ours, cases[i].packed, cases[i].raw, &none) == 0,
		       "what was saved here is given back, whatever its ratio (case %zu)", i);
	}
}

int main(void)
{
	test_defaults();
	test_names();
	test_wrong_settings();
	test_ratio();
	return tap_done();
}
