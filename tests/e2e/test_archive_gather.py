"""create --gather: files of one name next to each other and directories after their content, in an archive like any other."""
import json
import os
import tarfile

import pytest
import test_archive
import wsformat

import ws as helpers


@pytest.fixture
def packages(tree):
    """A tree like that of a package manager, with directories of all modes and times, a link to a file that moves and one that does not."""
    root = tree()
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
        os.chmod(directory, (0o755, 0o700, 0o555, 0o777)[number % 4])
        os.utime(directory, ns=(10**18 + number, 10**18 + number * 1001))
    return root


@pytest.fixture
def gathered(ws, packages, tmp_path):
    ws("ws-archive", "create", "-q", "--gather", "-C", packages, "-o", tmp_path / "a.tar.gz")
    return tmp_path / "a.tar.gz"


@pytest.mark.parametrize("peer", [test_archive.extract_gnu, test_archive.extract_bsd], ids=["GNU tar", "bsdtar"])
def test_another_tar_unpacks_a_gathered_archive_to_the_same_tree(packages, gathered, tmp_path, peer):
    (tmp_path / "out").mkdir()
    peer(gathered, tmp_path / "out")
    test_archive.same_tree(packages, tmp_path / "out")


def test_python_unpacks_a_gathered_archive_to_the_same_tree(packages, gathered, tmp_path):
    test_archive.test_python_unpacks_ours_to_the_same_tree((gathered, packages), tmp_path)


def test_what_was_gathered_is_unpacked_verified_and_compared_as_ever(ws, packages, gathered, tmp_path):
    ws("ws-archive", "verify", "-q", gathered)
    ws("ws-archive", "verify", "-q", "--against", packages, gathered)
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", gathered)
    test_archive.same_tree(packages, tmp_path / "out")
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "part", gathered, "packages/p3")
    assert test_archive.same_tree(packages / "packages/p3", tmp_path / "part/packages/p3")


def test_files_of_one_name_lie_together_and_directories_follow_what_is_in_them(gathered, packages):
    with tarfile.open(gathered) as tar:
        members = [member for member in tar.getmembers() if member.name.startswith("packages")]
    names = [member.name for member in members]
    for name in ("package.json", "LICENSE", "index.js"):
        at = [number for number, other in enumerate(names) if os.path.basename(other) == name]
        assert len(at) == 30 and at == list(range(at[0], at[0] + 30)) and sorted(at, key=lambda n: names[n].split("/")) == at
    for name in ("empty", "large.json"):  # nothing to share, too far apart
        at = [number for number, other in enumerate(names) if os.path.basename(other) == name]
        assert at != list(range(at[0], at[0] + 30))
    places = {name: number for number, name in enumerate(names)}
    for name, number in places.items():
        assert places.get(os.path.dirname(name), len(names)) > number
    assert all(members[places[m.linkname]].isreg() and places[m.linkname] < places[m.name] for m in members if m.islnk())


def test_every_file_of_a_large_gathered_archive_is_found_where_the_index_says(ws, tmp_path):
    root = tmp_path / "t"
    for number in range(1600):
        directory = root / f"d{number // 8}"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"same{number % 8}").write_bytes(os.urandom(6000) + str(number).encode())
    (root / "d50/large").write_bytes(os.urandom(9_000_000))
    ws("ws-archive", "create", "-q", "--gather", "-C", root, "-o", tmp_path / "a")
    raw, entries = wsformat.read((tmp_path / "a").read_bytes())  # the order that the root promises is checked there
    assert len(entries) == 1600 + 200 + 2
    paths = [e.path.decode() for e in entries]
    assert paths != sorted(paths) and paths[-1] == ""
    ws("ws-archive", "verify", "-q", tmp_path / "a")
    for name in ("d0/same0", "d50/large", "d50/same7", "d51/same0", "d120/same3", "d199/same7"):
        assert ws("ws-archive", "cat", tmp_path / "a", name).output == (root / name).read_bytes()
    ws("ws-archive", "cat", tmp_path / "a", "d7", status=None).complains("is a directory")
    for name in ("d7/none", "e", "a"):
        ws("ws-archive", "cat", tmp_path / "a", name, status=66).complains("is not in the archive")
    again = tmp_path / "b"
    ws("ws-archive", "create", "-q", "--gather", "--threads", "1", "-C", root, "-o", again)
    assert again.read_bytes() == (tmp_path / "a").read_bytes()


def test_a_directory_that_cannot_be_gone_into_is_in_the_archive_all_the_same(plain_user):
    plain_user.run("/bin/sh", "-ec", "mkdir -p t/a t/shut; echo x > t/a/f; echo y > t/shut/g; chmod 000 t/shut")
    plain_user("ws-archive", "create", "-q", "--gather", "-C", "t", "-o", "a", status=74).complains("shut", "Permission denied")
    plain_user("ws-archive", "create", "-q", "--gather", "-k", "-C", "t", "-o", "a", status=1).complains("partial")
    assert plain_user("ws-archive", "list", "--names", "a").stdout.splitlines() == ["a/f", "a", "shut", "."]


def test_exclusions_and_tags_of_caches_hold_for_what_is_gathered(ws, tmp_path):
    root = tmp_path / "t"
    for name in ("cache/x", "cache/CACHEDIR.TAG", "out/x", "keep/x"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("Signature: 8a477f597d28d172789f06886806bc55")
    (root / ".gitignore").write_text("out/\n")
    ws("ws-archive", "create", "-q", "--gather", "--exclude-caches", "--exclude-vcs-ignores", "-C", root, "-o", tmp_path / "a")
    assert ws("ws-archive", "list", "--names", tmp_path / "a").stdout.splitlines() == [".gitignore", "cache/CACHEDIR.TAG", "cache", "keep/x", "keep", "."]
    ws("ws-archive", "create", "-q", "--gather", "-C", root, "-o", tmp_path / "b", "keep", "out")
    assert ws("ws-archive", "list", "--names", tmp_path / "b").stdout.splitlines() == ["keep/x", "out/x", "keep", "out"]


@pytest.mark.parametrize("more", [["--order"], ["--format", "tar.zst"], ["--format", "tar"]])
def test_gathering_is_for_gzip_and_has_an_order_of_its_own(ws, tmp_path, more):
    ws("ws-archive", "create", "--gather", *more, "-C", tmp_path, "-o", tmp_path / "a", status=64).complains("--gather")


@pytest.mark.parametrize("more", [[], ["--gather"]])
def test_the_report_of_an_archive_names_its_hash_and_size(ws, packages, tmp_path, more):
    told = json.loads(ws("ws-archive", "create", "--json", *more, "-C", packages, "-o", tmp_path / "a").stdout)
    assert (told["sha256"], told["archive_bytes"]) == (helpers.file_digest(tmp_path / "a"), os.path.getsize(tmp_path / "a"))
