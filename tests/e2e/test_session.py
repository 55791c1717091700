"""Profile session: what the document of the Go package `workspace` says, and how its users lost work."""
import hashlib
import os
import shutil
import signal
import socket
import time

import pytest
from faults import error
from memory_s3 import MemoryS3, Object

import ws as helpers
from place import Base, Session, base_and_store, file_base, finish, make_files, need_root, read_files, tar, untar, wait_until  # noqa: F401 (fixtures)

WORKSPACE = ["--profile", "session", "--workspace", "w1"]
HOME_KEY = "workspaces/w1/claude-home.tar.gz"


def objects(store, part=""):
    """What others put there and we name: without what a file store keeps beside its objects."""
    return [key for key in store.keys() if part in key and "/." not in f"/{key}"]


def start(base, session, files=None):
    """A session with these files in what it shares with the others; its directory."""
    root = base.setup(*WORKSPACE, "--session", session)
    make_files(root / "claude-config", files or {})
    return root


def seed(base, tmp_path, files):
    base.store.put(HOME_KEY, tar(make_files(tmp_path / "seed", files), *files))


# ---- two sessions of one workspace ----


def race(base, tmp_path):
    """Sixteen sessions that end at once: the winner's name."""
    names = [f"s{n}" for n in range(16)]
    seed(base, tmp_path, {"settings.json": "old"})
    for name in names:
        start(base, name, {"settings.json": name})
    running = {name: base.start("ws-teardown", f"sess_{name}") for name in names}
    ended = {name: finish(process) for name, process in running.items()}
    winners = [name for name, (status, _, _) in ended.items() if status == 0]
    assert len(winners) == 1, ended
    assert read_files(untar(base.store.get(HOME_KEY), tmp_path / "now"))["settings.json"] == winners[0]
    for name in set(names) - set(winners):
        status, _, err = ended[name]
        (side,) = objects(base.store, f"claude-home.conflict-{name}-")
        assert status == 73 and side in err, err
        assert read_files(untar(base.store.get(side), tmp_path / name)) == {"settings.json": name}
    assert objects(base.store, "/claims/") == []
    assert {line["state"] for line in base.ls().values()} == {"saved"} and base.area("spool") == []
    return winners[0]


def test_60_of_many_sessions_that_end_at_once_one_is_current_and_every_other_is_kept_and_named(base_and_store, tmp_path):
    """cc-broker 60, 69: the last writer won, and what the others had written was gone."""
    race(base_and_store, tmp_path)


@pytest.fixture
def memory(ws, tmp_path):
    """memory(conditions, …): a base on a small S3 that has the ways that are asked for; base.store.s3 is the server."""
    running = []

    def make(*args, **options):
        server = MemoryS3(*args, **options).start()
        running.append(server)
        return Base(ws, tmp_path / "base", MemoryStore(server))

    yield make
    for server in running:
        server.stop()


class MemoryStore:
    name, url = "memory", "s3://b/p"

    def __init__(self, server):
        self.s3 = server
        self.env = {"AWS_ENDPOINT_URL_S3": server.url, "AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "SK"}

    def put(self, key, body):
        self.s3.objects.setdefault("b", {})[f"p/{key}"] = Object(body, {}, hashlib.md5(body).hexdigest())

    def get(self, key):
        return self.s3.objects["b"][f"p/{key}"].body

    def keys(self):
        return sorted(key[2:] for key in self.s3.objects.get("b", ()))


def test_60_where_conditional_puts_are_honoured_they_decide(memory, tmp_path):
    base = memory("honoured")
    race(base, tmp_path)
    assert objects(base.store, ".gen/") == []


@pytest.mark.parametrize("conditions", ["ignored", "refused"])
def test_61_63_conditions_that_only_seem_to_be_honoured_are_not_believed(memory, tmp_path, conditions):
    """cc-broker 61, 63: their server answered 412 to every conditional put, so that every change was dropped; others take them all."""
    base = memory(conditions)
    winner = race(base, tmp_path)
    assert [key for key in objects(base.store, ".gen/") if f"-{winner}-" in key]
    assert len(objects(base.store, ".gen/")) == 1 and objects(base.store, ".ws-probe") == []


def test_60_sessions_one_after_the_other_build_on_each_other(base_and_store):
    for number in range(3):
        root = start(base_and_store, f"s{number}", {f"of-{number}": "x"})
        assert set(read_files(root / "claude-config")) == {f"of-{n}" for n in range(number + 1)}
        base_and_store.teardown(f"sess_s{number}")
    assert objects(base_and_store.store, ".conflict-") == []


def leaves_nothing(base):
    assert not list(base.path.glob("sess_*")) and base.area("staging") == [] and base.ls() == {}


def test_2_1_j_a_403_for_a_key_that_is_missing_names_the_permission_that_is(memory):
    """AWS answers so without s3:ListBucket: every new workspace failed, and nobody knew why."""
    base = memory("honoured", may_list=False)
    result = base.run("ws-setup", *WORKSPACE, "--session", "s1", status=77)
    assert "s3:ListBucket" in result.stderr and HOME_KEY in result.stderr, result
    leaves_nothing(base)
    assert base.store.keys() == []
    base.store.s3.may_list = True
    base.setup(*WORKSPACE, "--session", "s1")


def test_57_a_403_for_a_key_that_is_there_names_the_other_permission(memory, faults):
    """cc-broker 57: "gzip: invalid header" hid an AccessDenied."""
    base = memory("honoured")
    base.store.put(HOME_KEY, b"x")
    faults.backend = base.store.s3.url
    base.env["AWS_ENDPOINT_URL_S3"] = faults.url
    faults.on("*", HOME_KEY, error(403, "AccessDenied"), times=9)
    result = base.run("ws-setup", *WORKSPACE, "--session", "s1", status=77)
    assert "s3:GetObject is missing" in result.stderr and HOME_KEY in result.stderr, result
    leaves_nothing(base)


# ---- two hosts, two bases ----


def other_host(base, tmp_path):
    """The same store, seen from another base; run with AS_OTHER_HOST it has another name, too."""
    return Base(base.ws, tmp_path / "elsewhere", base.store)


def test_two_hosts_on_one_workspace_the_second_is_told_who_has_it(base_and_store, tmp_path):
    here, there = base_and_store, other_host(base_and_store, tmp_path)
    session = Session(here, "--id", "t1", script="echo work >file")
    assert "tasks/t1.lease" in here.store.keys()
    result = there.run("ws-setup", "--id", "t1", status=75)
    assert socket.gethostname() in result.stderr and str(here.path) in result.stderr and "t1.lease" in result.stderr, result
    assert not (there.path / "t1").exists() and there.ls() == {}
    there.run("ws-setup", "--id", "t1", "--", "true", status=75)
    assert session.end()[0] == 0
    assert objects(here.store, "lease") == []
    assert (there.setup("--id", "t1") / "file").read_text() == "work\n"


def test_two_hosts_the_names_of_hosts_tell_them_apart(file_base):
    """Two containers may see different bases at the same path."""
    need_root()
    session = Session(file_base, "--id", "t1")
    lease = file_base.store.directory / "tasks/t1.lease"
    shutil.copy(lease, f"{lease}.kept")
    assert session.end()[0] == 0
    os.rename(f"{lease}.kept", lease)
    script = 'hostname elsewhere && exec "$0" ws-setup --id t1'
    env = file_base.ws.environment(file_base.env)
    refused = helpers.run(["unshare", "--uts", "sh", "-c", script, helpers.BINARY], env=env, status=75)
    assert socket.gethostname() in refused.stderr
    file_base.setup("--id", "t1")


def test_two_hosts_a_lease_that_ended_is_taken_over_with_a_word(file_base, tmp_path):
    there = other_host(file_base, tmp_path)
    session = Session(file_base, "--id", "t1", "--lease", "2h", script="echo lost >file")
    session.signal(signal.SIGKILL)
    session.process.wait()
    there.run("ws-setup", "--id", "t1", status=75)
    lease = file_base.store.directory / "tasks/t1.lease"
    os.utime(lease, (time.time() - 7300,) * 2)
    result = there.run("ws-setup", "--id", "t1", "--", "true")
    assert "taken over" in result.stderr and socket.gethostname() in result.stderr, result


def test_two_hosts_the_one_that_waits_gets_it_when_the_other_lets_go(file_base, tmp_path):
    there = other_host(file_base, tmp_path)
    session = Session(file_base, "--id", "t1", script="echo work >file")
    waiting = there.start("ws-setup", "--id", "t1", "--wait", "30s")
    assert session.end()[0] == 0
    assert finish(waiting)[0] == 0
    assert (there.path / "t1/file").read_text() == "work\n"


def test_two_hosts_the_lease_is_renewed_while_the_command_runs_and_not_by_force(file_base, tmp_path):
    session = Session(file_base, "--id", "t1", "--lease", "60ms")
    lease = file_base.store.directory / "tasks/t1.lease"
    first = lease.stat().st_ino
    wait_until(lambda: lease.stat().st_ino != first, what="a renewal")
    there = other_host(file_base, tmp_path)
    there.setup("--id", "t1", "--lease", "0")
    assert session.end()[0] == 0


def test_a_store_that_cannot_be_written_to_is_no_reason_not_to_work(ws, tmp_path, faults):
    faults.on("PUT", r"\.lease", error(403, "AccessDenied"), times=9)
    faults.on("*", r"\.ws-probe", error(403, "AccessDenied"), times=99, optional=True)
    faults.on("*", "", error(404, "NoSuchKey"), times=99)
    env = {"AWS_ENDPOINT_URL_S3": faults.url, "AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "SK", "WS_STORE": "s3://b", "AWS_MAX_ATTEMPTS": "1"}
    result = Base(ws, tmp_path / "base", env=env).run("ws-setup", "--id", "t1", "--ephemeral", "--", "true")
    assert "lease" not in result.stderr
    result = Base(ws, tmp_path / "other", env=env).run("ws-setup", "--id", "t1", "--", "true", status=None)
    assert "no lease" in result.stderr and "AccessDenied" in result.stderr, result
