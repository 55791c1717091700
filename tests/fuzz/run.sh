#!/bin/sh
# tests/fuzz/run.sh SECONDS TARGET...: libFuzzer on each target in turn, from its corpus and the published vectors of the same name.
# New inputs stay in build/fuzz/corpus, what broke something in build/fuzz/found.
set -eu
seconds=$1
shift
status=0
for target; do
	known=build/fuzz/corpus/$target found=build/fuzz/found/$target
	mkdir -p "$known" "$found"
	vectors=../shared/vectors/$target
	[ -d "$vectors" ] || vectors=
	# shellcheck disable=SC2086 # none or one
	nice "build/fuzz/fuzz/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 -verbosity=0 \
		-artifact_prefix="$found/" "$known" "tests/fuzz/corpus/$target" $vectors >"$found/log" 2>&1 || status=1
	echo "$target: $(awk '/^stat::number_of_executed_units/ { print $2 }' "$found/log") inputs, found $(find "$found" -type f ! -name log | wc -l)"
done
exit $status
