"""What of a tree gets into an archive: on which file system, by whom, with which holes; and what changes while it is read."""
import errno
import hashlib
import os
import re
import subprocess

import pytest
import wsformat

import ws as helpers


@pytest.fixture
def mounted(tmp_path):
    """mounted(directory): a tmpfs there, until the end of the test."""
    done = []

    def mount(place):
        if os.geteuid() != 0 or subprocess.run(["/usr/bin/mount", "-t", "tmpfs", "-o", "size=300m", "none", place], stderr=subprocess.PIPE).returncode != 0:
            pytest.skip("mounting takes root")
        done.append(place)

    yield mount
    for place in done:
        helpers.run(["/usr/bin/umount", place])


def names(ws, archive):
    return ws("ws-archive", "list", "--names", archive).stdout.splitlines()


def test_one_file_system_stops_at_mounts_and_says_where_they_are(ws, tmp_path, mounted):
    top = tmp_path / "t"
    (top / "mnt").mkdir(parents=True)
    (top / "own").write_text("own")
    mounted(top / "mnt")
    (top / "mnt/other").write_text("other")
    for more, found in (([], [".", "mnt", "mnt/other", "own"]), (["--one-file-system"], [".", "mnt", "own"])):
        ws("ws-archive", "create", "-q", *more, "-C", top, "-o", tmp_path / "a")
        assert names(ws, tmp_path / "a") == found


def make_tree(top, hole):
    """The same tree wherever and by whomever it is made: modes and times are set, names are made in an order of chance."""
    top.mkdir(parents=True, exist_ok=True)
    order = [f"d{n % 7}/f{n}" for n in range(60)]
    for name in sorted(order, key=lambda _: os.urandom(4)):
        (top / name).parent.mkdir(exist_ok=True)
        (top / name).write_bytes(name.encode() * 100)
    os.link(top / "d3/f3", top / "d1/z")
    os.symlink("d1/f1", top / "link")
    with open(top / "holes", "wb") as file:
        if hole:
            file.seek(1 << 20)
        else:
            file.write(bytes(1 << 20))
        file.write(b"end")
    for path in sorted([*top.rglob("*"), top], reverse=True):
        if not path.is_symlink():
            path.chmod(0o700 if path.is_dir() else 0o640)
        os.utime(path, (1_500_000_000, 1_500_000_000), follow_symlinks=False)


@pytest.mark.parametrize("form", ["tar.gz", "tar.zst", "tar"])
def test_the_same_tree_gives_the_same_bytes_on_another_file_system_by_another_user_under_another_umask(ws, plain_user, tmp_path, mounted, form):
    (tmp_path / "other").mkdir()
    mounted(tmp_path / "other")
    make_tree(tmp_path / "t", True)
    make_tree(tmp_path / "other/t", False)
    make_tree(plain_user.dir / "t", True)
    helpers.run(["/bin/chown", "-Rh", f"{helpers.NOBODY}:{helpers.NOBODY}", plain_user.dir / "t"])
    found = set()
    for run, top, out, umask in ((ws, tmp_path / "t", tmp_path / "a", 0o022), (ws, tmp_path / "other/t", tmp_path / "other/a", 0o077),
                                 (plain_user, plain_user.dir / "t", plain_user.dir / "a", 0o007)):
        run("ws-archive", "create", "-q", "--reproducible", f"--format={form}", "-C", top, "-o", out, preexec_fn=lambda umask=umask: os.umask(umask))
        found.add(hashlib.sha256(out.read_bytes()).hexdigest())
    assert len(found) == 1


def test_a_file_of_more_extents_than_a_map_may_have_comes_back_byte_for_byte(ws, tmp_path, mounted):
    """Neighbours are joined, and what is between them is stored as zeros."""
    count, step, truth = 33_000, 8192, hashlib.sha256()
    (tmp_path / "t").mkdir()
    mounted(tmp_path / "t")
    with open(tmp_path / "t/many", "wb") as file:
        for number in range(count):
            file.seek(number * step)
            file.write(b"%d" % number)
            truth.update((b"%d" % number).ljust(step, b"\0") if number + 1 < count else b"%d" % number)
    ws("ws-archive", "create", "-q", "-C", tmp_path / "t", "-o", tmp_path / "a")
    ws("ws-archive", "verify", tmp_path / "a")
    [entry] = [e for e in wsformat.read((tmp_path / "a").read_bytes())[1] if e.type == 0]
    assert entry.sparse and entry.stored < entry.size
    got = ws("ws-archive", "cat", tmp_path / "a", "many").output
    assert hashlib.sha256(got).digest() == truth.digest()
    ws("ws-archive", "extract", "-q", "--limit=sparse=20000", "-C", tmp_path / "out", tmp_path / "a")
    assert (tmp_path / "out/many").read_bytes() == got and (tmp_path / "out/many").stat().st_blocks * 512 < entry.size
    ws("ws-archive", "extract", "-q", "--limit=sparse=1000", "-C", tmp_path / "no", tmp_path / "a", status=65).complains("sparse", "over the limit")


def test_what_a_fifo_replaces_between_walk_and_open_is_not_waited_for(ws, tmp_path):
    """A directory of FIFOs and files of the same names, exchanged all the time."""
    top = tmp_path / "t"
    top.mkdir()
    for number in range(50):
        (top / f"f{number}").write_text("file")
        os.mkfifo(tmp_path / f"p{number}")
    for _ in range(5):
        process = ws.start("ws-archive", "create", "-k", "-C", top, "-o", tmp_path / "a")
        while process.poll() is None:
            for number in range(50):
                a, b, aside = top / f"f{number}", tmp_path / f"p{number}", tmp_path / "aside"
                os.rename(a, aside), os.rename(b, a), os.rename(aside, b)
        assert process.returncode in (0, 1, 73), process.stderr.read()
        ws("ws-archive", "verify", tmp_path / "a")


def test_keep_going_says_partial_and_does_not_write_over_a_whole_archive(ws, plain_user):
    (plain_user.dir / "t").mkdir()
    for name in ("good", "bad"):
        (plain_user.dir / "t" / name).write_text(name)
    plain_user("ws-archive", "create", "-q", "-C", "t", "-o", "whole")
    os.chmod(plain_user.dir / "t/bad", 0)
    said = plain_user("ws-archive", "create", "--keep-going", "--json", "-C", "t", "-o", "part", status=1)
    assert "'bad'" in said.stderr and os.strerror(errno.EACCES) in said.stderr and "partial" in said.stderr
    plain_user("ws-archive", "create", "--keep-going", "-C", "t", "-o", "whole", status=73)
    assert plain_user("ws-archive", "list", "--names", "whole").stdout.split() == [".", "bad", "good"]


CHANGES = {  # name: (what happens to the file that is being read, what is said, what is stored)
    "shrinks": (lambda path, size: os.truncate(path, size // 2), "large", lambda content: content[: len(content) // 2].ljust(len(content), b"\0")),
    "grows": (lambda path, size: path.open("ab").write(b"more" * 100_000), "large", lambda content: content),
    "is replaced": (lambda path, size: path.unlink() or path.write_text("new"), "large", lambda content: content),
    "vanishes": (lambda path, size: (path.parent / "later").unlink(), "later", lambda content: content),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changes_while_it_is_read_is_stored_as_its_header_says_and_named(ws, tmp_path, change):
    """Nobody reads the pipe, so the writer stands still in the middle of the file."""
    do, named, stored = CHANGES[change]
    size, top = 64 << 20, tmp_path / "t"
    content = hashlib.shake_128(b"noise").digest(1 << 20) * (size >> 20)  # what is of no use to a window of 32 KiB
    top.mkdir()
    (top / "large").write_bytes(content)
    (top / "later").write_text("later")
    process = ws.start("ws-archive", "create", "-T2", "-C", top, "-o", "-", bufsize=0)
    first = process.stdout.read(1)
    do(top / "large", size)
    rest, said = process.communicate(timeout=60)
    (tmp_path / "a").write_bytes(first + rest)
    assert process.returncode == 1 and named in said.decode() and "changed" in said.decode(), said
    ws("ws-archive", "verify", tmp_path / "a")
    assert names(ws, tmp_path / "a") == [".", "large", *([] if change == "vanishes" else ["later"])]
    assert ws("ws-archive", "cat", tmp_path / "a", "large").output == stored(content)


def test_an_archive_streams_no_temporary_file_is_made_of_it(ws, tmp_path, store):
    """Of a file the only one that is made is what becomes the archive."""
    make_tree(tmp_path / "t", False)
    (tmp_path / "to").mkdir()
    outputs = {"-": 0, os.fspath(tmp_path / "to/a.tar.gz"): 1, f"{store.url}/a.tar.gz": 1 if store.url.startswith("file:") else 0}
    for number, (output, files) in enumerate(outputs.items()):
        trace = ["strace", "-f", "-o", tmp_path / f"trace{number}", "-e", "trace=open,openat,openat2,creat,memfd_create"]
        env = {**ws.environment(), **store.env}
        helpers.run(["/usr/bin/env", *trace, helpers.BINARY, "ws-archive", "create", "-q", "-C", tmp_path / "t", "-o", output], env=env)
        made = [line for line in (tmp_path / f"trace{number}").read_text().splitlines() if re.search("O_CREAT|O_TMPFILE|memfd|creat\\(", line)]
        assert len(made) == files, made


def test_levels_of_gzip_go_from_fast_to_small(ws, tmp_path):
    make_tree(tmp_path / "t", False)
    for number in range(40):
        words = hashlib.shake_128(b"%d" % (number // 2)).digest(3000).hex()
        (tmp_path / f"t/text{number}").write_text(" ".join(words[at : at + 3] for at in range(0, len(words), 3)))
    sizes = []
    for level in range(1, 13):
        ws("ws-archive", "create", "-q", f"--level={level}", "-C", tmp_path / "t", "-o", tmp_path / "a")
        sizes.append((tmp_path / "a").stat().st_size)
        ws("ws-archive", "verify", "-q", tmp_path / "a")
    assert sizes[0] > sizes[5] > sizes[11] and max(sizes[6:]) <= sizes[2]
    ws("ws-archive", "create", "-q", "-C", tmp_path / "t", "-o", tmp_path / "b")
    assert (tmp_path / "b").stat().st_size == sizes[4], "5 is what comes without the option"
