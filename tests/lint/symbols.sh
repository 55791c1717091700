#!/bin/sh
# symbols.sh OBJECTS: what foo.c exports starts with foo_; no name of ours looks like a library's. OBJECTS holds lib/... and applets/...
#
# A part of a module, a_b.c beside a.h, may export a_* as well, and what the file rules says. main is main.
set -eu
rules=$(dirname "$0")/rules

stems() { # FOLDER NAME: NAME, and every shorter head of it that is a header
	printf '%s' "$2"
	head=$2
	while [ "$head" != "${head%_*}" ]; do
		head=${head%_*}
		[ ! -f "$1/$head.h" ] || printf '|%s' "$head"
	done
	awk -v file="$1/$2" '$1 == "names" && $2 == file { printf "|%s", $3 }' "$rules"
}

faults=$(find "$1/lib" "$1/applets" -name '*.o' 2>/dev/null | sort | while read -r object; do
	name=${object#"$1/"}
	[ -f "${name%.o}.c" ] || continue # what is left of a file that is gone
	nm --defined-only "$object" | awk -v object="$name" -v stem="$(stems "$(dirname "$name")" "$(basename "$name" .o)")" '
		$2 ~ /^[A-Z]$/ && $3 !~ ("^((" stem ")(_|$)|main$)") { print object ": exports " $3 }
		$3 ~ /^(archive_|br_|inflate|deflate|ZSTD_|json_)/ { print object ": " $3 " is named like a library" }'
done)
[ -z "$faults" ] || {
	echo "$faults"
	exit 1
}
