#!/bin/sh
# shell.sh: shellcheck of every script.
set -eu
find . \( -name .git -o -path ./build \) -prune -o -type f \( -name '*.sh' -o -path ./.ci/run -o -path ./tests/run \) -print | sort |
	xargs shellcheck -x
