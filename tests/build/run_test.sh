#!/bin/sh
# Tests of tests/run: what it counts, and that nothing that goes wrong passes for a success.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/build/tap.sh
. tests/build/tap.sh

tree=$scratch/tree
mkdir -p "$tree/tests/unit" "$tree/tests/build" "$tree/tests/lint" "$tree/build/asan/unit"
cp tests/run "$tree/tests/run"

program() { # NAME, its shell text on standard input
	: >"$tree/tests/unit/$1.c"
	{
		echo '#!/bin/sh'
		cat
	} >"$tree/build/asan/unit/$1"
	chmod +x "$tree/build/asan/unit/$1"
}
fresh() { rm -f "$tree"/tests/unit/* "$tree"/build/asan/unit/*; }
run() { env -u T -u B "$tree/tests/run" unit; }
closes() { # SENTENCE LINE: the last line is this
	if [ "$(tail -n 1 "$scratch/out")" = "$2" ]; then tap_result 0 "$1"; else tap_result 1 "$1"; fi
}

program good_test <<'END'
printf 'ok 1 - one\nok 2 - two # SKIP no such thing here\nok 3 - three\n1..3\n'
END
check "a good program passes" run
closes "and its tests are counted" "2 passed, 0 failed, 1 skipped"

program bad_test <<'END'
printf 'not ok 1 - one\nok 2 - two\n1..2\n'
exit 1
END
fails "a failed test fails the run" run
closes "and the sum is over all programs" "3 passed, 1 failed, 1 skipped"
tap_said "and the sentence of the failed test is shown" 'bad_test: not ok 1 - one'

fresh
program crash_test <<'END'
printf 'ok 1 - one\n'
kill -SEGV $$
END
fails "a program that crashes fails the run" run
closes "as one more failed test" "1 passed, 1 failed, 0 skipped"

fresh
program mute_test </dev/null
fails "a program that says nothing fails the run" run
closes "as a failed test" "0 passed, 1 failed, 0 skipped"

fresh
program short_test <<'END'
printf 'ok 1 - one\n1..2\n'
END
fails "fewer tests than planned fail the run" run

fresh
program status_test <<'END'
printf 'ok 1 - one\n1..1\n'
exit 3
END
fails "an exit status that no test explains fails the run" run

fresh
: >"$tree/tests/unit/absent_test.c"
fails "a program that was not built fails the run" run

fresh
fails "a run without tests fails" run
closes "and says so" "0 passed, 1 failed, 0 skipped"

mkdir "$tree/tests/fault"
printf '#!/bin/sh\necho "ok 1 - one"\necho "# 7 kills"\necho 1..1\n' >"$tree/tests/fault/long"
echo 'a helper' >"$tree/tests/fault/helper"
chmod +x "$tree/tests/fault/long"
check "every executable in tests/fault is run by the suite fault" env -u T "$tree/tests/run" fault
closes "and nothing else of it" "1 passed, 0 failed, 0 skipped"
tap_said "and its figures are shown" '^  7 kills$'
fails "an unknown suite is refused" "$tree/tests/run" nonsense

tap_done
