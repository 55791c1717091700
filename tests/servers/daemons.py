"""Throwaway daemons for tests: loopback ports, processes that die with us, waiting until they answer."""
import ctypes
import os
import signal
import socket
import subprocess
import time

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class StartError(Exception):
    """A server did not come up; the text says which and shows the end of its log."""


class Unavailable(Exception):
    """A server cannot be had on this machine (package or mirror missing); the text says why."""


def die_with_parent():
    """Ask the kernel to kill this process when the thread that forked it ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class PortBlock:
    """A run of loopback ports that belong to us until we exit.

    The claim is an abstract socket, so two test runs on one machine never pick the same block and nothing is left behind.
    WS_TEST_PORT_BASE moves the start of the search. All ports lie below the range used for outgoing connections.
    """

    SIZE = 32

    def __init__(self):
        first = int(os.environ.get("WS_TEST_PORT_BASE", "20000"))
        for base in range(first, 32000, self.SIZE):
            claim = socket.socket(socket.AF_UNIX)
            try:
                claim.bind(f"\0ws-test-ports-{base}")
            except OSError:
                claim.close()
                continue
            if all(not _in_use(port) for port in range(base, base + self.SIZE)):
                self.base, self._claim = base, claim
                return
            claim.close()
        raise StartError(f"no {self.SIZE} free loopback ports in a row between {first} and 32000")

    def __getitem__(self, index):
        assert 0 <= index < self.SIZE
        return self.base + index


def _in_use(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def is_listening(port):
    """Whether something accepts connections on this loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Daemons:
    """The processes of one server, each leader of its own group, with its output in log_dir/NAME.log."""

    def __init__(self, log_dir):
        self._log_dir = log_dir
        self._running = {}

    def start(self, name, argv, env=None):
        with open(self._log_dir / f"{name}.log", "wb") as log:
            self._running[name] = subprocess.Popen(
                argv, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True, preexec_fn=die_with_parent
            )

    def wait_until(self, what, is_ready, timeout_s=20):
        """Poll is_ready(); a daemon that ends meanwhile, or the timeout, is a StartError."""
        deadline = time.monotonic() + timeout_s
        while not is_ready():
            for name, process in self._running.items():
                if process.poll() is not None:
                    raise StartError(f"{name} ended with status {process.returncode}:\n{self._log_end(name)}")
            if time.monotonic() > deadline:
                logs = "\n".join(f"-- {name}\n{self._log_end(name)}" for name in self._running)
                raise StartError(f"{what} not ready after {timeout_s} s\n{logs}")
            time.sleep(0.02)

    def first_dead(self):
        """Name of a daemon that is gone, or None."""
        return next((name for name, process in self._running.items() if process.poll() is not None), None)

    def stop(self):
        """Kill every group at once: nothing here is worth a clean shutdown."""
        for process in self._running.values():
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for process in self._running.values():
            process.wait()
        self._running.clear()

    def _log_end(self, name, lines=15):
        text = (self._log_dir / f"{name}.log").read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])
