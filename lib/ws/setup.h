/* Make a workspace, or take up the one that is there: stage, restore, sync, rename, record. */
#ifndef WS_WS_SETUP_H
#define WS_WS_SETUP_H

#include "base/defs.h"
#include "base/err.h"
#include "base/progress.h"
#include "data/ini.h"
#include "os/lock.h"
#include "s3/s3.h"
#include "ws/base_dir.h"
#include "ws/profile.h"
#include "ws/record.h"

/* For profiles of git. */
struct setup_git {
	const char *repo, *branch,
		*ref;             /* ref: where a new branch begins; NULL: the default branch */
	const char *const *links; /* paths below the repository's tree, to link to */
	size_t link_count;
	const char *const *copies; /* the same, to copy */
	size_t copy_count;
	const char *
		copy_list; /* patterns of ignored files to copy; NULL: the repository's own list; "": none */
	uint64_t copy_max_bytes;
	int64_t fetch_timeout_ms; /* for asking the remote; 0: it is not asked */
	bool drop_ignored;        /* what git ignores is not saved */
};

struct setup_options {
	const char *id, *profile, *workspace, *session, *owner, *base, *store;
	const char *idempotency_key;
	const char *const *labels;
	size_t label_count; /* "K=V" */
	const char
		*from; /* an archive (file, URL) to start from when the store has nothing; NULL */
	bool set_user;
	uint32_t uid, gid;
	bool set_mode;
	uint32_t mode;
	bool ephemeral;
	bool adopt; /* a directory in its place that ws did not make becomes the workspace, as it is */
	bool restore; /* `id` is known already: its record says which profile it has; NOT_FOUND when it is not */
	struct setup_git git;
	bool has_hooks;  /* a new workspace is not done before they ran: hook.h */
	int64_t wait_ms; /* for the lock, and then for the lease; 0: not at all */
	int64_t lease_ms; /* how long other hosts are to stay away without a renewal (lease.h); 0: they need not;
	                   * negative: neither are they heeded */
	bool dry_run;
	const struct ini *config;
	const struct s3_config *s3;
	struct progress *progress;
};

/* What there was to do. */
enum setup_action {
	SETUP_RESTORE, /* make it, from the store */
	SETUP_ADOPT,   /* it was there already */
	SETUP_FINISH,  /* an earlier setup was killed right before its end */
	SETUP_UNSPOOL, /* its newest state waited in the spool */
	SETUP_UNTRASH, /* it was discarded and is still in the trash */
	SETUP_TAKE, /* somebody else made its directory, and said that it shall be this workspace */
};

/* "restore". */
const char *setup_action_name(enum setup_action a);

/* What came of it (of a dry run: what would come of it, and nothing is locked); the lock is held until setup_close. */
struct setup {
	struct base_dir base;
	struct profile profile;
	struct record record;
	struct lock lock;
	char *root; /* absolute path of the workspace */
	enum setup_action action;
	bool adopted;   /* it was there already */
	bool unspooled; /* it came back from the spool */
	uint64_t restored_bytes, restored_entries;
	size_t parts_restored, parts_absent;
	char *stray; /* what was moved to quarantine; NULL: nothing */
};

/* `base` NULL: the profile's; `store` NULL: the record's, else the one embedded in the base; `profile` NULL: task.
 * Errors leave nothing behind and upload nothing later. To adopt a directory of which the store has a state already is a
 * CONFLICT: it may not be saved over that one. TRY_AGAIN when the lock is held; CONFLICT when the workspace
 * is there and is not what the options say (another profile, another store). */
int setup_run(const struct setup_options *o, struct setup *out, struct err *e) MUST_CHECK;
void setup_close(struct setup *s);
#define SETUP_AUTO AUTO(setup_close) struct setup

/* The environment for the command: the caller's without AWS_* and WS_*, but for the names in `pass`, plus the profile's
 * and WORKSPACE_ID, WORKSPACE_PATH. NULL-terminated; free with mem_free_texts. */
int setup_environment(const struct setup *s, const char *const *pass, size_t pass_count,
                      char ***env, struct err *e) MUST_CHECK;

#endif
