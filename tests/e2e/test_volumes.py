"""Profile `volumes` (system 003, opencode-cloud): its seven places, whether they persist, and how they are mounted."""
import json
import os
import shlex
import stat

import pytest

import ws as helpers
from place import base, digest, file_base, make_files, need_root  # noqa: F401 (fixtures)

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


def lines(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def volumes(base, *args, **options):
    return base.run("ws-setup", "--profile", "volumes", *args, **options)


def mounts_of(result):
    """[{type, source, target}] of the printed arguments."""
    words = shlex.split(result.stdout)
    specs = [words[i + 1] for i, word in enumerate(words) if word == "--mount"]
    return [dict(field.partition("=")[::2] for field in spec.split(",")) for spec in specs]


# ---- the reference ----


def test_the_container_uses_seven_persistent_storage_locations(base):
    text = volumes(base, "--explain").stdout
    sections = {head: body for head, _, body in (part.partition("]\n") for part in text.split("[")[1:])}
    for name, (container, host, priority, path) in VOLUMES.items():
        lines_of = sections[f"volume volumes {name}"].strip().splitlines()
        assert f"container = {container}" in lines_of and f"priority = {priority}" in lines_of and f"path = {path}" in lines_of
        assert (f"host = {host}" in lines_of) == (host is not None)
        assert any(line.startswith("contents = ") for line in lines_of)
    assert len([name for name in sections if name.startswith("volume ")]) == 7


def test_an_explained_profile_can_be_used_as_configuration(base, tmp_path):
    for profile in ("task", "session", "volumes"):
        text = base.run("ws-setup", "--profile", profile, "--explain").stdout
        (tmp_path / "ws.conf").write_text(text)
        assert base.run("ws-setup", "--config", tmp_path / "ws.conf", "--profile", profile, "--explain").stdout == text
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
