#!/bin/sh
# sources.sh "SUITE...": print an apt source list (deb-src, deb822) of these suites, from the mirrors this machine itself uses.
# Reads both formats of /etc/apt (WS_APT_ETC for tests). The address and the keys are taken over as they stand.
set -eu
etc=${WS_APT_ETC:-/etc/apt}
codename=$(sed -n "s/^VERSION_CODENAME=//p" "${WS_OS_RELEASE:-/etc/os-release}" | tr -d '"')
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -f "$keyring" ] || keyring=

# Every source becomes one line: kind (main or security), address, then the fields to keep, with \001 for their line ends.
entries() {
	for list in "$etc/sources.list" "$etc"/sources.list.d/*.list; do
		[ ! -f "$list" ] || sed -n 's/#.*//; /^[[:space:]]*deb\(-src\)\{0,1\}[[:space:]]/p' "$list"
	done | awk '
		{
			keep = ""
			if (match($0, /\[[^]]*\]/)) {
				options = substr($0, RSTART + 1, RLENGTH - 2)
				$0 = substr($0, 1, RSTART - 1) substr($0, RSTART + RLENGTH)
				n = split(options, option, " ")
				for (i = 1; i <= n; i++) {
					if (sub(/^signed-by=/, "", option[i])) { gsub(/,/, " ", option[i]); keep = keep "Signed-By: " option[i] "\001" }
					if (sub(/^trusted=/, "", option[i])) keep = keep "Trusted: " option[i] "\001"
				}
			}
			for (i = 4; i <= NF; i++) if ($i == "main") print $3, $2, keep
		}'
	for list in "$etc"/sources.list.d/*.sources; do
		[ ! -f "$list" ] || { cat "$list"; echo; }
	done | awk '
		function flush(   n, i, m, j, word, each) {
			if (uris != "" && enabled !~ /^no/ && (" " components " ") ~ / main /) {
				split(uris, word, " ")
				m = split(suites, each, " ")
				for (j = 1; j <= m; j++) print each[j], word[1], keep
			}
			uris = suites = components = keep = field = enabled = ""
		}
		/^#/ { next }
		/^[ \t]*$/ { flush(); next }
		/^[ \t]/ { if (field == "signed-by") keep = keep $0 "\001"; next }
		{
			field = tolower($1); sub(/:.*/, "", field)
			value = $0; sub(/^[^:]*:[ \t]*/, "", value)
			if (field == "uris") uris = value
			if (field == "suites") suites = value
			if (field == "components") components = value
			if (field == "enabled") enabled = tolower(value)
			if (field == "signed-by" || field == "trusted") keep = keep $0 "\001"
		}
		END { flush() }'
}

# Only the archive of Debian itself: suites by its names, so that other vendors'\'' repositories are passed over.
classify() {
	awk -v codename="$codename" '
		$2 ~ /^cdrom:/ { next }
		$1 ~ /-security$/ || $1 ~ /\/updates$/ { print "security", $0; next }
		$1 == codename || $1 ~ /^(bookworm|trixie|forky|sid|stable|oldstable|testing|unstable)$/ { print "main", $0 }'
}

stanza() { # KIND SUITES: the first source of this kind, for other suites
	entries | classify | awk -v kind="$1" -v suites="$2" -v keyring="$keyring" '
		$1 == kind {
			keep = $0
			sub(/^[^ ]+ [^ ]+ [^ ]+ ?/, "", keep)
			gsub(/\001/, "\n", keep)
			if (keep !~ /Signed-By/ && keyring != "") keep = keep "Signed-By: " keyring "\n"
			printf "Types: deb-src\nURIs: %s\nSuites: %s\nComponents: main\n%s\n", $3, suites, keep
			exit
		}'
}

security=
for suite in $1; do security="$security $suite-security"; done
stanza main "$1"
stanza security "${security# }"
