/* The records of pax headers, ours and others'. */
#include "pack/tar_pax.h"
#include "tests/fuzz/fuzz.h"

static void check_ours(struct str text)
{
	const struct limits limits = limits_default();
	struct tar_scratch scratch;
	struct tar_pax pax;
	struct err e = ERR_INIT;
	tar_scratch_init(&scratch);
	if (tar_pax_parse(text, &limits, &scratch, &pax, &e) == 0) {
		assert(fuzz_inside(pax.path, text) && fuzz_inside(pax.link, text));
		assert(fuzz_inside(pax.sparse_name, text));
		assert(pax.mtime_ns < 1000000000 && pax.xattr_bytes <= limits.max_xattr_bytes);
		for (size_t i = 0; i < pax.xattr_count; i++)
			assert(fuzz_inside(scratch.xattrs[i].name, text) &&
			       fuzz_inside(scratch.xattrs[i].value, text));
	}
	tar_scratch_free(&scratch);
}

/* All records together are the text: none is skipped, none overlaps. */
static void check_records(struct str text)
{
	struct str rest = text, key, value;
	struct err e = ERR_INIT;
	while (rest.len > 0 && tar_pax_next(&rest, &key, &value, &e) == 0) {
		assert(key.len > 0 && fuzz_inside(key, text) && fuzz_inside(value, text));
		assert(key.p + key.len + 1 == value.p || value.len == 0);
		assert(rest.p == value.p + value.len + 1 || value.len == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_from(data, size);
	check_ours(text);
	check_records(text);
	return 0;
}
