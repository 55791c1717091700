"""ws-s3 through proxies: tunnels for https, forwarded plain http, who is excepted, and what nobody must learn."""
import pytest
from certificate import make
from faults import Faults, error, reply
from proxy import Proxy

KEYS = {"AWS_ACCESS_KEY_ID": "AKTEST", "AWS_SECRET_ACCESS_KEY": "secret-of-the-test", "AWS_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "2"}
USER = "proxy-user:proxy-pass%2Fword"
PASSWORD = "proxy-pass"
SECRETS = [PASSWORD, "cHJveHktdXNlcjpwcm94eS1wYXNz", "secret-of-the-test"]
LISTED = b"<ListBucketResult><KeyCount>1</KeyCount><IsTruncated>false</IsTruncated><Contents><Key>hello</Key><Size>5</Size></Contents></ListBucketResult>"
PAGE = reply(200, LISTED, {"Content-Type": "application/xml"})


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    directory = tmp_path_factory.mktemp("pki")
    make(directory)
    return directory


@pytest.fixture
def origin(pki):
    """The https server behind the proxy; its name s3.example.test leads nowhere but through one."""
    server = Faults(tls_dir=pki).start()
    yield server
    server.stop()
    assert not server.complaints()


@pytest.fixture
def ls(ws, pki):
    """ls(environment...): list the bucket b at s3.example.test, or at `endpoint`."""

    def run(endpoint="https://s3.example.test", *args, status=0, **environment):
        env = {**KEYS, "AWS_ENDPOINT_URL": endpoint, "AWS_CA_BUNDLE": str(pki / "ca.pem"), **environment}
        result = ws("ws-s3", "ls", *args, "s3://b/", env=env, status=status)
        for secret in SECRETS:
            assert secret not in result.stdout + result.stderr
        return result

    return run


@pytest.fixture
def proxy(origin):
    """proxy(...): a running proxy that leads to origin."""
    running = []

    def start(**options):
        running.append(Proxy(origin.port, **options).start())
        return running[-1]

    yield start
    for each in running:
        each.stop()


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
def test_https_goes_through_a_tunnel_and_the_proxy_sees_no_request(ls, origin, proxy, variable):
    origin.play(PAGE)
    tunnel = proxy()
    assert "hello" in ls(**{variable: tunnel.url}).stdout
    assert tunnel.heads == ["CONNECT s3.example.test:443 HTTP/1.1\r\nHost: s3.example.test:443\r\n\r\n"]
    assert "authorization" in origin.requests[0].headers and "proxy-authorization" not in origin.requests[0].headers
    assert origin.requests[0].target.startswith("/b?")


def test_the_password_for_the_proxy_is_sent_to_it_and_shown_nowhere(ls, origin, proxy):
    origin.play(PAGE)
    tunnel = proxy(user="proxy-user:proxy-pass/word")
    assert "hello" in ls(HTTPS_PROXY=f"http://{USER}@127.0.0.1:{tunnel.port}").stdout
    wrong = ls(HTTPS_PROXY=f"http://{USER}x@127.0.0.1:{tunnel.port}", status=77)
    assert f"proxy 127.0.0.1:{tunnel.port}: the proxy does not accept the user name and password" in wrong.stderr
    none = ls(HTTPS_PROXY=f"http://127.0.0.1:{tunnel.port}", status=77)
    assert "wants a user name and password" in none.stderr


@pytest.mark.parametrize(
    "answer, status, text",
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", 69, "its answer is 403"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", 75, "its answer is 502"),
        (b"\x00\x01 nonsense\r\n\r\n", 65, "not HTTP/1.1"),
        (b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 65, "something behind its answer"),
    ],
)
def test_a_proxy_that_does_not_open_the_tunnel_is_named(ls, proxy, answer, status, text):
    tunnel = proxy(answer=answer)
    result = ls(HTTPS_PROXY=f"http://{USER}@127.0.0.1:{tunnel.port}", status=status)
    assert text in result.stderr and f"proxy 127.0.0.1:{tunnel.port}" in result.stderr
    assert len(tunnel.heads) == (2 if status == 75 else 1)  # tried again where that may help


def test_a_proxy_that_is_not_there_is_named(ls):
    result = ls(HTTPS_PROXY="http://127.0.0.1:1", status=None)
    assert result.status in (69, 75) and "proxy 127.0.0.1:1" in result.stderr and "refused" in result.stderr


@pytest.mark.parametrize("address", ["socks5://proxy-user:proxy-pass@h:1", "https://proxy-user:proxy-pass@h", "http://proxy-user:proxy-pass@h:x"])
def test_a_wrong_address_is_refused_without_showing_it(ls, address):
    assert "HTTPS_PROXY" in ls(HTTPS_PROXY=address, status=78).stderr


def test_plain_http_is_forwarded_with_the_whole_url(ls, faults):
    faults.play(PAGE)
    proxy = f"http://{USER}@127.0.0.1:{faults.port}"
    assert "hello" in ls("http://s3.example.test:8080", "--allow-http", HTTP_PROXY=proxy).stdout
    request = faults.requests[0]
    assert request.target.startswith("http://s3.example.test:8080/b?")
    assert request.headers["host"] == "s3.example.test:8080"
    assert request.headers["proxy-authorization"] == "Basic cHJveHktdXNlcjpwcm94eS1wYXNzL3dvcmQ="


def test_a_forwarding_proxy_that_wants_a_password_says_so(ls, faults):
    faults.play(error(407, "Nope"))
    result = ls("http://s3.example.test", "--allow-http", HTTP_PROXY=faults.url, status=77)
    assert f"proxy {faults.url}: it wants a user name and password (407)" in result.stderr


@pytest.mark.parametrize(
    "endpoint, environment",
    [
        ("https://s3.example.test", {"NO_PROXY": "example.test"}),
        ("https://s3.example.test", {"no_proxy": "x,.example.test"}),
        ("https://s3.example.test", {"NO_PROXY": "*"}),
        ("https://192.0.2.7", {"NO_PROXY": "192.0.2.0/24"}),
        ("http://s3.example.test", {"REQUEST_METHOD": "GET"}),
    ],
)
def test_what_is_excepted_is_reached_directly(ls, faults, endpoint, environment):
    both = {"HTTPS_PROXY": faults.url, "HTTP_PROXY": faults.url}
    ls(endpoint, "--allow-http", "--timeout", "1s", "--max-attempts", "1", status=None, **both, **environment)
    assert faults.requests == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "x.localhost"])
def test_loopback_never_goes_through_a_proxy(ls, faults, host):
    faults.play(PAGE)
    assert "hello" in ls(f"http://{host}:{faults.port}", HTTP_PROXY="http://127.0.0.1:1", http_proxy="http://127.0.0.1:1").stdout


def test_credentials_do_not_leave_this_machine_over_plain_http(ls, faults):
    """Neither directly, nor through a proxy, nor by another name."""
    result = ls("http://s3.example.test", HTTP_PROXY=faults.url, status=78)
    assert "--allow-http" in result.stderr
    result = ls("http://localhost:1", "--connect-to", "192.0.2.1:80", status=78)
    assert "would go to 192.0.2.1:80 over plain http" in result.stderr
    assert faults.requests == []
    faults.play(PAGE)
    assert "hello" in ls("http://s3.example.test", "--connect-to", f"127.0.0.1:{faults.port}").stdout
