/* Clock, randomness, environment and what the machine is. */
#include "os/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "os/file.h"

enum { CPU_WORDS = 128 }; /* 8192 processors */

/* What tests put in place of the kernel's answers; all zero in the product. */
static struct {
	_Atomic bool clock_set;
	_Atomic int64_t clock_ms;
	_Atomic bool random_set;
	_Atomic uint64_t random_next;
} sys_fake;

static int64_t clock_ms(clockid_t clock)
{
	struct timespec t = { 0 };
	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t sys_now_ms(void)
{
	return sys_fake.clock_set ? sys_fake.clock_ms : clock_ms(CLOCK_REALTIME);
}

int64_t sys_monotonic_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

int64_t sys_boot_ms(void)
{
	return clock_ms(CLOCK_BOOTTIME);
}

static void no_randomness(void)
{
	static const char text[] = "ws: the kernel gives no random bytes (getrandom)\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
	(void)ignored;
	_exit(ERR_KIND_IO);
}

/* Bytes of a counter mixed by splitmix64, so that names made of few bits differ too. */
static void fake_bytes(unsigned char *p, size_t len)
{
	while (len > 0) {
		uint64_t z = atomic_fetch_add(&sys_fake.random_next, 1) * 0x9E3779B97F4A7C15U;
		z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
		z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
		z ^= z >> 31;
		size_t n = len < sizeof(z) ? len : sizeof(z);
		memcpy(p, &z, n);
		p += n;
		len -= n;
	}
}

void sys_random(void *p, size_t len)
{
	unsigned char *to = p;
	if (sys_fake.random_set) {
		fake_bytes(to, len);
		return;
	}
	while (len > 0) {
		ssize_t got = getrandom(to, len, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			no_randomness();
		to += got;
		len -= (size_t)got;
	}
}

void sys_random_name(char out[10])
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	uint64_t bits;
	sys_random(&bits, sizeof(bits));
	for (int i = 0; i < 9; i++) {
		out[i] = digits[bits % 36];
		bits /= 36;
	}
	out[9] = '\0';
}

const char *sys_env(const char *name)
{
	const char *value = getenv(name);
	return value && *value != '\0' ? value : NULL;
}

unsigned sys_cpu_count(void)
{
	unsigned long words[CPU_WORDS] = { 0 };
	/* The system call's own view: libc's cpu_set_t stops at 1024. */
	if (sched_getaffinity(0, sizeof(words), (cpu_set_t *)words) != 0)
		return 1;
	unsigned count = 0;
	for (size_t i = 0; i < CPU_WORDS; i++)
		count += (unsigned)__builtin_popcountl(words[i]);
	return count > 0 ? count : 1;
}

uint32_t sys_uid(void)
{
	return geteuid();
}

char *sys_hostname(char *out, size_t cap)
{
	struct utsname names;
	if (cap > 0)
		snprintf(out, cap, "%s", uname(&names) == 0 ? names.nodename : "");
	return out;
}

char *sys_boot_id(char *out, size_t cap)
{
	if (cap == 0)
		return out;
	out[0] = '\0';
	FD_AUTO fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	struct err ignored = ERR_INIT;
	size_t got = 0;
	if (fd < 0 || file_read(fd, out, cap - 1, &got, &ignored, "boot id") != 0)
		got = 0;
	out[got] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return out;
}

uint64_t sys_peak_rss(void)
{
	struct rusage use;
	if (getrusage(RUSAGE_SELF, &use) != 0 || use.ru_maxrss < 0)
		return 0;
	return (uint64_t)use.ru_maxrss * 1024;
}

void sys_fake_clock(int64_t ms)
{
	sys_fake.clock_ms = ms;
	sys_fake.clock_set = ms >= 0;
}

void sys_fake_random(uint64_t seed)
{
	sys_fake.random_next = seed;
	sys_fake.random_set = true;
}

int sys_poll_timeout(int64_t deadline_ms)
{
	if (deadline_ms < 0)
		return -1;
	int64_t left_ms = deadline_ms - sys_monotonic_ms();
	if (left_ms <= 0)
		return 0;
	return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

void sys_sleep_ms(int64_t ms)
{
	if (ms <= 0)
		return;
	int64_t until_ms = sys_monotonic_ms() + ms;
	struct timespec until = { .tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000 };
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		continue;
}
