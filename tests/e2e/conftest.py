"""Fixtures of the end-to-end tests; what they hand out is described in ws.py and in servers/faults.py."""
import contextlib
import os
import socket
import subprocess
import sys

import pytest
import rawtar

import ws as helpers

sys.path.insert(0, str(helpers.SERVERS))
from faults import Faults  # noqa: E402

S3_NAMES = ["swift", "swift238", "ceph", "ceph-tls", "ceph20"]
OF_SID = {"swift238": "Swift 2.38", "ceph20": "Ceph 20"}  # from a suite that moves


def pytest_sessionstart():
    """What the tests need and the system lacks is installed first, or named."""
    needed = (helpers.REPOSITORY / "tests/need-e2e.txt").read_text().split()
    if subprocess.run([helpers.REPOSITORY / "tests/need.sh", *needed]).returncode != 0:
        pytest.exit("packages are missing", returncode=1)
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "localhost,127.0.0.1"


def connect(servers, name):
    return helpers.S3(name, servers(name.removesuffix("-tls")))


@pytest.fixture(scope="session")
def servers(tmp_path_factory):
    """Function from "swift", "swift238", "ceph", "ceph20", "ceph-sts" to the running server; each is started once, when first asked for."""
    running = {}
    directory = tmp_path_factory.mktemp("servers")

    def get(kind):
        if kind not in running:
            running[kind] = helpers.Server(kind, directory)
        trouble = running[kind].trouble()
        if trouble and kind in OF_SID:
            pytest.skip(f"no {OF_SID[kind]} here: {trouble.strip()}")
        if trouble:
            pytest.fail(f"S3 server {kind}: {trouble}", pytrace=False)
        return running[kind]

    yield get
    for server in running.values():
        server.stop()


@pytest.fixture(params=S3_NAMES)
def s3(request, servers):
    """An S3 server (class S3); the test runs once for each."""
    return connect(servers, request.param)


@pytest.fixture(params=["file", *S3_NAMES])
def store(request, servers, tmp_path):
    """A store, empty, with url, env, put(), get(), keys(): a directory, then a bucket on each server."""
    if request.param == "file":
        return helpers.FileStore(tmp_path / "store")
    return helpers.S3Store(connect(servers, request.param))


@pytest.fixture
def ws(tmp_path):
    """The binary (class Ws)."""
    if not helpers.BINARY.exists():
        pytest.fail(f"{helpers.BINARY} is missing: run make first", pytrace=False)
    binary = helpers.Ws(tmp_path / "home")
    yield binary
    binary.stop()


@pytest.fixture
def bucket(s3):
    """The name of a bucket of its own on that server."""
    return s3.bucket()


@pytest.fixture
def s3cmd(ws, s3):
    """s3cmd("ls", ...): ws-s3 on the server of the s3 fixture."""
    return lambda *args, **options: ws("ws-s3", *args, env={**s3.env, **options.pop("env", {})}, **options)


@pytest.fixture
def aws(s3, tmp_path):
    """aws("s3", "ls", ...): Debian's awscli on the server of the s3 fixture; options as for ws()."""
    return lambda *args, **options: s3.aws(tmp_path, *args, **options)


@pytest.fixture
def closed_port():
    """A port on loopback that refuses connections as long as the test runs."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@pytest.fixture
def faults():
    """A server that misbehaves (class Faults). A scripted fault that was never met fails the test."""
    server = Faults().start()
    yield server
    server.stop()
    complaints = server.complaints()
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def swallowed(faults):
    """127.77.0.1 with the fault server's port, where the queue is full: the kernel drops what comes, and says nothing."""
    place = ("127.77.0.1", faults.port)
    with contextlib.ExitStack() as stack:
        stack.enter_context(socket.create_server(place, backlog=0))
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(place)
        with pytest.raises(TimeoutError):
            socket.create_connection(place, timeout=0.05)
        yield f"{place[0]}:{place[1]}"


@pytest.fixture
def tree(tmp_path):
    """tree(name="tree", odd=True): makes a small real tree below the test's directory and returns its path."""
    return lambda name="tree", odd=True: helpers.make_tree(tmp_path / name, odd)


@pytest.fixture
def canary(tmp_path):
    """A directory that must be the same after the test, to the nanosecond: the thing that an escape would hit."""
    directory = helpers.make_tree(tmp_path / "canary")
    before = helpers.tree_digest(directory, owner=True)
    yield directory
    assert helpers.tree_digest(directory, owner=True) == before


@pytest.fixture
def plain_user(ws):  # ws: the binary is there
    """The binary run by an ordinary user, in a directory of that user's own (class PlainUser)."""
    user = helpers.PlainUser()
    yield user
    user.remove()


@pytest.fixture
def refused(ws, tmp_path, canary):
    """refused(archive bytes, says…, status=65): it is not unpacked in any of the ways, nothing is left, and a pipe makes no difference."""

    def check(data, *says, status=65, pipe_only=False):
        place = tmp_path / "place"
        place.mkdir(exist_ok=True)
        (tmp_path / "evil").write_bytes(data)
        for more, options in rawtar.WAYS.values():
            if not pipe_only:
                result = ws("ws-archive", "extract", "-q", *more, "-C", place / "out", tmp_path / "evil", status=status, **options)
                result.complains(*says)
            if data[:2] != b"PK":
                ws("ws-archive", "extract", "-q", *more, "-C", place / "out", "-", input=data, status=status, **options)
            assert os.listdir(place) == []

    return check
