#!/bin/sh
# Tests of third_party/sources.sh: the source list that is made from a machine's own, in both of apt's formats.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/build/tap.sh
. tests/build/tap.sh

etc=$scratch/etc
export WS_APT_ETC="$etc" WS_OS_RELEASE="$scratch/os-release"
echo 'VERSION_CODENAME=bookworm' >"$WS_OS_RELEASE"

machine() { # FILE, its text on standard input
	rm -rf "$etc"
	mkdir -p "$etc/sources.list.d"
	cat >"$etc/$1"
}
made() { third_party/sources.sh "bookworm trixie"; }
is() { # the whole output, on standard input
	cat >"$scratch/want"
	made >"$scratch/got" && diff "$scratch/want" "$scratch/got"
}

machine sources.list.d/debian.sources <<'END'
# a comment
Types: deb
URIs: http://mirror.test/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /keys/archive.gpg

Types: deb
URIs: http://mirror.test/debian-security
Suites: bookworm-security
Components: main
Signed-By: /keys/archive.gpg
END
check "a deb822 list gives its mirror, its security mirror and its keys" is <<'END'
Types: deb-src
URIs: http://mirror.test/debian
Suites: bookworm trixie
Components: main
Signed-By: /keys/archive.gpg

Types: deb-src
URIs: http://mirror.test/debian-security
Suites: bookworm-security trixie-security
Components: main
Signed-By: /keys/archive.gpg

END

machine sources.list <<'END'
# deb http://unused.test/debian bookworm main
deb cdrom:[Debian 12]/ bookworm main
deb [arch=amd64] http://vendor.test/apt cloud-bookworm main
deb [ arch=amd64 signed-by=/keys/a.gpg ] http://mirror.test/debian/ bookworm main contrib
deb-src http://second.test/debian bookworm main
deb [signed-by=/keys/a.gpg] http://security.test bookworm-security main
END
check "a list of lines gives the same, and other vendors are passed over" is <<'END'
Types: deb-src
URIs: http://mirror.test/debian/
Suites: bookworm trixie
Components: main
Signed-By: /keys/a.gpg

Types: deb-src
URIs: http://security.test
Suites: bookworm-security trixie-security
Components: main
Signed-By: /keys/a.gpg

END

machine sources.list.d/all.sources <<'END'
Enabled: no
Types: deb
URIs: http://off.test/debian
Suites: bookworm
Components: main

Types: deb deb-src
URIs: mirror+file:/etc/apt/mirrors/debian.list
Suites: stable
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
 -----END PGP PUBLIC KEY BLOCK-----
END
check "a key that is written out is kept, a source that is off is not, nor a security mirror made up" is <<'END'
Types: deb-src
URIs: mirror+file:/etc/apt/mirrors/debian.list
Suites: bookworm trixie
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
 -----END PGP PUBLIC KEY BLOCK-----

END

machine sources.list <<'END'
deb [trusted=yes] http://mirror.test/debian bookworm main
END
check "a mirror that the machine trusts is trusted" made
tap_said "by the same word" '^Trusted: yes$'

machine sources.list </dev/null
check "a machine without sources gives an empty list" is </dev/null

tap_done
