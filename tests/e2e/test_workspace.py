"""The main job: a workspace is made, worked in, saved, removed, restored, archived and collected; and what happens when the store
does not play along."""
import json
import os
import re
import signal
from pathlib import Path

import pytest
from faults import error, reply, reset, through

import ws as helpers
from place import (  # noqa: F401 (fixtures)
    Base,
    ObjectsOf,
    Session,
    base,
    base_and_store,
    broker,
    digest,
    file_base,
    fill,
    fill_disk,
    finish,
    make_files,
    need_root,
    one_message,
    project_hash,
    read_files,
    small_disk,
    tar,
    unmount_below,
    untar,
)

SESSION = ["--profile", "session", "--workspace", "w1"]
HOME_KEY = "workspaces/w1/claude-home.tar.gz"


# ---- profile task ----


def test_the_whole_life_of_a_workspace(base_and_store, tmp_path):
    base = base_and_store
    root = base.setup("--id", "t1", "--owner", "me", "--label", "kind=test")
    assert root == base.path / "t1" and os.listdir(root) == []
    assert base.ls("t1")["t1"]["state"] == "ready"
    before = fill(root)
    base.teardown("t1")
    assert not root.exists()
    assert [key for key in base.store.keys() if "/." not in f"/{key}"] == ["tasks/t1.tar.gz"]
    assert base.state("t1") == "saved"
    assert digest(untar(base.store.get("tasks/t1.tar.gz"), tmp_path / "by-tar")) == before

    assert base.setup("--id", "t1") == root
    assert digest(root) == before
    archive = tmp_path / "t1.tar.gz"
    base.run("ws-archive", "create", "-C", root, "-o", archive)
    base.run("ws-archive", "extract", "-C", tmp_path / "by-us", archive)
    assert digest(tmp_path / "by-us") == before

    plan, total = base.gc("--older", "0s")
    assert plan["t1"] == "trash idle" and total["trashed"] == 1 and not root.exists()
    assert len(base.area("trash")) == 1
    plan, total = base.gc("--trash-ttl", "0s")
    assert total["purged"] == 1 and base.area("trash") == []
    assert digest(base.setup("--id", "t1")) == before


def test_the_embedded_store_needs_no_option(base):
    before = fill(base.setup("--id", "t1"))
    base.teardown("t1")
    assert (base.path / ".ws/store/tasks/t1.tar.gz").exists()
    assert digest(base.setup("--id", "t1")) == before


def test_an_id_is_made_up_when_none_is_given(base):
    one, two = base.setup(), base.setup()
    assert one != two
    for path in (one, two):
        assert re.fullmatch(r"task-\d{13}-[0-9a-z]{9}", path.name) and path.is_dir()


def test_a_second_setup_takes_up_what_is_there(file_base):
    root = file_base.setup("--id", "t1")
    fill(root)
    before = digest(root)
    result = file_base.run("ws-setup", "-v", "--id", "t1")
    assert "it was there already" in result.stderr, result
    assert digest(root) == before


def test_the_directory_is_private(base):
    assert base.setup("--id", "t1").stat().st_mode & 0o7777 == 0o700
    assert base.setup("--id", "t2", "--mode", "2775").stat().st_mode & 0o7777 == 0o2775
    assert (base.path / ".ws").stat().st_mode & 0o777 == 0o700


def test_a_base_that_others_can_exchange_is_refused(plain_user, base):
    need_root()
    theirs = plain_user.dir / "theirs"
    theirs.mkdir(mode=0o777)
    os.chown(theirs, 12345, 12345)
    plain_user("ws-setup", "--base", theirs, "--id", "t1", status=77).complains("belongs to user 12345")
    mine = plain_user.dir / "mine"
    plain_user("ws-setup", "--base", mine, "--id", "t1")
    os.chown(mine / ".ws", 12345, 12345)
    plain_user("ws-setup", "--base", mine, "--id", "t2", status=77)
    base.run("ws-setup", "--base", mine, "--id", "t2", status=77).complains("belongs to user 12345")
    for place in ("/", base.ws.home):
        base.run("ws-setup", "--base", place, "--id", "t1", status=64)


def test_setup_prints_the_environment_and_json(base):
    quoted = "it's"
    text = base.run("ws-setup", "--id", "t1", "--label", f"a={quoted}", "--print", "env").stdout
    shell = helpers.run(["sh", "-c", f'{text}\nprintf %s "$WORKSPACE_PATH:$WORKSPACE_ID"']).stdout
    assert shell == f"{base.path}/t1:t1"
    line = json.loads(base.run("ws-setup", "--id", "t1", "--json").stdout)
    assert line["path"] == f"{base.path}/t1" and line["labels"] == {"a": quoted} and line["state"] == "ready"


def test_the_same_idempotency_key_gives_the_same_workspace(base):
    one = base.setup("--idempotency-key", "job-1")
    assert base.setup("--idempotency-key", "job-1") == one
    assert base.setup("--idempotency-key", "job-2") != one


def test_an_archive_can_be_the_start(file_base, tree, tmp_path):
    source = tree()
    (tmp_path / "start.tar.gz").write_bytes(tar(source, "--format=posix", "."))
    assert digest(file_base.setup("--id", "t1", "--from", tmp_path / "start.tar.gz"), top=False) == digest(source, top=False)
    (file_base.path / "t1/more").write_text("more")
    file_base.teardown("t1")
    root = file_base.setup("--id", "t1", "--from", tmp_path / "start.tar.gz")
    assert (root / "more").read_text() == "more"


def test_the_files_belong_to_the_user_that_was_asked_for(file_base, canary):
    need_root()
    root = file_base.setup("--id", "t1")
    fill(root)
    (root / "out").symlink_to(canary)
    (root / "out-file").symlink_to(canary / "run.sh")
    file_base.teardown("t1")
    root = file_base.setup("--id", "t1", "--user", "1234:4321")
    owners = {entry["owner"] for entry in digest(root, owner=True).values()}
    assert owners == {(1234, 4321)}


def test_keep_saves_and_leaves_the_workspace(file_base):
    root = file_base.setup("--id", "t1")
    before = fill(root)
    file_base.teardown("--keep", "t1")
    assert digest(root) == before and file_base.state("t1") == "ready"
    first = file_base.store.get("tasks/t1.tar.gz")
    (root / "more").write_text("more")
    file_base.teardown("t1")
    assert file_base.store.get("tasks/t1.tar.gz") != first
    assert (file_base.setup("--id", "t1") / "more").exists()


def test_discard_saves_nothing(file_base):
    fill(file_base.setup("--id", "t1"))
    file_base.teardown("--discard", "t1")
    assert not (file_base.path / "t1").exists() and file_base.store.keys() == []
    assert os.listdir(file_base.setup("--id", "t1")) == []


def test_what_was_discarded_can_be_had_back_while_it_is_in_the_trash(file_base):
    before = fill(file_base.setup("--id", "t1"))
    file_base.teardown("--discard", "--keep-trash", "t1")
    assert not (file_base.path / "t1").exists() and len(file_base.area("trash")) == 1
    assert digest(file_base.setup("--id", "t1")) == before
    assert file_base.area("trash") == []


@pytest.mark.parametrize("options", [["--ephemeral"], ["--label", "class=sensitive"]])
def test_an_ephemeral_or_sensitive_workspace_is_never_saved(file_base, options):
    fill(file_base.setup("--id", "t1", *options))
    file_base.teardown("t1")
    assert not (file_base.path / "t1").exists() and file_base.area("trash") == []
    fill(file_base.setup("--id", "t2", *options))
    plan, total = file_base.gc("--older", "0s")
    assert plan["t2"] == "trash idle" and total["trashed"] == 1
    assert file_base.store.keys() == []


def test_a_dry_run_changes_nothing(file_base, tmp_path):
    file_base.run("ws-setup", "--dry-run", "--id", "t1")
    assert not (file_base.path / "t1").exists() and not (file_base.path / ".ws/t1").exists()
    root = file_base.setup("--id", "t1")
    before = fill(root)
    state = file_base.record("t1")
    file_base.teardown("--dry-run", "t1")
    assert digest(root) == before and file_base.record("t1") == state and file_base.store.keys() == []


def test_teardown_of_several_goes_on_after_a_failure(file_base):
    for name in ("t1", "t2"):
        fill(file_base.setup("--id", name), odd=False)
    result = file_base.teardown("t1", "absent", "t2", status=1)
    assert "absent" in result.stderr and "1 of 3 workspaces failed" in result.stderr, result
    assert {"tasks/t1.tar.gz", "tasks/t2.tar.gz"} <= set(file_base.store.keys())


def test_a_second_teardown_has_nothing_to_do(file_base):
    fill(file_base.setup("--id", "t1"))
    file_base.teardown("t1")
    before = ObjectsOf(file_base.store)
    file_base.teardown("t1")
    assert before.unchanged()


def test_a_directory_that_its_user_removed_is_not_saved_as_empty(file_base):
    root = file_base.setup("--id", "t1")
    (root / "a").write_text("a")
    file_base.teardown("t1")
    before = ObjectsOf(file_base.store)
    os.unlink(file_base.setup("--id", "t1") / "a")
    root.rmdir()
    result = file_base.teardown("t1", status=66)
    assert "t1" in one_message(result, "ws-teardown")
    assert before.unchanged() and file_base.state("t1") == "missing"
    assert (file_base.setup("--id", "t1") / "a").read_text() == "a"


def test_a_stray_directory_is_set_aside_and_said_so(file_base):
    file_base.setup("--id", "other")
    (file_base.path / "t1").mkdir()
    stray = fill(file_base.path / "t1")
    result = file_base.run("ws-setup", "--id", "t1")
    assert "was in the way" in result.stderr, result
    assert os.listdir(file_base.path / "t1") == []
    (aside,) = file_base.area("quarantine")
    assert digest(aside) == stray


def test_exact_restore_leaves_no_older_files(file_base):
    root = file_base.setup("--id", "t1")
    (root / "kept").write_text("1")
    (root / "dropped").write_text("1")
    file_base.teardown("t1")
    root = file_base.setup("--id", "t1")
    (root / "dropped").unlink()
    file_base.teardown("t1")
    assert os.listdir(file_base.setup("--id", "t1")) == ["kept"]


def test_a_workspace_in_use_is_refused_and_waited_for(file_base):
    session = Session(file_base, "--id", "t1")
    result = file_base.run("ws-setup", "--id", "t1", status=75)
    assert f"held by pid {session.process.pid} " in one_message(result, "ws-setup")
    result = file_base.teardown("t1", status=75)
    assert f"held by pid {session.process.pid} " in one_message(result, "ws-teardown")
    listed = file_base.ls("t1")["t1"]
    assert listed["state"] == "active" and f"pid {session.process.pid} " in listed["holder"]
    waiting = file_base.start("ws-setup", "--id", "t1", "--wait", "30s")
    session.end()
    assert finish(waiting)[0] == 0 and (file_base.path / "t1").is_dir()


def test_what_a_killed_supervisor_left_is_taken_up(file_base):
    session = Session(file_base, "--id", "t1", script="echo work >file")
    session.signal(signal.SIGKILL)
    session.process.wait()
    assert file_base.state("t1") == "ready" and [key for key in file_base.store.keys() if key.startswith("tasks/t1")] == ["tasks/t1.lease"]
    assert (file_base.setup("--id", "t1") / "file").read_text() == "work\n"
    file_base.teardown("t1")
    assert "tasks/t1.tar.gz" in file_base.store.keys()


def test_the_journal_tells_what_happened(file_base):
    file_base.setup("--id", "t1")
    file_base.teardown("t1")
    events = [line["event"] for line in file_base.journal() if line["id"] == "t1"]
    assert events[0] == "create" and "ready" in events and len(events) >= 4
    assert all(line["time"].endswith("Z") and line["pid"] > 0 for line in file_base.journal())


def test_the_journal_is_bounded_and_its_newest_lines_stay(file_base):
    file_base.setup("--id", "t1")
    journal, older = file_base.path / ".ws/audit.jsonl", file_base.path / ".ws/audit.jsonl.1"
    old = b'{"event":"old"}\n' * (9 << 16)
    journal.write_bytes(old)
    running = [file_base.start("ws-setup", "--id", f"n{n}") for n in range(8)]
    assert [finish(process)[0] for process in running] == [0] * 8
    assert older.read_bytes().startswith(old)
    lines = (older.read_bytes() + journal.read_bytes())[len(old) :].splitlines()
    assert sorted(json.loads(line)["id"] for line in lines if b'"ready"' in line) == [f"n{n}" for n in range(8)]
    file_base.run("ws-setup", "--id", "audit.jsonl.1", status=64)
    file_base.teardown("t1")
    file_base.gc()


def test_what_cannot_be_read_is_never_saved_over_what_is_complete(plain_user, tmp_path):
    env = {"WORKSPACE_DIR": f"{plain_user.dir}/base", "WS_STORE": f"file://{plain_user.dir}/store"}
    run = lambda *args, **options: plain_user(*args, env=env, **options)  # noqa: E731
    saved = plain_user.dir / "store/tasks/t1.tar.gz"
    root = Path(run("ws-setup", "--id", "t1").stdout.strip())
    plain_user.run("sh", "-c", f"cd {root} && mkdir shut && echo a >a && echo b >shut/b")
    run("ws-teardown", "t1")
    complete = saved.read_bytes()
    run("ws-setup", "--id", "t1")
    plain_user.run("sh", "-c", f"cd {root} && chmod 0 shut/b && echo c >c")
    result = run("ws-teardown", "--keep-going", "t1", status=1)
    assert "shut/b" in result.stderr, result
    assert saved.read_bytes() == complete
    partial = untar(Path(f"{saved}.partial").read_bytes(), tmp_path / "partial")
    assert read_files(partial) == {"a": "a\n", "c": "c\n"}
    spooled = plain_user.dir / "base/.ws/spool/t1"
    assert (spooled / "c").read_text() == "c\n"
    (spooled / "shut/b").chmod(0o600)
    run("ws-teardown", "--retry")
    assert read_files(untar(saved.read_bytes(), tmp_path / "all")) == {"a": "a\n", "c": "c\n", "shut/b": "b\n"}


def test_an_unreadable_file_makes_the_save_fail_and_the_directory_is_kept(plain_user):
    env = {"WORKSPACE_DIR": f"{plain_user.dir}/base", "WS_STORE": f"file://{plain_user.dir}/store"}
    root = Path(plain_user("ws-setup", "--id", "t1", env=env).stdout.strip())
    plain_user.run("sh", "-c", f"cd {root} && echo a >a && echo b >b && chmod 0 b")
    result = plain_user("ws-teardown", "t1", env=env, status=75)
    assert "b" in result.stderr and not (plain_user.dir / "store/tasks/t1.tar.gz").exists(), result
    assert (plain_user.dir / "base/.ws/spool/t1/a").read_text() == "a\n"


# ---- profile session: cc-broker's tree and keys ----


def session_root(base, session):
    return Path(base.ws.home) / f"tmp/cc-broker/sess_{session}"


def session_files(root, session="abc"):
    hashed = project_hash(root)
    return {
        "settings.json": "{}",
        "projects/ws_w1/memory/notes.md": "remember",
        f"projects/{hashed}/{session}.jsonl": '{"turn":1}\n',
        f"projects/{hashed}/aux/todo.json": "[]",
    }


def timeless(tree, hashed):
    """Three objects make one tree: directories into which a later one puts something get a new time."""
    parts = (".", "projects", f"projects/{hashed}")
    return {name: {**entry, "mtime_ns": 0} if name in parts else entry for name, entry in tree.items()}


def test_a_session_has_the_tree_and_the_keys_of_the_go_package(broker, tmp_path):
    result = broker.run("ws-setup", *SESSION, "--session", "cse_abc", "--print", "env")
    root = session_root(broker, "cse_abc")
    assert f"CLAUDE_CONFIG_DIR='{root}/claude-config'" in result.stdout
    assert f"CLAUDE_COWORK_MEMORY_PATH_OVERRIDE='{root}/claude-config/projects/ws_w1/memory'" in result.stdout
    assert (root / "project").is_dir() and (root / "claude-config/projects/ws_w1/memory").is_dir()
    files = session_files(root)
    make_files(root / "claude-config", files)
    before = digest(root / "claude-config")
    where = ["--base", root.parent]
    broker.teardown(*where, "sess_cse_abc")
    assert not root.exists()
    keys = [key for key in broker.store.keys() if "/." not in f"/{key}" and ".gen/" not in key]
    assert keys == [HOME_KEY, "workspaces/w1/sessions/cse_abc.jsonl", "workspaces/w1/sessions/cse_abc.tar.gz"]

    hashed = project_hash(root)
    assert broker.store.get("workspaces/w1/sessions/cse_abc.jsonl") == b'{"turn":1}\n'
    shared = {name: text for name, text in files.items() if hashed not in name}
    own = {name.split(f"{hashed}/")[1]: text for name, text in files.items() if hashed in name}
    assert read_files(untar(broker.store.get(HOME_KEY), tmp_path / "home-by-tar")) == shared
    assert read_files(untar(broker.store.get("workspaces/w1/sessions/cse_abc.tar.gz"), tmp_path / "own-by-tar")) == own

    broker.setup(*SESSION, "--session", "cse_abc")
    assert timeless(digest(root / "claude-config"), hashed) == timeless(before, hashed)
    other = broker.setup(*SESSION, "--session", "cse_def")
    assert read_files(other / "claude-config") == shared


def test_a_session_that_the_go_package_saved_is_restored(broker, tmp_path):
    root = session_root(broker, "cse_abc")
    files = session_files(root)
    hashed = project_hash(root)
    shared = make_files(tmp_path / "shared", {name: text for name, text in files.items() if hashed not in name})
    own = make_files(tmp_path / "own", {"abc.jsonl": '{"turn":1}\n', "aux/todo.json": "[]"})
    broker.store.put(HOME_KEY, tar(shared, "settings.json", "projects"))
    broker.store.put("workspaces/w1/sessions/cse_abc.tar.gz", tar(own, "abc.jsonl", "aux"))
    assert broker.setup(*SESSION, "--session", "cse_abc") == root
    assert read_files(root / "claude-config") == files
    result = broker.teardown("--base", root.parent, "sess_cse_abc")
    assert "onflict" not in result.stderr, result
    assert read_files(untar(broker.store.get(HOME_KEY), tmp_path / "by-tar")) == read_files(shared)


def test_an_old_transcript_alone_is_restored(broker):
    """Version 0.43 of the package saved only the transcript; there is no archive of the session."""
    broker.store.put("workspaces/w1/sessions/cse_abc.jsonl", b'{"turn":7}\n')
    root = broker.setup(*SESSION, "--session", "cse_abc")
    assert (root / "claude-config/projects" / project_hash(root) / "abc.jsonl").read_text() == '{"turn":7}\n'


def test_the_stale_copy_of_a_session_in_the_home_archive_does_not_win(broker, tmp_path):
    """Restore is exact: what the archive of the session does not have is not there, whatever the shared one holds."""
    root = session_root(broker, "cse_abc")
    hashed = project_hash(root)
    stale = make_files(tmp_path / "shared", {"settings.json": "{}", f"projects/{hashed}/abc.jsonl": "old\n", f"projects/{hashed}/stale": "x"})
    own = make_files(tmp_path / "own", {"abc.jsonl": "new\n"})
    broker.store.put(HOME_KEY, tar(stale, "settings.json", "projects"))
    broker.store.put("workspaces/w1/sessions/cse_abc.tar.gz", tar(own, "abc.jsonl"))
    broker.setup(*SESSION, "--session", "cse_abc")
    assert read_files(root / "claude-config/projects" / hashed) == {"abc.jsonl": "new\n"}


def test_a_second_client_writes_and_reads_the_objects_of_a_session(ws, s3, aws, tmp_path):
    bucket = s3.bucket()
    base = Base(ws, tmp_path / "base", env={**s3.env, "WS_STORE": f"s3://{bucket}"})
    source = make_files(tmp_path / "shared", {"settings.json": "{}", "projects/ws_w1/memory/notes.md": "from awscli"})
    (tmp_path / "home.tar.gz").write_bytes(tar(source, "settings.json", "projects"))
    aws("s3", "cp", tmp_path / "home.tar.gz", f"s3://{bucket}/{HOME_KEY}")
    root = base.setup(*SESSION, "--session", "s1")
    assert read_files(root / "claude-config") == read_files(source)
    (root / "claude-config/settings.json").write_text('{"changed":true}')
    base.teardown("sess_s1")
    body = aws("s3", "cp", f"s3://{bucket}/{HOME_KEY}", "-").output
    assert read_files(untar(body, tmp_path / "by-aws"))["settings.json"] == '{"changed":true}'
    assert s3.client.head_object(Bucket=bucket, Key=HOME_KEY)["ContentType"] == "application/gzip"


def test_the_second_of_two_sessions_loses_nothing(base_and_store, tmp_path):
    base = base_and_store
    base.store.put(HOME_KEY, tar(make_files(tmp_path / "shared", {"settings.json": "0"}), "settings.json"))
    one, two = (base.setup(*SESSION, "--session", name) for name in ("s1", "s2"))
    make_files(one / "claude-config", {"settings.json": "1", "projects/ws_w1/memory/one": "1"})
    make_files(two / "claude-config", {"settings.json": "2", "projects/ws_w1/memory/two": "2"})
    make_files(two / "claude-config/projects" / project_hash(two), {"s2.jsonl": "turn\n"})
    base.teardown("sess_s1")
    first = base.store.get(HOME_KEY)
    result = base.teardown("sess_s2", status=73)
    message = result.stderr.splitlines()[-1]
    (side,) = [key for key in base.store.keys() if ".conflict-" in key and "/." not in key]
    assert re.fullmatch(r"workspaces/w1/claude-home\.conflict-(sess_)?s2-\d{13}\.tar\.gz", side), side
    assert side in message, result
    assert base.store.get(HOME_KEY) == first
    assert read_files(untar(base.store.get(side), tmp_path / "side")) == {"settings.json": "2", "projects/ws_w1/memory/two": "2"}
    assert base.store.get("workspaces/w1/sessions/s2.jsonl") == b"turn\n"
    assert not two.exists() and base.state("sess_s2") == "saved"


def test_a_remote_state_is_overwritten_only_when_that_is_asked_for(file_base):
    root = file_base.setup("--id", "t1")
    (root / "a").write_text("mine")
    file_base.store.put("tasks/t1.tar.gz", b"somebody else's")
    file_base.teardown("--keep", "t1", status=73)
    assert file_base.store.get("tasks/t1.tar.gz") == b"somebody else's" and root.exists()
    file_base.teardown("--overwrite-remote", "t1")
    assert (file_base.setup("--id", "t1") / "a").read_text() == "mine"


# ---- a store that fails ----


def nothing_was_left(base, name="t1"):
    assert not (base.path / name).exists() and base.area("staging") == [], os.listdir(base.path)
    assert not (base.path / ".ws" / name).exists()


def test_a_corrupt_object_leaves_nothing_and_nothing_is_uploaded_later(base_and_store):
    base = base_and_store
    base.store.put("tasks/t1.tar.gz", b"\x1f\x8b\x08\x00" + b"this is no deflate stream" * 40)
    before = ObjectsOf(base.store)
    result = base.run("ws-setup", "--id", "t1", status=65)
    assert "tasks/t1.tar.gz" in one_message(result, "ws-setup")
    nothing_was_left(base)
    assert base.teardown("t1", status=66) and before.unchanged()


@pytest.mark.parametrize(
    "fault, status",
    [
        (error(403, "AccessDenied"), 77),
        (error(500, "InternalError"), 75),
        (error(503, "SlowDown"), 75),
        (reset(), 75),
        (reply(200, b"<html>a proxy's page</html>", {"ETag": '"x"'}), 65),
    ],
    ids=["403", "500", "503", "reset", "html"],
)
def test_a_failed_read_leaves_nothing_and_nothing_is_uploaded_later(ws, tmp_path, faults, fault, status):
    env = {"AWS_ENDPOINT_URL_S3": faults.url, "AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "SK", "AWS_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "2"}
    base = Base(ws, tmp_path / "base", env={**env, "WS_STORE": "s3://bucket/p"})
    faults.on("*", "", fault, times=1000)
    result = base.run("ws-setup", "--id", "t1", status=status)
    assert "s3://bucket/p/tasks/t1.tar.gz" in one_message(result, "ws-setup")
    nothing_was_left(base)
    base.teardown("t1", status=66)
    assert not [r for r in faults.requests if r.method not in ("GET", "HEAD")]


def test_a_refused_connection_leaves_nothing(ws, tmp_path, closed_port):
    env = {"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{closed_port}", "AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "SK"}
    base = Base(ws, tmp_path / "base", env={**env, "WS_STORE": "s3://bucket/p", "AWS_MAX_ATTEMPTS": "2"})
    result = base.run("ws-setup", "--id", "t1", status=69)
    assert "refused" in one_message(result, "ws-setup")
    nothing_was_left(base)
    base.teardown("t1", status=66)


def test_a_workspace_that_was_there_stays_when_the_restore_fails(file_base):
    """SAVED, gone, and now its archive is damaged: the record must still know what it knew."""
    root = file_base.setup("--id", "t1")
    fill(root)
    file_base.teardown("t1")
    good = file_base.store.get("tasks/t1.tar.gz")
    record = file_base.record("t1")
    file_base.store.put("tasks/t1.tar.gz", good[:-200])
    file_base.run("ws-setup", "--id", "t1", status=65)
    assert file_base.record("t1")["state"] == record["state"] == "saved" and not root.exists()
    assert file_base.area("staging") == []


@pytest.fixture
def failing(ws, tmp_path, servers, faults):
    """A base on a real server behind a proxy that fails on request."""
    s3 = helpers.S3("swift", servers("swift"))
    store = helpers.S3Store(s3)
    faults.backend = s3.plain_endpoint
    base = Base(ws, tmp_path / "base", store)
    base.env.update({"AWS_ENDPOINT_URL_S3": faults.url, "AWS_MAX_ATTEMPTS": "2"})
    return base


def heal(faults):
    """From now on everything goes through."""
    for rule in faults._rules:
        rule.left = 0


@pytest.mark.parametrize("fault", [error(503, "SlowDown"), error(403, "AccessDenied"), reset(read=10)], ids=["503", "403", "reset"])
def test_a_failed_upload_is_spooled_and_sent_later(failing, faults, fault):
    root = failing.setup("--id", "t1")
    before = fill(root)
    faults.on("PUT", "tasks/t1", fault, times=100)
    result = failing.teardown("t1", status=75)
    heal(faults)
    assert "--retry" in result.stderr and "t1" in result.stderr, result
    assert not root.exists() and failing.store.keys() == [] and failing.state("t1") == "spooled"
    assert digest(failing.path / ".ws/spool/t1") == before
    line = json.loads(failing.teardown("--retry", "--json").stdout)
    assert line == {"sent": 1, "left": 0}
    assert failing.area("spool") == [] and failing.state("t1") == "saved"
    assert digest(failing.setup("--id", "t1")) == before


def test_a_dry_run_says_in_words_what_would_be_done_and_sends_nothing(failing, faults):
    fill(failing.setup("--id", "t1"))
    assert failing.teardown("-n", "t1").stdout == "t1: would be saved and removed\n"
    assert failing.teardown("-n", "--keep", "t1").stdout == "t1: would be saved\n"
    assert failing.teardown("-n", "--discard", "t1").stdout == "t1: would be discarded\n"
    faults.on("PUT", "tasks/t1", error(403, "AccessDenied"), times=100)
    failing.teardown("t1", status=75)
    assert failing.teardown("--retry", "-n").stdout == "1 would be sent from the spool, 0 left\n"
    heal(faults)
    faults.on("HEAD", "tasks/t1", error(503, "SlowDown"), times=100)
    result = failing.teardown("--retry", "-n", status=75)
    assert result.stdout == "0 would be sent from the spool, 1 left\n"
    assert failing.state("t1") == "spooled" and failing.store.keys() == []


def test_what_is_still_refused_stays_in_the_spool(failing, faults):
    before = fill(failing.setup("--id", "t1"))
    faults.on("PUT", "tasks/t1", error(403, "AccessDenied"), times=100)
    failing.teardown("t1", status=75)
    result = failing.teardown("--retry", status=None)
    assert result.status in (1, 75) and "t1" in result.stderr, result
    assert "1 of 1 workspaces are still in the spool" in result.stderr, result
    assert digest(failing.path / ".ws/spool/t1") == before


def test_a_setup_brings_back_what_is_spooled(failing, faults):
    before = fill(failing.setup("--id", "t1"))
    faults.on("PUT", "tasks/t1", error(403, "AccessDenied"), times=100)
    failing.teardown("t1", status=75)
    heal(faults)
    result = failing.run("ws-setup", "-v", "--id", "t1")
    assert "back from the spool" in result.stderr, result
    assert digest(failing.path / "t1") == before and failing.area("spool") == []
    failing.teardown("t1")
    assert failing.store.keys() == ["tasks/t1.tar.gz"]


def test_an_upload_whose_answer_was_lost_is_known_as_our_own(failing, faults):
    """The object is there, and we were not told: the next try must not take it for somebody else's."""
    before = fill(failing.setup("--id", "t1"))
    faults.on("PUT", "tasks/t1", through(silent=True, then="reset"), times=1)
    result = failing.teardown("t1", status=None)
    if result.status == 75:
        failing.teardown("--retry")
    else:
        assert result.status == 0, result
    assert [key for key in failing.store.keys() if "conflict" in key] == []
    assert digest(failing.setup("--id", "t1")) == before


@pytest.fixture
def small(ws, tmp_path):
    """A base with its store on a disk of 4 MiB."""
    directory = small_disk(tmp_path / "disk", "4m")
    yield Base(ws, directory / "base")
    unmount_below(directory)


def test_on_a_full_disk_the_work_goes_to_the_spool_and_is_sent_later(small):
    root = small.setup("--id", "t1")
    before = fill(root, odd=False)
    ballast = fill_disk(small.path.parent)
    result = small.teardown("t1", status=75)
    assert "No space left on device" in result.stderr and "--retry" in result.stderr, result
    assert digest(small.path / ".ws/spool/t1") == before and not root.exists()
    ballast.unlink()
    small.teardown("--retry")
    assert digest(small.setup("--id", "t1")) == before


def test_on_a_full_disk_a_setup_leaves_nothing_and_loses_nothing(small, tree, tmp_path):
    root = small.setup("--id", "t1")
    make_files(root, {"half": "x" * 1_000_000})
    os.truncate(root / "half", 900_000)
    (root / "random").write_bytes(os.urandom(1_000_000))
    before = digest(root)
    small.teardown("t1")
    ballast = fill_disk(small.path.parent)
    result = small.run("ws-setup", "--id", "t1", status=74)
    assert "No space left on device" in result.stderr, result
    assert not root.exists() and small.area("staging") == []
    ballast.unlink()
    assert digest(small.setup("--id", "t1")) == before


def test_the_collector_works_on_a_full_disk(small):
    fill(small.setup("--id", "t1", "--ephemeral"), odd=False)
    small.gc("--older", "0s")
    ballast = fill_disk(small.path.parent)
    assert small.gc("--trash-ttl", "0s", status=None)[1]["purged"] == 1
    assert small.area("trash") == []
    ballast.unlink()


def test_a_deadline_ends_in_the_spool(failing, faults):
    before = fill(failing.setup("--id", "t1"))
    faults.on("PUT", "tasks/t1", reply(200, then="stall", silent=True), times=10, optional=True)
    result = failing.teardown("--deadline", "500ms", "t1", status=75, timeout=15)
    assert "--retry" in result.stderr, result
    assert digest(failing.path / ".ws/spool/t1") == before
