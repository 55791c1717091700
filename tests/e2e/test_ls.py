"""ws-ls: what it says is what is there."""
import hashlib
import json
import os
import re
import shutil
import signal

import pytest

from place import Session, base, file_base, make_files, one_message, wait_until  # noqa: F401 (fixtures)
from repo import Repo


def test_every_state_is_told(file_base):
    base = file_base
    session = Session(base, "--id", "active")
    for name in ("ready", "gone", "saved", "trashed", "spooled", "broken", "linked"):
        make_files(base.setup("--id", name), {"file": name})
    base.teardown("saved")
    base.teardown("--discard", "--keep-trash", "trashed")
    store = base.path.parent / "store"
    store.rename(f"{store}.away")
    store.write_text("in the way")
    base.teardown("spooled", status=75)
    os.rename(base.path / "gone", base.path.parent / "elsewhere")
    os.rename(base.path / "linked", base.path.parent / "linked")
    (base.path / "linked").symlink_to("ready")
    (base.path / ".ws/broken/record.json").write_text("{")
    (base.path / "stray").mkdir()
    states = {name: line["state"] for name, line in base.ls().items()}
    assert states == {
        "active": "active",
        "broken": "bad-record",
        "gone": "missing",
        "linked": "replaced",
        "ready": "ready",
        "saved": "saved",
        "spooled": "spooled",
        "stray": "no-record",
        "trashed": "trashed",
    }
    session.signal(signal.SIGTERM)
    session.process.wait()


def test_the_fields_for_programs(file_base):
    root = file_base.setup("--id", "t1", "--owner", "me", "--label", "a=1", "--label", "b=2")
    make_files(root, {"file": "x" * 10_000, "dir/file": "y"})
    line = file_base.ls("t1")["t1"]
    assert line["path"] == str(root) and line["owner"] == "me" and line["labels"] == {"a": "1", "b": "2"}
    assert line["profile"] == "task" and line["exists"] is True and line["locked"] is False
    assert line["tree_entries"] == 3 and line["allocated_bytes"] >= 10_000
    assert 0 <= line["idle_ms"] <= line["age_ms"] < 60_000
    assert file_base.record("t1")["state"] == "ready"


def test_the_table_for_people(file_base):
    """vibesql#3286, 20x#481: a count alone is the wrong signal, free space stands beside it."""
    file_base.setup("--id", "t1", "--owner", "me")
    session = Session(file_base, "--id", "t2")
    title, one, two, space = file_base.run("ws-ls").stdout.splitlines()
    assert title.split() == ["ID", "PROFILE", "STATE", "OWNER", "AGE", "IDLE", "SIZE", "DIRTY", "SAVED", "HOLDER"]
    assert one.split()[:4] == ["t1", "task", "ready", "me"]
    assert two.split()[:3] == ["t2", "task", "active"] and f"pid {session.process.pid} on {os.uname().nodename}" in two
    session.end()
    assert re.fullmatch(rf"[\d.]+ .?i?B of [\d.]+ .?i?B free in {file_base.path}", space), space
    assert file_base.ls()["t1"]["base_free_bytes"] > 0


def test_dirty_is_what_no_store_has(file_base):
    root = file_base.setup("--id", "t1")
    assert file_base.ls()["t1"]["dirty"] is False
    wait_until(lambda: (root / "file").write_text("x") and file_base.ls()["t1"]["dirty"], what="dirty")
    file_base.teardown("--keep", "t1")
    line = file_base.ls()["t1"]
    assert line["dirty"] is False and line["saved_ms"] > line["ready_ms"]
    (root / "file").unlink()
    assert file_base.ls()["t1"]["dirty"] is True
    (file_base.path / "stray").mkdir()
    assert file_base.ls()["stray"]["dirty"] is None


def test_dirty_is_what_git_says_of_a_worktree(file_base, tmp_path):
    repo = Repo(tmp_path)
    root = file_base.setup("--id", "g1", "--git", repo.path, "--branch", "fix")
    assert file_base.ls()["g1"]["dirty"] is False
    make_files(root, {"out.o": "ignored"})
    assert file_base.ls()["g1"]["dirty"] is False
    make_files(root, {"new": "untracked"})
    assert file_base.ls()["g1"]["dirty"] is True
    repo.commit("work", root)
    assert file_base.ls()["g1"]["dirty"] is False
    shutil.rmtree(repo.path / ".git/objects")
    assert file_base.ls()["g1"]["dirty"] is None


def test_artifacts_are_listed_beside_their_workspace(file_base):
    make_files(file_base.setup("--id", "t1"), {"same": "s", "edited": "a", "gone": "g"})
    file_base.teardown("t1")
    root = file_base.setup("--id", "t1")
    make_files(root, {"edited": "b", "dir/new": "new"})
    (root / "gone").unlink()
    expected = {"edited": "modified", "dir/new": "added", "gone": "removed"}
    found = {item["path"]: item for item in file_base.ls("--include-artifacts", "t1")["t1"]["artifacts"]}
    assert {path: item["change"] for path, item in found.items()} == expected
    assert found["dir/new"]["sha256"] == hashlib.sha256(b"new").hexdigest()
    assert {"size", "mode", "mtime"} <= set(found["dir/new"]) and "artifacts" not in file_base.ls()["t1"]
    lines = file_base.run("ws-ls", "--include-artifacts").stdout.splitlines()
    assert lines[3].split() == ["ID", "CHANGE", "MODE", "SIZE", "MODIFIED", "SHA256", "PATH"] and len(lines) == 7
    assert lines[4].split()[:2] == ["t1", "added"] and lines[4].endswith("dir/new")


def test_artifacts_are_known_when_the_workspace_is_over(file_base):
    """get_task_history was asked after the task."""
    file_base.run("ws-setup", "--id", "t1", "--", "sh", "-c", "echo x >report.md")
    line = file_base.ls("--include-artifacts", "t1")["t1"]
    (artifact,) = line["artifacts"]
    assert line["state"] == "saved" and (artifact["path"], artifact["change"], artifact["size"]) == ("report.md", "added", 2)
    assert artifact["sha256"] == hashlib.sha256(b"x\n").hexdigest()
    file_base.run("ws-setup", "--id", "t2", "--", "sh", "-c", "truncate -s 70M b; echo a >a; echo c >c")
    found = file_base.ls("--include-artifacts", "t2")["t2"]["artifacts"]
    assert [(item["path"], "sha256" in item) for item in found] == [("a", True), ("b", False), ("c", True)]
    file_base.setup("--id", "t1")
    assert file_base.ls("--include-artifacts", "t1")["t1"]["artifacts"] == []
    file_base.teardown("--discard", "t1")
    assert file_base.ls("--include-artifacts", "t1")["t1"]["artifacts"] is None


def test_an_empty_base_has_an_empty_list(file_base):
    file_base.setup("--id", "t1")
    file_base.teardown("--discard", "t1")
    file_base.gc("--trash-ttl", "0s")
    assert "t1" not in file_base.run("ws-ls", "--owner", "nobody").stdout


def test_owner_and_labels_select(file_base):
    file_base.setup("--id", "t1", "--owner", "me", "--label", "a=1")
    file_base.setup("--id", "t2", "--owner", "you", "--label", "a=1", "--label", "b=2")
    (file_base.path / "stray").mkdir()
    assert set(file_base.ls("--owner", "me")) == {"t1"}
    assert set(file_base.ls("--label", "a=1")) == {"t1", "t2"}
    assert set(file_base.ls("--label", "a=1", "--label", "b=2")) == {"t2"}
    assert set(file_base.ls("--label", "a=2")) == set()
    assert set(file_base.ls("--owner", "me", "t1", "t2")) == {"t1"}
    assert "K=V" in one_message(file_base.run("ws-ls", "--label", "a", status=64), "ws-ls")


def test_exists_answers_by_its_status_and_says_nothing(file_base):
    root = file_base.setup("--id", "t1")
    for name, status in (("t1", 0), ("t2", 66)):
        result = file_base.run("ws-ls", "--exists", name, status=status)
        assert (result.stdout, result.stderr) == ("", "")
    (file_base.path / "t3").mkdir()
    file_base.run("ws-ls", "--exists", "t3", status=66)
    os.rename(root, f"{root}.away")
    file_base.run("ws-ls", "--exists", "t1", status=66)
    (file_base.path / "t1").symlink_to(f"{root}.away")
    file_base.run("ws-ls", "--exists", "t1", status=66)
    assert "/" in one_message(file_base.run("ws-ls", "--exists", "../t1", status=64), "ws-ls")
    file_base.run("ws-ls", "--exists", "t1", "t1", status=64)
    (file_base.path / ".ws/t1/record.json").write_text("{")
    file_base.run("ws-ls", "--exists", "t1", status=65)


def test_one_that_is_not_there_is_an_error(file_base):
    file_base.setup("--id", "t1")
    assert "t2" in one_message(file_base.run("ws-ls", "t2", status=66), "ws-ls")
    result = file_base.run("ws-ls", "--json", "t2", "t1", "../x", status=1)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line.get("id") or line["error"]["kind"] for line in lines] == ["not_found", "t1", "usage"]
    assert "2 of 3 workspaces failed" in result.stderr


def test_listing_changes_nothing(file_base):
    make_files(file_base.setup("--id", "t1"), {"file": "x"})
    (file_base.path / "stray").mkdir()
    everything = {path: os.lstat(path).st_mtime_ns for path in file_base.path.rglob("*")}
    file_base.run("ws-ls")
    file_base.run("ws-ls", "--exists", "t1")
    assert {path: os.lstat(path).st_mtime_ns for path in file_base.path.rglob("*")} == everything


def test_a_name_that_a_terminal_would_act_on_is_quoted(file_base):
    file_base.setup("--id", "t1", "--owner", "\x1b[31mred\n")
    text = file_base.run("ws-ls").stdout
    assert "\x1b" not in text and "\\x1b[31mred\\n" in text


@pytest.mark.parametrize("applet", ["ws-setup", "ws-ls", "ws-gc"])
def test_who_has_no_base_is_told_how_to_have_one(plain_user, applet):
    """/opt/stacks is root's to make, and it is what one gets who says nothing."""
    result = plain_user(applet, env={"WORKSPACE_DIR": "/nonexistent/stacks"}, status=77 if applet == "ws-setup" else 66)
    result.complains("/nonexistent", "--base or WORKSPACE_DIR names another")
