"""As many parts as an object may have: 10,000, of 50 GB that nobody has to send."""
import http.server
import re
import threading
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

PART = 5 << 20
SIZE = 10_000 * PART


class Server(http.server.ThreadingHTTPServer):
    """It has /b/large, and copies parts of it; what was completed is in `made`: the ranges in the order of their numbers."""

    daemon_threads, request_queue_size = True, 64

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.parts, self.made = {}, None
        self.env = {
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{self.server_address[1]}",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1",
        }


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version, disable_nagle_algorithm = "HTTP/1.1", True

    def answer(self):
        server, url = self.server, urlsplit(self.path)
        query = parse_qs(url.query, keep_blank_values=True)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, length, text = 200, None, ""
        if "partNumber" in query:
            number = int(query["partNumber"][0])
            server.parts[number] = tuple(map(int, re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["x-amz-copy-source-range"]).groups()))
            text = f'<CopyPartResult><ETag>"{number:032x}"</ETag></CopyPartResult>'
        elif "uploads" in query:
            text = "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>"
        elif "uploadId" in query:
            named = [(int(part.findtext("{*}PartNumber")), int(part.findtext("{*}ETag").strip('"'), 16)) for part in ElementTree.fromstring(body)]
            numbers = sorted(server.parts)
            assert named == [(number, number) for number in numbers]
            server.made = [server.parts[number] for number in numbers]
            text = "<CompleteMultipartUploadResult><ETag>&quot;made-10000&quot;</ETag></CompleteMultipartUploadResult>"
        elif self.command == "HEAD" and (url.path == "/b/large" or server.made):
            length = SIZE
        else:
            status = 404
        self.send_response(status)
        self.send_header("ETag", '"large"' if url.path == "/b/large" else '"made-10000"')
        self.send_header("Last-Modified", "Tue, 01 Jan 2030 00:00:00 GMT")
        self.send_header("Content-Length", str(len(text) if length is None else length))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_HEAD = do_PUT = do_POST = answer

    def log_message(self, *_):
        pass


def test_a_copy_of_10000_parts_is_whole(ws):
    server = Server()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        ws("ws-s3", "cp", "-q", "--part-size=5MiB", "s3://b/large", "s3://b/made", env=server.env)
        assert server.made == [(n * PART, (n + 1) * PART - 1) for n in range(10_000)]
    finally:
        server.shutdown()
        server.server_close()
