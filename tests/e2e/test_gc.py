"""ws-gc: what is alive, foreign or in doubt is left alone; a dry run says what the run does; nothing outside is touched."""
import json
import os
import signal
import time

import pytest
from faults import error

import ws as helpers
from place import Base, Session, base, base_and_store, digest, file_base, fill, make_files, need_root, one_message, unmount_below, wait_until  # noqa: F401


def make(base, *names):
    for name in names:
        make_files(base.setup("--id", name), {"file": name})


def test_only_what_is_idle_long_enough_is_taken(file_base):
    make(file_base, "t1")
    assert file_base.gc("--older", "1h")[0]["t1"] == "keep young"
    assert file_base.gc()[0]["t1"] == "keep young"
    time.sleep(0.2)
    assert file_base.gc("--older", "200ms")[0]["t1"] == "trash idle"
    assert "tasks/t1.tar.gz" in file_base.store.keys()


def test_old_files_that_were_just_restored_are_young(file_base):
    """Archives have old mtimes: systemd-tmpfiles eats such trees."""
    fill(file_base.setup("--id", "t1"))
    file_base.teardown("t1")
    file_base.setup("--id", "t1")
    file_base.age("t1", days=400)
    assert file_base.gc("--older", "1h")[0]["t1"] == "keep young"


def test_what_is_collected_is_saved_first_and_can_be_had_back(base_and_store):
    base = base_and_store
    before = fill(base.setup("--id", "t1"))
    plan, total = base.gc("--older", "0s")
    assert plan == {"t1": "trash idle"} and total["trashed"] == 1
    assert "tasks/t1.tar.gz" in base.store.keys() and base.state("t1") == "saved"
    assert [digest(path) for path in base.area("trash")] == [before]
    assert digest(base.setup("--id", "t1")) == before


def test_a_live_session_is_left_alone(file_base):
    """G2: the lock of a session; processes: test_a_process_in_a_workspace_keeps_it."""
    session = Session(file_base, "--id", "t1")
    plan, total = file_base.gc("--older", "0s")
    assert plan["t1"] == "keep locked" and total["trashed"] == 0 and (file_base.path / "t1").is_dir()
    line = next(json.loads(x) for x in file_base.run("ws-gc", "--older", "0s", "--json").stdout.splitlines())
    assert f"pid {session.process.pid} " in line["detail"]
    assert session.end()[0] == 0


def test_the_lock_outlives_nothing_but_its_holder(file_base):
    session = Session(file_base, "--id", "t1")
    session.signal(signal.SIGKILL)
    session.process.wait()
    # What the session had started ends a moment later.
    wait_until(lambda: file_base.gc("--older", "0s")[0]["t1"] == "trash idle")


def test_what_has_no_record_of_ours_is_left_alone(file_base, tree):
    make(file_base, "t1")
    foreign = fill(file_base.path / "t2") if not (file_base.path / "t2").mkdir() else None
    (file_base.path / "notes.txt").write_text("mine")
    (file_base.path / "lost+found").mkdir()
    odd = os.fsencode(file_base.path) + b"/\x1b[31m\n\xff"
    os.mkdir(odd)
    plan, total = file_base.gc("--older", "0s", "--trash-ttl", "0s")
    assert plan.pop("t1") == "trash idle" and total["trashed"] == 1
    assert set(plan.values()) == {"keep no-record"} and {"t2", "notes.txt", "lost+found"} < set(plan)
    assert digest(file_base.path / "t2") == foreign and os.path.isdir(odd)
    assert "\x1b" not in file_base.run("ws-gc", "--older", "0s").stdout


def test_a_record_that_cannot_be_read_keeps_its_workspace(file_base):
    make(file_base, "t1")
    record = file_base.path / ".ws/t1/record.json"
    for text in ("", "{", "[]", "null", '{"version":99}', '{"version":1,"id":"t2","state":"ready"}'):
        record.write_text(text)
        assert file_base.gc("--older", "0s")[0]["t1"] == "keep bad-record", text
    record.unlink()
    assert file_base.gc("--older", "0s")[0]["t1"] == "keep no-record"
    assert (file_base.path / "t1/file").exists()


def test_a_workspace_that_was_replaced_by_a_link_is_left_alone(file_base, canary):
    make(file_base, "t1")
    os.rename(file_base.path / "t1", file_base.path.parent / "moved")
    (file_base.path / "t1").symlink_to(canary)
    assert file_base.gc("--older", "0s")[0]["t1"] == "keep unreadable"
    assert (file_base.path / "t1").is_symlink()


def test_links_inside_are_removed_and_never_followed(file_base, canary):
    root = file_base.setup("--id", "t1")
    (root / "dir").symlink_to(canary)
    (root / "file").symlink_to(canary / "run.sh")
    os.link(canary / "secret", root / "hard")
    before = os.stat(canary / "secret")
    assert file_base.gc("--older", "0s")[0]["t1"] == "trash idle"
    assert file_base.gc("--trash-ttl", "0s")[1]["purged"] == 1
    os.utime(canary / "secret", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert os.stat(canary / "secret").st_nlink == 1


def test_a_directory_without_our_marker_is_no_base(ws, tmp_path, canary):
    """G4: a root without our marker is not collected in."""
    place = Base(ws, canary)
    for arguments in ([], ["--older", "0s"], ["--older", "0s", "--trash-ttl", "0s"]):
        result = place.run("ws-gc", *arguments, status=78)
        assert str(canary) in one_message(result, "ws-gc")
    assert not (canary / ".ws").exists()
    missing = Base(ws, tmp_path / "absent")
    missing.run("ws-gc", "--older", "0s", status=66)
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize("proc", [True, False], ids=["mountinfo", "no-proc"])
@pytest.mark.parametrize("what", ["directory", "file", "workspace"])
def test_a_workspace_with_a_mount_is_left_alone(file_base, canary, what, proc):
    """G3: mounts, also of the same file system and without mountinfo."""
    need_root()
    make(file_base, "t1")
    inner = file_base.path / "t1/in ner"  # the space is escaped in mountinfo
    inner.touch() if what == "file" else inner.mkdir()
    source, target = {"directory": (canary, inner), "file": (canary / "run.sh", inner), "workspace": (canary, file_base.path / "t1")}[what]
    command = [helpers.BINARY, "ws-gc", "--older", "0s", "--json"]
    if not proc:
        command = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$0" "$@"', *command]
    helpers.run(["mount", "--bind", source, target])
    try:
        lines = [json.loads(line) for line in helpers.run(command, env=file_base.ws.environment(file_base.env)).stdout.splitlines()]
        assert [(line["name"], line["action"], line["reason"]) for line in lines[:-1]] == [("t1", "keep", "mount")]
        assert lines[-1]["trashed"] == 0 and target.exists()
    finally:
        unmount_below(file_base.path)
    assert file_base.gc("--older", "0s")[0]["t1"] == "trash idle"


def test_a_mount_that_appears_in_the_trash_stops_the_deletion(file_base, canary):
    need_root()
    make(file_base, "t1")
    (file_base.path / "t1/inner").mkdir()
    file_base.gc("--older", "0s")
    (trashed,) = file_base.area("trash")
    helpers.run(["mount", "--bind", canary, trashed / "inner"])
    try:
        result = file_base.run("ws-gc", "--trash-ttl", "0s", status=1)
        assert "mount point" in result.stderr, result
    finally:
        unmount_below(file_base.path)
    assert file_base.gc("--trash-ttl", "0s")[1]["purged"] == 1
    assert file_base.area("trash") == []


def test_what_waits_in_the_spool_is_sent_and_never_lost(file_base):
    make(file_base, "t1")
    store = file_base.path.parent / "store"
    os.rename(store, f"{store}.away") if store.exists() else None
    store.write_text("in the way")
    file_base.teardown("t1", status=75)
    assert file_base.gc("--dry-run", "--older", "0s")[0]["t1"] == "keep spooled"
    result = file_base.run("ws-gc", "--older", "0s", "--trash-ttl", "0s", status=1)
    assert "t1 is spooled" in result.stderr, result
    assert (file_base.path / ".ws/spool/t1/file").read_text() == "t1"
    store.unlink()
    assert file_base.gc()[1]["sent"] == 1
    assert "tasks/t1.tar.gz" in file_base.store.keys() and file_base.area("spool") == []


def test_a_save_that_fails_leaves_the_workspace_where_it_is(ws, tmp_path, servers, faults):
    s3 = helpers.S3("swift", servers("swift"))
    faults.backend = s3.plain_endpoint
    place = Base(ws, tmp_path / "base", helpers.S3Store(s3))
    place.env.update({"AWS_ENDPOINT_URL_S3": faults.url, "AWS_MAX_ATTEMPTS": "1"})
    make(place, "t1", "t2")
    faults.on("PUT", "tasks/t1", error(403, "AccessDenied"))
    result = place.run("ws-gc", "--older", "0s", status=1)
    assert "t1" in result.stderr and "1 of 2 items of the plan failed" in result.stderr, result
    assert (place.path / "t1/file").read_text() == "t1" and place.state("t1") == "ready"
    assert not (place.path / "t2").exists() and place.area("spool") == []
    assert place.gc("--older", "0s")[1]["trashed"] == 1


def test_a_changed_store_is_not_overwritten_by_the_collector(file_base):
    make(file_base, "t1")
    file_base.store.put("tasks/t1.tar.gz", b"somebody else's")
    result = file_base.run("ws-gc", "--older", "0s", status=1)
    (side,) = [key for key in file_base.store.keys() if ".conflict-" in key and "/." not in key]
    assert side in result.stderr, result
    assert file_base.store.get("tasks/t1.tar.gz") == b"somebody else's"


def test_the_future_keeps_everything(file_base):
    """A clock that jumped must not collect."""
    make(file_base, "t1")
    path = file_base.path / ".ws/t1/record.json"
    record = json.loads(path.read_text())
    record["last_used_ms"] = int(time.time() * 1000) + 3_600_000
    path.write_text(json.dumps(record))
    assert file_base.gc("--older", "0s")[0]["t1"] == "keep clock"


def test_a_dry_run_prints_the_plan_that_the_run_executes(file_base):
    """G5: a dry run is dry."""
    make(file_base, "t1", "t2", "t3")
    file_base.gc("--older", "0s", "--max-delete", "1")
    (file_base.path / "foreign").mkdir()
    session = Session(file_base, "--id", "t4")
    arguments = ["--older", "0s", "--trash-ttl", "0s", "--max-delete", "1"]
    everything = {p: os.lstat(p).st_mtime_ns for p in file_base.path.rglob("*") if p.name not in ("gc.lock", "ready")}
    store = file_base.store.keys()
    dry = file_base.gc("--dry-run", *arguments)
    assert dry[1] is None and {"trash idle", "keep limit", "purge trash-old", "keep no-record", "keep locked"} <= set(dry[0].values()), dry
    assert {p: os.lstat(p).st_mtime_ns for p in file_base.path.rglob("*") if p.name != "gc.lock"} == everything
    assert file_base.store.keys() == store
    assert file_base.gc(*arguments)[0] == dry[0]
    assert file_base.gc("--dry-run", *arguments)[0] != dry[0]
    session.end()


def test_the_lines_for_people_are_the_same_in_a_dry_run(file_base):
    make(file_base, "t1", "t2")
    file_base.gc("--older", "0s", "--max-delete", "1")
    (file_base.path / "foreign").mkdir()
    dry = file_base.run("ws-gc", "-n", "--older", "0s").stdout
    time.sleep(0.05)
    assert "trash    idle" in dry and file_base.run("ws-gc", "--older", "0s").stdout == dry


def test_quietly_nothing_is_said_when_nothing_is_wrong(file_base):
    make(file_base, "t1")
    result = file_base.run("ws-gc", "-q", "--older", "0s")
    assert (result.stdout, result.stderr) == ("", "") and not (file_base.path / "t1").exists()


def test_the_longest_idle_go_first(file_base):
    for name in ("a", "c", "b"):
        make(file_base, name)
        time.sleep(0.02)
    plan, total = file_base.gc("--older", "0s", "--max-delete", "2")
    assert plan == {"a": "trash idle", "b": "keep limit", "c": "trash idle"} and total["trashed"] == 2


def test_the_trash_is_kept_for_its_time(file_base):
    make(file_base, "t1")
    file_base.gc("--older", "0s")
    (entry,) = file_base.area("trash")
    for ttl in ([], ["--trash-ttl", "1h"]):
        assert file_base.gc(*ttl)[0][entry.name] == "keep trash-fresh"
    old = entry.with_name(f"{int(entry.name.split('.')[0]) - 90_000_000}.{entry.name.split('.', 1)[1]}")
    entry.rename(old)
    plan, total = file_base.gc()
    assert plan[old.name] == "purge trash-old" and total["purged"] == 1 and total["freed_bytes"] > 0
    assert file_base.area("trash") == []


def test_what_was_discarded_by_the_collector_can_be_had_back(file_base):
    before = fill(file_base.setup("--id", "t1", "--ephemeral"))
    file_base.gc("--older", "0s")
    assert file_base.state("t1") == "trashed"
    assert digest(file_base.setup("--id", "t1")) == before
    file_base.gc("--older", "0s")
    file_base.gc("--trash-ttl", "0s")
    assert file_base.ls() == {}
    assert os.listdir(file_base.setup("--id", "t1")) == []


def test_leftovers_of_a_killed_setup_are_cleaned_after_an_hour(file_base):
    make(file_base, "t1")
    area = file_base.path / ".ws/staging"
    area.mkdir(exist_ok=True)
    (area / "t9.abcdefghi").mkdir()
    (area / "unknown").mkdir()
    plan, _ = file_base.gc()
    assert plan["t9.abcdefghi"] == "keep not-ready" and plan["unknown"] == "keep no-record"


def test_an_interrupted_deletion_is_finished_by_the_next_run(file_base):
    make(file_base, "t1")
    file_base.gc("--older", "0s")
    (entry,) = file_base.area("trash")
    entry.rename(f"{entry}.gone")
    plan, total = file_base.gc()
    assert plan[f"{entry.name}.gone"] == "purge half-deleted" and file_base.area("trash") == []


def test_two_collectors_do_not_work_at_once(file_base, tmp_path):
    """G11: one at a time; the second one ends with 75."""
    make(file_base, "t1")
    import fcntl

    with open(file_base.path / ".ws/gc.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = file_base.run("ws-gc", "--older", "0s", status=75)
        assert "another collector" in one_message(result, "ws-gc")
    assert (file_base.path / "t1").exists()


def test_collectors_and_sessions_at_once_lose_nothing(file_base):
    """Sessions count up in a file, each in turn in a fresh or adopted workspace, while collectors take whatever they can."""
    rounds = 12
    script = "n=$(cat count 2>/dev/null || echo 0); echo $((n+1)) >count"
    collectors = []
    file_base.setup("--id", "t1")
    for _ in range(rounds):
        collectors.append(file_base.start("ws-gc", "--older", "0s", "--trash-ttl", "0s", "-q"))
        file_base.run("ws-setup", "--id", "t1", "--wait", "20s", "--", "sh", "-c", script)
    for process in collectors:
        process.wait(30)
        assert process.returncode in (0, 75), process.communicate()
    assert (file_base.setup("--id", "t1") / "count").read_text() == f"{rounds}\n"


def test_deep_and_wide_trees_are_deleted(file_base):
    root = file_base.setup("--id", "t1")
    directory = os.open(root, os.O_RDONLY)
    for _ in range(600):  # far beyond the longest path name
        os.mkdir("d" * 20, dir_fd=directory)
        inner = os.open("d" * 20, os.O_RDONLY, dir_fd=directory)
        os.close(directory)
        directory = inner
    os.close(directory)
    for number in range(3000):
        (root / f"f{number}").touch()
    (root / "shut").mkdir()
    (root / "shut/x").touch()
    (root / "shut").chmod(0)
    assert file_base.gc("--older", "0s")[1]["trashed"] == 1
    assert file_base.gc("--trash-ttl", "0s")[1]["purged"] == 1
    assert file_base.area("trash") == []


def test_the_base_cannot_be_reached_through_a_link(file_base, tmp_path):
    make(file_base, "t1")
    (tmp_path / "link").symlink_to(file_base.path)
    result = file_base.run("ws-gc", "--base", tmp_path / "link", "--older", "0s", status=64)
    assert "symbolic link" in one_message(result, "ws-gc")
    assert (file_base.path / "t1").exists()
