"""ws-s3 sync, mv and du on real servers: what is copied, what is deleted, and above all what is not."""
import json
import os
import time

import pytest
from memory_s3 import MemoryS3

MIB = 1 << 20

# Names whose order differs between paths and directory entries, and odd ones.
NAMES = ["a-b", "a.txt", "a/1", "a/2/x", "a/2.x", "a0", "b", "ü/ö", "with space", "zz+%41"]


def write(root, files):
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())


def read(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def actions(result):
    return sorted((line["action"], line["source"].rsplit("/", 1)[-1]) for line in map(json.loads, result.stdout.splitlines()))


def test_a_tree_goes_up_and_a_second_time_nothing_happens(s3, bucket, s3cmd, tmp_path):
    write(tmp_path / "src", {name: name for name in NAMES})
    first = s3cmd("sync", "--json", tmp_path / "src", f"s3://{bucket}/p")
    assert len(actions(first)) == len(NAMES)
    assert s3.keys(bucket) == sorted((f"p/{name}" for name in NAMES), key=str.encode)
    assert s3cmd("sync", "--json", "--delete", tmp_path / "src", f"s3://{bucket}/p").stdout == ""
    (tmp_path / "src/a/1").write_text("longer than before")
    (tmp_path / "src/b").write_text("B")  # same size, other content, newer
    os.utime(tmp_path / "src/b", (time.time() + 60, time.time() + 60))
    os.utime(tmp_path / "src/a0", (time.time() + 60, time.time() + 60))  # newer, same content
    assert actions(s3cmd("sync", "--json", tmp_path / "src", f"s3://{bucket}/p")) == [("upload", "1"), ("upload", "b")]
    assert s3.get(bucket, "p/b") == b"B"


def test_a_prefix_comes_down_with_its_times_and_a_second_time_nothing_happens(s3, bucket, s3cmd, tmp_path):
    for name in NAMES:
        s3.put(bucket, f"p/{name}", name.encode())
    s3.put(bucket, "p/dir/", b"")
    s3cmd("sync", f"s3://{bucket}/p/", tmp_path / "down")
    assert read(tmp_path / "down") == {name: name.encode() for name in NAMES}
    modified = s3.client.head_object(Bucket=bucket, Key="p/b")["LastModified"].timestamp()
    assert abs((tmp_path / "down/b").stat().st_mtime - modified) <= 1
    assert s3cmd("sync", "--json", "--delete", f"s3://{bucket}/p", tmp_path / "down").stdout == ""
    assert s3cmd("sync", "--json", "--delete", tmp_path / "down", f"s3://{bucket}/p").stdout == ""
    os.truncate(tmp_path / "down/b", 0)
    assert actions(s3cmd("sync", "--json", f"s3://{bucket}/p", tmp_path / "down")) == [("download", "b")]


def test_buckets_are_made_alike_by_the_server(s3, bucket, s3cmd):
    other = s3.bucket()
    for name in NAMES:
        s3.put(bucket, f"p/{name}", name.encode())
    s3.put(other, "q/extra", b"x")
    s3.put(other, "elsewhere", b"x")
    s3cmd("sync", "--delete", f"s3://{bucket}/p", f"s3://{other}/q")
    assert s3.keys(other) == sorted(["elsewhere", *(f"q/{name}" for name in NAMES)], key=str.encode)
    assert s3cmd("sync", "--json", f"s3://{bucket}/p", f"s3://{other}/q").stdout == ""


def test_delete_removes_what_the_source_does_not_have_and_nothing_else(s3, bucket, s3cmd, tmp_path):
    write(tmp_path / "src", {"keep": "1", "sub/new": "2"})
    for key in ("p/keep", "p/old", "p/sub/old", "p/log/x.log", "pq", "other"):
        s3.put(bucket, key, b"1")
    args = ["sync", "--delete", "--exclude", "*.log", tmp_path / "src", f"s3://{bucket}/p"]
    assert actions(s3cmd(*args, "--dry-run", "--json")) == [("delete", "old"), ("delete", "old"), ("upload", "new")]
    assert "p/old" in s3.keys(bucket) and "p/sub/new" not in s3.keys(bucket)
    s3cmd(*args)
    assert s3.keys(bucket) == ["other", "p/keep", "p/log/x.log", "p/sub/new", "pq"]
    write(tmp_path / "src", {"extra": "x", "deep/er/extra": "x", "stay.log": "x"})
    s3cmd("sync", "--delete", "--exclude", "*.log", f"s3://{bucket}/p", tmp_path / "src")
    assert read(tmp_path / "src") == {"keep": b"1", "sub/new": b"2", "stay.log": b"x"}


def test_delete_refuses_a_source_that_is_empty_or_missing(s3, bucket, s3cmd, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full/f").write_text("x")
    s3.put(bucket, "p/k", b"x")
    assert "nothing in it" in s3cmd("sync", "--delete", tmp_path / "empty", f"s3://{bucket}/p", status=69).stderr
    s3cmd("sync", "--delete", tmp_path / "missing", f"s3://{bucket}/p", status=66)
    s3cmd("sync", "--delete", "--include", "*.none", tmp_path / "full", f"s3://{bucket}/p", status=69)
    s3cmd("sync", "--delete", f"s3://{bucket}/nothing", f"s3://{bucket}/p", status=69)
    s3cmd("sync", "--delete", f"s3://{bucket}-missing/", f"s3://{bucket}/p", status=66)
    s3cmd("sync", "--delete", f"s3://{bucket}/nothing", tmp_path / "full", status=69)
    assert s3.keys(bucket) == ["p/k"] and read(tmp_path / "full") == {"f": b"x"}


def test_max_delete_and_failures_keep_everything(s3, bucket, s3cmd, tmp_path):
    write(tmp_path / "src", {"f": "x"})
    for number in range(5):
        s3.put(bucket, f"p/old{number}", b"x")
    result = s3cmd("sync", "--delete", "--max-delete", "4", tmp_path / "src", f"s3://{bucket}/p", status=69)
    assert "5 objects" in result.stderr and "none was deleted" in result.stderr
    s3cmd("sync", "--delete", "--max-delete", "0", tmp_path / "src", f"s3://{bucket}/p", status=69)
    assert len(s3.keys(bucket)) == 6
    (tmp_path / "src" / os.fsdecode(b"not-utf8-\xff")).write_text("x")
    result = s3cmd("sync", "--delete", tmp_path / "src", f"s3://{bucket}/p", status=1)
    assert "nothing was deleted" in result.stderr and len(s3.keys(bucket)) == 6
    os.unlink(tmp_path / "src" / os.fsdecode(b"not-utf8-\xff"))
    s3cmd("sync", "--delete", "--max-delete", "5", tmp_path / "src", f"s3://{bucket}/p")
    assert s3.keys(bucket) == ["p/f"]


@pytest.mark.parametrize("way", ["up", "down", "across"])
def test_a_change_of_the_same_size_right_behind_a_copy_is_seen(s3, bucket, s3cmd, tmp_path, way):
    """Its time may be that of the copy, or before: to a server that counts seconds, and rounds up, the copy is of later."""
    (tmp_path / "local").mkdir()
    source = tmp_path / "local" if way == "up" else f"s3://{bucket}/from"
    target = tmp_path / "local" if way == "down" else f"s3://{bucket}/to"
    for content in (b"one", b"two", b"six", b"ten"):
        if way == "up":
            (tmp_path / "local/f").write_bytes(content)
        else:
            s3.put(bucket, "from/f", content)
        s3cmd("sync", source, target)
        assert (s3.get(bucket, "to/f") if way != "down" else (tmp_path / "local/f").read_bytes()) == content
        assert s3cmd("sync", "--json", source, target).stdout == ""


def test_delete_keeps_what_a_link_in_the_source_may_stand_for(s3, bucket, s3cmd, tmp_path):
    """Another tool, which follows links, may have put it there."""
    write(tmp_path / "src", {"f": "x", "data-2": "x", "sub/g": "x"})
    for name, target in (("data", "/elsewhere"), ("sub/link", "../f"), ("dir", "sub")):
        (tmp_path / "src" / name).symlink_to(target)
    os.mkfifo(tmp_path / "src/pipe")
    kept = ["p/data/1", "p/data/deep/er", "p/dir/g", "p/pipe", "p/sub/link"]
    for key in [*kept, "p/data-1", "p/data.old", "p/gone", "p/f/below-a-file", "p/sub/linked"]:
        s3.put(bucket, key, b"x")
    plan = s3cmd("sync", "-n", "--json", "--delete", tmp_path / "src", f"s3://{bucket}/p")
    result = s3cmd("sync", "--json", "--delete", "--max-delete=5", tmp_path / "src", f"s3://{bucket}/p")
    assert sorted(actions(plan)) == sorted(actions(result))
    assert f"5 objects of s3://{bucket}/p stay: in {tmp_path}/src there are links in their places" in result.stderr
    assert s3.keys(bucket) == sorted([*kept, "p/f", "p/data-2", "p/sub/g"])


def test_checksum_looks_at_content_and_size_only_at_sizes(s3, bucket, s3cmd, tmp_path):
    large = os.urandom(20 * MIB)
    write(tmp_path / "src", {"f": "new", "large": large})
    s3cmd("sync", tmp_path / "src", f"s3://{bucket}/p")
    (tmp_path / "src/f").write_text("NEW")
    os.utime(tmp_path / "src/f", (1, 1))  # older than the object
    assert s3cmd("sync", "--json", tmp_path / "src", f"s3://{bucket}/p").stdout == ""
    assert s3cmd("sync", "--json", "--size-only", tmp_path / "src", f"s3://{bucket}/p").stdout == ""
    assert actions(s3cmd("sync", "--json", "-c", tmp_path / "src", f"s3://{bucket}/p")) == [("upload", "f")]
    large_etag = s3.client.head_object(Bucket=bucket, Key="p/large")["ETag"]
    if "-" in large_etag:
        assert s3cmd("sync", "--json", "-c", tmp_path / "src", f"s3://{bucket}/p").stdout == ""


def test_checksum_compares_downwards_and_between_buckets_too(s3, bucket, s3cmd, tmp_path):
    s3.put(bucket, "p/f", b"new")
    s3.put(bucket, "q/f", b"old")
    write(tmp_path / "down", {"f": "old"})
    for target in (f"s3://{bucket}/q", tmp_path / "down"):
        assert s3cmd("sync", "--json", "--size-only", f"s3://{bucket}/p", target).stdout == ""
        assert len(actions(s3cmd("sync", "--json", "-c", f"s3://{bucket}/p", target))) == 1
        assert s3cmd("sync", "--json", "-c", f"s3://{bucket}/p", target).stdout == ""
    assert s3.get(bucket, "q/f") == b"new" and read(tmp_path / "down") == {"f": b"new"}


def test_what_is_older_than_the_target_is_not_looked_at_without_checksum(ws, tmp_path):
    memory = MemoryS3(shift_s=-3).start()
    env = {"AWS_ENDPOINT_URL_S3": memory.url, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
    try:
        memory.put("b", "p/f", b"new")
        memory.shift_s = 0
        memory.put("b", "q/f", b"old")
        write(tmp_path / "down", {"f": "old"})
        write(tmp_path / "up", {"f": "new"})
        os.utime(tmp_path / "up/f", (time.time() - 3, time.time() - 3))
        for source, target in (("s3://b/p", tmp_path / "down"), (tmp_path / "up", "s3://b/q"), ("s3://b/p", "s3://b/q")):
            assert ws("ws-s3", "sync", "--json", source, target, env=env).stdout == ""
            assert len(actions(ws("ws-s3", "sync", "-n", "--json", "-c", source, target, env=env))) == 1
    finally:
        memory.stop()


def test_sync_crosses_pages_in_both_directions(s3, bucket, s3cmd, tmp_path):
    files = {f"{number % 7}/{number:04}": b"x" for number in range(1100)}
    write(tmp_path / "src", files)
    s3cmd("sync", tmp_path / "src", f"s3://{bucket}/")
    assert s3cmd("sync", "--json", "--delete", tmp_path / "src", f"s3://{bucket}/").stdout == ""
    for number in range(0, 1100, 2):
        (tmp_path / f"src/{number % 7}/{number:04}").unlink()
    assert len(s3cmd("sync", "--json", "--delete", tmp_path / "src", f"s3://{bucket}/").stdout.splitlines()) == 550
    assert s3.keys(bucket) == sorted(f"{number % 7}/{number:04}" for number in range(1, 1100, 2))


def test_a_key_that_would_leave_the_directory_is_refused_and_nothing_is_deleted(s3, bucket, s3cmd, tmp_path, canary):
    for key in ("p/ok", "p/../canary/zero", "p/a//b"):
        s3.put(bucket, key, b"evil")
    write(tmp_path / "into", {"extra": "x"})
    result = s3cmd("sync", "--delete", f"s3://{bucket}/p", tmp_path / "into", status=1)
    assert result.stderr.count("no path below a directory") == 2 and "nothing was deleted" in result.stderr
    assert sorted(read(tmp_path / "into")) == ["extra", "ok"]


# ---- mv ----


def test_mv_moves_files_up_objects_down_and_objects_about(s3, bucket, s3cmd, tmp_path):
    write(tmp_path / "src", {"f": "1", "d/g": "2"})
    s3cmd("mv", tmp_path / "src/f", f"s3://{bucket}/f")
    assert not (tmp_path / "src/f").exists() and s3.get(bucket, "f") == b"1"
    s3cmd("mv", "-r", tmp_path / "src", f"s3://{bucket}/tree")
    assert read(tmp_path / "src") == {} and s3.get(bucket, "tree/d/g") == b"2"
    s3cmd("mv", f"s3://{bucket}/f", f"s3://{bucket}/sub/")
    assert s3.keys(bucket) == ["sub/f", "tree/d/g"]
    s3cmd("mv", "-r", f"s3://{bucket}/tree", f"s3://{bucket}/tree2")
    assert s3.keys(bucket) == ["sub/f", "tree2/d/g"]
    s3cmd("mv", f"s3://{bucket}/sub/f", tmp_path / "back")
    s3cmd("mv", "-r", f"s3://{bucket}/tree2", tmp_path / "all")
    assert s3.keys(bucket) == [] and read(tmp_path / "all") == {"d/g": b"2"} and (tmp_path / "back").read_text() == "1"


def test_mv_refuses_to_move_a_thing_onto_itself(s3, bucket, s3cmd):
    for key in ("d/k", "d/sub/k"):
        s3.put(bucket, key, b"x")
    for source, target in [("d/k", "d/k"), ("d/k", "d/")]:
        s3cmd("mv", f"s3://{bucket}/{source}", f"s3://{bucket}/{target}", status=64)
    s3cmd("mv", "-r", f"s3://{bucket}/d", f"s3://{bucket}/d/sub/", status=64)
    s3cmd("mv", "-r", f"s3://{bucket}/", f"s3://{bucket}/x/", status=64)
    s3cmd("mv", f"s3://{bucket}/d/*", f"s3://{bucket}/d/other/", status=64)
    s3cmd("mv", f"s3://{bucket}/absent", f"s3://{bucket}/x", status=66)
    assert s3.keys(bucket) == ["d/k", "d/sub/k"]


def test_a_move_that_fails_leaves_the_source(s3, bucket, s3cmd, tmp_path):
    (tmp_path / "f").write_text("x")
    s3cmd("mv", tmp_path / "f", f"s3://{bucket}-missing/f", status=66)
    assert (tmp_path / "f").read_text() == "x"
    s3.put(bucket, "k", b"x")
    s3cmd("mv", f"s3://{bucket}/k", tmp_path / "no/such/dir/k", status=66)
    assert s3.keys(bucket) == ["k"]
    (tmp_path / "link").symlink_to("f")
    assert "stays" in s3cmd("mv", tmp_path / "link", f"s3://{bucket}/l", status=73).stderr
    assert (tmp_path / "link").is_symlink() and (tmp_path / "f").exists()


# ---- selection, du ----


def test_include_and_exclude_choose_names_in_every_verb_over_many(s3, bucket, s3cmd, tmp_path):
    names = ["a.txt", "b.log", "sub/c.txt", "sub/secret.txt"]
    write(tmp_path / "src", {name: "12345" for name in names})
    choice = ["--include", "*.txt", "--exclude", "*secret*"]
    s3cmd("cp", "-r", *choice, tmp_path / "src", f"s3://{bucket}/p")
    assert s3.keys(bucket) == ["p/a.txt", "p/sub/c.txt"]
    s3cmd("sync", tmp_path / "src", f"s3://{bucket}/p")
    (line,) = map(json.loads, s3cmd("du", "--json", *choice, f"s3://{bucket}/p").stdout.splitlines())
    assert line == {"path": f"s3://{bucket}/p", "objects": 2, "size": 10}
    shown = {place: s3cmd("ls", *choice, f"s3://{bucket}/{place}").stdout.split()[-1] for place in ("p/sub/", "p/*c*")}
    assert shown == {"p/sub/": "c.txt", "p/*c*": "p/sub/c.txt"}
    s3cmd("ls", "-r", "--include", "a*", f"s3://{bucket}/p/sub/", status=66)
    s3cmd("cp", "-r", *choice, f"s3://{bucket}/p", tmp_path / "down")
    assert sorted(read(tmp_path / "down")) == ["a.txt", "sub/c.txt"]
    s3cmd("mv", "-r", *choice, f"s3://{bucket}/p", f"s3://{bucket}/q")
    s3cmd("rm", "-r", "--include", "*.log", f"s3://{bucket}/")
    assert s3.keys(bucket) == ["p/sub/secret.txt", "q/a.txt", "q/sub/c.txt"]
    assert "--include" in s3cmd("rm", "-r", "--exclude", "*", f"s3://{bucket}/", status=64).stderr


def test_du_adds_up(s3, bucket, s3cmd):
    for key, size in {"a": 1, "d/x": 1024, "d/y": 3 * 1024}.items():
        s3.put(bucket, key, b"x" * size)
    assert s3cmd("du", f"s3://{bucket}").stdout.split() == ["4097", "3", "objects", f"s3://{bucket}"]
    assert s3cmd("du", "-H", f"s3://{bucket}/d/").stdout.split()[:4] == ["4.0", "KiB", "2", "objects"]
    assert s3cmd("du", f"s3://{bucket}/none").stdout.split()[:2] == ["0", "0"]
    s3cmd("du", f"s3://{bucket}-missing", status=66)


# ---- uploads ----


def test_uploads_lists_and_aborts_what_nobody_ended(s3, bucket, s3cmd):
    keys = ["a", "dir/b+ü c", "dir/d"]
    for key in keys:
        begun = s3.client.create_multipart_upload(Bucket=bucket, Key=key)
        s3.client.upload_part(Bucket=bucket, Key=key, UploadId=begun["UploadId"], PartNumber=1, Body=b"x" * 100)
    listed = [json.loads(line) for line in s3cmd("uploads", "--json", f"s3://{bucket}").stdout.splitlines()]
    assert [entry["key"] for entry in listed] == keys and all(entry["upload_id"] for entry in listed)
    assert len(s3cmd("uploads", f"s3://{bucket}/dir/").stdout.splitlines()) == 2
    assert s3cmd("uploads", "--older", "1h", f"s3://{bucket}").stdout == ""
    s3cmd("uploads", "--abort", f"s3://{bucket}")  # only those of yesterday
    assert len(s3cmd("uploads", "--abort", "--older", "0", "-n", f"s3://{bucket}").stdout.splitlines()) == 3
    s3cmd("uploads", "--abort", "--older", "0", f"s3://{bucket}/dir/")
    assert [upload["Key"] for upload in s3.client.list_multipart_uploads(Bucket=bucket)["Uploads"]] == ["a"]
    s3cmd("uploads", "--abort", "--older", "0", f"s3://{bucket}")
    assert not s3.client.list_multipart_uploads(Bucket=bucket).get("Uploads")
    s3cmd("uploads", f"s3://{bucket}-missing", status=66)


def test_uploads_of_more_than_a_page_are_all_found(faults, ws):
    def page(keys, more):
        uploads = "".join(
            f"<Upload><Key>{key}</Key><UploadId>id-{key}</UploadId><Initiated>2020-01-01T00:00:00.000Z</Initiated></Upload>" for key in keys
        )
        end = f"<IsTruncated>true</IsTruncated><NextKeyMarker>{keys[-1]}</NextKeyMarker><NextUploadIdMarker>id</NextUploadIdMarker>"
        return f"<ListMultipartUploadsResult>{end if more else '<IsTruncated>false</IsTruncated>'}{uploads}</ListMultipartUploadsResult>".encode()

    from faults import reply

    faults.play(reply(200, page(["a", "b"], True)), reply(200, page(["c"], False)), reply(200, page(["a"], True)), reply(200, page(["a"], True)))
    env = {"AWS_ENDPOINT_URL": faults.url, "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1"}
    assert [line.split()[2] for line in ws("ws-s3", "uploads", "s3://b", env=env).stdout.splitlines()] == ["a", "b", "c"]
    assert "key-marker=b" in faults.requests[1].target
    assert "repeats itself" in ws("ws-s3", "uploads", "s3://b", env=env, status=65).stderr


# ---- run and probe ----


def test_run_executes_every_line_and_names_those_that_fail(s3, bucket, s3cmd, tmp_path):
    write(tmp_path / "src", {f"file {number}": str(number) for number in range(40)})
    commands = "".join(f"cp '{tmp_path}/src/file {number}' \"s3://{bucket}/k \\\"{number}\\\"\"\n" for number in range(40))
    (tmp_path / "list").write_text(f"# many\n\n{commands}stat s3://{bucket}/absent # not there\n  cp too-few\nnonsense\nrun x\n")
    result = s3cmd("run", tmp_path / "list", status=1)
    assert sorted(s3.keys(bucket)) == sorted(f'k "{number}"' for number in range(40))
    for line in ("line 43: head", "line 44: too few", "line 45: there is no command", "line 46: there is no command", "4 of 44 commands failed"):
        assert line in result.stderr, result
    result = s3cmd("run", "--parallel", "1", "-", input=f"rm -r s3://{bucket}/\nls s3://{bucket}/")
    assert s3.keys(bucket) == []
    s3cmd("run", tmp_path / "absent", status=66)
    assert "quote" in s3cmd("run", "-", input="cp 'x y\n", status=1).stderr
    assert "standard input" in s3cmd("run", "-", input=f"cp - s3://{bucket}/x\n", status=1).stderr


def test_run_uses_few_connections_for_many_commands(faults, ws):
    from faults import reply

    faults.on("GET", "", reply(200, b"12345", {"ETag": '"x"'}), times=50)
    env = {"AWS_ENDPOINT_URL": faults.url, "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1"}
    ws("ws-s3", "run", "--parallel", "2", "-", env=env, input="".join(f"cat s3://b/{number}\n" for number in range(50)))
    assert len(faults.requests) == 50 and faults.connections <= 2


SEEN = {  # what servers.md found by other means
    "swift": {"put-if-none-match": "no", "put-if-match": "no", "complete-if-none-match": "yes", "complete-if-match": "no", "checksum-crc32c": "no", "checksum-crc64nvme": "no"},
    "swift238": {"put-if-none-match": "yes", "put-if-match": "no", "checksum-crc32c": "yes", "checksum-crc64nvme": "no"},
    "ceph20": {"put-if-none-match": "yes", "put-if-match": "yes", "checksum-crc32c": "no", "checksum-crc64nvme": "no"},
    "ceph": {"put-if-none-match": "yes", "put-if-match": "yes", "checksum-crc32c": "no", "checksum-crc64nvme": "no"},
}


def test_probe_tells_what_the_server_does_and_how_it_was_found(s3, bucket, s3cmd):
    found = {line["what"]: line for line in map(json.loads, s3cmd("probe", "--json", f"s3://{bucket}").stdout.splitlines())}
    answers = {what: line["answer"] for what, line in found.items()}
    expected = {"list-v2": "yes", "content-md5": "yes", "multipart-copy": "yes", "delete-objects": "yes", **SEEN[s3.kind]}
    assert {what: answers.get(what) for what in expected} == expected, found
    assert answers["virtual-host"] in ("yes", "no", "unknown") and all(line["how"] for line in found.values())
    assert s3.keys(bucket) == [] and not s3.client.list_multipart_uploads(Bucket=bucket).get("Uploads")
    s3cmd("probe", f"s3://{bucket}-missing", status=66)


def test_probe_says_whether_the_bucket_may_be_in_the_host_name(s3, bucket, s3cmd, ws, faults):
    from faults import error

    answer = lambda result: {line["what"]: line["answer"] for line in map(json.loads, result.stdout.splitlines())}["virtual-host"]  # noqa: E731
    where = f"{s3.endpoint.split(':')[0]}://{s3.vhost_domain}:{s3.endpoint.rsplit(':', 1)[1]}"
    # A wildcard right below a top-level name counts for nothing in a certificate.
    assert answer(s3cmd("probe", "--json", "--endpoint-url", where, f"s3://{bucket}")) == ("unknown" if s3.tls else "yes")
    faults.backend = s3.plain_endpoint
    faults.on("GET", "^/[?]list-type", error(404, "NoSuchBucket"))
    env = {**s3.env, "AWS_ENDPOINT_URL_S3": f"http://localhost:{faults.port}"}
    assert answer(ws("ws-s3", "probe", "--json", f"s3://{bucket}", env=env)) == "no"
    assert faults.seen("GET", "^/[?]list-type")[0].headers["host"] == f"{bucket}.localhost:{faults.port}"
