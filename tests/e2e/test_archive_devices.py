"""create --devices: FIFOs and devices are stored, never opened, and made by other tars; extract leaves them out and says so."""
import json
import os
import shutil
import socket
import stat
import tarfile

import pytest
import wsformat
from rawtar import BLOCK, CHAR, FIFO, file, header, tar

import ws as helpers

NODES = {"char": (stat.S_IFCHR | 0o640, 5, 300), "block": (stat.S_IFBLK | 0o600, 4000, 1_000_000)}


@pytest.fixture(params=["FIFO", "devices"])
def special(request, tmp_path):
    """(tree, {name: (type, major, minor)}): one FIFO and a socket, or devices as well."""
    root, expected = tmp_path / "tree", {"fifo": ("fifo", 0, 0)}
    (root / "d").mkdir(parents=True)
    (root / "d/file").write_text("content")
    os.mkfifo(root / "fifo", 0o620)
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(os.fspath(root / "socket"))
    for name, (mode, major, minor) in NODES.items() if request.param == "devices" else ():
        try:
            os.mknod(root / name, mode, os.makedev(major, minor))
        except PermissionError as e:
            pytest.skip(f"devices cannot be made here: {e}")
        expected[name] = (f"{'character' if name == 'char' else name} device", major, minor)
    return root, expected


@pytest.fixture(params=["a.tar.gz", "a.tar.zst", "a.tar"])
def archive(request, ws, special, tmp_path):
    result = ws("ws-archive", "create", "--devices", "-C", special[0], "-o", tmp_path / request.param)
    assert "'socket' is left out: it is a socket" in result.stderr and result.stderr.count("left out") == 1
    return tmp_path / request.param


def test_they_are_stored_listed_and_checked(ws, special, archive):
    root, expected = special
    rows = {row["path"]: row for row in map(json.loads, ws("ws-archive", "list", "--json", archive).stdout.splitlines())}
    assert {name: (row["type"], row.get("dev_major", 0), row.get("dev_minor", 0)) for name, row in rows.items() if name in expected} == expected
    assert rows["fifo"]["mode"] == f"{stat.S_IMODE((root / 'fifo').stat().st_mode):04o}" and "socket" not in rows
    shown = ws("ws-archive", "list", archive).stdout.splitlines()
    assert any(row.startswith("p") and row.endswith("fifo") for row in shown)
    assert "char" not in expected or any(row.startswith("crw-r-----") and "5, 300 " in row for row in shown)
    ws("ws-archive", "verify", archive)
    ws("ws-archive", "cat", archive, "fifo", status=None)  # ends, whatever it says
    if archive.suffix != ".tar":
        _, entries = wsformat.read(archive.read_bytes())
        assert {e.path.decode(): e.dev for e in entries if e.type >= 4} == {name: (major, minor) for name, (_, major, minor) in expected.items()}


def test_extract_leaves_them_out_and_counts_them(ws, special, archive, tmp_path):
    result = ws("ws-archive", "extract", "--json", "-C", tmp_path / "out", archive)
    assert json.loads(result.stdout)["skipped"] == len(special[1]) == result.stderr.count("is left out")
    assert sorted(os.listdir(tmp_path / "out")) == ["d"]


@pytest.mark.parametrize("peer", ["tar", "bsdtar"])
def test_other_tars_make_the_same_nodes(special, archive, tmp_path, peer):
    root, expected = special
    if "char" in expected and os.geteuid() != 0:
        pytest.skip("devices take root")
    (tmp_path / "out").mkdir()
    helpers.run([shutil.which(peer), "-xpf", archive, "-C", tmp_path / "out"])
    for name in expected:
        ours, theirs = (tmp_path / "out" / name).lstat(), (root / name).lstat()
        assert (ours.st_mode, ours.st_rdev) == (theirs.st_mode, theirs.st_rdev)


def test_python_reads_the_same_numbers(special, ws, tmp_path):
    root, expected = special
    ws("ws-archive", "create", "-q", "--devices", "-C", root, "-o", tmp_path / "a.tar.gz")
    with tarfile.open(tmp_path / "a.tar.gz") as members:
        found = {m.name: (m.isfifo(), m.isdev(), m.devmajor, m.devminor, m.mode) for m in members}
    for name, (_, *numbers) in expected.items():
        assert found[name] == (name == "fifo", True, *numbers, stat.S_IMODE((root / name).lstat().st_mode))


def test_without_the_option_they_are_left_out(ws, special, tmp_path):
    root, expected = special
    result = ws("ws-archive", "create", "-C", root, "-o", tmp_path / "a")
    assert all(f"'{name}' is left out: it is a socket, a FIFO or a device" in result.stderr for name in [*expected, "socket"])


@pytest.mark.parametrize("lie", ["major", "minor"])
def test_an_index_that_names_another_device_is_refused(ws, tmp_path, lie):
    raw = tar(header("c", CHAR, at329=b"0000001\0", at337=b"0000003\0"), header("p", FIFO), header("z", BLOCK, at329=b"0000007\0", at337=b"0000000\0"), file("f"))
    (tmp_path / "a").write_bytes(wsformat.pack(raw))
    ws("ws-archive", "verify", tmp_path / "a")
    seen = {}
    wsformat.pack(raw, seen=seen)
    name = next(name for name in seen if name.endswith(f" {lie}"))
    (tmp_path / "a").write_bytes(wsformat.pack(raw, lies={name: 9}))
    for verb in (["verify"], ["extract", "-C", tmp_path / "out"]):
        ws("ws-archive", *verb, tmp_path / "a", status=65).complains("another device")
    (tmp_path / "a").write_bytes(wsformat.pack(raw, lies={name: 1 << 21}))
    ws("ws-archive", "list", tmp_path / "a", status=65)
