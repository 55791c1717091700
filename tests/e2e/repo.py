"""A git repository as its users have it, and work in a worktree of it."""
from pathlib import Path

import ws as helpers
from place import make_files

IDENTITY = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "me"), ("EMAIL", "me@localhost"))}
ENV = {"PATH": helpers.PATH, "HOME": "/nonexistent", "GIT_CONFIG_GLOBAL": "/dev/null", "LC_ALL": "C", **IDENTITY}


class Repo:
    """A repository as its users have it: `upstream` is its origin."""

    def __init__(self, directory):
        self.upstream, self.path = directory / "upstream", directory / "repo"
        self.upstream.mkdir()
        self.git("init", "-q", "-b", "main", cwd=self.upstream)
        make_files(self.upstream, {"file": "one\n", "dir/other": "two\n", ".gitignore": "*.o\nnode_modules/\n.env\n"})
        self.commit("first", self.upstream)
        self.git("clone", "-q", self.upstream, self.path, cwd=directory)
        make_files(self.path, {"node_modules/m/index.js": "module", ".env": "SECRET=1\n"})
        (self.path / ".env").chmod(0o600)

    def git(self, *args, cwd=None, status=0):
        return helpers.run(["git", *args], cwd=cwd or self.path, env=ENV, status=status).stdout.strip()

    def commit(self, message, cwd=None):
        self.git("add", "--all", cwd=cwd)
        self.git("commit", "-q", "--allow-empty", "-m", message, cwd=cwd)
        return self.git("rev-parse", "HEAD", cwd=cwd)

    def worktrees(self):
        return [line.split()[0] for line in self.git("worktree", "list").splitlines()][1:]

    def refs(self, pattern="refs/ws"):
        return self.git("for-each-ref", "--format=%(refname)", pattern).splitlines()

    def status(self, root):
        return self.git("status", "--porcelain", cwd=root).splitlines()


def content(root):
    """The files of a tree, but for git's own."""
    return {name: text for name, text in text_files(root).items() if name != ".git" and not name.startswith(".git/")}


def text_files(root):
    return {str(p.relative_to(root)): p.read_bytes().decode("latin-1") for p in sorted(Path(root).rglob("*")) if p.is_file()}


def make_work(repo, root):
    """One of each kind of work that is in no commit; what git says of it."""
    (root / "file").write_text("changed\n")
    (root / "dir/other").unlink()
    make_files(root, {"staged": "s\n", "half": "staged\n", "new/file": "untracked\n", "out.o": "ignored", "node_modules/own": "ignored"})
    repo.git("add", "staged", "half", cwd=root)
    (root / "half").write_text("staged, then changed\n")
    return repo.status(root), content(root)
