"""Archives that want something: to get out, to be believed, to be endless. Built byte by byte, as someone else's and as ours."""
import functools
import hashlib
import io
import os
import struct
import zipfile

import pytest
import wsformat
from rawtar import CHAR, DIR, FIFO, HARD, SYM, WAYS, as_gzip, as_plain, base256, file, header, ours_in_a_pipe, padded, pax, raw_pax, tar

import ws as helpers

@pytest.mark.parametrize("packing", [as_gzip, wsformat.pack], ids=["gzip", "ours"])
def test_what_is_odd_but_harmless_is_unpacked_as_it_is(ws, canary, tmp_path, packing):
    out = os.fspath(canary)
    raw = tar(
        file("b\\s\\..\\x"), file("C:evil"), file("..."), file("dir//./double"), header("s", SYM, link=f"{out}/zero"), header("h", HARD, link="s"),
        file("h", b"a new inode"), file("twice", b"first"), file("twice", b"second"), file("target", b"kept"), header("name", HARD, link="target"),
        file("target", b"replaced"), header("was", SYM, link=out), file("was", b"a file now"), file("becomes"), header("becomes", SYM, link=out),
        file("setuid", mode=0o6755), header("sticky", DIR, mode=0o3777), header("fifo", FIFO), header("null", CHAR, at329=b"0000001\0", at337=b"0000003\0"),
        header("closed", DIR, mode=0), file("closed/x"), file("esc\x1b[31m\u202e"), file("end"),
    )
    if packing is wsformat.pack:  # devices are none of ours, and neither are doubled slashes
        raw = raw.replace(header("fifo", FIFO), b"").replace(header("null", CHAR, at329=b"0000001\0", at337=b"0000003\0"), b"")
    (tmp_path / "a").write_bytes(packing(raw))
    result = ws("ws-archive", "extract", "-C", tmp_path / "out", tmp_path / "a")
    text = {p.name: p.read_text() for p in (tmp_path / "out").iterdir() if p.is_file() and not p.is_symlink()}
    assert text["h"] == "a new inode" and text["twice"] == "second" and text["target"] == "replaced" and text["was"] == "a file now"
    assert text["b\\s\\..\\x"] == text["C:evil"] == text["..."] == "evil"
    assert os.readlink(tmp_path / "out/s") == f"{out}/zero" and os.readlink(tmp_path / "out/becomes") == out
    assert (tmp_path / "out/setuid").stat().st_mode & 0o7777 == 0o755 and (tmp_path / "out/sticky").stat().st_mode & 0o7777 == 0o777
    assert (tmp_path / "out/closed").stat().st_mode & 0o7777 == 0
    assert (tmp_path / "out/dir/double").read_text() == "evil"
    assert not os.path.lexists(tmp_path / "out/fifo") and not os.path.lexists(tmp_path / "out/null")
    assert packing is wsformat.pack or ("fifo" in result.stderr and "null" in result.stderr)
    listed = ws("ws-archive", "list", tmp_path / "a").stdout
    assert "\x1b" not in listed and "\u202e" not in listed and "esc\\x1b[31m" in listed
    os.chmod(tmp_path / "out/closed", 0o700)


NUMBERS = {
    "negative size": header("f", at124=base256(-512)),
    "size of 2^63-1": header("f", at124=base256(2**63 - 1)),
    "size of an octal 8 GiB and nothing behind it": header("f", size=8**11 - 1),
    "negative owner": header("f", at108=base256(-5, 8)),
    "wrong checksum": header("f")[:200] + b"!" + header("f")[201:],
    "pax length 0": raw_pax(b"0 path=x\n") + file("f"),
    "pax length too long": raw_pax(b"99 path=x\n") + file("f"),
    "pax without newline": raw_pax(b"9 path=xy") + file("f"),
    "pax without =": raw_pax(b"9 pathxy\n") + file("f"),
    "pax length not a number": raw_pax(b"xx path=x\n") + file("f"),
    "sparse of 8 EiB": pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"s"), (b"GNU.sparse.realsize", b"9223372036854775807")])
    + file("s", padded(b"1\n0\n1\n") + b"x"),
    "sparse map that descends": pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"s"), (b"GNU.sparse.realsize", b"4096")])
    + file("s", padded(b"2\n1024\n1\n0\n1\n") + b"xy"),
    "sparse map beyond the size": pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"s"), (b"GNU.sparse.realsize", b"10")])
    + file("s", padded(b"1\n4096\n1\n") + b"x"),
}


@pytest.mark.parametrize("case", sorted(NUMBERS))
def test_numbers_that_cannot_be_are_refused(refused, case):
    raw = tar(NUMBERS[case])
    refused(as_gzip(raw))
    refused(ours_in_a_pipe(raw), pipe_only=True)


ONLY_OURS = {
    "two sizes": pax([(b"size", b"1024")]) + header("f", size=0) + bytes(1024),
    "small size in pax": pax([(b"size", b"0")]) + file("f", b"x" * 600),
    "two owners": pax([(b"uid", b"5")]) + file("f"),
    "the same key twice": pax([(b"path", b"a"), (b"path", b"b")]) + file("f"),
    "path with NUL": pax([(b"path", b"a\0b")]) + file("f"),
    "x behind x": pax([(b"path", b"a")]) + pax([(b"path", b"b")]) + file("f"),
    "x and nothing": pax([(b"path", b"a")]),
    "global header": header("g", b"g", 0) + file("f"),
    "GNU long name": header("././@LongLink", b"L", 5) + padded(b"name\0") + file("f"),
    "symlink with content": header("s", SYM, size=512, link="x") + bytes(512),
    "symlink without target": header("s", SYM),
    "file with target": header("f", link="x"),
    "directory with content": header("d", DIR, size=512) + bytes(512),
    "no name": header(""),
    "unknown type": header("f", b"Z"),
    "old sparse": header("f", b"S"),
    "base-256 size": header("f", at124=base256(4)) + padded(b"evil"),
    "spaces for digits": header("f", at124=b"          4\0") + padded(b"evil"),
    "other magic": header("f", at257=b"ustar  \0"),
    "sparse without size": pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"s")]) + file("s", padded(b"1\n0\n1\n") + b"x"),
    "sparse 0.1": pax([(b"GNU.sparse.map", b"0,1"), (b"GNU.sparse.size", b"9")]) + file("s", b"x"),
}


@pytest.mark.parametrize("case", sorted(ONLY_OURS))
def test_in_our_own_members_only_our_own_headers_count(refused, case):
    refused(ours_in_a_pipe(tar(ONLY_OURS[case])), pipe_only=True)


SMALL = tar(
    header("./", DIR, mode=0o755), header("a/", DIR, mode=0o755), file("a/one", b"1" * 700), file("a/two", hashlib.shake_128(b"2").digest(3000)),
    header("link", SYM, link="a/one"), file("run", b"#!/bin/sh\n", mode=0o755),
)
SMALL_CUTS = (1024, 512 * 5)
pack_zst = functools.partial(wsformat.pack, form="zst")


def test_the_small_archive_is_good_when_nobody_touches_it(ws, tmp_path):
    (tmp_path / "a").write_bytes(wsformat.pack(SMALL, cuts=SMALL_CUTS))
    ws("ws-archive", "verify", tmp_path / "a")
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", tmp_path / "a")
    assert (tmp_path / "out/a/one").read_text() == "1" * 700
    assert ws("ws-archive", "cat", tmp_path / "a", "run").output == b"#!/bin/sh\n"


@pytest.fixture
def outcome(ws, tmp_path, canary):
    """outcome(archive bytes): None when it is refused, else the tree; of each way of unpacking, and all agree. turn: only in this way."""
    ways = list(WAYS.values())

    def unpack(data, more, options):
        (tmp_path / "a").write_bytes(data)
        result = ws("ws-archive", "extract", "-q", *more, "-C", tmp_path / "out", tmp_path / "a", status=None, **options)
        if result.status == 0:
            digest = helpers.tree_digest(tmp_path / "out")
            helpers.run(["/bin/rm", "-rf", tmp_path / "out"])
            return digest
        assert result.status == 65, result
        assert not (tmp_path / "out").exists()
        return None

    def in_each(data, turn=None):
        first, *others = [unpack(data, *way) for way in (ways if turn is None else [ways[turn % len(ways)]])]
        assert all(other == first for other in others)
        return first

    return in_each


def test_t72_a_flipped_bit_is_found_or_changes_nothing(outcome):
    good = wsformat.pack(SMALL, cuts=SMALL_CUTS)
    truth = outcome(good)
    found = 0
    places = range(len(good)) if len(good) < 700 else [i for i in range(len(good)) if i % (len(good) // 700 + 1) == 0]
    for turn, place in enumerate(places):
        data = bytearray(good)
        data[place] ^= 1 << (place * 5 % 8)
        result = outcome(bytes(data), turn)
        assert result in (None, truth), f"byte {place}"
        found += result is None
    assert found == len(places)


@pytest.mark.parametrize("packing", [as_gzip, as_plain, wsformat.pack, pack_zst], ids=["gzip", "plain", "ours", "ours, zstd"])
def test_t70_what_is_cut_off_is_refused(ws, outcome, packing):
    good = packing(SMALL)
    end = len(good) - (1024 if packing is as_plain else 0)
    for turn, length in enumerate(sorted({*range(0, end, end // 90), *range(end - 30, end), 1, 10, 512, 1024})):
        if length < end:
            assert outcome(good[:length], turn) is None, length
            piped = ws("ws-archive", "verify", "-", input=good[:length], status=None)
            assert piped.status == 65, piped


@pytest.mark.parametrize("packing", [as_gzip, as_plain, wsformat.pack, pack_zst], ids=["gzip", "plain", "ours", "ours, zstd"])
def test_t71_what_is_behind_the_end_is_refused(outcome, packing):
    for more in (b"x", b"garbage" * 1000, packing(SMALL)):
        if packing is as_gzip and more.startswith(b"\x1f\x8b"):
            continue  # members of one stream: the tar has something behind its end mark
        assert outcome(packing(SMALL) + more) is None


def test_t72_a_wrong_checksum_of_a_foreign_gzip_is_found(ws, outcome, tmp_path):
    good = as_gzip(SMALL)
    for place in (-8, -1):
        data = bytearray(good)
        data[place] ^= 1
        assert outcome(bytes(data)) is None
        ws("ws-archive", "verify", tmp_path / "a", status=65)


def test_t71_a_second_tar_behind_the_first_is_refused_not_dropped(outcome):
    assert outcome(as_gzip(SMALL) + as_gzip(tar(file("more")))) is None


def test_t73_members_that_lie_about_their_lengths_are_refused(outcome):
    good = wsformat.data_member(SMALL)
    for at, value in ((16, len(good) - 1), (16, len(good) + 1), (16, 0), (16, 2**32 - 1), (20, len(SMALL) - 512), (20, len(SMALL) + 1), (20, 0), (20, 2**32 - 1)):
        member = good[:at] + struct.pack("<I", value) + good[at + 4 :]
        whole = wsformat.pack(SMALL)
        assert outcome(member + whole[len(good) :]) is None


def test_a_zip_does_not_climb_out_either(refused, canary):
    for name in (f"../../{canary.name}/x", os.fspath(canary / "x")):
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr(zipfile.ZipInfo(name), "evil")
        refused(data.getvalue(), "climbs out")
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        link = zipfile.ZipInfo("l")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, os.fspath(canary))
        archive.writestr("l/x", "evil")
    refused(data.getvalue())


def test_what_is_no_archive_says_so(ws, outcome, tmp_path):
    for data in (b"", b"x", b"hello\n" * 500, bytes(100), os.urandom(5000), b"\x1f\x8b", b"PK\3\4"):
        assert outcome(data) is None
    ws("ws-archive", "extract", tmp_path / "absent", status=66).complains("absent")


def test_ten_thousand_nested_directories_end_in_an_error_not_in_a_crash(ws, tmp_path):
    deep = tar(*[pax([(b"path", b"d/" * n + b"x")]) + file("x") for n in (10, 500, 1023, 10_000)])
    (tmp_path / "a").write_bytes(as_gzip(deep))
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", tmp_path / "a", status=65)
    fine = tar(*[pax([(b"path", b"d/" * n + b"x")]) + file("x") for n in (10, 500, 1023)])
    for packing in (as_gzip, wsformat.pack):
        (tmp_path / "a").write_bytes(packing(fine))
        ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", tmp_path / "a")
        helpers.run(["/bin/rm", "-rf", tmp_path / "out"])


def extents(count):
    return b"".join(b"%d\n%d\n" % (n * 1024, 512) for n in range(count))


# name: (archive, the most that is refused, the least that is enough)
LIMITS = {
    "entries": (as_gzip(tar(file("a"), file("b"), file("c"))), 2, 3),
    "bytes": (as_gzip(tar(file("a", b"x" * 100))), 99, 100),
    "ratio": (as_gzip(tar(file("a", bytes(4 << 20)))), 100, 2000),
    "depth": (as_gzip(tar(pax([(b"path", b"a/b/c/d")]), file("d"))), 3, 4),
    "name": (as_gzip(tar(pax([(b"path", b"a/bcdefgh")]), file("d"))), 8, 9),
    "pax": (as_gzip(tar(pax([(b"comment", b"c" * 1000)]), file("d"))), 1000, 1100),
    "xattr": (as_gzip(tar(pax([(b"SCHILY.xattr.user.x", b"v" * 1000)]), file("d"))), 999, 1100),
    "sparse": (as_gzip(tar(pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"s"), (b"GNU.sparse.realsize", b"10240")])
                           + file("s", padded(b"10\n" + extents(10)) + bytes(5120)))), 9, 11),
    "index": (wsformat.pack(tar(*[file(f"{n}") for n in range(30)])), 100, 10_000),
    "members": (wsformat.pack(tar(file("a"), file("b")), cuts=(1024,)), 1, 2),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_each_limit_can_be_set_and_holds_to_the_number(ws, tmp_path, limit):
    data, too_low, enough = LIMITS[limit]
    more = ["--limit=ratio-from=1M"] if limit == "ratio" else []
    (tmp_path / "a").write_bytes(data)
    ws("ws-archive", "extract", "-q", *more, f"--limit={limit}={too_low}", "-C", tmp_path / "no", tmp_path / "a", status=65)
    assert not (tmp_path / "no").exists()
    ws("ws-archive", "extract", "-q", *more, f"--limit={limit}={enough}", "-C", tmp_path / "out", tmp_path / "a")
