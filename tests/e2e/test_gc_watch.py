"""ws-gc --watch, the back-off after passes in vain, and ws-setup --make-room."""
import json
import os
import signal

import pytest

import ws as helpers
from place import Base, Session, base, file_base, finish, make_files, small_disk, unmount_below, wait_until  # noqa: F401

NOW = ["--min-age", "0s"]


@pytest.fixture
def full(ws, tmp_path):
    """A base on a small disk, with ephemeral workspaces of 600 kB."""
    disk = small_disk(tmp_path / "disk", "4m")
    base = Base(ws, disk / "base", helpers.FileStore(tmp_path / "store"))
    for name in ("a", "b", "c"):
        make_files(base.setup("--id", name, "--ephemeral"), {"big": "x" * 600_000})
    yield base
    ws.stop()
    unmount_below(tmp_path)


def note(base):
    return json.loads((base.path / ".ws/gc.json").read_text())


@pytest.mark.parametrize("number, status", [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_watcher_collects_again_and_again_until_a_signal_ends_it(file_base, number, status):
    file_base.setup("--id", "t0")
    process = file_base.start("ws-gc", "--watch", "50ms", "--older", "0s", "-q")
    for name in ("t1", "t2"):  # nothing is put into them: they may be gone as soon as they are there
        file_base.setup("--id", name, "--wait", "10s")
        wait_until(lambda: not (file_base.path / name).exists())
        assert process.poll() is None
    process.send_signal(number)
    assert finish(process)[0] == status
    assert file_base.gc("--older", "0s")[1]["trashed"] == 0  # the lock is free, all is as it should be


def test_between_its_passes_a_watcher_holds_nothing(file_base):
    process = file_base.start("ws-gc", "--base", file_base.setup("--id", "t1").parent, "--watch", "1h", "--older", "1h")
    wait_until(lambda: (file_base.path / ".ws/gc.json").exists())
    wait_until(lambda: file_base.run("ws-gc", "--older", "0s", "-q", status=None).status == 0)
    process.send_signal(signal.SIGTERM)
    assert finish(process)[0] == 143


def test_a_watcher_acts_when_the_disk_gets_full(full):
    process = full.start("ws-gc", "--watch", "1h", "--min-free", "1M", *NOW)
    wait_until(lambda: (full.path / ".ws/gc.json").exists())
    assert (full.path / "a").exists()
    make_files(full.setup("--id", "d", "--ephemeral"), {"big": "x" * 2_000_000})
    wait_until(lambda: not (full.path / "a").exists())
    process.send_signal(signal.SIGTERM)
    assert finish(process)[0] == 143


def test_a_pass_that_fails_is_told_and_the_watcher_goes_on(file_base):
    file_base.setup("--id", "t1")
    import fcntl

    with open(file_base.path / ".ws/gc.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = file_base.start("ws-gc", "--watch", "50ms", "--older", "0s", "-q")
        assert b"another collector" in process.stderr.readline()
    wait_until(lambda: not (file_base.path / "t1").exists())
    process.send_signal(signal.SIGTERM)
    assert finish(process)[0] == 143


def test_a_watcher_cannot_be_dry(file_base):
    file_base.setup("--id", "t1")
    file_base.run("ws-gc", "--watch", "1s", "--dry-run", status=64)


def test_after_a_pass_in_vain_the_next_ones_wait(full):
    """G9, also from one cron run to the next: what is not about free space goes on."""
    sessions = [Session(full, "--id", name) for name in ("a", "b", "c")]
    command = ["ws-gc", "--min-free", "3500K", *NOW]
    assert "0 B freed" in full.run(*command, status=1).stderr and note(full)["vain_passes"] == 1
    waiting = full.run(*command, status=1)
    assert "the next one is at" in waiting.stderr and "0 B freed" in waiting.stderr and note(full)["vain_passes"] == 1
    # The same when there is something to take by now: five minutes after the first pass, ten after the second.
    sessions.pop().end()
    full.setup("--id", "d", "--ephemeral")
    full.run(*command, status=1)
    assert (full.path / "d").exists()
    assert full.gc("--older", "0s", "--min-free", "3500K", status=1)[0]["d"] == "trash idle"
    changed = {**note(full), "vain_ms": note(full)["vain_ms"] - 301_000}
    (full.path / ".ws/gc.json").write_text(json.dumps(changed))
    full.run(*command, status=1)
    assert "vain_passes" not in note(full)  # the trash could go
    for session in sessions:
        session.end()


def test_another_mark_does_not_wait(full):
    sessions = [Session(full, "--id", name) for name in ("a", "b")]
    full.run("ws-gc", "--min-free", "100M", "--min-age", "1h", status=1)
    assert note(full)["vain_passes"] == 1
    plan, total = full.gc("--min-free", "2500K", *NOW)
    assert plan["c"] == "trash min-free" and total["purged"] == 1
    for session in sessions:
        session.end()


def test_room_is_made_for_a_new_workspace(full):
    full.age("a", 1)
    result = full.run("ws-setup", "--id", "new", "--make-room", "3M")
    assert "--make-room" in result.stderr and (full.path / "a").exists()  # used a moment ago: ten minutes are the minimum
    full.gc("--older", "0s", "--max-delete", "2")
    assert len(full.area("trash")) == 2
    full.run("ws-setup", "--id", "newer", "--make-room", "2500K")
    assert len(full.area("trash")) == 1 and (full.path / "newer").exists() and (full.path / "c").exists()


def test_where_there_is_room_nothing_is_looked_at(file_base):
    (file_base.setup("--id", "t1") / "x").touch()
    file_base.gc("--older", "0s")
    before = os.stat(file_base.path / ".ws/gc.json").st_mtime_ns
    result = file_base.run("ws-setup", "--id", "t2", "--make-room", "1")
    assert result.stderr == "" or "--make-room" not in result.stderr
    assert len(file_base.area("trash")) == 1 and os.stat(file_base.path / ".ws/gc.json").st_mtime_ns == before


def test_room_is_made_within_its_time_and_the_setup_goes_on(full):
    full.gc("--older", "0s")
    result = full.run("ws-setup", "--id", "new", "--make-room", "4M", "--make-room-time", "0s")
    assert "time is up" in result.stderr and (full.path / "new").exists() and len(full.area("trash")) == 3


def test_a_wrong_word_is_a_mistake_and_a_missing_base_is_none(file_base):
    assert "--make-room" in file_base.run("ws-setup", "--id", "t1", "--make-room", "much", status=64).stderr
    assert not file_base.path.exists()
    assert (file_base.setup("--id", "t1", "--make-room", "99%")).is_dir()
