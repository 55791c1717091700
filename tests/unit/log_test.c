/* Lines on stderr: what is printed at which level, and that nothing in them reaches the terminal
 * raw. */
#include "os/log.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "base/str.h"
#include "os/meter.h"
#include "os/sys.h"
#include "scratch.h"
#include "tap.h"

/* What `work` writes to stderr, through a pipe. */
static void capture(void (*work)(void), struct buf *out)
{
	int ends[2];
	struct err e = ERR_INIT;
	int kept = dup(STDERR_FILENO);
	if (pipe2(ends, O_CLOEXEC) != 0)
		exit(1);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	work();
	dup2(kept, STDERR_FILENO);
	close(kept);
	buf_clear(out);
	if (file_read_rest(ends[0], out, &e, "stderr") != 0)
		tap_note("%s", e.msg);
	close(ends[0]);
}

static void say_all(void)
{
	log_error("an %s", "error");
	log_warn("a %s", "warning");
	log_info("an %s", "info");
	log_debug("a %s", "debug");
}

static void test_levels(void)
{
	static const struct {
		enum log_level level;
		const char *want;
	} cases[] = {
		{ LOG_LEVEL_QUIET, "ws-x: an error\n" },
		{ LOG_LEVEL_NORMAL, "ws-x: an error\nws-x: warning: a warning\n" },
		{ LOG_LEVEL_VERBOSE, "ws-x: an error\nws-x: warning: a warning\nws-x: an info\n" },
		{ LOG_LEVEL_DEBUG,
		  "ws-x: an error\nws-x: warning: a warning\nws-x: an info\nws-x: debug: a debug\n" },
	};
	BUF_AUTO text = buf_make(10000);
	log_set_name("ws-x");
	for (size_t i = 0; i < COUNTOF(cases); i++) {
		log_set_level(cases[i].level);
		capture(say_all, &text);
		TAP_TEXT(text.p, cases[i].want, "level %d prints what it should",
		         (int)cases[i].level);
		TAP_INT(log_level(), cases[i].level, "and is what was set");
	}
}

static void say_hostile(void)
{
	struct err e = ERR_INIT;
	err_set(&e, ERR_KIND_DATA, "name \033[2J\r\nws-x: all is well \xff \xc3\xa4");
	log_err(&e);
}

static void say_long(void)
{
	char text[5000];
	memset(text, '\001', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_error("%s", text);
}

static void test_hostile(void)
{
	BUF_AUTO text = buf_make(20000);
	capture(say_hostile, &text);
	TAP_TEXT(text.p, "ws-x: name \\x1b[2J\\r\\nws-x: all is well \\xff \xc3\xa4\n",
	         "control bytes are escaped, letters are not");
	capture(say_long, &text);
	TAP_OK(text.len < 5000 && text.len > 1000 && text.p[text.len - 1] == '\n' &&
	               str_index(buf_str(&text), '\n') == (ptrdiff_t)text.len - 1,
	       "a long message is cut, and is one line");
	log_set_name("a name that is far longer than what fits into the front of a line");
	capture(say_hostile, &text);
	TAP_OK(str_starts(buf_str(&text), S("a name that is far longer than ")),
	       "a long name is cut");
	log_set_name("ws-x");
}

static void status_on_a_pipe(void)
{
	log_status_line("half way");
	log_error("line");
	log_status_line("");
}

static void test_no_terminal(void)
{
	BUF_AUTO text = buf_make(1000);
	capture(status_on_a_pipe, &text);
	TAP_TEXT(text.p, "ws-x: line\n", "a file gets no progress line");
}

/* ---- on a terminal of 20 columns ---- */

static void status_steps(void)
{
	log_status_line("half way, and a good deal more than fits");
	log_error("line");
	log_status_line("\033[31mred");
	log_status_line("");
	log_error("last");
}

static void draw_meter(void)
{
	struct progress p = { .label = "save" };
	struct meter *m = meter_start(&p, METER_AUTO);
	meter_stop(m);
	TAP_OK(m, "a meter draws on a terminal");
}

/* What `work` writes when stderr is a terminal. */
static bool on_terminal(void (*work)(void), struct buf *out)
{
	struct winsize size = { .ws_row = 10, .ws_col = 20 };
	FD_AUTO master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
		return false;
	const char *name = ptsname(master);
	FD_AUTO slave = name ? open(name, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
	if (slave < 0 || ioctl(slave, TIOCSWINSZ, &size) != 0)
		return false;
	FD_AUTO kept = dup(STDERR_FILENO);
	dup2(slave, STDERR_FILENO);
	work();
	TAP_INT(log_stderr_width(), 20, "the terminal's width is known");
	dup2(kept, STDERR_FILENO);
	/* A terminal hands out what was written in pieces, the last of them a moment later. */
	struct pollfd ready = { .fd = master, .events = POLLIN };
	while (out->len < 1000 && poll(&ready, 1, 200) > 0) {
		ssize_t got = read(master, buf_room(out, 1000), 1000);
		if (got <= 0)
			break;
		buf_grew(out, (size_t)got);
	}
	return true;
}

static void test_terminal(void)
{
	BUF_AUTO text = buf_make(2000);
	if (!on_terminal(status_steps, &text)) {
		tap_skip("progress on a terminal", "no pseudo terminals here");
		return;
	}
	TAP_TEXT(text.p,
	         "\r\033[Khalf way, and a goo"
	         "\r\033[Kws-x: line\r\nhalf way, and a goo"
	         "\r\033[K\\x1b[31mred\r\033[Kws-x: last\r\n",
	         "lines come above the progress line, which is cut and removed");
	buf_clear(&text);
	TAP_OK(on_terminal(draw_meter, &text), "another terminal opens");
	TAP_INT(text.len, 0, "and what is over before its first line was drawn writes nothing");
}

static void meter_on_a_pipe(void)
{
	struct progress p = { .label = "save" };
	progress_expect(&p, 100, 0);
	TAP_OK(!meter_start(&p, METER_AUTO) && !meter_start(&p, METER_NEVER) &&
	               !meter_start(NULL, METER_ALWAYS),
	       "no meter without a terminal, a wish, or work");
	meter_stop(NULL);
	struct meter *m = meter_start(&p, METER_ALWAYS);
	progress_add(&p, 100, 0);
	meter_stop(m);
}

static void test_meter(void)
{
	BUF_AUTO text = buf_make(2000);
	capture(meter_on_a_pipe, &text);
	TAP_OK(str_starts(buf_str(&text), S("save")) && str_ends(buf_str(&text), S("\n")),
	       "a meter writes a line to a file: %s", text.p);
}

static void *say_often(UNUSED void *arg)
{
	for (int i = 0; i < 200; i++)
		log_error("one whole line");
	return NULL;
}

static void say_in_threads(void)
{
	pthread_t threads[3];
	for (size_t i = 0; i < COUNTOF(threads); i++)
		pthread_create(&threads[i], NULL, say_often, NULL);
	for (size_t i = 0; i < COUNTOF(threads); i++)
		pthread_join(threads[i], NULL);
}

static void test_threads(void)
{
	BUF_AUTO text = buf_make(60000);
	capture(say_in_threads, &text);
	struct str rest = buf_str(&text);
	struct str line;
	int whole = 0;
	while (str_cut(rest, '\n', &line, &rest))
		whole += str_is(line, "ws-x: one whole line");
	TAP_INT(whole, 600, "lines of several threads stay whole");
}

int main(void)
{
	test_levels();
	test_hostile();
	test_no_terminal();
	test_terminal();
	test_meter();
	test_threads();
	return tap_done();
}
