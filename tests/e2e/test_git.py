"""Worktrees and clones (document 004): the sentences of that interface, and each way that its users lost work."""
import fcntl
import json
import os
import random
import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import ws as helpers
from place import Base, Session, base, base_and_store, file_base, make_files, need_root, one_message, unmount_below, wait_until, xfs_disk  # noqa: F401 (fixtures)
from repo import ENV, Repo, content, make_work


@pytest.fixture
def repo(tmp_path):
    return Repo(tmp_path)


def create(base, repo, name="t1", branch="fix", *args, **options):
    return base.setup("--id", name, "--git", repo.path, "--branch", branch, *args, **options)


def refuse(base, repo, status, *args, name="t2", branch="fix", code=None):
    """What is said when a workspace can't be made; nothing of it is left."""
    result = base.run("ws-setup", "--json", "--id", name, "--git", repo.path, "--branch", branch, *args, status=status)
    assert not (base.path / name).exists() and base.area("staging") == []
    assert json.loads(result.stdout)["error"].get("code") == code
    return one_message(result, "ws-setup")


# ---- create, list, exists, destroy ----


def test_each_session_has_its_own_branch_and_working_directory(base, repo):
    one, two = create(base, repo, "s1", "session/1"), create(base, repo, "s2", "session/2")
    assert [repo.git("branch", "--show-current", cwd=root) for root in (one, two)] == ["session/1", "session/2"]
    (one / "file").write_text("mine\n")
    assert (two / "file").read_text() == (repo.path / "file").read_text() == "one\n"
    assert sorted(repo.worktrees()) == [str(one), str(two)]
    assert base.record("s1")["profile"] == "worktree" and (one / ".git").is_file()


def test_a_clone_is_isolated_from_its_source(base, repo):
    root = create(base, repo, "c1", "fix", "--profile", "clone")
    assert (root / ".git").is_dir() and repo.git("branch", "--show-current", cwd=root) == "fix"
    assert not (root / ".git/objects/info/alternates").exists()
    assert repo.git("remote", "get-url", "origin", cwd=root) == str(repo.upstream)
    shutil.rmtree(repo.path)
    repo.git("fsck", "--full", cwd=root)
    assert repo.git("log", "--format=%s", cwd=root) == "first"


@pytest.mark.parametrize("origin", ["upstream", "none"])
def test_a_clone_shares_blocks_with_its_source_where_the_file_system_can(ws, tmp_path, origin):
    """XFS in a file. It has all objects itself: the source may go."""
    need_root()
    xfs_disk(tmp_path / "disk")
    try:
        repo, base = Repo(tmp_path / "disk"), Base(ws, tmp_path / "disk/base")
        (repo.path / "large").write_bytes(random.Random(1).randbytes(3_000_000))
        repo.commit("large")
        repo.git("repack", "-a", "-d", "-q")
        (repo.path / "loose").write_text("loose")
        repo.commit("loose")
        if origin == "none":
            repo.git("remote", "remove", "origin")
        root = create(base, repo, "c1", "fix", "--profile", "clone", "--ref", "main" if origin == "none" else repo.git("rev-parse", "HEAD"))
        assert not (root / ".git/objects/info/alternates").exists()
        pack = next((root / ".git/objects/pack").glob("*.pack"))
        os.sync()
        assert "shared" in helpers.run(["filefrag", "-v", pack]).stdout
        shutil.rmtree(repo.path)
        shutil.rmtree(repo.upstream)
        repo.git("fsck", "--full", cwd=root)
        assert (root / "loose").read_text() == "loose" and (root / "large").stat().st_size == 3_000_000
    finally:
        unmount_below(tmp_path)


def test_the_source_may_be_a_url_for_a_clone_and_not_for_a_worktree(base, repo):
    url = f"file://{repo.upstream}"
    root = base.setup("--id", "c1", "--profile", "clone", "--git", url, "--branch", "fix")
    assert (root / "file").read_text() == "one\n" and repo.git("remote", "get-url", "origin", cwd=root) == url
    result = base.run("ws-setup", "--id", "w1", "--git", url, "--branch", "b", status=64)
    assert "--profile clone" in one_message(result, "ws-setup")
    secret = base.run("ws-setup", "--profile", "clone", "--id", "c2", "--git", "https://me:hunter2@localhost/r", "--branch", "b", status=64)
    assert "hunter2" not in secret.stderr


def test_workspaces_of_a_project_are_listed(base, repo):
    root = create(base, repo, "s1", "a", "--label", "project=p1", "--session", "one")
    create(base, repo, "s2", "b", "--label", "project=p2")
    found = base.ls("--label", "project=p1")
    assert list(found) == ["s1"]
    info = found["s1"]
    assert (info["path"], info["git_branch"], info["session"], info["labels"]["project"]) == (str(root), "a", "one", "p1")
    assert info["git_from"] == "origin/main" and info["git_base"] == repo.git("rev-parse", "main")


def test_exists_is_told_from_the_directory_the_record_and_both_links_of_git(base, repo):
    """`rev-parse --is-inside-work-tree` is true of any directory below a repository."""
    root = create(base, repo)
    base.run("ws-ls", "--exists", "t1")
    base.run("ws-ls", "--exists", "t2", status=66)
    link = (root / ".git").read_text()
    (root / ".git").unlink()
    base.run("ws-ls", "--exists", "t1", status=66)
    (root / ".git").write_text(f"gitdir: {repo.path}/.git\n")
    base.run("ws-ls", "--exists", "t1", status=66)
    (root / ".git").write_text(link)
    base.run("ws-ls", "--exists", "t1")
    registered = repo.path / ".git/worktrees"
    registered.rename(repo.path / "away")
    base.run("ws-ls", "--exists", "t1", status=66)
    (repo.path / "away").rename(registered)
    (entry,) = registered.iterdir()
    back = (entry / "gitdir").read_text()
    (entry / "gitdir").write_text("/elsewhere/.git\n")
    base.run("ws-ls", "--exists", "t1", status=66)
    (entry / "gitdir").write_text(back)
    base.run("ws-ls", "--exists", "t1")
    (base.path / ".ws/t1").rename(base.path / ".ws/away")
    base.run("ws-ls", "--exists", "t1", status=66)
    (base.path / ".ws/away").rename(base.path / ".ws/t1")
    root.rename(f"{root}.away")
    base.run("ws-ls", "--exists", "t1", status=66)


def test_destroy_keeps_the_branch_and_frees_it(base, repo):
    root = create(base, repo)
    commit = repo.commit("work", root)
    base.teardown("t1")
    assert not root.exists() and repo.worktrees() == [] and repo.refs() == []
    assert repo.git("rev-parse", "fix") == commit
    repo.git("checkout", "-q", "fix")


def test_destroy_can_be_done_twice_issue_3402(base, repo):
    create(base, repo)
    base.teardown("t1")
    base.teardown("t1")


def test_git_that_is_not_installed_is_named(base, repo):
    result = base.run("ws-setup", "--id", "t1", "--git", repo.path, "--branch", "b", env={"PATH": "/nonexistent"}, status=69)
    assert "git is needed and is not installed" in one_message(result, "ws-setup")


def test_options_of_git_need_a_profile_of_git(base, repo):
    for args in (["--branch", "b"], ["--link", "x"], ["--profile", "task", "--git", repo.path, "--branch", "b"]):
        one_message(base.run("ws-setup", "--id", "t1", *args, status=64), "ws-setup")
    result = base.run("ws-setup", "--id", "t1", "--git", repo.path, status=64)
    assert "needs --git and --branch" in one_message(result, "ws-setup")


# ---- what was not committed ----


def test_what_was_not_committed_comes_back_as_it_was_issue_1926(base, repo):
    root = create(base, repo)
    before = make_work(repo, root)
    base.teardown("t1")
    assert not root.exists() and repo.refs() == ["refs/ws/preserved/t1"]
    assert create(base, repo) == root
    assert (repo.status(root), content(root)) == before


def test_a_dry_run_of_a_teardown_says_what_git_would_keep_and_keeps_nothing(base, repo):
    root = create(base, repo)
    make_work(repo, root)
    before = repo.status(root), content(root)
    said = json.loads(base.teardown("--dry-run", "--json", "t1").stdout)
    shown = base.teardown("--dry-run", "t1").stdout
    assert (said["git_dirty"], said["git_untracked"], said["git_detached"]) == (4, 1, 0) and said["git_ignored"] >= 2, said
    assert "4 changed and 1 untracked paths" in shown and "refs/ws/preserved/t1" in shown
    assert (repo.status(root), content(root)) == before and repo.refs() == []


def test_it_comes_back_again_and_again(base, repo):
    root = create(base, repo)
    for n in range(3):
        (root / f"file{n}").write_text(str(n))
        before = repo.status(root), content(root)
        base.teardown("t1")
        create(base, repo)
        assert (repo.status(root), content(root)) == before
    repo.commit("done", root)
    base.teardown("t1")
    assert repo.refs() == []


def test_a_clone_comes_back_whole(file_base, repo):
    root = create(file_base, repo, "c1", "fix", "--profile", "clone")
    repo.commit("not pushed", root)
    make_files(root, {"stashed": "x"})
    repo.git("stash", "-qu", cwd=root)
    before = make_work(repo, root), repo.git("stash", "list", cwd=root), repo.git("log", "--format=%H", cwd=root)
    file_base.teardown("c1")
    shutil.rmtree(repo.path)
    file_base.setup("--id", "c1", "--profile", "clone")
    now = (repo_status(repo, root), content(root)), git_in(root, "stash", "list"), git_in(root, "log", "--format=%H")
    assert now == before


def git_in(root, *args):
    return helpers.run(["git", *args], cwd=root, env=ENV).stdout.strip()


def repo_status(repo, root):
    return git_in(root, "status", "--porcelain").splitlines()


def test_commits_of_a_detached_head_are_kept(base, repo):
    root = create(base, repo)
    repo.git("checkout", "-q", "--detach", cwd=root)
    commit = repo.commit("on no branch", root)
    (root / "file").write_text("and more\n")
    base.teardown("t1")
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "-q", "--prune=now")
    create(base, repo)
    assert repo.git("rev-parse", "HEAD", cwd=root) == commit
    assert repo.status(root) == ["M file"] or repo.status(root) == [" M file"] or repo.status(root)[0].endswith("file")


def test_the_branch_that_the_agent_went_to_is_where_it_comes_back(base, repo):
    root = create(base, repo)
    repo.git("checkout", "-q", "-b", "other", cwd=root)
    repo.commit("there", root)
    base.teardown("t1")
    create(base, repo)
    assert repo.git("branch", "--show-current", cwd=root) == "other"


def test_files_that_git_was_told_to_overlook_are_kept(base, repo):
    root = create(base, repo)
    repo.git("update-index", "--skip-worktree", "file", cwd=root)
    repo.git("update-index", "--assume-unchanged", "dir/other", cwd=root)
    make_files(root, {"file": "local\n", "dir/other": "local too\n"})
    before = content(root)
    base.teardown("t1")
    create(base, repo)
    assert content(root) == before


def test_a_repository_within_the_tree_is_kept_whole(base, repo):
    root = create(base, repo)
    (root / "inner").mkdir()
    repo.git("init", "-q", cwd=root / "inner")
    make_files(root, {"inner/x": "x", "beside": "y"})
    repo.commit("inner", root / "inner")
    base.teardown("t1")
    create(base, repo)
    assert git_in(root / "inner", "log", "--format=%s") == "inner" and (root / "beside").read_text() == "y"


def test_work_in_a_submodule_keeps_the_directory(base, repo, tmp_path):
    (tmp_path / "sub").mkdir()
    repo.git("init", "-q", "-b", "main", cwd=tmp_path / "sub")
    make_files(tmp_path / "sub", {"s": "s"})
    repo.commit("sub", tmp_path / "sub")
    root = create(base, repo)
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", tmp_path / "sub", "sub", cwd=root)
    repo.commit("with a submodule", root)
    (root / "sub/s").write_text("changed")
    result = base.teardown("t1", status=75)
    assert "submodule sub has work of its own" in result.stderr
    create(base, repo)
    assert (root / "sub/s").read_text() == "changed"


def test_commits_of_a_submodule_that_nothing_else_has_keep_the_directory(base, repo, tmp_path):
    """git has the submodule's repository within the worktree's own part of .git, which goes with it; the tree itself is clean."""
    (tmp_path / "sub").mkdir()
    repo.git("init", "-q", "-b", "main", cwd=tmp_path / "sub")
    repo.commit("sub", tmp_path / "sub")
    root = create(base, repo)
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", tmp_path / "sub", "sub", cwd=root)
    head = repo.commit("in the submodule", root / "sub")
    repo.commit("with a submodule", root)
    assert repo.status(root) == []
    base.run("ws-teardown", "--if-clean", "t1", status=73).complains("submodule sub", "commit and push it")
    assert "submodule sub has work of its own" in base.teardown("t1", status=75).stderr
    base.setup("--restore", "t1")
    repo.git("push", "-q", "origin", "HEAD:refs/heads/kept", cwd=root / "sub")
    base.teardown("t1")
    assert repo.git("rev-parse", "kept", cwd=tmp_path / "sub") == head


def test_a_repository_that_was_committed_as_a_number_keeps_the_directory(base, repo):
    """`git add .` over a repository within the tree: the commit names its head, and has nothing of it."""
    root = create(base, repo)
    repo.git("init", "-q", "-b", "main", root / "inner")
    make_files(root / "inner", {"only": "copy"})
    repo.commit("inner", root / "inner")
    repo.commit("all", root)
    assert repo.status(root) == [] and "submodule inner" in base.teardown("t1", status=75).stderr
    base.setup("--restore", "t1")
    assert (root / "inner/only").read_text() == "copy"


def change_on_both_sides(repo, root):
    (root / "file").write_text("theirs\n")
    repo.commit("theirs", root)
    repo.git("checkout", "-q", "-b", "other", "HEAD~1", cwd=root)
    (root / "file").write_text("ours\n")
    repo.commit("ours", root)


UNDER_WAY = {
    "a rebase": (["rebase", "-q", "--autostash", "fix"], ["rebase", "--abort"]),
    "a merge": (["merge", "-q", "--autostash", "fix"], ["merge", "--abort"]),
    "a cherry-pick": (["cherry-pick", "fix"], ["cherry-pick", "--abort"]),
    "a revert": (["revert", "--no-commit", "fix"], ["revert", "--abort"]),
}


@pytest.mark.parametrize("what", UNDER_WAY)
def test_what_git_is_in_the_middle_of_keeps_the_directory(base, repo, what):
    """An autostash, the rest of a rebase, the other side of a merge lie in the worktree's own part of .git alone."""
    begin, end = UNDER_WAY[what]
    root = create(base, repo)
    change_on_both_sides(repo, root)
    if "--autostash" in begin:
        (root / "dir/other").write_text("not committed\n")
    repo.git(*begin, cwd=root, status=1)
    before = repo.git("status", cwd=root), content(root)
    base.run("ws-teardown", "--if-clean", "t1", status=73).complains("dirty", f"under way {what}")
    base.run("ws-teardown", "--dry-run", "t1", status=73).complains(f"{what} is under way", "finished or aborted")
    base.run("ws-teardown", "--keep", "t1")
    assert "ws-setup --restore t1" in base.teardown("t1", status=75).stderr and not root.exists()
    assert base.setup("--restore", "t1") == root and (repo.git("status", cwd=root), content(root)) == before
    repo.git(*end, cwd=root)
    assert ((root / "dir/other").read_text() == "not committed\n") == ("--autostash" in begin)
    base.teardown("t1")


def test_a_clean_tree_in_the_middle_of_a_rebase_is_not_taken_for_clean(base, repo):
    root = create(base, repo)
    repo.commit("mine", root)
    (root / "file").write_text("not committed\n")
    repo.git("-c", "sequence.editor=sed -i 1s/pick/edit/", "rebase", "-q", "-i", "--autostash", "HEAD~1", cwd=root)
    assert repo.status(root) == [] and base.ls()["t1"]["dirty"] is True
    assert base.gc("--older", "0s", "--min-age", "0s")[0]["t1"] == "keep git-dirty" and root.exists()


def test_a_repository_that_was_moved_is_told_with_a_way_out(base, repo):
    root = create(base, repo)
    (root / "new").write_text("new\n")
    moved = repo.path.rename(repo.path.with_name("moved"))
    result = base.teardown("t1", status=75)
    assert f"{repo.path}/.git/worktrees/" in result.stderr and "a link at the old place" in result.stderr
    repo.path.symlink_to(moved)
    assert base.setup("--restore", "t1") == root and repo.status(root) == ["?? new"]
    base.teardown("t1")
    assert repo.refs() == ["refs/ws/preserved/t1"]


def test_a_branch_without_a_commit_keeps_the_directory(base, repo):
    root = create(base, repo)
    repo.git("checkout", "-q", "--orphan", "fresh", cwd=root)
    assert "no commit" in base.teardown("t1", status=75).stderr
    base.setup("--restore", "t1")
    assert repo.git("status", "--short", "--branch", cwd=root).splitlines()[0] == "## No commits yet on fresh"


def test_what_does_not_go_together_with_a_branch_that_moved_is_kept_beside(base, repo):
    root = create(base, repo)
    (root / "file").write_text("mine\n")
    base.teardown("t1")
    repo.git("checkout", "-q", "fix")
    (repo.path / "file").write_text("theirs\n")
    repo.commit("moved")
    repo.git("checkout", "-q", "main")
    result = base.run("ws-setup", "--profile", "worktree", "--id", "t1")
    ref = repo.refs("refs/ws/conflict")[0]
    assert ref in result.stderr and (root / "file").read_text() == "theirs\n" and repo.status(root) == []
    assert repo.git("show", f"{ref}:file") == "mine"
    base.teardown("t1")
    assert repo.refs() == [ref]


def test_what_goes_together_with_a_branch_that_moved_is_merged(base, repo):
    root = create(base, repo)
    (root / "file").write_text("mine\n")
    base.teardown("t1")
    repo.git("checkout", "-q", "fix")
    make_files(repo.path, {"else": "theirs"})
    repo.commit("moved")
    repo.git("checkout", "-q", "main")
    create(base, repo)
    assert (root / "file").read_text() == "mine\n" and (root / "else").read_text() == "theirs"


def test_what_was_ignored_and_is_tracked_by_now_is_set_aside_with_a_word(base, repo):
    """The archive has it, and so has the branch: neither is written over the other in silence."""
    root = create(base, repo)
    make_files(root, {"out.o": "mine", "same.o": "same", "node_modules/mine": "m", "lib.o/inner": "i", "untouched.o": "u"})
    base.teardown("t1")
    repo.git("checkout", "-q", "fix")
    shutil.rmtree(repo.path / "node_modules")
    make_files(repo.path, {"out.o": "theirs", "same.o": "same", "node_modules": "a file", "lib.o": "a file"})
    repo.git("add", "--force", "out.o", "same.o", "node_modules", "lib.o")
    repo.commit("tracked now", repo.path)
    repo.git("checkout", "-q", "main")
    result = base.run("ws-setup", "--restore", "t1")
    assert repo.status(root) == [] and content(root)["out.o"] == "theirs" and content(root)["untouched.o"] == "u"
    kept = base.area("quarantine")
    assert sorted(next(p for p in [path, *path.rglob("*")] if p.is_file()).read_text() for path in kept) == ["i", "m", "mine"]
    assert all(path.name in result.stderr for path in kept) and "the branch has out.o by now" in result.stderr


def test_ignored_files_can_be_dropped(base, repo):
    root = create(base, repo, "t1", "fix", "--ignored", "drop")
    make_files(root, {"out.o": "ignored", "kept": "x"})
    base.teardown("t1")
    create(base, repo)
    assert not (root / "out.o").exists() and (root / "kept").exists()


def test_the_stash_of_others_is_not_touched_issue_7(base, repo):
    make_files(repo.path, {"mine": "x"})
    repo.git("stash", "-qu")
    before = repo.git("stash", "list", "--format=%H")
    root = create(base, repo)
    make_work(repo, root)
    base.teardown("t1")
    create(base, repo)
    assert repo.git("stash", "list", "--format=%H") == before


def test_keep_saves_and_leaves_the_worktree_issue_1739(base, repo):
    root = create(base, repo)
    before = make_work(repo, root)
    base.teardown("--keep", "t1")
    assert (repo.status(root), content(root)) == before and repo.refs() == ["refs/ws/preserved/t1"]


def test_a_save_that_fails_spools_and_comes_back(ws, tmp_path, repo):
    base = Base(ws, tmp_path / "base", env={"WS_STORE": "s3://b/p", "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_REGION": "r", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_MAX_ATTEMPTS": "1"})
    local = Base(ws, tmp_path / "base")
    local.setup("--id", "t1", "--git", repo.path, "--branch", "fix")
    root = base.path / "t1"
    before = make_work(repo, root)
    path = base.path / ".ws/t1/record.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "store": "s3://b/p"}))
    base.teardown("t1", status=75)
    assert not root.exists() and repo.refs() == ["refs/ws/preserved/t1"]
    base.setup("--id", "t1", "--profile", "worktree")
    assert (repo.status(root), content(root)) == before


def test_a_discarded_worktree_can_be_had_back_from_the_trash(base, repo):
    root = create(base, repo)
    make_work(repo, root)
    before = content(root)
    base.teardown("--discard", "--keep-trash", "t1")
    assert repo.worktrees() == []
    create(base, repo)
    assert repo.worktrees() == [str(root)]
    assert content(root) == before
    assert " M file" in repo.status(root) and "?? new/" in repo.status(root)


@pytest.mark.parametrize("back", [("ws-setup", "--restore", "t1"), ("ws-gc", "--undo", "t1")], ids=["setup", "undo"])
def test_a_discarded_worktree_comes_back_with_the_commits_of_a_detached_head(base, repo, back):
    root = create(base, repo)
    repo.git("checkout", "-q", "--detach", cwd=root)
    head = repo.commit("detached", root)
    base.teardown("--discard", "--keep-trash", "t1")
    assert repo.refs() == []  # nobody wants it, so nothing keeps it for longer than the trash
    base.run(*back)
    assert repo.git("rev-parse", "HEAD", cwd=root) == head and repo.status(root) == []


# ---- the right base, and errors that say what is wrong ----


def test_a_new_branch_begins_at_what_origin_has_now_issue_3860(base, repo):
    """claude-code#88967 (77 commits behind), catalyst#963."""
    (repo.upstream / "file").write_text("newer\n")
    newest = repo.commit("newer", repo.upstream)
    before = repo.git("rev-parse", "origin/main")
    root = create(base, repo)
    assert repo.git("rev-parse", "HEAD", cwd=root) == newest != before
    assert repo.git("rev-parse", "origin/main") == before, "the repository's own refs are its users'"
    assert repo.git("config", "--get", "branch.fix.remote", status=1) == ""


def test_a_new_branch_follows_nobody(base, repo):
    """--no-track: 32 creates fought for .git/config, and a push by mistake goes nowhere."""
    before = (repo.path / ".git/config").read_text()
    create(base, repo)
    assert (repo.path / ".git/config").read_text() == before
    assert repo.git("for-each-ref", "--format=%(upstream)", "refs/heads/fix") == ""


def test_a_branch_that_only_origin_has_is_taken_from_there(base, repo):
    repo.git("checkout", "-q", "-b", "theirs", cwd=repo.upstream)
    commit = repo.commit("theirs", repo.upstream)
    root = create(base, repo, "t1", "theirs")
    assert repo.git("rev-parse", "HEAD", cwd=root) == commit == repo.git("rev-parse", "theirs")


def test_a_base_that_could_not_be_asked_for_is_said_to_be_stale_and_since_when(base, repo):
    repo.git("fetch", "-q")
    os.utime(repo.path / ".git/FETCH_HEAD", (1_763_000_000, 1_763_000_000))
    shutil.move(repo.upstream, f"{repo.upstream}.gone")
    result = base.run("ws-setup", "--id", "t1", "--git", repo.path, "--branch", "fix")
    assert "which may be old: origin could not be asked" in result.stderr
    stale = base.ls()["t1"]["git_stale"]
    assert "origin could not be asked" in stale and "last fetched: 2025-11-13T02:13:20" in stale
    assert "origin was not asked" in base.run("ws-setup", "--id", "t2", "--git", repo.path, "--branch", "b", "--fetch-timeout", "0s").stderr


def test_a_remote_that_hangs_is_given_up_after_the_timeout(base, repo, tmp_path):
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    repo.git("config", "remote.origin.url", "ssh://localhost/r")
    started = time.monotonic()
    result = base.run("ws-setup", "--id", "t1", "--git", repo.path, "--branch", "b", "--fetch-timeout", "200ms", env={"GIT_SSH": str(slow)})
    assert "not done in time" in result.stderr and time.monotonic() - started < 20


def test_a_stale_branch_is_not_taken_for_a_new_one_issue_1650(base, repo):
    repo.git("branch", "session/1")
    (repo.upstream / "file").write_text("newer\n")
    repo.commit("newer", repo.upstream)
    message = refuse(base, repo, 73, "--ref", "main", branch="session/1", code="stale_branch")
    assert "session/1 is there already" in message and "does not hold origin/main" in message
    create(base, repo, "t1", "session/1")


@pytest.mark.parametrize("branch", ["-x", "a..b", "a b", "@{-1}", "x.lock", "", "refs/heads/", "HEAD~1"])
def test_an_invalid_branch_is_named_issue_3942(base, repo, branch):
    message = refuse(base, repo, 64, f"--branch={branch}", code="invalid_branch")
    assert "not a valid name for a branch" in message


def test_a_ref_that_is_nowhere_is_named_issue_3942(base, repo):
    assert "there is no v9 in it, nor at origin" in refuse(base, repo, 66, "--ref", "v9", code="not_fetched")
    shutil.move(repo.upstream, f"{repo.upstream}.gone")
    assert "origin could not be asked" in refuse(base, repo, 66, "--ref", "v9", code="not_fetched")


def test_a_branch_that_is_checked_out_elsewhere_is_named_with_its_user_issue_3942(base, repo):
    session = Session(base, "--id", "t1", "--git", repo.path, "--branch", "fix")
    message = refuse(base, repo, 73, code="checked_out_elsewhere")
    assert f"branch fix is checked out in {base.path}/t1 already, in use by pid {session.process.pid}" in message
    assert session.end()[0] == 0
    create(base, repo, "t2", "fix")


def test_the_branch_of_the_main_worktree_is_refused_with_a_way_out_issue_1743(base, repo):
    message = refuse(base, repo, 73, branch="main", code="checked_out_elsewhere")
    assert f"checked out in {repo.path} already" in message and "--profile clone" in message
    root = create(base, repo, "c1", "main", "--profile", "clone")
    assert repo.git("branch", "--show-current", cwd=root) == "main"


def test_a_registration_whose_directory_is_gone_is_named(base, repo, tmp_path):
    repo.git("worktree", "add", "-q", "-b", "fix", tmp_path / "other")
    shutil.rmtree(tmp_path / "other")
    message = refuse(base, repo, 73, code="stale_worktree")
    assert f"registered for the worktree {tmp_path}/other, whose directory is not there" in message
    assert repo.worktrees() == [str(tmp_path / "other")], "what is not ours is not forgotten"


def test_the_lock_in_git_says_which_process_works_there_phoenix_3881(base, repo):
    """For those who look at git alone: it is in use while that pid of that start lives."""
    def reason():
        return re.search("^locked (.*)$", repo.git("worktree", "list", "--porcelain"), re.M)[1]

    session = Session(base, "--id", "t1", "--git", repo.path, "--branch", "fix")
    pid = session.process.pid
    start = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    assert reason() == f"workspace t1; ws-teardown removes it (pid {pid} start {start})"
    session.process.kill()
    session.process.wait()
    create(base, repo)
    assert reason() == "workspace t1; ws-teardown removes it", "its holder is gone, and it is not in use"
    base.teardown("t1")
    assert repo.worktrees() == []


@pytest.mark.parametrize("how", [(), ("--discard",), ("--dry-run",)])
def test_a_worktree_that_its_user_locked_is_not_removed(base, repo, how):
    """It is locked by us as well, so that no prune takes it: that is no reason."""
    root = create(base, repo)
    (root / "work").write_text("work")
    repo.git("worktree", "unlock", root)
    repo.git("worktree", "lock", "--reason", "still looking at it", root)
    result = base.teardown("t1", "--json", *how, status=73)
    assert json.loads(result.stdout)["error"]["code"] == "locked"
    message = one_message(result, "ws-teardown")
    assert 'somebody locked its worktree ("still looking at it")' in message and "git worktree unlock" in message
    assert (root / "work").read_text() == "work" and repo.worktrees() == [str(root)]
    base.teardown("--keep", "t1")
    repo.git("worktree", "unlock", root)
    base.teardown("t1")
    assert repo.worktrees() == [] and (create(base, repo) / "work").exists()


def test_a_registration_that_is_locked_and_whose_directory_is_gone_says_why(base, repo, tmp_path):
    repo.git("worktree", "add", "-q", "-b", "fix", "--lock", "--reason", "on a stick", tmp_path / "other")
    shutil.rmtree(tmp_path / "other")
    assert 'not there, locked ("on a stick")' in refuse(base, repo, 73, code="stale_worktree")
    assert repo.worktrees() == [str(tmp_path / "other")]


def test_a_worktree_elsewhere_that_is_locked_says_why(base, repo, tmp_path):
    repo.git("worktree", "add", "-q", "-b", "fix", "--lock", "--reason", "agent 7 (pid 12)", tmp_path / "other")
    assert f'checked out in {tmp_path}/other already, locked ("agent 7 (pid 12)")' in refuse(base, repo, 73, code="checked_out_elsewhere")


@pytest.mark.parametrize("profile", ["worktree", "clone"])
def test_a_dirty_one_is_left_alone_when_only_a_clean_one_shall_go(base, repo, profile):
    """Destroy of the Go rewrite; without --if-clean it is kept, and comes back."""
    root = create(base, repo, "t1", "fix", "--profile", profile)
    before = make_work(repo, root)
    for args in (["--json"], ["--json", "--dry-run"]):
        result = base.teardown("t1", "--if-clean", *args, status=73)
        error = json.loads(result.stdout)["error"]
        assert (error["kind"], error["code"]) == ("conflict", "dirty") and "untracked" in error["message"]
    assert (repo.status(root), content(root)) == before and base.state("t1") == "ready"
    repo.git("add", "--all", cwd=root)
    repo.git("commit", "-q", "-m", "done", cwd=root)
    if profile == "clone":
        assert "1 commits of its own" in base.teardown("t1", "--if-clean", status=73).stderr
        repo.git("push", "-q", "origin", "fix", cwd=root)
    base.teardown("t1", "--if-clean")
    assert not root.exists()


def test_what_is_clean_can_only_be_asked_of_git(base):
    base.setup("--id", "t1")
    assert "--if-clean" in base.teardown("t1", "--if-clean", status=64).stderr


def test_a_worktree_that_somebody_locked_in_git_is_kept_by_gc_and_its_plan_says_so(base, repo):
    """letta-code#3046, phoenix#3881: a lock is how others say that a worktree is in use."""
    root = create(base, repo)
    before = make_work(repo, root)
    repo.git("worktree", "unlock", root)
    repo.git("worktree", "lock", "--reason", "agent (pid 7)", root)
    for args in (["--dry-run"], []):
        assert base.gc("--older", "0s", "--force-dirty", *args)[0]["t1"] == "keep pinned"
    assert "agent (pid 7)" in base.ls()["t1"]["pin_reason"]
    assert (repo.status(root), content(root)) == before and base.state("t1") == "ready"




def test_what_a_workspace_that_is_over_left_registered_is_forgotten_issue_2045(base, repo):
    root = create(base, repo)
    shutil.rmtree(root)
    shutil.rmtree(base.path / ".ws/t1")
    create(base, repo, "t2", "fix")
    assert repo.worktrees() == [str(base.path / "t2")]


def test_a_worktree_without_a_record_is_not_touched_issue_1641(base, repo):
    root = create(base, repo)
    before = make_work(repo, root)
    shutil.rmtree(base.path / ".ws/t1")
    result = base.run("ws-setup", "--id", "t1", "--git", repo.path, "--branch", "fix", status=73)
    assert "ws has no record of" in one_message(result, "ws-setup")
    assert (repo.status(root), content(root)) == before and repo.worktrees() == [str(root)]


@pytest.mark.parametrize("profile", ["worktree", "clone"])
def test_what_the_orchestrator_made_is_adopted_with_all_its_work_issue_1641(ws, repo, tmp_path, profile):
    """~/.worktrees/PROJECT/SESSION, ~/.ao-clones/PROJECT/SESSION: their directory is the base."""
    base = Base(ws, tmp_path / "worktrees/project")
    base.path.mkdir(parents=True)
    root = base.path / "s1"
    repo.git(*(["worktree", "add", "-q", "-b", "feat/x", root] if profile == "worktree" else ["clone", "-q", "-b", "main", repo.upstream, root]))
    if profile == "clone":
        repo.git("checkout", "-q", "-b", "feat/x", cwd=root)
    before = make_work(repo, root)
    create_it = ["--adopt", "--profile", profile]
    for args in (["--dry-run"], [], []):
        create(base, repo, "s1", "feat/x", *create_it, *args)
        assert (repo.status(root), content(root)) == before and base.area("quarantine") == []
        assert (base.path / ".ws/s1/record.json").exists() == (not args)
    assert base.record("s1")["git_branch"] == "feat/x" and base.area("staging") == []
    if profile == "worktree":
        assert "workspace s1" in repo.git("worktree", "list", "--porcelain"), "locked, as ours are"
    base.teardown("s1")
    assert not root.exists()
    base.setup("--restore", "s1")
    assert (repo.status(root), content(root)) == before


def test_what_is_adopted_is_what_was_said(base, repo, tmp_path):
    repo.git("worktree", "add", "-q", "-b", "fix", base.path / "t1")
    make_files(base.path / "t2", {"mine": "x"})
    (base.path / "t3").write_text("a file")
    for name, branch, says in (("t1", "other", "on the branch fix, not other"), ("t2", "fix", "is no worktree of"), ("t3", "fix", "no directory"), ("t4", "fix", "not there")):
        result = base.run("ws-setup", "--adopt", "--id", name, "--git", repo.path, "--branch", branch, status=66 if name == "t4" else 73)
        assert says in one_message(result, "ws-setup")
        assert not (base.path / ".ws" / name / "record.json").exists()
    assert (base.path / "t2/mine").exists() and (base.path / "t3").read_text() == "a file" and base.area("quarantine") == []


def test_what_is_no_repository_is_named(base, tmp_path):
    (tmp_path / "plain").mkdir()
    for path in ("plain", "absent"):
        result = base.run("ws-setup", "--id", "t1", "--git", tmp_path / path, "--branch", "b", status=66)
        assert path in one_message(result, "ws-setup")


def test_an_id_stands_for_one_branch_of_one_repository(base, repo, tmp_path):
    create(base, repo)
    assert "was made with --branch fix, not other" in base.run("ws-setup", "--id", "t1", "--git", repo.path, "--branch", "other", status=73).stderr
    assert "was made with --git" in base.run("ws-setup", "--profile", "worktree", "--id", "t1", "--git", repo.upstream, status=73).stderr


# ---- restore ----


def test_restore_after_a_reboot_takes_up_the_worktree(base, repo):
    root = create(base, repo)
    before = make_work(repo, root)
    assert base.setup("--id", "t1", "--profile", "worktree") == root
    assert (repo.status(root), content(root)) == before


def test_restore_after_manual_cleanup_recreates_it_from_the_branch(base, repo):
    root = create(base, repo)
    commit = repo.commit("work", root)
    shutil.rmtree(root)
    create(base, repo)
    assert repo.git("rev-parse", "HEAD", cwd=root) == commit and repo.worktrees() == [str(root)]


def test_restore_after_manual_cleanup_keeps_the_commits_of_a_detached_head(base, repo):
    root = create(base, repo)
    repo.git("checkout", "-q", "--detach", cwd=root)
    commit = repo.commit("on no branch", root)
    shutil.rmtree(root)
    create(base, repo)
    assert repo.git("rev-parse", "HEAD", cwd=root) == commit


def test_restore_after_a_prune_registers_it_again_and_keeps_the_work(base, repo):
    root = create(base, repo)
    before = make_work(repo, root)[1]
    shutil.rmtree(repo.path / ".git/worktrees")
    create(base, repo)
    assert repo.worktrees() == [str(root)] and " M file" in repo.status(root)
    assert content(root) == before


def test_a_link_in_the_place_of_a_workspace_deletes_no_other_factory_factory_1730(base, repo):
    """A prefix check without realpath: the symlinked root of one deleted another one's worktree."""
    one, two = create(base, repo, "t1", "a"), create(base, repo, "t2", "b")
    before = make_work(repo, two)
    one.rename(f"{one}.away")
    one.symlink_to(two)
    for end in ([], ["--discard"]):
        base.teardown("t1", *end, status=None)
        assert (repo.status(two), content(two)) == before
    base.run("ws-gc", "--older", "0s", "--force-dirty", "t2", status=64)
    assert base.state("t2") == "ready" and (repo.status(two), content(two)) == before


def test_teardown_of_a_worktree_whose_directory_is_gone_ends_issue_5463(base, repo):
    root = create(base, repo)
    commit = repo.commit("work", root)
    shutil.rmtree(root)
    result = base.teardown("t1")
    assert "its directory is gone" in result.stderr and repo.worktrees() == []
    assert repo.git("rev-parse", "fix") == commit


def lock_packed_refs(repo, age_s):
    lock = repo.path / ".git/packed-refs.lock"
    lock.touch()
    os.utime(lock, (time.time() - age_s,) * 2)
    return lock


def test_the_lock_of_all_refs_that_a_killed_git_left_long_ago_is_removed_with_a_word(base, repo):
    create(base, repo)
    lock = lock_packed_refs(repo, 2 * 3600)
    result = base.teardown("t1", "--drop-branch")
    assert "packed-refs.lock: removed, a git that was killed had left it" in result.stderr and not lock.exists()
    assert repo.refs("refs/heads") == ["refs/heads/main"]


def test_the_lock_of_all_refs_that_somebody_has_is_left_alone(base, repo):
    root = create(base, repo)
    lock = lock_packed_refs(repo, 60)
    result = base.teardown("t1", "--drop-branch")
    assert "packed-refs.lock" in result.stderr and lock.exists() and not root.exists()
    assert repo.refs("refs/heads") == ["refs/heads/fix", "refs/heads/main"]


def test_nothing_registered_is_left_that_would_block_the_branch_issue_2045(base, repo):
    for n in range(3):
        create(base, repo)
        base.teardown("--discard", "t1")
        assert repo.worktrees() == []


def test_a_setup_that_fails_leaves_no_worktree_and_no_branch(base, repo):
    make_files(repo.upstream, {"tracked": "x"})
    repo.commit("tracked", repo.upstream)
    make_files(repo.path, {"tracked": "x"})
    refuse(base, repo, 73, "--link", "tracked")
    assert repo.worktrees() == [] and repo.refs("refs/heads") == ["refs/heads/main"]


FORK, RENAME = "clone,clone3,fork,vfork", "renameat,renameat2"
KILLS = [(FORK, n) for n in range(1, 24, 2)] + [(RENAME, n) for n in range(1, 9)]


def killed(base, call, occurrence, *command):
    """Run it until its nth system call of this kind, of which it does not return."""
    strace = ["strace", "-qq", "-o", "/dev/null", f"--inject={call}:signal=KILL:when={occurrence}"]
    helpers.run([*strace, helpers.BINARY, *command], env=base.ws.environment(base.env), status=None)


@pytest.mark.parametrize(("call", "occurrence"), KILLS)
def test_a_setup_that_is_killed_is_made_good_by_the_next_issue_2608(base, repo, call, occurrence):
    killed(base, call, occurrence, "ws-setup", "--id", "t1", "--git", repo.path, "--branch", "fix", "--link", "node_modules", "--copy", ".env")
    root = create(base, repo)
    assert repo.worktrees() == [str(root)] and repo.status(root) == [] and base.area("staging") == []
    base.check("t1")


@pytest.mark.parametrize(("call", "occurrence"), KILLS)
def test_a_teardown_that_is_killed_is_made_good_by_the_next(base, repo, call, occurrence):
    root = create(base, repo)
    before = make_work(repo, root)
    killed(base, call, occurrence, "ws-teardown", "t1")
    base.check("t1")
    base.teardown("t1")
    assert repo.worktrees() == []
    create(base, repo)
    assert (repo.status(root), content(root)) == before


def test_restore_needs_no_more_than_the_id(base, repo):
    root = create(base, repo)
    before = make_work(repo, root)
    base.teardown("t1")
    assert base.setup("--restore", "t1") == root and (repo.status(root), content(root)) == before
    session = base.setup("--profile", "session", "--workspace", "w", "--session", "s")
    base.teardown(session.name)
    assert base.setup("--restore", session.name) == session
    assert "no such workspace" in one_message(base.run("ws-setup", "--restore", "t9", status=66), "ws-setup")
    base.run("ws-setup", "--restore", "t1", "--id", "t1", status=64)


def test_gc_keeps_the_work_of_what_it_collects_agent_deck_1995(base, repo):
    root = create(base, repo)
    before = make_work(repo, root)
    base.gc("--older", "0s", "--trash-ttl", "0s", "--force-dirty")
    base.gc("--older", "0s", "--trash-ttl", "0s")
    base.setup("--restore", "t1")
    assert (repo.status(root), content(root)) == before


# ---- many at once ----


def test_32_at_once_and_none_fails_claude_code_47266(base, repo):
    """claude-code#34645, #55724 (8 of 13 agents lost work), dot-agent-deck#541: races for .git/config and for commondir."""
    with ThreadPoolExecutor(32) as pool:
        roots = list(pool.map(lambda n: create(base, repo, f"p{n}", f"session/{n}", "--wait", "60s", timeout=300), range(32)))
    assert sorted(repo.worktrees()) == sorted(map(str, roots))
    assert all(repo.status(root) == [] for root in roots)
    with ThreadPoolExecutor(32) as pool:
        list(pool.map(lambda n: base.teardown(f"p{n}", "--wait", "60s", timeout=300), range(32)))
    assert repo.worktrees() == [] and repo.git("fsck") == ""


def test_the_lock_of_the_repository_is_waited_for_openagents_5818(base, repo):
    with open(repo.path / ".git/ws-flock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        process = base.start("ws-setup", "--id", "t1", "--git", repo.path, "--branch", "fix")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
    assert process.wait(60) == 0


def test_a_workspace_in_use_is_not_removed_issue_5074(base, repo):
    session = Session(base, "--id", "t1", "--git", repo.path, "--branch", "fix")
    assert str(session.process.pid) in base.teardown("t1", status=75).stderr
    assert (base.path / "t1/file").exists()
    assert session.end()[0] == 0


def test_the_session_that_asks_is_not_removed_issue_3591(base, repo):
    script = f'WORKSPACE_DIR={base.path} {helpers.BINARY} ws-teardown t1; echo $?; cat file'
    result = base.run("ws-setup", "--id", "t1", "--git", repo.path, "--branch", "fix", "--", "sh", "-c", script)
    assert result.stdout.splitlines() == ["75", "one"]


# ---- branches ----


def test_a_branch_made_for_it_goes_with_it_when_asked_and_when_it_holds_nothing(base, repo):
    create(base, repo)
    base.teardown("--drop-branch", "t1")
    assert repo.refs("refs/heads") == ["refs/heads/main"]
    root = create(base, repo)
    commit = repo.commit("merged elsewhere", root)
    repo.git("branch", "other", commit)
    base.teardown("--drop-branch", "t1")
    assert repo.refs("refs/heads") == ["refs/heads/main", "refs/heads/other"]
    assert [line["branch"] for line in base.journal() if line["event"] == "git-branch-dropped"] == ["fix", "fix"]


def test_a_branch_with_something_of_its_own_stays(base, repo):
    """acf56a9, reverted in fe07c90: branches of users were deleted by their prefix."""
    root = create(base, repo)
    commit = repo.commit("mine", root)
    assert "nowhere else" in base.teardown("--drop-branch", "t1").stderr
    assert repo.git("rev-parse", "fix") == commit
    repo.git("branch", "theirs")
    create(base, repo, "t2", "theirs")
    assert "was there before" in base.teardown("--drop-branch", "t2").stderr
    make_files(create(base, repo, "t3", "new"), {"work": "x"})
    assert "comes back to it" in base.teardown("--drop-branch", "t3").stderr
    assert repo.refs("refs/heads") == [f"refs/heads/{name}" for name in ("fix", "main", "new", "theirs")]
    assert (create(base, repo, "t3", "new") / "work").exists()


# ---- on every store ----


@pytest.mark.parametrize("profile", ["worktree", "clone"])
def test_work_that_git_does_not_keep_is_in_the_store_and_comes_back(base_and_store, repo, profile):
    """Ignored files of a worktree; a clone whole."""
    base = base_and_store
    root = create(base, repo, "t1", "fix", "--profile", profile)
    before = make_work(repo, root)
    base.teardown("t1")
    assert not root.exists() and any(key.endswith("t1.tar.gz") for key in base.store.keys())
    assert base.setup("--restore", "t1") == root and (repo.status(root), content(root)) == before
    base.teardown("t1")
    assert base.setup("--restore", "t1") == root and (repo.status(root), content(root)) == before


def test_a_clone_goes_on_on_another_host(base_and_store, repo, tmp_path):
    """Where neither its record nor its source is: the store has all of it."""
    here = base_and_store
    there = Base(here.ws, tmp_path / "there", here.store)
    before = make_work(repo, create(here, repo, "t1", "fix", "--profile", "clone"))
    here.teardown("t1")
    url, branch = repo.path, "fix"
    root = there.setup("--id", "t1", "--profile", "clone", "--git", url, "--branch", branch)
    assert (repo.status(root), content(root)) == before


# ---- links, copies, hooks ----


def test_links_share_large_files_and_are_not_committed_agentric_73(base, repo):
    root = create(base, repo, "t1", "fix", "--link", "node_modules/")
    assert os.readlink(root / "node_modules") == str(repo.path / "node_modules")
    assert (root / "node_modules/m/index.js").read_text() == "module"
    assert repo.status(root) == [] and "/node_modules\n" in (repo.path / ".git/info/exclude").read_text()


def test_a_relative_source_gives_links_that_work_issue_2f127ae(base, repo):
    root = base.setup("--id", "t1", "--git", "repo", "--branch", "fix", "--link", "node_modules", cwd=repo.path.parent)
    assert (root / "node_modules/m/index.js").read_text() == "module"


def test_destroy_removes_the_link_and_not_what_it_points_to_issue_322(base, repo):
    """Deletes outside managed roots; claude-code#75275: 800 GB through links."""
    before = helpers.tree_digest(repo.path / "node_modules")
    for end in ([], ["--discard"]):
        create(base, repo, "t1", "fix", "--link", "node_modules")
        base.teardown("t1", *end)
        assert helpers.tree_digest(repo.path / "node_modules") == before


def test_links_come_back_with_the_workspace_claude_code_40259(base, repo):
    root = create(base, repo, "t1", "fix", "--link", "node_modules")
    base.teardown("t1")
    create(base, repo)
    assert (root / "node_modules").is_symlink() and repo.status(root) == []


def test_a_link_that_became_a_directory_is_work(base, repo):
    root = create(base, repo, "t1", "fix", "--link", "node_modules")
    (root / "node_modules").unlink()
    make_files(root, {"node_modules/mine": "x"})
    base.teardown("t1")
    assert content(repo.path / "node_modules") == {"m/index.js": "module"}


@pytest.mark.parametrize("path", ["/etc", "../x", "a/../../x", ".git", ".git/hooks", "", "./x"])
def test_links_and_copies_stay_in_the_repository(base, repo, path):
    for option in ("--link", "--copy"):
        assert option in refuse(base, repo, 64, f"{option}={path}")


def test_what_the_source_does_not_have_is_told_and_left_out(base, repo):
    result = base.run("ws-setup", "--id", "t1", "--git", repo.path, "--branch", "b", "--link", "absent", "--copy", "missing")
    assert "absent" in result.stderr and "missing" in result.stderr


def test_copies_are_their_own_and_secrets_keep_their_modes_letta_code_3046(base, repo):
    (repo.path / "node_modules/m/link").symlink_to("index.js")
    root = create(base, repo, "t1", "fix", "--copy", ".env", "--copy", "node_modules")
    assert (root / ".env").stat().st_mode & 0o777 == 0o600 and (root / ".env").read_text() == "SECRET=1\n"
    assert helpers.tree_digest(root / "node_modules/m", top=False) == helpers.tree_digest(repo.path / "node_modules/m", top=False)
    shutil.rmtree(root / "node_modules/m")
    assert (repo.path / "node_modules/m/index.js").exists(), "npm ci empties a copy, never the source (o8#1764)"
    assert repo.status(root) == []


LIST = {".worktreeinclude": "# what an agent needs\n.env\n*.local\nnode_modules/*\n!node_modules/big\nfile\nnotes\n"}


@pytest.mark.parametrize("profile", ["worktree", "clone"])
def test_ignored_files_that_a_list_in_the_repository_names_are_copied_letta_code_3046(base, repo, profile):
    """What is tracked comes by git; what is not ignored would be committed."""
    make_files(repo.path, {**LIST, "notes": "untracked", "dir/my.local": "mine", "dir/other.o": "x", "node_modules/big": "x"})
    (repo.path / ".git/info/exclude").write_text("*.local\n")
    root = create(base, repo, "t1", "fix", "--profile", profile)
    copied = {".env", "dir/my.local", "node_modules/m/index.js"}
    assert content(root).keys() - {"file", "dir/other", ".gitignore"} == copied and repo.status(root) == []
    (root / ".env").unlink()
    base.teardown("t1")
    create(base, repo, "t1", "fix", "--profile", profile)
    assert not (root / ".env").exists() and (root / "dir/my.local").read_text() == "mine", "what the agent removed stays so"


def test_the_list_can_be_another_one_or_none(base, repo, tmp_path):
    make_files(repo.path, LIST)
    (tmp_path / "mine").write_text("m/\n")
    assert not (create(base, repo, "t1", "a", "--copy-list", "") / ".env").exists()
    root = create(base, repo, "t2", "b", "--copy-list", tmp_path / "mine")
    assert (root / "node_modules/m/index.js").exists() and not (root / ".env").exists()
    assert "--copy-list" in refuse(base, repo, 66, "--copy-list", tmp_path / "absent", name="t3", branch="c")
    assert "--copy-list" in base.run("ws-setup", "--id", "t4", "--copy-list", "x", status=64).stderr


def test_no_more_is_copied_than_the_cap_allows_and_the_message_says_what_to_do(base, repo):
    make_files(repo.path, {**LIST, "node_modules/m/large": "x" * 70_000, "node_modules/n/large": "x" * 70_000})
    for args in (["--copy", "node_modules"], []):
        message = refuse(base, repo, 65, *args, "--copy-max", "100K")
        assert "more than 100.0 KiB would be copied" in message and "--copy-max" in message and "--link" in message and "large" in message
    assert (create(base, repo, "t1", "fix", "--copy-max", "200K") / "node_modules/n/large").stat().st_size == 70_000


def test_copies_of_secrets_are_for_their_owner_alone(base, repo):
    make_files(repo.path, {".env.local": "S=1", "conf/tls.key": "key", "conf/run": "#!/bin/sh\n", ".secrets/token": "t"})
    for path in (".env", ".env.local", "conf/tls.key", "conf/run", ".secrets/token"):
        (repo.path / path).chmod(0o755 if path == "conf/run" else 0o664)
    root = create(base, repo, "t1", "fix", *(word for path in (".env", ".env.local", "conf", ".secrets") for word in ("--copy", path)))
    modes = {path: oct((root / path).stat().st_mode & 0o777) for path in (".env", ".env.local", "conf/tls.key", ".secrets/token")}
    assert set(modes.values()) == {"0o600"}, modes
    assert (root / "conf/run").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("lacks", ["nothing", "copy_file_range"])
def test_a_copy_shares_blocks_where_it_can_and_else_is_copied_by_the_kernel_or_by_us(base, repo, lacks, tmp_path):
    """FICLONE, then copy_file_range, then read and write."""
    make_files(repo.path, {"heavy": "x" * 300_000})
    trace = ["strace", "-o", tmp_path / "trace", "-e", "trace=ioctl,copy_file_range"]
    trace += ["-e", f"inject={lacks}:error=EXDEV"] if lacks != "nothing" else []
    words = ["ws-setup", "--id", "t1", "--git", repo.path, "--branch", "fix", "--copy", "heavy"]
    helpers.run([*trace, helpers.BINARY, *words], env=base.ws.environment(base.env))
    assert (base.path / "t1/heavy").read_text() == "x" * 300_000
    calls = re.findall(r"^(ioctl\(\d+, BTRFS_IOC_CLONE|ioctl\(\d+, FICLONE|copy_file_range).*= (-?\d+)", (tmp_path / "trace").read_text(), re.M)
    assert "CLONE" in calls[0][0], "a share of the blocks is asked for first"
    if int(calls[0][1]) < 0:
        assert calls[1][0] == "copy_file_range" and (int(calls[1][1]) > 0 or lacks != "nothing")


def test_a_copy_that_git_would_see_is_excluded_so_that_no_secret_is_committed(base, repo):
    make_files(repo.path, {"local[1].cfg": "secret"})
    root = create(base, repo, "t1", "fix", "--copy", "local[1].cfg")
    assert repo.status(root) == [] and (root / "local[1].cfg").read_text() == "secret"
    base.teardown("t1")
    assert repo.refs() == []
    create(base, repo)
    assert (root / "local[1].cfg").read_text() == "secret"


def test_hooks_run_in_a_new_workspace_and_their_output_is_kept(base, repo):
    root = create(base, repo, "t1", "fix", "--hook", "echo hello; echo oops >&2; pwd >where", "--hook", 'test -z "$WS_STORE$GIT_DIR" && echo "$WORKSPACE_ID" >>where')
    assert (root / "where").read_text() == f"{root}\nt1\n"
    assert (base.path / ".ws/t1/hooks.log").read_text().startswith("$ echo hello; echo oops >&2; pwd >where\nhello\noops\n")
    create(base, repo, "t1", "fix", "--hook", "touch again")
    assert not (root / "again").exists(), "it was there already"


def test_what_hooks_say_is_bounded_and_its_newest_lines_stay(base, repo):
    create(base, repo, "t1", "fix", "--hook", "echo first; yes | head -c 5000000; echo last")
    logs = [base.path / ".ws/t1" / name for name in ("hooks.log", "hooks.log.1")]
    assert all(log.stat().st_size <= 1 << 20 for log in logs) and sum(log.stat().st_size for log in logs) > 1 << 20
    assert logs[0].read_text().endswith("y\nlast\n")


def test_a_hook_that_fails_warns_and_does_not_fail(base, repo):
    result = base.run("ws-setup", "--id", "t1", "--git", repo.path, "--branch", "b", "--hook", "exit 3", "--hook", "touch next")
    assert "ended with status 3" in result.stderr and "hooks.log" in result.stderr and (base.path / "t1/next").exists()


def test_a_hook_may_be_said_to_matter_and_the_workspace_stays(base, repo):
    args = ["ws-setup", "--id", "t1", "--git", repo.path, "--branch", "b", "--hook-policy", "fail"]
    base.run(*args, "--hook", "exit 3", status=1)
    assert (base.path / "t1/file").exists()
    base.run(*args, "--hook", "touch done")
    assert (base.path / "t1/done").exists(), "hooks that did not all run are run by the next setup"


def test_a_hook_that_hangs_is_ended_with_all_that_it_started(base, repo):
    started = time.monotonic()
    result = base.run("ws-setup", "--id", "t1", "--git", repo.path, "--branch", "b", "--hook", "echo $$ >pid; sleep 60 & sleep 60", "--hook-timeout", "1500ms")
    assert "not done in time" in result.stderr and time.monotonic() - started < 20
    group = int((base.path / "t1/pid").read_text())
    wait_until(lambda: not group_is_alive(group), what="the end of the group")


def group_is_alive(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_hook_that_reads_gets_nothing(base, repo):
    create(base, repo, "t1", "fix", "--hook", "cat >got", timeout=20)
    assert (base.path / "t1/got").read_text() == ""


# ---- safety ----


def test_hooks_of_the_repository_do_not_run_for_us(base, repo, tmp_path):
    for name in ("post-checkout", "reference-transaction", "pre-commit", "post-index-change"):
        hook = repo.path / ".git/hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        hook.chmod(0o755)
    root = create(base, repo)
    make_files(root, {"x": "x"})
    base.teardown("t1")
    create(base, repo)
    assert not (tmp_path / "ran").exists()


def test_a_git_file_that_points_elsewhere_is_not_followed(base, repo, tmp_path):
    """The agent can write it; a configuration of its choice would run programs as us."""
    root = create(base, repo)
    repo.git("init", "-q", tmp_path / "evil")
    repo.git("config", "core.fsmonitor", f"touch {tmp_path}/ran", cwd=tmp_path / "evil")
    repo.git("config", "core.pager", f"touch {tmp_path}/ran", cwd=tmp_path / "evil")
    (root / ".git").write_text(f"gitdir: {tmp_path}/evil/.git\n")
    make_files(root, {"x": "x"})
    base.teardown("t1")
    assert not (tmp_path / "ran").exists() and repo.refs() == ["refs/ws/preserved/t1"]


def test_a_worktree_of_another_user_is_kept_as_well(base, repo):
    need_root()
    root = create(base, repo, "t1", "fix", "--user", str(helpers.NOBODY))
    assert (root / "file").stat().st_uid == helpers.NOBODY
    (root / "file").write_text("changed\n")
    base.teardown("t1")
    base.setup("--restore", "t1")
    assert (root / "file").read_text() == "changed\n"


def test_a_user_of_its_own_gets_the_worktree_and_not_the_objects(base, repo):
    need_root()
    root = create(base, repo, "c1", "fix", "--profile", "clone", "--user", str(helpers.NOBODY))
    assert (root / "file").stat().st_uid == (root / ".git/HEAD").stat().st_uid == helpers.NOBODY
    assert all(Path(path).stat().st_uid == 0 for path, _, _ in os.walk(repo.path))
    assert all((Path(d) / f).stat().st_uid == 0 for d, _, files in os.walk(repo.path / ".git/objects") for f in files)
