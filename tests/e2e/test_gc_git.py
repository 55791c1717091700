"""ws-gc and git: work that only the workspace has keeps it, at any depth and in any profile; and what a repository believes in vain."""
import json
import shutil

import pytest

import ws as helpers
from place import base, digest, file_base, make_files  # noqa: F401 (fixtures)
from test_git import ENV, create, repo  # noqa: F401 (fixtures)


def git(directory, *args):
    return helpers.run(["git", *args], cwd=directory, env=ENV).stdout.strip()


def clone(repo, directory):
    """A clean clone of the upstream, as an agent makes one; everything in it is pushed."""
    helpers.run(["git", "clone", "-q", "--no-hardlinks", repo.upstream, directory], env=ENV)
    return directory


def change_file(tree):
    (tree / "file").write_text("changed\n")


def stage_file(tree):
    (tree / "file").write_text("changed\n")
    git(tree, "add", "file")


def add_file(tree):
    (tree / "new").write_text("new\n")


def commit(tree):
    git(tree, "commit", "-q", "--allow-empty", "-m", "more")


def commit_elsewhere(tree):
    git(tree, "checkout", "-q", "-b", "other")
    commit(tree)
    git(tree, "checkout", "-q", "main")


def detach(tree):
    git(tree, "checkout", "-q", "--detach")
    commit(tree)


def stash(tree):
    change_file(tree)
    git(tree, "stash", "-q")


def break_it(tree):
    (tree / ".git/HEAD").write_text("nonsense\n")


WORK = {
    "a changed file": (change_file, "git-dirty"),
    "a staged file": (stage_file, "git-dirty"),
    "a new file": (add_file, "git-dirty"),
    "a commit": (commit, "git-unpushed"),
    "a commit on another branch": (commit_elsewhere, "git-unpushed"),
    "a detached commit": (detach, "git-detached"),
    "a stash": (stash, "git-unpushed"),
    "a broken repository": (break_it, "git-unknown"),
}


def first(base, *args, **options):
    lines = [json.loads(line) for line in base.run("ws-gc", "--json", *args, **options).stdout.splitlines()]
    return next(line for line in lines if line.get("name") == "t1")


@pytest.mark.parametrize("what", WORK)
@pytest.mark.parametrize("ephemeral", [False, True], ids=["saved", "ephemeral"])
def test_work_that_only_the_workspace_has_keeps_it(file_base, repo, what, ephemeral):
    """G1: never dirty, unpushed, stashed or detached work by default."""
    act, reason = WORK[what]
    root = file_base.setup("--id", "t1", *(["--ephemeral"] if ephemeral else []))
    tree = clone(repo, root / "deep/er/repo")
    assert first(file_base, "--dry-run", "--older", "0s")["reason"] == "idle"
    act(tree)
    line = first(file_base, "--older", "0s")
    assert (line["action"], line["reason"]) == ("keep", reason) and line["detail"].startswith("deep/er/repo: "), line
    assert root.exists()
    plan, total = file_base.gc("--older", "0s", "--force-dirty")
    assert plan["t1"] == "trash idle" and total["trashed"] == 1 and not root.exists()


@pytest.mark.parametrize("act, reason", [(stash, "git-unpushed"), (commit_elsewhere, "git-unpushed"), (lambda tree: None, "idle")])
def test_what_a_submodule_alone_has_keeps_it_too(file_base, repo, act, reason):
    """Its .git is a file, as a worktree's is; but its repository lies in the workspace."""
    root = file_base.setup("--id", "t1", "--ephemeral")
    tree = clone(repo, root / "repo")
    git(tree, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", repo.upstream, "sub")
    git(tree, "commit", "-q", "-m", "sub")
    git(tree, "push", "-q", "origin", "HEAD:refs/heads/sub")
    act(tree / "sub")
    assert first(file_base, "--older", "0s")["reason"] == reason


def test_a_clean_clone_is_taken_and_comes_back(file_base, repo):
    root = file_base.setup("--id", "t1")
    clone(repo, root / "repo")
    (root / "repo/ignored.o").write_text("object")  # .gitignore says that nobody needs it
    before = digest(root)
    assert file_base.gc("--older", "0s")[0]["t1"] == "trash idle"
    assert digest(file_base.setup("--id", "t1")) == before


def test_looking_changes_nothing(file_base, repo):
    root = file_base.setup("--id", "t1")
    change_file(clone(repo, root / "repo"))
    before = digest(root)
    first(file_base, "--older", "0s")
    assert digest(root) == before


def test_a_directory_named_git_that_is_no_repository_keeps_nothing(file_base):
    root = file_base.setup("--id", "t1")
    make_files(root, {"fixture/.git/config": "x"})
    assert file_base.gc("--older", "0s")[0]["t1"] == "trash idle"


def test_without_git_nothing_is_known(file_base, repo, tmp_path):
    root = file_base.setup("--id", "t1")
    clone(repo, root / "repo")
    line = first(file_base, "--older", "0s", env={"PATH": str(tmp_path)})
    assert line["reason"] == "git-unknown" and root.exists()


def test_a_worktree_with_work_is_kept_and_one_without_goes(file_base, repo):
    root = create(file_base, repo)
    (root / "file").write_text("changed\n")
    assert first(file_base, "--older", "0s")["reason"] == "git-dirty"
    git(root, "checkout", "-q", "file")
    commit(root)
    assert first(file_base, "--older", "0s")["reason"] == "git-unpushed"
    git(root, "push", "-q", "origin", "HEAD:fix")
    assert first(file_base, "--older", "0s")["reason"] == "idle" and not root.exists()


def test_a_worktree_with_links_goes_like_any_other(file_base, repo):
    """Removing the links on the way was taken for a change of its files."""
    root = create(file_base, repo, "t1", "fix", "--link", "node_modules")
    assert first(file_base, "--older", "0s")["reason"] == "idle" and not root.exists() and repo.worktrees() == []
    assert file_base.gc("--trash-ttl", "0s")[1]["purged"] == 1 and (repo.path / "node_modules/m/index.js").exists()
    assert file_base.setup("--restore", "t1") == root and (root / "node_modules").is_symlink()


def test_a_worktree_that_turned_out_to_be_in_use_is_put_back_as_it_was(file_base, repo, tmp_path):
    """Somebody stages a file while it is saved: nothing of his work, nor what git knows of it, may have changed."""
    root = create(file_base, repo, "t1", "fix", "--link", "node_modules")
    bin, real = tmp_path / "bin", shutil.which("git")
    bin.mkdir()
    use = f"echo late >{root}/late; env -i {real} -C {root} add late"
    (bin / "git").write_text(f'#!/bin/sh\ncase "$*" in *write-tree*) [ -e {root}/late ] || {{ {use}; }} ;; esac\nexec {real} "$@"\n')
    (bin / "git").chmod(0o755)
    result = file_base.run("ws-gc", "--older", "0s", env={"PATH": f"{bin}:{helpers.PATH}"})
    assert "left alone" in result.stderr and "its files were changed" in result.stderr
    assert repo.worktrees() == [str(root)] and repo.status(root) == ["A  late"] and (root / "node_modules").is_symlink()
    assert file_base.state("t1") == "ready" and file_base.area("trash") == []


def test_a_worktree_that_was_put_back_from_the_trash_is_one_for_git_too(file_base, repo):
    root = create(file_base, repo)
    (root / "new").write_text("new\n")
    file_base.gc("--older", "0s", "--force-dirty")
    assert repo.worktrees() == []
    file_base.run("ws-gc", "--undo", "t1")
    assert repo.worktrees() == [str(root)] and repo.status(root) == ["?? new"]
    assert first(file_base, "--older", "0s", "--min-age", "0s")["reason"] == "git-dirty"


@pytest.mark.parametrize("how", ["older", "force-dirty", "archive-to", "compress-after"])
def test_a_repository_that_worktrees_elsewhere_live_on_is_not_taken(file_base, repo, tmp_path, how):
    """A clone for all, a worktree of it for each agent: without the first nothing of the others can be saved."""
    source = file_base.setup("--id", "t1", "--profile", "clone", "--git", repo.upstream, "--branch", "main")
    root = file_base.setup("--id", "t2", "--git", source, "--branch", "fix")
    git(source, "worktree", "add", "-q", "node_modules/inner", "-b", "inner")  # within it: that goes with it
    (root / "new").write_text("work\n")
    options = {"older": [], "force-dirty": ["--force-dirty"], "archive-to": ["--archive-to", f"file://{tmp_path}/archives"], "compress-after": []}
    policy = ["--compress-after" if how == "compress-after" else "--older", "0s", "--min-age", "0s", *options[how]]
    file_base.run("ws-gc", "--pin", "t2", "--reason", "at work")
    line = first(file_base, *policy)
    assert (line["action"], line["reason"], line["detail"]) == ("keep", "git-shared", f".: {root} is a worktree of it")
    assert source.exists() and git(root, "status", "--porcelain") == "?? new"
    file_base.teardown("t2")
    assert first(file_base, *policy)["action"] in ("trash", "compress") and not source.exists()


def test_a_hook_or_a_filter_of_the_agents_is_not_run(file_base, repo, tmp_path):
    root = file_base.setup("--id", "t1")
    tree = clone(repo, root / "repo")
    told = tmp_path / "told"
    git(tree, "config", "core.fsmonitor", f"touch {told}")
    (tree / ".git/hooks/post-index-change").write_text(f"#!/bin/sh\ntouch {told}\n")
    (tree / ".git/hooks/post-index-change").chmod(0o755)
    change_file(tree)
    assert first(file_base, "--older", "0s")["reason"] == "git-dirty" and not told.exists()


def test_when_git_keeps_one_the_next_goes_in_its_place(file_base, repo):
    change_file(clone(repo, file_base.setup("--id", "t1") / "repo"))
    for name in ("t2", "t3"):
        file_base.setup("--id", name)
    plan, total = file_base.gc("--max-count", "1", "--min-age", "0s")
    assert plan["t1"] == "keep git-dirty" and total["trashed"] == 2


def test_an_orphan_with_work_is_kept_too(file_base, repo):
    """It is younger than an hour here: the class of orphans is tested where the clock can be set (gc_git_test)."""
    file_base.setup("--id", "t2")
    change_file(clone(repo, file_base.path / "t1"))
    assert first(file_base, "--orphans")["reason"] == "young"


def test_a_worktree_without_a_directory_waits_an_hour(file_base, repo):
    root = create(file_base, repo)
    shutil.rmtree(root)
    lines = [json.loads(line) for line in file_base.run("ws-gc", "--json", "--orphans").stdout.splitlines()]
    entry = next(line for line in lines if line.get("detail") == str(repo.path / ".git"))
    assert (entry["id"], entry["action"], entry["reason"]) == ("t1", "keep", "young") and repo.worktrees() == [str(root)]
