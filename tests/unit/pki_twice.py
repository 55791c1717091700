#!/usr/bin/python3
"""For pki.sh: a CA's certificate in DER, signed by root.key, from standard input to standard output (PEM), with an extension twice.

It stands above a server's certificate, because openssl does not serve such a one itself."""
import base64
import subprocess
import sys

ISSUER_KEY, SUBJECT_KEY = b"\x06\x03\x55\x1d\x23", b"\x06\x03\x55\x1d\x0e"


def take(data):
    """The content of the DER element in front, the element with its header, and what is behind."""
    head, size = 2, data[1]
    if size > 0x80:
        head += size & 0x7F
        size = int.from_bytes(data[2:head], "big")
    return data[head : head + size], data[: head + size], data[head + size :]


def wrap(tag, content):
    size = len(content).to_bytes(2, "big").lstrip(b"\0")
    return bytes([tag]) + (bytes([0x80 | len(size)]) if len(content) > 127 else b"") + size + content


certificate, _, _ = take(sys.stdin.buffer.read())
_, signed, rest = take(certificate)
_, algorithm, _ = take(rest)
signed = signed.replace(ISSUER_KEY, SUBJECT_KEY)
sign = ["openssl", "dgst", "-sha256", "-sign", "root.key"]
signature = subprocess.run(sign, input=signed, stdout=subprocess.PIPE, check=True).stdout
text = base64.encodebytes(wrap(0x30, signed + algorithm + wrap(0x03, b"\0" + signature))).decode()
print(f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----")
