#!/bin/sh
# Runs libraries.c, linked with musl as the release is.
set -u
cd "$(dirname "$0")/../.." || exit 1
make -s FLAVOUR=release build/release/libraries >&2 || exit 1
exec build/release/libraries
