"""ws-s3 and the ways in which servers set up TLS: nginx with 26 faces (tests/servers/tls_site.py) in front of a scripted server."""
import socket
import struct

import pytest
from faults import Faults, reply
from tls_site import SITES, TlsSite

KEYS = {"AWS_ACCESS_KEY_ID": "AKTEST", "AWS_SECRET_ACCESS_KEY": "secret-of-the-test", "AWS_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "2"}
LISTED = b"<ListBucketResult><KeyCount>1</KeyCount><IsTruncated>false</IsTruncated><Contents><Key>hello</Key><Size>5</Size></Contents></ListBucketResult>"
BODY = bytes(range(256)) * 400

# What each face that does not work is refused with.
REFUSED = {
    "tls13": "refuses TLS 1.2, the version that ws speaks (it may be set to TLS 1.3 only)",
    "expired": "expired on Fri, 01 Jan 2021",
    "not-yet": "is valid from Sun, 01 Jan 2040",
    "wrong-host": "is for other.example, not for localhost",
    "self-signed": "is self-signed and none of the 1 CA certificates",
    "untrusted": 'its issuer "ws other-ca" leads to none of the 1',
    "no-intermediate": 'its issuer "ws middle" leads to none of the 1',
    "old": "TLS 1.2",
    "cbc": "shares no version and cipher suite with ws",
    "rsa1024": "RSA key of less than 2048 bits",
    "ip-only": "is for IP 127.0.0.1, not for localhost",
    "cn-only": "is for unrelated.example, not for localhost",
    "sha1": "SHA-1",
}
OTHER = {"client-cert", "refuses-put"}
GOOD = [name for name in SITES if name not in {*REFUSED, *OTHER}]


@pytest.fixture(scope="module")
def backend():
    server = Faults().start()
    server.on("GET", r"^/b\?", reply(200, LISTED, {"Content-Type": "application/xml"}), times=1 << 30, optional=True)
    server.on("HEAD", r"^/b/", reply(200, BODY, {"ETag": '"e"'}), times=1 << 30, optional=True)
    server.on("GET", r"^/b/", reply(200, BODY, {"ETag": '"e"'}), times=1 << 30, optional=True)
    server.on("PUT", r"^/b/", reply(200, b"", {"ETag": '"e"'}), times=1 << 30, optional=True)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def site(tmp_path_factory, backend):
    running = TlsSite(tmp_path_factory.mktemp("tls"), backend.url).start()
    yield running
    running.stop()


@pytest.fixture
def s3(ws, site):
    """s3(face, "ls", ...): ws-s3 on that face of the site."""

    def run(name, *args, host="localhost", **options):
        env = {**KEYS, "AWS_ENDPOINT_URL": site.url(name, host), "AWS_CA_BUNDLE": str(site.ca)}
        return ws("ws-s3", *args, env=env, **options)

    return run


@pytest.mark.parametrize("name", GOOD)
def test_this_way_works(s3, name):
    assert "hello" in s3(name, "ls", "s3://b/").stdout


@pytest.mark.parametrize("name", REFUSED)
def test_this_way_is_refused_with_the_reason(s3, backend, name):
    seen = len(backend.requests)
    result = s3(name, "ls", "s3://b/", status=69)
    assert REFUSED[name] in result.stderr and "https://localhost:" in result.stderr
    assert len(backend.requests) == seen


def test_every_face_is_tested():
    assert len(SITES) == 26 and set(GOOD) | set(REFUSED) | OTHER == set(SITES)


def test_an_address_is_what_the_certificate_is_for(s3):
    assert "hello" in s3("ip-only", "ls", "s3://b/", host="127.0.0.1").stdout
    assert "not for IP ::1" in s3("ip-only", "ls", "s3://b/", host="[::1]", status=69).stderr


def test_ipv6_works_with_the_port_in_the_signed_host(s3, site, backend):
    assert "hello" in s3("tls12", "ls", "s3://b/", host="[::1]").stdout
    assert backend.requests[-1].headers["host"] == site.url("tls12", "[::1]").removeprefix("https://")


def test_a_client_certificate_is_shown_when_the_server_asks(s3, site, tmp_path):
    assert "hello" in s3("client-cert", "ls", "--client-cert", site.client, "s3://b/").stdout
    pair = ["--client-cert", site.directory / "client-alone.pem", "--client-key", site.directory / "client-alone.key"]
    assert "hello" in s3("client-cert", "ls", *pair, "s3://b/").stdout
    assert s3("client-cert", "ls", "s3://b/", status=None).status == 69
    foreign = ["--client-cert", site.directory / "good.pem", "--client-key", site.directory / "good.key"]
    assert s3("client-cert", "ls", *foreign, "s3://b/", status=None).status == 69
    assert "--client-key needs --client-cert" in s3("tls12", "ls", "--client-key", site.client, "s3://b/", status=64).stderr
    mixed = ["--client-cert", site.client, "--client-key", site.directory / "good.key"]
    assert "not the one that belongs" in s3("tls12", "ls", *mixed, "s3://b/", status=78).stderr


def test_objects_come_and_go(s3, tmp_path):
    (tmp_path / "up").write_bytes(BODY)
    s3("cached", "put", tmp_path / "up", "s3://b/k")
    assert s3("slow", "cat", "s3://b/k").output == BODY
    assert s3("one-request", "cat", "s3://b/k").output == BODY


def test_new_connections_of_one_run_take_up_the_session_of_the_first(s3, backend):
    before = len(backend.requests)
    s3("one-request", "stat", *[f"s3://b/k{i}" for i in range(6)])
    reused = [request.headers["x-reused"] == "r" for request in backend.requests[before:]]
    assert len(reused) == 6 and not reused[0] and all(reused[1:])


def test_an_early_refusal_of_an_upload_is_told(s3, tmp_path):
    (tmp_path / "up").write_bytes(BODY)
    result = s3("refuses-put", "put", tmp_path / "up", "s3://b/k", status=75)
    assert "503" in result.stderr


def hello(ws, name):
    """The version, cipher suites and extensions that ws begins a handshake with."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        env = {**KEYS, "AWS_ENDPOINT_URL": f"https://{name}:{port}", "AWS_MAX_ATTEMPTS": "1"}
        process = ws.start("ws-s3", "ls", "--connect-to", f"127.0.0.1:{port}", "s3://b", env=env)
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as stream:
            record, length = struct.unpack("!B2xH", stream.read(5))
            body = stream.read(length)
        process.wait(30)
    assert (record, body[0]) == (22, 1)
    version, at = struct.unpack("!H", body[4:6])[0], 38 + 1 + body[38]
    size = struct.unpack("!H", body[at : at + 2])[0]
    suites = set(struct.unpack(f"!{size // 2}H", body[at + 2 : at + 2 + size]))
    at += 2 + size
    at += 1 + body[at] + 2
    extensions = {}
    while at < len(body):
        kind, size = struct.unpack("!HH", body[at : at + 4])
        extensions[kind] = body[at + 4 : at + 4 + size]
        at += 4 + size
    return version, suites, extensions


def test_nothing_but_tls_1_2_with_ecdhe_and_aead_is_offered(ws):
    """RFC 5289 and RFC 7905: ECDHE with AES-GCM and ChaCha20-Poly1305; 0x00FF says that renegotiation would be a safe one."""
    version, suites, extensions = hello(ws, "storage.example")
    assert version == 0x0303 and 43 not in extensions  # supported_versions, which 1.3 would need
    assert suites - {0x00FF} == {0xC02B, 0xC02C, 0xC02F, 0xC030, 0xCCA8, 0xCCA9}
    assert b"storage.example" in extensions[0]


def test_an_address_is_no_server_name(ws):
    """RFC 6066 section 3."""
    assert 0 not in hello(ws, "127.0.0.1")[2]
