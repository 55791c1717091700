/* The three inputs that differ from run to run: clock, randomness, environment. Tests set them
 * here. */
#ifndef WS_OS_SYS_H
#define WS_OS_SYS_H

#include "base/defs.h"
#include "base/err.h"

/* Milliseconds since 1970, UTC. */
int64_t sys_now_ms(void);
/* Milliseconds on a clock that never goes back; for deadlines and durations. */
int64_t sys_monotonic_ms(void);
/* Milliseconds since the machine started, suspended or not; no change of the clock moves it. */
int64_t sys_boot_ms(void);
/* `len` random bytes from getrandom(2); ends the process when the kernel gives none. */
void sys_random(void *p, size_t len);
/* Nine base-36 characters and a terminator into `out`, for ids and temporary names. */
void sys_random_name(char out[10]);
/* The value of an environment variable, or NULL when it is unset or empty. */
const char *sys_env(const char *name);
/* Cores that this process may use (affinity mask); at least 1. */
unsigned sys_cpu_count(void);
/* The effective user of this process. */
uint32_t sys_uid(void);
/* The host's name, "" when unknown. Returns out. */
char *sys_hostname(char *out, size_t cap);
/* The kernel's boot id ("" without /proc). Returns out. */
char *sys_boot_id(char *out, size_t cap);
/* Peak resident memory of this process in bytes. */
uint64_t sys_peak_rss(void);

/* For tests: make sys_now_ms answer `ms` (the monotonic clock runs on, so that deadlines end)
 * until sys_fake_clock(-1), and randomness count up from `seed`. */
void sys_fake_clock(int64_t ms);
void sys_fake_random(uint64_t seed);

/* What to give poll(2) so that it ends at `deadline_ms` (monotonic; negative: no limit):
 * milliseconds, 0 when the time is up, -1 for no limit. */
int sys_poll_timeout(int64_t deadline_ms);

/* Wait. */
void sys_sleep_ms(int64_t ms);

#endif
