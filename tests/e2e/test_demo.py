"""`make demo`'s script: as an ordinary user, on a small tree, and nothing of it stays."""
import os
import re
import shutil

import ws as helpers


def test_the_demo_shows_the_main_job_and_cleans_up(plain_user):
    place = plain_user.dir / "clone/tests/demo"
    place.mkdir(parents=True)
    shutil.copy(helpers.REPOSITORY / "tests/demo/demo.sh", place)
    tree = helpers.make_tree(plain_user.dir / "sources")
    (tree / "zlib.h").write_text("/* the demo takes this one out of the archive */\n")
    helpers.run(["/usr/bin/chmod", "-R", "a+rX", plain_user.dir])
    temporary = plain_user.dir / "temporary"
    plain_user.run("mkdir", temporary)
    env = {"TMPDIR": str(temporary)}
    result = plain_user.run("bash", place / "demo.sh", plain_user.binary, tree, env=env, cwd="/", timeout=120)
    assert [int(step) for step in re.findall(r"^(?:\x1b\[1m)?(\d)\. ", result.stdout, re.M)] == list(range(1, 9)), result
    for said in ("identical: every path", "zlib.h is what it was", "again: written by the agent", "identical again"):
        assert said in result.stdout, result
    assert result.stderr == ""
    assert os.listdir(temporary) == []


def test_the_demo_fails_when_the_binary_does(plain_user):
    (plain_user.dir / "broken").write_text("#!/bin/sh\nexit 74\n")
    (plain_user.dir / "broken").chmod(0o755)
    place = plain_user.dir / "clone/tests/demo"
    place.mkdir(parents=True)
    shutil.copy(helpers.REPOSITORY / "tests/demo/demo.sh", place)
    helpers.run(["/usr/bin/chmod", "-R", "a+rX", plain_user.dir])
    plain_user.run("mkdir", plain_user.dir / "temporary")
    env = {"TMPDIR": str(plain_user.dir / "temporary")}
    result = plain_user.run("bash", place / "demo.sh", plain_user.dir / "broken", plain_user.dir, env=env, status=None)
    assert result.status == 74
    assert os.listdir(plain_user.dir / "temporary") == []
