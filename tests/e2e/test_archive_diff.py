"""ws-archive diff and verify --against: two trees, as directories and as archives of any kind, compared."""
import dataclasses
import gzip
import io
import json
import os
import re
import shutil
import tarfile
from collections import Counter
from random import Random

import pytest
import rawtar
import wsformat

import ws as helpers
from place import fill_disk, small_disk, unmount_below

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


def test_a_hardlink_is_the_file_that_was_there_when_it_came(ws, tmp_path):
    (tmp_path / "a").write_bytes(rawtar.as_gzip(rawtar.tar(rawtar.file("t", b"first"), rawtar.header("h", rawtar.HARD, link="t"), rawtar.file("t", b"second"))))
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", tmp_path / "a")
    assert (tmp_path / "out/h").read_text() == "first" and (tmp_path / "out/t").read_text() == "second"
    ws("ws-archive", "verify", "--against", tmp_path / "out", tmp_path / "a")


def test_a_hardlink_to_nothing_and_a_name_that_climbs_out_are_refused(ws, tmp_path):
    for name, link in (("f", "absent"), ("f", "f"), ("../f", None)):
        with tarfile.open(tmp_path / "a.tar", "w") as out:
            info = tarfile.TarInfo(name)
            if link:
                info.type, info.linkname = tarfile.LNKTYPE, link
            out.addfile(info)
        ws("ws-archive", "diff", tmp_path / "a.tar", tmp_path, status=65)


def many(seed):
    """A tar of some 29,000 entries in no order, and what is in it in the end: {path: (mode, content)}. Two of them differ in a few per cent."""
    random, parts, tree = Random(seed), [], {}

    def add(path, mode, content, link=None):
        parts.append(rawtar.header(path, rawtar.HARD, link=link) if link else rawtar.file(path, content, mode=mode))
        tree[path] = mode, content

    numbers = [number for number in range(26_000) if random.random() < 0.99]
    random.shuffle(numbers)
    for number in numbers:
        name = f"file-{number:05}"
        where = f"moved-{random.randrange(50)}" if random.random() < 0.01 else f"{number % 97:02}/{'long' * 16}"
        path, content = f"{where}/{name}", b"%d" % (number if random.random() < 0.99 else number + seed * 100_000)
        add(path, 0o600 if random.random() < 0.01 else 0o644, content)
        if number % 10 == 0:
            add(f"links/{name}", *tree[path], link=path)
            add(f"links/again/{name}", *tree[path], link=f"links/{name}")
        if random.random() < 0.01:
            add(random.choice(list(tree)[-1000:]), 0o640, b"of several entries for one path the last counts")
    return rawtar.tar(*parts), tree


@pytest.fixture
def long_lists(ws, tmp_path):
    """long_lists(temporary directory, ...): two such tars compared, and both trees."""
    trees = []
    for seed in (1, 2):
        data, tree = many(seed)
        (tmp_path / f"{seed}.tar").write_bytes(data)
        trees.append(tree)
    return lambda place, **options: (ws("ws-archive", "diff", "--json", tmp_path / "1.tar", tmp_path / "2.tar", env={"TMPDIR": str(place)}, **options), *trees)


def test_lists_that_are_long_lie_in_a_file_and_are_compared_as_short_ones(long_lists, tmp_path):
    """Of each list 4 MiB stay in memory."""
    result, before, after = long_lists(tmp_path, status=1)
    rows = json_lines(result)
    kinds = {kind: {row["path"] for row in rows if row["change"] == kind} for kind in ("added", "removed", "modified")}
    renamed = {row["from"]: row["path"] for row in rows if row["change"] == "renamed"}
    gone, new = before.keys() - after.keys(), after.keys() - before.keys()
    assert kinds["modified"] == {path for path in before.keys() & after.keys() if before[path] != after[path]}
    assert kinds["removed"] == gone - renamed.keys() and kinds["added"] == new - set(renamed.values()) and all(kinds.values())
    assert all(before[old][1] == after[now][1] for old, now in renamed.items()) and len(set(renamed.values())) == len(renamed)
    sides = [Counter(side[path][1] for path in paths) for side, paths in ((before, gone), (after, new))]
    assert len(renamed) == (sides[0] & sides[1]).total() > 100
    assert [row["path"] for row in rows] == sorted((row["path"] for row in rows), key=lambda path: path.split("/"))


def test_lists_that_find_no_room_say_where_some_can_be_given(long_lists, tmp_path):
    try:
        fill_disk(small_disk(tmp_path / "place", "64k"))
        result, *_ = long_lists(tmp_path / "place", status=74)
    finally:
        unmount_below(tmp_path)
    result.complains("No space left on device", "TMPDIR")


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


# ---- -u ----


def apply(tool, patch, root):
    """Apply a patch to a tree, with patch(1) or with git."""
    command = {"patch": ["patch", "-p1", "-s", "-f", "--no-backup-if-mismatch"], "git": ["git", "apply", "--unsafe-paths", "-"]}[tool]
    env = {"PATH": helpers.PATH, "HOME": str(root.parent), "LANG": "C", "GIT_CEILING_DIRECTORIES": str(root.parent)}
    return helpers.run(command, cwd=root, input=patch.output, env=env)


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


def numbered(count, **changed):
    """Lines with their numbers; line_7="x" is another text for line 7, line_7=None leaves it out."""
    lines = [changed.get(f"line_{i}", f"{i}") for i in range(1, count + 1)]
    return "".join(f"{line}\n" for line in lines if line is not None)


TEXTS = {  # name: (before, after); None: not there
    "changed": (numbered(40), numbered(40, line_3="three", line_20=None, line_33="33\n33 again")),
    "no newline at the end": ("a\nb", "a\nb\nc"),
    "a newline at the end": ("a\nb", "a\nb\n"),
    "new": (None, "new\ntext\n"),
    "gone": ("gone\ntext\n", None),
    "new and empty": (None, ""),
    "gone and empty": ("", None),
    "emptied": ("something\n", ""),
    "filled": ("", "something"),
    "dir/deep/new": (None, "x\n"),
    "with spaces ": ("a\n", "b\n"),
    'quote" and \\backslash': ("a\n", "b\n"),
    "new\nline\tand tab": ("a\n", "b\n"),
    "umläut": ("a\n", "b\n"),
    "latin": ("\xe4\n".encode("latin-1"), "\xf6\n".encode("latin-1")),
    "crlf": ("a\r\nb\r\n", "a\r\nc\r\n"),
    "lines like a patch's": ("-- a\n++ b\n", "-- a\n++ c\n--- x\n+++ y\n@@ -1 +1 @@\n"),
}


@pytest.fixture
def texts(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    for root, side in ((one, 0), (two, 1)):
        write(root, {name: pair[side] for name, pair in TEXTS.items() if pair[side] is not None})
    (two / "changed").chmod(0o755)
    return one, two


def contents(root):
    return {str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mode & 0o111) for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("tool", ["patch", "git"])
@pytest.mark.parametrize("kinds", [("directory", "directory"), ("ours", "theirs"), ("plain", "ours")], ids="-".join)
def test_a_unified_diff_applies_with_patch_and_with_git(ws, texts, side, tmp_path, tool, kinds):
    patch = ws("ws-archive", "diff", "-u", side(texts[0], kinds[0]), side(texts[1], kinds[1]), status=1)
    shutil.copytree(texts[0], tmp_path / "work")
    apply(tool, patch, tmp_path / "work")
    assert contents(tmp_path / "work") == contents(texts[1])


def test_an_archive_without_an_index_is_read_once_for_all_its_changed_files(ws, tmp_path):
    """And once to see what has changed. Its files do not shrink, and lie in another order than the patch has them."""
    for side in ("one", "two"):
        write(tmp_path / side, {f"f{n:03}": f"{side}\n{os.urandom(15_000).hex()}\n" for n in range(200)})
        names = sorted(os.listdir(tmp_path / side), reverse=True)
        helpers.run(["/usr/bin/tar", "-czf", tmp_path / f"{side}.tgz", "-C", tmp_path / side, *names])
    trace = ["strace", "-f", "-o", tmp_path / "trace", "-e", "trace=read,pread64"]
    said = helpers.run(["/usr/bin/env", *trace, helpers.BINARY, "ws-archive", "diff", "-u", tmp_path / "one.tgz", tmp_path / "two.tgz"], status=1, env={"PATH": os.environ["PATH"]})
    assert said.stdout.count("\n+++ ") == 200
    read = sum(int(n) for n in re.findall(r"= (\d+)$", (tmp_path / "trace").read_text(), re.MULTILINE))
    size = sum((tmp_path / f"{side}.tgz").stat().st_size for side in ("one", "two"))
    assert read < 2.5 * size, read / size
    shutil.copytree(tmp_path / "one", tmp_path / "work")
    apply("patch", said, tmp_path / "work")
    assert contents(tmp_path / "work") == contents(tmp_path / "two")


def test_a_unified_diff_is_as_short_as_that_of_diff(ws, tmp_path):
    """The edits are the fewest, and the hunks are those of diff -u."""
    random = Random(7)
    pairs = []
    for number in range(60):
        before = [random.choice("abcdefgh") for _ in range(random.randrange(60))]
        after = [line for line in before if random.random() > 0.1]
        for _ in range(random.randrange(6)):
            after.insert(random.randrange(len(after) + 1), random.choice("abcxyz"))
        pairs.append((f"{number:02}", *("".join(f"{line}\n" for line in lines) for lines in (before, after))))
    one, two = (write(tmp_path / f"side{i}", {pair[0]: pair[i] for pair in pairs}) for i in (1, 2))
    ours = ws("ws-archive", "diff", "-u", one, two, status=1).stdout
    for name, before, after in pairs:
        if before == after:
            continue
        theirs = helpers.run(["diff", "-d", "-u", one / name, two / name], status=1).stdout.splitlines()[2:]
        mine = ours.partition(f"+++ b/{name}\n")[2].partition("\ndiff --git")[0].splitlines()
        assert sum(line[0] in "+-" for line in mine) == sum(line[0] in "+-" for line in theirs), name
    shutil.copytree(one, tmp_path / "work")
    apply("patch", ws("ws-archive", "diff", "-u", one, two, status=1), tmp_path / "work")
    assert contents(tmp_path / "work") == contents(two)


def test_renames_and_modes_are_in_the_patch(ws, tmp_path):
    one, two = write(tmp_path / "one", {"old name": "moved\n", "x": "x\n"}), write(tmp_path / "two", {"dir/new name": "moved\n", "x": "x\n"})
    (two / "x").chmod(0o755)
    patch = ws("ws-archive", "diff", "-u", one, two, status=1)
    assert 'rename from "old name"\nrename to "dir/new name"\n' in patch.stdout and "old mode 100644\nnew mode 100755\n" in patch.stdout
    for tool in ("patch", "git"):
        shutil.copytree(one, tmp_path / tool)
        apply(tool, patch, tmp_path / tool)
        assert contents(tmp_path / tool) == contents(two)


def test_links_are_in_the_patch_as_git_has_them(ws, tmp_path):
    one, two = write(tmp_path / "one", {"f": "x\n"}), write(tmp_path / "two", {"f": "x\n"})
    (one / "changed").symlink_to("here")
    (two / "changed").symlink_to("there")
    (two / "new").symlink_to("f")
    (one / "gone").symlink_to("f")
    patch = ws("ws-archive", "diff", "-u", one, two, status=1)
    shutil.copytree(one, tmp_path / "git", symlinks=True)
    apply("git", patch, tmp_path / "git")
    assert ws("ws-archive", "diff", tmp_path / "git", two).stdout == ""


def test_what_is_no_small_text_is_named_and_not_shown(ws, tmp_path):
    one = write(tmp_path / "one", {"binary": b"a\0b", "large": "x\n" * 524_289, "small": "x\n" * 524_288, "t": "x\n", "dir/f": ""})
    two = write(tmp_path / "two", {"binary": b"a\0c", "large": "y\n" * 524_289, "small": "x\n" * 524_287 + "y\n", "t/f": "y\n", "empty/f": "z\n"})
    (two / "t").chmod(0o700)
    shown = ws("ws-archive", "diff", "-u", one, two, status=1).stdout
    assert "Binary files a/binary and b/binary differ (binary)\n" in shown
    assert "Binary files a/large and b/large differ (larger than 1 MiB)\n" in shown
    assert "-x\n+y\n" in shown and len(shown) < 2000
    assert "deleted file mode 100644\n--- a/t\n+++ /dev/null\n" in shown and "# new directory t\n" in shown


def test_a_unified_diff_goes_without_json_stat_and_pipes(ws, tmp_path):
    for args in (["--json", tmp_path, tmp_path], ["--stat", tmp_path, tmp_path], ["-", tmp_path]):
        ws("ws-archive", "diff", "-u", *args, status=64)


# ---- snapshots ----


def snapshot(ws, what, out):
    out.write_bytes(ws("ws-archive", "diff", "--snapshot", what).output)
    return out


@pytest.mark.parametrize("kind", KINDS)
def test_a_snapshot_can_be_a_side_instead_of_what_it_was_taken_of(ws, trees, side, kind, tmp_path):
    one, two = side(trees[0], kind), side(trees[1], kind)
    first, second = snapshot(ws, one, tmp_path / "first"), snapshot(ws, two, tmp_path / "second")
    assert ws("ws-archive", "diff", first, one).stdout == ""
    for pair in ((first, two), (one, second), (first, second)):
        assert changes(ws("ws-archive", "diff", "--json", *pair, status=1)) == EXPECTED
    first_line, *entries = json_lines(ws("ws-archive", "diff", "--snapshot", first))
    assert first_line == {"format": "ws-snapshot", "version": 1, "entries": len(entries)}
    assert "a snapshot has no contents" in ws("ws-archive", "diff", "-u", first, two, status=1).stdout


def test_a_snapshot_keeps_names_that_are_no_text(ws, tmp_path):
    root = tmp_path / "tree"
    root.mkdir()
    for name in helpers.ODD_NAMES:
        with open(os.path.join(os.fsencode(root), name), "wb") as out:
            out.write(name)
    os.symlink(b"to \xff", os.fsencode(root) + b"/link")
    assert ws("ws-archive", "diff", snapshot(ws, root, tmp_path / "snapshot"), root).stdout == ""


def test_a_snapshot_that_makes_no_sense_is_refused(ws, trees, tmp_path):
    good = snapshot(ws, trees[0], tmp_path / "good").read_text().splitlines(keepends=True)
    entry = next(index for index, line in enumerate(good) if '"gone"' in line)

    def put(**fields):
        lines = list(good)
        lines[entry] = json.dumps({**json.loads(good[entry]), **fields}) + "\n"
        return lines

    bad = [good[:-1], [good[0].replace('"version":1', '"version":2'), *good[1:]], [*good, "{"], put(path="../x"), put(path="a\0b"), put(sha256="12"),
           put(type="socket"), put(mode="9"), put(size=-1), put(path_hex="zz")]
    for lines in bad:
        (tmp_path / "bad").write_text("".join(lines))
        ws("ws-archive", "diff", tmp_path / "bad", trees[1], status=65)


# ---- backups ----


@pytest.fixture
def saved(ws, trees, tmp_path):
    """A backup of both trees, and of a file."""
    (tmp_path / "settings").write_text("a\n")
    ws("ws-archive", "backup", "-q", "-o", tmp_path / "backup", *trees, tmp_path / "settings")
    return tmp_path / "backup/manifest.json"


def test_a_backup_is_compared_with_what_it_was_made_of(ws, saved, trees, tmp_path):
    assert ws("ws-archive", "diff", saved).stdout == ""
    (trees[0] / "gone").write_text("changed")
    (trees[1] / ".ws-quarantine").mkdir()
    (tmp_path / "settings").write_text("b\n")
    assert ws("ws-archive", "diff", saved, status=1).stdout.splitlines() == ["M one/gone (content)", "M settings/settings (content)"]
    assert "-a\n+b\n" in ws("ws-archive", "diff", "-u", "--part", "settings", saved, status=1).stdout
    shutil.rmtree(trees[1])
    assert ws("ws-archive", "diff", "--stat", "--part", "two", saved, status=1).stdout.startswith("0 added, ")


def test_two_backups_are_compared_part_by_part(ws, saved, trees, tmp_path):
    (trees[0] / "new").write_text("new")
    ws("ws-archive", "backup", "-q", "-o", tmp_path / "later", trees[0], f"more={trees[1]}")
    shown = ws("ws-archive", "diff", saved, tmp_path / "later/manifest.json", status=1).stdout.splitlines()
    assert "A one/new" in shown and "D settings/settings" in shown and "D two/new" in shown and "A more/new" in shown
    assert ws("ws-archive", "diff", "--part", "one", saved, tmp_path / "later/manifest.json", status=1).stdout == "A one/new\n"


def test_one_part_of_a_backup_is_compared_with_anything(ws, saved, trees, side):
    for kind in KINDS:
        assert changes(ws("ws-archive", "diff", "--json", "--part", "one", saved, side(trees[1], kind), status=1)) == EXPECTED
        assert changes(ws("ws-archive", "diff", "--json", "--part", "two", side(trees[0], kind), saved, status=1)) == EXPECTED
    ws("ws-archive", "diff", saved, trees[0], status=64).complains("--part")
    ws("ws-archive", "diff", "--part", "x", saved, trees[0], status=66).complains("no part x")
    ws("ws-archive", "diff", trees[0], status=64)
