#!/bin/sh
# gate.sh BINARY UNSTRIPPED: what must be true of a linked release. Prints each fault; status 1 if there is one.
set -u
binary=$1 unstripped=$2
size_max=2000000
faults=0

fault() {
	echo "gate: $binary: $*" >&2
	faults=1
}

header=$(readelf -hW "$binary") segments=$(readelf -lW "$binary") dynamic=$(readelf -dW "$binary") || fault "readelf cannot read it"
has() { printf '%s\n' "$1" | grep -Eq "$2"; }

has "$header" 'Type: +DYN' || fault "is not position independent"
has "$segments" '^ +INTERP' && fault "wants a dynamic loader (-static-pie did not work)"
has "$dynamic" '\(NEEDED\)' && fault "wants shared libraries"
has "$dynamic" 'TEXTREL' && fault "has relocations in its text"
has "$segments" '^ +GNU_RELRO' || fault "has no RELRO"
has "$dynamic" 'BIND_NOW|Flags:.*NOW' || fault "has no BIND_NOW"
has "$segments" '^ +GNU_STACK .* RW +' || fault "has an executable stack, or does not say"

size=$(wc -c <"$binary")
[ "$size" -le "$size_max" ] || fault "has $size bytes; $size_max are allowed"

# With the folder: a clone in /ws must not stumble over /etc/ws/ws.conf.
here=$(pwd)
strings -n 4 "$binary" | grep -F -e "$here/lib/" -e "$here/applets/" -e "$here/build/" -e "$here/third_party/" >&2 && fault "tells where it was built"

# iconv and dlopen do nothing good in a static binary; system and popen need a shell; the formats are attack surface.
nm "$unstripped" | awk '{ print $NF }' | grep -Ex \
	'iconv(_open)?|dlopen|system|popen|archive_read_support_(format|filter)_(all|by_code|7zip|rar|rar5|iso9660|cab|xar|lha|cpio|mtree|warc|program)' >&2 &&
	fault "has these functions linked in"

exit $faults
