#!/bin/sh
# Each check of tests/lint passes a small clean tree and catches what is planted in it.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/build/tap.sh
. tests/build/tap.sh

tree=$scratch/tree
objects=$scratch/objects
# shellcheck disable=SC2016 # for make
warnings=$(make -s -f tests/lint/warnings.mk --eval 'all: ; @echo $(WARNINGS) $(WARNINGS-release)' all)

# A clean tree: two folders, a header each, the one writable global that is allowed.
plant_tree() {
	rm -rf "$tree" "$objects"
	mkdir -p "$tree/lib/base" "$tree/lib/os" "$tree/applets" "$tree/tests" "$tree/third_party"
	cp -r tests/lint "$tree/tests/lint"
	cp .clang-format "$tree"
	cat >"$tree/lib/base/num.h" <<'END'
/* Numbers. */
#ifndef WS_BASE_NUM_H
#define WS_BASE_NUM_H

int num_twice(int n);

#endif
END
	cat >"$tree/lib/base/num.c" <<'END'
/* Numbers. Comments may say strcpy(a, b) and goto x; so may "strings". */
#include "base/num.h"

static const char *const names[] = { "sprintf(", "goto out" };

int num_twice(int n)
{
	return names[0] ? 2 * n : n;
}
END
	cat >"$tree/lib/os/log.c" <<'END'
/* The log. */
#include <unistd.h>

#include "base/num.h"

int log_put(int n);

static int log_state = 1;

int log_put(int n)
{
	log_state = num_twice(n);
	return log_state < getpid();
}
END
	rm "$tree/tests/lint/selftest.sh"
	printf '#!/bin/sh\n# A script.\necho "hello"\n' >"$tree/good.sh"
}

compile() { # COMPILER FLAG...: every .c of the tree
	mkdir -p "$objects"
	(
		cd "$tree" || exit 1
		for file in lib/*/*.c applets/*.c; do
			[ -f "$file" ] || continue
			mkdir -p "$objects/${file%/*}"
			"$@" -std=gnu11 -D_GNU_SOURCE -Ilib -I. -O2 -fPIE -ffunction-sections -fdata-sections -c -o "$objects/${file%.c}.o" "$file" || exit 1
		done
	)
}

run_check() { # CHECK: on the tree
	case $1 in
	gcc | clang)
		# shellcheck disable=SC2086 # a list of flags
		compile "$1" $warnings -Werror
		;;
	symbols | globals) compile gcc && (cd "$tree" && tests/lint/"$1".sh "$objects") ;;
	*) (cd "$tree" && tests/lint/"$1".sh) ;;
	esac
}

tool_of() {
	case $1 in
	shell) echo shellcheck ;;
	format) echo clang-format ;;
	clang) echo clang ;;
	*) echo gcc ;;
	esac
}

catches() { # CHECK SENTENCE PATTERN FILE: what is on standard input goes to the end of FILE
	plant_tree
	cat >>"$tree/$4"
	sentence="$1 catches $2"
	if ! command -v "$(tool_of "$1")" >/dev/null; then
		skip "$sentence" "no $(tool_of "$1") here"
	elif run_check "$1" >"$scratch/out" 2>&1; then
		tap_result 1 "$sentence"
	else
		tap_said "$sentence" "$3"
	fi
}

for check in layers headers symbols globals banned sizes words format shell gcc clang; do
	plant_tree
	if command -v "$(tool_of $check)" >/dev/null; then
		check "$check passes a clean tree" run_check $check
	else
		skip "$check passes a clean tree" "no $(tool_of $check) here"
	fi
done

catches layers "an include of a higher folder" 'lib/base/num\.c:10: .*lib/os' lib/base/num.c <<'END'
#include "os/log.h"
END
catches layers "an include of another folder of the same rank" 'lib/data' lib/os/log.c <<'END'
#include "data/ini.h"
END
catches layers "an include that names no folder" 'say the folder' lib/base/num.c <<'END'
#include "num.h"
END
catches layers "a folder without a rank" 'has no rank' lib/base/num.c <<'END'
#include "attic/old.h"
END
catches layers "a system call header outside lib/os" '<unistd\.h> is not for lib/base' lib/base/num.c <<'END'
#include <unistd.h>
END
catches layers "a system header in a folder of headers" '<sys/stat\.h> is not' applets/x.c <<'END'
#include <sys/stat.h>
END
catches layers "the header of a library without a door" '<jansson\.h> is not for lib/os' lib/os/log.c <<'END'
#include <jansson.h>
END
catches headers "a header that needs another one first" 'size_t' lib/base/lone.h <<'END'
size_t lone_size(void);
END
catches symbols "an exported function without its prefix" 'exports helper' lib/base/num.c <<'END'
int helper(void);
int helper(void)
{
	return 1;
}
END
catches symbols "exported data without its prefix" 'exports table' lib/base/num.c <<'END'
extern const int table[2];
const int table[2] = { 1, 2 };
END
catches symbols "a library's prefix" 'named like a library' lib/base/num.c <<'END'
static __attribute__((used, noinline)) int archive_size(void)
{
	return 1;
}
END
catches globals "a writable variable" 'counter is writable' lib/base/num.c <<'END'
int num_counter;
END
catches globals "a static within a function" 'seen is writable' lib/base/num.c <<'END'
int num_next(void);
int num_next(void)
{
	static int seen = 1;
	return seen++;
}
END
catches globals "a variable of each thread" 'mine is writable' lib/base/num.c <<'END'
_Thread_local int num_mine;
END
catches banned "a call of strcpy" 'num\.c:10: strcpy\(\)' lib/base/num.c <<'END'
#define NUM_X strcpy(a, b)
END
catches banned "a call of sprintf" 'num\.c:10: sprintf\(\)' lib/base/num.c <<'END'
#define NUM_X sprintf(a, b)
END
catches banned "a call of atoi" 'num\.c:10: atoi\(\)' lib/base/num.c <<'END'
#define NUM_X atoi(a)
END
catches banned "a call of system" 'num\.c:10: system\(\)' lib/base/num.c <<'END'
#define NUM_X system(a)
END
catches banned "a call of gmtime" 'num\.c:10: gmtime\(\)' lib/base/num.c <<'END'
#define NUM_X gmtime(a)
END
catches banned "a call of signal" 'num\.c:10: signal\(\)' lib/base/num.c <<'END'
#define NUM_X signal(1, a)
END
catches banned "goto" 'goto is banned' lib/base/num.c <<'END'
#define NUM_X goto out
END
catches banned "conditional compilation" 'num\.c:10: conditional' lib/base/num.c <<'END'
#ifdef __linux__
#endif
END
awk 'BEGIN { print "void num_long(void)\n{"; for (i = 0; i < 61; i++) print "\t;"; print "}" }' >"$scratch/long"
catches sizes "a function of 61 lines" 'a function of 61 lines' lib/base/num.c <"$scratch/long"
awk 'BEGIN { for (i = 0; i < 400; i++) print "" }' >"$scratch/long"
catches sizes "a file of more than 400 lines" 'num\.c: more than 400' lib/base/num.c <"$scratch/long"
for word in TO:DO FIX:ME XX:X HA:CK; do # halves, so that this file is clean itself
	word=$(echo $word | tr -d :)
	echo "# $word later" >"$scratch/word"
	catches words "the word $word" "$word" good.sh <"$scratch/word"
done
catches format "a file that clang-format would change" 'num\.c: clang-format would change' lib/base/num.c <<'END'
int  num_bad( void );
END
catches shell "an unquoted variable" 'SC2086' good.sh <<'END'
echo $1
END
for compiler in gcc clang; do
	catches "$compiler" "a conversion that loses" 'conversion' lib/base/num.c <<'END'
char num_small(int n);
char num_small(int n)
{
	return n;
}
END
	catches "$compiler" "a shadowed variable" 'shadow' lib/base/num.c <<'END'
int num_shadow(int n);
int num_shadow(int n)
{
	{
		int names = n;
		return names;
	}
}
END
	catches "$compiler" "an array of variable length" 'vla|variable length' lib/base/num.c <<'END'
int num_vla(int n);
int num_vla(int n)
{
	int a[n];
	a[0] = n;
	return a[0];
}
END
	catches "$compiler" "a function without a prototype" 'prototype' lib/base/num.c <<'END'
int num_secret(void)
{
	return 1;
}
END
done

tap_done
