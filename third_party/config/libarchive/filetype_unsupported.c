/* The one function that libarchive's writers need from archive_write_set_format.c, without that file's table of every format. */
#include <errno.h>

#include "archive.h"
#include "archive_entry.h"

void __archive_write_entry_filetype_unsupported(struct archive *a, struct archive_entry *entry,
                                                const char *format);

void __archive_write_entry_filetype_unsupported(struct archive *a, struct archive_entry *entry,
                                                const char *format)
{
	archive_set_error(a, EILSEQ, "%s: the %s format cannot hold files of mode 0%lo",
	                  archive_entry_pathname(entry), format,
	                  (unsigned long)archive_entry_mode(entry));
}
