/* Writing, reading and unpacking with many threads; small enough for the thread sanitizer. */
#include <stdlib.h>

#include "pack.h"
#include "pack/extract.h"
#include "pack/reader.h"
#include "tap.h"

enum { ROUNDS = 3, JOBS = 6 };

int main(void)
{
	struct scratch dir;
	scratch_open(&dir);
	bool made = pack_tree(dir.fd);
	for (unsigned round = 0; made && round < ROUNDS; round++) {
		struct scratch to;
		struct err e = ERR_INIT;
		struct writer_result w;
		struct extract_result x;
		struct reader_check check;
		BUF_AUTO out = buf_make(64 << 20);
		bool foreign = round == 1;
		scratch_open(&to);
		TAP_OK(pack_write(dir.fd, &(struct writer_options){ .jobs = JOBS, .level = 1 },
		                  &out, &w, &e) == 0,
		       "%d threads compress %s", JOBS, e.msg);
		struct pack_source s = pack_source(buf_str(&out), false);
		TAP_OK(reader_verify(&s.base,
		                     &(struct reader_options){ .jobs = JOBS, .foreign = foreign },
		                     &check, &e) == 0 &&
		               check.entries >= w.entries,
		       "%d threads inflate%s %s", JOBS, foreign ? " for libarchive" : "", e.msg);
		s = pack_source(buf_str(&out), round == 2);
		TAP_OK(extract_tree(&s.base, to.fd,
		                    &(struct extract_options){ .jobs = JOBS, .foreign = foreign },
		                    &x, &e) == 0 &&
		               x.entries >= w.entries && pack_same_file(dir.fd, to.fd, "large"),
		       "%d threads write%s %s", JOBS, round == 2 ? " from a pipe" : "", e.msg);
		scratch_close(&to);
	}
	TAP_OK(made, "there was something to archive");
	scratch_close(&dir);
	return tap_done();
}
