/* Backups from the inside. */
#ifndef WS_WS_BACKUP_PARTS_H
#define WS_WS_BACKUP_PARTS_H

#include "ws/backup.h"

/* A new part behind those of its priority and before those of lower ones; everything else is zero. Valid until the next. */
struct backup_part *backup_insert(struct backup *b, enum backup_priority priority);

/* Absolute and, as far as it is there, without links: one place has one name. mem_free. */
char *backup_absolute(const char *path);
/* Whether `path` is `top` or below it. */
bool backup_within(const char *path, const char *top);
/* Refuse (USAGE) a store that lies in one of the parts' paths: each backup would hold the one before. */
int backup_apart(const struct backup *b, const struct store *s, struct err *e) MUST_CHECK;

/* Names at the top of a directory that are ours, and are neither saved nor replaced: what a restore is at work with, what it
 * replaced, and what mkfs made. */
#define BACKUP_STAGE_NAME      ".ws-restore"
#define BACKUP_QUARANTINE_NAME ".ws-quarantine"
#define BACKUP_FOUND_NAME      "lost+found"

#endif
