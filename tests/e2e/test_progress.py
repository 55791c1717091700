"""Progress on a terminal, for every transfer of workspaces, archives and backups. (Of ws-s3: test_s3_verbs.py; of ws-file: test_file.py.)"""
import os

import pytest
from faults import error, reply

import ws as helpers
from test_session import memory  # noqa: F401 (fixture)

STALL = reply(200, silent=True, then="stall")
AFTER_OPENING = ["unpack", "verify", "compare"]  # their first request only asks what there is
# What is run, the request that hangs, what is shown of it, and what is run before.
TRANSFERS = {
    "save": ("ws-teardown t1", "PUT", "save"),
    "save with a deadline": ("ws-teardown --deadline 1h t1", "PUT", "save"),
    "save at the end of a command": ("ws-setup --id t1 -- true", "PUT .*tar.gz", "save"),
    "restore": ("ws-setup --id t1", "GET", "restore", "ws-teardown t1"),
    "restore of an archive": ("ws-setup --id t2 --from s3://b/x.tar.gz", "GET", "restore", "ws-archive create -o s3://b/x.tar.gz -C {at}/base/t1"),
    "sending the spool": ("ws-teardown --retry", "PUT", "save", "spool"),
    "the collector's save": ("ws-gc --older 0s", "PUT", "save"),
    "the collector's archive": ("ws-gc --older 0s --archive-to s3://b/archives", "PUT .*archives", "archive"),
    "the collector's sending of the spool": ("ws-gc", "PUT", "save", "spool"),
    "the restore of what the collector archived": ("ws-setup --restore t1", "GET", "restore", "ws-gc --older 0s --archive-to s3://b/archives"),
    "archive": ("ws-archive create -o s3://b/x.tar.gz -C {at}/base/t1", "PUT", "archive"),
    "unpacking": ("ws-archive extract -C {at}/out s3://b/x.tar.gz", "GET", "unpack", "ws-archive create -o s3://b/x.tar.gz -C {at}/base/t1"),
    "verifying": ("ws-archive verify s3://b/x.tar.gz", "GET", "verify", "ws-archive create -o s3://b/x.tar.gz -C {at}/base/t1"),
    "comparing": ("ws-archive diff s3://b/x.tar.gz {at}/base/t1", "GET", "compare", "ws-archive create -o s3://b/x.tar.gz -C {at}/base/t1"),
    "backup": ("ws-archive backup -o s3://b/backup {at}/base/t1", "PUT", "back up"),
    "restore of a backup": ("ws-archive restore s3://b/backup", "GET .*parts/", "restore", "ws-archive backup -o s3://b/backup {at}/base/t1"),
}


@pytest.mark.parametrize("what", TRANSFERS)
def test_a_terminal_sees_the_progress_of(memory, faults, tmp_path, what):
    command, request, label, *before = TRANSFERS[what]
    base = memory("honoured")
    method, where = f"{request} ".split(" ")[:2]
    faults.backend, base.env["AWS_ENDPOINT_URL_S3"] = base.env["AWS_ENDPOINT_URL_S3"], faults.url
    (base.setup("--id", "t1") / "file").write_bytes(os.urandom(1 << 20))
    (tmp_path / "out").mkdir()
    if before == ["spool"]:
        faults.on("PUT", "", error(403, "AccessDenied"), times=99)
        base.teardown("t1", status=75)
        faults.forget()
    elif before:
        base.run(*before[0].format(at=tmp_path).split())
    faults.on(method, where, STALL, times=99, skip=label in AFTER_OPENING, optional=True)  # it is shown before or after
    helpers.terminal_shows(lambda **options: base.start(*command.format(at=tmp_path).split(), **options), f"\x1b[K{label} ")
