/* buf and mem: growing memory. */
#include "base/buf.h"
#include "base/mem.h"
#include "tests/unit/tap.h"

static void test_growth(void)
{
	BUF_AUTO b = buf_make(1 << 20);
	TAP_OK(b.cap == 0 && strcmp(b.p, "") == 0, "an empty buffer is \"\" and allocates nothing");
	buf_add(&b, NULL, 0);
	buf_clear(&b);
	buf_truncate(&b, 0);
	buf_consume(&b, 0);
	buf_printf(&b, "%s", "");
	TAP_OK(b.cap == 0 && b.len == 0, "adding nothing allocates nothing");
	unsigned reallocations = 0;
	size_t cap = 0;
	for (unsigned i = 0; i < 100000; i++) {
		buf_add_char(&b, (char)('a' + i % 26));
		reallocations += b.cap != cap;
		cap = b.cap;
	}
	bool same = b.len == 100000 && b.p[b.len] == '\0';
	for (unsigned i = 0; i < 100000; i++)
		same = same && b.p[i] == (char)('a' + i % 26);
	TAP_OK(same, "what was added is there, with a NUL behind");
	TAP_OK(reallocations < 16, "the memory doubles");
	buf_consume(&b, 26 * 3000 + 1);
	TAP_OK(b.len == 100000 - 78001 && b.p[0] == 'b', "buf_consume drops the front");
	buf_truncate(&b, 3);
	TAP_TEXT(b.p, "bcd", "buf_truncate cuts the end");
	buf_clear(&b);
	TAP_OK(b.len == 0 && b.p[0] == '\0' && b.cap == cap, "buf_clear keeps the memory");
}

static void test_text(void)
{
	BUF_AUTO b = buf_make(4096);
	buf_add_text(&b, "a");
	buf_add_str(&b, S("bc"));
	buf_printf(&b, "-%d-%s", 42, "x");
	TAP_TEXT(b.p, "abc-42-x", "appends follow each other");
	for (int i = 0; i < 100; i++)
		buf_printf(&b, "%03d", i);
	TAP_OK(b.len == 308 && strcmp(b.p + 305, "099") == 0, "buf_printf grows as it must");
	char *room = buf_room(&b, 10);
	memcpy(room, "0123456789", 10);
	buf_grew(&b, 4);
	TAP_OK(b.len == 312 && strcmp(b.p + 308, "0123") == 0, "buf_room is there before buf_grew");
	MEM_AUTO char *taken = buf_take(&b);
	TAP_OK(strlen(taken) == 312 && b.len == 0 && strcmp(b.p, "") == 0,
	       "buf_take hands the memory over");
	MEM_AUTO char *empty = buf_take(&b);
	TAP_TEXT(empty, "", "buf_take of an empty buffer is a string too");
}

static void test_cap(void)
{
	struct err e = ERR_INIT;
	BUF_AUTO b = buf_make(5);
	buf_add_text(&b, "12345");
	TAP_OK(!b.too_large && buf_check(&b, &e, "it") == 0, "the cap itself fits");
	buf_add_char(&b, '6');
	TAP_OK(b.too_large && strcmp(b.p, "12345") == 0, "one more does not, and changes nothing");
	buf_truncate(&b, 2);
	buf_printf(&b, "%s", "wxyz");
	TAP_TEXT(b.p, "12", "a formatted text that does not fit leaves nothing behind");
	buf_add_char(&b, '3');
	TAP_OK(b.too_large, "too_large sticks");
	TAP_OK(buf_check(&b, &e, "the answer") == -1 && e.kind == ERR_KIND_DATA, "buf_check tells");
	TAP_TEXT(e.msg, "the answer is larger than 5 bytes", "and says what and how much");
	TAP_OK(buf_room(&b, SIZE_MAX) == NULL, "a length that overflows does not fit");
	buf_clear(&b);
	TAP_OK(!b.too_large, "buf_clear forgets it");
	BUF_AUTO none = buf_make(0);
	buf_add(&none, NULL, 0);
	TAP_OK(!none.too_large, "nothing fits into a buffer of 0");
	buf_add_char(&none, 'x');
	TAP_OK(none.too_large && strcmp(none.p, "") == 0, "a byte does not");
}

static void test_mem(void)
{
	MEM_AUTO unsigned *numbers = mem_new(10, sizeof(unsigned));
	TAP_OK(numbers[0] == 0 && numbers[9] == 0, "mem_new gives zeros");
	numbers[9] = 7;
	numbers = mem_grow(numbers, 1000, sizeof(unsigned));
	numbers[999] = 8;
	TAP_OK(numbers[9] == 7, "mem_grow keeps what was there");
	MEM_AUTO char *text = mem_printf("%s/%d", "a", 5);
	MEM_AUTO char *copy = mem_str(str_from("abcdef", 3));
	MEM_AUTO char *nothing = mem_new(0, 0);
	TAP_OK(strcmp(text, "a/5") == 0 && strcmp(copy, "abc") == 0 && nothing,
	       "strings are formatted and copied");
	char secret[8] = "secret";
	mem_wipe(secret, sizeof(secret));
	mem_wipe(NULL, 0);
	TAP_OK(memcmp(secret, "\0\0\0\0\0\0\0", 8) == 0, "mem_wipe leaves zeros");
}

int main(void)
{
	test_growth();
	test_text();
	test_cap();
	test_mem();
	return tap_done();
}
