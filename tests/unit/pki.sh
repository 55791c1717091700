#!/bin/sh
# Certificates for tests, made by openssl(1) in directory $1: NAME.pem and NAME.key for each, NAME.chain for a server to send.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
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

# What a CA above is for: others than servers, some names only, no more CAs below it.
for way in 'clients extendedKeyUsage=clientAuth' 'only nameConstraints=permitted;DNS:example.test' \
    'never nameConstraints=excluded;DNS:host,excluded;DNS:localhost' 'ips nameConstraints=permitted;IP:10.0.0.0/255.0.0.0' \
    'limited nameConstraints=critical,permitted;DNS:localhost' 'policies policyConstraints=requireExplicitPolicy:0' \
    'policies-too policyConstraints=critical,inhibitPolicyMapping:0' plain; do
    kind=${way%% *}
    set --
    [ "$kind" = plain ] || set -- -addext "${way#* }"
    make "ca-$kind" root p256 3650 -addext "$ca" "$@"
    make "root-$kind" - p256 3650 -addext "$ca" "$@"
    for above in "ca-$kind" "root-$kind"; do
        make "under-$above" "$above" p256 1 -addext "$end" -addext "$names"
        make "example-under-$above" "$above" p256 1 -addext "$end" -addext 'subjectAltName=DNS:*.example.test'
        cat "$above.pem" >>"under-$above.chain"
        cat "$above.pem" >>"example-under-$above.chain"
    done
done
make root-short - p256 3650 -addext 'basicConstraints=critical,CA:TRUE,pathlen:0'
make ca-short root-short p256 3650 -addext "$ca"
make under-root-short root-short p256 1 -addext "$end" -addext "$names"
make under-ca-short ca-short p256 1 -addext "$end" -addext "$names"
cat ca-short.pem >>under-ca-short.chain
make ca-weak root rsa:1024 3650 -addext "$ca"
make under-ca-weak ca-weak p256 1 -addext "$end" -addext "$names"
cat ca-weak.pem >>under-ca-weak.chain

# Roots that are none for us.
make root-2047 - rsa:2047 3650 -addext "$ca"
make root-critical - p256 3650 -addext "$ca" -addext '1.2.3.4=critical,ASN1:NULL'
make root-subject - p256 3650 -addext "$ca" -addext '2.5.29.30=critical,DER:30:15:a0:13:30:11:a4:0f:30:0d:31:0b:30:09:06:03:55:04:06:13:02:44:45'
make under-root-subject root-subject p256 1 -addext "$end" -addext "$names"

# Clients, and the forms of their keys.
make client-ec root p256 1 -addext "$end"
make client-ec384 root p384 1 -addext "$end"
make client-rsa root rsa:2048 1 -addext "$end"
make client-below middle p256 1 -addext "$end"
cat client-below.pem middle.pem client-below.key >client-both.pem
openssl ec -in client-ec.key -out client-ec.sec1 2>errors
openssl rsa -in client-rsa.key -traditional -out client-rsa.pkcs1 2>errors
openssl pkcs8 -topk8 -in client-ec.key -passout pass:x -out client-ec.locked

# Odd certificates of servers.
make signs root p256 1 -addext "$end" -addext "$names" -addext 'keyUsage=digitalSignature,keyCertSign'
make constrains root p256 1 -addext "$end" -addext "$names" -addext 'nameConstraints=permitted;DNS:localhost'
make policies root p256 1 -addext "$end" -addext "$names" -addext 'policyConstraints=requireExplicitPolicy:0'
make for-nothing root p256 1 -addext "$end" -addext "$names" -addext '2.5.29.37=DER:30:00'
make crowd root p256 1 -addext "$end" -addext "subjectAltName=$(seq -f 'DNS:n%05g.example.test' -s , 4000)"
make queue root p256 1 -addext "$end" -addext "$names"
for _ in $(seq 100); do cat root.pem >>queue.chain; done
version1() { # NAME ISSUER
    openssl req -new -config config -nodes -newkey ec:p256.param -keyout "$1.key" -subj "/O=ws tests/CN=localhost" -out request 2>errors
    openssl x509 -req -in request -CA "$2.pem" -CAkey "$2.key" -days 1 -set_serial 7 -out "$1.pem" 2>errors
    cp "$1.pem" "$1.chain"
}
version1 old root
version1 ca-old root
make under-ca-old ca-old p256 1 -addext "$end" -addext "$names"
cat ca-old.pem >>under-ca-old.chain

for name in good good-rsa; do openssl x509 -in "$name.pem" -outform DER -out "$name.der"; done
openssl x509 -in ca-plain.pem -outform DER | /usr/bin/python3 "$here/pki_twice.py" >ca-twice.pem
cat under-ca-plain.pem ca-twice.pem >under-ca-twice.chain
cp under-ca-plain.key under-ca-twice.key
