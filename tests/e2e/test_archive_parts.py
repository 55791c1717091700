"""Parts of an archive: hardlinks to what was not asked for, and paths that come again, as in what `tar -u` and `tar -r` have added to."""
import gzip
import subprocess

import pytest
from rawtar import HARD, SYM, file, header, tar
from ws import tree_digest

OLD, NEW, OTHER = (file(name, text) for name, text in (("q", b"old"), ("q", b"new"), ("other", b"other")))
P_TO_Q = header("p", HARD, link="q")
# name: (entries, {path: its content when it is unpacked, alone as with all others})
AGAIN = {
    "a file twice": ([OLD, NEW], {"q": b"new"}),
    "a hardlink, then a file": ([OLD, P_TO_Q, file("p", b"mine")], {"p": b"mine", "q": b"old"}),
    "a file, then a hardlink": ([OLD, file("p", b"mine"), P_TO_Q], {"p": b"old"}),
    "a hardlink to what is replaced later": ([OLD, P_TO_Q, NEW], {"p": b"old", "q": b"new"}),
    "both again": ([OLD, P_TO_Q, NEW, P_TO_Q], {"p": b"new", "q": b"new"}),
    "one before and one after": ([OLD, P_TO_Q, NEW, header("r", HARD, link="q")], {"p": b"old", "r": b"new"}),
    "a hardlink to a hardlink": ([OLD, P_TO_Q, NEW, header("r", HARD, link="p")], {"r": b"old"}),
    "a hardlink to what was a file and is a hardlink": ([OTHER, OLD, header("q", HARD, link="other"), P_TO_Q], {"p": b"other"}),
    "a hardlink to what was a hardlink and is a file": ([OTHER, header("q", HARD, link="other"), NEW, P_TO_Q], {"p": b"new"}),
    "a hardlink, then another one": ([OLD, OTHER, P_TO_Q, header("p", HARD, link="other")], {"p": b"other"}),
}


@pytest.mark.parametrize("case", AGAIN)
def test_a_part_is_what_it_is_in_the_whole(ws, tmp_path, case):
    """Unpacked with all others, unpacked alone, written to standard output; and by GNU tar."""
    entries, want = AGAIN[case]
    (tmp_path / "a.tar").write_bytes(tar(*entries))
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "all", tmp_path / "a.tar")
    (tmp_path / "gnu").mkdir()
    subprocess.run(["tar", "-xf", tmp_path / "a.tar", "-C", tmp_path / "gnu"], check=True)
    for path, content in want.items():
        ws("ws-archive", "extract", "-q", "-C", tmp_path / path, tmp_path / "a.tar", path)
        assert [(p.name, p.read_bytes()) for p in (tmp_path / path).iterdir()] == [(path, content)]
        assert (tmp_path / "all" / path).read_bytes() == (tmp_path / "gnu" / path).read_bytes() == content
        assert ws("ws-archive", "cat", tmp_path / "a.tar", path).output == content


def test_hardlinks_to_what_was_not_asked_for_are_one_file_with_its_attributes(ws, tmp_path):
    links = [header(f"links/{n}", HARD, link="store/file") for n in range(3)]
    (tmp_path / "a.tar").write_bytes(tar(file("store/file", b"x" * 3000, mode=0o640, mtime=1_500_000_000), *links, header("s", SYM, link="store/file")))
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", tmp_path / "a.tar", "links", "s")
    found = [(tmp_path / f"out/links/{n}").stat() for n in range(3)]
    assert {(st.st_ino, st.st_nlink, st.st_mode & 0o777, st.st_size, st.st_mtime) for st in found} == {(found[0].st_ino, 3, 0o640, 3000, 1_500_000_000)}
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["links", "s"]


REFUSED = {
    "to what comes later": ([P_TO_Q, OLD], "'p' is a hardlink to no file that comes before it"),
    "to what is not there": ([OTHER, P_TO_Q], "'p' is a hardlink to no file that comes before it"),
    "to itself": ([header("p", HARD, link="p")], "'p' is a hardlink to no file that comes before it"),
    "in a ring": ([header("q", HARD, link="p"), P_TO_Q], "hardlink"),
    "to a symlink": ([header("q", SYM, link="x"), P_TO_Q], "'q', which is a symlink and was not asked for"),
    "that climbs out": ([header("p", HARD, link="../q")], "climbs out"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_hardlink_that_leads_to_no_file_is_refused_when_it_is_asked_for(ws, tmp_path, case):
    entries, why = REFUSED[case]
    (tmp_path / "a.tar").write_bytes(tar(*entries))
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", tmp_path / "a.tar", "p", status=65).complains(why)
    assert not (tmp_path / "out").exists()


def test_what_is_stripped_to_the_same_path_is_not_taken_for_it(ws, tmp_path):
    """one/y leads to two/x, which was not asked for; one/x was, and has the same path when stripped."""
    entries = [file("two/x", b"right"), file("one/x", b"wrong"), header("one/y", HARD, link="two/x")]
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(tar(*entries)))
    ws("ws-archive", "extract", "-q", "--strip=1", "-C", tmp_path / "out", tmp_path / "a.tar.gz", "one")
    assert (tmp_path / "out/y").read_bytes() == b"right"


def test_a_hardlink_whose_file_is_stripped_away_is_the_file(ws, tmp_path):
    (tmp_path / "tree/d").mkdir(parents=True)
    (tmp_path / "tree/a").write_text("content")
    (tmp_path / "tree/d/b").hardlink_to(tmp_path / "tree/a")
    for format in ("tar.gz", "tar.zst", "tar"):
        archive = tmp_path / f"a.{format}"
        ws("ws-archive", "create", "-q", "-C", tmp_path / "tree", "-o", archive)
        ws("ws-archive", "extract", "-q", "--strip=1", "-C", tmp_path / format, archive)
        assert tree_digest(tmp_path / format, top=False).keys() == {"b"}
        assert (tmp_path / format / "b").read_text() == "content"
