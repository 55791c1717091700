"""Being asked to stop while nothing moves: whatever is waited for, the waiting ends at once.

At once means: within the eight seconds after which the process would end without a word and without leaving things in order.
"""
import json
import os
import signal
import socket
import threading
from datetime import datetime, timedelta, timezone

import pytest
from faults import error, reply, through
from name_server import Dns
from place import file_base  # noqa: F401
from test_s3_faults import LARGE, bucket, ceph, noise, scripted  # noqa: F401
from test_s3_transfer import interrupted  # noqa: F401

import ws as helpers

STALLED = {
    "an answer": reply(200, silent=True, then="stall"),
    "the reading of a body": reply(200, read=100_000, silent=True, then="stall"),
}


def stalled(fault, running):
    return type(fault)(**{**vars(fault), "meanwhile": running})


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("what", STALLED)
def test_an_upload_that_waits_for_the_server_ends_when_asked_and_is_aborted(interrupted, ceph, bucket, faults, tmp_path, what, number):
    (tmp_path / "f").write_bytes(noise(LARGE))
    running = interrupted("cp", tmp_path / "f", f"s3://{bucket}/k", number=number)
    faults.on("PUT", "partNumber=2", stalled(STALLED[what], running))
    assert "interrupted" in running.start().ends(128 + number)
    assert ceph.keys(bucket) == [] and not ceph.client.list_multipart_uploads(Bucket=bucket).get("Uploads")


@pytest.mark.parametrize("verb", ["mv", "sync", "run"])
def test_the_other_verbs_end_like_that_too(interrupted, ceph, bucket, faults, tmp_path, verb):
    (tmp_path / "d").mkdir()
    (tmp_path / "d/f").write_bytes(noise(LARGE))
    (tmp_path / "list").write_text(f"put {tmp_path}/d/f s3://{bucket}/f\n")
    args = {"mv": ["-r", tmp_path / "d", f"s3://{bucket}"], "sync": [tmp_path / "d", f"s3://{bucket}"], "run": [tmp_path / "list"]}
    running = interrupted(verb, *args[verb])
    faults.on("PUT", "partNumber=2", stalled(STALLED["an answer"], running))
    assert "interrupted" in running.start().ends(143) or verb == "run"
    assert ceph.keys(bucket) == [] and not ceph.client.list_multipart_uploads(Bucket=bucket).get("Uploads")
    assert (tmp_path / "d/f").read_bytes() == noise(LARGE)


def test_an_archive_that_is_written_to_the_server_leaves_no_half_of_it(interrupted, ceph, bucket, faults, tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d/f").write_bytes(noise(LARGE))
    running = interrupted("create", "-C", tmp_path / "d", "-o", f"s3://{bucket}/a.tar.gz", applet="ws-archive")
    faults.on("PUT", "partNumber=2", stalled(STALLED["an answer"], running))
    assert "interrupted" in running.start().ends(143)
    assert ceph.keys(bucket) == [] and not ceph.client.list_multipart_uploads(Bucket=bucket).get("Uploads")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("hooks", [[], ["--quiesce", "true", "--resume", "touch again"]], ids=["alone", "between hooks"])
def test_a_backup_that_is_asked_to_stop_leaves_no_half_of_a_part(interrupted, ceph, bucket, faults, tmp_path, number, hooks):
    (tmp_path / "d").mkdir()
    (tmp_path / "d/f").write_bytes(noise(LARGE))
    running = interrupted("backup", *hooks, "-o", f"s3://{bucket}/backup", tmp_path / "d", applet="ws-archive", number=number, cwd=tmp_path)
    faults.on("PUT", "partNumber=2", stalled(STALLED["an answer"], running))
    assert ("interrupted" if not hooks else "told to stop") in running.start().ends(128 + number)
    assert ceph.keys(bucket) == [] and not ceph.client.list_multipart_uploads(Bucket=bucket).get("Uploads")
    assert (tmp_path / "again").exists() == bool(hooks)


@pytest.mark.parametrize("watch", [[], ["--watch", "1h"]], ids=["once", "watching"])
def test_a_collector_that_archives_to_a_server_leaves_no_half_of_an_archive(interrupted, ceph, bucket, faults, file_base, watch):
    for name in ("t1", "t2"):
        (file_base.setup("--id", name) / "f").write_bytes(noise(LARGE))
    running = interrupted("--base", file_base.path, "--older", "0s", *watch, "--archive-to", f"s3://{bucket}/archives", applet="ws-gc")
    faults.on("PUT", "partNumber=2", stalled(STALLED["an answer"], running))
    assert "interrupted" in running.start().ends(143)
    assert ceph.keys(bucket) == [] and not ceph.client.list_multipart_uploads(Bucket=bucket).get("Uploads")
    assert all((file_base.path / name / "f").read_bytes() == noise(LARGE) for name in ("t1", "t2"))
    assert {name: file_base.record(name)["archive_url"] for name in ("t1", "t2")} == {"t1": "", "t2": ""}


@pytest.mark.parametrize("sent", [None, 0, 1000])
def test_a_download_that_waits_for_the_server_ends_when_asked_and_leaves_no_file(interrupted, ceph, bucket, faults, tmp_path, sent):
    ceph.put(bucket, "k", noise(LARGE))
    (tmp_path / "d").mkdir()
    running = interrupted("get", f"s3://{bucket}/k", tmp_path / "d/f")
    fault = through(silent=True, then="stall") if sent is None else through(send=sent, then="stall")
    faults.on("GET", "/k", stalled(fault, running))
    assert "interrupted" in running.start().ends(143)
    assert os.listdir(tmp_path / "d") == []


def test_a_reader_that_does_not_read_does_not_hold_who_is_asked_to_stop(interrupted, ceph, bucket, faults):
    ceph.put(bucket, "k", noise(LARGE))
    running = interrupted("cp", f"s3://{bucket}/k", "-").start()
    assert running.process.stdout.read(1) == noise(1)
    running()
    assert running.process.wait(6) == 143


def test_nobody_waits_as_long_as_a_server_wishes_when_asked_to_stop(interrupted, bucket, faults, tmp_path):
    running = interrupted("get", f"s3://{bucket}/k", tmp_path / "f")
    faults.on("GET", "/k", error(503, "SlowDown", retry_after=60))
    faults.on("HEAD", "/k", error(503, "SlowDown", retry_after=60), optional=True)
    running.start()
    while not faults.requests:
        os.sched_yield()
    running()
    assert "interrupted" in running.ends(143)


def test_a_tls_handshake_ends_when_asked_to_stop(ws, tmp_path):
    """With a server that reads and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        env = {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "s", "AWS_ENDPOINT_URL_S3": f"https://localhost:{listener.getsockname()[1]}"}
        process = ws.start("ws-s3", "get", "s3://b/k", tmp_path / "f", env=env)
        connection, _ = listener.accept()
        with connection:
            assert connection.recv(5)[:1] == b"\x16"  # a handshake record
            process.terminate()
            _, stderr = process.communicate(timeout=60)
    assert process.returncode == 143 and b"interrupted" in stderr


def credentials(expires):
    body = {"AccessKeyId": "AK", "SecretAccessKey": "secret-of-the-test", "Token": "t", "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return reply(200, json.dumps(body).encode())


def test_the_renewal_of_keys_ends_when_asked_to_stop(ws, faults, tmp_path):
    """They end in a minute, so new ones are asked for before the first request."""
    started = threading.Event()

    def ask():
        assert started.wait(30)
        process.terminate()

    soon = datetime.now(timezone.utc) + timedelta(minutes=1)
    faults.on("GET", "^/keys$", credentials(soon), reply(200, silent=True, then="stall", meanwhile=ask))
    env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": faults.url + "/keys", "AWS_ENDPOINT_URL_S3": faults.url}
    process = ws.start("ws-s3", "get", "s3://b/k", tmp_path / "f", env=env)
    started.set()
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 143 and b"interrupted" in stderr
    assert len(faults.requests) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="a name server on port 53 and another resolv.conf need root")
def test_the_search_for_a_name_ends_when_asked_to_stop(ws, tmp_path):
    asked = threading.Event()
    names = {"held.example": asked.set}
    dns = Dns(names).start()
    try:
        (tmp_path / "resolv.conf").write_text(f"nameserver {dns.address}\n")
        env = ws.environment({"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "s", "AWS_ENDPOINT_URL_S3": "https://held.example"})
        script = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'
        command = ["unshare", "-m", "sh", "-c", script, "sh", tmp_path / "resolv.conf", helpers.BINARY, "ws-s3", "get", "s3://b/k", tmp_path / "f"]
        process = helpers.subprocess.Popen(command, env=env, stderr=helpers.subprocess.PIPE)
        assert asked.wait(30)
        process.terminate()
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 143 and b"interrupted" in stderr
    finally:
        dns.stop()
