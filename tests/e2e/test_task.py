"""Profile `task` (system 000, the Letta OpenCode plugin): docker's arguments, time limits."""
import csv
import os
import shlex
import signal
import stat
import time

import pytest

import ws as helpers
from place import Base, Session, base, finish, need_root, wait_until  # noqa: F401 (fixtures)


def docker(base, *args, **options):
    return shlex.split(base.run("ws-setup", "--print", "docker", *args, **options).stdout)


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


def test_an_owner_that_we_may_not_give_is_told_before_anything_is_there(plain_user):
    result = plain_user("ws-setup", "--base", plain_user.dir / "base", "--id", "t1", "--user", "1:1", status=77)
    result.complains("owner", "not permitted")
    assert not (plain_user.dir / "base/t1").exists()


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
    """pending, running, completed, failed, timeout, cancelled; paused is docker's."""
    base.run("ws-setup", "--id", "t1", "--time-limit", "50ms", "--", "sleep", "60", status=128 + 15)
    assert history(base)[0] == "timeout" and dict(history(base)[1])["ended"] == {"status": 143, "signal": 15}
    session = Session(base, "--id", "t2")
    assert history(base, "t2")[0] == "running"
    session.signal()
    assert finish(session.process)[0] == 143 and history(base, "t2")[0] == "cancelled"
    base.run("ws-setup", "--id", "t3", "--", "/no/such/program", status=127)
    status, events = history(base, "t3")
    assert status == "failed" and events[2][0] == "failed" and "/no/such/program" in events[2][1]["why"]


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
    assert names(base)[-5:] == ["created", "discarded", "undone", "spooled", "saved"]
    assert "store" in dict(history(base)[1])["spooled"]["why"]


# ---- time limit: TERM, grace, KILL ----


def test_a_command_over_its_time_limit_gets_a_term_and_its_work_is_saved(base):
    started = time.monotonic()
    script = 'trap "echo ended >>log; exit 3" TERM; echo begun >log; while :; do sleep 0.02; done'
    result = base.run("ws-setup", "--id", "t1", "--time-limit", "200ms", "--", "sh", "-c", script, status=3)
    assert "time limit" in result.stderr and time.monotonic() - started < 10
    assert (base.setup("--id", "t1") / "log").read_text() == "begun\nended\n"


def test_one_that_does_not_listen_is_killed_with_its_whole_group(base):
    """The system's KILL reached the docker client only; the container went on writing."""
    script = 'trap "" TERM; (trap "" TERM; while :; do date >>log; sleep 0.02; done) & while :; do sleep 0.02; done'
    base.run("ws-setup", "--id", "t1", "--time-limit", "100ms", "--grace", "200ms", "--", "sh", "-c", script, status=128 + 9)
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
