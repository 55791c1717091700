"""Attackers that change directories while ws unpacks into them."""
import ctypes
import os
import shutil
import time

import rawtar

MS_BIND, MNT_DETACH = 4096, 2
_libc = ctypes.CDLL(None, use_errno=True)


def archive(directories=230, files=4):
    """More directories than descriptors are kept for, come back to again and again, so that they are opened anew by their names."""
    names = [f"d{n:03}" for n in range(directories)]
    parts = [rawtar.header(name, rawtar.DIR, mode=0o755, mtime=1) for name in names]
    for round in range(files):
        for name in names:
            parts.append(rawtar.file(f"{name}/secret{round}", b"x" * 600))
            parts.append(rawtar.file(f"{name}/deep/{round}", b"y"))
        parts.append(rawtar.pax([(b"size", b"1100000")]) + rawtar.header(f"large{round}") + bytes(1_100_096))
    parts += [rawtar.header(f"{name}/link", rawtar.SYM, link="secret0") for name in names]
    parts += [rawtar.header(f"{name}/hard", rawtar.HARD, link=f"{name}/secret1") for name in names]
    return rawtar.as_gzip(rawtar.tar(*parts))


def swap_directory(race, name):
    """T82: a directory becomes a symlink to the canary, and itself again."""
    os.rename(name, race.aside)
    os.symlink(race.canary, name)
    os.unlink(name)
    os.rename(race.aside, name)


def exchange_for_good(race, name):
    """T82: a directory becomes a symlink to the canary and stays one."""
    os.rename(name, f"{race.aside}-{race.hits}")
    os.symlink(race.canary, name)


def move_out(race, name):
    """T83: a directory is moved out of the tree, and back."""
    os.rename(name, race.aside)
    os.rename(race.aside, name)


def swap_staging(race, name):
    """T83: the whole staging directory becomes a symlink to the canary, and itself again."""
    top = os.path.dirname(name)
    os.rename(top, race.aside)
    os.symlink(race.canary, top)
    os.unlink(top)
    os.rename(race.aside, top)


def swap_file(race, name):
    """T84: a file becomes a symlink to one of the canary, or a FIFO, between its creation and its times."""
    files = [entry for entry in os.listdir(name) if entry.startswith("secret")]
    for number, entry in enumerate(files[-2:]):
        os.unlink(f"{name}/{entry}")
        if number % 2:
            os.mkfifo(f"{name}/{entry}")
        else:
            os.symlink(race.canary / "secret", f"{name}/{entry}")
    if not files:
        raise FileNotFoundError(name)


def mount_over(race, name):
    """T85: the canary is mounted on a directory."""
    if _libc.mount(os.fsencode(race.canary), os.fsencode(name), None, MS_BIND, None) != 0:
        raise OSError(ctypes.get_errno(), "mount")
    race.mounted.append(name)
    if len(race.mounted) > 40:
        race.unmount()


ATTACKS = {
    "T82 swap": swap_directory,
    "T82 exchange": exchange_for_good,
    "T83 move out": move_out,
    "T83 staging": swap_staging,
    "T84 file": swap_file,
    "T85 mount": mount_over,
}


class Race:
    """One attack on whatever is unpacked below `place`; hits counts how often it came through."""

    def __init__(self, place, canary, attack):
        self.place, self.canary, self.attack = place, canary, attack
        self.aside = place / "aside"
        self.hits, self.mounted, self.left = 0, [], set()

    def run(self, process):
        """Attack from when it stages something until it has ended. Before that it goes where the path leads that it was given."""
        while process.poll() is None and self._staged() <= self.left:
            time.sleep(0.001)
        while process.poll() is None:
            tops = list(self._below([self.place], (".ws-tmp", "out")))
            inner = list(self._below(tops, ".ws-tmp"))
            for name in self._below(inner or tops if self.attack is swap_file else inner + tops, "d"):
                if process.poll() is not None:
                    break
                self._strike(name)
        self.unmount()
        self.left = self._staged()

    def _staged(self):
        return set(self._below([self.place, *self._below([self.place], "out")], ".ws-tmp"))

    @staticmethod
    def _below(tops, prefix):
        """What begins with `prefix` in these directories; one that has gone meanwhile has nothing."""
        for top in tops:
            try:
                names = sorted(os.listdir(top))
            except OSError:
                continue
            yield from (os.path.join(top, name) for name in names if name.startswith(prefix))

    def _strike(self, name):
        try:
            self.attack(self, name)
            self.hits += 1
        except PermissionError:
            raise
        except OSError:
            self._settle(name)

    def _settle(self, name):
        """Put back what a strike that failed half way has moved."""
        if not os.path.lexists(self.aside):
            return
        for path in (name, os.path.dirname(name)):
            try:
                if os.path.islink(path):
                    os.unlink(path)
                os.rename(self.aside, path)
                return
            except OSError:
                continue
        shutil.rmtree(self.aside, ignore_errors=True)

    def unmount(self):
        for name in self.mounted:
            _libc.umount2(os.fsencode(name), MNT_DETACH)
        self.mounted.clear()

    def clean(self):
        """rmtree follows no symlink."""
        self.unmount()
        for entry in list(os.scandir(self.place)):
            if entry.is_dir(follow_symlinks=False) and not os.path.samefile(entry.path, self.canary) and entry.name.startswith(("out", ".ws-tmp", "aside")):
                shutil.rmtree(entry.path)
