"""What ws-s3 says about objects when it writes them, and which version of them it reads."""
import hashlib
import json
import os
import urllib.request
from base64 import b64encode

import pytest
from faults import reply

MIB = 1 << 20
FAKE = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1"}


def test_the_content_type_follows_the_name_unless_it_is_given(s3, bucket, s3cmd, tmp_path):
    for name in ("index.html", "a.JSON", "pic.png", "archive.tar.gz", "noextension", "dir.html/plain"):
        path = tmp_path / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    s3cmd("cp", "-r", tmp_path / "src", f"s3://{bucket}/")
    types = {key: s3.client.head_object(Bucket=bucket, Key=key)["ContentType"] for key in s3.keys(bucket)}
    assert types["index.html"] == "text/html" and types["a.JSON"] == "application/json" and types["pic.png"] == "image/png"
    assert types["archive.tar.gz"] == "application/gzip"
    assert types["noextension"] == types["dir.html/plain"] == "application/octet-stream"
    s3cmd("put", "--content-type", "text/x-ws", tmp_path / "src/index.html", f"s3://{bucket}/given")
    assert s3.client.head_object(Bucket=bucket, Key="given")["ContentType"] == "text/x-ws"


@pytest.mark.parametrize("size", [3, 20 * MIB])
def test_metadata_and_headers_arrive_with_small_and_large_objects(s3, bucket, s3cmd, tmp_path, size):
    (tmp_path / "f").write_bytes(b"x" * size)
    given = ["--cache-control", "max-age=60", "--content-disposition", "attachment", "--content-encoding", "identity", "--content-language", "en"]
    s3cmd("cp", *given, "--metadata", "owner=me=you", "--metadata", "n=2", tmp_path / "f", f"s3://{bucket}/f")
    head = s3.client.head_object(Bucket=bucket, Key="f")
    assert head["Metadata"] == {"owner": "me=you", "n": "2"}
    assert (head["CacheControl"], head["ContentDisposition"], head["ContentLanguage"]) == ("max-age=60", "attachment", "en")
    s3cmd("cp", f"s3://{bucket}/f", f"s3://{bucket}/copy")
    assert s3.client.head_object(Bucket=bucket, Key="copy")["Metadata"] == {"owner": "me=you", "n": "2"}
    s3cmd("cp", "--metadata", "new=1", f"s3://{bucket}/f", f"s3://{bucket}/changed")
    assert s3.client.head_object(Bucket=bucket, Key="changed")["Metadata"] == {"new": "1"}


def test_tags_arrive_where_the_server_has_them(s3, bucket, s3cmd, tmp_path):
    (tmp_path / "f").write_text("x")
    status = 0 if s3.kind.startswith("ceph") else 69  # Swift: 501
    s3cmd("cp", "--tag", "a=1 2", "--tag", "b&c=d", tmp_path / "f", f"s3://{bucket}/f", status=status)
    if status == 0:
        tags = s3.client.get_object_tagging(Bucket=bucket, Key="f")["TagSet"]
        assert {tag["Key"]: tag["Value"] for tag in tags} == {"a": "1 2", "b&c": "d"}


def test_a_version_is_read_and_deleted_by_its_id(s3, bucket, s3cmd, tmp_path):
    s3.client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    old = s3.client.put_object(Bucket=bucket, Key="k", Body=b"old")["VersionId"]
    s3.put(bucket, "k", b"newer")
    assert s3cmd("cat", f"s3://{bucket}/k").output == b"newer"
    assert s3cmd("cat", "--version-id", old, f"s3://{bucket}/k").output == b"old"
    assert json.loads(s3cmd("stat", "--json", "--version-id", old, f"s3://{bucket}/k").stdout)["size"] == 3
    for verb in ("get", "cp"):
        s3cmd(verb, "--version-id", old, f"s3://{bucket}/k", tmp_path / verb)
        assert (tmp_path / verb).read_bytes() == b"old"
    if not s3.tls:
        assert urllib.request.urlopen(s3cmd("presign", "--version-id", old, f"s3://{bucket}/k").stdout).read() == b"old"
    s3cmd("presign", "--method", "PUT", "--version-id", old, f"s3://{bucket}/k", status=64)
    s3cmd("rm", "--version-id", old, f"s3://{bucket}/k")
    s3cmd("cat", "--version-id", old, f"s3://{bucket}/k", status=66)
    assert s3cmd("cat", f"s3://{bucket}/k").output == b"newer"
    for refused in (["rm", "-r", f"s3://{bucket}/"], ["rm", f"s3://{bucket}/*"], ["cp", f"s3://{bucket}/k", f"s3://{bucket}/l"]):
        s3cmd(refused[0], "--version-id", old, *refused[1:], status=64)
    assert s3cmd("cat", f"s3://{bucket}/k").output == b"newer"


def test_all_versions_and_what_was_deleted_are_listed(s3, bucket, s3cmd):
    s3.client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    ids = [s3.client.put_object(Bucket=bucket, Key="d/a b", Body=b"x" * size)["VersionId"] for size in (1, 2)]
    s3.client.delete_object(Bucket=bucket, Key="d/a b")
    s3.put(bucket, "d/c", b"")
    entries = [json.loads(line) for line in s3cmd("ls", "--versions", "-r", "--json", f"s3://{bucket}").stdout.splitlines()]
    assert [(e["key"], e["size"], e["latest"], e["deleted"]) for e in entries] == [
        ("d/a b", 0, True, True),
        ("d/a b", 2, False, False),
        ("d/a b", 1, False, False),
        ("d/c", 0, True, False),
    ]
    assert [e["version_id"] for e in entries[1:3]] == ids[::-1]
    assert json.loads(s3cmd("ls", "--versions", "--json", f"s3://{bucket}").stdout) == {"prefix": "d/"}
    shown = s3cmd("ls", "--versions", f"s3://{bucket}/d/").stdout.splitlines()
    assert "DELETED" in shown[0] and shown[0].endswith(f"{entries[0]['version_id']} * a b") and shown[1].endswith(f"{ids[1]}   a b")
    s3cmd("rm", "--version-id", entries[0]["version_id"], f"s3://{bucket}/d/a b")
    assert s3cmd("cat", f"s3://{bucket}/d/a b").output == b"xx"


def test_a_bucket_without_versions_has_one_of_each_key(s3, bucket, s3cmd):
    s3.put(bucket, "k", b"x")
    (entry,) = map(json.loads, s3cmd("ls", "--versions", "--json", f"s3://{bucket}").stdout.splitlines())
    assert (entry["key"], entry["version_id"], entry["latest"], entry["deleted"]) == ("k", "null", True, False)


def versions(*entries, more=""):
    text = "".join(f"<Version><Key>{key}</Key><VersionId>{id}</VersionId><IsLatest>false</IsLatest><Size>1</Size></Version>" for key, id in entries)
    return reply(200, f"<ListVersionsResult><IsTruncated>{str(bool(more)).lower()}</IsTruncated>{more}{text}</ListVersionsResult>".encode())


def test_versions_go_on_within_a_key(ws, faults):
    more = "<NextKeyMarker>k</NextKeyMarker><NextVersionIdMarker>{}</NextVersionIdMarker>"
    faults.on("GET", "key-marker=k&.*version-id-marker=2", versions(("k", 3), ("l", 1)))
    faults.on("GET", "key-marker=k&.*version-id-marker=1", versions(("k", 2), more=more.format(2)))
    faults.on("GET", "[?&]versions=", versions(("k", 1), more=more.format(1)))
    result = ws("ws-s3", "ls", "--versions", "--json", "s3://b", env={**FAKE, "AWS_ENDPOINT_URL_S3": faults.url})
    assert [json.loads(line)["version_id"] for line in result.stdout.splitlines()] == ["1", "2", "3", "1"]


def test_a_listing_of_versions_that_repeats_itself_is_an_error(ws, faults):
    more = "<NextKeyMarker>k</NextKeyMarker><NextVersionIdMarker>1</NextVersionIdMarker>"
    faults.on("GET", "versions=", versions(("k", 1), more=more), times=9)
    ws("ws-s3", "ls", "--versions", "s3://b", env={**FAKE, "AWS_ENDPOINT_URL_S3": faults.url}, status=65).stderr.index("repeats itself")
    assert len(faults.requests) == 2


@pytest.mark.parametrize("status, body, says", [(501, b"<Error><Code>NotImplemented</Code></Error>", "the server has no versions"), (200, b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>", "not a listing of versions")])
def test_a_server_without_versions_is_told(ws, faults, status, body, says):
    faults.on("GET", "versions=", reply(status, body), times=9)
    env = {**FAKE, "AWS_ENDPOINT_URL_S3": faults.url, "AWS_MAX_ATTEMPTS": "1"}
    assert says in ws("ws-s3", "ls", "--versions", "s3://b", env=env, status=None).stderr


def test_objects_are_encrypted_with_a_key_from_a_file(s3, bucket, s3cmd, tmp_path):
    (tmp_path / "key").write_bytes(os.urandom(32))
    (tmp_path / "f").write_bytes(os.urandom(20 * MIB))
    key = ["--sse-c-key", tmp_path / "key"]
    for name in ("small", "large"):
        source = tmp_path / name
        source.write_bytes(b"x" if name == "small" else (tmp_path / "f").read_bytes())
        s3cmd("cp", *key, source, f"s3://{bucket}/{name}")
        assert s3cmd("cat", *key, f"s3://{bucket}/{name}").output == source.read_bytes()
        s3cmd("stat", *key, f"s3://{bucket}/{name}")
        if s3.kind.startswith("ceph"):  # Swift takes the headers and does nothing
            assert s3cmd("cat", f"s3://{bucket}/{name}", status=None).status != 0
    (tmp_path / "short").write_bytes(b"x" * 31)
    assert "32 bytes" in s3cmd("cat", "--sse-c-key", tmp_path / "short", f"s3://{bucket}/small", status=78).stderr


def test_headers_that_servers_at_hand_do_not_know_are_sent_and_signed(faults, ws, tmp_path):
    (tmp_path / "key").write_bytes(b"k" * 32)
    (tmp_path / "f").write_text("x")
    env = {**FAKE, "AWS_ENDPOINT_URL": faults.url}
    faults.play(reply(200, headers={"ETag": '"x"'}), reply(200, b"y", {"ETag": '"x"'}))
    ws("ws-s3", "put", "--storage-class", "STANDARD_IA", "--sse-kms-key-id", "key-1", "--acl", "private", "--request-payer", tmp_path / "f", "s3://b/k", env=env)
    ws("ws-s3", "cat", "--request-payer", "--sse-c-key", tmp_path / "key", "s3://b/k", env=env)
    put, get = (request.headers for request in faults.requests)
    want = {
        "x-amz-storage-class": "STANDARD_IA",
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": "key-1",
        "x-amz-acl": "private",
        "x-amz-request-payer": "requester",
    }
    assert {name: put[name] for name in want} == want and all(name in put["Authorization"] for name in want)
    faults.play(reply(200, headers={"ETag": '"x"'}))
    ws("ws-s3", "put", "--sse", "AES256", tmp_path / "f", "s3://b/k", env=env)
    assert faults.requests[-1].headers["x-amz-server-side-encryption"] == "AES256"
    prefix = "x-amz-server-side-encryption-customer-"
    want = {"algorithm": "AES256", "key": b64encode(b"k" * 32).decode(), "key-MD5": b64encode(hashlib.md5(b"k" * 32).digest()).decode()}
    assert {name: get[prefix + name] for name in want} == want and f"{prefix}key-md5" in get["Authorization"]


def test_what_is_no_header_is_refused(faults, ws, tmp_path):
    (tmp_path / "f").write_text("x")
    env = {**FAKE, "AWS_ENDPOINT_URL": faults.url}
    for bad in (["--metadata", "novalue"], ["--metadata", "=v"], ["--tag", "novalue"], ["--cache-control", "a\r\nX: y"], ["--metadata", "a b=c"]):
        ws("ws-s3", "put", *bad, tmp_path / "f", "s3://b/k", env=env, status=64)
    assert not faults.requests


# ---- checksums of uploads ----

CRC32C_OF_DIGITS = b64encode(bytes.fromhex("e3069283")).decode()
CRC64NVME_OF_DIGITS = b64encode(bytes.fromhex("ae8b14860a799888")).decode()
MD5_OF_DIGITS = b64encode(hashlib.md5(b"123456789").digest()).decode()


@pytest.fixture
def digits(tmp_path):
    (tmp_path / "f").write_text("123456789")
    return tmp_path / "f"


def test_an_upload_carries_a_crc32c(faults, ws, digits):
    faults.play(reply(200, headers={"ETag": '"x"'}))
    ws("ws-s3", "put", digits, "s3://b/k", env={**FAKE, "AWS_ENDPOINT_URL": faults.url})
    (put,) = faults.requests
    assert put.headers["x-amz-checksum-crc32c"] == CRC32C_OF_DIGITS and "x-amz-checksum-crc32c" in put.headers["Authorization"]
    assert put.headers["x-amz-content-sha256"] == hashlib.sha256(b"123456789").hexdigest()  # plain http


def test_an_upload_to_aws_carries_a_crc64nvme(faults, ws, digits):
    faults.play(reply(200, headers={"ETag": '"x"'}))
    env = {**FAKE, "AWS_ENDPOINT_URL": "http://s3.us-east-1.amazonaws.com"}
    ws("ws-s3", "put", "--allow-http", "--connect-to", f"127.0.0.1:{faults.port}", digits, "s3://b/k", env=env)
    assert faults.requests[0].headers["x-amz-checksum-crc64nvme"] == CRC64NVME_OF_DIGITS


def test_a_server_without_checksums_gets_md5_and_one_without_md5_gets_none(faults, ws, digits, tmp_path):
    from faults import error

    good = reply(200, headers={"ETag": '"x"'})
    faults.play(error(501, "NotImplemented"), error(400, "InvalidRequest"), good, good)
    for name in ("1", "2"):
        (tmp_path / "src").mkdir(exist_ok=True)
        (tmp_path / "src" / name).write_text("123456789")
    ws("ws-s3", "cp", "-r", "--jobs", "1", tmp_path / "src", "s3://b/", env={**FAKE, "AWS_ENDPOINT_URL": faults.url})
    crc, md5, none, second = (request.headers for request in faults.requests)
    assert crc["x-amz-checksum-crc32c"] and md5["Content-MD5"] == MD5_OF_DIGITS and "x-amz-checksum-crc32c" not in md5
    for headers in (none, second):  # what was learned stays
        assert "x-amz-checksum-crc32c" not in headers and "Content-MD5" not in headers


def test_the_environment_says_whether_checksums_are_wanted(faults, ws, digits):
    env = {**FAKE, "AWS_ENDPOINT_URL": faults.url}
    faults.play(reply(200, headers={"ETag": '"x"'}))
    ws("ws-s3", "put", digits, "s3://b/k", env={**env, "AWS_REQUEST_CHECKSUM_CALCULATION": "WHEN_REQUIRED"})
    assert not [name for name in faults.requests[0].headers if "checksum" in name.lower() or name == "Content-MD5"]
    ws("ws-s3", "put", digits, "s3://b/k", env={**env, "AWS_REQUEST_CHECKSUM_CALCULATION": "maybe"}, status=78)


def test_over_tls_the_payload_is_not_hashed_once_more(ws, digits, tmp_path):
    import certificate
    from faults import Faults

    (tmp_path / "tls").mkdir()
    certificate.make(tmp_path / "tls")
    server = Faults(tls_dir=tmp_path / "tls").start()
    try:
        server.play(reply(200, headers={"ETag": '"x"'}))
        env = {**FAKE, "AWS_ENDPOINT_URL": server.url, "AWS_CA_BUNDLE": str(tmp_path / "tls/ca.pem")}
        ws("ws-s3", "put", digits, "s3://b/k", env=env)
        headers = server.requests[0].headers
        assert headers["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD" and headers["x-amz-checksum-crc32c"] == CRC32C_OF_DIGITS
    finally:
        server.stop()
