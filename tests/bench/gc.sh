#!/bin/sh
# gc.sh: how fast ws-gc looks and plans, against du and find over the same trees, and how fast it deletes. Needs about 1 GB in $1 (else /dev/shm).
set -eu
ws=$(cd "$(dirname "$0")/../.." && pwd)/dist/ws
dir=$(mktemp -d "${1:-/dev/shm}/ws-gc-bench.XXXXXX")
trap 'rm -rf "$dir"' EXIT

python3 - "$dir" "$ws" "${ENTRIES:-400000}" "${WORKSPACES:-100000}" <<'PYTHON'
import os, subprocess, sys, time

directory, ws, entries, workspaces = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])


def best(command, times=3):
    seconds = []
    for _ in range(times):
        start = time.monotonic()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        seconds.append(time.monotonic() - start)
    return min(seconds)


def base(name, count):
    """A base of copies of one workspace's record, each with an empty directory."""
    path = f"{directory}/{name}"
    subprocess.run([ws, "setup", "--base", path, "--id", "w0"], check=True, stdout=subprocess.DEVNULL)
    text = open(f"{path}/.ws/w0/record.json").read()
    for number in range(1, count):
        os.mkdir(f"{path}/.ws/w{number}", 0o700)
        with open(f"{path}/.ws/w{number}/record.json", "w") as file:
            file.write(text.replace('"w0"', f'"w{number}"').replace("/w0", f"/w{number}"))
        os.mkdir(f"{path}/w{number}")
    return path


def peak(path):
    """Peak memory of planning for it, by workspace."""
    command = [ws, "gc", "--base", path, "--dry-run", "-q"]
    usage = os.wait4(subprocess.Popen(command, stdout=subprocess.DEVNULL).pid, 0)[2]
    return usage.ru_maxrss * 1024 / workspaces


path = base("scan", 20)
for number in range(entries):
    folder = f"{path}/w{number % 20}/d{number // 20 % 200}"
    if number < 20 * 200:
        os.mkdir(folder)
    os.close(os.open(f"{folder}/f{number}", os.O_CREAT | os.O_WRONLY))
total = entries + min(entries, 20 * 200)
ours = best([ws, "gc", "--base", path, "--dry-run", "--older", "7d", "-q"])
print(f"scan: {total} entries in {ours:.2f} s, {total / ours:,.0f} entries/s")
for name, command in (("du", ["du", "-s", path]), ("find", ["find", path, "-newermt", "2100-01-01"])):
    theirs = best(command)
    print(f"scan: {name} {theirs:.2f} s; ws-gc takes {ours / theirs:.2f} of it")

path = base("plan", workspaces)
seconds = best([ws, "gc", "--base", path, "--dry-run", "--older", "7d", "--max-total", "1T", "-q"], 2)
print(f"plan: {workspaces} workspaces in {seconds:.2f} s (bar 5), {peak(path):,.0f} bytes of memory for each")


def workspace(path, files, name="w"):
    """An ephemeral workspace with so many files in 200 directories, idle from now on."""
    subprocess.run([ws, "setup", "--base", path, "--id", name, "--ephemeral"], check=True, stdout=subprocess.DEVNULL)
    for number in range(files):
        folder = f"{path}/{name}/d{number % 200}"
        if number < 200:
            os.mkdir(folder)
        os.close(os.open(f"{folder}/f{number}", os.O_CREAT | os.O_WRONLY))


path = f"{directory}/delete"
seconds = []
for _ in range(3):
    workspace(path, entries)
    subprocess.run([ws, "gc", "--base", path, "--older", "0s", "-q"], check=True)
    seconds.append(best([ws, "gc", "--base", path, "--trash-ttl", "0s", "-q"], 1))
total = entries + 200
print(f"delete: {total} entries in {min(seconds):.2f} s, {total / min(seconds):,.0f} entries/s (bar 150,000)")
times = []
for name in ("a", "b", "c"):
    workspace(path, 20000, name)
    trace = f"{directory}/trace"
    subprocess.run(["strace", "-f", "-T", "-o", trace, "-e", "trace=renameat2", ws, "gc", "--base", path, "--older", "0s", "-q"], check=True)
    times += [float(line.rpartition("<")[2].rstrip(">\n")) for line in open(trace) if f'"{name}", ' in line]
print(f"disappear: a workspace of 20,000 files is out of the way in {min(times) * 1000:.2f} ms (bar 5)")
PYTHON
