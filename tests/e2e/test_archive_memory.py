"""What archives can make the reader keep in memory, and what it gives up before it reads them."""
import errno
import os
import re
import resource
import stat
import subprocess
import tempfile
import zlib
from pathlib import Path

import pytest
import rawtar
import seccomp
import wsformat
from place import read_files, small_disk, unmount_below
from rawtar import DIR, HARD, SYM, file, header, pax, tar

import ws as helpers

MIB = 1 << 20
VERBS = {"list": [], "verify": [], "extract": ["-C", "out"]}


def packed(parts):
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return b"".join([*map(packer.compress, parts), packer.compress(bytes(1024)), packer.flush()])


def zeros(length):
    """(so many zeros as a bare deflate stream, their CRC-32)"""
    packer, crc, out = zlib.compressobj(9, zlib.DEFLATED, -15), 0, []
    for _ in range(length // MIB):
        out.append(packer.compress(bytes(MIB)))
        crc = zlib.crc32(bytes(MIB), crc)
    return b"".join([*out, packer.flush()]), crc


def large_block(length):
    raw = tar(file("a", b"x"))
    member, (bare, crc) = wsformat.data_member(raw), zeros(length)
    stored = wsformat.hidden(b"WI", bare)
    root = wsformat._Fields({}, {})
    for value in (0, 1, 1, len(raw), len(member), 1, 1, 1, 1, len(member), len(raw), len(stored), length):
        root.varint("", value)
    root.u32("", crc)
    root.path("", b"", b"a")
    return member + stored + wsformat.hidden(b"WI", wsformat.deflate(root.out)) + wsformat.footer(len(member), len(member) + len(stored), len(root.out), zlib.crc32(root.out))


def large_root(length):
    member, (bare, crc) = wsformat.data_member(tar()), zeros(length)
    stored = wsformat.hidden(b"WI", bare)
    return member + stored + wsformat.footer(len(member), len(member), length, crc)


# name: (the archive, its status)
GREEDY = {
    "headers with 900 KB of attributes": (lambda: packed([pax([(f"comment{n}".encode(), b"c" * 100_000) for n in range(9)]) + header("f")] * 200), 0),
    "names of 32 KB": (lambda: packed([pax([(b"path", b"/".join([b"n" * 200] * 160))]) + header("f")] * 300), 0),
    "a map of ten million extents": (lambda: packed([rawtar.sparse_old("s", [(0, 0)] * 5, 9)[:512], *[rawtar.sparse_extents([(0, 0)] * 22)[:512] * 4762] * 100]), 65),
    "half a million entries": (lambda: packed([header("f") * 1000] * 500), 0),
    "a thousand levels, a hundred times": (lambda: packed(pax([(b"path", b"%d/" % n + b"d/" * 1000)]) + header("d", DIR) for n in range(100)), 0),
    "a block of an index of 256 MiB": (lambda: large_block(256 * MIB), 65),
    "a root of an index of 256 MiB": (lambda: large_root(256 * MIB), 65),
}
# Of these listing and checking is of interest: unpacking them takes long.
READ_ONLY = {"half a million entries", "a thousand levels, a hundred times"}
ADDRESS_SPACE = 250 * MIB  # stacks of threads, the program itself, and what the limits allow


@pytest.mark.parametrize("case", GREEDY)
def test_no_archive_makes_the_reader_greedy(ws, tmp_path, case):
    make, status = GREEDY[case]
    (tmp_path / "a").write_bytes(make())
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))  # noqa: E731
    for verb, more in VERBS.items():
        if verb != "extract" or case not in READ_ONLY:
            result = ws("ws-archive", verb, "-q", *more, tmp_path / "a", status=None, cwd=tmp_path, preexec_fn=limit)
            assert result.status == status, (verb, result.status, result.stderr)


MANY = 30_000  # of each: more than what unpacking knows at a time
UNPACK_SPACE = 20 * MIB  # of which the program and its threads take 9; what remembers these entries takes 23 to 28


@pytest.fixture(scope="module")
def many():
    """A directory, in memory where there is such a thing, with MANY of each as by another tar ("foreign") and of our own ("ours")."""
    parts = [header("top", DIR)]
    for n in range(MANY):
        where = f"top/part-{n // 500:03}"
        parts += [header(where, DIR)] if n % 500 == 0 else []
        parts += [header(f"{where}/directory-of-{n:05}", DIR, mode=0o750), header(f"{where}/file-{n:05}"), header(f"{where}/hard-{n:05}", HARD, link=f"{where}/file-{n:05}"),
                  header(f"{where}/symlink-{n:05}", SYM, link=f"../symlinks/lead/anywhere/{n:05}")]
    with tempfile.TemporaryDirectory(prefix="ws-test-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as name:
        place = Path(name)
        (place / "foreign").write_bytes(packed(parts))
        helpers.run([helpers.BINARY, "ws-archive", "extract", "-q", "-C", place / "tree", place / "foreign"])
        helpers.run([helpers.BINARY, "ws-archive", "create", "-q", "-C", place / "tree", "-o", place / "ours"])
        helpers.run(["/bin/rm", "-rf", place / "tree"])
        yield place


# name: (whose, options, patterns)
UNPACKED = {
    "ours": ("ours", [], []),
    "ours in a pipe": ("ours in a pipe", [], []),
    "ours, stripped": ("ours", ["--strip=1"], []),
    "foreign, into what is there": ("foreign", ["--into-existing"], []),
    "foreign, by a pattern": ("foreign", [], ["top/part-*"]),
}


@pytest.mark.parametrize("case", UNPACKED)
def test_unpacking_does_not_take_memory_for_each_entry(ws, many, case):
    whose, options, patterns = UNPACKED[case]
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (UNPACK_SPACE, UNPACK_SPACE))  # noqa: E731
    out = many / "out"
    with open(many / whose.split()[0], "rb") as data:
        ws("ws-archive", "extract", "-q", "--jobs=2", *options, "-C", out, "-" if "pipe" in whose else many / whose, *patterns, stdin=data, preexec_fn=limit)
    top = out if "--strip=1" in options else out / "top"
    last, number = top / f"part-{(MANY - 1) // 500:03}", f"{MANY - 1:05}"
    assert (last / f"hard-{number}").stat().st_ino == (last / f"file-{number}").stat().st_ino
    assert os.readlink(last / f"symlink-{number}") == f"../symlinks/lead/anywhere/{number}"
    assert stat.S_IMODE((top / "part-000/directory-of-00000").stat().st_mode) == 0o750
    assert sum(len(names) for _, *found in os.walk(top) for names in found) == 4 * MANY + len(os.listdir(top))
    helpers.run(["/bin/rm", "-rf", out])


@pytest.mark.parametrize("whose", ["ours", "foreign"])
def test_hardlinks_without_their_files_are_as_many_as_there_are(ws, many, whose):
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (UNPACK_SPACE + 3 * MIB, UNPACK_SPACE + 3 * MIB))  # noqa: E731
    ws("ws-archive", "extract", "-q", "--jobs=2", "-C", many / "out", many / whose, "top/*/hard-*", preexec_fn=limit)
    found = [entry.stat() for part in os.scandir(many / "out/top") for entry in os.scandir(part)]
    assert len(found) == MANY and len({st.st_ino for st in found}) == MANY and {st.st_nlink for st in found} == {1}
    helpers.run(["/bin/rm", "-rf", many / "out"])


# Of a tmpfs only content counts: what is put aside is the first of these archives, of empty files, to need space.
ASIDE = {
    "symlinks": lambda n: header(f"symlink-of-some-length-{n}", SYM, link=f"to/{n}"),
    "directories": lambda n: header(f"directory-of-some-length-{n}", DIR, mode=0o750),
}


@pytest.mark.parametrize("kind", ASIDE)
@pytest.mark.parametrize("pages", [0, 5, 70], ids="{} pages free".format)
def test_a_disk_that_is_full_when_much_is_put_aside_is_as_it_was(ws, tmp_path, kind, pages):
    """Before the first byte, within a write, and between two."""
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(packed(ASIDE[kind](n) for n in range(40_000)))
    disk = small_disk(tmp_path / "disk", f"{(pages + 1) * resource.getpagesize()}")
    try:
        (disk / "there").mkdir()
        (disk / "there/mine").write_text("mine")
        before = read_files(disk), sorted(disk.rglob("*"))
        for target in ("new", "there"):
            ws("ws-archive", "extract", "-q", "--into-existing", "-C", disk / target, archive, status=74).complains("put aside", "No space left on device")
            assert (read_files(disk), sorted(disk.rglob("*"))) == before
    finally:
        unmount_below(disk)


@pytest.mark.parametrize("landlock", [True, False], ids=["Landlock", "no Landlock"])
def test_memory_is_limited_with_landlock_or_without(ws, landlock):
    if not landlock and not seccomp.KNOWN:
        pytest.skip("the numbers of system calls are not known for this machine")
    refuse = None if landlock else seccomp.refuse(seccomp.LANDLOCK_CREATE_RULESET, errno.EOPNOTSUPP)
    process = ws.start("ws-archive", "verify", "-v", "-", stdin=subprocess.PIPE, preexec_fn=refuse)
    said = process.stderr.readline().decode()  # after which it waits for the first byte
    assert ("Landlock: writing nothing" in said) == landlock or "this kernel has none" in said
    limits = Path(f"/proc/{process.pid}/limits").read_text()
    assert re.search(r"Max address space +8589934592 ", limits), limits
    assert re.search(r"Max core file size +0 ", limits), limits
    process.communicate(packed([file("f")]), timeout=30)
    assert process.returncode == 0
