# Test Anything Protocol for shell tests; to be sourced. A test is: check "sentence" COMMAND..., or fails "sentence" COMMAND...
# What the commands print is in $scratch/out. The last line of a test program: tap_done.
# shellcheck shell=sh

tap_count=0 tap_failed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

tap_result() { # STATUS SENTENCE
	tap_count=$((tap_count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tap_count - $2"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count - $2"
		[ ! -f "$scratch/out" ] || sed 's/^/# /' "$scratch/out"
	fi
}

check() {
	sentence=$1
	shift
	if "$@" >"$scratch/out" 2>&1; then tap_result 0 "$sentence"; else tap_result 1 "$sentence"; fi
}

fails() {
	sentence=$1
	shift
	if "$@" >"$scratch/out" 2>&1; then tap_result 1 "$sentence"; else tap_result 0 "$sentence"; fi
}

said() { # PATTERN: the last command's output has it
	grep -Eq -e "$1" "$scratch/out"
}

tap_said() { # SENTENCE PATTERN
	if said "$2"; then tap_result 0 "$1"; else tap_result 1 "$1"; fi
}

skip() { # SENTENCE REASON
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

tap_done() {
	echo "1..$tap_count"
	[ "$tap_failed" = 0 ]
}
