"""ws-archive and other tools: they read ours, ours reads theirs; what create does with files that move; options."""
import hashlib
import io
import json
import os
import pty
import shutil
import stat
import subprocess
import tarfile
import threading
import zipfile

import pytest
import wsformat
from rawtar import WAYS

import ws as helpers

GNU_TAR, BSDTAR = "/usr/bin/tar", "/usr/bin/bsdtar"


@pytest.fixture
def archive(ws, tree, tmp_path):
    """(path of an archive of a small real tree, path of the tree)"""
    root = tree()
    os.setxattr(root / "run.sh", "user.note", b"kept\0as it is")
    ws("ws-archive", "create", "-q", "-C", root, "-o", tmp_path / "a.tar.gz")
    return tmp_path / "a.tar.gz", root


def same_tree(a, b, **options):
    one, two = helpers.tree_digest(a, **options), helpers.tree_digest(b, **options)
    assert one == two
    return one


def without(digest, *keys):
    return {path: {k: v for k, v in entry.items() if k not in keys} for path, entry in digest.items()}


def holes(path):
    return os.stat(path).st_blocks * 512 < os.stat(path).st_size


# ---- ours, read by others ----


def extract_gnu(archive, to):
    helpers.run([GNU_TAR, "-xzpf", archive, "--xattrs", "-C", to])


def extract_bsd(archive, to):
    if not os.path.exists(BSDTAR):
        pytest.skip("there is no bsdtar")
    # In a UTF-8 locale libarchive composes names (NFC).
    helpers.run([BSDTAR, "-xpf", archive, "-C", to], env={"LC_ALL": "C"})


def extract_pigz(archive, to):
    plain = helpers.run(["/bin/sh", "-c", f"gzip -dc < '{archive}' > '{to}/../plain.tar'"])
    assert plain.stderr == ""
    helpers.run([GNU_TAR, "-xpf", to / "../plain.tar", "-C", to])


@pytest.mark.parametrize("peer", [extract_gnu, extract_bsd, extract_pigz], ids=["GNU tar", "bsdtar", "gzip and GNU tar"])
def test_another_tar_unpacks_ours_to_the_same_tree(archive, tmp_path, peer):
    path, root = archive
    out = tmp_path / "out"
    out.mkdir()
    peer(path, out)
    same_tree(root, out, top=peer is not extract_bsd)  # bsdtar leaves the directory that it unpacks into alone
    assert holes(out / "sparse")
    if peer is extract_gnu:
        assert os.getxattr(out / "run.sh", "user.note") == b"kept\0as it is"


@pytest.mark.parametrize("peer", [[GNU_TAR, "--quoting-style=literal"], [BSDTAR], ["python"]], ids=["GNU tar", "bsdtar", "Python"])
def test_another_tar_lists_what_is_in_ours(ws, tree, tmp_path, peer):
    root = tree(odd=False)
    ws("ws-archive", "create", "-q", "-C", root, "-o", tmp_path / "a")
    if peer == ["python"]:
        with tarfile.open(tmp_path / "a") as tar:
            names = tar.getnames()
    elif not os.path.exists(peer[0]):
        pytest.skip(f"there is no {peer[0]}")
    else:
        names = helpers.run([*peer, "-tzf", tmp_path / "a"]).stdout.splitlines()
    assert sorted(map(os.path.normpath, names)) == sorted(helpers.tree_digest(root))


@pytest.mark.parametrize("peer", [GNU_TAR, BSDTAR])
def test_attributes_and_holes_go_both_ways(ws, tmp_path, peer):
    if not os.path.exists(peer):
        pytest.skip(f"there is no {peer}")
    root = tmp_path / "t"
    (root / "d").mkdir(parents=True)
    with open(root / "sparse", "wb") as sparse:
        sparse.truncate(4 << 20)
        sparse.seek(1 << 20)
        sparse.write(b"data")
    values = {"sparse": b"on a sparse file\0\xff", "d": b"on a directory"}
    for name, value in values.items():
        os.setxattr(root / name, "user.note", value)
    helpers.run([peer, "--xattrs", "-S", "-czf", tmp_path / "theirs", "--format=pax", "-C", root, "."])
    ws("ws-archive", "create", "-q", "-C", root, "-o", tmp_path / "ours")
    (tmp_path / "out").mkdir()
    helpers.run([peer, "--xattrs", "-xzpf", tmp_path / "ours", "-C", tmp_path / "out"])
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "in", tmp_path / "theirs")
    for out in (tmp_path / "out", tmp_path / "in"):
        assert {name: os.getxattr(out / name, "user.note") for name in values} == values
        assert holes(out / "sparse") and (out / "sparse").read_bytes() == (root / "sparse").read_bytes()


def test_python_unpacks_ours_to_the_same_tree(archive, tmp_path):
    path, root = archive
    out = tmp_path / "out"
    with tarfile.open(path) as tar:
        tar.extractall(out)
    # Python keeps times as floating point, and sets none of symlinks.
    one, two = helpers.tree_digest(root), helpers.tree_digest(out)
    assert without(one, "mtime_ns") == without(two, "mtime_ns")
    assert all(abs(one[p]["mtime_ns"] - two[p]["mtime_ns"]) < 2000 for p in one if "target" not in one[p])


def test_the_bytes_are_what_the_format_page_says(archive):
    path, root = archive
    raw, entries = wsformat.read(path.read_bytes())
    names = {os.fsdecode(e.path) or "." for e in entries}
    assert names == set(helpers.tree_digest(root))
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        assert len(tar.getmembers()) == len(entries)


def test_a_large_tree_has_many_members_and_blocks_that_add_up(ws, tmp_path):
    root = tmp_path / "many"
    for number in range(1500):
        directory = root / f"d{number % 37}"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"file-{number}").write_bytes(hashlib.shake_128(str(number).encode()).digest(number * 7 % 5000))
    (root / "large").write_bytes(hashlib.shake_128(b"large").digest(11_000_000))
    ws("ws-archive", "create", "-q", "-C", root, "-o", tmp_path / "a.tar.gz")
    raw, entries = wsformat.read((tmp_path / "a.tar.gz").read_bytes())
    assert sum(not e.again for e in entries) == 1500 + 37 + 2
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", tmp_path / "a.tar.gz")
    same_tree(root, tmp_path / "out")
    for name in ("large", "d5/file-1300", "d36/file-36"):
        assert ws("ws-archive", "cat", tmp_path / "a.tar.gz", name).output == (root / name).read_bytes()


# ---- ours, read by ours ----


def test_extract_restores_everything(ws, archive, tmp_path):
    path, root = archive
    ws("ws-archive", "extract", "-C", tmp_path / "out", path)
    same_tree(root, tmp_path / "out", owner=os.geteuid() == 0)
    assert holes(tmp_path / "out/sparse")
    assert os.getxattr(tmp_path / "out/run.sh", "user.note") == b"kept\0as it is"


def test_a_pipe_is_as_good_as_a_file(ws, archive, tmp_path):
    path, root = archive
    ws("ws-archive", "extract", "-C", tmp_path / "out", "-", input=path.read_bytes())
    same_tree(root, tmp_path / "out")
    listed = ws("ws-archive", "list", path).stdout
    assert ws("ws-archive", "list", "-", input=path.read_bytes()).stdout == listed
    made = subprocess.run([helpers.BINARY, "ws-archive", "create", "-q", "-C", root], capture_output=True, check=True)
    assert made.stdout == path.read_bytes()


def test_list_names_everything_quoted_and_json_has_the_hashes(ws, archive):
    path, root = archive
    lines = [json.loads(line) for line in ws("ws-archive", "list", "--json", path).stdout.splitlines()]
    digest = helpers.tree_digest(root)
    assert len(lines) == len(digest)
    by_path = {line["path"]: line for line in lines}
    assert by_path["src/deep/er/data.bin"]["sha256"] == digest["src/deep/er/data.bin"]["sha256"]
    assert by_path["link"]["link"] == "src/main.c"
    assert by_path["run.sh"]["mode"] == "0755"
    text = ws("ws-archive", "list", path).stdout
    assert "new\\nline" in text and "not-utf8-\\xff\\xfe" in text
    assert ws("ws-archive", "list", "--names", path).stdout.count("\n") == len(digest)


def test_cat_gives_files_and_follows_hardlinks(ws, archive):
    path, root = archive
    want = (root / "src/main.c").read_bytes() + (root / "sparse").read_bytes()
    assert ws("ws-archive", "cat", path, "./src//main.c", "sparse").output == want
    for name in ("src/hard.c", "empty/harder.c"):
        assert ws("ws-archive", "cat", path, name).output == (root / "src/main.c").read_bytes()
    ws("ws-archive", "cat", path, "nowhere", status=66).complains("nowhere", "not in the archive")
    ws("ws-archive", "cat", path, "src", status=64).complains("directory")
    ws("ws-archive", "cat", path, "../etc/passwd", status=64)


def test_parts_are_unpacked_by_pattern_and_stripped(ws, archive, tmp_path):
    path, root = archive
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", path, "src", "run.*")
    assert sorted(os.listdir(tmp_path / "out")) == ["run.sh", "src"]
    # main.c and hard.c are hardlinks to a file that was not asked for.
    one, two = helpers.tree_digest(root / "src"), helpers.tree_digest(tmp_path / "out/src")
    assert one == two
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "flat", "--strip", "1", path, "src")
    assert sorted(os.listdir(tmp_path / "flat")) == ["deep", "hard.c", "main.c"]
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "none", path, "nothing*", status=66)
    assert not (tmp_path / "none").exists()


CHOICES = {
    "a file": ["run.sh"],
    "a directory": ["src/"],
    "a directory and a file of another": ["private", "./run.sh"],
    "a hardlink, whose file was not asked for": ["src/main.c"],
    "a symlink": ["link"],
    "one within another": ["src", "src/deep/er"],
    "names and wildcards": ["run.sh", "src/*"],
    "what is not there, and what is": ["run.sh", "none"],
    "nothing that is there": ["none"],
}


@pytest.mark.parametrize("case", CHOICES)
@pytest.mark.parametrize("strip", [[], ["--strip=1"]])
def test_what_is_chosen_is_the_same_with_an_index_and_without(ws, archive, tmp_path, case, strip):
    """By the index it is gone to; through a pipe, or by --order, all is read."""
    path, root = archive
    ws("ws-archive", "create", "-q", "--order", "-C", root, "-o", tmp_path / "ordered.tar.gz")
    found = set()
    for number, source in enumerate([path, tmp_path / "ordered.tar.gz", "-"]):
        with open(path, "rb") as pipe:
            result = ws("ws-archive", "extract", "-q", *strip, "-C", tmp_path / f"{number}", source, *CHOICES[case], stdin=pipe, status=None)
        if source == "-" and "past in this pipe" in result.stderr:
            continue
        assert result.status in (0, 1 if "none" in CHOICES[case] else 0, 66), result
        tree = helpers.tree_digest(tmp_path / f"{number}", top=False) if result.status != 66 else {}
        for directory in [entry for entry in tree.values() if entry["mode"].startswith("d")]:
            del directory["mtime_ns"]  # of one that was not chosen it is now
        found.add((result.status, json.dumps(tree)))
    assert len(found) == 1, found


def test_a_pattern_that_nothing_matches_is_named(ws, archive, tmp_path):
    path, _ = archive
    for name, source in (("file", path), ("pipe", "-")):
        for more in (["-n"], ["--json"]):
            with open(path, "rb") as pipe:
                result = ws("ws-archive", "extract", *more, "-C", tmp_path / name, source, "run.sh", "none*", "*.sh", "src/nothing", stdin=pipe, status=1)
            for missing in ("none*", "src/nothing"):
                assert f"{source}: nothing in it matches '{missing}'\n" in result.stderr
            assert "2 of 4 patterns failed" in result.stderr
        assert [line["error"]["kind"] for line in helpers.lines(result) if "error" in line] == ["not_found", "not_found"]
        assert os.listdir(tmp_path / name) == ["run.sh"]


@pytest.mark.parametrize("name", ["a.zip", "a.tar.xz", "a.tbz2"])
def test_a_name_that_promises_another_format_is_refused_unless_one_is_named(ws, tree, tmp_path, name):
    ws("ws-archive", "create", "-C", tree(), "-o", tmp_path / name, status=64).complains("--format")
    assert not (tmp_path / name).exists()
    ws("ws-archive", "create", "-q", "-C", tree("other"), "-o", tmp_path / name, "--format=tar.gz")
    ws("ws-archive", "verify", tmp_path / name)


def test_verify_says_good(ws, archive):
    path, root = archive
    assert "good" in ws("ws-archive", "verify", path).stdout
    report = json.loads(ws("ws-archive", "verify", "--json", path).stdout)
    assert report["ok"] and report["entries"] == len(helpers.tree_digest(root))


def test_extract_into_a_directory_that_is_there_touches_nothing_in_it(ws, archive, tmp_path):
    path, root = archive
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine").write_text("mine")
    ws("ws-archive", "extract", "-q", "-C", out, path)
    assert (out / "mine").read_text() == "mine"
    (out / "mine").unlink()
    same_tree(root, out, top=False)
    before = helpers.tree_digest(out, top=False)
    ws("ws-archive", "extract", "-q", "-C", out, path, status=73).complains("there already", "--into-existing")
    assert helpers.tree_digest(out, top=False) == before


# ---- others', read by ours ----


def plain_tree(tree, long_names):
    root = tree(odd=long_names)
    if not long_names:
        shutil.rmtree(root / ("long" * 15))
    return root


@pytest.mark.parametrize("packing", ["", "--gzip", "--zstd"])
@pytest.mark.parametrize("dialect", ["v7", "ustar", "oldgnu", "gnu", "pax"])
def test_gnu_tar_archives_are_unpacked(ws, tree, tmp_path, dialect, packing):
    if packing == "--zstd" and not shutil.which("zstd"):
        pytest.skip("there is no zstd")
    root = plain_tree(tree, dialect not in ("v7", "ustar"))
    os.utime(root)
    sparse = ["--sparse"] if dialect in ("gnu", "pax") else []
    helpers.run([GNU_TAR, f"--format={dialect}", *sparse, "-cf", tmp_path / "a.tar", *([packing] if packing else []), "-C", root, "."])
    ws("ws-archive", "verify", tmp_path / "a.tar")
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", tmp_path / "a.tar")
    one, two = helpers.tree_digest(root), helpers.tree_digest(tmp_path / "out")
    if dialect != "pax":
        for entry in (*one.values(), *two.values()):
            entry["mtime_ns"] = entry["mtime_ns"] // 10**9
    assert one == two
    assert not sparse or holes(tmp_path / "out/sparse")
    piped = (tmp_path / "a.tar").read_bytes()
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "piped", "-", input=piped)
    same_tree(tmp_path / "out", tmp_path / "piped")


@pytest.mark.parametrize("version", ["0.0", "0.1", "1.0"])
def test_every_sparse_format_of_gnu_tar_is_understood(ws, tree, tmp_path, version):
    root = tree()
    helpers.run([GNU_TAR, "--format=pax", f"--sparse-version={version}", "-Sczf", tmp_path / "a.tgz", "-C", root, "sparse"])
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", tmp_path / "a.tgz")
    assert helpers.file_digest(tmp_path / "out/sparse") == helpers.file_digest(root / "sparse")
    assert holes(tmp_path / "out/sparse")
    assert ws("ws-archive", "cat", tmp_path / "a.tgz", "sparse").output == (root / "sparse").read_bytes()


def test_bsdtar_archives_are_unpacked(ws, tree, tmp_path):
    if not os.path.exists(BSDTAR):
        pytest.skip("there is no bsdtar")
    root = tree()
    helpers.run([BSDTAR, "--format=pax", "-czf", tmp_path / "a.tgz", "-C", root, "."], env={"LC_ALL": "C.UTF-8"})
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", tmp_path / "a.tgz")
    same_tree(root, tmp_path / "out")


def test_python_archives_are_unpacked(ws, tree, tmp_path):
    root = tree()
    with tarfile.open(tmp_path / "a.tgz", "w:gz", format=tarfile.PAX_FORMAT) as tar:
        tar.add(root, ".")
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", tmp_path / "a.tgz")
    one, two = helpers.tree_digest(root), helpers.tree_digest(tmp_path / "out")
    assert without(one, "mtime_ns") == without(two, "mtime_ns")


def test_zip_archives_are_unpacked(ws, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("dir/text", "hello\n" * 10_000)
        archive.writestr("dir/stored", b"\0\1\2", compress_type=zipfile.ZIP_STORED)
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "dir/text")
        run = zipfile.ZipInfo("run")
        run.external_attr = (stat.S_IFREG | 0o755) << 16
        archive.writestr(run, "#!/bin/sh\n")
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", tmp_path / "a.zip")
    assert (tmp_path / "out/dir/text").read_text() == "hello\n" * 10_000
    assert (tmp_path / "out/dir/stored").read_bytes() == b"\0\1\2"
    assert os.readlink(tmp_path / "out/link") == "dir/text"
    assert os.stat(tmp_path / "out/run").st_mode & 0o777 == 0o755
    data = (tmp_path / "a.zip").read_bytes()
    ws("ws-archive", "extract", "-C", tmp_path / "no", "-", input=data, status=65).complains("pipe")


def test_several_gzip_members_and_trailing_zeros_are_one_stream(ws, tree, tmp_path):
    root = tree()
    raw = helpers.run([GNU_TAR, "--format=pax", "-cf", "-", "-C", root, "."]).output
    import gzip

    parts = gzip.compress(raw[:70_000]) + gzip.compress(raw[70_000:]) + bytes(512)
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", "-", input=parts)
    same_tree(root, tmp_path / "out")


# ---- create ----


def test_the_same_tree_gives_the_same_bytes(ws, tree, tmp_path):
    one, two = tree("one"), tree("two")
    os.utime(two / "run.sh")
    os.chown(two / "secret", 65534, 65534) if os.geteuid() == 0 else None
    env = {"SOURCE_DATE_EPOCH": "1400000000"}
    for name, root, jobs in (("1", one, "1"), ("2", two, "3")):
        ws("ws-archive", "create", "-q", "--reproducible", "-T", jobs, "-C", root, "-o", tmp_path / name, env=env)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    _, entries = wsformat.read((tmp_path / "1").read_bytes())
    assert {e.uid for e in entries} == {0} and max(e.mtime for e in entries) == 1_400_000_000 and {e.ns for e in entries} == {0}


def test_paths_and_excludes_choose(ws, tree, tmp_path):
    root = tree()
    (tmp_path / "patterns").write_text("# comment\n*.c\n!main.c\n/zero\n")

    def names(*args):
        ws("ws-archive", "create", "-q", "-C", root, "-o", tmp_path / "a", *args)
        return ws("ws-archive", "list", "--names", tmp_path / "a").stdout.splitlines()

    assert names("src/deep", "run.sh", "src/deep/er") == ["run.sh", "src/deep", "src/deep/er", "src/deep/er/data.bin"]
    chosen = names("-X", tmp_path / "patterns", "-x", "private/")
    assert "src/main.c" in chosen and "src/hard.c" not in chosen and "zero" not in chosen and "private" not in chosen
    ws("ws-archive", "create", "-C", root, "-o", tmp_path / "b", "../x", status=64).complains("climbs out")
    ws("ws-archive", "create", "-C", root, "-o", tmp_path / "b", "no-such", status=66).complains("no-such")
    ws("ws-archive", "create", "-C", root, "-o", tmp_path / "b", "-x", "[", status=64).complains("[")
    assert not (tmp_path / "b").exists()


def test_a_plain_tar_is_written_too(ws, tree, tmp_path):
    root = tree()
    ws("ws-archive", "create", "-q", "-C", root, "-o", tmp_path / "a.tar")
    (tmp_path / "gnu").mkdir()
    helpers.run([GNU_TAR, "-xpf", tmp_path / "a.tar", "-C", tmp_path / "gnu"])
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "ours", tmp_path / "a.tar")
    same_tree(root, tmp_path / "gnu")
    same_tree(root, tmp_path / "ours")


def test_the_output_in_the_tree_is_left_out(ws, tree):
    root = tree()
    for _ in range(2):
        ws("ws-archive", "create", "-q", "-C", root, "-o", root / "src/out.tar.gz")
    names = ws("ws-archive", "list", "--names", root / "src/out.tar.gz").stdout
    assert "out.tar.gz" not in names and ".ws-tmp" not in names and "src/main.c" in names


def test_an_archive_is_not_written_to_a_terminal(tree):
    ours, theirs = pty.openpty()
    result = subprocess.run([helpers.BINARY, "ws-archive", "create", "-C", tree()], stdout=theirs, stderr=subprocess.PIPE)
    os.close(theirs)
    os.close(ours)
    assert result.returncode == 64 and b"terminal" in result.stderr


@pytest.mark.parametrize("way", WAYS)
def test_t86_what_cannot_be_stored_is_named_and_never_waited_for(ws, tree, canary, tmp_path, way):
    root, (more, options) = tree(), WAYS[way]
    os.mkfifo(root / "fifo")
    import socket

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(root / "socket"))
        result = ws("ws-archive", "create", *more, "-C", root, "-o", tmp_path / "a", timeout=20, **options)
    assert "fifo" in result.stderr and "socket" in result.stderr
    names = ws("ws-archive", "list", "--names", tmp_path / "a").stdout.splitlines()
    assert "fifo" not in names and "socket" not in names


@pytest.mark.parametrize("way", WAYS)
def test_t90_an_unreadable_file_ends_it_or_makes_the_archive_partial(plain_user, canary, way):
    more, options = WAYS[way]
    (plain_user.dir / "t").mkdir()
    for name in ("good", "bad"):
        (plain_user.dir / "t" / name).write_text(name)
    plain_user.run("/usr/bin/chmod", "000", plain_user.dir / "t/bad", status=None)
    os.chmod(plain_user.dir / "t/bad", 0)
    plain_user("ws-archive", "create", *more, "-C", "t", "-o", "a", status=74, **options).complains("bad", "Permission denied")
    assert not (plain_user.dir / "a").exists()
    kept = plain_user("ws-archive", "create", "-q", *more, "--keep-going", "-C", "t", "-o", "a", status=1, **options)
    assert "partial" in kept.stderr
    assert plain_user("ws-archive", "list", "--names", "a").stdout.splitlines() == [".", "good"]
    before = (plain_user.dir / "a").read_bytes()
    plain_user("ws-archive", "create", "-q", *more, "-k", "-C", "t", "-o", "a", status=73, **options)
    assert (plain_user.dir / "a").read_bytes() == before


@pytest.mark.parametrize("way", WAYS)
def test_t87_files_that_change_meanwhile_are_stored_as_their_headers_say(ws, canary, tmp_path, way):
    more, options = WAYS[way]
    root = tmp_path / "live"
    root.mkdir()
    (root / "log").write_bytes(b"x" * 30_000_000)
    stop = threading.Event()

    def disturb():
        size = 30_000_000
        while not stop.is_set():
            size = 10_000_000 if size > 20_000_000 else size + 7_777_777
            os.truncate(root / "log", size)
            (root / "comes").write_text("and goes")
            os.unlink(root / "comes")

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        statuses = set()
        for _ in range(8):
            result = ws("ws-archive", "create", *more, "-C", root, "-o", tmp_path / "a", status=None, **options)
            statuses.add(result.status)
            assert result.status in (0, 1), result
            assert result.status == 0 or "changed" in result.stderr
            ws("ws-archive", "verify", tmp_path / "a")
            helpers.run([GNU_TAR, "-tzf", tmp_path / "a"])
    finally:
        stop.set()
        thread.join()
    assert 1 in statuses


@pytest.mark.parametrize("way", WAYS)
def test_t69_a_full_disk_is_one_message_and_leaves_nothing(ws, tree, canary, tmp_path, way):
    more, options = WAYS[way]
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system takes root")
    small = tmp_path / "small"
    small.mkdir()
    root = tree()
    (root / "noise").write_bytes(os.urandom(3 << 20))
    ws("ws-archive", "create", "-q", "-C", root, "-o", tmp_path / "a")
    ws("ws-archive", "create", "-q", "-C", root, "-o", tmp_path / "a.tar")
    helpers.run(["/usr/bin/mount", "-t", "tmpfs", "-o", "size=1m", "none", small])
    try:
        ws("ws-archive", "create", *more, "-C", root, "-o", small / "b", status=74, **options).complains("No space left")
        assert os.listdir(small) == []
        for path in ("a", "a.tar"):
            ws("ws-archive", "extract", *more, "-C", small / "out", tmp_path / path, status=74, **options).complains("No space left")
            assert os.listdir(small) == []
    finally:
        helpers.run(["/usr/bin/umount", small])


# ---- stores ----


def test_archives_live_in_stores(ws, store, tree, tmp_path):
    root = tree()
    url = f"{store.url}/a.tar.gz"
    if store.s3 is None:
        os.makedirs(store.directory, exist_ok=True)
    ws("ws-archive", "create", "-q", "-C", root, "-o", url, env=store.env)
    raw, _ = wsformat.read(store.get("a.tar.gz"))
    assert len(raw) % 512 == 0
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", url, env=store.env)
    same_tree(root, tmp_path / "out")
    assert ws("ws-archive", "cat", url, "src/hard.c", env=store.env).output == (root / "src/main.c").read_bytes()
    assert len(ws("ws-archive", "list", "--names", url, env=store.env).stdout.splitlines()) == len(helpers.tree_digest(root))
    ws("ws-archive", "verify", "-q", url, env=store.env)
    ws("ws-archive", "cat", f"{store.url}/none.tar.gz", "x", env=store.env, status=66)


# ---- ordinary users ----


def test_an_ordinary_user_gets_read_only_directories_too(plain_user):
    top = plain_user.dir / "t"
    plain_user.run("/bin/sh", "-ec", "mkdir -p t/ro/sub t/shut; echo x > t/ro/sub/f; echo y > t/shut/g; chmod 555 t/ro/sub t/ro t; chmod 400 t/ro/sub/f")
    plain_user("ws-archive", "create", "-q", "-C", "t", "-o", "a")
    before = helpers.tree_digest(top)
    plain_user("ws-archive", "extract", "-q", "-C", "new", "a")
    assert helpers.tree_digest(plain_user.dir / "new") == before
    plain_user.run("/usr/bin/mkdir", "there")
    plain_user("ws-archive", "extract", "-q", "-C", "there", "a")
    assert helpers.tree_digest(plain_user.dir / "there", top=False) == helpers.tree_digest(top, top=False)
    plain_user("ws-archive", "extract", "-q", "-C", "t", "a", status=77).complains("Permission denied")


def test_one_absolute_path_stands_for_the_tree(ws, tree, tmp_path):
    root = tree()
    for name, args in (("one", [root]), ("two", ["-C", root])):
        ws("ws-archive", "create", "-q", "--reproducible", "-o", tmp_path / name, *args)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
