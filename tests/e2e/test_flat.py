"""Profile `flat` (system 002, Denker): one directory of files by name, its registry, moving out, cleanup, migration."""
import json
import os
import signal

import pytest

import ws as helpers
from place import Session, base, file_base, finish, make_files, need_root, read_files  # noqa: F401 (fixtures)

REGISTRY = "workspace_metadata.json"


class Flat:
    """A base with the flat workspace "default"."""

    def __init__(self, base):
        self.base, self.root = base, base.setup("--profile", "flat")

    def setup(self, *args, **options):
        return self.base.run("ws-setup", "--profile", "flat", *args, **options)

    def file(self, verb, *args, status=0, **options):
        """ws-file VERB [OPTIONS] default ARGS"""
        return self.base.run("ws-file", verb, "default", *args, status=status, **options)

    def put(self, name, text="x", *args, **options):
        return self.file("put", "-", name, *args, input=text, **options)

    def registry(self):
        return json.loads((self.root / REGISTRY).read_text())

    def names(self):
        return sorted(set(os.listdir(self.root)) - {REGISTRY})


@pytest.fixture
def flat(base):
    return Flat(base)


# ---- "Workspace Structure" ----


def test_it_always_uses_the_default_session_for_predictable_file_locations(ws, tmp_path):
    root = ws("ws-setup", "--profile", "flat").stdout.strip()
    assert root == str(ws.home / "tmp/denker_workspace/default")
    assert ws("ws-setup", "--profile", "flat").stdout.strip() == root


def test_the_registry_has_the_fields_that_the_system_had(flat):
    flat.put("report.md", "text", "--agent", "creator")
    registry = flat.registry()
    assert set(registry) == {"session_id", "created", "files", "agents"} and registry["session_id"] == "default"
    entry = registry["files"]["report.md"]
    assert set(entry) == {"file_id", "path", "absolute_path", "agent", "created", "size", "metadata"}
    assert (entry["file_id"], entry["path"], entry["absolute_path"]) == ("report.md", "report.md", str(flat.root / "report.md"))
    assert (entry["agent"], entry["size"], entry["metadata"]) == ("creator", 4, {})
    assert registry["agents"] == {"creator": ["report.md"]}


def test_agents_share_files_across_through_the_registry(flat):
    """One makes it, another finds and edits it by its simple name."""
    flat.put("report.md", "draft", "--agent", "markdown-editor")
    assert flat.file("cat", "report.md").stdout == "draft"
    flat.put("report.md", "final", "--force", "--agent", "editor")
    flat.put("chart.png", "png", "--agent", "creator")
    assert flat.registry()["agents"] == {"editor": ["report.md"], "creator": ["chart.png"]}
    assert flat.file("cat", "report.md").stdout == "final"


def test_the_workspace_can_lie_where_the_data_of_the_application_is(ws, tmp_path):
    """Production: $DENKER_MEMORY_DATA_PATH/../workspace/default/, which the code detected and did not use."""
    (tmp_path / "memory").mkdir()
    root = ws("ws-setup", "--profile", "flat", env={"WORKSPACE_DIR": f"{tmp_path}/memory/../workspace"}).stdout.strip()
    assert root == f"{tmp_path}/workspace/default"


PATHS = ["a/report.md", "/tmp/report.md", "../report.md", "sub/", "..", "."]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_an_error_that_says_so_and_is_never_cut_to_its_name(flat, path):
    """a/report.md and b/report.md collided."""
    flat.put(path, status=64).complains("is a path", "names only")
    for verb in ("cat", "ls"):
        flat.file(verb, path, status=64).complains("is a path")
    flat.file("mv", path, "/tmp", status=64)
    assert flat.names() == []


def test_the_registry_itself_is_no_file_to_put_or_move(flat, tmp_path):
    flat.put(REGISTRY, status=64).complains("registry")
    flat.file("mv", REGISTRY, tmp_path, status=64)
    assert flat.registry()["files"] == {}


def test_a_name_that_is_taken_is_an_error_and_not_the_old_file_silently(flat):
    flat.put("report.md", "old")
    flat.put("report.md", "new", status=73).complains("report.md is there already")
    assert (flat.root / "report.md").read_text() == "old" and flat.registry()["files"]["report.md"]["size"] == 3
    flat.put("report.md", "newer", "--force", "--agent", "editor")
    assert flat.registry()["files"]["report.md"]["size"] == 5 and flat.registry()["agents"] == {"editor": ["report.md"]}


def test_file_ids_of_names_that_would_be_equal_differ(flat):
    flat.put("a_b")
    flat.put("a\\b")
    files = flat.registry()["files"]
    assert len(files) == 2 and {entry["path"] for entry in files.values()} == {"a_b", "a\\b"}
    assert all(entry["file_id"] == key for key, entry in files.items())


# ---- registry ----


def test_no_entry_is_lost_when_many_put_at_once(flat):
    """Each MCP server process held its own copy of the registry."""
    started = [flat.base.start("ws-file", "put", "--agent", f"agent{i % 3}", "default", "/etc/hostname", f"file{i}") for i in range(24)]
    assert [finish(process)[0] for process in started] == [0] * 24
    registry = flat.registry()
    assert sorted(registry["files"]) == sorted(f"file{i}" for i in range(24))
    assert sorted(name for names in registry["agents"].values() for name in names) == sorted(registry["files"])


def test_the_registry_follows_what_agents_do_themselves(flat):
    make_files(flat.root, {"theirs.md": "123"})
    flat.put("mine.md")
    files = flat.registry()["files"]
    assert files["theirs.md"]["agent"] == "unknown" and files["theirs.md"]["size"] == 3
    (flat.root / "theirs.md").unlink()
    flat.setup()
    assert list(flat.registry()["files"]) == ["mine.md"]


def test_flat_structure_no_subdirectories_what_an_agent_made_all_the_same_is_told_and_not_lost(file_base):
    root = file_base.setup("--profile", "flat", "--id", "default")
    make_files(root, {"sub/a.md": "a", "b.md": "b"})
    result = file_base.run("ws-setup", "--profile", "flat", "--id", "default")
    assert '"sub" is no file' in result.stderr and list(json.loads((root / "workspace_metadata.json").read_text())["files"]) == ["b.md"]
    file_base.teardown("default")
    assert (file_base.setup("--profile", "flat", "--id", "default") / "sub/a.md").read_text() == "a"


def test_what_agents_noted_in_the_registry_is_kept(flat):
    flat.put("a")
    registry = flat.registry()
    registry["theirs"] = {"x": 1}
    registry["files"]["a"]["metadata"] = {"type": "chart"}
    (flat.root / REGISTRY).write_text(json.dumps(registry))
    flat.put("b")
    assert flat.registry()["theirs"] == {"x": 1} and flat.registry()["files"]["a"]["metadata"] == {"type": "chart"}


def test_a_damaged_registry_is_made_anew_and_the_old_one_kept(flat):
    flat.put("a")
    (flat.root / REGISTRY).write_text('{"files": {')
    flat.put("b")
    assert {"a", "b"} <= set(flat.registry()["files"])
    damaged = [name for name in flat.names() if name.startswith(f"{REGISTRY}.damaged-")]
    assert len(damaged) == 1 and (flat.root / damaged[0]).read_text() == '{"files": {'


def test_names_that_are_no_text_are_files_like_any_other(flat, tmp_path):
    """Two that look the same with U+FFFD in place of what is none; the registry ended setup, put and mv with an abort."""
    for name in (b"caf\xe9", b"caf\xe8"):
        (flat.root / os.fsdecode(name)).write_bytes(name)
    flat.put("first.md", "text")
    before = flat.registry()["files"]
    assert {entry.get("path_hex") for entry in before.values()} == {None, b"caf\xe9".hex(), b"caf\xe8".hex()}
    flat.setup()
    assert flat.registry()["files"] == before
    (key,) = [key for key, entry in before.items() if entry.get("path_hex") == b"caf\xe8".hex()]
    assert flat.file("cat", key).output == b"caf\xe8"
    flat.file("mv", "--allow", tmp_path, os.fsdecode(b"caf\xe9"), tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"caf\xe9" and set(flat.registry()["files"]) == {key, "first.md"}


@pytest.mark.parametrize("path", ["/etc/passwd", "../../x", "a/../../etc/passwd"])
def test_a_registry_that_an_agent_wrote_leads_nowhere(flat, path):
    flat.put("a")
    registry = flat.registry()
    registry["files"]["evil"] = {"file_id": "evil", "path": path, "absolute_path": path}
    (flat.root / REGISTRY).write_text(json.dumps(registry))
    flat.file("cat", "evil", status=66)
    flat.put("b")
    assert sorted(flat.registry()["files"]) == ["a", "b"]


def test_the_registry_belongs_to_the_agent_when_root_writes_it(base):
    need_root()
    root = base.setup("--profile", "flat", "--user", "1000:1000")
    base.run("ws-file", "put", "default", "-", "a", input="x")
    assert [(path.stat().st_uid, path.stat().st_gid) for path in (root / "a", root / REGISTRY)] == [(1000, 1000)] * 2


# ---- "File Discovery" ----


def test_a_file_is_found_by_name_by_id_and_by_the_beginning_of_its_name(flat):
    flat.put("analysis.pdf", "pdf")
    flat.put("a\\b", "by id")
    assert flat.file("cat", "analysis.pdf").stdout == "pdf"
    assert flat.file("cat", "a_b").stdout == "by id"
    assert flat.file("cat", "anal").stdout == "pdf"
    flat.file("cat", "pdf", status=66).complains('"pdf"')


def test_ambiguity_is_an_error_with_the_candidates(flat):
    """The first substring match won."""
    for name in ("report.md", "report.pdf", "report"):
        flat.put(name, name)
    flat.file("cat", "repo", status=73).complains("report, report.md, report.pdf")
    assert flat.file("cat", "report").stdout == "report"
    flat.file("mv", "report.", "/tmp", status=73).complains("report.md, report.pdf")
    assert len(flat.names()) == 3


# ---- "For User-Requested Output Locations" ----


def test_the_final_file_goes_to_the_desired_location_and_out_of_the_registry(flat, tmp_path):
    for name in ("report.md", "report.pdf"):
        flat.put(name, name)
    flat.file("mv", "report.pdf", tmp_path / "final.pdf")
    assert (tmp_path / "final.pdf").read_text() == "report.pdf"
    assert flat.names() == ["report.md"] and list(flat.registry()["files"]) == ["report.md"]
    flat.file("mv", "report.md", tmp_path / "final.pdf", status=73)
    assert (tmp_path / "final.pdf").read_text() == "report.pdf" and flat.names() == ["report.md"]


def test_all_file_operations_are_logged_and_tracked(flat, tmp_path):
    flat.put("report.md")
    flat.file("mv", "report.md", tmp_path)
    make_files(tmp_path / "old/denker_1", {"file": "x"})
    flat.setup("--migrate", tmp_path / "old")
    flat.base.teardown("default")
    lines = [line for line in flat.base.journal() if line["id"] == "default"]
    assert next(line["to"] for line in lines if line["event"] == "move-out") == f"{tmp_path}/report.md"
    events = [line["event"] for line in lines]
    told = ["create", "put", "move-out", "put", "migrate", "save", "trash"]
    assert [event for event in events if event in told] == told


# ---- "Auto-Cleanup Behavior" ----


def test_an_ephemeral_workspace_is_removed_when_the_application_shuts_down(base):
    base.run("ws-setup", "--profile", "flat", "--ephemeral", "--", "sh", "-c", "echo x >file; exit 7", status=7)
    assert not (base.path / "default").exists() and base.area("spool") == [] and base.area("trash") == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_is_removed_when_the_application_receives_termination_signals(base, number):
    """The handler scheduled its cleanup and then exited."""
    session = Session(base, "--profile", "flat", "--ephemeral")
    assert (base.path / "default").is_dir()
    session.signal(number)
    assert finish(session.process)[0] == 128 + number
    assert not (base.path / "default").exists()


def test_a_restart_with_other_settings_never_deletes_work(base):
    """agents.py:669: changed settings removed the live workspace."""
    flat = Flat(base)
    flat.put("work.md", "work")
    flat.setup("--label", "theme=dark")
    flat.setup("--owner", "someone")
    assert (flat.root / "work.md").read_text() == "work"
    Session(base, "--profile", "flat", "--label", "x=y").end()
    assert (base.setup("--profile", "flat") / "work.md").read_text() == "work"


def test_an_option_makes_nothing_temporary_that_was_left_to_be_found_again(base):
    flat = Flat(base)
    flat.put("work.md", "work")
    flat.setup("--ephemeral", status=73).complains("default is there already", "--ephemeral")
    base.run("ws-setup", "--profile", "flat", "--ephemeral", "--", "rm", "work.md", status=73)
    assert (flat.root / "work.md").read_text() == "work"
    flat.base.teardown("default")
    base.run("ws-setup", "--profile", "flat", "--ephemeral", "--", "rm", "work.md")
    assert not flat.root.exists() and (Flat(base).root / "work.md").read_text() == "work", "what is in the store stays there"


def test_removal_is_decided_by_what_setup_made_and_not_by_what_a_path_is_called(base, tmp_path):
    """A substring of the path decided an rmtree."""
    mine = make_files(tmp_path / "base/denker_workspace/temp/workspace", {"mine": "1"})
    base.run("ws-setup", "--profile", "flat", "--ephemeral", "--", "true")
    base.teardown("--discard", "denker_workspace", status=66)
    assert read_files(mine) == {"mine": "1"}


def test_a_link_that_somebody_put_in_the_place_of_the_base_is_refused(base, tmp_path):
    """/tmp/denker_workspace is a name that any local user can take first."""
    (tmp_path / "elsewhere").mkdir()
    base.path.symlink_to(tmp_path / "elsewhere")
    base.run("ws-setup", "--profile", "flat", status=64).complains("symbolic link")
    assert os.listdir(tmp_path / "elsewhere") == []


# ---- "Migration from Old Sessions" ----


@pytest.fixture
def old(tmp_path):
    """Three old sessions with files in common."""
    top = tmp_path / "old"
    make_files(top / "denker_100", {"report.md": "oldest", "sub/deep/chart.png": "chart", REGISTRY: "{}"})
    make_files(top / "denker_2000", {"report.md": "newest", "same.txt": "same"})
    make_files(top / "denker_300", {"report.md": "middle", "sub/same.txt": "same"})
    make_files(top / "denker_x", {"file": "no session"})
    make_files(top / "denker_", {"file": "no session"})
    return top


def migrate(flat, old, *args, **options):
    result = flat.setup("--migrate", old, "--json", *args, **options)
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_every_file_of_every_session_arrives(flat, old):
    """Only the newest was copied, one level deep, and all were deleted."""
    before = {name: read_files(old / name) for name in ("denker_100", "denker_300", "denker_2000")}
    migrate(flat, old)
    arrived = [(flat.root / name).read_text() for name in flat.names()]
    assert set(arrived) == {text for files in before.values() for text in files.values()}
    assert (flat.root / "report.md").read_text() == "oldest" and (flat.root / "chart.png").read_text() == "chart"
    assert (flat.root / "denker_300__report.md").read_text() == "middle"
    assert (flat.root / "denker_2000__report.md").read_text() == "newest"
    assert flat.names().count("same.txt") == 1
    assert sorted(flat.registry()["files"]) == flat.names()
    for name, files in before.items():
        assert read_files(old / f"{name}.migrated") == files and not (old / name).exists()


def test_a_dry_run_prints_the_plan_that_the_run_executes(base, old):
    before = read_files(old)
    dry = [json.loads(line) for line in base.run("ws-setup", "--profile", "flat", "--migrate", old, "--json", "-n").stdout.splitlines()]
    assert read_files(old) == before and not base.path.exists()
    assert {line["action"] for line in dry} == {"copy", "same", "retire"}
    assert migrate(Flat(base), old) == dry


def test_a_session_with_something_that_can_not_be_taken_stays(flat, old):
    (old / "denker_300/link").symlink_to("/etc/passwd")
    plan = migrate(flat, old, status=1)
    assert {"session": "denker_300", "path": "link", "action": "refuse", "reason": "it is no regular file"} in plan
    assert (old / "denker_300/report.md").exists() and not (old / "denker_100").exists()
    assert (flat.root / "denker_300__report.md").read_text() == "middle"


def test_sessions_with_names_of_any_kind_arrive_or_are_told_of(flat, old):
    """A number of any length; two names that look the same with U+FFFD in place of what is no text; a link to a session."""
    for session, name in (("denker_400", b"caf\xe9"), ("denker_500", b"caf\xe8"), ("denker_99999999999999999999999", b"caf\xe9")):
        make_files(old / session, {os.fsdecode(name): session})
    (old / "denker_700").symlink_to("denker_100")
    plan = migrate(flat, old, "-n", status=1)
    assert migrate(flat, old, status=1) == plan
    assert {"session": "denker_700", "action": "refuse", "reason": "it is no directory"} in plan
    assert sorted((flat.root / name).read_text() for name in flat.names() if "caf" in name) == ["denker_400", "denker_500", "denker_" + 23 * "9"]


def test_a_second_run_goes_on_and_copies_nothing_twice(flat, old):
    (old / "denker_300/link").symlink_to("/etc/passwd")
    migrate(flat, old, status=1)
    (old / "denker_300/link").unlink()
    names = flat.names()
    assert {line["action"] for line in migrate(flat, old)} == {"same", "retire"}
    assert flat.names() == names and migrate(flat, old) == []


def test_a_full_disk_drops_nothing(flat, old, tmp_path):
    make_files(old / "denker_100", {"large": "x" * 300_000})
    command = ["sh", "-c", 'ulimit -f 100; exec "$@"', "sh", helpers.BINARY, "ws-setup", "--profile", "flat", "--migrate", old]
    result = helpers.run(command, status=1, env=flat.base.ws.environment(flat.base.env))
    assert "denker_100/large" in result.stdout
    assert (old / "denker_100/large").stat().st_size == 300_000 and "large" not in flat.names()


def test_migration_is_for_flat_workspaces_alone(base, old):
    base.run("ws-setup", "--migrate", old, status=64).complains("flat")
    assert not base.path.exists()
