/* Backups as sides: part by part, against another backup, against what they were made of, or one part against anything. */
#ifndef WS_APPLETS_PACK_COMPARE_BACKUP_H
#define WS_APPLETS_PACK_COMPARE_BACKUP_H

#include "applets/pack_compare.h"

/* Whether one of the operands names a backup, by its manifest. */
bool pack_compare_backup_is(const char *const operands[2]);
/* `exclude` is that of `options`. */
int pack_compare_backup(const struct pack_compare *how, const char *const operands[2],
                        const struct inventory_options *options, struct exclude *exclude,
                        struct pack_compare_sums *sums, struct err *e) MUST_CHECK;

#endif
