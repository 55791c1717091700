"""Profile `volumes` (system 003, opencode-cloud): its seven places, whether they persist, and how they are mounted."""
import os
import re
import shlex
import stat

import pytest

import ws as helpers
from place import Base, Session, base, digest, file_base, make_files, need_root  # noqa: F401 (fixtures)
from repo import Repo
from ws import lines

HOME = "/home/opencoder"
VOLUMES = {  # name: (container path, path on the host, priority, directory of the workspace)
    "opencode-data": (f"{HOME}/.local/share/opencode", "~/.local/share/opencode", "critical", "data"),
    "opencode-workspace": (f"{HOME}/workspace", "~/opencode", "critical", "workspace"),
    "opencode-ssh": (f"{HOME}/.ssh", "~/.local/share/opencode-cloud/ssh", "high", "ssh"),
    "opencode-users": ("/var/lib/opencode-users", None, "high", "users"),
    "opencode-config": (f"{HOME}/.config/opencode", "~/.config/opencode-cloud/opencode", "medium", "config"),
    "opencode-state": (f"{HOME}/.local/state/opencode", "~/.local/state/opencode", "medium", "state"),
    "opencode-cache": (f"{HOME}/.cache/opencode", "~/.cache/opencode", "low", "cache"),
}


def volumes(base, *args, **options):
    return base.run("ws-setup", "--profile", "volumes", *args, **options)


def mounts_of(result):
    """[{type, source, target}] of the printed arguments."""
    words = shlex.split(result.stdout)
    specs = [words[i + 1] for i, word in enumerate(words) if word == "--mount"]
    return [dict(field.partition("=")[::2] for field in spec.split(",")) for spec in specs]


# ---- the reference ----


def test_the_container_uses_seven_persistent_storage_locations(base):
    """dcfd313: cloned repositories and SSH keys were in none of them."""
    text = volumes(base, "--explain").stdout
    sections = {head: body for head, _, body in (part.partition("]\n") for part in text.split("[")[1:])}
    for name, (container, host, priority, path) in VOLUMES.items():
        lines_of = sections[f"volume volumes {name}"].strip().splitlines()
        assert f"container = {container}" in lines_of and f"priority = {priority}" in lines_of and f"path = {path}" in lines_of
        assert (f"host = {host}" in lines_of) == (host is not None)
        assert any(line.startswith("contents = ") for line in lines_of)
    assert len([name for name in sections if name.startswith("volume ")]) == 7


@pytest.mark.parametrize("profile", ["task", "session", "flat", "volumes", "worktree", "clone"])
def test_what_is_explained_can_be_a_profile_of_the_users_own(base, tmp_path, profile):
    """By its own name in ws.conf, and under another one; what it makes is what the built-in one makes."""
    text = base.run("ws-setup", "--profile", profile, "--explain").stdout
    conf = base.ws.home / ".config/ws/ws.conf"
    conf.parent.mkdir(parents=True)
    conf.write_text(text)
    assert base.run("ws-setup", "--profile", profile, "--explain").stdout == text
    mine = re.sub(rf"^\[(\w+) {profile}\b", r"[\1 mine", text, flags=re.M)
    conf.write_text(mine)
    assert base.run("ws-setup", "--profile", "mine", "--explain").stdout == mine != text
    named = ["--workspace", "w", "--session", "s"] if profile == "session" else ["--id", "x"]
    if profile in ("worktree", "clone"):
        named += ["--git", Repo(tmp_path).path, "--branch", "b"]
    trees = []
    for name in (profile, "mine"):
        at = Base(base.ws, tmp_path / f"base-{name}")
        root = at.setup("--profile", name, *named)
        trees.append(sorted(str(path.relative_to(root)) for path in root.rglob("*") if ".git" not in path.parts))
        at.teardown("--profile", name, root.name)
    assert trees[0] == trees[1]


def test_a_profile_that_is_none_is_an_error_that_names_the_others(base):
    base.run("ws-setup", "--profile", "nothing", "--explain", status=66).complains("nothing", "volumes")


# ---- two persistence modes ----


def test_named_docker_volumes_are_mounted_to_the_container_paths(base):
    found = mounts_of(volumes(base, "--id", "v1", "--print", "docker", "--volumes", "named"))
    assert found == [{"type": "volume", "source": name, "target": VOLUMES[name][0]} for name in VOLUMES]


def test_bind_mounts_are_host_directories_that_are_made_first(base):
    home = base.ws.home
    found = mounts_of(volumes(base, "--id", "v1", "--print", "docker", "--volumes", "host"))
    for mount, (name, (container, host, _, _)) in zip(found, VOLUMES.items(), strict=True):
        if host is None:  # "opencode-users has no default bind mount"
            assert mount == {"type": "volume", "source": name, "target": container}
            continue
        path = home / host[2:]
        assert mount == {"type": "bind", "source": str(path), "target": container} and path.is_dir()
    assert stat.S_IMODE((home / ".local/share/opencode-cloud/ssh").stat().st_mode) == 0o700


def test_both_modes_mount_to_the_same_container_paths(base):
    modes = [mounts_of(volumes(base, "--id", "v1", "--print", "docker", "--volumes", how)) for how in ("workspace", "named", "host")]
    assert len({tuple(mount["target"] for mount in mode) for mode in modes}) == 1


def test_ssh_keys_are_isolated_from_the_hosts(base):
    found = mounts_of(volumes(base, "--id", "v1", "--print", "docker", "--volumes", "host"))
    assert str(base.ws.home / ".ssh") not in [mount["source"] for mount in found]
    (base.ws.home / ".ssh").mkdir()
    found = mounts_of(volumes(base, "--id", "v1", "--print", "docker", "--mount", f"{base.ws.home}/.ssh:{HOME}/.ssh"))
    assert [mount["source"] for mount in found if mount["target"] == f"{HOME}/.ssh"] == [str(base.ws.home / ".ssh")]


def test_isolated_sandbox_instances_have_their_own_seven_volumes(base):
    found = mounts_of(volumes(base, "--id", "v1", "--print", "docker", "--volumes", "named", "--instance", "MyTree"))
    assert [mount["source"] for mount in found] == [f"{name}-mytree" for name in VOLUMES]


@pytest.mark.parametrize("instance", ["", "-a", "a_b", "a.b", "ä", "a b", "x" * 33, "../x"])
def test_an_invalid_instance_is_an_error_and_not_the_shared_one(base, instance):
    volumes(base, "--id", "v1", "--print", "docker", "--instance", instance, status=64).complains("instance")
    assert not base.path.exists()


# ---- mount specifications ----


def test_a_mount_specification_takes_the_place_of_a_volume(base, tmp_path):
    (tmp_path / "mine,too").mkdir()
    result = volumes(base, "--id", "v1", "--print", "docker", "--mount", f"{tmp_path}/mine,too/:{HOME}/workspace/:RO")
    assert f"'type=bind,\"source={tmp_path}/mine,too\",target={HOME}/workspace,readonly'" in result.stdout
    assert result.stdout.count(f"target={HOME}/workspace") == 1


def test_what_is_mounted_is_what_was_asked_for_this_time_158df10(base, tmp_path):
    """Changes of mounts were ignored until the container was made anew."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        found = mounts_of(volumes(base, "--id", "v1", "--print", "docker", "--mount", f"{tmp_path}/{name}:{HOME}/workspace"))
        assert [mount["source"] for mount in found if mount["target"] == f"{HOME}/workspace"] == [str(tmp_path / name)]


BAD_MOUNTS = {
    "relative:/x": "not absolute",
    "/tmp:x": "not absolute",
    "/tmp": "no container path",
    "/tmp:/x:rx": "unknown mode",
    "/tmp:/x:ro:z": "unknown mode",
    "/tmp:/a/../etc": '".."',
    "/tmp/..:/x": '".."',
    "/tmp:/x\ny": "control character",
    "/:/x": '"/" itself',
    "/tmp:/": '"/" itself',
    "/tmp:/etc/x": "system's",
    "/tmp:/usr": "system's",
    "/tmp:/var/run": "system's",
}


@pytest.mark.parametrize("spec", BAD_MOUNTS)
def test_a_bad_mount_specification_is_an_error(base, spec):
    volumes(base, "--id", "v1", "--print", "docker", "--mount", spec, status=64).complains(BAD_MOUNTS[spec], "/HOST:/CONTAINER[:ro|rw]")


def test_mounts_are_checked_against_the_host_and_each_other(base, tmp_path):
    volumes(base, "--print", "docker", "--mount", f"{tmp_path}/nothing:/x", status=66).complains("nothing")
    volumes(base, "--print", "docker", "--mount", "/tmp:/x", "--mount", "/usr:/x/", status=64).complains("already")
    assert "target=/etc/x" in volumes(base, "--print", "docker", "--mount", "/tmp:/etc/x", "--system-mounts").stdout


# ---- what survives what: the check at start ----


class Mounts:
    """A mount namespace of its own, with mounts made by a shell script; commands run in it."""

    def __init__(self, base, directory):
        need_root()
        self.base, self.dir = base, directory
        if helpers.run(["unshare", "-m", "true"], status=None).status != 0:
            pytest.skip("no mount namespace can be had here")

    def check(self, script, *args, status=0):
        command = ["unshare", "-m", "sh", "-e", "-c", f'{script}\nexec "$@"', "sh", helpers.BINARY, "ws-setup", "--check", *args]
        return helpers.run(command, status=status, env=self.base.ws.environment(), cwd=self.dir)

    def answer(self, script, path, status):
        return lines(self.check(script, "--json", "--require-persistent", path, status=status))[0]


@pytest.fixture
def mounts(base, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "disk").mkdir()
    return Mounts(base, tmp_path)


def volume_of(name):
    """A directory on a file system of its own, as docker has its volumes; bound to data. (ext4 in a file, no device is touched.)"""
    return f"truncate -s 4M image; mkfs.ext4 -q -F image; mount -o loop image disk; mkdir -p disk/volumes/{name}/_data; mount --bind disk/volumes/{name}/_data data"


def bound_or_skip(mounts, name):
    if helpers.run(["unshare", "-m", "sh", "-e", "-c", volume_of(name)], status=None, cwd=mounts.dir).status != 0:
        # Without loop devices: the disk that the test's own directory is on does.
        return f"mkdir -p disk/volumes/{name}/_data; mount --bind disk/volumes/{name}/_data data"
    return volume_of(name)


def test_a_named_volume_is_persistent(mounts):
    found = mounts.answer(bound_or_skip(mounts, "opencode-data"), mounts.dir / "data", 0)
    assert found["answer"] == "persistent" and found["writable"] is True and found["mount_point"] == str(mounts.dir / "data")


def test_a_directory_below_a_named_volume_is_persistent_even_before_it_is_made(mounts):
    found = mounts.answer(bound_or_skip(mounts, "opencode-data") + "; mkdir data/deep", mounts.dir / "data/deep", 0)
    assert found["answer"] == "persistent" and found["exists"] is True
    found = mounts.answer(bound_or_skip(mounts, "opencode-data"), mounts.dir / "data/not/yet", 78)
    assert found["answer"] == "persistent" and found["exists"] is False and found["writable"] is False


def test_an_anonymous_volume_is_not_taken_for_persistent(mounts):
    """opencode-cloud ccbeab9: `docker run` without -v reports ext4 for all seven, and `docker rm` loses them."""
    script = bound_or_skip(mounts, "0123456789abcdef" * 4)
    assert mounts.answer(script, mounts.dir / "data", 78)["answer"] == "anonymous"
    result = mounts.check(script, "--require-persistent", mounts.dir / "data", status=78)
    assert "WARNING: Persistence is not configured for 1 of 1 paths" in result.stderr and "anonymous" in result.stdout


def test_memory_is_ephemeral(mounts):
    assert mounts.answer("mount -t tmpfs tmpfs data", mounts.dir / "data", 78)["answer"] == "ephemeral"


def test_the_deepest_mount_decides(mounts):
    script = bound_or_skip(mounts, "named") + "; mkdir data/sub; mount -t tmpfs tmpfs data/sub"
    assert mounts.answer(script, mounts.dir / "data/sub/x", 78)["answer"] == "ephemeral"
    script = "mount -t tmpfs tmpfs data; mkdir data/sub; mkdir -p disk/v; mount --bind disk/v data/sub"
    assert mounts.answer(script, mounts.dir / "data/sub", 0)["answer"] == "persistent"


def test_a_volume_that_is_not_writable_fails_the_check(mounts):
    """e3afb83: Railway's volume belongs to root."""
    script = bound_or_skip(mounts, "named") + "; mount -o remount,ro,bind data"
    result = mounts.check(script, "--require-persistent", mounts.dir / "data", status=78)
    assert "(not writable)" in result.stderr


def test_the_root_file_system_is_never_taken_for_persistent(mounts):
    assert mounts.answer(":", "/home/opencoder/workspace", None)["answer"] in ("ephemeral", "unknown")


def test_without_mountinfo_the_answer_is_unknown(mounts):
    """certmate#680: a check that cannot answer must say so."""
    script = "mount -t tmpfs tmpfs /proc"
    found = mounts.answer(script, mounts.dir / "data", 1)
    assert found["answer"] == "unknown" and "mounts" in found["reason"]
    assert "can't be told" in mounts.check(script, "--require-persistent", mounts.dir / "data", status=1).stderr


def test_the_warning_names_each_of_the_seven_paths_that_lacks_storage(base):
    result = volumes(base, "--check", "--json", status=None)
    found = {line["volume"]: line for line in lines(result)}
    assert list(found) == list(VOLUMES)
    for name, (container, _, priority, _) in VOLUMES.items():
        assert (found[name]["path"], found[name]["priority"]) == (container, priority)
    assert "WARNING: Persistence is not configured for 7 of 7 paths" in result.stderr or "can't be told" in result.stderr
    title, *rows = volumes(base, "--check", status=None).stdout.splitlines()
    assert title.split()[:3] == ["PATH", "ANSWER", "WRITABLE"] and len(rows) == 7


def test_a_required_path_that_does_not_persist_stops_setup_before_anything_is_made(mounts, base):
    command = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs tmpfs data; exec "$@"', "sh", helpers.BINARY, "ws-setup", "--id", "v1"]
    result = helpers.run([*command, "--require-persistent", mounts.dir / "data"], status=78, env=base.ws.environment(base.env), cwd=mounts.dir)
    assert "WARNING: Persistence is not configured" in result.stderr and result.stdout == ""
    assert not base.path.exists()


# ---- backing up and restoring ----


def test_all_seven_are_saved_and_restored_exactly_each_on_its_own(file_base):
    base, store = file_base, file_base.store
    root = base.setup("--profile", "volumes", "--id", "box")
    for _, _, _, path in VOLUMES.values():
        make_files(root / path, {"file": path, ".hidden/config": path})
    for name in ("ssh", "users"):  # what is private by profile
        helpers.run(["chmod", "-R", "u=rwX,go=", root / name])
    before = digest(root, top=False)
    base.teardown("box")
    keys = [key for key in store.keys() if not key.rpartition("/")[2].startswith(".")]
    assert keys == sorted(f"volumes/box/{name}.tar.gz" for name in VOLUMES)
    assert digest(base.setup("--profile", "volumes", "--id", "box"), top=False) == before


def test_a_restore_does_not_merge_with_what_was_there(file_base):
    """The documented `rm -rf /data/*` leaves dotfiles: old .git and .env were merged into the restored state."""
    base = file_base
    root = base.setup("--profile", "volumes", "--id", "box")
    make_files(root / "workspace", {"a": "1"})
    base.teardown("box")
    make_files(base.path / "box/workspace", {".env": "old", ".git/config": "old"})
    root = base.setup("--profile", "volumes", "--id", "box")
    assert os.listdir(root / "workspace") == ["a"]
    assert len(base.area("quarantine")) + len(base.area("trash")) >= 1


def test_ssh_is_private_after_a_restore_whatever_the_archive_says(file_base):
    base = file_base
    root = base.setup("--profile", "volumes", "--id", "box")
    (root / "ssh").chmod(0o755)
    (root / "users").chmod(0o777)
    base.teardown("box")
    root = base.setup("--profile", "volumes", "--id", "box")
    assert [stat.S_IMODE((root / name).stat().st_mode) for name in ("ssh", "users")] == [0o700, 0o700]


# ---- backing up your data ----


def every_volume(directory, where):
    """Something in each volume, with hidden names; {part: digest}. `where` is the place of a volume below the directory."""
    found = {}
    for name, (container, host, _, path) in VOLUMES.items():
        place = where(name, container, host, path)
        if place is None:
            continue
        make_files(directory / place, {"file": name, ".git/config": name, ".env": name})
        if name in ("opencode-ssh", "opencode-users"):
            helpers.run(["chmod", "-R", "u=rwX,go=", directory / place])
        found[name] = directory / place
    return found


WAYS = {  # how the volumes are reached: where they are below a directory, and the options that say so
    "bind mount mode": (lambda name, container, host, path: host and host[2:], "host", None),
    "named volume mode, a helper container": (lambda name, container, host, path: name, "mounts", None),
    "named volume mode, on the host of docker": (lambda name, container, host, path: f"{name}/_data", "docker", None),
    "an isolated sandbox instance": (lambda name, container, host, path: f"{name}-mytree", "mounts", "MyTree"),
    "a workspace": (lambda name, container, host, path: path, "workspace", None),
}


@pytest.mark.parametrize("way", WAYS)
def test_all_volumes_are_backed_up_and_restored_exactly(base, tmp_path, way):
    """`rm -rf /data/* && tar xzf` leaves dotfiles, so that the documented restore merges .git and .env of two states."""
    where, volumes_are, instance = WAYS[way]
    top = base.ws.home if volumes_are == "host" else tmp_path / "v"
    places = every_volume(top, where)
    how = ["--profile", "volumes", "--volumes", volumes_are, *([] if volumes_are == "host" else ["-C", top]), *(["--instance", instance] if instance else [])]
    before = {name: digest(path) for name, path in places.items()}
    saved = lines(base.ws("ws-archive", "backup", "--json", "--verify", "-o", tmp_path / "backup", *how))
    assert [line["part"] for line in saved[:-1]] == list(places)  # the most critical first
    assert len(places) == (6 if volumes_are == "host" else 7)  # "opencode-users has no default bind mount"
    for path in places.values():
        make_files(path, {"file": "later", ".git/hooks/post-commit": "stray"})
    base.ws("ws-archive", "restore", "-q", "--discard", tmp_path / "backup", *how)
    assert {name: digest(path) for name, path in places.items()} == before


def test_in_the_container_all_seven_are_at_their_container_paths(mounts, base, tmp_path):
    """--volumes container: a helper that has the mounts of the application itself."""
    paths = " ".join(f"'{container}'" for container, *_ in VOLUMES.values())
    script = (f'ws="$1"; mount -t tmpfs tmpfs /home; mount -t tmpfs tmpfs /var/lib; for p in {paths}; do mkdir -p "$p"; echo "$p" >"$p/file"; echo x >"$p/.env"; done; '
              f'"$ws" ws-archive backup -q -o {tmp_path}/backup --profile volumes --volumes container; '
              f'for p in {paths}; do rm -r "$p"; mkdir "$p"; echo later >"$p/file"; echo stray >"$p/.git"; done; '
              f'"$ws" ws-archive restore -q --discard {tmp_path}/backup --profile volumes --volumes container; '
              f'for p in {paths}; do [ "$(cat "$p/file")" = "$p" ]; ls -A "$p"; done')
    result = helpers.run(["unshare", "-m", "sh", "-e", "-c", script, "sh", helpers.BINARY], env=base.ws.environment())
    assert result.stdout.split() == [".env", "file"] * 7
    assert [line["part"] for line in lines(base.ws("ws-archive", "restore", "-n", "--json", tmp_path / "backup"))[:7]] == list(VOLUMES)


def test_a_single_volume_is_restored_and_the_other_six_stay(base, tmp_path):
    places = every_volume(tmp_path / "v", WAYS["a workspace"][0])
    how = ["--profile", "volumes", "--volumes", "workspace", "-C", tmp_path / "v"]
    base.ws("ws-archive", "backup", "-q", "-o", tmp_path / "backup", *how)
    for path in places.values():
        (path / "file").write_text("later")
    base.ws("ws-archive", "restore", "-q", "--part", "opencode-ssh", tmp_path / "backup", *how)
    assert {name: (path / "file").read_text() for name, path in places.items()} == {
        name: name if name == "opencode-ssh" else "later" for name in VOLUMES}


@pytest.mark.parametrize("verb", ["backup", "restore"])
def test_a_workspace_that_somebody_works_in_is_neither_backed_up_nor_restored_meanwhile(base, tmp_path, verb):
    root = base.setup("--profile", "volumes", "--id", "box")
    (root / "data/x").write_text("old")
    how = ["--volumes", "workspace", "-C", root, "-q"]
    backup, restore = ["ws-archive", "backup", "--profile", "volumes", "-o", tmp_path / "b", *how], ["ws-archive", "restore", tmp_path / "b", *how]
    base.ws(*backup)
    (root / "data/x").write_text("new")
    session = Session(base, "--profile", "volumes", "--id", "box")
    base.ws(*(backup if verb == "backup" else restore), status=75).complains("pid ")
    base.ws("ws-archive", "restore", "--check", tmp_path / "b", *how)  # reads the backup alone
    assert (root / "data/x").read_text() == "new"
    assert session.end()[0] == 0
    root = base.setup("--profile", "volumes", "--id", "box")
    base.ws(*restore)
    assert (root / "data/x").read_text() == "old"


def test_a_backup_of_one_instance_is_restored_to_another(base, tmp_path):
    places = every_volume(tmp_path / "v", WAYS["an isolated sandbox instance"][0])
    how = ["--profile", "volumes", "--volumes", "mounts", "-C", tmp_path / "v", "--instance"]
    base.ws("ws-archive", "backup", "-q", "-o", tmp_path / "backup", *how, "mytree")
    base.ws("ws-archive", "restore", "-q", tmp_path / "backup", *how[2:], "other")  # the profile is the backup's
    assert digest(tmp_path / "v/opencode-data-other") == digest(places["opencode-data"])


def test_critical_data_can_be_backed_up_alone(base, tmp_path):
    every_volume(tmp_path / "v", WAYS["a workspace"][0])
    saved = lines(base.ws("ws-archive", "backup", "--json", "-o", tmp_path / "backup", "--profile", "volumes", "--volumes", "workspace", "-C", tmp_path / "v",
                          "--priority", "high"))
    assert [line["part"] for line in saved[:-1]] == ["opencode-data", "opencode-workspace", "opencode-ssh", "opencode-users"]


def test_volumes_that_are_not_said_right_are_an_error(base, tmp_path):
    backup = ["ws-archive", "backup", "-n", "-o", tmp_path / "b", "--profile"]
    base.ws(*backup, "volumes", "--volumes", "mounts", status=64).complains("-C DIR")
    base.ws(*backup, "volumes", "--instance", "a", status=64).complains("--instance")
    base.ws(*backup, "volumes", "--volumes", "docker", "--instance", "../x", status=64).complains("instance")
    base.ws(*backup, "task", status=64).complains("no volumes")
    base.ws(*backup, "nothing", status=66).complains("no profile")


def test_ssh_keys_are_private_after_a_restore_of_a_workspace(file_base):
    """Private/public keys at 600 in a directory at 700, or ssh takes none of them."""
    base = file_base
    root = base.setup("--profile", "volumes", "--id", "box")
    make_files(root / "ssh", {"id_ed25519": "key", "opencode/id": "key"})
    for path in (root / "ssh/id_ed25519", root / "ssh/opencode"):
        path.chmod(0o777)
    base.teardown("box")
    root = base.setup("--profile", "volumes", "--id", "box")
    modes = [stat.S_IMODE((root / "ssh" / name).stat().st_mode) for name in ("", "id_ed25519", "opencode", "opencode/id")]
    assert modes == [0o700, 0o600, 0o700, 0o600]


# ---- reset ----


class Box:
    """A workspace with its seven volumes, and host directories for six of them, of which one was there before."""

    def __init__(self, base):
        self.base, self.home = base, base.ws.home
        make_files(self.home / "opencode", {"mine": "of the upstream installation"})
        self.root = base.setup("--profile", "volumes", "--id", "box")
        volumes(base, "--id", "box", "--print", "docker", "--volumes", "host")
        self.hosts = [self.home / host[2:] for _, host, _, _ in VOLUMES.values() if host]
        for directory in [*self.hosts, *(self.root / path for *_, path in VOLUMES.values())]:
            make_files(directory, {"data": str(directory)})

    def reset(self, tier, *args, **options):
        return lines(self.base.run("ws-teardown", "--json", "--reset", tier, *args, "box", **options))

    def full(self):
        """The directories that still have their data."""
        places = [*(self.root / path for *_, path in VOLUMES.values()), *self.hosts]
        return {path for path in places if (path / "data").exists()}

    def all(self):
        return {*(self.root / path for *_, path in VOLUMES.values()), *self.hosts}


@pytest.fixture
def box(base):
    return Box(base)


TIERS = {
    "cache": lambda box: {box.root / "cache"},
    "volumes": lambda box: {box.root / path for *_, path in VOLUMES.values()},
    "host": lambda box: {box.root / path for *_, path in VOLUMES.values()} | (set(box.hosts) - {box.home / "opencode"}),
}


@pytest.mark.parametrize("tier", TIERS)
def test_a_reset_takes_its_tier_and_nothing_else(box, tier):
    before = box.all()
    assert box.full() == before
    taken = TIERS[tier](box)
    done = box.reset(tier, "--force")
    assert {line["path"] for line in done if line["action"] == "take"} == {str(path) for path in taken}
    assert box.full() == before - taken
    assert all((box.root / path).is_dir() for *_, path in VOLUMES.values()), "the mount sources stay, empty"
    assert [stat.S_IMODE((box.root / name).stat().st_mode) for name in ("ssh", "data")] == [0o700, 0o755]
    for line in done:  # nothing is deleted yet
        assert ("moved_to" in line) == (line["action"] == "take")
        assert "moved_to" not in line or os.listdir(line["moved_to"]) == ["data"]


@pytest.mark.parametrize("tier", TIERS)
def test_the_plan_of_a_reset_is_what_the_reset_does(box, tier):
    def plan(found):
        changing = ("dry_run", "moved_to", "free_before_bytes", "free_after_bytes")
        return [{key: value for key, value in line.items() if key not in changing} for line in found]

    before = box.full()
    planned = plan(box.reset(tier))
    assert plan(box.reset(tier, "--dry-run", "--force")) == planned and box.full() == before
    assert plan(box.reset(tier, "--force")) == planned


def test_a_reset_shows_the_disk_usage_before_and_after(box):
    for path in box.all():
        make_files(path, {"data": "x" * 300_000})
    held = sum(int(helpers.run(["du", "-s", "--block-size=1", path / "data"]).stdout.split()[0]) for path in TIERS["volumes"](box))
    *_, planned = box.reset("volumes")
    *_, done = box.reset("volumes", "--force", "--purge")
    for line in (planned, done):
        assert line["action"] == "total" and line["place"] == str(box.base.path) and line["bytes"] == held
        assert line["free_before_bytes"] > 0 and line["free_after_bytes"] > 0
    text = box.base.run("ws-teardown", "--reset", "volumes", "box").stdout.splitlines()[-1]
    assert re.fullmatch(rf"would take 0 B; free in {box.base.path}: .+ before, .+ after", text), text


def test_a_file_with_several_names_counts_once_in_a_reset(box):
    make_files(box.root / "workspace", {"data": "x" * 300_000})
    os.link(box.root / "workspace/data", box.root / "workspace/again")
    os.link(box.root / "workspace/data", box.root / "cache/again")
    *items, total = box.reset("volumes")
    held = int(helpers.run(["du", "-sc", "--block-size=1", *(box.root / path for *_, path in VOLUMES.values())]).stdout.split()[-2])
    directories = sum(path.stat().st_blocks * 512 for path in TIERS["volumes"](box))
    assert total["bytes"] == held - directories and {item["shared_bytes"] for item in items} == {0}


def test_a_host_directory_that_was_there_before_is_never_reset(box):
    """`occ reset host` deletes ~/opencode, which is shared with a vanilla upstream installation."""
    kept = {line["path"]: line["reason"] for line in box.reset("host", "--force", "--purge") if line["action"] == "keep"}
    assert kept == {str(box.home / "opencode"): "not-made-by-ws"}
    assert (box.home / "opencode/mine").read_text() == "of the upstream installation"
    assert not (box.home / ".cache/opencode").exists()
    assert box.base.area("trash") == []


def test_a_directory_that_somebody_put_in_the_place_is_never_reset(box, canary):
    cache = box.home / ".cache/opencode"
    cache.rename(cache.with_name("moved"))
    cache.mkdir()
    (cache / "data").write_text("somebody's")
    state = box.home / ".local/state/opencode"
    state.rename(state.with_name("moved"))
    state.symlink_to(canary)
    reasons = {line["path"]: line["reason"] for line in box.reset("host", "--force") if line["place"] == "host"}
    assert (reasons[str(cache)], reasons[str(state)]) == ("replaced-since", "no-directory")
    assert (cache / "data").read_text() == "somebody's"


def test_a_reset_of_a_workspace_in_use_or_without_volumes_is_refused(base, box):
    base.setup("--id", "plain")
    base.run("ws-teardown", "--reset", "cache", "plain", status=64).complains("no volumes")
    base.run("ws-teardown", "--reset", "cache", "nothing", status=66)
    base.run("ws-teardown", "--reset", "everything", "box", status=64)
    base.run("ws-teardown", "--force", "box", status=64)
    base.run("ws-teardown", "--reset", "cache", "--discard", "box", status=64)
    session = Session(base, "--profile", "volumes", "--id", "box")
    base.run("ws-teardown", "--reset", "cache", "--force", "box", status=75)
    assert session.end()[0] == 0


def test_a_reset_is_saved_like_any_other_change(file_base):
    base = file_base
    root = base.setup("--profile", "volumes", "--id", "box")
    make_files(root, {"cache/x": "1", "data/x": "2"})
    base.teardown("box")
    base.setup("--profile", "volumes", "--id", "box")
    base.run("ws-teardown", "--reset", "cache", "--force", "-q", "box")
    base.teardown("box")
    root = base.setup("--profile", "volumes", "--id", "box")
    assert os.listdir(root / "cache") == [] and (root / "data/x").read_text() == "2"


# ---- platforms ----


def test_a_host_with_one_volume_is_told_which_paths_reset_on_each_deploy(mounts):
    """Railway: one volume, at the most critical path."""
    data = f"{HOME}/.local/share/opencode"
    script = bound_or_skip(mounts, "railway") + "; mount -t tmpfs tmpfs /home; mkdir -p " + data + "; mount --bind data " + data
    result = mounts.check(script, "--profile", "volumes", "--json", status=78)
    found = {line["path"]: line["answer"] for line in lines(result)}
    assert found[data] == "persistent" and found[f"{HOME}/workspace"] == "ephemeral"
    assert "WARNING: Persistence is not configured" in result.stderr and f"{HOME}/.ssh (ephemeral)" in result.stderr


def test_a_dry_run_makes_no_host_directories(base):
    volumes(base, "--id", "v1", "-n", "--print", "docker", "--volumes", "host")
    assert not (base.ws.home / "opencode").exists()
