#!/bin/sh
# layers.sh: no file includes a folder of its own or a higher rank, nor an outside header that another folder is the door to.
# Prints file:line for each that does; the table is rules.
set -eu
table=$(dirname "$0")/rules

files=$(find lib applets -name '*.[ch]' | sort)
# shellcheck disable=SC2086 # names of ours have no spaces
awk '
	function folder(path) { sub(/\/[^\/]*$/, "", path); return path }
	# Shell pattern, of which only * is used.
	function fits(name, pattern) { gsub(/[.]/, "[.]", pattern); gsub(/[*]/, ".*", pattern); return name ~ ("^" pattern "$") }
	function fault(why) { print FILENAME ":" FNR ": " why; faults++ }

	# FILENAME of the table comes first.
	NR == FNR {
		if ($1 == "rank") rank[$2] = $3 + 0
		if ($1 == "door") for (i = 3; i <= NF; i++) door[$2, ++doors[$2]] = $i
		if ($1 == "extra") extra[$2, $3] = 1
		next
	}
	BEGIN {
		n = split("assert ctype errno float inttypes limits locale math setjmp stdalign stdarg stdatomic stdbool stddef stdint stdio " \
			"stdlib stdnoreturn string time wchar wctype", word, " ")
		for (i = 1; i <= n; i++) iso[word[i] ".h"] = 1
	}
	{ here = folder(FILENAME) }
	FNR == 1 && !(here in rank) { fault("folder " here " has no rank in the table") }
	!/^[ \t]*#[ \t]*include/ { next }
	{
		name = $0
		sub(/^[ \t]*#[ \t]*include[ \t]*[<"]/, "", name)
		sub(/[>"].*/, "", name)
		if ((FILENAME, name) in extra) next
	}
	/</ {
		if (name in iso) next
		for (i = 1; i <= doors[here]; i++) if (fits(name, door[here, i])) next
		fault("<" name "> is not for " here)
		next
	}
	{
		there = folder(name)
		if (there == name) { fault("\"" name "\": say the folder, too"); next }
		if (there != "applets") there = "lib/" there
		if (there == here) next
		if (!(there in rank)) fault("\"" name "\": " there " has no rank in the table")
		else if (rank[there] >= rank[here]) fault("\"" name "\": " here " (" rank[here] ") may not include " there " (" rank[there] ")")
	}
	END { exit faults > 0 }' "$table" $files
