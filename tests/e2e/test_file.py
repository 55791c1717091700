"""ws-file: look into a workspace while its session is at work, put files in, move results out."""
import hashlib
import json
import os
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest

import ws as helpers
from place import Session, base, file_base, make_files, need_root, read_files, small_disk, unmount_below, wait_until  # noqa: F401 (fixtures)
from ws import lines


@pytest.fixture
def task(base):
    """A base with the workspace t1, and its path."""
    base.root = base.setup("--id", "t1")
    return base


def file(base, *args, **options):
    return base.run("ws-file", *args, **options)


# ---- ls, cat: "File Access Tools" of system 000 ----


def test_real_time_file_listing_during_execution(base):
    session = Session(base, "--id", "t1")
    root = base.path / "t1"
    assert file(base, "ls", "t1").stdout == ""
    make_files(root, {"report.md": "text", "src/main.c": "int x;"})
    (root / "link").symlink_to("/etc/passwd")
    found = {line["path"]: line for line in lines(file(base, "ls", "--json", "-r", "t1"))}
    assert sorted(found) == ["link", "report.md", "src", "src/main.c"]
    assert found["report.md"]["size"] == 4 and found["report.md"]["type"] == "file" and found["report.md"]["mode"] == "0644"
    assert found["link"]["type"] == "symlink" and found["link"]["target"] == "/etc/passwd"
    assert [line["path"] for line in lines(file(base, "ls", "--json", "t1", "src"))] == ["src/main.c"]
    assert [line["path"] for line in lines(file(base, "ls", "--json", "t1", "report.md"))] == ["report.md"]
    shown = file(base, "ls", "t1").stdout.splitlines()
    assert [line.split()[0] for line in shown] == ["lrwxrwxrwx", "-rw-r--r--", "drwxr-xr-x"]
    session.end()


def test_file_content_reading_during_execution(base):
    session = Session(base, "--id", "t1", script="echo live >output.txt")
    assert file(base, "cat", "t1", "output.txt").stdout == "live\n"
    assert file(base, "cat", "t1", "output.txt", "./output.txt").stdout == "live\nlive\n"
    session.end()


def test_the_size_limit_is_checked_before_a_byte_is_read(task):
    """Letta 03h7: it was checked after the whole was read."""
    with open(task.root / "huge", "wb") as huge:
        huge.truncate(1 << 40)
    (task.root / "limit").write_bytes(b"x" * 1_000_000)
    (task.root / "over").write_bytes(b"x" * 1_000_001)
    started = time.monotonic()
    result = file(task, "cat", "t1", "huge", status=65)
    result.complains("huge", "larger than 1000000 bytes", "--max-size")
    assert time.monotonic() - started < 5
    assert len(file(task, "cat", "t1", "limit").output) == 1_000_000
    file(task, "cat", "t1", "over", status=65).complains("over")
    assert len(file(task, "cat", "--max-size", "2M", "t1", "over").output) == 1_000_001


OUTSIDE = ["../t2/secret", "/etc/passwd", "a/../../t2/secret", "..", "", ".", "/", "//etc"]


@pytest.mark.parametrize("path", OUTSIDE)
def test_no_path_leads_out_of_the_workspace(task, path, tmp_path):
    make_files(task.setup("--id", "t2"), {"secret": "s"})
    (task.root / "a").mkdir()
    (task.root / "b").write_text("b")
    file(task, "cat", "t1", path, status=64).complains("relative to the workspace")
    file(task, "put", "t1", tmp_path / "nothing", path, status=66)
    source = tmp_path / "source"
    source.write_text("x")
    file(task, "put", "t1", source, path, status=64).complains("relative to the workspace")
    file(task, "mv", "t1", path, tmp_path / "out", status=64)
    assert not (tmp_path / "out").exists() and (task.path / "t2/secret").read_text() == "s"


def test_links_that_an_agent_planted_are_never_followed(task, canary, tmp_path):
    """first-tree#1609: a privileged tool follows links out of the workspace."""
    (task.root / "link").symlink_to(canary / "secret")
    (task.root / "dir").symlink_to(canary)
    (task.root / "dangling").symlink_to(canary / "new")
    source = tmp_path / "source"
    source.write_text("x")
    for path in ("link", "dir/secret"):
        file(task, "cat", "t1", path, status=65)
        file(task, "mv", "t1", path, tmp_path / "out", status=65)
    for path in ("link", "dangling"):
        file(task, "put", "t1", source, path, status=73)
    file(task, "put", "t1", source, "dir/new", status=65)
    file(task, "put", "--force", "t1", source, "dangling")
    assert not (task.root / "dangling").is_symlink() and (task.root / "dangling").read_text() == "x"
    assert not (tmp_path / "out").exists()


def test_what_is_no_file_is_not_read(task):
    os.mkfifo(task.root / "fifo")
    (task.root / "dir").mkdir()
    for name in ("fifo", "dir"):
        file(task, "cat", "t1", name, status=65).complains(name)
    file(task, "cat", "t1", "nothing", status=66).complains("nothing")
    file(task, "ls", "t1", "nothing", status=66)
    file(task, "ls", "t9", status=66).complains("t9", "no such workspace")


def test_a_workspace_that_is_gone_says_where_it_is(task):
    task.teardown("t1")
    file(task, "ls", "t1", status=66).complains("t1", "saved")


# ---- put ----


def test_put_brings_a_file_in_and_never_replaces_one_by_itself(task, tmp_path):
    source = tmp_path / "in.txt"
    source.write_text("new")
    done = lines(file(task, "put", "--json", "t1", source))[0]
    assert done == {"path": "in.txt", "size": 3, "sha256": hashlib.sha256(b"new").hexdigest()}
    assert (task.root / "in.txt").read_text() == "new"
    source.write_text("newer")
    file(task, "put", "t1", source, status=73).complains("in.txt is there already", "--force")
    assert (task.root / "in.txt").read_text() == "new"
    file(task, "put", "--force", "--mode", "0600", "t1", source)
    assert (task.root / "in.txt").read_text() == "newer" and stat.S_IMODE((task.root / "in.txt").stat().st_mode) == 0o600
    (task.root / "dir").mkdir()
    file(task, "put", "--force", "t1", source, "dir", status=73).complains("dir is a directory")
    file(task, "put", "t1", "-", "dir/from-stdin", input="piped")
    assert (task.root / "dir/from-stdin").read_text() == "piped"
    file(task, "put", "t1", "-", status=64, input="x").complains("give a PATH")
    assert [line["path"] for line in task.journal() if line["event"] == "put"] == ["in.txt", "in.txt", "dir/from-stdin"]


def test_a_put_that_fails_leaves_nothing(task, tmp_path):
    (tmp_path / "big").write_bytes(b"x" * 2000)
    file(task, "put", "--max-size", "1000", "t1", tmp_path / "big", status=65).complains("larger than 1000 bytes")
    file(task, "put", "--max-size", "1000", "t1", "-", "big", status=65, input="x" * 2000).complains("larger than 1000 bytes")
    file(task, "put", "t1", tmp_path, status=65)
    assert os.listdir(task.root) == []


def test_a_put_that_was_killed_leaves_nothing_in_the_workspace_and_what_it_staged_goes_with_time(task):
    process = task.start("ws-file", "put", "t1", "-", "big", stdin=subprocess.PIPE)
    process.stdin.write(b"x" * 1_000_000)
    process.stdin.flush()
    (staged,) = wait_until(lambda: task.area("staging"), what="the staged file")
    process.kill()
    assert os.listdir(task.path / "t1") == []
    task.setup("--id", "t1")
    assert task.area("staging") == [staged]  # it may be on its way
    age(staged)
    task.setup("--id", "t1")
    assert task.area("staging") == []


def test_a_file_is_put_where_something_is_mounted_in_the_workspace(task, tmp_path):
    (task.path / "t1/mounted").mkdir()
    small_disk(task.path / "t1/mounted", "1m")
    try:
        file(task, "put", "t1", "-", "mounted/file", input="x")
        assert (task.path / "t1/mounted/file").read_text() == "x"
        assert os.listdir(task.path / "t1/mounted") == ["file"] and task.area("staging") == []
    finally:
        unmount_below(task.path)


def test_a_file_put_by_root_belongs_to_the_agent(base, tmp_path):
    need_root()
    root = base.setup("--id", "t1", "--user", "1000:1001")
    file(base, "put", "t1", "-", "note", input="x")
    info = (root / "note").stat()
    assert (info.st_uid, info.st_gid) == (1000, 1001)


# ---- mv: system 002 "Move after completion" ----


def age(path):
    os.utime(path, (time.time() - 4000,) * 2)


def test_what_a_move_left_when_it_was_killed_goes_with_time_and_nothing_else(task, tmp_path):
    make_files(task.root, {"a": "1", "dir/b": "2"})
    os.link(task.root / "a", task.root / "other")  # so that it is copied
    downloads = tmp_path / "Downloads"
    make_files(downloads, {".ws-tmp-abcdefghi": "old", ".ws-tmp-jklmnopqr": "young", ".ws-tmp-mine": "a user's", ".ws-tmp-directory/x": "y"})
    for path in downloads.iterdir():
        if path.name != ".ws-tmp-jklmnopqr":
            age(path)
    file(task, "mv", "t1", "a", downloads / "a")
    assert sorted(os.listdir(downloads)) == [".ws-tmp-directory", ".ws-tmp-jklmnopqr", ".ws-tmp-mine", "a"]


def test_what_a_registry_s_update_left_when_it_was_killed_goes_with_time(base):
    root = base.setup("--profile", "flat", "--id", "f1")
    make_files(root, {".ws-tmp-abcdefghi": "old", ".ws-tmp-jklmnopqr": "young"})
    age(root / ".ws-tmp-abcdefghi")
    file(base, "put", "f1", "-", "file", input="x")
    assert sorted(os.listdir(root)) == [".ws-tmp-jklmnopqr", "file", "workspace_metadata.json"]


def test_the_final_file_is_moved_to_the_desired_location(task, tmp_path):
    make_files(task.root, {"report.pdf": "final", "dir/chart.png": "chart"})
    downloads = tmp_path / "Downloads"
    downloads.mkdir()
    file(task, "mv", "t1", "report.pdf", downloads / "result.pdf")
    file(task, "mv", "t1", "dir/chart.png", downloads)
    assert (downloads / "result.pdf").read_text() == "final" and (downloads / "chart.png").read_text() == "chart"
    assert os.listdir(task.root) == ["dir"] and os.listdir(task.root / "dir") == []
    moved = [line for line in task.journal() if line["event"] == "move-out"]
    assert [line["path"] for line in moved] == ["report.pdf", "dir/chart.png"]


def test_nothing_of_the_user_is_ever_overwritten(task, tmp_path):
    make_files(task.root, {"report.pdf": "new"})
    (tmp_path / "report.pdf").write_text("old")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for dest in (tmp_path / "report.pdf", tmp_path, tmp_path / "dangling"):
        file(task, "mv", "t1", "report.pdf", dest, status=73)
    assert (tmp_path / "report.pdf").read_text() == "old" and (task.root / "report.pdf").read_text() == "new"
    assert not (tmp_path / "nowhere").exists()
    file(task, "mv", "t1", "report.pdf", f"{tmp_path}/no-dir/", status=66)
    file(task, "mv", "t1", "report.pdf", tmp_path / "no-dir/x", status=66)
    assert (task.root / "report.pdf").exists()


def test_results_go_only_to_allowed_roots(task, tmp_path):
    make_files(task.root, {"a": "a", "b": "b"})
    good, bad = tmp_path / "good", tmp_path / "good-bad"
    (good / "deep").mkdir(parents=True)
    bad.mkdir()
    (good / "sideways").symlink_to(bad)
    for dest in (bad, good / "sideways", good / "../good-bad/x", "/tmp"):
        file(task, "mv", "--allow", good, "t1", "a", dest, status=77).complains("--allow")
    file(task, "mv", "--allow", "/usr", "--allow", good, "t1", "a", good / "deep/x")
    config = tmp_path / "ws.conf"
    config.write_text(f"[ws-file]\nallow = {good}\n")
    file(task, "mv", "--config", config, "t1", "b", bad, status=77)
    file(task, "mv", "--config", config, "t1", "b", good / "deep")
    assert sorted(os.listdir(good / "deep")) == ["b", "x"] and os.listdir(bad) == []


def test_mv_moves_out_and_not_within(task):
    make_files(task.root, {"a": "a", "dir/b": "b"})
    for dest in (task.root / "c", task.root / "dir", task.path / ".ws/c"):
        file(task, "mv", "t1", "a", dest, status=64).complains("moves out")
    assert (task.root / "a").exists()


def test_across_file_systems_a_file_is_copied_whole_before_it_goes(task, tmp_path):
    disk = small_disk(tmp_path / "disk", "1m")
    try:
        make_files(task.root, {"small": "x" * 1000, "large": "x" * (3 << 20)})
        os.chmod(task.root / "small", 0o640)
        os.utime(task.root / "small", ns=(10**18, 10**18 + 7))
        done = lines(file(task, "mv", "--json", "t1", "small", disk))[0]
        assert done["copied"] is True
        info = (disk / "small").stat()
        assert (info.st_size, stat.S_IMODE(info.st_mode), info.st_mtime_ns) == (1000, 0o640, 10**18 + 7)
        assert not (task.root / "small").exists()
        file(task, "mv", "t1", "large", disk, status=74)
        assert os.listdir(disk) == ["small"] and (task.root / "large").stat().st_size == 3 << 20
    finally:
        unmount_below(tmp_path)


def test_a_file_that_has_another_name_is_copied_so_that_no_agent_can_write_to_it_later(task, tmp_path):
    make_files(task.root, {"a": "good"})
    os.link(task.root / "a", task.root / "b")
    file(task, "mv", "t1", "a", tmp_path / "a")
    (task.root / "b").write_text("evil")
    assert (tmp_path / "a").read_text() == "good" and not (task.root / "a").exists()


# ---- artifacts: "get_task_history with include_artifacts" and "File modification tracking" of system 000 ----


def artifacts(base, *args, **options):
    return {line["path"]: line for line in lines(file(base, "artifacts", "--json", *args, **options))}


def test_artifacts_are_the_files_that_a_session_added_modified_and_removed(file_base):
    base = file_base
    make_files(base.setup("--id", "t1"), {"same": "s", "dir/edited": "a", "dir/gone": "g", "a.b": "1", "a/b": "2"})
    base.teardown("t1")
    root = base.setup("--id", "t1")
    assert artifacts(base, "t1") == {}
    (root / "dir/edited").write_text("b")
    (root / "dir/gone").unlink()
    make_files(root, {"dir/new": "new", "dir.txt": "x"})
    (root / "link").symlink_to("/etc/passwd")
    found = artifacts(base, "t1")
    assert {path: line["change"] for path, line in found.items()} == {
        "dir/edited": "modified",
        "dir/gone": "removed",
        "dir/new": "added",
        "dir.txt": "added",
        "link": "added",
    }
    assert found["dir/new"]["sha256"] == hashlib.sha256(b"new").hexdigest()
    assert found["dir/new"]["size"] == 3 and found["dir/new"]["mode"] == "0644" and found["dir/new"]["mtime"].endswith("Z")
    assert "sha256" not in found["dir/gone"] and found["dir/gone"]["size"] == 1
    assert found["link"]["type"] == "symlink" and "sha256" not in found["link"]
    everything = artifacts(base, "--all", "t1")
    assert everything["same"]["change"] == "unchanged" and "sha256" not in everything["same"] and len(everything) == 8
    title, *rest = file(base, "artifacts", "t1").stdout.splitlines()
    assert title.split() == ["CHANGE", "MODE", "SIZE", "MODIFIED", "SHA256", "PATH"] and len(rest) == 5


def test_a_change_that_hides_behind_its_old_time_and_size_is_seen(task):
    task.teardown("t1", "--discard")
    (task.path.parent / "from").mkdir()
    make_files(task.root, {"f": "old"})
    task.run("ws-archive", "create", "-o", task.path.parent / "a.tar.gz", "-C", task.root)
    root = task.setup("--id", "t2", "--from", task.path.parent / "a.tar.gz")
    before = (root / "f").stat()
    (root / "f").write_text("new")
    os.utime(root / "f", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert artifacts(task, "t2")["f"]["change"] == "modified"


def test_the_start_stays_the_start_while_the_workspace_is_taken_up_again(task):
    make_files(task.root, {"one": "1"})
    task.setup("--id", "t1")
    make_files(task.root, {"two": "2"})
    assert set(artifacts(task, "t1")) == {"one", "two"}


def test_without_a_known_start_every_file_is_unknown(task):
    make_files(task.root, {"one": "1"})
    (task.path / ".ws/t1/start").unlink()
    assert artifacts(task, "t1")["one"]["change"] == "unknown"
    (task.path / ".ws/t1/start").write_text("ws-start 1\nnonsense")
    file(task, "artifacts", "t1", status=65)


# ---- watch ----


class Watch:
    def __init__(self, base, *args):
        self.process = base.start("ws-file", "watch", "--json", "-v", *args)
        assert b"watching" in self.process.stderr.readline()

    def next(self):
        line = json.loads(self.process.stdout.readline())
        return line["change"], line["path"]


@pytest.mark.parametrize("how", [[], ["--poll", "--interval", "50ms"]], ids=["inotify", "rescan"])
def test_changes_are_told_as_they_happen(task, how):
    make_files(task.root, {"old": "1"})
    watch = Watch(task, *how, "t1")
    (task.root / "report.md").write_text("x")
    assert watch.next() == ("added", "report.md")
    (task.root / "report.md").write_text("xy")
    assert watch.next() == ("modified", "report.md")
    make_files(task.root, {"new/deep/file": "1"})
    assert watch.next() == ("added", "new/deep/file")
    (task.root / "new/deep/other").write_text("1")
    assert watch.next() == ("added", "new/deep/other")
    (task.root / "old").unlink()
    assert watch.next() == ("removed", "old")
    task.teardown("t1")
    assert watch.process.wait(10) == 0


def test_more_changes_than_the_kernel_can_queue_lose_none_that_lasts(task):
    queued = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if queued > 100_000:
        pytest.skip(f"the kernel queues {queued} events: too many to make")
    watch = Watch(task, "t1")
    os.kill(watch.process.pid, signal.SIGSTOP)
    for number in range(queued // 2 + 1):  # each is a creation and a deletion
        os.close(os.open(task.root / f"n{number}", os.O_CREAT))
        os.unlink(task.root / f"n{number}")
    make_files(task.root, {"last": "x", "new/deep": "y"})
    os.kill(watch.process.pid, signal.SIGCONT)
    assert {watch.next(), watch.next()} == {("added", "last"), ("added", "new/deep")}
    (task.root / "new/later").write_text("z")
    assert watch.next() == ("added", "new/later")


def test_watch_ends_by_a_signal(task):
    watch = Watch(task, "t1")
    watch.process.terminate()
    assert watch.process.wait(10) == 128 + 15


def test_watch_says_so_and_goes_on_where_the_kernel_has_no_room_for_watches(task):
    need_root()
    script = 'echo 0 >/proc/sys/user/max_inotify_watches && exec "$@"'
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", script, "sh"]
    if helpers.run([*command, "true"], status=None).status != 0:
        pytest.skip("no user namespace with limits of its own can be had here")
    watch = [helpers.BINARY, "ws-file", "watch", "--json", "--interval", "50ms", "t1"]
    environment = task.ws.environment(task.env)
    process = subprocess.Popen([*command, *watch], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert b"does not watch all" in process.stderr.readline()
        (task.root / "file").write_text("x")
        assert json.loads(process.stdout.readline())["path"] == "file"
    finally:
        process.kill()
        process.communicate()


def test_a_move_that_was_killed_at_its_last_step_is_finished_by_the_next(task, tmp_path):
    make_files(task.root, {"a": "same", "b": "mine"})
    (tmp_path / "a").write_text("same")
    (tmp_path / "b").write_text("your")
    file(task, "mv", "t1", "a", tmp_path)
    file(task, "mv", "t1", "b", tmp_path, status=73).complains("b is there already")
    assert os.listdir(task.root) == ["b"] and (tmp_path / "a").read_text() == "same" and (tmp_path / "b").read_text() == "your"


def test_a_terminal_sees_the_progress_of_a_put_that_takes_long(base):
    base.setup("--id", "t1")
    theirs, ours = os.pipe()
    with helpers.Terminal() as terminal, os.fdopen(ours, "wb") as source:
        process = base.start("ws-file", "put", "t1", "-", "file", stdin=theirs, stderr=terminal.theirs)
        os.close(theirs)
        source.write(bytes(3 << 20))
        assert "put " in terminal.shows("3.0 MiB")
        source.close()
        assert process.wait(20) == 0
    assert (base.path / "t1/file").stat().st_size == 3 << 20


def test_a_terminal_sees_the_progress_of_a_move_that_takes_long(base, tmp_path):
    """A copy, of which each step is slow."""
    root = base.setup("--id", "t1")
    (root / "file").write_bytes(bytes(8 << 20))
    (root / "other").hardlink_to(root / "file")
    with helpers.Terminal() as terminal:
        slow = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=write:delay_exit=100000:when=1..20", helpers.BINARY]
        process = subprocess.Popen([*slow, "ws-file", "mv", "t1", "file", tmp_path / "out"], env=base.ws.environment(base.env), stderr=terminal.theirs)
        assert "mv " in terminal.shows(" of 8.0 MiB")
        assert process.wait(60) == 0
    assert (tmp_path / "out").stat().st_size == 8 << 20


# ---- dry runs ----


def test_a_dry_run_of_put_finds_what_is_in_the_way_and_changes_nothing(task, tmp_path):
    source = tmp_path / "report.md"
    source.write_text("new")
    before = read_files(task.root)
    shown = file(task, "put", "--dry-run", "t1", source)
    assert shown.stdout == f"(dry run) put: {source} to report.md\n"
    [line] = lines(file(task, "put", "-n", "--json", "t1", source, "b.md"))
    assert (line["source"], line["target"], line["dry_run"]) == (str(source), "b.md", True)
    assert read_files(task.root) == before
    (task.root / "report.md").write_text("old")
    file(task, "put", "--dry-run", "t1", source, status=73)
    file(task, "put", "--dry-run", "--force", "t1", source)
    assert (task.root / "report.md").read_text() == "old"


def test_a_dry_run_of_put_leaves_the_registry_of_a_flat_workspace(base, tmp_path):
    root = base.setup("--profile", "flat", "--id", "f1")
    (tmp_path / "a.md").write_text("a")
    before = read_files(root)
    file(base, "put", "--profile", "flat", "--dry-run", "f1", tmp_path / "a.md")
    assert read_files(root) == before


def test_a_dry_run_of_mv_finds_what_is_in_the_way_and_changes_nothing(task, tmp_path):
    make_files(task.root, {"report.md": "text"})
    dest = tmp_path / "out.md"
    assert file(task, "mv", "--dry-run", "t1", "report.md", dest).stdout == f"(dry run) move: report.md to {dest}\n"
    assert (task.root / "report.md").read_text() == "text" and not dest.exists()
    dest.write_text("mine")
    file(task, "mv", "--dry-run", "t1", "report.md", dest, status=73)
    file(task, "mv", "--dry-run", "--allow", task.path, "t1", "report.md", tmp_path / "other", status=77)
