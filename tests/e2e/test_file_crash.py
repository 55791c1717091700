"""ws-file and migration killed at each system call that changes something: nothing is lost or half there, a second run converges."""
import json
import os

import pytest

import ws as helpers
from place import base, make_files, read_files  # noqa: F401 (fixtures)
from test_crash import Case, calls_of, killed, sample

REGISTRY = "workspace_metadata.json"
TEXT = "result" * 1000


class FileCase(Case):
    """A base of its own with one workspace, and the directory "out"."""

    def __init__(self, ws, directory, *profile):
        directory.mkdir()
        (directory / "template").mkdir()
        super().__init__(ws, directory / "case", directory / "template")
        self.root = self.base.setup(*profile)
        self.name = self.root.name
        self.out = directory / "out"
        self.out.mkdir()
        make_files(directory, {"source": TEXT})
        self.source = directory / "source"

    def found(self, directory):
        return {name: text for name, text in read_files(directory).items() if not name.startswith(".ws-tmp-")}


def put(case):
    return ["ws-file", "put", "--force", case.name, case.source, "file"]


def check_put(case, final):
    content = case.found(case.root).get("file")
    assert content == TEXT if final else content in (TEXT, "old", None)


def move(case):
    return ["ws-file", "mv", case.name, "file", case.out / "file"]


def check_move(case, final):
    inside, outside = case.found(case.root), case.found(case.out)
    assert TEXT in (inside.get("file"), outside.get("file"))
    assert set(outside.values()) <= {TEXT}
    if final:
        assert "file" not in inside and outside == {"file": TEXT}


def migrate(case):
    return ["ws-setup", "--profile", "flat", "--migrate", case.out]


def check_migrate(case, final):
    old = {text for path, text in case.found(case.out).items()}
    assert old == {"1", "2"}
    assert set(case.found(case.root).values()) - {"1", "2"} <= {(case.root / REGISTRY).read_text()}
    if final:
        assert sorted(os.listdir(case.out)) == ["denker_1.migrated", "denker_2.migrated"]
        assert sorted(json.loads((case.root / REGISTRY).read_text())["files"]) == ["a", "denker_2__a"]


def prepare(case, what):
    if what in ("mv", "mv by copy", "put"):
        make_files(case.root, {"file": "old" if what == "put" else TEXT})
    if what == "mv by copy":
        os.link(case.root / "file", case.root / "other")
    if what == "migrate":
        make_files(case.out, {"denker_1/a": "1", "denker_2/a": "2"})


WHAT = {
    "put": (["--id", "t1"], put, check_put),
    "mv": (["--id", "t1"], move, check_move),
    "mv by copy": (["--id", "t1"], move, check_move),
    "put in a flat one": (["--profile", "flat"], put, check_put),
    "migrate": (["--profile", "flat"], migrate, check_migrate),
}


@pytest.mark.parametrize("what", WHAT)
def test_killed_anywhere_nothing_is_lost_and_a_second_run_converges(ws, tmp_path, what):
    profile, command, check = WHAT[what]
    case = FileCase(ws, tmp_path / "count", *profile)
    prepare(case, what)
    pairs = calls_of(case, command(case))
    assert len(pairs) > 3, pairs
    hits = 0
    for index, (call, number) in enumerate(sample(pairs, 14)):
        case = FileCase(ws, tmp_path / f"{index}", *profile)
        prepare(case, what)
        if not killed(case, command(case), call, number, "KILL"):
            continue
        hits += 1
        check(case, False)
        status = helpers.run([helpers.BINARY, *command(case)], status=None, env=ws.environment(case.base.env)).status
        assert status == 0 or (what.startswith("mv") and status == 66), (call, number)
        check(case, True)
        if "flat" in what:
            files = json.loads((case.root / REGISTRY).read_text())["files"]
            assert list(files) == ["file"] and files["file"]["size"] == len(TEXT)
    assert hits > 2
