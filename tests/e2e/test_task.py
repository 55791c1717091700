"""Profile `task` (system 000, the Letta OpenCode plugin): docker's arguments, time limits."""
import shlex
import stat
import time

import pytest

from place import base, need_root  # noqa: F401 (fixtures)


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


def test_the_directory_is_there_with_owner_and_mode_before_anything_mounts_it(base):
    """iree#10392, compose#13612: -v makes a missing directory as root's; --mount fails instead."""
    need_root()
    words = docker(base, "--id", "t1", "--user", "1000:1000", "--mode", "0750")
    info = (base.path / "t1").stat()
    assert (info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)) == (1000, 1000, 0o750)
    assert not any(word in ("-v", "--volume") for word in words)


def test_nothing_is_run(base, tmp_path):
    (tmp_path / "docker").write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\n")
    (tmp_path / "docker").chmod(0o755)
    docker(base, "--id", "t1", "--", "image", "command", env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    assert not (tmp_path / "was-run").exists()


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
