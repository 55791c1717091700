"""Profile session: what the document of the Go package `workspace` says, and how its users lost work.

Numbers in names are issues of cc-broker (agentserver/agentserver); 2_1_x is a weak point of reference/systems.md, section 2.1.
"""
import gzip
import io
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tarfile
import time
from pathlib import Path

import pytest
from faults import error, reply, through
from memory_s3 import MemoryS3

import ws as helpers
from place import Base, Session, base_and_store, broker, broker_base, file_base, fill_disk, finish, make_files, need_root, project_hash, read_files, small_disk, tar, unmount_below, untar, wait_until  # noqa: F401 (fixtures)
from test_supervise import is_over

WORKSPACE = ["--profile", "session", "--workspace", "w1"]
HOME_KEY = "workspaces/w1/claude-home.tar.gz"


def objects(store, part=""):
    """What others put there and we name: without what a file store keeps beside its objects."""
    return [key for key in store.keys() if part in key and "/." not in f"/{key}"]


def start(base, session, files=None):
    """A session with these files in what it shares with the others; its directory."""
    root = base.setup(*WORKSPACE, "--session", session)
    make_files(root / "claude-config", files or {})
    return root


def seed(base, tmp_path, files):
    base.store.put(HOME_KEY, tar(make_files(tmp_path / "seed", files), *files))


# ---- the sentences of the document ----


@pytest.fixture
def local(ws, tmp_path):
    """The profile's own base on a file store."""
    return broker_base(ws, helpers.FileStore(tmp_path / "store"))


def end(base, session, **options):
    return base.teardown("--base", base.path, f"sess_{session}", **options)


def test_setup_creates_the_temp_directory_tree(local):
    root = local.setup(*WORKSPACE, "--session", "cse_1")
    assert root == local.path / "sess_cse_1"
    tree = sorted(str(path.relative_to(root)) for path in root.rglob("*"))
    assert tree == ["claude-config", "claude-config/projects", "claude-config/projects/ws_w1", "claude-config/projects/ws_w1/memory", "project"]


def test_setup_downloads_the_claude_home_tarball_and_the_per_session_jsonl(broker, tmp_path):
    root = broker.path / "sess_cse_1"
    seed(broker, tmp_path, {"settings.json": "{}", "projects/ws_w1/memory/note": "n"})
    broker.store.put("workspaces/w1/sessions/cse_1.jsonl", b"turn\n")
    broker.setup(*WORKSPACE, "--session", "cse_1")
    want = {"settings.json": "{}", "projects/ws_w1/memory/note": "n", f"projects/{project_hash(root)}/1.jsonl": "turn\n"}
    assert read_files(root / "claude-config") == want


def test_a_missing_object_is_an_empty_workspace(broker):
    root = broker.setup(*WORKSPACE, "--session", "s1")
    assert read_files(root) == {}
    assert end(broker, "s1").status == 0


def test_on_any_error_setup_removes_the_directory_before_returning(broker):
    broker.store.put("workspaces/w1/sessions/s1.tar.gz", b"no archive")
    result = broker.run("ws-setup", *WORKSPACE, "--session", "s1", status=65)
    assert "sessions/s1.tar.gz" in result.stderr, result
    assert not (broker.path / "sess_s1").exists() and broker.area("staging") == []
    assert end(broker, "s1", status=66) and objects(broker.store) == ["workspaces/w1/sessions/s1.tar.gz"]


def test_teardown_uploads_the_session_first_and_the_shared_home_without_its_subtree(memory, tmp_path):
    base = memory("honoured")
    root = start(base, "s1", {"settings.json": "{}"})
    make_files(root / "claude-config/projects" / project_hash(root), {"s1.jsonl": "turn\n", "aux/todo.json": "[]"})
    base.teardown("sess_s1")
    saves = [line["key"] for line in base.journal() if line["event"] == "save"]
    assert saves == ["workspaces/w1/sessions/s1.tar.gz", "workspaces/w1/sessions/s1.jsonl", HOME_KEY]
    assert read_files(untar(base.store.get(HOME_KEY), tmp_path / "by-tar")) == {"settings.json": "{}"}


def test_finally_the_directory_is_removed(local):
    root = local.setup(*WORKSPACE, "--session", "s1")
    end(local, "s1")
    assert not root.exists() and local.area("trash") == []


def test_2_1_a_upload_failures_do_not_block_and_lose_nothing(memory, faults):
    """The package logged them and removed the directory all the same: the turn was lost. Here it waits in the spool."""
    base = memory("honoured")
    make_files(start(base, "s1"), {"claude-config/turn": "work"})
    direct = base.env["AWS_ENDPOINT_URL_S3"]
    base.env["AWS_ENDPOINT_URL_S3"] = faults.url
    faults.backend = direct
    faults.on("PUT", "/p/", error(503, "SlowDown"), times=99)
    result = base.teardown("sess_s1", status=75, env={"AWS_MAX_ATTEMPTS": "1"})
    assert "--retry" in result.stderr and not (base.path / "sess_s1").exists()
    base.teardown("--retry", env={"AWS_ENDPOINT_URL_S3": direct})
    assert (base.setup(*WORKSPACE, "--session", "s1", env={"AWS_ENDPOINT_URL_S3": direct}) / "claude-config/turn").read_text() == "work"


def through_faults(memory, faults):
    """A base with a session in it that reaches its store by way of faults, and by no other."""
    base = memory("honoured")
    faults.backend = base.env["AWS_ENDPOINT_URL_S3"]
    base.env["AWS_ENDPOINT_URL_S3"] = faults.url
    root = start(base, "s1")
    make_files(root / "claude-config", {"turn": "work", f"projects/{project_hash(root)}/s1.jsonl": "turn"})
    return base


def test_a_flaky_upload_must_not_block_the_callers_turn_response(memory, faults):
    """Teardown in the background. Who comes next is told who is at it, and a kill of it loses nothing."""
    base = through_faults(memory, faults)
    faults.on("PUT", "/p/", reply(200, silent=True, then="stall"), times=99, optional=True)
    result = base.teardown("-v", "--detach", "sess_s1")
    assert "in the background" in result.stderr
    refused = base.run("ws-setup", *WORKSPACE, "--session", "s1", status=75)
    pid = int(re.search(r"pid (\d+) start", refused.stderr)[1])
    assert Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[1] == b"ws-teardown"
    assert {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in range(3)} == {"/dev/null"} and os.getsid(pid) == pid
    os.kill(pid, signal.SIGKILL)
    faults.forget()
    base.teardown("--wait", "30s", "sess_s1")
    assert (start(base, "s1") / "claude-config/turn").read_text() == "work"


def test_the_next_turn_finds_what_is_saved_in_the_background(broker):
    wait = ["--wait", "60s"]
    for turn in range(3):
        root = broker.setup(*WORKSPACE, "--session", "s1", *wait)
        assert read_files(root) == {f"claude-config/turn{n}": "x" for n in range(turn)}
        make_files(root, {f"claude-config/turn{turn}": "x"})
        (line,) = helpers.lines(broker.teardown("--detach", "--json", "--base", broker.path, "sess_s1"))
        assert line == {"id": "sess_s1", "outcome": "detached"}
    broker.teardown("--base", broker.path, *wait, "sess_s1")


def test_what_can_not_even_begin_in_the_background_is_told_at_once(local):
    session = Session(local, *WORKSPACE, "--session", "s1")
    local.teardown("--base", local.path, "--detach", "sess_s1", status=75).complains(str(session.process.pid))
    local.teardown("--base", local.path, "--detach", "sess_s9", status=66).complains("no such workspace")
    local.teardown("--base", local.path, "--detach", "--dry-run", "sess_s1", status=64).complains("--detach")
    assert session.end()[0] == 0


def test_an_upload_that_a_store_only_says_to_have_is_not_believed(memory, faults):
    """Verified before anything is removed."""
    base = through_faults(memory, faults)
    faults.on("PUT", HOME_KEY, reply(200, headers={"ETag": '"' + "0" * 32 + '"'}), times=9)
    result = base.teardown("sess_s1", status=75)
    assert "--retry" in result.stderr and HOME_KEY not in base.store.keys()
    faults.forget()
    base.teardown("--retry")
    assert (start(base, "s1") / "claude-config/turn").read_text() == "work"


TURN = ["ws-setup", *WORKSPACE, "--session", "s1"]
TRANSFERS = {
    "save": ["ws-teardown", "sess_s1"],
    "save with a deadline": ["ws-teardown", "--deadline", "1h", "sess_s1"],
    "save at the end of a command": [*TURN, "--", "true"],
    "restore": TURN,
}


@pytest.mark.parametrize("what", TRANSFERS)
def test_a_terminal_sees_the_progress_of_a_transfer_that_takes_long(memory, faults, what):
    base = through_faults(memory, faults)
    if what == "restore":
        base.teardown("sess_s1")
    # Optional, here and below: it may be over before it comes to this request.
    faults.on("GET" if what == "restore" else "PUT", HOME_KEY, reply(200, silent=True, then="stall"), times=9, optional=True)
    with helpers.Terminal() as terminal:
        process = base.start(*TRANSFERS[what], stderr=terminal.theirs)
        terminal.shows(what.split()[0])
        process.kill()
        process.wait()


@pytest.mark.parametrize("mode, deadline", [("auto", "2s"), ("never", "200ms")])
def test_after_a_deadline_the_line_of_the_progress_is_gone(memory, faults, mode, deadline):
    base = through_faults(memory, faults)
    faults.on("PUT", HOME_KEY, reply(200, silent=True, then="stall"), times=9, optional=True)
    with helpers.Terminal() as terminal:
        process = base.start("ws-teardown", "--progress", mode, "--deadline", deadline, "sess_s1", stderr=terminal.theirs)
        shown = terminal.shows("--retry")
        assert process.wait(20) == 75
    line = re.search(r"[^\r\n]*--retry", shown).group()
    assert line.removeprefix("\x1b[K").startswith("ws-teardown: "), shown
    assert ("\r\x1b[Ksave " in shown) == (mode == "auto"), shown


def test_a_retry_resumes_and_sends_no_part_twice(memory, faults):
    base = through_faults(memory, faults)
    faults.on("PUT", HOME_KEY, error(403, "AccessDenied"), times=9)
    base.teardown("sess_s1", status=75)
    first = base.store.keys()
    assert first and all("/sessions/s1" in key for key in first)
    faults.forget()
    base.teardown("--retry")
    assert faults.seen("PUT", HOME_KEY) and faults.seen("PUT", "/sessions/") == []
    assert set(base.store.keys()) == {*first, HOME_KEY}


@pytest.mark.parametrize("endpoint, status", [("http://127.0.0.1:9", 69), ("127.0.0.1:9000", 78), ("http://127.0.0.1:9/?x", 78)])
def test_59_the_endpoint_is_a_full_url_with_scheme(ws, tmp_path, endpoint, status):
    env = {"AWS_ENDPOINT_URL_S3": endpoint, "AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "SK", "WS_STORE": "s3://b", "AWS_MAX_ATTEMPTS": "1"}
    base = Base(ws, tmp_path / "base", env=env)
    result = base.run("ws-setup", *WORKSPACE, "--session", "s1", status=status)
    assert any(text in result.stderr for text in ("http://", "endpoint", "127.0.0.1:9: ", "refused")), result


def test_the_project_directory_is_the_cwd_of_the_cli_and_the_environment_tells_the_rest(local):
    script = 'pwd; echo "$CLAUDE_CONFIG_DIR"; echo "$CLAUDE_COWORK_MEMORY_PATH_OVERRIDE"; ls -A'
    root = local.path / "sess_s1"
    result = local.run("ws-setup", *WORKSPACE, "--session", "s1", "--", "sh", "-c", script)
    assert result.stdout.splitlines() == [f"{root}/project", f"{root}/claude-config", f"{root}/claude-config/projects/ws_w1/memory"]


def test_download_file_and_upload_file_are_verbatim_and_a_missing_object_is_told_apart(memory, tmp_path):
    """ErrObjectNotFound: a sentinel, so that it is no transport or auth failure."""
    base = memory("honoured")
    place = base.store.url
    (tmp_path / "turn.jsonl").write_bytes(bytes(range(256)) * 100)
    base.run("ws-s3", "put", "-q", tmp_path / "turn.jsonl", f"{place}/sessions/s1.jsonl")
    assert base.store.get("sessions/s1.jsonl") == bytes(range(256)) * 100
    base.run("ws-s3", "get", "-q", f"{place}/sessions/s1.jsonl", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == bytes(range(256)) * 100
    base.run("ws-s3", "get", "-q", f"{place}/sessions/absent", tmp_path / "none", status=66)
    base.run("ws-s3", "get", "-q", f"{place}/sessions/s1.jsonl", tmp_path / "none", status=69, env={"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"})
    assert not (tmp_path / "none").exists()


def test_download_tar_gz_and_upload_tar_gz_with_what_shall_be_left_out(memory, tmp_path):
    base = memory("honoured")
    make_files(tmp_path / "home", {"settings.json": "{}", "projects/own/s1.jsonl": "turn", "projects/other/s2.jsonl": "turn"})
    url = f"{base.store.url}/home.tar.gz"
    base.run("ws-archive", "create", "-q", "-C", tmp_path / "home", "-o", url, "--exclude", "/projects/own")
    assert read_files(untar(base.store.get("home.tar.gz"), tmp_path / "by-tar")) == {"settings.json": "{}", "projects/other/s2.jsonl": "turn"}
    base.run("ws-archive", "extract", "-q", "-C", tmp_path / "back", url)
    assert read_files(tmp_path / "back") == read_files(tmp_path / "by-tar")


# ---- what the Go program wrote ----


def go_header(name, kind, mode, size):
    """As Go's archive/tar writes &Header{Name, Typeflag, Mode, Size}: ustar, no owner, no time, a directory without its slash."""
    prefix = b""
    if len(name) > 100:
        cut = name.rindex(b"/", 0, 156)
        prefix, name = name[:cut], name[cut + 1 :]
    fields = [name.ljust(100, b"\0"), b"%07o\0" % mode, b"0000000\0" * 2, b"%011o\0" % size, b"%011o\0" % 0, b" " * 8, kind, bytes(100), b"ustar\x0000", bytes(64), b"0000000\0" * 2, prefix.ljust(155, b"\0"), bytes(12)]
    block = b"".join(fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def go_record(key, value):
    body = b" " + key + b"=" + value + b"\n"
    length = len(body) + len(str(len(body)))
    length = len(body) + len(str(length))
    return b"%d" % length + body


def go_archive(entries):
    """{path: bytes, or None for a directory}; names that are not ASCII or do not fit get a PAX header, as there."""
    out = []
    for path, content in entries.items():
        name, body = path.encode(), content or b""
        if not path.isascii() or (len(name) > 100 and not any(0 <= len(name) - i - 1 <= 100 for i, c in enumerate(name[:156]) if c == 47)):
            pax = go_record(b"path", name)
            out += [go_header(b"PaxHeaders.0/x", b"x", 0, len(pax)), pax.ljust(-len(pax) % 512 + len(pax), b"\0")]
            name = re.sub(rb"[^\x20-\x7e]", b"", name)[:100]
        out += [go_header(name, b"5" if content is None else b"0", 0o755 if content is None else 0o644, len(body)), body.ljust(-len(body) % 512 + len(body), b"\0")]
    packed = bytearray(gzip.compress(b"".join(out) + bytes(1024), mtime=0))
    packed[9] = 255
    return bytes(packed)


def test_what_the_go_program_wrote_is_read(broker):
    root = broker.path / "sess_cse_1"
    long = "projects/" + "/".join(["deep-directory-name"] * 6) + "/file"
    longer = "d/" * 200 + "n" * 120
    shared = {"projects": None, "projects/ws_w1": None, "projects/ws_w1/memory": None, "settings.json": b"{}", long: b"x" * 1000, longer: b"y", "grüße.md": b"z" * 512, "empty": b"", "..legal": b"k"}
    own = {"1.jsonl": b"turn\n", "aux": None, "aux/todo.json": b"[]"}
    broker.store.put(HOME_KEY, go_archive(shared))
    broker.store.put("workspaces/w1/sessions/cse_1.tar.gz", go_archive(own))
    broker.store.put("workspaces/w1/sessions/cse_1.jsonl", b"turn\n")
    broker.setup(*WORKSPACE, "--session", "cse_1")
    hashed = project_hash(root)
    want = {name: body.decode() for name, body in shared.items() if body is not None}
    want.update({f"projects/{hashed}/{name}": body.decode() for name, body in own.items() if body is not None})
    assert read_files(root / "claude-config") == want
    assert (root / "claude-config/settings.json").stat().st_mode & 0o777 == 0o644
    end(broker, "cse_1")
    again = broker.setup(*WORKSPACE, "--session", "cse_1")
    assert read_files(again / "claude-config") == want


@pytest.mark.parametrize("path", ["../escape", "/tmp/escape", "a/../../escape"])
def test_tar_entries_with_paths_that_escape_are_an_error_and_not_skipped(local, path):
    """The package skipped them; an archive that tries is not one to go on with."""
    local.store.put(HOME_KEY, go_archive({path: b"x"}))
    local.run("ws-setup", *WORKSPACE, "--session", "s1", status=65)
    assert not (local.path / "sess_s1").exists() and not (local.path / "escape").exists()


# ---- how work was lost ----


def test_62_every_file_of_a_session_is_kept_and_not_only_the_transcript(broker):
    """cc-broker 62: of the subtree only *.jsonl was stored."""
    root = start(broker, "s1")
    files = {"s1.jsonl": "turn\n", "agent-1.jsonl": "sub\n", "tool-results/1.txt": "out", "todo.json": "[]"}
    own = make_files(root / "claude-config/projects" / project_hash(root), files)
    end(broker, "s1")
    start(broker, "s1")
    assert read_files(own) == files


def test_2_1_b_what_can_not_be_read_does_not_replace_what_is_complete(plain_user):
    env = {"WORKSPACE_DIR": f"{plain_user.dir}/base", "WS_STORE": f"file://{plain_user.dir}/store"}
    plain_user.run("mkdir", plain_user.dir / "store")
    for number in (1, 2):
        plain_user("ws-setup", *WORKSPACE, "--session", "s1", env=env)
        plain_user.run("sh", "-c", f"cd base/sess_s1/claude-config && echo {number} >good && echo {number} >{'hidden' if number == 2 else 'seen'}")
        if number == 1:
            plain_user("ws-teardown", "sess_s1", env=env)
    saved = (plain_user.dir / "store" / HOME_KEY).read_bytes()
    plain_user.run("chmod", "0", "base/sess_s1/claude-config/hidden")
    result = plain_user("ws-teardown", "sess_s1", env=env, status=75)
    assert "hidden" in result.stderr and (plain_user.dir / "store" / HOME_KEY).read_bytes() == saved, result


@pytest.mark.parametrize("conditions", ["honoured", "ignored"])
def test_2_1_b_it_does_not_on_s3_either(memory, plain_user, conditions):
    """With conditional puts, and with generations and a pointer where the store has none."""
    store = memory(conditions).store
    env = {"WORKSPACE_DIR": f"{plain_user.dir}/base", "WS_STORE": store.url, **store.env}
    plain_user("ws-setup", *WORKSPACE, "--session", "s1", env=env)
    plain_user.run("sh", "-c", "echo 1 >base/sess_s1/claude-config/good")
    plain_user("ws-teardown", "sess_s1", env=env)
    saved = {key: store.get(key) for key in store.keys()}
    plain_user("ws-setup", *WORKSPACE, "--session", "s1", env=env)
    plain_user.run("sh", "-c", "cd base/sess_s1/claude-config && echo 2 >good && echo 2 >hidden && chmod 0 hidden")
    result = plain_user("ws-teardown", "sess_s1", env=env, status=75)
    assert "hidden" in result.stderr, result
    assert {key: store.get(key) for key in saved} == saved
    assert [key for key in store.keys() if key not in saved and "partial" not in key and "claude-home" in key] == []
    plain_user.run("chmod", "600", "base/.ws/spool/sess_s1/claude-config/hidden")
    plain_user("ws-teardown", "--retry", env=env)
    plain_user("ws-setup", *WORKSPACE, "--session", "s1", env=env)
    assert (plain_user.dir / "base/sess_s1/claude-config/hidden").read_text() == "2\n"


def test_2_1_c_a_file_that_grows_or_shrinks_while_it_is_saved_does_not_abort(local):
    root = start(local, "s1")
    script = "i=0; while :; do i=$((i+1)); head -c 20000 /dev/zero >>grows; [ $((i%7)) = 0 ] && : >grows; done"
    writer = subprocess.Popen(["sh", "-c", script], cwd=root / "claude-config")
    try:
        for _ in range(10):
            local.teardown("--base", local.path, "--keep", "sess_s1")
    finally:
        writer.kill()
        writer.wait()
    end(local, "s1")
    assert (start(local, "s1") / "claude-config/grows").exists()


def test_2_1_d_a_home_that_is_larger_than_the_memory_streams_both_ways(memory):
    """The package had the whole archive in memory, and one PUT of at most 5 GB."""
    base = memory("honoured")
    size = 136 << 20
    root = start(base, "s1")
    (root / "claude-config/noise").write_bytes(random.Random(1).randbytes(size))
    for words in (["ws-teardown", "--profile", "session", "sess_s1"], ["ws-setup", *WORKSPACE, "--session", "s1"]):
        helpers.run(["prlimit", f"--data={128 << 20}", helpers.BINARY, *words], env=base.ws.environment(base.env))
    assert (root / "claude-config/noise").stat().st_size == size and base.store.s3.uploads == {}


def test_2_1_e_symlinks_modes_and_times_survive(broker):
    root = start(broker, "s1", {"run.sh": "#!/bin/sh\n", "secret": "s"})
    home = root / "claude-config"
    (home / "run.sh").chmod(0o755)
    (home / "secret").chmod(0o600)
    (home / "link").symlink_to("run.sh")
    os.utime(home / "secret", ns=(10**18 + 5, 10**18 + 5))
    end(broker, "s1")
    home = start(broker, "s2") / "claude-config"
    assert os.readlink(home / "link") == "run.sh" and (home / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (home / "secret").stat().st_mode & 0o777 == 0o600 and (home / "secret").stat().st_mtime_ns == 10**18 + 5


def test_2_1_f_the_next_turn_waits_for_the_teardown_of_the_last_one(local):
    """Its lock was given back when the client hung up, and the next turn's directory was removed under it."""
    session = Session(local, *WORKSPACE, "--session", "s1", script="echo first >turn")
    refused = local.run("ws-setup", *WORKSPACE, "--session", "s1", status=75)
    assert str(session.process.pid) in refused.stderr, refused
    second = local.start("ws-setup", *WORKSPACE, "--session", "s1", "--wait", "30s", "--", "sh", "-c", "cat ../claude-config/turn; echo second >../claude-config/turn")
    (local.path / "sess_s1/claude-config/turn").write_text("first\n")
    assert session.end()[0] == 0
    assert finish(second)[:2] == (0, "first\n")
    assert (start(local, "s1") / "claude-config/turn").read_text() == "second\n"


def test_2_1_g_leftovers_of_a_crashed_turn_are_not_mixed_into_the_restored_state(local, tmp_path):
    seed(local, tmp_path, {"settings.json": "new"})
    make_files(local.path / "sess_s1", {"claude-config/leftover": "old", "claude-config/settings.json": "old"})
    root = start(local, "s1")
    assert read_files(root) == {"claude-config/settings.json": "new"}
    (kept,) = local.area("quarantine")
    assert (kept / "claude-config/leftover").read_text() == "old"


@pytest.mark.parametrize("session", ["../../etc", "a/b", "..", "", "x\ny", ".hidden"])
def test_2_1_h_a_session_id_that_is_no_name_is_refused(local, session, canary):
    result = local.run("ws-setup", *WORKSPACE, "--session", session, status=64)
    assert "--session" in result.stderr
    assert local.area("staging") == []


def test_2_1_i_nobody_else_can_read_a_workspace(local):
    assert local.setup(*WORKSPACE, "--session", "s1").stat().st_mode & 0o777 == 0o700


def test_2_1_k_names_that_begin_with_two_dots_are_legal(local):
    names = {"..config": "a", "a/..b/c": "b", "...": "c", "a..b": "d"}
    start(local, "s1", names)
    end(local, "s1")
    assert names.items() <= read_files(start(local, "s2") / "claude-config").items()


def test_2_1_l_a_cli_that_names_its_directory_otherwise_loses_nothing(broker, tmp_path):
    """`projects/<hash>` is another program's business: what is elsewhere goes with the home, and the profile can be told."""
    root = start(broker, "s1", {"projects/named-anew/s1.jsonl": "turn\n", "projects/named-anew/todo.json": "[]"})
    broker.teardown("--base", broker.path, "sess_s1")
    assert start(broker, "s1") == root
    assert read_files(root / "claude-config") == {"projects/named-anew/s1.jsonl": "turn\n", "projects/named-anew/todo.json": "[]"}
    text = broker.run("ws-setup", "--profile", "session", "--explain").stdout.replace("{project_hash}", "named-anew")
    (tmp_path / "ws.conf").write_text(text)
    config = ["--config", tmp_path / "ws.conf"]
    broker.teardown(*config, "--base", broker.path, "sess_s1")
    own = untar(broker.store.get("workspaces/w1/sessions/s1.tar.gz"), tmp_path / "own")
    assert read_files(own) == {"s1.jsonl": "turn\n", "todo.json": "[]"}
    assert broker.store.get("workspaces/w1/sessions/s1.jsonl") == b"turn\n"
    assert read_files(untar(broker.store.get(HOME_KEY), tmp_path / "shared")) == {}


@pytest.mark.parametrize("kind", ["a symlink", "a symlink to a directory, and a file through it", "a hard link"])
def test_openai_agents_3093_a_stored_state_reaches_nothing_outside(local, tmp_path, canary, kind):
    """Hydration took links that point outside, and wrote through them."""
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as archive:
        link = tarfile.TarInfo("way")
        link.type = tarfile.LNKTYPE if kind == "a hard link" else tarfile.SYMTYPE
        link.linkname = str(canary)
        archive.addfile(link)
        if "through" in kind:
            through_it = tarfile.TarInfo("way/planted")
            archive.addfile(through_it, io.BytesIO(b""))
    local.store.put(HOME_KEY, (tmp_path / "evil.tar.gz").read_bytes())
    if kind == "a symlink":  # a text like any other: kept as it was, and never followed
        root = local.setup(*WORKSPACE, "--session", "s1")
        assert os.readlink(root / "claude-config/way") == str(canary)
        end(local, "s1")
        return
    local.run("ws-setup", *WORKSPACE, "--session", "s1", status=65)
    assert not (local.path / "sess_s1").exists()


def test_aistudio_1373_a_failed_read_never_becomes_a_write(memory, faults, tmp_path):
    """A restore that raised, and the next push put the image's defaults over five thousand objects. codenvy#1663 and agentcore's workspace-sync.js did the same."""
    base = memory("honoured")
    seed(base, tmp_path, {"work": "all of it"})
    saved = base.store.get(HOME_KEY)
    faults.backend = base.env["AWS_ENDPOINT_URL_S3"]
    faults.on("GET", HOME_KEY, through(send=20, then="reset"), times=99)
    through_faults = {"AWS_ENDPOINT_URL_S3": faults.url, "AWS_MAX_ATTEMPTS": "1"}
    result = base.run("ws-setup", *WORKSPACE, "--session", "s1", status=None, env=through_faults)
    assert result.status != 0, result
    make_files(base.path / "sess_s1", {"claude-config/defaults": "of the image"})
    base.teardown("sess_s1", status=66)
    assert base.store.get(HOME_KEY) == saved and base.store.keys() == [HOME_KEY]


def test_eliza_18228_a_stop_always_ends(memory, faults):
    """A save that failed made an agent unstoppable."""
    base = memory("honoured")
    direct = base.env["AWS_ENDPOINT_URL_S3"]
    for session in ("s1", "s2"):
        start(base, session, {"turn": "work"})
    faults.backend = direct
    faults.on("PUT", "/p/", reply(200, silent=True, then="stall"), times=99, optional=True)
    env = {"AWS_ENDPOINT_URL_S3": faults.url}
    base.teardown("--deadline", "300ms", "sess_s1", status=75, env=env, timeout=20)
    assert base.state("sess_s1") == "spooled"
    base.teardown("--discard", "sess_s1")
    base.teardown("--discard", "sess_s2")
    assert {line["state"] for line in base.ls().values()} == {"trashed"} and base.store.keys() == []


# ---- a machine in trouble ----


TEN_YEARS_S = 10 * 365 * 86400


@pytest.mark.parametrize("conditions", ["honoured", "ignored"])
@pytest.mark.parametrize("shift_s", [TEN_YEARS_S, -TEN_YEARS_S], ids=["behind", "ahead"])
def test_a_clock_that_is_ten_years_off_changes_nothing(memory, tmp_path, conditions, shift_s):
    base = memory(conditions, shift_s=shift_s)
    race(base, tmp_path, 4)
    session = Session(base, "--profile", "task", "--id", "t1", script="echo work >file")
    there = other_host(base, tmp_path)
    there.run("ws-setup", "--id", "t1", status=75)
    assert session.end()[0] == 0
    assert (there.setup("--id", "t1") / "file").read_text() == "work\n"


@pytest.fixture
def small(ws, tmp_path):
    """A base on a disk of 4 MiB, its store elsewhere, on S3."""
    server = MemoryS3().start()
    directory = small_disk(tmp_path / "disk", "4m")
    yield Base(ws, directory / "base", MemoryStore(server))
    server.stop()
    unmount_below(directory)


def test_on_a_full_disk_the_work_is_saved_to_s3_all_the_same(small):
    root = start(small, "s1", {"turn": "work"})
    ballast = fill_disk(small.path.parent)
    small.teardown("sess_s1")
    assert not root.exists() and objects(small.store, ".conflict-") == []
    ballast.unlink()
    assert read_files(start(small, "s1") / "claude-config") == {"turn": "work"}


def test_a_restore_that_does_not_fit_on_the_disk_leaves_nothing_and_loses_nothing(small, ws, tmp_path):
    large = tmp_path / "seed"
    large.mkdir()
    (large / "large").write_bytes(os.urandom(6_000_000))
    small.store.put(HOME_KEY, tar(large, "large"))
    before = small.store.keys()
    result = small.run("ws-setup", *WORKSPACE, "--session", "s1", "--", "true", status=74)
    assert "No space left on device" in result.stderr, result
    leaves_nothing(small)
    assert small.store.keys() == before
    there = Base(ws, tmp_path / "roomy", small.store)
    assert (there.setup(*WORKSPACE, "--session", "s1") / "claude-config/large").stat().st_size == 6_000_000


def test_on_a_read_only_file_system_nothing_is_begun_and_nothing_is_lost(small):
    root = start(small, "s1", {"turn": "work"})
    before = small.store.keys()
    helpers.run(["mount", "-o", "remount,ro", small.path.parent])
    for applet, *args in (("ws-setup", *WORKSPACE, "--session", "s2"), ("ws-setup", *WORKSPACE, "--session", "s1"), ("ws-teardown", "sess_s1")):
        result = small.run(applet, *args, status=None)
        assert result.status in (74, 77) and "Read-only file system" in result.stderr, result
    assert small.store.keys() == before and (root / "claude-config/turn").read_text() == "work"
    helpers.run(["mount", "-o", "remount,rw", small.path.parent])
    small.teardown("sess_s1")
    assert objects(small.store, HOME_KEY)


# ---- two sessions of one workspace ----


def race(base, tmp_path, count=16):
    """So many sessions that end at once: the winner's name."""
    names = [f"s{n}" for n in range(count)]
    seed(base, tmp_path, {"settings.json": "old"})
    for name in names:
        start(base, name, {"settings.json": name})
    running = {name: base.start("ws-teardown", f"sess_{name}") for name in names}
    ended = {name: finish(process) for name, process in running.items()}
    winners = [name for name, (status, _, _) in ended.items() if status == 0]
    assert len(winners) == 1, ended
    assert read_files(untar(base.store.get(HOME_KEY), tmp_path / "now"))["settings.json"] == winners[0]
    for name in set(names) - set(winners):
        status, _, err = ended[name]
        (side,) = objects(base.store, f"claude-home.conflict-{name}-")
        assert status == 73 and side in err, err
        assert read_files(untar(base.store.get(side), tmp_path / name)) == {"settings.json": name}
    assert objects(base.store, "/claims/") == []
    assert {line["state"] for line in base.ls().values()} == {"saved"} and base.area("spool") == []
    return winners[0]


def test_60_of_many_sessions_that_end_at_once_one_is_current_and_every_other_is_kept_and_named(base_and_store, tmp_path):
    """cc-broker 60, 69: the last writer won, and what the others had written was gone."""
    race(base_and_store, tmp_path)


@pytest.fixture
def memory(ws, tmp_path):
    """memory(conditions, …): a base on a small S3 that has the ways that are asked for; base.store.s3 is the server."""
    running = []

    def make(*args, **options):
        server = MemoryS3(*args, **options).start()
        running.append(server)
        return Base(ws, tmp_path / "base", MemoryStore(server))

    yield make
    for server in running:
        server.stop()


class MemoryStore:
    name, url = "memory", "s3://b/p"

    def __init__(self, server):
        self.s3 = server
        self.env = {"AWS_ENDPOINT_URL_S3": server.url, "AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "SK"}

    def put(self, key, body):
        self.s3.put("b", f"p/{key}", body)

    def get(self, key):
        return self.s3.objects["b"][f"p/{key}"].body

    def keys(self):
        return sorted(key[2:] for key in self.s3.objects.get("b", ()))


def test_60_where_conditional_puts_are_honoured_they_decide(memory, tmp_path):
    base = memory("honoured")
    race(base, tmp_path)
    assert objects(base.store, ".gen/") == []


def test_60_a_server_that_is_too_busy_to_be_asked_about_conditions_gets_no_claims(memory, tmp_path):
    """Others may have been told that it honours conditions, and put so."""
    base = memory("honoured")
    seed(base, tmp_path, {"settings.json": "old"})
    start(base, "s1", {"settings.json": "new"})
    base.store.s3.busy_with = ".ws-probe"
    base.run("ws-teardown", "sess_s1", env={"AWS_MAX_ATTEMPTS": "1"}, status=75)
    assert read_files(untar(base.store.get(HOME_KEY), tmp_path / "before")) == {"settings.json": "old"}
    base.store.s3.busy_with = None
    base.run("ws-teardown", "--retry")
    assert objects(base.store, ".gen/") == [] and read_files(untar(base.store.get(HOME_KEY), tmp_path / "after")) == {"settings.json": "new"}


@pytest.mark.parametrize("conditions", ["honoured", "ignored", "refused"])
def test_60_what_comes_from_the_spool_after_somebody_elses_state_goes_beside_it_and_the_retry_says_so(memory, tmp_path, conditions):
    base = memory(conditions)
    for session in ("s1", "s2"):
        start(base, session, {"settings.json": session})
    base.store.s3.busy_with = HOME_KEY
    base.run("ws-teardown", "sess_s1", env={"AWS_MAX_ATTEMPTS": "1"}, status=75)
    base.store.s3.busy_with = None
    base.run("ws-teardown", "sess_s2")
    base.run("ws-teardown", "--retry", "-q", status=73).complains("sess_s1", ".conflict-s1-", "ws-archive extract")
    (beside,) = objects(base.store, ".conflict-")
    assert read_files(untar(base.store.get(beside), tmp_path / "beside")) == {"settings.json": "s1"}
    assert read_files(untar(base.store.get(HOME_KEY), tmp_path / "current")) == {"settings.json": "s2"}
    base.run("ws-teardown", "--retry")


@pytest.mark.parametrize("conditions", ["ignored", "refused"])
def test_61_63_conditions_that_only_seem_to_be_honoured_are_not_believed(memory, tmp_path, conditions):
    """cc-broker 61, 63: their server answered 412 to every conditional put, so that every change was dropped; others take them all."""
    base = memory(conditions)
    winner = race(base, tmp_path)
    assert [key for key in objects(base.store, ".gen/") if f"-{winner}-" in key]
    assert len(objects(base.store, ".gen/")) == 1 and objects(base.store, ".ws-probe") == []


def test_60_sessions_one_after_the_other_build_on_each_other(base_and_store):
    for number in range(3):
        root = start(base_and_store, f"s{number}", {f"of-{number}": "x"})
        assert set(read_files(root / "claude-config")) == {f"of-{n}" for n in range(number + 1)}
        base_and_store.teardown(f"sess_s{number}")
    assert objects(base_and_store.store, ".conflict-") == []


def leaves_nothing(base):
    assert not list(base.path.glob("sess_*")) and base.area("staging") == [] and base.ls() == {}


def test_2_1_j_a_403_for_a_key_that_is_missing_names_the_permission_that_is(memory):
    """AWS answers so without s3:ListBucket: every new workspace failed, and nobody knew why."""
    base = memory("honoured", may_list=False)
    result = base.run("ws-setup", *WORKSPACE, "--session", "s1", status=77)
    assert "s3:ListBucket" in result.stderr and HOME_KEY in result.stderr, result
    leaves_nothing(base)
    assert base.store.keys() == []
    base.store.s3.may_list = True
    base.setup(*WORKSPACE, "--session", "s1")


def test_57_a_403_for_a_key_that_is_there_names_the_other_permission(memory, faults):
    """cc-broker 57: "gzip: invalid header" hid an AccessDenied."""
    base = memory("honoured")
    base.store.put(HOME_KEY, b"x")
    faults.backend = base.store.s3.url
    base.env["AWS_ENDPOINT_URL_S3"] = faults.url
    faults.on("*", HOME_KEY, error(403, "AccessDenied"), times=9)
    result = base.run("ws-setup", *WORKSPACE, "--session", "s1", status=77)
    assert "s3:GetObject is missing" in result.stderr and HOME_KEY in result.stderr, result
    leaves_nothing(base)


@pytest.mark.parametrize("secret", ["", None])
def test_57_a_secret_that_was_left_empty_is_told_before_a_turn_begins(memory, tmp_path, secret):
    """The chart let it be empty, and every turn failed late."""
    base = memory("honoured")
    env = {"AWS_SECRET_ACCESS_KEY": secret or ""}
    if secret is None:
        del base.env["AWS_SECRET_ACCESS_KEY"]
        env = {}
    result = base.run("ws-setup", *WORKSPACE, "--session", "s1", "--", "touch", tmp_path / "turn", status=78, env=env)
    assert "an access key but not the secret key" in result.stderr and not (tmp_path / "turn").exists()
    leaves_nothing(base)


@pytest.mark.parametrize("at", ["claims", "commit"])
def test_a_save_that_was_killed_on_its_way_to_be_current_is_done_again(memory, faults, tmp_path, at):
    base = memory("ignored")
    seed(base, tmp_path, {"settings.json": "old"})
    start(base, "s1", {"settings.json": "new"})
    faults.backend = base.env["AWS_ENDPOINT_URL_S3"]
    method, where = ("GET", "prefix=.*claims") if at == "claims" else ("PUT", f"{HOME_KEY}$")
    faults.on(method, where, reply(200, silent=True, then="stall"), times=9)
    process = base.start("ws-teardown", "sess_s1", env={"AWS_ENDPOINT_URL_S3": faults.url})
    wait_until(lambda: faults.seen(method, where), what="the step")
    assert len(objects(base.store, "/claims/")) == 1
    process.kill()
    process.wait()
    base.teardown("sess_s1")
    assert read_files(untar(base.store.get(HOME_KEY), tmp_path / "now")) == {"settings.json": "new"}
    assert objects(base.store, "/claims/") == [] and objects(base.store, ".conflict-") == []


@pytest.mark.parametrize("at, claim_is_old_s, status", [("claims", 0, 0), ("commit", 0, 73), ("commit", 62, 0)])
def test_the_claim_of_a_save_that_was_killed_on_this_host_keeps_others_from_theirs_for_a_minute_at_most(memory, faults, tmp_path, at, claim_is_old_s, status):
    """And not at all while it had sent nothing that could still arrive. (It is an hour on another host.)"""
    base = memory("ignored")
    seed(base, tmp_path, {"settings.json": "old"})
    start(base, "s1", {"settings.json": "of one that was killed"})
    start(base, "s2", {"settings.json": "new"})
    faults.backend = base.env["AWS_ENDPOINT_URL_S3"]
    method, where = ("GET", "prefix=.*claims") if at == "claims" else ("PUT", f"{HOME_KEY}$")
    faults.on(method, where, reply(200, silent=True, then="stall"), times=9)
    process = base.start("ws-teardown", "sess_s1", env={"AWS_ENDPOINT_URL_S3": faults.url})
    wait_until(lambda: faults.seen(method, where), what="the step")
    # Its child, which saves, goes with it.
    process.kill()
    process.wait()
    (claim,) = objects(base.store, "/claims/")
    pid = int(claim.split("/")[-1].split(".")[1])
    wait_until(lambda: is_over(pid), what="the end of the save")
    base.store.s3.objects["b"][f"p/{claim}"].modified_s -= claim_is_old_s
    result = base.teardown("sess_s2", status=status)
    assert bool(re.search(rf"{claim}.* is ignored in (1 m 0|[45]\d\.\d) s", result.stderr)) == (status == 73), result
    assert len(objects(base.store, "/claims/")) == (status == 73)


# ---- two hosts, two bases ----


def other_host(base, tmp_path):
    """The same store, seen from another base; run with AS_OTHER_HOST it has another name, too."""
    return Base(base.ws, tmp_path / "elsewhere", base.store)


def test_two_hosts_on_one_workspace_the_second_is_told_who_has_it(base_and_store, tmp_path):
    here, there = base_and_store, other_host(base_and_store, tmp_path)
    session = Session(here, "--id", "t1", script="echo work >file")
    assert "tasks/t1.lease" in here.store.keys()
    result = there.run("ws-setup", "--id", "t1", status=75)
    assert socket.gethostname() in result.stderr and str(here.path) in result.stderr and "t1.lease" in result.stderr, result
    assert not (there.path / "t1").exists() and there.ls() == {}
    there.run("ws-setup", "--id", "t1", "--", "true", status=75)
    assert session.end()[0] == 0
    assert objects(here.store, "lease") == []
    assert (there.setup("--id", "t1") / "file").read_text() == "work\n"


def held_by_one(places, tmp_path):
    """So many hosts that take a workspace in the same moment: it runs in one of them, and the others are told."""
    flag = tmp_path / "flag"
    flag.touch()
    script = f'while [ -e "{flag}" ]; do sleep 0.02; done; pwd >>"{tmp_path}/ran"'
    running = [place.start("ws-setup", "--id", "t1", "--", "sh", "-c", script) for place in places]
    wait_until(lambda: sum(process.poll() is None for process in running) == 1, what="one that is left")
    flag.unlink()
    ended = [finish(process) for process in running]
    (winner,) = [place for place, (status, _, _) in zip(places, ended, strict=True) if status == 0]
    assert (tmp_path / "ran").read_text() == f"{winner.path}/t1\n"
    for status, _, err in ended:
        assert status == 0 or (status == 75 and str(winner.path) in err), err
    assert objects(winner.store, "lease") == [] and objects(winner.store, "claims/") == []


def hosts(base, tmp_path, count=12):
    return [Base(base.ws, tmp_path / f"host-{n}", base.store) for n in range(count)]


def test_of_many_hosts_that_come_in_the_same_moment_one_gets_the_workspace(base_and_store, tmp_path):
    """Swift 2.30 ignores conditions."""
    held_by_one(hosts(base_and_store, tmp_path), tmp_path)


@pytest.mark.parametrize("conditions", ["honoured", "ignored", "refused"])
def test_of_many_hosts_one_gets_it_whatever_becomes_of_conditions(memory, tmp_path, conditions):
    held_by_one(hosts(memory(conditions), tmp_path), tmp_path)


@pytest.mark.parametrize("claim_is_old_s", [0, 30, 62])
def test_a_claim_that_a_killed_host_left_is_named_and_ends(memory, faults, tmp_path, claim_is_old_s):
    """Whoever comes again from its base goes on; others after a minute, or when it has been removed."""
    base = memory("ignored")
    there = other_host(base, tmp_path)
    faults.backend = base.env["AWS_ENDPOINT_URL_S3"]
    faults.on("PUT", "t1.lease$", reply(200, silent=True, then="stall"), times=9)
    process = base.start("ws-setup", "--id", "t1", "--", "true", env={"AWS_ENDPOINT_URL_S3": faults.url})
    wait_until(lambda: faults.seen("PUT", "t1.lease$"), what="the lease's upload")
    process.kill()
    process.wait()
    (claim,) = objects(base.store, "claims/")
    base.store.s3.objects["b"][f"p/{claim}"].modified_s -= claim_is_old_s
    if claim_is_old_s == 30:
        refused = there.run("ws-setup", "--id", "t1", "--", "true", status=75)
        assert claim in refused.stderr and "ws-s3 rm" in refused.stderr, refused
        base.ws("ws-s3", "rm", f"{base.store.url}/{claim}", env=base.env)
    (there if claim_is_old_s else base).run("ws-setup", "--id", "t1", "--", "true")
    assert objects(base.store, "lease") == [] and objects(base.store, "claims/") == []


def test_two_hosts_the_names_of_hosts_tell_them_apart(file_base):
    """Two containers may see different bases at the same path."""
    need_root()
    session = Session(file_base, "--id", "t1")
    lease = file_base.store.directory / "tasks/t1.lease"
    shutil.copy(lease, f"{lease}.kept")
    assert session.end()[0] == 0
    os.rename(f"{lease}.kept", lease)
    script = 'hostname elsewhere && exec "$0" ws-setup --id t1'
    env = file_base.ws.environment(file_base.env)
    refused = helpers.run(["unshare", "--uts", "sh", "-c", script, helpers.BINARY], env=env, status=75)
    assert socket.gethostname() in refused.stderr
    file_base.setup("--id", "t1")


def test_two_hosts_a_lease_that_ended_is_taken_over_with_a_word(file_base, tmp_path):
    there = other_host(file_base, tmp_path)
    session = Session(file_base, "--id", "t1", "--lease", "2h", script="echo lost >file")
    session.signal(signal.SIGKILL)
    session.process.wait()
    there.run("ws-setup", "--id", "t1", status=75)
    lease = file_base.store.directory / "tasks/t1.lease"
    os.utime(lease, (time.time() - 7300,) * 2)
    result = there.run("ws-setup", "--id", "t1", "--", "true")
    assert "taken over" in result.stderr and socket.gethostname() in result.stderr, result


def test_two_hosts_the_one_that_waits_gets_it_when_the_other_lets_go(file_base, tmp_path):
    there = other_host(file_base, tmp_path)
    session = Session(file_base, "--id", "t1", script="echo work >file")
    waiting = there.start("ws-setup", "--id", "t1", "--wait", "30s")
    assert session.end()[0] == 0
    assert finish(waiting)[0] == 0
    assert (there.path / "t1/file").read_text() == "work\n"


def test_two_hosts_the_lease_is_renewed_while_the_command_runs_and_not_by_force(file_base, tmp_path):
    session = Session(file_base, "--id", "t1", "--lease", "60ms")
    lease = file_base.store.directory / "tasks/t1.lease"
    first = lease.stat().st_ino
    wait_until(lambda: lease.stat().st_ino != first, what="a renewal")
    there = other_host(file_base, tmp_path)
    there.setup("--id", "t1", "--lease", "0")
    assert session.end()[0] == 0


def test_a_store_that_cannot_be_written_to_is_no_reason_not_to_work(ws, tmp_path, faults):
    faults.on("PUT", r"\.lease|claims/", error(403, "AccessDenied"), times=9)
    faults.on("*", r"\.ws-probe", error(403, "AccessDenied"), times=99, optional=True)
    faults.on("*", "", error(404, "NoSuchKey"), times=99)
    env = {"AWS_ENDPOINT_URL_S3": faults.url, "AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "SK", "WS_STORE": "s3://b", "AWS_MAX_ATTEMPTS": "1"}
    result = Base(ws, tmp_path / "base", env=env).run("ws-setup", "--id", "t1", "--ephemeral", "--", "true")
    assert "lease" not in result.stderr
    result = Base(ws, tmp_path / "other", env=env).run("ws-setup", "--id", "t1", "--", "true", status=None)
    assert "no lease" in result.stderr and "AccessDenied" in result.stderr, result
