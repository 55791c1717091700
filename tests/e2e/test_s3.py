"""ws-s3 against real servers: what it writes others read, what others write it reads."""
import json
import os
import re
import socket
import urllib.error
import urllib.request
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import urlsplit

import pytest

from ws import lines

MIB = 1 << 20
LARGE = 20 * MIB + 12345  # three parts
ODD_KEYS = [
    "plain",
    "кириллица/日本語/ü",
    "with space and  two",
    "plus+plus",
    "pct%41%zz%2F",
    "amp&lt<gt>\"quote'",
    "a//double",
    "semi;colon:at@eq=dollar$,",
    "q?hash#x",
    "tilde~star*(paren)!",
    "back\\slash",
    "bracket[a-z]{b}^`|",
    "dot/./x",
    "dot/../y",
    "tab\tnewline\nx",
    "long/" + "k" * 1019,
]


def noise(size, seed=b"ws"):
    import hashlib

    return hashlib.shake_128(seed).digest(size)


def unfinished(s3, bucket):
    return s3.client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])


# ---- one object ----


@pytest.mark.parametrize("size", [0, 1, 100_000, LARGE])
def test_a_file_goes_up_and_comes_down(s3, bucket, s3cmd, tmp_path, size):
    data = noise(size)
    (tmp_path / "file").write_bytes(data)
    s3cmd("put", tmp_path / "file", f"s3://{bucket}/dir/")
    assert s3.get(bucket, "dir/file") == data
    s3cmd("get", f"s3://{bucket}/dir/file", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == data
    assert not unfinished(s3, bucket)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "home") == ["back", "file"]


@pytest.mark.parametrize("size", [0, 5, 8 * MIB, LARGE])
def test_standard_input_and_output_are_objects(s3, bucket, s3cmd, tmp_path, size):
    data = noise(size)
    s3cmd("cp", "-", f"s3://{bucket}/k", input=data)
    assert s3.get(bucket, "k") == data
    assert s3cmd("cp", f"s3://{bucket}/k", "-").output == data
    s3cmd("put", "-", f"s3://{bucket}/put", input=data)
    assert s3cmd("get", f"s3://{bucket}/put", "-").output == data
    assert s3cmd("cat", f"s3://{bucket}/k", f"s3://{bucket}/k").output == data * 2
    assert not unfinished(s3, bucket)


def test_awscli_reads_what_we_write_and_the_other_way_round(bucket, s3cmd, aws, tmp_path):
    (tmp_path / "file").write_bytes(noise(LARGE))
    s3cmd("cp", "--content-type", "text/x-ws", tmp_path / "file", f"s3://{bucket}/ours")
    aws("s3", "cp", f"s3://{bucket}/ours", tmp_path / "theirs")
    assert (tmp_path / "theirs").read_bytes() == noise(LARGE)
    aws("s3", "cp", tmp_path / "file", f"s3://{bucket}/theirs")
    assert s3cmd("cat", f"s3://{bucket}/theirs").output == noise(LARGE)
    head = json.loads(aws("s3api", "head-object", "--bucket", bucket, "--key", "ours").stdout)
    assert (head["ContentType"], head["ContentLength"]) == ("text/x-ws", LARGE)


def test_any_key_is_written_listed_read_and_removed(s3, bucket, s3cmd):
    for key in ODD_KEYS:
        url = f"s3://{bucket}/{key}"
        s3cmd("cp", "-", url, input=key.encode())
        assert s3.get(bucket, key) == key.encode()
        assert s3cmd("cat", "--raw", url).output == key.encode()
    assert [entry["key"] for entry in lines(s3cmd("ls", "-r", "--json", f"s3://{bucket}"))] == s3.keys(bucket)
    assert s3.keys(bucket) == sorted(ODD_KEYS)
    s3cmd("rm", "--raw", *[f"s3://{bucket}/{key}" for key in ODD_KEYS[::2]])
    assert s3.keys(bucket) == sorted(ODD_KEYS[1::2])
    s3cmd("rm", "-r", f"s3://{bucket}/")
    assert s3.keys(bucket) == []


def test_stat_tells_what_the_server_knows(s3, bucket, s3cmd):
    s3.put(bucket, "k", b"12345", ContentType="text/plain")
    (entry,) = lines(s3cmd("stat", "--json", f"s3://{bucket}/k"))
    expected = {"bucket": bucket, "key": "k", "size": 5, "content_type": "text/plain", "storage_class": "STANDARD"}
    assert {**entry, **expected} == entry
    assert entry["etag"] == s3.client.head_object(Bucket=bucket, Key="k")["ETag"].strip('"')
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry["modified"])
    assert "Size:          5\n" in s3cmd("stat", f"s3://{bucket}/k").stdout


def test_a_presigned_url_works_without_credentials(s3, bucket, s3cmd, aws):
    s3.put(bucket, "a b+ü", b"content")
    if s3.tls:
        import ssl

        context = ssl.create_default_context(cafile=s3.ca_file)
    else:
        context = None
    url = s3cmd("presign", f"s3://{bucket}/a b+ü").stdout.strip()
    assert urllib.request.urlopen(url, context=context).read() == b"content"
    put = s3cmd("presign", "--method", "PUT", "--expires", "60s", f"s3://{bucket}/new").stdout.strip()
    place = urlsplit(put)  # urllib's own client adds a Content-Type, which is not signed
    connection = HTTPSConnection(place.netloc, context=context) if s3.tls else HTTPConnection(place.netloc)
    connection.request("PUT", f"{place.path}?{place.query}", b"by url")
    assert connection.getresponse().status == 200
    connection.close()
    assert s3.get(bucket, "new") == b"by url"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url.replace("X-Amz-Expires=3600", "X-Amz-Expires=7200"), context=context)
    assert refused.value.code == 403
    s3cmd("presign", "--expires", "8d", f"s3://{bucket}/k", status=64)


def test_a_failed_download_leaves_the_target_as_it_was(bucket, s3cmd, tmp_path):
    (tmp_path / "target").write_text("old")
    s3cmd("get", f"s3://{bucket}/absent", tmp_path / "target", status=66)
    assert (tmp_path / "target").read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["home", "target"]


# ---- many objects ----


def test_a_tree_goes_up_and_comes_down(s3, bucket, s3cmd, tree, tmp_path):
    source = tree("source", odd=False)
    result = s3cmd("cp", "-r", source, f"s3://{bucket}/up")
    links = [path for path in source.rglob("*") if path.is_symlink()]
    assert f"symbolic links were not followed: {len(links)}" in result.stderr
    files = sorted(path for path in source.rglob("*") if path.is_file() and not path.is_symlink())
    assert s3.keys(bucket) == sorted(f"up/{path.relative_to(source)}" for path in files)
    s3cmd("cp", "-r", f"s3://{bucket}/up", tmp_path / "down")
    down = tmp_path / "down"
    assert {path.relative_to(down): path.read_bytes() for path in down.rglob("*") if path.is_file()} == {
        path.relative_to(source): path.read_bytes() for path in files
    }


def test_globs_in_keys_choose_what_is_listed_copied_and_removed(s3, bucket, s3cmd, tmp_path):
    keys = ["logs/a.log", "logs/b.log", "logs/sub/c.log", "logs/d.txt", "other"]
    for key in keys:
        s3.put(bucket, key, key.encode())
    pattern = f"s3://{bucket}/logs/*.log"
    assert [entry["key"] for entry in lines(s3cmd("ls", "--json", pattern))] == ["logs/a.log", "logs/b.log", "logs/sub/c.log"]
    s3cmd("cp", pattern, f"{tmp_path}/out/")
    assert sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.log")) == ["a.log", "b.log", "sub/c.log"]
    s3cmd("rm", f"s3://{bucket}/logs/[ab].log")
    assert s3.keys(bucket) == ["logs/d.txt", "logs/sub/c.log", "other"]
    s3cmd("ls", f"s3://{bucket}/logs/?.log", status=66)


def test_twice_verbose_shows_each_request_and_its_answer_and_no_secret(s3, bucket, s3cmd):
    s3.put(bucket, "a b", b"1")
    quiet = s3cmd("stat", "-v", f"s3://{bucket}/a b").stderr
    shown = s3cmd("stat", "-vv", f"s3://{bucket}/a b").stderr + s3cmd("ls", "-vv", f"s3://{bucket}/none/", status=66).stderr
    assert "debug:" not in quiet
    assert re.search(rf"^ws-s3: debug: HEAD /{bucket}/a b: 200 in \d+ ms", shown, re.MULTILINE)
    assert re.search(rf"^ws-s3: debug: GET /{bucket}/\?.*prefix=none%2F.*: 200 in \d+ ms", shown, re.MULTILINE)
    assert s3.secret_key not in shown and "Signature" not in shown


def test_ls_shows_one_level_or_everything(s3, bucket, s3cmd):
    for key in ("a", "d/x", "d/y/z"):
        s3.put(bucket, key, b"12")
    time = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
    for where, row, prefix in (("", "a", "d/"), ("/d/", "x", "y/")):
        shown = sorted(s3cmd("ls", f"s3://{bucket}{where}").stdout.splitlines())  # servers differ in the order
        assert re.fullmatch(rf" +PRE {prefix}\n{time} +2 {row}", "\n".join(shown))
    assert [line.split()[-1] for line in s3cmd("ls", "-r", f"s3://{bucket}").stdout.splitlines()] == ["a", "d/x", "d/y/z"]
    assert {entry["bucket"] for entry in lines(s3cmd("ls", "--json"))} >= {bucket}
    assert {"prefix": "d/y/"} in lines(s3cmd("ls", "--json", f"s3://{bucket}/d/"))
    s3cmd("ls", f"s3://{bucket}/nothing", status=66)


def test_more_keys_than_a_page_are_copied_listed_and_removed(s3, bucket, s3cmd, tmp_path):
    names = [f"{number:04}" for number in range(1001)]
    source = tmp_path / "many"
    source.mkdir()
    for name in names:
        (source / name).write_text(name)
    s3cmd("cp", "-r", source, f"s3://{bucket}/")
    assert [entry["key"] for entry in lines(s3cmd("ls", "-r", "--json", f"s3://{bucket}"))] == s3.keys(bucket) == names
    assert len(s3cmd("rm", "-r", "--dry-run", f"s3://{bucket}/").stdout.splitlines()) == len(names)
    assert s3.keys(bucket) == names
    s3cmd("rm", "-r", f"s3://{bucket}/")
    assert s3.keys(bucket) == []


def test_objects_are_copied_by_the_server(s3, bucket, s3cmd):
    other = s3.bucket()
    s3.put(bucket, "dir/a b+ü?", b"small", ContentType="text/plain")
    s3.put(bucket, "dir/large", noise(LARGE))
    s3cmd("cp", f"s3://{bucket}/dir/a b+ü?", f"s3://{other}/x", "--raw")
    assert s3.get(other, "x") == b"small"
    assert s3.client.head_object(Bucket=other, Key="x")["ContentType"] == "text/plain"
    s3cmd("cp", "-r", f"s3://{bucket}/dir", f"s3://{other}/tree")
    assert s3.keys(other) == ["tree/a b+ü?", "tree/large", "x"]
    s3cmd("cp", "--part-size", "8M", f"s3://{bucket}/dir/large", f"s3://{other}/parts")
    assert s3.get(other, "parts") == s3.get(other, "tree/large") == noise(LARGE)
    s3cmd("cp", "--part-size", "8M", f"s3://{other}/parts", f"s3://{other}/again")
    assert s3.get(other, "again") == noise(LARGE)


def test_a_key_that_would_leave_the_directory_is_refused(s3, bucket, s3cmd, tmp_path, canary):
    for key in ("ok", "../canary/zero", "d/../../canary/zero", "/etc/passwd", "a//b", "sub/fine"):
        s3.put(bucket, key, b"evil")
    result = s3cmd("cp", "-r", f"s3://{bucket}/", tmp_path / "into", status=1)
    assert sorted(str(path.relative_to(tmp_path / "into")) for path in (tmp_path / "into").rglob("*") if path.is_file()) == ["ok", "sub/fine"]
    assert result.stderr.count("no path below a directory") == 4 and "4 of 6 objects failed" in result.stderr


def test_a_download_follows_no_link_in_its_target(s3, bucket, s3cmd, tmp_path, canary):
    s3.put(bucket, "link/zero", b"evil")
    (tmp_path / "into").mkdir()
    (tmp_path / "into/link").symlink_to(canary)
    s3cmd("cp", "-r", f"s3://{bucket}/", tmp_path / "into", status=1)


def test_a_download_puts_no_file_in_the_place_of_a_device_a_pipe_or_a_link_that_was_named(s3, bucket, s3cmd, tmp_path):
    """get s3://… /dev/null or /dev/stdout, as root."""
    s3.put(bucket, "p/pipe", b"x")
    (tmp_path / "sub").mkdir()
    os.mkfifo(tmp_path / "sub/pipe")
    (tmp_path / "link").symlink_to("sub/pipe")
    for target in ("sub/pipe", "link"):
        for options in ([], ["-n"], ["--resume"]):
            result = s3cmd("get", *options, f"s3://{bucket}/p/pipe", tmp_path / target, status=73)
            assert f"{target}: it is there and not a plain file" in result.stderr
    for verb in (["cp", "-r"], ["sync"]):
        assert "sub/pipe: it is there" in s3cmd(*verb, f"s3://{bucket}/p/", tmp_path / "sub", status=1).stderr
    assert (tmp_path / "link").is_symlink() and (tmp_path / "sub/pipe").is_fifo() and os.listdir(tmp_path / "sub") == ["pipe"]


def test_each_failed_object_is_named_and_the_others_are_copied(s3, bucket, s3cmd, tmp_path):
    s3.put(bucket, "a", b"a")
    s3.put(bucket, "b", b"b")
    result = s3cmd("get", f"s3://{bucket}/a", f"s3://{bucket}/absent", f"s3://{bucket}/b", f"{tmp_path}/", status=1)
    assert f"s3://{bucket}/absent" in result.stderr and "1 of 3 objects failed" in result.stderr
    assert (tmp_path / "a").read_bytes() + (tmp_path / "b").read_bytes() == b"ab"


def test_a_file_that_is_in_the_way_is_named_with_its_path(s3, bucket, s3cmd, tmp_path):
    s3.put(bucket, "p/deep/a", b"x")
    s3.put(bucket, "p/deep/file/b", b"x")
    (tmp_path / "out/deep/a/below").mkdir(parents=True)
    (tmp_path / "out/deep/file").write_text("mine")
    for verb in ("get -r", "sync"):
        result = s3cmd(*verb.split(), f"s3://{bucket}/p", tmp_path / "out", status=1)
        assert f"download to {tmp_path}/out/deep/a: " in result.stderr and f"download to {tmp_path}/out/deep/file/b: " in result.stderr
    assert (tmp_path / "out/deep/file").read_text() == "mine" and sorted(p.name for p in (tmp_path / "out").rglob("*")) == ["a", "below", "deep", "file"]


def test_dry_run_changes_nothing_and_says_what_it_would(s3, bucket, s3cmd, tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d/f").write_text("x")
    assert s3cmd("cp", "-rn", tmp_path / "d", f"s3://{bucket}/p").stdout == f"(dry run) upload: {tmp_path}/d/f to s3://{bucket}/p/f\n"
    assert s3.keys(bucket) == []
    s3.put(bucket, "p/f", b"")
    (line,) = lines(s3cmd("cp", "-rn", "--json", f"s3://{bucket}/p", tmp_path / "new"))
    assert line == {"action": "download", "source": f"s3://{bucket}/p/f", "target": f"{tmp_path}/new/f", "size": 0, "dry_run": True}
    assert not (tmp_path / "new").exists()
    assert s3cmd("rm", "-n", f"s3://{bucket}/p/f").stdout == f"(dry run) delete: s3://{bucket}/p/f\n"
    assert s3.keys(bucket) == ["p/f"]


# ---- buckets, errors, ways in ----


def test_buckets_are_made_and_removed(s3, s3cmd):
    name = f"t-{os.urandom(6).hex()}"
    assert s3cmd("mb", "-n", f"s3://{name}").stdout == f"(dry run) make_bucket: s3://{name}\n"
    s3cmd("rb", f"s3://{name}", status=66)
    done = {"action": "make_bucket", "source": f"s3://{name}", "dry_run": False}
    assert lines(s3cmd("mb", "--json", f"s3://{name}")) == [done]
    assert name in [b["Name"] for b in s3.client.list_buckets()["Buckets"]]
    s3.put(name, "k", b"x")
    assert "BucketNotEmpty" in s3cmd("rb", f"s3://{name}", status=73).stderr
    s3cmd("rm", f"s3://{name}/k")
    (line,) = lines(s3cmd("rb", "-n", "--json", f"s3://{name}"))
    assert line == {**done, "action": "remove_bucket", "dry_run": True}
    s3cmd("rb", f"s3://{name}")
    s3cmd("rb", f"s3://{name}", status=66)


def test_each_kind_of_failure_has_its_status(s3, bucket, s3cmd, tmp_path):
    assert "NoSuchKey" in s3cmd("stat", f"s3://{bucket}/absent", status=66).stderr
    assert "NoSuchBucket" in s3cmd("stat", f"s3://{bucket}-absent/k", status=66).stderr
    assert "NoSuchBucket" in s3cmd("ls", f"s3://{bucket}-absent", status=66).stderr
    wrong = {"AWS_SECRET_ACCESS_KEY": "wrong-secret-key"}
    refused = s3cmd("stat", f"s3://{bucket}/k", env=wrong, status=77)
    assert "SignatureDoesNotMatch" in refused.stderr and "wrong-secret-key" not in refused.stderr
    s3cmd("cp", f"s3://{bucket}/absent", tmp_path / "x", status=66)
    s3cmd("cp", tmp_path / "absent", f"s3://{bucket}/x", status=66)
    s3cmd("cp", tmp_path, f"s3://{bucket}/x", status=64)
    s3cmd("rm", f"s3://{bucket}/absent")


def test_a_wrong_region_is_corrected_unless_it_was_ordered(s3, bucket, s3cmd):
    s3.put(bucket, "k", b"x")
    wrong = {"AWS_REGION": "eu-north-7"}
    assert s3cmd("cat", f"s3://{bucket}/k", env=wrong).output == b"x"
    s3cmd("stat", f"s3://{bucket}/k", env=wrong)
    ordered = s3cmd("stat", "--region", "eu-north-7", f"s3://{bucket}/k", status=None)
    if s3.kind.startswith("ceph"):  # takes any region
        assert ordered.status == 0
    else:
        assert ordered.status == 78 and "us-east-1" in ordered.stderr


def test_the_bucket_may_be_in_the_host_name(s3, bucket, s3cmd, tmp_path):
    scheme, port = s3.endpoint.split(":")[0], s3.endpoint.rsplit(":", 1)[1]
    way = ["--addressing-style", "virtual", "--endpoint-url", f"{scheme}://{s3.vhost_domain}:{port}"]
    (tmp_path / "f").write_bytes(noise(LARGE))
    if s3.tls:  # a wildcard right below a top-level name, as in this certificate, counts for nothing
        assert f"not for {bucket}.{s3.vhost_domain}" in s3cmd("cp", tmp_path / "f", f"s3://{bucket}/k", *way, status=69).stderr
        return
    s3cmd("cp", tmp_path / "f", f"s3://{bucket}/a b/k", *way)
    assert s3.get(bucket, "a b/k") == noise(LARGE)
    assert s3cmd("cat", f"s3://{bucket}/a b/k", *way).output == noise(LARGE)
    assert lines(s3cmd("ls", "--json", "-r", f"s3://{bucket}", *way))[0]["key"] == "a b/k"


def test_the_aws_files_say_where_and_who(s3, bucket, ws):
    s3.put(bucket, "k", b"x")
    directory = ws.home / ".aws"
    directory.mkdir()
    (directory / "credentials").write_text(f"[p]\naws_access_key_id = {s3.access_key}\naws_secret_access_key = {s3.secret_key}\n")
    (directory / "config").write_text(f"[profile p]\nregion = {s3.region}\nendpoint_url = {s3.endpoint}\n")
    env = {"AWS_CA_BUNDLE": s3.ca_file} if s3.tls else {}
    assert ws("ws-s3", "cat", "--aws-profile", "p", f"s3://{bucket}/k", env=env).output == b"x"
    assert ws("ws-s3", "cat", f"s3://{bucket}/k", env={"AWS_PROFILE": "p", **env}).output == b"x"
    missing = ws("ws-s3", "cat", "--aws-profile", "ghost", f"s3://{bucket}/k", env=env, status=78)
    assert '"ghost"' in missing.stderr and str(directory / "credentials") in missing.stderr


def test_connections_may_go_elsewhere_than_the_name_says(s3, bucket, s3cmd):
    s3.put(bucket, "k", b"x")
    address = s3.endpoint.split("//")[1].replace("localhost", "127.0.0.1")
    elsewhere = f"{'https' if s3.tls else 'http'}://localhost:9"
    assert s3cmd("cat", "--endpoint-url", elsewhere, "--connect-to", address, f"s3://{bucket}/k").output == b"x"


# ---- without a server ----


def keys(**more):
    return {"AWS_ACCESS_KEY_ID": "AKTEST", "AWS_SECRET_ACCESS_KEY": "secret-of-the-test", **more}


def test_without_credentials_it_says_where_it_looked(ws):
    result = ws("ws-s3", "ls", env={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, status=77)
    assert "no credentials" in result.stderr and "environment" in result.stderr
    assert str(ws.home / ".aws/credentials") in result.stderr and "--no-sign-request" in result.stderr


def test_credentials_do_not_go_over_plain_http_to_another_host(ws):
    result = ws("ws-s3", "ls", "--endpoint-url", "http://192.0.2.1:9000", env=keys(), status=78)
    assert "--allow-http" in result.stderr and "192.0.2.1" in result.stderr


def test_a_refused_connection_is_said_after_a_few_tries(ws):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        result = ws("ws-s3", "ls", env=keys(AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}", AWS_MAX_ATTEMPTS="2"), status=69)
    assert "efused" in result.stderr and f"127.0.0.1:{port}" in result.stderr


def test_a_certificate_that_does_not_verify_is_refused(servers, ws, tmp_path):
    from conftest import connect

    s3 = connect(servers, "ceph-tls")
    bucket = s3.bucket()
    env = {name: value for name, value in s3.env.items() if name != "AWS_CA_BUNDLE"}
    result = ws("ws-s3", "ls", f"s3://{bucket}", env=env, status=None)
    assert result.status in (69, 78) and "--ca-bundle" in result.stderr, result


@pytest.mark.parametrize(
    "args",
    [
        ["cp", "a", "b"],
        ["cp", "s3://b/k"],
        ["put", "s3://b/k", "x"],
        ["get", "file"],
        ["cat", "s3://b"],
        ["cat", "file"],
        ["stat", "s3://b/"],
        ["rm", "s3://b"],
        ["rm", "s3://"],
        ["mb", "s3://b/k"],
        ["cp", "-r", "s3://b/", "-"],
        ["cp", "-", "s3://b/"],
        ["cp", "s3://b/a", "s3://b/b", "file-that-is-no-directory"],
        ["ls", "--nonsense"],
        ["unheard-of"],
        ["ls", "--part-size", "1K", "s3://b"],
        ["presign", "--expires", "0", "s3://b/k"],
    ],
)
def test_wrong_command_lines_are_refused(ws, args):
    result = ws("ws-s3", *args, env=keys(AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_MAX_ATTEMPTS="1"), status=64)
    assert result.stderr.startswith("ws-s3: ") and result.stdout == ""


def test_every_verb_has_help(ws):
    for verb in re.findall(r"^  ([a-z]+) ", ws("ws-s3", "--help").stdout, re.M):
        text = ws("ws-s3", verb, "--help").stdout
        assert f"Usage: ws-s3 {verb} " in text and "--endpoint-url" in text
