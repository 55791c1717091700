#!/bin/sh
# format.sh: clang-format has nothing to change (make format lets it).
set -eu
find lib applets tests third_party -name '*.[ch]' | sort | {
	status=0
	while read -r file; do
		lines=$(clang-format "$file" | diff "$file" - | grep -c '^<\|^[0-9]*a') || continue
		echo "$file: clang-format would change $lines lines"
		status=1
	done
	exit $status
}
