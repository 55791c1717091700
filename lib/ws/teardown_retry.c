/* Sending what is in the spool. */
#include "base/mem.h"
#include "os/dir.h"
#include "ws/teardown.h"

enum { SPOOL_MAX = 1000 * 1000 };

/* Whether it is sent; what went wrong is told, but for the first that went beside somebody else's state. */
static bool send_one(const struct base_dir *b, const char *id, const struct teardown_options *o,
                     enum err_kind *kind, struct err *beside)
{
	struct teardown_result result;
	struct err why = ERR_INIT;
	int status = teardown_run(b, id, o, NULL, &result, &why);
	bool sent = (status == 0 || result.conflict) && result.removed && !result.spooled;
	if (status != 0 && sent && !err_is(beside))
		*beside = why;
	else if (status != 0 && o->notice)
		o->notice(o->notice_ctx, &why);
	teardown_result_free(&result);
	if (!sent)
		*kind = why.kind == ERR_KIND_TRY_AGAIN ? *kind : ERR_KIND_FAILED;
	return sent;
}

int teardown_retry(const struct base_dir *b, const struct teardown_options *o, size_t *sent,
                   size_t *left, struct err *e)
{
	FD_AUTO spool = -1;
	char **ids;
	size_t count;
	enum err_kind kind = ERR_KIND_TRY_AGAIN;
	struct err beside = ERR_INIT;
	*sent = *left = 0;
	if (base_dir_area(b, "spool", &spool, e) != 0 ||
	    dir_list(spool, SPOOL_MAX, &ids, &count, e) != 0)
		return err_context(e, "spool");
	for (size_t i = 0; i < count; i++) {
		if (send_one(b, ids[i], o, &kind, &beside))
			(*sent)++;
		else
			(*left)++;
	}
	mem_free(ids);
	if (*left == 0) {
		*e = beside;
		return err_is(e) ? -1 : 0;
	}
	if (err_is(&beside) && o->notice)
		o->notice(o->notice_ctx, &beside);
	return err_set(e, kind, "%zu of %zu workspaces are still in the spool", *left, count);
}
