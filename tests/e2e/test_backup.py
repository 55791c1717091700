"""ws-archive backup and restore: sets of directories and files, one manifest, restored exactly or not at all."""
import fcntl
import json
import os
import re
import shutil
import signal
import stat
import subprocess
from pathlib import Path

import pytest

import ws as helpers
from place import digest, make_files, need_root, read_files, small_disk, unmount_below, untar, wait_until
from ws import lines

OLD = {"a": "1", ".env": "secret", "dir/deep/b": "2" * 1000}
NEW = {"a": "changed", ".git/config": "stray", "other": "other"}


def manifest(where):
    return json.loads((where / "manifest.json").read_text())


def parts_of(where):
    return sorted(path for path in (where / "parts").iterdir() if not path.name.startswith("."))


def kept_of(directory):
    """Every file's content below a quarantine."""
    return [path.read_text() for path in sorted(directory.rglob("*")) if path.is_file() and ".ws-quarantine" in path.parts]


@pytest.fixture
def place(ws, tmp_path):
    """Two directories and a file, and a backup of them."""
    return Place(ws, tmp_path)


class Place:
    def __init__(self, ws, path):
        self.ws, self.path, self.backup = ws, path, path / "backup"
        self.one, self.two, self.file = path / "src/one", path / "src/two", path / "src/settings"
        self.paths = [self.one, self.two, self.file]
        self.write(OLD)

    def write(self, files):
        """Both directories have these files and nothing else."""
        for root in (self.one, self.two):
            shutil.rmtree(root, ignore_errors=True)
            make_files(root, {name: f"{root.name} {text}" for name, text in files.items()})
        self.file.write_text(json.dumps(files))
        self.file.chmod(0o640)

    def save(self, *args, **options):
        return self.ws("ws-archive", "backup", "-o", self.backup, *args, *self.paths, **options)

    def restore(self, *args, **options):
        return self.ws("ws-archive", "restore", *args, self.backup, **options)

    def state(self):
        return [digest(path) for path in self.paths]

    def leftovers(self):
        return [path for path in self.path.rglob(".ws-restore*")]


# ---- what a backup is ----


def test_each_part_is_an_archive_that_any_tar_reads_and_the_manifest_names_them_all(place, tmp_path):
    place.save()
    found = manifest(place.backup)
    assert (found["format"], found["version"], found["partial"]) == ("ws-backup", 1, False)
    assert [(part["name"], part["kind"], part["path"]) for part in found["parts"]] == [
        ("one", "tree", str(place.one)), ("two", "tree", str(place.two)), ("settings", "file", str(place.file))]
    for part, path in zip(found["parts"], place.paths, strict=True):
        archive = place.backup / part["key"]
        assert (archive.stat().st_size, helpers.file_digest(archive)) == (part["size_bytes"], part["sha256"])
        out = untar(archive.read_bytes(), tmp_path / part["name"])
        assert digest(out if path.is_dir() else out / path.name) == digest(path)


def test_a_second_backup_takes_the_place_of_the_first_and_leaves_nothing_of_it(place):
    place.save()
    first = parts_of(place.backup)
    place.write(NEW)
    place.save("--verify")
    assert len(parts_of(place.backup)) == 3 and not set(first) & set(parts_of(place.backup))
    want = place.state()
    place.write(OLD)
    place.restore()
    assert place.state() == want


def test_other_files_at_the_destination_are_nobodys_leftovers(place):
    make_files(place.backup, {"notes": "mine", "parts/mine.tar.gz": "x", "parts/mine.2025.tar.gz": "x", "parts/one.1234567890123-abc.tar.gz": "x"})
    place.save()
    place.save()
    assert len(parts_of(place.backup)) == 6 and (place.backup / "notes").exists()
    for name in ("mine.tar.gz", "mine.2025.tar.gz", "one.1234567890123-abc.tar.gz"):
        assert (place.backup / "parts" / name).exists()


def test_a_backup_in_a_bucket_or_a_directory_comes_back_exactly(place, store):
    place.ws("ws-archive", "backup", "-o", store.url, "--verify", *place.paths, env=store.env)
    want = place.state()
    place.write(NEW)
    place.ws("ws-archive", "backup", "-o", store.url, *place.paths, env=store.env)
    assert len([key for key in store.keys() if re.search(r"(^|/)parts/[^.]", key)]) == 3
    newer = place.state()
    place.write(OLD)
    place.ws("ws-archive", "restore", store.url, env=store.env)
    assert place.state() == newer != want
    place.ws("ws-archive", "restore", "--check", store.url, env=store.env)


def test_a_list_says_paths_names_and_priorities(place, tmp_path):
    (tmp_path / "list").write_text(f"# what matters\n\nlow {place.one}\ncritical second={place.two}\n  {place.file}  \n")
    plan = lines(place.ws("ws-archive", "backup", "-n", "--json", "-o", place.backup, "--list", tmp_path / "list"))[:-1]
    assert [(line["part"], line["priority"]) for line in plan] == [("second", "critical"), ("settings", "medium"), ("one", "low")]
    assert not place.backup.exists()
    place.ws("ws-archive", "backup", "-q", "--priority", "medium", "-o", place.backup, "--list", tmp_path / "list")
    assert [part["name"] for part in manifest(place.backup)["parts"]] == ["second", "settings"]
    (tmp_path / "list").write_text(f"{place.one}\n../x/../..\nno=\n")
    place.ws("ws-archive", "backup", "-n", "-o", place.backup, "--list", tmp_path / "list", status=64).complains("list line 3")


def test_names_are_made_of_paths_and_differ(ws, tmp_path):
    make_files(tmp_path, {"a/.ssh/id": "", "b/.ssh/id": "", "c/x y ä/f": ""})
    found = lines(ws("ws-archive", "backup", "-n", "--json", "-o", tmp_path / "out", tmp_path / "a/.ssh/", tmp_path / "b/.ssh", tmp_path / "c/x y ä"))
    assert [line["part"] for line in found[:-1]] == ["ssh", "ssh-2", "x-y---"]


def test_the_plan_of_a_dry_run_is_what_the_run_does(place):
    def plan(*args):
        found = lines(place.save("--json", *args))[:-1]
        return [{key: line[key] for key in ("part", "priority", "path", "kind")} for line in found]

    assert plan("-n") == plan()
    shutil.rmtree(place.two)

    def actions(*args):
        return [(line["part"], line["action"], line["path"]) for line in lines(place.restore("--json", *args))]

    before = read_files(place.path / "src")
    planned = actions("-n")
    assert read_files(place.path / "src") == before
    assert actions() == planned == [("one", "replace", str(place.one)), ("two", "create", str(place.two)), ("settings", "replace", str(place.file))]


def test_a_profile_in_the_configuration_changes_no_backup_of_paths(place, tmp_path):
    (tmp_path / "ws.conf").write_text("[ws]\nprofile = volumes\n")
    want = place.state()
    place.save("--config", tmp_path / "ws.conf")
    assert [part["name"] for part in manifest(place.backup)["parts"]] == ["one", "two", "settings"]
    place.write(NEW)
    place.restore("--config", tmp_path / "ws.conf")
    assert place.state() == want
    place.restore("--volumes", "container", status=64).complains("no profile")


# ---- restored exactly ----


def test_a_restore_is_exact_and_what_was_there_goes_to_quarantine(place):
    place.save()
    want = place.state()
    place.write(NEW)
    shown = lines(place.restore("--json"))
    assert place.state() == want
    assert read_files(shown[0]["kept"]) == {name: f"one {text}" for name, text in NEW.items()}
    assert sorted(kept_of(place.path)) == sorted([f"{root} {text}" for root in ("one", "two") for text in NEW.values()] + [json.dumps(NEW)])
    assert place.leftovers() == []


def test_discard_keeps_nothing_of_what_was_replaced(place):
    place.save()
    want = place.state()
    place.write(NEW)
    place.restore("--discard")
    assert place.state() == want and not list(place.path.rglob(".ws-quarantine"))


def test_one_part_is_restored_and_the_others_stay(place):
    place.save()
    want = digest(place.two)
    place.write(NEW)
    others = [digest(place.one), digest(place.file)]
    place.restore("--part", "two")
    assert digest(place.two) == want and [digest(place.one), digest(place.file)] == others
    place.restore("--part", "three", status=66).complains("no part three")


def test_parts_go_elsewhere_when_told_so(place, tmp_path):
    place.save()
    want = place.state()
    place.restore("-C", tmp_path / "new/place", "--to", f"settings={tmp_path}/conf/renamed")
    assert [digest(tmp_path / "new/place/one"), digest(tmp_path / "new/place/two"), digest(tmp_path / "conf/renamed")] == want
    place.restore("--to", f"nothing={tmp_path}/x", status=66)
    place.restore("--to", "one", status=64)


def test_a_part_takes_the_place_of_whatever_is_there(place, tmp_path, canary):
    place.save()
    want = place.state()
    shutil.rmtree(place.one)
    place.one.write_text("a file now")
    shutil.rmtree(place.two)
    place.two.symlink_to("nowhere")
    place.file.unlink()
    place.file.mkdir()
    place.restore()
    assert place.state() == want
    # A link to a directory is where that directory is.
    shutil.rmtree(place.one)
    (tmp_path / "elsewhere").mkdir()
    place.one.symlink_to(tmp_path / "elsewhere")
    place.restore("--part", "one")
    assert place.one.is_symlink() and digest(tmp_path / "elsewhere") == want[0]


def test_what_was_not_there_then_is_not_there_after(ws, tmp_path):
    home = ws.home
    make_files(home / "opencode", {"f": "1"})
    out = tmp_path / "backup"
    ws("ws-archive", "backup", "-q", "-o", out, "--profile", "volumes")
    assert [part["name"] for part in manifest(out)["parts"] if not part["absent"]] == ["opencode-workspace"]
    make_files(home / ".cache/opencode", {"stale": "2"})
    found = {line["part"]: line["action"] for line in lines(ws("ws-archive", "restore", "--json", out))}
    assert (found["opencode-workspace"], found["opencode-cache"], found["opencode-data"]) == ("replace", "remove", "nothing")
    assert not (home / ".cache/opencode").exists() and "2" in kept_of(home / ".cache")
    ws("ws-archive", "backup", "-o", out, tmp_path / "nothing", status=66).complains("nothing")


def test_owners_come_back_when_root_restores(place):
    need_root()
    os.chown(place.one / "a", 1234, 1235)
    os.chown(place.one, 1234, 1235)
    place.save()
    place.write(NEW)
    place.restore("--part", "one")
    assert [(path.stat().st_uid, path.stat().st_gid) for path in (place.one, place.one / "a")] == [(1234, 1235)] * 2
    place.restore("--part", "one", "--no-same-owner")
    assert (place.one / "a").stat().st_uid == 0


@pytest.mark.parametrize("where", ["one", ".ssh", ".ssh/"])
def test_ssh_keys_are_private_after_a_restore_whatever_the_archive_says(ws, tmp_path, where):
    root = make_files(tmp_path / where, {"id": "key", "deep/config": "x"})
    root.chmod(0o777)
    (root / "id").chmod(0o666)
    ws("ws-archive", "backup", "-q", "-o", tmp_path / "backup", f"{tmp_path}/{where}")
    ws("ws-archive", "restore", "-q", tmp_path / "backup")
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (root, root / "deep", root / "id", root / "deep/config")]
    assert modes == ([0o700, 0o700, 0o600, 0o600] if ".ssh" in where else [0o777, 0o755, 0o666, 0o644])


def test_paths_that_are_no_text_come_back(ws, tmp_path):
    root = os.fsencode(tmp_path) + b"/no \xff text"
    os.mkdir(root)
    with open(root + b"/f", "w") as out:
        out.write("1")
    ws("ws-archive", "backup", "-q", "-o", tmp_path / "backup", root)
    shutil.rmtree(root)
    ws("ws-archive", "restore", "-q", tmp_path / "backup")
    assert os.listdir(root) == [b"f"]


# ---- nothing is replaced by what is not whole ----


def edit(place, index, **fields):
    """Change a part in the manifest."""
    found = manifest(place.backup)
    found["parts"][index].update(fields)
    (place.backup / "manifest.json").write_text(json.dumps(found))


def damage(place, how):
    """Something that must not be restored, in the place of the second part."""
    part = place.backup / manifest(place.backup)["parts"][1]["key"]
    data = part.read_bytes()
    if how == "missing":
        part.unlink()
    elif how == "cut":
        part.write_bytes(data[:-100])
    elif how == "a bit":
        part.write_bytes(data[:60] + bytes([data[60] ^ 1]) + data[61:])
    elif how == "another archive":
        make_files(place.path / "evil", {"a": "evil"})
        place.ws("ws-archive", "create", "-q", "-C", place.path / "evil", "-o", part)
    elif how == "another sha256":
        edit(place, 1, sha256="0" * 64)
    elif how == "another number of entries":
        edit(place, 1, entries=1)
    elif how == "names of ours":
        make_files(place.path / "evil", {".ws-quarantine/x": "evil"})
        made = lines(place.ws("ws-archive", "create", "--json", "-C", place.path / "evil", "-o", part))[0]
        edit(place, 1, size_bytes=made["archive_bytes"], **{key: made[key] for key in ("sha256", "entries", "content_bytes")})
    elif how == "a plain tar of the same length":
        part.write_bytes(helpers.run(["tar", "-czf", "-", "-C", place.two, "."]).output.ljust(len(data), b"\0")[: len(data)])
    else:
        part.write_bytes(b"")


DAMAGES = ["missing", "cut", "a bit", "another archive", "another sha256", "another number of entries", "names of ours", "a plain tar of the same length", "empty"]


@pytest.mark.parametrize("how", DAMAGES)
def test_when_one_part_is_damaged_no_part_is_replaced(place, how):
    place.save()
    place.write(NEW)
    before = place.state()
    damage(place, how)
    result = place.restore(status=None)
    assert result.status == (66 if how == "missing" else 65), result
    assert "part two" in result.stderr
    assert place.state() == before and place.leftovers() == [] and kept_of(place.path / "src") == []
    for check in ("--check", "-n"):
        assert how == "names of ours" or place.restore("--check", check, status=None).status in (65, 66)
    place.restore("-q", "--part", "one", "--part", "settings")


BAD_MANIFESTS = {
    "no JSON": lambda m: "{",
    "another format": lambda m: {**m, "format": "x"},
    "a later version": lambda m: {**m, "version": 2},
    "no parts": lambda m: {**m, "parts": None},
    "a name that climbs": lambda m: {**m, "parts": [{**m["parts"][0], "name": "../x"}]},
    "a name twice": lambda m: {**m, "parts": [m["parts"][0], m["parts"][0]]},
    "a relative path": lambda m: {**m, "parts": [{**m["parts"][0], "path": "x"}]},
    "the root": lambda m: {**m, "parts": [{**m["parts"][0], "path": "/"}]},
    "an object elsewhere": lambda m: {**m, "parts": [{**m["parts"][0], "key": "../x"}]},
    "a key that climbs": lambda m: {**m, "parts": [{**m["parts"][0], "key": "parts/../../x"}]},
    "no sha256": lambda m: {**m, "parts": [{**m["parts"][0], "sha256": ""}]},
    "a priority that nobody knows": lambda m: {**m, "parts": [{**m["parts"][0], "priority": "x"}]},
}


@pytest.mark.parametrize("what", BAD_MANIFESTS)
def test_a_manifest_that_makes_no_sense_is_refused(place, what):
    place.save()
    before = place.state()
    bad = BAD_MANIFESTS[what](manifest(place.backup))
    (place.backup / "manifest.json").write_text(bad if isinstance(bad, str) else json.dumps(bad))
    result = place.restore(status=None)
    assert result.status in (64, 65) and result.stdout == "", result
    assert place.state() == before


def test_a_backup_that_is_not_there_says_so(ws, tmp_path):
    ws("ws-archive", "restore", tmp_path / "nothing", status=66).complains("nothing")
    ws("ws-archive", "restore", status=64)
    ws("ws-archive", "backup", tmp_path, status=64).complains("-o DEST")
    ws("ws-archive", "backup", "-o", tmp_path / "x", status=64).complains("nothing to back up")


def test_parts_within_one_another_and_a_backup_within_a_part_are_refused(place):
    src = place.path / "src"
    place.ws("ws-archive", "backup", "-o", place.backup, src, place.one, status=73).complains("within one another")
    for options in (["-n"], ["--quiesce", f"touch {src}/quiet"]):
        place.ws("ws-archive", "backup", *options, "-o", place.one / "backup", *place.paths, status=64).complains("lies in it")
    assert not (src / "quiet").exists()
    (place.path / "link").symlink_to(place.one)
    place.ws("ws-archive", "backup", "-o", place.path / "link/backup", *place.paths, status=64).complains("lies in it")
    assert "backup" not in os.listdir(place.one)
    place.ws("ws-archive", "backup", "-o", place.backup, "/", status=64).complains('"/"')
    place.save()
    place.restore("--to", f"two={place.one}/two", status=73).complains("within one another")
    place.restore("--to", f"two={place.path}/link/deep/two", status=73).complains("within one another")
    place.restore("--part", "two", "--to", f"two={place.path}", status=64).complains("lies in")
    place.ws("ws-archive", "backup", "-o", place.backup, f"x={place.one}", f"x={place.two}", status=73).complains("two of this name")


def test_a_partial_backup_never_replaces_a_complete_one(plain_user):
    root = make_files(plain_user.dir / "data", {"a": "1", "b": "2"})
    helpers.run(["chmod", "-R", "a+rX", root])
    out = plain_user.dir / "backup"
    plain_user("ws-archive", "backup", "-q", "-o", out, root)
    complete = (out / "manifest.json").read_bytes()
    (root / "b").write_text("new")
    (root / "b").chmod(0)
    (root / "a").write_text("newer")
    if os.geteuid() == 0:
        helpers.run(["chown", "-R", "root", root])
        root.chmod(0o755)
    plain_user("ws-archive", "backup", "-q", "-o", out, root, status=74)
    assert (out / "manifest.json").read_bytes() == complete
    result = plain_user("ws-archive", "backup", "-q", "-k", "-o", out, root, status=1)
    assert "partial" in result.stderr and (out / "manifest.json").read_bytes() == complete
    partial = json.loads((out / "manifest.partial.json").read_text())
    assert partial["partial"] is True and partial["parts"][0]["unreadable"] == 1
    plain_user("ws-archive", "restore", "-q", "-C", plain_user.dir / "complete", out)
    plain_user("ws-archive", "restore", "-q", "--partial", "-C", plain_user.dir / "partial", out)
    assert helpers.run(["cat", plain_user.dir / "complete/data/a", plain_user.dir / "complete/data/b"]).stdout == "12"
    assert os.listdir(plain_user.dir / "partial/data") == ["a"]
    (out / "manifest.json").unlink()
    plain_user("ws-archive", "restore", out, status=66).complains("restore --partial takes it")
    (root / "b").chmod(0o644)
    plain_user("ws-archive", "backup", "-q", "-o", out, root)
    assert not (out / "manifest.partial.json").exists() and len(parts_of(out)) == 1


# ---- hooks ----


def test_the_hooks_run_before_and_after(place, tmp_path):
    log = tmp_path / "log"
    place.save("--quiesce", f"echo quiet >>{log}; echo frozen >{place.one}/a", "--resume", f"echo again >>{log}; ls {place.backup} >>{log}")
    assert log.read_text().split() == ["quiet", "again", "manifest.json", "parts"]
    (place.one / "a").unlink()
    place.restore("--part", "one")
    assert (place.one / "a").read_text() == "frozen\n"


def test_a_restore_is_quiet_only_while_it_exchanges(place, tmp_path):
    place.save()
    place.write(NEW)
    log = tmp_path / "log"
    place.restore("--quiesce", f"ls -A {place.path}/src >>{log}; cat {place.one}/a >>{log}", "--resume", f"cat {place.one}/a >>{log}")
    said = log.read_text()
    assert ".ws-restore.one" in said and "one changed" in said and said.endswith("one 1")


def test_a_quiesce_that_fails_does_nothing_and_resumes(place, tmp_path):
    result = place.save("--quiesce", "echo no such container >&2; exit 3", "--resume", f"echo again >{tmp_path}/log", status=1)
    assert "no such container" in result.stderr and "status 3" in result.stderr and (tmp_path / "log").exists()
    assert not (place.backup / "manifest.json").exists()


def test_resume_runs_after_a_failure_and_a_failed_resume_is_told(place, tmp_path):
    place.paths.append(tmp_path / "nothing")
    place.save("--resume", f"echo again >{tmp_path}/log", status=66)
    place.paths.pop()
    assert not (tmp_path / "log").exists()  # what is missing shows before anything is made quiet
    place.backup.write_text("in the way")
    result = place.save("--quiesce", "true", "--resume", f"echo again >{tmp_path}/log", status=None)
    assert result.status not in (0, 1) and (tmp_path / "log").exists()
    place.backup.unlink()
    assert "--resume" in place.save("--resume", "exit 4", status=1).stderr
    assert (place.backup / "manifest.json").exists()


def test_a_hook_has_a_time_limit(place, tmp_path):
    result = place.save("--hook-timeout", "1s", "--quiesce", "exec sleep 60", "--resume", f"echo again >{tmp_path}/log", status=1)
    assert "not done in time" in result.stderr and (tmp_path / "log").exists()


def test_resume_runs_when_the_backup_is_told_to_stop(place, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    process = place.ws.start("ws-archive", "backup", "-o", place.backup, "--quiesce", f"echo quiet >{tmp_path}/quiet; read x <{tmp_path}/fifo",
                             "--resume", f"echo again >{tmp_path}/log", *place.paths)
    wait_until((tmp_path / "quiet").exists)
    process.send_signal(signal.SIGTERM)
    (tmp_path / "fifo").write_text("go\n")
    process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM and (tmp_path / "log").exists()


# ---- two at once ----


def stopped_child(parent):
    """The process of ours that strace, its parent, has stopped; strace has children of its own for a moment."""
    for pid in map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split()):
        try:
            name, state = re.match(r"\d+ \((.*)\) (.)", Path(f"/proc/{pid}/stat").read_text()).groups()
        except FileNotFoundError:
            continue
        if name == "ws" and state in "tT":
            return pid
    return None


@pytest.mark.parametrize(("call", "number", "parts"), [("flock", 2, 4), ("fsync", 13, 6)], ids=["its first part is stored", "its manifest is about to be"])
def test_of_two_backups_at_once_one_wins_and_is_whole(place, call, number, parts):
    """One is stopped; another one begins and ends; then the first goes on."""
    place.save()
    place.write(NEW)
    stop = ["strace", "-qq", "-o", "/dev/null", "-e", f"inject={call}:signal=STOP:when={number}"]
    command = [*stop, helpers.BINARY, "ws-archive", "backup", "-q", "-o", place.backup, *place.paths]
    first = subprocess.Popen(list(map(str, command)), env=place.ws.environment(), stderr=subprocess.PIPE, text=True)
    wait_until(lambda: len(parts_of(place.backup)) == parts, what="the parts")
    pid = wait_until(lambda: stopped_child(first.pid), what="the stop")
    place.save("-q")
    winner = manifest(place.backup)["id"]
    os.kill(pid, signal.SIGCONT)
    _, complaint = first.communicate(timeout=30)
    assert first.returncode == 73, complaint
    assert manifest(place.backup)["id"] == winner
    place.restore("--check")
    place.save("-q")
    assert len(parts_of(place.backup)) == 3


def test_two_restores_at_once_to_one_place_are_refused(place):
    place.save()
    stage = place.path / "src/.ws-restore.one"
    stage.mkdir(mode=0o700)
    with open(stage / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        place.restore(status=75)
    place.restore()
    assert place.leftovers() == []


def test_a_stage_of_somebody_else_and_a_quarantine_that_is_a_link_are_not_used(place, canary):
    need_root()
    place.save()
    stage = place.path / "src/.ws-restore.one"
    stage.mkdir()
    os.chown(stage, helpers.NOBODY, helpers.NOBODY)
    before = place.state()
    place.restore(status=73).complains("belongs to user")
    stage.rmdir()
    (place.path / "src/.ws-quarantine").symlink_to(canary)
    assert place.restore(status=None).status != 0
    (place.path / "src/.ws-quarantine").unlink()
    place.restore()
    assert place.state() == before


# ---- mounts ----


class Mounted:
    """Commands in a mount namespace of their own, in which `one` is a mount point with the content `files`."""

    def __init__(self, place):
        need_root()
        self.place = place
        if helpers.run(["unshare", "-m", "true"], status=None).status != 0:
            pytest.skip("no mount namespace can be had here")

    def run(self, script, status=0):
        command = ["unshare", "-m", "sh", "-e", "-c", script]
        env = {**self.place.ws.environment(), "WS": str(helpers.BINARY), "ONE": str(self.place.one), "BACKUP": str(self.place.backup)}
        return helpers.run(command, status=status, env=env)


def test_a_mount_point_keeps_its_place_and_gets_the_content_of_the_backup(place):
    place.save()
    want = digest(place.one)
    mounted = Mounted(place)
    mounted.run("""mount -t tmpfs tmpfs "$ONE"; mkdir "$ONE/lost+found" "$ONE/.git"; echo old >"$ONE/.git/config"; echo old >"$ONE/a"
        inode=$(stat -c %i:%d "$ONE")
        "$WS" ws-archive restore -n --part one "$BACKUP" | grep -q exchange
        "$WS" ws-archive restore -q --part one "$BACKUP"
        test "$inode" = "$(stat -c %i:%d "$ONE")"
        test -d "$ONE/lost+found" && rmdir "$ONE/lost+found"
        test "$(cat "$ONE"/.ws-quarantine/*/.git/config "$ONE"/.ws-quarantine/*/a)" = "old
old"
        rm -r "$ONE/.ws-quarantine"
        tar --format=posix -cf "$BACKUP.tar" -C "$ONE" .
        "$WS" ws-archive restore -q --discard --part one "$BACKUP"; test ! -e "$ONE/.ws-quarantine" """)
    (place.path / "found").mkdir()
    helpers.run(["tar", "-xpf", place.backup.with_suffix(".tar"), "-C", place.path / "found"])
    found = digest(place.path / "found")
    found["."]["mtime_ns"] = want["."]["mtime_ns"]  # the quarantine was taken out of it
    assert found == want


def test_what_restores_left_in_a_mount_is_not_saved(place):
    mounted = Mounted(place)
    mounted.run("""mount -t tmpfs tmpfs "$ONE"; mkdir "$ONE/lost+found" "$ONE/.ws-quarantine" "$ONE/.ws-restore"; echo x >"$ONE/.ws-quarantine/x"; echo y >"$ONE/y"
        "$WS" ws-archive backup -q -o "$BACKUP" "$ONE" """)
    shutil.rmtree(place.one)
    place.restore("-q")
    assert os.listdir(place.one) == ["y"]


def test_a_target_with_something_mounted_in_it_is_refused(place):
    place.save()
    mounted = Mounted(place)
    result = mounted.run('mkdir -p "$ONE/deep/er"; mount -t tmpfs tmpfs "$ONE/deep/er"; "$WS" ws-archive restore --part one "$BACKUP"', status=73)
    assert "deep/er is mounted in it" in result.stderr


def test_in_place_keeps_a_directory_that_containers_have_mounted(place):
    place.save()
    want = digest(place.one)
    place.write(NEW)
    held = os.open(place.one, os.O_RDONLY | os.O_DIRECTORY)
    shown = {line["part"]: line for line in lines(place.restore("--in-place", "--json"))}
    assert (shown["one"]["action"], shown["settings"]["action"]) == ("exchange", "replace")
    assert sorted(set(os.listdir(held)) - {".ws-quarantine"}) == sorted({name.split("/")[0] for name in OLD})
    os.close(held)
    assert read_files(shown["one"]["kept"]) == {name: f"one {text}" for name, text in NEW.items()}
    place.restore("--in-place", "--discard")
    shutil.rmtree(place.one / ".ws-quarantine")
    found = digest(place.one)
    found["."]["mtime_ns"] = want["."]["mtime_ns"]
    assert found == want


def test_in_place_fills_a_directory_that_had_nothing_in_it_and_keeps_nothing_of_it(place):
    place.save()
    want = digest(place.one)
    for options in ([], ["--discard"]):
        shutil.rmtree(place.one)
        place.one.mkdir()
        inode = place.one.stat().st_ino
        shown = lines(place.restore("--in-place", "--json", "--part", "one", *options))
        assert [("kept" in line, line["action"]) for line in shown] == [(False, "exchange")]
        assert digest(place.one) == want and place.one.stat().st_ino == inode


# ---- disk full (killed: scenarios.py) ----


def test_on_a_full_disk_nothing_is_replaced_and_the_backup_before_stays(place, tmp_path):
    disk = small_disk(tmp_path / "disk", "1m")
    try:
        (place.one / "big").write_bytes(os.urandom(1_500_000))
        helpers.make_tree(disk / "target")
        before = digest(disk / "target")
        place.save()
        place.restore("--part", "one", "--to", f"one={disk}/target", status=74)
        assert digest(disk / "target") == before and os.listdir(disk) == ["target"]
        place.backup = disk / "backup"
        place.paths = [place.two]
        place.save("-q")
        complete = (place.backup / "manifest.json").read_bytes()
        place.paths = [place.one]
        place.save("-q", status=74)
        assert (place.backup / "manifest.json").read_bytes() == complete
        place.restore("--check")
    finally:
        unmount_below(disk)
