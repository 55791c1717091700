"""extract --into-existing: what the archive names is replaced, file by file; the rest stays; nothing is written through anything."""
import os
import subprocess

import pytest
import rawtar
from place import make_files
from rawtar import DIR, SYM, file, header, tar

import ws as helpers


@pytest.fixture
def into(ws, tmp_path):
    """into(parts, …): unpack a tar of these into tmp_path/there."""

    def run(*parts, status=0, **options):
        (tmp_path / "a").write_bytes(rawtar.as_gzip(tar(*parts)))
        return ws("ws-archive", "extract", "-q", "--into-existing", "-C", tmp_path / "there", tmp_path / "a", status=status, **options)

    (tmp_path / "there/d/own").mkdir(parents=True)
    (tmp_path / "there/f").write_text("old")
    (tmp_path / "there/d/f").write_text("old")
    (tmp_path / "there/d/own/f").write_text("kept")
    return run


@pytest.mark.parametrize("there", [False, True], ids=["a new directory", "one that is there"])
def test_what_is_being_unpacked_lies_where_nobody_else_can_get_at_it(ws, tmp_path, there):
    place = tmp_path / "place"
    (place / "out").mkdir(parents=True) if there else place.mkdir()
    os.chmod(place / "out" if there else place, 0o777)
    data = rawtar.tar(*[file(f"f{n}", os.urandom(4000)) for n in range(2000)])
    process = ws.start("ws-archive", "extract", "-q", "-C", place / "out", "-", stdin=subprocess.PIPE)
    process.stdin.write(data[: len(data) // 2])  # more than a pipe and the reader hold: it is at work
    process.stdin.flush()
    staging = [path for path in (place / "out" if there else place).iterdir() if path.name != "out"]
    assert [path.name[:8] for path in staging] == [".ws-tmp-"] and os.path.exists(place / "out") == there
    info = staging[0].lstat()
    assert info.st_mode & 0o7777 == 0o700 and info.st_uid == os.geteuid()
    process.communicate(timeout=60)
    assert process.returncode == 65 and os.listdir(place) == (["out"] if there else []) and (not there or os.listdir(place / "out") == [])


def texts(top):
    return {os.fspath(path.relative_to(top)): os.readlink(path) if path.is_symlink() else path.read_text() for path in top.rglob("*") if path.is_symlink() or path.is_file()}


def test_what_the_archive_names_is_replaced_and_the_rest_stays(into, tmp_path):
    there = tmp_path / "there"
    into(header("d", DIR, mode=0o750, mtime=1), file("d/f", b"new"), header("d/l", SYM, link="f"), file("d/new/g", b"new"), header("f", SYM, link="d/f"))
    assert texts(there) == {"d/f": "new", "d/l": "f", "d/new/g": "new", "d/own/f": "kept", "f": "d/f"}
    info = (there / "d").stat()
    assert info.st_mode & 0o7777 == 0o750 and info.st_mtime == 1
    assert sorted(os.listdir(there)) == ["d", "f"]


def test_it_is_the_same_as_without_when_there_is_nothing_yet(ws, tree, tmp_path):
    root = tree()
    ws("ws-archive", "create", "-q", "-C", root, "-o", tmp_path / "a")
    (tmp_path / "empty").mkdir()
    for target in ("none", "empty"):
        ws("ws-archive", "extract", "-q", "--into-existing", "-C", tmp_path / target, tmp_path / "a")
        ws("ws-archive", "extract", "-q", "--into-existing", "-C", tmp_path / target, tmp_path / "a")  # once more over itself
        assert helpers.tree_digest(tmp_path / target, top=False) == helpers.tree_digest(root, top=False)


def test_a_file_is_replaced_by_a_new_one_whoever_else_has_a_name_for_the_old(into, canary, tmp_path):
    os.unlink(tmp_path / "there/f")
    os.link(canary / "readonly", tmp_path / "there/f")
    (tmp_path / "there/d/s").symlink_to(canary / "secret")
    into(file("f", b"new"), file("d/s", b"new"))
    assert (tmp_path / "there/f").read_text() == (tmp_path / "there/d/s").read_text() == "new"


CONFLICTS = {
    "a directory for a file": ([file("a", b"x"), header("f", DIR), file("f/x")], "f is there already and no directory"),
    "a file for a directory": ([file("a", b"x"), file("d/own", b"x")], "d/own is there already as a directory"),
    "a symlink for a directory": ([file("a", b"x"), header("d", SYM, link="/etc")], "d is there already as a directory"),
    "a directory for a symlink": ([file("a", b"x"), file("link/f", b"x")], "link is there already and no directory"),
}


@pytest.mark.parametrize("case", CONFLICTS)
def test_what_does_not_fit_is_refused_before_anything_is_moved(into, canary, tmp_path, case):
    (tmp_path / "there/link").symlink_to(canary)
    before = helpers.tree_digest(tmp_path / "there", top=False)
    parts, says = CONFLICTS[case]
    into(*parts, status=73).complains(says)
    assert helpers.tree_digest(tmp_path / "there", top=False) == before


@pytest.mark.parametrize("parts", [[file("f", b"new"), file("../x")], [file("f", b"new"), header("l", SYM, link=".."), file("l/x")]], ids=["dot dot", "through a symlink"])
def test_of_an_archive_that_is_refused_nothing_arrives(into, canary, tmp_path, parts):
    before = helpers.tree_digest(tmp_path / "there", top=False)
    into(*parts, status=65)
    assert helpers.tree_digest(tmp_path / "there", top=False) == before


def test_a_mount_point_is_not_unpacked_into(into, canary, tmp_path):
    if os.geteuid() != 0 or subprocess.run(["/usr/bin/mount", "--bind", canary, tmp_path / "there/d/own"], stderr=subprocess.PIPE).returncode != 0:
        pytest.skip("mounting takes root")
    try:
        into(file("d/f", b"new"), file("d/own/f", b"new"), status=73).complains("d/own is there already as a mount point")
        assert (tmp_path / "there/d/f").read_text() == "old"
    finally:
        helpers.run(["/usr/bin/umount", tmp_path / "there/d/own"])


def test_an_ordinary_user_may_have_read_only_directories_in_the_archive(plain_user):
    plain_user.run("/bin/sh", "-ec", "mkdir -p t/ro/sub there/ro; echo new > t/ro/f; echo new > t/ro/sub/f; echo old > there/ro/f; chmod 555 t/ro t/ro/sub")
    plain_user("ws-archive", "create", "-q", "-C", "t", "-o", "a")
    plain_user("ws-archive", "extract", "-q", "--into-existing", "-C", "there", "a")
    assert helpers.tree_digest(plain_user.dir / "there/ro") == helpers.tree_digest(plain_user.dir / "t/ro")


# ---- dry runs ----


@pytest.fixture(params=["ours", "from a pipe", "of another tar"])
def would(request, ws, tmp_path):
    """would(option, …): what the lines say of a dry run of an archive of d/f, d/new/g and s, which is then unpacked, too, with the same status."""
    make_files(tmp_path / "tree", {"d/f": "new", "d/new/g": "new"})
    (tmp_path / "tree/s").symlink_to("d/f")
    if request.param == "of another tar":
        subprocess.run(["tar", "-C", tmp_path / "tree", "-czf", tmp_path / "a.tar.gz", "d", "s"], check=True)
    else:
        ws("ws-archive", "create", "-q", "-C", tmp_path / "tree", "-o", tmp_path / "a.tar.gz", "d", "s")

    archive = "-" if request.param == "from a pipe" else tmp_path / "a.tar.gz"
    there = tmp_path / "there"

    def run(*options, patterns=(), status=0):
        def extract(*more):
            with open(tmp_path / "a.tar.gz", "rb") as stdin:
                return ws("ws-archive", "extract", *more, "-C", there, *options, archive, *patterns, stdin=stdin, status=status)

        before = texts(there), there.exists()
        told = extract("--dry-run", "--json")
        assert (texts(there), there.exists()) == before
        extract("-q")
        return [(line["action"], line["source"]) for line in helpers.lines(told) if "error" not in line]

    return run


def test_a_dry_run_names_what_would_be_made(would, tmp_path):
    assert sorted(would()) == [("unpack", "d"), ("unpack", "d/f"), ("unpack", "d/new"), ("unpack", "d/new/g"), ("unpack", "s")]


def test_a_dry_run_heeds_patterns_and_strip(would, tmp_path):
    assert sorted(would("--strip", "1", patterns=["d/new"])) == [("unpack", "new"), ("unpack", "new/g")]


def test_a_dry_run_tells_what_is_replaced_from_what_is_new(would, tmp_path):
    make_files(tmp_path / "there", {"d/f": "old", "s": "old"})
    assert sorted(would("--into-existing")) == [("replace", "d/f"), ("replace", "s"), ("unpack", "d"), ("unpack", "d/new"), ("unpack", "d/new/g")]


@pytest.mark.parametrize("there", ["d/f/x", "d"], ids=["a directory for a file", "a file for a directory"])
def test_a_dry_run_ends_as_the_run_does_where_something_is_in_the_way(would, tmp_path, there):
    make_files(tmp_path / "there", {there: "old"})
    would("--into-existing", status=73)
    would(status=73)
