#!/bin/sh
# workspace.sh [DIR]: save and restore of a large workspace (GIB of it, 10, mostly holes) and of one with many small files (FILES,
# 20000): time, and peak memory, which must not grow with the size (at most 128 MiB). On a file store; with WS_BENCH_STORE=s3://bucket/prefix
# (and its AWS_ environment) there as well. Needs about as much room in DIR (else /tmp) as the holes leave, twice.
set -eu
ws=$(cd "$(dirname "$0")/../.." && pwd)/dist/ws
dir=$(mktemp -d "${1:-/tmp}/ws-workspace-bench.XXXXXX")
trap 'rm -rf "$dir"' EXIT

python3 - "$dir" "$ws" "${GIB:-10}" "${FILES:-20000}" "${WS_BENCH_STORE:-}" <<'PYTHON'
import os, subprocess, sys, time

directory, ws, gib, files, s3 = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
MIB = 1 << 20


def run(*command):
    """Seconds and peak MiB of a command, its children included."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, command
    return time.monotonic() - start, usage.ru_maxrss / 1024


def large(root):
    """Files of 1 GiB: every 64 MiB there are 4 MiB that do not compress, then 12 MiB of text, and the rest are holes."""
    noise, text = os.urandom(4 * MIB), b"a line of text like many others\n" * (12 * MIB // 32)
    for number in range(gib):
        with open(f"{root}/big{number}", "wb") as file:
            for at in range(0, 1024, 64):
                file.seek(at * MIB)
                file.write(noise + text)
            file.truncate(1024 * MIB)


def small(root):
    for number in range(files):
        folder = f"{root}/d{number // 100}"
        if number % 100 == 0:
            os.mkdir(folder)
        with open(f"{folder}/f{number}", "wb") as file:
            file.write(b"%d\n" % number * (number % 300))


def bench(name, fill, store):
    base = f"{directory}/base"
    where = ["--base", base]
    setup = [ws, "setup", *where, "--id", name, "--store", store]
    run(*setup)
    fill(f"{base}/{name}")
    for what, command in (("save", [ws, "teardown", *where, name]), ("restore", setup)):
        seconds, peak = run(*command)
        print(f"{name}, {store.split(':')[0]}: {what} {seconds:.2f} s, peak {peak:.0f} MiB", flush=True)
        assert peak <= 128, "more than 128 MiB"
    seconds, _ = run(*setup)
    print(f"{name}, {store.split(':')[0]}: taken up again in {seconds * 1000:.0f} ms", flush=True)
    if store.startswith("file:"):
        os.mkdir(f"{directory}/plain")
        seconds, _ = run(ws, "teardown", *where, "--keep", name)
        seconds, peak = run(ws, "archive", "extract", "-C", f"{directory}/plain", f"{store[7:]}/tasks/{name}.tar.gz")
        print(f"{name}: ws-archive extract alone {seconds:.2f} s, peak {peak:.0f} MiB", flush=True)
        subprocess.run(["rm", "-rf", f"{directory}/plain"], check=True)
    run(ws, "teardown", *where, "--discard", name)


for store in filter(None, [f"file://{directory}/store", s3]):
    bench("small", small, store)
    bench("large", large, store)
PYTHON
