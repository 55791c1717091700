"""ws-archive diff and verify --against: two trees, as directories and as archives of any kind, compared."""
import dataclasses
import gzip
import io
import json
import os
import shutil
import tarfile

import pytest
import wsformat

import ws as helpers

KINDS = ["directory", "ours", "stored", "theirs", "plain"]


@pytest.fixture
def side(ws, tmp_path):
    """A tree as one of KINDS."""

    def make(root, kind):
        out = tmp_path / f"{root.name}.{kind}"
        if kind == "directory":
            return root
        if kind == "ours":
            ws("ws-archive", "create", "-q", "-C", root, "-o", out)
        elif kind == "stored":
            with open(out, "wb") as to:
                to.write(ws("ws-archive", "create", "-q", "-C", root, "-o", "-", "--level", "1").output)
        else:
            helpers.run(["/usr/bin/tar", "-c" + ("z" if kind == "theirs" else "") + "f", out, "-C", root, "."])
        return out

    return make


@pytest.fixture
def trees(tmp_path):
    """Two trees with one difference of each kind."""
    one, two = tmp_path / "one", tmp_path / "two"
    for root in (one, two):
        (root / "dir/deep").mkdir(parents=True)
        for name, text in (("same", "same"), ("dir/same", "also"), ("empty", ""), ("a b\n", "odd")):
            (root / name).write_text(text)
        os.link(root / "same", root / "twin")
        os.symlink("same", root / "link")
        with open(root / "sparse", "wb") as out:
            out.truncate(1 << 20)
            out.seek(500_000)
            out.write(b"data")
    (one / "gone").write_text("gone for good")
    (one / "old name").write_text("moved content")
    (two / "dir/new name").write_text("moved content")
    (one / "dir/deep/kept").write_text("kept its name")
    (two / "kept").write_text("kept its name")
    (two / "other copy").write_text("kept its name")
    (two / "new").write_text("new")
    (two / "new dir").mkdir()
    (two / "dir/same").write_text("ALSO")
    (two / "a b\n").chmod(0o600)
    (one / "turned").write_text("file")
    (two / "turned").mkdir()
    (two / "link").unlink()
    os.symlink("elsewhere", two / "link")
    with open(two / "sparse", "r+b") as out:
        out.seek(500_000)
        out.write(b"DATA")
    return one, two


EXPECTED = {
    ("removed", "gone", None, ()),
    ("renamed", "dir/new name", "old name", ()),
    ("renamed", "kept", "dir/deep/kept", ()),
    ("added", "other copy", None, ()),
    ("added", "new", None, ()),
    ("added", "new dir", None, ()),
    ("modified", "dir/same", None, ("content",)),
    ("modified", "a b\n", None, ("mode",)),
    ("modified", "turned", None, ("type",)),
    ("modified", "link", None, ("target",)),
    ("modified", "sparse", None, ("content",)),
}


def json_lines(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def changes(result):
    return {(line["change"], line["path"], line.get("from"), tuple(line["what"])) for line in json_lines(result)}


@pytest.mark.parametrize("after", KINDS)
@pytest.mark.parametrize("before", KINDS)
def test_every_kind_of_change_is_found_between_every_two_kinds_of_things(ws, trees, side, before, after):
    one, two = side(trees[0], before), side(trees[1], after)
    assert changes(ws("ws-archive", "diff", "--json", one, two, status=1)) == EXPECTED
    assert ws("ws-archive", "diff", one, side(trees[0], after)).stdout == ""
    assert ws("ws-archive", "diff", two, side(trees[1], before)).stdout == ""


def test_what_is_different_is_shown_one_a_line_with_names_quoted(ws, trees):
    shown = ws("ws-archive", "diff", *trees, status=1).stdout.splitlines()
    assert len(shown) == len(EXPECTED)
    for line in ("D gone", "A new dir", "R old name -> dir/new name", "M a b\\n (mode 0644 to 0600)", "M turned (type: file to directory)",
                 "M link (target)", "M dir/same (content)"):
        assert line in shown
    back = ws("ws-archive", "diff", *reversed(trees), status=1).stdout.splitlines()
    assert "A gone" in back and "R dir/new name -> old name" in back


def test_stat_says_how_many_and_how_much(ws, trees):
    shown = ws("ws-archive", "diff", "--stat", *trees, status=1).stdout
    assert shown.startswith("3 added, 1 removed, 5 modified, 2 renamed; ")
    line = json_lines(ws("ws-archive", "diff", "--stat", "--json", *trees, status=1))[0]
    assert line == {"added": 3, "removed": 1, "modified": 5, "renamed": 2, "removed_bytes": 13 + 4 + 4 + (1 << 20), "added_bytes": 13 + 3 + 4 + (1 << 20)}


def test_excluded_things_are_compared_on_neither_side(ws, trees, side):
    out = [part for name in ("dir/", "/sparse", "new*", "kept", "other copy", "turned", "link") for part in ("-x", name)]
    for kind in ("directory", "ours", "theirs"):
        shown = ws("ws-archive", "diff", *out, side(trees[0], kind), trees[1], status=1).stdout
        assert shown.splitlines() == ["M a b\\n (mode 0644 to 0600)", "D gone", "D old name"]


def test_an_archive_that_names_no_directories_is_the_same_as_its_tree(ws, tmp_path):
    (tmp_path / "tree/a/b").mkdir(parents=True)
    (tmp_path / "tree/a/b/c").write_text("c")
    with tarfile.open(tmp_path / "a.tar", "w") as out:
        info = tarfile.TarInfo("./a//b/./c")
        info.size, info.mode = 1, 0o644
        out.addfile(info, io.BytesIO(b"c"))
    assert ws("ws-archive", "diff", tmp_path / "a.tar", tmp_path / "tree").stdout == ""
    (tmp_path / "tree/a/empty").mkdir()
    assert ws("ws-archive", "diff", tmp_path / "a.tar", tmp_path / "tree", status=1).stdout == "A a/empty\n"


def test_of_several_entries_for_one_path_the_last_counts(ws, tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/f").write_text("last")
    with tarfile.open(tmp_path / "a.tar", "w") as out:
        for text in (b"the first", b"last"):
            info = tarfile.TarInfo("f")
            info.size, info.mode = len(text), 0o644
            out.addfile(info, io.BytesIO(text))
    assert ws("ws-archive", "diff", tmp_path / "a.tar", tmp_path / "tree").stdout == ""


def test_a_hardlink_to_nothing_and_a_name_that_climbs_out_are_refused(ws, tmp_path):
    for name, link in (("f", "absent"), ("f", "f"), ("../f", None)):
        with tarfile.open(tmp_path / "a.tar", "w") as out:
            info = tarfile.TarInfo(name)
            if link:
                info.type, info.linkname = tarfile.LNKTYPE, link
            out.addfile(info)
        ws("ws-archive", "diff", tmp_path / "a.tar", tmp_path, status=65)


def test_sides_that_are_not_there_and_wrong_numbers_of_them_say_so(ws, tmp_path):
    ws("ws-archive", "diff", tmp_path / "absent", tmp_path, status=66).complains("absent")
    ws("ws-archive", "diff", tmp_path, tmp_path / "absent", status=66).complains("absent")
    ws("ws-archive", "diff", tmp_path, status=64)


def test_a_damaged_archive_has_no_differences_but_an_error(ws, trees, side, tmp_path):
    data = bytearray(side(trees[0], "ours").read_bytes())
    data[len(data) - 200] ^= 1
    (tmp_path / "bad").write_bytes(data)
    assert ws("ws-archive", "diff", tmp_path / "bad", trees[1], status=65).stdout == ""


@pytest.mark.parametrize("kind", ["ours", "theirs", "plain"])
def test_verify_against_a_directory_holds_every_byte_against_it(ws, trees, side, kind, tmp_path):
    archive = side(trees[0], kind)
    assert "the same as" in ws("ws-archive", "verify", "--against", trees[0], archive).stdout
    result = ws("ws-archive", "verify", "--json", "--against", trees[1], archive, status=1)
    lines = [line for line in json_lines(result) if "change" in line]
    assert {(line["change"], line["path"]) for line in lines} == {(kind, path) for kind, path, _, _ in EXPECTED}
    data = bytearray(archive.read_bytes())
    if kind != "plain":
        data[len(data) // 3] ^= 1
        archive.write_bytes(data)
        ws("ws-archive", "verify", "--against", trees[0], archive, status=65)


def test_an_index_that_lies_is_found_by_verify_against(ws, trees, tmp_path):
    raw = gzip.decompress(ws("ws-archive", "create", "-q", "-C", trees[0], "-o", "-").output)
    entries = wsformat.entries_of(raw)
    at = next(i for i, entry in enumerate(entries) if entry.path == b"gone")
    entries[at] = dataclasses.replace(entries[at], sha256=bytes(32))
    (tmp_path / "a").write_bytes(wsformat.pack(raw, entries))
    ws("ws-archive", "verify", "--against", trees[0], tmp_path / "a", status=65)


def test_a_side_may_come_through_a_pipe(ws, trees, side):
    archive = side(trees[0], "ours").read_bytes()
    assert changes(ws("ws-archive", "diff", "--json", "-", trees[1], input=archive, status=1)) == EXPECTED
    ws("ws-archive", "verify", "--against", trees[0], "-", input=archive)


def test_sockets_fifos_and_the_like_are_not_compared(ws, tmp_path):
    (tmp_path / "tree").mkdir()
    os.mkfifo(tmp_path / "tree/fifo")
    helpers.run(["/usr/bin/tar", "-cf", tmp_path / "a.tar", "-C", tmp_path / "tree", "."])
    shutil.copytree(tmp_path / "tree", tmp_path / "copy", ignore=shutil.ignore_patterns("fifo"))
    assert ws("ws-archive", "diff", tmp_path / "tree", tmp_path / "copy").stdout == ""
    assert ws("ws-archive", "diff", tmp_path / "a.tar", tmp_path / "copy").stdout == ""
