#!/bin/sh
# Tests of tests/lint/gate.sh: a good static-pie passes, each fault is found. Needs build/musl.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/build/tap.sh
. tests/build/tap.sh

good="-O2 -fPIE -static-pie -Wl,-z,relro,-z,now,-z,noexecstack -ffile-prefix-map=$(pwd)=."
build() { # FLAG...: links $scratch/a from $scratch/a.c
	# shellcheck disable=SC2086 # a list of flags
	gcc -specs=build/musl/ws.specs $good "$@" -o "$scratch/a" "$scratch/a.c" && strip -o "$scratch/b" "$scratch/a"
}
gate() { tests/lint/gate.sh "$scratch/b" "$scratch/a"; }
faulty() { # SENTENCE PATTERN FLAG...
	sentence=$1 pattern=$2
	shift 2
	if ! build "$@" >"$scratch/out" 2>&1 || gate >"$scratch/out" 2>&1; then
		tap_result 1 "$sentence"
	else
		tap_said "$sentence" "$pattern"
	fi
}

cat >"$scratch/a.c" <<'END'
#include <stdio.h>
#include <linux/openat2.h>
int main(void) { return printf("%zu\n", sizeof(struct open_how)) < 0; }
END
check "the specs link a static-pie" build
check "it runs" "$scratch/b"
check "it passes the gate" gate
faulty "a dynamic executable is refused" 'wants a dynamic loader' -pie -Wl,-dynamic-linker,/lib/ld.so -Wl,-z,notext
faulty "an executable that is not position independent is refused" 'not position independent' -fno-pie -static -no-pie
faulty "an executable stack is refused" 'executable stack' -Wl,-z,execstack
faulty "missing RELRO is refused" 'no RELRO' -Wl,-z,norelro
faulty "lazy binding is refused" 'no BIND_NOW' -Wl,-z,lazy

printf 'const char big[2000000] = "x";\nint main(int c, char **v) { (void)v; return big[c]; }\n' >"$scratch/a.c"
faulty "too large a file is refused" '2000000 are allowed'
printf '#include <stdio.h>\nint main(void) { return puts("%s/lib/x.c"); }\n' "$(pwd)" >"$scratch/a.c"
faulty "a build path in the strings is refused" 'tells where it was built'
printf '#include <stdlib.h>\nint main(int c, char **v) { (void)c; return system(v[0]); }\n' >"$scratch/a.c"
faulty "system is refused" '^system$'
printf '#include <iconv.h>\nint main(int c, char **v) { (void)c; return iconv_open(v[0], v[0]) == 0; }\n' >"$scratch/a.c"
faulty "iconv is refused" '^iconv_open$'

tap_done
