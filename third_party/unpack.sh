#!/bin/sh
# unpack.sh MANIFEST DL SRC: unpack each package of the manifest into SRC/<name> and apply Debian's patches.
set -eu
manifest=$1 dl=$2 src=$3

field() { awk -v p="$1" -v f="$2" '$1 == "package" { on = $2 == p } on && $1 == f { print $3 }' "$manifest"; }

# shellcheck disable=SC2013 # names have no spaces
for name in $(awk '$1 == "package" { print $2 }' "$manifest"); do
	rm -rf "${src:?}/$name"
	mkdir -p "$src/$name"
	tar -xf "$dl/$(field "$name" orig)" -C "$src/$name" --strip-components=1 --no-same-owner
	patches=$(field "$name" debian)
	[ -n "$patches" ] || continue # Debian's own package: nothing is patched
	debian=$dl/$patches
	if [ ! -f "$debian" ]; then
		echo "third_party: warning: $name is built without Debian's patches: ${debian##*/} is not to be had" >&2
		continue
	fi
	tar -xf "$debian" -C "$src/$name" --no-same-owner
	series=$src/$name/debian/patches/series
	[ -f "$series" ] || continue
	sed 's/#.*//; /^[[:space:]]*$/d' "$series" | while read -r patch _; do
		patch -d "$src/$name" -p1 -s -f --no-backup-if-mismatch <"$src/$name/debian/patches/$patch" || {
			echo "third_party: $name: $patch does not apply" >&2
			exit 1
		}
	done
done
