"""A command that runs is paused, goes on, is cancelled, and is saved while it runs: by signals, by ws-teardown, by the clock."""
import json
import os
import signal
from pathlib import Path

import pytest

import ws as helpers
from place import Base, Session, base, file_base, finish, make_files, read_files, untar, wait_until  # noqa: F401 (fixtures)
from test_supervise import SAVED, as_pid_1, control_group, groups_in, is_over, stalling, without_control_groups  # noqa: F401 (fixtures)
from test_task import history, names

# One that left the command's process group, and goes on writing; for a minute, should nobody end it.
ESCAPED = "setsid sh -c 'echo $$ >pid; for i in $(seq 6000); do date +%N >tick; sleep 0.01; done' & while [ ! -s pid ]; do sleep 0.01; done"
# One that stays in it.
INSIDE = ESCAPED.removeprefix("setsid ")


def stands(pid):
    """Whether a process is stopped, or its control group frozen."""
    try:
        if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "TD":  # D: its vfork has not exec'd yet, and stands
            return True
        group = next((line.strip()[3:] for line in open(f"/proc/{pid}/cgroup") if line.startswith("0::")), "/")
        mount = next((line.split()[4] for line in open("/proc/self/mountinfo") if " - cgroup2 " in line), None)
        return bool(mount) and group != "/" and "frozen 1\n" in Path(f"{mount}{group}/cgroup.events").read_text()
    except OSError:
        return False


class Way:
    """How a command is held: by a control group, or where there is none by its process group. script: one of it that is held, too."""

    def __init__(self, script):
        self.script = script

    def start(self, base, *args, script=""):
        self.session = Session(base, "--id", "t1", *args, script=f"{self.script}\n{script}")
        self.pids = [self.session.pid(), int((base.path / "t1/pid").read_text())]
        return self.session

    def stands(self):
        """A STOP reaches those that run on another core a moment later."""
        return wait_until(lambda: all(stands(pid) for pid in self.pids), what="that all of it stands")

    def goes_on(self):
        return wait_until(lambda: not any(stands(pid) for pid in self.pids), what="that none of it stands")


@pytest.fixture(params=["by its control group", "by its process group"])
def way(request, file_base, monkeypatch):
    control_group()
    if request.param == "by its process group":
        without_control_groups(file_base, monkeypatch)
        return Way(INSIDE)
    return Way(ESCAPED)


def status_is(base, status):
    return wait_until(lambda: history(base)[0] == status, what=status)


# ---- signals ----


def test_a_paused_command_stands_and_goes_on_and_status_and_events_say_so(file_base, way):
    session = way.start(file_base)
    session.signal(signal.SIGTSTP)
    status_is(file_base, "paused")
    assert way.stands()
    session.signal(signal.SIGCONT)
    status_is(file_base, "running")
    assert way.goes_on()
    assert session.end()[0] == 0
    assert history(file_base)[0] == "completed" and names(file_base) == ["created", "started", "paused", "resumed", "ended", "saved"]
    journal = [line["event"] for line in file_base.journal()]
    assert journal.index("paused") < journal.index("resumed") < journal.index("ended")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_paused_command_is_let_go_to_be_ended(file_base, way, number):
    session = way.start(file_base, "--grace", "1m", script=f"trap 'echo got >got; exit 7' {number.value}")
    session.signal(signal.SIGTSTP)
    status_is(file_base, "paused")
    session.signal(number)
    assert finish(session.process)[0] == 7
    assert (file_base.setup("--id", "t1") / "got").read_text() == "got\n"


def test_one_that_ignores_the_term_is_killed_paused_or_not(file_base, way):
    session = way.start(file_base, "--grace", "100ms", script="trap '' TERM")
    session.signal(signal.SIGTSTP)
    status_is(file_base, "paused")
    session.signal()
    assert finish(session.process)[0] == 128 + signal.SIGKILL and all(is_over(pid) for pid in way.pids)


def test_the_time_limit_runs_on_while_it_is_paused_and_ends_it(file_base, way):
    session = way.start(file_base, "--time-limit", "1s")
    session.signal(signal.SIGTSTP)
    assert finish(session.process)[0] == 128 + signal.SIGTERM
    assert history(file_base)[0] == "timeout" and names(file_base)[2] == "paused"


def test_a_paused_command_that_is_killed_from_outside_leaves_nothing_that_stands(file_base, way):
    session = way.start(file_base)
    session.signal(signal.SIGTSTP)
    status_is(file_base, "paused")
    os.kill(way.pids[0], signal.SIGKILL)
    assert finish(session.process)[0] == 128 + signal.SIGKILL and all(is_over(pid) for pid in way.pids)


# ---- ws-teardown --pause, --resume, --cancel ----


def ask(base, *args, **options):
    return base.teardown("--json", *args, "t1", **options)


def test_pause_resume_and_cancel_from_outside_come_back_when_it_is_so(file_base, way):
    session = way.start(file_base, script="echo work >file")
    for verb, outcome, status, held in [("--pause", "paused", "paused", True), ("--pause", "paused", "paused", True), ("--resume", "resumed", "running", False), ("--resume", "resumed", "running", False)]:
        (line,) = helpers.lines(ask(file_base, verb))
        assert (line["id"], line["outcome"], line["task_status"], line["dry_run"]) == ("t1", outcome, status, False)
        assert (way.stands() if held else way.goes_on()) and history(file_base)[0] == status
    ask(file_base, "--pause")
    (line,) = helpers.lines(ask(file_base, "--cancel"))
    assert (line["outcome"], line["task_status"], line["state"]) == ("cancelled", "cancelled", "saved")
    assert finish(session.process)[0] == 128 + signal.SIGTERM and SAVED in file_base.store.keys()
    # Asked twice for what is so already, it is told once.
    assert names(file_base) == ["created", "started", "paused", "resumed", "paused", "cancelled", "resumed", "ended", "saved"]
    assert (file_base.setup("--id", "t1") / "file").read_text() == "work\n"


def test_what_is_cancelled_is_cancelled_also_when_it_ends_well(file_base):
    """A plain TERM leaves it completed: its sender may only want the place."""
    for wish, status in ((lambda session: ask(file_base, "--cancel"), "cancelled"), (lambda session: session.signal(), "completed")):
        session = Session(file_base, "--id", "t1", script="trap 'exit 0' TERM")
        wish(session)
        assert finish(session.process)[0] == 0 and history(file_base)[0] == status


def test_a_cancelled_command_that_ignores_the_term_is_killed_after_its_grace(file_base):
    session = Session(file_base, "--id", "t1", "--grace", "100ms", script="trap '' TERM")
    ask(file_base, "--cancel")
    assert finish(session.process)[0] == 128 + signal.SIGKILL and history(file_base)[0] == "cancelled"


def test_a_cancel_whose_save_ends_in_the_spool_says_so(stalling):
    session = Session(stalling, "--id", "t1", "--deadline", "200ms", script="trap 'exit 0' TERM")
    ask(stalling, "--cancel", status=75).complains("t1", "spooled", "--retry")
    assert finish(session.process)[0] == 75 and history(stalling)[0] == "cancelled"


def test_a_wish_that_is_not_done_in_time_is_told_and_stays(file_base):
    session = Session(file_base, "--id", "t1", script="trap '' TERM")
    ask(file_base, "--cancel", "--deadline", "50ms", status=75).complains("t1", "in time")
    assert names(file_base)[-1] == "cancelled"
    assert session.end()[0] == 0 and history(file_base)[0] == "cancelled"


def test_where_no_command_runs_there_is_nothing_to_ask(file_base):
    file_base.setup("--id", "t1")
    file_base.teardown("--pause", "t2", status=66).complains("t2", "no such workspace")
    for verb in ("--pause", "--resume", "--cancel"):
        ask(file_base, verb, status=73).complains("t1", "no command runs", "pending")
    session = Session(file_base, "--id", "t1")
    session.signal(signal.SIGKILL)
    session.process.wait()
    wait_until(lambda: history(file_base)[0] == "interrupted", what="the end")
    ask(file_base, "--cancel", status=73).complains("t1", "was killed")


def test_the_wishes_go_with_no_other_task_and_one_at_a_time(file_base):
    for args in (["--pause", "--resume"], ["--cancel", "--keep"], ["--pause", "--discard"], ["--resume", "--reset", "cache"], ["--cancel", "--detach"], ["--pause", "--drop-branch"]):
        file_base.teardown(*args, "t1", status=64)
    file_base.teardown("--pause", status=64)


def test_a_dry_run_asks_for_nothing(file_base):
    session = Session(file_base, "--id", "t1")
    for verb in ("--pause", "--cancel", "--keep"):
        (line,) = helpers.lines(ask(file_base, "--dry-run", verb))
        assert line["dry_run"] and line["task_status"] == "running"
    assert "would be" in file_base.teardown("-v", "--dry-run", "--cancel", "t1").stderr
    assert session.end()[0] == 0 and names(file_base) == ["created", "started", "ended", "saved"]


def edit(base, **fields):
    path = base.path / ".ws/t1/record.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | fields))


def test_another_host_or_container_is_named_and_not_asked_and_a_pid_of_somebody_else_never(file_base):
    """A record that two hosts share: the pid that it names may be anybody's here."""
    session = Session(file_base, "--id", "t1")
    before = file_base.record("t1")
    holder = f"pid {session.process.pid} start"
    wrong = [({"holder_boot_id": "0" * 36}, 69, "another host"), ({"holder_pid_ns": 1}, 69, "another container"), ({"holder_start_ticks": 1}, 75, "in use")]
    for fields, status, why in wrong:
        edit(file_base, **fields)
        for verb in ("--pause", "--cancel"):
            ask(file_base, verb, status=status).complains("t1", why, holder)
        ask(file_base, "--keep", status=75).complains("t1", holder)
        edit(file_base, **before)
    assert history(file_base)[0] == "running" and not stands(session.pid())
    assert session.end()[0] == 0


def test_from_outside_of_its_pid_namespace_a_command_is_not_asked(file_base, tmp_path):
    process = as_pid_1(file_base.ws, f"exec $WS ws-setup --id t1 -- sh -c ': >{tmp_path}/ready; while [ ! -e {tmp_path}/end ]; do sleep 0.02; done'", file_base.env)
    wait_until(lambda: (tmp_path / "ready").exists() or process.poll() is not None, what="the command")
    ask(file_base, "--cancel", status=69).complains("t1", "another container", "pid 1 start")
    (tmp_path / "end").touch()
    assert finish(process)[0] == 0


# ---- saved while it runs ----

UNTIL_SAVED = """until grep -q '"event": "saved"' "$WORKSPACE_PATH/../.ws/t1/record.json"; do sleep 0.01; done"""


def event(base, name):
    return dict(history(base)[1]).get(name)


def copies(base):
    """Beside the state that somebody else stored."""
    return [key for key in base.store.keys() if ".conflict-" in key and key.endswith(".tar.gz")]


def test_a_host_that_dies_loses_no_more_than_the_time_between_two_saves(file_base, tmp_path):
    session = Session(file_base, "--id", "t1", "--save-every", "50ms", script=f"echo work >file; {UNTIL_SAVED}")
    session.signal(signal.SIGKILL)
    session.process.wait()
    another = Base(file_base.ws, tmp_path / "another", file_base.store)
    assert (another.setup("--id", "t1", "--lease", "0") / "file").read_text() == "work\n"


def test_saves_while_it_runs_are_counted_and_the_last_one_is_followed_by_that_of_the_end(file_base):
    session = Session(file_base, "--id", "t1", "--save-every", "20ms", script="echo 1 >file")
    wait_until(lambda: (event(file_base, "saved") or {}).get("times", 0) >= 3, what="a third save")
    (file_base.path / "t1/file").write_text("2\n")
    assert session.end()[0] == 0
    assert names(file_base) == ["created", "started", "saved", "ended", "saved"]
    assert (file_base.setup("--id", "t1") / "file").read_text() == "2\n"
    assert copies(file_base) == []


def test_the_command_stands_while_it_is_saved_and_a_term_ends_the_save_at_once(stalling, faults, monkeypatch):
    control_group()
    for way in (Way(ESCAPED), Way(INSIDE)):
        if way.script == INSIDE:
            without_control_groups(stalling, monkeypatch)
        session = way.start(stalling, "--save-every", "1h", "--deadline", "200ms", script="trap 'echo got >got; exit 0' TERM")
        asking = stalling.start("ws-teardown", "--keep", "t1")
        wait_until(lambda: faults.seen("PUT", SAVED), what="the save")
        assert way.stands()
        session.signal()
        status, _, err = finish(session.process)
        assert status == 75, err
        assert (stalling.path / ".ws/spool/t1/got").read_text() == "got\n"
        assert event(stalling, "save-failed")["why"] == "the command is to end"
        assert finish(asking)[0] == 75
        faults.requests.clear()
        stalling.teardown("--discard", "t1")


def test_a_save_that_takes_longer_than_the_time_between_two_is_given_up_and_the_command_goes_on(stalling):
    session = Session(stalling, "--id", "t1", "--save-every", "200ms", "--deadline", "200ms", script="echo work >file; trap 'exit 3' TERM")
    wait_until(lambda: event(stalling, "save-failed"), what="the end of a save")
    assert "longer" in event(stalling, "save-failed")["why"]
    session.signal()
    assert finish(session.process)[0] == 3
    assert (stalling.path / ".ws/spool/t1/file").read_text() == "work\n"


def test_a_save_that_fails_is_told_and_tried_again_and_the_command_goes_on(base, tmp_path):
    """The store is away for a while."""
    store = base.path / ".ws/store"
    session = Session(base, "--id", "t1", "--save-every", "30ms", script="echo work >file")
    wait_until(lambda: event(base, "saved"), what="a save")
    store.rename(tmp_path / "away")
    store.touch()
    wait_until(lambda: (event(base, "save-failed") or {}).get("times", 0) >= 2, what="a second failure")
    store.unlink()
    (tmp_path / "away").rename(store)
    wait_until(lambda: names(base)[-1] == "saved", what="the next save")
    status, _, err = session.end()
    assert status == 0 and "not saved while its command runs" in err
    assert names(base) == ["created", "started", "saved", "save-failed", "saved", "ended", "saved"]


def test_state_that_somebody_else_stored_is_not_replaced_and_only_one_copy_is_put_beside_it(file_base, tmp_path):
    session = Session(file_base, "--id", "t1", "--lease", "0", script="echo ours >file")
    another = Base(file_base.ws, tmp_path / "another", file_base.store)
    make_files(another.setup("--id", "t1", "--lease", "0"), {"file": "theirs\n"})
    another.teardown("t1")
    ask(file_base, "--keep", status=73).complains("t1", "conflict")
    (beside,) = copies(file_base)
    assert read_files(untar(file_base.store.get(beside), tmp_path / "beside")) == {"file": "ours\n"}
    assert read_files(untar(file_base.store.get(SAVED), tmp_path / "stored")) == {"file": "theirs\n"}
    assert session.end()[0] == 73
    assert len(copies(file_base)) == 2


def test_saves_by_the_clock_end_with_the_first_copy_beside_the_state_of_somebody_else(file_base, tmp_path):
    session = Session(file_base, "--id", "t1", "--lease", "0", "--save-every", "300ms")
    another = Base(file_base.ws, tmp_path / "another", file_base.store)
    another.setup("--id", "t1", "--lease", "0")
    another.teardown("t1")
    wait_until(lambda: "beside" in (event(file_base, "saved") or {}), what="the conflict")
    asked = ask(file_base, "--keep", status=73)  # the clock brought none before that, or "times" would be higher
    asked.complains("conflict")
    assert event(file_base, "saved")["times"] == 2 and session.end()[0] == 73


def test_keep_has_what_runs_saved_and_another_teardown_is_refused(file_base):
    session = Session(file_base, "--id", "t1", script="echo work >file")
    (line,) = helpers.lines(ask(file_base, "--keep"))
    assert (line["outcome"], line["task_status"]) == ("saved", "running") and SAVED in file_base.store.keys()
    for args in (["--keep", "--overwrite-remote"], ["--discard"], []):
        ask(file_base, *args, status=75).complains("t1", "held by")
    (file_base.path / "t1/file").write_text("more\n")
    assert session.end()[0] == 0 and (file_base.setup("--id", "t1") / "file").read_text() == "more\n"


def test_a_command_has_itself_saved(file_base):
    """The asker stands, too, while it is done."""
    script = f'echo work >file && {helpers.BINARY} ws-teardown --keep t1 && cp "$WORKSPACE_PATH/../../store/{SAVED}" "$WORKSPACE_PATH/../copy"'
    file_base.run("ws-setup", "--id", "t1", "--", "sh", "-c", script)
    assert read_files(untar((file_base.path / "copy").read_bytes(), file_base.path.parent / "copied")) == {"file": "work\n"}


def test_a_paused_command_is_saved_paused_and_stays_so(file_base, way):
    session = way.start(file_base)
    ask(file_base, "--pause")
    (line,) = helpers.lines(ask(file_base, "--keep"))
    assert line["task_status"] == "paused" and way.stands()
    ask(file_base, "--resume")
    assert session.end()[0] == 0


def test_what_is_never_saved_is_not_saved_while_it_runs(file_base):
    for args in (["--", "true"], ["--label", "class=sensitive", "--", "true"]):
        file_base.run("ws-setup", "--id", "t1", "--save-every", "1s", *(["--ephemeral"] if args[0] == "--" else []), *args, status=64)
    file_base.run("ws-setup", "--id", "t1", "--save-every", "1s", status=64)
    session = Session(file_base, "--id", "t1", "--ephemeral")
    ask(file_base, "--keep", status=75).complains("held by")
    assert session.end()[0] == 0 and file_base.store.keys() == []


# ---- a supervisor that was killed ----

NEXT = {
    "the next setup": lambda base: base.setup("--id", "t1"),
    "the next teardown": lambda base: base.teardown("t1"),
    "the next collection": lambda base: base.gc("--older", "0s", "--min-age", "0s"),  # it is busy: taken by the one after it
    "the next command of another workspace": lambda base: base.run("ws-setup", "--id", "t2", "--", "true"),
}


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def kill(session, *others):
    for pid in (*others, session.process.pid):
        os.kill(pid, signal.SIGKILL)
    session.process.wait()
    wait_until(lambda: all(is_over(pid) for pid in others), what="the end of those that have its lock, too")


def test_a_killed_supervisor_takes_all_that_it_paused_along(file_base):
    """Not the command alone: nobody would let its daemons go, or end who reads their output."""
    ours, way = control_group(), Way(ESCAPED)
    session = way.start(file_base, script="echo work >file")
    ask(file_base, "--pause")
    kill(session)
    assert session.process.stdout.read() == b"", "somebody still has its output"
    assert wait_until(lambda: all(is_over(pid) for pid in way.pids), what="the end of all of it")
    # Who ended it has the lock until that is done.
    assert (file_base.setup("--id", "t1", "--wait", "10s") / "file").read_text() == "work\n"
    assert f"ws-{session.process.pid}" not in groups_in(ours)


@pytest.mark.parametrize("who", NEXT)
def test_what_is_left_paused_when_all_of_ours_was_killed_is_ended_by_whoever_comes_next(file_base, who):
    ours, way = control_group(), Way(ESCAPED)
    session = way.start(file_base)
    ask(file_base, "--pause")
    kill(session, *set(children(session.process.pid)) - set(way.pids))
    wait_until(lambda: is_over(way.pids[0]), what="the end of the command")
    assert stands(way.pids[1])
    NEXT[who](file_base)
    assert all(is_over(pid) for pid in way.pids) and f"ws-{session.process.pid}" not in groups_in(ours)


def test_a_supervisor_that_is_killed_while_it_saves_leaves_its_work_and_nothing_that_runs(stalling, faults):
    ours, way = control_group(), Way(ESCAPED)
    session = way.start(stalling, "--save-every", "100ms", "--lease", "0", script="echo work >file")
    wait_until(lambda: faults.seen("PUT", SAVED), what="the save")
    kill(session)
    root = stalling.setup("--id", "t1", "--wait", "10s", "--lease", "0")
    assert (root / "file").read_text() == "work\n" and all(is_over(pid) for pid in way.pids)
    assert f"ws-{session.process.pid}" not in groups_in(ours)


def test_without_a_control_group_nothing_that_a_killed_supervisor_left_stands(file_base, monkeypatch):
    """The kernel lets go of a stopped group whose parent is gone (SIGHUP, SIGCONT)."""
    without_control_groups(file_base, monkeypatch)
    way = Way(INSIDE)
    session = way.start(file_base)
    ask(file_base, "--pause")
    session.signal(signal.SIGKILL)
    session.process.wait()
    assert way.goes_on()
    for pid in way.pids:
        if not is_over(pid):
            os.kill(pid, signal.SIGKILL)
