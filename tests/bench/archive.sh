#!/bin/bash
# tests/bench/archive.sh [TREE]: ws-archive against tar, pigz and bsdtar on tmpfs; a ratio for each bar of DESIGN section 8. Best of
# ROUNDS (default 3) each. TREE: what to archive; by default some 20,000 files of this machine: the libraries' sources and what
# /usr/include, /usr/lib/python3 and /usr/share/perl have.
set -euf
cd "$(dirname "$0")/../.."
tests/need.sh tar gzip pigz zstd libarchive-tools time >&2
WS=${WS_BINARY:-$PWD/dist/ws}
ROUNDS=${ROUNDS:-3}
place=$(mktemp -d /dev/shm/ws-bench-XXXXXX)
trap 'umount "$place/wide" 2>/dev/null || true; rm -rf "$place"' EXIT
tree=${1:-$place/tree}

make_tree() {
	local from
	mkdir "$tree"
	for from in build/src /usr/include /usr/lib/python3 /usr/share/perl; do
		[ ! -d "$from" ] || find "$from" -type f -not -path '*/.git/*' | head -n 6500
	done | tar -cf - -T - 2>/dev/null | tar -xf - -C "$tree"
}
[ $# -gt 0 ] || make_tree

now() { date +%s%N; }

# best COMMAND...: the least time of ROUNDS runs in milliseconds, to $best. Before each run $place/out is a new directory.
best() {
	local round start ms
	best=
	for ((round = 0; round < ROUNDS; round++)); do
		rm -rf "$place/out"
		mkdir "$place/out"
		start=$(now)
		"$@" >/dev/null 2>&1
		ms=$((($(now) - start) / 1000000))
		if [ -z "$best" ] || [ "$ms" -lt "$best" ]; then best=$ms; fi
	done
}

# compare NAME OURS THEIRS BAR
compare() {
	awk -v name="$1" -v ours="$2" -v theirs="$3" -v bar="$4" 'BEGIN {
		printf "%-44s %9d %9d   %.2f (bar %.2f)%s\n", name, ours, theirs, ours / theirs, bar, (ours > bar * theirs) ? "  OVER" : "" }'
}

tar_pigz() { tar -cf - -C "$tree" . | pigz -6 -p2 >"$place/peer.tar.gz"; }
tar_zstd() { tar -cf - -C "$tree" . | zstd -q -3 -T2 -f -o "$place/peer.tar.zst"; }
cat_one() { "$WS" ws-archive cat "$place/ours.tar.gz" "$one"; }

echo "$(find "$tree" | wc -l) entries, $(du -sm --apparent-size "$tree" | cut -f1) MiB, $(nproc) cores"
printf '%-44s %9s %9s   %s\n' '' ours theirs ratio

best tar_pigz
peer=$best
best "$WS" ws-archive create -q -C "$tree" -o "$place/ours.tar.gz"
compare 'create, ms, against tar | pigz -6 -p2' "$best" "$peer" 0.40
compare 'size, bytes' "$(stat -c %s "$place/ours.tar.gz")" "$(stat -c %s "$place/peer.tar.gz")" 1.00

best tar_zstd
peer=$best
best "$WS" ws-archive create -q -C "$tree" -o "$place/ours.tar.zst"
compare 'create tar.zst, ms, against tar | zstd -3 -T2' "$best" "$peer" 1.00
compare 'size of tar.zst, bytes' "$(stat -c %s "$place/ours.tar.zst")" "$(stat -c %s "$place/peer.tar.zst")" 1.03

best tar -xzf "$place/ours.tar.gz" -C "$place/out"
gnu=$best
best bsdtar -xf "$place/ours.tar.gz" -C "$place/out"
bsd=$best
best "$WS" ws-archive extract -q -C "$place/out" "$place/ours.tar.gz"
compare 'extract ours, ms, against tar xzf' "$best" "$gnu" 0.40
compare 'extract ours, ms, against bsdtar xf' "$best" "$bsd" 0.50

# Openat2 without RESOLVE_BENEATH, openat without O_EXCL and O_NOFOLLOW; all else is the same code. By turns, as the difference is
# smaller than that between two minutes.
UNCHECKED=${UNCHECKED:-build/release/ws-unchecked}
with=
without=
for ((turn = 0; turn < 2 * ROUNDS; turn++)); do
	ROUNDS=1 best "$UNCHECKED" ws-archive extract -q -C "$place/out" "$place/ours.tar.gz"
	if [ -z "$without" ] || [ "$best" -lt "$without" ]; then without=$best; fi
	ROUNDS=1 best "$WS" ws-archive extract -q -C "$place/out" "$place/ours.tar.gz"
	if [ -z "$with" ] || [ "$best" -lt "$with" ]; then with=$best; fi
done
compare 'extract ours, ms, against it without checks' "$with" "$without" 1.05

best tar -xzf "$place/peer.tar.gz" -C "$place/out"
gnu=$best
best bsdtar -xf "$place/peer.tar.gz" -C "$place/out"
bsd=$best
best "$WS" ws-archive extract -q -C "$place/out" "$place/peer.tar.gz"
compare "extract pigz's, ms, against the faster one" "$best" "$((gnu < bsd ? gnu : bsd))" 0.80

one=$("$WS" ws-archive list --names "$place/ours.tar.gz" | tail -n 1)
best "$WS" ws-archive list "$place/ours.tar.gz"
compare 'list, ms (bar: 20 ms for 20,000 entries)' "$best" 20 1.00
best cat_one
echo "one file: $best ms"

# peak COMMAND...: its peak memory in KiB, to $best.
peak() { /usr/bin/time -o "$place/peak" -f %M "$@" >/dev/null && best=$(<"$place/peak"); }

# A file of 10 GiB whose blocks are all there would not fit here; 1 GiB of noise (nothing shrinks, all buffers are full) does.
mkdir "$place/large"
head -c 1G /dev/urandom >"$place/large/noise"
for jobs in 2 32; do
	for format in tar.gz tar.zst; do
		peak "$WS" ws-archive create -q --jobs "$jobs" --format "$format" -C "$place/large" -o -
		compare "peak of create $format, $jobs jobs, 1 GiB file, KiB" "$best" "$((65536 + 4096 * jobs))" 1.00
	done
	peak "$WS" ws-archive create -q --jobs "$jobs" -C "$tree" -o -
	compare "peak of create, $jobs jobs, the tree, KiB" "$best" "$((65536 + 4096 * jobs))" 1.00
done
# MANY files (3 million) in directories of a hundred; an eighth of them has content, each its own.
many() {
	python3 - "$1" "${MANY:-3000000}" <<-'EOF'
		import os, sys
		top, count = sys.argv[1], int(sys.argv[2])
		for number in range(count):
		    if number % 100 == 0:
		        where = f"{top}/pkg{number // 20000:03}/module-{number // 100:05}"
		        os.makedirs(where)
		        at = os.open(where, os.O_RDONLY)
		    name = f"component-file-{number:07}.js"
		    if number % 8:
		        os.mknod(name, 0o644, dir_fd=at)
		    else:
		        with open(os.open(name, os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=at), "w") as file:
		            file.write(f"{number * 2654435761}\n")
		    if number % 100 == 99:
		        os.close(at)
	EOF
}
rm -rf "$place/large" "$place/out"
mkdir "$place/wide"
# A tmpfs has inodes for half of the memory's pages; one of our own may have more.
if ! mount -t tmpfs -o nr_inodes=16m,size=90% ws-bench "$place/wide"; then
	MANY=${MANY:-1000000}
fi
many "$place/wide/many"
entries=$(find "$place/wide/many" | wc -l)
many_bar() { compare "peak of $1, 2 jobs, $entries entries, KiB" "$best" "$((65536 + 4096 * 2))" 1.00; }
for format in tar.gz tar.zst; do
	peak "$WS" ws-archive create -q --jobs 2 -C "$place/wide/many" -o "$place/many.$format"
	many_bar "create $format"
	peak "$WS" ws-archive list "$place/many.$format"
	many_bar "list $format"
	peak "$WS" ws-archive verify --jobs 2 "$place/many.$format"
	many_bar "verify $format"
done
# differing COMMAND...: of which status 1 says that there are differences.
differing() { peak bash -c '"$@" || [ $? = 1 ]' - "$@"; }
peak "$WS" ws-archive verify --against "$place/wide/many" --jobs 2 "$place/many.tar.gz"
many_bar 'verify --against'
mkdir "$place/wide/empty"
differing "$WS" ws-archive diff --jobs 2 "$place/many.tar.gz" "$place/wide/empty"
many_bar 'diff, all of them removed'

# extract_peak WHAT COMMAND...: its peak against the bar. It unpacks into $place/wide/out, which is gone before and after.
extract_peak() {
	peak "${@:2}"
	compare "peak of extract $1, KiB" "$best" "$((65536 + 4096 * 2))" 1.00
	rm -rf "$place/wide/out"
}
# extract_peaks NAME OURS FOREIGN STRIPPED: in every way that there is.
extract_peaks() {
	local extract=("$WS" ws-archive extract -q --jobs 2 -C "$place/wide/out")
	extract_peak "$1" "${extract[@]}" "$2"
	extract_peak "$1, from a pipe" "${extract[@]}" - <"$2"
	extract_peak "$1, --strip 1" "${extract[@]}" --strip 1 "$2"
	extract_peak "$1, a pattern" "${extract[@]}" "$2" "$4"
	extract_peak "$1, by GNU tar" "${extract[@]}" "$3"
	mkdir "$place/wide/out"
	extract_peak "$1, --into-existing" "${extract[@]}" --into-existing "$2"
}
tar -cf - -C "$place/wide/many" . | pigz -1 -p2 >"$place/theirs.tar.gz"
rm -rf "$place/wide/many"
extract_peaks "$entries entries" "$place/many.tar.gz" "$place/theirs.tar.gz" 'pkg*'

# A million of one kind, in directories of a thousand, or all in one.
million() {
	python3 - "$1" "$2" "${MILLION:-1000000}" <<-'EOF'
		import os, sys
		top, kind, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
		for number in range(count):
		    if number % 1000 == 0 and (kind != "names in one directory" or number == 0):
		        where = f"{top}/part-{number // 1000:04}"
		        os.makedirs(where)
		        at = os.open(where, os.O_RDONLY)
		    name = f"number-{number:07}"
		    if kind == "directories":
		        os.mkdir(name, dir_fd=at)
		    elif kind == "symlinks":
		        os.symlink(f"../somewhere/else/{name}", name, dir_fd=at)
		    else:
		        os.mknod(name, 0o644, dir_fd=at)
		    if kind == "hardlinks":
		        os.link(name, f"link-{name}", src_dir_fd=at, dst_dir_fd=at)
		    if number % 1000 == 999 and kind != "names in one directory":
		        os.close(at)
	EOF
}
for kind in directories symlinks hardlinks 'names in one directory'; do
	rm -rf "$place/wide/one"
	million "$place/wide/one" "$kind"
	peak "$WS" ws-archive create -q --jobs 2 -C "$place/wide/one" -o "$place/one.tar.gz"
	compare "peak of create, a million $kind, KiB" "$best" "$((65536 + 4096 * 2))" 1.00
	tar -cf - -C "$place/wide/one" . | pigz -1 -p2 >"$place/theirs.tar.gz"
	peak "$WS" ws-archive diff --jobs 2 "$place/theirs.tar.gz" "$place/wide/one"
	compare "peak of diff, a million $kind, by GNU tar, KiB" "$best" "$((65536 + 4096 * 2))" 1.00
	rm -rf "$place/wide/one"
	extract_peaks "a million $kind" "$place/one.tar.gz" "$place/theirs.tar.gz" 'part*'
done
echo "requests to S3 (list, one file of 10 GB): counted by tests/e2e/test_archive_ranges.py"
