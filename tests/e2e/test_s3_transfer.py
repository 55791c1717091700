"""The transfer engine of ws-s3: conditions, integrity, interruption, resumption."""
import os
import threading

import pytest
from faults import error, reply, through
from test_s3_faults import LARGE, MIB, bucket, ceph, noise, page, scripted, spoilt  # noqa: F401

HONOURED = {  # by uploads of one part, and of several
    "swift": {"--if-none-match": (False, True), "--if-match": (False, False)},
    "swift238": {"--if-none-match": (True, True), "--if-match": (False, False)},
    "ceph": {"--if-none-match": (True, False), "--if-match": (True, False)},
}


def scan(faults, pattern):
    return [request.method for request in faults.seen("*", pattern)]


# ---- conditions ----


@pytest.mark.parametrize("parts", [False, True])
def test_an_upload_with_a_condition_is_made_where_the_server_honours_it_and_refused_elsewhere(s3, ws, tmp_path, parts):
    where, size = s3.bucket(), LARGE if parts else 10
    (tmp_path / "f").write_bytes(noise(size))
    s3.put(where, "there", b"old")
    put = lambda *args, **options: ws("ws-s3", "put", *args, env=s3.env, **options)  # noqa: E731
    for option, value in ("--if-none-match", []), ("--if-match", [s3.client.head_object(Bucket=where, Key="there")["ETag"].strip('"')]):
        if not HONOURED[s3.kind][option][parts]:
            result = put(option, *value, tmp_path / "f", f"s3://{where}/d/k", status=69)
            assert "does not honour If-" in result.stderr
            continue
        if option == "--if-none-match":
            put(option, tmp_path / "f", f"s3://{where}/new")
            assert s3.get(where, "new") == noise(size)
            put(option, tmp_path / "f", f"s3://{where}/there", status=73)
            assert s3.get(where, "there") == b"old"
        else:
            put(option, "0" * 32, tmp_path / "f", f"s3://{where}/there", status=73)
            put(option, *value, tmp_path / "f", f"s3://{where}/there")
            assert s3.get(where, "there") == noise(size)
    assert not [key for key in s3.keys(where) if "probe" in key] and not s3.client.list_multipart_uploads(Bucket=where).get("Uploads")


def test_a_condition_is_tried_once_per_process(spoilt, ceph, bucket, faults, tmp_path):
    names = ["a", "b", "c"]
    for name in names:
        (tmp_path / name).write_text("same")
    spoilt("put", "--if-none-match", *(tmp_path / name for name in names), f"s3://{bucket}/d/")
    assert scan(faults, "probe") == ["PUT", "PUT", "HEAD", "DELETE"] and ceph.keys(bucket) == ["d/a", "d/b", "d/c"]


def test_a_conflict_with_ourselves_after_a_lost_answer_is_success_and_with_others_is_none(spoilt, ceph, bucket, faults, tmp_path):
    (tmp_path / "f").write_text("same")
    faults.on("PUT", "/ours", through(silent=True, then="reset"))
    spoilt("put", "--if-none-match", tmp_path / "f", f"s3://{bucket}/ours")
    assert len(faults.seen("PUT", "/ours")) == 2
    others = lambda: ceph.put(bucket, "theirs", b"same")  # noqa: E731
    faults.on("PUT", "/theirs", error(500, "InternalError", meanwhile=others))
    spoilt("put", "--if-none-match", tmp_path / "f", f"s3://{bucket}/theirs", status=73)


def test_what_could_not_be_tried_is_not_taken_for_a_yes(scripted, faults, tmp_path):
    (tmp_path / "f").write_text("x")
    faults.on("PUT", "ws-probe", error(403, "AccessDenied"))
    faults.on("DELETE", "ws-probe", reply(204))
    result = scripted("put", "--if-none-match", tmp_path / "f", "s3://b/k", status=77)
    assert "whether the server honours If-None-Match" in result.stderr and faults.seen("PUT", "/k") == []


# ---- uploads ----


def test_success_without_an_etag_is_not_believed_before_the_object_is_seen(scripted, faults, tmp_path):
    (tmp_path / "f").write_text("12345")
    faults.on("PUT", "/k", reply(200), times=3)
    faults.on("HEAD", "/k", reply(200, b"", {"ETag": '"e"'}, length=5), reply(200, b"", {"ETag": '"e"'}, length=4), reply(404))
    faults.on("GET", "/k", error(404, "NoSuchKey"))
    scripted("put", tmp_path / "f", "s3://b/k")
    assert "another size" in scripted("put", tmp_path / "f", "s3://b/k", status=65).stderr
    assert "no ETag" in scripted("put", tmp_path / "f", "s3://b/k", status=75).stderr


@pytest.mark.parametrize("size", [1000, LARGE])
def test_a_file_that_changes_between_two_tries_is_not_sent_with_the_hash_of_the_old_one(spoilt, ceph, bucket, faults, tmp_path, size):
    (tmp_path / "f").write_bytes(noise(size))

    def change():
        (tmp_path / "f").write_bytes(noise(size)[::-1])
        os.utime(tmp_path / "f", (1, 1))

    faults.on("PUT", "/k", error(500, "InternalError", meanwhile=change))
    result = spoilt("put", "--jobs", "1", tmp_path / "f", f"s3://{bucket}/k", status=73)
    assert "changed while it was read" in result.stderr and ceph.keys(bucket) == []
    assert [len(request.body) for request in faults.seen("PUT", "/k")[1:]] in ([], [0])  # a head may have gone ahead
