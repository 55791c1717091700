"""Commands that are stopped at a system call: what there is before, the command, and what must be true after it, however far it came.

strace counts the calls of a run that is left alone: the pairs (system call, occurrence). Then one run is stopped at each of them. test_crash.py
takes a sample, tests/fault/every_syscall all.
"""
import collections
import json
import os
import re
import shutil
import traceback
from pathlib import Path

from memory_s3 import MemoryS3

import ws as helpers
from place import Base, digest, make_files, read_files, untar
from repo import Repo, content, make_work

# What changes something, or decides about it: reads in between see the same state as the call before. With "?" those that some machines lack.
CALLS = [
    *"mkdirat renameat2 renameat write pwrite64 writev fsync fdatasync syncfs unlinkat ftruncate flock fchmod fchmodat fchown fchownat".split(),
    *"utimensat symlinkat linkat copy_file_range".split(),
    *"?mkdir ?rmdir ?rename ?unlink ?link ?symlink ?chmod".split(),
]
FORKS = ["clone", "?clone3", "?fork", "?vfork", "execve", "?poll", "?ppoll"]
FILES = {"a": "1", "dir/b": "22", "dir/deeper/c": "333" * 1000, "empty": ""}
KEY = "tasks/t1.tar.gz"
REGISTRY = "workspace_metadata.json"
TEXT = "result" * 1000


class Case:
    """A place for one run: a base and a file store of its own."""

    def __init__(self, ws, directory):
        directory.mkdir()
        (directory / "store").mkdir()
        self.ws, self.directory = ws, directory
        self.base = Base(ws, directory / "base")
        self.base.env["WS_STORE"] = f"file://{directory}/store"
        self.there, self.out, self.source = self.base.path / "t1", directory / "out", directory / "source"

    def strace(self, command, *options, follow=True):
        """Run under strace; the exit status, negative for a signal."""
        full = ["strace", *(["-f"] if follow else []), "-qq", *options, helpers.BINARY, *command]
        return helpers.run(full, status=None, env=self.ws.environment(self.base.env)).status

    def work(self):
        """The workspace t1, set up and worked in; its digest."""
        root = self.base.setup("--id", "t1")
        make_files(root, {"a": "changed", "new/file": "new"})
        (root / "dir/b").unlink(missing_ok=True)
        return digest(root)

    def cut_off(self):
        """From now on the store can't be reached."""
        (self.directory / "store").rename(self.directory / "away")
        (self.directory / "store").touch()

    def connect(self):
        if (self.directory / "away").exists():
            (self.directory / "store").unlink()
            (self.directory / "away").rename(self.directory / "store")

    def stored(self):
        """What the store has, as GNU tar sees it."""
        directory = untar((self.directory / "store" / KEY).read_bytes(), self.directory / "untarred")
        content = digest(directory)
        shutil.rmtree(directory)
        return content

    def lies_in(self, *places):
        """The digests of what there is of the workspace in these places."""
        found = [path for place in places for path in ([self.there] if place == "base" else self.base.area(place))]
        return [digest(path) for path in found if path.exists()]

    def found(self, directory):
        return {name: text for name, text in read_files(directory).items() if not name.startswith(".ws-tmp-")}

    def is_sane(self):
        if (self.base.path / ".ws/base.json").exists():
            self.base.check("t1")
            self.base.ls()

    def is_over(self):
        """All is done: no leftovers, nothing was taken for somebody else's state, and what waits in the trash can be deleted."""
        assert [path for path in (self.directory / "store").rglob("*") if "conflict" in path.name] == []
        assert [path for path in self.base.area("staging") if not path.name.startswith("+put.")] == [] and self.base.area("spool") == [] and self.base.area("quarantine") == []
        self.base.gc("--trash-ttl", "0s")
        assert self.base.area("trash") == []


class Scenario:
    """command: what is stopped. status: how it ends when it is left alone. follow: its children are stopped, too. calls: of which kinds."""

    command, status, follow, calls = (), 0, True, CALLS

    def prepare(self, case):
        """What there is before; its value is handed to check."""

    def check(self, case, before, index):
        """What must be true after; index differs from run to run, to look at it from different sides."""

    def words(self, case):
        return [part.format(case=case) for part in self.command]


def first_generation(case):
    root = case.base.setup("--id", "t1")
    make_files(root, FILES)
    (root / "link").symlink_to("a")
    before = digest(root)
    case.base.teardown("t1")
    return before


class Setup(Scenario):
    command = ("ws-setup", "--id", "t1")

    def prepare(self, case):
        before = first_generation(case)
        shutil.rmtree(case.base.path)
        return before

    def check(self, case, before, index):
        case.is_sane()
        assert case.lies_in("base") in ([], [before]), "a half restored workspace is visible"
        if index % 2:  # somebody tears down first: whatever that does, the store must keep what it has
            case.base.teardown("t1", status=None)
            assert case.stored() == before
        assert digest(case.base.setup("--id", "t1")) == before
        case.base.teardown("t1")
        assert case.stored() == before
        case.is_over()


class Restore(Setup):
    command = ("ws-setup", "--restore", "t1")

    def prepare(self, case):
        return first_generation(case)


class Adopt(Scenario):
    """A directory that somebody else made stays where it is."""

    command = ("ws-setup", "--adopt", "--id", "t1")

    def prepare(self, case):
        make_files(case.there, FILES)
        return digest(case.there)

    def check(self, case, before, index):
        case.is_sane()
        assert case.lies_in("base") == [before]
        if index % 2:  # what is not adopted yet is not torn down
            case.base.teardown("t1", status=None)
        if case.there.exists():
            case.base.run(*self.command)
        assert digest(case.base.setup("--id", "t1")) == before
        case.base.teardown("t1")
        assert case.stored() == before
        case.is_over()


class Teardown(Scenario):
    command = ("ws-teardown", "t1")

    def prepare(self, case):
        return first_generation(case), case.work()

    def check(self, case, before, index):
        case.connect()
        old, new = before
        stored = case.stored()
        assert stored in (old, new), "the store has something between the generations"
        assert stored == new or case.lies_in("base", "spool") == [new], "work was lost"
        case.is_sane()
        if index % 2:
            assert digest(case.base.setup("--id", "t1")) == new
        case.base.teardown("t1")
        assert case.stored() == new and not case.there.exists()
        case.is_over()


class LiveSave(Teardown):
    """A command that is saved while it runs, and ends when that was tried. Stopped is its supervisor, or the child that saves."""

    tried = """while grep -q '"live_save_ms": 0,' "$WORKSPACE_PATH/../.ws/t1/record.json"; do sleep 0.01; done"""
    command = ("ws-setup", "--id", "t1", "--save-every", "50ms", "--", "sh", "-c", tried)
    calls = [*CALLS, "kill"]

    def check(self, case, before, index):
        group = case.base.record("t1").get("holder_cgroup")
        super().check(case, before, index)
        procs = Path(group or "/nowhere") / "cgroup.procs"
        assert not procs.exists() or procs.read_text() == "", "somebody is left in its control group"


class Spool(Teardown):
    """The store can't be reached."""

    status = 75

    def prepare(self, case):
        before = super().prepare(case)
        case.cut_off()
        return before


class Retry(Teardown):
    command = ("ws-teardown", "--retry")

    def prepare(self, case):
        before = super().prepare(case)
        case.cut_off()
        case.base.teardown("t1", status=75)
        case.connect()
        return before


class Unspool(Retry):
    command = ("ws-setup", "--id", "t1")


class Discard(Scenario):
    command = ("ws-teardown", "--discard", "t1")

    def prepare(self, case):
        return first_generation(case), case.work()

    def check(self, case, before, index):
        old, new = before
        case.is_sane()
        assert case.lies_in("base") in ([], [new]), "half of it is left"
        assert case.base.state("t1") == ("ready" if case.there.exists() else "trashed")
        if index % 3 == 0 and not case.there.exists():  # whoever comes next finishes it
            case.base.teardown("t1")
            assert case.base.record("t1")["state"] == "trashed"
        if index % 2:
            case.base.teardown("--discard", "t1", status=None)
            assert not case.there.exists()
            case.base.setup("--id", "t1")
            assert case.lies_in("base") == [old]
        assert case.stored() == old
        case.base.teardown("--discard", "t1", status=None)
        assert not case.there.exists() and case.stored() == old
        case.is_over()


class Trash(Scenario):
    """It is discarded and can be had back."""

    back = ("ws-gc", "--undo", "t1")
    command = ("ws-teardown", "--discard", "--keep-trash", "t1")

    def prepare(self, case):
        return first_generation(case), case.work()

    def check(self, case, before, index):
        old, new = before
        case.is_sane()
        assert case.lies_in("base", "trash") == [new], "work was lost"
        if index % 2:
            case.base.run("ws-teardown", "--discard", "--keep-trash", "t1")
            assert case.lies_in("base") == [] and case.lies_in("trash") == [new], "work was lost"
        case.base.run(*self.back, status=None)
        assert digest(case.base.setup("--id", "t1")) == new
        case.base.teardown("t1")
        assert case.stored() == new
        case.is_over()


class TrashBySetup(Trash):
    """The next setup finds the work, not the older state of the store."""

    back = ("ws-setup", "--id", "t1")


class Undo(Trash):
    command = ("ws-gc", "--undo", "t1")

    def prepare(self, case):
        before = super().prepare(case)
        case.base.teardown("--discard", "--keep-trash", "t1")
        return before


class UndoBySetup(Undo):
    command = back = ("ws-setup", "--id", "t1")


class Collect(Scenario):
    """Beside what is collected something old waits in the trash."""

    command = ("ws-gc", "--older", "0s", "--trash-ttl", "0s")

    def prepare(self, case):
        before = first_generation(case), case.work()
        make_files(case.base.path / ".ws/trash/1.t0.abcdefghi", {"x/y": "z"})
        return before

    def check(self, case, before, index):
        old, new = before
        stored = case.stored()
        assert stored == new or (stored == old and case.lies_in("base") == [new]), "work was lost"
        case.base.gc("--older", "0s", "--trash-ttl", "0s")
        case.base.gc("--trash-ttl", "0s")
        assert case.stored() == new and not case.there.exists()
        case.is_over()


class CollectIntoArchive(Scenario):
    """Whatever is stopped, the work is in the workspace, in the trash, or in the archive that the record names."""

    command = ("ws-gc", "--older", "0s", "--archive-to", "file://{case.directory}/archives")

    def prepare(self, case):
        first_generation(case)
        return case.work()

    def check(self, case, before, index):
        case.is_sane()
        assert case.lies_in("base", "trash")[:1] == [before], "work was lost"
        if index % 2:
            case.base.run(*self.words(case))
            assert not case.there.exists()
        case.base.gc("--trash-ttl", "0s")
        assert digest(case.base.setup("--restore", "t1")) == before
        case.base.teardown("t1")
        assert case.stored() == before
        case.is_over()


class Compress(CollectIntoArchive):
    command = ("ws-gc", "--compress-after", "0s", "--min-age", "0s")


class SendCompressed(CollectIntoArchive):
    """The local archive moves on: one of both is whole, and the record names it."""

    def prepare(self, case):
        before = super().prepare(case)
        case.base.run(*Compress.command)
        return before


# ---- git ----


class Git(Scenario):
    """Worktrees. What is stopped is ws itself, or (follow) whichever process does it first, git among them."""

    create = ("ws-setup", "--id", "t1", "--git", "{case.repo.path}", "--branch", "fix")
    calls = CALLS + FORKS

    def prepare(self, case):
        case.repo = Repo(case.directory)

    def setup(self, case):
        """As ws-setup makes it, or takes it up."""
        root = case.base.setup(*[word.format(case=case) for word in self.create[1:]])
        assert case.repo.worktrees() == [str(root)] and case.base.area("staging") == []
        return root


class GitCreate(Git):
    command = (*Git.create, "--link", "node_modules", "--copy", ".env", "--hook", "true")

    def check(self, case, before, index):
        case.is_sane()
        if index % 2:
            case.base.teardown("t1", status=None)
        assert case.repo.status(self.setup(case)) == []
        case.base.teardown("t1")
        assert case.repo.worktrees() == [] and case.repo.git("fsck", "--no-dangling") == ""


class GitDestroy(Git):
    command = ("ws-teardown", "t1")

    def prepare(self, case):
        super().prepare(case)
        return make_work(case.repo, self.setup(case))

    def check(self, case, before, index):
        case.is_sane()
        if index % 2:
            case.base.teardown("t1")
            assert case.repo.worktrees() == []
        root = self.setup(case)
        assert (case.repo.status(root), content(root)) == before, "work was lost"
        case.base.teardown("t1")
        assert case.repo.worktrees() == [] and case.repo.git("fsck", "--no-dangling") == ""


class GitCollect(GitDestroy):
    """Until it is sure the collector leaves to git what it may have to put back."""

    command = ("ws-gc", "--older", "0s", "--force-dirty")


class GitUndo(GitCollect):
    """What was staged comes back as a change that is not."""

    command = ("ws-gc", "--undo", "t1")

    def prepare(self, case):
        before = super().prepare(case)
        case.base.run(*GitCollect.command)
        return before

    def setup(self, case):
        """What a killed one left in the staging is removed by gc, after an hour."""
        shutil.rmtree(case.base.path / ".ws/staging", ignore_errors=True)
        return super().setup(case)

    def check(self, case, before, index):
        case.is_sane()
        root = self.setup(case)
        assert content(root) == before[1], "work was lost"
        super().check(case, (case.repo.status(root), content(root)), index)


class GitAdopt(GitDestroy):
    """A worktree that the orchestrator made."""

    command = create = (*Git.create, "--adopt")

    def prepare(self, case):
        Git.prepare(self, case)
        case.repo.git("worktree", "add", "-q", "-b", "fix", case.there)
        return make_work(case.repo, case.there)

    def check(self, case, before, index):
        case.is_sane()
        assert (case.repo.status(case.there), content(case.there)) == before
        self.setup(case)
        super().check(case, before, index)


class GitDropBranch(Git):
    """Its branch goes with it, by a git that locks all refs of the repository: nothing of that stays."""

    command = ("ws-teardown", "--drop-branch", "t1")

    def prepare(self, case):
        super().prepare(case)
        self.setup(case)

    def check(self, case, before, index):
        case.is_sane()
        case.base.teardown("--drop-branch", "t1")
        assert case.repo.worktrees() == [] and case.repo.refs("refs/heads") in (["refs/heads/fix", "refs/heads/main"], ["refs/heads/main"])
        self.setup(case)
        case.base.teardown("--drop-branch", "t1")
        assert list((case.repo.path / ".git").rglob("packed-refs.lock")) == [] and case.repo.git("fsck", "--no-dangling") == ""


class GitRestore(GitDestroy):
    command = ("ws-setup", "--restore", "t1")

    def prepare(self, case):
        before = super().prepare(case)
        case.base.teardown("t1")
        return before


class CloneCreate(Git):
    command = (*Git.create, "--profile", "clone", "--copy", ".env")

    def check(self, case, before, index):
        case.is_sane()
        for _ in range(2):  # made, then brought back from the store
            root = case.base.setup(*[word.format(case=case) for word in self.command[1:]])
            assert case.repo.status(root) == [] and case.base.area("staging") == []
            case.base.teardown("t1")
            assert not root.exists()
        assert case.repo.git("fsck", "--no-dangling") == "" and case.repo.git("branch", "--list", "fix") == ""


# ---- files ----


class Files(Scenario):
    """One workspace, and beside it the directory "out" and the file "source". "again": how a second run may end."""

    profile, inside, outside, again = ("--id", "t1"), {}, {}, (0,)

    def prepare(self, case):
        case.out.mkdir()
        make_files(case.directory, {"source": TEXT})
        case.root = case.base.setup(*self.profile)
        case.name = case.root.name
        make_files(case.root, self.inside)
        make_files(case.out, self.outside)

    def check(self, case, before, index):
        self.look(case, False)
        status = case.base.run(*self.words(case), status=None).status
        assert status in self.again, status
        self.look(case, True)

    def registered(self, case):
        files = json.loads((case.root / REGISTRY).read_text())["files"]
        return {name: entry["size"] for name, entry in files.items()}


class Put(Files):
    command, inside = ("ws-file", "put", "--force", "{case.name}", "{case.source}", "file"), {"file": "old"}

    def look(self, case, final):
        content = case.found(case.root).get("file")
        assert content == TEXT if final else content in (TEXT, "old", None)


class PutFlat(Put):
    profile = ("--profile", "flat")

    def look(self, case, final):
        super().look(case, final)
        if final:
            assert self.registered(case) == {"file": len(TEXT)}


class Move(Files):
    command, inside, again = ("ws-file", "mv", "{case.name}", "file", "{case.out}/file"), {"file": TEXT}, (0, 66)

    def look(self, case, final):
        inside, outside = case.found(case.root), case.found(case.out)
        assert TEXT in (inside.get("file"), outside.get("file"))
        assert set(outside.values()) <= {TEXT}
        if final:
            assert "file" not in inside and outside == {"file": TEXT}


class MoveByCopy(Move):
    """A file with another name is not renamed."""

    def prepare(self, case):
        super().prepare(case)
        os.link(case.root / "file", case.root / "other")


class MoveFlat(Move):
    profile = ("--profile", "flat")

    def look(self, case, final):
        super().look(case, final)
        if final:
            case.base.setup(*self.profile)
            assert self.registered(case) == {}


class Migrate(Files):
    profile, outside = ("--profile", "flat"), {"denker_1/a": "1", "denker_2/a": "2"}
    command = ("ws-setup", "--profile", "flat", "--migrate", "{case.out}")

    def look(self, case, final):
        assert set(case.found(case.out).values()) == {"1", "2"}
        assert set(case.found(case.root).values()) - {"1", "2"} <= {(case.root / REGISTRY).read_text()}
        if final:
            assert sorted(os.listdir(case.out)) == ["denker_1.migrated", "denker_2.migrated"]
            assert self.registered(case) == {"a": 1, "denker_2__a": 1}


# ---- backups ----


class Backup(Scenario):
    """Two directories and a file that were backed up once, and changed since."""

    command = ("ws-archive", "backup", "-q", "-o", "{case.out}", "{case.directory}/src/one", "{case.directory}/src/two", "{case.directory}/src/settings")
    old, new = {"a": "1", ".env": "secret", "dir/deep/b": "2" * 1000}, {"a": "changed", ".git/config": "stray", "other": "other"}

    def write(self, case, files):
        shutil.rmtree(case.directory / "src", ignore_errors=True)
        for root in ("one", "two"):
            make_files(case.directory / "src" / root, {name: f"{root} {text}" for name, text in files.items()})
        (case.directory / "src/settings").write_text(json.dumps(files))
        return self.state(case)

    def state(self, case):
        return {name: digest(case.directory / "src" / name) for name in ("one", "two", "settings")}

    def manifest(self, case):
        return json.loads((case.out / "manifest.json").read_text())

    def prepare(self, case):
        self.write(case, self.old)
        case.base.run(*self.words(case))
        before = self.manifest(case)["id"]
        self.write(case, self.new)
        return before

    def is_whole(self, case):
        case.base.run("ws-archive", "restore", "--check", case.out)
        return {path.name.split(".")[1] for path in (case.out / "parts").iterdir() if not path.name.startswith(".")}

    def check(self, case, before, index):
        ids, found = self.is_whole(case), self.manifest(case)
        assert found["id"] in ids and (found["id"] == before) == all(part["entries"] != 5 for part in found["parts"])
        case.base.run(*self.words(case))
        assert self.is_whole(case) == {self.manifest(case)["id"]}


class RestoreBackup(Backup):
    command = ("ws-archive", "restore", "-q", "{case.out}")

    def prepare(self, case):
        want = self.write(case, self.old)
        case.base.run(*[word.format(case=case) for word in Backup.command])
        return want, self.write(case, self.new)

    def kept(self, case):
        return {path.read_text() for path in case.directory.rglob("*") if path.is_file() and ".ws-quarantine" in path.parts}

    def check(self, case, before, index):
        for name, found in self.state(case).items():
            self.is_sound(name, found, [state[name] for state in before])
        case.base.run(*self.words(case))
        assert {f"{root} {text}" for root in ("one", "two") for text in self.new.values()} <= self.kept(case), "what was replaced is lost"
        for path in list(case.directory.rglob(".ws-quarantine")):
            shutil.rmtree(path)
        self.is_restored(case, before[0])
        assert list(case.directory.rglob(".ws-restore*")) == []

    def is_sound(self, name, found, states):
        assert found in states, f"{name} is half restored"

    def is_restored(self, case, want):
        assert self.state(case) == want


class RestoreInPlace(RestoreBackup):
    """The directories stay, so that their content goes entry by entry, and the quarantine in them is removed here: their time is not looked at."""

    command = ("ws-archive", "restore", "-q", "--in-place", "{case.out}")

    def is_sound(self, name, found, states):
        if name == "settings":
            super().is_sound(name, found, states)

    def is_restored(self, case, want):
        found = self.state(case)
        for root in ("one", "two"):
            found[root]["."]["mtime_ns"] = want[root]["."]["mtime_ns"]
        assert found == want


class Reset(Scenario):
    command = ("ws-teardown", "-q", "--reset", "volumes", "--force", "t1")

    def prepare(self, case):
        root = case.base.setup("--profile", "volumes", "--id", "t1")
        names = sorted(os.listdir(root))
        assert len(names) == 7
        for name in names:
            make_files(root / name, {"file": name})
        return names

    def check(self, case, before, index):
        assert sorted(path.read_text() for path in case.base.path.rglob("file")) == before, "work was lost"
        case.base.run(*self.words(case))
        assert list(case.there.rglob("file")) == [] and sorted(os.listdir(case.there)) == before
        assert len([path for path in case.base.area("trash") if os.listdir(path)]) == 7


# ---- a store that others use, too ----


class Shared(Scenario):
    """A turn of a session, on S3: its lease is taken and renewed, the state that it shares replaced by a conditional put."""

    conditions = "honoured"
    command = ("ws-setup", "--profile", "session", "--workspace", "w1", "--session", "s1", "--", "sh", "-c", 'echo new >"$CLAUDE_CONFIG_DIR/settings"')
    calls = [*CALLS, "sendto", "connect"]

    def prepare(self, case):
        case.s3 = MemoryS3(self.conditions).start()
        credentials = {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "SK", "AWS_ENDPOINT_URL_S3": case.s3.url}
        case.base.env |= {"WS_STORE": "s3://b/p", **credentials}
        words = self.words(case)
        case.base.run(*words[:-1], words[-1].replace("new", "old"))

    def keys(self, case, part):
        return [key for key in case.s3.objects["b"] if part in key]

    def shared(self, case):
        directory = untar(case.s3.objects["b"]["p/workspaces/w1/claude-home.tar.gz"].body, case.directory / "untarred")
        settings = (directory / "settings").read_text()
        shutil.rmtree(directory)
        return settings

    def check(self, case, before, index):
        case.is_sane()
        assert self.shared(case) in ("old\n", "new\n")
        if index % 2:  # another host: it has to wait for the lease, or finds the state before or after
            there = Base(case.ws, case.directory / "there")
            there.env = {**case.base.env, "WORKSPACE_DIR": str(there.path)}
            assert there.run("ws-setup", *self.words(case)[1:-3], "true", status=None).status in (0, 75)
        case.base.run(*self.words(case))
        assert self.shared(case) == "new\n"
        for part in (".lease", "s1.gen/claims/", ".conflict-"):
            assert [key for key in self.keys(case, part) if ".lease-" not in key] == [], part
        assert len(self.keys(case, "/claims/")) <= 1  # on the state that was replaced: nobody asks for it any more
        case.s3.stop()


class SharedByClaims(Shared):
    """The server ignores conditions: claims decide, and each state is a generation."""

    conditions = "ignored"


SCENARIOS = {
    "a turn on a shared store": Shared,
    "a turn on a store without conditions": SharedByClaims,
    "a setup": Setup,
    "a restore": Restore,
    "an adoption": Adopt,
    "a teardown": Teardown,
    "a save while the command runs": LiveSave,
    "a teardown into the spool": Spool,
    "a retry of the spool": Retry,
    "a setup from the spool": Unspool,
    "a discard": Discard,
    "a discard that can be undone": Trash,
    "a discard that setup undoes": TrashBySetup,
    "an undo": Undo,
    "an undo by setup": UndoBySetup,
    "a collector": Collect,
    "a collector that archives": CollectIntoArchive,
    "a collector that compresses": Compress,
    "a collector that sends what is compressed": SendCompressed,
    "a worktree's creation": GitCreate,
    "a worktree's end": GitDestroy,
    "a worktree's collection": GitCollect,
    "a worktree that is put back": GitUndo,
    "a worktree's restore": GitRestore,
    "an adoption of a worktree": GitAdopt,
    "a worktree's end with its branch": GitDropBranch,
    "a clone's creation": CloneCreate,
    "put": Put,
    "put into a flat workspace": PutFlat,
    "mv": Move,
    "mv by copy": MoveByCopy,
    "mv out of a flat workspace": MoveFlat,
    "a migration": Migrate,
    "a backup": Backup,
    "a backup's restore": RestoreBackup,
    "a backup's restore in place": RestoreInPlace,
    "a reset of volumes": Reset,
}


def calls_of(scenario, ws, directory):
    """[(system call, occurrence)] of a run that is left alone: as many of each as the process (or thread) that has most of them."""
    case = Case(ws, directory)
    scenario.prepare(case)
    trace = directory / "trace"
    status = case.strace(scenario.words(case), "-o", trace, "-e", f"trace={','.join(scenario.calls)}", follow=scenario.follow)
    assert status == scenario.status, f"left alone it ends with {status}"
    lines = re.findall(r"^(?:(\d+) +)?(\w+)\(", trace.read_text(), re.M)
    most = collections.Counter()
    for (call, _), count in collections.Counter((call, pid) for pid, call in lines).items():
        most[call] = max(most[call], count)
    shutil.rmtree(directory)
    return [(call, number) for call, count in most.items() for number in range(1, count + 1)]


def stopped(scenario, ws, directory, call, number, how, index=0):
    """Run and stop it there, then check; whether it was stopped at all (threads bring the counts a little out of step)."""
    case = Case(ws, directory)
    before = scenario.prepare(case)
    options = ("-e", f"trace={call}", "-e", f"inject={call}:signal={how}:when={number}", "-o", "/dev/null")
    status = case.strace(scenario.words(case), *options, follow=scenario.follow)
    try:
        signalled = {"KILL": -9, "TERM": 143}[how]
        # Of several processes it may be another one that was killed: then ws says so, or did without it.
        assert status in (scenario.status, signalled) or scenario.calls != CALLS, f"it ended with {status}"
        scenario.check(case, before, index)
    except AssertionError as error:
        line = traceback.extract_tb(error.__traceback__)[-1].line
        raise AssertionError(f"{how} at {call} {number}: {error or line}") from error
    shutil.rmtree(directory)
    return status == signalled
