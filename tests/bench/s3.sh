#!/bin/sh
# s3.sh: ws-s3 against rclone, s5cmd, awscli and s3cmd, as far as they are there, on one Ceph gateway on loopback in the same run: OBJECTS
# (default 10,000) of 4 KiB up, listed and down, and one object of MIB (default 1,024) up and down. For each the time, objects per second,
# the client's processor time and its peak memory, and how our time compares. Best of ROUNDS (default 2). The slow peers, awscli and
# s3cmd, move SLOW (default 500) small objects, and are compared by objects per second. Needs 3 GB in $1 (else /dev/shm).
set -eu
cd "$(dirname "$0")/../.."
tests/need.sh rclone s3cmd awscli time ceph-mon ceph-osd radosgw >&2
dir=$(mktemp -d "${1:-/dev/shm}/ws-s3-bench.XXXXXX")
server=
trap '[ -z "$server" ] || kill "$server"; [ -z "$server" ] || wait "$server" || :; rm -rf "$dir"' EXIT
/usr/bin/python3 tests/servers/serve.py ceph --dir "$dir/server" --parent $$ >"$dir/env" &
server=$!
until [ -s "$dir/server/ceph.env" ]; do
	kill -0 "$server"
	sleep 0.2
done
# shellcheck source=/dev/null
. "$dir/server/ceph.env"

/usr/bin/python3 - "$dir" "${WS_BINARY:-$PWD/dist/ws}" "${OBJECTS:-10000}" "${MIB:-1024}" "${SLOW:-500}" "${ROUNDS:-2}" <<'PYTHON'
import dataclasses, os, shutil, subprocess, sys, time

directory, ws = sys.argv[1:3]
objects, mib, slow, rounds = map(int, sys.argv[3:])
url = os.environ["AWS_ENDPOINT_URL_S3"]
rclone_env = {"TYPE": "s3", "PROVIDER": "Ceph", "ENV_AUTH": "true", "ENDPOINT": url}
kept = ["PATH", "AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"]
env = {name: os.environ[name] for name in kept}
env |= {f"RCLONE_CONFIG_C_{name}": value for name, value in rclone_env.items()}
env |= {"HOME": directory, "LANG": "C.UTF-8", "NO_PROXY": "*", "AWS_EC2_METADATA_DISABLED": "true", "S3_ENDPOINT_URL": url}
s3cfg = f"{directory}/s3cfg"
with open(s3cfg, "w") as file:
    host = url.split("//")[1]
    keys = f"access_key = {env['AWS_ACCESS_KEY_ID']}\nsecret_key = {env['AWS_SECRET_ACCESS_KEY']}\n"
    file.write(f"[default]\n{keys}host_base = {host}\nhost_bucket = {host}\nuse_https = False\n")
s3cmd = ["s3cmd", "-q", "-c", s3cfg]
aws = ["/usr/bin/aws", "--endpoint-url", url, "s3"]
rclone = ["rclone", "-q", "--config", "/dev/null"]
# How each does it: a tree up, a prefix listed, a prefix down, a file up, an object down.
clients = {
    "ws-s3": [
        lambda tree, at: [ws, "ws-s3", "cp", "-q", "-r", tree, f"s3://bench/{at}"],
        lambda at: [ws, "ws-s3", "ls", "-r", f"s3://bench/{at}/"],
        lambda at, tree: [ws, "ws-s3", "cp", "-q", "-r", f"s3://bench/{at}", tree],
        lambda file, at: [ws, "ws-s3", "cp", "-q", file, f"s3://bench/{at}"],
        lambda at, file: [ws, "ws-s3", "cp", "-q", f"s3://bench/{at}", file],
    ],
    "rclone": [
        lambda tree, at: [*rclone, "copy", "--transfers", "64", tree, f"c:bench/{at}"],
        lambda at: [*rclone, "ls", f"c:bench/{at}"],
        lambda at, tree: [*rclone, "copy", "--transfers", "64", f"c:bench/{at}", tree],
        lambda file, at: [*rclone, "copyto", "--transfers", "64", file, f"c:bench/{at}"],
        lambda at, file: [*rclone, "copyto", "--transfers", "64", f"c:bench/{at}", file],
    ],
    "s5cmd": [
        lambda tree, at: ["s5cmd", "--log", "error", "cp", f"{tree}/", f"s3://bench/{at}/"],
        lambda at: ["s5cmd", "ls", f"s3://bench/{at}/*"],
        lambda at, tree: ["s5cmd", "--log", "error", "cp", f"s3://bench/{at}/*", f"{tree}/"],
        lambda file, at: ["s5cmd", "--log", "error", "cp", file, f"s3://bench/{at}"],
        lambda at, file: ["s5cmd", "--log", "error", "cp", f"s3://bench/{at}", file],
    ],
    "awscli": [
        lambda tree, at: [*aws, "cp", "--quiet", "--recursive", tree, f"s3://bench/{at}"],
        lambda at: [*aws, "ls", "--recursive", f"s3://bench/{at}/"],
        lambda at, tree: [*aws, "cp", "--quiet", "--recursive", f"s3://bench/{at}", tree],
        lambda file, at: [*aws, "cp", "--quiet", file, f"s3://bench/{at}"],
        lambda at, file: [*aws, "cp", "--quiet", f"s3://bench/{at}", file],
    ],
    "s3cmd": [
        lambda tree, at: [*s3cmd, "put", "--recursive", f"{tree}/", f"s3://bench/{at}/"],
        lambda at: [*s3cmd, "ls", "--recursive", f"s3://bench/{at}/"],
        lambda at, tree: [*s3cmd, "get", "--recursive", f"s3://bench/{at}/", f"{tree}/"],
        lambda file, at: [*s3cmd, "put", file, f"s3://bench/{at}"],
        lambda at, file: [*s3cmd, "get", "--force", f"s3://bench/{at}", file],
    ],
}
clients = {name: how for name, how in clients.items() if name != "s5cmd" or shutil.which(name)}


@dataclasses.dataclass
class Run:
    """Of one command: seconds, seconds of processor time, peak MiB."""

    wall: float
    cpu: float
    peak: float


def run(command):
    """Measured by time(1): what Python itself measures of a child begins with Python's own memory."""
    numbers = f"{directory}/numbers"
    measured = ["/usr/bin/time", "-f", "%U %S %M", "-o", numbers, *command]
    start = time.monotonic()
    if subprocess.run(measured, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL).returncode:
        sys.exit(f"failed: {' '.join(command)}")
    wall = time.monotonic() - start
    user, system, kib = map(float, open(numbers).read().split())
    return Run(wall, user + system, kib / 1024)


def best(command, before=lambda: None, times=rounds):
    """`command` of the round's number: each round has a place of its own where a client would leave out what it finds there."""
    runs = []
    for number in range(times):
        before()
        runs.append(run(command(number)))
    return min(runs, key=lambda r: r.wall)


def table(what, unit, amounts, runs, most_mib=None):
    """A line for each client; the ratio is of time per piece."""
    print(f"\n{what:30} {'seconds':>8} {unit:>10} {'cpu s':>7} {'peak MiB':>9} {'ours/theirs':>12}")
    ours = runs["ws-s3"].wall / amounts["ws-s3"]
    for name, r in runs.items():
        ratio = "" if name == "ws-s3" else f"{ours / (r.wall / amounts[name]):12.2f}"
        over = "  OVER" if name == "ws-s3" and most_mib and r.peak > most_mib else "  SLOWER" if ratio and float(ratio) > 1 else ""
        print(f"  {name:28} {r.wall:8.2f} {amounts[name] / r.wall:10.1f} {r.cpu:7.2f} {r.peak:9.1f} {ratio}{over}", flush=True)


def fill(tree, count):
    os.mkdir(tree)
    for number in range(count):
        folder = f"{tree}/{number % 100:02}"
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/{number:05}", "wb") as file:
            file.write(number.to_bytes(4, "big") * 1024)


def check_tree(tree, count):
    files = [os.path.join(where, name) for where, _, names in os.walk(tree) for name in names]
    if len(files) != count or any(os.path.getsize(file) != 4096 for file in files):
        sys.exit(f"{tree}: {len(files)} files instead of {count}, or of another size")


def clear(path):
    shutil.rmtree(path, ignore_errors=True)


def clear_file(path):
    if os.path.exists(path):
        os.unlink(path)


run([ws, "ws-s3", "mb", "-q", "s3://bench"])
tree, few, file, back = (f"{directory}/{name}" for name in ("tree", "few", "file", "back"))
fill(tree, objects)
fill(few, min(slow, objects))
amounts = {name: min(slow, objects) if name in ("awscli", "s3cmd") else objects for name in clients}
print(f"{objects} objects of 4 KiB, {mib} MiB, {os.cpu_count()} cores, best of {rounds}; load {os.getloadavg()[0]:.1f} before")
runs = {}
for name, how in clients.items():
    source = few if amounts[name] < objects else tree
    runs[name] = best(lambda number: how[0](source, f"{name}/t{number}"))
table("small up (bar 32 MiB)", "objects/s", amounts, runs, 32)
table("list", "keys/s", amounts, {name: best(lambda _: how[1](f"{name}/t0")) for name, how in clients.items()})
runs = {}
for name, how in clients.items():
    runs[name] = best(lambda _: how[2](f"{name}/t0", back), before=lambda: (clear(back), os.mkdir(back)))
    check_tree(back, amounts[name])
clear(back)
table("small down (bar 32 MiB)", "objects/s", amounts, runs, 32)

with open(file, "wb") as f:
    for _ in range(mib):
        f.write(os.urandom(1 << 20))
whole = {name: mib for name in clients}
up, down = {}, {}
for name, how in clients.items():
    up[name] = best(lambda _: how[3](file, f"{name}/f"), times=1)  # what is overwritten stays in the server's memory
    down[name] = best(lambda _: how[4](f"{name}/f", back), before=lambda: clear_file(back))
    if subprocess.run(["cmp", file, back]).returncode:
        sys.exit(f"{name}: what came back is not what was sent")
    os.unlink(back)
    run([ws, "ws-s3", "rm", "-q", f"s3://bench/{name}/f"])
table("large up (bar 96 MiB)", "MiB/s", whole, up, 96)
table("large down (bar 96 MiB)", "MiB/s", whole, down, 96)
PYTHON
