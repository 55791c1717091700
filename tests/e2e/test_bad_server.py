"""Servers that can't be reached, believed or used, and secrets: one message with the way out, nothing lost, never a word of a key."""
import os
import re
import subprocess
from pathlib import Path

import certificate
import pytest
from faults import Faults, error, raw, reply

import ws as helpers

ONCE = {"AWS_MAX_ATTEMPTS": "1"}


def make_state(ws, base, env, store, **options):
    """A workspace with a tree in it; returns what the tree is."""
    ws("ws-setup", "--base", base, "--id", "x", "--store", store, env=env, **options)
    helpers.make_tree(base / "x/tree")
    return helpers.tree_digest(base / "x", top=False)


def spools(ws, base, env, *says):
    """Teardown can't save: it says why and how to go on, and keeps everything."""
    result = ws("ws-teardown", "--base", base, "x", env=env, status=75)
    result.complains("x", "spool", "--retry", *says)
    assert not (base / "x").exists() and (base / ".ws/spool/x/tree").is_dir()


def comes_back(ws, base, env, expected):
    """The spool is sent, and a setup restores the same."""
    ws("ws-teardown", "--base", base, "--retry", env=env)
    assert os.listdir(base / ".ws/spool") == []
    ws("ws-setup", "--base", base, "--id", "x", env=env)
    assert helpers.tree_digest(base / "x", top=False) == expected


def leaves_nothing(base):
    assert os.listdir(base) == [".ws"]
    assert [path for path in (base / ".ws").rglob("record.json")] == []


# ---- buckets and keys ----


def test_a_missing_bucket_is_not_an_empty_one(ws, s3, tmp_path):
    bucket = f"t-{os.urandom(8).hex()}"
    base, env = tmp_path / "base", {**s3.env, **ONCE}
    setup = ["ws-setup", "--base", base, "--id", "x", "--store", f"s3://{bucket}/p"]
    ws(*setup, env=env, status=66).complains(bucket)
    leaves_nothing(base)
    for command in (["ls", f"s3://{bucket}/"], ["cat", f"s3://{bucket}/k"], ["rm", f"s3://{bucket}/k"], ["rb", f"s3://{bucket}"]):
        ws("ws-s3", *command, env=env, status=66).complains(bucket)
    ws("ws-s3", "put", "/etc/hostname", f"s3://{bucket}/k", env=env, status=66).complains(bucket)
    s3.client.create_bucket(Bucket=bucket)
    ws(*setup, env=env)


def test_a_bucket_that_went_away_loses_nothing(ws, s3, tmp_path):
    bucket, base, env = s3.bucket(), tmp_path / "base", {**s3.env, **ONCE}
    expected = make_state(ws, base, env, f"s3://{bucket}/p")
    s3.client.delete_bucket(Bucket=bucket)
    spools(ws, base, env, bucket)
    s3.client.create_bucket(Bucket=bucket)
    comes_back(ws, base, env, expected)


def test_a_404_that_is_not_from_s3_does_not_mean_that_there_is_nothing(ws, tmp_path, faults):
    faults.on("*", "", reply(404, b"<html><title>404 Not Found</title></html>", {"Content-Type": "text/html"}), times=9)
    base, env = tmp_path / "base", {**KEYS, **ONCE, "AWS_ENDPOINT_URL_S3": faults.url}
    ws("ws-setup", "--base", base, "--id", "x", "--store", "s3://bucket/p", env=env, status=66).complains("s3://bucket/p/tasks/x.tar.gz", "404")
    leaves_nothing(base)


def test_a_missing_object_is_not_found(ws, s3, tmp_path):
    bucket = s3.bucket()
    for command in (["cat"], ["stat"]):
        ws("ws-s3", *command, f"s3://{bucket}/no/such", env=s3.env, status=66).complains(f"s3://{bucket}/no/such")
    ws("ws-s3", "get", f"s3://{bucket}/no/such", tmp_path / "x", env=s3.env, status=66).complains(f"s3://{bucket}/no/such")
    assert not (tmp_path / "x").exists()


WRONG_KEYS = {
    "a wrong secret": {"AWS_SECRET_ACCESS_KEY": "wrong"},
    "an unknown access key": {"AWS_ACCESS_KEY_ID": "nobody:here"},
}


@pytest.mark.parametrize("wrong", WRONG_KEYS)
def test_a_wrong_key_is_refused_and_loses_nothing(ws, s3, tmp_path, wrong):
    bucket, base = s3.bucket(), tmp_path / "base"
    env = {**s3.env, **ONCE, **WRONG_KEYS[wrong]}
    ws("ws-s3", "ls", f"s3://{bucket}/", env=env, status=77).complains(bucket)
    ws("ws-s3", "put", "/etc/hostname", f"s3://{bucket}/k", env=env, status=77).complains(f"s3://{bucket}/k")
    ws("ws-setup", "--base", base, "--id", "x", "--store", f"s3://{bucket}/p", env=env, status=77).complains(bucket)
    leaves_nothing(base)
    expected = make_state(ws, base, s3.env, f"s3://{bucket}/p")
    spools(ws, base, env, bucket)
    assert s3.keys(bucket) == []
    comes_back(ws, base, s3.env, expected)


def test_no_key_at_all_is_refused_before_anything_is_sent(ws, tmp_path):
    ws("ws-s3", "ls", env={"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}, status=77).complains("AWS_ACCESS_KEY_ID", "--no-sign-request")
    ws("ws-s3", "ls", env={"AWS_ACCESS_KEY_ID": "k"}, status=78).complains("access key", "secret key")
    ws("ws-s3", "ls", "--aws-profile", "absent", status=78).complains("absent")
    env = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_ENDPOINT_URL_S3": "http://192.0.2.1:9000"}
    ws("ws-s3", "ls", env=env, status=78).complains("192.0.2.1", "plain http", "--allow-http")


BAD_ENDPOINTS = ["localhost:9000", "ftp://localhost", "http://", "http://localhost:99999", "http://localhost/?a=b", "http://lo calhost"]


@pytest.mark.parametrize("url", BAD_ENDPOINTS)
def test_an_endpoint_that_is_no_url_is_a_mistake_in_the_configuration(ws, url):
    env = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_ENDPOINT_URL_S3": url}
    ws("ws-s3", "ls", env=env, status=78).complains("endpoint")


# ---- connections ----

KEYS = {
    "AWS_ACCESS_KEY_ID": "K1access",
    "AWS_SECRET_ACCESS_KEY": "K1secret/+canary",
    "AWS_SESSION_TOKEN": "K1token/+canary",
    "AWS_REGION": "us-east-1",
}


def test_a_refused_connection_is_told_with_its_address(ws, tmp_path, closed_port):
    base, env = tmp_path / "base", {**KEYS, "AWS_MAX_ATTEMPTS": "2", "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{closed_port}"}
    says = [f"127.0.0.1:{closed_port}", "refused"]
    ws("ws-s3", "ls", "s3://bucket/", env=env, status=69).complains("s3://bucket", *says)
    ws("ws-setup", "--base", base, "--id", "x", "--store", "s3://bucket/p", env=env, status=69).complains("s3://bucket/p", *says)
    leaves_nothing(base)
    ws("ws-setup", "--base", base, "--id", "x", "--store", f"file://{tmp_path}/store")


def test_a_server_that_went_away_loses_nothing(ws, s3, tmp_path, closed_port):
    bucket, base = s3.bucket(), tmp_path / "base"
    expected = make_state(ws, base, s3.env, f"s3://{bucket}/p")
    away = {**s3.env, **ONCE, "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{closed_port}"}
    spools(ws, base, away, f"127.0.0.1:{closed_port}", "refused")
    ws("ws-teardown", "--base", base, "--retry", env=away, status=75)
    comes_back(ws, base, s3.env, expected)


def test_a_server_that_says_nothing_is_given_up(ws, faults):
    faults.play(reply(200, delay_s=60), reply(200, b"x" * 100, length=1000, then="stall"))
    env = {**KEYS, **ONCE, "AWS_ENDPOINT_URL_S3": faults.url}
    for _ in range(2):
        ws("ws-s3", "ls", "--timeout", "200ms", "s3://bucket/", env=env, status=75, timeout=20).complains("s3://bucket", "timed out")


# ---- certificates ----


def openssl(directory, command):
    subprocess.run(["/usr/bin/openssl", *command.split()], cwd=directory, check=True, capture_output=True)


def certify(directory, names="DNS:localhost,IP:127.0.0.1", days=30):
    """Another certificate of the directory's CA."""
    (directory / "leaf.ext").write_text(f"subjectAltName={names}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n")
    openssl(directory, f"x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days {days} -extfile leaf.ext -out cert.pem")


def sign_itself(directory):
    openssl(directory, "x509 -req -in leaf.csr -key key.pem -days 30 -extfile leaf.ext -out cert.pem")


UNTRUSTED = {
    "it expired": (lambda d: certify(d, days=-1), ["expired", "clock"]),
    "it is of another host": (lambda d: certify(d, names="DNS:other.example"), ["other.example", "localhost"]),
    "it signed itself": (sign_itself, ["self-signed", "--ca-bundle"]),
}


@pytest.fixture
def tls(tmp_path):
    """start(spoil) serves https with a spoilt certificate; returns the server and what it takes to trust its CA."""
    running = []

    def start(spoil=lambda directory: None):
        directory = tmp_path / f"tls-{len(running)}"
        directory.mkdir()
        certificate.make(directory)
        spoil(directory)
        running.append(Faults(tls_dir=directory).start())
        return running[-1], {**KEYS, **ONCE, "AWS_ENDPOINT_URL_S3": running[-1].url, "AWS_CA_BUNDLE": str(directory / "ca.pem")}

    yield start
    for server in running:
        server.stop()


@pytest.mark.parametrize("why", UNTRUSTED)
def test_a_certificate_that_does_not_verify_ends_it_before_a_request(ws, tls, why):
    spoil, says = UNTRUSTED[why]
    server, env = tls(spoil)
    ws("ws-s3", "cat", "s3://bucket/k", env=env, status=69).complains("s3://bucket/k", *says)
    assert server.requests == []


def test_a_certificate_of_an_unknown_authority_is_refused_with_the_way_out(ws, servers, tmp_path):
    s3 = helpers.S3("ceph-tls", servers("ceph"))
    bucket, base = s3.bucket(), tmp_path / "base"
    env = {name: value for name, value in s3.env.items() if name != "AWS_CA_BUNDLE"}
    ws("ws-s3", "ls", f"s3://{bucket}/", env=env, status=69).complains(bucket, "not trusted", "ws-test-CA", "--ca-bundle")
    expected = make_state(ws, base, s3.env, f"s3://{bucket}/p")
    spools(ws, base, {**env, **ONCE}, "not trusted")
    comes_back(ws, base, s3.env, expected)


def test_authorities_that_can_not_be_read_are_a_mistake_in_the_configuration(ws, tls, tmp_path):
    server, env = tls()
    (tmp_path / "empty.pem").write_text("# none yet\n")
    for bundle, says in ((tmp_path / "absent.pem", "No such file"), (tmp_path / "empty.pem", "no PEM certificate")):
        ws("ws-s3", "cat", "s3://bucket/k", env={**env, "AWS_CA_BUNDLE": str(bundle)}, status=78).complains(bundle.name, says)
        ws("ws-s3", "cat", "--ca-bundle", bundle, "s3://bucket/k", env=env, status=78).complains(bundle.name, says)
    server.on("*", "", reply(200, b"hello", {"ETag": '"1"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}), times=9)
    assert ws("ws-s3", "cat", "s3://bucket/k", env=env).stdout == "hello"


def test_https_to_a_server_without_it_is_told(ws, faults):
    env = {**KEYS, **ONCE, "AWS_ENDPOINT_URL_S3": faults.url.replace("http://", "https://")}
    ws("ws-s3", "ls", "s3://bucket/", env=env, status=69).complains("s3://bucket", "TLS")
    assert faults.requests == []


# ---- secrets ----

SECRETS = [KEYS["AWS_SECRET_ACCESS_KEY"], KEYS["AWS_SESSION_TOKEN"], "K1file/+canary", "K1url+canary"]
PIECES = re.compile("K1(secret|token|file|url)")


def signed(text):
    """A refusal that echoes what was signed, as real servers do."""
    return f"{text} StringToSign AWS4-HMAC-SHA256 {' '.join(SECRETS)}"


ECHOES = {
    "in its message": lambda: error(403, "SignatureDoesNotMatch", message=signed("mismatch")),
    "in its code": lambda: error(403, SECRETS[0]),
    "in a request id": lambda: reply(403, f"<Error><Code>X</Code><RequestId>{SECRETS[0]}</RequestId></Error>".encode()),
    "in headers": lambda: reply(403, b"", {"x-amz-request-id": SECRETS[0], "x-echo": SECRETS[1]}),
    "in a redirect": lambda: reply(307, b"", {"Location": f"http://127.0.0.1:1/{SECRETS[0]}?t={SECRETS[1]}"}),
    "in something that is not XML": lambda: reply(500, signed("oops").encode()),
    "in something that is not HTTP": lambda: raw(signed("HELLO").encode() + b"\r\n\r\n"),
    "in a good answer that is none": lambda: reply(200, f"<{signed('x')}>".encode()),
}


def run_loudly(ws, tmp_path, applet, *args, env=None):
    """At the highest verbosity, with keys that must not show. Fails when they do, on any output or in any file."""
    env = {**KEYS, **ONCE, **(env or {})}
    command = [applet, *args] if applet in ("ws-s3", "ws-archive") else [applet, "--base", tmp_path / "base", *args]
    at = 2 if applet in ("ws-s3", "ws-archive") else 1
    result = ws(*command[:at], "-v", "-v", *command[at:], env=env, status=None)
    assert not PIECES.search(result.stdout + result.stderr), result
    for path in (tmp_path / "base").rglob("*"):
        assert not path.is_file() or not PIECES.search(path.read_bytes().decode("latin-1")), path
    return result


@pytest.mark.parametrize("where", ECHOES)
def test_a_server_that_echoes_secrets_is_not_repeated(ws, tmp_path, faults, where):
    env = {"AWS_ENDPOINT_URL_S3": faults.url}
    faults.on("*", "", ECHOES[where](), times=99)
    commands = [["ls", "s3://bucket/"], ["put", "/etc/hostname", "s3://bucket/k"], ["rm", "s3://bucket/k"], ["cat", "s3://bucket/k"]]
    if where == "in a good answer that is none":
        commands = commands[:1]  # the others don't read it, or take it for the content that it is
    for command in commands:
        result = run_loudly(ws, tmp_path, "ws-s3", *command, env=env)
        assert result.status in (65, 69, 75, 77, 78), result
    assert run_loudly(ws, tmp_path, "ws-setup", "--id", "x", "--store", "s3://bucket/p", env=env).status != 0


def test_no_error_tells_a_secret(ws, tmp_path, closed_port):
    refused = {"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{closed_port}"}
    for command in (
        ["ws-s3", "ls", "s3://bucket/"],
        ["ws-s3", "ls", "--no-such-option"],
        ["ws-s3", "cp", "/no/such/file", "s3://bucket/k"],
        ["ws-archive", "create", "-o", "s3://bucket/k.tar.gz", "-C", tmp_path],
        ["ws-setup", "--id", "x", "--store", "s3://bucket/p"],
        ["ws-setup", "--id", "../x"],
        ["ws-teardown", "x"],
        ["ws-gc", "--older", "0s"],
    ):
        assert run_loudly(ws, tmp_path, *command, env=refused).status != 0 or command[0] == "ws-gc"


def test_no_step_of_a_workspace_that_fails_tells_a_secret(ws, tmp_path, faults, closed_port):
    working, away = {"AWS_ENDPOINT_URL_S3": faults.url}, {"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{closed_port}"}
    faults.on("*", "", error(404, "NoSuchKey"), times=9)
    assert run_loudly(ws, tmp_path, "ws-setup", "--id", "x", "--store", "s3://bucket/p", env=working).status == 0
    assert run_loudly(ws, tmp_path, "ws-gc", "--older", "0s", env=away).status == 1
    assert run_loudly(ws, tmp_path, "ws-teardown", "x", env=away).status == 75
    assert run_loudly(ws, tmp_path, "ws-teardown", "--retry", env=away).status == 75
    assert run_loudly(ws, tmp_path, "ws-ls", env=away).status == 0
    assert run_loudly(ws, tmp_path, "ws-setup", "--id", "x", "--", "env", env=away).status == 75


def test_a_url_with_a_password_is_not_repeated(ws, tmp_path, closed_port):
    env = {"AWS_ENDPOINT_URL_S3": f"http://user:{SECRETS[3]}@127.0.0.1:{closed_port}"}
    assert run_loudly(ws, tmp_path, "ws-s3", "ls", env=env).status == 78
    assert run_loudly(ws, tmp_path, "ws-s3", "ls", "--endpoint-url", env["AWS_ENDPOINT_URL_S3"]).status == 78


FILES = {
    "a broken line": "[default]\naws_access_key_id = k\naws_secret_access_key K1file/+canary\n",
    "a broken section": "[default\naws_secret_access_key = K1file/+canary\n",
    "half of a pair": "[default]\naws_secret_access_key = K1file/+canary\n",
    "a blank in the key": "[default]\naws_access_key_id = k\naws_secret_access_key = K1file/+canary K1file/+canary\n",
}


@pytest.mark.parametrize("mistake", FILES)
def test_a_mistake_in_a_file_of_keys_is_named_without_the_keys(ws, tmp_path, mistake):
    (tmp_path / "credentials").write_text(FILES[mistake])
    env = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"), "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    result = run_loudly(ws, tmp_path, "ws-s3", "ls", env=env)
    assert result.status == 78 and str(tmp_path / "credentials") in result.stderr, result


def test_secrets_reach_neither_the_command_nor_the_record(ws, s3, tmp_path):
    bucket, base = s3.bucket(), tmp_path / "base"
    script = "env; tr '\\0' '\\n' </proc/$PPID/cmdline; cat ../.ws/x/record.json"
    env = {**s3.env, "WS_STORE": f"s3://{bucket}/p", "AWS_SESSION_TOKEN": "", "MINE": "kept"}
    result = ws("ws-setup", "--base", base, "--id", "x", "-v", "-v", "--", "sh", "-c", script, env=env)
    assert "MINE=kept" in result.stdout and "AWS_" not in result.stdout.replace('"', ""), result
    everything = result.stdout + result.stderr + "".join(p.read_text("latin-1") for p in base.rglob("*") if p.is_file())
    assert s3.secret_key not in everything
    assert Path(base / ".ws/audit.jsonl").stat().st_mode & 0o077 == 0
