"""T73, T74: indexes that lie. Every field of every record is changed, one at a time, with checksums that fit again. No verb gives
anything that the archive does not hold; what only an index says is refused wherever what it speaks of is read."""
import os
import subprocess
import tarfile

import pytest
import rawtar
import wsformat

import ws as helpers

FILES = ["a/one", "a/two", "run", "sparse", "zz"]

# What a list takes from the index alone. Reading the headers themselves would take reading the archive.
LIST_BELIEVES = {"mode", "uid", "gid", "mtime", "ns", "path", "link", "size", "stored", "sha256", "type", "crc", "blocks"}


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    """A small archive of three members and two blocks with every kind of entry: (the tar, its entries, where it is cut, {file: content})."""
    top = tmp_path_factory.mktemp("truth") / "t"
    (top / "a").mkdir(parents=True)
    (top / "a/one").write_bytes(b"1" * 700)
    (top / "a/two").write_bytes(bytes(range(256)) * 12)
    (top / "run").write_bytes(b"#!/bin/sh\n")
    (top / "zz").write_bytes(b"last\n")
    os.link(top / "run", top / "runs")
    os.symlink("a/one", top / "link")
    with open(top / "sparse", "wb") as sparse:
        sparse.truncate(1 << 20)
        sparse.seek(512 * 1024)
        sparse.write(b"data")
    archive = top.parent / "a"
    subprocess.run([helpers.BINARY, "ws-archive", "create", "-q", "-C", top, "-o", archive], check=True)
    raw, entries = wsformat.read(archive.read_bytes())
    assert {e.type for e in entries} == {0, 1, 2, 3} and any(e.sparse for e in entries)
    starts = [sum(e.span for e in entries[:n]) for n in range(len(entries))]
    contents = {name: (top / name).read_bytes() for name in [*FILES, "runs"]}
    return raw, entries, (starts[3], starts[6]), contents


# How the same archive may come: as zstd frames, and with a part of the index between the data.
SHAPES = {"tar.gz": {}, "tar.zst": {"form": "zst"}, "tar.gz in runs": {"runs": (1,)}, "tar.zst in runs": {"form": "zst", "runs": (1,)}}


def packed(truth, lies=None, seen=None, **more):
    raw, entries, cuts, _ = truth
    return wsformat.pack(raw, entries, cuts, lies, block_members=2, seen=seen, **{"sorted_flag": 1, **more})


def changes(value):
    """What a field may say instead."""
    if isinstance(value, bytes):
        return [bytes([value[0] ^ 1]) + value[1:], value[:-1] + bytes([value[-1] ^ 0x80])] if value else []
    return [n for n in {value + 1, value - 1, 0, 2 * value + 1, value + 512, value ^ 0x10, 2**63 - 1, 2**64 - 1} if n != value and n >= 0]


def fields(truth, shape="tar.gz"):
    seen = {}
    packed(truth, seen=seen, **SHAPES[shape])
    return seen


def gives_nothing_false(ws, place, contents, names):
    """Asked for a file, it gives what the archive holds, or nothing and says so."""
    for name in names:
        result = ws("ws-archive", "cat", place, name, status=None)
        assert result.status in (0, 65, 66), result
        assert result.output == contents[name] or (result.status != 0 and contents[name].startswith(result.output)), result


@pytest.mark.parametrize("shape", SHAPES)
def test_the_archive_is_good_when_nobody_touches_it(ws, truth, tmp_path, shape):
    data = packed(truth, **SHAPES[shape])
    (tmp_path / "a").write_bytes(data)
    assert wsformat.read(data) == (truth[0], truth[1])
    ws("ws-archive", "verify", tmp_path / "a")
    ws("ws-archive", "verify", "-", input=data)
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", tmp_path / "a")
    for name, content in truth[3].items():
        assert (tmp_path / "out" / name).read_bytes() == content
        assert ws("ws-archive", "cat", tmp_path / "a", name).output == content
    assert len(fields(truth, shape)) > 130


def test_a_file_may_go_on_into_the_next_block(ws, tmp_path):
    """Of two blocks of one size the second takes the place of the first while the content is read."""
    for number in range(40):
        (tmp_path / f"t/f{number:02}").parent.mkdir(exist_ok=True)
        (tmp_path / f"t/f{number:02}").write_bytes(bytes([number]) * 1000)
    ws("ws-archive", "create", "-q", "-C", tmp_path / "t", "-o", tmp_path / "plain")
    raw, entries = wsformat.read((tmp_path / "plain").read_bytes())
    middle = next(n for n, e in enumerate(entries) if e.path == b"f19")
    cut = sum(e.span for e in entries[: middle + 1]) - 512
    (tmp_path / "a").write_bytes(wsformat.pack(raw, entries, [cut], sorted_flag=1, block_members=1))
    ws("ws-archive", "verify", tmp_path / "a")
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", tmp_path / "a")
    assert (tmp_path / "out/f19").read_bytes() == ws("ws-archive", "cat", tmp_path / "a", "f19").output == bytes([19]) * 1000


FIRST = next(iter(rawtar.WAYS))

# (shape, group of fields, way of unpacking)
GROUPS = ["footer", "root", "block 0", "block 1", "member 0", "member 1", "member 2", *[f"entry {n}" for n in range(9)]]
LIES = [(shape, group, way) for shape in ("tar.gz", "tar.zst") for group in [*GROUPS, *(["seek"] if "zst" in shape else [])] for way in rawtar.WAYS]
LIES += [(shape, group, FIRST) for shape in ("tar.gz in runs", "tar.zst in runs") for group in ("footer", "root")]


@pytest.mark.parametrize(("shape", "group", "way"), LIES)
def test_t73_t74_a_lie_in_any_field_is_refused(ws, truth, canary, tmp_path, shape, group, way):
    place, (more, options) = tmp_path / "place", rawtar.WAYS[way]
    place.mkdir()
    tried, good = 0, packed(truth, **SHAPES[shape])
    for field, value in fields(truth, shape).items():
        lies = changes(value) if field.startswith(group + " ") else []
        for lie in lies if way == FIRST else lies[-2:]:  # the other ways read the same bytes by the same code
            if field == "root flags" and lie == value & ~1:
                continue  # no lie: it promises less
            data = packed(truth, {field: lie}, **SHAPES[shape])
            if data == good:
                continue  # what is cut to the field's width
            (tmp_path / "a").write_bytes(data)
            says = f"{field}: {value} -> {lie}"
            for command in (["verify"], ["extract", "-q", *more, "-C", place / "out"]):
                assert ws("ws-archive", *command, tmp_path / "a", status=None, **options).status == 65, says
            assert os.listdir(place) == []
            tried += 1
            if way != FIRST:
                continue
            listed = ws("ws-archive", "list", "--json", tmp_path / "a", status=None).status
            believed = field.startswith(("entry", "member")) and LIST_BELIEVES & {*field.split()}
            assert listed == 65 or (listed == 0 and (believed or group == "seek")), says
            gives_nothing_false(ws, tmp_path / "a", truth[3], ("a/two", "sparse"))
    assert tried > 0


def replaced(truth, number, **changes_):
    entries = list(truth[1])
    entries[number] = wsformat.dataclasses.replace(entries[number], **changes_)
    return entries


def test_the_fields_are_all_there(truth):
    assert {field.rsplit(" ", 1)[0] for field in fields(truth)} >= set(GROUPS) - {"footer"}
    for shape in SHAPES:
        assert all(any(field.startswith(group + " ") for group in [*GROUPS, "seek"]) for field in fields(truth, shape))


STORIES = {
    "a name": lambda t: replaced(t, 2, path=b"a/none"),
    "a name that climbs": lambda t: replaced(t, 2, path=b"../../a"),
    "a name that is taken": lambda t: replaced(t, 3, path=b"a/one"),
    "a target": lambda t: replaced(t, 4, link=b"/etc/passwd"),
    "a file as a directory": lambda t: replaced(t, 2, type=1),
    "a size that fits its padding": lambda t: replaced(t, 2, size=701, stored=701),
    "two entries as one": lambda t: replaced(t, 2, size=t[1][2].span + t[1][3].span - 512, stored=t[1][2].span + t[1][3].span - 512)[:3] + t[1][4:],
    "a header of two blocks": lambda t: replaced(t, 2, blocks=2, size=188, stored=188),
    "one less": lambda t: t[1][:-1],
    "one more": lambda t: t[1] + [wsformat.Entry(b"zzz")],
    "one twice": lambda t: t[1][:3] + t[1][2:],
    "another order": lambda t: [*t[1][:2], t[1][3], t[1][2], *t[1][4:]],
    "two that overlap": lambda t: replaced(t, 2, size=1024, stored=1024),
    "nothing": lambda t: [],
}


@pytest.mark.parametrize(("shape", "way", "sorted_flag"), [*[("tar.gz", way, flag) for way in rawtar.WAYS for flag in (0, 1)], *[(shape, FIRST, 1) for shape in SHAPES][1:]])
@pytest.mark.parametrize("case", STORIES)
def test_t73_an_index_that_tells_another_story_is_refused(ws, truth, canary, tmp_path, case, sorted_flag, shape, way):
    raw, _, cuts, contents = truth
    (more, options), how = rawtar.WAYS[way], SHAPES[shape]
    blocks = {"block_members": 2} if "runs" in how else {}
    (tmp_path / "a").write_bytes(wsformat.pack(raw, STORIES[case](truth), cuts, sorted_flag=sorted_flag, **blocks, **how))
    ws("ws-archive", "verify", tmp_path / "a", status=65)
    ws("ws-archive", "extract", "-q", *more, "-C", tmp_path / "out", tmp_path / "a", status=65, **options)
    assert not (tmp_path / "out").exists()
    gives_nothing_false(ws, tmp_path / "a", contents, ("a/one", "a/two", "run", "runs", "zz"))
    for absent in ("a/none", "zzz"):
        assert ws("ws-archive", "cat", tmp_path / "a", absent, status=None).status in (65, 66)


@pytest.mark.parametrize("way", rawtar.WAYS)
def test_t73_names_that_are_not_in_the_order_that_the_index_promises_are_refused(ws, canary, tmp_path, way):
    more, options = rawtar.WAYS[way]
    raw = rawtar.tar(rawtar.file("b", b"b"), rawtar.file("a", b"a"))
    for flag, status in ((0, 0), (1, 65), (4, 65), (5, 65)):
        (tmp_path / "a").write_bytes(wsformat.pack(raw, sorted_flag=flag))
        for command in (["verify"], ["list"], ["extract", "-q", *more, "-C", tmp_path / f"out{flag}"]):
            ws("ws-archive", *command, tmp_path / "a", status=status, **options)


@pytest.mark.parametrize(("names", "paths", "blocks"), [
    # names, half of them in a second block, and of either promise whether it is kept
    ("b a", False, False),
    ("a a/d b c", True, False),
    ("a/c a/b a c", False, False),
    ("a/b a/c/d a/c a", False, True),
    ("a/b a/d a/c a", False, False),
    ("a/b b/b a/c/d b", False, False),
    ("a/b a/c b/c b/a", False, False),
    ("a/b a/d a/c b/a b/c b", False, True),
    ("b/b b/a b", False, False),
    ("c c", False, False),
])
def test_t73_names_are_in_the_block_in_which_the_index_promises_them(ws, canary, tmp_path, names, paths, blocks):
    parts = [rawtar.header(f"{name}/", tarfile.DIRTYPE) if f"{name}/" in names else rawtar.file(name, b"x") for name in names.split()]
    cut = len(b"".join(parts[: len(parts) // 2]))
    for flag, kept in ((0, True), (1, paths), (4, blocks), (5, False)):
        (tmp_path / "a").write_bytes(wsformat.pack(rawtar.tar(*parts), cuts=[cut], sorted_flag=flag, block_members=1))
        for command in ("verify", "list"):
            assert ws("ws-archive", command, tmp_path / "a", status=None).status == (0 if kept else 65), flag
