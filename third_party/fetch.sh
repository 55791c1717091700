#!/bin/sh
# fetch.sh MANIFEST DL: put every file of the manifest into DL, checked by sha256.
#
# Looked for in this order: $WS_TARBALLS (a directory), DL itself, the machine's Debian mirror through apt-get source. apt runs on
# lists of its own below DL; the machine's are left alone. Only the .orig files are required: without Debian's patches unpack.sh
# goes on with a warning, because mirrors drop old Debian revisions while the upstream file stays.
set -eu
manifest=$1
mkdir -p "$2"
dl=$(cd "$2" && pwd)

say() { echo "third_party: $*" >&2; }
files() { awk '$1 ~ /^(orig|debian|dsc)$/ { print $1, $2, $3 }' "$manifest"; }
fits() { [ -f "$1" ] && [ "$(sha256sum <"$1")" = "$2  -" ]; }

# take DIR: copy what DL misses from DIR. A file of the right name with wrong bytes is refused.
take() {
	files | while read -r _ sum file; do
		fits "$dl/$file" "$sum" && continue
		rm -f "$dl/$file"
		[ -f "$1/$file" ] || continue
		if fits "$1/$file" "$sum"; then
			cp "$1/$file" "$dl/$file.tmp" && mv "$dl/$file.tmp" "$dl/$file"
		else
			say "$1/$file: wrong sha256 (the manifest wants $sum)"
			exit 1
		fi
	done
}

missing() { files | while read -r kind _ file; do [ -f "$dl/$file" ] || echo "$kind $file"; done; }

# ask_apt ARGUMENT...: apt-get or apt-cache with the private lists.
ask_apt() {
	tool=$1
	shift
	"$tool" -o Dir::Etc::sourcelist="$apt/ws.sources" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$apt/lists" \
		-o Dir::Cache="$apt/cache" -o Acquire::Retries=2 -o Acquire::http::Timeout=30 -o APT::Sandbox::User="$(id -un)" "$@"
}

# source_of NAME VERSION OPTION...: download one source package, or a part of it, into $apt/got.
source_of() {
	name=$1 version=$2
	shift 2
	(cd "$apt/got" && ask_apt apt-get -q source --download-only "$@" "$name=$version" >>"$apt/log" 2>&1) || true
}

# from_mirror NAME VERSION ORIG-SHA256 ORIG-FILE: the pinned revision, else the upstream file from any revision that has the same.
from_mirror() {
	source_of "$1" "$2"
	fits "$apt/got/$4" "$3" && return
	for version in $(ask_apt apt-cache showsrc "$1" 2>>"$apt/log" | awk -v sum="$3" '
		$1 == "Version:" { version = $2 } $1 == sum { print version }' | sort -u); do
		source_of "$1" "$version" --tar-only
		fits "$apt/got/$4" "$3" && return
	done
}

use_mirror() {
	apt=$dl/apt
	rm -rf "$apt"
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/got"
	third_party/sources.sh "$(awk '$1 == "package" { print $4 }' "$manifest" | sort -u | tr '\n' ' ')" >"$apt/ws.sources"
	say "asking the Debian mirror for source packages"
	ask_apt apt-get -q update >"$apt/log" 2>&1 || true
	awk '$1 == "package" { name = $2; version = $3 } $1 == "orig" { print name, version, $2, $3 }' "$manifest" |
		while read -r name version sum file; do
			if missing | grep -qxF "$(awk -v p="$name" '
				$1 == "package" { on = $2 == p } on && $1 ~ /^(orig|debian|dsc)$/ { print $1, $3 }' "$manifest")"; then
				from_mirror "$name" "$version" "$sum" "$file"
			fi
		done
	take "$apt/got"
}

[ -z "${WS_TARBALLS:-}" ] || take "$WS_TARBALLS"
take "$dl"
if missing | grep -q .; then use_mirror; fi

if missing | grep '^orig' >&2; then
	say "the files above are neither in WS_TARBALLS (${WS_TARBALLS:-not set}) nor to be had from the Debian mirror of this machine"
	[ ! -f "$dl/apt/log" ] || grep '^[EW]:' "$dl/apt/log" | sort -u | tail -n 5 >&2 || true
	say "the way out: put them into a directory and say: WS_TARBALLS=that-directory make"
	say "(a machine that has built ws has them all in build/dl)"
	exit 1
fi
rm -rf "$dl/apt"
