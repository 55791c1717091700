#!/usr/bin/python3
"""Races against extraction, for longer: every attack of tests/e2e/racers.py in every way, ROUNDS (first argument, 30) extractions each,
every second one with system calls made slow by strace, so that there is time between a check and what relies on it."""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
sys.dont_write_bytecode = True
import racers  # noqa: E402
import rawtar  # noqa: E402

import ws as helpers  # noqa: E402

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 30
SLOW = ["strace", "-qq", "-f", "-o", "/dev/null", "-e", "trace=mkdirat", "-e", "inject=mkdirat,openat2,openat:delay_exit=300:when=1+7"]


def attacked(attack, way, place):
    canary = helpers.make_tree(place / "canary")
    before = helpers.tree_digest(canary, owner=True)
    (place / "a.tar.gz").write_bytes(racers.archive())
    more, options = rawtar.WAYS[way]
    race = racers.Race(place, canary, attack)
    try:
        for number in range(ROUNDS):
            slow = SLOW if number % 2 and shutil.which("strace") else []
            command = [*slow, helpers.BINARY, "ws-archive", "extract", "-q", *more, "-C", place / f"out{number}", place / "a.tar.gz"]
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={"PATH": helpers.PATH, "HOME": str(place)}, **options)
            race.run(process)
            if process.returncode not in (0, 65, 66, 73, 74, 77):
                return f"status {process.returncode}"
            if helpers.tree_digest(canary, owner=True) != before:
                return "something outside has changed"
            race.clean()
    except PermissionError as e:
        race.unmount()
        print(f"{attack.__doc__} ({way}): left out: {e}")
        return None
    print(f"{attack.__doc__} ({way}): {race.hits} times, nothing outside has changed")
    return None if race.hits else "it never came through"


def main():
    failed = 0
    for attack in racers.ATTACKS.values():
        for way in rawtar.WAYS:
            with tempfile.TemporaryDirectory(prefix="ws-race-") as place:
                trouble = attacked(attack, way, Path(os.path.realpath(place)))
            if trouble:
                print(f"FAILED: {attack.__doc__} ({way}): {trouble}")
                failed += 1
    return failed > 0


sys.exit(main())
