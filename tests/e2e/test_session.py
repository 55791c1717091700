"""Profile session: what the document of the Go package `workspace` says, and how its users lost work."""
import re

import pytest

from place import Base, base_and_store, file_base, finish, make_files, read_files, tar, untar  # noqa: F401 (fixtures)

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


def test_60_of_many_sessions_that_end_at_once_one_is_current_and_every_other_is_kept_and_named(base_and_store, tmp_path):
    """cc-broker 60, 69: the last writer won, and what the others had written was gone."""
    base, names = base_and_store, [f"s{n}" for n in range(16)]
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


def test_60_sessions_one_after_the_other_build_on_each_other(base_and_store):
    for number in range(3):
        root = start(base_and_store, f"s{number}", {f"of-{number}": "x"})
        assert set(read_files(root / "claude-config")) == {f"of-{n}" for n in range(number + 1)}
        base_and_store.teardown(f"sess_s{number}")
    assert objects(base_and_store.store, ".conflict-") == []
