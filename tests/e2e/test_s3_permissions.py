"""What lib/s3/README.md says of each command, of exit codes and of servers, against what the binary does.

Permissions: no more is asked for than it tells, and no less is told.
"""
import re
import shlex
import subprocess
from urllib.parse import parse_qs, urlsplit

import pytest
from faults import error, reply

import ws as helpers

MIB = 1 << 20

# What AWS wants beside what a request says; where a command needs nothing of that kind the row says why.
IMPLIED = {"s3:ListBucket": "a missing key is 404 and not 403", "s3:GetObjectTagging": "a copy takes the tags along"}


def section(title):
    return (helpers.REPOSITORY / "lib/s3/README.md").read_text().split(f"## {title}\n")[1].split("\n## ")[0]


def table():
    """From a command to the actions of its row; the first word of each code span in the first column."""
    rows = re.findall(r"^\| (.*?) \| (.*?) \| .*\|$", section("Permissions on AWS"), re.M)
    return {first: set(re.findall(r"`(s3:\w+)`", second)) for first, second in rows}


def action(request, bucket):
    """The IAM action of a request, as the service authorization reference has it."""
    place = urlsplit(request.target)
    query = parse_qs(place.query, keep_blank_values=True)
    method, key = request.method, place.path.removeprefix(f"/{bucket}").lstrip("/")
    if place.path == "/":
        return {"s3:ListAllMyBuckets"}
    if not key:
        for parameter, name in {"versions": "s3:ListBucketVersions", "uploads": "s3:ListBucketMultipartUploads", "delete": "s3:DeleteObject"}.items():
            if parameter in query:
                return {name}
        return {{"GET": "s3:ListBucket", "HEAD": "s3:ListBucket", "PUT": "s3:CreateBucket", "DELETE": "s3:DeleteBucket"}[method]}
    if "uploadId" in query and method in ("GET", "DELETE"):
        return {"s3:ListMultipartUploadParts" if method == "GET" else "s3:AbortMultipartUpload"}
    version = "Version" if "versionId" in query else ""
    found = {{"GET": "s3:GetObject", "HEAD": "s3:GetObject", "PUT": "s3:PutObject", "POST": "s3:PutObject", "DELETE": "s3:DeleteObject"}[method] + version}
    if "x-amz-copy-source" in request.headers:
        found.add("s3:GetObject")
    if "x-amz-tagging" in request.headers:
        found.add("s3:PutObjectTagging")
    if "x-amz-acl" in request.headers:
        found.add("s3:PutObjectAcl")
    return found


# row of the table: commands whose requests together are what it tells; {b} bucket, {d} directory
COMMANDS = {
    "`ls` without operand": [["ls"]],
    "`ls` `du`": [["ls", "s3://{b}"], ["ls", "-r", "s3://{b}/"], ["du", "s3://{b}"]],
    "`cat` `get` `stat`": [["cat", "s3://{b}/k"], ["get", "s3://{b}/k", "{d}/out"], ["get", "s3://{b}/large", "{d}/out"], ["stat", "s3://{b}/k"]],
    "`ls --versions`": [["ls", "--versions", "s3://{b}"]],
    "`--version-id`": [["cat", "--version-id", "null", "s3://{b}/k"], ["rm", "--version-id", "null", "s3://{b}/gone"]],
    "`put`": [["put", "{d}/f", "s3://{b}/new"], ["put", "{d}/large", "s3://{b}/new"], ["put", "{d}/large", "s3://{b}/refused"]],
    "`put --if-match`, `--if-none-match`": [["put", "--if-none-match", "{d}/f", "s3://{b}/new"]],
    "`put --tag`, `--acl`": [["put", "--tag", "a=b", "{d}/f", "s3://{b}/new"], ["put", "--acl", "private", "{d}/f", "s3://{b}/new"]],
    "`cp` in the store": [["cp", "s3://{b}/k", "s3://{b}/copy"]],
    "`rm`": [["rm", "s3://{b}/k"], ["rm", "-r", "s3://{b}/d/"]],
    "`uploads`": [["uploads", "s3://{b}"], ["uploads", "--abort", "--older", "0s", "s3://{b}"]],
    "`mb` `rb`": [["rb", "s3://{b}"], ["mb", "s3://{b}"]],
}
ALSO = {  # as the row of put says
    "`put --if-match`, `--if-none-match`": {"s3:PutObject"},
    "`put --tag`, `--acl`": {"s3:PutObject"},
    "`cp` in the store": {"s3:PutObject"},
}


@pytest.mark.parametrize("row", COMMANDS)
def test_a_command_asks_for_what_its_row_says(ws, servers, faults, tmp_path, row):
    s3 = helpers.S3("ceph", servers("ceph"))
    bucket = s3.bucket()
    faults.backend = s3.plain_endpoint
    (tmp_path / "f").write_text("x")
    (tmp_path / "large").write_bytes(bytes(20 * MIB))
    if row != "`mb` `rb`":
        for key, body in {"k": b"x", "large": bytes(20 * MIB), "d/k": b"x", "gone": b"x"}.items():
            s3.put(bucket, key, body)
        s3.client.create_multipart_upload(Bucket=bucket, Key="begun")
    faults.on("PUT", "/refused.*partNumber=2", error(403, "AccessDenied"), optional=True)
    used = set()
    for command in COMMANDS[row]:
        words = [word.format(b=bucket, d=tmp_path) for word in command]
        result = ws("ws-s3", *words, env={**s3.env, "AWS_ENDPOINT_URL_S3": faults.url}, status=None)
        assert result.status == (77 if "refused" in words[-1] else 0), result
    for request in faults.requests:
        used |= action(request, bucket)
    told = table()[row] | ALSO.get(row, set())
    assert used <= told, "the README tells too little"
    assert told - used <= set(IMPLIED), "the README tells too much"


def test_every_row_with_actions_of_its_own_is_tried():
    as_others = {"`mv`", "`sync`", "`probe`", "`presign`", "`whoami`", "`run`"}  # "as" another row, or none
    assert {row for row in table() if row not in ("command", "---")} - as_others == set(COMMANDS)


def test_every_verb_has_its_place_among_commands_and_permissions(ws):
    verbs = set(re.findall(r"^  ([a-z]+) ", ws("ws-s3", "--help").stdout, re.M))
    for title in ("Commands", "Permissions on AWS"):
        first = re.findall(r"^\| (`.*?) \|", section(title), re.M)
        assert {name.split()[0] for cell in first for name in re.findall(r"`([a-z][^`]*)`", cell)} == verbs


# ---- exit codes ----

KEYS = {"AWS_ACCESS_KEY_ID": "AKTEST", "AWS_SECRET_ACCESS_KEY": "secret-of-the-test", "AWS_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1"}
STATUSES = {  # what the README tells of a code: a command, what the server answers
    0: ("ls s3://b", reply(200, b"<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>0</KeyCount></ListBucketResult>")),
    1: ("stat s3://b/1 s3://b/2", error(403, "AccessDenied")),
    64: ("ls --nonsense", None),
    65: ("ls s3://b", reply(200, b"<html>")),
    66: ("cat s3://b/k", error(404, "NoSuchKey")),
    69: ("mb s3://b", error(501, "NotImplemented")),
    73: ("rb s3://b", error(409, "BucketNotEmpty")),
    74: ("cat s3://b/k", reply(200, b"content", {"ETag": '"e"'})),  # with standard output on a full disk
    75: ("ls s3://b", error(503, "SlowDown")),
    77: ("cat s3://b/k", error(403, "AccessDenied")),
    78: ("ls --region r s3://b", error(400, "AuthorizationHeaderMalformed")),
}


def test_each_exit_code_that_is_told_is_had(ws, faults):
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", section("Exit codes"), re.M)}
    assert told == set(STATUSES)
    for status, (command, answer) in STATUSES.items():
        if answer:
            faults.on("*", "", answer, times=9, optional=True)
        env = ws.environment({**KEYS, "AWS_ENDPOINT_URL": faults.url})
        with open("/dev/full" if status == 74 else "/dev/null", "wb") as out:
            assert subprocess.run([helpers.BINARY, "ws-s3", *command.split()], env=env, stdout=out).returncode == status
        faults.forget()


# ---- recipes ----

SERVERS = {  # where a key of theirs is, and the region that is signed for
    "AWS": ("https://bucket.s3.eu-central-1.amazonaws.com/key", "eu-central-1"),
    "MinIO": ("http://localhost:9000/bucket/key", "us-east-1"),
    "Ceph RGW": ("https://rgw.example:8443/bucket/key", "us-east-1"),
    "Cloudflare R2": ("https://account.r2.cloudflarestorage.com/bucket/key", "auto"),
    "Garage": ("http://localhost:3900/bucket/key", "garage"),
    "Google Cloud Storage": ("https://storage.googleapis.com/bucket/key", "auto"),
    "OpenStack Swift": ("https://swift.example:8080/bucket/key", "us-east-1"),
}


def test_the_settings_of_each_recipe_lead_to_its_server(ws):
    rows = dict(re.findall(r"^\| (.*?) \| (.*) \|$", section("Recipes"), re.M))
    del rows["server"]
    assert set(rows) == set(SERVERS)
    for server, (url, region) in SERVERS.items():
        settings = dict(word.split("=", 1) for code in re.findall(r"`(AWS_[^`]*=[^`]*)`", rows[server])[:1] for word in shlex.split(code))
        settings = {name: value.replace("ACCOUNT", "account") for name, value in settings.items()}
        if "AWS_CA_BUNDLE" in settings:
            settings["AWS_CA_BUNDLE"] = "/etc/ssl/certs/ca-certificates.crt"
        keys = {"AWS_ACCESS_KEY_ID": "AKTEST", "AWS_SECRET_ACCESS_KEY": "secret-of-the-test"}
        signed = ws("ws-s3", "presign", "s3://bucket/key", env={**keys, **settings}).stdout
        assert signed.startswith(url + "?") and f"%2F{region}%2Fs3%2F" in signed, server
