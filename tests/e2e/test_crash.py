"""SIGKILL and SIGTERM at system calls of setup, teardown and gc: one consistent state, nothing lost, and a second run converges.

strace counts the calls of a run that is left alone, and then kills one run at each (system call, occurrence) of a sample. WS_CRASH=all takes
every pair instead.
"""
import collections
import os
import re
import shutil

import pytest

import ws as helpers
from place import Base, digest, make_files, untar

# What changes something, or decides about it. Reads in between see the same state as the call before.
CALLS = "mkdirat,renameat2,renameat,rename,write,pwrite64,writev,fsync,fdatasync,syncfs,unlinkat,ftruncate,flock,fchmod,fchmodat,utimensat,symlinkat,linkat"
FILES = {"a": "1", "dir/b": "22", "dir/deeper/c": "333" * 1000, "empty": ""}
KEY = "tasks/t1.tar.gz"


class Case:
    """A base and a store of its own; generation 1 of workspace t1 is in the store."""

    def __init__(self, ws, directory, template):
        directory.mkdir()
        shutil.copytree(template, directory / "store", copy_function=shutil.copy2)
        self.directory = directory
        self.base = Base(ws, directory / "base")
        self.base.env["WS_STORE"] = f"file://{directory}/store"
        self.ws = ws

    def strace(self, command, *options):
        """Run under strace; the exit status, negative for a signal."""
        full = ["strace", "-f", "-qq", *options, helpers.BINARY, *command]
        return helpers.run(full, status=None, env=self.ws.environment(self.base.env)).status

    def stored(self, name):
        """What the store has, as GNU tar sees it."""
        return digest(untar((self.directory / "store" / KEY).read_bytes(), self.directory / name))

    def conflicts(self):
        return [path for path in (self.directory / "store").rglob("*") if "conflict" in path.name]


def calls_of(case, command):
    """[(system call, occurrence)] of the main thread of a run that succeeds."""
    trace = case.directory / "trace"
    assert case.strace(command, "-o", trace, "-e", f"trace={CALLS}") == 0
    lines = [re.match(r"(\d+) +(\w+)\(", line) for line in trace.read_text().splitlines()]
    lines = [match.groups() for match in lines if match]
    counts = collections.Counter(call for pid, call in lines if pid == lines[0][0])
    return [(call, number) for call, count in counts.items() for number in range(1, count + 1)]


def sample(pairs, size):
    if os.environ.get("WS_CRASH") == "all" or len(pairs) <= size:
        return pairs
    return [pairs[index * len(pairs) // size] for index in range(size)]


@pytest.fixture
def template(ws, tmp_path):
    """A store with generation 1, and its digest."""
    base = Base(ws, tmp_path / "first")
    base.env["WS_STORE"] = f"file://{tmp_path}/template"
    root = base.setup("--id", "t1")
    make_files(root, FILES)
    (root / "link").symlink_to("a")
    before = digest(root)
    base.teardown("t1")
    return tmp_path / "template", before


def killed(case, command, call, number, how):
    """Whether the run was stopped there. (Threads may bring the counts a little out of step.)"""
    status = case.strace(command, "-e", f"trace={call}", "-e", f"inject={call}:signal={how}:when={number}", "-o", "/dev/null")
    assert status in {"KILL": (0, -9), "TERM": (0, 143)}[how], status
    return status != 0


def nothing_is_left(base):
    """After all is done: no leftovers, and what waits in the trash can be deleted."""
    assert base.area("staging") == [] and base.area("spool") == [] and base.area("quarantine") == []
    base.gc("--trash-ttl", "0s")
    assert base.area("trash") == []


def check_setup(case, before, index):
    base, there = case.base, case.base.path / "t1"
    if base.path.exists() and (base.path / ".ws/base.json").exists():
        base.check("t1")
        base.ls()
    assert not there.exists() or digest(there) == before, "a half restored workspace is visible"
    if index % 2:  # somebody tears down first: whatever that does, the store must keep what it has
        base.teardown("t1", status=None)
        assert case.stored("after-teardown") == before
    assert digest(base.setup("--id", "t1")) == before
    base.teardown("t1")
    assert case.stored("at-the-end") == before and case.conflicts() == []
    nothing_is_left(base)


def check_teardown(case, old, new, index):
    base = case.base
    places = [path for path in (base.path / "t1", base.path / ".ws/spool/t1") if path.exists()]
    stored = case.stored("after-kill")
    assert stored in (old, new), "the store has something between the generations"
    assert stored == new or [digest(path) for path in places] == [new], "work was lost"
    base.check("t1")
    base.ls()
    if index % 2:
        assert digest(base.setup("--id", "t1")) == new
    base.teardown("t1")
    assert case.stored("at-the-end") == new and not (base.path / "t1").exists()
    assert case.conflicts() == [], "an interrupted save was taken for somebody else's"
    nothing_is_left(base)


@pytest.mark.parametrize("how", ["KILL", "TERM"])
def test_a_setup_that_is_stopped_anywhere_is_repeated(ws, tmp_path, template, how):
    store, before = template
    command = ["ws-setup", "--id", "t1"]
    pairs = calls_of(Case(ws, tmp_path / "count", store), command)
    assert len(pairs) > 20, pairs
    stopped = 0
    for index, (call, number) in enumerate(sample(pairs, 24 if how == "KILL" else 6)):
        case = Case(ws, tmp_path / f"{call}-{number}", store)
        stopped += killed(case, command, call, number, how)
        try:
            check_setup(case, before, index)
        except AssertionError as error:
            raise AssertionError(f"{how} at {call} {number}: {error}") from error
        shutil.rmtree(case.directory)
    assert stopped > 3


@pytest.mark.parametrize("how", ["KILL", "TERM"])
def test_a_teardown_that_is_stopped_anywhere_is_repeated(ws, tmp_path, template, how):
    store, old = template
    command = ["ws-teardown", "t1"]

    def work(case):
        root = case.base.setup("--id", "t1")
        make_files(root, {"a": "changed", "new": "new"})
        (root / "dir/b").unlink()
        return digest(root)

    count = Case(ws, tmp_path / "count", store)
    work(count)
    pairs = calls_of(count, command)
    assert len(pairs) > 20, pairs
    stopped = 0
    for index, (call, number) in enumerate(sample(pairs, 24 if how == "KILL" else 6)):
        case = Case(ws, tmp_path / f"{call}-{number}", store)
        new = work(case)
        stopped += killed(case, command, call, number, how)
        try:
            check_teardown(case, old, new, index)
        except AssertionError as error:
            raise AssertionError(f"{how} at {call} {number}: {error}") from error
        shutil.rmtree(case.directory)
    assert stopped > 3


def test_a_collector_that_is_killed_anywhere_is_repeated(ws, tmp_path, template):
    store, old = template
    command = ["ws-gc", "--older", "0s", "--trash-ttl", "0s"]

    def work(case):
        root = case.base.setup("--id", "t1")
        make_files(root, {"a": "changed"})
        before = digest(root)
        # Something old waits in the trash, too.
        make_files(case.base.path / ".ws/trash/1.t0.abcdefghi", {"x/y": "z"})
        return before

    count = Case(ws, tmp_path / "count", store)
    work(count)
    pairs = calls_of(count, command)
    for call, number in sample(pairs, 12):
        case = Case(ws, tmp_path / f"{call}-{number}", store)
        new = work(case)
        killed(case, command, call, number, "KILL")
        try:
            there = case.base.path / "t1"
            stored = case.stored("after-kill")
            assert stored == new or (stored == old and digest(there) == new), "work was lost"
            case.base.gc("--older", "0s", "--trash-ttl", "0s")
            case.base.gc("--trash-ttl", "0s")
            assert case.stored("at-the-end") == new and not there.exists() and case.conflicts() == []
            nothing_is_left(case.base)
        except AssertionError as error:
            raise AssertionError(f"KILL at {call} {number}: {error}") from error
        shutil.rmtree(case.directory)
