"""Archives that want something: to get out, to be believed, to be endless. Built byte by byte, as someone else's and as ours."""
import dataclasses
import gzip
import hashlib
import io
import os
import stat
import struct
import tarfile
import zipfile

import pytest
import seccomp
import wsformat

import ws as helpers

DIR, SYM, HARD, FIFO, CHAR = tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE


def header(name, type=tarfile.REGTYPE, size=0, link="", mode=0o644, mtime=1_600_000_000, uid=0, gid=0, **fields):
    """One ustar block as it is, whatever it says; fields replace bytes: {offset: bytes} as at124=b"..."."""
    name = name.encode(errors="surrogateescape") if isinstance(name, str) else name
    link = link.encode(errors="surrogateescape") if isinstance(link, str) else link
    assert len(name) <= 100 and len(link) <= 100
    block = bytearray(512)

    def put(at, data):
        block[at : at + len(data)] = data

    put(0, name)
    for at, digits, value in ((100, 7, mode), (108, 7, uid), (116, 7, gid), (124, 11, size), (136, 11, mtime)):
        put(at, b"%0*o\0" % (digits, value))
    put(156, type)
    put(157, link)
    put(257, b"ustar\x0000")
    for key, value in fields.items():
        put(int(key[2:]), value)
    block[148:156] = b"        "
    put(148, b"%06o\0 " % sum(block))
    return bytes(block)


def padded(data):
    return data + bytes(-len(data) % 512)


def file(name, content=b"evil", **more):
    return header(name, size=len(content), **more) + padded(content)


def pax(records, name="PaxHeader"):
    text = b""
    for key, value in records:
        body = b" " + key + b"=" + value + b"\n"
        length = len(body) + 1
        while len(str(length)) + len(body) != length:
            length += 1
        text += str(length).encode() + body
    return header(name, b"x", len(text)) + padded(text)


def raw_pax(text):
    return header("PaxHeader", b"x", len(text)) + padded(text)


def tar(*parts):
    return b"".join(parts) + bytes(1024)


def as_plain(raw):
    return raw


def as_gzip(raw):
    return gzip.compress(raw, mtime=0)


def as_ours(raw):
    """In our members, without an index that would have to tell the same."""
    member = wsformat.data_member(raw)
    root = b"".join(map(wsformat.varint, [0, 0, 0, len(raw), len(member), 1, 0]))
    return member, root


def ours_in_a_pipe(raw):
    """What a reader hops over: members, some index, a footer that is in the right place."""
    member, root = as_ours(raw)
    import zlib

    return member + wsformat.hidden(b"WI", wsformat.deflate(root)) + wsformat.footer(len(member), len(member), len(root), zlib.crc32(root))


# How each is unpacked: more options of extract, and of run().
WAYS = {"as it is": ([], {}), "with two threads": (["-T", "2"], {})}
if seccomp.KNOWN:
    WAYS["without openat2"] = ([], {"preexec_fn": seccomp.refuse(seccomp.OPENAT2)})


@pytest.fixture
def refused(ws, tmp_path, canary):
    """refused(archive bytes, says…, status=65): it is not unpacked in any of the ways, nothing is left, and a pipe makes no difference."""

    def check(data, *says, status=65, pipe_only=False):
        place = tmp_path / "place"
        place.mkdir(exist_ok=True)
        (tmp_path / "evil").write_bytes(data)
        for more, options in WAYS.values():
            if not pipe_only:
                result = ws("ws-archive", "extract", "-q", *more, "-C", place / "out", tmp_path / "evil", status=status, **options)
                result.complains(*says)
            if data[:2] != b"PK":
                ws("ws-archive", "extract", "-q", *more, "-C", place / "out", "-", input=data, status=status, **options)
            assert os.listdir(place) == []

    return check


def climbing(canary):
    """name: (entries, what the message says)"""
    out = os.fspath(canary)
    up = f"../../{os.path.basename(out)}"
    return {
        "absolute": ([file(f"{out}/x")], "climbs out"),
        "dot dot": ([file(f"{up}/x")], "climbs out"),
        "dot dot within": ([file(f"a/../{up}/x")], "climbs out"),
        "trailing dot dot": ([header("a", DIR), header("a/..", DIR)], "climbs out"),
        "file through absolute symlink": ([header("l", SYM, link=out), file("l/x")], "'l' is in the archive as a symlink"),
        "file through relative symlink": ([header("l", SYM, link=up), file("l/x")], "'l' is in the archive as a symlink"),
        "file through chained symlinks": ([header("a", SYM, link="b"), header("b", SYM, link=up), file("a/x")], "as a symlink"),
        "directory through symlink": ([header("l", SYM, link=up), header("l/d", DIR), file("l/d/x")], "as a symlink"),
        "symlink becomes directory": ([header("l", SYM, link=up), header("l", DIR), file("l/x")], "as a symlink and as a directory"),
        "directory becomes symlink": ([header("d", DIR), file("d/x"), header("d", SYM, link=up)], "as a directory and as something else"),
        "implied directory becomes symlink": ([file("d/x"), header("d", SYM, link=up), file("d/y")], "as something else"),
        "directory becomes file": ([header("d", DIR), file("d")], "as a directory and as something else"),
        "file becomes directory": ([file("f"), header("f", DIR)], "as a file and as a directory"),
        "symlink late, used before": ([file("l/x"), header("l", SYM, link=up)], "as something else"),
        "symlink in the middle": ([header("a", DIR), header("a/l", SYM, link=".."), file("a/l/../../x")], "climbs out"),
        "hardlink to absolute": ([header("h", HARD, link="/etc/passwd")], "climbs out"),
        "hardlink to dot dot": ([header("h", HARD, link=f"{up}/zero")], "climbs out"),
        "hardlink through symlink": ([header("l", SYM, link=out), header("h", HARD, link="l/zero")], "no file unpacked before"),
        "hardlink to nothing": ([header("h", HARD, link="later"), file("later")], "no file unpacked before"),
        "hardlink to itself": ([header("h", HARD, link="h")], "no file unpacked before"),
        "hardlink to directory": ([header("d", DIR), header("h", HARD, link="d")], "no file unpacked before"),
        "root is a symlink": ([header(".", SYM, link=out), file("x")], "root is not a directory"),
        "root is a file": ([file("./")], ""),
        "root is a hardlink": ([file("x"), header("./.", HARD, link="x")], "root is not a directory"),
        "component of 256 bytes": ([pax([(b"path", b"n" * 256)]) + file("n")], "longer than 255"),
        "too deep": ([pax([(b"path", b"d/" * 2000 + b"x")]) + file("x")], "deeper than the limit"),
    }


CASES = sorted(climbing("/"))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("packing", [as_gzip, as_plain, ours_in_a_pipe, wsformat.pack], ids=["gzip", "plain", "ours, hopping", "ours, indexed"])
def test_nothing_climbs_out(refused, canary, case, packing):
    entries, says = climbing(canary)[case]
    raw = tar(*entries)
    if packing is ours_in_a_pipe:
        refused(packing(raw), pipe_only=True)
        return
    # Python's names for odd roots are not ours, so that index is refused before the entry is.
    refused(packing(raw), "" if packing is wsformat.pack and case.startswith("root") else says)


def test_two_archives_do_not_add_up_to_an_escape(ws, canary, tmp_path):
    (tmp_path / "one").write_bytes(as_gzip(tar(header("l", SYM, link=os.fspath(canary)))))
    (tmp_path / "two").write_bytes(as_gzip(tar(file("l/x"))))
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", tmp_path / "one")
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", tmp_path / "two", status=73).complains("l is there already")
    assert os.readlink(tmp_path / "out/l") == os.fspath(canary)


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


def base256(value, size=12):
    return (value & ((1 << 8 * size) - 1) | 1 << (8 * size - 1)).to_bytes(size, "big")


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


def test_the_small_archive_is_good_when_nobody_touches_it(ws, tmp_path):
    (tmp_path / "a").write_bytes(wsformat.pack(SMALL, cuts=SMALL_CUTS))
    ws("ws-archive", "verify", tmp_path / "a")
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", tmp_path / "a")
    assert (tmp_path / "out/a/one").read_text() == "1" * 700
    assert ws("ws-archive", "cat", tmp_path / "a", "run").output == b"#!/bin/sh\n"


LIES = {field.name: wsformat.Lie(**{field.name: delta}) for field in dataclasses.fields(wsformat.Lie) for delta in (1,)}
LIES |= {f"{name} backwards": wsformat.Lie(**{name: -1}) for name in ("index_off", "root_off", "packed_len", "raw_len", "entries", "raw_bytes", "files")
         if name != "index_off"}
LIES |= {"index in the footer": wsformat.Lie(index_off=1 << 40), "root in the footer": wsformat.Lie(root_off=1 << 40), "huge root": wsformat.Lie(root_raw_len=1 << 34)}


@pytest.mark.parametrize("case", sorted(LIES))
def test_an_index_whose_parts_do_not_add_up_is_refused(ws, refused, tmp_path, case):
    data = wsformat.pack(SMALL, cuts=SMALL_CUTS, lie=LIES[case])
    (tmp_path / "a").write_bytes(data)
    commands = [["verify", tmp_path / "a"], ["extract", "-q", "-C", tmp_path / "place", tmp_path / "a"]]
    if case != "member_crc":  # that member is not looked at
        commands += [["list", tmp_path / "a"], ["cat", tmp_path / "a", "a/one"]]
    for command in commands:
        ws("ws-archive", *command, status=65)
    assert not (tmp_path / "place").exists()


def lied(number, **changes):
    entries = wsformat.entries_of(SMALL)
    entries[number] = dataclasses.replace(entries[number], **changes)
    return entries


def swapped():
    entries = wsformat.entries_of(SMALL)
    entries[2], entries[3] = entries[3], entries[2]
    return entries


WRONG_ENTRIES = {
    "name": lied(2, path=b"a/none"),
    "outside name": lied(2, path=b"../../a"),
    "type": lied(2, type=1),
    "size": lied(2, size=600, stored=600),
    "size by one": lied(2, size=701, stored=701),
    "mode": lied(2, mode=0o4755),
    "owner": lied(2, uid=7),
    "time": lied(2, mtime=1),
    "nanoseconds": lied(2, ns=1),
    "place": lied(2, blocks=2),
    "link target": lied(4, link=b"/etc/passwd"),
    "hash": lied(3, sha256=bytes(32)),
    "sparse": lied(3, sparse=True),
    "one less": wsformat.entries_of(SMALL)[:-1],
    "one more": wsformat.entries_of(SMALL) + [wsformat.Entry(b"zz")],
    "one twice": wsformat.entries_of(SMALL)[:3] + wsformat.entries_of(SMALL)[2:],
    "order": swapped(),
    "none": [],
}


@pytest.mark.parametrize("case", sorted(WRONG_ENTRIES))
def test_an_index_that_lies_about_an_entry_is_refused(ws, refused, tmp_path, case):
    data = wsformat.pack(SMALL, WRONG_ENTRIES[case], cuts=SMALL_CUTS)
    (tmp_path / "a").write_bytes(data)
    ws("ws-archive", "verify", tmp_path / "a", status=65)
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", tmp_path / "a", status=65)
    assert not (tmp_path / "out").exists()
    # Asked for one file, it gives the right one or none.
    for name in ("a/one", "a/two", "a/none", "run", "zz"):
        result = ws("ws-archive", "cat", tmp_path / "a", name, status=None)
        assert result.status in (0, 64, 65, 66), result
        if result.status == 0:
            with tarfile.open(fileobj=io.BytesIO(SMALL)) as truth:
                assert result.output == truth.extractfile(name).read()


def outcome(ws, tmp_path, data, name="out"):
    """None when it was refused, else the tree."""
    (tmp_path / "a").write_bytes(data)
    result = ws("ws-archive", "extract", "-q", "-C", tmp_path / name, tmp_path / "a", status=None)
    if result.status == 0:
        digest = helpers.tree_digest(tmp_path / name)
        helpers.run(["/bin/rm", "-rf", tmp_path / name])
        return digest
    assert result.status == 65, result
    assert not (tmp_path / name).exists()
    return None


def test_a_flipped_bit_is_found_or_changes_nothing(ws, tmp_path):
    good = wsformat.pack(SMALL, cuts=SMALL_CUTS)
    truth = outcome(ws, tmp_path, good)
    found = 0
    places = range(len(good)) if len(good) < 700 else [i for i in range(len(good)) if i % (len(good) // 700 + 1) == 0]
    for place in places:
        data = bytearray(good)
        data[place] ^= 1 << (place * 5 % 8)
        result = outcome(ws, tmp_path, bytes(data))
        assert result in (None, truth), f"byte {place}"
        found += result is None
    assert found == len(places)


@pytest.mark.parametrize("packing", [as_gzip, as_plain, wsformat.pack], ids=["gzip", "plain", "ours"])
def test_what_is_cut_off_is_refused(ws, tmp_path, packing):
    good = packing(SMALL)
    end = len(good) - (1024 if packing is as_plain else 0)
    for length in sorted({*range(0, end, end // 90), *range(end - 30, end), 1, 10, 512, 1024}):
        if length < end:
            assert outcome(ws, tmp_path, good[:length]) is None, length
            piped = ws("ws-archive", "verify", "-", input=good[:length], status=None)
            assert piped.status == 65, piped


@pytest.mark.parametrize("packing", [as_gzip, as_plain, wsformat.pack], ids=["gzip", "plain", "ours"])
def test_what_is_behind_the_end_is_refused(ws, tmp_path, packing):
    for more in (b"x", b"garbage" * 1000, packing(SMALL)):
        if packing is as_gzip and more.startswith(b"\x1f\x8b"):
            continue  # members of one stream: the tar has something behind its end mark
        assert outcome(ws, tmp_path, packing(SMALL) + more) is None


def test_a_wrong_checksum_of_a_foreign_gzip_is_found(ws, tmp_path):
    good = as_gzip(SMALL)
    for place in (-8, -1):
        data = bytearray(good)
        data[place] ^= 1
        assert outcome(ws, tmp_path, bytes(data)) is None
        ws("ws-archive", "verify", tmp_path / "a", status=65)


def test_a_second_tar_behind_the_first_is_refused_not_dropped(ws, tmp_path):
    assert outcome(ws, tmp_path, as_gzip(SMALL) + as_gzip(tar(file("more")))) is None


def test_members_that_lie_about_their_lengths_are_refused(ws, tmp_path):
    good = wsformat.data_member(SMALL)
    for at, value in ((16, len(good) - 1), (16, len(good) + 1), (16, 0), (16, 2**32 - 1), (20, len(SMALL) - 512), (20, len(SMALL) + 1), (20, 0), (20, 2**32 - 1)):
        member = good[:at] + struct.pack("<I", value) + good[at + 4 :]
        whole = wsformat.pack(SMALL)
        assert outcome(ws, tmp_path, member + whole[len(good) :]) is None


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


def test_what_is_no_archive_says_so(ws, tmp_path):
    for data in (b"", b"x", b"hello\n" * 500, bytes(100), os.urandom(5000), b"\x1f\x8b", b"PK\3\4"):
        assert outcome(ws, tmp_path, data) is None
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


EMPTY_GZIP = gzip.compress(b"", mtime=0)
LONG = "t" * 90


def long_gzip(text):
    plain = gzip.compress(tar(file("f")), mtime=0)
    return plain[:3] + b"\x1c" + plain[4:10] + b"\xff\xff" + bytes(65535) + b"n" * text + b"\0" + b"c" * text + b"\0" + plain[10:]


ATTRIBUTES = [(b"SCHILY.xattr.security.capability", b"\1\0\0\2" + bytes(16)), (b"SCHILY.xattr.trusted.evil", b"x"), (b"SCHILY.xattr.user.overlay.opaque", b"y"),
              (b"SCHILY.acl.access", b"user::rwx,user:65534:rwx,group::r-x,mask::rwx,other::r-x"), (b"SCHILY.fflags", b"immutable,append"),
              (b"RHT.security.selinux", b"system_u:object_r:shadow_t:s0")]

# T05 … T81 of those that have no test above. name: (tar, what comes out: {path: content} with None for what is no file; or what the refusal says)
ODD = {
    "T05 names without a name": (tar(header("/", DIR), header("//", DIR), file("f")), "climbs out"),
    "T05 dots only": (tar(header("./", DIR), header(".//./", DIR), file("././f")), {"f": "evil"}),
    "T13 names that fold to one": (tar(file("a", b"1"), file("A", b"2"), file("stra\u00dfe", b"3"), file("strasse", b"4"), file("\u00e9", b"5"), file("e\u0301", b"6")),
                                   {"a": "1", "A": "2", "stra\u00dfe": "3", "strasse": "4", "\u00e9": "5", "e\u0301": "6"}),
    "T14 names of ours": (tar(file(".ws/record.json"), file(".git/hooks/pre-commit", mode=0o755)), {".ws/record.json": "evil", ".git/hooks/pre-commit": "evil"}),
    "T33 links as deep as paths are long": (tar(*[header("d/" * n + f"l{n}", SYM, link=LONG) for n in range(1, 5)], header("e", SYM, link="d/l1/" * 15 + ".." ), file("e/x")), "as a symlink"),
    "T36 T37 T38 devices and a FIFO": (tar(header("c", CHAR), header("b", b"4"), header("p", FIFO), file("f")), {"f": "evil"}),
    "T39 a contiguous file": (tar(header("f", b"7", size=4) + padded(b"evil")), {"f": "evil"}),
    "T43 T44 attributes that only root may give": (tar(pax(ATTRIBUTES), file("f", mode=0o755)), {"f": "evil"}),
    "T47 a directory with a size": (tar(header("d/", DIR, size=4), file("d/f")), {"d/f": "evil"}),
    "T48 a time before 1970": (tar(pax([(b"mtime", b"-1.5")]), file("f")), {"f": "evil"}),
    "T27 a hardlink with content": (tar(file("t"), header("h", HARD, size=4, link="t") + padded(b"more")), "Damaged tar"),
    "T34 a target of 5,000 bytes": (tar(pax([(b"linkpath", b"t" * 5000)]), header("l", SYM, link="t"), file("f")), "l"),
    "T34 a target with NUL": (tar(pax([(b"linkpath", b"zero\0more")]), header("l", SYM, link="t"), file("f")), {"f": "evil", "l": None}),
    "T42 owners beyond all": (tar(header("f", size=4, at108=base256(2**55, 8), at116=base256(2**55, 8)) + padded(b"evil")), {"f": "evil"}),
    "T52 a long name behind a pax header": (tar(pax([(b"path", b"a")]), header("././@LongLink", b"L", 2) + padded(b"b\0"), file("f")), {"a": "evil"}),
    "T57 a global path": (tar(header("g", b"g", 13) + padded(b"13 path=/etc\n"), file("f")), {"f": "evil"}),
    "T64 a hundred thousand empty members": (EMPTY_GZIP * 100_000 + gzip.compress(tar(file("f"))), {"f": "evil"}),
    "T65 a gzip header of the longest extra field": (long_gzip(100), {"f": "evil"}),
    "T65 a gzip header whose texts do not end": (long_gzip(300_000), "does not end"),
    "T68 a window of 2 GiB": (b"\x28\xb5\x2f\xfd\x00\xa8" + bytes(30), "too much memory"),
    "T76 T77 T78 T79 whiteouts": (tar(file("d/x"), file("d/.wh.x", b""), file(".wh..wh..opq", b""), file(".wh..", b""), file(".wh...", b"")),
                                  {"d/x": "evil", "d/.wh.x": "", ".wh..wh..opq": "", ".wh..": "", ".wh...": ""}),
}


@pytest.mark.parametrize("way", sorted(WAYS))
@pytest.mark.parametrize("case", sorted(ODD))
def test_the_rest_of_the_matrix_is_refused_or_harmless(ws, canary, tmp_path, case, way):
    data, expected = ODD[case]
    place, (more, options) = tmp_path / "place", WAYS[way]
    place.mkdir()
    (tmp_path / "a").write_bytes(data)
    command = ["ws-archive", "extract", "-q", *more, "-C", place / "out", tmp_path / "a"]
    if isinstance(expected, str):
        ws(*command, status=65, **options).complains(expected)
        assert os.listdir(place) == []
        return
    ws(*command, **options)
    found = [path for path in (place / "out").rglob("*") if path.is_symlink() or not path.is_dir()]
    assert {os.fspath(path.relative_to(place / "out")): None if path.is_symlink() else path.read_text() for path in found} == expected
    for path in found:
        assert not any(name.startswith(("security.", "trusted.", "system.")) for name in os.listxattr(path, follow_symlinks=False))
        assert stat.S_IMODE(path.lstat().st_mode) in (0o644, 0o755, 0o777) and path.lstat().st_uid == os.geteuid()
        path.unlink()  # which an immutable file would not have
