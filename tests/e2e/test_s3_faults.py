"""ws-s3 and servers that fail, lie or change their mind: scripted, or a real one that is spoilt on the way."""
import dataclasses
import hashlib
import json
import os
import re
import time
from email.utils import formatdate

import pytest
from faults import Faults, error, raw, reply, reset, through

import ws as helpers

MIB = 1 << 20
LARGE = 20 * MIB + 12345  # three parts
SECRET = "secret-of-the-test"


def noise(size):
    return hashlib.shake_128(b"faults").digest(size)


@pytest.fixture
def scripted(ws, faults):
    """scripted("ls", ...): ws-s3 on the fault server alone."""
    env = {"AWS_ENDPOINT_URL": faults.url, "AWS_ACCESS_KEY_ID": "AKTEST", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}
    return lambda *args, **options: ws("ws-s3", *args, env={**env, **options.pop("env", {})}, **options)


@pytest.fixture
def ceph(servers, faults):
    """A real server behind the fault server."""
    s3 = helpers.S3("ceph", servers("ceph"))
    faults.backend = s3.plain_endpoint
    return s3


@pytest.fixture
def bucket(ceph):
    return ceph.bucket()


@pytest.fixture
def spoilt(ws, ceph, faults):
    """spoilt("cp", ...): ws-s3 on the real server through the fault server."""
    return lambda *args, **options: ws("ws-s3", *args, env={**ceph.env, "AWS_ENDPOINT_URL_S3": faults.url}, **options)


def page(*keys, more=None, v1=False):
    contents = "".join(
        f"<Contents><Key>{key}</Key><LastModified>2024-01-01T00:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>1</Size></Contents>"
        for key in keys
    )
    count = "" if v1 else f"<KeyCount>{len(keys)}</KeyCount>"
    token = f"<NextContinuationToken>{more}</NextContinuationToken>" if more else ""
    truncated = "true" if more is not None else "false"
    text = f"<ListBucketResult>{count}<IsTruncated>{truncated}</IsTruncated>{token}{contents}</ListBucketResult>"
    return reply(200, text.encode(), {"Content-Type": "application/xml"})


def listed(result):
    return [json.loads(line)["key"] for line in result.stdout.splitlines()]


# ---- trying again, and not ----


@pytest.mark.parametrize("fault", [error(500, "InternalError"), reply(502, b"<html>bad gateway</html>"), reset(), error(400, "RequestTimeout")])
def test_a_failure_that_may_pass_is_tried_again(scripted, faults, fault):
    faults.play(fault, page("a"))
    assert listed(scripted("ls", "-r", "--json", "s3://b")) == ["a"]
    assert len(faults.requests) == 2


def test_the_server_says_how_long_to_wait(scripted, faults):
    faults.play(error(503, "SlowDown", retry_after=1), page("a"))
    scripted("ls", "s3://b")
    first, second = faults.requests
    assert second.at_s - first.at_s >= 1


def test_it_gives_up_after_as_many_tries_as_allowed(scripted, faults):
    faults.on("GET", "", error(500, "InternalError", "try later"), times=3)
    result = scripted("ls", "--max-attempts", "3", "s3://b", status=75)
    assert "500 InternalError: try later (request id fault-1)" in result.stderr
    assert len(faults.requests) == 3


@pytest.mark.parametrize("status, code, expected", [(403, "AccessDenied", 77), (501, "NotImplemented", 69), (412, "PreconditionFailed", 73), (404, "NoSuchBucket", 66)])
def test_a_refusal_is_final(scripted, faults, tmp_path, status, code, expected):
    (tmp_path / "f").write_text("x")
    faults.on("PUT", "", error(status, code), times=3)
    faults.on("HEAD", "", reply(404), optional=True)
    faults.on("GET", "", error(404, "NoSuchKey"), optional=True)
    assert f"{status} {code}" in scripted("cp", tmp_path / "f", "s3://b/k", status=expected).stderr
    assert len(faults.seen("PUT")) == (3 if status == 501 else 1)  # what is not implemented may be the checksum, then Content-MD5


def test_a_connection_that_went_stale_is_replaced_without_counting(scripted, faults):
    faults.on("GET", "/b/1", reply(200, b"one", {"ETag": '"1"'}, then="close"))
    faults.on("GET", "/b/2", reply(200, b"two", {"ETag": '"2"'}))
    assert scripted("cat", "--max-attempts", "1", "s3://b/1", "s3://b/2").output == b"onetwo"


def test_an_answer_that_is_not_http_is_an_error(scripted, faults):
    faults.on("*", "", raw(b"SSH-2.0-OpenSSH_9\r\n"), times=9)
    assert "not HTTP" in scripted("ls", "s3://b", status=65).stderr


def test_a_server_that_never_answers_is_left(scripted, faults):
    faults.on("GET", "", reply(200, silent=True, then="stall"), times=2)
    started = time.monotonic()
    scripted("ls", "--timeout", "300ms", "--max-attempts", "2", "s3://b", status=75)
    assert time.monotonic() - started < 5


def test_a_redirect_is_not_followed(scripted, faults):
    elsewhere = Faults().start()
    try:
        faults.play(reply(301, b"", {"Location": elsewhere.url + "/b"}), reply(307, b"", {"Location": elsewhere.url + "/b/k"}))
        scripted("ls", "s3://b", status=78)
        scripted("cat", "s3://b/k", status=78)
        assert elsewhere.requests == []
    finally:
        elsewhere.stop()


def test_the_region_is_learned_once(scripted, faults):
    wrong = reply(400, b"", {"x-amz-bucket-region": "eu-central-9"})
    faults.play(wrong, page("a", more="t"), page("b"))
    assert listed(scripted("ls", "-r", "--json", "s3://b")) == ["a", "b"]
    regions = [request.headers["authorization"].split("/")[2] for request in faults.requests]
    assert regions == ["us-east-1", "eu-central-9", "eu-central-9"]


@pytest.mark.parametrize("status", [301, 307, 400])
@pytest.mark.parametrize("how", ["header", "element"])
def test_the_region_is_learned_from_whatever_tells_it(scripted, faults, status, how):
    code = "AuthorizationHeaderMalformed" if status == 400 else "PermanentRedirect"
    region = "<Region>eu-central-9</Region>" if how == "element" else ""
    text = f"<Error><Code>{code}</Code><Message>x</Message>{region}</Error>".encode()
    faults.play(reply(status, text, {"x-amz-bucket-region": "eu-central-9"} if how == "header" else {}), page("a"))
    assert listed(scripted("ls", "-r", "--json", "s3://b")) == ["a"]
    assert "/eu-central-9/s3/" in faults.requests[1].headers["authorization"]


def test_a_server_that_names_another_region_each_time_is_left(scripted, faults):
    regions = [error(400, "AuthorizationHeaderMalformed") for _ in range(9)]
    faults.play(*[dataclasses.replace(r, headers={"x-amz-bucket-region": f"r-{number}"}) for number, r in enumerate(regions[:2])])
    scripted("ls", "s3://b", status=78)
    assert len(faults.requests) == 2


def test_a_region_that_was_ordered_is_not_corrected(scripted, faults):
    faults.play(error(400, "AuthorizationHeaderMalformed", "expecting eu-central-9"))
    assert "eu-central-9" in scripted("ls", "--region", "us-west-1", "s3://b", status=78).stderr
    assert len(faults.requests) == 1


def test_the_servers_clock_is_learned_once(scripted, faults):
    ahead = {"Date": formatdate(time.time() + 7200, usegmt=True)}
    faults.play(dataclasses.replace(error(403, "RequestTimeTooSkewed"), headers=ahead), page())
    scripted("ls", "s3://b")
    first, second = (request.headers["x-amz-date"] for request in faults.requests)
    assert second > first and int(second[9:11]) in ((int(first[9:11]) + 2) % 24, (int(first[9:11]) + 3) % 24)


def test_secrets_that_a_server_echoes_are_not_shown(scripted, faults):
    text = f"we calculated with {SECRET} AWS4-HMAC-SHA256"
    faults.play(error(403, "SignatureDoesNotMatch", text))
    result = scripted("ls", "-vv", "--json", "s3://b", status=77)
    assert SECRET not in result.stdout + result.stderr and "AWS4-HMAC" not in result.stderr


def test_what_a_server_says_is_one_harmless_line(scripted, faults):
    faults.play(error(403, "AccessDenied", "two\nlines, \u202eturned \x9b31m"))
    stderr = scripted("ls", "s3://b", status=77).stderr
    assert "lines" in stderr and stderr.count("\n") == 1 and stderr[:-1].isprintable()


# ---- listings ----


def test_a_listing_that_repeats_itself_is_an_error(scripted, faults):
    faults.play(page("a", more="t"), page("b", more="t"))
    assert "repeats itself" in scripted("ls", "-r", "s3://b", status=65).stderr


def test_a_listing_that_does_not_say_where_to_go_on_is_an_error(scripted, faults):
    faults.play(page("a", more=""))
    assert "cut short" in scripted("ls", "-r", "s3://b", status=65).stderr


@pytest.mark.parametrize("body", [b"", b"<ListBucketResult><IsTruncated>false</IsTruncated>", b"<html></html>", b"\x00", b"<!DOCTYPE x><ListBucketResult/>"])
def test_a_listing_that_is_none_is_an_error(scripted, faults, body):
    faults.on("GET", "", reply(200, body), times=2)
    scripted("ls", "--max-attempts", "2", "s3://b", status=65)


def test_a_server_without_version_2_is_asked_for_version_1(scripted, faults):
    faults.on("GET", "list-type=2", error(501, "NotImplemented"))
    first = page("a", "b", v1=True).body.replace(b"false", b"true")
    faults.on("GET", "/b\\?encoding-type=url&prefix=$", reply(200, first))
    faults.on("GET", "marker=b", page("c", v1=True))
    assert listed(scripted("ls", "-r", "--json", "s3://b")) == ["a", "b", "c"]


def test_a_server_that_does_not_know_version_2_is_understood(scripted, faults):
    first = page("a", v1=True).body.replace(b"false", b"true")
    faults.on("GET", "list-type=2", reply(200, first))
    faults.on("GET", "marker=a", page("b", v1=True))
    assert listed(scripted("ls", "-r", "--json", "s3://b")) == ["a", "b"]


ENCODED = "a%20b+c%2Bd%25e%0A%01%FF%2F.%26%3C"  # a plus is a space there, %2B a plus
MEANT = b"a b c+d%e\n\x01\xff/.&<"


def test_keys_of_all_bytes_are_asked_for_encoded_and_come_back_as_they_are(scripted, faults, tmp_path):
    listing = page("plain", ENCODED).body.replace(b"<IsTruncated>", b"<EncodingType>url</EncodingType><IsTruncated>")
    faults.on("GET", "list-type=2", reply(200, listing), times=4)
    faults.on("GET", "/b/", reply(200, b"x", {"ETag": '"e"'}), times=4)
    faults.on("POST", "delete", reply(200, b"<DeleteResult/>"))
    faults.on("DELETE", "/b/", reply(204))
    assert [key.encode(errors="surrogateescape") for key in listed(scripted("ls", "-r", "--json", "s3://b"))][:1] == [b"plain"]
    scripted("cp", "-r", "s3://b/", tmp_path / "d")
    assert (os.fsencode(tmp_path / "d") + b"/" + MEANT) in [os.path.join(base, name) for base, _, names in os.walk(os.fsencode(tmp_path / "d")) for name in names]
    scripted("rm", "-r", "s3://b/")
    assert all("encoding-type=url" in request.target for request in faults.seen("GET", "list-type"))
    path = "/b/a%20b%20c%2Bd%25e%0A%01%FF/.%26%3C"
    assert path in [request.target for request in faults.seen("GET")]
    (bulk,), (single,) = faults.seen("POST"), faults.seen("DELETE")
    assert re.findall(b"<Key>(.*?)</Key>", bulk.body) == [b"plain"] and single.target == path  # XML 1.0 has no such bytes


# ---- uploads ----


def test_a_part_that_fails_is_sent_again(spoilt, ceph, bucket, faults, tmp_path):
    (tmp_path / "f").write_bytes(noise(LARGE))
    faults.on("PUT", "partNumber=2", reset(read=100_000), error(503, "SlowDown"), through(silent=True, then="reset"))
    spoilt("cp", tmp_path / "f", f"s3://{bucket}/k")
    assert ceph.get(bucket, "k") == noise(LARGE)


def test_a_part_that_is_refused_ends_the_upload_and_leaves_nothing(spoilt, ceph, bucket, faults, tmp_path):
    (tmp_path / "f").write_bytes(noise(LARGE))
    faults.on("PUT", "partNumber=2", error(403, "AccessDenied"))
    result = spoilt("cp", tmp_path / "f", f"s3://{bucket}/k", status=77)
    assert f"put s3://{bucket}/k: upload part 2: 403 AccessDenied" in result.stderr
    assert ceph.keys(bucket) == [] and not ceph.client.list_multipart_uploads(Bucket=bucket).get("Uploads")
    spoilt("cp", "-", f"s3://{bucket}/ok", input=noise(LARGE))


@pytest.mark.parametrize("how", ["file", "stream"])
def test_a_completion_whose_answer_is_lost_is_settled(spoilt, ceph, bucket, faults, tmp_path, how):
    faults.on("POST", "uploadId=", through(silent=True, then="reset"))
    if how == "file":
        (tmp_path / "f").write_bytes(noise(LARGE))
        spoilt("cp", tmp_path / "f", f"s3://{bucket}/k")
    else:
        spoilt("cp", "-", f"s3://{bucket}/k", input=noise(LARGE))
    assert ceph.get(bucket, "k") == noise(LARGE)


def test_a_completion_that_was_done_already_is_settled(spoilt, ceph, bucket, faults, tmp_path):
    (tmp_path / "f").write_bytes(noise(LARGE))
    faults.on("POST", "uploadId=", through(silent=True, then="reset"), error(404, "NoSuchUpload"))
    spoilt("cp", tmp_path / "f", f"s3://{bucket}/k")
    assert ceph.get(bucket, "k") == noise(LARGE)


@pytest.mark.parametrize("fault", [error(200, "InternalError"), reply(200, b""), reply(200, b"   \n<CompleteMultipartUploadResult><ETag>")])
def test_a_completion_that_says_200_and_fails_is_repeated(spoilt, ceph, bucket, faults, tmp_path, fault):
    (tmp_path / "f").write_bytes(noise(LARGE))
    faults.on("POST", "uploadId=", fault)
    spoilt("cp", tmp_path / "f", f"s3://{bucket}/k")
    assert ceph.get(bucket, "k") == noise(LARGE) and len(faults.seen("POST", "uploadId=")) == 2


def test_a_completion_that_is_denied_with_200_fails(spoilt, ceph, bucket, faults, tmp_path):
    (tmp_path / "f").write_bytes(noise(LARGE))
    faults.on("POST", "uploadId=", error(200, "AccessDenied"))
    spoilt("cp", tmp_path / "f", f"s3://{bucket}/k", status=77)
    assert ceph.keys(bucket) == [] and not ceph.client.list_multipart_uploads(Bucket=bucket).get("Uploads")


def test_a_part_without_an_etag_is_an_error(spoilt, bucket, faults, tmp_path):
    (tmp_path / "f").write_bytes(noise(LARGE))
    faults.on("PUT", "partNumber=1", reply(200))
    assert "ETag" in spoilt("cp", tmp_path / "f", f"s3://{bucket}/k", status=65).stderr


def test_what_is_sent_is_hashed_and_large_bodies_wait(scripted, faults, tmp_path):
    for name, size in (("small", 1000), ("large", 2 * MIB)):
        (tmp_path / name).write_bytes(noise(size))
        faults.on("PUT", name, reply(200, b"", {"ETag": '"e"'}))
        scripted("cp", tmp_path / name, f"s3://b/{name}")
        (request,) = faults.seen("PUT", name)
        assert request.headers["x-amz-content-sha256"] == hashlib.sha256(noise(size)).hexdigest()
        assert (request.headers["expect"] == "100-continue") == (size > MIB)
        assert request.body == noise(size) and request.headers["accept-encoding"] is None
        signed = request.headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
        assert {"host", "content-type", "x-amz-date", "x-amz-content-sha256"} <= set(signed)


def test_a_refusal_before_the_body_saves_sending_it(scripted, faults, tmp_path):
    (tmp_path / "f").write_bytes(noise(4 * MIB))
    faults.on("PUT", "", error(403, "AccessDenied", read=0))
    scripted("cp", tmp_path / "f", "s3://b/k", status=77)
    assert faults.requests[0].body == b""


# ---- downloads ----


def test_a_download_that_breaks_off_goes_on_where_it_ended(spoilt, ceph, bucket, faults, tmp_path):
    ceph.put(bucket, "k", noise(LARGE))
    faults.on("GET", "/k", through(send=5_000_000, then="close"), through(send=10, then="reset"))
    spoilt("cp", f"s3://{bucket}/k", tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == noise(LARGE)
    assert "bytes=5000000-8388607" in [request.headers["range"] for request in faults.seen("GET", "/k")]
    assert all(request.headers["if-match"] for request in faults.seen("GET", "/k")[1:])


def test_a_stream_that_breaks_off_goes_on_where_it_ended(spoilt, ceph, bucket, faults):
    ceph.put(bucket, "k", noise(LARGE))
    faults.on("GET", "/k", through(send=1_000_000, then="reset"), through(), through(send=1000, then="reset"))
    assert spoilt("cat", f"s3://{bucket}/k").output == noise(LARGE)


def test_a_server_without_ranges_is_understood(scripted, faults, tmp_path):
    whole = reply(200, noise(9 * MIB), {"ETag": '"e"'})
    faults.on("GET", "/k", whole, times=2)
    scripted("cp", "s3://b/k", tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == noise(9 * MIB)


@pytest.mark.parametrize("span", ["bytes 5-9/10", "bytes 0-9/10x", "bytes 9-0/10", "0-9/10", None])
def test_a_range_that_was_not_asked_for_is_an_error(scripted, faults, tmp_path, span):
    headers = {"ETag": '"e"', **({"Content-Range": span} if span else {})}
    faults.play(reply(206, b"0123456789", headers))
    assert "range" in scripted("cp", "s3://b/k", tmp_path / "f", status=65).stderr
    assert not (tmp_path / "f").exists()


def test_a_body_that_is_shorter_than_its_range_is_no_success(scripted, faults, tmp_path):
    faults.on("GET", "/k", reply(206, b"0123456789", {"ETag": '"e"', "Content-Range": "bytes 0-99/100"}))
    scripted("cp", "--max-attempts", "1", "s3://b/k", tmp_path / "f", status=75)
    assert not (tmp_path / "f").exists()


@pytest.mark.parametrize("how", ["412", "etag", "size"])
def test_an_object_that_changes_whenever_it_is_read_is_a_conflict(scripted, faults, tmp_path, how):
    (tmp_path / "f").write_text("old")
    first = {"ETag": '"1"', "Content-Range": f"bytes 0-{8 * MIB - 1}/{9 * MIB}"}
    later = {
        "412": error(412, "PreconditionFailed"),
        "etag": reply(206, noise(MIB), {"ETag": '"2"', "Content-Range": f"bytes {8 * MIB}-{9 * MIB - 1}/{9 * MIB}"}),
        "size": reply(206, noise(MIB), {"ETag": '"1"', "Content-Range": f"bytes {8 * MIB}-{9 * MIB - 1}/{10 * MIB}"}),
    }
    for _ in range(3):
        faults.on("GET", "/k", reply(206, noise(8 * MIB), first), later[how])
    assert "changed while reading" in scripted("cp", "s3://b/k", tmp_path / "f", status=73).stderr
    assert (tmp_path / "f").read_text() == "old" and sorted(path.name for path in tmp_path.iterdir()) == ["f", "home"]


def test_a_refused_head_is_asked_again_for_its_reason(scripted, faults):
    faults.on("HEAD", "/k", reply(403))
    faults.on("GET", "/k", error(403, "InvalidAccessKeyId"))
    assert "InvalidAccessKeyId" in scripted("stat", "s3://b/k", status=77).stderr


UNSIZED = {
    "a byte of so many": (reply(206, b"x", {"Content-Range": "bytes 0-0/12345"}), 12345),
    "all of it": (reply(200, b"12345"), 5),
    "no byte": (error(416, "InvalidRange"), 0),
}


@pytest.mark.parametrize("what", UNSIZED)
def test_a_head_without_a_length_is_asked_again_for_one_byte(scripted, faults, what):
    """Proxies leave it out, as RFC 9110 section 9.3.2 lets them."""
    answer, size = UNSIZED[what]
    faults.on("HEAD", "/k", reply(200, b"", {"ETag": '"1"'}, length=None, then="close"))
    faults.on("GET", "/k", answer)
    assert json.loads(scripted("stat", "--json", "s3://b/k").stdout)["size"] == size
    (asked,) = faults.seen("GET", "/k")
    assert asked.headers["range"] == "bytes=0-0" and asked.headers["if-match"] == '"1"'


def test_an_object_that_nobody_says_the_length_of_is_an_error(scripted, faults):
    for method in ("HEAD", "GET"):
        faults.on(method, "/k", reply(200, b"", {"ETag": '"1"'}, length=None, then="close"))
    assert "does not say how long" in scripted("stat", "s3://b/k", status=65).stderr


def test_ranges_that_come_in_chunks_keep_their_connection(spoilt, ceph, bucket, faults, tmp_path):
    ceph.put(bucket, "k", noise(LARGE))
    faults.on("GET", "/k", through(chunked=True), skip=1, times=9)
    spoilt("cp", "--jobs", "1", f"s3://{bucket}/k", tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == noise(LARGE)
    _, *ranges = faults.seen("GET", "/k")
    assert len(ranges) == 2 and len({request.connection for request in ranges}) == 1


def test_the_end_of_an_archive_may_come_in_chunks(spoilt, ws, ceph, bucket, faults, tree):
    env = {**ceph.env, "AWS_ENDPOINT_URL_S3": faults.url}
    ws("ws-archive", "create", "-o", f"s3://{bucket}/a.tar.gz", "-C", tree().parent, "tree", env=env)
    faults.forget()
    faults.on("GET", "a.tar.gz", through(chunked=True), times=9)
    ws("ws-archive", "list", f"s3://{bucket}/a.tar.gz", env=env)
    assert not faults.seen("HEAD") and {request.connection for request in faults.requests} == {faults.connections}


def test_chunks_with_more_in_them_than_the_range_are_an_error(scripted, faults, tmp_path):
    faults.play(reply(206, b"0123456789", {"ETag": '"e"', "Content-Range": "bytes 0-8/9"}, chunked=True))
    assert "longer than it says" in scripted("cp", "s3://b/k", tmp_path / "f", status=65).stderr
    assert not (tmp_path / "f").exists()


# ---- deletes ----


def test_each_key_that_is_not_deleted_is_named(scripted, faults):
    answer = "<DeleteResult><Error><Key>b</Key><Code>AccessDenied</Code><Message>locked</Message></Error></DeleteResult>"
    faults.play(page("a", "b", "c"))
    faults.on("POST", "delete", reply(200, answer.encode()))
    result = scripted("rm", "-r", "-v", "s3://b/", status=1)
    assert "delete s3://b/b: 403 AccessDenied: locked" in result.stderr and "1 of 3 objects failed" in result.stderr
    assert result.stdout == "delete: s3://b/a\ndelete: s3://b/c\n"
    (request,) = faults.seen("POST")
    assert request.headers["content-md5"] and request.body.count(b"<Key>") == 3


def test_a_server_without_bulk_delete_gets_single_ones(scripted, faults):
    faults.play(page("a", "b"))
    faults.on("POST", "delete", error(501, "NotImplemented"))
    faults.on("DELETE", "/b/[ab]$", reply(204), times=2)
    scripted("rm", "-r", "s3://b/")


def test_a_listing_that_fails_midway_deletes_no_more_than_it_showed(scripted, faults):
    faults.play(page("a", more="t"))
    faults.on("GET", "continuation-token", error(403, "AccessDenied"))
    faults.on("POST", "delete", reply(200, b"<DeleteResult/>"))
    scripted("rm", "-r", "s3://b/", status=77)


@pytest.mark.parametrize("side", ["source", "target"])
def test_sync_deletes_nothing_when_a_listing_did_not_end_well(scripted, faults, tmp_path, side):
    (tmp_path / "d").mkdir()
    for name in ("a", "b"):
        (tmp_path / "d" / name).write_text("1")
    ends = ["s3://b/p", tmp_path / "d"] if side == "source" else [tmp_path / "d", "s3://b/p"]
    faults.on("GET", "list-type=2.*prefix=[^&]*$", page("p/a", "p/aa", more="t"))
    faults.on("GET", "continuation-token", error(403, "AccessDenied"))
    faults.on("GET", "/b/p/", reply(200, b"1", {"ETag": '"e"'}), times=3, optional=True)
    assert "AccessDenied" in scripted("sync", "--delete", "--size-only", *ends, status=77).stderr
    assert {"a", "b"} <= set(os.listdir(tmp_path / "d")) and not faults.seen("POST") and not faults.seen("DELETE")


# ---- TLS ----


def test_a_certificate_for_another_name_is_refused(ws, tmp_path):
    import certificate

    (tmp_path / "tls").mkdir()
    certificate.make(tmp_path / "tls")
    server = Faults(tls_dir=tmp_path / "tls").start()
    try:
        env = {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_CA_BUNDLE": str(tmp_path / "tls/ca.pem")}
        server.on("GET", "", page("a"))
        assert "a" in ws("ws-s3", "ls", "s3://b", "--endpoint-url", server.url, env=env).stdout
        other = ["--endpoint-url", "https://storage.example", "--connect-to", f"localhost:{server.port}"]
        assert "storage.example" in ws("ws-s3", "ls", "s3://b", *other, env=env, status=69).stderr
        assert len(server.requests) == 1
    finally:
        server.stop()


def test_an_ipv6_address_is_an_endpoint_without_tls_too(scripted):
    """Loopback is loopback: credentials go there over plain http."""
    server = Faults(address=("::1", 0)).start()
    try:
        server.on("GET", "", page("a"), reply(200, b"x", {"ETag": '"e"'}))
        url = f"http://[::1]:{server.port}"
        assert listed(scripted("ls", "-r", "--json", "s3://b", "--endpoint-url", url)) == ["a"]
        assert scripted("cat", "s3://b/a", "--endpoint-url", url).output == b"x"
        assert [request.headers["host"] for request in server.requests] == [f"[::1]:{server.port}"] * 2
        assert scripted("presign", "s3://b/a", "--endpoint-url", url).stdout.startswith(url + "/b/a?")
    finally:
        server.stop()
