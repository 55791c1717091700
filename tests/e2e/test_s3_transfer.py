"""The transfer engine of ws-s3: conditions, integrity, interruption, resumption."""
import binascii
import contextlib
import dataclasses
import hashlib
import os
import re
import signal
import subprocess
import threading
import zlib

import pytest
from faults import Faults, error, reply, through
from test_s3_faults import LARGE, MIB, bucket, ceph, noise, page, scripted, spoilt  # noqa: F401

import ws as helpers

HONOURED = {  # by uploads of one part, and of several
    "swift": {"--if-none-match": (False, True), "--if-match": (False, False)},
    "swift238": {"--if-none-match": (True, True), "--if-match": (False, False)},
    "ceph": {"--if-none-match": (True, False), "--if-match": (True, False)},
    "ceph20": {"--if-none-match": (True, True), "--if-match": (True, True)},
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


# ---- one pool ----


class Meeting:
    """Holds requests until so many are there at once; most is how many there ever were."""

    def __init__(self, wanted):
        self._wanted, self._here, self.most = wanted, 0, 0
        self._changed = threading.Condition()

    def __call__(self):
        with self._changed:
            self._here += 1
            self.most = max(self.most, self._here)
            self._changed.notify_all()
            met = self._changed.wait_for(lambda: self.most >= self._wanted, timeout=30)
            self._here -= 1
            assert met, f"only {self.most} requests at once"


@pytest.mark.parametrize("way, jobs", [("up", 6), ("down", 4)])  # a download begins with one request
def test_objects_and_their_parts_are_moved_by_the_same_workers(spoilt, ceph, bucket, faults, tmp_path, way, jobs):
    meeting = Meeting(jobs)
    content = {"a": LARGE, "b": LARGE, "c": 5, "d": 5}
    for name, size in content.items():
        if way == "up":
            (tmp_path / "src").mkdir(exist_ok=True)
            (tmp_path / "src" / name).write_bytes(noise(size))
        else:
            ceph.put(bucket, f"p/{name}", noise(size))
    faults.on("PUT" if way == "up" else "GET", "/p/[abcd]", through(meanwhile=meeting), times=100)
    if way == "up":
        spoilt("cp", "-r", "--jobs", str(jobs), tmp_path / "src", f"s3://{bucket}/p")
        assert {name: len(ceph.get(bucket, f"p/{name}")) for name in content} == content
    else:
        spoilt("cp", "-r", "--jobs", str(jobs), f"s3://{bucket}/p", tmp_path / "down")
        assert {name: (tmp_path / "down" / name).stat().st_size for name in content} == content
    assert meeting.most == jobs and faults.connections <= jobs + 2  # and who lists, and what a large answer was cut off from


def test_transfers_begin_while_the_listing_goes_on(scripted, faults, tmp_path):
    begun = threading.Event()
    for verb in (["cp", "-r"], ["sync"]):
        begun.clear()
        faults.on("GET", "list-type=2.*prefix=[^&]*$", page("p/a", more="t"))
        faults.on("GET", "/b/p/a", reply(200, b"1", {"ETag": '"e"'}, meanwhile=begun.set))
        faults.on("GET", "continuation-token=t", dataclasses.replace(page("p/b"), meanwhile=lambda: begun.wait(30)))
        faults.on("GET", "/b/p/b", reply(200, b"1", {"ETag": '"e"'}))
        scripted(*verb, "s3://b/p", tmp_path / verb[0])
        assert begun.is_set() and sorted(os.listdir(tmp_path / verb[0])) == ["a", "b"]


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_listing_out_of_order_is_an_error_and_nothing_is_deleted(scripted, faults, tmp_path, side):
    (tmp_path / "d").mkdir()
    for name in ("a", "b"):
        (tmp_path / "d" / name).write_text("1")
    ends = ["s3://b/p", tmp_path / "d"] if side == "source" else [tmp_path / "d", "s3://b/p"]
    faults.on("GET", "list-type=2", page("p/b", "p/a", "p/c"))
    faults.on("GET", "/b/p/", reply(200, b"1", {"ETag": '"e"'}), times=3, optional=True)
    faults.on("PUT", "/b/p/", reply(200, b"", {"ETag": '"e"'}), times=3, optional=True)
    assert "out of order" in scripted("sync", "--delete", "--size-only", *ends, status=65).stderr
    assert sorted(os.listdir(tmp_path / "d")) == ["a", "b"] and not faults.seen("POST")


def test_all_addresses_of_a_name_are_used_in_turn(ws, tmp_path):
    meeting = Meeting(4)
    one = Faults(address=("127.0.0.1", 0)).start()
    other = Faults(address=("::1", one.port)).start()
    try:
        for server in one, other:
            server.on("PUT", "/k", reply(200, b"", {"ETag": '"e"'}, meanwhile=meeting), times=4, optional=True)
        (tmp_path / "d").mkdir()
        for number in range(4):
            (tmp_path / "d" / f"k{number}").write_text("x")
        env = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": f"http://localhost:{one.port}"}
        ws("ws-s3", "cp", "-r", "--jobs", "4", tmp_path / "d", "s3://b/", env=env)
        assert (one.connections, other.connections) == (2, 2)
    finally:
        one.stop()
        other.stop()


def test_a_stream_takes_the_memory_that_help_says(ws, faults, tmp_path):
    peaks = []

    def look():
        status = open(f"/proc/{client.pid}/status").read()
        peaks.append(int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]))

    part = reply(200, b"", {"ETag": '"e"'}, meanwhile=look)
    faults.on("POST", r"\?uploads", reply(200, b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"))
    faults.on("PUT", "partNumber", part, times=15)
    faults.on("POST", "uploadId=u", reply(200, b"<CompleteMultipartUploadResult/>"))
    faults.on("HEAD", "/k", reply(200, b"", {"ETag": '"e"'}, length=120 * MIB))
    env = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": faults.url}
    client = ws.start("ws-s3", "cp", "-", "s3://b/k", env=env, stdin=subprocess.PIPE)
    _, stderr = client.communicate(bytes(120 * MIB), timeout=60)
    assert client.returncode == 0 and max(peaks) <= 36 * 1024, (stderr, peaks)
    assert "32 MiB" in ws("ws-s3", "cp", "--help").stdout


# ---- uploads ----


@pytest.mark.parametrize("options, part", [([], 8 * MIB), (["--part-size", "5M"], 5 * MIB)])
def test_all_parts_but_the_last_are_of_one_size(spoilt, bucket, faults, tmp_path, options, part):
    (tmp_path / "f").write_bytes(noise(LARGE))
    spoilt("put", *options, tmp_path / "f", f"s3://{bucket}/k")
    sizes = {int(re.search("partNumber=([0-9]+)", r.target)[1]): len(r.body) for r in faults.seen("PUT", "partNumber")}
    assert [sizes[number] for number in sorted(sizes)] == [part] * (LARGE // part) + [LARGE % part]


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


# ---- downloads ----


def sums(data, algorithm):
    """A checksum as S3 writes it. CRC-32 and the hashes are Python's; CRC-32C and CRC-64/NVME are worked out here."""
    number = {"crc32": zlib.crc32, "crc32c": lambda d: slow_crc(d, 32, 0x82F63B78), "crc64nvme": lambda d: slow_crc(d, 64, 0x9A6C9329AC4BC9B5)}
    if algorithm in number:
        return number[algorithm](data).to_bytes(8 if algorithm == "crc64nvme" else 4, "big")
    return hashlib.new(algorithm, data).digest()


def slow_crc(data, bits, polynomial):
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (polynomial if byte & 1 else 0)
        table.append(byte)
    crc = (1 << bits) - 1
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 255]
    return crc ^ (1 << bits) - 1


def base64(data):
    return binascii.b2a_base64(data).decode().strip()


def ranged(data, headers):
    """Answers for an object of two ranges: the whole one, and the rest of it."""
    headers = {"ETag": '"opaque"', **headers}
    rest = {**headers, "Content-Range": f"bytes {8 * MIB}-{len(data) - 1}/{len(data)}"}
    return reply(200, data, headers), reply(206, data[8 * MIB :], rest)


@pytest.mark.parametrize("algorithm", ["crc64nvme", "crc32c", "crc32", "sha256", "sha1"])
@pytest.mark.parametrize("size", [1000, 8 * MIB + 5])
def test_what_arrives_is_what_the_servers_checksum_says_or_nothing(scripted, faults, tmp_path, algorithm, size):
    if size > 1000 and algorithm in ("crc32c", "crc64nvme"):
        data = bytes(size)  # their sums of so many zeros are known without Python's loop
        value = {"crc32c": "r4cbTg==", "crc64nvme": "l/NCu8w6g6E="}[algorithm]
    else:
        data = noise(size)
        value = base64(sums(data, algorithm))
    headers = {f"x-amz-checksum-{algorithm}": value}
    spoilt = data[:-1] + bytes([data[-1] ^ 1])
    for content, status in (data, 0), (spoilt, 65):
        for to in (tmp_path / "f", "-"):
            first, second = ranged(content, headers)
            faults.on("GET", "/k", *([first, second] if size > 8 * MIB else [first]))
            result = scripted("cp", "s3://b/k", to, status=status)
            assert (tmp_path / "f").exists() == (status == 0) and (to != "-" or result.output == content)
            assert ("what came is not what the object's" in result.stderr) == (status == 65)
        (tmp_path / "f").unlink(missing_ok=True)
    assert all(r.headers["x-amz-checksum-mode"] == "ENABLED" for r in faults.requests if not r.headers["range"])
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


@pytest.mark.parametrize("algorithm", ["crc32", "sha256", "sha1"])  # the other two have the same way
def test_the_checksum_of_checksums_of_parts_is_checked(scripted, faults, tmp_path, algorithm):
    data, part = noise(12 * MIB), 5 * MIB
    pieces = [data[at : at + part] for at in range(0, len(data), part)]
    value = base64(sums(b"".join(sums(piece, algorithm) for piece in pieces), algorithm))
    headers = {f"x-amz-checksum-{algorithm}": f"{value}-3", "x-amz-checksum-type": "COMPOSITE"}
    size_of = lambda size: reply(200, b"", {"ETag": '"opaque"', "x-amz-mp-parts-count": "3"}, length=size)  # noqa: E731
    faults.on("HEAD", "partNumber=1", size_of(part), times=2)
    faults.on("HEAD", "partNumber=2", size_of(part))
    for content, status in (data, 0), (data[:-1] + b"?", 65):
        faults.on("GET", "/k", *ranged(content, headers))
        scripted("cp", "s3://b/k", tmp_path / "f", status=status)
        assert (tmp_path / "f").exists() == (status == 0)
        (tmp_path / "f").unlink(missing_ok=True)
    faults.on("HEAD", "partNumber=1", reply(501))  # it cannot be checked then
    faults.on("GET", "/k", *ranged(data[:-1] + b"?", headers))
    scripted("cp", "s3://b/k", tmp_path / "f")


def test_parts_of_other_sizes_than_the_first_are_no_reason_to_doubt_the_content(scripted, faults, tmp_path):
    """5, 6 and 1 MiB are three parts, as 5, 5 and 2 would be: the sum is of other pieces."""
    data, edges = noise(12 * MIB), [0, 5 * MIB, 11 * MIB, 12 * MIB]
    pieces = [data[start:end] for start, end in zip(edges, edges[1:])]
    value = base64(sums(b"".join(sums(piece, "sha256") for piece in pieces), "sha256"))
    faults.on("GET", "/k", *ranged(data, {"x-amz-checksum-sha256": f"{value}-3"}))
    for number, piece in enumerate(pieces[:2], 1):
        faults.on("HEAD", f"partNumber={number}", reply(200, b"", {"ETag": '"opaque"'}, length=len(piece)))
    scripted("cp", "s3://b/k", tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == data


def test_checking_can_be_turned_off(scripted, faults, tmp_path):
    faults.on("GET", "/k", reply(200, b"12345", {"ETag": '"e"', "x-amz-checksum-crc32": "AAAAAA=="}))
    scripted("cp", "s3://b/k", tmp_path / "f", env={"AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required"})
    assert faults.requests[-1].headers["x-amz-checksum-mode"] is None


def test_an_object_that_changes_while_it_is_read_is_read_again_from_its_start(spoilt, ceph, bucket, faults, tmp_path):
    old, new = noise(LARGE), noise(LARGE)[::-1]
    ceph.put(bucket, "k", old)
    faults.on("GET", "/k", through(), through(meanwhile=lambda: ceph.put(bucket, "k", new)))
    spoilt("cp", "--jobs", "1", f"s3://{bucket}/k", tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == new


def test_a_small_object_is_one_request(spoilt, ceph, bucket, faults, tmp_path):
    ceph.put(bucket, "k", noise(8 * MIB))
    spoilt("cp", f"s3://{bucket}/k", tmp_path / "f")
    assert scan(faults, "/k") == ["GET"] and faults.requests[0].headers["range"] is None


def test_what_botocore_uploads_with_any_checksum_is_checked_and_arrives(s3, ws, tmp_path):
    where = s3.bucket()
    for algorithm in "CRC32", "SHA1", "SHA256":
        value = base64(sums(noise(100_000), algorithm.lower()))
        s3.put(where, algorithm, noise(100_000), **{f"Checksum{algorithm}": value})
        ws("ws-s3", "cp", f"s3://{where}/{algorithm}", tmp_path / algorithm, env=s3.env)
        assert (tmp_path / algorithm).read_bytes() == noise(100_000)


# ---- being asked to stop ----


@pytest.fixture(params=["swift", "swift238", "ceph"])
def behind(request, servers, faults):
    """Each server, behind the fault server."""
    s3 = helpers.S3(request.param, servers(request.param))
    faults.backend = s3.plain_endpoint
    return s3


@pytest.fixture
def interrupted(ws, faults, servers):
    """interrupted("cp", ..., number=SIGTERM): starts ws-s3; the returned function, given to a fault as meanwhile, sends the signal."""

    class Running:
        def __init__(self, *args, number=signal.SIGTERM, server=None, applet="ws-s3", **options):
            self._there, self._sent = threading.Event(), threading.Event()
            self._args, self._options, self.number = (applet, *args), options, number
            self._env = {**(server or helpers.S3("ceph", servers("ceph"))).env, "AWS_ENDPOINT_URL_S3": faults.url}

        def start(self):
            self.process = ws.start(*self._args, env=self._env, **self._options)
            self._there.set()
            return self

        def __call__(self):
            """Once: the next signal would not be waited for."""
            self._there.wait(30)
            if not self._sent.is_set():
                self.again()
            self._sent.set()

        def again(self):
            self.process.send_signal(self.number)

        def ends(self, status):
            _, stderr = self.process.communicate(timeout=60)
            assert self.process.returncode == status, stderr
            return stderr.decode()

    return Running


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("how", ["file", "tree", "stream", "run"])
def test_an_upload_that_is_asked_to_stop_leaves_nothing_on_the_server(interrupted, ceph, bucket, faults, tmp_path, number, how):
    (tmp_path / "d").mkdir()
    for name in "abc":
        (tmp_path / "d" / name).write_bytes(noise(LARGE))
    args, options = {
        "file": (["cp", tmp_path / "d/a", f"s3://{bucket}/a"], {}),
        "tree": (["cp", "-r", tmp_path / "d", f"s3://{bucket}/"], {}),
        "stream": (["cp", "-", f"s3://{bucket}/a"], {"stdin": subprocess.PIPE}),
        "run": (["run", "-"], {"stdin": subprocess.PIPE}),
    }[how]
    running = interrupted(*args, number=number, **options)
    faults.on("PUT", "partNumber=2", error(500, "InternalError", meanwhile=running), times=100)
    running.start()
    with contextlib.suppress(BrokenPipeError):  # it may be gone
        if how == "stream":
            running.process.stdin.write(noise(LARGE))  # and no end
        elif how == "run":
            running.process.stdin.write(f"cp {tmp_path}/d/a s3://{bucket}/a\n".encode())
        if options:
            running.process.stdin.flush()
    stderr = running.ends(128 + number)
    assert stderr.count("interrupted") == 1 or how == "run", stderr
    assert ceph.keys(bucket) == [] and not ceph.client.list_multipart_uploads(Bucket=bucket).get("Uploads")


@pytest.mark.parametrize("how", ["file", "tree"])
def test_an_upload_that_is_asked_to_stop_while_it_is_made_leaves_nothing_on_the_server(interrupted, ceph, bucket, faults, tmp_path, how):
    """The server has it, and what it is called is on its way."""
    (tmp_path / "d").mkdir()
    for name in "abc":
        (tmp_path / "d" / name).write_bytes(noise(LARGE))
    what = ["cp", tmp_path / "d/a", f"s3://{bucket}/a"] if how == "file" else ["cp", "-r", tmp_path / "d", f"s3://{bucket}/"]
    running = interrupted(*what)
    faults.on("POST", "[?]uploads", through(meanwhile=running, delay_s=0.3), times=3, optional=True)
    running.start().ends(143)
    assert faults.seen("POST", "[?]uploads")
    assert ceph.keys(bucket) == [] and not ceph.client.list_multipart_uploads(Bucket=bucket).get("Uploads")


@pytest.mark.parametrize("tree", [False, True])
def test_a_download_that_is_asked_to_stop_leaves_no_file(interrupted, ceph, bucket, faults, tmp_path, tree):
    whole = noise(LARGE)
    for name in "ab":
        ceph.put(bucket, f"d/{name}", whole)
    running = interrupted("cp", *(["-r", f"s3://{bucket}/d"] if tree else [f"s3://{bucket}/d/a"]), tmp_path / "to")
    faults.on("GET", "/d/a", through(), error(500, "InternalError", meanwhile=running), times=100)
    running.start().ends(143)
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all(path.name == "b" and path.read_bytes() == whole for path in left)  # the other one may have been done


def test_the_second_signal_does_not_wait_for_the_server(interrupted, ceph, bucket, faults, tmp_path):
    (tmp_path / "f").write_bytes(noise(LARGE))
    running = interrupted("cp", tmp_path / "f", f"s3://{bucket}/k")
    faults.on("PUT", "partNumber=2", error(500, "InternalError", meanwhile=running), times=100)
    faults.on("DELETE", "uploadId", reply(200, silent=True, then="stall", meanwhile=running.again))
    running.start().ends(143)


# ---- going on ----


def killed(running, *args):
    running.number = signal.SIGKILL
    running.start().ends(-9)


def asked_for(faults, pattern):
    """Bytes that ranged GETs asked for."""
    spans = [request.headers["range"].split("=")[1].split("-") for request in faults.seen("GET", pattern) if request.headers["range"]]
    return sum(int(last) - int(first) + 1 for first, last in spans)


def test_a_download_that_was_killed_goes_on_with_what_it_had(interrupted, spoilt, ceph, bucket, faults, tmp_path):
    size = 60 * MIB + 5  # eight ranges
    ceph.put(bucket, "k", noise(size))
    (tmp_path / "d").mkdir()
    get = ["get", "--resume", "--jobs", "1", f"s3://{bucket}/k", tmp_path / "d/f"]
    running = interrupted(*get)
    faults.on("GET", "/k", error(500, "InternalError", meanwhile=running), skip=4)
    killed(running)
    assert len(os.listdir(tmp_path / "d")) == 1 and not (tmp_path / "d/f").exists()
    faults.requests.clear()
    spoilt(*get)
    assert (tmp_path / "d/f").read_bytes() == noise(size) and os.listdir(tmp_path / "d") == ["f"]
    assert asked_for(faults, "/k") == size - 4 * 8 * MIB and scan(faults, "/k") == ["HEAD"] + ["GET"] * 4


@pytest.mark.parametrize("change", ["content", "marks"])
def test_a_download_of_what_has_changed_starts_over(interrupted, spoilt, ceph, bucket, faults, tmp_path, change):
    ceph.put(bucket, "k", noise(LARGE))
    (tmp_path / "d").mkdir()
    get = ["get", "--resume", "--jobs", "1", f"s3://{bucket}/k", tmp_path / "d/f"]
    running = interrupted(*get)
    faults.on("GET", "/k", error(500, "InternalError", meanwhile=running), skip=2)
    killed(running)
    if change == "content":
        ceph.put(bucket, "k", noise(LARGE)[::-1])
    else:
        (left,) = (tmp_path / "d").iterdir()
        left.write_bytes(left.read_bytes()[:-1])
    faults.requests.clear()
    spoilt(*get)
    assert (tmp_path / "d/f").read_bytes() == ceph.get(bucket, "k")
    assert asked_for(faults, "/k") == LARGE


def test_what_cannot_go_on_is_not_left(spoilt, bucket, tmp_path):
    (tmp_path / "d").mkdir()
    spoilt("get", "--resume", f"s3://{bucket}/absent", tmp_path / "d/f", status=66)
    assert os.listdir(tmp_path / "d") == []


def test_two_downloads_do_not_go_on_with_the_same_file(interrupted, spoilt, ceph, bucket, faults, tmp_path):
    ceph.put(bucket, "k", noise(LARGE))
    get = ["get", "--resume", "--jobs", "1", f"s3://{bucket}/k", tmp_path / "f"]
    statuses = []
    first = lambda: statuses.append(spoilt(*get, status=75).status)  # noqa: E731
    faults.on("GET", "/k", through(meanwhile=first))
    spoilt(*get)
    assert statuses == [75] and (tmp_path / "f").read_bytes() == noise(LARGE)


def test_an_upload_that_was_killed_goes_on_with_the_parts_it_had(interrupted, ws, behind, faults, tmp_path):
    size, where = 40 * MIB + 5, behind.bucket()  # six parts
    (tmp_path / "f").write_bytes(noise(size))
    put = ["put", "--resume", "--jobs", "1", tmp_path / "f", f"s3://{where}/k"]
    running = interrupted(*put, server=behind)
    faults.on("PUT", "partNumber=4", error(500, "InternalError", meanwhile=running))
    killed(running)
    (state,) = (ws.home / ".local/state/ws/uploads").iterdir()
    assert behind.secret_key not in state.read_text()
    faults.requests.clear()
    ws("ws-s3", *put, env={**behind.env, "AWS_ENDPOINT_URL_S3": faults.url})
    assert behind.get(where, "k") == noise(size) and not state.exists()
    assert len(faults.seen("PUT", "partNumber")) == 3 and not faults.seen("POST", r"\?uploads")
    assert not behind.client.list_multipart_uploads(Bucket=where).get("Uploads")


def test_an_upload_of_a_file_that_has_changed_starts_over(interrupted, spoilt, ceph, bucket, faults, tmp_path):
    (tmp_path / "f").write_bytes(noise(LARGE))
    put = ["put", "--resume", "--jobs", "1", tmp_path / "f", f"s3://{bucket}/k"]
    running = interrupted(*put)
    faults.on("PUT", "partNumber=3", error(500, "InternalError", meanwhile=running))
    killed(running)
    (tmp_path / "f").write_bytes(noise(LARGE)[::-1])
    spoilt(*put)
    assert ceph.get(bucket, "k") == noise(LARGE)[::-1]
    assert not ceph.client.list_multipart_uploads(Bucket=bucket).get("Uploads")


def test_an_upload_that_somebody_aborted_starts_over(interrupted, spoilt, ws, ceph, bucket, faults, tmp_path):
    (tmp_path / "f").write_bytes(noise(LARGE))
    put = ["put", "--resume", "--jobs", "1", tmp_path / "f", f"s3://{bucket}/k"]
    running = interrupted(*put)
    faults.on("PUT", "partNumber=3", error(500, "InternalError", meanwhile=running))
    killed(running)
    spoilt("uploads", "--abort", "--older", "0", f"s3://{bucket}")
    spoilt(*put)
    assert ceph.get(bucket, "k") == noise(LARGE)


@pytest.mark.parametrize("way", ["up", "down"])
def test_what_was_asked_to_stop_is_kept_for_resume(interrupted, spoilt, ceph, bucket, faults, tmp_path, way):
    (tmp_path / "f").write_bytes(noise(LARGE))
    ceph.put(bucket, "k", noise(LARGE))
    ends = [f"s3://{bucket}/k", tmp_path / "back"] if way == "down" else [tmp_path / "f", f"s3://{bucket}/up"]
    running = interrupted("cp", "--resume", "--jobs", "1", *ends)
    faults.on("GET" if way == "down" else "PUT", "/k|partNumber=2", error(500, "InternalError", meanwhile=running), skip=way == "down", times=100)
    running.start().ends(143)
    faults.forget()
    spoilt("cp", "--resume", "--jobs", "1", *ends)
    assert len(faults.seen("GET" if way == "down" else "PUT", "/k|partNumber")) == 2
    assert (tmp_path / "back").read_bytes() == noise(LARGE) if way == "down" else ceph.get(bucket, "up") == noise(LARGE)


def test_a_list_of_parts_of_several_pages_is_read_to_its_end(scripted, ws, faults, tmp_path):
    (tmp_path / "f").write_bytes(noise(LARGE))
    part = lambda n, size: f'<Part><PartNumber>{n}</PartNumber><ETag>"e{n}"</ETag><Size>{size}</Size></Part>'  # noqa: E731
    page_of = lambda body, more: reply(  # noqa: E731
        200, f"<ListPartsResult><IsTruncated>{'true' if more else 'false'}</IsTruncated>{f'<NextPartNumberMarker>{more}</NextPartNumberMarker>' if more else ''}{body}</ListPartsResult>".encode()
    )
    faults.on("POST", r"\?uploads", reply(200, b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"))
    faults.on("PUT", "partNumber", error(403, "AccessDenied"))
    scripted("put", "--resume", "--jobs", "1", tmp_path / "f", "s3://b/k", status=77)
    faults.on("GET", r"\?uploadId=u$", page_of(part(1, 8 * MIB), 1))
    faults.on("GET", "part-number-marker=1", page_of(part(2, 5) + part(3, LARGE - 16 * MIB) + part(9, 8 * MIB), None))  # the second is cut off
    faults.on("PUT", "partNumber=2", reply(200, b"", {"ETag": '"e2"'}))
    faults.on("POST", "uploadId=u", reply(200, b"<CompleteMultipartUploadResult/>"))
    faults.on("HEAD", "/k", reply(200, b"", {"ETag": '"whole"'}, length=LARGE))
    scripted("put", "--resume", "--jobs", "1", tmp_path / "f", "s3://b/k")
    assert [number for number in range(10) if f"e{number}" in re.sub("&.*?;", "", faults.seen("POST", "uploadId=u")[0].body.decode())] == [1, 2, 3]
