"""What ws-s3 asks the kernel for, seen by strace: what no result shows."""
import re

import pytest
from faults import reply
from test_s3_faults import MIB, noise, page

import ws as helpers

TAG = {"ETag": '"e"'}


@pytest.fixture
def traced(ws, faults, tmp_path):
    """traced("connect,fsync", "cp", ...): runs ws-s3 on the fault server and returns its calls in order; descriptors with their paths."""

    def run(calls, *args):
        env = {"AWS_ENDPOINT_URL": faults.url, "AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1"}
        log = tmp_path / "trace"
        helpers.run(["strace", "-f", "-y", "-s", "0", "-o", log, "-e", f"trace={calls}", helpers.BINARY, "ws-s3", *args], env=ws.environment(env))
        return [line.split(" ", 1)[1].strip() for line in log.read_text().splitlines() if "resumed>" not in line and "(" in line]

    return run


def names(lines, **patterns):
    """The calls as the names of the patterns that they match."""
    return [name for line in lines for name, pattern in patterns.items() if re.search(pattern, line)]


WRITES = "pwrite64,write,fsync,fdatasync,syncfs,?rename,?renameat,?renameat2"


@pytest.mark.parametrize("size", [1000, 9 * MIB])
def test_a_download_is_written_beside_its_target_synced_and_then_renamed(traced, faults, tmp_path, size):
    (tmp_path / "d").mkdir()
    rest = reply(206, noise(size)[8 * MIB :], {**TAG, "Content-Range": f"bytes {8 * MIB}-{size - 1}/{size}"})
    faults.on("GET", "/b/k", reply(200, noise(size), TAG), *([rest] if size > 8 * MIB else []))
    calls = traced(WRITES, "get", "s3://b/k", tmp_path / "d/f")
    steps = names(calls, write=r"^p?write(64)?\(.*\.part", sync=r"^f(data)?sync\(.*\.part", rename=r'^rename.*\.part".*"f"', settle=r"^fsync\(.*/d>")
    assert steps[-3:] == ["sync", "rename", "settle"] and set(steps[:-3]) == {"write"}
    assert (tmp_path / "d/f").read_bytes() == noise(size)


def test_many_downloads_are_synced_together_at_the_end(traced, faults, tmp_path):
    faults.on("GET", "list-type=2", page("1", "2", "3"))
    faults.on("GET", "/b/[123]", reply(200, b"x", TAG), times=3)
    steps = names(traced(WRITES, "cp", "-r", "s3://b/", tmp_path / "d"), rename=r"^rename.*\.part", sync=r"^syncfs\(")
    assert steps == ["rename"] * 3 + ["sync"]


def test_every_connection_sends_small_pieces_at_once(traced, faults, tmp_path):
    faults.on("GET", "/b/", reply(200, b"x", TAG, then="close"), times=3)
    calls = traced("connect,setsockopt", "cat", "s3://b/1", "s3://b/2", "s3://b/3")
    steps = names(calls, nodelay=r"^setsockopt\(.*TCP_NODELAY, \[1\]", connect=r"^connect\(.*AF_INET")
    assert steps == ["nodelay", "connect"] * 3
