"""ws-setup … -- COMMAND as PID 1: the cases of tini's and dumb-init's own test suites, each named where it is done.

Of those suites themselves, run with ws-setup in place of dumb-init (1.2.5), these pass as they are: exit_status_test, tty_test without the hand-off of a
session leader, child_processes_test where the whole group is to end. The others ask for its options, its messages, or the directory it was started in.

Done in test_supervise.py: tini sigconf (what was ignored stays so; TERM does not, and nothing stays blocked: so dumb-init has it, and a command that is
deaf to TERM would always cost the whole grace), tini pdeathsignal (a killed supervisor), dumb-init test_fails_nonzero_with_bad_exec, test_tty,
test_child_gets_controlling_tty_if_we_had_one (the terminal is lent). Left out, as there is no such option here: tini -e, -w, -P and its warning without
a subreaper (we always are one), dumb-init's rewriting of signals, its observers, its pauses, its way without setsid. And dumb-init
test_sighup_sigcont_ignored_if_was_session_leader (we stay in our session), test_working_directories (the command starts in the workspace).
"""
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import ws as helpers
from place import base, finish, make_files, wait_until  # noqa: F401 (fixtures)
from test_pause import stands
from test_supervise import as_pid_1, is_over

# dumb-init's NORMAL_SIGNALS, without those that a fault raises, and PIPE and XFSZ, which we need ourselves.
SUSPEND = {signal.SIGTSTP, signal.SIGTTOU, signal.SIGTTIN}
NOT_OURS = {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, signal.SIGCONT, signal.SIGPIPE, signal.SIGXFSZ}
FAULTS = {signal.SIGILL, signal.SIGTRAP, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGSEGV, signal.SIGSYS}
NORMAL = sorted({signal.Signals(number) for number in range(1, 32)} - SUSPEND - NOT_OURS - FAULTS)

LISTENER = """
import os, signal, sys
caught = os.open("caught", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
for name in sys.argv[2:]:
    signal.signal(int(name), lambda number, frame: os.write(caught, b"%d\\n" % number))
open(sys.argv[1], "w").close()
while not os.path.exists(sys.argv[1] + ".end"):
    signal.sigtimedwait([], 0.01)
"""


def status_of(base, script, name):
    return base.run("ws-setup", "--id", name, "--ephemeral", "--", "sh", "-c", script, status=None).status


def test_every_exit_status_is_passed_on(base):
    """tini: test_exit_code for 0 to 255; dumb-init: test_exit_status_regular_exit."""
    base.setup("--id", "first")
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda n: status_of(base, f"exit {n}", f"t{n}"), range(256))) == list(range(256))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGKILL, signal.SIGHUP, signal.SIGUSR1, signal.SIGABRT])
def test_death_by_a_signal_is_128_and_its_number(base, number):
    """dumb-init: test_exit_status_terminated_by_signal."""
    assert status_of(base, f"kill -{number.value} $$", "t1") == 128 + number


def below(pid):
    """{pid: name} of the children and theirs."""
    found = {}
    try:
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            found |= {int(child): Path(f"/proc/{child}/comm").read_text().strip(), **below(child)}
    except (FileNotFoundError, ProcessLookupError):
        pass  # it has ended meanwhile
    return found


def started(base, script, *names):
    """A workspace whose command runs this script; when these programs run below it, each as often as it is named."""
    process = base.start("ws-setup", "--id", "t1", "--ephemeral", "--", "sh", "-c", script)
    wait_until(lambda: sorted(name for name in below(process.pid).values() if name in names) == sorted(names), what=f"{names}")
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2])
def test_a_signal_from_outside_ends_a_command_that_does_nothing_about_it(base, number):
    """tini: signals/test.py with TERM, USR1, USR2 and "docker kill -s INT"."""
    process = started(base, "exec sleep 600", "sleep")
    process.send_signal(number)
    assert finish(process)[0] == 128 + number


def test_a_signal_reaches_who_listens_behind_one_that_ignores_it(base):
    """tini: pgroup. The command ignores USR1 and waits for its child, which does not."""
    process = started(base, "trap '' USR1; env --default-signal=USR1 sleep 600; exit 9", "sleep")
    process.send_signal(signal.SIGUSR1)
    assert finish(process)[0] == 9


def test_every_part_of_a_pipeline_ends(base):
    """dumb-init: test_setsid_signals_entire_group."""
    process = started(base, "yes 'oh, hi' | tail & yes error | tail >&2", "yes", "yes", "tail", "tail")
    there = below(process.pid)
    process.send_signal(signal.SIGTERM)
    assert finish(process)[0] == 128 + signal.SIGTERM
    assert not [pid for pid, name in there.items() if not is_over(pid)]


class Pid1:
    """ws-setup as PID 1 of a namespace, its command listening, and the pid by which we know it here."""

    def __init__(self, base, tmp_path, *command, options=""):
        self.ready, self.root = tmp_path / "ready", base.path / "t1"
        make_files(tmp_path, {"listener": LISTENER})
        numbers = " ".join(str(number.value) for number in NORMAL)
        command = command or (f"{sys.executable} {tmp_path}/listener {self.ready} {numbers}",)
        self.process = as_pid_1(base.ws, f"exec $WS ws-setup --id t1 {options} -- {command[0]}", base.env)
        wait_until(lambda: self.ready.exists() or self.process.poll() is not None, what="the command")
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        assert len(children) == 1, self.process.communicate()
        self.pid = int(children[0])

    def caught(self):
        return [signal.Signals(int(line)) for line in (self.root / "caught").read_text().split()]

    def children(self):
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def stands(self):
        return stands(self.children()[0])

    def end(self):
        Path(f"{self.ready}.end").touch()
        return finish(self.process)


def test_every_signal_is_passed_on(base, tmp_path):
    """tini: test_signals; dumb-init: test_proxies_signals. As PID 1 the kernel would drop those without a handler."""
    one = Pid1(base, tmp_path, options="--grace 1m")
    for number in NORMAL:
        os.kill(one.pid, number)
        wait_until(lambda: number in one.caught(), what=f"{number.name} at the command")
    assert sorted(one.caught()) == NORMAL
    assert one.end()[0] == 0


@pytest.mark.parametrize("number", sorted(SUSPEND))
def test_the_command_is_paused_and_goes_on(base, tmp_path, number):
    """dumb-init: test_shell_background_support_setsid. Nothing in an orphaned group can be suspended by what can be caught."""
    one = Pid1(base, tmp_path)
    os.kill(one.pid, number)
    wait_until(lambda: one.stands(), what="the pause")
    os.kill(one.pid, signal.SIGCONT)
    wait_until(lambda: not one.stands(), what="the end of the pause")
    assert one.end()[0] == 0


def test_a_paused_command_can_be_ended(base, tmp_path):
    one = Pid1(base, tmp_path, options="--grace 1m")
    os.kill(one.pid, signal.SIGTSTP)
    wait_until(lambda: one.stands(), what="the pause")
    os.kill(one.pid, signal.SIGTERM)
    wait_until(lambda: (one.root / "caught").read_text() == "15\n", what="TERM at the command")
    assert one.end()[0] == 0


def test_thousands_of_orphans_are_reaped(base, tmp_path):
    """tini: reaping, stage 1 and 2: children of children whose parents end first."""
    script = f"'i=0; while [ $i -lt 2000 ]; do (true &) ; i=$((i+1)); done; : >{tmp_path}/ready; while [ ! -e {tmp_path}/ready.end ]; do sleep 0.01; done'"
    one = Pid1(base, tmp_path, f"sh -c {script}")
    wait_until(lambda: len(one.children()) == 1, what="the reaping")
    assert one.end()[0] == 0


def test_not_as_pid_1_orphans_are_reaped_as_well(base):
    """tini: test_subreaper (-s)."""
    orphan = "while :; do grep ^PPid /proc/$$/status >ppid; [ -e end ] && exit; done"
    script = f"(setsid sh -c '{orphan}' &) & wait; until grep -qs $PPID ppid; do sleep 0.01; done; : >end; exit 7"
    base.run("ws-setup", "--id", "t1", "--ephemeral", "--", "sh", "-c", script, status=7)


def test_handlers_are_there_before_anything_else(base, tmp_path):
    """livekit/egress#1384: a TERM that comes before its handler is lost, as the kernel drops it for a PID 1 that has none."""
    trace = tmp_path / "trace"
    helpers.run(["strace", "-o", trace, helpers.BINARY, "ws-setup", "--id", "t1", "--", "true"], env=base.ws.environment(base.env))
    calls = [line.split("(", 1) for line in trace.read_text().splitlines()]
    handled = next(i for i, call in enumerate(calls) if call[0] == "rt_sigaction" and call[1].startswith("SIGTERM, {sa_handler=0x"))
    assert not {call[0] for call in calls[:handled]} & {"openat", "openat2", "mkdirat", "socket", "clone", "fork", "vfork", "flock", "write"}
