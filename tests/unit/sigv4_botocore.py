"""Random requests and what botocore signs them with, one per line, for sigv4_botocore_test.c.

    sigv4_botocore.py COUNT SEED      form method path time region service access secret token hash pairs... answer

Words are hex, "-" for empty; pairs are "q NAME VALUE" and "h NAME VALUE". The form is "header", whose answer is the Authorization header,
or "query", whose answer is the signature of a presigned URL that is good for "hash" seconds.
"""
import hashlib
import random
import sys
from datetime import datetime, timezone

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.utils import percent_encode

UNRESERVED = "ABCXYZabcxyz0189-._~"
ODD = " !\"#$%&'()*+,/:;<=>?@[\\]^`{|}\t\n\r\x00\x01\x7f"
WIDE = "äßéλж漢語😀\u202e\u0301\ufeff"
NAMES = "abcdefghijklmnopqrstuvwxyz0123456789-._!#$%&'*+^`|~"


class Source:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def text(self, most, alphabets=(UNRESERVED, ODD, WIDE)):
        length = self.random.randrange(most + 1)
        return "".join(self.random.choice(self.random.choice(alphabets)) for _ in range(length))

    def key(self):
        """The bytes of a key; now and then segments that others would normalise, and bytes that are no UTF-8."""
        kind = self.random.randrange(10)
        if kind == 0:
            return bytes(self.random.randrange(256) for _ in range(self.random.randrange(40)))
        if kind == 1:
            return "/".join(self.random.choice(["", ".", "..", "a", "a b", "+", "%2F", "~"]) for _ in range(6)).encode()
        return self.text(40).encode()

    def value(self):
        """Of a header: no control bytes, but blanks in odd places."""
        return self.random.choice(["", " ", "\t"]) + self.text(24, (UNRESERVED, ' "=,;%+ \t', "äßéλж漢語😀", "  "))

    def headers(self):
        names = [self.text(12, (NAMES,)) for _ in range(self.random.randrange(5))]
        names = ["x-amz-" + name if self.random.randrange(2) else "z" + name for name in names]
        if names and self.random.randrange(4) == 0:
            names.append(names[0])
        return [(self.random.choice([str, str.upper, str.title])(name), self.value()) for name in names]

    def query(self, repeat):
        names = [self.text(10) for _ in range(self.random.randrange(5))]
        if repeat and names:
            names += names[: self.random.randrange(2)]
        return [(name, self.text(16)) for name in names]

    def token(self):
        return self.text(60, (UNRESERVED, "/+=")) if self.random.randrange(3) == 0 else ""

    def host(self):
        return self.random.choice(["examplebucket.s3.amazonaws.com", "localhost:9000", "127.0.0.1:8080", "s3.eu-west-3.amazonaws.com"])


def word(value):
    value = value if isinstance(value, bytes) else value.encode()
    return value.hex() or "-"


def answer_of(auth, request):
    text = auth.string_to_sign(request, auth.canonical_request(request))
    signature = auth.signature(text, request)
    if isinstance(auth, S3SigV4QueryAuth):
        return signature
    auth._inject_signature_to_request(request, signature)
    return request.headers["Authorization"]


def make(source):
    pick = source.random
    form = pick.choice(["header", "query"])
    service = "s3" if form == "query" or pick.randrange(8) else "sts"
    key = b"" if service == "sts" else source.key()
    host = source.host()
    method = pick.choice(["GET", "PUT", "POST", "HEAD", "DELETE"])
    access, secret, token = source.text(20, (UNRESERVED,)), source.text(70, (UNRESERVED, "/+=")), source.token()
    region = pick.choice(["us-east-1", "eu-west-3", "auto", "garage", "x"])
    when = datetime.fromtimestamp(pick.randrange(4102444800), timezone.utc)
    headers = source.headers()
    query = source.query(form == "header")
    request = AWSRequest(method, f"https://{host}/{percent_encode(key, safe='/~')}")
    for name, value in headers:
        request.headers[name] = value
    request.context["timestamp"] = when.strftime("%Y%m%dT%H%M%SZ")
    keys = Credentials(access or "A", secret, token or None)
    if form == "query":
        seconds = pick.randrange(1, 604801)
        auth = S3SigV4QueryAuth(keys, service, region, expires=seconds)
        query = list(dict(query).items())
        request.params = dict(query)
        auth._modify_request_before_signing(request)
        payload = str(seconds)
        token_header = []
    else:
        auth = (S3SigV4Auth if service == "s3" else SigV4Auth)(keys, service, region)
        payload = pick.choice(["UNSIGNED-PAYLOAD", hashlib.sha256(host.encode()).hexdigest()])
        request.params = query
        for name, value in [("X-Amz-Date", request.context["timestamp"]), ("X-Amz-Content-SHA256", payload)]:
            request.headers[name] = value
            headers.append((name, value))
        token_header = [("X-Amz-Security-Token", token)] if token else []
        for name, value in token_header:
            request.headers[name] = value
    answer = answer_of(auth, request)
    words = [form, *map(word, (method, b"/" + key, str(int(when.timestamp())), region, service, access or "A", secret, token, payload))]
    for name, value in query:
        words += ["q", word(name), word(value)]
    for name, value in [("host", host), *headers, *token_header]:
        words += ["h", word(name), word(value)]
    return " ".join([*words, word(answer)])


def main(count, seed):
    source = Source(seed)
    for _ in range(int(count)):
        print(make(source))


if __name__ == "__main__":
    main(*sys.argv[1:])
