#!/bin/sh
# Certificates for tests, made by openssl(1) in directory $1: NAME.pem and NAME.key for each, NAME.chain for a server to send.
set -eu
cd "$1"

printf '[req]\ndistinguished_name = dn\nstring_mask = utf8only\n[dn]\n' >config

# make NAME ISSUER ALGORITHM DAYS EXTENSION...: ISSUER "-" is self-signed.
make() {
    name=$1 issuer=$2 algorithm=$3 days=$4
    shift 4
    case $algorithm in
    p256) key='ec:p256.param' ;;
    p384) key='ec:p384.param' ;;
    *) key=$algorithm ;;
    esac
    set -- -subj "/O=ws tests/CN=$name" -days "$days" "$@"
    [ "$issuer" = - ] || set -- -CA "$issuer.pem" -CAkey "$issuer.key" "$@"
    openssl req -x509 -config config -nodes -newkey "$key" -keyout "$name.key" -out "$name.pem" "$@" 2>errors
    cp "$name.pem" "$name.chain"
}

openssl ecparam -name prime256v1 -out p256.param
openssl ecparam -name secp384r1 -out p384.param
ca='basicConstraints=critical,CA:TRUE'
end='basicConstraints=critical,CA:FALSE'
names='subjectAltName=DNS:localhost,DNS:*.example.test,IP:127.0.0.1,IP:::1'

make root - p256 36500 -addext "$ca" -addext 'keyUsage=critical,keyCertSign,cRLSign'
make other-root - rsa:2048 36500 -addext "$ca"
make short-root - p256 1 -addext "$ca"
make weak-root - rsa:1024 36500 -addext "$ca"
make middle root p384 3650 -addext "$ca"

make good root p256 1 -addext "$end" -addext "$names" -addext 'extendedKeyUsage=serverAuth'
make good-rsa other-root rsa:2048 1 -addext "$end" -addext "$names"
make below middle p256 1 -addext "$end" -addext "$names"
cat below.pem middle.pem >below.chain
cat below.pem root.pem middle.pem >disorder.chain
cp below.pem alone.chain
for copy in disorder alone; do cp below.key "$copy.key"; done

make wrong-name root p256 1 -addext "$end" -addext 'subjectAltName=DNS:other.test,IP:10.0.0.1'
make no-names root p256 1 -subj '/CN=localhost' -addext "$end"
make ip-as-name root p256 1 -addext "$end" -addext 'subjectAltName=DNS:127.0.0.1,DNS:*.0.0.1'
make for-clients root p256 1 -addext "$end" -addext "$names" -addext 'extendedKeyUsage=clientAuth'
make ca-as-leaf root p256 1 -addext "$ca" -addext "$names"
make own - p256 1 -addext "$ca" -addext "$names"
make weak-leaf root rsa:1024 1 -addext "$end" -addext "$names"
make sha1 root p256 1 -sha1 -addext "$end" -addext "$names"
make critical root p256 1 -addext "$end" -addext "$names" -addext '1.2.3.4=critical,ASN1:NULL'
for name in good good-rsa; do openssl x509 -in "$name.pem" -outform DER -out "$name.der"; done
