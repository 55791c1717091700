"""Run one S3 server in the foreground: /usr/bin/python3 tests/servers/serve.py swift|swift238|ceph|ceph-sts [--dir DIR] [--parent PID]

Prints shell assignments when the server answers, then closes its output and serves until SIGTERM, SIGINT, the end of its parent, or the
end of one of its daemons. Data lives in a fresh directory below DIR (default: the temporary directory), removed at the end.

One shell:       eval "$(/usr/bin/python3 tests/servers/serve.py ceph --parent $$ &)"
Several shells:  /usr/bin/python3 tests/servers/serve.py ceph --dir /tmp/s3 --parent 1 &     and in each     . /tmp/s3/ceph.env
"""
import argparse
import os
import select
import shlex
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from ceph_server import Ceph, Ceph20, CephSts
from daemons import StartError, Unavailable
from swift_server import Swift, Swift238

SERVERS = {"swift": Swift, "swift238": Swift238, "ceph": Ceph, "ceph20": Ceph20, "ceph-sts": CephSts}
EX_UNAVAILABLE = 69
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def assignments(server):
    """What a client needs to know, by the names the AWS tools use where they have one."""
    values = {
        "AWS_ENDPOINT_URL_S3": server.endpoint,
        "AWS_ACCESS_KEY_ID": server.access_key,
        "AWS_SECRET_ACCESS_KEY": server.secret_key,
        "AWS_REGION": server.region,
        "S3_VHOST_DOMAIN": server.vhost_domain,
        "S3_TLS_ENDPOINT": server.tls_endpoint,
        "S3_CA_FILE": server.ca_file,
    }
    return "".join(f"export {name}={shlex.quote(str(value))}\n" for name, value in values.items() if value)


def announce(text, env_file):
    """Publish the assignments: in env_file, complete or not at all, and on stdout, whose end says there is no more."""
    staged = env_file.with_suffix(f".{os.getpid()}")
    staged.write_text(text)
    staged.rename(env_file)
    sys.stdout.write(text)
    sys.stdout.close()
    os.close(1)


def serve(server, parent_pid):
    """Return when the parent has ended."""
    ended = select.poll()
    ended.register(os.pidfd_open(parent_pid), select.POLLIN)
    while not ended.poll(500):
        dead = server.first_dead()
        if dead:
            raise StartError(f"{dead} ended by itself")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server", choices=SERVERS)
    parser.add_argument("--dir", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--parent", type=int, default=os.getppid(), metavar="PID", help="end when this process ends (default: the caller)")
    args = parser.parse_args()

    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: sys.exit(0))
    args.dir.mkdir(parents=True, exist_ok=True)
    env_file = args.dir.absolute() / f"{args.server}.env"
    data = tempfile.mkdtemp(prefix=f"{args.server}-", dir=args.dir.absolute())
    server = SERVERS[args.server](data)
    try:
        server.start()
        announce(assignments(server), env_file)
        serve(server, args.parent)
    except (StartError, Unavailable, ProcessLookupError) as error:
        print(f"serve.py: {args.server}: {error}", file=sys.stderr)
        sys.exit(EX_UNAVAILABLE if isinstance(error, Unavailable) else 1)
    finally:
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        server.stop()
        env_file.unlink(missing_ok=True)
        shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    main()
