"""The verbs that read archives give up what they do not need; kernels that lack something change what -v says, not what is unpacked."""
import errno
import os
import tarfile

import pytest
import seccomp

import ws as helpers

READING = {
    "list": ["list"],
    "verify": ["verify"],
    "extract": ["extract", "-C", "out"],
    "diff": ["diff", "-x", "*"],
}

needs_seccomp = pytest.mark.skipif(not seccomp.KNOWN, reason="the numbers of system calls are not known for this machine")


@pytest.fixture
def archive(ws, tree, tmp_path):
    root = tree()
    ws("ws-archive", "create", "-q", "-C", root, "-o", tmp_path / "a.tar.gz")
    return root


def command(verb):
    return ["ws-archive", *READING[verb], "-v", "a.tar.gz", *(["a.tar.gz"] if verb == "diff" else [])]


def landlock():
    import ctypes

    return ctypes.CDLL(None).syscall(seccomp.LANDLOCK_CREATE_RULESET, None, 0, 1) >= 2


@pytest.mark.parametrize("verb", sorted(READING))
def test_archives_are_read_under_landlock_where_there_is_one(ws, archive, tmp_path, verb):
    says = ws(*command(verb), cwd=tmp_path).stderr
    if not landlock():
        pytest.skip("this kernel has no Landlock")
    where = "writing only where they unpack" if verb == "extract" else "writing nothing"
    assert f"read under Landlock: {where}, without network" in says


@needs_seccomp
@pytest.mark.parametrize("verb", sorted(READING))
def test_without_landlock_they_are_read_all_the_same_and_v_says_so(ws, archive, tmp_path, verb):
    refuse = seccomp.refuse(seccomp.LANDLOCK_CREATE_RULESET)
    assert "this kernel has none" in ws(*command(verb), cwd=tmp_path, preexec_fn=refuse).stderr
    if verb == "extract":
        assert helpers.tree_digest(tmp_path / "out") == helpers.tree_digest(archive)


# What has more to do than to read the archive: only the thread that reads it is confined.
COMING_BACK = {
    "restore": ["ws-archive", "restore", "-v", "--directory", "back", "box"],
    "check": ["ws-archive", "restore", "-v", "--check", "box"],
    "ws-setup": ["ws-setup", "-v", "--base", "base", "--id", "w", "--from", "a.tar.gz"],
}


@needs_seccomp
@pytest.mark.parametrize("kernel", ["with Landlock", "without"])
@pytest.mark.parametrize("verb", COMING_BACK)
def test_what_comes_back_from_a_store_is_read_in_a_confined_thread(ws, archive, tmp_path, verb, kernel):
    if kernel == "with Landlock" and not landlock():
        pytest.skip("this kernel has no Landlock")
    second = tmp_path / "second"
    helpers.run(["/bin/cp", "-a", archive, second])
    ws("ws-archive", "backup", "-q", "-o", tmp_path / "box", f"one={archive}", f"two={second}")
    refuse = seccomp.refuse(seccomp.LANDLOCK_CREATE_RULESET) if kernel == "without" else None
    says = ws(*COMING_BACK[verb], cwd=tmp_path, preexec_fn=refuse).stderr
    where = "nothing" if verb == "check" else "only where they unpack"
    line = "read without Landlock: this kernel has none" if refuse else f"read under Landlock: writing {where}"
    assert says.count(line) == (1 if verb == "ws-setup" else 2), says
    if verb == "restore":
        assert helpers.tree_digest(tmp_path / "back/one") == helpers.tree_digest(tmp_path / "back/two") == helpers.tree_digest(archive)


@needs_seccomp
@pytest.mark.parametrize("error", [errno.ENOSYS, errno.EPERM], ids=["ENOSYS", "EPERM"])
def test_without_openat2_the_same_tree_comes_out_and_goes_in(ws, archive, tmp_path, error):
    refuse = seccomp.refuse(seccomp.OPENAT2, error)
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", tmp_path / "a.tar.gz", preexec_fn=refuse)
    assert helpers.tree_digest(tmp_path / "out") == helpers.tree_digest(archive)
    ws("ws-archive", "create", "-q", "-C", archive, "-o", tmp_path / "b.tar.gz", preexec_fn=refuse)
    assert (tmp_path / "a.tar.gz").read_bytes() == (tmp_path / "b.tar.gz").read_bytes()
    ws("ws-archive", "diff", tmp_path / "b.tar.gz", archive, preexec_fn=refuse)


@pytest.mark.parametrize("form", ["gnu", "posix"])
def test_one_volume_of_gnu_tar_s_is_refused_with_the_reason(ws, tmp_path, form):
    (tmp_path / "f").write_bytes(os.urandom(40_000))
    volumes = [tmp_path / f"v{n}" for n in range(4)]
    helpers.run(["/usr/bin/tar", f"--format={form}", "-cM", "-L", "20", *[f"-f{volume}" for volume in volumes], "-C", tmp_path, "f"])
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", volumes[0], status=65)
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", volumes[1], status=65).complains("one volume of several, which only GNU tar (-M)")
    assert not os.path.lexists(tmp_path / "out")


@pytest.mark.parametrize("form", ["gnu", "posix"])
def test_an_archive_of_gnu_tar_s_increments_is_refused_with_the_reason(ws, tmp_path, form):
    (tmp_path / "tree/d").mkdir(parents=True)
    (tmp_path / "tree/d/f").write_text("f")
    helpers.run(["/usr/bin/tar", f"--format={form}", "-czf", tmp_path / "a.tar.gz", "-g", tmp_path / "snapshot", "-C", tmp_path, "tree"])
    for verb in (["extract", "-C", tmp_path / "out"], ["list"], ["verify"]):
        result = ws("ws-archive", *verb, tmp_path / "a.tar.gz", status=65)
        assert "incremental" in result.stderr and "GNU tar" in result.stderr
    assert not os.path.lexists(tmp_path / "out")
    with tarfile.open(tmp_path / "b.tar", "w", format=tarfile.USTAR_FORMAT) as out:  # the letter alone is not what counts: D in a file's name
        out.add(tmp_path / "tree/d/f", "D")
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", tmp_path / "b.tar")
