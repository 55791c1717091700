#!/bin/sh
# banned.sh: calls that have a better replacement here, goto, and conditional compilation in .c files.
set -eu
here=$(dirname "$0")
calls='strcpy|strcat|strncpy|strncat|sprintf|vsprintf|strtok|atoi|atol|atoll|atof|system|popen|gets|scanf|sscanf|fscanf|rand|srand'
calls="$calls|asctime|localtime|gmtime|ctime|signal|alarm|alloca|tmpnam|mktemp|setjmp|longjmp|getwd"

find lib applets tests -name '*.[ch]' ! -path '*/.*' | sort | xargs awk -f "$here/code.awk" | awk -F : -v calls="$calls" '
	function fault(what) { print $1 ":" $2 ": " what; faults++ }
	{
		code = $0
		sub(/^[^:]*:[0-9]*:/, "", code)
		rest = code
		while (match(rest, "(^|[^A-Za-z0-9_.>])(" calls ")[ \t]*[(]")) {
			found = substr(rest, RSTART, RLENGTH)
			rest = substr(rest, RSTART + RLENGTH)
			gsub(/[^a-z]/, "", found)
			fault(found "() is banned")
		}
	}
	code ~ /(^|[^A-Za-z0-9_])goto[ \t]/ { fault("goto is banned") }
	$1 ~ /[.]c$/ && code ~ /^[ \t]*#[ \t]*(if|ifdef|ifndef|elif|else)([^a-z]|$)/ { fault("conditional compilation belongs nowhere") }
	END { exit faults > 0 }'
