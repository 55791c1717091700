"""A machine in trouble, in each profile: a full disk, a file system that went read-only, a file that can't be read, a clock that is years off.

Where the trouble meets a restore, a spool or a collector, it is told in test_session.py and test_workspace.py; in a backup in test_backup.py.
"""
import os

import pytest
from memory_s3 import MemoryS3

import ws as helpers
from place import Base, fill_disk, make_files, small_disk, unmount_below
from repo import ENV, Repo
from test_session import TEN_YEARS_S, MemoryStore, memory  # noqa: F401 (fixture)

# How it is made, and the directory in it where its work is.
PROFILES = {
    "task": (("--id", "t1"), ""),
    "session": (("--profile", "session", "--workspace", "w1", "--session", "s1"), "claude-config"),
    "flat": (("--profile", "flat"), ""),
    "volumes": (("--profile", "volumes", "--id", "v1"), "workspace"),
    "worktree": (("--id", "g1", "--branch", "fix", "--git", "{repo}"), ""),
    "clone": (("--id", "g1", "--branch", "fix", "--git", "{repo}", "--profile", "clone"), ""),
}
each = pytest.mark.parametrize("profile", PROFILES)


class Place:
    """A workspace of a profile: made, worked in, and made again."""

    def __init__(self, base, profile, repo):
        self.base, (args, self.inner) = base, PROFILES[profile]
        self.args = [arg.format(repo=repo) for arg in args]

    def setup(self, **options):
        root = self.base.setup(*self.args, **options)
        self.name = root.name
        return root / self.inner

    def work(self, text="work"):
        where = self.setup()
        assert where.is_dir()
        return make_files(where, {"work": text})

    def is_saved(self, text="work"):
        assert not (self.base.path / self.name).exists()
        assert (self.setup() / "work").read_text() == text


@pytest.fixture
def small(ws, tmp_path):
    """small(profile): one on a disk of 4 MiB; what it is saved to lies elsewhere."""
    server = MemoryS3().start()
    disk = small_disk(tmp_path / "disk", "4m")
    yield lambda profile: Place(Base(ws, disk / "base", MemoryStore(server)), profile, Repo(tmp_path).path)
    server.stop()
    unmount_below(disk)


@each
def test_on_a_full_disk_the_work_is_saved_all_the_same(small, profile):
    place = small(profile)
    place.work()
    ballast = fill_disk(place.base.path.parent)
    place.base.teardown(place.name)
    ballast.unlink()
    place.is_saved()


@each
def test_on_a_full_disk_a_workspace_is_not_begun_and_one_that_is_there_not_touched(small, profile):
    place = small(profile)
    place.work()
    ballast = fill_disk(place.base.path.parent)
    result = place.base.run("ws-setup", "--base", place.base.path.parent / "other", *place.args, status=74)
    assert "No space left on device" in result.stderr, result
    ballast.unlink()
    place.base.teardown(place.name)
    place.is_saved()


@each
def test_on_a_read_only_file_system_a_teardown_removes_nothing_and_can_be_done_again(small, profile):
    place = small(profile)
    place.work()
    before = place.base.store.keys()
    helpers.run(["mount", "-o", "remount,ro", place.base.path.parent])
    for applet, *args in (("ws-teardown", place.name), ("ws-teardown", "--discard", place.name), ("ws-setup", *place.args)):
        result = place.base.run(applet, *args, status=None)
        assert result.status in (74, 77) and "Read-only file system" in result.stderr, result
    assert place.base.store.keys() == before and (place.base.path / place.name / place.inner / "work").read_text() == "work"
    helpers.run(["mount", "-o", "remount,rw", place.base.path.parent])
    place.base.teardown(place.name)
    place.is_saved()


@each
@pytest.mark.parametrize("shift_s", [TEN_YEARS_S, -TEN_YEARS_S], ids=["behind", "ahead"])
def test_a_clock_that_is_ten_years_off_the_stores_saves_and_restores(memory, tmp_path, profile, shift_s):
    """And files that were written by another one, that was as far off."""
    place = Place(memory(shift_s=shift_s), profile, Repo(tmp_path).path)
    for turn in ("first", "second"):
        where = place.work(turn)
        for name in ("work", "."):
            os.utime(where / name, (where.stat().st_mtime + shift_s,) * 2)
        place.base.teardown(place.name)
    place.is_saved("second")


@pytest.fixture
def users_repo(plain_user):
    made = plain_user.dir / "repo"
    for args in (("init", "-q", "-b", "main", made), ("-C", made, "commit", "-q", "--allow-empty", "-m", "first")):
        plain_user.run("git", *args, env=ENV)
    return made


@each
def test_a_file_that_can_not_be_read_keeps_the_work_and_what_was_saved_before(memory, plain_user, users_repo, profile):
    store = memory().store
    place = Place(Base(plain_user, plain_user.dir / "base", store), profile, users_repo)

    def work(text, mode):
        inside = place.setup()
        plain_user.run("sh", "-c", f'cd "$0" && echo {text} >work && chmod {mode} work', inside)

    work("first", 600)
    place.base.teardown(place.name)
    before = {key: store.get(key) for key in store.keys()}
    work("second", 0)
    result = place.base.teardown(place.name, status=75)
    assert "work" in result.stderr and "ermission denied" in result.stderr, result
    assert {key: store.get(key) for key in before} == before
    (spooled,) = place.base.area("spool")
    plain_user.run("chmod", "600", spooled / place.inner / "work")
    place.base.run("ws-teardown", "--retry")
    place.is_saved("second\n")
