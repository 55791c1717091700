"""ws-gc --archive-to and --compress-after: verified, and the stub that is left brings everything back."""
import json
import os

import pytest

import ws as helpers
from faults import error, through
from place import Base, base, base_and_store, digest, file_base, fill, make_files, one_message, untar  # noqa: F401 (fixtures)
from test_git import create, repo  # noqa: F401 (fixtures)


@pytest.fixture
def archives(tmp_path):
    return helpers.FileStore(tmp_path / "archives")


def keys(store):
    """Without the file store's own files."""
    return [key for key in store.keys() if not key.rpartition("/")[2].startswith(".")]


def archive(base, archives, *args, **options):
    return base.gc("--older", "0s", "--archive-to", archives.url, *args, **options)


def test_what_is_taken_goes_into_an_archive_and_comes_back_from_its_stub(base_and_store, ws, tmp_path):
    base = base_and_store
    s3 = base.store.s3
    archives = helpers.S3Store(s3) if s3 else helpers.FileStore(tmp_path / "archives")
    before = fill(base.setup("--id", "t1"))
    plan, total = archive(base, archives)
    assert plan == {"t1": "trash idle"} and total["trashed"] == 1 and not (base.path / "t1").exists()
    (key,) = keys(archives)
    assert key.startswith("t1-") and key.endswith(".tar.gz") and keys(base.store) == []
    shown = base.ls("t1")["t1"]
    assert (shown["state"], shown["archive_url"]) == ("archived", f"{archives.url}/{key}")
    base.gc("--trash-ttl", "0s", "--forget-records", "0s", "--orphans")
    assert base.area("trash") == []
    assert digest(base.setup("--restore", "t1")) == before
    assert base.state("t1") == "ready" and not base.record("t1")["archive_url"]
    base.teardown("t1")
    assert keys(base.store) == ["tasks/t1.tar.gz"] and digest(base.setup("--id", "t1")) == before


def test_any_tar_reads_it(file_base, archives, tmp_path):
    before = fill(file_base.setup("--id", "t1"))
    archive(file_base, archives)
    (key,) = keys(archives)
    found = digest(untar(archives.get(key), tmp_path / "out"), top=False)
    assert found == {name: entry for name, entry in before.items() if name != "."}


def test_an_older_archive_is_not_written_over(file_base, archives):
    for text in ("one", "two"):
        make_files(file_base.setup("--id", "t1"), {"file": text})
        archive(file_base, archives)
    assert len(keys(archives)) == 2 and (file_base.setup("--id", "t1") / "file").read_text() == "two"


def test_the_state_of_the_store_is_guarded_as_before(file_base, archives):
    """Law 1 holds over the archive: what somebody stored meanwhile is not written over."""
    make_files(file_base.setup("--id", "t1"), {"file": "one"})
    archive(file_base, archives)
    file_base.store.put("tasks/t1.tar.gz", b"somebody else's")
    file_base.setup("--restore", "t1")
    file_base.teardown("t1", status=73)
    assert file_base.store.get("tasks/t1.tar.gz") == b"somebody else's"


def test_a_changed_archive_is_refused_and_nothing_is_lost(file_base, archives):
    make_files(file_base.setup("--id", "t1"), {"file": "one"})
    archive(file_base, archives)
    (key,) = keys(archives)
    good = archives.get(key)
    make_files(file_base.setup("--id", "t2"), {"file": "other"})
    other = next(k for k in (archive(file_base, archives), keys(archives))[1] if k.startswith("t2"))
    archives.put(key, archives.get(other))
    result = file_base.run("ws-setup", "--restore", "t1", status=65)
    assert "not the archive that was made of t1" in one_message(result, "ws-setup") and file_base.state("t1") == "archived"
    archives.put(key, good)
    assert (file_base.setup("--restore", "t1") / "file").read_text() == "one"


def test_a_missing_archive_is_told_and_not_taken_for_an_empty_one(file_base, archives):
    make_files(file_base.setup("--id", "t1"), {"file": "one"})
    archive(file_base, archives)
    (key,) = keys(archives)
    os.unlink(archives.directory / key)
    assert key in one_message(file_base.run("ws-setup", "--restore", "t1", status=66), "ws-setup")
    assert file_base.state("t1") == "archived"


def test_an_archive_that_does_not_arrive_whole_keeps_the_workspace(ws, tmp_path, servers, faults):
    s3 = helpers.S3("swift", servers("swift"))
    faults.backend = s3.plain_endpoint
    base = Base(ws, tmp_path / "base", helpers.FileStore(tmp_path / "store"))
    base.env.update({**s3.env, "AWS_ENDPOINT_URL_S3": faults.url, "AWS_MAX_ATTEMPTS": "1"})
    archives = helpers.S3Store(s3)
    before = fill(base.setup("--id", "t1"))
    faults.on("PUT", "t1-", error(403, "AccessDenied"))
    assert "t1" in base.run("ws-gc", "--older", "0s", "--archive-to", archives.url, status=1).stderr
    faults.on("GET", "t1-", through(flip=0), times=50)
    assert "verify" in base.run("ws-gc", "--older", "0s", "--archive-to", archives.url, status=1).stderr
    assert digest(base.path / "t1") == before and base.state("t1") == "ready" and keys(archives) == []


def test_sensitive_and_ephemeral_ones_are_not_archived(file_base, archives):
    for name, options in (("s1", ["--label", "class=sensitive"]), ("e1", ["--ephemeral"])):
        make_files(file_base.setup("--id", name, *options), {"file": name})
    plan, total = archive(file_base, archives)
    assert keys(archives) == [] and keys(file_base.store) == [] and total["trashed"] == 2 and total["purged"] == 1
    assert [path.name.split(".")[1] for path in file_base.area("trash")] == ["e1"] and list(file_base.ls()) == ["e1"]


def test_undo_of_what_was_archived_goes_on_with_the_directory(file_base, archives):
    before = fill(file_base.setup("--id", "t1"))
    archive(file_base, archives)
    file_base.run("ws-gc", "--undo", "t1")
    assert digest(file_base.path / "t1") == before and file_base.state("t1") == "ready"
    file_base.teardown("t1")
    assert digest(file_base.setup("--id", "t1")) == before


def test_work_in_git_is_taken_when_it_is_archived_first(file_base, archives, repo):
    root = file_base.setup("--id", "t1")
    helpers.run(["git", "clone", "-q", "--no-hardlinks", repo.upstream, root / "repo"])
    (root / "repo/new").write_text("new")
    before = digest(root)
    assert file_base.gc("--older", "0s")[0]["t1"] == "keep git-dirty"
    assert archive(file_base, archives)[0]["t1"] == "trash idle"
    assert digest(file_base.setup("--restore", "t1")) == before


def test_a_worktree_is_archived_and_made_again_from_its_repository(file_base, archives, repo):
    root = create(file_base, repo)
    (root / "new").write_text("new")
    (root / ".env").write_text("ignored")
    assert archive(file_base, archives)[0]["t1"] == "trash idle" and repo.worktrees() == []
    assert len(keys(archives)) == 1
    assert file_base.setup("--restore", "t1") == root and repo.worktrees() == [str(root)]
    assert (root / "new").read_text() == "new" and (root / ".env").read_text() == "ignored"


def test_a_worktree_that_can_not_be_saved_leaves_no_archive_behind_with_each_run(file_base, archives, repo):
    root = create(file_base, repo)
    repo.git("checkout", "-q", "--orphan", "fresh", cwd=root)
    for _ in range(2):
        result = file_base.run("ws-gc", "--older", "0s", "--archive-to", archives.url, status=1)
        assert "no commit" in result.stderr and root.exists() and keys(archives) == []


@pytest.mark.parametrize("profile", ["session", "volumes", "flat"])
def test_every_profile_comes_back_whole(file_base, archives, profile):
    words = {"session": ["--workspace", "w", "--session", "s"], "volumes": ["--id", "t1"], "flat": ["--id", "t1"]}[profile]
    root = file_base.setup("--profile", profile, *words)
    make_files(root, {"beside.txt": "no part has this"})
    before = digest(root)
    archive(file_base, archives)
    assert not root.exists()
    assert file_base.setup("--restore", root.name) == root
    found = digest(root)
    assert found["beside.txt"] == before["beside.txt"] and found.keys() == before.keys()


def test_compressed_where_it_is_and_brought_back(file_base):
    before = fill(file_base.setup("--id", "t1"))
    plan, total = file_base.gc("--compress-after", "0s", "--older", "7d", "--min-age", "0s")
    assert plan == {"t1": "compress compress-after"} and total["compressed"] == 1 and total["trashed"] == 0
    assert not (file_base.path / "t1").exists() and file_base.state("t1") == "archived"
    file_base.gc("--trash-ttl", "0s")
    assert digest(file_base.setup("--restore", "t1")) == before


def test_what_was_compressed_goes_to_the_archives_when_its_time_has_come(file_base, archives):
    before = fill(file_base.setup("--id", "t1"))
    file_base.gc("--compress-after", "0s", "--min-age", "0s")
    local = list((file_base.path / ".ws/store/archive").iterdir())
    assert file_base.gc("--older", "7d", "--archive-to", archives.url)[0]["t1"] == "keep gone" and len(local) == 1
    plan, total = archive(file_base, archives)
    assert plan["t1"] == "send idle" and total["sent"] == 1 and total["freed_bytes"] > 0
    assert not local[0].exists() and len(keys(archives)) == 1
    assert archive(file_base, archives)[0]["t1"] == "keep gone"
    file_base.gc("--trash-ttl", "0s")
    assert digest(file_base.setup("--restore", "t1")) == before


def test_a_policy_file_says_both(file_base, archives, tmp_path):
    policy = tmp_path / "policy"
    policy.write_text(f"[rule all]\ncompress-after = 0s\nmin-age = 0s\n[rule never]\n[gc]\narchive-to = {archives.url}\n")
    fill(file_base.setup("--id", "t1"))
    lines = [json.loads(x) for x in file_base.run("ws-gc", "--policy", policy, "--explain", "--json").stdout.splitlines()]
    assert lines[0]["explain"] == "rule all: compress-after 0 ms" and file_base.state("t1") == "archived"
    policy.write_text(f"[rule all]\nolder = 0s\n[gc]\narchive-to = {archives.url}\n")
    assert file_base.gc("--policy", policy)[0]["t1"] == "send idle" and len(keys(archives)) == 1


def test_killed_anywhere_the_archive_or_the_directory_is_there(file_base, archives):
    import signal
    import time

    before = fill(file_base.setup("--id", "t1"))
    for step in range(60):
        process = file_base.start("ws-gc", "--older", "0s", "-q", "--archive-to", archives.url)
        time.sleep(step * 0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
        file_base.check("t1")
        if not (file_base.path / "t1").exists():
            break
    assert digest(file_base.setup("--restore", "t1")) == before
