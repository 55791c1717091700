"""ws-ls: what it says is what is there."""
import json
import os
import signal

from place import Session, base, file_base, make_files, one_message  # noqa: F401 (fixtures)


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
    file_base.setup("--id", "t1", "--owner", "me")
    session = Session(file_base, "--id", "t2")
    title, one, two = file_base.run("ws-ls").stdout.splitlines()
    assert title.split() == ["ID", "PROFILE", "STATE", "OWNER", "AGE", "IDLE", "SIZE", "HOLDER"]
    assert one.split()[:4] == ["t1", "task", "ready", "me"]
    assert two.split()[:3] == ["t2", "task", "active"] and f"pid {session.process.pid} on {os.uname().nodename}" in two
    session.end()


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
