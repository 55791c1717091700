"""The format as others see it: a second implementation of FORMAT.md, decompressors, and archives whose index is too large to be kept."""
import hashlib
import os
import shutil
import subprocess
import zlib

import pytest
import wsformat

import ws as helpers

FORMS = ["tar.gz", "tar.zst"]
LARGE = hashlib.shake_128(b"large").digest(9_000_000)  # goes on in the members behind


def make(ws, tree, place, name):
    root = tree()
    (root / "large").write_bytes(LARGE)
    for number in range(1200):  # several blocks
        (root / f"many/{number:04}").parent.mkdir(exist_ok=True)
        (root / f"many/{number:04}").write_bytes(hashlib.shake_128(str(number).encode()).digest(5000))
    ws("ws-archive", "create", "-q", "-C", root, "-o", place / name)
    return root


@pytest.mark.parametrize("form", FORMS)
def test_who_knows_only_the_format_page_reads_the_index_and_one_file(ws, tree, tmp_path, form):
    root = make(ws, tree, tmp_path, f"a.{form}")
    data = (tmp_path / f"a.{form}").read_bytes()
    entries = wsformat.read(data)[1]
    assert sorted(os.fsdecode(e.path) or "." for e in entries if not e.again) == sorted([".", *(os.path.relpath(os.path.join(at, name), root)
                                                                                for at, dirs, files in os.walk(root) for name in dirs + files)])
    read = []

    def fetch(offset, length):
        read.append((offset, length))
        return data[offset : offset + length]

    for name in ("run.sh", "many/0000", "many/1199", "large"):
        read.clear()
        assert wsformat.read_one(fetch, len(data), os.fsencode(name)) == (root / name).read_bytes()
        assert len(read) <= (7 if name == "large" else 4), read


@pytest.mark.parametrize("form", FORMS)
def test_a_block_of_the_index_and_the_tail_are_100_kb_at_most(ws, tmp_path, form):
    """That is what one file costs beyond its member. Small files are the worst: many of them are in one member."""
    (tmp_path / "t").mkdir()
    for number in range(4000):
        (tmp_path / f"t/file-{number:05}").write_bytes(hashlib.shake_128(b"%d" % number).digest(number % 700))
    ws("ws-archive", "create", "-q", "-C", tmp_path / "t", "-o", tmp_path / f"a.{form}")
    data = (tmp_path / f"a.{form}").read_bytes()
    index = wsformat.open_index(lambda offset, length: data[offset : offset + length], len(data))
    assert 65536 + max(block.stored_len for block in index.blocks) <= 100_000


INFLATE = "process.stdin.pipe(require('zlib').createGunzip()).pipe(process.stdout)"
READERS = {
    "gzip": ["gzip", "-dc"],
    "pigz": ["pigz", "-dc"],
    "bsdcat": ["bsdcat"],
    "Python": ["/usr/bin/python3", "-c", "import gzip, shutil, sys; shutil.copyfileobj(gzip.open(sys.stdin.buffer), sys.stdout.buffer)"],
    "Node": ["node", "-e", INFLATE],
    "libdeflate-gzip": ["libdeflate-gzip", "-dc"],
    "zlib, member by member": None,
}


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_of_gzip_gets_the_same_tar(ws, tree, tmp_path, reader):
    make(ws, tree, tmp_path, "a.tar.gz")
    data, command = (tmp_path / "a.tar.gz").read_bytes(), READERS[reader]
    want = wsformat.read(data)[0]
    if command is None:
        got = b"".join(zlib.decompress(member, 31) for _, _, member in wsformat.members_of(data))
    else:
        if not shutil.which(command[0]):
            pytest.skip(f"there is no {command[0]}")
        got = subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout
    assert hashlib.sha256(got).digest() == hashlib.sha256(want).digest()


def test_where_nothing_is_gathered_the_members_are_the_plain_tar(ws, tree, tmp_path):
    root = make(ws, tree, tmp_path, "a.tar.gz")
    for name in ("a.tar", "b.tar.gz"):
        ws("ws-archive", "create", "-q", "--order", "-C", root, "-o", tmp_path / name)
    raw = {name: wsformat.read((tmp_path / name).read_bytes())[0] for name in ("a.tar.gz", "b.tar.gz")}
    assert raw["b.tar.gz"] == (tmp_path / "a.tar").read_bytes() != raw["a.tar.gz"]


REMEMBERED = 128 * 1024  # LINKMAP_MAX


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """More hardlinked files than are remembered, each with its names in two directories, and names that do not shrink."""
    top = tmp_path_factory.mktemp("crowd") / "t"
    for name in ("first", "second"):
        (top / name).mkdir(parents=True)
    first, second = (os.open(top / name, os.O_RDONLY) for name in ("first", "second"))
    for number in range(REMEMBERED + 100):
        name = hashlib.sha256(b"%d" % number).hexdigest()[:40]
        os.mknod(name, 0o644, dir_fd=first)
        os.link(name, name, src_dir_fd=first, dst_dir_fd=second)
    yield top
    os.close(first)
    os.close(second)
    shutil.rmtree(top)


@pytest.mark.parametrize("form", FORMS)
def test_an_index_that_is_too_large_to_be_kept_lies_between_the_data(ws, crowd, tmp_path, form):
    archive = tmp_path / f"a.{form}"
    said = ws("ws-archive", "create", "-C", crowd, "-o", archive).stderr
    assert "more hardlinked files than are remembered" in said
    kinds = [kind for kind, _, _ in wsformat.members_of(archive.read_bytes(), wsformat.form_of(archive.read_bytes()))]
    changes = sum(a == b"WI" and b == b"WS" for a, b in zip(kinds, kinds[1:]))
    assert changes >= 1, "the index is in one piece"
    assert "good" in ws("ws-archive", "verify", archive).stdout
    if form == "tar.zst":
        plain = ws("ws-archive", "create", "-q", "--format=tar", "-C", crowd, "-o", "-").output
        assert helpers.run(["/usr/bin/zstd", "-qdc", archive]).output == plain
        return
    names = ["first", "second"]
    listed = ws("ws-archive", "list", "--names", archive).stdout.splitlines()
    assert listed == [".", *(f"{name}{below}" for name in names for below in ["", *(f"/{n}" for n in sorted(os.listdir(crowd / name)))])]
    ws("ws-archive", "verify", "--against", crowd, archive)
    with open(archive, "rb") as pipe:
        assert f"{len(listed)} entries" in ws("ws-archive", "verify", "-", stdin=pipe).stdout
