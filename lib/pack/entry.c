/* Names of entry types. */
#include "pack/entry.h"

static const struct {
	char letter;
	const char *name;
} types[] = {
	[ENTRY_TYPE_FILE] = { '-', "file" },
	[ENTRY_TYPE_DIR] = { 'd', "directory" },
	[ENTRY_TYPE_SYMLINK] = { 'l', "symlink" },
	[ENTRY_TYPE_HARDLINK] = { 'h', "hardlink" },
	[ENTRY_TYPE_FIFO] = { 'p', "fifo" },
	[ENTRY_TYPE_CHAR] = { 'c', "character device" },
	[ENTRY_TYPE_BLOCK] = { 'b', "block device" },
	[ENTRY_TYPE_OTHER] = { '?', "unknown" },
};

bool entry_is_device(enum entry_type t)
{
	return t == ENTRY_TYPE_CHAR || t == ENTRY_TYPE_BLOCK;
}

char entry_type_letter(enum entry_type t)
{
	return types[t].letter;
}

const char *entry_type_name(enum entry_type t)
{
	return types[t].name;
}
