"""Peers that are not on every machine: Node's tar, and the tar files of Go's own tests."""
import json
import os
import shutil
import stat

import peers
import pytest

import ws as helpers

PACK = """
const tar = require("tar");
const [how, file, dir] = process.argv.slice(1);
process.umask(0);
if (how === "x") tar.x({ file, cwd: dir, sync: true, strict: true, preserveOwner: false, maxDepth: Infinity });
if (how === "t") tar.t({ file, sync: true, strict: true, onReadEntry: e => console.log(JSON.stringify(
    { path: e.path, type: e.type, size: e.size, mode: e.mode & 0o7777, mtime: e.mtime.getTime(), link: e.linkpath || "" })) });
if (how === "c") tar.c({ file, cwd: dir, sync: true, gzip: true, strict: true }, ["."]);
"""


@pytest.fixture(scope="module")
def node():
    there = peers.node_tar()
    if there is None:
        pytest.skip(f"no tar for Node here: {peers.why['node']}")
    return lambda *args: helpers.run([shutil.which("node"), "-e", PACK, *args], cwd=there)


@pytest.fixture
def plain(tree):
    """A tree without a sparse file: Node's tar knows none."""
    root = tree(odd=False)
    os.unlink(root / "sparse")
    os.utime(root, ns=(10**18, 10**18))
    return root


def comparable(root, top=True, unit=10**6):
    """Node unpacks times to the millisecond, packs them to the second, and has not always those of directories and symlinks."""
    digest = helpers.tree_digest(root, top=top)
    for entry in digest.values():
        entry["mtime_ns"] = entry["mtime_ns"] // unit if entry["mode"][0] == "-" else None
    return digest


def test_node_lists_ours_as_it_is(ws, node, plain, tmp_path):
    ws("ws-archive", "create", "-q", "-C", plain, "-o", tmp_path / "a.tar.gz")
    types = {"File": "-", "Directory": "d", "SymbolicLink": "l", "Link": "-"}
    listed = {os.path.normpath(row["path"]): row for row in map(json.loads, node("t", tmp_path / "a.tar.gz", "").stdout.splitlines())}
    assert listed.keys() == helpers.tree_digest(plain).keys()
    for name, row in listed.items():
        info = os.lstat(plain / name)
        assert types[row["type"]] == stat.filemode(info.st_mode)[0] and row["mode"] == stat.S_IMODE(info.st_mode), name
        assert row["mtime"] == info.st_mtime_ns // 10**6, name
        assert row["type"] != "File" or row["size"] == info.st_size
        assert row["type"] != "SymbolicLink" or row["link"] == os.readlink(plain / name)


def test_node_unpacks_ours_to_the_same_tree(ws, node, plain, tmp_path):
    ws("ws-archive", "create", "-q", "-C", plain, "-o", tmp_path / "a.tar.gz")
    (tmp_path / "out").mkdir()
    node("x", tmp_path / "a.tar.gz", tmp_path / "out")
    assert comparable(tmp_path / "out", top=False) == comparable(plain, top=False)


def test_what_node_packs_is_unpacked_to_the_same_tree(ws, node, plain, tmp_path):
    node("c", tmp_path / "a.tgz", plain)
    ws("ws-archive", "verify", "-q", tmp_path / "a.tgz")
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", tmp_path / "a.tgz")
    assert comparable(tmp_path / "out", unit=10**9) == comparable(plain, unit=10**9)


# What Go's tests (archive/tar/reader_test.go, TestReader) expect of each file: what is in it, as (name, type, mode, owner, size, seconds, target) …
SMALL = [("small.txt", 5), ("small2.txt", 11)]
GOOD = {
    "gnu.tar": [(name, "file", 0o640, 73025, size, time, "") for (name, size), time in zip(SMALL, (1244428340, 1244436044))],
    "star.tar": [(name, "file", 0o640, 73025, size, 1244592783, "") for name, size in SMALL],
    "v7.tar": [(name, "file", 0o444, 73025, size, time, "") for (name, size), time in zip(SMALL, (1244593104, 1244593104))],
    "sparse-formats.tar": [*[(f"sparse-{name}", "file", 0o644, 1000, 200, time, "") for name, time in (
        ("gnu", 1392395740), ("posix-0.0", 1392342187), ("posix-0.1", 1392340456), ("posix-1.0", 1392337404))], ("end", "file", 0o644, 1000, 4, 1392398319, "")],
    "pax.tar": [("a/" + "".join(map(str, range(1, 101))), "file", 0o664, 1000, 7, 1350244992, ""),
                ("a/b", "symlink", 0o777, 1000, 0, 1350266320, "".join(map(str, range(1, 101))))],
    "pax-records.tar": [("file", "file", 0, 0, 0, 0, "")],
    "xattrs.tar": [("small.txt", "file", 0o644, 1000, 5, 1386065770, ""), ("small2.txt", "file", 0o644, 1000, 11, 1386065770, "")],
    "gnu-long-nul.tar": [("0123456789", "file", 0o644, 1000, 0, 1486082191, "")],
    "gnu-utf8.tar": [("\u263a\u263b\u2639" * 18, "file", 0o644, 1000, 0, 0, "")],
    "gnu-not-utf8.tar": [("hi\ufffd\ufffd\ufffd\ufffdbye", "file", 0o644, 1000, 0, 0, "")],
    "ustar-file-devs.tar": [("file", "file", 0o644, 0, 0, 0, "")],
    **{f"{form}-nil-sparse-{what}.tar": [("sparse.db", "file", 0, 0, 1000, 0, "")] for form in ("gnu", "pax") for what in ("data", "hole")},
    "trailing-slash.tar": [("123456789/" * 30, "directory", 0, 0, 0, 0, "")],
}
# … or that it is an error …
BAD = ["pax-bad-hdr-file.tar", "pax-bad-mtime-file.tar", "pax-nul-xattrs.tar", "pax-nul-path.tar", "neg-size.tar", "issue10968.tar", "issue11169.tar", "issue12435.tar",
       "pax-bad-hdr-large.tar.bz2"]
# … and where we are stricter, with the reason that is given.
STRICTER = {
    "pax-pos-size-file.tar": "it has no end mark",  # half an archive may be an archive that was cut off
    "ustar-file-reg.tar": "it has no end mark",
    "nil-uid.tar": "the size of a sparse file for another one",  # 14 bytes for GNU tar and Go, 2,176 for libarchive
    "invalid-go17.tar": "not octal",  # "foo" for GNU tar, "aaa…/foo" for Go
    "gnu-multi-hdrs.tar": "two long names for one entry",
    "pax-multi-hdrs.tar": "",  # two extended headers for one entry
    "pax-global-records.tar": "for all files, which not every tar obeys",
    "gnu-incremental.tar": "incremental archives, which only GNU tar (-g) can put together",
    "pax-path-hdr.tar": "",  # a header block whose checksum is wrong
    "writer-big.tar": "runcated",  # headers without their 16 GiB
    "writer-big-long.tar": "runcated",
}


@pytest.fixture(scope="module")
def corpus():
    there = peers.go_corpus()
    if there is None:
        pytest.skip(f"no {peers.GO_SOURCE} here: {peers.why['go']}")
    return there


def test_the_tar_files_of_go_give_what_go_expects(ws, corpus):
    for name, expected in GOOD.items():
        rows = [json.loads(line) for line in ws("ws-archive", "list", "--json", corpus / name).stdout.splitlines()]
        found = [(row["path"], row["type"], int(row["mode"], 8), row["uid"], row["size"], row["mtime_s"], row.get("link", "")) for row in rows]
        assert found == expected, name
        ws("ws-archive", "verify", "-q", corpus / name)


@pytest.mark.parametrize("name", [*BAD, *STRICTER])
def test_the_broken_tar_files_of_go_are_refused_and_nothing_is_left(ws, corpus, tmp_path, name):
    (tmp_path / "place").mkdir()
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "place/out", corpus / name, status=65).complains(name, STRICTER.get(name, ""))
    assert os.listdir(tmp_path / "place") == []


def test_no_tar_file_of_go_is_left_out(corpus):
    # Those are read by tests of Go's writer and of its helpers, which say no more of them than that they can be read.
    others = {"file-and-dir.tar", "gnu-sparse-big.tar", "hardlink.tar", "hdr-only.tar", "pax-sparse-big.tar", "ustar.tar", "writer.tar"}
    assert {name for name in os.listdir(corpus) if ".tar" in name} == {*GOOD, *BAD, *STRICTER, *others}
    for name in others - {"hdr-only.tar"}:
        helpers.run([helpers.BINARY, "ws-archive", "list", corpus / name])
