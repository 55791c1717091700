/*
 * Random requests, signed by botocore (sigv4_botocore.py) and by us: the same. WS_SIGV4_CASES says how many (100,000),
 * WS_SIGV4_SEED which; a failure shows the case and the seed.
 */
#include "s3/sigv4.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/num.h"
#include "os/sys.h"

#include "tests/unit/tap.h"

enum { WORKERS = 2, CASES = 100000, PAIRS = 16, FIXED = 9, TEXT = 1 << 16 };

static const char python[] = "/usr/bin/python3";
static const char script[] = "tests/unit/sigv4_botocore.py";

/* A case, as views of its decoded words. */
struct signing {
	bool query_form;
	struct str fixed[FIXED]; /* method path time region service access secret token hash */
	struct sigv4_pair query[PAIRS], headers[PAIRS];
	size_t query_count, header_count;
	struct str answer;
};

static bool next_word(struct str *line, struct buf *memory, struct str *out)
{
	struct str word;
	str_cut(*line, ' ', &word, line);
	size_t len = str_is(word, "-") ? 0 : word.len / 2;
	char *room = buf_room(memory, len + 1);
	if (word.len == 0 || !room || (len > 0 && codec_unhex(word, room, len)))
		return false;
	*out = str_from(room, len);
	room[len] = '\0';
	buf_grew(memory, len + 1);
	return true;
}

static bool read_pair(struct str *line, struct buf *memory, struct sigv4_pair *pairs, size_t *count)
{
	struct str kind;
	str_cut(*line, ' ', &kind, line);
	return *count < PAIRS && next_word(line, memory, &pairs[*count].name) &&
	       next_word(line, memory, &pairs[(*count)++].value);
}

static bool read_case(struct str line, struct buf *memory, struct signing *s)
{
	struct str form;
	*s = (struct signing){ .query_count = 0 };
	str_cut(line, ' ', &form, &line);
	s->query_form = str_is(form, "query");
	for (size_t i = 0; i < FIXED; i++)
		if (!next_word(&line, memory, &s->fixed[i]))
			return false;
	while (str_starts(line, S("q ")))
		if (!read_pair(&line, memory, s->query, &s->query_count))
			return false;
	while (str_starts(line, S("h ")))
		if (!read_pair(&line, memory, s->headers, &s->header_count))
			return false;
	return next_word(&line, memory, &s->answer);
}

/* What we make of it: the Authorization header, or the signature at the end of a presigned query. */
static bool sign(const struct signing *s, struct buf *out, struct err *e)
{
	uint64_t time_s = 0, expires_s = 0;
	struct sigv4_request r = {
		.method = s->fixed[0].p,
		.path = s->fixed[1],
		.query = s->query,
		.query_count = s->query_count,
		.headers = s->headers,
		.header_count = s->header_count,
		.payload_hash = s->query_form ? S("UNSIGNED-PAYLOAD") : s->fixed[8],
	};
	if (num_parse_u64(s->fixed[2], &time_s, e) ||
	    (s->query_form && num_parse_u64(s->fixed[8], &expires_s, e)))
		return false;
	struct sigv4_scope scope = {
		.access_key = s->fixed[5],
		.secret_key = s->fixed[6],
		.session_token = s->fixed[7],
		.region = s->fixed[3],
		.service = s->fixed[4],
		.time_s = (int64_t)time_s,
	};
	return s->query_form ? sigv4_presign(&r, &scope, expires_s, out, e) == 0
	                     : sigv4_authorization(&r, &scope, out, e) == 0;
}

static bool is_same(const struct signing *s, struct buf *out)
{
	struct err e = ERR_INIT;
	struct str ours;
	buf_clear(out);
	if (!sign(s, out, &e))
		return false;
	ours = buf_str(out);
	if (s->query_form)
		str_cut_last(ours, '=', NULL, &ours);
	return str_eq(ours, s->answer);
}

static FILE *start(unsigned long count, unsigned long seed, pid_t *pid)
{
	char count_text[24], seed_text[24];
	int ends[2];
	snprintf(count_text, sizeof(count_text), "%lu", count);
	snprintf(seed_text, sizeof(seed_text), "%lu", seed);
	if (pipe(ends) != 0)
		return NULL;
	fflush(stdout);
	*pid = fork();
	if (*pid == 0) {
		dup2(ends[1], 1);
		close(ends[0]);
		close(ends[1]);
		execl(python, python, script, count_text, seed_text, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	return fdopen(ends[0], "r");
}

struct tally {
	unsigned long cases, wrong;
};

static void compare(FILE *from, struct tally *tally)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	struct signing s;
	BUF_AUTO memory = buf_make(TEXT);
	BUF_AUTO out = buf_make(TEXT);
	/* Views of it must stay: it grows once, here. */
	(void)!buf_room(&memory, TEXT / 2);
	while ((len = getline(&line, &cap, from)) > 0) {
		buf_clear(&memory);
		tally->cases++;
		if (read_case(str_trim(str_from(line, (size_t)len)), &memory, &s) &&
		    is_same(&s, &out))
			continue;
		if (tally->wrong++ < 3)
			tap_note("differs: %s", line);
	}
	free(line);
}

static unsigned long number(const char *variable, unsigned long otherwise)
{
	const char *text = sys_env(variable);
	return text ? strtoul(text, NULL, 10) : otherwise;
}

int main(void)
{
	FILE *from[WORKERS];
	pid_t pids[WORKERS];
	struct tally tally = { 0, 0 };
	unsigned long seed = number("WS_SIGV4_SEED", (unsigned long)sys_now_ms());
	unsigned long cases = number("WS_SIGV4_CASES", CASES);
	int status = 0, ended = 0;
	for (size_t i = 0; i < WORKERS; i++)
		from[i] = start(cases / WORKERS, seed + i, &pids[i]);
	for (size_t i = 0; i < WORKERS; i++) {
		if (from[i]) {
			compare(from[i], &tally);
			fclose(from[i]);
		}
		waitpid(pids[i], &status, 0);
		ended |= status;
	}
	if (ended != 0 && tally.cases == 0) {
		tap_skip("random requests are signed as botocore signs them",
		         "python3-botocore is not there");
		return tap_done();
	}
	TAP_OK(ended == 0 && tally.cases == cases / WORKERS * WORKERS,
	       "botocore has signed %lu random requests", tally.cases);
	TAP_OK(tally.wrong == 0, "%lu random requests are signed as botocore signs them (seed %lu)",
	       tally.cases, seed);
	return tap_done();
}
