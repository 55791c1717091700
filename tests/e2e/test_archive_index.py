"""T73, T74: indexes that lie. Every field of every record is changed, one at a time, with checksums that fit again. No verb gives
anything that the archive does not hold; what only an index says is refused wherever what it speaks of is read."""
import os
import subprocess
import tarfile

import pytest
import rawtar
import wsformat

import ws as helpers

FILES = ["a/one", "a/two", "run", "sparse", "y/zz", "y/zzz", "zz"]

# What a list takes from the index alone. Reading the headers themselves would take reading the archive.
LIST_BELIEVES = {"mode", "uid", "gid", "mtime", "ns", "path", "link", "size", "stored", "sha256", "type", "crc", "blocks"}


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    """A small archive of three members and two blocks with every kind of entry, and a directory that comes again: (the tar, its entries, where it is cut, {file: content})."""
    top = tmp_path_factory.mktemp("truth") / "t"
    (top / "a").mkdir(parents=True)
    (top / "a/one").write_bytes(b"1" * 700)
    (top / "a/two").write_bytes(bytes(range(256)) * 12)
    (top / "run").write_bytes(b"#!/bin/sh\n")
    (top / "zz").write_bytes(b"last\n")
    (top / "y").mkdir()
    (top / "y/zz").write_bytes(b"of the same name\n")
    (top / "y/zzz").write_bytes(b"which tears its directory apart\n")
    os.link(top / "run", top / "runs")
    os.symlink("a/one", top / "link")
    with open(top / "sparse", "wb") as sparse:
        sparse.truncate(1 << 20)
        sparse.seek(512 * 1024)
        sparse.write(b"data")
    archive = top.parent / "a"
    subprocess.run([helpers.BINARY, "ws-archive", "create", "-q", "-C", top, "-o", archive], check=True)
    raw, entries = wsformat.read(archive.read_bytes())
    assert {e.type for e in entries} == {0, 1, 2, 3} and any(e.sparse for e in entries) and [e.path for e in entries if e.again] == [b"y"]
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
GROUPS = ["footer", "root", "block 0", "block 1", "member 0", "member 1", "member 2", *[f"entry {n}" for n in range(13)]]
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


def member(name):
    return rawtar.header(name, tarfile.DIRTYPE) if name.endswith("/") else rawtar.file(name, b"x")


@pytest.mark.parametrize(("names", "kept"), [
    # names in members, two members a block, and whether they are where they are promised
    ("a/ | a/c | a/d | b", True),
    ("a/ a/d a/c | b c/ c/x", True),
    ("a/ a/d b | a/c", False),  # in the same block, beyond what was in the member before
    ("a/ a/c | a/d a/b", False),
    ("b a", False),  # before the first of the block
    ("a c | b d", False),
    ("a | b | c | d e", True),
    ("a | b | d | c", False),
    ("a b | c e | d", False),
    ("a/ a/b | a", False),
    ("/ | a | b/ b/c", True),
])
def test_t73_names_are_in_the_member_in_which_the_index_promises_them(ws, canary, tmp_path, names, kept):
    parts = [b"".join(member(name.replace("/", "./") if name == "/" else name) for name in part.split()) for part in names.split(" | ")]
    cuts = [sum(map(len, parts[: n + 1])) for n in range(len(parts) - 1)]
    for flag, good in ((0, True), (1, kept)):
        (tmp_path / "a").write_bytes(wsformat.pack(rawtar.tar(*parts), cuts=cuts, sorted_flag=flag, block_members=2))
        for command in ("verify", "list"):
            ws("ws-archive", command, tmp_path / "a", status=0 if good else 65)


def test_t73_a_path_that_comes_twice_is_refused_where_the_index_promises_that_none_does(ws, canary, tmp_path):
    raw = rawtar.tar(rawtar.file("a", b"a"), rawtar.file("c", b"one"), rawtar.file("b", b"b"), rawtar.file("c", b"two"))
    for flag, status in ((0, 0), (1, 65)):
        (tmp_path / "a").write_bytes(wsformat.pack(raw, sorted_flag=flag))
        for command in (["verify"], ["extract", "-q", "-C", tmp_path / f"out{flag}"]):
            ws("ws-archive", *command, tmp_path / "a", status=status)
    assert (tmp_path / "out0/c").read_bytes() == b"two" and not (tmp_path / "out1").exists()


# ---- directories that come again ----


def again(name, type=tarfile.DIRTYPE, records=(), **how):
    return rawtar.pax([(b"comment", b"again"), *records]) + rawtar.header(name, type, **how)


def directory(name, **how):
    return rawtar.header(name, tarfile.DIRTYPE, **how)


def all_ways(parts):
    """In the members `parts`, with an index that says the same, in one block or in one for each member, and in a pipe without one."""
    raw = rawtar.tar(*parts)
    bounds = [sum(map(len, parts[: n + 1])) for n in range(len(parts) - 1)]
    cut = [raw[a:b] for a, b in zip([0, *bounds], [*bounds, len(raw)])]
    whole, blocks = (wsformat.pack(raw, cuts=bounds, sorted_flag=1, block_members=n) for n in (1000, 1))
    members = b"".join(map(wsformat.data_member, cut))
    return whole, blocks, members + whole[len(members) :]


HERE = {
    "in one member": [directory("d/") + rawtar.file("d/a") + rawtar.file("e") + again("d/") + rawtar.file("f")],
    "of the root": [directory("./") + rawtar.file("d"), rawtar.file("e") + again("./")],
    "in a later member, above what was last": [directory("d/") + directory("d/x/") + rawtar.file("d/x/a"), again("d/x/") + rawtar.file("d/y"), again("d/"), rawtar.file("e")],
}


@pytest.mark.parametrize("case", HERE)
def test_a_directory_that_comes_again_is_one_directory(ws, canary, tmp_path, case):
    names = {name: None for name in ("d", "d/x", "d/x/a", "d/y", "d/a", "e", "f", ".")}
    for number, data in enumerate(all_ways(HERE[case])):
        (tmp_path / "a").write_bytes(data)
        how = [tmp_path / "a"] if number < 2 else ["-"]
        listed = ws("ws-archive", "list", "--names", *how, input=data).stdout.splitlines()
        assert len(listed) == len(set(listed)) and set(listed) <= set(names)
        assert f"{len(listed)} entries" in ws("ws-archive", "verify", *how, input=data).stdout
        told = ws("ws-archive", "extract", "--json", "-C", tmp_path / f"out{number}", *how, input=data).stdout
        assert f'"entries":{len(listed)}' in told
        assert ws("ws-archive", "diff", tmp_path / "a", tmp_path / f"out{number}").stdout == ""
        for name in set(listed) - {".", "d", "d/x"}:
            assert ws("ws-archive", "cat", tmp_path / "a", name).output == (tmp_path / f"out{number}" / name).read_bytes()


D = directory("d/") + rawtar.file("d/a")
NOWHERE = {
    "that never came": [rawtar.file("a") + again("d/")],
    "before it comes": [again("d/") + D],
    "that was a file": [rawtar.file("d") + again("d/")],
    "with another mode": [D + again("d/", mode=0o777)],
    "with another time": [D + again("d/", mtime=1)],
    "with a part of a second": [D + again("d/", records=[(b"mtime", b"1600000000.5")])],
    "with another owner": [D + again("d/", uid=1)],
    "with another group": [D + again("d/", gid=1)],
    "with attributes": [D + again("d/", records=[(b"SCHILY.xattr.user.x", b"y")])],
    "as a file": [D + again("d/a", tarfile.REGTYPE)],
    "as a symlink": [D + again("d", rawtar.SYM, link="/")],
    "after what follows it": [D, rawtar.file("e"), again("d/")],
    "when it was left": [directory("c/") + D, again("c/")],
}


@pytest.mark.parametrize("case", NOWHERE)
def test_t73_what_comes_again_and_is_not_what_came_is_refused(ws, canary, tmp_path, case):
    for number, data in enumerate(all_ways(NOWHERE[case])):
        (tmp_path / "a").write_bytes(data)
        how = [tmp_path / "a"] if number < 2 else ["-"]
        for command in (["verify"], ["extract", "-q", "-C", tmp_path / "out"]):
            ws("ws-archive", *command, *how, input=data, status=65)
        assert not (tmp_path / "out").exists()


def test_t73_an_index_is_refused_that_is_wrong_about_what_comes_again(ws, truth, canary, tmp_path):
    raw, entries, cuts, _ = truth
    at = next(n for n, e in enumerate(entries) if e.again)
    for number, flag in ((at, False), (1, True)):
        (tmp_path / "a").write_bytes(wsformat.pack(raw, replaced(truth, number, again=flag), cuts))
        ws("ws-archive", "verify", tmp_path / "a", status=65).complains("does not agree")
    for number, listed in ((2, 65), (0, 65), (1, 0)):  # a file; before any directory; a directory, which a list believes
        (tmp_path / "a").write_bytes(wsformat.pack(raw, replaced(truth, number, again=True), cuts))
        ws("ws-archive", "list", tmp_path / "a", status=listed)
