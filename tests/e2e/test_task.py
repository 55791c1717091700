"""Profile `task` (system 000, the Letta OpenCode plugin): docker's arguments, time limits."""
import csv
import json
import os
import shlex
import shutil
import signal
import stat
import time

import pytest

import ws as helpers
from place import Base, Session, base, file_base, finish, make_files, need_root, read_files, untar, wait_until  # noqa: F401 (fixtures)
from test_git import repo  # noqa: F401 (fixture)


def docker(base, *args, **options):
    return shlex.split(base.run("ws-setup", "--print", "docker", *args, **options).stdout)


# ---- "Directory Structure", "Docker Mode Behavior", "Isolation" ----


def test_the_base_is_opt_stacks_unless_workspace_dir_says_another(ws, tmp_path):
    """The document has two defaults; the code had one."""
    assert "base = /opt/stacks\n" in ws("ws-setup", "--explain").stdout
    assert json.loads(ws("ws-setup", "--id", "task-1", "--dry-run", "--json").stdout)["path"] == "/opt/stacks/task-1"
    root = ws("ws-setup", "--id", "task-1", env={"WORKSPACE_DIR": f"{tmp_path}/workspaces"}).stdout.strip()
    assert root == f"{tmp_path}/workspaces/task-1" and os.path.isdir(root)


def test_files_persist_after_task_completion_and_can_be_retrieved_for_archival(base, tmp_path):
    """The container is gone, and its --rm took nothing: `ls`, `tar -czf`, and what is here for them."""
    words = docker(base, "--id", "task-123")
    assert "--rm" in words
    root = base.path / "task-123"
    make_files(root, {"output.txt": "done\n", "src/main.py": "print()\n"})
    assert [line["path"] for line in helpers.lines(base.run("ws-file", "ls", "--json", "task-123"))] == ["output.txt", "src"]
    assert base.run("ws-file", "cat", "task-123", "output.txt").stdout == "done\n"
    helpers.run(["tar", "-czf", tmp_path / "by-tar.tar.gz", "-C", root, "."])
    base.run("ws-archive", "create", "-q", "-o", tmp_path / "by-ws.tar.gz", root)
    for name in ("by-tar", "by-ws"):
        assert read_files(untar((tmp_path / f"{name}.tar.gz").read_bytes(), tmp_path / name)) == read_files(root)


def test_archive_task_workspace_then_clean_up_the_original(base, tmp_path):
    """archiveTaskWorkspace({destination}), cleanupTaskWorkspace: in the document only."""
    make_files(base.setup("--id", "task-123"), {"output.txt": "done\n"})
    destination = tmp_path / "archives/task-123.tar.gz"
    destination.parent.mkdir()
    base.run("ws-archive", "create", "-q", "-o", destination, base.path / "task-123")
    base.run("ws-archive", "verify", "-q", destination)
    base.teardown("--discard", "task-123")
    assert not (base.path / "task-123").exists()
    assert (base.setup("--id", "task-124", "--from", destination) / "output.txt").read_text() == "done\n"


def test_each_task_gets_its_own_isolated_directory_no_cross_task_file_access(base, tmp_path):
    one, two = base.setup("--id", "task-1", "--user", f"{os.getuid()}:{os.getgid()}"), base.setup("--id", "task-2")
    make_files(two, {"theirs": "x"})
    (one / "way").symlink_to("../task-2/theirs")
    for path in ("../task-2/theirs", "way", str(two / "theirs")):
        base.run("ws-file", "cat", "task-1", path, status=None).complains(path)
    assert docker(base, "--id", "task-1")[docker(base, "--id", "task-1").index("--mount") + 1] == f"type=bind,source={one},target=/workspace"
    if os.geteuid() == 0:
        open_to_others = stat.S_IMODE(two.stat().st_mode) & 0o077
        assert open_to_others == 0, "another user, as whom another task runs, can't look in"


def test_remove_a_specific_task_workspace_and_remove_all(base):
    for name in ("task-1", "task-2", "task-3"):
        make_files(base.setup("--id", name), {"file": name})
    (base.path / "of-the-operator").mkdir()
    base.teardown("--discard", "task-2")
    assert sorted(path.name for path in base.path.iterdir() if path.name != ".ws") == ["of-the-operator", "task-1", "task-3"]
    base.teardown("--discard", *(name for name, line in base.ls().items() if line["state"] == "ready"))
    assert [path.name for path in base.path.iterdir() if path.name != ".ws"] == ["of-the-operator"], "a glob away from deleting other stacks"


def test_monitor_disk_usage(base):
    make_files(base.setup("--id", "task-1"), {"large": "x" * 1_000_000, "small": "x"})
    line = base.ls()["task-1"]
    du = helpers.run(["du", "-s", "--block-size=1", base.path / "task-1"]).stdout.split()[0]
    assert line["allocated_bytes"] == int(du) and line["base_free_bytes"] > 0


def test_cleanup_of_workspaces_older_than_seven_days_takes_no_fresh_work_and_not_the_base(base):
    """`find -type d -mtime +7 -exec rm -rf` took a workspace that was edited seconds before, and the base with it."""
    root = base.setup("--id", "edited")
    make_files(root, {"file": "a month ago"})
    base.age("edited", 30)
    (root / "file").write_text("seconds ago")
    for path in (root, base.path):
        os.utime(path, (time.time() - 30 * 86400,) * 2)
    recipe = helpers.run(["find", base.path, "-type", "d", "-name", "[!.]*", "-mtime", "+7"]).stdout.split()
    assert {str(root), str(base.path)} <= set(recipe), "which it would remove"
    plan, _ = base.gc("--older", "7d")
    assert plan["edited"] == "keep young" and (root / "file").read_text() == "seconds ago"


# ---- "Docker Run Command" ----


def test_the_arguments_are_those_of_the_documented_command(base):
    words = docker(base, "--id", "task-1-abc", "--owner", "agent-7", "--", "letta-opencode-runner:latest", "opencode", "run", "fix 'it'; $HOME")
    name = words[words.index("--name") + 1]
    assert name.startswith("opencode-task-1-abc-") and name.rsplit("-", 1)[1].isdigit()
    root = base.path / "task-1-abc"
    assert words == [
        *("docker", "run", "--rm", "--name", name, "--label", "task_id=task-1-abc", "--label", "agent_id=agent-7"),
        *("--mount", f"type=bind,source={root},target=/workspace", "-w", "/workspace"),
        *("letta-opencode-runner:latest", "opencode", "run", "fix 'it'; $HOME"),
    ]


def test_limits_labels_and_user_are_passed_on(base):
    words = docker(base, "--id", "t1", "--cpus", "2.0", "--memory", "2g", "--label", "project=x y", "--user", "0:0")
    pairs = list(zip(words, words[1:]))
    for pair in (("--cpus", "2.0"), ("--memory", str(2 << 30)), ("--label", "project=x y"), ("--user", "0:0")):
        assert pair in pairs
    words = docker(base, "--id", "t2", env={"RUNNER_CPU_LIMIT": "1.5", "RUNNER_MEMORY_LIMIT": "512m"})
    assert ("--cpus", "1.5") in zip(words, words[1:]) and ("--memory", str(512 << 20)) in zip(words, words[1:])
    for bad in (["--cpus", "two"], ["--cpus", "2;rm"], ["--memory", "lots"]):
        base.run("ws-setup", "--id", "t3", "--print", "docker", *bad, status=64).complains(bad[0])
    assert not (base.path / "t3").exists()


def test_the_arguments_can_end_with_a_zero_byte_each(base):
    result = base.run("ws-setup", "--id", "t1", "--print", "docker0", "--", "image", "two\nlines", "")
    words = result.output.split(b"\0")
    assert words[0] == b"docker" and words[-4:] == [b"image", b"two\nlines", b"", b""]


NASTY = ["plain", "", "two words", "two\nlines", "it's", '"', "$HOME `id` $(id)", "\\", "*", "~", "a;b&c|d", "!!", "-x", "\t", "#", "grüße", "''' '"]


def test_a_shell_reads_every_word_as_it_was(base):
    line = base.run("ws-setup", "--id", "t1", "--label", "k='v' $x", "--print", "docker", "--", *NASTY).stdout
    words = helpers.run(["sh", "-c", f'set -- {line.rstrip()}\nprintf "%s\\0" "$@"']).output.split(b"\0")[:-1]
    zero = base.run("ws-setup", "--id", "t1", "--print", "docker0", "--", *NASTY).output.split(b"\0")[:-1]
    name = words.index(b"--name") + 1
    assert words[name].startswith(b"opencode-t1-") and words[:name] + words[name + 1 :] == zero[:name] + zero[name + 1 :]
    assert b"k='v' $x" in words and [word.decode() for word in words[-len(NASTY) :]] == NASTY


@pytest.mark.parametrize("odd", ["a,b", 'a"b', "a b", "a=b,readonly"])
def test_a_mount_is_read_as_docker_reads_it(ws, tmp_path, odd):
    """As one line of CSV, whose fields are name=value."""
    words = docker(Base(ws, tmp_path / odd), "--id", "t1")
    fields = next(csv.reader([words[words.index("--mount") + 1]]))
    assert dict(field.split("=", 1) for field in fields) == {"type": "bind", "source": f"{tmp_path}/{odd}/t1", "target": "/workspace"}


def test_the_same_key_gives_the_same_task_for_as_long_as_there_is_a_record(base):
    """The registry was in memory: lost on restart."""
    root = base.setup("--idempotency-key", "request-7")
    assert base.setup("--idempotency-key", "request-7") == root != base.setup("--idempotency-key", "request-8")
    base.teardown(root.name)
    assert base.setup("--idempotency-key", "request-7") == root


def test_the_directory_is_there_with_owner_and_mode_before_anything_mounts_it(base):
    """iree#10392, compose#13612: -v makes a missing directory as root's; --mount fails instead."""
    need_root()
    words = docker(base, "--id", "t1", "--user", "1000:1000", "--mode", "0750")
    info = (base.path / "t1").stat()
    assert (info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)) == (1000, 1000, 0o750)
    assert not any(word in ("-v", "--volume") for word in words)


def test_permission_denied_is_told_before_a_container_starts(base):
    """"Permission denied" errors: what is there already belongs to somebody else than the container's user."""
    need_root()
    root = base.setup("--id", "t1")
    for args in ([], ["--print", "docker"], ["--dry-run"]):
        result = base.run("ws-setup", "--id", "t1", "--user", "1000:1000", *args, "--", "true", status=73)
        assert f"belongs to 0:0, not 1000:1000; `chown -R 1000:1000 {root}` changes that" in result.stderr and not result.stdout
    helpers.run(["chown", "-R", "1000:1000", root])
    base.setup("--id", "t1", "--user", "1000:1000")


def test_a_base_that_everybody_can_write_to_is_told(base):
    """The document's chmod 777."""
    base.setup("--id", "t1")
    for mode, told in ((0o777, True), (0o1777, False), (0o775, False)):
        base.path.chmod(mode)
        assert ("chmod o-w" in base.run("ws-setup", "--id", "t1").stderr) == told


def test_the_owner_that_it_was_made_with_has_it_again_after_a_restore(base):
    """Else it would be "permission denied" in the container again: --restore needs no more than the id."""
    need_root()
    for name, args in (("t1", ["--user", "1234:1235"]), ("t2", ["--adopt"])):
        if args == ["--adopt"]:  # as docker's container left it
            make_files(base.path / name, {"report.md": "done\n"})
            for path in (base.path / name, base.path / name / "report.md"):
                os.chown(path, 1234, 1235)
        root = base.setup("--id", name, *args)
        make_files(root, {"new.md": "by root\n"})
        base.teardown(name)
        assert base.setup("--restore", name) == root
        for path in (root, *root.iterdir()):
            assert (path.stat().st_uid, path.stat().st_gid) == (1234, 1235), path
        base.gc("--compress-after", "0s", "--min-age", "0s")
        assert base.setup("--id", name).stat().st_uid == 1234 and (root / "new.md").stat().st_uid == 1234
        assert base.setup("--id", name) == root and base.ls()[name]["user"] == "1234:1235"


@pytest.mark.parametrize("profile", ["task", "worktree"])
def test_the_mode_that_it_was_made_with_it_has_again_after_a_restore(base, repo, profile):
    git = ["--git", repo.path, "--branch", "fix"] if profile == "worktree" else []
    root = base.setup("--id", "t1", "--mode", "0770", *git)
    base.teardown("t1")
    assert base.setup("--restore", "t1") == root and stat.S_IMODE(root.stat().st_mode) == 0o770


def test_an_owner_that_we_may_not_give_is_told_before_anything_is_there(plain_user):
    result = plain_user("ws-setup", "--base", plain_user.dir / "base", "--id", "t1", "--user", "1:1", status=77)
    result.complains("owner", "not permitted")
    assert not (plain_user.dir / "base/t1").exists()


def test_a_task_directory_of_before_is_adopted_as_it_is(file_base):
    """${WORKSPACE_DIR}/${taskId}, made by docker: without --adopt it would be a stranger's."""
    name = "task-1763671234567-k3j9x2a1b"
    make_files(file_base.path / name, {"report.md": "done\n", "src/main.c": "int main;\n"})
    (file_base.path / name).chmod(0o755)
    before = helpers.tree_digest(file_base.path / name)
    for args in (["--dry-run"], [], []):
        assert file_base.setup("--adopt", "--id", name, *args) == file_base.path / name
        assert helpers.tree_digest(file_base.path / name) == before and file_base.area("quarantine") == []
    assert file_base.ls()[name]["history"][0]["how"] == "take"
    file_base.teardown(name)
    file_base.setup("--id", name)
    assert helpers.tree_digest(file_base.path / name) == before


def test_what_the_store_has_is_not_saved_over_by_what_is_adopted(file_base):
    make_files(file_base.setup("--id", "t1"), {"old": "o"})
    file_base.teardown("t1")
    shutil.rmtree(file_base.path / ".ws/t1")
    make_files(file_base.path / "t1", {"new": "n"})
    for args in ([], ["--dry-run"]):
        assert "has a state of it already" in file_base.run("ws-setup", "--adopt", "--id", "t1", *args, status=73).stderr
    assert (file_base.path / "t1/new").exists() and not (file_base.path / ".ws/t1/record.json").exists()
    file_base.setup("--id", "t1")
    assert (file_base.path / "t1/old").exists() and len(file_base.area("quarantine")) == 1


def test_nothing_is_run(base, tmp_path):
    (tmp_path / "docker").write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\n")
    (tmp_path / "docker").chmod(0o755)
    docker(base, "--id", "t1", "--", "image", "command", env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    assert not (tmp_path / "was-run").exists()


# ---- "Integration with get_task_history" ----


def history(base, name="t1"):
    """What ws-ls says of a task: its status, and [(event, what else the event says)]."""
    line = base.ls(name)[name]
    events = [(event.pop("event"), event) for event in line["history"]]
    times = [event.pop("time") for _, event in events]
    assert times == sorted(times)
    return line["task_status"], events


def names(base, name="t1"):
    return [event for event, _ in history(base, name)[1]]


def test_the_history_of_a_task_says_what_happened_to_it(base):
    base.setup("--id", "t1")
    assert history(base)[0] == "pending"
    base.run("ws-setup", "--id", "t1", "--", "sh", "-c", "echo x >file", "secret prompt")
    status, events = history(base)
    assert status == "completed" and [event for event, _ in events] == ["created", "adopted", "started", "ended", "saved"]
    fields = dict(events)
    assert fields["started"] == {"command": "sh"} and fields["ended"] == {"status": 0} and fields["saved"]["entries"] == 2
    base.run("ws-setup", "--id", "t1", "--", "sh", "-c", "exit 5", status=5)
    status, events = history(base)
    assert status == "failed" and [event for event, _ in events[5:]] == ["restored", "started", "ended", "saved"]
    assert dict(events)["ended"] == {"status": 5}
    journal = [line["event"] for line in base.journal()]
    assert journal.count("started") == journal.count("ended") == 2
    assert "secret prompt" not in (base.path / ".ws/t1/record.json").read_text() + (base.path / ".ws/audit.jsonl").read_text()


def test_the_status_of_a_task_is_one_of_those_that_the_system_had(base):
    """pending, running, completed, failed, timeout, cancelled; and paused, in test_pause.py."""
    base.run("ws-setup", "--id", "t1", "--time-limit", "50ms", "--", "sleep", "60", status=128 + 15)
    assert history(base)[0] == "timeout" and dict(history(base)[1])["ended"] == {"status": 143, "signal": 15}
    session = Session(base, "--id", "t2")
    assert history(base, "t2")[0] == "running"
    session.signal()
    assert finish(session.process)[0] == 143 and history(base, "t2")[0] == "cancelled"
    base.run("ws-setup", "--id", "t3", "--", "/no/such/program", status=127)
    status, events = history(base, "t3")
    assert status == "failed" and events[2][0] == "failed" and "/no/such/program" in events[2][1]["why"]


def test_a_task_is_paused_resumed_and_cancelled_and_that_is_in_its_record(base):
    """task_control: docker pause, unpause, kill. How each is done is in test_pause.py."""
    session = Session(base, "--id", "t1", script="echo work >file")
    for verb, status in (("--pause", "paused"), ("--resume", "running"), ("--cancel", "cancelled")):
        base.teardown(verb, "t1")
        assert history(base)[0] == status
    assert finish(session.process)[0] == 128 + 15
    assert names(base) == ["created", "started", "paused", "resumed", "cancelled", "ended", "saved"]
    assert (base.setup("--id", "t1") / "file").read_text() == "work\n"


def test_a_task_whose_supervisor_was_killed_is_not_said_to_run(base):
    session = Session(base, "--id", "t1")
    session.signal(signal.SIGKILL)
    session.process.wait()
    assert wait_until(lambda: history(base)[0] == "interrupted", what="the end")


def test_what_could_not_be_saved_and_what_was_discarded_is_in_the_history(base, tmp_path):
    base.setup("--id", "t1")
    base.teardown("--discard", "--keep-trash", "t1")
    base.setup("--id", "t1")
    (base.path / ".ws/store").mkdir(exist_ok=True)
    (base.path / ".ws/store").rename(tmp_path / "away")
    (base.path / ".ws/store").touch()
    base.teardown("t1", status=75)
    (base.path / ".ws/store").unlink()
    (tmp_path / "away").rename(base.path / ".ws/store")
    base.teardown("--retry")
    assert names(base)[-6:] == ["created", "discarding", "discarded", "undone", "spooled", "saved"]
    assert "store" in dict(history(base)[1])["spooled"]["why"]


# ---- time limit: TERM, grace, KILL ----


def test_a_command_over_its_time_limit_gets_a_term_and_its_work_is_saved(base):
    started = time.monotonic()
    script = 'trap "echo ended >>log; exit 3" TERM; echo begun >log; while :; do sleep 0.02; done'
    result = base.run("ws-setup", "--id", "t1", "--time-limit", "1s", "--", "sh", "-c", script, status=3)
    assert "time limit" in result.stderr and time.monotonic() - started < 10
    assert (base.setup("--id", "t1") / "log").read_text() == "begun\nended\n"


def test_one_that_does_not_listen_is_killed_with_its_whole_group(base):
    """The system's KILL reached the docker client only; the container went on writing."""
    script = 'trap "" TERM; (trap "" TERM; while :; do date >>log; sleep 0.02; done) & while :; do sleep 0.02; done'
    base.run("ws-setup", "--id", "t1", "--time-limit", "1s", "--grace", "200ms", "--", "sh", "-c", script, status=128 + 9)
    log = base.setup("--id", "t1") / "log"
    size = log.stat().st_size
    time.sleep(0.1)
    assert log.stat().st_size == size > 0


def test_one_that_ends_in_time_is_left_alone(base):
    result = base.run("ws-setup", "--id", "t1", "--time-limit", "1m", "--", "sh", "-c", "exit 5", status=5)
    assert result.stderr == ""


# ---- concurrency ----


def test_the_holder_is_named_and_a_wait_that_ends_is_a_refusal(base):
    """openagents#5818: a lock that goes on after a timeout is none."""
    session = Session(base, "--id", "t1")
    boot = open("/proc/sys/kernel/random/boot_id").read().strip()
    start = open(f"/proc/{session.process.pid}/stat").read().rsplit(")", 1)[1].split()[19]
    holder = f"pid {session.process.pid} start {start} boot {boot} host {os.uname().nodename}"
    for applet, *words in (["ws-setup", "--id", "t1"], ["ws-teardown", "t1"], ["ws-setup", "--id", "t1", "--wait", "50ms"], ["ws-teardown", "--discard", "--wait", "50ms", "t1"]):
        base.run(applet, *words, status=75).complains("t1", holder)
    assert base.ls("t1")["t1"]["holder"] == holder
    assert session.end()[0] == 0


# ---- "Sensitive Data" ----


def test_use_encrypted_filesystem_for_workspace_directory_is_checked_and_told(base, tmp_path):
    """A recommendation that nobody could check: the answer is in the check, in the record, and in the list."""
    need_root()
    base.setup("--id", "t1")
    answer = base.ls()["t1"]["encrypted"]
    assert answer in ("yes", "no", "unknown") and answer == base.record("t1")["encrypted"]
    (line,) = helpers.lines(base.run("ws-setup", "--check", "--json", status=None))
    assert line["path"] == str(base.path) and line["encrypted"] == answer
    device = base.path.stat().st_dev
    if os.major(device) == 0 or helpers.run(["unshare", "-m", "true"], status=None).status != 0:
        pytest.skip("the base has no device of its own, or no mount namespace can be had here")
    for kind, expected in (("CRYPT-LUKS2-0123-luks", "yes"), ("LVM-0123", "no")):
        place = tmp_path / kind / f"{os.major(device)}:{os.minor(device)}"
        (place / "slaves").mkdir(parents=True)
        (place / "dm").mkdir()
        (place / "dm/uuid").write_text(kind)
        command = ["unshare", "-m", "sh", "-e", "-c", f'mount --bind {tmp_path / kind} /sys/dev/block; exec "$@"', "sh", helpers.BINARY, "ws-setup", "--id", expected]
        helpers.run(command, env=base.ws.environment(base.env))
        assert base.ls()[expected]["encrypted"] == expected
