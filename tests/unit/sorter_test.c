/* Records in order, in memory and beyond it. */
#include "pack/sorter.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "os/dir.h"
#include "pack.h"
#include "tap.h"

enum { MANY = 20000, KEYS = 7000 };

/* A record: a key of four digits, the number under which it was added, and bytes to make it long. */
static struct str record(char text[300], unsigned key, unsigned number)
{
	unsigned more = number % 97 == 0 ? 250 : number % 13;
	int len = snprintf(text, 300, "%04u %05u ", key, number);
	memset(text + len, 'x', more);
	return str_from(text, (size_t)len + more);
}

static int by_key(struct str a, struct str b)
{
	return memcmp(a.p, b.p, 4);
}

static unsigned scattered(unsigned number)
{
	return number * 2654435761u % KEYS;
}

static unsigned rising(unsigned number)
{
	return number * KEYS / MANY;
}

/* Whether all come back, by key, those of one key as they came. */
static bool in_order(struct sorter *s, unsigned (*key)(unsigned), struct err *e)
{
	unsigned long long had = 0, sum = 0;
	char last[11] = "", text[300];
	struct str got;
	int rc;
	for (unsigned i = 0; i < MANY; i++)
		sum += i;
	if (sorter_rewind(s, e))
		return false;
	while ((rc = sorter_next(s, &got, e)) > 0) {
		uint64_t at;
		if (num_parse_digits(str_from(got.p + 5, 5), 10, &at))
			return false;
		unsigned number = (unsigned)at;
		if (memcmp(last, got.p, 10) >= 0 || !str_eq(got, record(text, key(number), number)))
			return false;
		memcpy(last, got.p, 10);
		had += number;
	}
	return rc == 0 && had == sum;
}

static bool sorts(struct sorter_file *file, unsigned (*key)(unsigned), struct err *e)
{
	SORTER_AUTO s = sorter_new(file, by_key);
	char text[300];
	for (unsigned i = 0; i < MANY; i++)
		if (sorter_add(s, record(text, key(i), i), e))
			return false;
	return in_order(s, key, e) && in_order(s, key, e);
}

static struct sorter_file in_scratch(const struct scratch *at, size_t run_bytes)
{
	struct sorter_file file = { .run_bytes = run_bytes };
	struct err e = ERR_INIT;
	TAP_OK(dir_create_nameless(at->fd, &file.fd, &e) == 0, "a file without a name");
	return file;
}

static void orders(void)
{
	struct err e = ERR_INIT;
	struct scratch at;
	scratch_open(&at);
	struct sorter_file none = { .fd = -1 };
	TAP_OK(sorts(&none, scattered, &e) && none.end == 0, "without a file all stays in memory");
	SORTER_FILE_AUTO roomy = in_scratch(&at, 0);
	TAP_OK(sorts(&roomy, scattered, &e) && roomy.end == 0,
	       "what fits into memory is not written");
	SORTER_FILE_AUTO small = in_scratch(&at, 64 * 1024);
	TAP_OK(sorts(&small, scattered, &e) && small.end > MANY * 10, "runs are merged");
	SORTER_FILE_AUTO tiny = in_scratch(&at, 1024);
	TAP_OK(sorts(&tiny, scattered, &e) && tiny.end > 2 * small.end,
	       "more runs than can be read at once are merged before");
	uint64_t once = small.end;
	TAP_OK(sorts(&small, rising, &e) && small.end > once,
	       "records that come in order are one run, and two sorters may share a file");
	SORTER_FILE_AUTO one = in_scratch(&at, 1);
	TAP_OK(sorts(&one, rising, &e), "a run may be one record");
	TAP_OK(sorts(&one, scattered, &e),
	       "what comes behind merged runs goes not before their end");
	scratch_close(&at);
}

static void equal(void)
{
	struct err e = ERR_INIT;
	struct scratch at;
	scratch_open(&at);
	SORTER_FILE_AUTO file = in_scratch(&at, 4096);
	SORTER_AUTO s = sorter_new(&file, NULL);
	char text[300];
	bool ok = true;
	struct str got;
	for (unsigned i = 0; i < MANY; i++)
		ok &= sorter_add(s, record(text, scattered(i), i), &e) == 0;
	ok &= sorter_rewind(s, &e) == 0;
	for (unsigned i = 0; i < MANY; i++)
		ok &= sorter_next(s, &got, &e) == 1 && str_eq(got, record(text, scattered(i), i));
	TAP_OK(ok && sorter_next(s, &got, &e) == 0, "without an order they come as they came");
	scratch_close(&at);
}

static void empty(void)
{
	struct sorter_file none = { .fd = -1 };
	struct err e = ERR_INIT;
	struct str got;
	SORTER_AUTO s = sorter_new(&none, by_key);
	TAP_OK(sorter_rewind(s, &e) == 0 && sorter_next(s, &got, &e) == 0, "nothing is nothing");
}

static void fails(void)
{
	struct err e = ERR_INIT;
	SORTER_FILE_AUTO full = { .fd = open("/dev/full", O_RDWR | O_CLOEXEC), .run_bytes = 4096 };
	TAP_OK(!sorts(&full, scattered, &e) && e.kind == ERR_KIND_IO && strstr(e.msg, "TMPDIR"),
	       "a full disk is an error that names the way out");
	struct scratch at;
	scratch_open(&at);
	struct err cut = ERR_INIT;
	SORTER_FILE_AUTO file = in_scratch(&at, 128 * 1024);
	SORTER_AUTO s = sorter_new(&file, by_key);
	char text[300];
	struct str got;
	int rc = 0;
	for (unsigned i = 0; i < MANY && rc == 0; i++)
		rc = sorter_add(s, record(text, scattered(i), i), &cut);
	rc |= sorter_rewind(s, &cut);
	rc |= ftruncate(file.fd, (off_t)file.end / 2);
	while (rc == 0 && (rc = sorter_next(s, &got, &cut)) > 0)
		rc = 0;
	TAP_OK(rc < 0 && strstr(cut.msg, "was cut"), "a file that was cut is an error");
	scratch_close(&at);
}

int main(void)
{
	orders();
	equal();
	empty();
	fails();
	return tap_done();
}
