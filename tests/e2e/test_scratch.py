"""The binary alone in an empty root: no shell, no /etc, no /proc, of /dev only null and urandom. It does its job, or says why it can't."""
import json
import os
import re
import stat
import time

import pytest
from certificate import make
from faults import Faults

import ws as helpers

KEYS = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1"}
UNSHARE = ["/usr/bin/unshare", "--pid", "--fork", "--kill-child"]
DEVICES = {"null": os.makedev(1, 3), "urandom": os.makedev(1, 9)}


class Scratch:
    """scratch("ws-setup", …) runs /ws with nothing around it and no environment; front: what to run it through."""

    def __init__(self, root, front):
        self.root = root
        self._front = front
        (root / "dev").mkdir(parents=True)
        for name, device in DEVICES.items():
            os.mknod(root / "dev" / name, 0o666 | stat.S_IFCHR, device)
        (root / "ws").write_bytes(helpers.BINARY.read_bytes())
        (root / "ws").chmod(0o755)

    def __call__(self, *args, env=None, **options):
        return helpers.run([*self._front, "/usr/sbin/chroot", self.root, "/ws", *args], env=env or {}, **options)

    def put(self, path, name="tree"):
        return helpers.make_tree(self.root / path.lstrip("/") / name)

    def digest(self, path):
        return helpers.tree_digest(self.root / path.lstrip("/"), top=False)

    def names(self):
        return sorted(os.listdir(self.root))


@pytest.fixture(params=[False, True], ids=["any process", "PID 1"])
def scratch(request, tmp_path):
    front = UNSHARE if request.param else []
    if os.geteuid() != 0 or helpers.run([*front, "/usr/sbin/chroot", "/", "/usr/bin/true"], status=None).status != 0:
        pytest.skip("an empty root is entered by chroot, and PID 1 made by unshare, which takes root")
    try:
        return Scratch(tmp_path / "root", front)
    except PermissionError as error:
        pytest.skip(f"an empty root has devices: {error}")


def test_nothing_but_the_binary_is_there(scratch):
    assert (scratch.names(), sorted(os.listdir(scratch.root / "dev"))) == (["dev", "ws"], ["null", "urandom"])
    assert scratch("--version").stdout.startswith("ws ")
    assert "ws-setup" in scratch("--help").stdout


@pytest.mark.parametrize("store", [None, "file:///store"])
def test_a_workspace_is_made_saved_restored_and_collected(scratch, store):
    stored = ["--store", store] if store else []
    assert scratch("ws-setup", "--id", "a", *stored).stdout == "/opt/stacks/a\n"
    scratch.put("/opt/stacks/a")
    expected = scratch.digest("/opt/stacks/a")
    scratch("ws-teardown", "a")
    assert not (scratch.root / "opt/stacks/a").exists()
    scratch("ws-setup", "--id", "a", *stored)
    assert scratch.digest("/opt/stacks/a") == expected
    scratch("ws-gc", "--older", "0s")
    assert not (scratch.root / "opt/stacks/a").exists()
    scratch("ws-gc", "--trash-ttl", "0s")
    assert os.listdir(scratch.root / "opt/stacks/.ws/trash") == []
    scratch("ws-setup", "--id", "a", *stored)
    assert scratch.digest("/opt/stacks/a") == expected


def test_a_session_lies_in_tmp(scratch):
    result = scratch("ws-setup", "--profile", "session", "--workspace", "w1", "--session", "s1", "--print", "json")
    assert json.loads(result.stdout)["root"] == "/tmp/cc-broker/sess_s1"
    assert sorted(os.listdir(scratch.root / "tmp/cc-broker/sess_s1")) == ["claude-config", "project"]
    scratch("ws-teardown", "--profile", "session", "sess_s1")
    assert os.listdir(scratch.root / "tmp/cc-broker") == [".ws"]


def test_workspaces_are_listed(scratch):
    scratch("ws-setup", "--id", "a", "--owner", "me")
    line = json.loads(scratch("ws-ls", "--json").stdout)
    assert (line["id"], line["owner"], line["state"], line["exists"]) == ("a", "me", "ready", True)
    assert scratch("ws-ls").stdout.splitlines()[1].split()[:4] == ["a", "task", "ready", "me"]


def test_archives_are_made_and_read(scratch):
    scratch.put("/", "tree")
    scratch("ws-archive", "create", "-C", "/tree", "-o", "/x.tar.gz")
    scratch("ws-archive", "verify", "/x.tar.gz")
    (scratch.root / "out").mkdir()
    scratch("ws-archive", "extract", "-C", "/out", "/x.tar.gz")
    assert scratch.digest("/out") == scratch.digest("/tree")
    assert scratch("ws-archive", "cat", "/x.tar.gz", "private/note").stdout == "x"
    assert "src/main.c" in scratch("ws-archive", "list", "/x.tar.gz").stdout


def test_a_supervised_command_sees_its_workspace_and_is_saved(scratch):
    result = scratch("ws-setup", "--id", "a", "--", "/ws", "ws-ls", "--json")
    line = json.loads(result.stdout)
    assert (line["id"], line["state"], line["locked"]) == ("a", "active", True)
    assert not (scratch.root / "opt/stacks/a").exists()
    scratch("ws-setup", "--id", "a")
    scratch.put("/opt/stacks/a")
    expected = scratch.digest("/opt/stacks/a")
    scratch("ws-setup", "--id", "a", "--", "/ws", "ws-archive", "create", "-C", "tree", "-o", "made.tar.gz")
    scratch("ws-setup", "--id", "a")
    restored = scratch.digest("/opt/stacks/a")
    assert restored.pop("made.tar.gz")["size"] > 0 and restored == expected


def test_the_status_of_the_command_comes_out(scratch):
    assert scratch("ws-setup", "--", "/ws", "ws-nonsense", status=64).stderr.startswith("ws: there is no applet")
    result = scratch("ws-setup", "--id", "a", "--", "/no/such/command", status=127)
    result.complains("/no/such/command", "No such file")
    assert not (scratch.root / "opt/stacks/a").exists()


def test_https_without_authorities_trusts_those_compiled_in_and_says_where_it_looked(scratch, tmp_path):
    make(tmp_path)
    unknown = Faults(tls_dir=tmp_path).start()
    args = ["--endpoint-url", unknown.url]
    result = scratch("ws-s3", "ls", "s3://bucket/", *args, env=KEYS, status=69)
    result.complains("none of the", "CA certificates of the bundle in ws", "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem", "--ca-bundle")
    scratch("ws-setup", "--id", "a", "--store", "s3://bucket/p", *args, env=KEYS, status=69).complains("/etc/ssl/certs/ca-certificates.crt")
    assert os.listdir(scratch.root / "opt/stacks") == [".ws"]
    assert unknown.requests == []
    unknown.stop()


def test_https_works_with_authorities_that_are_named(scratch, servers, tmp_path):
    s3 = helpers.S3("ceph-tls", servers("ceph"))
    (scratch.root / "ca.pem").write_bytes(open(s3.ca_file, "rb").read())
    env, store = {**s3.env, "AWS_CA_BUNDLE": "/ca.pem"}, f"s3://{s3.bucket()}/p"
    scratch("ws-setup", "--id", "a", "--store", store, env=env)
    scratch.put("/opt/stacks/a")
    expected = scratch.digest("/opt/stacks/a")
    scratch("ws-teardown", "a", env=env)
    scratch("ws-setup", "--id", "a", env=env)
    assert scratch.digest("/opt/stacks/a") == expected


@pytest.mark.parametrize("scratch", [False], indirect=True)
def test_authorities_are_found_at_each_place_that_the_message_names(scratch, tmp_path):
    make(tmp_path)
    server = Faults(tls_dir=tmp_path).start()
    told = scratch("ws-s3", "ls", "s3://bucket/", "--endpoint-url", server.url, env=KEYS, status=69).stderr
    usual = re.findall(r"/etc/[\w./-]+", told)
    for path in usual:
        place = scratch.root / path[1:]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes((tmp_path / "ca.pem").read_bytes())
        scratch("ws-s3", "ls", "s3://bucket/", "--endpoint-url", server.url, env=KEYS, status=None)
        place.unlink()
    server.stop()
    assert len(server.requests) == len(usual) == 6


@pytest.mark.parametrize("scratch", [False], indirect=True)
def test_a_name_that_nobody_can_resolve_is_told(scratch):
    started = time.monotonic()
    args = ["--endpoint-url", "http://storage.internal:9000", "--no-sign-request"]
    result = scratch("ws-s3", "ls", "s3://bucket/", *args, env={"AWS_MAX_ATTEMPTS": "1"}, status=None)
    result.complains("storage.internal")
    assert result.status in (69, 75) and time.monotonic() - started < 20


def test_localhost_needs_no_resolver(scratch):
    server = Faults().start()
    env = {**KEYS, "AWS_ENDPOINT_URL_S3": server.url.replace("127.0.0.1", "localhost")}
    scratch("ws-s3", "ls", "s3://bucket/", env=env, status=None)
    server.stop()
    assert len(server.requests) == 1


def test_install_says_what_it_misses(scratch):
    scratch("--install", "/bin", status=66).complains("/proc/self/exe", "--install", "mount")
    assert scratch.names() == ["dev", "ws"]
    (scratch.root / "ws-ls").symlink_to("/ws")
    scratch("ws-setup", "--id", "a")
    result = helpers.run(["/usr/sbin/chroot", scratch.root, "/ws-ls", "--json"], env={})
    assert json.loads(result.stdout)["id"] == "a"


def test_without_dev_null_closed_descriptors_are_an_error(scratch):
    (scratch.root / "dev/null").unlink()
    assert scratch("ws-setup", "--id", "a").stdout == "/opt/stacks/a\n"
    result = helpers.run(["/bin/sh", "-c", 'exec "$@" <&-', "sh", "/usr/sbin/chroot", scratch.root, "/ws", "ws-ls"], status=None)
    assert result.status not in (0, None) and "/dev/null" in result.stderr
