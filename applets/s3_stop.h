/* Stopping transfers in order: uploads are aborted and files that are not whole removed before the process ends. */
#ifndef WS_APPLETS_S3_STOP_H
#define WS_APPLETS_S3_STOP_H

#include "os/stopper.h"
#include "s3/s3.h"

/* TERM, INT and HUP stop the client's requests from now on. *out stays NULL for a command of `run`: it is the one that
 * is asked. */
int s3_stop_begin(const struct s3_config *config, struct s3 *s3, struct stopper **out,
                  struct err *e) MUST_CHECK;
/* The end, with the status of a command whose result is `result`: 128 + the signal when that made it fail. */
int s3_stop_end(struct stopper *stopper, int result, struct err *e);

#endif
