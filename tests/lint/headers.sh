#!/bin/sh
# headers.sh: each header compiles alone. CC and CFLAGS come from the Makefile.
set -u
faults=0
for header in $(find lib applets -name '*.h' | sort); do
	# shellcheck disable=SC2086 # several words each
	${CC:-gcc} ${CFLAGS:--Ilib -I.} -Werror -fsyntax-only -x c "$header" || faults=1
done
exit $faults
