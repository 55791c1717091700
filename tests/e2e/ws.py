"""Helpers of the end-to-end tests: run the shipped binary in a clean environment, start servers, make and compare trees."""
import contextlib
import dataclasses
import hashlib
import json
import os
import pty
import re
import select
import shlex
import shutil
import signal
import stat
import subprocess
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SERVERS = REPOSITORY / "tests/servers"
BINARY = Path(os.environ.get("WS_BINARY", REPOSITORY / "dist/ws"))
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
NOBODY = 65534
SECRETS = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]


@dataclasses.dataclass
class Result:
    """How a command ended. In a failed assertion it shows itself: assert "x" in result.stdout, result"""

    command: list
    status: int  # 0..255, or -N for death by signal N
    output: bytes
    stderr: str

    @property
    def stdout(self):
        return self.output.decode(errors="surrogateescape")

    def complains(self, *says):
        """What bad input gets: one line on standard error that begins with the applet's name and has all of says in it, and no output,
        or with --json that error alone."""
        told = [line["error"]["message"] for line in lines(self)] if "--json" in self.command else []
        assert self.output == b"" or len(told) == 1 and told[0] in self.stderr, self
        assert re.fullmatch(r"ws(-\w+)?: [^\n]+\n", self.stderr), self
        for text in says:
            assert text in self.stderr, f"it does not say {text!r}\n{self}"

    def __str__(self):
        out, err = (text if len(text) < 4000 else text[:2000] + "\n[...]\n" + text[-2000:] for text in (self.stdout, self.stderr))
        return f"$ {shlex.join(self.command)}\nstatus {self.status}\n-- stdout\n{out}\n-- stderr\n{err}"

    __repr__ = __str__


def lines(result):
    """What a command with --json printed: an object a line."""
    return [json.loads(line) for line in result.stdout.splitlines()]


def run(command, status=0, timeout=60, **options):
    """Run to the end and check the exit status (None: any). Kills the command's whole process group after timeout seconds."""
    command = [os.fspath(part) for part in command]
    given = options.pop("input", None)
    options.setdefault("stdin", subprocess.PIPE if given is not None else subprocess.DEVNULL)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, **options)
    try:
        output, stderr = process.communicate(given.encode() if isinstance(given, str) else given, timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, stderr = process.communicate()
        stderr += f"\n(killed by the test after {timeout} s)".encode()
        status = 0 if status is None else status
    result = Result(command, process.returncode, output, stderr.decode(errors="replace"))
    if status is not None and result.status != status:
        raise AssertionError(f"expected status {status}\n{result}")
    return result


class Terminal:
    """A terminal of which we see what is shown: give `theirs` to a process."""

    def __enter__(self):
        self.ours, self.theirs = pty.openpty()
        return self

    def __exit__(self, *error):
        os.close(self.ours)
        if self.theirs is not None:
            os.close(self.theirs)

    def shows(self, text):
        """All that comes until this is there; that it ends before is an error of the read."""
        if self.theirs is not None:
            os.close(self.theirs)
            self.theirs = None
        seen = b""
        while text.encode() not in seen:
            ready, _, _ = select.select([self.ours], [], [], 30)
            assert ready, f"{text!r} did not come after {seen!r}"
            seen += os.read(self.ours, 1000)
        return seen.decode()


def terminal_shows(start, text):
    """Start a command whose standard error is a terminal, start(stderr=…), wait until it shows text, and kill it."""
    with Terminal() as terminal:
        process = start(stderr=terminal.theirs)
        try:
            terminal.shows(text)
        finally:
            process.kill()
            process.wait()


class Ws:
    """The binary, with nothing of our own environment but what env says.

    ws("ws-s3", "ls", "s3://b/", env=s3.env)          runs an applet, asserts status 0, returns a Result
    ws("ws-setup", "--id", "../x", status=64)         asserts another status; status=None accepts any
    ws.start("ws-setup", "--", "sleep", "60")         a running subprocess.Popen, killed at the end of the test
    """

    def __init__(self, home):
        self.home = home
        (home / "tmp").mkdir(parents=True)
        self._started = []

    def environment(self, env=None):
        """The machine that runs the tests may have a metadata service: it is none of theirs."""
        base = {"PATH": PATH, "HOME": str(self.home), "TMPDIR": str(self.home / "tmp"), "LANG": "C", "AWS_EC2_METADATA_DISABLED": "true"}
        return {**base, **(env or {})}

    def __call__(self, applet, *args, env=None, **options):
        """Whatever happens: no secret shows."""
        env = self.environment(env)
        result = run([BINARY, applet, *args], env=env, **options)
        for secret in filter(None, map(env.get, SECRETS)):
            assert len(secret) < 16 or secret not in result.stdout + result.stderr or "presign" in args, result
        return result

    def start(self, applet, *args, env=None, **options):
        command = [os.fspath(part) for part in (BINARY, applet, *args)]
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        process = subprocess.Popen(command, env=self.environment(env), start_new_session=True, **options)
        self._started.append(process)
        return process

    def stop(self):
        """Whatever else still holds their pipes is not waited for."""
        for process in self._started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for pipe in filter(None, (process.stdin, process.stdout, process.stderr)):
                with contextlib.suppress(BrokenPipeError):  # what was not written yet
                    pipe.close()


class PlainUser:
    """An ordinary user: nobody when the tests run as root, else ourselves. dir is a directory that this user owns and can reach."""

    def __init__(self):
        self.dir = Path(tempfile.mkdtemp(prefix="ws-plain-"))
        self.binary = self.dir / "ws"
        shutil.copy(BINARY, self.binary)
        self.binary.chmod(0o755)
        self._become, self._started = [], []
        if os.geteuid() == 0:
            os.chown(self.dir, NOBODY, NOBODY)
            self._become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]

    def __call__(self, applet, *args, **options):
        return self.run(self.binary, applet, *args, **options)

    def _environment(self, env):
        return {"PATH": PATH, "HOME": str(self.dir), "TMPDIR": str(self.dir), "LANG": "C", **(env or {})}

    def run(self, *command, env=None, **options):
        """Any command as that user."""
        return run([*self._become, *command], env=self._environment(env), cwd=options.pop("cwd", self.dir), **options)

    def start(self, applet, *args, env=None):
        """The binary as a running subprocess.Popen, killed when the user goes."""
        self._started.append(subprocess.Popen([*self._become, self.binary, applet, *args], env=self._environment(env), cwd=self.dir))
        return self._started[-1]

    def remove(self):
        for process in self._started:
            process.kill()
            process.wait()
        run(["/usr/bin/chmod", "-R", "u+rwx", self.dir])
        shutil.rmtree(self.dir)


class Server:
    """A running tests/servers/serve.py; values holds its assignments. It ends when we do."""

    def __init__(self, kind, directory):
        self.kind = kind
        self._log = directory / f"{kind}.stderr"
        with open(self._log, "wb") as log:
            command = ["/usr/bin/python3", SERVERS / "serve.py", kind, "--dir", directory, "--parent", str(os.getpid())]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)
        text = self._process.stdout.read()
        self.values = dict(word.split("=", 1) for word in shlex.split(text) if "=" in word)

    def trouble(self):
        """Why it does not run, or None."""
        return self._log.read_text() or "it ended without a word" if self._process.poll() is not None or not self.values else None

    def stop(self):
        self._process.terminate()
        self._process.wait()


class S3:
    """One way into one server: endpoint, keys, the environment that ws needs, and boto3 as the second opinion."""

    def __init__(self, name, server):
        values = server.values
        self.name = name  # "swift", "swift238", "ceph", "ceph-tls", "ceph20"
        self.kind = server.kind  # "swift", "swift238", "ceph", "ceph20"
        self.tls = name.endswith("-tls")
        self.plain_endpoint = values["AWS_ENDPOINT_URL_S3"]
        self.endpoint = values["S3_TLS_ENDPOINT"] if self.tls else self.plain_endpoint
        self.access_key = values["AWS_ACCESS_KEY_ID"]
        self.secret_key = values["AWS_SECRET_ACCESS_KEY"]
        self.region = values["AWS_REGION"]
        self.vhost_domain = values["S3_VHOST_DOMAIN"]
        self.ca_file = values["S3_CA_FILE"] if self.tls else None
        self.client = self.make_client()

    @property
    def env(self):
        """For ws and aws: where the server is and who we are."""
        env = {
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": self.region,
        }
        return {**env, "AWS_CA_BUNDLE": self.ca_file} if self.tls else env

    def make_client(self, **changes):
        """A boto3 S3 client; changes replace arguments of boto3.client, e.g. aws_secret_access_key="wrong"."""
        import boto3
        from botocore.config import Config

        arguments = {
            "endpoint_url": self.endpoint,
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret_key,
            "region_name": self.region,
            "verify": self.ca_file,
            "config": Config(s3={"addressing_style": "path"}, retries={"mode": "standard"}),
        }
        return boto3.client("s3", **{**arguments, **changes})

    def bucket(self):
        """Create a bucket with a name of its own and return the name."""
        name = f"t-{os.urandom(8).hex()}"
        self.client.create_bucket(Bucket=name)
        return name

    def put(self, bucket, key, body=b"", **more):
        self.client.put_object(Bucket=bucket, Key=key, Body=body, **more)

    def get(self, bucket, key):
        return self.client.get_object(Bucket=bucket, Key=key)["Body"].read()

    def keys(self, bucket, prefix=""):
        """All keys below prefix, sorted."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return sorted(item["Key"] for page in pages for item in page.get("Contents", ()))

    def aws(self, home, *args, **options):
        """Run Debian's awscli against this server."""
        env = {"PATH": PATH, "HOME": str(home), "LANG": "C.UTF-8", **self.env, **options.pop("env", {})}
        return run(["/usr/bin/aws", "--endpoint-url", self.endpoint, *args], env=env, **options)


class FileStore:
    """A store in a directory: url and env for ws, and a look inside by other means."""

    name = "file"
    s3 = None

    def __init__(self, directory):
        directory.mkdir()
        self.directory, self.url, self.env = directory, f"file://{directory}", {}

    def put(self, key, body):
        path = self.directory / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)

    def get(self, key):
        return (self.directory / key).read_bytes()

    def keys(self):
        return sorted(str(path.relative_to(self.directory)) for path in self.directory.rglob("*") if path.is_file())


class S3Store:
    """The same in a bucket of its own, below the prefix "p"."""

    def __init__(self, s3):
        self.s3, self.name, self.env = s3, s3.name, s3.env
        self.bucket = s3.bucket()
        self.url = f"s3://{self.bucket}/p"

    def put(self, key, body):
        self.s3.put(self.bucket, f"p/{key}", body)

    def get(self, key):
        return self.s3.get(self.bucket, f"p/{key}")

    def keys(self):
        return [key[len("p/") :] for key in self.s3.keys(self.bucket, "p/")]


ODD_NAMES = [
    b" leading and trailing ",
    b"-rf",
    b"new\nline",
    b"tab\there",
    b"back\\slash",
    b"quote'\"`$(x);&|<>*?[]{}!#~%41%00",
    b".hidden",
    b"...",
    "grüße-日本語-\U0001f600".encode(),
    "e\u0301 is not \u00e9".encode(),
    b"not-utf8-\xff\xfe",
    b"n" * 255,
]


def make_tree(root, odd=True):
    """A small tree with what a real one has: modes, links, times to the nanosecond, a sparse file, empty directories, odd names.

    odd=False leaves out the names that other tools stumble over. Returns root.
    """
    root = Path(root)
    (root / "src/deep/er").mkdir(parents=True)
    (root / "empty/nested").mkdir(parents=True)
    (root / "src/main.c").write_text("int main(void) { return 0; }\n" * 50)
    (root / "src/deep/er/data.bin").write_bytes(hashlib.shake_128(b"ws").digest(300_000))
    (root / "zero").touch()
    for name, mode in (("run.sh", 0o755), ("secret", 0o600), ("readonly", 0o444), ("shared", 0o664)):
        (root / name).write_text(f"#!/bin/sh\necho {name}\n")
        (root / name).chmod(mode)
    with open(root / "sparse", "wb") as file:
        file.write(b"head")
        file.truncate(3 << 20)
        file.seek(2 << 20)
        file.write(b"middle")
    os.link(root / "src/main.c", root / "src/hard.c")
    os.link(root / "src/main.c", root / "empty/harder.c")
    links = {"link": "src/main.c", "up": "../outside", "dangling": "no such file", "absolute": "/etc/hostname", "dirlink": "src"}
    for name, target in links.items():
        (root / name).symlink_to(target)
    (root / "/".join(["long" * 15] * 6)).mkdir(parents=True)
    for name in ODD_NAMES if odd else ():
        Path(os.fsdecode(os.path.join(os.fsencode(root), name))).write_bytes(name)
    (root / "private").mkdir(mode=0o700)
    (root / "private/note").write_text("x")
    _set_times(root)
    return root


def _set_times(root):
    """Give everything its own time, inner things first because writing into a directory changes it."""
    second = 1_500_000_000
    for directory, names, files in sorted(os.walk(root), reverse=True):
        for path in [os.path.join(directory, name) for name in sorted(files + names)]:
            second += 3_600
            os.utime(path, ns=(second * 10**9, second * 10**9 + second % 999_999_937), follow_symlinks=False)
    os.utime(root / "zero", ns=(0, 0))
    os.utime(root, ns=(10**18, 10**18 + 1))


def tree_digest(root, owner=False, top=True):
    """{path: what it is}, equal for two trees exactly when they are the same.

    Compares type, mode, mtime to the nanosecond, link target, size and SHA-256 of the content, and which paths are hard links of each
    other; with owner=True also uid and gid. top=False leaves out the root directory itself.
    """
    root = os.fspath(root)
    digest, inodes = {}, {}
    paths = [root] + [os.path.join(directory, name) for directory, names, files in os.walk(root) for name in names + files]
    for path in sorted(paths[0 if top else 1 :]):
        info = os.lstat(path)
        name = os.path.relpath(path, root)
        entry = {"mode": stat.filemode(info.st_mode), "mtime_ns": info.st_mtime_ns}
        if owner:
            entry["owner"] = (info.st_uid, info.st_gid)
        if stat.S_ISLNK(info.st_mode):
            entry["target"] = os.readlink(path)
        if stat.S_ISREG(info.st_mode):
            entry["size"] = info.st_size
            entry["sha256"] = file_digest(path)
        if not stat.S_ISDIR(info.st_mode) and info.st_nlink > 1:
            entry["same_as"] = inodes.setdefault((info.st_dev, info.st_ino), name)
        digest[name] = entry
    return digest


def file_digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
