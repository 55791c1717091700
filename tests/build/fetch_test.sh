#!/bin/sh
# Tests of third_party/fetch.sh and unpack.sh with a small package and an apt of our own: no network.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/build/tap.sh
. tests/build/tap.sh
unset WS_TARBALLS

# A package "toy" 1.0-1: upstream's file says "upstream", the patch makes it "patched".
mkdir -p "$scratch/toy-1.0" "$scratch/debian/patches" "$scratch/all"
echo upstream >"$scratch/toy-1.0/toy.c"
cat >"$scratch/debian/patches/fix.patch" <<'END'
--- a/toy.c
+++ b/toy.c
@@ -1 +1 @@
-upstream
+patched
END
printf '# a comment\nfix.patch\n' >"$scratch/debian/patches/series"
tar -C "$scratch" -czf "$scratch/all/toy_1.0.orig.tar.gz" toy-1.0
tar -C "$scratch" -czf "$scratch/all/toy_1.0-1.debian.tar.gz" debian
echo toy >"$scratch/all/toy_1.0-1.dsc"

sum() { sha256sum <"$1" | cut -d ' ' -f 1; }
cat >"$scratch/manifest" <<END
package toy 1.0-1 trixie MIT
orig   $(sum "$scratch/all/toy_1.0.orig.tar.gz") toy_1.0.orig.tar.gz
debian $(sum "$scratch/all/toy_1.0-1.debian.tar.gz") toy_1.0-1.debian.tar.gz
dsc    $(sum "$scratch/all/toy_1.0-1.dsc") toy_1.0-1.dsc
END

# The mirror is $scratch/mirror: a folder for each revision. apt-get source NAME=VERSION copies what is there.
mkdir -p "$scratch/bin"
cat >"$scratch/bin/apt-get" <<'END'
#!/bin/sh
echo "apt-get $*" >>"$MIRROR.log"
for last; do :; done
case $* in *" update"*) exit 0 ;; esac
[ -d "$MIRROR/${last#*=}" ] || { echo "E: Unable to find a source package for $last" >&2; exit 100; }
case $* in *--tar-only*) cp "$MIRROR/${last#*=}"/*.orig.* . ;; *) cp "$MIRROR/${last#*=}"/* . ;; esac
END
cat >"$scratch/bin/apt-cache" <<'END'
#!/bin/sh
for revision in "$MIRROR"/*; do
	[ -d "$revision" ] || continue
	echo "Package: toy"
	echo "Version: ${revision##*/}"
	echo "Checksums-Sha256:"
	for file in "$revision"/*; do echo " $(sha256sum <"$file" | cut -d ' ' -f 1) $(wc -c <"$file") ${file##*/}"; done
	echo
done
END
chmod +x "$scratch/bin/apt-get" "$scratch/bin/apt-cache"
export MIRROR="$scratch/mirror"
PATH=$scratch/bin:$PATH

fresh() { # no downloads, an empty mirror
	rm -rf "$scratch/dl" "$scratch/src" "$MIRROR" "$MIRROR.log"
	mkdir -p "$MIRROR"
}
fetch() { third_party/fetch.sh "$scratch/manifest" "$scratch/dl"; }
unpack() { third_party/unpack.sh "$scratch/manifest" "$scratch/dl" "$scratch/src"; }
toy_is() { [ "$(cat "$scratch/src/toy/toy.c")" = "$1" ]; }
asked_apt() { [ -f "$MIRROR.log" ]; }

fresh
check "everything is taken from WS_TARBALLS" env WS_TARBALLS="$scratch/all" third_party/fetch.sh "$scratch/manifest" "$scratch/dl"
fails "apt is not asked for what WS_TARBALLS has" asked_apt
check "what was fetched before is not fetched again" fetch
fails "apt is not asked for what is in the cache" asked_apt
check "the sources are unpacked" unpack
check "Debian's patches are applied" toy_is patched

fresh
mkdir -p "$scratch/wrong"
cp "$scratch/all"/* "$scratch/wrong"
echo more >>"$scratch/wrong/toy_1.0.orig.tar.gz"
fails "a file with a wrong sha256 in WS_TARBALLS is refused" \
	env WS_TARBALLS="$scratch/wrong" third_party/fetch.sh "$scratch/manifest" "$scratch/dl"
tap_said "the message names it" 'wrong/toy_1\.0\.orig\.tar\.gz: wrong sha256'

fresh
mkdir "$MIRROR/1.0-1"
cp "$scratch/all"/* "$MIRROR/1.0-1"
check "the pinned revision comes from the mirror" fetch
check "a good download unpacks" unpack
check "with its patches" toy_is patched
echo damage >>"$scratch/dl/toy_1.0.orig.tar.gz"
check "a damaged file in the cache is fetched again" fetch
check "and is good then" unpack

fresh
mkdir "$MIRROR/1.0-1"
cp "$scratch/wrong"/* "$MIRROR/1.0-1"
fails "a mirror's file with a wrong sha256 is refused" fetch
tap_said "and named" 'toy_1\.0\.orig\.tar\.gz'

fresh
mkdir "$MIRROR/1.0-2"
cp "$scratch/all/toy_1.0.orig.tar.gz" "$MIRROR/1.0-2"
echo other >"$MIRROR/1.0-2/toy_1.0-2.debian.tar.xz"
check "when the revision is gone, the upstream file of another one is enough" fetch
check "it unpacks" unpack
tap_said "with a warning that names the library and the file" 'warning: toy is built without .* toy_1\.0-1\.debian\.tar\.gz'
check "as upstream made it" toy_is upstream

fresh
mkdir "$MIRROR/1.0-1"
cp "$scratch/all/toy_1.0.orig.tar.gz" "$MIRROR/1.0-1"
check "when the mirror has lost the patches' file alone, the build goes on" fetch
check "it unpacks, too" unpack
tap_said "with a warning, too" 'warning: toy is built without'

fresh
mkdir "$MIRROR/1.0-1"
cp "$scratch/all/toy_1.0.orig.tar.gz" "$MIRROR/1.0-1"
cp "$scratch/manifest" "$scratch/whole"
sed -i '/^debian/d' "$scratch/manifest"
check "a package of Debian itself has no patches" fetch
check "it unpacks as it is" unpack
said warning
tap_result $((1 - $?)) "without a warning"
cp "$scratch/whole" "$scratch/manifest"

fresh
fails "a file that is nowhere ends the fetch" fetch
tap_said "it is named" 'toy_1\.0\.orig\.tar\.gz'
tap_said "with the way out" 'WS_TARBALLS=that-directory make'

fresh
sed -i 's/^-upstream/-downstream/' "$scratch/debian/patches/fix.patch"
tar -C "$scratch" -czf "$scratch/all/toy_1.0-1.debian.tar.gz" debian
sed -i "s/^debian [0-9a-f]*/debian $(sum "$scratch/all/toy_1.0-1.debian.tar.gz")/" "$scratch/manifest"
check "a changed pin is followed" env WS_TARBALLS="$scratch/all" third_party/fetch.sh "$scratch/manifest" "$scratch/dl"
fails "a patch that does not apply ends the build" unpack
tap_said "and is named" 'toy: fix\.patch does not apply'

tap_done
