"""What lib/gc/README.md and dist/examples show is what ws-gc understands; reports and alerts in all their forms."""
import json
import os
import pty
import re
import shlex
import shutil
import subprocess

import pytest

import ws as helpers
from place import file_base, make_files  # noqa: F401 (fixtures)

README = (helpers.REPOSITORY / "lib/gc/README.md").read_text()
EXAMPLES = helpers.REPOSITORY / "dist/examples"


def commands():
    """Every call of ws-gc that is shown, by where."""
    yaml = (EXAMPLES / "gc-cronjob.yaml").read_text()
    texts = {"README": README, "cron": (EXAMPLES / "gc.cron").read_text(), "service": (EXAMPLES / "ws-gc.service").read_text()}
    for name, text in texts.items():
        for number, found in enumerate(re.findall(r"(?:^|root  |/bin/|`)ws-gc ((?:--|-)[^`\n]*)", text, re.M)):
            yield f"{name}-{number}", shlex.split(found)
    yield "cronjob", json.loads(re.search(r"args: (\[.*\])", yaml)[1])[1:]


@pytest.mark.parametrize("words", [pytest.param(words, id=name) for name, words in commands()])
def test_each_call_that_is_shown_is_understood(file_base, tmp_path, words):
    make_files(file_base.setup("--id", "t1"), {"file": "x"})
    replaced = {"/opt/stacks": str(file_base.path), "/workspaces": str(file_base.path), "/etc/ws/gc.policy": str(EXAMPLES / "gc.policy"),
                "/var/lib/node_exporter/ws_gc.prom": str(tmp_path / "prom"), "ID": "t1", "TEXT": "text", "CMD": "true", "FILE": str(tmp_path / "f")}
    words = [replaced.get(word, word) for word in words]
    if "--watch" in words:
        process = file_base.start("ws-gc", *words)
        (file_base.path / ".ws/gc.json").exists()
        process.terminate()
        assert process.wait(20) in (143, -15)
        return
    result = file_base.run("ws-gc", *words, status=None)
    assert result.status in (0, 1, 66), result  # 66: --undo of what is not in the trash
    assert "usage" not in result.stderr.lower(), result


def test_the_policy_that_is_shown_is_read(file_base, tmp_path):
    (text,) = [block for block in re.findall(r"```\n(.*?)```", README, re.S) if "[rule people]" in block]
    (tmp_path / "policy").write_text(text)
    file_base.setup("--id", "t1", "--label", "kind=build")
    lines = [json.loads(x) for x in file_base.run("ws-gc", "--policy", tmp_path / "policy", "--dry-run", "--explain", "--json", status=None).stdout.splitlines()]
    assert lines[0]["explain"].startswith("rule builds: ")


CRON = r"\d+ (?:\*|\d+) (?:\*|\d+) (?:\*|\d+) (?:\*|\d+)  (?:root  )?/usr/local/bin/ws-gc .*"


def blocks(text=README):
    return re.findall(r"```\n(.*?)```", text, re.S)


def test_the_cron_lines_are_what_cron_reads():
    shown = [line for text in (README, (helpers.REPOSITORY / "README.md").read_text()) for block in blocks(text) for line in block.splitlines() if " * * *" in line]
    whole = [line for line in (EXAMPLES / "gc.cron").read_text().splitlines() if not line.startswith("#")]
    assert len(shown) >= 2 and len(whole) == 1 and whole[0] in shown
    assert all(re.fullmatch(CRON, line) for line in shown if "schedule" not in line), shown
    assert all(re.findall(r".?%", line) == re.findall(r"\\%", line) for line in shown)  # cron ends a command at a bare one


def test_systemd_reads_the_timer_and_its_service(tmp_path):
    """A percent sign or a path that systemd would not take, an option that it does not know."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze here")
    (tmp_path / "ws-gc").symlink_to(helpers.BINARY)
    for name in ("ws-gc.service", "ws-gc.timer"):
        (tmp_path / name).write_text((EXAMPLES / name).read_text().replace("/usr/local/bin/ws-gc", str(tmp_path / "ws-gc")))
    result = helpers.run(["systemd-analyze", "verify", "--man=no", tmp_path / "ws-gc.service", tmp_path / "ws-gc.timer"], status=None)
    ours = [line for line in result.stderr.splitlines() if "ws-gc" in line]
    assert result.status == 0 and ours == [], result
    (calendar,) = re.findall(r"^OnCalendar=(.*)$", (EXAMPLES / "ws-gc.timer").read_text(), re.M)
    assert "Next elapse" in helpers.run(["systemd-analyze", "calendar", calendar]).stdout
    (shown,) = [block for block in blocks() if "[Timer]" in block]
    whole = "".join((EXAMPLES / name).read_text() for name in ("ws-gc.service", "ws-gc.timer"))
    assert set(shown.split("\n")) <= set(whole.split("\n"))


def is_part(shown, whole):
    """Whether all that is shown stands at the same place in the whole."""
    if isinstance(shown, dict):
        return all(key in whole and is_part(value, whole[key]) for key, value in shown.items())
    if isinstance(shown, list) and len(shown) == len(whole):
        return all(is_part(*pair) for pair in zip(shown, whole))
    return shown == whole


def test_the_cronjob_is_one_that_kubernetes_takes():
    yaml = pytest.importorskip("yaml", reason="no python3-yaml here")
    job = yaml.safe_load((EXAMPLES / "gc-cronjob.yaml").read_text())
    assert (job["apiVersion"], job["kind"], job["metadata"]["name"]) == ("batch/v1", "CronJob", "ws-gc")
    assert job["spec"]["concurrencyPolicy"] == "Forbid" and re.fullmatch(r"\d+( \*){4}", job["spec"]["schedule"])
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["restartPolicy"] in ("Never", "OnFailure") and all(isinstance(word, str) for word in container["args"])
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    assert container["args"][container["args"].index("--base") + 1] == container["volumeMounts"][0]["mountPath"]
    (shown,) = [yaml.safe_load(block) for block in blocks() if "jobTemplate" in block]
    assert is_part(shown, job)


def test_each_rule_of_the_example_is_explained(file_base, tmp_path):
    """The file as it is: each of its rules takes hold of a workspace that it is meant for."""
    text = (EXAMPLES / "gc.policy").read_text()
    assert sum(line.startswith("#") for line in text.splitlines()) > 5
    for name, words in (("h1", ["--owner", "human-eve"]), ("s1", ["--label", "class=sensitive"]), ("b1", ["--label", "kind=build"]), ("t1", [])):
        make_files(file_base.setup("--id", name, *words), {"file": name})
    result = file_base.run("ws-gc", "--policy", EXAMPLES / "gc.policy", "--dry-run", "--explain", "--json", status=None)
    found = {line["name"]: line["explain"].partition(":")[0] for line in map(json.loads, result.stdout.splitlines()) if "name" in line}
    rules = re.findall(r"^\[(rule .*)\]$", text, re.M)
    assert result.status in (0, 1) and found["s1"] == "rule secrets" and found["h1"] == "rule people"
    assert set(found.values()) <= set(rules) and found["b1"] != found["t1"], (found, rules)


def test_each_reason_and_option_that_is_told_of_exists(file_base):
    words = set(re.findall(r"^\| ((?:`[a-z-]+` ?)+)\|", README, re.M))
    reasons = {word for group in words for word in re.findall(r"`([a-z][a-z-]+)`", group)}
    source = (helpers.REPOSITORY / "lib/gc/gc.c").read_text()
    assert reasons and all(f'"{reason}"' in source for reason in reasons), reasons
    help_text = file_base.ws("ws-gc", "--help").stdout + file_base.ws("ws-setup", "--help").stdout
    options = set(re.findall(r"--[a-z-]{3,}", README))
    missing = {option for option in options if option not in help_text}
    assert not missing, missing


@pytest.fixture
def owners(file_base):
    for name, owner, size in (("a1", "alice", 400_000), ("a2", "alice", 10), ("b1", "bob", 100_000)):
        make_files(file_base.setup("--id", name, "--owner", owner, "--label", f"team={owner[0]}"), {"file": "x" * size})
    return file_base


@pytest.mark.parametrize("by, groups", [("owner", {"alice", "bob"}), ("profile", {"task"}), ("age", {"under 1 h"}), ("label:team", {"a", "b"})])
def test_the_report_adds_up_in_each_form(owners, by, groups):
    lines = [json.loads(x) for x in owners.run("ws-gc", "--report", by, "--json").stdout.splitlines()]
    assert {line["group"] for line in lines} == groups and sum(line["workspaces"] for line in lines) == 3
    assert sum(line["allocated_bytes"] for line in lines) >= 500_000
    table = owners.run("ws-gc", "--report", by).stdout
    assert all(group in table for group in groups) and "#" not in table


def test_on_a_terminal_the_report_is_a_picture(owners):
    ours, theirs = pty.openpty()
    command = [helpers.BINARY, "ws-gc", "--report", "owner"]
    process = subprocess.Popen(command, stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL, env=owners.ws.environment(owners.env))
    os.close(theirs)
    text = b""
    try:
        while chunk := os.read(ours, 4096):
            text += chunk
    except OSError:
        pass  # the other end is closed
    os.close(ours)
    assert process.wait(20) == 0
    bars = {line.split()[0]: line.count("#") for line in text.decode().splitlines() if "#" in line}
    assert bars["alice"] > 2 * bars["bob"] > 0


def test_an_alert_tells_what_was_wanted_and_freed_and_sees_none_of_our_secrets(owners, tmp_path):
    told = tmp_path / "told"
    command = ["ws-gc", "--max-count", "0", "--notify", f"env >{told}"]
    owners.run(*command, status=1, env={"AWS_SECRET_ACCESS_KEY": "a-secret-of-twenty-six-letters"})
    assert "WS_GC_ALERT=max-count: 3 wanted, 0 freed" in told.read_text() and "SECRET" not in told.read_text()
    told.unlink()
    owners.run("ws-gc", "--max-count", "9", "--notify", f"touch {told}")
    assert not told.exists()


def test_the_metrics_are_written_at_once_and_say_the_same(owners, tmp_path):
    metrics = tmp_path / "gc.prom"
    owners.run("ws-gc", "--older", "1h", "--metrics", metrics)
    values = dict(line.split() for line in metrics.read_text().splitlines() if not line.startswith("#"))
    assert values["ws_gc_workspaces"] == "3" and int(values["ws_gc_workspace_bytes"]) >= 500_000 and values["ws_gc_failed"] == "0"
    assert re.fullmatch(r"\d{10}", values["ws_gc_last_run_timestamp_seconds"])
    assert [path.name for path in tmp_path.iterdir() if "prom" in path.name] == ["gc.prom"]
