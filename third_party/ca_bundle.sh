#!/bin/sh
# ca_bundle.sh MANIFEST CERTDATA: print a C file with the certificates that Mozilla trusts for servers, one DER after the other.
#
# CERTDATA is Mozilla's list as Debian's ca-certificates has it: objects of lines "ATTRIBUTE TYPE VALUE"; bytes are lines of octal
# escapes up to END, which C reads as they stand. A certificate and what it is trusted for are two objects with one issuer and one
# serial number. Those that Mozilla distrusts from a date on are left out: what they had signed by then has run out.
set -eu
version=$(awk '$1 == "package" && $2 == "ca-certificates" { print $3 }' "$1")

printf '#include "net/trust_builtin.h"\n\nconst char trust_builtin_version[] = "%s";\n\n' "$version"
LC_ALL=C awk '
	function finish() {
		if (class == "CKO_CERTIFICATE") { value[id()] = bytes["CKA_VALUE"]; name[id()] = label; ended[id()] = end_date; order[++count] = id() }
		if (class == "CKO_NSS_TRUST" && trust == "CKT_NSS_TRUSTED_DELEGATOR") trusted[id()] = 1
		class = trust = end_date = ""
		delete bytes
	}
	function id() { return bytes["CKA_ISSUER"] bytes["CKA_SERIAL_NUMBER"] }
	reading != "" && $1 == "END" { reading = ""; next }
	reading != "" { bytes[reading] = bytes[reading] "\t\"" $0 "\"\n"; next }
	/^#/ { next }
	$1 == "CKA_CLASS" { finish(); class = $3 }
	$1 == "CKA_LABEL" { label = $0; sub(/^[^"]*/, "", label); gsub(/[^A-Za-z0-9 ().,_-]/, "", label) }
	$1 == "CKA_TRUST_SERVER_AUTH" { trust = $3 }
	$2 == "MULTILINE_OCTAL" { reading = $1; if ($1 == "CKA_NSS_SERVER_DISTRUST_AFTER") end_date = 1 }
	END {
		finish()
		print "const char trust_builtin_certs[] ="
		for (i = 1; i <= count; i++)
			if (trusted[order[i]] && !ended[order[i]]) { printf "\t/* %s */\n%s", name[order[i]], value[order[i]]; kept++ }
		print "\t;"
		if (kept < 50) exit 1 # another format than the one described above
	}' "$2"
printf '\nconst size_t trust_builtin_len = sizeof(trust_builtin_certs) - 1;\n'
