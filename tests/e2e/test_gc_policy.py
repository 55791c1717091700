"""ws-gc: policies on the command line and in a file, what keeps a workspace, undo, reports, and disks that are full."""
import contextlib
import itertools
import json
import os
import signal
import subprocess
import time

import pytest

import ws as helpers
from place import Base, Session, base, digest, file_base, fill, fill_disk, make_files, need_root, one_message, read_files, small_disk, unmount_below, xfs_disk  # noqa: F401

NOW = ["--min-age", "0s"]


def make(base, *names, **options):
    """Workspaces, the first one idle for longest."""
    extra = [word for key, value in options.items() for word in (f"--{key}", value)]
    for name in names:
        make_files(base.setup("--id", name, *extra), {"file": name})
        time.sleep(0.01)


def lines(base, *args, **options):
    return [json.loads(line) for line in base.run("ws-gc", "--json", *args, **options).stdout.splitlines()]


def test_keep_last_keeps_each_owners_last(file_base):
    make(file_base, "a1", "a2", "a3", owner="alice")
    make(file_base, "b1", owner="bob")
    plan, total = file_base.gc("--keep-last", "1", *NOW)
    assert plan == {"a1": "trash not-kept", "a2": "trash not-kept", "a3": "keep keep-last", "b1": "keep keep-last"}
    assert total["trashed"] == 2


def test_keep_last_shields_from_other_policies(file_base):
    make(file_base, "a1", "a2", owner="alice")
    result = file_base.run("ws-gc", "--json", "--keep-last", "2", "--max-count", "1", *NOW, status=1)
    assert "max-count: 1 wanted, 0 freed" in result.stderr and (file_base.path / "a1").exists()


def test_what_was_used_within_ten_minutes_is_safe_from_pressure(file_base):
    """G6: the floor; the limit: test_max_delete_may_be_a_share; the clock: test_a_clock_that_was_set_collects_nothing_once."""
    make(file_base, "a1", "a2")
    result = file_base.run("ws-gc", "--json", "--max-count", "0", status=1)
    assert '"reason":"min-age"' in result.stdout and "2 wanted, 0 freed" in result.stderr


def test_max_count_takes_the_longest_idle(file_base):
    make(file_base, "c", "b", "a")
    plan, total = file_base.gc("--max-count", "1", *NOW)
    assert plan == {"c": "trash max-count", "b": "trash max-count", "a": "keep within-limits"} and total["trashed"] == 2


def test_max_total_says_wanted_and_freed_when_it_is_missed(file_base):
    """G8: a cap that can't be met is told."""
    make(file_base, "a", "b")
    session = Session(file_base, "--id", "c", script="head -c 3000000 /dev/zero >big")
    found = lines(file_base, "--max-total", "1M", *NOW, status=1)
    target = next(line for line in found if "target" in line)
    assert target["missed"] and target["wanted"] > target["freed"] > 0, target
    assert not (file_base.path / "a").exists() and (file_base.path / "c").exists()
    session.end()


def test_a_quota_is_per_owner_and_measured(file_base):
    for name, owner in (("a1", "alice"), ("a2", "alice"), ("b1", "bob")):
        make_files(file_base.setup("--id", name, "--owner", owner), {"big": "x" * 500_000})
    plan, _ = file_base.gc("--quota", "alice=600K", *NOW)
    assert plan == {"a1": "trash quota", "a2": "keep within-limits", "b1": "keep within-limits"}
    told = lines(file_base, "--quota", "*=100K:10M", "--dry-run", *NOW)
    assert {line["method"] for line in told if "target" in line} == {"measured"}
    warned = file_base.run("ws-gc", "--quota", "*=100K:10M", *NOW)
    assert "quota bob (measured): " in warned.stderr and "over the soft limit" in warned.stderr and (file_base.path / "b1").exists()


def test_max_delete_may_be_a_share(file_base):
    make(file_base, "a", "b", "c", "d")
    plan, total = file_base.gc("--older", "0s", "--max-delete", "50%")
    assert total["trashed"] == 2 and plan["c"] == plan["d"] == "keep limit"


def test_a_policy_file_has_ordered_rules(file_base, tmp_path):
    policy = tmp_path / "gc.policy"
    policy.write_text("""
# what people work in
[rule people]
owner = human-*
keep = yes
[rule builds]
label = kind=build
max-count = 1
min-age = 0s
[rule secrets]
label = class=sensitive
older = 0s
[gc]
max-delete = 100%
""")
    make(file_base, "h1", owner="human-eve", label="kind=build")
    make(file_base, "b1", "b2", label="kind=build")
    make(file_base, "s1", label="class=sensitive")
    make(file_base, "rest")
    found = {line["name"]: line for line in lines(file_base, "--policy", policy, "--explain", "--dry-run") if "name" in line}
    assert {name: line["reason"] for name, line in found.items()} == {
        "h1": "keep-rule", "b1": "max-count", "b2": "within-limits", "s1": "idle", "rest": "young"}
    assert found["b1"]["explain"] == "rule builds: max-count 1" and "sensitive" in found["s1"]["explain"]
    plan, total = file_base.gc("--policy", policy)
    assert total["trashed"] == 2 and total["purged"] == 1
    assert not (file_base.path / "s1").exists() and all(".s1." not in str(path) for path in file_base.area("trash"))
    assert "tasks/s1.tar.gz" not in file_base.store.keys() and "tasks/b1.tar.gz" in file_base.store.keys()


def test_the_example_of_a_policy_file_is_read(file_base):
    make(file_base, "s1", label="class=sensitive")
    found = lines(file_base, "--policy", helpers.REPOSITORY / "dist/examples/gc.policy", "--explain", "--dry-run", status=None)
    assert next(line["explain"] for line in found if line.get("name") == "s1").startswith("rule secrets: ")


def test_a_wrong_policy_file_is_told_with_its_line(file_base, tmp_path):
    policy = tmp_path / "p"
    file_base.setup("--id", "t1")
    for text, says in (("[rule a]\nolder = soon\n", "p:2"), ("[rule a]\nodd = 1\n", "no such name"), ("[odd]\n", "[odd]"),
                       ("[gc]\nmin-free = 10%:5%\n", "LOW:HIGH"), ("[rule a]\nowner = x\nkeep = yes\nowner = y\n", "line 2 of [rule a]"),
                       ("[rule a]\nowner = x\nkeep = yes\n[rule a]\nolder = 1h\n", "[rule a] is there twice")):
        policy.write_text(text)
        assert says in one_message(file_base.run("ws-gc", "--policy", policy, status=78), "ws-gc")


def test_a_pin_keeps_and_can_be_taken_off(file_base):
    make(file_base, "t1")
    session = Session(file_base, "--id", "t1")
    file_base.run("ws-gc", "--pin", "t1", "--reason", "the release", "--for", "1h")
    session.end()
    file_base.setup("--id", "t1")
    line = next(line for line in lines(file_base, "--older", "0s") if "name" in line)
    assert (line["reason"], line["detail"]) == ("pinned", "the release")
    shown = file_base.ls("t1")["t1"]
    assert shown["pinned"] and shown["pin_reason"] == "the release" and shown["pin_until_ms"] > time.time() * 1000
    file_base.run("ws-gc", "--unpin", "t1")
    assert file_base.gc("--older", "0s")[0]["t1"] == "trash idle"
    file_base.run("ws-gc", "--pin", "nobody", status=66)
    file_base.run("ws-gc", "--reason", "x", status=64)


def test_a_supervisor_that_lives_keeps_a_workspace_whose_lock_was_removed(file_base):
    """Its command went elsewhere, and a new lock file is free: the record names who supervises."""
    session = Session(file_base, "--id", "t1", "--profile", "task", script="cd /")
    (file_base.path / ".ws" / "t1" / "lock").unlink()
    line = next(line for line in lines(file_base, "--older", "0s") if "name" in line)
    assert (line["reason"], line["detail"]) == ("busy", f"supervised by pid {session.process.pid}")
    assert session.end()[0] == 0


def test_a_process_in_a_workspace_keeps_it(file_base):
    make(file_base, "t1")
    process = subprocess.Popen(["sleep", "60"], cwd=file_base.path / "t1")
    try:
        line = next(line for line in lines(file_base, "--older", "0s") if "name" in line)
        assert line["reason"] == "busy" and f"cwd of pid {process.pid}" in line["detail"]
    finally:
        process.kill()
        process.wait()
    assert file_base.gc("--older", "0s")[0]["t1"] == "trash idle"


def test_a_mount_in_another_namespace_keeps_it(file_base, tmp_path):
    need_root()
    make(file_base, "t1")
    (tmp_path / "inside").mkdir()
    script = 'mount --bind "$0" "$1" && cd / && echo ready && exec sleep 60 <&- '
    process = subprocess.Popen(["unshare", "--mount", "sh", "-c", script, file_base.path / "t1", tmp_path / "inside"], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"ready\n"
        line = next(line for line in lines(file_base, "--older", "0s") if "name" in line)
        assert (line["reason"], line["detail"]) == ("busy", f"mount of pid {process.pid}")
    finally:
        process.kill()
        process.wait()
    assert file_base.gc("--older", "0s")[0]["t1"] == "trash idle"


def test_undo_brings_back_exactly_what_was_taken(file_base):
    before = fill(file_base.setup("--id", "t1"))
    file_base.gc("--older", "0s")
    file_base.run("ws-gc", "--undo", "t1")
    assert digest(file_base.path / "t1") == before and file_base.state("t1") == "ready"
    history = file_base.ls()["t1"]["history"]
    assert [event["event"] for event in history][-1] == "undo" and ".t1." in history[-1]["name"]
    file_base.run("ws-gc", "--undo", "t1", status=66)
    make_files(file_base.path / "t1", {"more": "work"})
    file_base.teardown("t1")
    assert (file_base.setup("--id", "t1") / "more").read_text() == "work"
    file_base.run("ws-gc", "--undo", "never", status=66)


def test_a_dry_run_undoes_and_pins_nothing(file_base):
    make(file_base, "t1", "t2")
    file_base.run("ws-gc", "--older", "0s", "--max-delete", "1")
    before = sorted(read_files(file_base.path))
    for word, name in (("--undo", "t1"), ("--undo", "t2"), ("--pin", "t1"), ("--pin", "t2"), ("--unpin", "t1")):
        file_base.run("ws-gc", word, name, "-n", status=64).complains("--dry-run")
    assert sorted(read_files(file_base.path)) == before


def test_an_undone_one_is_in_use_again(file_base):
    make(file_base, "t1")
    file_base.gc("--older", "0s")
    file_base.run("ws-gc", "--undo", "t1")
    assert file_base.gc("--older", "1m")[0]["t1"] == "keep young"


def test_orphans_wait_an_hour_and_only_go_when_asked(file_base):
    (file_base.setup("--id", "t1").parent / "stray").mkdir()
    assert file_base.gc("--orphans")[0]["stray"] == "keep young"
    assert file_base.gc()[0]["stray"] == "keep no-record"


def test_records_of_what_was_saved_are_forgotten_when_asked(file_base):
    make(file_base, "t1")
    file_base.teardown("t1")
    assert file_base.gc("--forget-records", "1h")[0]["t1"] == "keep gone"
    plan, total = file_base.gc("--forget-records", "0s")
    assert plan["t1"] == "forget old-record" and total["forgotten"] == 1 and file_base.ls() == {}
    assert (file_base.setup("--id", "t1") / "file").read_text() == "t1"


def test_the_report_groups_and_adds_up(file_base):
    make(file_base, "a1", "a2", owner="alice", label="team=red")
    make(file_base, "b1", owner="bob", label="team=blue")
    found = {line["group"]: line for line in lines(file_base, "--report", "owner")}
    assert found["alice"]["workspaces"] == 2 and found["bob"]["workspaces"] == 1
    assert {line["group"] for line in lines(file_base, "--report", "label:team")} == {"red", "blue"}
    assert [line["group"] for line in lines(file_base, "--report", "age")] == ["under 1 h"]
    assert [line["group"] for line in lines(file_base, "--report", "profile")] == ["task"]
    table = file_base.run("ws-gc", "--report", "owner").stdout
    assert "WORKSPACES" in table and "#" not in table
    file_base.run("ws-gc", "--report", "colour", status=64)
    assert (file_base.path / "a1").exists()


def test_blocks_that_files_share_are_noted(ws, tmp_path):
    """G10. XFS in a file: the copy of a file holds the same blocks, so deleting one of them frees nothing."""
    need_root()
    xfs_disk(tmp_path / "disk")
    try:
        base = Base(ws, tmp_path / "disk/base", helpers.FileStore(tmp_path / "store"))
        make_files(base.setup("--id", "alone", "--owner", "bob"), {"big": "x" * 500_000})
        path = base.setup("--id", "two", "--owner", "alice")
        make_files(path, {"big": "x" * 500_000, "other": "x" * 100_000})
        os.sync()
        helpers.run(["cp", "--reflink=always", path / "big", path / "copy"])
        os.sync()
        found = {line["name"]: line["shared_bytes"] for line in lines(base, "--older", "7d", "--dry-run") if "name" in line}
        assert found["alone"] == 0 and 1_000_000 <= found["two"] < 1_100_000
        report = {line["group"]: line["shared_bytes"] for line in lines(base, "--report", "owner")}
        assert report == {"alice": found["two"], "bob": 0}
        rows = {line.split()[0]: line for line in base.run("ws-gc", "--report", "owner").stdout.splitlines()}
        at = rows["GROUP"].index("SHARED") + len("SHARED")
        assert rows["alice"][:at].endswith(" KiB") and rows["bob"][:at].endswith(" 0 B"), rows
        said = {line.split("  ")[-2].strip(): line for line in base.run("ws-gc", "--older", "7d", "-n", "--explain").stdout.splitlines()}
        assert "of its size shared" in said["two"] and "shared" not in said["alone"], said
    finally:
        unmount_below(tmp_path)


def test_where_no_file_can_share_blocks_none_does(file_base):
    make(file_base, "t1")
    assert [line["shared_bytes"] for line in lines(file_base, "--report", "owner")] == [0]


def test_metrics_and_notice_of_what_went_wrong(file_base, tmp_path):
    make(file_base, "a1", "a2")
    metrics, told = tmp_path / "gc.prom", tmp_path / "told"
    notify = ["--metrics", metrics, "--notify", f'printf %s "$WS_GC_ALERT" >{told}']
    file_base.run("ws-gc", "--older", "0s", "--max-delete", "1", *notify)
    text = metrics.read_text()
    assert "\nws_gc_trashed 1\n" in text and "\nws_gc_workspaces 1\n" in text and not told.exists()
    assert all(line.startswith("#") or len(line.split()) == 2 for line in text.splitlines())
    file_base.run("ws-gc", "--max-count", "0", *notify, status=1)
    file_base.run("ws-gc", "--metrics", tmp_path / "none/gc.prom", "-q", status=66).complains("--metrics", "none")
    assert told.read_text() == "max-count: 1 wanted, 0 freed" and "ws_gc_targets_missed 1" in metrics.read_text()


def test_a_dry_run_with_every_policy_is_what_the_run_does(file_base, tmp_path):
    make(file_base, "a1", "a2", "a3", owner="alice")
    make(file_base, "b1", "b2", owner="bob")
    file_base.run("ws-gc", "--pin", "b1")
    arguments = ["--keep-last", "1", "--max-count", "2", "--max-delete", "1", "--quota", "alice=1K", "--explain", *NOW]

    dry = file_base.run("ws-gc", "--json", *arguments, "--dry-run", status=None).output
    time.sleep(0.05)  # the clock goes on, and is not in it
    ran = file_base.run("ws-gc", "--json", *arguments, status=None).output
    # All lines but the one that says what was done, and the targets came out as they were said to.
    assert [line for line in ran.splitlines() if b'"trashed"' not in line] == dry.splitlines()
    dry = [json.loads(line) for line in dry.splitlines() if b'"action"' in line]
    taken = {line["name"] for line in dry if line["action"] == "trash"}
    assert taken and {name for name in ("a1", "a2", "a3", "b1", "b2") if not (file_base.path / name).exists()} == taken


def test_a_clock_that_was_set_collects_nothing_once(file_base):
    make(file_base, "t1")
    file_base.gc()
    path = file_base.path / ".ws/gc.json"
    note = json.loads(path.read_text())
    note["clock_ms"] -= 3_600_000
    path.write_text(json.dumps(note))
    line = next(line for line in lines(file_base, "--older", "0s") if "name" in line)
    assert line["reason"] == "clock" and "forward" in line["detail"]
    assert file_base.gc("--older", "0s")[0]["t1"] == "trash idle"


def full_base(ws, tmp_path, size, **options):
    disk = small_disk(tmp_path / "disk", size)
    return Base(ws, disk / "base", helpers.FileStore(tmp_path / "store"), **options)


def test_it_works_on_a_full_disk(ws, tmp_path):
    """G7: nothing has to be written before the first thing is removed."""
    base = full_base(ws, tmp_path, "2m")
    try:
        for name in ("a", "b"):
            make_files(base.setup("--id", name, "--ephemeral"), {"big": "x" * 600_000})
        with open(base.path / "b/rest", "wb", buffering=0) as file:
            try:
                while file.write(b"x" * 4096):
                    pass
            except OSError:
                pass
        assert os.statvfs(base.path).f_bavail == 0
        plan, total = base.gc("--min-free", "200K", *NOW)
        assert plan["a"] == "trash min-free" and total["purged"] == 1 and total["freed_bytes"] > 600_000, plan
        assert total["free_gained_bytes"] >= max(600_000, os.statvfs(base.path).f_bavail * 4096), "G10: nothing was free"
        assert (base.path / "b/rest").exists()
    finally:
        unmount_below(tmp_path)


def test_an_interrupted_trash_is_finished_before_anything_new_is_begun_also_on_a_full_disk(ws, tmp_path):
    """What is half deleted is the room that the save of the next workspace needs: the other way round that save would fail."""
    base = full_base(ws, tmp_path, "6m")
    base.store = None
    del base.env["WS_STORE"]  # the embedded one: on the same disk
    try:
        make_files(base.setup("--id", "old", "--ephemeral"), {"big": "x" * 2_500_000})
        base.gc("--older", "0s")
        (trashed,) = base.area("trash")
        trashed.rename(f"{trashed}.gone")  # as a deletion leaves it that was killed
        (base.setup("--id", "t1") / "big").write_bytes(os.urandom(1_000_000))
        before = digest(base.path / "t1")
        fill_disk(base.path.parent)
        assert os.statvfs(base.path).f_bavail == 0
        found = lines(base, "--older", "0s")
        assert [line["name"] for line in found if line.get("action") in ("purge", "trash")] == [f"{trashed.name}.gone", "t1"]
        assert found[-1]["purged"] == found[-1]["trashed"] == 1 and found[-1]["failed"] == 0
        events = [line["event"] for line in base.journal()]
        assert events.index("purge") < events.index("trash", events.index("purge"))
        assert digest(base.setup("--id", "t1")) == before
    finally:
        unmount_below(tmp_path)


def test_it_works_without_inodes_and_frees_them(ws, tmp_path):
    base = full_base(ws, tmp_path, "4m,nr_inodes=150")
    try:
        for name in ("a", "b"):
            make_files(base.setup("--id", name, "--ephemeral"), {f"f{n}": "" for n in range(30)})
        number = 0
        try:
            while True:
                (base.path / f"b/more{number}").touch()
                number += 1
        except OSError:
            pass
        assert os.statvfs(base.path).f_favail == 0
        plan, total = base.gc("--min-free-inodes", "10:20", *NOW)
        assert plan["a"] == "trash min-free-inodes" and total["purged"] == 1 and (base.path / "b").exists()
    finally:
        unmount_below(tmp_path)


@pytest.mark.parametrize("verb", ["gc", "teardown"])
@pytest.mark.parametrize("is_elsewhere", [False, True], ids=["own-store", "store-elsewhere"])
def test_without_inodes_what_has_to_be_saved_first_is(ws, tmp_path, verb, is_elsewhere):
    base = full_base(ws, tmp_path, "4m,nr_inodes=100")
    try:
        if not is_elsewhere:
            del base.env["WS_STORE"]
        make_files(base.setup("--id", "a"), {f"f{n}": str(n) for n in range(20)})
        with contextlib.suppress(OSError):
            for number in itertools.count():
                (base.path / f"more{number}").touch()
        assert os.statvfs(base.path).f_favail == 0
        if verb == "gc":
            assert base.gc("--min-free-inodes", "5", *NOW)[1]["trashed"] == 1
        else:
            base.teardown("a")
        assert base.state("a") == "saved" and os.statvfs(base.path).f_favail > 5
        for path in base.path.glob("more*"):
            path.unlink()
        assert (base.setup("--restore", "a") / "f19").read_text() == "19"
    finally:
        unmount_below(tmp_path)


def test_a_short_disk_empties_the_trash_first(ws, tmp_path):
    base = full_base(ws, tmp_path, "4m")
    try:
        for name in ("a", "b", "c"):
            make_files(base.setup("--id", name, "--ephemeral"), {"big": "x" * 900_000})
        base.gc("--older", "0s", "--max-delete", "1")
        (trashed,) = base.area("trash")
        plan, total = base.gc("--min-free", "1500K", *NOW)
        assert plan[trashed.name] == "purge min-free" and plan["b"] == plan["c"] == "keep within-limits"
        result = base.run("ws-gc", "--min-free", "100M", *NOW, status=1)
        assert "min-free:" in result.stderr and "wanted" in result.stderr and not (base.path / "c").exists()
    finally:
        unmount_below(tmp_path)


def test_killed_anywhere_the_next_run_converges(file_base):
    """The collector is killed a little later each time, until a run comes through."""
    before = fill(file_base.setup("--id", "t1"))
    for step in range(400):
        process = file_base.start("ws-gc", "--older", "0s", "-q")
        time.sleep(step * 0.0005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        file_base.check("t1")
        if not (file_base.path / "t1").exists() and process.returncode == 0:
            break
        if step % 5 == 4:
            assert digest(file_base.setup("--id", "t1")) == before
    assert digest(file_base.setup("--id", "t1")) == before
