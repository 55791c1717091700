/* The clock, randomness and environment, and that tests can set them. */
#include "os/sys.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

static bool is_name(const char *name)
{
	return strlen(name) == 9 && strspn(name, "0123456789abcdefghijklmnopqrstuvwxyz") == 9;
}

static void test_random(void)
{
	char a[10], b[10], again[10];
	unsigned char bytes[300] = { 0 };
	sys_random(bytes, sizeof(bytes));
	size_t zeros = 0;
	for (size_t i = 0; i < sizeof(bytes); i++)
		zeros += bytes[i] == 0;
	TAP_OK(zeros < 30, "random bytes are not zeros");
	sys_random_name(a);
	sys_random_name(b);
	TAP_OK(is_name(a) && is_name(b) && strcmp(a, b) != 0,
	       "names have nine characters and differ");
	sys_fake_random(1);
	sys_random_name(a);
	sys_random_name(b);
	sys_fake_random(1);
	sys_random_name(again);
	TAP_OK(is_name(a) && is_name(b) && strcmp(a, b) != 0, "so do those of a test");
	TAP_TEXT(again, a, "which come again with the same seed");
	unsigned char one[20], two[20];
	sys_fake_random(7);
	sys_random(one, sizeof(one));
	sys_fake_random(7);
	sys_random(two, sizeof(two));
	TAP_OK(memcmp(one, two, sizeof(one)) == 0, "as do bytes");
}

static void test_clock(void)
{
	int64_t now_ms = sys_now_ms();
	TAP_OK(now_ms > 1700000000000, "the clock has been set");
	sys_fake_clock(42);
	int64_t before_ms = sys_monotonic_ms();
	TAP_INT(sys_now_ms(), 42, "a test sets it");
	sys_sleep_ms(2);
	TAP_INT(sys_now_ms(), 42, "and there it stays");
	TAP_OK(sys_monotonic_ms() >= before_ms + 2, "while durations go on");
	sys_fake_clock(-1);
	TAP_OK(sys_now_ms() >= now_ms, "until the test gives it back");
	sys_sleep_ms(-5);
	TAP_INT(sys_poll_timeout(-1), -1, "no deadline is no timeout");
	TAP_INT(sys_poll_timeout(0), 0, "a deadline in the past is now");
	TAP_INT(sys_poll_timeout(INT64_MAX), INT_MAX, "a far one is cut to what poll takes");
	int timeout_ms = sys_poll_timeout(sys_monotonic_ms() + 1000);
	TAP_OK(timeout_ms > 900 && timeout_ms <= 1000, "a near one is the time that is left");
}

static void test_surroundings(void)
{
	char text[100];
	char small[3];
	setenv("WS_TEST_EMPTY", "", 1);
	setenv("WS_TEST_SET", "value", 1);
	TAP_OK(!sys_env("WS_TEST_EMPTY") && !sys_env("WS_TEST_NONE"), "empty is unset");
	TAP_TEXT(sys_env("WS_TEST_SET"), "value", "a variable has its value");
	TAP_OK(sys_cpu_count() >= 1, "there is a processor");
	TAP_OK(strlen(sys_hostname(text, sizeof(text))) > 0, "the host has a name");
	TAP_OK(strlen(sys_hostname(small, sizeof(small))) <= 2, "which is cut to fit");
	size_t len = strlen(sys_boot_id(text, sizeof(text)));
	TAP_OK(len == 0 || len == 36, "the boot id is a UUID, or not to be had");
	TAP_OK(!strchr(text, '\n'), "without the end of the line");
	TAP_OK(sys_peak_rss() > 100000, "memory was used");
}

int main(void)
{
	test_random();
	test_clock();
	test_surroundings();
	return tap_done();
}
