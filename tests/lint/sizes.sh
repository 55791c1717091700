#!/bin/sh
# sizes.sh: a file has at most 400 lines, a function at most 60. clang-format puts the braces of functions, and only those, alone
# at the start of a line.
set -eu
find lib applets -name '*.[ch]' | sort | xargs awk '
	function fault(what) { print what; faults++ }
	FNR == 401 { fault(FILENAME ": more than 400 lines") }
	/^{$/ { start = FNR }
	/^}/ && start { if (FNR - start - 1 > 60) fault(FILENAME ":" start ": a function of " FNR - start - 1 " lines, more than 60"); start = 0 }
	END { exit faults > 0 }'
