#!/bin/sh
# musl.sh SRC PREFIX: build musl's static library into PREFIX, and PREFIX/ws.specs, with which gcc compiles and links against it.
#
# Upstream's musl-gcc turns -static-pie into a dynamic executable without a loader; these specs start from rcrt1.o and tell the
# linker so. Kernel headers come as links to just the kernel's own folders: a header that musl lacks must not be found in glibc.
set -eu
src=$(cd "$1" && pwd)
mkdir -p "$2"
prefix=$(cd "$2" && pwd)
CC=${CC:-gcc}

# Upstream's 1.2.5 has no renameat2; Debian's patches add it. lib/os needs it either way.
if ! grep -q renameat2 "$src/include/stdio.h"; then
	cp third_party/config/musl/renameat2.c "$src/src/linux"
	cat >>"$src/include/stdio.h" <<-END
		#ifdef _GNU_SOURCE
		#define RENAME_NOREPLACE 1
		#define RENAME_EXCHANGE 2
		#define RENAME_WHITEOUT 4
		int renameat2(int, const char *, int, const char *, unsigned);
		#endif
	END
fi

rm -rf "$prefix"
mkdir -p "$prefix/build" "$prefix/kernel"
(
	cd "$prefix/build"
	CFLAGS="-O2 -fPIE -ffile-prefix-map=$src=musl" CC=$CC "$src/configure" --prefix="$prefix" --disable-shared --disable-wrapper >configure.log 2>&1 &&
		make -j"$(nproc)" >make.log 2>&1 && make install >install.log 2>&1
) || {
	tail -n 20 "$prefix"/build/*.log >&2
	exit 1
}
rm -rf "$prefix/build"

for folder in linux asm-generic asm; do
	for at in "/usr/include/$($CC -print-multiarch)" /usr/include; do
		[ -d "$at/$folder" ] && ln -s "$at/$folder" "$prefix/kernel/$folder" && break
	done
	[ -e "$prefix/kernel/$folder" ] || {
		echo "third_party: no kernel headers <$folder/...>: apt-get install linux-libc-dev" >&2
		exit 1
	}
done

cat >"$prefix/ws.specs" <<END
%rename cpp_options ws_cpp_options

*cpp_options:
-nostdinc -isystem $prefix/include -isystem include%s -idirafter $prefix/kernel %(ws_cpp_options)

*cc1:
%(cc1_cpu) -nostdinc -isystem $prefix/include -isystem include%s -idirafter $prefix/kernel

*link_libgcc:
-L$prefix/lib -L .%s

*libgcc:
libgcc.a%s %:if-exists(libgcc_eh.a%s)

*startfile:
%{static-pie:$prefix/lib/rcrt1.o;static:$prefix/lib/crt1.o;:$prefix/lib/Scrt1.o} $prefix/lib/crti.o crtbeginS.o%s

*endfile:
crtendS.o%s $prefix/lib/crtn.o

*link:
-nostdlib %{static-pie:-static -pie --no-dynamic-linker -z text} %{static:-static}

*esp_link:


*esp_options:


*esp_cpp_options:


END
