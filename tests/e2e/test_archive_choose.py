"""What create stores and in which order: .gitignore files (against git), caches, restore priority."""
import json
import os
import random
import shutil
import stat
import tarfile

import pytest

import ws as helpers
from place import make_files, read_files

SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55\n# made by a test\n"


def stored(ws, root, *options):
    """The names in an archive of the tree, in its order."""
    archive = root.parent / "chosen.tar.gz"
    ws("ws-archive", "create", "-q", "-C", root, "-o", archive, *options)
    return ws("ws-archive", "list", "--names", archive).stdout.splitlines()


def make(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


# ---- ignore files ----

NAMES = ["a", "b", "ab", "a.c", "b.o", "x y", "doc", "log1"]
PIECES = ["a", "b", "*", "?", "*.o", "*.c", "[ab]", "a*", "**", "doc", "log[0-9]", "[!a]", "ab", "x y", "\\a", "[[:alpha:]]*[[:digit:]]", "[![:alpha:]]", "[a-[:digit:]]", "[[:odd:]]"]


def random_pattern(chance):
    parts = [chance.choice(PIECES) for _ in range(chance.choice([1, 1, 1, 2, 2, 3]))]
    text = "/".join(parts)
    return chance.choice(["", "", "", "!"]) + chance.choice(["", "", "/"]) + text + chance.choice(["", "", "/"])


def random_tree(chance, root, depth=0):
    for name in chance.sample(NAMES, 5 if depth else 7):
        if depth < 3 and chance.random() < 0.45:
            (root / name).mkdir()
            random_tree(chance, root / name, depth + 1)
        else:
            (root / name).write_text("x")
    if depth == 0 or chance.random() < 0.3:
        lines = [random_pattern(chance) for _ in range(chance.randrange(1, 5))]
        odd = chance.choice(["# comment", "", "a[", "trailing  ", "\\#x", "\\!x", "a\r"])
        (root / ".gitignore").write_text("\n".join([*lines, odd]) + "\n")


def ignored_by_git(git, root):
    """What git does not see: it is asked for every path, and what lies below an ignored directory is ignored too."""
    names = sorted(os.path.relpath(os.path.join(top, name), root) for top, dirs, files in os.walk(root) for name in dirs + files)
    names = [name for name in names if not (name + "/").startswith(".git/")]
    asked = "\0".join(names) + "\0"
    told = helpers.run([git, "-C", root, "check-ignore", "--no-index", "-z", "--stdin"], input=asked.encode(), status=None)
    assert told.status in (0, 1), told.stderr
    return set(names), set(filter(None, told.stdout.split("\0")))


@pytest.mark.parametrize("seed", range(25))
def test_ignore_files_mean_what_they_mean_to_git(ws, tmp_path, seed):
    git = shutil.which("git")
    if not git:
        pytest.skip("there is no git")
    chance = random.Random(seed)
    root = tmp_path / "tree"
    root.mkdir()
    random_tree(chance, root)
    helpers.run([git, "init", "-q", root])
    (root / ".git/info/exclude").write_text(random_pattern(chance) + "\n")
    names, ignored = ignored_by_git(git, root)
    ours = {name for name in stored(ws, root, "--exclude-vcs-ignores", "--exclude", "/.git") if name != "."}
    assert ours == names - ignored


def test_without_the_option_ignore_files_are_files(ws, tmp_path):
    make(tmp_path / "tree", "kept", "left")
    (tmp_path / "tree/.gitignore").write_text("left\n")
    assert stored(ws, tmp_path / "tree") == [".", ".gitignore", "kept", "left"]
    assert stored(ws, tmp_path / "tree", "--exclude-vcs-ignores") == [".", ".gitignore", "kept"]


# ---- caches ----


def test_of_a_cache_directory_the_tag_is_stored(ws, tmp_path):
    root = tmp_path / "tree"
    make(root, "src/main.c", "cache/blob", "cache/sub/blob", "false/blob")
    (root / "cache/CACHEDIR.TAG").write_bytes(SIGNATURE)
    (root / "false/CACHEDIR.TAG").write_bytes(b"Signature: something else\n")
    everything = [".", "cache", "cache/CACHEDIR.TAG", "cache/blob", "cache/sub", "cache/sub/blob", "false", "false/CACHEDIR.TAG", "false/blob", "src", "src/main.c"]
    assert sorted(stored(ws, root)) == sorted(everything)
    few = [name for name in everything if not name.startswith("cache/") or name.endswith("TAG")]
    assert stored(ws, root, "--exclude-caches") == few
    assert sorted(stored(ws, root, "--exclude-caches", "--order")) == sorted(few)


# ---- order ----


def test_what_is_needed_first_comes_first_and_nothing_is_lost(ws, tmp_path):
    root = tmp_path / "tree"
    make(
        root, "node_modules/a/index.js", "node_modules/.git/config", "src/main.c", "src/node_modules/b.js", "package-lock.json", ".git/HEAD",
        ".git/refs/x", "sub/.git/HEAD", "sub/Cargo.lock", "target/debug/ws", "README", "src/target", ".cache/x",
    )
    os.link(root / "README", root / "node_modules/same")
    names = stored(ws, root, "--order")
    assert sorted(names) == sorted(stored(ws, root))
    late = [n for n in names if {"node_modules", ".cache"} & set(n.split("/")) or n.startswith("target")]
    early = [n for n in names if n not in late and (".git" in n.split("/") or n.endswith((".json", ".lock")) or (root / n).is_dir())]
    middle = [n for n in names if n not in late and n not in early]
    assert names == early + middle + late
    assert set(middle) == {"src/main.c", "README", "src/target"}
    archive = root.parent / "chosen.tar.gz"
    ws("ws-archive", "verify", "-q", archive)
    ws("ws-archive", "extract", "-q", "-C", tmp_path / "out", archive)
    assert helpers.tree_digest(root) == helpers.tree_digest(tmp_path / "out")
    assert ws("ws-archive", "cat", archive, "node_modules/a/index.js").stdout == "node_modules/a/index.js"


def test_jobs_and_threads_are_one_and_change_no_byte(ws, tree, tmp_path):
    root = tree()
    for number, how in enumerate((["--jobs", "1"], ["--jobs", "9"], ["-T", "2"])):
        ws("ws-archive", "create", "-q", "-C", root, *how, "-o", tmp_path / f"{number}.tar.gz")
    assert len({(tmp_path / f"{number}.tar.gz").read_bytes() for number in range(3)}) == 1


# ---- secrets ----


SECRETS = {"app/.env": "KEY=1", ".ssh/id_ed25519": "key", "tls.pem": "cert", ".aws/credentials": "aws"}
OTHERS = {"app/.env.example": "KEY=", ".ssh/id_ed25519.pub": "public", "main.c": "int x;"}


def create_with(ws, tmp_path, *args, **options):
    """The paths of the files in an archive of both; the result."""
    tree = tmp_path / "tree"
    if not tree.exists():
        make_files(tree, {**SECRETS, **OTHERS})
    result = ws("ws-archive", "create", "-C", tree, "-o", tmp_path / "a.tar.gz", *args, **options)
    with tarfile.open(tmp_path / "a.tar.gz") as archive:
        return {member.name for member in archive if member.isfile()}, result


def test_who_reviews_before_archival_is_told_what_looks_like_a_secret(ws, tmp_path):
    """Documents 000 and 003: a workspace may hold keys and credentials. What was archived is for its owner alone."""
    names, result = create_with(ws, tmp_path)
    assert names == {*SECRETS, *OTHERS} and "4 files look like secrets" in result.stderr and "--secrets exclude" in result.stderr
    assert stat.S_IMODE((tmp_path / "a.tar.gz").stat().st_mode) == 0o600
    for order in ([], ["--order"]):
        assert json.loads(create_with(ws, tmp_path, "--json", *order)[1].stdout)["secrets"] == 4
    assert create_with(ws, tmp_path, "--secrets", "keep", "-q")[1].stderr == ""


@pytest.mark.parametrize("order", [[], ["--order"]])
def test_secrets_can_be_left_out_and_each_is_named(ws, tmp_path, order):
    names, result = create_with(ws, tmp_path, "--secrets", "exclude", *order)
    assert names == set(OTHERS)
    for name in SECRETS:
        assert f"'{name}' is left out: it looks like a secret" in result.stderr
    names, _ = create_with(ws, tmp_path, "--secrets", "exclude", "app/.env", ".ssh")
    assert names == {"app/.env", ".ssh/id_ed25519.pub"}, "what is asked for by name is meant"


def test_an_archive_can_be_encrypted_on_its_way(ws, tmp_path):
    tree = make_files(tmp_path / "tree", {**SECRETS, **OTHERS})
    script = '"$ws" ws-archive create -q -C tree -o - | openssl enc -aes-256-ctr -pbkdf2 -k pass >file && openssl enc -d -aes-256-ctr -pbkdf2 -k pass <file | "$ws" ws-archive extract -q -C out -'
    helpers.run(["bash", "-o", "pipefail", "-c", script], env=ws.environment({"ws": str(helpers.BINARY)}), cwd=tmp_path)
    assert read_files(tmp_path / "out") == read_files(tree) and b"KEY=1" not in (tmp_path / "file").read_bytes()


# ---- dry runs ----


@pytest.mark.parametrize("options", [[], ["--order"], ["--exclude-caches"], ["--exclude", "*.o"], ["--exclude-vcs-ignores"], ["--secrets", "exclude"],
                                     ["--format", "tar.zst"], ["--devices"]], ids=" ".join)
def test_a_dry_run_names_what_the_run_stores(ws, tmp_path, options):
    root = tmp_path / "t"
    make(root, "a.c", "a.o", ".env", "src/b.c", "src/b.o", "cache/x", "node_modules/y/z")
    (root / "cache/CACHEDIR.TAG").write_bytes(SIGNATURE)
    (root / ".gitignore").write_text("src/\n")
    (root / "link").symlink_to("a.c")
    os.link(root / "a.c", root / "hard")
    os.mkfifo(root / "fifo")
    run = ws("ws-archive", "create", "-C", root, "--dry-run", "--json", "-o", tmp_path / "no.tar.gz", *options)
    would = [json.loads(line) for line in run.stdout.splitlines()]
    assert sorted(line["source"] for line in would) == sorted(stored(ws, root, *options))
    assert all(line["dry_run"] for line in would) and not (tmp_path / "no.tar.gz").exists()
    assert ("'fifo' is left out" in run.stderr) == (options != ["--devices"]) and f"{len(would)} entries" in run.stderr


def test_a_dry_run_opens_no_file_and_no_store(ws, tmp_path):
    make(tmp_path / "t", "a")
    shown = ws("ws-archive", "create", "-n", "-C", tmp_path / "t", "-o", "s3://nowhere/a.tar.gz")
    assert shown.stdout == "(dry run) store: .\n(dry run) store: a\n"
