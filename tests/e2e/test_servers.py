"""The harness itself: every server answers a client that is not ours, and the fault server does what its script says."""
import http.client
import os
import shutil
import socket
import ssl
import subprocess
import time
import urllib.request

import botocore.exceptions
import certificate
import pytest
from botocore.config import Config
from daemons import is_listening
from faults import Faults, error, raw, reply, reset, through

import ws as helpers

PART = 5 << 20


def error_code(caught):
    return caught.value.response["Error"]["Code"]


def test_objects_can_be_put_read_and_listed(s3):
    bucket = s3.bucket()
    for key in ("a", "b/ü ?+%41", "b/c"):
        s3.put(bucket, key, key.encode())
    assert s3.get(bucket, "b/ü ?+%41") == "b/ü ?+%41".encode()
    assert s3.keys(bucket) == ["a", "b/c", "b/ü ?+%41"]
    assert s3.keys(bucket, "b/") == ["b/c", "b/ü ?+%41"]


def test_an_object_can_be_uploaded_in_parts(s3):
    bucket, key = s3.bucket(), "big"
    upload = s3.client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    same = {"Bucket": bucket, "Key": key, "UploadId": upload}
    parts = [(1, b"1" * PART), (2, b"2" * 100)]
    tags = [{"PartNumber": n, "ETag": s3.client.upload_part(**same, PartNumber=n, Body=body)["ETag"]} for n, body in parts]
    s3.client.complete_multipart_upload(**same, MultipartUpload={"Parts": tags})
    assert s3.get(bucket, key) == b"".join(body for _, body in parts)


def test_a_wrong_secret_is_refused(s3):
    bucket = s3.bucket()
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        s3.make_client(aws_secret_access_key="wrong").list_objects_v2(Bucket=bucket)
    assert error_code(caught) == "SignatureDoesNotMatch"


def test_a_missing_key_and_a_missing_bucket_have_their_own_errors(s3):
    bucket = s3.bucket()
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        s3.get(bucket, "absent")
    assert error_code(caught) == "NoSuchKey"
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        s3.get(f"{bucket}-absent", "absent")
    assert error_code(caught) == "NoSuchBucket"


def test_a_store_starts_empty_and_can_be_looked_into(store):
    assert store.keys() == []
    store.put("a/b.tar.gz", b"1")
    store.put("a.json", b"2")
    assert store.keys() == ["a.json", "a/b.tar.gz"]
    assert (store.get("a/b.tar.gz"), store.get("a.json")) == (b"1", b"2")


def test_awscli_works_in_a_clean_environment(s3, aws, tmp_path):
    bucket = s3.bucket()
    (tmp_path / "file").write_bytes(b"from awscli")
    aws("s3", "cp", tmp_path / "file", f"s3://{bucket}/k")
    assert s3.get(bucket, "k") == b"from awscli"
    assert aws("s3", "cp", f"s3://{bucket}/k", "-").output == b"from awscli"


ONCE = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})


def test_https_is_trusted_with_the_test_ca_and_not_without(servers):
    s3 = helpers.S3("ceph-tls", servers("ceph"))
    assert s3.endpoint.startswith("https://localhost:")
    s3.client.list_buckets()
    with pytest.raises(botocore.exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        s3.make_client(verify="/etc/ssl/certs/ca-certificates.crt", config=ONCE).list_buckets()


@pytest.fixture
def own_server(tmp_path):
    """Swift with a parent that the test can end: (serve.py's process, the parent's process, the port)."""
    parent = subprocess.Popen(["/usr/bin/sleep", "600"])
    command = ["/usr/bin/python3", helpers.SERVERS / "serve.py", "swift", "--dir", tmp_path, "--parent", str(parent.pid)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        yield server, parent, int(server.stdout.readline().rpartition(":")[2])
        server.kill()
    parent.kill()
    parent.wait()


def wait_closed(port):
    """The port stops listening within ten seconds."""
    deadline = time.monotonic() + 10
    while is_listening(port):
        assert time.monotonic() < deadline, f"port {port} is still served"
        time.sleep(0.02)


def test_a_server_ends_with_its_parent_and_leaves_nothing(own_server, tmp_path):
    server, parent, port = own_server
    assert is_listening(port)
    parent.kill()
    assert server.wait(10) == 0
    wait_closed(port)
    assert list(tmp_path.iterdir()) == []


def test_the_daemons_end_when_their_keeper_is_killed(own_server):
    server, _, port = own_server
    assert is_listening(port)
    server.kill()
    for offset in range(5):
        wait_closed(port + offset)


def talk(faults, method="GET", target="/x", body=None, timeout=10, headers=None):
    """One request on a fresh connection; returns (status, body)."""
    connection = http.client.HTTPConnection("127.0.0.1", faults.port, timeout=timeout)
    try:
        connection.request(method, target, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_scripted_replies_are_played_in_order_and_requests_recorded(faults):
    faults.play(error(503, "SlowDown", retry_after=7), reply(200, b"hello"))
    connection = http.client.HTTPConnection("127.0.0.1", faults.port)
    connection.request("PUT", "//a%2F b?x=1".replace(" ", "%20"), b"body")
    first = connection.getresponse()
    assert (first.status, first.headers["Retry-After"]) == (503, "7")
    assert b"<Code>SlowDown</Code>" in first.read()
    connection.request("GET", "/second")
    assert connection.getresponse().read() == b"hello"
    connection.close()
    put, get = faults.requests
    assert (put.method, put.target, put.body) == ("PUT", "//a%2F%20b?x=1", b"body")
    assert (get.connection, faults.connections) == (put.connection, 1)


def test_rules_choose_by_method_target_and_count(faults):
    faults.on("PUT", "part=2$", error(503, "SlowDown"), skip=1, times=2)
    faults.on("*", "", reply(200), times=99)
    second = ("PUT", "/?part=2")
    answers = [talk(faults, *request)[0] for request in (second, ("PUT", "/?part=1"), ("GET", "/?part=2"), second, second, second)]
    assert answers == [200, 200, 200, 503, 503, 200]
    assert len(faults.seen("PUT", "part=2")) == 4


def test_a_request_without_a_rule_gets_500_and_an_unused_rule_is_a_complaint():
    faults = Faults().start()
    faults.on("GET", "/never", reply(200))
    faults.on("GET", "/maybe", reply(200), optional=True)
    assert talk(faults)[0] == 500
    faults.stop()
    assert len(faults.complaints()) == 1 and "/never" in faults.complaints()[0]


BODY = b"0123456789" * 1000


@pytest.mark.parametrize(
    "fault, error_class",
    [
        (reply(200, BODY, length=len(BODY) + 1, then="close"), http.client.IncompleteRead),
        (reply(200, BODY, send=5000, then="close"), http.client.IncompleteRead),
        (reply(200, BODY, chunked=True, send=5000, then="close"), http.client.IncompleteRead),
        (reply(200, BODY, send=5000, then="reset"), ConnectionResetError),
        (reply(200, BODY, send=5000, then="stall"), TimeoutError),
        (reply(200, BODY, dribble=(100, 60)), TimeoutError),
        (reply(200, BODY, delay_s=60), TimeoutError),
        (raw(b"not http at all\r\n\r\n"), http.client.BadStatusLine),
        (raw(b""), http.client.RemoteDisconnected),
        (reset(), ConnectionResetError),
    ],
)
def test_an_answer_can_go_wrong_in_every_way(faults, fault, error_class):
    faults.play(fault)
    with pytest.raises(error_class):
        talk(faults, timeout=0.2)


@pytest.mark.parametrize("framing", [{}, {"chunked": True}, {"length": None}, {"dribble": (4000, 0.001)}])
def test_an_answer_can_be_framed_in_every_way(faults, framing):
    faults.play(reply(200, BODY, **framing))
    assert talk(faults) == (200, BODY)


def test_a_short_length_hides_the_rest_of_the_body(faults):
    faults.play(reply(200, BODY, length=10, then="close"))
    assert talk(faults) == (200, BODY[:10])


def test_an_upload_can_be_reset_half_way(faults):
    faults.play(reset(read=100_000))
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        talk(faults, "PUT", body=bytes(50_000_000))
    assert len(faults.requests[0].body) == 100_000


def test_an_answer_can_come_before_the_body_was_read(faults):
    faults.play(error(403, "AccessDenied", read=0))
    with socket.create_connection(("127.0.0.1", faults.port), timeout=10) as client:
        client.sendall(b"PUT /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 403 ")


def test_a_client_that_waits_is_told_to_continue(faults):
    faults.play(reply(200))
    with socket.create_connection(("127.0.0.1", faults.port), timeout=10) as client:
        client.sendall(b"PUT /x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"ok")
        assert client.recv(100).startswith(b"HTTP/1.1 200 ")
    assert faults.requests[0].body == b"ok"


def test_the_fault_server_speaks_https(tmp_path):
    certificate.make(tmp_path)
    faults = Faults(tls_dir=tmp_path).start()
    faults.play(reply(200, b"safe"), reset())
    context = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    assert urllib.request.urlopen(faults.url, context=context).read() == b"safe"
    with pytest.raises(ConnectionResetError):
        urllib.request.urlopen(faults.url, context=context)
    faults.stop()
    assert faults.complaints() == []


@pytest.fixture
def front(s3, faults):
    """A client of the s3 server that goes through the fault server and never tries twice."""
    faults.backend = s3.plain_endpoint
    return s3.make_client(endpoint_url=faults.url, config=ONCE)


def test_requests_pass_through_to_a_real_server(s3, faults, front):
    bucket = s3.bucket()
    front.put_object(Bucket=bucket, Key="k ü", Body=BODY, Metadata={"a": "b"})
    answer = front.get_object(Bucket=bucket, Key="k ü", Range="bytes=5-14")
    assert (answer["Body"].read(), answer["Metadata"]) == (b"5678901234", {"a": "b"})
    assert front.head_object(Bucket=bucket, Key="k ü")["ContentLength"] == len(BODY)
    assert [request.method for request in faults.requests] == ["PUT", "GET", "HEAD"]


def test_a_lost_reply_was_carried_out(s3, faults, front):
    bucket = s3.bucket()
    faults.on("PUT", "/k$", through(silent=True, then="reset"))
    with pytest.raises(botocore.exceptions.ConnectionClosedError):
        front.put_object(Bucket=bucket, Key="k", Body=b"arrived")
    assert s3.get(bucket, "k") == b"arrived"


def test_a_real_answer_can_be_corrupted_and_cut(s3, faults, front):
    bucket = s3.bucket()
    s3.put(bucket, "k", BODY)
    faults.on("GET", "/k$", through(flip=17), through(send=5000, then="reset"))
    got = front.get_object(Bucket=bucket, Key="k")["Body"].read()
    assert [i for i in range(len(BODY)) if got[i] != BODY[i]] == [17]
    with pytest.raises((botocore.exceptions.IncompleteReadError, botocore.exceptions.ResponseStreamingError)):
        front.get_object(Bucket=bucket, Key="k")["Body"].read()


CHANGES = {
    "nothing": lambda copy: None,
    "content": lambda copy: (copy / "zero").write_bytes(b"1") and os.utime(copy / "zero", ns=(0, 0)),
    "a mode": lambda copy: (copy / "run.sh").chmod(0o754),
    "a nanosecond": lambda copy: os.utime(copy / "src", ns=(0, os.stat(copy / "src").st_mtime_ns + 1)),
    "a link's own time": lambda copy: os.utime(copy / "link", ns=(0, 1), follow_symlinks=False),
    "a hard link": lambda copy: relink(copy / "src/hard.c"),
    "an empty directory": lambda copy: (copy / "empty/nested").rmdir(),
}


def relink(path):
    """Replace a hard link by an equal file of its own, without a trace in its directory's time."""
    times = os.stat(path.parent).st_mtime_ns
    own = path.with_name("own")
    shutil.copy2(path, own)
    own.rename(path)
    os.utime(path.parent, ns=(0, times))


@pytest.mark.parametrize("change", CHANGES)
def test_the_digest_of_a_tree_sees_every_change(tree, tmp_path, change):
    copy = tmp_path / "copy"
    subprocess.run(["/usr/bin/cp", "-a", tree(), copy], check=True)
    before = helpers.tree_digest(tmp_path / "tree")
    CHANGES[change](copy)
    assert (helpers.tree_digest(copy) == before) == (change == "nothing")


def test_a_tree_has_what_real_ones_have(tree):
    made = helpers.tree_digest(tree())
    assert {entry["mode"][0] for entry in made.values()} == set("-dl")
    assert made["src/hard.c"]["same_as"] == made["empty/harder.c"]["same_as"] == made["src/main.c"]["same_as"]
    assert all(entry["mtime_ns"] % 1000 for name, entry in made.items() if name != "zero")
    assert set(map(os.fsdecode, helpers.ODD_NAMES)) < set(made)
    assert not set(map(os.fsdecode, helpers.ODD_NAMES)) & set(helpers.tree_digest(tree("plain", odd=False)))
    assert os.stat(tree("holes") / "sparse").st_blocks * 512 < 1 << 20


def test_the_binary_runs_in_a_clean_environment(tmp_path, monkeypatch):
    monkeypatch.setattr(helpers, "BINARY", "/usr/bin/env")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "leaked")
    printed = helpers.Ws(tmp_path / "home")("printenv", env={"GIVEN": "1"}).stdout
    assert {line.split("=")[0] for line in printed.split()} == {"PATH", "HOME", "TMPDIR", "LANG", "AWS_EC2_METADATA_DISABLED", "GIVEN"}


def test_a_wrong_status_and_a_hang_are_reported_with_all_output(monkeypatch):
    with pytest.raises(AssertionError, match="(?s)expected status 0.*sh -c.*status 3.*out.*err"):
        helpers.run(["/bin/sh", "-c", "echo out; echo err >&2; exit 3"])
    assert helpers.run(["/bin/sh", "-c", "exit 3"], status=3).status == 3
    with pytest.raises(AssertionError, match="(?s)status -9.*killed by the test"):
        helpers.run(["/bin/sh", "-c", "sleep 600"], status=None, timeout=0.1)
