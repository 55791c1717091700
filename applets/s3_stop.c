/* From a signal to the client, and to the exit status. */
#include "applets/s3_stop.h"

#include "os/log.h"

enum { GRACE_MS = 8000 }; /* containers are killed 10 s after they were asked to stop */

int s3_stop_begin(const struct s3_config *config, struct s3 *s3, struct stopper **out,
                  struct err *e)
{
	*out = NULL;
	return config->client ? 0 : stopper_open(s3_stop(s3), GRACE_MS, out, e);
}

int s3_stop_end(struct stopper *stopper, int result, struct err *e)
{
	int number = stopper_close(stopper);
	if (number == 0 || result == 0)
		return result;
	log_err(e);
	return 128 + number;
}
