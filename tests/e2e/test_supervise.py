"""ws-setup … -- COMMAND: what tini and dumb-init promise of a PID 1, and the save at the end."""
import ctypes
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from faults import reply

import ws as helpers
from place import Base, Session, base, digest, file_base, finish, make_files, need_root, one_message, wait_until  # noqa: F401 (fixtures)

SAVED = "tasks/t1.tar.gz"


def supervise(base, *command, options=(), **more):
    return base.run("ws-setup", "--id", "t1", *options, "--", *command, **more)


@pytest.mark.parametrize("status", [0, 1, 42, 255])
def test_the_status_of_the_command_is_ours(file_base, status):
    supervise(file_base, "sh", "-c", f"exit {status}", status=status)
    assert not (file_base.path / "t1").exists() and SAVED in file_base.store.keys()


@pytest.mark.parametrize("name", ["KILL", "TERM", "SEGV"])
def test_a_command_that_died_of_a_signal_gives_128_and_its_number(file_base, name):
    supervise(file_base, "sh", "-c", f"kill -{name} $$", status=128 + getattr(signal, f"SIG{name}"))
    assert SAVED in file_base.store.keys()


def test_what_the_command_did_is_saved_and_restored(file_base, tree):
    source = tree()
    supervise(file_base, "cp", "-a", f"{source}/.", ".")
    before = digest(source, top=False)
    assert supervise(file_base, "ls", "-A").stdout.split("\n")[0] != ""
    assert digest(file_base.setup("--id", "t1"), top=False) == before


def test_the_command_runs_in_the_workspace_with_our_input_and_output(file_base):
    result = supervise(file_base, "sh", "-c", 'pwd; cat; echo "$WORKSPACE_ID $WORKSPACE_PATH"; echo err >&2', input="typed\n")
    assert result.stdout == f"{file_base.path}/t1\ntyped\nt1 {file_base.path}/t1\n"
    assert "err\n" in result.stderr


def test_the_command_does_not_see_our_secrets(file_base):
    secrets = {"AWS_ACCESS_KEY_ID": "AKIDSECRET", "AWS_SECRET_ACCESS_KEY": "canary-secret", "AWS_SESSION_TOKEN": "canary-token", "WS_CONFIG": ""}
    result = supervise(file_base, "sh", "-c", "env; cat /proc/self/environ", env={**secrets, "KEPT": "yes"})
    assert "KEPT=yes" in result.stdout and f"WORKSPACE_PATH={file_base.path}/t1" in result.stdout
    assert not re.search(r"^(AWS_|WS_)|canary|AKIDSECRET", result.stdout, re.M), result


def test_the_command_can_not_look_into_its_supervisor_for_them(plain_user):
    """What has the same user can read the environment and the memory of others, of those that can be dumped. (Root can, with CAP_SYS_PTRACE.)"""
    env = {"AWS_ACCESS_KEY_ID": "AKIDSECRET", "AWS_SECRET_ACCESS_KEY": "canary-secret", "WORKSPACE_DIR": str(plain_user.dir / "base")}
    script = "cat /proc/$PPID/environ; cat /proc/$PPID/mem; cat /proc/$$/environ"
    result = plain_user("ws-setup", "--id", "t1", "--ephemeral", "--", "sh", "-c", script, env=env)
    assert result.stderr.count("Permission denied") == 2 and "canary" not in result.stdout and "WORKSPACE_ID=t1" in result.stdout, result


def test_the_command_sees_what_it_is_said_to_see(file_base):
    secrets = {"AWS_ACCESS_KEY_ID": "AKIDSECRET", "AWS_REGION": "r1", "AWS_PROFILE": "p1", "WS_PROFILE": "task"}
    result = supervise(file_base, "env", options=("--pass-env", "AWS_REGION", "--pass-env", "WS_PROFILE", "--pass-env", "AWS_UNSET"), env=secrets)
    assert sorted(re.findall(r"^(?:AWS|WS)_.*", result.stdout, re.M)) == ["AWS_REGION=r1", "WS_PROFILE=task"]


def test_the_command_inherits_no_descriptor_but_the_three(file_base):
    result = supervise(file_base, "sh", "-c", "ls /proc/self/fd")
    assert result.stdout.split() == ["0", "1", "2", "3"], result  # 3 is ls's own


def test_the_command_gets_its_signals_back(file_base):
    """Blocked and ignored signals of ours are not the command's."""
    result = supervise(file_base, "grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status")
    assert set(re.findall(r"\t([0-9a-f]+)", result.stdout)) == {"0" * 16}, result


def ignore_every_signal():
    """Those that the C library keeps for itself as well: its own functions refuse them."""
    libc, ignored = ctypes.CDLL(None), (ctypes.c_ulong * 4)(1)
    for number in range(1, 65):
        libc.syscall(13, number, ignored, None, 8)  # rt_sigaction


def signals_of(text, field):
    bits = int(re.search(rf"^{field}:\t([0-9a-f]+)", text, re.M)[1], 16)
    return {number for number in range(1, 65) if bits >> (number - 1) & 1}


def test_what_we_were_started_to_ignore_stays_ignored_but_for_what_has_to_end_it(file_base):
    """As nohup wants it, and tini's sigconf. Not TERM, which ends everybody, and not what we ignore or need ourselves, or a C library does."""
    result = supervise(file_base, "cat", "/proc/self/status", preexec_fn=ignore_every_signal)
    taken = {signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD, signal.SIGKILL, signal.SIGSTOP}
    assert signals_of(result.stdout, "SigIgn") == set(range(1, 32)) - taken
    assert signals_of(result.stdout, "SigBlk") == set()


@pytest.mark.parametrize("command, status", [("/no/such/program", 127), ("no-such-program", 127), ("./text", 126), (".", 126)])
def test_a_command_that_is_not_there_is_127_one_that_can_not_be_run_126_and_the_workspace_is_saved(file_base, command, status):
    """As tini and a shell say it; of dumb-init test_fails_nonzero_with_bad_exec."""
    make_files(file_base.setup("--id", "t1"), {"text": "text"})
    result = supervise(file_base, command, status=status)
    assert command in one_message(result, "ws-setup")
    assert not (file_base.path / "t1").exists() and SAVED in file_base.store.keys()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT, signal.SIGWINCH])
def test_signals_reach_the_command(file_base, number):
    session = Session(file_base, "--id", "t1", script=f"trap 'echo got >got; exit 7' {number.value}")
    session.signal(number)
    status, _, err = finish(session.process)
    assert status == 7, err
    assert (file_base.setup("--id", "t1") / "got").read_text() == "got\n"


def test_term_goes_to_the_whole_group(file_base):
    script = "sh -c 'trap \"echo child >child; exit\" TERM; echo >ready; while :; do sleep 0.02; done' & trap 'wait $!; exit 9' TERM\nwhile [ ! -e ready ]; do sleep 0.01; done"
    session = Session(file_base, "--id", "t1", script=script)
    session.signal()
    assert finish(session.process)[0] == 9
    assert (file_base.setup("--id", "t1") / "child").exists()


def test_a_command_that_ignores_term_is_killed_after_the_grace(file_base):
    session = Session(file_base, "--id", "t1", "--grace", "100ms", script="trap '' TERM")
    began = time.monotonic()
    session.signal()
    status, _, err = finish(session.process)
    assert status == 128 + signal.SIGKILL, err
    assert 0.1 <= time.monotonic() - began < 5
    assert SAVED in file_base.store.keys()


def test_what_the_command_leaves_running_is_ended_before_the_save(file_base):
    """One that ignores TERM as well: it may not write to the workspace while that is saved."""
    script = "sh -c 'trap \"\" TERM; echo $$ >pid; while :; do date +%N >clock; done' & while [ ! -s pid ]; do sleep 0.01; done"
    supervise(file_base, "sh", "-c", script)
    root = file_base.setup("--id", "t1")
    assert is_over(int((root / "pid").read_text()))


ESCAPEE = "setsid sh -c 'trap \"\" TERM; echo $$ >pid; (setsid sh -c \"echo \\$\\$ >pid2; while :; do date +%N >clock; done\" &); while :; do sleep 0.02; done' &"


def test_what_left_the_group_of_the_command_is_ended_before_the_save(file_base):
    """A daemon and its child in sessions of their own, of which one ignores TERM: they would write while that is saved."""
    supervise(file_base, "sh", "-c", f"{ESCAPEE} while [ ! -s pid ] || [ ! -s pid2 ]; do sleep 0.01; done")
    root = file_base.setup("--id", "t1")
    assert all(is_over(int((root / name).read_text())) for name in ("pid", "pid2"))


def test_no_grace_is_added_to_a_turn_that_ends_agentscope_2885(file_base):
    """30 s were added to every turn, by a sleep that no trap ended."""
    file_base.run("ws-setup", "--id", "t1", "--grace", "1h", "--deadline", "1h", "--", "true", timeout=30)
    file_base.run("ws-setup", "--id", "t1", "--grace", "1h", "--deadline", "1h", "--", "sh", "-c", "sleep 600 & exit 3", status=3, timeout=30)


def test_a_daemon_gets_the_time_to_end_by_itself(file_base):
    daemon = "setsid sh -c 'trap \"echo done >said; exit\" TERM; echo >ready; while :; do sleep 0.02; done' &"
    supervise(file_base, "sh", "-c", f"{daemon} while [ ! -e ready ]; do sleep 0.01; done")
    assert (file_base.setup("--id", "t1") / "said").read_text() == "done\n"


def control_group():
    """Ours, of version 2: where ws-setup makes one for its command."""
    at = next((line.split()[4] for line in open("/proc/self/mountinfo") if " - cgroup2 " in line), None)
    own = next((line.strip()[3:] for line in open("/proc/self/cgroup") if line.startswith("0::")), None)
    if not at or not own or not os.access(f"{at}{own}", os.W_OK) or not os.path.exists(f"{at}{own}"):
        pytest.skip("there is no control group (version 2) that we may write to")
    return Path(at + own)


def is_empty(group):
    try:
        return not (group / "cgroup.procs").read_text()
    except OSError:  # another ws-setup has removed it
        return True


def groups_in(directory):
    return {path.name for path in directory.glob("ws-*")}


def test_the_command_has_a_control_group_of_its_own_that_goes_with_it(file_base):
    ours, session = control_group(), Session(file_base, "--id", "t1", script="grep ^0:: /proc/self/cgroup >group")
    name = f"ws-{session.process.pid}"
    assert (file_base.path / "t1/group").read_text().strip().endswith(f"/{name}") and name in groups_in(ours)
    session.flag.unlink()
    assert finish(session.process)[0] == 0 and name not in groups_in(ours)


def test_the_control_group_that_a_killed_supervisor_left_is_removed_by_the_next(file_base):
    ours, session = control_group(), Session(file_base, "--id", "t1", script="true")
    session.signal(signal.SIGKILL)
    session.process.wait()
    wait_until(lambda: is_empty(ours / f"ws-{session.process.pid}"), what="the end of the command")
    supervise(file_base, "true")
    assert f"ws-{session.process.pid}" not in groups_in(ours)


# Each one starts the next in a session of its own and ends: when its pid has been found out it is gone. The last one tells.
RUNNER = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open("began", "w").close()
end = time.monotonic() + 5
while time.monotonic() < end:
    if os.fork():
        os._exit(0)
    os.setsid()
open(sys.argv[1], "w").close()
"""


def test_what_forks_without_end_is_ended_by_the_kill_of_its_control_group(file_base):
    control_group()
    make_files(file_base.setup("--id", "t1"), {"runner": RUNNER})
    survived = file_base.path.parent / "survived"
    # Its output is read until nobody has it any more.
    supervise(file_base, "sh", "-c", f"{sys.executable} runner {survived} & while [ ! -e began ]; do sleep 0.01; done")
    assert not survived.exists() and SAVED in file_base.store.keys()


def test_at_the_end_of_the_grace_the_kill_reaches_who_left_the_group(file_base):
    """While the command itself still has its time: it waits for the daemon, which ignores TERM."""
    control_group()
    script = f"{ESCAPEE} while [ ! -s pid ] || [ ! -s pid2 ]; do sleep 0.01; done; trap '' TERM"
    session = Session(file_base, "--id", "t1", "--grace", "200ms", script=script)
    session.signal()
    status, _, err = finish(session.process)
    assert status == 128 + signal.SIGKILL, err


def without_control_groups(base, monkeypatch):
    """From now on the binary is run where they may not be written to, as in a container that was given none."""
    need_root()
    ours, program = control_group(), base.path.parent / "ws-without"
    ours = Path("/", *ours.parts[:next(i for i in range(len(ours.parts), 0, -1) if os.path.ismount(Path(*ours.parts[:i])))])
    program.write_text(f'#!/bin/sh\nexec unshare --mount sh -c \'mount -o remount,bind,ro "{ours}" && exec "$0" "$@"\' "{helpers.BINARY}" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setattr(helpers, "BINARY", program)


@pytest.mark.parametrize("test", [test_what_left_the_group_of_the_command_is_ended_before_the_save, test_a_daemon_gets_the_time_to_end_by_itself])
def test_without_a_control_group_the_process_group_and_the_orphans_are_ended(file_base, monkeypatch, test):
    without_control_groups(file_base, monkeypatch)
    test(file_base)


def is_over(pid):
    try:
        return "Z (zombie)" in open(f"/proc/{pid}/status").read()
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_killed_supervisor_takes_its_command_along(file_base):
    session = Session(file_base, "--id", "t1", script="echo $$ >pid")
    pid = int((file_base.path / "t1/pid").read_text())
    session.signal(signal.SIGKILL)
    session.process.wait()
    try:
        wait_until(lambda: is_over(pid), what="the end of the command")
    finally:
        if not is_over(pid):
            os.kill(pid, signal.SIGKILL)


def test_the_terminal_is_lent_to_the_command_and_comes_back(stalling, faults):
    """Keys like ^C go to the command while it runs, and to us while we save."""
    base, tty = stalling, pty.openpty()
    ready = base.path.parent / "ready"
    command = [helpers.BINARY, "ws-setup", "--id", "t1", "--", "sh", "-c", f'echo $$ >"{ready}"; read line']
    process = subprocess.Popen(
        ["setsid", "--ctty", *command], stdin=tty[1], stdout=tty[1], stderr=tty[1], env=base.ws.environment(base.env)
    )
    try:
        pid = int(wait_until(lambda: ready.exists() and ready.read_text(), what="the command"))
        assert os.tcgetpgrp(tty[0]) == pid
        os.write(tty[0], b"line\n")
        wait_until(lambda: faults.seen("PUT", SAVED), what="the upload")
        assert os.tcgetpgrp(tty[0]) == process.pid
        os.write(tty[0], b"\x03\x03")
        wait_until(lambda: os.write(tty[0], b"\x03") and process.poll() is not None, what="the end after ^C")
        assert process.returncode == 75
    finally:
        process.kill()
        process.wait()
        os.close(tty[0])
        os.close(tty[1])
    assert base.state("t1") == "spooled"


def test_on_a_terminal_only_the_command_is_seen(file_base):
    """dumb-init: test_tty. Not even an invisible byte of a progress that was never drawn."""
    with helpers.Terminal() as terminal:
        options = {"stdin": terminal.theirs, "stdout": terminal.theirs, "stderr": terminal.theirs}
        process = file_base.start("ws-setup", "-q", "--id", "t1", "--", "sh", "-c", "echo 3; echo 2; echo 1; exit 4", **options)
        assert terminal.shows("1\r\n") == "3\r\n2\r\n1\r\n"
        assert process.wait(20) == 4


def as_pid_1(ws, script, env):
    """Start a shell as PID 1 of a namespace of its own; it is to exec the binary, whose path is $WS."""
    need_root()
    command = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", script]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, env=ws.environment({**env, "WS": str(helpers.BINARY)}), **pipes)


def test_as_pid_1_every_orphan_is_reaped(file_base):
    script = """
        [ "$(cat /proc/1/comm)" = ws ] || exit 40
        for n in 1 2 3 4 5; do (setsid true &); (true &); done
        i=0; while grep -qs "^State:.Z" /proc/[0-9]*/status; do i=$((i+1)); [ $i -gt 300 ] && exit 41; sleep 0.02; done"""
    process = as_pid_1(file_base.ws, f"exec $WS ws-setup --id t1 -- sh -c '{script}'", file_base.env)
    status, _, err = finish(process)
    assert status == 0 and SAVED in file_base.store.keys(), err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_as_pid_1_a_stop_is_obeyed(file_base, number, tmp_path):
    """The kernel ignores signals to a PID 1 that has no handler for them."""
    command = f'trap "exit 11" TERM INT; echo >{tmp_path}/ready; while :; do sleep 0.02; done'
    sender = f"while [ ! -e {tmp_path}/ready ]; do sleep 0.01; done; kill -{number.value} 1"
    process = as_pid_1(file_base.ws, f"({sender}) & exec $WS ws-setup --id t1 -- sh -c '{command}'", file_base.env)
    status, _, err = finish(process)
    assert status == 11 and SAVED in file_base.store.keys(), err


def test_as_pid_1_a_stop_during_the_setup_is_obeyed_too(ws, tmp_path, faults):
    """There is no command yet, and the restore hangs."""
    faults.on("*", "", reply(200, silent=True, then="stall"), times=10)
    env = {"AWS_ENDPOINT_URL_S3": faults.url, "AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "SK", "WS_STORE": "s3://b", "WORKSPACE_DIR": f"{tmp_path}/base"}
    process = as_pid_1(ws, f"(while [ ! -e {tmp_path}/go ]; do sleep 0.01; done; kill -TERM 1) & exec $WS ws-setup --id t1 -- true", env)
    wait_until(lambda: faults.requests, what="the first request")
    (tmp_path / "go").touch()
    status, _, err = finish(process)
    assert status == 143 and not (tmp_path / "base/t1").exists(), err


# ---- the save at the end ----


@pytest.fixture
def stalling(ws, tmp_path, servers, faults):
    """A base on a real server behind a proxy whose uploads hang; the restore works."""
    s3 = helpers.S3("swift", servers("swift"))
    store = helpers.S3Store(s3)
    faults.backend = s3.plain_endpoint
    faults.on("PUT", SAVED, reply(200, silent=True, then="stall"), times=100, optional=True)
    base = Base(ws, tmp_path / "base", store)
    base.env["AWS_ENDPOINT_URL_S3"] = faults.url
    return base


def spooled(base):
    assert base.state("t1") == "spooled" and not (base.path / "t1").exists()
    return base.path / ".ws/spool/t1"


def test_after_a_term_the_deadline_ends_in_the_spool(stalling):
    session = Session(stalling, "--id", "t1", "--deadline", "500ms", script="echo work >file; trap 'exit 0' TERM")
    began = time.monotonic()
    session.signal()
    status, _, err = finish(session.process)
    assert status == 75 and "--retry" in err, err
    assert time.monotonic() - began < 5
    assert (spooled(stalling) / "file").read_text() == "work\n"


def test_a_second_term_spools_at_once(stalling, faults):
    session = Session(stalling, "--id", "t1", "--deadline", "1h", script="echo work >file; trap 'exit 0' TERM")
    session.signal()
    wait_until(lambda: faults.seen("PUT", SAVED), what="the upload")
    session.signal()
    status, _, err = finish(session.process)  # long before the deadline
    assert status == 75, err
    assert (spooled(stalling) / "file").read_text() == "work\n"


def test_without_a_term_the_save_may_take_its_time_and_a_first_term_starts_the_deadline(stalling, faults):
    session = Session(stalling, "--id", "t1", "--deadline", "300ms", script="echo work >file")
    session.flag.unlink()
    wait_until(lambda: faults.seen("PUT", SAVED), what="the upload")
    time.sleep(0.5)  # more than the deadline, which has not begun
    assert session.process.poll() is None
    session.signal()
    status, _, err = finish(session.process)
    assert status == 75, err
    assert (spooled(stalling) / "file").read_text() == "work\n"


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
def test_what_nohup_keeps_away_ends_neither_the_command_nor_the_save(stalling, faults, number):
    """It is no stop, after which there is a grace and a KILL, or a deadline. A shell's background job is meant, too."""
    options = {"preexec_fn": lambda: signal.signal(number, signal.SIG_IGN)}
    session = Session(stalling, "--id", "t1", "--grace", "1ms", "--deadline", "1ms", script="echo work >file; trap 'exit 3' USR1", **options)
    session.signal(number)
    session.signal(signal.SIGUSR1)
    wait_until(lambda: faults.seen("PUT", SAVED), what="the upload")
    now = Path(f"/proc/{session.process.pid}/status").read_text()
    assert number in signals_of(now, "SigIgn") and number not in signals_of(now, "SigBlk")
    session.signal(number)
    session.signal()
    assert finish(session.process)[0] == 3
    assert (spooled(stalling) / "file").read_text() == "work\n"


def test_the_time_that_the_command_took_to_end_is_part_of_the_deadline(stalling):
    """docker stop kills after 10 s: by default both are 8 s, and they are not added up."""
    session = Session(stalling, "--id", "t1", script="trap '' TERM")
    began = time.monotonic()
    session.signal()
    status, _, err = finish(session.process)
    took = time.monotonic() - began
    assert status == 128 + signal.SIGKILL and 8 <= took < 14, (took, err)
    spooled(stalling)


def test_the_status_of_a_failed_command_is_kept_when_the_save_fails_too(stalling):
    session = Session(stalling, "--id", "t1", "--deadline", "200ms", script="trap 'exit 5' TERM")
    session.signal()
    status, _, err = finish(session.process)
    assert status == 5 and "--retry" in err, err
    spooled(stalling)
