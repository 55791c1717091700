"""tar.zst as ws-archive writes it: the same tar for everyone, the same answers for us, and nothing wrong goes unseen."""
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import wsformat

import ws as helpers

ZSTD = shutil.which("zstd")
pytestmark = pytest.mark.skipif(not ZSTD, reason="there is no zstd")


@pytest.fixture
def both(ws, tree, tmp_path):
    """(the .tar.zst, the .tar.gz, their tree), with content over several frames."""
    root = tree()
    (root / "large").write_bytes(hashlib.shake_128(b"large").digest(9_000_000))
    os.setxattr(root / "run.sh", "user.note", b"kept\0as it is")
    for name in ("a.tar.zst", "a.tar.gz", "a.tar"):
        ws("ws-archive", "create", "-q", "-C", root, "-o", tmp_path / name)
    return tmp_path / "a.tar.zst", tmp_path / "a.tar.gz", root


def unpacked(data):
    return subprocess.run([ZSTD, "-dcq"], input=data, stdout=subprocess.PIPE, check=True).stdout


def test_zstd_gives_the_same_tar_as_no_compression(both, tmp_path):
    zst, _, _ = both
    tar = (tmp_path / "a.tar").read_bytes()
    assert unpacked(zst.read_bytes()) == tar


@pytest.mark.parametrize("command", [["tar", "--zstd", "-xpf"], ["tar", "-xpf"], ["bsdtar", "-xpf"]], ids=" ".join)
def test_another_tar_unpacks_it_to_the_same_tree(both, tmp_path, command):
    if not shutil.which(command[0]):
        pytest.skip(f"there is no {command[0]}")
    zst, _, root = both
    (tmp_path / "out").mkdir()
    shutil.copy(zst, tmp_path / "no-suffix")
    helpers.run(["/usr/bin/env", *command, tmp_path / "no-suffix", "-C", tmp_path / "out"], env={"LC_ALL": "C", "PATH": os.environ["PATH"]})
    assert helpers.tree_digest(root, top=False) == helpers.tree_digest(tmp_path / "out", top=False)


def test_list_cat_verify_and_extract_say_what_they_say_of_gzip(ws, both, tmp_path):
    zst, gz, root = both
    for options in ([], ["--json"], ["--names"]):
        assert ws("ws-archive", "list", *options, zst).stdout == ws("ws-archive", "list", *options, gz).stdout
    for name in ("large", "src/main.c", "src/hard.c"):
        assert ws("ws-archive", "cat", zst, name).output == (root / name).read_bytes()
    assert json.loads(ws("ws-archive", "verify", "--json", zst).stdout)["members"] >= 3
    for number, how in enumerate(([], ["-T1"])):
        ws("ws-archive", "extract", "-q", *how, "-C", tmp_path / f"out{number}", zst)
        assert helpers.tree_digest(root) == helpers.tree_digest(tmp_path / f"out{number}")


def test_a_pipe_gives_the_same_tree(ws, both, tmp_path):
    zst, _, root = both
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", "-", input=zst.read_bytes())
    assert helpers.tree_digest(root) == helpers.tree_digest(tmp_path / "out")


def test_the_bytes_are_what_the_format_page_says(both):
    zst = both[0].read_bytes()
    assert wsformat.read(zst)[0] == unpacked(zst)
    assert [kind for kind, *_ in wsformat.frames_of(zst)].count(b"WS") >= 3


def test_no_changed_byte_goes_unseen(ws, tree, tmp_path):
    root = tree(odd=False)
    archive = tmp_path / "x.tar.zst"
    ws("ws-archive", "create", "-q", "-C", root, "-o", archive)
    good = archive.read_bytes()
    for at in sorted({*range(0, len(good), max(1, len(good) // 25)), *range(len(good) - 90, len(good), 11)}):
        archive.write_bytes(good[:at] + bytes([good[at] ^ 0x41]) + good[at + 1 :])
        # Where the end no longer says that it is ours, zstd's own checks are what is left.
        status = ws("ws-archive", "verify", archive, status=None).status
        assert status == 65 or (status == 0 and at >= len(good) - 80), at
    for cut in (1, 9, 100, len(good) // 2):
        archive.write_bytes(good[:-cut])
        status = ws("ws-archive", "verify", archive, status=None).status
        assert status == 65 or cut < 100, cut


def test_a_seek_table_that_lies_is_refused(ws, both, tmp_path):
    zst = both[0].read_bytes()
    table_at = len(zst) - len(wsformat.frames_of(zst)[-1][2])
    for offset in (8, 12, 20):
        lie = bytearray(zst)
        lie[table_at + offset] ^= 1
        both[0].write_bytes(lie)
        ws("ws-archive", "verify", both[0], status=65).complains("seek table")


def test_the_level_of_zstd_is_bounded_and_the_name_chooses_the_format(ws, tree, tmp_path):
    root = tree()
    (root / "text").write_text("".join(path.read_text() for path in sorted(Path(__file__).parent.glob("*.py"))))
    ws("ws-archive", "create", "-q", "-C", root, "-o", tmp_path / "a.tar.zst", "--level", "13", status=64).complains("1 to 12")
    sizes = []
    for level in (1, 4, 6, 12):
        ws("ws-archive", "create", "-q", "--reproducible", "-C", root, "--format", "tar.zst", "--level", str(level), "-T", str(level), "-o", tmp_path / "b")
        assert unpacked((tmp_path / "b").read_bytes())[257:262] == b"ustar"
        sizes.append((tmp_path / "b").stat().st_size)
    assert sizes[0] > sizes[1] > sizes[2] > sizes[3], sizes
    ws("ws-archive", "create", "-q", "--reproducible", "-C", root, "-l12", "-T1", "-o", tmp_path / "c.tzst")
    assert (tmp_path / "c.tzst").read_bytes() == (tmp_path / "b").read_bytes(), "threads change nothing"
