"""What create does to a tar.gz: files of one name next to each other, in an archive like any other; and what it is to others."""
import json
import os
import shutil
import subprocess
import sys
import tarfile

import peers
import pytest
import test_archive
import wsformat

import ws as helpers

MODES = (0o755, 0o700, 0o775, 0o555, 0o777)


def make_packages(root):
    """A tree like that of a package manager, with directories of all modes and times, a link to a file that moves and one that does not."""
    for number in range(30):
        package = root / f"packages/p{number % 7}/p{number}"
        (package / "lib").mkdir(parents=True)
        for name in ("package.json", "LICENSE", "lib/index.js", f"lib/own{number}"):
            (package / name).write_text(f"{name}\n" * (number + 1))
        (package / "lib/empty").touch()
        (package / "large.json").write_bytes(bytes(33000))
        os.link(package / "LICENSE", package / "license")
        os.symlink("lib", package / "main")
    for number, (directory, _, _) in enumerate(sorted(os.walk(root), reverse=True)):
        os.chmod(directory, 0o755 if directory in (str(root), f"{root}/packages") else MODES[number % len(MODES)])
        os.utime(directory, ns=(10**18 + number, 10**18 + number * 1001))


@pytest.fixture
def packages(tree):
    root = tree()
    make_packages(root)
    return root


@pytest.fixture
def gathered(ws, packages, tmp_path):
    ws("ws-archive", "create", "-q", "-C", packages, "-o", tmp_path / "a.tar.gz")
    return tmp_path / "a.tar.gz"


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """(a tree, its archive, a plain tar of it)."""
    top = tmp_path_factory.mktemp("others")
    make_packages(top / "t")
    for name in ("a.tar.gz", "a.tar"):
        helpers.run([helpers.BINARY, "ws-archive", "create", "-q", "-C", top / "t", "-o", top / name])
    return top / "t", top / "a.tar.gz", top / "a.tar"


def modes(root):
    return {path: entry["mode"] for path, entry in helpers.tree_digest(root, top=False).items()}


def bits(root):
    return {path: os.lstat(root / path).st_mode & 0o7777 for path in modes(root)}


# The tar, and whether it is told to set modes as they are: else they are those that the umask leaves.
UNPACK = {
    "GNU tar -p": (["tar", "-xzpf"], True),
    "GNU tar": (["tar", "-xzf"], False),
    "GNU tar, with its directories left alone": (["tar", "--no-overwrite-dir", "-xzpf"], True),
    "GNU tar, with its files left alone": (["tar", "--delay-directory-restore", "-xzpkf"], True),
    "bsdtar -p": (["bsdtar", "-xpf"], True),
    "bsdtar": (["bsdtar", "-xf"], False),
}


@pytest.mark.parametrize("umask", [0o002, 0o022, 0o077], ids=oct)
@pytest.mark.parametrize("peer", UNPACK)
def test_an_ordinary_user_gets_the_same_tree_by_any_tar(others, plain_user, peer, umask):
    """Among them directories that he may not write to: what is in those lies together, as in any tar."""
    root, archive, _ = others
    command, exact = UNPACK[peer]
    if not shutil.which(command[0]):
        pytest.skip(f"there is no {command[0]}")
    out, copy = plain_user.dir / "out", plain_user.dir / "a.tar.gz"
    copy.write_bytes(archive.read_bytes())
    copy.chmod(0o644)
    plain_user.run("/bin/mkdir", out)
    said = plain_user.run(*command, copy, "-C", out, preexec_fn=lambda: os.umask(umask))
    assert said.stderr == ""
    one, two = helpers.tree_digest(root, top=False), helpers.tree_digest(out, top=False)
    if exact:
        assert one == two
    assert test_archive.without(one, "mode") == test_archive.without(two, "mode")
    have = bits(out)
    assert exact or all(have[path] == mode & ~umask or os.path.islink(root / path) for path, mode in bits(root).items())


@pytest.mark.parametrize("peer", [test_archive.extract_gnu, test_archive.extract_bsd], ids=["GNU tar", "bsdtar"])
def test_another_tar_unpacks_a_gathered_archive_to_the_same_tree(packages, gathered, tmp_path, peer):
    (tmp_path / "out").mkdir()
    peer(gathered, tmp_path / "out")
    test_archive.same_tree(packages, tmp_path / "out", top=peer is test_archive.extract_gnu)


def test_python_unpacks_a_gathered_archive_to_the_same_tree(packages, gathered, tmp_path):
    test_archive.test_python_unpacks_ours_to_the_same_tree((gathered, packages), tmp_path)


@pytest.mark.skipif(not hasattr(tarfile, "data_filter"), reason="this Python's tarfile has no filters")
def test_pythons_filter_for_data_lets_a_gathered_archive_pass(others, tmp_path):
    root, archive, _ = others
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path / "out", filter="data")
    one, two = helpers.tree_digest(root, top=False), helpers.tree_digest(tmp_path / "out", top=False)
    assert test_archive.without(one, "mode", "mtime_ns") == test_archive.without(two, "mode", "mtime_ns")
    have = bits(tmp_path / "out")
    assert all(have[path] & 0o077 & ~mode == 0 for path, mode in bits(root).items() if not os.path.islink(root / path))


def test_busybox_unpacks_a_gathered_archive_as_a_plain_tar(others, tmp_path):
    if not shutil.which("busybox"):
        pytest.skip("there is no busybox")
    root, archive, plain = others
    for name, source in (("one", archive), ("two", plain)):
        (tmp_path / name).mkdir()
        assert helpers.run(["busybox", "tar", "-xpzf" if source is archive else "-xpf", source, "-C", tmp_path / name]).stderr == ""
    one, two = [test_archive.without(helpers.tree_digest(tmp_path / name, top=False), "mtime_ns") for name in ("one", "two")]
    assert one == two == test_archive.without(helpers.tree_digest(root, top=False), "mtime_ns")


UNPACK_BY_NODE = """
const [file, cwd, umask] = process.argv.slice(1);
process.umask(parseInt(umask, 8));
require("tar").x({ file, cwd, sync: true, strict: true, preserveOwner: false, maxDepth: Infinity });
"""


@pytest.mark.parametrize("umask", [0o002, 0o022, 0o077], ids=oct)
def test_node_gives_nobody_more_than_what_is_stored(others, tmp_path, umask):
    """It makes directories as they come, and lets their owner write to them."""
    there = peers.node_tar()
    if there is None:
        pytest.skip(f"no tar for Node here: {peers.why['node']}")
    root, archive, plain = others
    for name, source in (("one", archive), ("two", plain)):
        (tmp_path / name).mkdir()
        helpers.run([shutil.which("node"), "-e", UNPACK_BY_NODE, source, tmp_path / name, f"{umask:o}"], cwd=there)
    assert modes(tmp_path / "one") == modes(tmp_path / "two")
    have = bits(tmp_path / "one")
    assert have.keys() == bits(root).keys()
    for path, mode in bits(root).items():
        assert os.path.islink(root / path) or have[path] & ~0o200 & ~mode == 0, path


def test_what_was_gathered_is_unpacked_verified_and_compared_as_ever(ws, packages, gathered, tmp_path):
    ws("ws-archive", "verify", "-q", gathered)
    ws("ws-archive", "verify", "-q", "--against", packages, gathered)
    assert ws("ws-archive", "diff", gathered, packages).stdout == ""
    for number, (how, options) in enumerate([([gathered], {}), (["-T", "2", gathered], {}), (["-"], {"input": gathered.read_bytes()})]):
        ws("ws-archive", "extract", "-q", "-C", tmp_path / f"out{number}", *how, **options)
        test_archive.same_tree(packages, tmp_path / f"out{number}")
    ws("ws-archive", "extract", "-q", "--strip", "1", "-C", tmp_path / "strip", gathered, "packages/*")
    assert test_archive.same_tree(packages / "packages/p3", tmp_path / "strip/p3")


def test_a_directory_that_is_asked_for_comes_whole(ws, packages, gathered, tmp_path):
    for number, name in enumerate(("packages/p3", "packages/p0", "packages/p6/p27", "packages")):
        ws("ws-archive", "extract", "-q", "-C", tmp_path / f"part{number}", gathered, name)
        assert test_archive.same_tree(packages / name, tmp_path / f"part{number}" / name)
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "two", gathered, "packages/p1", "packages/p5/p12")
    assert test_archive.same_tree(packages / "packages/p1", tmp_path / "two/packages/p1")
    assert test_archive.same_tree(packages / "packages/p5/p12", tmp_path / "two/packages/p5/p12")


def members_of(archive, name=""):
    with tarfile.open(archive) as tar:
        return [member for member in tar.getmembers() if member.name.startswith(name)]


def is_again(member):
    return member.pax_headers.get("comment") == "again"


def test_files_of_one_name_lie_together_where_their_directories_may_be_written_to(gathered, packages):
    members = [member for member in members_of(gathered, "packages") if not is_again(member)]
    names = [member.name for member in members]
    fixed = [name for name in names if os.path.isdir(packages / name) and not os.path.islink(packages / name) and not os.stat(packages / name).st_mode & 0o200]
    assert len(fixed) > 5
    for name in ("package.json", "LICENSE", "index.js"):
        here = [n for n in names if os.path.basename(n) == name and not any(n.startswith(f"{top}/") for top in fixed)]
        at = [names.index(n) for n in here]
        assert len(at) > 10 and sorted(here) == sorted(here, key=names.index)
        assert sum(b - a > 1 and not all(members[k].isdir() for k in range(a + 1, b)) for a, b in zip(at, at[1:])) == 0
    for top in fixed:
        inside = [number for number, name in enumerate(names) if name == top or name.startswith(f"{top}/")]
        assert inside == list(range(inside[0], inside[0] + len(inside)))
    places = {name: number for number, name in enumerate(names)}
    assert all(members[places[m.linkname]].isreg() and places[m.linkname] < places[m.name] for m in members if m.islnk())


def test_a_directory_comes_before_its_content_and_again_where_that_was_torn_apart(gathered):
    members = members_of(gathered)
    first, last, twice = {}, {}, set()
    for number, member in enumerate(members):
        assert os.path.dirname(member.name) in first or member.name in (".", "packages") or os.path.dirname(member.name) == ""
        if is_again(member):
            assert member.isdir() and (member.mode, member.mtime, member.uid) == (first[member.name].mode, first[member.name].mtime, first[member.name].uid)
            twice.add(member.name)
        else:
            assert member.name not in first and os.path.dirname(member.name) not in twice
            first[member.name] = member
        last[os.path.dirname(member.name)] = number
    assert 10 < len(twice) < sum(member.isdir() for member in first.values())


@pytest.mark.parametrize("more", [["--order"], ["--format", "tar.zst"], ["--format", "tar"]])
def test_nothing_comes_again_where_nothing_is_gathered(ws, packages, tmp_path, more):
    ws("ws-archive", "create", "-q", *more, "-C", packages, "-o", tmp_path / "a")
    listed = helpers.run(["/usr/bin/tar", "-tf", tmp_path / "a", *(["--zstd"] if "tar.zst" in more else [])]).stdout.splitlines()
    assert len(listed) == len(set(listed))


def test_every_file_of_a_large_gathered_archive_is_found_where_the_index_says(ws, tmp_path):
    root = tmp_path / "t"
    for number in range(1600):
        directory = root / f"d{number // 8}"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"same{number % 8}").write_bytes(os.urandom(6000) + str(number).encode())
    (root / "d50/large").write_bytes(os.urandom(9_000_000))
    ws("ws-archive", "create", "-q", "-C", root, "-o", tmp_path / "a")
    raw, entries = wsformat.read((tmp_path / "a").read_bytes())  # the order that the root promises is checked there
    paths = [e.path.decode() for e in entries if not e.again]
    assert len(paths) == 1600 + 200 + 2 and len(entries) > len(paths)
    assert paths != sorted(paths) and paths[0] == ""
    assert f"{len(paths)} entries" in ws("ws-archive", "verify", tmp_path / "a").stdout
    for name in ("d0/same0", "d50/large", "d50/same7", "d51/same0", "d120/same3", "d199/same7"):
        assert ws("ws-archive", "cat", tmp_path / "a", name).output == (root / name).read_bytes()
    for name in ("d0", "d50", "d199"):
        ws("ws-archive", "extract", "-q", "-C", tmp_path / name, tmp_path / "a", name)
        test_archive.same_tree(root / name, tmp_path / name / name)
    ws("ws-archive", "cat", tmp_path / "a", "d7", status=None).complains("is a directory")
    for name in ("d7/none", "e", "a"):
        ws("ws-archive", "cat", tmp_path / "a", name, status=66).complains("is not in the archive")
    again = tmp_path / "b"
    ws("ws-archive", "create", "-q", "--threads", "1", "-C", root, "-o", again)
    assert again.read_bytes() == (tmp_path / "a").read_bytes()


def test_a_block_of_the_index_may_have_nothing_but_what_comes_again(ws, tmp_path):
    """Directories in directories: they come again all at the end."""
    at = tmp_path / "t"
    for number in range(700):
        at = at / "d"
        at.mkdir(parents=True)
        (at / "a").write_text(f"{number}")
    ws("ws-archive", "create", "-q", "-C", tmp_path / "t", "-o", tmp_path / "a")
    data = (tmp_path / "a").read_bytes()
    wsformat.read(data)
    index = wsformat.open_index(lambda offset, length: data[offset : offset + length], len(data))
    assert [block.entries for block in index.blocks][-1] == 0 and len(index.block(len(index.blocks) - 1)[1]) > 500
    ws("ws-archive", "verify", "-q", "--against", tmp_path / "t", tmp_path / "a")
    ws("ws-archive", "verify", "-q", "-", input=data)
    assert len(ws("ws-archive", "list", "--names", tmp_path / "a").stdout.splitlines()) == 1401
    name = "d/" * 650
    assert ws("ws-archive", "cat", tmp_path / "a", f"{name}a").output == b"649"
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", tmp_path / "a", name)
    assert test_archive.same_tree(tmp_path / "t" / name, tmp_path / "out" / name)
    ws("ws-archive", "cat", tmp_path / "a", "e", status=66)


def test_a_directory_that_cannot_be_gone_into_is_in_the_archive_all_the_same(plain_user):
    plain_user.run("/bin/sh", "-ec", "mkdir -p t/a t/shut; echo x > t/a/f; echo y > t/shut/g; chmod 000 t/shut")
    plain_user("ws-archive", "create", "-q", "-C", "t", "-o", "a", status=74).complains("shut", "Permission denied")
    plain_user("ws-archive", "create", "-q", "-k", "-C", "t", "-o", "a", status=1).complains("partial")
    assert plain_user("ws-archive", "list", "--names", "a").stdout.splitlines() == [".", "a", "a/f", "shut"]


def test_exclusions_and_tags_of_caches_hold_for_what_is_gathered(ws, tmp_path):
    root = tmp_path / "t"
    for name in ("cache/x", "cache/CACHEDIR.TAG", "deep/cache/x", "deep/cache/CACHEDIR.TAG", "more/CACHEDIR.TAG", "out/x", "keep/x", "leave/x"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("Signature: 8a477f597d28d172789f06886806bc55")
    (root / ".gitignore").write_text("out/\n")
    ws("ws-archive", "create", "-q", "--exclude-caches", "--exclude-vcs-ignores", "-C", root, "-o", tmp_path / "a")
    assert ws("ws-archive", "list", "--names", tmp_path / "a").stdout.splitlines() == [
        ".", ".gitignore", "cache", "cache/CACHEDIR.TAG", "deep", "deep/cache", "more", "deep/cache/CACHEDIR.TAG", "more/CACHEDIR.TAG", "keep", "keep/x", "leave",
        "leave/x"]
    for directory in ("deep", "deep/cache", "more", "keep", "leave", "cache", "."):
        os.utime(root / directory, (10**9, 10**9))
    ws("ws-archive", "create", "-q", "--exclude-caches", "-C", root, "-o", tmp_path / "b")
    (tmp_path / "out").mkdir()
    test_archive.extract_gnu(tmp_path / "b", tmp_path / "out")
    assert {os.stat(tmp_path / "out" / name).st_mtime for name in ("deep", "deep/cache", "more", "keep", "leave", "cache")} == {10**9}
    ws("ws-archive", "create", "-q", "-C", root, "-o", tmp_path / "c", "keep", "out")
    assert ws("ws-archive", "list", "--names", tmp_path / "c").stdout.splitlines() == ["keep", "keep/x", "out", "out/x"]


def test_a_directory_that_changes_while_it_is_read_comes_again_as_it_came_first(ws, tmp_path):
    """What is written to it meanwhile changes its time between the two."""
    root = tmp_path / "t"
    for name in ("a", "b"):
        (root / name).mkdir(parents=True)
        for number in range(300):
            (root / name / f"{number}").write_bytes(os.urandom(20_000))
    busy = subprocess.Popen([sys.executable, "-c", "import os, sys\nwhile True:\n    for d in sys.argv[1:]:\n        os.utime(d)", root / "a", root / "b", root])
    try:
        for _ in range(3):
            ws("ws-archive", "create", "-q", "-C", root, "-o", tmp_path / "x")
            ws("ws-archive", "verify", "-q", tmp_path / "x")
    finally:
        busy.kill()
        busy.wait()
    assert any(e.again for e in wsformat.read((tmp_path / "x").read_bytes())[1])


def test_the_report_of_an_archive_names_its_hash_and_size(ws, packages, tmp_path):
    told = json.loads(ws("ws-archive", "create", "--json", "-C", packages, "-o", tmp_path / "a").stdout)
    assert (told["sha256"], told["archive_bytes"]) == (helpers.file_digest(tmp_path / "a"), os.path.getsize(tmp_path / "a"))
    assert told["entries"] == len(helpers.tree_digest(packages))
