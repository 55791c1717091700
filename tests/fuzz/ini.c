/* INI files: every entry is found again, its texts are terminated views, and an error says nothing of the content. */
#include "data/ini.h"

#include "tests/fuzz/fuzz.h"

static void check_entry(const struct ini *ini, const struct ini_entry *entry)
{
	struct str value, all = str_from(ini->text, ini->text_len + 1);
	assert(fuzz_inside(entry->name, all) && fuzz_inside(entry->value, all));
	assert(entry->name.len > 0 && entry->name.p[entry->name.len] == '\0');
	assert(entry->value.p[entry->value.len] == '\0' && entry->line > 0);
	assert(ini_get(ini, entry->section, entry->name.p, &value));
	assert(entry->section.len == 0 || ini_has_section(ini, entry->section));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	struct ini ini;
	if (ini_parse(str_from(data, size), "file", &ini, &e) < 0) {
		assert(e.kind == ERR_KIND_CONFIG && ini.count == 0);
		assert(str_starts(str_of(e.msg), S("file")));
	}
	for (size_t i = 0; i < ini.count; i++)
		check_entry(&ini, &ini.entries[i]);
	ini_free(&ini);
	return 0;
}
