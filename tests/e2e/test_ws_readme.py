"""Every command line that lib/ws/README.md shows is run by a shell, in a world where there is what it speaks of."""
import re

import pytest

import ws as helpers
from place import Base, make_files
from repo import Repo

TEXT = (helpers.REPOSITORY / "lib/ws/README.md").read_text()
# Words that stand for something, and what is shown without what it is about.
WORDS = {
    "sess_SID": "sess_s1", "SID": "s1", "WID": "w1", "NAME": "task", "COMMAND": "true", "REPO-OR-URL": "REPO", "REPO": "/repo", "project=P": "project=p",
    "--branch B": "--branch fix", "A B": "/A /B", "--snapshot A": "--snapshot /A", "DEST": "/dest", "cache|volumes|host": "volumes", "ID": "box", '"$PROMPT"': "prompt",
    "up -d' …": "up -d' /dest", "… -- true": "-- true", "s3://": "/s3/", "IMAGE": "image",
}  # fmt: skip
REST = {
    "ws-teardown": "task-1", "ws-teardown --keep": "task-1", "ws-teardown --drop-branch": "task-1", "ws-archive restore": "/dest", "ws-archive extract": "-C /out /srv/backup/parts/keys.*.tar.gz",
    "ws-file watch task-1": "& ws-teardown task-1; wait",
    "ws-archive create --exclude": "'*.o' -o /out.tar.gz -C /A", "ws-s3 probe": "--help", "ws-s3 cat": "--help", "ws-s3 get": "--help", "ws-s3 put": "--help",
}  # fmt: skip
# What ends otherwise, or as the disk of this machine has it.
ENDS = {"--check": (0, 78), "--min-free": (0, 1), "ws-archive diff /A /B": (1,), "diff /srv/backup/manifest.json": (1,)}
FIRST = {
    "ws-archive (restore|extract|diff /srv)": "ws-archive backup -o /dest --profile volumes; ws-archive backup -o /srv/backup --profile volumes keys=$HOME/.ssh; touch /v/new ~/.ssh/new",
    "sess_s1": "ws-setup --profile session --workspace w1 --session s1",
    "(--reset|--restore|--discard|--exists|teardown).* box": "ws-setup --profile volumes --id box",
    " default": "ws-setup --profile flat",
    "mv .* default": "cp report.* /base/default",
    " task-1": "ws-setup --id task-1 && echo x > /base/task-1/output.txt",
    "ws-(gc|ls)|--retry": "ws-setup --id task-1 --label project=p",
}


def shown():
    """Each line once, as a shell can run it; a / at the begin of a word is where its world begins."""
    blocks = "\n".join(re.findall(r"```\n(.*?)```", TEXT, re.S)).replace("\\\n", "")
    spans = "\n".join(re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", TEXT, flags=re.S)))
    lines = set(re.findall(r'^(?:docker run .* )?((?:eval "\$\()?ws-[a-z]+\b.*?) *(?:  #.*)?$', f"{blocks}\n{spans}", re.M))
    for word, means in WORDS.items():
        lines = {re.sub(rf"(?<![\w-]){re.escape(word)}(?![\w-])" if word.isalpha() else re.escape(word), means, line) for line in lines}
    return sorted(f"{line} {REST[line]}" if line in REST else line for line in lines)


@pytest.fixture
def sh(ws, tmp_path):
    """Runs a line in the world, in its home."""
    make_files(tmp_path / "home", {"notes/a": "a", ".ssh/id": "k", "Downloads/x": "x", "report.md": "text", "report.pdf": "text"})
    make_files(tmp_path, {"etc/ws/backup.list": f"high {tmp_path}/etc\n", "A/f": "1", "B/f": "2", "bin/docker": "#!/bin/sh\n", "data/x": "", "archives/x": "", "v/x": ""})
    make_files(tmp_path, {"tmp/denker_workspace/denker_1763671234/report.txt": "old", "out/x": "", "opt/stacks/task-1/x": ""})
    (tmp_path / "bin/docker").chmod(0o755)
    ws("--install", tmp_path / "bin")
    base = Base(ws, tmp_path / "base", env={"HOME": str(tmp_path / "home"), "PATH": f"{tmp_path}/bin:{helpers.PATH}"})

    def run(line, status=0):
        if "/repo" in line:
            Repo(tmp_path)
        line = re.sub(r"(?<=[ =(\"'])/(?=\w)", f"{tmp_path}/", f" {line}")
        return helpers.run(["sh", "-c", line], env=ws.environment(base.env), cwd=tmp_path / "home", status=status, timeout=20)

    return run


@pytest.mark.parametrize("line", shown())
def test_each_command_line_of_the_readme_does_what_it_says_there(sh, line):
    for pattern, before in FIRST.items():
        if re.search(pattern, line):
            sh(before)
    ends = next((ends for part, ends in ENDS.items() if part in line), (0,))
    result = sh(line, status=None)
    assert result.status in ends, result
