"""Peers that come over the network, once: they stay in build/peers. What cannot be had is None, with the reason in `why`."""
import os
import shutil
import subprocess

import ws as helpers

PLACE = helpers.REPOSITORY / "build/peers"
NODE_TAR = "tar@7.5.2"
GO_SOURCE = "golang-1.19-src"
why = {}


def _run(what, command, cwd):
    try:
        done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, text=True)
    except (OSError, subprocess.TimeoutExpired) as e:
        why[what] = str(e)
        return False
    if done.returncode:
        why[what] = f"{command[0]}: {(done.stdout.strip().splitlines() or ['it failed'])[-1]}"
    return done.returncode == 0


def node_tar():
    """A directory from which node finds the package `tar`."""
    there = PLACE / "node"
    if (there / "node_modules/tar/package.json").exists():
        return there
    if not shutil.which("node") or not shutil.which("npm"):
        why["node"] = "there is no node or no npm"
        return None
    there.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--prefix", os.fspath(there), "--no-audit", "--no-fund", "--ignore-scripts", "--silent", NODE_TAR]
    return there if _run("node", command, there) else None


def go_corpus():
    """The directory with the tar files that Go's own tests read, out of Debian's package."""
    there = PLACE / "go"
    data = there / "usr/share/go-1.19/src/archive/tar/testdata"
    if data.exists():
        return data
    there.mkdir(parents=True, exist_ok=True)
    if not _run("go", ["apt-get", "-q", "download", GO_SOURCE], there):
        return None
    package = next(there.glob("*.deb"))
    unpack = f'dpkg-deb --fsys-tarfile "{package}" | tar -x ./usr/share/go-1.19/src/archive/tar/testdata'
    good = _run("go", ["sh", "-c", unpack], there)
    package.unlink()
    return data if good else None
