"""The command line: help that agrees with what parses, links, output that fails, configuration files, JSON lines, and the README."""
import json
import os
import re
import subprocess

import pytest

import ws as helpers

ROW = re.compile(r"^  (?:-(\w), |    )--([a-z0-9-]+)(=\S+)?(?:\s|$)", re.M)
LISTED = re.compile(r"^  ([a-z][a-z0-9-]*) +\S", re.M)


def text_of(*args):
    return helpers.run([helpers.BINARY, *args], env={}).stdout


def section(text, title):
    """The indented lines below a title."""
    return text.split(f"\n{title}:\n")[1].split("\n\n")[0]


def commands():
    """Every applet, or where it has sub-commands each of them, as arguments: ["ws-s3", "ls"]."""
    found = []
    for applet in LISTED.findall(section(text_of("--help"), "Applets")):
        help_text = text_of(applet, "--help")
        subs = LISTED.findall(section(help_text, "Commands")) if "\nCommands:\n" in help_text else []
        found += [[applet, sub] for sub in subs] or [[applet]]
    return found


def pytest_generate_tests(metafunc):
    if "command" in metafunc.fixturenames:
        known = commands() if helpers.BINARY.exists() else []
        metafunc.parametrize("command", known, ids=[" ".join(command) for command in known])


def test_the_applets_that_were_asked_for_are_there():
    assert {"ws-setup", "ws-teardown", "ws-archive", "ws-gc", "ws-s3", "ws-ls"} <= {command[0] for command in commands()}


def test_help_shows_each_option_once_and_each_is_parsed(command):
    shown = text_of(*command, "--help")
    name = " ".join(command)
    assert shown.startswith(f"{name} - ") and f"\nUsage: {name} " in shown
    assert text_of(*command, "-h") == shown
    rows = ROW.findall(shown)
    letters = [letter for letter, _, _ in rows if letter]
    assert len({name for _, name, _ in rows}) == len(rows) >= 6 and len(set(letters)) == len(letters)
    for _, option, value in rows:
        if value:
            result = helpers.run([helpers.BINARY, *command, f"--{option}"], env={}, status=64)
            assert f"--{option} needs a value ({value[1:]})" in result.stderr
        else:
            assert text_of(*command, f"--{option}", "--help") == shown
    assert all(len(line) <= 110 for line in shown.splitlines())


def test_a_man_page_has_every_option(command):
    page, shown = text_of("--man", command[0]), text_of(*command, "--help")
    assert page.startswith(f".TH {command[0]} 1\n.SH NAME\n")
    plain = page.replace("\\-", "-").replace("\\&", "")
    for _, option, _ in ROW.findall(shown):
        assert f"--{option}" in plain, option


def test_no_help_says_the_same_thing_twice_in_a_row():
    for command in commands():
        words = text_of(*command, "--help").split()
        again = [words[n : n + 3] for n in range(len(words) - 5) if words[n : n + 3] == words[n + 3 : n + 6]]
        assert not again, (command, again)


def test_ws_itself_tells_its_version_and_its_licenses():
    assert re.fullmatch(r"ws \d+\.\d+\.\d+\n", text_of("--version"))
    assert {text_of(applet, "--version") for applet in {command[0] for command in commands()}} == {text_of("--version")}
    assert text_of("-h") == text_of("--help")
    licenses = text_of("--licenses")
    manifest = (helpers.REPOSITORY / "third_party/manifest").read_text()
    names = set(re.findall(r"^package (\S+)", manifest, re.M))
    assert "MIT" in licenses and len(names) >= 7
    missing = [name for name in names if not re.search(rf"\b{name}\b", licenses)]
    assert not missing, missing


def test_an_applet_is_found_by_its_short_name_too():
    assert text_of("gc", "--help") == text_of("ws-gc", "--help")


def test_installed_links_are_the_applets(ws, tmp_path):
    bin_dir = tmp_path / "bin"
    printed = ws("--install", bin_dir).stdout
    assert ws("--install", bin_dir).stdout == printed
    assert sorted(os.listdir(bin_dir)) == sorted({command[0] for command in commands()})
    for link in bin_dir.iterdir():
        assert helpers.run([link, "--help"], env={}).stdout == text_of(link.name, "--help")
    (bin_dir / "ws-ls").unlink()
    (bin_dir / "ws-ls").write_text("somebody's own")
    ws("--install", bin_dir, status=73)
    assert (bin_dir / "ws-ls").read_text() == "somebody's own"


# ---- output that does not arrive ----


def through_shell(script, *args, **options):
    return helpers.run(["/bin/sh", "-c", script, "sh", helpers.BINARY, *args], **options)


@pytest.fixture
def base(ws, tmp_path):
    """A base with a workspace "made" in it, as environment."""
    env = {"WORKSPACE_DIR": str(tmp_path / "base")}
    ws("ws-setup", "--id", "made", env=env)
    return env


WRITERS = [["--help"], ["--version"], ["--licenses"], ["--man", "ws-ls"], ["ws-ls"], ["ws-ls", "--json"], ["ws-setup", "--id", "made"], ["ws-gc"]]


@pytest.mark.parametrize("args", WRITERS, ids=" ".join)
def test_output_that_does_not_arrive_is_an_error(ws, base, args):
    env = ws.environment(base)
    for script, why in (('exec "$@" >/dev/full', "No space left on device"), ('exec "$@" >&-', "Bad file descriptor")):
        result = through_shell(script, *args, env=env, status=74)
        assert "standard output" in result.stderr and why in result.stderr, result
    reader, writer = os.pipe()
    os.close(reader)
    result = subprocess.run([helpers.BINARY, *args], env=env, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (result.returncode, b"Broken pipe" in result.stderr) == (74, True)


def test_an_archive_on_a_full_standard_output_is_an_error(ws, tree):
    result = through_shell('exec "$@" >/dev/full', "ws-archive", "create", "-C", tree(), env=ws.environment(), status=74)
    assert "No space left on device" in result.stderr


def test_closed_descriptors_are_never_taken_for_files(ws, base, tmp_path):
    env = ws.environment(base)
    helpers.make_tree(tmp_path / "base/made/tree")
    through_shell('exec "$@" <&- >&- 2>&-', "ws-teardown", "made", env=env)
    through_shell('exec "$@" <&- 2>&-', "ws-setup", "--id", "made", "-v", "-v", env=env)
    assert (tmp_path / "base/made/tree/zero").exists()
    through_shell('exec "$@" <&- >&- 2>&-', "ws-archive", "create", "-v", "-C", tmp_path / "base/made", "-o", tmp_path / "x.tar.gz", env=env)
    ws("ws-archive", "verify", tmp_path / "x.tar.gz")
    through_shell('exec "$@" <&-', "ws-archive", "list", "-", env=env, status=74)


# ---- configuration files ----


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def owner_of(ws, *args, env=None):
    return json.loads(ws("ws-setup", "--print", "json", *args, env=env).stdout)["owner"]


def test_files_are_read_in_order_and_the_command_line_wins(ws, tmp_path):
    base = ["--base", tmp_path / "base"]
    assert owner_of(ws, *base) == ""
    write(ws.home / ".config/ws/ws.conf", "[ws]\nowner = home\n")
    assert owner_of(ws, *base) == "home"
    write(tmp_path / "xdg/ws/ws.conf", "[ws]\nowner = xdg\n[ws-ls]\nowner = not-mine\n")
    env = {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    assert owner_of(ws, *base, env=env) == "xdg"
    write(tmp_path / "named", "[ws-setup]\nowner = named\n[ws]\nowner = shared\n")
    assert owner_of(ws, *base, env={**env, "WS_CONFIG": str(tmp_path / "named")}) == "named"
    write(tmp_path / "said", "# mine\n[ws-setup]\nowner = said\n")
    env["WS_CONFIG"] = str(tmp_path / "named")
    assert owner_of(ws, *base, "--config", tmp_path / "said", env=env) == "said"
    assert owner_of(ws, *base, "--owner", "me", "--config", tmp_path / "said", env=env) == "me"


def test_the_environment_goes_before_the_configuration_and_the_command_line_before_both(ws, tmp_path):
    write(tmp_path / "c", f"[ws]\nbase = {tmp_path}/file\nprofile = clone\n[ws-setup]\nstore = file://{tmp_path}/of-file\n")
    setup = ["ws-setup", "--config", tmp_path / "c", "--id", "x"]
    env = {"WORKSPACE_DIR": f"{tmp_path}/env", "WS_PROFILE": "task", "WS_STORE": f"file://{tmp_path}/of-env"}
    assert ws(*setup, "--profile", "task").stdout == f"{tmp_path}/file/x\n"
    assert ws(*setup, env=env).stdout == f"{tmp_path}/env/x\n"
    record = json.loads((tmp_path / "env/.ws/x/record.json").read_text())
    assert (record["profile"], record["store"]) == ("task", f"file://{tmp_path}/of-env")
    assert ws(*setup, "--base", tmp_path / "said", env=env).stdout == f"{tmp_path}/said/x\n"


def test_every_kind_of_value_can_be_configured(ws, tmp_path):
    write(tmp_path / "c", "[ws]\nbase = {}/b\n[ws-setup]\nephemeral = yes\nmode = 0750\nlabel = a=1\nprint = json\n".format(tmp_path))
    record = json.loads(ws("ws-setup", "--id", "x", "--config", tmp_path / "c").stdout)
    assert (record["ephemeral"], record["labels"]) == (True, {"a": "1"})
    assert os.stat(tmp_path / "b/x").st_mode & 0o7777 == 0o750
    write(tmp_path / "c", "[ws-gc]\nbase = {}/b\nolder = 0s\ndry-run = on\njson = true\n".format(tmp_path))
    line = json.loads(ws("ws-gc", "--config", tmp_path / "c").stdout.splitlines()[0])
    assert (line["id"], line["action"]) == ("x", "trash")
    assert (tmp_path / "b/x").is_dir()


WRONG = {
    "[ws-gc]\n# idle\noldest = 7d\n": ["line 3", "'oldest'", "ws-gc --help"],
    "[ws]\n\nno-such-option = 1\n": ["line 3", "'no-such-option'"],
    "[ws-gc]\nolder = soon\n": ["line 2", "older", "soon"],
    "[ws-gc]\ndry-run = perhaps\n": ["line 2", "dry-run", "perhaps"],
    "[ws-cg]\nolder = 7d\n": ["line 2", "[ws-cg]"],
    "older = 7d\n": ["line 1", "section"],
    "[ws-gc\nolder = 7d\n": ["1"],
    "[ws-gc]\nolder\n": ["2"],
}


@pytest.mark.parametrize("text", WRONG, ids=repr)
def test_a_mistake_in_a_file_is_told_with_its_place(ws, base, tmp_path, text):
    path = write(tmp_path / "ws.conf", text)
    result = ws("ws-gc", "--config", path, env=base, status=78)
    result.complains(str(path), *WRONG[text])
    assert "ws-gc - " in ws("ws-gc", "--config", path, "--help").stdout
    path.write_text("[ws-gc]\nolder = 7d\n")
    ws("ws-gc", "--config", path, env=base)


def test_what_belongs_to_others_is_no_mistake(ws, base, tmp_path):
    text = "[ws]\ntrash-ttl = 1h\nrecursive = no\n[ws-gc]\nolder = 7d\n[ws-s3]\nrecursive = yes\n[profile mine]\nbase = /tmp/mine\n"
    path = write(tmp_path / "ws.conf", text)
    ws("ws-ls", "--config", path, env=base)
    write(path, "[ws-s3]\nexpires = 1h\nmax-attempts = 1\n")
    env = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}
    assert ws("ws-s3", "ls", "--config", path, env=env, status=None).status == 69


def test_a_file_that_was_named_has_to_be_there(ws, base, tmp_path):
    ws("ws-ls", "--config", tmp_path / "absent", env=base, status=78).complains(str(tmp_path / "absent"), "No such file")
    ws("ws-ls", env={**base, "WS_CONFIG": str(tmp_path / "absent")}, status=78).complains(str(tmp_path / "absent"))
    ws("ws-ls", "--config", tmp_path, env=base, status=78).complains(str(tmp_path), "directory")


# ---- JSON lines ----


def lines(result):
    return [json.loads(line) for line in result.output.decode().split("\n")[:-1]]


def test_json_is_an_object_on_each_line(ws, tmp_path):
    env = {"WORKSPACE_DIR": str(tmp_path / "base")}
    made = lines(ws("ws-setup", "--id", "a", "--label", "k=\u2028\x01\"", "--json", env=env))
    assert made[0]["labels"] == {"k": '\u2028\x01"'}
    helpers.make_tree(tmp_path / "base/a/tree")
    os.mkdir(os.fsencode(tmp_path / "base") + b"/stray\xff\n\"")
    assert [line["id"] for line in lines(ws("ws-ls", "--json", env=env))] == ["a"]
    assert {line["id"]: line["action"] for line in lines(ws("ws-gc", "--older", "7d", "--json", env=env)) if "id" in line}["a"] == "keep"
    ws("ws-archive", "create", "-C", tmp_path / "base/a", "-o", tmp_path / "x.tar.gz")
    listed = lines(ws("ws-archive", "list", "--json", tmp_path / "x.tar.gz"))
    assert len(listed) == len(helpers.tree_digest(tmp_path / "base/a"))
    assert len(lines(ws("ws-archive", "verify", "--json", tmp_path / "x.tar.gz"))) == 1
    assert lines(ws("ws-teardown", "a", "--json", env=env))[0]["outcome"] == "saved and removed"
    assert lines(ws("ws-teardown", "--retry", "--json", env=env)) == [{"sent": 0, "left": 0}]
    failed = lines(ws("ws-teardown", "a", "b", "c", "--json", env=env, status=1))
    assert [line["error"]["kind"] for line in failed if "error" in line] == ["not_found", "not_found"]


FAILING = [["ws-setup", "--restore", "no"], ["ws-teardown", "no"], ["ws-ls", "no"], ["ws-gc", "--policy", "no"], ["ws-file", "ls", "no"],
           ["ws-file", "artifacts", "no"], ["ws-file", "put", "no", "/dev/null", "x"], ["ws-file", "mv", "no", "x", "y"], ["ws-file", "watch", "no"],
           ["ws-archive", "create", "-C", "no", "-o", "x.tar.gz"], ["ws-archive", "list", "no"], ["ws-archive", "extract", "no"],
           ["ws-archive", "verify", "no"], ["ws-archive", "diff", "no", "no"], ["ws-archive", "backup", "-o", "there", "no"],
           ["ws-archive", "restore", "no"], ["ws-s3", "cp", "no", "s3://b/k", "--no-sign-request"]]


@pytest.mark.parametrize("words", FAILING, ids=lambda words: " ".join(words[:2]))
def test_with_json_what_a_command_failed_with_is_a_line_too(ws, tmp_path, words):
    env = {"WORKSPACE_DIR": str(tmp_path / "base"), "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}
    ws("ws-setup", "--id", "a", env=env)
    failed = ws(*words, "--json", env=env, cwd=tmp_path, status=None)
    assert failed.status != 0 and [line["error"]["kind"] for line in lines(failed)] == ["not_found"]


@pytest.mark.parametrize("words", [["ws-file", "cat", "a", "no"], ["ws-archive", "cat", "no", "x"], ["ws-archive", "create", "-C", "no"],
                                   ["ws-archive", "diff", "--snapshot", "no"]], ids=lambda words: " ".join(words[:2]))
def test_json_puts_no_line_of_an_error_among_content(ws, tmp_path, words):
    env = {"WORKSPACE_DIR": str(tmp_path / "base")}
    ws("ws-setup", "--id", "a", env=env)
    assert ws(*words, "--json", env=env, cwd=tmp_path, status=66).output == b""


# ---- the README ----

README = (helpers.REPOSITORY / "README.md").read_text()


def test_the_table_in_the_readme_is_what_the_binary_has():
    rows = dict(re.findall(r"^\| `(ws-\w+)` \| (.*) \|$", README, re.M))
    assert set(rows) == {command[0] for command in commands()}
    for applet in ("ws-archive", "ws-file", "ws-s3"):
        named = set(re.findall(r"`([a-z]+)`", rows[applet]))
        assert named == {command[1] for command in commands() if command[0] == applet}


def readme_uses():
    """(applet, option) for each option of an applet that the README shows in a command line or in the table."""
    text = re.sub(r'", "', " ", README + (helpers.REPOSITORY / "lib/ws/README.md").read_text())  # an ENTRYPOINT's list of words
    commands_shown = [(applet, rest.split(" -- ")[0]) for applet, rest in re.findall(r"\b(ws-\w+)((?:[^;|\n`](?!ws-\w))*)", text)]
    cells = re.findall(r"^\| `(ws-\w+)` \|(.*)\|$", README, re.M)
    return {(applet, option) for applet, words in commands_shown + cells for option in re.findall(r"--([a-z-]{2,})", words)}


def test_every_option_in_the_readme_is_known():
    uses = readme_uses()
    assert {("ws-setup", "store"), ("ws-gc", "older"), ("ws-teardown", "retry")} <= uses
    for applet, option in uses:
        helps = [text_of(*command, "--help") for command in commands() if command[0] == applet]
        assert any(f"--{option}" in shown for shown in helps), (applet, option)


def test_the_readme_names_each_status_as_the_design_does():
    told = {int(status): words for status, words in re.findall(r"\b(6[4-9]|7[0-8])\s([a-z/ ]+)", README)}
    assert {64, 65, 66, 69, 73, 74, 75, 77, 78} <= set(told), told
