/* Process groups. */
#include "os/group.h"

#include <errno.h>
#include <signal.h>

bool group_alive(int32_t pgid)
{
	return kill(-pgid, 0) == 0 || errno == EPERM;
}
