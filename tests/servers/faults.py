"""A web server that misbehaves on request: it plays scripted replies, or stands in front of a real server and spoils some exchanges.

    faults.play(error(503, "SlowDown", retry_after=1), reply(200, b"hello"))     the next two requests, in this order
    faults.on("PUT", r"partNumber=2", reset(read=100_000), times=3)              the first three requests that match
    faults.on("GET", r"/key", through(send=5000, then="reset"), skip=1)          pass on, but cut the second answer short
    faults.requests[0].headers["authorization"]                                  what was seen

A request goes to the oldest rule that matches and is not used up, else to the backend when there is one, else it gets a 500.
"""
import dataclasses
import http.client
import http.server
import re
import socket
import ssl
import struct
import threading
import time
import traceback
from urllib.parse import urlsplit

FOREVER = 1 << 62
HONEST = -1
_REPLACED = {"connection", "content-length", "keep-alive", "transfer-encoding"}


@dataclasses.dataclass(frozen=True)
class Reply:
    """One answer and what goes wrong with it. Made by reply(), error(), reset(), raw(), through()."""

    status: int = None  # None: ask the backend, and change what the other fields say
    body: bytes = b""
    headers: dict = dataclasses.field(default_factory=dict)
    length: int = HONEST  # Content-Length: the true one, another number (the lie), or None (no header; the body ends with the connection)
    chunked: bool = False  # Transfer-Encoding: chunked instead of a length
    wire: bytes = None  # exactly these bytes instead of an HTTP answer
    read: int = None  # stop reading the request's body after so many bytes (None: read it all)
    delay_s: float = 0  # wait between reading and answering
    meanwhile: callable = None  # called between reading and answering
    silent: bool = False  # send nothing at all
    send: int = None  # stop after so many bytes of the body (None: send it all)
    dribble: tuple = None  # (bytes, seconds): send the body so many bytes at a time with a pause after each
    flip: int = None  # invert the byte of the body at this offset
    then: str = "next"  # afterwards: "next" request, "close", "reset", or "stall" (hold the connection, say nothing)


def reply(status, body=b"", headers=None, **faults):
    """An answer of our own."""
    return Reply(status, body, headers or {}, **faults)


def error(status, code, message="scripted", retry_after=None, **faults):
    """An S3 error document; with status 200 the kind that CompleteMultipartUpload and CopyObject may send."""
    headers = {"Content-Type": "application/xml", **({} if retry_after is None else {"Retry-After": str(retry_after)})}
    text = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>fault-1</RequestId></Error>"
    return Reply(status, b'<?xml version="1.0" encoding="UTF-8"?>\n' + text.encode(), headers, **faults)


def reset(read=None, **faults):
    """No answer: a TCP reset after `read` bytes of the request's body."""
    return Reply(599, read=read, silent=True, then="reset", **faults)


def raw(wire, then="close", **faults):
    """Exactly these bytes, valid HTTP or not."""
    return Reply(599, wire=wire, then=then, **faults)


def through(**faults):
    """The backend's answer with something changed: through(silent=True, then="reset") loses a reply to a request that was carried out."""
    return Reply(None, **faults)


@dataclasses.dataclass
class Request:
    """One request as it arrived; body holds what was read of it."""

    method: str
    target: str
    headers: http.client.HTTPMessage
    connection: int  # counted from 1 for each accepted connection
    at_s: float  # monotonic time of arrival
    body: bytes = b""


@dataclasses.dataclass
class _Rule:
    method: str
    pattern: re.Pattern
    replies: list
    skip: int
    left: int
    optional: bool
    played: int = 0

    def matches(self, request):
        return self.method in ("*", request.method) and self.pattern.search(request.target)

    def __str__(self):
        return f"{self.method} {self.pattern.pattern!r} (played {self.played}, {self.skip} still to skip)"


class Faults:
    """The server; listens on a free loopback port from start() to stop(). tls_dir: where certificate.make() wrote, to speak https."""

    def __init__(self, backend=None, tls_dir=None, address=("127.0.0.1", 0)):
        self.backend = backend
        self.requests = []
        self.connections = 0
        self._rules = []
        self._troubles = []
        self._lock = threading.Lock()
        self.closing = threading.Event()
        self._server = _Server(address, _Handler)
        self._server.faults = self
        if tls_dir:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls_dir / "cert.pem", tls_dir / "key.pem")
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_address[1]
        self.url = f"https://localhost:{self.port}" if tls_dir else f"http://{address[0]}:{self.port}"

    def play(self, *replies):
        """Answer the next requests, whatever they are, with these replies in order."""
        for item in replies:
            self.on("*", "", item)

    def on(self, method, pattern, *replies, skip=0, times=None, optional=False):
        """Answer requests of this method ("*": any) whose target matches the regular expression.

        The first `skip` matches pass; the replies follow in order, the last one repeated until `times` are played (default: each once).
        A rule that is never played fails the test, unless it is optional.
        """
        with self._lock:
            self._rules.append(_Rule(method, re.compile(pattern), list(replies), skip, len(replies) if times is None else times, optional))

    def seen(self, method="*", pattern=""):
        """The recorded requests of this method whose target matches."""
        return [r for r in self.requests if method in ("*", r.method) and re.search(pattern, r.target)]

    def complaints(self):
        """What makes the test void: rules that were never played, and errors inside this server."""
        unused = [f"never played: {rule}" for rule in self._rules if not rule.played and not rule.optional]
        return unused + self._troubles

    def start(self):
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def stop(self):
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def choose(self, request):
        """Record the request and pick its reply."""
        with self._lock:
            self.requests.append(request)
            for rule in self._rules:
                if rule.left > 0 and rule.matches(request):
                    if rule.skip > 0:
                        rule.skip -= 1
                        continue
                    answer = rule.replies[min(rule.played, len(rule.replies) - 1)]
                    rule.played += 1
                    rule.left -= 1
                    return answer
        return through() if self.backend else error(500, "Unscripted", f"no rule for {request.method} and no backend")

    def connected(self):
        with self._lock:
            self.connections += 1
            return self.connections

    def trouble(self, text):
        self._troubles.append(text)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request, client_address):
        self.faults.trouble(traceback.format_exc())


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.number = self.server.faults.connected()

    def handle(self):
        try:
            super().handle()
        except (ConnectionError, ssl.SSLError, TimeoutError):
            pass  # the client went away, which is its right

    def answer(self):
        method, target = self.requestline.split(" ")[:2]  # self.path is normalised, this is not
        request = Request(method, target, self.headers, self.number, time.monotonic())
        answer = self.server.faults.choose(request)
        complete = self._read_body(request, answer.read)
        if answer.status is None:
            answer = self._ask_backend(request, answer)
        if answer.meanwhile:
            answer.meanwhile()
        self.server.faults.closing.wait(answer.delay_s)
        if not answer.silent:
            self._send(method, answer)
        self._finish("close" if answer.then == "next" and (answer.length is None or not complete) else answer.then)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_OPTIONS = answer

    def handle_expect_100(self):
        return True  # said in _read_body, if the body is wanted

    def log_message(self, *_):
        pass

    def _read_body(self, request, limit):
        """Read up to limit bytes of the body into request.body; whether that was all of it."""
        wanted = FOREVER if limit is None else limit
        if wanted and "100-continue" in self.headers.get("Expect", "").lower():
            self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            request.body = self._read_chunks()[:wanted]
            return True
        length = int(self.headers.get("Content-Length", 0))
        request.body = self.rfile.read(min(length, wanted))
        if len(request.body) < min(length, wanted):
            raise ConnectionError("request ended early")
        return length <= wanted

    def _read_chunks(self):
        body = b""
        while size := int(self._line().split(b";")[0], 16):
            body += self.rfile.read(size)
            self._line()
        while self._line().strip():
            pass
        return body

    def _line(self):
        line = self.rfile.readline()
        if not line:
            raise ConnectionError("request ended early")
        return line

    def _ask_backend(self, request, answer):
        """The same request to the backend (signed Host and all); its answer takes the place of what the script left open."""
        backend = http.client.HTTPConnection(urlsplit(self.server.faults.backend).netloc, timeout=60)
        try:
            backend.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                if name.lower() not in _REPLACED | {"expect"}:
                    backend.putheader(name, value)
            if request.body or request.method in ("PUT", "POST"):
                backend.putheader("Content-Length", str(len(request.body)))
            backend.endheaders(request.body or None)
            response = backend.getresponse()
            headers = {name: value for name, value in response.getheaders() if name.lower() not in _REPLACED}
            length = answer.length
            if request.method == "HEAD" and length == HONEST:
                length = response.getheader("Content-Length")
            return dataclasses.replace(
                answer, status=response.status, body=response.read(), headers={**headers, **answer.headers}, length=length
            )
        finally:
            backend.close()

    def _send(self, method, answer):
        if answer.wire is not None:
            self.connection.sendall(answer.wire)
            return
        body = bytearray(answer.body)
        if answer.flip is not None:
            body[answer.flip] ^= 0xFF
        self.connection.sendall(self._head(answer, len(body)))
        if method == "HEAD" or answer.status in (204, 304):
            return
        if answer.chunked:
            body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in _pieces(body, 8192)) + b"0\r\n\r\n"
        if answer.send is not None:
            body = body[: answer.send]
        size, pause_s = answer.dribble or (len(body) or 1, 0)
        for part in _pieces(body, size):
            self.connection.sendall(part)
            self.server.faults.closing.wait(pause_s)

    def _head(self, answer, body_len):  # "Connection: close" only where HTTP needs it: a fault does not announce itself
        lines = [f"HTTP/1.1 {answer.status} {http.client.responses.get(answer.status, 'Scripted')}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        if answer.chunked:
            lines.append("Transfer-Encoding: chunked")
        elif answer.length is not None:
            lines.append(f"Content-Length: {body_len if answer.length == HONEST else answer.length}")
        else:
            lines.append("Connection: close")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def _finish(self, then):
        self.close_connection = then != "next"
        if then == "stall":
            self.server.faults.closing.wait()
        elif then == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            socket.close(self.connection.detach())
        elif then == "close":
            self._hang_up()

    def _hang_up(self):
        """End our side and drain theirs: a close with unread bytes would be a reset, which can overtake the answer."""
        try:
            socket.socket.shutdown(self.connection, socket.SHUT_WR)
            self.connection.settimeout(5)
            while self.rfile.read1(1 << 16):
                pass
        except OSError:
            pass  # they hung up first


def _pieces(data, size):
    return (bytes(data[start : start + size]) for start in range(0, len(data), size))
