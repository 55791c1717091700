"""The malicious archives T01 to T90: each is refused with nothing left of it, or is harmless; what lies outside stays as it is.

Each archive is built byte by byte and unpacked in three ways: as it is, without openat2, with two threads (rawtar.WAYS). The
names of the tests carry the numbers; T82 to T85 are in test_archive_races.py, the lies of indexes (T73) in test_archive_index.py.
"""
import glob
import gzip
import io
import json
import os
import re
import stat
import subprocess
import sys
import zipfile
import zlib

import pytest
import wsformat
from faults import error, reply
from rawtar import (
    BLOCK, CHAR, DIR, FIFO, HARD, SYM, WAYS, as_gzip, as_plain, base256, file, global_pax, header, long_name, ours_in_a_pipe, padded, pax, raw_pax,
    sparse_extents, sparse_old, sparse_records, tar,
)

import ws as helpers

PACKINGS = {"gzip": as_gzip, "plain": as_plain, "ours, hopping": ours_in_a_pipe, "ours, indexed": wsformat.pack}


def climbing(canary):
    """What neither a foreign archive nor one of ours may say. name: (entries, what the message says)"""
    out = os.fspath(canary)
    up = f"../../{os.path.basename(out)}"
    twice = "as a directory and as something else"
    return {
        "T01 absolute path": ([file(f"{out}/x")], "climbs out"),
        "T02 dot dot": ([file(f"{up}/x")], "climbs out"),
        "T03 dot dot within": ([file(f"a/../{up}/x")], "climbs out"),
        "T04 trailing dot dot": ([header("a", DIR), header("a/..", DIR)], "climbs out"),
        "T05 root is a file": ([file("./")], ""),
        "T06 root is a symlink": ([header(".", SYM, link=out), file("x")], "root is not a directory"),
        "T06 root is a hardlink": ([file("x"), header("./.", HARD, link="x")], "root is not a directory"),
        "T10 component of 256 bytes": ([pax([(b"path", b"n" * 256)]) + file("n")], "longer than 255"),
        "T11 3,000 levels": ([pax([(b"path", b"d/" * 3000 + b"x")]) + file("x")], "deeper than the limit"),
        "T12 deeper than the limit": ([pax([(b"path", b"d/" * 1024 + b"x")]) + file("x")], "deeper than the limit"),
        "T15 file through absolute symlink": ([header("l", SYM, link=out), file("l/x")], "'l' is in the archive as a symlink"),
        "T16 file through relative symlink": ([header("l", SYM, link=up), file("l/x")], "'l' is in the archive as a symlink"),
        "T17 file through symlink, late": ([file("l/x"), header("l", SYM, link=up)], "as something else"),
        "T17 symlink in the middle": ([header("a", DIR), header("a/l", SYM, link=".."), file("a/l/../../x")], "climbs out"),
        "T18 chain of symlinks": ([header("a", SYM, link="b"), header("b", SYM, link="c"), header("c", SYM, link=up), file("a/x")], "as a symlink"),
        "T19 directory through symlink": ([header("l", SYM, link=up), header("l/d", DIR), file("l/d/x")], "as a symlink"),
        "T21 directory becomes symlink": ([header("d", DIR), file("d/x"), header("d", SYM, link=up)], twice),
        "T21 implied directory becomes symlink": ([file("d/x"), header("d", SYM, link=up), file("d/y")], "as something else"),
        "T21 symlink becomes directory": ([header("l", SYM, link=up), header("l", DIR), file("l/x")], "as a symlink and as a directory"),
        "T23 hardlink to /etc/passwd": ([header("h", HARD, link="/etc/passwd")], "climbs out"),
        "T23 hardlink to the canary": ([header("h", HARD, link=f"{out}/zero")], "climbs out"),
        "T24 hardlink to dot dot": ([header("h", HARD, link=f"{up}/zero")], "climbs out"),
        "T26 hardlink through symlink": ([header("l", SYM, link=out), header("h", HARD, link="l/zero")], "no file unpacked before"),
        "T28 hardlink before its target": ([header("h", HARD, link="later"), file("later")], "no file unpacked before"),
        "T29 hardlink to itself": ([header("h", HARD, link="h")], "no file unpacked before"),
        "T29 hardlink to a directory": ([header("d", DIR), header("h", HARD, link="d")], "no file unpacked before"),
        "T32 directory over a file": ([file("f"), header("f", DIR)], "as a file and as a directory"),
        "T32 file over a directory": ([header("d", DIR), file("d")], twice),
        "T33 symlinks deeper than paths are long": (
            [*[header("d/" * n + f"l{n}", SYM, link="t" * 90) for n in range(1, 5)], header("e", SYM, link="d/l1/" * 15 + ".."), file("e/x")], "as a symlink"),
        "T35 late modes and times through a swapped directory": ([header("d", DIR, mode=0o777, mtime=1), header("d", SYM, link=out)], twice),
        "T80 whiteout below a symlink": ([header("a", SYM, link=out), file("a/.wh.zero", b"")], "as a symlink"),
        "T81 whiteout of dot dot as a path": ([file(f"{up}/.wh.zero", b"")], "climbs out"),
    }


@pytest.mark.parametrize("case", sorted(climbing("/")))
@pytest.mark.parametrize("packing", PACKINGS)
def test_nothing_climbs_out(refused, canary, case, packing):
    entries, says = climbing(canary)[case]
    packed = PACKINGS[packing](tar(*entries))
    # Python's names for odd roots are not ours, so that index is refused before the entry is.
    refused(packed, "" if packing == "ours, indexed" and "root is" in case else says, pipe_only=packing == "ours, hopping")


ATTRIBUTES = [(b"SCHILY.xattr.security.capability", b"\1\0\0\2" + bytes(16)), (b"SCHILY.xattr.trusted.evil", b"x"), (b"SCHILY.xattr.user.overlay.opaque", b"y"),
              (b"SCHILY.acl.access", b"user::rwx,user:65534:rwx,group::r-x,mask::rwx,other::r-x"), (b"RHT.security.selinux", b"system_u:object_r:shadow_t:s0")]
MAPS = {"that overlaps": [(0, 10), (5, 10)], "that descends": [(100, 1), (0, 1)], "beyond the size": [(4096, 1)]}
REAL_SIZE = 200


def sparse_files(extents):
    """The same map in each of GNU's formats."""
    data, count = b"x" * sum(length for _, length in extents), b"%d" % len(extents)
    numbers = [b"%d" % number for row in extents for number in row]
    keys = [b"GNU.sparse.offset", b"GNU.sparse.numbytes"] * len(extents)
    size = b"%d" % REAL_SIZE
    return {
        "old": sparse_old("s", extents, REAL_SIZE, data),
        "0.0": pax([(b"GNU.sparse.size", size), (b"GNU.sparse.numblocks", count), *zip(keys, numbers)]) + file("s", data),
        "0.1": pax([(b"GNU.sparse.size", size), (b"GNU.sparse.numblocks", count), (b"GNU.sparse.name", b"s"), (b"GNU.sparse.map", b",".join(numbers))]) + file("s", data),
        "1.0": sparse_records((b"GNU.sparse.name", b"s"), (b"GNU.sparse.realsize", size)) + file("s", padded(b"\n".join([count, *numbers, b""])) + data),
    }


def repeated(block, times, before=b"", after=b""):
    """A gzip of the same bytes very often, made without having them."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    out = [packer.compress(before)]
    many, rest = divmod(times, 1000)
    out += [packer.compress(block * 1000) for _ in range(many)] + [packer.compress(block * rest + after), packer.flush()]
    return b"".join(out)


def zstd(raw):
    return subprocess.run(["/usr/bin/zstd", "-1", "-c"], input=raw, stdout=subprocess.PIPE, check=True).stdout


def long_gzip(text):
    plain = as_gzip(tar(file("f")))
    return plain[:3] + b"\x1c" + plain[4:10] + b"\xff\xff" + bytes(65535) + b"n" * text + b"\0" + b"c" * text + b"\0" + plain[10:]


def zipped(content):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("f", content)
    return data.getvalue()


MORE = tar(file("f"))
BIG = header("f", size=32 << 20)  # of zeros

# Those that a foreign archive may want. name: (archive, what the refusal says[, more options])
REFUSED = {
    "T05 names of slashes": (as_gzip(tar(header("/", DIR), header("//", DIR), file("f"))), "climbs out"),
    "T08 a path with NUL": (as_gzip(tar(pax([(b"path", b"a\0b")]), file("f"))), "'path': contains a NUL"),
    "T27 a hardlink with content": (as_gzip(tar(file("t"), header("h", HARD, size=4, link="t") + padded(b"more"))), "Damaged tar"),
    "T34 a target with NUL": (as_gzip(tar(pax([(b"linkpath", b"zero\0more")]), header("l", SYM, link="t"))), "'linkpath': contains a NUL"),
    "T34 a target of 5,000 bytes": (as_gzip(tar(pax([(b"linkpath", b"t" * 5000)]), header("l", SYM, link="t"), file("f"))), "l"),
    "T42 a negative owner": (as_gzip(tar(header("f", at108=base256(-5, 8)))), "an owner or a time that cannot be"),
    "T45 a negative size": (as_gzip(tar(header("f", at124=base256(-512)))), ""),
    "T46 a size of 2^63-1": (as_gzip(tar(header("f", at124=base256(2**63 - 1)))), ""),
    "T46 a size of 2^63-513": (as_gzip(tar(header("f", at124=base256(2**63 - 513)))), ""),
    "T47 a symlink with content": (as_gzip(tar(header("s", SYM, size=512, link="x") + bytes(512), file("f"))), "behind the end mark"),
    "T47 a FIFO with content": (as_gzip(tar(header("p", FIFO, size=512) + bytes(512), file("f"))), "behind the end mark"),
    **{f"T48 a time of {time.decode()}": (as_gzip(tar(pax([(b"mtime", time)]), file("f"))), "is not a time") for time in (b"1e30", b"nan", b"9" * 24, b"--1")},
    "T49 a wrong checksum": (as_gzip(tar(file("g"), header("f")[:200] + b"!" + header("f")[201:])), "Damaged tar"),
    "T50 a size of letters": (as_gzip(tar(file("g"), header("f", at124=b"zzzzzzzzzzz\0"))), "not octal"),
    "T50 digits without an end": (as_gzip(tar(file("g"), header("f", at124=b"777777777777"))), "Truncated"),
    "T51 a pax size that is smaller": (as_gzip(tar(pax([(b"size", b"4")]), header("f", size=1024), padded(b"x" * 1024))), "Damaged tar"),
    "T52 pax and GNU name one file": (as_gzip(tar(pax([(b"path", b"a")]), long_name(b"b\0"), file("f"))), ""),
    "T52 GNU and pax name one target": (as_gzip(tar(long_name(b"b\0", b"K"), pax([(b"linkpath", b"a")]), header("l", SYM, link="t"))), ""),
    "T53 x behind x": (as_gzip(tar(pax([(b"path", b"a")]), pax([(b"path", b"b")]), file("f"))), ""),
    "T53 a path in g and in x": (as_gzip(tar(global_pax(b"13 path=/etc\n"), pax([(b"path", b"b")]), file("f"))), "not every tar obeys"),
    "T53 L behind L": (as_gzip(tar(long_name(b"a\0"), long_name(b"b\0"), file("f"))), "two long names"),
    "T53 K behind K": (as_gzip(tar(long_name(b"a\0", b"K"), long_name(b"b\0", b"K"), header("l", SYM, link="t"))), "two long names"),
    "T53 two paths in one x": (as_gzip(tar(pax([(b"path", b"a"), (b"path", b"b")]), file("f"))), "comes twice"),
    **{f"T54 a record with {what}": (as_gzip(tar(raw_pax(text), file("f"))), "") for what, text in {
        "length 0": b"0 path=x\n", "too great a length": b"99 path=x\n", "a length of 30 digits": b"9" * 30 + b" path=x\n", "no newline": b"9 path=xy",
        "no =": b"9 pathxy\n", "no number": b"xx path=x\n", "no key": b"5 =x\n\n"}.items()},
    "T55 a pax header of 1 GB": (as_gzip(header("x", b"x", 1 << 30) + bytes(1 << 20)), "too large"),
    "T55 a pax header over the limit": (as_gzip(tar(pax([(b"comment", b"c" * 5000)]), file("f"))), "larger than the limit 'pax'", "--limit=pax=4K"),
    "T56 a long name of 1 GB": (as_gzip(header("L", b"L", 1 << 30) + bytes(1 << 20)), "too large"),
    "T56 a long name of 1 MB": (as_gzip(tar(long_name(b"a/" * (1 << 19)), file("f"))), "a name is longer"),
    **{f"T57 a global {key}": (as_gzip(tar(global_pax(record), file("f"))), "not every tar obeys") for key, record in {
        "path": b"13 path=/etc\n", "size": b"10 size=0\n", "linkpath": b"17 linkpath=/etc\n"}.items()},
    "T58 a sparse name that climbs, beside a good path": (
        as_gzip(tar(sparse_records((b"GNU.sparse.name", b"../x"), (b"GNU.sparse.realsize", b"3"), (b"path", b"good")), file("s", padded(b"1\n0\n1\n") + b"x"))), "climbs out"),
    "T59 a map of 10,000,000 extents": (repeated(sparse_extents([(0, 0)] * 22)[:512], 10**7 // 21, sparse_old("s", [(0, 0)] * 5, 10**9)[:512], sparse_extents([(0, 0)]) + MORE),
                                        "larger than the limits 'pax' and 'sparse'"),
    "T59 a map over the limit": (as_gzip(tar(sparse_old("s", [(n * 2, 1) for n in range(3000)], 6000, b"x" * 3000))), "larger than the limit", "--limit=sparse=1000"),
    **{f"T60 a map {what}, format {version}": (as_gzip(tar(entry, file("f"))), "s") for what, extents in MAPS.items() for version, entry in sparse_files(extents).items()},
    "T61 a sparse file of 8 EiB": (as_gzip(tar(sparse_records((b"GNU.sparse.name", b"s"), (b"GNU.sparse.realsize", b"9223372036854775807")), file("s", padded(b"1\n0\n1\n") + b"x"))),
                                   "unpacks to more than"),
    "T62 holes that go back": (as_gzip(tar(pax([(b"SUN.holesdata", b" 0 100 50 200")]), file("s", b"x" * 512))), "goes back"),
    "T62 holes that are no numbers": (as_gzip(tar(pax([(b"SUN.holesdata", b" 99999999999999999999 -1")]), file("s", b"x" * 512))), "SUN.holesdata"),
    "T63 1,000 : 1 in gzip": (as_gzip(BIG + bytes(32 << 20 | 1024)), "times its size, as bombs do", "--limit=ratio-from=16M"),
    "T63 1,000 : 1 in zstd": (zstd(BIG + bytes(32 << 20 | 1024)), "times its size", "--limit=ratio-from=16M"),
    "T63 1,000 : 1 in zip": (zipped(bytes(32 << 20)), "times its size", "--limit=ratio-from=16M"),
    "T64 more members than the limit": (gzip.compress(b"", mtime=0) * 2000 + as_gzip(MORE), "more members than the limit", "--limit=members=1000"),
    "T65 a gzip header whose texts do not end": (long_gzip(300_000), "does not end"),
    "T66 more empty files than the limit": (as_gzip(tar(*[header(f"{n}") for n in range(1001)])), "more than 1000 entries", "--limit=entries=1000"),
    "T68 a window of 2 GiB": (b"\x28\xb5\x2f\xfd\x00\xa8" + bytes(30), "too much memory"),
    "T69 more content than the limit": (as_gzip(tar(file("a", b"x" * 600), file("b", b"x" * 600))), "unpacks to more than 1000 bytes", "--limit=bytes=1000"),
    "one volume of several, GNU": (as_gzip(tar(header("f", b"M", size=4) + padded(b"evil"), file("g"))), "one volume of several"),
    "one volume of several, pax": (as_gzip(tar(pax([(b"GNU.volume.filename", b"f"), (b"GNU.volume.offset", b"9")]), file("f"))), "one volume of several"),
    "GNU's increments, GNU": (as_gzip(tar(header("d/", b"D", size=4) + padded(b"Yf\0\0"), file("d/f"))), "incremental archives"),
    "GNU's increments, pax": (as_gzip(tar(pax([(b"GNU.dumpdir", b"Yf\0\0")]), header("d/", DIR), file("d/f"))), "incremental archives"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_meant_well_is_refused(ws, canary, tmp_path, case, way):
    data, says, *limits = REFUSED[case]
    place, (more, options) = tmp_path / "place", WAYS[way]
    place.mkdir()
    (tmp_path / "a").write_bytes(data)
    ws("ws-archive", "extract", "-q", *more, *limits, "-C", place / "out", tmp_path / "a", status=65, **options).complains(says)
    assert os.listdir(place) == []


# name: (archive, {path: content} of all that comes out, None for what is no file)
UNPACKED = {
    "T05 dots only": (tar(header("./", DIR), header(".//./", DIR), file("././f")), {"f": "evil"}),
    "T07 backslashes and drives": (tar(file("..\\..\\x"), file("C:evil"), file("C:\\x")), {"..\\..\\x": "evil", "C:evil": "evil", "C:\\x": "evil"}),
    "T09 names that a terminal takes for commands": (tar(file("a\nb"), file("esc\x1b[31m\r\a"), file("bidi\u202e"), file(b"\xff\xfe")),
                                                    {"a\nb": "evil", "esc\x1b[31m\r\a": "evil", "bidi\u202e": "evil", "\udcff\udcfe": "evil"}),
    "T10 a component of 255 bytes": (tar(pax([(b"path", b"n" * 255)]), file("n")), {"n" * 255: "evil"}),
    "T11 a path longer than a path can be": (tar(pax([(b"path", b"/".join([b"d" * 200] * 30))]), file("n")), None),
    "T12 as deep as the limit": (tar(pax([(b"path", b"d/" * 1023 + b"x")]), file("x")), {"d/" * 1023 + "x": "evil"}),
    "T13 names that fold to one": (tar(file("a", b"1"), file("A", b"2"), file("stra\u00dfe", b"3"), file("strasse", b"4"), file("\u00e9", b"5"), file("e\u0301", b"6")),
                                   {"a": "1", "A": "2", "stra\u00dfe": "3", "strasse": "4", "\u00e9": "5", "e\u0301": "6"}),
    "T14 names of ours": (tar(file(".ws/record.json"), file(".ws-tmp-0"), file(".git/hooks/pre-commit", mode=0o755)),
                          {".ws/record.json": "evil", ".ws-tmp-0": "evil", ".git/hooks/pre-commit": "evil"}),
    "T15 a symlink to an absolute path": (tar(header("l", SYM, link="/etc/passwd"), file("f")), {"l": None, "f": "evil"}),
    "T16 a symlink to dot dot": (tar(header("l", SYM, link="../../canary"), file("f")), {"l": None, "f": "evil"}),
    "T26 a hardlink to a symlink": (tar(header("l", SYM, link="../../canary/secret"), header("h", HARD, link="l")), {"l": None, "h": None}),
    "T30 file, symlink and file at one path": (tar(file("f", b"1"), header("f", SYM, link="../../canary/secret"), file("f", b"2")), {"f": "2"}),
    "T31 the same file twice": (tar(file("t", b"first"), header("h", HARD, link="t"), file("t", b"second")), {"t": "second", "h": "first"}),
    "T36 T37 T38 devices, a FIFO and a socket": (tar(header("c", CHAR), header("b", BLOCK), header("p", FIFO), file("f")), {"f": "evil"}),
    "T39 a contiguous file": (tar(file("f", type=b"7")), {"f": "evil"}),
    "T39 T38 types that nobody knows are files": (tar(file("f", type=b"Z"), header("s", b"s")), {"f": "evil", "s": ""}),
    "T40 setuid, setgid and sticky": (tar(file("f", mode=0o6755), header("d", DIR, mode=0o3755), file("d/f")), {"f": "evil", "d/f": "evil"}),
    "T41 a closed directory with children": (tar(header("d", DIR, mode=0), file("d/f"), file("d/e/f")), {"d/f": "evil", "d/e/f": "evil"}),
    "T42 owners beyond all": (tar(header("f", size=4, at108=base256(2**55, 8), at116=base256(2**55, 8)) + padded(b"evil")), {"f": "evil"}),
    "T43 attributes that only root may give": (tar(pax(ATTRIBUTES), file("f", mode=0o755)), {"f": "evil"}),
    "T44 an immutable file": (tar(pax([(b"SCHILY.fflags", b"immutable,append")]), file("f")), {"f": "evil"}),
    "T47 a directory with a size": (tar(header("d/", DIR, size=4), file("d/f")), {"d/f": "evil"}),
    "T47 a symlink with a size": (tar(header("s", SYM, size=512, link="x"), file("f")), {"s": None, "f": "evil"}),
    "T48 a time before 1970": (tar(pax([(b"mtime", b"-1.5")]), file("f")), {"f": "evil"}),
    "T51 a pax size that is larger": (tar(pax([(b"size", b"1024")]), header("f", size=0), file("smuggled", b"y" * 512)[:1024].ljust(1024), file("g")),
                                      {"f": None, "g": "evil"}),
    "T52 a long target": (tar(long_name(b"zz\0", b"K"), header("l", SYM, link="q"), file("f")), {"l": None, "f": "evil"}),
    "T58 a path that climbs, beside a good sparse name": (
        tar(sparse_records((b"GNU.sparse.name", b"good"), (b"GNU.sparse.realsize", b"3"), (b"path", b"../bad")), file("s", padded(b"1\n0\n1\n") + b"x")), {"good": "x\0\0"}),
    "T59 a map that goes on in a second block": (tar(sparse_old("s", [(n, 1) for n in range(30)], 30, b"x" * 30)), {"s": "x" * 30}),
    "T62 holes of Solaris": (tar(pax([(b"SUN.holesdata", b" 0 4 8")]), file("s", b"datahole")), None),
    "T67 archives in an archive": (tar(file("in.tar", tar(file("../x"))[:-1])), {"in.tar": tar(file("../x"))[:-1].decode()}),
    "T76 T77 T78 T79 T81 whiteouts": (
        tar(file("d/x"), file("d/.wh.x", b""), file(".wh..wh..opq", b""), file(".wh.", b""), file(".wh..", b""), file(".wh...", b"")),
        {"d/x": "evil", "d/.wh.x": "", ".wh..wh..opq": "", ".wh.": "", ".wh..": "", ".wh...": ""}),
}
UNPACKED_GZIP = {
    "T64 a hundred thousand empty members": (gzip.compress(b"", mtime=0) * 100_000 + as_gzip(MORE), {"f": "evil"}),
    "T65 a gzip header of the longest extra field": (long_gzip(100), {"f": "evil"}),
}


def unpacked(top):
    """{path: content}, going down by descriptors: paths may be longer than paths can be."""
    out = {}

    def below(fd, path):
        for name in os.listdir(fd):
            info = os.stat(name, dir_fd=fd, follow_symlinks=False)
            if stat.S_ISDIR(info.st_mode):
                if os.geteuid() != 0:
                    os.chmod(name, 0o700, dir_fd=fd)
                inner = os.open(name, os.O_RDONLY, dir_fd=fd)
                below(inner, f"{path}{name}/")
                os.close(inner)
            elif stat.S_ISREG(info.st_mode):
                with open(os.open(name, os.O_RDONLY, dir_fd=fd), errors="surrogateescape", newline="") as content:
                    assert not any(key.startswith(("security.", "trusted.", "system.", "user.overlay")) for key in os.listxattr(content.fileno()))
                    out[path + name] = content.read()
                assert stat.S_IMODE(info.st_mode) in (0o644, 0o755) and info.st_uid == os.geteuid()
                os.unlink(name, dir_fd=fd)  # which an immutable file would not have
            else:
                assert stat.S_ISLNK(info.st_mode)
                out[path + name] = None

    fd = os.open(top, os.O_RDONLY)
    sys.setrecursionlimit(5000)
    below(fd, "")
    os.close(fd)
    return out


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", [*UNPACKED, *UNPACKED_GZIP])
def test_what_is_odd_is_harmless(ws, canary, tmp_path, case, way):
    raw, expected = UNPACKED.get(case) or UNPACKED_GZIP[case]
    (tmp_path / "a").write_bytes(as_gzip(raw) if case in UNPACKED else raw)
    more, options = WAYS[way]
    result = ws("ws-archive", "extract", *more, "-C", tmp_path / "out", tmp_path / "a", **options)
    for special in ("c", "b", "p") if "T36" in case else ():
        assert f"'{special}' is left out: it is a device, a FIFO or of an unknown type" in result.stderr
    listed = ws("ws-archive", "list", tmp_path / "a").stdout
    assert all(" " <= c <= "~" or c == "\n" for c in listed) and "\\n" in listed or "T09" not in case
    for mode in (["--json"], ["--names"]):
        ws("ws-archive", "list", *mode, tmp_path / "a").output.decode("utf-8")
    found = unpacked(tmp_path / "out")
    if expected is None:
        assert found
    else:
        assert {name: found[name] if text is not None else None for name, text in expected.items()} == expected and found.keys() == expected.keys()
    helpers.run(["/bin/rm", "-rf", tmp_path / "out"])


def test_t63_a_bomb_of_more_than_a_gigabyte_needs_no_option_to_be_refused(ws, canary, tmp_path):
    (tmp_path / "a").write_bytes(repeated(bytes(1 << 20), 1100, header("f", size=1100 << 20), bytes(1024)))
    ws("ws-archive", "verify", tmp_path / "a", status=65).complains("more than 200 times its size, as bombs do (the limit 'ratio')")


# ---- what takes more than one archive, or a file system that is not empty ----


@pytest.fixture(params=WAYS)
def extract(request, ws, tmp_path):
    """extract(archive bytes, target, …): unpacks in one of the ways."""
    more, options = WAYS[request.param]

    def run(data, target, *rest, status=0):
        (tmp_path / "a").write_bytes(data)
        return ws("ws-archive", "extract", "-q", *more, *rest, "-C", target, tmp_path / "a", status=status, **options)

    return run


def test_t20_two_archives_do_not_add_up_to_an_escape(extract, canary, tmp_path):
    extract(as_gzip(tar(header("l", SYM, link=os.fspath(canary)))), tmp_path / "out")
    extract(as_gzip(tar(file("l/x"))), tmp_path / "out", status=73).complains("l is there already")
    assert os.readlink(tmp_path / "out/l") == os.fspath(canary)


def test_t22_a_symlink_that_is_there_is_neither_followed_nor_replaced(extract, canary, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/f").symlink_to(canary / "secret")
    extract(as_gzip(tar(file("before"), file("f"))), tmp_path / "out", status=73).complains("f is there already")
    assert os.listdir(tmp_path / "out") == ["f"] and os.readlink(tmp_path / "out/f") == os.fspath(canary / "secret")


def test_t25_a_hardlink_leads_only_to_what_this_archive_brought(extract, canary, tmp_path):
    (tmp_path / "out").mkdir()
    os.link(canary / "secret", tmp_path / "out/there")
    before = helpers.tree_digest(tmp_path / "out", top=False)
    extract(as_gzip(tar(header("h", HARD, link="there"), file("h", b"through"))), tmp_path / "out", status=65).complains("no file unpacked before")
    assert helpers.tree_digest(tmp_path / "out", top=False) == before
    os.unlink(tmp_path / "out/there")


def test_t69_what_an_index_promises_has_to_fit_before_anything_is_written(extract, canary, tmp_path):
    (tmp_path / "place").mkdir()
    huge = 1 << 49
    lies = {name: huge for name in ("root raw", "root block 0 raw", "member 0 raw")}
    extract(wsformat.pack(MORE, lies=lies), tmp_path / "place/out", status=74).complains("No space left", "of free space")
    assert os.listdir(tmp_path / "place") == []
    extract(wsformat.pack(MORE, lies={"root content": 1 << 49}), tmp_path / "place/out", status=65).complains("more entries, members or bytes than the limit")


@pytest.mark.parametrize("way", WAYS)
def test_t75_an_object_that_changes_between_two_reads_is_an_error(ws, faults, canary, tmp_path, way):
    more, options = WAYS[way]
    data = wsformat.pack(tar(file("f", os.urandom(200_000))))
    headers = {"ETag": '"one"', "Content-Range": f"bytes {len(data) - 65536}-{len(data) - 1}/{len(data)}"}
    faults.on("HEAD", "/b/k", reply(200, b"", {"ETag": '"one"', "Content-Length": str(len(data))}, length=None, then="close"), optional=True)
    faults.on("GET", "/b/k", reply(206, data[-65536:], headers), error(412, "PreconditionFailed"))
    keys = {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "S", "AWS_ENDPOINT_URL_S3": faults.url, "AWS_REGION": "r"}
    result = ws("ws-archive", "extract", "-q", *more, "-C", tmp_path / "out", "s3://b/k", env=keys, status=None, **options)
    result.complains("s3://b/k", "changed")
    assert result.status in (65, 73) and [r.headers["if-match"] for r in faults.seen("GET", "/b/k")][-1] == '"one"'


# ---- the archiver's side ----


@pytest.mark.parametrize("way", WAYS)
def test_t88_a_directory_that_is_swapped_for_a_symlink_does_not_let_the_archiver_out(ws, canary, tmp_path, way):
    more, options = WAYS[way]
    top = tmp_path / "live"
    for n in range(60):
        (top / f"d{n}/sub").mkdir(parents=True)
        (top / f"d{n}/sub/f").write_text("mine")
    swaps = 0
    for _ in range(8):
        process = ws.start("ws-archive", "create", "-q", *more, "--keep-going", "--format", "tar", "-C", top, "-o", tmp_path / "a.tar", **options)
        while process.poll() is None:
            for n in range(60):
                os.rename(top / f"d{n}", tmp_path / "away")
                os.symlink(canary, top / f"d{n}")
                os.unlink(top / f"d{n}")
                os.rename(tmp_path / "away", top / f"d{n}")
                swaps += 1
        data = (tmp_path / "a.tar").read_bytes() if process.returncode in (0, 1) else b""
        assert b"echo secret" not in data and b"main.c" not in data
    assert swaps > 0


@pytest.mark.parametrize("way", WAYS)
def test_t89_a_hardlink_to_a_file_that_only_root_may_read_is_left_out_and_named(ws, canary, tmp_path, way):
    more, options = WAYS[way]
    if os.geteuid() != 0:
        pytest.skip("only root may read what others may not")
    home = tmp_path / "theirs"
    home.mkdir()
    (tmp_path / "shadow").write_text("root only")
    (tmp_path / "shadow").chmod(0o600)
    (tmp_path / "public").write_text("for all")
    os.link(tmp_path / "shadow", home / "planted")
    os.link(tmp_path / "public", home / "shared")
    (home / "own").write_text("own")
    os.chown(home / "own", helpers.NOBODY, helpers.NOBODY)
    (home / "own").chmod(0o600)
    os.link(home / "own", home / "twice")
    for owner, names in ((helpers.NOBODY, [".", "own", "shared", "twice"]), (0, [".", "own", "planted", "shared", "twice"])):
        os.chown(home, owner, owner)
        result = ws("ws-archive", "create", *more, "-C", home, "-o", tmp_path / "a", **options)
        assert ws("ws-archive", "list", "--names", tmp_path / "a").stdout.splitlines() == names
        assert ("'planted' is left out" in result.stderr) == (owner != 0)


@pytest.mark.parametrize("way", WAYS)
def test_t90_cyclic_mounts_and_names_that_are_no_json_come_to_an_end(ws, canary, tmp_path, way):
    more, options = WAYS[way]
    if os.geteuid() != 0:
        pytest.skip("mounting takes root")
    top = tmp_path / "top"
    (top / "loop").mkdir(parents=True)
    (top / "shut").mkdir(mode=0)
    (top / "f").write_text("x")
    with open(os.fsencode(top) + b"/\xff\"\\\n\x01", "w") as odd:
        odd.write("odd")
    if subprocess.run(["/usr/bin/mount", "--rbind", top, top / "loop"], stderr=subprocess.PIPE).returncode != 0:
        pytest.skip("no mounts here")
    try:
        ws("ws-archive", "create", "-q", *more, "-C", top, "-o", tmp_path / "a", **options)
        ws("ws-archive", "create", "-q", *more, "--one-file-system", "-C", top, "-o", tmp_path / "b", **options)
    finally:
        helpers.run(["/usr/bin/umount", "-l", top / "loop"])
    names = {name: [json.loads(line)["path"] for line in ws("ws-archive", "list", "--json", tmp_path / name).stdout.splitlines()] for name in "ab"}
    assert len(names["b"]) == 5 and len(names["a"]) == 9 and "loop/f" in names["a"] and "loop/f" not in names["b"]


COLLECT = """
import json, pytest, sys
class Items:
    def pytest_collection_finish(self, session):
        items = [(item.nodeid, item.fixturenames, [*map(str, item.callspec.params.values())] if hasattr(item, "callspec") else []) for item in session.items]
        print("ITEMS" + json.dumps(items))
sys.exit(pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", *sys.argv[1:]], plugins=[Items()]))
"""
IN_ALL_WAYS = {"refused", "outcome"}  # fixtures that run what they are given in each way


def test_all_ninety_are_run_in_all_ways_beside_a_canary():
    here = os.path.dirname(__file__)
    said = subprocess.run([sys.executable, "-c", COLLECT, *sorted(glob.glob(f"{here}/test_archive*.py"))], stdout=subprocess.PIPE, text=True, check=True, cwd=here).stdout
    ways = {number: set() for number in range(1, 91)}
    for name, fixtures, params in json.loads(re.search("^ITEMS(.*)", said, re.MULTILINE).group(1)):
        for number in {int(number) for number in re.findall(r"(?<![A-Za-z0-9])[Tt](\d\d)(?![0-9])", name.replace("_", " "))}:
            assert "canary" in fixtures, name
            ways[number] |= set(WAYS) if IN_ALL_WAYS & {*fixtures} else {*params} & {*WAYS}
    assert {number: missing for number, found in ways.items() if (missing := set(WAYS) - found)} == {}
