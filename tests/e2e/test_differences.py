"""What the servers of the tests answer, against the table servers/differences.txt: a server that changed is noticed, not worked around."""
import base64
import hashlib
import http.client
import json
import re
import xml.etree.ElementTree as tree
from urllib.parse import quote, urlsplit

import pytest
from faults import reply

import ws as helpers

SERVERS = ["swift", "swift238", "ceph", "ceph20"]
MIB5 = 5 << 20


def read_table():
    lines = [line for line in (helpers.SERVERS / "differences.txt").read_text().splitlines() if line and not line.startswith("#")]
    head, *rows = ([cell.strip() for cell in line.split("|")] for line in lines)
    assert head == ["what", *SERVERS]
    return {row[0]: dict(zip(SERVERS, row[1:])) for row in rows}


class Raw:
    """Requests of our own making, signed by botocore: what boto3 would not send."""

    def __init__(self, s3):
        self.s3, self.bucket = s3, s3.bucket()

    def __call__(self, method, path="", query="", body=b"", headers=None, unsigned=None, region=None, key=None):
        """unsigned: headers that are added behind the signature. Returns an Answer."""
        from botocore.auth import S3SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        keys = Credentials(key or self.s3.access_key, self.s3.secret_key)
        url = f"{self.s3.plain_endpoint}/{self.bucket}{'/' if path else ''}{quote(path)}{'?' if query else ''}{query}"
        request = AWSRequest(method=method, url=url, data=body, headers=headers or {})
        request.context["payload_signing_enabled"] = True
        S3SigV4Auth(keys, "s3", region or self.s3.region).add_auth(request)
        place = urlsplit(url)
        connection = http.client.HTTPConnection(place.netloc, timeout=60)
        try:
            target = place.path + (f"?{place.query}" if place.query else "")
            connection.request(method, target, body, {**dict(request.headers.items()), **(unsigned or {})})
            response = connection.getresponse()
            return Answer(response.status, dict((k.lower(), v) for k, v in response.getheaders()), response.read())
        finally:
            connection.close()

    def begin(self, key):
        return self("POST", key, "uploads=").field("UploadId")

    def part(self, key, upload, number, body):
        return self("PUT", key, f"partNumber={number}&uploadId={quote(upload, safe='')}", body).headers["etag"]

    def complete(self, key, upload, parts, headers=None):
        body = "".join(f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>" for number, tag in parts)
        document = f"<CompleteMultipartUpload>{body}</CompleteMultipartUpload>".encode()
        return self("POST", key, f"uploadId={quote(upload, safe='')}", document, headers)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def field(self, name):
        found = re.search(rf"<{name}>([^<]*)</{name}>".encode(), self.body)
        return found[1].decode() if found else ""

    def __str__(self):
        code = self.field("Code")
        return f"{self.status} {code}".strip()


def md5(body):
    return base64.b64encode(hashlib.md5(body).digest()).decode()


# ---- one function for each row: its name with underscores; it returns the answer as text ----


def a_bucket_that_is_ours_is_made_again(ask):
    return ask("PUT")


def the_region_of_the_signature_is_wrong(ask):
    answer = ask("GET", region="eu-nowhere-1")
    return f"{answer} {answer.field('Region')}".strip()


def the_access_key_is_unknown(ask):
    return ask("GET", key="NOSUCHKEY")


def a_bucket_tells_where_it_is(ask):
    answer = ask("GET", query="location=")
    return f"{answer} {tree.fromstring(answer.body).text or 'empty'}"


def an_x_amz_header_is_not_signed(ask):
    return ask("PUT", "k", unsigned={"x-amz-meta-a": "b"})


def the_content_type_is_not_signed(ask):
    return ask("PUT", "k", unsigned={"Content-Type": "text/plain"})


def content_md5_is_wrong(ask):
    return ask("PUT", "k", body=b"x", headers={"Content-MD5": md5(b"y")})


def a_crc32c_is_wrong(ask):
    return ask("PUT", "k", body=b"x", headers={"x-amz-checksum-crc32c": "AAAAAA=="})


def a_crc64nvme_is_wrong(ask):
    return ask("PUT", "k", body=b"x", headers={"x-amz-checksum-crc64nvme": "AAAAAAAAAAA="})


def a_crc32c_comes_back_with_the_object(ask):
    ask("PUT", "k", body=b"123456789", headers={"x-amz-checksum-crc32c": "4waSgw==", "x-amz-sdk-checksum-algorithm": "CRC32C"})
    return ask("HEAD", "k", headers={"x-amz-checksum-mode": "ENABLED"}).headers.get("x-amz-checksum-crc32c", "no")


def many_are_deleted_without_content_md5(ask):
    return ask("POST", query="delete=", body=b"<Delete><Object><Key>k</Key></Object></Delete>")


def many_are_deleted_with_a_crc32_instead(ask):
    import zlib

    body = b"<Delete><Object><Key>k</Key></Object></Delete>"
    sum32 = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
    return ask("POST", query="delete=", body=body, headers={"x-amz-checksum-crc32": sum32, "x-amz-sdk-checksum-algorithm": "CRC32"})


def many_are_deleted_with_content_md5(ask):
    body = b"<Delete><Object><Key>k</Key></Object></Delete>"
    return ask("POST", query="delete=", body=body, headers={"Content-MD5": md5(body)})


def an_object_is_made_again_with_if_none_match(ask):
    ask("PUT", "k")
    return ask("PUT", "k", headers={"If-None-Match": "*"})


def a_new_object_is_made_with_if_none_match(ask):
    return ask("PUT", "k", headers={"If-None-Match": "*"})


def an_object_is_replaced_with_its_own_tag(ask):
    tag = ask("PUT", "k").headers["etag"]
    return ask("PUT", "k", headers={"If-Match": tag})


def an_object_is_replaced_with_its_own_tag_without_quotes(ask):
    tag = ask("PUT", "k").headers["etag"]
    return ask("PUT", "k", headers={"If-Match": tag.strip('"')})


def an_object_is_replaced_with_another_tag(ask):
    ask("PUT", "k")
    return ask("PUT", "k", headers={"If-Match": '"00000000000000000000000000000000"'})


def an_upload_is_completed_over_an_object_with_if_none_match(ask):
    ask("PUT", "k")
    upload = ask.begin("k")
    return ask.complete("k", upload, [(1, ask.part("k", upload, 1, b"x"))], {"If-None-Match": "*"})


def an_object_is_copied_with_another_tag(ask):
    ask("PUT", "k")
    headers = {"x-amz-copy-source": f"/{ask.bucket}/k", "x-amz-copy-source-if-match": '"00000000000000000000000000000000"'}
    return ask("PUT", "l", headers=headers)


def an_object_is_deleted_with_another_tag(ask):
    ask("PUT", "k")
    return ask("DELETE", "k", headers={"If-Match": '"00000000000000000000000000000000"'})


def an_upload_that_is_none_is_completed(ask):
    return ask.complete("k", "no-such-upload", [(1, '"0cc175b9c0f1b6a831c399e269772661"')])


def an_upload_is_completed_twice(ask):
    upload = ask.begin("k")
    parts = [(1, ask.part("k", upload, 1, b"x"))]
    return f"{ask.complete('k', upload, parts)}, {ask.complete('k', upload, parts)}"


def parts_are_listed_after_the_abort(ask):
    upload = ask.begin("k")
    ask.part("k", upload, 1, b"x")
    first = ask("DELETE", "k", f"uploadId={quote(upload, safe='')}")
    return f"{first}, {ask('GET', 'k', f'uploadId={quote(upload, safe=str())}')}"


def parts_are_in_the_wrong_order(ask):
    upload = ask.begin("k")
    tags = [(number, ask.part("k", upload, number, bytes(MIB5))) for number in (1, 2)]
    return ask.complete("k", upload, tags[::-1])


def one_part_of_an_object_is_read(ask):
    ask("PUT", "k", body=b"x")
    return ask("GET", "k", "partNumber=1")


def a_listing_goes_on_with_a_token_that_is_none(ask):
    return ask("GET", query="continuation-token=%2F%2Fbad&list-type=2")


def a_space_in_a_listing_that_is_url_encoded(ask):
    ask("PUT", "a b")
    answer = ask("GET", query="encoding-type=url&list-type=2")
    return f"{answer.field('EncodingType')} {answer.field('Key')}"


def a_control_byte_in_a_listing_that_is_not_encoded(ask):
    ask("PUT", "a\x01b")
    try:
        tree.fromstring(ask("GET", query="list-type=2").body)
        return "good XML"
    except tree.ParseError:
        return "bad XML"


def tags_come_with_an_object(ask):
    return ask("PUT", "k", headers={"x-amz-tagging": "a=b"})


def the_server_is_to_encrypt(ask):
    return ask("PUT", "k", headers={"x-amz-server-side-encryption": "AES256"})


def a_storage_class_that_is_none(ask):
    return ask("PUT", "k", headers={"x-amz-storage-class": "WSTEST"})


def a_user_waits_to_be_told_to_send_a_body_and_may_not(ask):
    return ask("PUT", "k", body=b"x", key="NOSUCHKEY", headers={"Expect": "100-continue"}).status


def an_object_is_called_aws_chunked(ask):
    """As others leave them behind; ws never sends it."""
    ask("PUT", "k", body=b"x", headers={"Content-Encoding": "aws-chunked"})
    return ask("GET", "k").headers.get("content-encoding", "no")


TABLE = read_table()
CHECKS = {name: value for name, value in list(globals().items()) if callable(value) and getattr(value, "__code__", None) and value.__code__.co_varnames[:1] == ("ask",)}


@pytest.mark.parametrize("what", TABLE)
@pytest.mark.parametrize("name", SERVERS)
def test_a_server_answers_as_the_table_says(servers, name, what):
    ask = Raw(helpers.S3(name, servers(name)))
    assert str(CHECKS[what.replace(" ", "_").replace("-", "_").lower()](ask)) == TABLE[what][name]


def test_each_row_has_its_check_and_each_check_its_row():
    assert sorted(what.replace(" ", "_").replace("-", "_").lower() for what in TABLE) == sorted(CHECKS)


# ---- what was seen on servers, and where it is tested ----

KEYS = {"AWS_ACCESS_KEY_ID": "AKTEST", "AWS_SECRET_ACCESS_KEY": "secret-of-the-test", "AWS_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1"}


def test_every_x_amz_header_and_the_content_type_are_signed(ws, faults, tmp_path):
    (tmp_path / "f").write_text("x")
    (tmp_path / "key").write_bytes(bytes(32))
    faults.on("PUT", "", reply(200, b"", {"ETag": '"e"'}))
    env = {**KEYS, "AWS_SESSION_TOKEN": "token-of-the-test", "AWS_ENDPOINT_URL_S3": faults.url}
    told = ["--metadata", "a=b", "--tag", "c=d", "--sse", "AES256", "--storage-class", "STANDARD", "--acl", "private", "--request-payer"]
    ws("ws-s3", "put", *told, "--sse-c-key", tmp_path / "key", tmp_path / "f", "s3://b/k", env=env)
    (request,) = faults.requests
    signed = request.headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    sent = [name.lower() for name in request.headers if name.lower().startswith("x-amz-") or name.lower() == "content-type"]
    assert len(sent) >= 13 and set(sent) <= set(signed) and "host" in signed
    assert not {"user-agent", "connection", "expect", "accept-encoding"} & set(signed)


def test_a_server_that_ignores_conditions_is_found_out(ws, faults):
    """Old MinIO overwrites: the second PUT that was to be refused is answered with 200."""
    faults.on("PUT", "", reply(200, b"", {"ETag": '"e"'}), times=99)
    faults.on("HEAD", "/[.]ws-probe", reply(200, b"", {"ETag": '"e"'}), times=99)
    faults.on("*", "", reply(404, b"<Error><Code>NoSuchKey</Code></Error>"), times=99, optional=True)
    result = ws("ws-s3", "probe", "--json", "s3://b", env={**KEYS, "AWS_ENDPOINT_URL_S3": faults.url}, status=None)
    answers = {line["what"]: line["answer"] for line in map(json.loads, result.stdout.splitlines())}
    assert answers["put-if-none-match"] == answers["put-if-match"] == "no"


def test_the_size_of_a_large_upload_is_looked_at(ws, faults, tmp_path):
    (tmp_path / "f").write_bytes(bytes(2 * MIB5))
    faults.on("POST", "[?]uploads", reply(200, b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"))
    faults.on("PUT", "partNumber", reply(200, b"", {"ETag": '"p"'}), times=9)
    faults.on("POST", "uploadId", reply(200, b"<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>"))
    faults.on("HEAD", "", reply(200, b"", {"ETag": '"e"'}, length=2 * MIB5 - 1), times=9)
    faults.on("*", "uploadId", reply(404), times=9, optional=True)
    result = ws("ws-s3", "put", tmp_path / "f", "s3://b/k", env={**KEYS, "AWS_ENDPOINT_URL_S3": faults.url}, status=65)
    assert "10485760 bytes were sent, the object has 10485759" in result.stderr


SEEN = {
    "every x-amz header and the Content-Type are signed": ["test_differences.py", "test_every_x_amz_header_and_the_content_type_are_signed"],
    "DeleteObjects has Content-MD5": ["test_s3_faults.py", "test_each_key_that_is_not_deleted_is_named"],
    "If-None-Match that is ignored is found out": ["test_differences.py", "test_a_server_that_ignores_conditions_is_found_out"],
    "If-Match with quotes is refused by RGW 16": ["../unit/s3_put_test.c", "refused with its quotes on"],
    "completing an unknown upload is 500": ["test_s3_faults.py", "test_a_completion_that_was_done_already_is_settled"],
    "a wrong region is corrected": ["test_s3_faults.py", "test_the_region_is_learned_once"],
    "times up to a second ahead are no reason to copy": ["test_s3_sync.py", "test_a_prefix_comes_down_with_its_times_and_a_second_time_nothing_happens"],
    "control bytes in keys come back": ["test_s3.py", "ODD_KEYS"],
    "aws-chunked of others is not undone": ["test_network_cases.py", "test_n21_an_encoding_is_not_undone"],
    "a plus is a space only where keys are encoded": ["../unit/s3_page_test.c", "its keys are taken as they are"],
    "what was uploaded is looked at": ["test_differences.py", "test_the_size_of_a_large_upload_is_looked_at"],
    "what BearSSL leaves open is closed": ["test_tls.py", "test_this_way_is_refused_with_the_reason"],
    "*.localhost is this machine": ["../unit/socket_test.c", "x.y.localhost"],
}


@pytest.mark.parametrize("what", SEEN)
def test_what_was_seen_on_servers_has_its_test(what):
    file, name = SEEN[what]
    assert name in (helpers.REPOSITORY / "tests/e2e" / file).read_text()
