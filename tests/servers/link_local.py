"""In a network of its own (unshare -n): the addresses that cannot be changed, and one command that asks them.

    link_local.py COMMAND...     runs it; prints JSON: its status, output, and the requests seen as [server, method, target, headers]

"container" is 169.254.170.2, "machine" is 169.254.169.254; "s3", whose URL the command gets in AWS_ENDPOINT_URL_S3, answers any listing.
"""
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys

from faults import Faults, reply

SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFADDR, IFF_UP = 0x8913, 0x8914, 0x8916, 1
KEYS = {"SecretAccessKey": "link-local-secret-0123456789", "Token": "link-local-token-0123456789", "Expiration": "2999-01-01T00:00:00Z"}


def bring_up(addresses):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        asked = fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack("16sH14x", b"lo", 0))
        flags = struct.unpack("16sH14x", asked)[1] | IFF_UP
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags))
        for number, address in enumerate(addresses):
            name = b"lo:%d" % (number + 1)
            fcntl.ioctl(control, SIOCSIFADDR, struct.pack("16sHH4s8x", name, socket.AF_INET, 0, socket.inet_aton(address)))


def keys(access):
    return reply(200, json.dumps({"AccessKeyId": access, **KEYS}).encode())


def main(command):
    bring_up(["169.254.170.2", "169.254.169.254"])
    servers = {
        "container": Faults(address=("169.254.170.2", 80)).start(),
        "machine": Faults(address=("169.254.169.254", 80)).start(),
        "s3": Faults().start(),
    }
    servers["container"].on("GET", "^/v2/credentials/", keys("ASECS"))
    servers["machine"].on("PUT", "^/latest/api/token$", reply(200, b"session-1"))
    servers["machine"].on("GET", "security-credentials/$", reply(200, b"role"))
    servers["machine"].on("GET", "security-credentials/role$", keys("ASEC2"))
    servers["s3"].on("GET", "", reply(200, b"<ListBucketResult><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>"), times=9)
    done = subprocess.run(command, env={**os.environ, "AWS_ENDPOINT_URL_S3": servers["s3"].url}, capture_output=True, text=True, timeout=50)
    seen = [[name, r.method, r.target, dict(r.headers)] for name, server in servers.items() for r in server.requests]
    print(json.dumps({"status": done.returncode, "stdout": done.stdout, "stderr": done.stderr, "seen": seen}))


if __name__ == "__main__":
    main(sys.argv[1:])
