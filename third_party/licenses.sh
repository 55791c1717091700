#!/bin/sh
# licenses.sh MANIFEST SRC LICENSE: print a C file with the text of ws --licenses: ours, then each library's own.
set -eu
manifest=$1 src=$2 ours=$3

text() {
	echo "ws: MIT"
	echo
	cat "$ours"
	awk '$1 == "package" { name = $2; version = $3; licence = $5 }
		$1 == "copying" { for (i = 2; i <= NF; i++) print name, version, licence, $i }' "$manifest" |
		while read -r name version licence file; do
			printf '\n------------------------------------------------------------------------\n'
			printf '%s %s: %s\n\n' "$name" "$version" "$licence"
			cat "$src/$name/$file"
		done
}

echo '#include "applets/licenses.h"'
echo
echo 'const char licenses_text[] ='
# Bytes beyond ASCII (names of authors) as octal escapes, so that the C file is plain.
text | LC_ALL=C sed 's/\\/\\\\/g; s/"/\\"/g; s/\r$//; s/\t/\\t/g; s/\f//g; s/^/\t"/; s/$/\\n"/'
echo '	;'
