/* Reading all of an archive to see that all of it is right. */
#include "pack/reader_parts.h"

static int pass_content(struct reader *r, struct err *e)
{
	struct reader_piece piece;
	int rc;
	while ((rc = reader_piece(r, &piece, e)) > 0)
		continue;
	return rc;
}

int reader_verify(struct source *source, const struct reader_options *options,
                  struct reader_check *out, struct err *e)
{
	READER_AUTO r = NULL;
	const struct entry *entry;
	int rc;
	*out = (struct reader_check){ .entries = 0 };
	if (reader_open(source, options, &r, e))
		return -1;
	while ((rc = reader_next(r, &entry, e)) > 0) {
		if (r->ours)
			scan_check_content(&r->scan);
		if (entry->type == ENTRY_TYPE_FILE && pass_content(r, e))
			return -1;
		out->entries++;
		out->content_bytes += entry->size_bytes;
		progress_add(options->progress, 0, 1);
	}
	out->archive_bytes = source->id.size_bytes;
	out->members = r->ours ? r->scan.members : 0;
	return rc;
}
