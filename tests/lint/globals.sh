#!/bin/sh
# globals.sh OBJECTS: nothing is writable for the life of the process, statics in functions included, but what the file rules allows.
# Sections decide, not nm's letters: const tables with pointers live in .data.rel.ro, which is read-only once started.
set -eu
rules=$(dirname "$0")/rules

faults=$(find "$1/lib" "$1/applets" -name '*.o' 2>/dev/null | sort | while read -r object; do
	name=${object#"$1/"}
	[ -f "${name%.o}.c" ] || continue # what is left of a file that is gone
	objdump -t "$object" | awk -F '\t' -v object="$name" -v allowed="$(awk -v file="${name%.o}" '$1 == "global" && $2 == file { print $3 }' "$rules")" '
		NF == 2 {
			n = split($1, left, " ")
			split($2, right, " ")
			if (left[n] !~ /^([.](data|bss|tdata|tbss)|[*]COM)/ || left[n] ~ /^[.]data[.]rel[.]ro/ || right[1] ~ /^0*$/) next
			sub(/[.][0-9]+$/, "", right[2])
			if (right[2] != allowed) print object ": " right[2] " is writable"
		}'
done)
[ -z "$faults" ] || {
	echo "$faults"
	exit 1
}
