"""Names that do not resolve, resolve late or to much (N23 of the network cases): scripted by a name server of our own."""
import dataclasses
import os
import time
from pathlib import Path

import pytest
from faults import reply
from name_server import NXDOMAIN, SERVFAIL, Dns
from test_s3_transfer import Meeting

import ws as helpers

KEYS = {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "secret-of-the-test", "AWS_REGION": "us-east-1"}
GOOD = reply(200, b"hello", {"ETag": '"1"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"})
LONG = "x" * 60 + "." + "y" * 60 + ".example"

NAMES = {
    "silent.example": None,
    "gone.example": NXDOMAIN,
    "broken.example": SERVFAIL,
    "v4.example": ["127.0.0.1"],
    "both.example": ["::1", "127.0.0.1"],
    "none.example": [],
    "many.example": [f"127.9.9.{i}" for i in range(1, 60)] + ["127.0.0.1"],
    "dead-first.example": ["127.77.0.1", "127.0.0.1"],  # see swallowed
    LONG: ["127.0.0.1"],
}

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a name server on port 53 and another resolv.conf need root")


@pytest.fixture
def dns():
    server = Dns(NAMES).start()
    yield server
    server.stop()


@pytest.fixture
def there(ws, faults, dns, tmp_path):
    """there(host, ...): ws-s3 on the fault server, whose name our name server knows; in a mount namespace of its own."""
    (tmp_path / "resolv.conf").write_text(f"nameserver {dns.address}\n")

    def run(host, *args, status=0, resolver=tmp_path / "resolv.conf"):
        env = ws.environment({**KEYS, "AWS_ENDPOINT_URL_S3": f"http://{host}:{faults.port}"})
        script = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'
        command = [helpers.BINARY, "ws-s3", *args, "--allow-http"]
        return helpers.run(["/usr/bin/unshare", "-m", "sh", "-c", script, "sh", resolver, *command], env=env, status=status, timeout=30)

    return run


@pytest.fixture
def cat(there):
    return lambda host, *options, **how: there(host, "cat", "s3://b/k", *options, **how)


def test_n23_a_name_server_that_never_answers_does_not_outlast_the_time_allowed(cat, dns):
    started = time.monotonic()
    result = cat("silent.example", "--max-time", "300ms", status=75)
    result.complains("s3://b/k", "resolve silent.example", "timed out")
    assert time.monotonic() - started < 4  # musl alone takes five seconds for each try
    assert dns.asked


def test_n23_the_time_of_one_try_is_less_than_that_of_all(cat, dns):
    """Each try of musl's ends after 5 s; the second would begin, and the whole is cut."""
    cat("silent.example", "--max-time", "200ms", "--max-attempts", "50", status=75).complains("timed out")


def test_n23_a_name_that_does_not_exist_is_not_asked_for_again(cat, dns):
    cat("gone.example", status=69).complains("resolve gone.example", "no such host")
    assert sorted(dns.asked) == [("udp", "gone.example", 1), ("udp", "gone.example", 28)]


def test_n23_a_name_without_addresses_is_no_host(cat):
    cat("none.example", status=69).complains("resolve none.example", "no such host")


def test_n23_a_name_server_that_fails_is_asked_again(cat, dns):
    cat("broken.example", "--max-attempts", "2", "--max-time", "2s", status=75).complains("resolve broken.example")
    assert len([kind for _, _, kind in dns.asked if kind == 1]) >= 2


@pytest.mark.parametrize("host", ["v4.example", "both.example", LONG])
def test_n23_a_name_with_addresses_is_reached_and_its_host_field_signed(cat, faults, host):
    faults.on("GET", "/b/k", GOOD)
    assert cat(host).output == b"hello"
    (request,) = faults.requests
    assert request.headers["host"] == f"{host}:{faults.port}"


def test_n23_an_answer_too_large_for_udp_comes_over_tcp(cat, dns, faults):
    faults.on("GET", "/b/k", GOOD, optional=True)
    cat("many.example", "--max-attempts", "1", status=None)
    assert {"udp", "tcp"} == {transport for transport, name, _ in dns.asked if name == "many.example"}


def test_n23_an_address_that_swallows_everything_is_left_for_the_next_within_two_seconds(there, faults, swallowed, tmp_path):
    """Two connections at once, each of which begins with another address."""
    meeting = Meeting(2)
    (tmp_path / "d").mkdir()
    faults.on("GET", "/b/[12]", dataclasses.replace(GOOD, meanwhile=meeting), times=2)
    limits = ["--max-time", "6s", "--max-attempts", "1", "--jobs", "2"]
    there("dead-first.example", "get", *limits, "s3://b/1", "s3://b/2", tmp_path / "d")
    assert sorted(os.listdir(tmp_path / "d")) == ["1", "2"] and meeting.most == 2


def test_n23_an_empty_resolv_conf_asks_this_machine_and_ends(cat, tmp_path):
    (tmp_path / "empty").write_text("")
    cat("v4.example", "--max-time", "300ms", "--max-attempts", "1", status=None, resolver=tmp_path / "empty")


@pytest.mark.parametrize("host", ["x" * 64 + ".example", ".".join(["x" * 60] * 5), "a..b"])
def test_n23_a_name_that_is_none_is_refused_before_anyone_is_asked(cat, dns, host):
    assert cat(host, status=78).stderr.count("\n") == 1
    assert dns.asked == []


def test_n23_the_child_that_asked_is_gone_when_the_time_is_up(cat, dns):
    cat("silent.example", "--max-time", "200ms", status=75)
    assert not [process for process in Path("/proc").glob("[0-9]*") if ours(process)]


def ours(process):
    try:
        return b"silent.example" in (process / "environ").read_bytes()
    except OSError:  # it ended meanwhile
        return False
