#!/usr/bin/env bash
# The main job on a real tree: make a workspace, work in it, save, destroy, restore, archive, collect.
# usage: tests/demo/demo.sh [WS [TREE]]   the binary, and a directory to work with (the libraries' sources)
set -euo pipefail
cd "$(dirname "$0")/../.."
ws=$(realpath "${1:-dist/ws}") tree=$(realpath "${2:-build/src}")
dir=$(mktemp -d "${TMPDIR:-/tmp}/ws-demo.XXXXXX")
trap 'rm -rf "$dir"' EXIT
export HOME="$dir/home" WORKSPACE_DIR="$dir/base"
unset WS_STORE WS_PROFILE WS_CONFIG XDG_CONFIG_HOME
mkdir "$dir/home"
work="$WORKSPACE_DIR/demo"

title() { printf '\n\033[1m%s\033[0m\n' "$*"; }
# Print a command, run it, say how long it took.
run() {
	printf '  $ %s\n' "$*"
	local start end status=0
	start=$(date +%s%N)
	"$ws" "$@" 2>&1 | sed 's/^/    /' || status=$?
	end=$(date +%s%N)
	printf '    (%d ms)\n' $(((end - start) / 1000000))
	return "$status"
}
# Everything that makes a tree what it is: paths, types, modes, times, links, contents.
fingerprint() {
	(
		cd "$1"
		find . -mindepth 1 -printf '%P|%y|%m|%T@|%l\n' | LC_ALL=C sort
		find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
	) | sha256sum | cut -d' ' -f1
}

title "1. A workspace is made"
run ws-setup --id demo --owner you -v

title "2. Work is done in it: $(find "$tree" | wc -l) entries, $(du -sh "$tree" | cut -f1)"
cp -a "$tree/." "$work/"
before=$(fingerprint "$work")
echo "    fingerprint ${before:0:16}"

title "3. It is saved, verified and removed"
run ws-teardown demo -v
[ ! -e "$work" ] && echo "    $work is gone; the store holds:"
find "$WORKSPACE_DIR/.ws/store" -type f -name '*.gz' -printf '    %P  %s bytes\n'

title "4. A second setup restores it"
run ws-setup --id demo -v
after=$(fingerprint "$work")
echo "    fingerprint ${after:0:16}"
[ "$before" = "$after" ] || { echo "the restored tree differs" >&2; exit 1; }
echo "    identical: every path, type, mode, time, link and byte"

title "5. It is archived; any tar can read it, and one file comes out at once"
run ws-archive create -C "$work" -o "$dir/demo.tar.gz"
run ws-archive verify "$dir/demo.tar.gz"
raw=$(tar tvzf "$dir/demo.tar.gz" | awk '{ sum += $3 } END { print sum }') packed=$(stat -c %s "$dir/demo.tar.gz")
echo "    $raw bytes of content in $packed bytes: $((packed * 100 / raw))%"
[ "$(tar tzf "$dir/demo.tar.gz" | wc -l)" -gt 1 ] && echo "    GNU tar lists $(tar tzf "$dir/demo.tar.gz" | wc -l) entries"
file=$(cd "$work" && find . -type f -name 'zlib.h' -print -quit)
echo "  $ ws-archive cat $dir/demo.tar.gz ${file#./}"
"$ws" ws-archive cat "$dir/demo.tar.gz" "${file#./}" | cmp - "$work/$file" && echo "    ${file#./} is what it was"

title "6. A supervised session: the command runs inside, its work is saved when it ends"
run ws-setup --id session-demo -v -- sh -c 'printf "written by the agent\n" >note.txt; cat note.txt'
run ws-setup --id session-demo
sed 's/^/    again: /' "$WORKSPACE_DIR/session-demo/note.txt"

title "7. What is idle is collected; first a dry run, then for real"
run ws-ls
run ws-gc --older 0s --dry-run
run ws-gc --older 0s --trash-ttl 0s -v
run ws-gc --trash-ttl 0s -v
run ws-ls
[ ! -e "$work" ] || { echo "$work was to be collected" >&2; exit 1; }

title "8. Nothing was lost: it comes back from the store"
run ws-setup --id demo -v
[ "$(fingerprint "$work")" = "$before" ] && echo "    identical again"
