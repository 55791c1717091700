"""ws-gc --remote: generations of shared state and uploads that nobody ended, in the stores of a base's workspaces."""
import json
import os
import time

import pytest

import ws as helpers
from place import Base, base, file_base, make_files  # noqa: F401 (fixtures)


def lines(base, *args, **options):
    return [json.loads(line) for line in base.run("ws-gc", "--json", *args, **options).stdout.splitlines()]


def generation(base, number, hours):
    """One that was put so long ago."""
    key = f"workspaces/w/claude-home.gen/{1_700_000_000_000 + number}-s{number}-{number:09d}.tar.gz"
    base.store.put(key, b"state")
    when = time.time() - hours * 3600
    os.utime(base.store.directory / key, (when, when))
    return key


def generations(base):
    return [key for key in base.store.keys() if "/claude-home.gen/1" in key and "/." not in key]


def test_the_newest_generations_stay_and_young_ones_too(file_base):
    root = file_base.setup("--profile", "session", "--workspace", "w", "--session", "s")
    make_files(root, {"claude-config/x": "y"})
    file_base.teardown(root.name)
    keys = [generation(file_base, number, hours) for number, hours in enumerate([9, 8, 7, 0.5, 0.4, 0])]
    file_base.store.put("workspaces/w/claude-home.conflict-s-1700000000000.tar.gz", b"somebody's work")
    arguments = ["--remote", "2"]
    dry = lines(file_base, "--dry-run", *arguments)
    (line,) = [line for line in dry if line["action"] == "prune"]
    assert (line["reason"], line["entries"], line["detail"]) == ("generations", 3, "workspaces/w/claude-home.tar.gz")
    assert generations(file_base) == keys
    ran = lines(file_base, *arguments)
    assert [line for line in ran if "action" in line] == dry and ran[-1]["pruned"] == 3
    assert generations(file_base) == keys[3:] and any(".conflict-" in key for key in file_base.store.keys())
    assert not [line for line in lines(file_base, *arguments) if line.get("action") == "prune"]
    assert (file_base.setup("--restore", root.name) / "claude-config/x").read_text() == "y"


def test_without_being_asked_no_store_is_looked_at(file_base):
    root = file_base.setup("--profile", "session", "--workspace", "w", "--session", "s")
    file_base.teardown(root.name)
    keys = [generation(file_base, number, 9 - number) for number in range(6)]
    assert not [line for line in lines(file_base) if line.get("action") == "prune"] and generations(file_base) == keys


@pytest.mark.parametrize("kind", ["swift", "ceph"])
def test_uploads_that_nobody_ended_are_aborted_by_age(ws, tmp_path, servers, kind):
    store = helpers.S3Store(helpers.S3(kind, servers(kind)))
    base = Base(ws, tmp_path / "base", store)
    base.setup("--id", "t1")
    begin = store.s3.client.create_multipart_upload
    upload = begin(Bucket=store.bucket, Key="p/tasks/t9.tar.gz")
    store.s3.client.upload_part(Bucket=store.bucket, Key="p/tasks/t9.tar.gz", UploadId=upload["UploadId"], PartNumber=1, Body=b"part")
    theirs = ["elsewhere/x", "p/theirs/x"]
    for key in theirs:
        begin(Bucket=store.bucket, Key=key)

    def left():
        return [entry["Key"] for entry in store.s3.client.list_multipart_uploads(Bucket=store.bucket).get("Uploads", [])]

    assert not [line for line in lines(base, "--remote", "4") if line.get("action") == "abort"] and len(left()) == 3
    time.sleep(1.1)  # the server's times are whole seconds, and may be rounded up
    (line,) = [line for line in lines(base, "--remote", "4", "--remote-age", "0s", "--dry-run") if line["action"] == "abort"]
    assert (line["name"], line["entries"]) == (store.url, 1) and len(left()) == 3
    assert lines(base, "--remote", "4", "--remote-age", "0s")[-1]["pruned"] == 1 and left() == theirs


def test_a_store_that_cannot_be_asked_is_told_and_the_rest_goes_on(ws, tmp_path):
    base = Base(ws, tmp_path / "base")
    base.env["AWS_ENDPOINT_URL_S3"] = "http://127.0.0.1:9"
    base.env.update({"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "r", "AWS_MAX_ATTEMPTS": "1"})
    (tmp_path / "base").mkdir()
    base.setup("--id", "t1", "--ephemeral")
    path = base.path / ".ws/t1/record.json"
    path.write_text(path.read_text().replace('"store": ""', '"store": "s3://b/p"'))
    result = base.run("ws-gc", "--remote", "2", "--older", "0s", "--json")
    assert "uploads of s3://b/p" in result.stderr and '"trashed":1' in result.stdout
