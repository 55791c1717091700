#!/bin/sh
# words.sh: nothing is put off, and no file knows a machine: neither a place in its file system nor a mirror.
set -eu
find . \( -name .git -o -path ./build -o -name __pycache__ -o -name .pytest_cache -o -path ./dist/ws -o -path ./tests/vectors \) -prune \
	-o -type f -print | sort | xargs grep -nIwE 'T[O]DO|F[I]XME|X[X]X|H[A]CK|/w[o]rk/(main|shared)|deb[.]debian[.]org' && exit 1
exit 0
