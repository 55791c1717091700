"""What holds for all verbs of ws-s3, or for all that it makes sense for: one table of them, from which none may be missing."""
import functools
import re
import urllib.request

import pytest
from faults import reply
from memory_s3 import MemoryS3

import ws as helpers
from ws import lines

READ = {"cat", "du", "ls", "presign", "stat", "whoami"}  # what changes nothing
SILENT = {"presign", "whoami"}  # what asks nobody


@pytest.fixture
def verbs(ws):
    """The verbs that there are."""
    return set(re.findall(r"^  ([a-z]+) ", ws("ws-s3", "--help").stdout, re.M))


class Place:
    """A bucket, an empty one, and a directory, with something of each kind in them; without TLS through the fault server, which sees the requests."""

    def __init__(self, s3, ws, faults, directory):
        self.s3, self.ws, self.faults, self.dir = s3, ws, faults, directory
        self.bucket, self.empty = s3.bucket(), s3.bucket()
        s3.client.create_multipart_upload(Bucket=self.bucket, Key="begun")
        (directory / "tree").mkdir(parents=True)
        (directory / "list").write_text(f"# one\nput {directory}/f s3://{self.bucket}/by-run\nrm s3://{self.bucket}/a/1.txt\n")
        self.fill()
        faults.backend = s3.plain_endpoint
        self.env = s3.env if s3.tls else {**s3.env, "AWS_ENDPOINT_URL_S3": faults.url}

    def fill(self):
        """What a command may have taken away is there again."""
        for key, body in {"a/1.txt": b"one", "a/2.log": b"two"}.items():
            self.s3.put(self.bucket, key, body)
        for name in ("f", "tree/g"):
            (self.dir / name).write_text(name)

    def words(self, command):
        return [word.format(b=self.bucket, e=self.empty, d=self.dir) for word in command.split()]

    def run(self, command, *more, env=None, **options):
        return self.ws("ws-s3", *self.words(command), *more, env={**self.env, **(env or {})}, **options)

    def seen(self):
        """All there is, here and there."""
        client = self.s3.client
        objects = [(o["Key"], o["ETag"]) for o in client.list_objects_v2(Bucket=self.bucket).get("Contents", ())]
        uploads = [upload["UploadId"] for upload in client.list_multipart_uploads(Bucket=self.bucket).get("Uploads", ())]
        ours = [b["Name"] for b in client.list_buckets()["Buckets"] if b["Name"].startswith((self.bucket, self.empty))]
        return objects, uploads, sorted(ours), helpers.tree_digest(self.dir)


@pytest.fixture
def place(s3, ws, faults, tmp_path):
    return Place(s3, ws, faults, tmp_path / "place")


# ---- --json ----

# verb: what succeeds, the fields of its first line
JSON = {
    "cp": ("cp {d}/f s3://{b}/new", ["action", "source", "target", "size", "dry_run"]),
    "du": ("du s3://{b}/a/", ["path", "objects", "size"]),
    "get": ("get s3://{b}/a/1.txt {d}/new", ["action", "source", "target", "size", "dry_run"]),
    "ls": ("ls s3://{b}/a/", ["key", "size", "modified", "etag", "storage_class"]),
    "mb": ("mb s3://{b}-new", ["action", "source", "dry_run"]),
    "mv": ("mv {d}/f s3://{b}/new", ["action", "source", "target", "size", "dry_run"]),
    "presign": ("presign s3://{b}/a/1.txt", ["bucket", "key", "url", "method", "expires_s"]),
    "probe": ("probe s3://{b}", ["what", "answer", "how"]),
    "put": ("put {d}/f s3://{b}/new", ["action", "source", "target", "size", "dry_run"]),
    "rb": ("rb s3://{e}", ["action", "source", "dry_run"]),
    "rm": ("rm s3://{b}/a/1.txt", ["action", "source", "dry_run"]),
    "run": ("run --parallel 1 {d}/list", ["action", "source", "target", "size", "dry_run"]),
    "stat": ("stat s3://{b}/a/1.txt", ["bucket", "key", "size", "modified", "etag", "storage_class", "content_type"]),
    "sync": ("sync {d}/tree s3://{b}/new", ["action", "source", "target", "size", "dry_run"]),
    "uploads": ("uploads s3://{b}", ["key", "upload_id", "begun"]),
    "whoami": ("whoami", ["provider", "origin", "access_key", "temporary", "profile", "region", "region_origin", "endpoint", "endpoint_origin", "tried"]),
    "cat": ("cat s3://{b}/a/1.txt", None),  # what it prints is the object
}


def test_every_verb_has_its_row(verbs):
    assert verbs == set(JSON) == READ | set(CHANGES)


def test_with_json_every_verb_prints_an_object_on_each_line(place):
    for command, fields in JSON.values():
        place.fill()
        result = place.run(command, "--json")
        if fields is None:
            assert result.output == b"one"
            continue
        first = lines(result)[0]
        assert set(fields) <= set(first), result
    place.s3.client.delete_bucket(Bucket=f"{place.bucket}-new")


@pytest.mark.parametrize("verb", JSON)
def test_with_json_what_a_verb_fails_with_is_a_line_too(servers, ws, faults, tmp_path, verb):
    place = Place(helpers.S3("ceph", servers("ceph")), ws, faults, tmp_path / "place")
    wrong = {"AWS_PROFILE": "ghost"} if verb in SILENT else {"AWS_SECRET_ACCESS_KEY": "a-wrong-key-of-the-test"}
    if verb in SILENT:
        wrong |= {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    result = place.run(JSON[verb][0], "--json", env=wrong, status={"run": 1, **dict.fromkeys(SILENT, 78)}.get(verb, 77))
    if verb == "cat":
        assert result.output == b"" and "SignatureDoesNotMatch" in result.stderr
        return
    errors = [line["error"] for line in lines(result) if "error" in line]
    assert len(errors) == (2 if verb == "run" else 1), result
    for error in errors:
        assert f"ws-s3: {error['message']}\n" in result.stderr
        assert error["kind"] == ("config" if verb in SILENT else "denied") and error["retryable"] is False
        assert verb in SILENT or error["code"] == "SignatureDoesNotMatch" and error["status"] == 403, result


def test_with_json_one_of_many_that_fails_is_a_line_among_the_others(place):
    present, absent = "s3://{b}/a/1.txt", "s3://{b}/absent"
    for command in (f"stat {absent} {present}", f"get {absent} {present} {{d}}/"):
        told = lines(place.run(command, "--json", status=1))
        assert [line["error"]["kind"] for line in told if "error" in line] == ["not_found"] and len(told) == 2
    assert place.run(f"cat {absent} {present}", "--json", status=1).output == b"one"
    assert place.run(f"cp {absent} -", "--json", status=66).output == b""


# ---- --dry-run ----

# verb: commands that change something
CHANGES = {
    "cp": ["cp {d}/f s3://{b}/new", "cp -r s3://{b}/a {d}/new", "cp s3://{b}/a/1.txt s3://{b}/new"],
    "get": ["get s3://{b}/a/1.txt {d}/new/"],
    "mb": ["mb s3://{b}-new"],
    "mv": ["mv {d}/f s3://{b}/new", "mv s3://{b}/a/1.txt {d}/new", "mv -r s3://{b}/a s3://{b}/new"],
    "probe": ["probe s3://{b}"],
    "put": ["put {d}/f s3://{b}/new"],
    "rb": ["rb s3://{e}"],
    "rm": ["rm s3://{b}/a/1.txt", "rm -r s3://{b}/a"],
    "run": ["run {d}/list"],
    "sync": ["sync --delete {d}/tree s3://{b}/a", "sync --delete s3://{b}/a {d}/tree"],
    "uploads": ["uploads --abort --older 0 s3://{b}"],
}


def test_every_verb_that_changes_something_has_a_dry_run(ws, verbs):
    assert {verb for verb in verbs if "--dry-run" in ws("ws-s3", verb, "--help").stdout} == set(CHANGES)


def test_a_dry_run_says_something_sends_nothing_that_changes_and_changes_nothing(place):
    before = place.seen()
    for command in sum(CHANGES.values(), []):
        assert "(dry run) " in place.run(command, "--dry-run").stdout, command
        told = lines(place.run(command, "-n", "--json"))
        assert told and all(line["dry_run"] is True for line in told), command
    assert place.seen() == before
    assert {request.method for request in place.faults.requests} <= {"GET", "HEAD"}


ONE_OBJECT = ["cp s3://{b}/a/1.txt s3://{b}/new", "cp s3://{b}/a/1.txt {d}/new", "get s3://{b}/a/1.txt {d}/new/", "mv s3://{b}/a/1.txt s3://{b}/new", "mv s3://{b}/a/1.txt {d}/new"]


@pytest.mark.parametrize("command", ONE_OBJECT)
def test_of_one_object_a_dry_run_says_what_the_run_does(place, command):
    planned, done = lines(place.run(command, "-n", "--json")), lines(place.run(command, "--json"))
    assert planned == [{**done[0], "dry_run": True}] and done[0]["size"] == len(b"one")
    absent = command.replace("1.txt", "absent")
    for more in ([], ["-n"]):
        place.run(absent, *more, status=66).complains("absent")
    assert "(dry run) " in place.run("cp s3://{b}/a/2.log -", "-n").stdout
    place.run("cp s3://{b}/a/absent -", "-n", status=66).complains("absent")


def test_standard_input_is_not_put_where_a_name_is_missing(place):
    for target in ("s3://{b}", "s3://{b}/", "s3://{b}/new/"):
        place.run(f"cp - {target}", status=64).complains("standard input has no name")


@pytest.mark.parametrize("command", [command for verb in CHANGES for command in CHANGES[verb] if verb != "probe"])
def test_without_dry_run_the_same_command_changes_something(servers, ws, faults, tmp_path, command):
    place = Place(helpers.S3("ceph", servers("ceph")), ws, faults, tmp_path / "place")
    before = place.seen()
    told = lines(place.run(command, "--json"))
    assert told and all(line["dry_run"] is False for line in told)
    assert place.seen() != before


# ---- --no-sign-request ----


def test_without_signing_no_verb_sends_anything_of_the_keys(ws, faults, verbs, tmp_path):
    memory = MemoryS3().start()
    memory.put("b", "a/1.txt", b"one")
    faults.backend = memory.url
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/g").write_text("x")
    (tmp_path / "list").write_text("ls s3://b\n")
    env = {"AWS_ENDPOINT_URL_S3": faults.url, "AWS_ACCESS_KEY_ID": "AKTEST", "AWS_SECRET_ACCESS_KEY": "secret-of-the-test", "AWS_SESSION_TOKEN": "token-of-the-test"}
    for verb in sorted(verbs):
        (tmp_path / "f").write_text("x")
        count = len(faults.requests)
        words = [word.format(b="b", e="b", d=tmp_path) for word in JSON[verb][0].split()]
        ws("ws-s3", *words, "--no-sign-request", env=env, status=77 if verb == "presign" else None)
        assert (len(faults.requests) > count) == (verb not in SILENT), verb
    memory.stop()
    for request in faults.requests:
        names = {name.lower() for name in request.headers}
        assert not names & {"authorization", "x-amz-security-token", "x-amz-date"}, request
        assert "X-Amz-" not in request.target and "AKTEST" not in f"{request.target} {request.headers}"


# ---- globs, prefixes, --include, --exclude ----


@pytest.fixture
def logs(s3, bucket):
    """Objects whose names say what they hold, two of them with names that are patterns."""
    for key in ("logs/a.log", "logs/b.log", "logs/sub/c.log", "logs/d.txt", "x*y", "xzy"):
        s3.put(bucket, key, key.encode() + b"\n")
    return f"s3://{bucket}"


def test_cat_puts_what_matches_one_behind_the_other(s3cmd, logs):
    assert s3cmd("cat", f"{logs}/logs/*.log").stdout == "logs/a.log\nlogs/b.log\nlogs/sub/c.log\n"
    assert s3cmd("cat", "-r", f"{logs}/logs", "--exclude", "sub/*").stdout == "logs/a.log\nlogs/b.log\nlogs/d.txt\n"
    assert s3cmd("cat", f"{logs}/x*y").stdout == "x*y\nxzy\n"
    assert s3cmd("cat", "--raw", f"{logs}/x*y").stdout == s3cmd("cat", f"{logs}/x\\*y").stdout == "x*y\n"
    assert "nothing matches" in s3cmd("cat", f"{logs}/none*", status=66).stderr
    s3cmd("cat", f"{logs}/logs/", status=66)
    s3cmd("cat", "--version-id", "null", f"{logs}/logs/*", status=64)


def test_stat_and_presign_take_patterns_and_prefixes(s3, s3cmd, logs):
    for verb in ("stat", "presign"):
        keys = [[line["key"] for line in lines(s3cmd(verb, "--json", *words))] for words in (
            [f"{logs}/logs/?.log"], ["-r", f"{logs}/logs", "--include", "*.txt"], ["--raw", f"{logs}/x*y"], [f"{logs}/xzy", f"{logs}/x\\*y"],
        )]  # fmt: skip
        assert keys == [["logs/a.log", "logs/b.log"], ["logs/d.txt"], ["x*y"], ["xzy", "x*y"]]
        s3cmd(verb, f"{logs}/none*", status=66)
    if not s3.tls:
        urls = s3cmd("presign", f"{logs}/x*y").stdout.split()
        assert [urllib.request.urlopen(url).read() for url in urls] == [b"x*y\n", b"xzy\n"]


def test_an_object_that_goes_after_it_was_listed_is_named(ws, faults):
    memory = MemoryS3().start()
    for key in ("a", "b", "c"):
        memory.put("bucket", key, key.encode())
    faults.backend = memory.url
    faults.on("GET", "/bucket/b", reply(404, b"<Error><Code>NoSuchKey</Code></Error>"))
    env = {"AWS_ENDPOINT_URL_S3": faults.url, "AWS_ACCESS_KEY_ID": "AKTEST", "AWS_SECRET_ACCESS_KEY": "secret-of-the-test"}
    result = ws("ws-s3", "cat", "s3://bucket/?", env=env, status=1)
    memory.stop()
    assert result.output == b"ac" and "s3://bucket/b" in result.stderr and "1 of 3 objects failed" in result.stderr


def test_sync_takes_a_pattern_but_deletes_by_none(s3, s3cmd, logs, bucket, tmp_path):
    s3cmd("sync", f"{logs}/logs/*.log", tmp_path / "down")
    assert sorted(str(path.relative_to(tmp_path / "down")) for path in (tmp_path / "down").rglob("*.log")) == ["a.log", "b.log", "sub/c.log"]
    assert s3cmd("sync", "--json", f"{logs}/logs/*.log", tmp_path / "down").stdout == ""
    assert "--include" in s3cmd("sync", "--delete", f"{logs}/logs/*.log", tmp_path / "down", status=64).stderr
    s3.put(bucket, "p[1]/k", b"x")
    s3cmd("sync", "--raw", "--delete", f"{logs}/p[1]", tmp_path / "literal")
    assert (tmp_path / "literal/k").read_text() == "x"


def test_mv_refuses_to_move_a_literal_prefix_into_itself(s3cmd, s3, bucket):
    s3.put(bucket, "p[1]/k", b"x")
    s3cmd("mv", "-r", "--raw", f"s3://{bucket}/p[1]", f"s3://{bucket}/p[1]/sub/", status=64)
    assert s3.keys(bucket) == ["p[1]/k"]


def test_uploads_are_chosen_by_pattern_and_by_include_and_exclude(s3, bucket, s3cmd):
    for key in ("a/1.gz", "a/2.gz", "a/3.txt", "b?c"):
        s3.client.create_multipart_upload(Bucket=bucket, Key=key)

    def chosen(*words):
        return [line["key"] for line in lines(s3cmd("uploads", "--json", *words))]

    assert chosen(f"s3://{bucket}/a/*.gz") == chosen("--include", "*.gz", f"s3://{bucket}") == ["a/1.gz", "a/2.gz"]
    assert chosen("--exclude", "1*", f"s3://{bucket}/a/") == ["a/2.gz", "a/3.txt"]
    assert chosen("--raw", f"s3://{bucket}/b?") == ["b?c"] and chosen(f"s3://{bucket}/b?") == []
    assert "--include" in s3cmd("uploads", "--exclude", "*", f"s3://{bucket}", status=64).stderr
    s3cmd("uploads", "--abort", "--older", "0", "--exclude", "*.gz", f"s3://{bucket}/")
    assert chosen(f"s3://{bucket}") == ["a/1.gz", "a/2.gz"]


# ---- progress ----


@pytest.mark.parametrize("command, label", [("cp {d}/f s3://b/k", "cp"), ("get s3://b/k {d}/new", "get"), ("put {d}/f s3://b/k", "put"), ("mv {d}/f s3://b/k", "mv"), ("sync {d} s3://b/p", "sync"), ("rm -r s3://b/p", "delete")])
def test_a_terminal_sees_progress_while_it_takes_long(ws, faults, tmp_path, command, label):
    (tmp_path / "f").write_text("x")
    faults.on("*", "", reply(200, silent=True, then="stall"), times=9, optional=True)
    env = {"AWS_ENDPOINT_URL_S3": faults.url, "AWS_ACCESS_KEY_ID": "AKTEST", "AWS_SECRET_ACCESS_KEY": "secret-of-the-test"}
    helpers.terminal_shows(functools.partial(ws.start, "ws-s3", *command.format(d=tmp_path).split(), env=env), label)


def test_nothing_but_a_terminal_sees_progress_unless_it_is_asked_for(place):
    assert place.run("cp {d}/f s3://{b}/new").stderr == ""
    assert "cp" in place.run("cp {d}/f s3://{b}/new", "--progress", "always").stderr
    assert place.run("cp {d}/f s3://{b}/new", "--progress", "always", "-q").stderr == ""
