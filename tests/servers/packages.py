"""Debian packages: install what is missing, unpack packages of another suite beside the system, or make a root of that suite."""
import os
import subprocess
import tempfile
from pathlib import Path

from daemons import Unavailable

REPOSITORY = Path(__file__).resolve().parents[2]
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def need(packages):
    """Install missing packages of the system's own suite (as root), else Unavailable with the command that would."""
    done = subprocess.run(["sh", str(REPOSITORY / "tests/need.sh"), *packages], capture_output=True, text=True)
    if done.returncode != 0:
        raise Unavailable("\n".join(done.stderr.strip().splitlines()[-5:]))


def unpack_suite(suite, packages):
    """Directory holding the unpacked packages of suite; fetched once, then kept in build/."""
    root = REPOSITORY / "build/servers" / "-".join([suite, *packages])
    if not root.is_dir():
        root.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root.parent, prefix="fetch-") as scratch:
            fresh = _fetch(suite, packages, Path(scratch))
            try:
                fresh.rename(root)
            except OSError:  # another run was faster
                if not root.is_dir():
                    raise
    return root


def make_root(suite, packages):
    """Directory that can be the root of programs of another suite: packages and all that they need. Made once, then kept in build/."""
    if os.geteuid() != 0:
        raise Unavailable(f"a root of Debian {suite} takes root")
    need(["mmdebstrap"])
    root = REPOSITORY / "build/servers" / "-".join(["root", suite, *packages])
    if not root.is_dir():
        root.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root.parent, prefix="root-") as scratch:
            _bootstrap(suite, packages, Path(scratch) / "root")
            try:
                (Path(scratch) / "root").rename(root)
            except OSError:  # another run was faster
                if not root.is_dir():
                    raise
    return root


def _bootstrap(suite, packages, root):
    options = ["--aptopt=APT::Install-Recommends false", "--aptopt=Acquire::Check-Valid-Until false"]
    options += [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "locale")]
    command = ["mmdebstrap", "--quiet", "--mode=root", "--variant=apt", f"--include={','.join(packages)}", *options, suite, str(root), _mirror()]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise Unavailable(f"a root of Debian {suite}: {done.stderr.strip()[-500:]}")


def _fetch(suite, packages, scratch):
    for name in ("lists/partial", "cache/archives/partial", "debs", "root"):
        (scratch / name).mkdir(parents=True)
    signed_by = f"[signed-by={KEYRING}] " if os.path.exists(KEYRING) else ""
    (scratch / "sources.list").write_text(f"deb {signed_by}{_mirror()} {suite} main\n")
    options = [
        f"Dir::Etc::sourcelist={scratch}/sources.list",
        "Dir::Etc::sourceparts=/dev/null",
        f"Dir::State::lists={scratch}/lists",
        "Dir::State::status=/dev/null",
        f"Dir::Cache={scratch}/cache",
        "Acquire::Languages=none",
        "APT::Sandbox::User=",
    ]
    apt = ["apt-get", "-q", *(f"-o{option}" for option in options)]
    for command in ([*apt, "update", "--error-on=any"], [*apt, "download", *packages]):
        done = subprocess.run(command, cwd=scratch / "debs", capture_output=True, text=True)
        if done.returncode != 0:
            raise Unavailable(f"{' '.join(packages)} of Debian {suite}: {done.stderr.strip()}")
    for deb in (scratch / "debs").glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", deb, scratch / "root"], check=True)
    return scratch / "root"


def _mirror():
    """Where this machine gets Debian itself from, as apt understands its sources."""
    listing = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(COMPONENT)", "Created-By: Packages"], capture_output=True, text=True
    )
    for line in listing.stdout.splitlines():
        uri, component = line.split()
        if component == "main" and "security" not in uri:
            return uri
    raise Unavailable("apt knows no Debian mirror (apt-get indextargets)")
