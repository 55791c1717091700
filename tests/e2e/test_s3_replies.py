"""The published replies of a mock S3 server (../shared/vectors/s3-replies), each played to the command that meets it."""
import json
import os
import re

import pytest
from faults import Reply, reply

import ws as helpers

VECTORS = helpers.REPOSITORY.parent / "shared/vectors/s3-replies"
MIB = 1 << 20
KEYS = {"AWS_ACCESS_KEY_ID": "AKTEST", "AWS_SECRET_ACCESS_KEY": "secret-of-the-test", "AWS_REGION": "us-east-1"}
TAG = "b54357faf0632cce46e942fa68356b38"

pytestmark = pytest.mark.skipif(not VECTORS.is_dir(), reason=f"no published replies at {VECTORS}")


def vector(name, data=b"", span=None, **faults):
    """The reply of a file; what it leaves open is data, and span ("bytes 0-9"). Its delay is a second at the most: tests set time-outs."""
    told = json.loads((VECTORS / f"{name}.json").read_text())
    body = "\n".join(told.get("body", ["<data-to-send>"])).encode().replace(b"<data-to-send>", data)
    headers = {key: value.replace("<request-range>", span or "") for key, value in told["headers"].items() if key != "Content-Length"}
    length = told["headers"].get("Content-Length")
    then = "close" if headers.get("Connection") == "close" else "next"
    faults = {"delay_s": min(told.get("delay", 0), 1), "then": then, **({"length": length} if length else {}), **faults}
    return Reply(told["status"], body, headers, **faults)


@pytest.fixture
def s3(ws, faults):
    env = {**KEYS, "AWS_ENDPOINT_URL_S3": faults.url}
    return lambda *args, status=0: ws("ws-s3", *args, env=env, status=status)


@pytest.fixture
def upload(s3, faults, tmp_path):
    """upload(status): a file of two parts; what is not scripted before goes well."""
    (tmp_path / "f").write_bytes(bytes(16 * MIB))

    def run(status=0, *options):
        faults.on("POST", "[?]uploads", vector("CreateMultipartUpload/default"), optional=True)
        faults.on("PUT", "partNumber", vector("UploadPart/default"), times=9, optional=True)
        faults.on("POST", "uploadId=defaultID", vector("CompleteMultipartUpload/default"), optional=True)
        faults.on("HEAD", "", reply(200, b"", {"ETag": '"3858f62230ac3c915f300c664312c11f-9"'}, length=16 * MIB), times=9, optional=True)
        faults.on("DELETE", "uploadId=defaultID", vector("AbortMultipartUpload/default"), times=9, optional=True)
        faults.on("GET", "uploadId=defaultID", vector("ListParts/default"), times=9, optional=True)
        return s3("cp", *options, tmp_path / "f", "s3://b/k", status=status)

    return run


def download(s3, faults, tmp_path, *replies, status=0, options=()):
    faults.on("GET", "/b/k", *replies)
    result = s3("cp", *options, "s3://b/k", tmp_path / "out", status=status)
    assert (tmp_path / "out").exists() == (status == 0)
    return result


# ---- one function for each file; test_every_reply_is_played sees to that ----


def play_CreateMultipartUpload_default(upload, faults, **_):
    upload()
    assert all("uploadId=defaultID" in r.target for r in faults.seen("PUT")) and len(faults.seen("PUT")) == 2


def play_CreateMultipartUpload_request_time_too_skewed(upload, faults, **_):
    """It says the server's time in the body alone: there is nothing to learn, and no loop."""
    faults.on("POST", "[?]uploads", vector("CreateMultipartUpload/request_time_too_skewed"))
    assert "RequestTimeTooSkewed" in upload(77).stderr
    assert len(faults.seen("POST")) == 1


def play_CreateMultipartUpload_request_timeout(upload, faults, **_):
    faults.on("POST", "[?]uploads", vector("CreateMultipartUpload/request_timeout"))
    upload()
    assert len(faults.seen("POST", "[?]uploads")) == 2


def play_UploadPart_default(upload, **_):
    upload()


def play_UploadPart_missing_etag(upload, faults, **_):
    faults.on("PUT", "partNumber=2", vector("UploadPart/missing_etag"))
    assert "ETag" in upload(65).stderr
    assert faults.seen("DELETE", "uploadId=defaultID")


def play_UploadPart_throttle(upload, faults, **_):
    faults.on("PUT", "partNumber=1", vector("UploadPart/throttle"))
    upload()
    assert len(faults.seen("PUT", "partNumber=1")) == 2


def play_UploadPart_throttle_before_finish(upload, faults, **_):
    faults.on("PUT", "partNumber=1", vector("UploadPart/throttle_before_finish", read=100_000))
    upload()
    assert len(faults.seen("PUT", "partNumber=1")) == 2


def play_UploadPart_upload_part_error(upload, faults, **_):
    faults.on("PUT", "partNumber=1", vector("UploadPart/upload_part_error", delay_s=0))
    assert "upload part 1: 403 AccessDenied" in upload(77).stderr
    assert len(faults.seen("PUT", "partNumber=1")) == 1 and faults.seen("DELETE", "uploadId=defaultID")


def play_CompleteMultipartUpload_default(upload, **_):
    upload()


def play_CompleteMultipartUpload_sse_kms(upload, faults, **_):
    faults.on("POST", "uploadId", vector("CompleteMultipartUpload/sse_kms"))
    upload(0, "--sse", "aws:kms")
    assert faults.seen("POST", "[?]uploads")[0].headers["x-amz-server-side-encryption"] == "aws:kms"


def play_CompleteMultipartUpload_async_internal_error(upload, faults, **_):
    faults.on("POST", "uploadId", vector("CompleteMultipartUpload/async_internal_error"))
    upload()
    assert len(faults.seen("POST", "uploadId=")) == 2


def play_CompleteMultipartUpload_async_access_denied_error(upload, faults, **_):
    faults.on("POST", "uploadId", vector("CompleteMultipartUpload/async_access_denied_error"))
    assert "AccessDenied: Access denied." in upload(77).stderr
    assert len(faults.seen("POST", "uploadId")) == 1 and faults.seen("DELETE", "uploadId=defaultID")


def abort(s3, faults, *parts):
    pending = "<Upload><Key>k</Key><UploadId>defaultID</UploadId><Initiated>2020-01-01T00:00:00.000Z</Initiated></Upload>"
    text = f"<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>{pending}</ListMultipartUploadsResult>"
    faults.on("GET", "uploads=", reply(200, text.encode()))
    faults.on("DELETE", "uploadId=defaultID", vector("AbortMultipartUpload/default"), times=9)
    faults.on("GET", "uploadId=defaultID", *parts, vector("ListParts/default"))
    s3("uploads", "--abort", "s3://b")
    return len(faults.seen("DELETE"))


def play_AbortMultipartUpload_default(s3, faults, **_):
    assert abort(s3, faults) == 1


def play_ListParts_default(s3, faults, **_):
    assert abort(s3, faults) == 1


def play_ListParts_multiple_list_parts_1(s3, faults, **_):
    """Parts landed after the abort: it is aborted again until none is left."""
    assert abort(s3, faults, vector("ListParts/multiple_list_parts_1")) == 2


def play_ListParts_multiple_list_parts_2(s3, faults, **_):
    assert abort(s3, faults, vector("ListParts/multiple_list_parts_2")) == 2


def play_ListParts_resume_first_part_not_completed(s3, faults, **_):
    assert abort(s3, faults, vector("ListParts/resume_first_part_not_completed")) == 2


def not_a_listing(s3, faults, name):
    """S3 Express sessions are not used: as the answer to something else it is refused."""
    faults.on("GET", "", vector(name), times=9)
    assert "not a listing" in s3("ls", "--max-attempts", "1", "s3://b", status=65).stderr


def play_CreateSession_default(s3, faults, **_):
    not_a_listing(s3, faults, "CreateSession/default")


def play_CreateSession_sse_kms(s3, faults, **_):
    not_a_listing(s3, faults, "CreateSession/sse_kms")


def play_GetObject_default(s3, faults, tmp_path, **_):
    download(s3, faults, tmp_path, vector("GetObject/default"), status=66)


def ranged(s3, faults, tmp_path, name, total, **more):
    """A range is answered with the whole, which is small."""
    download(s3, faults, tmp_path, vector(name, bytes(total), f"bytes 0-{total - 1}"), **more)
    assert (tmp_path / "out").read_bytes() == bytes(total)


def play_GetObject_get_object_checksum_combine_part(s3, faults, tmp_path, **_):
    ranged(s3, faults, tmp_path, "GetObject/get_object_checksum_combine_part", 262144)


def play_GetObject_get_object_checksum_combine_slow_part(s3, faults, tmp_path, **_):
    name = "GetObject/get_object_checksum_combine_slow_part"
    download(s3, faults, tmp_path, vector(name, bytes(262144), "bytes 0-262143", delay_s=0.1))


def play_GetObject_get_object_pause_normal_part(s3, faults, tmp_path, **_):
    ranged(s3, faults, tmp_path, "GetObject/get_object_pause_normal_part", 262144)


def play_GetObject_get_object_opaque_etag(s3, faults, tmp_path, **_):
    ranged(s3, faults, tmp_path, "GetObject/get_object_opaque_etag", 262144)


def is_late(s3, faults, tmp_path, name, total):
    """The first answer is late, the next comes in time."""
    late = vector(name, bytes(total), f"bytes 0-{total - 1}")
    assert late.delay_s >= 1
    in_time = vector(name, bytes(total), f"bytes 0-{total - 1}", delay_s=0)
    download(s3, faults, tmp_path, late, in_time, options=["--timeout", "700ms"])
    assert len(faults.requests) == 2


def play_GetObject_get_object_pause_delayed_part(s3, faults, tmp_path, **_):
    is_late(s3, faults, tmp_path, "GetObject/get_object_pause_delayed_part", 262144)


def play_GetObject_get_object_delay_60s(s3, faults, tmp_path, **_):
    is_late(s3, faults, tmp_path, "GetObject/get_object_delay_60s", 65536)


def head(s3, faults, name, size):
    faults.on("HEAD", "/b/k", vector(name))
    assert json.loads(s3("stat", "--json", "s3://b/k").stdout)["size"] == size


def play_GetObject_get_object_checksum_combine_head(s3, faults, **_):
    head(s3, faults, "GetObject/get_object_checksum_combine_head", 262144)


def play_GetObject_get_object_checksum_single_part_head(s3, faults, **_):
    head(s3, faults, "GetObject/get_object_checksum_single_part_head", 65536)


def checksum(s3, faults, tmp_path, name):
    """The checksum is of other bytes than these. CRC-32 may be unknown to us; that it is known and wrong must not be success."""
    faults.on("GET", "/b/k", vector(name, bytes(65536), "bytes 0-65535"), times=9)
    result = s3("cp", "--max-attempts", "2", "s3://b/k", tmp_path / "out", status=None)
    assert result.status == 0 or (result.status == 65 and "checksum" in result.stderr), result
    assert (tmp_path / "out").exists() == (result.status == 0)


def play_GetObject_get_object_checksum_retry(s3, faults, tmp_path, **_):
    checksum(s3, faults, tmp_path, "GetObject/get_object_checksum_retry")


def play_GetObject_get_object_unmatch_checksum_crc32(s3, faults, tmp_path, **_):
    checksum(s3, faults, tmp_path, "GetObject/get_object_unmatch_checksum_crc32")


def play_GetObject_get_object_checksum_single_part(s3, faults, tmp_path, **_):
    checksum(s3, faults, tmp_path, "GetObject/get_object_checksum_single_part")


def play_GetObject_get_object_error_part(s3, faults, tmp_path, **_):
    result = download(s3, faults, tmp_path, vector("GetObject/get_object_error_part", delay_s=0), status=77)
    assert "403 AccessDenied: Access Denied" in result.stderr


def play_GetObject_get_object_long_error(s3, faults, tmp_path, **_):
    result = download(s3, faults, tmp_path, vector("GetObject/get_object_long_error"), status=66)
    assert "NoSuchKey" in result.stderr and len(result.stderr) < 1200 and result.stderr.count("\n") == 1


def play_GetObject_get_object_invalid_response_missing_content_range(s3, faults, tmp_path, **_):
    name = "GetObject/get_object_invalid_response_missing_content_range"
    assert "range" in download(s3, faults, tmp_path, vector(name, bytes(65536)), status=65).stderr


def play_GetObject_get_object_invalid_response_missing_etags(s3, faults, tmp_path, **_):
    """Sixteen times the part that came is announced, and nothing to hold the rest to the same state but its size."""
    faults.on("GET", "/b/k", vector("GetObject/get_object_invalid_response_missing_etags", bytes(65536)), times=9)
    s3("cp", "s3://b/k", tmp_path / "out", status=65).stderr.index("not the range")
    assert not (tmp_path / "out").exists()


def play_GetObject_get_object_modified_first_part(s3, faults, tmp_path, **_):
    """The rest, asked for with If-Match, is refused: what came is not taken for the object, however often it is tried."""
    first = vector("GetObject/get_object_modified_first_part", bytes(65536))
    result = download(s3, faults, tmp_path, *[first, vector("GetObject/get_object_modified_success")] * 3, status=73)
    assert "changed while reading" in result.stderr
    assert faults.requests[1].headers["if-match"] == f'"{TAG}"'


def play_GetObject_get_object_modified_success(**given):
    play_GetObject_get_object_modified_first_part(**given)


def play_GetObject_get_object_modified_failure(s3, faults, tmp_path, **_):
    first = vector("GetObject/get_object_modified_first_part", bytes(65536))
    assert "400" in download(s3, faults, tmp_path, first, vector("GetObject/get_object_modified_failure"), status=69).stderr


PLAYS = {name.removeprefix("play_"): play for name, play in list(globals().items()) if name.startswith("play_")}


@pytest.mark.parametrize("name", PLAYS)
def test_the_published_reply(s3, upload, faults, tmp_path, name):
    PLAYS[name](s3=s3, upload=upload, faults=faults, tmp_path=tmp_path)


def test_every_published_reply_is_played():
    found = {re.sub("[/.-]", "_", os.path.relpath(path, VECTORS).removesuffix(".json")) for path in VECTORS.rglob("*.json")}
    assert found == set(PLAYS)
