"""A base of workspaces and how to work in it; fixtures for the tests of the lifecycle."""
import json
import os
import re
import signal
import time
from pathlib import Path

import pytest

import ws as helpers

STATES = {"creating", "ready", "saving", "saved", "spooled", "trashed", "archived"}


class Base:
    """A base directory; the applets are told of it, of the store and of the environment that the store needs."""

    def __init__(self, ws, path, store=None, env=None):
        self.ws, self.path = ws, Path(path)
        self.store = store
        self.env = {"WORKSPACE_DIR": str(path), **(store.env if store else {}), **(env or {})}
        if store:
            self.env["WS_STORE"] = store.url

    def run(self, applet, *args, env=None, **options):
        return self.ws(applet, *args, env={**self.env, **(env or {})}, **options)

    def start(self, applet, *args, env=None, **options):
        return self.ws.start(applet, *args, env={**self.env, **(env or {})}, **options)

    def setup(self, *args, **options):
        """Run ws-setup; the path that it printed."""
        return Path(self.run("ws-setup", *args, **options).stdout.removesuffix("\n"))

    def teardown(self, *args, **options):
        return self.run("ws-teardown", *args, **options)

    def gc(self, *args, **options):
        """Run ws-gc; {name: "action reason"} and the totals."""
        lines = helpers.lines(self.run("ws-gc", "--json", *args, **options))
        plan = {line["name"]: f"{line['action']} {line['reason']}" for line in lines if "action" in line}
        return plan, next((line for line in lines if "trashed" in line), None)

    def ls(self, *args, **options):
        """{id: what ws-ls says}"""
        lines = helpers.lines(self.run("ws-ls", "--json", *args, **options))
        return {line["id"]: line for line in lines if "id" in line}

    def state(self, name):
        return self.ls(name)[name]["state"]

    def record(self, name):
        return json.loads((self.path / ".ws" / name / "record.json").read_text())

    def area(self, name):
        """What lies in trash, spool, staging or quarantine, sorted."""
        directory = self.path / ".ws" / name
        return sorted(directory.iterdir()) if directory.exists() else []

    def journal(self):
        return [json.loads(line) for line in (self.path / ".ws/audit.jsonl").read_text().splitlines()]

    def age(self, name, days):
        """Make a workspace look as if nobody had touched it for so long. (A ctime can't be set: there --older has to be short.)"""
        past = int((time.time() - days * 86_400) * 1000)
        path = self.path / ".ws" / name / "record.json"
        record = json.loads(path.read_text())
        for field in ("created_ms", "ready_ms", "last_used_ms", "saved_ms"):
            record[field] = min(record.get(field) or past, past)
        path.write_text(json.dumps(record))

    def check(self, *names):
        """What must be true at any time, also after a crash: every record can be read, and the workspace is in one place."""
        found = {}
        for name in names:
            places = [p for p in (self.path / name, self.path / ".ws/spool" / name) if p.exists()]
            assert len(places) <= 1, places
            found[name] = places[0] if places else None
            record = self.path / ".ws" / name / "record.json"
            assert not record.exists() or json.loads(record.read_text())["state"] in STATES
        return found


class ObjectsOf:
    """The objects of a store at one moment, to see that nothing changed."""

    def __init__(self, store):
        self.store = store
        self.before = self.now()

    def now(self):
        return {key: self.store.get(key) for key in self.store.keys()}

    def unchanged(self):
        return self.now() == self.before


def digest(path, **options):
    return helpers.tree_digest(path, **options)


def fill(root, odd=True):
    """Work in a workspace: put the usual odd tree into it; its digest."""
    helpers.make_tree(root, odd)
    return digest(root)


def untar(archive, directory):
    """Extract bytes with GNU tar, as any other tool would; the directory."""
    directory.mkdir()
    helpers.run(["tar", "-xpzf", "-", "-C", directory], input=archive)
    return directory


def tar(directory, *names):
    """What `tar czf` makes of these names."""
    return helpers.run(["tar", "-czf", "-", "-C", directory, *names]).output


def make_files(directory, files):
    """{path: text}"""
    for name, text in files.items():
        path = Path(directory) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Path(directory)


def read_files(directory):
    directory = Path(directory)
    return {str(p.relative_to(directory)): p.read_text() for p in sorted(directory.rglob("*")) if p.is_file()}


def one_message(result, applet):
    """The one line on stderr that says what is wrong."""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result
    assert lines[0].startswith(f"{applet}: "), result
    return lines[0]


def wait_until(condition, seconds=20, what="it"):
    """Poll until condition() is true; its value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.005)
    raise AssertionError(f"{what} did not come true in {seconds} s")


def finish(process, seconds=30):
    """Wait for a started process: status, stdout, stderr as text."""
    out, err = process.communicate(timeout=seconds)
    return process.returncode, out.decode(), err.decode()


class Session:
    """A supervised workspace whose command waits until it is told to end."""

    def __init__(self, base, *args, script="", command=None, **options):
        self.flag = base.path.parent / f"flag-{os.urandom(4).hex()}"
        wait = f'{script}\necho $$ >"{self.flag}"\nwhile [ -e "{self.flag}" ]; do sleep 0.02; done'
        self.process = base.start("ws-setup", *args, "--", *(command or ["sh", "-c", wait]), **options)
        wait_until(lambda: self.flag.exists() or self.process.poll() is not None, what="the start of the session")
        assert self.flag.exists(), finish(self.process)

    def pid(self):
        """The command's. The flag is there a moment before what it says."""
        return int(wait_until(self.flag.read_text, what="the command's pid"))

    def end(self):
        self.flag.unlink()
        return finish(self.process)

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)


@pytest.fixture
def base(ws, tmp_path):
    """A base without a store of its own: the embedded one."""
    return Base(ws, tmp_path / "base")


@pytest.fixture
def base_and_store(ws, tmp_path, store):
    """A base on each kind of store."""
    return Base(ws, tmp_path / "base", store)


@pytest.fixture
def file_base(ws, tmp_path):
    """A base with a file store beside it."""
    return Base(ws, tmp_path / "base", helpers.FileStore(tmp_path / "store"))


def broker_base(ws, store):
    """Profile session's own base, below TMPDIR."""
    place = Base(ws, ws.home / "tmp/cc-broker", store)
    del place.env["WORKSPACE_DIR"]
    return place


@pytest.fixture
def broker(ws, store):
    """That base on each kind of store."""
    return broker_base(ws, store)


def project_hash(root):
    return re.sub("[/_]", "-", f"{root}/project")


def need_root():
    if os.geteuid() != 0:
        pytest.skip("needs root")


def unmount_below(directory):
    """Undo every mount at or below a directory, wherever a test has moved it."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [line.split()[4].encode().decode("unicode_escape") for line in lines]
    for point in reversed([point for point in points if point.startswith(os.fspath(directory))]):
        helpers.run(["umount", point])


def small_disk(directory, size):
    """Mount a tmpfs of this size; skips where that is not allowed. Undone with unmount_below."""
    need_root()
    directory.mkdir(exist_ok=True)
    result = helpers.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", directory], status=None)
    if result.status != 0:
        pytest.skip(f"no tmpfs can be mounted here: {result.stderr}")
    return directory


def xfs_disk(directory):
    """An XFS in a file beside it, whose files can share blocks, mounted there: to be unmounted."""
    directory.mkdir()
    script = f"truncate -s 320M image && mkfs.xfs -q -m reflink=1 image && mount -o loop image {directory.name}"
    if helpers.run(["sh", "-c", script], status=None, cwd=directory.parent).status != 0:
        pytest.skip("no XFS can be made and mounted here")


def fill_disk(directory):
    """Take all the space there is; the file to remove again."""
    path = directory / "ballast"
    with pytest.raises(OSError), open(path, "wb", buffering=0) as file:
        while True:
            if file.write(b"x" * 65536) < 65536:
                file.write(b"x")
    return path
