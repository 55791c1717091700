"""Archives that are damaged, and archives that want out: refused with one message, nothing outside touched, nothing half restored."""
import gzip
import io
import os
import random
import tarfile
import zipfile

import pytest

import ws as helpers

# ---- archives that climb out ----


def entry(name, kind=tarfile.REGTYPE, link="", mode=0o644, body=b"escaped\n", **pax):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode, info.pax_headers = kind, link, mode, pax
    info.size = len(body) if kind == tarfile.REGTYPE else 0
    return info, io.BytesIO(body)


def symlink(name, to):
    return entry(name, tarfile.SYMTYPE, to, 0o777)


def hardlink(name, to):
    return entry(name, tarfile.LNKTYPE, to)


def directory(name, mode=0o755):
    return entry(name, tarfile.DIRTYPE, mode=mode)


def pack(*entries, form=tarfile.PAX_FORMAT):
    """A tar.gz that starts and ends with harmless files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=form) as tar:
        for info, body in [entry("before"), *entries, entry("zz-after")]:
            tar.addfile(info, body)
    return out.getvalue()


# {up}: from where it is unpacked to the directory that holds the canary, as ".." or as an absolute path.
CLIMBS = {
    "a path through ..": lambda up: [entry(f"{up}/canary/escaped")],
    "a path through .. in the middle": lambda up: [entry(f"before-dir/../{up}/canary/escaped")],
    "a path that is ..": lambda up: [directory("..", 0o700)],
    "a long path through ..": lambda up: [entry("x/../" * 40 + f"{up}/canary/escaped")],
    "a path through .. in a pax record": lambda up: [entry("plain", path=f"{up}/canary/escaped")],
    "an overwrite through ..": lambda up: [entry(f"{up}/canary/readonly")],
    "a directory through ..": lambda up: [directory(f"{up}/canary/private", 0o777)],
    "a symlink, then a file through it": lambda up: [symlink("door", f"{up}/canary"), entry("door/escaped")],
    "a symlink, then a directory through it": lambda up: [symlink("door", f"{up}/canary"), directory("door/made")],
    "a symlink, then a symlink through it": lambda up: [symlink("door", f"{up}/canary"), symlink("door/made", "x")],
    "two symlinks, then a file through both": lambda up: [symlink("a", "b"), symlink("b", f"{up}/canary"), entry("a/escaped")],
    "a symlink to here, then one through it": lambda up: [symlink("here", "."), symlink("here/door", f"{up}/canary"), entry("door/escaped")],
    "a hard link to outside": lambda up: [hardlink("stolen", f"{up}/canary/secret")],
    "a hard link through a symlink": lambda up: [symlink("door", f"{up}/canary"), hardlink("stolen", "door/secret")],
    "a hard link to outside, then a write to it": lambda up: [hardlink("stolen", f"{up}/canary/secret"), entry("stolen")],
}
# Legal, if odd: they may be unpacked, and touch nothing outside.
ODD = {
    "a symlink to outside": lambda up: [symlink("door", f"{up}/canary")],
    "a symlink to outside, then a file in its place": lambda up: [symlink("note", f"{up}/canary/secret"), entry("note")],
    "a symlink to outside, then a directory in its place": lambda up: [symlink("door", f"{up}/canary"), directory("door", 0o777)],
    "a hard link to a symlink to outside": lambda up: [symlink("door", f"{up}/canary/secret"), hardlink("stolen", "door")],
    "a device": lambda up: [entry("null", tarfile.CHRTYPE), entry("pipe", tarfile.FIFOTYPE)],
    "a setuid file": lambda up: [entry("run", mode=0o6755)],
}
ABSOLUTE = {name for name in CLIMBS if " .." not in name}


def ups(tmp_path, name, levels):
    """The ways up to the canary's parent from a directory that many levels below it."""
    return ["/".join([".."] * levels)] + ([str(tmp_path)] if name in ABSOLUTE else [])


@pytest.mark.parametrize("name", CLIMBS)
def test_extract_refuses_an_archive_that_climbs_out(ws, tmp_path, canary, name):
    for number, up in enumerate(ups(tmp_path, name, 1)):
        for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
            archive = tmp_path / "x.tar.gz"
            archive.write_bytes(pack(*CLIMBS[name](up), form=form))
            out = tmp_path / f"out{number}{form}"
            out.mkdir()
            if form == tarfile.GNU_FORMAT and "pax" in name:
                continue
            ws("ws-archive", "extract", "-C", out, archive, status=65).complains("x.tar.gz")
            archive.write_bytes(pack(entry("good")))
            again = tmp_path / f"again{number}{form}"
            again.mkdir()
            ws("ws-archive", "extract", "-C", again, archive)
            assert sorted(os.listdir(again)) == ["before", "good", "zz-after"]


@pytest.mark.parametrize("name", CLIMBS)
def test_setup_refuses_a_state_that_climbs_out(ws, tmp_path, canary, name):
    for up in ups(tmp_path, name, 2) + ups(tmp_path, name, 4)[:1]:
        store = helpers.FileStore(tmp_path / f"store-{len(up)}")
        bad = pack(*CLIMBS[name](up))
        store.put("tasks/x.tar.gz", bad)
        refused(ws, tmp_path / f"base-{len(up)}", store)
        assert store.get("tasks/x.tar.gz") == bad


def test_a_file_may_not_be_named_absolutely(ws, tmp_path, canary):
    (tmp_path / "x.tar.gz").write_bytes(pack(entry(f"{canary}/escaped")))
    (tmp_path / "out").mkdir()
    ws("ws-archive", "extract", "-C", tmp_path / "out", tmp_path / "x.tar.gz", status=65).complains("escaped", "absolute")


@pytest.mark.parametrize("name", ["../canary/escaped", "a/../../canary/escaped", "/{}/escaped"])
def test_a_zip_that_climbs_out_is_refused(ws, tmp_path, canary, name):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("before", "x")
        archive.writestr(name.format(canary), "escaped")
    (tmp_path / "out").mkdir()
    ws("ws-archive", "extract", "-C", tmp_path / "out", tmp_path / "x.zip", status=65).complains("x.zip")


@pytest.mark.parametrize("name", ODD)
def test_an_odd_archive_touches_nothing_outside(ws, tmp_path, canary, name):
    (tmp_path / "x.tar.gz").write_bytes(pack(*ODD[name]("..")))
    out = tmp_path / "out"
    out.mkdir()
    result = ws("ws-archive", "extract", "-C", out, tmp_path / "x.tar.gz", status=None)
    assert result.status in (0, 65), result
    for path in out.iterdir():
        info = path.lstat()
        assert not info.st_mode & 0o6000 and info.st_nlink <= 2 and (path.is_symlink() or path.is_file() or path.is_dir()), path


# ---- archives that are damaged ----


def refused(ws, base, store, env=None, status=65):
    """Setup says no, and afterwards there is neither a workspace nor anything that a teardown would save."""
    options = {"env": {"WS_STORE": store.url, **store.env, **(env or {})}}
    result = ws("ws-setup", "--base", base, "--id", "x", status=status, **options)
    result.complains("tasks/x.tar.gz")
    assert os.listdir(base) == [".ws"] and os.listdir(base / ".ws/staging") == []
    ws("ws-teardown", "--base", base, "x", status=66, **options).complains("x")
    return result


@pytest.fixture
def archive(ws, tmp_path, tree):
    """Our own archive of a tree; the tree is beside it."""
    tree()
    ws("ws-archive", "create", "-C", tmp_path / "tree", "-o", tmp_path / "good.tar.gz")
    return (tmp_path / "good.tar.gz").read_bytes()


def flip(data, at):
    return data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]


DAMAGES = {
    "nothing in it": lambda good: b"",
    "one byte": lambda good: good[:1],
    "half of it": lambda good: good[: len(good) // 2],
    "all but the last byte": lambda good: good[:-1],
    "a byte changed in the middle": lambda good: flip(good, len(good) // 2),
    "a block of zeros": lambda good: good[:60000] + bytes(4096) + good[64096:],
    "a block missing": lambda good: good[:60000] + good[64096:],
    "something behind its end": lambda good: good + b"and more",
    "a web page": lambda good: b"<html><body>please log in</body></html>\n" * 20,
    "text, compressed": lambda good: gzip.compress(b"this is no tar\n" * 1000),
    "a tar without an end": lambda good: gzip.compress(gzip.decompress(good)[:-1024][: 40 * 512]),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_archive_is_refused_by_name(ws, tmp_path, archive, damage):
    bad = tmp_path / "bad.tar.gz"
    bad.write_bytes(DAMAGES[damage](archive))
    out = tmp_path / "out"
    out.mkdir()
    ws("ws-archive", "verify", bad, status=65).complains("bad.tar.gz")
    ws("ws-archive", "extract", "-C", out, bad, status=65).complains("bad.tar.gz")


@pytest.mark.parametrize("damage", ["half of it", "a byte changed in the middle", "a web page"])
def test_a_damaged_state_is_never_restored_nor_saved_over(ws, tmp_path, archive, store, damage):
    bad = DAMAGES[damage](archive)
    store.put("tasks/x.tar.gz", bad)
    refused(ws, tmp_path / "base", store)
    assert (store.keys(), store.get("tasks/x.tar.gz")) == (["tasks/x.tar.gz"], bad)
    store.put("tasks/x.tar.gz", archive)
    ws("ws-setup", "--base", tmp_path / "base", "--id", "x", "--store", store.url, env=store.env)
    expected = helpers.tree_digest(tmp_path / "tree", top=False)
    assert helpers.tree_digest(tmp_path / "base/x", top=False) == expected


def test_no_changed_byte_goes_unseen(ws, tmp_path, archive):
    """Whatever byte is wrong: it is said, or what comes out is the same all the same."""
    expected = helpers.tree_digest(tmp_path / "tree", top=False)
    chance = random.Random(2)
    places = [*range(0, 30, 3), *(len(archive) - 1 - n for n in range(0, 60, 4)), *(chance.randrange(len(archive)) for _ in range(30))]
    seen = 0
    for at in places:
        (tmp_path / "bad.tar.gz").write_bytes(flip(archive, at))
        out = tmp_path / f"out-{at}"
        out.mkdir(exist_ok=True)
        result = ws("ws-archive", "extract", "-C", out, tmp_path / "bad.tar.gz", status=None)
        if result.status == 0:
            assert helpers.tree_digest(out, top=False) == expected, at
        else:
            assert result.status == 65, result
            seen += 1
        helpers.run(["/usr/bin/rm", "-rf", out])
    assert seen > 30


def test_an_archive_to_start_from_is_held_to_the_same(ws, tmp_path, canary, archive):
    base, start = tmp_path / "base", tmp_path / "start.tar.gz"
    setup = ["ws-setup", "--base", base, "--id", "x", "--from", start]
    ws(*setup, status=66).complains("start.tar.gz")
    for bad in (archive[:-9], pack(*CLIMBS["a path through .."]("../../../.."))):
        start.write_bytes(bad)
        ws(*setup, status=65).complains("start.tar.gz")
        assert os.listdir(base) == [".ws"]
    start.write_bytes(archive)
    ws(*setup)
    assert helpers.tree_digest(base / "x", top=False) == helpers.tree_digest(tmp_path / "tree", top=False)


def test_a_file_that_is_asked_for_and_not_in_the_archive_is_not_found(ws, tmp_path, archive):
    ws("ws-archive", "cat", tmp_path / "good.tar.gz", "no/such/file", status=66).complains("good.tar.gz", "no/such/file")
    ws("ws-archive", "cat", tmp_path / "absent.tar.gz", "x", status=66).complains("absent.tar.gz")
    ws("ws-archive", "list", tmp_path, status=65).complains(str(tmp_path), "directory")
