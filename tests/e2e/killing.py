"""Killing a run at its system calls, counted by strace."""
import collections
import os
import re

import ws as helpers

CALLS = "mkdirat,renameat2,renameat,rename,write,pwrite64,fsync,fdatasync,syncfs,unlinkat,fchmod,fchmodat,fchown,utimensat,flock"


def strace(command, env, *options):
    return helpers.run(["strace", "-f", "-qq", *options, helpers.BINARY, *command], status=None, env=env).status


def pairs_of(command, env, trace, size):
    """A sample of (system call, occurrence) of the main thread of a run that succeeds; all of them with WS_CRASH=all."""
    assert strace(command, env, "-o", trace, "-e", f"trace={CALLS}") == 0
    found = [match.groups() for match in (re.match(r"(\d+) +(\w+)\(", line) for line in trace.read_text().splitlines()) if match]
    counts = collections.Counter(call for pid, call in found if pid == found[0][0])
    pairs = [(call, number) for call, count in counts.items() for number in range(1, count + 1)]
    assert len(pairs) > 20, pairs
    if os.environ.get("WS_CRASH") == "all" or len(pairs) <= size:
        return pairs
    return [pairs[index * len(pairs) // size] for index in range(size)]


def kill(command, env, call, number):
    """Whether the run was killed there. (Threads may bring the counts a little out of step.)"""
    status = strace(command, env, "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}", "-o", "/dev/null")
    assert status in (0, -9), status
    return status != 0
