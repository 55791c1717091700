"""Mistakes on the command line, bases and ids that are none, disks that are full: one clear message, the right status, nothing changed."""
import os
import subprocess

import pytest

import ws as helpers

USAGE = [
    (["ws-setup", "--bas", "x"], ["--bas", "--base"]),
    (["ws-gc", "--odler", "7d"], ["--odler", "--older"]),
    (["ws-teardown", "--", "--keep"], ["--keep"]),
    (["ws-setup", "-Z"], ["-Z"]),
    (["ws-gc", "--older"], ["--older", "needs a value"]),
    (["ws-gc", "--older", "7parsecs"], ["--older", "7parsecs"]),
    (["ws-gc", "--older", "-7d"], ["--older", "-7d"]),
    (["ws-gc", "--older", "99999999999999999999d"], ["--older"]),
    (["ws-gc", "--max-delete", "many"], ["--max-delete", "many"]),
    (["ws-gc", "--dry-run=yes"], ["--dry-run", "no value"]),
    (["ws-gc", "idle"], ["too many operands", "ws-gc"]),
    (["ws-s3", "ls", "--part-size", "1T"], ["part size", "5 GiB"]),
    (["ws-setup", "--mode", "0999"], ["--mode", "0999"]),
    (["ws-setup", "--print", "poem"], ["--print", "poem", "path"]),
    (["ws-setup", "--user", "root"], ["--user", "root"]),
    (["ws-setup", "--user", "4294967295"], ["--user", "4294967295"]),
    (["ws-setup", "--label", "colour"], ["--label", "colour"]),
    (["ws-setup", "--store", "ftp://host/x"], ["ftp://host/x", "s3://"]),
    (["ws-setup", "--store", "s3://"], ["s3://"]),
    (["ws-setup", "--store", "file://host/dir"], ["file://host/dir"]),
    (["ws-setup", "sleep", "1"], ["sleep", "--"]),
    (["ws-setup", "--profile", "session"], ["session", "--workspace"]),
    (["ws-setup", "--profile", "session", "--workspace", "w"], ["session", "--session"]),
    (["ws-teardown"], ["--retry"]),
    (["ws-teardown", "--retry", "task-1"], ["--retry"]),
    (["ws-teardown", "--discard", "--keep", "task-1"], ["--discard"]),
    (["ws-ls", "--exists", "a", "b"], ["--exists"]),
    (["ws-ls", "--label", "colour"], ["--label", "colour"]),
    (["ws-s3"], ["--help"]),
    (["ws-s3", "lss"], ["lss", "--help"]),
    (["ws-s3", "ls", "s3://a", "s3://b"], ["too many operands", "ws-s3 ls"]),
    (["ws-s3", "ls", "bucket"], ["bucket", "s3://"]),
    (["ws-s3", "cp", "s3://bucket/key"], ["too few operands", "ws-s3 cp"]),
    (["ws-s3", "stat", "s3://bucket"], ["s3://bucket"]),
    (["ws-s3", "mb", "s3://UPPER_case!"], ["UPPER_case!"]),
    (["ws-archive"], ["--help"]),
    (["ws-archive", "unpack", "x.tar.gz"], ["unpack", "--help"]),
    (["ws-archive", "extract"], ["too few operands", "ws-archive extract"]),
    (["ws-archive", "create", "--level", "13"], ["--level", "1 to 12"]),
    (["ws-archive", "list", "s3://UPPER_case!/x"], ["s3://UPPER_case!/x"]),
    (["ws-archive", "list", "file://host/x"], ["file://host/x"]),
    (["ws-nonsense"], ["ws-nonsense", "--help"]),
    (["nonsense", "--help"], ["nonsense", "--help"]),
    (["--nonsense"], ["--nonsense", "--help"]),
    (["--install"], ["--install", "--help"]),
    (["--man", "ws-nonsense"], ["ws-nonsense", "--help"]),
]


@pytest.mark.parametrize("args, says", USAGE, ids=[" ".join(args) for args, _ in USAGE])
def test_a_mistake_on_the_command_line_is_named_and_changes_nothing(ws, tmp_path, args, says):
    env = {"WORKSPACE_DIR": str(tmp_path / "base"), "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_MAX_ATTEMPTS": "1"}
    if args[0] in ("ws-gc", "ws-ls", "ws-teardown"):  # they want a base that is there
        ws("ws-setup", "--id", "made", env=env)
        before = helpers.tree_digest(tmp_path / "base")
        ws(*args, env=env, status=64).complains(*says)
        assert helpers.tree_digest(tmp_path / "base") == before
    else:
        ws(*args, env=env, status=64).complains(*says)
        assert not (tmp_path / "base").exists()


def test_nothing_at_all_is_a_mistake_too():
    helpers.run([helpers.BINARY], status=64).complains("which applet", "--help")


def test_an_unknown_profile_is_not_found_and_the_others_are_listed(ws, tmp_path):
    ws("ws-setup", "--base", tmp_path / "base", "--profile", "tsak", status=66).complains("tsak", "session", "task")
    assert not (tmp_path / "base").exists()


# ---- bases ----

APPLETS = [["ws-setup", "--id", "x"], ["ws-teardown", "x"], ["ws-gc", "--older", "0s"], ["ws-ls"]]
applets = pytest.mark.parametrize("args", APPLETS, ids=[args[0] for args in APPLETS])


def works(ws, base, **options):
    """The base is put right: a workspace is made and removed."""
    ws("ws-setup", "--base", base, "--id", "x", **options)
    ws("ws-teardown", "--base", base, "x", **options)


@applets
@pytest.mark.parametrize("spelling", ["/", "//", "/.", "/usr/.."])
def test_the_root_directory_is_no_base(ws, tmp_path, args, spelling):
    assert not os.path.exists("/.ws")
    ws(*args, "--base", spelling, status=64).complains(spelling, "root directory")
    assert not os.path.exists("/.ws") and not os.path.exists("/x")
    works(ws, tmp_path / "base")


@applets
@pytest.mark.parametrize("spelling", ["{}", "{}/", "{}/tmp/..", "//{}"])
def test_the_home_directory_is_no_base(ws, args, spelling):
    before = helpers.tree_digest(ws.home)
    ws(*args, "--base", spelling.format(ws.home), status=64).complains(str(ws.home), "home directory")
    assert helpers.tree_digest(ws.home) == before
    works(ws, ws.home / "workspaces")


@applets
@pytest.mark.parametrize("spelling", ["link", "link/", "./link"])
def test_a_link_is_no_base(ws, tmp_path, canary, args, spelling):
    (tmp_path / "link").symlink_to(canary)
    ws(*args, "--base", spelling, cwd=tmp_path, status=64).complains("link", "symbolic link")
    (tmp_path / "link").unlink()
    works(ws, "link", cwd=tmp_path)


def test_a_link_above_the_base_is_followed_as_a_shell_would(ws, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    printed = ws("ws-setup", "--base", tmp_path / "link/base", "--id", "x").stdout
    assert printed == f"{tmp_path}/real/base/x\n"


@applets
def test_what_another_base_keeps_for_itself_is_no_base(ws, tmp_path, args):
    ws("ws-setup", "--base", tmp_path / "base", "--id", "a")
    before = helpers.tree_digest(tmp_path / "base")
    ws(*args, "--base", tmp_path / "base/.ws/trash", status=64).complains(".ws/trash", "another base")
    assert helpers.tree_digest(tmp_path / "base") == before


@applets
def test_a_file_is_no_base(ws, tmp_path, args):
    (tmp_path / "base").write_text("precious")
    ws(*args, "--base", tmp_path / "base", status=66).complains(str(tmp_path / "base"), "not a directory")
    assert (tmp_path / "base").read_text() == "precious"
    (tmp_path / "base").unlink()
    works(ws, tmp_path / "base")


@pytest.mark.parametrize("args", APPLETS[1:], ids=[args[0] for args in APPLETS[1:]])
def test_a_base_that_is_absent_or_not_ours_is_left_alone(ws, tmp_path, canary, args):
    ws(*args, "--base", tmp_path / "absent", status=66).complains(str(tmp_path / "absent"))
    ws(*args, "--base", canary, status=78).complains(str(canary), "ws-setup")
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize("made", [True, False], ids=["there already", "still to be made"])
def test_a_base_that_may_not_be_written_is_refused(plain_user, made):
    parent = plain_user.dir / "parent"
    base = parent if made else parent / "base"
    plain_user.run("mkdir", parent)
    plain_user.run("chmod", "555", parent)
    plain_user("ws-setup", "--base", base, "--id", "x", status=77).complains(str(base), "ermission denied")
    assert list(parent.iterdir()) == []
    plain_user.run("chmod", "755", parent)
    works(plain_user, base)


@applets
def test_a_base_of_somebody_else_is_refused(ws, plain_user, args):
    if os.geteuid() != 0:
        pytest.skip("a base of another user takes root to make")
    base = plain_user.dir / "base"
    ws("ws-setup", "--base", base, "--id", "x")
    before = helpers.tree_digest(base, owner=True)
    plain_user(*args, "--base", base, status=77).complains(str(base), "ermission denied")
    assert helpers.tree_digest(base, owner=True) == before


def test_records_of_somebody_else_are_not_followed_even_by_root(ws, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("giving files away takes root")
    base = tmp_path / "base"
    ws("ws-setup", "--base", base, "--id", "x")
    os.chown(base / ".ws", 65534, 65534)
    for args in (["ws-setup", "--id", "x"], ["ws-teardown", "x"], ["ws-gc", "--older", "0s"], ["ws-ls"]):
        ws(*args, "--base", base, status=77).complains(".ws", "65534")
    assert (base / "x").is_dir()


def test_an_ordinary_user_does_not_work_in_the_base_of_another(ws, plain_user):
    if os.geteuid() != 0:
        pytest.skip("giving files away takes root")
    base = plain_user.dir / "shared"
    base.mkdir(mode=0o777)
    os.chmod(base, 0o777)
    os.chown(base, 12345, 12345)
    plain_user("ws-setup", "--base", base, "--id", "x", status=77).complains(str(base), "12345")
    assert not list(base.iterdir())


# ---- a base that somebody meddled with ----


NO_RECORDS = ["", "{", "[]", "{}", '{"version": 99, "id": "x"}', "\0" * 512, "x" * (2 << 20)]


@pytest.mark.parametrize("content", NO_RECORDS, ids=lambda text: repr(text[:30]))
def test_a_record_that_makes_no_sense_stops_everything_and_loses_nothing(ws, tmp_path, content):
    base = tmp_path / "base"
    ws("ws-setup", "--base", base, "--id", "x")
    helpers.make_tree(base / "x/tree")
    record = base / ".ws/x/record.json"
    good = record.read_bytes()
    record.write_text(content)
    before = helpers.tree_digest(base / "x", top=False)
    for args in (["ws-setup", "--id", "x"], ["ws-teardown", "x"], ["ws-teardown", "--overwrite-remote", "x"]):
        ws(*args, "--base", base, status=65).complains("x", "record")
    assert ws("ws-gc", "--base", base, "--older", "0s").stdout.split()[:2] == ["keep", "bad-record"]
    assert ws("ws-ls", "--base", base).stdout.splitlines()[1].split()[1] == "bad-record"
    assert helpers.tree_digest(base / "x", top=False) == before and not (base / ".ws/store").exists()
    record.write_bytes(good)
    ws("ws-teardown", "--base", base, "x")
    ws("ws-setup", "--base", base, "--id", "x")
    assert helpers.tree_digest(base / "x", top=False) == before


@pytest.mark.parametrize("args", APPLETS[:3], ids=[args[0] for args in APPLETS[:3]])
def test_a_link_in_the_place_of_a_workspace_is_never_gone_through(ws, tmp_path, canary, args):
    base = tmp_path / "base"
    ws("ws-setup", "--base", base, "--id", "x")
    (base / "x").rmdir()
    (base / "x").symlink_to(canary)
    ws(*args, "--base", base, status=None)
    assert not (base / ".ws/store").exists()


@pytest.mark.parametrize("area", [".", "x", "staging", "trash", "spool", "quarantine"])
def test_a_link_within_what_ws_keeps_for_itself_is_not_followed(ws, tmp_path, canary, area):
    base = tmp_path / "base"
    ws("ws-setup", "--base", base, "--id", "y")
    ws("ws-teardown", "--base", base, "y")
    place = base / ".ws" / area
    helpers.run(["/usr/bin/rm", "-rf", place])
    place.symlink_to(canary)
    setup, gc = ["ws-setup", "--id", "x"], ["ws-gc", "--trash-ttl", "0s"]
    for command in (setup, ["ws-teardown", "x"], setup, ["ws-teardown", "--discard", "x"], gc):
        result = ws(*command, "--base", base, status=None)
        assert result.status in (0, 1, 65, 66, 69, 73, 75, 77, 78), result
    place.unlink()
    works(ws, base)


# ---- ids ----

IDS = ["..", ".", "../x", "a/b", "/etc", "a/../../x", "", "-x", ".hidden", "a b", "a\nb", "a\x1b[31m", "ü", "x" * 129, "spool", "trash", "store"]


@pytest.mark.parametrize("bad", IDS, ids=repr)
def test_an_id_that_is_no_name_is_refused_everywhere(ws, tmp_path, canary, bad):
    base = tmp_path / "base"
    ws("ws-setup", "--base", base, "--id", "good")
    before = helpers.tree_digest(base)
    shown = ["workspace id"] + ([bad[:100]] if bad.isprintable() and bad.isascii() else [])
    for command in (["ws-setup", f"--id={bad}"], ["ws-teardown", "--", bad], ["ws-ls", "--", bad], ["ws-ls", f"--exists={bad}"]):
        ws(command[0], "--base", base, *command[1:], status=64).complains(*shown)
    assert helpers.tree_digest(base) == before
    works(ws, base)


@pytest.mark.parametrize("option", ["--workspace", "--session"])
@pytest.mark.parametrize("bad", ["..", "a/b", "", "w\n1", "x" * 129], ids=repr)
def test_a_word_that_would_become_part_of_paths_and_keys_is_checked(ws, tmp_path, option, bad):
    words = {"--workspace": "w1", "--session": "s1", option: bad}
    ws("ws-setup", "--profile", "session", *[f"{name}={word}" for name, word in words.items()], status=64).complains(option)
    assert os.listdir(ws.home / "tmp") == []


# ---- a disk that is full ----


@pytest.fixture
def disk(tmp_path):
    """A file system of 4 MiB; grow(disk) gives it 64."""
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(["/usr/bin/mount", "-t", "tmpfs", "-o", "size=4m", "ws-test", path], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"a small disk has to be mounted: {mounted.stderr.strip()}")
    yield path
    subprocess.run(["/usr/bin/umount", "--lazy", path], check=True)


def grow(disk):
    subprocess.run(["/usr/bin/mount", "-o", "remount,size=64m", disk], check=True)


def fill(path):
    """Take every byte that is left."""
    with open(path, "wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                pass


def files(directory):
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if not path.is_dir())


def test_a_restore_onto_a_full_disk_leaves_nothing_and_succeeds_later(ws, tmp_path, disk, tree):
    (tree() / "big").write_bytes(os.urandom(6 << 20))
    expected = helpers.tree_digest(tmp_path / "tree", top=False)
    (tmp_path / "store/tasks").mkdir(parents=True)
    ws("ws-archive", "create", "-C", tmp_path / "tree", "-o", tmp_path / "store/tasks/x.tar.gz")
    setup = ["ws-setup", "--base", disk / "base", "--store", f"file://{tmp_path}/store", "--id", "x"]
    ws(*setup, status=74).complains("No space left on device")
    assert [name for name in files(disk / "base") if "reserve" not in name] == [".ws/audit.jsonl", ".ws/base.json", ".ws/gc.lock"]
    assert os.listdir(disk / "base") == [".ws"] and os.listdir(disk / "base/.ws/staging") == []
    grow(disk)
    ws(*setup)
    assert helpers.tree_digest(disk / "base/x", top=False) == expected


@pytest.mark.parametrize("left", ["a little", "nothing"])
def test_a_save_onto_a_full_disk_loses_nothing_and_succeeds_later(ws, disk, left):
    base = disk / "base"
    ws("ws-setup", "--base", base, "--id", "x")
    helpers.make_tree(base / "x/tree")
    (base / "x/big").write_bytes(os.urandom(2 << 20))
    expected = helpers.tree_digest(base / "x", top=False)
    if left == "nothing":
        fill(disk / "ballast")
    result = ws("ws-teardown", "--base", base, "x", status=None)
    assert result.status == 75 and "x is spooled" in result.stderr and "No space left on device" in result.stderr, result
    grow(disk)
    ws("ws-teardown", "--base", base, "--retry")
    assert not (base / "x").exists()
    ws("ws-setup", "--base", base, "--id", "x")
    assert helpers.tree_digest(base / "x", top=False) == expected


def test_an_archive_that_does_not_fit_is_not_left_behind(ws, tmp_path, disk, tree):
    (tree() / "big").write_bytes(os.urandom(6 << 20))
    (disk / "x.tar.gz").write_text("the old one")
    create = ["ws-archive", "create", "-C", tmp_path / "tree", "-o", disk / "x.tar.gz"]
    ws(*create, status=74).complains("x.tar.gz", "No space left on device")
    assert files(disk) == ["x.tar.gz"] and (disk / "x.tar.gz").read_text() == "the old one"
    grow(disk)
    ws(*create)
    ws("ws-archive", "verify", disk / "x.tar.gz")


def test_a_download_that_does_not_fit_is_not_left_behind(ws, disk, s3):
    bucket, body = s3.bucket(), os.urandom(6 << 20)
    s3.put(bucket, "big", body)
    (disk / "big").write_text("the old one")
    get = ["ws-s3", "get", f"s3://{bucket}/big", disk / "big"]
    ws(*get, env=s3.env, status=74).complains("big", "No space left on device")
    assert files(disk) == ["big"] and (disk / "big").read_text() == "the old one"
    grow(disk)
    ws(*get, env=s3.env)
    assert (disk / "big").read_bytes() == body


def test_a_limit_on_the_size_of_files_is_an_error_and_not_a_death(ws, tmp_path, tree):
    (tree() / "big").write_bytes(os.urandom(1 << 20))
    limited = ["/usr/bin/prlimit", "--fsize=200000", helpers.BINARY]
    result = helpers.run([*limited, "ws-archive", "create", "-C", tmp_path / "tree", "-o", tmp_path / "x.tar.gz"], status=74)
    result.complains("x.tar.gz", "File too large")
    assert not (tmp_path / "x.tar.gz").exists()
