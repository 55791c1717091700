"""Where keys come from: each provider of the chain against a scripted server, who is asked and who is not, and keys that end."""
import json
import os
import stat
import threading
import time
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs

import pytest
from faults import Faults, error, reply

import ws as helpers

SECRET = "s3cr3t-that-nobody-may-see-0123456789"
TOKEN = "t0ken-that-nobody-may-see-0123456789"
PROOF = "identity-token-that-nobody-may-see-0123456789"
ARN = "arn:aws:iam::123456789012:role/agent"


def stamp(seconds):
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def sts(name, access, seconds=3600):
    keys = f"<AccessKeyId>{access}</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey><SessionToken>{TOKEN}</SessionToken>"
    text = (
        f'<{name}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{name}Result><AssumedRoleUser><Arn>x</Arn></AssumedRoleUser>'
        f"<Credentials>{keys}<Expiration>{stamp(seconds)}</Expiration></Credentials></{name}Result></{name}Response>"
    )
    return reply(200, text.encode(), {"Content-Type": "text/xml"})


def sts_error(status, code, message):
    text = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    return reply(status, text.encode(), {"Content-Type": "text/xml"})


def metadata(access, seconds=3600, **more):
    keys = {"AccessKeyId": access, "SecretAccessKey": SECRET, "Token": TOKEN, "Expiration": stamp(seconds), **more}
    return reply(200, json.dumps(keys).encode())


def empty_list():
    return reply(200, b"<ListBucketResult><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>")


def key_of(request):
    """The access key that a request was signed with."""
    return request.headers["authorization"].split("Credential=")[1].split("/")[0]


class Client:
    """ws-s3 with AWS files of its own, an S3 server that answers listings, and another server that gives keys."""

    def __init__(self, ws, s3, giver):
        self.ws, self.s3, self.giver = ws, s3, giver
        self.aws = ws.home / ".aws"
        self.aws.mkdir()

    def write(self, name, text, mode=0o600):
        path = self.aws / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def __call__(self, *args, env=None, **options):
        env = {"AWS_ENDPOINT_URL_S3": self.s3.url, "AWS_ENDPOINT_URL_STS": self.giver.url, "AWS_REGION": "eu-west-3", **(env or {})}
        result = self.ws("ws-s3", *(args or ["ls", "-vv", "s3://b"]), env={k: v for k, v in env.items() if v is not None}, **options)
        for hidden in (SECRET, TOKEN, PROOF):
            assert hidden not in result.stdout + result.stderr, result
        return result

    def keys(self, **options):
        """The access key and session token that a listing was signed with."""
        before = len(self.s3.requests)
        self(**options)
        request = self.s3.requests[before]
        return key_of(request), request.headers.get("x-amz-security-token")


@pytest.fixture
def giver():
    server = Faults().start()
    yield server
    server.stop()
    complaints = server.complaints()
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def client(ws, faults, giver):
    faults.on("GET", r"^/b", empty_list(), times=99, optional=True)
    return Client(ws, faults, giver)


# ---- assume-role ----


ROLE = f"[profile p]\nrole_arn = {ARN}\nsource_profile = base\n[profile base]\naws_access_key_id = AKBASE\naws_secret_access_key = {SECRET}\n"


def test_a_role_is_assumed_with_the_keys_of_its_source(client, giver):
    client.write("config", ROLE + "[profile q]\n")
    giver.on("POST", "^/$", sts("AssumeRole", "ASROLE"))
    assert client.keys(env={"AWS_PROFILE": "p"}) == ("ASROLE", TOKEN)
    (request,) = giver.requests
    form = parse_qs(request.body.decode())
    assert form["Action"] == ["AssumeRole"] and form["Version"] == ["2011-06-15"] and form["RoleArn"] == [ARN]
    assert form["RoleSessionName"][0].startswith("ws-") and "ExternalId" not in form and "DurationSeconds" not in form
    assert key_of(request) == "AKBASE" and "/eu-west-3/sts/aws4_request" in request.headers["authorization"]


def test_what_the_profile_says_of_the_role_is_asked_for(client, giver):
    client.write("config", ROLE.replace("source_profile", "external_id = a b+c\nrole_session_name = me@here\nduration_seconds = 900\nsource_profile"))
    giver.on("POST", "", sts("AssumeRole", "ASROLE"))
    client.keys(env={"AWS_PROFILE": "p"})
    form = parse_qs(giver.requests[0].body.decode())
    assert (form["ExternalId"], form["RoleSessionName"], form["DurationSeconds"]) == (["a b+c"], ["me@here"], ["900"])


def test_the_signature_for_sts_is_the_one_that_botocore_makes(client, giver):
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    client.write("config", ROLE)
    giver.on("POST", "", sts("AssumeRole", "ASROLE"))
    client.keys(env={"AWS_PROFILE": "p"})
    seen = giver.requests[0]
    given = seen.headers["authorization"]
    names = given.split("SignedHeaders=")[1].split(",")[0].split(";")
    request = AWSRequest("POST", giver.url + "/", data=seen.body, headers={name: seen.headers[name] for name in names if name != "x-amz-date"})
    request.context["timestamp"] = seen.headers["x-amz-date"]
    auth = SigV4Auth(Credentials("AKBASE", SECRET), "sts", "eu-west-3")
    request.headers["X-Amz-Date"] = seen.headers["x-amz-date"]
    text = auth.string_to_sign(request, auth.canonical_request(request))
    assert given.endswith("Signature=" + auth.signature(text, request))


def test_roles_are_assumed_one_with_the_other(client, giver):
    client.write("config", ROLE.replace("[profile base]", f"[profile base]\nrole_arn = {ARN}-base\ncredential_source = Environment\n#").replace("aws_", "no_"))
    giver.play(sts("AssumeRole", "ASBASE"), sts("AssumeRole", "ASROLE"))
    env = {"AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": SECRET}
    before = len(client.s3.requests)
    client("ls", "--aws-profile", "p", "s3://b", env=env)
    assert key_of(client.s3.requests[before]) == "ASROLE"
    assert [key_of(r) for r in giver.requests] == ["AKENV", "ASBASE"]
    assert giver.requests[1].headers["x-amz-security-token"] == TOKEN


@pytest.mark.parametrize(
    "config, says",
    [
        (ROLE.replace("= base", "= nobody"), '"nobody" is in none of the files'),
        (ROLE.replace("aws_", "no_"), '"base" has no credentials'),
        (ROLE.replace("source_profile", "x"), "one of them"),
        (ROLE.replace("source_profile", "mfa_serial = m\nsource_profile"), "mfa_serial"),
        (f"[profile p]\nrole_arn = {ARN}\nsource_profile = p\n", "a circle"),
        (f"[profile p]\nrole_arn = {ARN}\ncredential_source = Elsewhere\n", "credential_source must be"),
    ],
)
def test_a_role_that_cannot_be_assumed_is_explained(client, config, says):
    client.write("config", config)
    result = client("ls", "s3://b", env={"AWS_PROFILE": "p"}, status=78)
    assert says in result.stderr and "assume-role" in result.stderr and "asked before: environment: AWS_ACCESS_KEY_ID is not set" in result.stderr


def test_a_refusal_of_sts_is_told_and_no_other_keys_are_used(client, giver):
    client.write("config", ROLE.replace("[profile base]", f"aws_access_key_id = AKOTHER\naws_secret_access_key = {SECRET}\n[profile base]"))
    giver.on("POST", "", sts_error(403, "AccessDenied", f"User \x85 is not authorized {SECRET}"), times=9)
    result = client("ls", "s3://b", env={"AWS_PROFILE": "p"}, status=77)
    assert "AssumeRole at 127.0.0.1: 403 AccessDenied" in result.stderr and not client.s3.requests and len(giver.requests) == 1


def test_sts_is_asked_again_when_it_is_busy(client, giver):
    client.write("config", ROLE)
    giver.play(sts_error(503, "ServiceUnavailable", "later"), sts_error(400, "Throttling", "slow"), sts("AssumeRole", "ASROLE"))
    assert client.keys(env={"AWS_PROFILE": "p"})[0] == "ASROLE"


@pytest.mark.parametrize("answer", [reply(200, b""), reply(200, b"<html>"), reply(200, b"<AssumeRoleResponse/>"), sts("AssumeRole", "BAD\rKEY")])
def test_an_answer_without_keys_is_an_error(client, giver, answer):
    client.write("config", ROLE)
    giver.on("POST", "", answer, times=9)
    assert client("ls", "s3://b", env={"AWS_PROFILE": "p"}, status=None).status in (65, 78)
    assert not client.s3.requests


def test_keys_are_not_asked_for_over_plain_http_from_another_host(client):
    client.write("config", ROLE)
    result = client("ls", "s3://b", env={"AWS_PROFILE": "p", "AWS_ENDPOINT_URL_STS": "http://sts.example"}, status=78)
    assert "sts.example over plain http" in result.stderr


# ---- endpoints from files ----


def test_the_services_section_says_where_s3_and_sts_are(client, giver, faults):
    services = f"[services local]\ns3 =\n  endpoint_url = {faults.url}\nsts =\n  addressing = x\n  endpoint_url = {giver.url}\n"
    client.write("config", ROLE.replace("[profile p]", "[profile p]\nservices = local\nendpoint_url = http://127.0.0.1:9") + services)
    giver.on("POST", "", sts("AssumeRole", "ASROLE"))
    assert client.keys(env={"AWS_PROFILE": "p", "AWS_ENDPOINT_URL_S3": None, "AWS_ENDPOINT_URL_STS": None})[0] == "ASROLE"


def test_endpoints_from_outside_can_be_ignored(client, faults):
    client.write("config", f"[default]\nendpoint_url = {faults.url}\n")
    env = {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": SECRET}
    url = client("presign", "s3://b/k", env=env).stdout
    assert url.startswith("https://s3.eu-west-3.amazonaws.com/b/k?")


# ---- web identity ----


def test_a_token_is_traded_for_keys_without_a_signature(client, giver, tmp_path):
    (tmp_path / "token").write_text(PROOF + "\n")
    giver.on("POST", "", sts("AssumeRoleWithWebIdentity", "ASWEB"))
    env = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"), "AWS_ROLE_ARN": ARN, "AWS_ROLE_SESSION_NAME": "pod-1"}
    assert client.keys(env=env) == ("ASWEB", TOKEN)
    form = parse_qs(giver.requests[0].body.decode())
    assert form["Action"] == ["AssumeRoleWithWebIdentity"] and form["WebIdentityToken"] == [PROOF]
    assert form["RoleArn"] == [ARN] and form["RoleSessionName"] == ["pod-1"] and "authorization" not in giver.requests[0].headers


def test_a_profile_may_have_the_token(client, giver, tmp_path):
    (tmp_path / "token").write_text(PROOF)
    client.write("config", f"[profile p]\nrole_arn = {ARN}\nweb_identity_token_file = {tmp_path}/token\n")
    giver.on("POST", "", sts("AssumeRoleWithWebIdentity", "ASWEB"))
    assert client.keys(env={"AWS_PROFILE": "p"})[0] == "ASWEB"


def test_a_web_identity_that_is_half_set_up_is_an_error(client, tmp_path):
    (tmp_path / "token").write_text(PROOF)
    token = str(tmp_path / "token")
    assert "AWS_ROLE_ARN" in client("ls", "s3://b", env={"AWS_WEB_IDENTITY_TOKEN_FILE": token}, status=78).stderr
    gone = {"AWS_WEB_IDENTITY_TOKEN_FILE": token + "-gone", "AWS_ROLE_ARN": ARN}
    assert token + "-gone" in client("ls", "s3://b", env=gone, status=78).stderr
    (tmp_path / "token").write_text("a\nb")
    assert "no web identity token in it" in client("ls", "s3://b", env={"AWS_WEB_IDENTITY_TOKEN_FILE": token, "AWS_ROLE_ARN": ARN}, status=78).stderr


def test_a_server_that_quotes_the_token_is_not_quoted(client, giver, tmp_path):
    (tmp_path / "token").write_text(PROOF)
    giver.on("POST", "", sts_error(400, "InvalidIdentityToken", f"no good: {PROOF}"))
    env = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"), "AWS_ROLE_ARN": ARN}
    assert "400 InvalidIdentityToken" in client("ls", "s3://b", env=env, status=77).stderr


# ---- credential_process ----


def program(tmp_path, text):
    path = tmp_path / "give keys"
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def printed(access="AKPROC", **more):
    return json.dumps({"Version": 1, "AccessKeyId": access, "SecretAccessKey": SECRET, "SessionToken": TOKEN, **more})


def test_a_program_gives_keys(client, tmp_path):
    path = program(tmp_path, f"""test "$1" = 'a b' && test -z "$AWS_SECRET_ACCESS_KEY$WS_STORE" && test -n "$AWS_REGION" && echo '{printed()}'""")
    client.write("config", f"[profile p]\ncredential_process = '{path}' \"a b\"\n")
    env = {"AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": SECRET, "WS_STORE": "s3://x"}
    before = len(client.s3.requests)
    client("ls", "--aws-profile", "p", "s3://b", env=env)
    assert key_of(client.s3.requests[before]) == "AKPROC"


@pytest.mark.parametrize(
    "text, status, says",
    [
        (f"echo {SECRET}; echo {SECRET} >&2; exit 3", 77, "ended with status 3"),
        (f"echo {SECRET}", 65, "not a JSON object"),
        (f"""echo '{{"Version": 1, "AccessKeyId": "A", "Key": "{SECRET}"}}'""", 65, "no AccessKeyId and SecretAccessKey"),
        (f"""echo '{printed().replace('1', '2', 1)}'""", 65, "not of Version 1"),
        (f"""echo '{printed(Expiration="soon")}'""", 78, "no date"),
        (f"""echo '{printed("A B")}'""", 78, "blanks or control characters"),
    ],
)
def test_what_a_program_prints_is_shown_to_nobody(client, tmp_path, text, status, says):
    client.write("config", f"[default]\ncredential_process = '{program(tmp_path, text)}'\n")
    assert says in client("ls", "-vv", "s3://b", status=status).stderr


def test_a_program_that_is_not_there_is_named(client):
    client.write("config", "[default]\ncredential_process = /nowhere/program --x\n")
    assert "/nowhere/program" in client("ls", "s3://b", status=66).stderr


def test_a_program_that_others_could_have_named_is_not_run(client, tmp_path):
    client.write("config", f"[default]\ncredential_process = '{program(tmp_path, 'touch ' + str(tmp_path / 'ran'))}'\n", mode=0o666)
    assert "others than we and root can change it" in client("ls", "s3://b", status=78).stderr
    assert not (tmp_path / "ran").exists()


# ---- container ----


def test_the_agent_of_a_container_gives_keys(client, giver):
    giver.on("GET", "^/v1/credentials$", metadata("ASPOD"))
    env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": giver.url + "/v1/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN": PROOF}
    assert client.keys(env=env) == ("ASPOD", TOKEN)
    assert giver.requests[0].headers["authorization"] == PROOF


def test_its_token_may_be_in_a_file(client, giver, tmp_path):
    (tmp_path / "token").write_text(PROOF)
    giver.play(error(500, "x"), metadata("ASPOD"))
    env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": giver.url + "/c", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "token")}
    assert client.keys(env={**env, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "not this"})[0] == "ASPOD"
    assert [r.headers["authorization"] for r in giver.requests] == [PROOF, PROOF]


@pytest.mark.parametrize("token", ["", "a\r\nX-Evil: 1", "a\nb"])
def test_a_token_that_would_end_the_line_is_refused(client, giver, tmp_path, token):
    (tmp_path / "token").write_text(token)
    env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": giver.url, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "token")}
    assert "authorization token" in client("ls", "s3://b", env=env, status=78).stderr
    assert not giver.requests


@pytest.mark.parametrize("uri", ["http://192.0.2.1/x", "http://example.com/", "http://169.254.169.254/", "http://127.0.0.1.example.com/", "ftp://127.0.0.1/", "http://169.254.170.2@example.com/"])
def test_other_hosts_get_no_token(client, uri):
    env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": uri, "AWS_CONTAINER_AUTHORIZATION_TOKEN": PROOF}
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" in client("ls", "s3://b", env=env, status=78).stderr


def test_a_redirect_of_the_agent_is_not_followed(client, giver):
    giver.on("GET", "^/c$", reply(302, b"", {"Location": giver.url + "/other"}))
    client("ls", "s3://b", env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": giver.url + "/c"}, status=77)
    assert len(giver.requests) == 1


# ---- the time allowed for all ----


@pytest.mark.parametrize("who", ["a role", "a container", "a program"])
def test_the_time_allowed_for_all_is_for_asking_for_keys_too(client, giver, tmp_path, who):
    """By themselves they have 30, 6 and 60 seconds, and the first two are asked three times in them."""
    env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": giver.url + "/c"} if who == "a container" else {}
    if who == "a role":
        client.write("config", ROLE.replace("profile p", "default"))
    if who == "a program":
        client.write("config", f"[default]\ncredential_process = '{program(tmp_path, 'sleep 50')}'\n")
    else:
        giver.on("*", "", reply(200, silent=True, then="stall"), times=9)
    client("ls", "--max-time", "1s", "s3://b", env=env, status=75, timeout=30)
    assert len(giver.requests) == (who != "a program")


# ---- machine ----


def machine(giver, *keys):
    giver.on("PUT", "^/latest/api/token$", reply(200, b"session-1"), times=len(keys) or 1)
    giver.on("GET", "security-credentials/$", reply(200, b"agent-role\n"), times=len(keys) or 1)
    giver.on("GET", "security-credentials/agent-role$", *(keys or [metadata("ASVM", Code="Success")]))


def imds(giver):
    return {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": giver.url + "/"}


def test_the_machine_gives_keys(client, giver):
    machine(giver)
    assert client.keys(env=imds(giver)) == ("ASVM", TOKEN)
    token, *rest = giver.requests
    assert token.headers["x-aws-ec2-metadata-token-ttl-seconds"] == "21600"
    assert [r.headers["x-aws-ec2-metadata-token"] for r in rest] == ["session-1", "session-1"]


def test_metadata_services_are_never_asked_through_a_proxy(client, giver):
    machine(giver)
    giver.on("GET", "^/c$", metadata("ASPOD"))
    proxy = {name: "http://127.0.0.1:9" for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY")}
    s3 = {**proxy, "NO_PROXY": f"127.0.0.1:{client.s3.port}", "no_proxy": f"127.0.0.1:{client.s3.port}"}
    assert client.keys(env={**imds(giver), **s3})[0] == "ASVM"
    assert client.keys(env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": giver.url + "/c", **s3})[0] == "ASPOD"


def test_a_machine_that_says_nothing_is_left_after_a_second(client, giver):
    giver.on("PUT", "", reply(200, silent=True, then="stall"))
    started = time.monotonic()
    result = client("ls", "s3://b", env=imds(giver), status=77)
    assert time.monotonic() - started < 3 and len(giver.requests) == 1
    assert "no credentials" in result.stderr and "machine: " in result.stderr


def test_a_machine_without_a_role_or_without_the_second_version_has_no_keys(client, giver):
    giver.on("PUT", "", reply(200, b"session-1"), error(403, "x"))
    giver.on("GET", "security-credentials/$", reply(404))
    assert "machine: GET: answers with status 404" in client("ls", "s3://b", env=imds(giver), status=77).stderr
    assert "machine: PUT: answers with status 403" in client("ls", "s3://b", env=imds(giver), status=77).stderr


def test_a_machine_that_is_not_to_be_asked_is_not(client, giver):
    env = {**imds(giver), "AWS_EC2_METADATA_DISABLED": "true"}
    assert "AWS_EC2_METADATA_DISABLED is true" in client("ls", "s3://b", env=env, status=77).stderr
    assert not giver.requests


# ---- order, and the end of keys ----


def test_who_is_set_up_first_decides(client, giver, tmp_path):
    (tmp_path / "token").write_text(PROOF)
    process = f"credential_process = '{program(tmp_path, f'''echo '{printed()}' ''')}'\n"
    env = {
        "AWS_ACCESS_KEY_ID": "AKENV",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"),
        "AWS_ROLE_ARN": ARN,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": giver.url + "/c",
        **imds(giver),
    }
    client.write("credentials", f"[default]\naws_access_key_id = AKFILE\naws_secret_access_key = {SECRET}\n")
    config = f"role_arn = {ARN}\nsource_profile = default\n"
    keys = f"aws_access_key_id = AKCONF\naws_secret_access_key = {SECRET}\n"
    client.write("config", "[default]\n" + config + process + keys)
    giver.on("POST", "", sts("AssumeRole", "ASROLE"), sts("AssumeRoleWithWebIdentity", "ASWEB"))
    giver.on("GET", "^/c$", metadata("ASPOD"))
    machine(giver)
    order = [client.keys(env=env)[0]]
    del env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"]
    order.append(client.keys(env=env)[0])
    client.write("config", "[default]\n" + process + keys)
    order.append(client.keys(env=env)[0])
    del env["AWS_WEB_IDENTITY_TOKEN_FILE"]
    order.append(client.keys(env=env)[0])
    (client.aws / "credentials").unlink()
    order.append(client.keys(env=env)[0])
    client.write("config", "[default]\n" + keys)
    order.append(client.keys(env=env)[0])
    (client.aws / "config").unlink()
    order.append(client.keys(env=env)[0])
    del env["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
    order.append(client.keys(env=env)[0])
    assert order == ["AKENV", "ASROLE", "ASWEB", "AKFILE", "AKPROC", "AKCONF", "ASPOD", "ASVM"]


def test_the_error_says_everyone_who_was_asked_and_why_not(client):
    text = client("ls", "s3://b", status=77).stderr
    for reason in (
        "environment: AWS_ACCESS_KEY_ID is not set",
        'assume-role: no role_arn in profile "default"',
        "web-identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set",
        f"credentials-file: no keys in {client.aws}/credentials [default]",
        'process: no credential_process in profile "default"',
        f"config-file: no keys in {client.aws}/config [default]",
        "container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set",
        "machine: AWS_EC2_METADATA_DISABLED is true",
    ):
        assert reason in text, text


def test_a_profile_that_signs_in_by_sso_gets_told_what_to_do(client):
    client.write("config", "[profile p]\nsso_session = s\n[sso-session s]\nsso_start_url = https://x\n")
    text = client("ls", "s3://b", env={"AWS_PROFILE": "p"}, status=77).stderr
    assert "config-file: the profile signs in by SSO: set credential_process = aws configure export-credentials --profile p;" in text


def test_keys_that_are_about_to_end_are_replaced_on_the_way(client, giver, faults, tmp_path):
    giver.on("GET", "^/c$", metadata("ASOLD", seconds=200), metadata("ASNEW"))
    for name in ("1", "2"):
        faults.on("GET", f"^/o/{name}$", reply(200, b"x", {"ETag": '"1"'}))
    client("cat", "s3://o/1", "s3://o/2", env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": giver.url + "/c"})
    # The first ones are 200 s from their end: less than five minutes.
    assert {key_of(r) for r in faults.seen("GET", "^/o/")} == {"ASNEW"} and len(giver.requests) == 2


def test_keys_are_asked_for_once_however_many_objects_there_are(client, faults, tmp_path):
    path = program(tmp_path, f"""echo asked >>{tmp_path}/log; echo '{printed()}'""")
    client.write("config", f"[default]\ncredential_process = '{path}'\n")
    (tmp_path / "d").mkdir()
    for number in range(20):
        (tmp_path / "d" / str(number)).write_text("x")
    faults.on("PUT", "^/o/", reply(200, b"", {"ETag": '"1"'}), times=40)
    client("cp", "-r", str(tmp_path / "d"), "s3://o/")
    assert (tmp_path / "log").read_text() == "asked\n"
    client("run", "-", input="".join(f"put {tmp_path}/d/{number} s3://o/{number}\n" for number in range(20)))
    assert (tmp_path / "log").read_text() == "asked\nasked\n"


def test_keys_that_end_between_the_parts_of_an_upload_are_replaced(client, giver, faults, tmp_path):
    (tmp_path / "f").write_bytes(bytes(17 << 20))
    giver.on("GET", "^/c$", metadata("ASOLD", seconds=3600), metadata("ASNEW", seconds=3600))
    faults.on("POST", "uploads", reply(200, b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"))
    faults.on("PUT", "partNumber=1", reply(200, b"", {"ETag": '"1"'}))
    faults.on("PUT", "partNumber=2", error(400, "ExpiredToken"), reply(200, b"", {"ETag": '"2"'}))
    faults.on("PUT", "partNumber=3", reply(200, b"", {"ETag": '"3"'}))
    faults.on("POST", "uploadId", reply(200, b"<CompleteMultipartUploadResult/>"))
    faults.on("HEAD", "^/o/k", reply(200, b"", {"ETag": '"e"'}, length=17 << 20))
    client("put", "--jobs", "1", str(tmp_path / "f"), "s3://o/k", env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": giver.url + "/c"})
    assert [key_of(r) for r in faults.seen("PUT", "^/o/k")] == ["ASOLD", "ASOLD", "ASNEW", "ASNEW"]


def test_a_replacement_that_fails_does_not_stop_keys_that_still_hold(client, giver, faults):
    giver.on("GET", "^/c$", metadata("ASOLD", seconds=200), error(403, "x"), times=9)
    faults.on("GET", "^/o/", reply(200, b"x", {"ETag": '"1"'}), times=2)
    client("cat", "s3://o/1", "s3://o/2", env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": giver.url + "/c"})
    assert [key_of(r) for r in faults.seen("GET", "^/o/")] == ["ASOLD", "ASOLD"] and len(giver.requests) == 2


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidToken"])
def test_keys_that_the_server_calls_ended_are_replaced_once(client, giver, faults, tmp_path, code):
    (tmp_path / "token").write_text(PROOF)
    giver.on("GET", "^/c$", metadata("ASOLD"), metadata("ASNEW"), metadata("ASNEWER"))
    faults.on("GET", "^/o/1$", error(400, code), reply(200, b"good", {"ETag": '"1"'}))
    faults.on("GET", "^/o/2$", error(400, code), error(400, code))
    env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": giver.url + "/c", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "token")}
    assert client("cat", "s3://o/1", "s3://o/2", env=env, status=1).output == b"good"
    assert [key_of(r) for r in faults.seen("GET", "^/o/")] == ["ASOLD", "ASNEW", "ASNEW", "ASNEWER"]


def test_a_head_that_is_refused_for_ended_keys_goes_on_with_new_ones(client, giver, faults):
    giver.on("GET", "^/c$", metadata("ASOLD"), metadata("ASNEW"))
    faults.on("HEAD", "^/o/k$", reply(400), reply(200, b"", {"ETag": '"1"', "Content-Length": "5"}, length=None, then="close"))
    faults.on("GET", "^/o/k$", error(400, "ExpiredToken"), reply(206, b"x", {"ETag": '"1"', "Content-Range": "bytes 0-0/5"}))
    client("stat", "s3://o/k", env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": giver.url + "/c"})
    assert [key_of(r) for r in faults.requests] == ["ASOLD", "ASOLD", "ASNEW", "ASNEW"]


def test_keys_that_stay_the_same_are_not_asked_for_without_end(client, faults):
    env = {"AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": TOKEN}
    faults.on("GET", "^/o/", error(400, "ExpiredToken", "it is over"))
    assert "400 ExpiredToken: it is over" in client("cat", "s3://o/1", env=env, status=77).stderr


def test_the_token_file_is_read_again_when_keys_are_replaced(client, giver, faults, tmp_path):
    (tmp_path / "token").write_text("first")
    giver.on("GET", "^/c$", metadata("ASOLD"), metadata("ASNEW"))
    faults.on("GET", "^/o/1$", error(400, "ExpiredToken", delay_s=0.5), reply(200, b"x", {"ETag": '"1"'}))
    env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": giver.url + "/c", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "token")}

    def rewrite():
        while not faults.seen("GET", "^/o/"):
            time.sleep(0.01)
        (tmp_path / "token").write_text("second")

    thread = threading.Thread(target=rewrite, daemon=True)
    thread.start()
    client("cat", "s3://o/1", env=env)
    thread.join()
    assert [r.headers["authorization"] for r in giver.requests] == ["first", "second"]


def test_many_at_once_replace_keys_once(client, giver, faults, tmp_path):
    giver.on("GET", "^/c$", metadata("ASOLD"), metadata("ASNEW"))
    for number in range(24):
        (tmp_path / f"f{number}").write_text("x")

    faults.on("PUT", "^/o/", *[error(400, "ExpiredToken", delay_s=0.2)] * 8, reply(200, b"", {"ETag": '"1"'}), times=32)
    files = [str(tmp_path / f"f{number}") for number in range(24)]
    client("cp", "--jobs", "8", *files, "s3://o/d/", env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": giver.url + "/c"})
    used = [key_of(r) for r in faults.seen("PUT", "^/o/")]
    assert used.count("ASOLD") == 8 and used.count("ASNEW") == 24 and len(giver.requests) == 2


# ---- whoami ----


def caller():
    inner = f"<Arn>{ARN}/\x7f\u202e</Arn><UserId>AIDA:x</UserId><Account>123456789012</Account>"
    text = f"<GetCallerIdentityResponse><GetCallerIdentityResult>{inner}</GetCallerIdentityResult></GetCallerIdentityResponse>"
    return reply(200, text.encode())


def test_whoami_says_who_won_and_who_was_asked(client, giver):
    giver.on("GET", "^/c$", metadata("ASPOD"))
    env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": giver.url + "/c"}
    who = json.loads(client("whoami", "--json", env=env).stdout)
    assert (who["provider"], who["access_key"], who["temporary"]) == ("container", "ASPOD", True) and who["expires"].startswith("20")
    assert (who["region"], who["region_origin"]) == ("eu-west-3", "AWS_REGION")
    assert (who["endpoint"], who["endpoint_origin"]) == (client.s3.url, "AWS_ENDPOINT_URL_S3") and who["profile"] == "default"
    names = ["environment", "assume-role", "web-identity", "credentials-file", "process", "config-file", "container"]
    assert [step["provider"] for step in who["tried"]] == names and [step["found"] for step in who["tried"]] == [False] * 6 + [True]
    assert all(step["why"] for step in who["tried"][:-1]) and not client.s3.requests


def test_whoami_for_people(client):
    client.write("credentials", f"[default]\naws_access_key_id = AKFILE\naws_secret_access_key = {SECRET}\n")
    client.write("config", "[default]\nregion = ap-south-1\n")
    result = client("whoami", env={"AWS_REGION": None, "AWS_ENDPOINT_URL_S3": None})
    assert "Provider:      credentials-file\n" in result.stdout and "Access key:    AKFILE\n" in result.stdout
    assert "Region:        ap-south-1 (the config file)\n" in result.stdout
    assert "Endpoint:      https://s3.ap-south-1.amazonaws.com (default)\n" in result.stdout
    assert "  environment      AWS_ACCESS_KEY_ID is not set\n" in result.stdout and result.stderr == ""


def test_whoami_warns_of_a_credentials_file_that_all_can_read(client):
    path = client.write("credentials", f"[default]\naws_access_key_id = AKFILE\naws_secret_access_key = {SECRET}\n", mode=0o644)
    assert f"warning: {path} can be read by all users" in client("whoami").stderr


def test_whoami_without_keys_shows_the_rest_and_fails(client):
    result = client("whoami", "--json", status=77)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert lines[0]["provider"] == "none" and len(lines[0]["tried"]) == 8 and "access_key" not in lines[0]
    assert "no credentials" in result.stderr
    assert "Provider:      none\n" in client("whoami", status=77).stdout
    assert json.loads(client("whoami", "--json", "--no-sign-request").stdout)["tried"] == []


def test_whoami_with_a_provider_that_fails_names_it(client):
    client.write("config", ROLE.replace("= base", "= nobody"))
    result = client("whoami", "--json", env={"AWS_PROFILE": "p"}, status=78)
    assert [step["provider"] for step in json.loads(result.stdout.splitlines()[0])["tried"]] == ["environment", "assume-role"]
    assert '"nobody"' in result.stderr and '"nobody"' in json.loads(result.stdout.splitlines()[0])["tried"][1]["why"]


def test_whoami_asks_sts_only_when_told_to(client, giver):
    env = {"AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": SECRET}
    client("whoami", env=env)
    assert not giver.requests
    giver.play(caller(), caller())
    who = json.loads(client("whoami", "--verify", "--json", env=env).stdout)
    assert who["account"] == "123456789012" and who["arn"].startswith(ARN) and who["user_id"] == "AIDA:x"
    assert parse_qs(giver.requests[0].body.decode())["Action"] == ["GetCallerIdentity"] and key_of(giver.requests[0]) == "AKENV"
    shown = client("whoami", "--verify", env=env).stdout
    assert f"ARN:           {ARN}/" in shown and "\x7f" not in shown and "\u202e" not in shown


def test_whoami_says_that_sts_refuses(client, giver):
    giver.on("POST", "", sts_error(403, "InvalidClientTokenId", f"The security token is invalid, {SECRET}"))
    result = client("whoami", "--verify", env={"AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": SECRET}, status=77)
    assert "403 InvalidClientTokenId" in result.stderr and "Access key:    AKENV\n" in result.stdout


# ---- addresses that cannot be changed, and what shows nowhere ----


def link_local(ws, *command, env):
    inside = ["/usr/bin/unshare", "--net", "/usr/bin/python3", helpers.SERVERS / "link_local.py", helpers.BINARY, *command]
    if helpers.run([*inside[:2], "/bin/true"], status=None).status != 0:
        pytest.skip("no network namespaces here (needs root and CAP_SYS_ADMIN)")
    done = json.loads(helpers.run(inside, env=ws.environment({"AWS_REGION": "r", **env})).stdout)
    assert done["status"] == 0, done
    return done["seen"]


def test_a_relative_uri_is_asked_of_the_agent_of_ecs(ws):
    env = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/0123", "AWS_CONTAINER_AUTHORIZATION_TOKEN": PROOF, "HTTP_PROXY": "http://127.0.0.1:9"}
    agent, *s3 = link_local(ws, "ws-s3", "ls", "s3://b", env={**env, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"})
    assert agent[:3] == ["container", "GET", "/v2/credentials/0123"] and agent[3]["Host"] == "169.254.170.2" and agent[3]["Authorization"] == PROOF
    assert "Credential=ASECS/" in s3[0][3]["Authorization"]


def test_the_machine_is_asked_at_its_address(ws):
    seen = link_local(ws, "ws-s3", "ls", "s3://b", env={"AWS_EC2_METADATA_DISABLED": "false"})
    assert [request[0] for request in seen] == ["machine", "machine", "machine", "s3"]
    assert "Credential=ASEC2/" in seen[3][3]["Authorization"]


CANARIES = {"AWS_SECRET_ACCESS_KEY": "canary-secret-0123456789", "AWS_SESSION_TOKEN": "canary-token-0123456789", "AWS_ACCESS_KEY_ID": "CANARYKEY"}


@pytest.mark.parametrize("fault", [error(403, "SignatureDoesNotMatch", "you signed with canary-secret-0123456789 and canary-token-0123456789"), reply(200, b"canary-secret-0123456789"), error(400, "canary-token-0123456789", "x"), reply(500, b"<Error><canary-secret-0123456789>")])
def test_a_canary_shows_nowhere_but_in_its_own_fields(ws, faults, tmp_path, fault):
    """Whatever a server answers: not in output, nor in files, nor in a request outside of the fields that are for it, nor in a command line."""
    (tmp_path / "f").write_text("x")
    faults.on("*", "", fault, times=99)
    for command in (["ls", "s3://b"], ["stat", "s3://b/k"], ["cp", tmp_path / "f", "s3://b/k"], ["rm", "s3://b/k"], ["mb", "s3://b"], ["whoami"]):
        for more in ([], ["--json"]):
            env = {"AWS_ENDPOINT_URL": faults.url, "AWS_REGION": "r", **CANARIES}
            result = ws("ws-s3", *command, "-vvv", "--max-attempts", "1", *more, env=env, status=None)
            for value in (CANARIES["AWS_SECRET_ACCESS_KEY"], CANARIES["AWS_SESSION_TOKEN"]):
                assert value not in result.stdout + result.stderr, result
    for request in faults.requests:
        told = {name.lower(): value for name, value in request.headers.items()}
        assert told.pop("x-amz-security-token") == CANARIES["AWS_SESSION_TOKEN"] and "CANARYKEY" in told.pop("authorization")
        assert "canary" not in (request.target + json.dumps(told)).lower()
    for path in ws.home.rglob("*"):
        assert not path.is_file() or b"canary" not in path.read_bytes()


def test_keys_are_in_no_option_and_no_core_file(ws, faults, plain_user):
    """Core files are off and /proc/PID/mem is closed to other processes of the same user, while ws waits for an answer."""
    faults.on("GET", "", reply(200, silent=True, then="stall"))
    process = plain_user.start("ws-s3", "ls", "s3://b", env={"AWS_ENDPOINT_URL": faults.url, "AWS_REGION": "r", **CANARIES})
    while not faults.requests:
        assert process.poll() is None
        time.sleep(0.01)
    directory = f"/proc/{process.pid}"
    with open(directory + "/cmdline", "rb") as file:
        assert b"canary" not in file.read().lower()
    with open(directory + "/limits") as file:
        assert "Max core file size        0                    0" in file.read()
    # Not dumpable: what /proc tells of its memory belongs to root, whoever runs it.
    assert os.stat(directory + "/mem").st_uid == os.stat(directory + "/environ").st_uid == 0
    help_text = ws("ws-s3", "ls", "--help").stdout.lower()
    assert "--secret" not in help_text and "--token" not in help_text and "--access-key" not in help_text


# ---- the same as botocore ----


def test_whoever_is_set_up_the_same_keys_are_found_as_botocore_finds(client, giver, tmp_path, monkeypatch):
    """All 128 combinations of what can be set up without STS, with the default profile and another one."""
    import botocore.session

    giver.on("GET", "^/c$", metadata("ASPOD"), times=999)
    giver.on("PUT", "^/latest/api/token$", reply(200, b"session-1"), times=999)
    giver.on("GET", "security-credentials/$", reply(200, b"role"), times=999)
    giver.on("GET", "security-credentials/role$", metadata("ASVM", Code="Success"), times=999)
    path = program(tmp_path, f"echo '{printed()}'\n")
    names = ["env", "file", "process", "config", "container", "machine"]
    for number in range(1 << (len(names) + 1)):
        on = {name for bit, name in enumerate(names) if number >> bit & 1}
        profile = "p" if number >> len(names) else "default"
        section = "[profile p]" if profile == "p" else "[default]"
        env = {"AWS_PROFILE": profile, "AWS_EC2_METADATA_DISABLED": str("machine" not in on).lower(), "HOME": str(client.ws.home)}
        env["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = giver.url + "/"
        if "env" in on:
            env |= {"AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": SECRET}
        if "container" in on:
            env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = giver.url.replace("127.0.0.1", "localhost") + "/c"
        pair = "aws_access_key_id = {}\naws_secret_access_key = " + SECRET + "\n"
        client.write("credentials", f"[{profile}]\n" + (pair.format("AKFILE") if "file" in on else ""))
        process = f"credential_process = '{path}'\n" if "process" in on else ""
        client.write("config", f"{section}\nregion = r\n" + process + (pair.format("AKCONF") if "config" in on else ""))
        with monkeypatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("AWS_")]:
                patch.delenv(name)
            for name, value in env.items():
                patch.setenv(name, value)
            found = botocore.session.get_session().get_credentials()
            theirs = found.get_frozen_credentials().access_key if found else None
        ours = client("whoami", "--json", env=env, status=0 if theirs else 77).stdout.splitlines()[0]
        assert json.loads(ours).get("access_key") == theirs, (on, profile, ours)


def test_a_real_server_gives_keys_for_a_role_and_takes_them(ws, servers, tmp_path):
    """Ceph has an STS of its own: it checks what we sign for it, and then the token that it gave."""
    s3 = helpers.S3("ceph", servers("ceph-sts"))
    bucket = s3.bucket()

    def policy(statement):  # without blanks, which it does not decode
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))

    trust = {"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam:::user/tester"]}, "Action": ["sts:AssumeRole"]}
    allow = {"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::*"]}
    import boto3

    iam = boto3.client("iam", endpoint_url=s3.endpoint, aws_access_key_id=s3.access_key, aws_secret_access_key=s3.secret_key, region_name=s3.region)
    role = iam.create_role(RoleName=f"agent-{bucket}", AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=f"agent-{bucket}", PolicyName="all", PolicyDocument=policy(allow))
    (tmp_path / "config").write_text(f"[profile p]\nrole_arn = {role}\ncredential_source = Environment\nregion = {s3.region}\nduration_seconds = 900\n")
    env = {"AWS_PROFILE": "p", "AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_ENDPOINT_URL": s3.endpoint}
    keys = {"AWS_ACCESS_KEY_ID": s3.access_key, "AWS_SECRET_ACCESS_KEY": s3.secret_key}
    (tmp_path / "f").write_text("by the role")
    options = ["--aws-profile", "p"]  # else the environment's keys would win
    ws("ws-s3", "cp", *options, tmp_path / "f", f"s3://{bucket}/k", env={**env, **keys})
    assert s3.get(bucket, "k") == b"by the role"
    who = json.loads(ws("ws-s3", "whoami", "--json", *options, env={**env, **keys}).stdout)
    assert who["provider"] == "assume-role" and who["temporary"] and who["origin"] == f"role {role} [p]"
    wrong = ws("ws-s3", "ls", *options, f"s3://{bucket}", env={**env, **keys, "AWS_SECRET_ACCESS_KEY": "wrong-" + "x" * 30}, status=77)
    assert "AssumeRole at 127.0.0.1: 403" in wrong.stderr
